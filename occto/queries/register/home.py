"""What the member's home shows, in three statements."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, exists, func, or_, select, true
from sqlalchemy.orm import Session

from occto.domain.assembly import AssemblyKind, AssemblyState
from occto.domain.changes import UNDECIDED, ChangeState
from occto.domain.codes import ChangeSource, Channel, MemberState, SnapshotState
from occto.domain.errors import NotFound
from occto.domain.replies import Attendance
from occto.models import (
    Assembly,
    ChangeItem,
    ChangeRequest,
    ChangeRevision,
    Confirmation,
    Member,
    RegisterChange,
    Reply,
    RosterFact,
    Snapshot,
    SnapshotMember,
    StandingReply,
)
from occto.queries.plain import one_of, rows_of, written
from occto.queries.register.facts import LicenceOnRecord, licences_as_of, profile_as_of, roster_statement

REMIND_OF_FILING = timedelta(days=60)
"""How long the home page reminds of the 加入の届出 to METI, «without delay» (電気事業法 28条の11 4項)."""


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """A change request under way, or approved with `from_on`, the first day on which something of it takes effect."""

    id: int
    number: str | None
    title: str
    state: ChangeState
    held: bool
    from_on: date | None


@dataclass(frozen=True, slots=True)
class OpenAssembly:
    """The assembly whose deadline comes first among those that take replies. `replied`: the member's reply stands."""

    id: int
    kind: AssemblyKind
    fiscal_year: int
    no: int
    held_at: datetime
    reply_until: datetime
    replied: bool
    rehearsal_of_id: None = None  # members see none


@dataclass(frozen=True, slots=True)
class HomeRecord:
    """What the member's home shows."""

    name: str
    operator_code: str
    state: MemberState
    member_on: date | None
    roster_no: int | None
    licences: list[LicenceOnRecord]
    profile: dict[str, Any]
    remind_of_filing: bool
    requests: list[OpenRequest]
    confirmed_at: datetime | None
    assembly: OpenAssembly | None


def _next_assembly() -> Any:
    """The assembly that takes replies and whose deadline comes first, of those the member is on the frozen roll of."""
    member: Any = bindparam("member")
    on_roll = exists().where(
        Snapshot.assembly_id == Assembly.id,
        Snapshot.state == written(SnapshotState.FROZEN),
        SnapshotMember.snapshot_id == Snapshot.id,
        SnapshotMember.member_id == member,
    )
    replied = exists().where(
        StandingReply.assembly_id == Assembly.id,
        StandingReply.member_id == member,
        Reply.id == StandingReply.reply_id,
        Reply.attendance != Attendance.WITHDRAWN,
    )
    return (
        select(
            Assembly.id.label("assembly_id"),
            Assembly.kind,
            Assembly.fiscal_year,
            Assembly.no,
            Assembly.held_at.label("assembly_at"),
            Assembly.reply_until,
            replied.correlate(Assembly).label("replied"),
        )
        .where(
            Assembly.state == AssemblyState.REPLIES_OPEN,
            Assembly.reply_until > bindparam("now"),
            on_roll.correlate(Assembly),
        )
        .order_by(Assembly.reply_until, Assembly.id)
        .limit(1)
        .subquery()
    )


def _statement() -> Any:
    """The member, repeated for each of its requests under way."""
    today: Any = bindparam("today")
    roster = (
        roster_statement(known=False, member=Member.id, day=today, or_next=True).correlate(Member).scalar_subquery()
    )
    joined_here = (
        exists()
        .where(
            RosterFact.member_id == Member.id,
            RegisterChange.id == RosterFact.entered_id,
            RegisterChange.source_kind == ChangeSource.APPLICATION,
        )
        .correlate(Member)
    )
    confirmed = (
        select(Confirmation.at)
        .where(Confirmation.member_id == Member.id)
        .order_by(Confirmation.id.desc())
        .limit(1)
        .correlate(Member)
        .scalar_subquery()
    )
    from_on = (
        select(func.min(ChangeItem.effective_on))
        .join(ChangeRevision, ChangeRevision.id == ChangeItem.revision_id)
        .where(
            ChangeRevision.request_id == ChangeRequest.id,
            ChangeItem.change_id.is_not(None),
            ChangeItem.effective_on > today,
        )
        .correlate(ChangeRequest)
        .scalar_subquery()
    )
    draft = and_(ChangeRequest.state == ChangeState.DRAFT, ChangeRequest.channel == Channel.ONLINE)
    to_come = and_(ChangeRequest.state == ChangeState.APPROVED, from_on.is_not(None))
    assembly = _next_assembly()
    under_way = or_(one_of(ChangeRequest.state, UNDECIDED), draft, to_come)
    return (
        select(
            Member.current_name,
            Member.operator_code,
            Member.current_state,
            Member.current_member_on,
            roster.label("roster_no"),
            joined_here.label("joined_here"),
            confirmed.label("confirmed_at"),
            ChangeRequest.id,
            ChangeRequest.number,
            ChangeRequest.title,
            ChangeRequest.state,
            ChangeRequest.held_at,
            from_on.label("from_on"),
            *assembly.c,
        )
        .select_from(Member)
        .outerjoin(assembly, true())
        .outerjoin(
            ChangeRequest,
            (ChangeRequest.member_id == Member.id) & (ChangeRequest.channel != Channel.STAFF) & under_way,
        )
        .where(Member.id == bindparam("member"))
        .order_by(ChangeRequest.id.desc())
    )


_HOME = _statement()


def home_record(session: Session, member_id: int, *, today: date, now: datetime) -> HomeRecord:
    """What is on record of one member today, and what it is asked now; NotFound where there is no such member."""
    rows = rows_of(session, _HOME, {"member": member_id, "today": today, "now": now}).all()
    if not rows:
        raise NotFound
    head = rows[0]
    began = head.current_member_on
    return HomeRecord(
        name=head.current_name,
        operator_code=head.operator_code,
        state=head.current_state,
        member_on=began,
        roster_no=head.roster_no,
        licences=licences_as_of(session, member_id, today),
        profile=profile_as_of(session, member_id, max(today, began or today)),
        remind_of_filing=bool(head.joined_here) and began is not None and today <= began + REMIND_OF_FILING,
        requests=[
            OpenRequest(row.id, row.number, row.title, row.state, row.held_at is not None, row.from_on)
            for row in rows
            if row.id is not None
        ],
        confirmed_at=head.confirmed_at,
        assembly=OpenAssembly(
            head.assembly_id,
            head.kind,
            head.fiscal_year,
            head.no,
            head.assembly_at,
            head.reply_until,
            replied=bool(head.replied),
        )
        if head.assembly_id is not None
        else None,
    )
