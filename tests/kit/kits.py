"""Kits for tests: of the vectors, of a small assembly, laid out in a folder, tampered with, recomputed by the program in them."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any

from occto import kit
from occto.domain.assembly_settings import AssemblySettings
from occto.domain.canonical import digest
from occto.domain.tally import OUTCOME_LABELS, Choice, Decision, Resolution, decide, formula_in_words
from occto.extensions import db
from occto.models import Assembly
from occto.queries.allocation import Calculation, Filed, Held, divide
from occto.queries.kit import kit_facts
from occto.queries.roll import RollOnRecord
from occto.services.snapshots import head_of, rows_of, written
from tests.voting import VECTORS, roll_of

BEGIN, END = date(2000, 1, 1), None
_WORDS = {"賛成": Choice.YES, "反対": Choice.NO, "棄権": Choice.ABSTAIN}


def recomputed(folder: Path, *options: str) -> tuple[int, str]:
    """How the program in the folder ends, and what it says."""
    done = subprocess.run(
        [sys.executable, "-I", "recompute.py", *options], cwd=folder, capture_output=True, encoding="utf-8", check=False
    )
    assert not done.stderr, done.stderr
    return done.returncode, done.stdout


def laid_out(files: Mapping[str, bytes], folder: Path) -> Path:
    """The files in a folder, and nothing else there."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in folder.iterdir():
        path.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def altered(
    files: Mapping[str, bytes], name: str, change: Callable[[Any], None], *, sums: bool = True
) -> dict[str, bytes]:
    """The files with one of them changed, and (`sums`) the list of hashes made to agree: whoever tampers does that too."""
    document = json.loads(files[name])
    change(document)
    found = {**files, name: json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True).encode()}
    return with_sums(found) if sums else found


