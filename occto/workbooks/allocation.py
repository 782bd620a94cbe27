"""The workbook of a division of votes: figures, every member with votes and reasons, units, relations, findings, 届出."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Final

from occto import allocation_words as words
from occto.domain.votes import GROUP_LABELS, Group
from occto.queries.allocation_reading import NAMELESS, Reading
from occto.vote_reasons import percent
from occto.workbooks.writing import Line, plain_workbook

MEMBER_HEADS: Final = (
    *("名簿番号", "事業者コード", "会員", "区分", "資本金又は出資の額（円）", "権利の停止・制限", "議決権（合計）"),
    *chain.from_iterable(
        (f"{GROUP_LABELS[group]}　票", f"{GROUP_LABELS[group]}　行使する会社", f"{GROUP_LABELS[group]}　理由")
        for group in Group
    ),
)
_UNIT_HEADS = ("グループ", "番号", "議決権を持つ会員", "票", "みなし会員の会社数", "最終の親法人", "会社", "理由")
_RELATION_HEADS = ("子法人等", "親法人等", "議決権の割合（%）", "いつから", "最終の親法人")
_FINDING_HEADS = ("区分", "内容", "会社", "対応")
_ELECTION_HEADS = ("届出の番号", "グループ", "最終の親法人", "議決権を持つ会社")
KINDS: Final = {"error": "誤り", "warning": "注意", "note": "確認"}


def allocation_workbook(
    reading: Reading, *, title: str, names: Mapping[int, str], codes: Mapping[int, str]
) -> Iterator[bytes]:
    """The workbook in pieces. `names`: of companies that the calculation does not name; `codes`: operator code by member."""
    return plain_workbook(
        (
            ("概要", ("項目", "内容"), _summary(reading, title)),
            ("会員と議決権", MEMBER_HEADS, _members(reading, codes)),
            ("みなし会員", _UNIT_HEADS, _units(reading)),
            ("資本関係", _RELATION_HEADS, _relations(reading)),
            ("確認事項", _FINDING_HEADS, _findings(reading, names)),
            ("届出", _ELECTION_HEADS, _elections(reading)),
        )
    )


def _summary(reading: Reading, title: str) -> Iterator[Line]:
    yield "総会", title
    yield "集計", words.basis_in_words(reading)
    if reading.kept is not None:
        yield "SHA-256", reading.kept.snapshot.sha256
    yield "議決権の総数", reading.allocation.total
    yield "名簿の会員", len(reading.voters)
    for one in words.figures(reading):
        yield f"{one.title}グループ　会員", one.members
        yield f"{one.title}グループ　みなし会員", one.units
        yield f"{one.title}グループ　票", one.total
        yield f"{one.title}グループ　分け方", one.each


def _members(reading: Reading, codes: Mapping[int, str]) -> Iterator[Line]:
    for node in sorted(reading.voters, key=reading.place):
        voter = reading.voters[node]
        standings = [words.standing(reading, node, group) for group in Group]
        yield (
            voter.roster_no,
            codes.get(reading.calculation.record.member_ids[node], ""),
            reading.name(node),
            words.licences(voter),
            voter.capital,
            "対象" if node in reading.calculation.sanctioned else "",
            reading.allocation.weight(node),
            *chain.from_iterable(_cells(one) for one in standings),
        )


def _cells(one: words.Standing) -> Line:
    if one.outside:
        return None, "対象外", None
    return one.votes, one.holder.name if one.holder else "", one.reason.whole if one.reason else ""


def _units(reading: Reading) -> Iterator[Line]:
    for group in Group:
        for number, unit in enumerate(reading.allocation.units[group], 1):
            row = words.unit_row(reading, unit, number)
            names = "、".join(reading.name(node) for node in unit.members)
            root = reading.name(unit.root)
            yield GROUP_LABELS[group], number, row.holder.name, row.votes, row.size, root, names, row.reason.whole


def _relations(reading: Reading) -> Iterator[Line]:
    for one in sorted(reading.calculation.relations, key=lambda one: reading.place(one.child)):
        ratio = percent(one.ratio_bp) if one.ratio_bp is not None else ""
        root = reading.root_of(one.child)
        yield (
            reading.name(one.child),
            reading.name(one.parent),
            ratio,
            one.since,
            reading.name(root) if root is not None else "",
        )


def _findings(reading: Reading, names: Mapping[int, str]) -> Iterator[Line]:
    for row in words.finding_rows(reading, names):
        for company in row.companies or (None,):
            yield KINDS[row.kind], row.title, company.name if company else "", row.todo


def _elections(reading: Reading) -> Iterator[Line]:
    for filed in reading.calculation.filed:
        group, root, holder = filed.election
        known = reading.calculation.record.names
        where = GROUP_LABELS[group] if group is not None else "すべて"
        yield filed.id, where, known.get(root, NAMELESS), known.get(holder, NAMELESS)
