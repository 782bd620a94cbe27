"""The rule of `domain/hall.py` in SQL, over the whole frozen roll: what a seat is, and through what it exercises its votes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, case, exists, func, literal, null, or_, select, type_coerce
from sqlalchemy.orm import aliased

from occto.domain.assembly_settings import AssemblySettings, NoShow
from occto.domain.reception import CheckInEnd
from occto.domain.replies import Attendance, ReplyChannel
from occto.domain.resolutions import VoteChannel
from occto.domain.tickets import TicketKind
from occto.models import AdmissionTicket, Ballot, CheckIn, Reply, SnapshotMember, StandingReply

_LATER = aliased(CheckIn, name="later")
VOTER, VOTER_TICKET = aliased(CheckIn, name="voter"), aliased(AdmissionTicket, name="voter_ticket")


@dataclass(frozen=True, slots=True)
class Hall:
    """What the statements are about: an assembly with its frozen votes, its settings, and the members that have left.

    `as_at`: the hall as it was then; None: as it is. A correction counts those who were there when it was put to vote.
    """

    assembly_id: int
    snapshot_id: int
    settings: AssemblySettings
    gone: Sequence[int] = ()
    as_at: datetime | None = None


def inside(entry: Any, hall: Hall) -> ColumnElement[bool]:
    """`hall.in_hall` of a check-in of this assembly."""
    here = entry.assembly_id == hall.assembly_id
    if hall.as_at is None:
        return and_(here, entry.ended_at.is_(None))
    return and_(
        here,
        entry.entered_at <= hall.as_at,
        or_(entry.ending.is_(None), and_(entry.ending != CheckInEnd.UNDONE, entry.ended_at > hall.as_at)),
    )


def voting_here(voter: Any, hall: Hall, member_id: Any) -> ColumnElement[bool]:
    """Somebody votes for the member at the hall. A UNIQUE sees to it that it is one at most now.

    Of an earlier moment two may be on record, where a desk that was offline sent its arrivals late: the last one counts.
    """
    here = and_(inside(voter, hall), voter.member_id == member_id, voter.voting)
    if hall.as_at is None:
        return here
    last = select(func.max(_LATER.id)).where(inside(_LATER, hall), _LATER.member_id == member_id, _LATER.voting)
    return and_(here, voter.id == last.correlate_except(_LATER).scalar_subquery())


def seats(query: Select[Any], hall: Hall) -> Select[Any]:
    """The roll, each member with its standing reply and with whoever votes for it at the hall."""
    member_id = SnapshotMember.member_id
    return (
        query.select_from(SnapshotMember)
        .outerjoin(
            StandingReply,
            and_(StandingReply.assembly_id == hall.assembly_id, StandingReply.member_id == member_id),
        )
        .outerjoin(Reply, Reply.id == StandingReply.reply_id)
        .outerjoin(VOTER, voting_here(VOTER, hall, member_id))
        .outerjoin(VOTER_TICKET, VOTER_TICKET.id == VOTER.ticket_id)
        .where(SnapshotMember.snapshot_id == hall.snapshot_id)
    )


def code_of(one: VoteChannel) -> ColumnElement[str]:
    return literal(one.value, String)


def sent() -> ColumnElement[str]:
    """Through what the reply came."""
    electronic = Reply.channel == ReplyChannel.ELECTRONIC
    return case((electronic, code_of(VoteChannel.ELECTRONIC)), else_=code_of(VoteChannel.PAPER))


def at_hall() -> ColumnElement[str]:
    """Whoever votes at the hall does so for the member itself, or by a mandate."""
    mandate = VOTER_TICKET.kind == TicketKind.PROXY
    return case((mandate, code_of(VoteChannel.PROXY)), else_=code_of(VoteChannel.FLOOR))


def set_aside(hall: Hall) -> ColumnElement[bool]:
    """Whoever votes for the member had come, by the moment of the hall."""
    if hall.as_at is None:
        return StandingReply.set_aside_by_check_in_id.is_not(None)
    return exists().where(CheckIn.id == StandingReply.set_aside_by_check_in_id, CheckIn.entered_at <= hall.as_at)


def exercises(hall: Hall) -> ColumnElement[Any]:
    """`hall.exercises` of a seat: the channel, or NULL."""
    cases: list[tuple[Any, Any]] = [
        (VOTER.id.is_not(None), at_hall()),
        (set_aside(hall), null()),
        (Reply.attendance == Attendance.ELECTRONIC, sent()),
        (Reply.attendance == Attendance.CHAIR, code_of(VoteChannel.CHAIR)),
        (Reply.attendance == Attendance.PROXY, code_of(VoteChannel.PROXY)),
    ]
    if hall.settings.no_show is NoShow.COUNT:
        chosen = exists().where(Ballot.reply_id == StandingReply.reply_id)
        cases.append((and_(Reply.attendance == Attendance.ATTEND, chosen), sent()))
    if hall.gone:
        cases.insert(0, (SnapshotMember.member_id.in_(hall.gone), null()))
    return type_coerce(case(*cases, else_=null()), String)


def listening(hall: Hall, name: str = "listening") -> Any:
    """The members for which somebody is in the hall at all."""
    return (
        select(CheckIn.member_id, func.count().label("persons"))
        .where(inside(CheckIn, hall), CheckIn.member_id.is_not(None))
        .group_by(CheckIn.member_id)
        .subquery(name)
    )