def with_sums(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files with their own list of hashes, as sha256sum writes it."""
    listed = [(name, sha256(content).hexdigest()) for name, content in sorted(files.items()) if name.endswith(".json")]
    return {**files, kit.SUMS: "".join(f"{digest}  {name}\n" for name, digest in listed).encode()}


def drawn(held: Assembly) -> dict[str, bytes]:
    """The files of the kit of an assembly, read anew."""
    db.session.expunge_all()
    db.session.rollback()
    return dict(kit.files_of(kit_facts(db.session(), held.id)))


def hash_of(files: Mapping[str, bytes]) -> str:
    """What a kit is known by, without any help of the system: the SHA-256 of its SHA256SUMS."""
    return sha256(files[kit.SUMS]).hexdigest()


def vector_calculation(case: dict[str, Any]) -> tuple[Calculation, dict[int, tuple[date, date | None]], dict[str, int]]:
    """A vector as the system would have frozen it, with its dates and the row numbers of its companies."""
    words = sorted({*(row["id"] for row in case["members"]), *case["parent_of"], *case["parent_of"].values()})
    number = {word: place for place, word in enumerate(words, 1)}
    roll = roll_of(case)
    dates = {
        number[row["id"]]: (
            date.fromisoformat(row["effective_from"]),
            date.fromisoformat(row["effective_to"]) if row["effective_to"] else None,
        )
        for row in case["members"]
    }
    voters = [one._replace(node=number[one.node]) for one in roll.voters]
    parents = {number[child]: number[parent] for child, parent in case["parent_of"].items()}
    day = date.fromisoformat(case["record_date"])
    record = RollOnRecord(
        day,
        type(roll)(voters, parents),
        {place: word for word, place in number.items()},
        {one.node: one.node for one in voters},
        (),
    )
    calculation = divide(
        1,
        record,
        known=1,
        sanctioned=frozenset(),
        filed=tuple(
            Filed(no, one._replace(root=number[one.root], holder=number[one.holder]))
            for no, one in enumerate(roll.elections, 1)
        ),
        relations=[Held(child, parent, None, BEGIN) for child, parent in parents.items()],
        settings=AssemblySettings(),
    )
    return calculation, dates, number


def vector_kit(case: dict[str, Any], asked: Sequence[dict[str, Any]] | None = None) -> dict[str, bytes]:
    """The kit of an allocation vector with the decisions that rest on it, or with these."""
    calculation, dates, number = vector_calculation(case)
    name = kit.Names(calculation)
    snapshot = written(head_of(calculation), rows_of(calculation))
    if asked is None:
        asked = [one for one in VECTORS["decisions"] if one["weights_of"] == case["id"]]
    decisions = [_decision(no, one, calculation, number, name) for no, one in enumerate(asked, 1)]
    whole = {
        "ALL_MEMBERS": len(calculation.record.roll.voters),
        "DEEMED_MEMBERS": len(calculation.allocation.weights),
        "VOTES": calculation.allocation.total,
    }
    counts = [{"basis": basis, "present": held, "whole": held, "met": True} for basis, held in whole.items()]
    quorum = {"counts": counts, "basis": None, "source": "", "met": True}
    announced = [_announced(one, calculation, number, name, quorum) for one in decisions]
    record = {"quorum": quorum, "quorum_met": True}
    items = [
        {"id": one["item_no"], "no": one["item_no"], "majority": one["record"]["resolution"], "withdrawn": False}
        for one in announced
    ]
    rests_on = {"decisions": [[one["item_no"], 1, one["sha256"]] for one in announced], "withdrawn": []}
    result = {
        "assembly": {"record_on": case["record_date"]},
        "items": items,
        "snapshot": {"sha256": digest(snapshot)},
        "decisions": announced,
        "result": {"record": record, "withdrawn": [], "sha256": digest(record | rests_on)},
    }
    voting = {"allocation": [kit.case_of(calculation, dates, name)], "decisions": decisions}
    licences = {one for voter in calculation.record.roll.voters for one in voter.licences}
    data = kit.data_files(voting=lambda: voting, snapshot=lambda: snapshot, result=lambda: result, licences=licences)
    return dict(kit.assembled(data, assembly=case["id"], held_on=case["record_date"]))


def _decision(
    no: int, one: dict[str, Any], calculation: Calculation, number: Mapping[str, int], name: kit.Names
) -> dict[str, Any]:
    votes = {number[node]: _WORDS[word] for node, word in one["votes"].items()}
    weights = {node: calculation.allocation.weight(node) for node in votes}
    found = decide(votes, weights, resolution=Resolution(one["kind"].upper()))
    return {
        "id": one["id"],
        "item_no": no,
        "weights_of": kit.CASE,
        "kind": one["kind"],
        "votes": {name(number[node]): word for node, word in one["votes"].items()},
        "channels": {name(number[node]): "FLOOR" for node in one["votes"]},
        "excluded": [],
        "chair_choice": None,
        "expect": {
            "yes": found.yes,
            "no": found.no,
            "abstain": found.abstain,
            "present": found.present,
            "result": OUTCOME_LABELS[found.result],
        },
    }


def _announced(
    one: dict[str, Any], calculation: Calculation, number: Mapping[str, int], name: kit.Names, quorum: dict[str, Any]
) -> dict[str, Any]:
    """A decision as the system would have recorded it."""
    expect = one["expect"]
    outcome = next(code for code, words in OUTCOME_LABELS.items() if words == expect["result"])
    record = {
        "item_id": one["item_no"],
        "no": 1,
        "decided_at": f"2026-12-18T05:00:{one['item_no']:02d}+00:00",
        "resolution": one["kind"].upper(),
        "yes": expect["yes"],
        "against": expect["no"],
        "abstain": expect["abstain"],
        "present": expect["present"],
        "outcome": outcome,
        "chair_choice": None,
        "quorum": quorum,
    }
    body = {name(place): place for place in number.values()}
    votes = sorted(
        [body[node], "FLOOR", _WORDS[word], calculation.allocation.weight(body[node])]
        for node, word in one["votes"].items()
    )
    sha256 = digest(record | {"votes": votes})
    resolution = Resolution(record["resolution"])
    figures = Decision(expect["yes"], expect["no"], expect["abstain"], expect["present"], outcome)
    return {
        "item_no": one["item_no"],
        "record": record,
        "sha256": sha256,
        "excluded": [],
        "formula": formula_in_words(figures, resolution=resolution),
        "corrected": [],
    }
