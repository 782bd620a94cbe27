"""The 再計算キット of an assembly at which everybody voted on every item: what noting, handing out and recomputing it cost.

`.venv/bin/python -m benchmarks.kit [--database sqlite] [--members 20000] [--items 10]`

On a copy of the kept demo of that many members: its last published result is corrected, so that every holder on the roll
has voted on so many items. Each step runs in a process of its own; memory is the peak of that process, and what it grew by.
"""

import argparse
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import insert, select

from benchmarks.prepare import app_of, ground, new_environment
from benchmarks.servers import machine
from occto import clock
from occto.domain.agenda import Consent, ItemKind
from occto.domain.canonical import digest
from occto.domain.resolutions import VoteChannel, decision_document
from occto.domain.tally import Choice, Resolution, decide
from occto.extensions import db
from occto.kit import files_of, hash_of, zipped
from occto.models import AgendaItem, Assembly, AssemblyResult, DecisionVote, ItemDecision, SnapshotMember
from occto.queries.kit import kit_facts
from occto.queries.results import PUBLIC, fixed_results
from occto.queries.snapshots import frozen_of
from occto.unit_of_work import unit_of_work

STEPS = ("facts", "note", "hand-out")


def published() -> Assembly:
    """The assembly with the last published result."""
    found = select(Assembly).where(Assembly.state.in_(PUBLIC)).order_by(Assembly.held_at.desc()).limit(1)
    return db.session.scalars(found).one()


