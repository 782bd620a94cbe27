"""再計算キット: facts, votes and result of an assembly as one zip that anybody can recompute without this system.

The same rows give the same bytes: entries are sorted, stored without compression, and bear the day of the assembly.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from occto.domain.assembly import title_of
from occto.domain.assembly_settings import QuorumBasis, VotePolicy
from occto.domain.canonical import canonical, jsonable
from occto.domain.codes import Licence
from occto.domain.dates import format_date, today_jst
from occto.domain.tally import CHOICE_LABELS, OUTCOME_LABELS, Choice, Resolution, formula_in_words
from occto.domain.votes import GROUP_LABELS, GROUPS_OF, Allocation, Group
from occto.queries.allocation import Calculation
from occto.queries.kit import KitFacts
from occto.queries.results import ItemResult, as_decision
from occto.services.snapshots import head_of, rows_of, written

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
Files = Mapping[str, bytes]


def kit_of(facts: KitFacts) -> bytes:
    """The kit as zip."""
    return zipped(files_of(facts))


def files_of(facts: KitFacts) -> Files:
    """The files of a kit, SHA256SUMS among them."""
    name = Names(facts.calculation)
    case = case_of(facts.calculation, facts.dates, name)
    decided = [one for one in facts.results if one.decision is not None]
    voting = {
        "note": "N=送配電 R=小売 G=発電。parent_of は、子 → 支配する親。数はすべて整数です。",
        "allocation": [case],
        "decisions": [_decision(one, facts, name) for one in decided],
    }
    return assembled(
        voting,
        snapshot=written(head_of(facts.calculation), rows_of(facts.calculation)),
        result=_result(facts, decided, name),
        assembly=title_of(facts.assembly),
        held_on=format_date(today_jst(facts.assembly.held_at)),
    )


def assembled(
    voting: Mapping[str, Any], *, snapshot: Mapping[str, Any], result: Mapping[str, Any], assembly: str, held_on: str
) -> Files:
    """The files around these documents. `snapshot` in its canonical form: the SHA-256 of its file is that of the freeze."""
    readme = (HERE / "README.txt").read_text(encoding="utf-8")
    files = {
        "README.txt": readme.replace("{assembly}", assembly).replace("{held_on}", held_on).encode(),
        "recompute.py": (HERE / "recompute.py").read_bytes(),
        "rules.json": _text(rules()),
        "voting.json": _text(voting),
        "snapshot.json": canonical(snapshot),
        "result.json": _text(result),
    }
    return {**files, SUMS: sums_of(files)}


def sums_of(files: Files) -> bytes:
    """SHA256SUMS of these files, as sha256sum writes and checks it."""
    lines = (f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(files.items()))
    return "".join(lines).encode()


def zipped(files: Files) -> bytes:
    """One zip. Not compressed: another version of zlib would give other bytes."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, date_time=_STAMP)
            entry.external_attr, entry.create_system = _PLAIN_FILE, 3
            archive.writestr(entry, content)
    return buffer.getvalue()


def _text(value: Mapping[str, Any]) -> bytes:
    return (json.dumps(jsonable(value), ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode()


class Names:
    """Companies by the ids of the kit, which sort as their row numbers do."""

    def __init__(self, calculation: Calculation) -> None:
        bodies = {*calculation.record.names, *calculation.record.member_ids}
        self._width = max(5, *(len(str(body)) for body in bodies)) if bodies else 5

    def __call__(self, body: int) -> str:
        return f"B{body:0{self._width}d}"


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
                "withdrawn": one.item.withdrawn_reason,
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


def rules() -> dict[str, Any]:
    """The rules, as data that recompute.py holds against its own, and in words."""
    majority = {
        Resolution.ORDINARY: "普通決議：賛成 × 2 ＞ 出席。賛成と反対が同数（0票を除く）のときは、議長が決定する。",
        Resolution.SPECIAL: "特別決議：賛成 × 3 ≧ 出席 × 2。議長の決定はない。",
    }
    return {
        "rules": {
            "groups": {WORDS[one]: "".join(group for group in Group if group in GROUPS_OF[one]) for one in Licence},
            "ordinary": "2*yes > present",
            "special": "3*yes >= 2*present",
            "quorum": "2*present >= whole",
        },
        "words": [
            *(f"グループ {group}：{words}" for group, words in GROUP_LABELS.items()),
            "各グループの議決権の総数は等しい。グループの中では、1社（みなし会員を含む）ごとに等しく分ける（分け方を別に定めたときを除く）。",
            "規則1：親法人と子法人が同じグループにあるときは、親法人がまとめて行使する。",
            "規則2：親法人がそのグループにないときは、資本金の最も大きい会社、同額なら名簿の順が最も早い会社がまとめて行使する。",
            "届出があるときは、届出のあった会社がまとめて行使する。",
            "出席 ＝ 賛成 ＋ 反対 ＋ 棄権。利害関係のある会員は、その議案の票に含まない（定足数には含む）。出席が 0 のときは不成立。",
            *majority.values(),
            "定足数：出席 × 2 ≧ 全体（全会員、みなし会員、議決権のうち、定められた数え方。定めがないときは3つすべて）。",
        ],
        "bases": [basis.value for basis in QuorumBasis],
    }


def sha256_of(content: bytes) -> str:
    """What a file is known by, in the minutes and on the pages."""
    return hashlib.sha256(content).hexdigest()
