"""P8: counting 100,000 replies with 10 items against the plain GROUP BY, and reading the stored count.

`.venv/bin/python -m benchmarks.tally [--database sqlite] [--replies 100000] [--items 10] [--rounds 7]`

The plain statement joins standing replies, ballots and frozen votes and groups by item and choice: what nobody can do
without. Ours also takes the attendance, takes conflict members and those who left out, and is sent in turn with it.
The database is made for the run in a temporary folder (PostgreSQL: a database of its own) and removed afterwards.
"""

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from flask_migrate import upgrade
from sqlalchemy import insert, text

from benchmarks.prepare import ROOT, address, app_of, new_environment, postgres
from benchmarks.servers import machine
from occto.domain.agenda import Consent, ItemKind
from occto.domain.assembly import AssemblyKind, AssemblyState
from occto.domain.codes import MemberState, SnapshotState, UserKind, UserState
from occto.domain.replies import Attendance, ReplyChannel
from occto.domain.tally import Choice, Resolution
from occto.domain.votes import Group, Reason
from occto.extensions import db
from occto.live_board import replies_board
from occto.models import (
    AgendaConflict,
    AgendaItem,
    Assembly,
    Ballot,
    Body,
    Member,
    Reply,
    Snapshot,
    SnapshotMember,
    SnapshotUnit,
    StandingReply,
    UnitMember,
    User,
)
from occto.queries.recounting import REPLIES, stored, whole_tables
from occto.queries.reply_board import choice_of, count_replies, tally
from occto.unit_of_work import unit_of_work

NOW = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)
PLAIN = text("""
    SELECT b.item_id, b.choice, count(*), sum(m.votes) FROM standing_replies s
    JOIN snapshot_members m ON m.snapshot_id = :snapshot AND m.member_id = s.member_id
    JOIN ballots b ON b.reply_id = s.reply_id
    WHERE s.assembly_id = :assembly GROUP BY b.item_id, b.choice
""")
GOAL, READ_GOAL = 1.1, 1.0
BATCH = 20_000


def fill(replies: int, items: int) -> tuple[int, int]:
    """An assembly with so many members in three groups, all of which have replied; its row number and its snapshot's."""
    users = [
        {"id": number, "kind": UserKind.STAFF, "state": UserState.INVITED, "email": f"{number}@example.jp",
         "email_key": f"{number}@example.jp", "name": "計測", "created_at": NOW}
        for number in (1, 2)
    ]  # fmt: skip
    assembly = {
        "id": 1, "kind": AssemblyKind.ORDINARY, "fiscal_year": 2026, "no": 1, "held_at": NOW + timedelta(days=17),
        "record_on": date(2026, 11, 18), "state": AssemblyState.REPLIES_OPEN, "settings": {},
    }  # fmt: skip
    snapshot = {
        "id": 1, "assembly_id": 1, "no": 1, "state": SnapshotState.FROZEN, "record_on": date(2026, 11, 18),
        "known_change_id": 0, "per_group_total": replies * 4, "total": replies * 12, "basis": {}, "sha256": "0" * 64,
        "made_at": NOW, "made_by_id": 1, "second_by_id": 2,
    }  # fmt: skip
    agenda = [
        {"id": no, "assembly_id": 1, "no": no, "kind": ItemKind.OTHER, "title": f"第{no}号の件", "consent": Consent.NONE,
         "majority": Resolution.ORDINARY}
        for no in range(1, items + 1)
    ]  # fmt: skip
    _rows(User, users)
    _rows(Assembly, [assembly])
    _rows(AgendaItem, agenda)
    _rows(Snapshot, [snapshot])
    for first in range(1, replies + 1, BATCH):
        _batch(range(first, min(first + BATCH, replies + 1)), items)
    _rows(AgendaConflict, [{"item_id": 1, "member_id": number} for number in range(1, 11)])
    return 1, 1


def _batch(numbers: range, items: int) -> None:
    groups, kinds, choices = list(Group), (Attendance.ELECTRONIC,) * 4 + (Attendance.ATTEND,), list(Choice)
    of = {number: groups[number % 3] for number in numbers}
    _rows(Body, [{"id": number, "name": f"計測{number}"} for number in numbers])
    _rows(
        Member,
        [
            {"id": n, "body_id": n, "operator_code": _code(n), "current_name": "計測", "current_kana": "ケイソク",
             "name_key": "計測", "kana_key": "ケイソク", "current_licences": "GEN", "current_state": MemberState.MEMBER}
            for n in numbers
        ],
    )  # fmt: skip
    members = [
        {"snapshot_id": 1, "member_id": n, "body_id": n, "name": "計測", "roster_no": n, "licences": "GEN",
         "sanctioned": False, "votes": 12, **{f"votes_{g.lower()}": 12 if g is of[n] else 0 for g in Group}}
        for n in numbers
    ]  # fmt: skip
    _rows(SnapshotMember, members)
    unit = [{"snapshot_id": 1, "vote_group": of[n], "unit_no": n} for n in numbers]
    _rows(
        SnapshotUnit,
        [
            one | {"holder_id": n, "root_body_id": n, "votes": 12, "reason": Reason.SINGLE}
            for one, n in zip(unit, numbers, strict=True)
        ],
    )
    _rows(UnitMember, [one | {"member_id": n} for one, n in zip(unit, numbers, strict=True)])
    _rows(
        Reply,
        [
            {"id": n, "assembly_id": 1, "member_id": n, "no": 1, "number": f"{n:08d}", "receipt_code": f"R{n:09d}",
             "digest": "0" * 64, "channel": ReplyChannel.ELECTRONIC, "attendance": kinds[n % 5],
             "received_at": NOW - timedelta(hours=n % 300), "entered_at": NOW}
            for n in numbers
        ],
    )  # fmt: skip
    _rows(StandingReply, [{"assembly_id": 1, "member_id": n, "reply_id": n} for n in numbers])
    _rows(
        Ballot,
        [
            {"reply_id": n, "item_id": no, "choice": choices[(n * no) % 3]}
            for n in numbers
            for no in range(1, items + 1)
        ],
    )


