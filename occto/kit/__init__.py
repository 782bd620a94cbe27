"""再計算キット: facts, votes and result of an assembly as one zip that anybody can recompute without this system.

A kit is known by its data files alone: the same result gives the same hash, whatever is written into the README, however
the program beside it is mended, and whichever library makes the zip. What these files say is a promise
(`tests/kit/test_promise.py`): where it changes, no kit of an earlier result can be drawn again.
"""

import hashlib
import zipfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from occto.domain.assembly import title_of
from occto.domain.assembly_settings import VotePolicy
from occto.domain.canonical import canonical
from occto.domain.codes import Licence
from occto.domain.dates import format_date, today_jst
from occto.domain.tally import CHOICE_LABELS, OUTCOME_LABELS, Choice, formula_in_words
from occto.domain.votes import GROUP_LABELS, GROUPS_OF, Allocation, Group
from occto.queries.allocation import Calculation
from occto.queries.kit import KitFacts
from occto.queries.results import ItemResult, as_decision
from occto.services.snapshots import kept_head, rows_of, written

HERE = Path(__file__).resolve().parent
SUMS = "SHA256SUMS"
MEDIA_TYPE = "application/zip"
CASE = "議決権"
WORDS: dict[Licence, str] = {
    Licence.RETAIL: "小売",
    Licence.GTD: "一般送配電",
    Licence.TRANS: "送電",
    Licence.DIST: "配電",
    Licence.SPTD: "特定送配電",
    Licence.RSPTD: "登録特定送配電",
    Licence.GEN: "発電",
    Licence.AGG: "特定卸供給",
}
"""The categories as vectors and kits write them."""
_STAMP = (1980, 1, 1, 0, 0, 0)
_PLAIN_FILE = 0o100644 << 16
File = tuple[str, bytes]
"""Name and content."""
Document = Callable[[], Mapping[str, Any]]


def files_of(facts: KitFacts) -> Iterator[File]:
    """The files of a kit as (name, content), one after the other: with many members each of them is large."""
    return assembled(
        _data(facts), assembly=title_of(facts.assembly), held_on=format_date(today_jst(facts.assembly.held_at))
    )


def assembled(data: Iterable[File], *, assembly: str, held_on: str) -> Iterator[File]:
    """These data files, what explains and recomputes them, and the list of the data files last."""
    sums = []
    for name, content in data:
        sums.append(f"{hashlib.sha256(content).hexdigest()}  {name}\n")  # as sha256sum writes and checks it
        yield name, content
    readme = (HERE / "README.txt").read_text(encoding="utf-8")
    for mark, words in (
        ("assembly", assembly),
        ("held_on", held_on),
        ("rules", "\n".join(map("  ・{}".format, RULES))),
    ):
        readme = readme.replace(f"{{{mark}}}", words)
    yield "README.txt", readme.encode()
    yield "recompute.py", (HERE / "recompute.py").read_bytes()
    yield SUMS, "".join(sums).encode()


def hash_of(files: Iterable[File]) -> str:
    """What a kit is known by: the SHA-256 of the list of its data files, whatever else lies beside them."""
    return next(hashlib.sha256(content).hexdigest() for name, content in files if name == SUMS)


def zipped(files: Iterable[File], file: IO[bytes]) -> str:
    """Write the files into `file` as one zip; returns what the kit is known by."""
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        return hash_of(_each_put(files, archive))


def _each_put(files: Iterable[File], archive: zipfile.ZipFile) -> Iterator[File]:
    for name, content in files:
        entry = zipfile.ZipInfo(name, date_time=_STAMP)
        entry.compress_type, entry.external_attr, entry.create_system = zipfile.ZIP_DEFLATED, _PLAIN_FILE, 3
        archive.writestr(entry, content)
        yield name, content


def _data(facts: KitFacts) -> Iterator[File]:
    """What was frozen, given, decided and fixed. Nothing in it comes from what is entered or renamed after the fixing."""
    name = Names(facts.calculation)
    decided = [one for one in facts.results if one.decision is not None]
    return data_files(
        voting=lambda: {
            "allocation": [case_of(facts.calculation, facts.dates, name)],
            "decisions": [_decision(one, facts, name) for one in decided],
        },
        licences={one for voter in facts.calculation.record.roll.voters for one in voter.licences},
        snapshot=lambda: written(kept_head(facts.snapshot), rows_of(facts.calculation)),
        result=lambda: _result(facts, decided, name),
    )


