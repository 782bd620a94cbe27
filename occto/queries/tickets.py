"""Reads of 受付票: which members' tickets no longer follow their reply, and who is to have one."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import exists, func, or_, select, union
from sqlalchemy.orm import Session

from occto.domain.assembly import AssemblyState
from occto.domain.replies import Attendance, ProxyKind
from occto.domain.tickets import FIRST_NUMBER, Revocation, TicketKind
from occto.models import AdmissionTicket, Assembly, Attendee, CheckIn, Reply, StandingReply

ISSUING = frozenset(
    {
        AssemblyState.REPLIES_OPEN,
        AssemblyState.REPLIES_CLOSED,
        AssemblyState.HALL_OPEN,
        AssemblyState.VOTING,
    }
)
"""While replies are taken, and at the hall."""
_COMES = or_(Reply.attendance == Attendance.ATTEND, Reply.proxy_kind == ProxyKind.PERSON)
_LIVE = AdmissionTicket.revoked_at.is_(None)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A person who is to have a ticket by the standing reply of a member."""

    member_id: int
    reply_id: int
    attendee_id: int | None
    kind: TicketKind
    name: str
    title: str
    email: str | None
    voting: bool


def issuing(session: Session) -> Sequence[int]:
    """The assemblies for which tickets are issued now, by row number."""
    return session.scalars(select(Assembly.id).where(Assembly.state.in_(ISSUING)).order_by(Assembly.id)).all()


def outdated(session: Session, assembly_id: int, *, limit: int) -> list[int]:
    """Members whose tickets do not follow their standing reply, by row number; not those who are in the hall already."""
    by_hand = AdmissionTicket.revoked_for.in_((Revocation.WITHDRAWN, Revocation.SUBSTITUTED))  # until it replies anew
    of_reply = exists().where(AdmissionTicket.reply_id == Reply.id, or_(_LIVE, by_hand))
    missing = (
        select(StandingReply.member_id)
        .join(Reply, Reply.id == StandingReply.reply_id)
        .where(StandingReply.assembly_id == assembly_id, _COMES, ~of_reply)
    )
    stale = (
        select(AdmissionTicket.member_id)
        .join(
            StandingReply,
            (StandingReply.assembly_id == AdmissionTicket.assembly_id)
            & (StandingReply.member_id == AdmissionTicket.member_id),
        )
        .where(
            AdmissionTicket.assembly_id == assembly_id,
            _LIVE,
            AdmissionTicket.reply_id.is_not(None),
            AdmissionTicket.reply_id != StandingReply.reply_id,
        )
    )
    found = union(missing, stale).subquery()
    member = found.c[0]
    inside = exists().where(CheckIn.assembly_id == assembly_id, CheckIn.member_id == member, CheckIn.ended_at.is_(None))
    return list(session.scalars(select(member).where(~inside).order_by(member).limit(limit)))


def wanted(session: Session, assembly_id: int, member_ids: Collection[int]) -> dict[int, list[Wanted]]:
    """Who is to have a ticket by the standing replies of these members, in the order of the replies."""
    found: dict[int, list[Wanted]] = defaultdict(list)
    rows = session.execute(
        select(
            StandingReply.member_id,
            Reply.id.label("reply_id"),
            Reply.proxy_kind,
            Reply.proxy_name,
            Attendee.id.label("attendee_id"),
            Attendee.name,
            Attendee.title,
            Attendee.email,
            Attendee.voting,
        )
        .join(Reply, Reply.id == StandingReply.reply_id)
        .join(Attendee, Attendee.reply_id == Reply.id, isouter=True)
        .where(StandingReply.assembly_id == assembly_id, StandingReply.member_id.in_(member_ids), _COMES)
        .order_by(StandingReply.member_id, Attendee.no)
    )
    for row in rows:
        if row.proxy_kind is ProxyKind.PERSON:
            person = (TicketKind.PROXY, row.proxy_name or "", "代理人", None, True)
        elif row.attendee_id is not None:
            person = (TicketKind.ATTENDEE, row.name, row.title, row.email, row.voting)
        else:
            continue
        found[row.member_id].append(Wanted(row.member_id, row.reply_id, row.attendee_id, *person))
    return found


def tickets_of_replies(
    session: Session, assembly_id: int, member_ids: Collection[int]
) -> dict[int, list[AdmissionTicket]]:
    """The good tickets of these members that follow from replies, locked, in the order in which they were issued."""
    found: dict[int, list[AdmissionTicket]] = defaultdict(list)
    for ticket in session.scalars(
        select(AdmissionTicket)
        .where(
            AdmissionTicket.assembly_id == assembly_id,
            AdmissionTicket.member_id.in_(member_ids),
            AdmissionTicket.reply_id.is_not(None),
            _LIVE,
        )
        .order_by(AdmissionTicket.id)
        .with_for_update()
    ):
        assert ticket.member_id is not None
        found[ticket.member_id].append(ticket)
    return found


def next_number(session: Session, assembly_id: int) -> int:
    """The number of the next ticket; for whoever holds the lock of the assembly."""
    last = session.scalar(select(func.max(AdmissionTicket.number)).where(AdmissionTicket.assembly_id == assembly_id))
    return max(FIRST_NUMBER, (last or 0) + 1)