def _code(number: int) -> str:
    """Five signs for any number below 36^5: the check of the column asks for no more."""
    signs = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    found = ""
    for _ in range(5):
        number, place = divmod(number, 36)
        found = signs[place] + found
    return found


def _rows(table: Any, rows: list[dict[str, Any]]) -> None:
    with unit_of_work() as session:
        session.execute(insert(table), rows)


@contextmanager
def database(kind: str) -> Iterator[str]:
    """The address of an empty migrated database, removed at the end."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite:///{Path(folder) / 'tally.db'}"
        return
    name = "occto_bench_tally"
    postgres(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', f'CREATE DATABASE "{name}"')
    try:
        yield address(name)
    finally:
        postgres(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def timed(act: Callable[[], Any]) -> float:
    """Milliseconds of one act, in a transaction of its own."""
    begun = time.perf_counter()
    act()
    seconds = time.perf_counter() - begun
    db.session.rollback()
    return seconds * 1000


def measure(kind: str, *, replies: int, items: int, rounds: int) -> list[str]:
    """The lines of the table."""
    with database(kind) as url, app_of(url, new_environment()).app_context():
        upgrade(directory=str(ROOT / "migrations"))
        assembly_id, snapshot_id = fill(replies, items)
        with db.engine.begin() as connection:
            connection.execute(text("ANALYZE"))
        session, given = db.session, {"snapshot": snapshot_id, "assembly": assembly_id}
        ours = tally(session(), assembly_id, snapshot_id)
        times: dict[str, list[float]] = {"plain": [], "ours": [], "whole": []}
        for _ in range(rounds):
            times["plain"].append(timed(lambda: session.execute(PLAIN, given).all()))
            times["ours"].append(timed(lambda: _counted(ours)))
            times["whole"].append(timed(lambda: count_replies(session(), assembly_id, day=NOW.date())))
        _same(assembly_id, snapshot_id)
        replies_board(assembly_id, now=NOW)
        reads = [timed(lambda: stored(session(), assembly_id, REPLIES)) for _ in range(200)]
        shown = [timed(lambda: replies_board(assembly_id, now=NOW)) for _ in range(200)]
        db.session.remove()
        db.engine.dispose()
    plain, mine, whole = (statistics.median(one) for one in times.values())
    ratios = [a / b for a, b in zip(times["ours"], times["plain"], strict=True)]
    read, board = statistics.median(reads), statistics.median(shown)
    tally_line = (
        f"| P8 tally | {mine:.0f} ms | {plain:.0f} ms | {mine / plain:.2f} | {min(ratios):.2f}–{max(ratios):.2f} "
        f"| ≤ {GOAL} | {_verdict(mine / plain <= GOAL)} |"
    )
    board_line = (
        f"| P8 board from the stored count | {board:.2f} ms ({read:.2f} the row) |  |  |  | ≤ {READ_GOAL:.0f} ms "
        f"| {_verdict(board <= READ_GOAL)} |"
    )
    whole_line = f"| whole recount of the board | {whole:.0f} ms | {plain:.0f} ms | {whole / plain:.2f} |  |  |  |"
    return [tally_line, whole_line, board_line]


def _counted(statement: Any) -> Any:
    """As the board sends it, settings of PostgreSQL included."""
    with whole_tables(db.session(), in_order=True):
        return db.session.execute(statement).all()


def _same(assembly_id: int, snapshot_id: int) -> None:
    """Both statements come to the same sums; a run whose figures differ ends here."""
    given = {"snapshot": snapshot_id, "assembly": assembly_id}
    plain = {(row[0], row[1]): (int(row[2]), int(row[3])) for row in db.session.execute(PLAIN, given)}
    mine: dict[tuple[int, str], tuple[int, int]] = {}
    for row in _counted(tally(db.session(), assembly_id, snapshot_id)):
        item_id, choice, _attendance = choice_of(row.key)
        members, votes = mine.get((item_id, choice), (0, 0))
        mine[item_id, choice] = (members + int(row.members), votes + int(row.votes))
    if plain != mine or not plain:
        raise RuntimeError("the two counts differ")


def _verdict(fine: bool) -> str:
    return "met" if fine else "MISSED"


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description="the tally against the plain GROUP BY")
    options.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    for name, default in (("replies", 100_000), ("items", 10), ("rounds", 7)):
        options.add_argument(f"--{name}", type=int, default=default)
    given = options.parse_args()
    lines = measure(given.database, replies=given.replies, items=given.items, rounds=min(max(given.rounds, 1), 50))
    heading = f"{given.database}, {given.replies:,} replies × {given.items} items, {given.rounds} rounds, {machine()}"
    head = ("| | application | by hand | ratio | single rounds | goal | |", "|---|---|---|---|---|---|---|")
    sys.stdout.write("\n".join([heading, "", *head, *lines, ""]))


if __name__ == "__main__":
    main()
