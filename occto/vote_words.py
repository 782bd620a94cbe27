"""The effect of a change on the votes as people read it: on the pages of the member and of the staff."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from occto.domain.impact import Moved, Rest
from occto.domain.votes import Finding, Group, group_title, reason_in_words
from occto.queries.roll import Preview

_FINDINGS = {
    "capital_missing": "資本金の登録がないため、0円として比べています。",
    "roster_missing": "名簿番号の登録がないため、名簿の最後として比べています。",
    "roster_shared": "名簿番号が重なっています。",
    "parent_by_name": "親法人が名称だけで登録されるため、議決権の集約に用いていません。法人番号をお確かめください。",
    "two_parents": "別の親法人が登録されているため、この資本関係を計算に用いていません。",
    "cycle": "親子の関係が輪になっています。資本関係をお確かめください。",
}
_GENERAL = {
    "policy_undivided": "この総会で決めた分け方では、変更後の会員に分けられません。グループの中で等しく分けるものとして比べています。",
}


@dataclass(frozen=True, slots=True)
class ImpactRow:
    """A line of the table; `lost`: nothing is left afterwards."""

    name: str
    before: str
    after: str
    reason: str
    lost: bool = False


@dataclass(frozen=True, slots=True)
class ImpactGroup:
    """The table of one group. `more`: how many companies it leaves out."""

    title: str
    rows: tuple[ImpactRow, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class ImpactInWords:
    """What the macro `impact_table` shows: a table for each group in which something moves, and what to look at."""

    groups: tuple[ImpactGroup, ...]
    remarks: tuple[str, ...]


def impact_in_words(preview: Preview, *, most: int | None = None, unequal: Collection[Group] = ()) -> ImpactInWords:
    """A preview of the roll in words. `most`: how many companies each group names; `unequal`: groups that are not divided
    equally, whose shares do not tell how many units there are.
    """
    names: Mapping[int, str] = preview.names
    groups = []
    for group in Group:
        moved = [line for line in preview.impact.moved if line.group is group]
        rows = [_moved(line, names) for line in moved[:most]]
        rows += [_rest(line, equal=group not in unequal) for line in preview.impact.rest if line.group is group]
        if rows:
            groups.append(ImpactGroup(group_title(group), tuple(rows), len(moved[most:]) if most else 0))
    return ImpactInWords(tuple(groups), tuple(_remarks(preview.findings, names)))


def share_in_words(share: Fraction) -> str:
    """1 / 640, the whole group, or 0."""
    if share in (0, 1):
        return "0" if not share else "全部"
    return f"{share.numerator:,} / {share.denominator:,}"


def _moved(line: Moved[int], names: Mapping[int, str]) -> ImpactRow:
    return ImpactRow(
        name=_name(line.node, names),
        before=share_in_words(line.before),
        after=share_in_words(line.after),
        reason=_reason(line, names),
        lost=not line.after,
    )


def _reason(line: Moved[int], names: Mapping[int, str]) -> str:
    if line.unit_after is None:
        return "このグループの会員でなくなるため"
    words = reason_in_words(line.unit_after, line.node, name=lambda node: _name(node, names))
    if line.unit_before is None:
        return f"このグループの会員になるため。{words}"
    return words


def _rest(line: Rest, *, equal: bool) -> ImpactRow:
    fewer = line.after > line.before
    # every unit of the group has the same share, so the shares tell how many there are
    units = abs(line.after.denominator - line.before.denominator) if line.before.numerator == 1 else 0
    how_many = f"{units}社" if units else ""
    return ImpactRow(
        name=f"ほか {line.companies:,}社",
        before=share_in_words(line.before),
        after=share_in_words(line.after),
        reason=f"みなし会員が{how_many}{'減る' if fewer else '増える'}ため" if equal else "割合が変わるため",
    )


def _remarks(findings: Iterable[Finding[int]], names: Mapping[int, str]) -> list[str]:
    shown = []
    for finding in findings:
        if finding.code in _GENERAL:
            shown.append(_GENERAL[finding.code])
        elif finding.code in _FINDINGS:
            who = "、".join(_name(node, names) for node in finding.nodes[:5])
            shown.append(f"{who}：{_FINDINGS[finding.code]}")
    return list(dict.fromkeys(shown))


def _name(node: int, names: Mapping[int, str]) -> str:
    return names.get(node) or "登録のない会社"