def data_files(
    *, voting: Document, snapshot: Document, result: Document, licences: Collection[Licence]
) -> Iterator[File]:
    """The data files of these documents, each made when its turn has come. All are in the canonical form: the SHA-256 of
    `snapshot` is that of the freeze.
    """
    yield "result.json", canonical(result())
    yield "rules.json", canonical(rules(licences))
    yield "snapshot.json", canonical(snapshot())
    yield "voting.json", canonical(voting())


class Names:
    """Companies by the ids of the kit, which sort as their row numbers do."""

    def __init__(self, calculation: Calculation) -> None:
        bodies = {*calculation.record.names, *calculation.record.member_ids}
        width = max(5, *(len(str(body)) for body in bodies)) if bodies else 5
        self._of = {body: f"B{body:0{width}d}" for body in bodies}

    def __call__(self, body: int) -> str:
        return self._of[body]


def case_of(calculation: Calculation, dates: Mapping[int, tuple[Any, Any]], name: Names) -> dict[str, Any]:
    """The division of votes as a case of the vectors, with what they have no words for: names, sanctions, policies."""
    record, settings = calculation.record, calculation.settings
    node_of = {member_id: node for node, member_id in record.member_ids.items()}
    on_roll = {voter.node for voter in record.roll.voters}
    others = sorted(set(record.names) - on_roll)
    manual = [group for group in Group if settings.policy(group) is VotePolicy.MANUAL]
    return {
        "id": CASE,
        "title": "基準日の議決権",
        "basis": "",
        "record_date": calculation.day,
        "members": [
            {
                "id": name(voter.node),
                "body_id": voter.node,
                "member_id": record.member_ids[voter.node],
                "name": record.names[voter.node],
                "roster_no": voter.roster_no,
                "capital": voter.capital,
                "licences": [WORDS[one] for one in Licence if one in voter.licences],
                "effective_from": dates[voter.node][0],
                "effective_to": dates[voter.node][1],
                "sanctioned": voter.node in calculation.sanctioned,
            }
            for voter in sorted(record.roll.voters, key=lambda one: one.node)
        ],
        "others": [{"id": name(body), "body_id": body, "name": record.names[body]} for body in others],
        "parent_of": {name(child): name(parent) for child, parent in record.roll.parent_of.items()},
        "elections": [
            {
                "group": one.election.group or "*",
                "root": name(one.election.root),
                "holder": name(one.election.holder),
            }
            for one in calculation.filed
        ],
        "policies": {group: settings.policy(group).lower() for group in Group},
        "shares": {
            group: {
                name(node_of[member]): list(part)
                for member, part in settings.shares[group].items()
                if member in node_of
            }
            for group in manual
        },
        "former_gdus": sorted(name(node_of[member]) for member in settings.former_gdus if member in node_of),
        "expect": expected(calculation.allocation, name),
    }


def expected(allocation: Allocation[Any], name: Any) -> dict[str, Any]:
    """A division as the vectors write what they expect."""
    return {
        "per_group_total": allocation.per_group_total,
        "total": allocation.total,
        "units": {
            group: [
                {"holder": name(unit.holder), "members": [name(node) for node in unit.members], "reason": unit.reason}
                for unit in allocation.units[group]
            ]
            for group in Group
        },
        "weights": {
            name(node): {"by_group": dict(held), "total": sum(held.values())}
            for node, held in allocation.weights.items()
        },
    }


def _decision(one: ItemResult, facts: KitFacts, name: Names) -> dict[str, Any]:
    row = one.decision
    assert row is not None
    given = facts.votes.get(row.id, {})
    decision = as_decision(row)
    return {
        "id": f"第{one.item.no}号議案",
        "item_no": one.item.no,
        "weights_of": CASE,
        "kind": row.resolution.lower(),
        "votes": {name(body): CHOICE_LABELS[vote.choice] for body, vote in given.items()},
        "channels": {name(body): vote.channel for body, vote in given.items()},
        "excluded": _excluded(one, facts, name),
        "chair_choice": _choice(row.chair_choice),
        "expect": {
            "yes": decision.yes,
            "no": decision.no,
            "abstain": decision.abstain,
            "present": decision.present,
            "result": OUTCOME_LABELS[decision.result],
        },
    }


