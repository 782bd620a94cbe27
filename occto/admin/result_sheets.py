"""The workbook of a result for staff: public figures, groups and channels, and every vote by name for whoever may see it."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy.orm import Session

from occto.domain.agenda import Consent
from occto.domain.dates import format_date
from occto.domain.outcomes import consent_in_words
from occto.domain.quorum import Quorum
from occto.domain.resolutions import VOTE_CHANNEL_LABELS, VoteChannel
from occto.domain.tally import CHOICE_LABELS, Choice
from occto.domain.votes import GROUP_LABELS, Group
from occto.models import ConsentRecord
from occto.queries.results import NOTHING, ItemResult, breakdowns, nominal
from occto.result_words import PUBLIC_HEADS, QUORUM_HEADS, public_rows, quorum_rows

Line = Sequence[Any]
_MEMBER_HEADS = (
    "事業者コード", "会員", "名簿番号", "議決権（送配電）", "議決権（小売）", "議決権（発電）", "議決権（計）",
)  # fmt: skip
_PART_HEADS = (
    "議案", "件名", "区分", "賛成（票）", "反対（票）", "棄権（票）", "賛成（社）", "反対（社）", "棄権（社）",
)  # fmt: skip


def fields(found: Sequence[ItemResult], *, nominal: bool) -> list[str]:
    """The columns that leave the office, for the trail."""
    votes = [f"賛否（第{one.item.no}号議案）" for one in found if one.decision is not None]
    return [*PUBLIC_HEADS, *([*_MEMBER_HEADS, *votes] if nominal else [])]


def sheets(
    session: Session,
    assembly_id: int,
    found: Sequence[ItemResult],
    quorum: Quorum | None,
    *,
    nominal: bool,
    corrected: bool,
) -> Iterator[tuple[str, Sequence[str], Iterator[Line]]]:
    """Title, heads and rows of each sheet. `nominal`: with every vote by name; `corrected`: nothing stands."""
    yield "議案ごとの結果", PUBLIC_HEADS, public_rows(found)
    yield "定足数", QUORUM_HEADS, iter([("結果を訂正中です",)]) if corrected else quorum_rows(quorum)
    yield "グループと行使の方法", _PART_HEADS, _parts(session, assembly_id, found)
    if nominal:
        decided = [one for one in found if one.decision is not None]
        heads = [head for one in decided for head in (f"第{one.item.no}号議案", f"第{one.item.no}号議案の行使の方法")]
        yield "会員ごとの賛否", (*_MEMBER_HEADS, *heads), _members(session, assembly_id, decided)


def _parts(session: Session, assembly_id: int, found: Sequence[ItemResult]) -> Iterator[Line]:
    parts = breakdowns(session, assembly_id)
    for one in found:
        part = parts.get(one.item.id)
        if part is None:
            continue
        named: list[tuple[str, list[Any]]] = [
            (f"{GROUP_LABELS[group]}グループ", [part.groups.get((group, choice), NOTHING) for choice in Choice])
            for group in Group
        ]
        named += [
            (VOTE_CHANNEL_LABELS[channel], [part.channels.get((channel, choice), NOTHING) for choice in Choice])
            for channel in VoteChannel
        ]
        for words, each in named:
            figures = (*(cell.votes for cell in each), *(cell.heads for cell in each))
            yield f"第{one.item.no}号議案", one.item.title, words, *figures


def _members(session: Session, assembly_id: int, decided: Sequence[ItemResult]) -> Iterator[Line]:
    barred = {one.item.id: {number for number, _name in one.conflicts} for one in decided}
    for voted, given in nominal(session, assembly_id):
        cells: list[str] = []
        for one in decided:
            vote = given.get(one.item.id)
            if vote is not None:
                cells += [CHOICE_LABELS[vote.choice], VOTE_CHANNEL_LABELS[vote.channel]]
            else:
                cells += ["議決権なし" if voted.member_id in barred[one.item.id] else "出席なし", ""]
        yield (
            voted.operator_code, voted.name, voted.roster_no,
            voted.votes_n, voted.votes_r, voted.votes_g, voted.votes, *cells,
        )  # fmt: skip


def consent_row(row: ConsentRecord, consent: Consent) -> str:
    """One record of 認可・承認 in words."""
    parts = [consent_in_words(consent, row.outcome), format_date(row.decided_on)]
    parts += [f"文書番号 {row.document_number}"] if row.document_number else []
    parts += [row.note] if row.note else []
    return "　".join(parts)
