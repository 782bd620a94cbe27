"""届出 in words: which assembly, which group, where it stands, what it changes. For members and staff alike."""

from collections.abc import Sequence
from typing import Any

from occto.domain.assembly import Called, title_of
from occto.domain.dates import format_date, format_instant
from occto.domain.elections import Family
from occto.domain.votes import group_title, reason_in_words
from occto.labels import label
from occto.queries.elections import ElectionLine, FamilyOnRecord, Move

EVERY = "これからのすべての総会"


def scope_title(assembly: Called | None) -> str:
    """Which assembly a 届出 is for: 2026年度 第1回 通常総会, or all to come."""
    return title_of(assembly) if assembly is not None else EVERY


def filing_facts(line: ElectionLine) -> list[tuple[str, Any]]:
    """What a 届出 says and what became of it."""
    rows: list[tuple[str, Any]] = [
        ("行使する会社", line.holder),
        ("対象のグループ", group_title(line.group)),
        ("対象の総会", scope_title(line.assembly)),
        ("届け出た会社", line.filed_by),
        ("受け付けた日時", f"{format_instant(line.received_at)}（{label(line.channel)}）"),
    ]
    if line.countersigned_at is not None:
        rows.append(("同意", f"{line.countersigned_by}　{format_instant(line.countersigned_at)}"))
    if line.withdrawn_at is not None:
        rows.append(("取下げ", format_instant(line.withdrawn_at)))
    if line.reason:
        rows.append(("当機関の決定の理由", line.reason))
    return rows


def move_rows(moves: Sequence[Move]) -> list[tuple[str, str, str, str]]:
    """Group, its share, who holds it without and with the 届出."""
    return [(group_title(one.group), _share(one.units, equal=one.equal), one.before, one.after) for one in moves]


def _share(units: int, *, equal: bool) -> str:
    return f"1 / {units:,}" if equal else "この総会で決めた割合"


MOVE_HEADS = ("グループ", "持分", "届出がないとき", "届出によるとき")


def family_rows(found: FamilyOnRecord) -> list[dict[str, Any]]:
    """The family group by group: who is in it, who holds the votes and why. Groups it is not in are left out."""
    family: Family[int] = found.family

    def name(node: int) -> str:
        return found.names[node]

    return [
        {
            "group": group,
            "title": group_title(group),
            "holder": name(unit.holder),
            "own": unit.holder == found.own,
            "share": ("" if group in found.unequal else "グループの ")
            + _share(family.shares[group], equal=group not in found.unequal),
            "companies": [name(node) for node in unit.members],
            "several": len(unit.members) > 1,
            "reason": reason_in_words(unit, unit.holder, name=name),
        }
        for group, unit in family.units.items()
    ]


def day_words(found: FamilyOnRecord, assembly: Called | None) -> str:
    """As of which day the family is shown."""
    return f"{'基準日' if assembly is not None else '本日'}（{format_date(found.day)}）の登録"
