"""The workbook of the live board: its figures, every member's standing reply, and choices for whoever may see them."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from occto.admin.exports import instant
from occto.domain.replies import SHORT_LABELS, ReplyChannel
from occto.domain.reply_board import ANSWERS, Board
from occto.domain.tally import Choice
from occto.domain.votes import group_title
from occto.labels import label
from occto.queries.reply_rows import choices_of, reply_rows

Line = Sequence[Any]
_HEADS = (
    "事業者コード", "会員", "名簿番号", "議決権（送配電）", "議決権（小売）", "議決権（発電）", "議決権（計）",
    "回答", "回答方法", "回答番号", "版", "受付日時",
)  # fmt: skip
_CHOICE_HEADS = ("事業者コード", "会員", "議決権", "出欠")


def fields(board: Board, *, choices: bool) -> list[str]:
    """The columns about single members that leave the office, for the trail."""
    return [*_HEADS, *([f"賛否（第{item.no}号議案）" for item in board.items] if choices else [])]


def sheets(
    session: Session, assembly_id: int, board: Board, *, caption: str, choices: bool, day: date
) -> Iterator[tuple[str, Sequence[str], Iterator[Line]]]:
    """Title, heads and rows of each sheet; rows are read while they are written. `day`: today in Japan, on which it is read
    who has left.
    """
    yield "状況", ("項目", "会員（社）", "みなし会員（社）", "議決権（票）"), _summary(board, caption)
    yield "定足数", ("数え方", "確実", "見込み", "全体", "必要", "確実での判定", "見込みでの判定"), _quorum(board)
    if choices:
        given, coming = [label(one) for one in Choice], [f"{label(one)}（出席の予定）" for one in Choice]
        yield "議案ごとの票数", ("議案", "件名", *given, "未記入", *coming, "利害関係で除く"), _items(board)
    yield "会員ごと", _HEADS, _members(session, assembly_id)
    if choices:
        heads = (*_CHOICE_HEADS, *(f"第{item.no}号議案" for item in board.items))
        yield "会員ごとの賛否", heads, _choices(session, assembly_id, board, day)


def _members(session: Session, assembly_id: int) -> Iterator[Line]:
    for row in reply_rows(session, assembly_id):
        said = SHORT_LABELS[row.attendance] if row.attendance else "未回答"
        channel = label(row.channel) if row.channel else ""
        votes = (row.votes_n, row.votes_r, row.votes_g, row.votes)
        reply = (said, channel, row.number, row.no, instant(row.received_at))
        yield row.operator_code, row.name, row.roster_no, *votes, *reply


def _choices(session: Session, assembly_id: int, board: Board, day: date) -> Iterator[Line]:
    for row, chosen in choices_of(session, assembly_id, day=day):
        said = SHORT_LABELS[row.attendance] if row.attendance else ""
        words = (label(chosen[item.id]) if item.id in chosen else "" for item in board.items)
        yield row.operator_code, row.name, row.votes, said, *words


def _summary(board: Board, caption: str) -> Iterator[Line]:
    yield caption, None, None, None
    named = [
        ("全体", board.all),
        *((group_title(group), part) for group, part in board.groups.items()),
    ]
    for title, part in named:
        rows = [
            ("名簿の会員", part.whole),
            ("回答済み", part.answered),
            *((f"うち{label(one)}", part.by_channel(one)) for one in ReplyChannel),
            *((f"うち{SHORT_LABELS[one]}", part.by_attendance(one)) for one in ANSWERS),
            ("未回答", part.unanswered),
            ("会員でなくなった", part.left),
        ]
        for words, found in rows:
            yield f"{title}：{words}", found.members, found.holders, found.votes


def _quorum(board: Board) -> Iterator[Line]:
    for now, soon in zip(board.certain.counts, board.expected.counts, strict=True):
        met = ("満たす" if one.met else "満たさない" for one in (now, soon))
        yield now.label, now.present, soon.present, now.whole, now.required, *met


def _items(board: Board) -> Iterator[Line]:
    for item in board.items:
        given = (item.advance[one].votes for one in Choice)
        coming = (item.attending[one].votes for one in Choice)
        yield f"第{item.no}号議案", item.title, *given, item.blank.votes, *coming, item.conflict.votes