def everybody_votes(items: int) -> int:
    """The result corrected: every holder has voted on every item. Returns how many holders there are."""
    now = clock.now()
    with unit_of_work() as session:
        row = session.get_one(Assembly, published().id)
        before, frozen = fixed_results(session, row.id)[0], frozen_of(session, row.id)
        assert frozen is not None
        query = select(SnapshotMember.member_id, SnapshotMember.votes).where(SnapshotMember.snapshot_id == frozen.id)
        roll = {row.member_id: row.votes for row in session.execute(query.order_by(SnapshotMember.member_id))}
        weights = {member: votes for member, votes in roll.items() if votes}
        whole = {"ALL_MEMBERS": len(roll), "DEEMED_MEMBERS": len(weights), "VOTES": sum(weights.values())}
        counts = [
            {"basis": basis, "present": number, "whole": number, "required": (number + 1) // 2, "met": True}
            for basis, number in whole.items()
        ]
        quorum = {"met": True, "basis": None, "source": "", "counts": counts}
        agenda = list(
            session.scalars(select(AgendaItem).where(AgendaItem.assembly_id == row.id).order_by(AgendaItem.no))
        )
        for no in range(len(agenda) + 1, items + 1):
            new = AgendaItem(
                assembly_id=row.id, no=no, kind=ItemKind.OTHER, title=f"第{no}号の件", consent=Consent.NONE,
                majority=Resolution.ORDINARY, notified_at=row.held_at,
            )  # fmt: skip
            session.add(new)
            agenda.append(new)
        session.flush()
        rests_on = []
        for item in agenda:
            if item.majority is None or item.withdrawn_at is not None:
                continue
            choices = {member: list(Choice)[(member * item.no) % 7 % 3] for member in weights}
            last = session.scalars(
                select(ItemDecision).where(ItemDecision.item_id == item.id).order_by(ItemDecision.no.desc()).limit(1)
            ).one_or_none()
            found = decide(choices, weights, resolution=item.majority)
            values: dict[str, Any] = {
                "item_id": item.id, "no": last.no + 1 if last else 1, "resolution": item.majority, "yes": found.yes,
                "against": found.no, "abstain": found.abstain, "present": found.present, "outcome": found.result,
                "chair_choice": None, "amendment": None, "reason": "計測のため" if last else None, "quorum": quorum,
                "decided_at": now,
            }  # fmt: skip
            cast = [(member, VoteChannel.ELECTRONIC, choice, weights[member]) for member, choice in choices.items()]
            made = ItemDecision(
                **values, sha256=digest(decision_document(values, cast)), decided_by_id=before.fixed_by_id
            )
            session.add(made)
            session.flush()
            votes = [
                {"decision_id": made.id, "member_id": member, "channel": channel, "choice": choice}
                for member, channel, choice, _votes in cast
            ]
            session.execute(insert(DecisionVote), votes)
            rests_on.append([item.no, made.no, made.sha256])
        result: dict[str, Any] = {
            "assembly_id": row.id, "no": before.no + 1, "quorum": quorum, "quorum_met": True, "override_reason": None,
            "fixed_at": now,
        }  # fmt: skip
        withdrawn = [one.no for one in agenda if one.withdrawn_at is not None]
        sha256 = digest(result | {"decisions": rests_on, "withdrawn": withdrawn})
        session.add(AssemblyResult(**result, sha256=sha256, fixed_by_id=before.fixed_by_id, published_at=now))
        return len(weights)


def do(step: str, url: str, into: Path) -> None:
    """One step in this process; prints seconds, the peak in MiB, and what it grew by."""
    app = app_of(url, new_environment())
    with app.app_context():
        number = published().id
        db.session.rollback()
        begun, held = time.perf_counter(), _memory("VmRSS")
        facts = kit_facts(db.session(), number)
        if step == "note":
            hash_of(files_of(facts))
        if step == "hand-out":
            with into.open("wb") as file:
                zipped(files_of(facts), file)
        seconds, peak = time.perf_counter() - begun, _memory("VmHWM")
        db.session.remove()
    sys.stdout.write(f"{seconds:.2f} {peak:.0f} {peak - held:.0f}\n")


def _memory(name: str) -> float:
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


def measure(kind: str, *, members: int, items: int) -> list[str]:
    """The lines of the table."""
    holders = 0

    def also(_app: Flask) -> None:
        nonlocal holders
        holders = everybody_votes(items)

    with tempfile.TemporaryDirectory() as folder, ground(kind, members, also=also) as found:
        into = Path(folder) / "kit.zip"
        rows = []
        for step in STEPS:
            command = [sys.executable, "-m", "benchmarks.kit", "--step", step, "--url", found.ours, "--into", str(into)]
            done = subprocess.run(command, capture_output=True, encoding="utf-8", check=True)  # noqa: S603 - our own
            said = done.stdout.split()
            rows.append(f"| {step} | {said[-3]} s | {said[-2]} MiB | {said[-1]} MiB |")
        with zipfile.ZipFile(into) as archive:
            archive.extractall(Path(folder) / "kit")
            sizes = sum(one.file_size for one in archive.infolist()) / 1e6
        begun = time.perf_counter()
        again = subprocess.run(
            [sys.executable, "-I", "recompute.py"], cwd=Path(folder) / "kit", stdout=subprocess.DEVNULL, check=False
        )
        seconds = time.perf_counter() - begun
        if again.returncode:
            raise RuntimeError("the kit does not agree with itself")
        rows.append(f"| recompute.py | {seconds:.2f} s |  |  |")
        rows.append(f"\n{holders:,} holders; zip {into.stat().st_size / 1e6:.1f} MB, unpacked {sizes:.1f} MB")
    return rows


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description="what the recalculation kit costs")
    options.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    for name, default in (("members", 20_000), ("items", 10)):
        options.add_argument(f"--{name}", type=int, default=default)
    options.add_argument("--step", choices=STEPS, help="used by the measurement itself")
    for name in ("url", "into"):
        options.add_argument(f"--{name}", default="")
    given = options.parse_args()
    if given.step:
        do(given.step, given.url, Path(given.into))
        return
    lines = measure(given.database, members=given.members, items=given.items)
    heading = f"{given.database}, {given.members:,} members × {given.items} items, {machine()}"
    head = ("| step | time | peak | grew by |", "|---|---|---|---|")
    sys.stdout.write("\n".join([heading, "", *head, *lines, ""]))


if __name__ == "__main__":
    main()
