"""停電パック as PDF: the roll with numbers, votes and replies, and a tally sheet for every item."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from occto import pdf
from occto.domain.assembly import title_of
from occto.domain.assembly_settings import AssemblySettings, NoShow
from occto.domain.dates import format_instant
from occto.domain.quorum import Quorum
from occto.domain.replies import SHORT_LABELS, Attendance, ReplyChannel
from occto.domain.tally import CHOICE_LABELS, Choice, Resolution
from occto.domain.tickets import shown_number
from occto.queries.blackout import Pack, PackItem, PackTicket
from occto.queries.replies import Meeting
from occto.queries.reply_rows import ReplyRow

_SIGNS = {Choice.YES: "賛", Choice.NO: "反", Choice.ABSTAIN: "棄"}
_RULES = {
    Resolution.ORDINARY: "普通決議：賛成の票 × 2 が、出席の票（賛成＋反対＋棄権）より多いとき可決。賛成と反対が同数のときは、議長が決めます。",
    Resolution.SPECIAL: "特別決議：賛成の票 × 3 が、出席の票（賛成＋反対＋棄権）× 2 以上のとき可決。議長の決定はありません。",
}
_OTHER = frozenset({ReplyChannel.PAPER, ReplyChannel.STAFF})


def blackout_pack(pack: Pack, meeting: Meeting, quorum: Quorum, *, telephone: str, now: datetime) -> bytes:
    """The pack in one PDF, as things stand at `now`."""
    votes = {row.member_id: row.votes for row in pack.rows}
    values = {
        "assembly": title_of(meeting),
        "facts": [
            ("開催日時", format_instant(meeting.held_at)),
            ("場所", meeting.place),
            ("この紙の時点", format_instant(now)),
            ("名簿の会員", f"{len(pack.rows):,}社"),
            ("みなし会員", f"{sum(row.votes > 0 for row in pack.rows):,}社"),
            ("議決権の総数", f"{sum(votes.values()):,}票"),
            ("受付票", f"{sum(len(found) for found in pack.tickets.values()):,}名"),
        ],
        "quorum": [[one.label, one.in_words(one.required), one.formula] for one in quorum.counts],
        "quorum_rule": quorum.rule,
        "heads": [f"{item.no}" for item in pack.items],
        "rows": [_row(row, pack) for row in pack.rows],
        "others": [["", shown_number(one.number), one.name, one.seat or ""] for one in pack.tickets.get(None, ())],
        "items": [_sheet(item, pack, _counting(pack, meeting.settings)) for item in pack.items],
    }
    return pdf.render(
        "blackout_pack",
        values,
        title=f"停電パック {title_of(meeting)}",
        issuer=pdf.Issuer(telephone=telephone),
        rehearsal=meeting.rehearsal_of_id is not None,
        created_at=now,
    )


def _counting(pack: Pack, settings: AssemblySettings) -> list[ReplyRow]:
    """Members whose reply counts as long as nobody of them comes: not set aside, still members, by the rule for no-shows."""
    certain = {Attendance.ELECTRONIC, Attendance.CHAIR}
    if settings.no_show is NoShow.COUNT:
        certain |= {Attendance.ATTEND, Attendance.PROXY}
    return [
        row
        for row in pack.rows
        if row.attendance in certain and row.votes and row.member_id not in pack.aside | pack.left
    ]


def _row(row: ReplyRow, pack: Pack) -> list[str]:
    chosen = pack.choices.get(row.member_id, {})
    signs = [_sign(item, row, chosen.get(item.id)) for item in pack.items]
    return [
        str(row.roster_no or ""),
        row.operator_code,
        row.name,
        f"{row.votes:,}",
        _replied(row, pack),
        *signs,
        "　".join(_coming(one) for one in pack.tickets.get(row.member_id, ())),
    ]


def _sign(item: PackItem, row: ReplyRow, choice: Choice | None) -> str:
    if row.member_id in item.conflicts:
        return "／"
    return _SIGNS[choice] if choice is not None else ""


def _replied(row: ReplyRow, pack: Pack) -> str:
    if row.member_id in pack.left:
        return "資格喪失"
    if row.member_id in pack.aside:
        return "撤回（来場）"
    if row.attendance is None:
        return ""
    words = SHORT_LABELS[row.attendance]
    return f"{words}（書面）" if row.channel in _OTHER else words


def _coming(ticket: PackTicket) -> str:
    voter = "◎" if ticket.voting else "○"
    inside = "［入場済］" if ticket.inside else ""
    seat = f"（{ticket.seat}）" if ticket.seat else ""
    return f"{voter}{shown_number(ticket.number)} {ticket.name}{seat}{inside}"


def _sheet(item: PackItem, pack: Pack, counting: Sequence[ReplyRow]) -> dict[str, Any]:
    """What is known of an item before the hall: choices as they stand, whoever then comes taken off by hand."""
    sums: dict[Choice, tuple[int, int]] = dict.fromkeys(Choice, (0, 0))
    for row in counting:
        choice = pack.choices.get(row.member_id, {}).get(item.id)
        if choice is not None and row.member_id not in item.conflicts:
            count, weight = sums[choice]
            sums[choice] = (count + 1, weight + row.votes)
    return {
        "title": f"第{item.no}号議案　{item.title}",
        "rule": _RULES[item.resolution],
        "advance": [[CHOICE_LABELS[one], f"{sums[one][0]:,}社", f"{sums[one][1]:,}票"] for one in Choice],
        "chair": _chair(item, counting),
        "conflicts": _names(item, pack.rows),
    }


def _chair(item: PackItem, rows: Sequence[ReplyRow]) -> list[str]:
    """議長一任: how many members and votes the chair casts, once declared."""
    given = [row.votes for row in rows if row.attendance is Attendance.CHAIR and row.member_id not in item.conflicts]
    return [f"{len(given):,}社", f"{sum(given):,}票"]


def _names(item: PackItem, rows: Sequence[ReplyRow]) -> str:
    return "、".join(f"{row.name}（{row.votes:,}票）" for row in rows if row.member_id in item.conflicts)