def _excluded(one: ItemResult, facts: KitFacts, name: Names) -> list[str]:
    out = {member for member, _name in one.conflicts}
    return sorted(name(node) for node, member in facts.calculation.record.member_ids.items() if member in out)


def _choice(choice: Choice | None) -> str | None:
    return CHOICE_LABELS[choice] if choice is not None else None


def _result(facts: KitFacts, decided: Iterable[ItemResult], name: Names) -> dict[str, Any]:
    held, fixed, receipts = facts.assembly, facts.fixed, facts.receipts
    withdrawn = [
        one.item.no for one in facts.results if one.item.withdrawn_at is not None and one.item.majority is not None
    ]
    return {
        "assembly": {
            "title": title_of(held),
            "held_at": held.held_at,
            "place": held.place,
            "record_on": held.record_on,
        },
        "snapshot": {"no": facts.snapshot.no, "sha256": facts.snapshot.sha256, "made_at": facts.snapshot.made_at},
        "items": [
            {
                "id": one.item.id,
                "no": one.item.no,
                "kind": one.item.kind,
                "title": one.item.title,
                "majority": one.item.majority,
                "consent": one.item.consent,
                "withdrawn": one.item.withdrawn_at is not None,
            }
            for one in facts.results
        ],
        "decisions": [_announced(one, facts, name) for one in decided],
        "result": {
            "record": {column: getattr(fixed, column) for column in _OF_RESULT},
            "withdrawn": withdrawn,
            "sha256": fixed.sha256,
        },
        "receipts": {"no": receipts.no, "count": receipts.count, "root": receipts.root} if receipts else None,
    }


_OF_DECISION = (
    "item_id", "no", "resolution", "yes", "against", "abstain", "present", "outcome", "chair_choice", "amendment",
    "reason", "quorum", "decided_at",
)  # fmt: skip
_OF_RESULT = ("assembly_id", "no", "quorum", "quorum_met", "override_reason", "fixed_at")
"""What the hashes of a decision and of a result are made of, beside the votes and the decisions."""


def _announced(one: ItemResult, facts: KitFacts, name: Names) -> dict[str, Any]:
    row = one.decision
    assert row is not None
    return {
        "item_no": one.item.no,
        "record": {column: getattr(row, column) for column in _OF_DECISION},
        "sha256": row.sha256,
        "excluded": _excluded(one, facts, name),
        "formula": formula_in_words(as_decision(row), resolution=row.resolution),
        "corrected": [
            {"no": earlier.no, "result": OUTCOME_LABELS[earlier.outcome], "sha256": earlier.sha256}
            for earlier in one.decisions[1:]
        ],
    }


def rules(licences: Collection[Licence]) -> dict[str, Any]:
    """The rules as data that recompute.py holds against its own; of the categories, those that the roll has."""
    return {
        "groups": {WORDS[one]: "".join(group for group in Group if group in GROUPS_OF[one]) for one in licences},
        "ordinary": "2*yes > present",
        "special": "3*yes >= 2*present",
        "quorum": "2*present >= whole",
    }


RULES = (
    *(f"グループ {group}：{words}" for group, words in GROUP_LABELS.items()),
    "各グループの議決権の総数は等しい。グループの中では、1社（みなし会員を含む）ごとに等しく分ける（分け方を別に定めたときを除く）。",
    "規則1：親法人と子法人が同じグループにあるときは、親法人がまとめて行使する。",
    "規則2：親法人がそのグループにないときは、資本金の最も大きい会社、同額なら名簿の順が最も早い会社がまとめて行使する。",
    "届出があるときは、届出のあった会社がまとめて行使する。",
    "出席 ＝ 賛成 ＋ 反対 ＋ 棄権。利害関係のある会員は、その議案の票に含まない（定足数には含む）。出席が 0 のときは不成立。",
    "普通決議：賛成 × 2 ＞ 出席。賛成と反対が同数（0票を除く）のときは、議長が決定する。",
    "特別決議：賛成 × 3 ≧ 出席 × 2。議長の決定はない。",
    "定足数：出席 × 2 ≧ 全体（全会員、みなし会員、議決権のうち、定められた数え方。定めがないときは3つすべて）。",
)
"""The same in words, for the README."""
