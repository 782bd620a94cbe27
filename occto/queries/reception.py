"""Reads at the door: the desk behind a request, and all that one scan asks about, in one statement each."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, exists, or_, select
from sqlalchemy.orm import Session, aliased

from occto.domain.assembly import CLOSED, AssemblyKind, AssemblyState
from occto.domain.codes import SanctionScope, SnapshotState
from occto.domain.reception import CheckInEnd, DeskProfile, Found, ScanOutcome
from occto.domain.replies import Attendance
from occto.domain.tickets import Read, TicketKind
from occto.models import (
    AdmissionTicket,
    Assembly,
    Ballot,
    CheckIn,
    Desk,
    Member,
    Reply,
    SanctionFact,
    Scan,
    Snapshot,
    SnapshotMember,
    StandingReply,
)
from occto.queries.plain import current_rows_of, fixed, rows_of, written
from occto.queries.void_votes import has_left

DESK_LASTS = timedelta(hours=18)
"""So long a pairing holds: the day of the assembly with its preparation, and no longer."""


@dataclass(frozen=True, slots=True)
class DeskSeen:
    """A paired desk, and the assembly that it stands at."""

    id: int
    name: str
    profile: DeskProfile
    contact: str
    assembly_id: int
    state: AssemblyState
    kind: AssemblyKind
    fiscal_year: int
    no: int
    rehearsal_of_id: int | None
    paired_at: datetime
    contact_at: datetime | None
    waiting: int | None
    practised_at: datetime | None


_DESK = (
    select(
        Desk.id,
        Desk.name,
        Desk.profile,
        Desk.contact,
        Desk.assembly_id,
        Assembly.state,
        Assembly.kind,
        Assembly.fiscal_year,
        Assembly.no,
        Assembly.rehearsal_of_id,
        Desk.paired_at,
        Desk.contact_at,
        Desk.waiting,
        Desk.practised_at,
    )
    .join(Assembly, Assembly.id == Desk.assembly_id)
    .where(Desk.key_hash == bindparam("key_hash"), Desk.ended_at.is_(None))
)


def desk_of_key(session: Session, key_hash: str, *, now: datetime) -> DeskSeen | None:
    """The desk with this key; None where it was taken away, its day is over or its assembly closed."""
    row = rows_of(session, _DESK, {"key_hash": key_hash}).one_or_none()
    if row is None or row.paired_at is None or row.state in CLOSED or now >= row.paired_at + DESK_LASTS:
        return None
    return DeskSeen(*tuple(row))


@dataclass(frozen=True, slots=True)
class TicketSeen:
    """A ticket as the door sees it. `votes`: what its member holds; `advance`: how the member has answered, None: not."""

    id: int
    assembly_id: int
    number: int
    kind: TicketKind
    voting: bool
    name: str
    title: str
    seat: str | None
    note: str | None
    member_id: int | None
    company: str | None
    votes: int
    advance: Attendance | None
    advance_choices: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """What a scan finds: the assembly, the ticket, how it is judged, and the answer that this scan had before.

    `outcome` and `check_in_id` are those of the scan with the same id; None where it is new. `scanned_here` is False where
    that scan was made at another assembly.
    """

    state: AssemblyState
    held_at: datetime
    ticket: TicketSeen | None
    found: Found | None
    outcome: ScanOutcome | None
    check_in_id: int | None
    scanned_ticket_id: int | None
    scanned_here: bool
    set_aside_by: int | None


_T, _A = AdmissionTicket, Assembly


def _asked(which: Any, *, locking: bool = True) -> Any:
    """The statement for tickets found by `which`; the assembly is there whatever is found."""
    stopped = exists().where(
        SanctionFact.member_id == _T.member_id,
        SanctionFact.scope == written(SanctionScope.VOTES),
        SanctionFact.voided_id.is_(None),
        SanctionFact.effective_on <= bindparam("today"),
        or_(SanctionFact.ended_on.is_(None), SanctionFact.ended_on > bindparam("today")),
    )
    found = (
        select(
            _A.state,
            _A.held_at,
            _T.id,
            _T.assembly_id,
            _T.number,
            _T.kind,
            _T.voting,
            _T.name,
            _T.title,
            _T.seat,
            _T.note,
            _T.member_id,
            _T.revoked_at,
            Member.current_name.label("company"),
            SnapshotMember.votes,
            SnapshotMember.sanctioned,
            has_left(_T.member_id, record_on=_A.record_on, day=bindparam("today")).label("left"),
            stopped.label("stopped"),
            Reply.attendance.label("advance"),
            exists().where(Ballot.reply_id == StandingReply.reply_id).label("advance_choices"),
            StandingReply.set_aside_by_check_in_id.label("set_aside_by"),
            Scan.outcome,
            Scan.check_in_id,
            Scan.ticket_id.label("scanned_ticket_id"),
            (Scan.assembly_id == _A.id).label("scanned_here"),
        )
        .select_from(_A)
        .join(_T, which, isouter=True)
        .join(Member, Member.id == _T.member_id, isouter=True)
        .join(
            Snapshot,
            and_(Snapshot.assembly_id == _A.id, Snapshot.state == written(SnapshotState.FROZEN)),
            isouter=True,
        )
        .join(
            SnapshotMember,
            and_(SnapshotMember.snapshot_id == Snapshot.id, SnapshotMember.member_id == _T.member_id),
            isouter=True,
        )
        .join(
            StandingReply,
            and_(StandingReply.assembly_id == _A.id, StandingReply.member_id == _T.member_id),
            isouter=True,
        )
        .join(Reply, Reply.id == StandingReply.reply_id, isouter=True)
        .join(Scan, Scan.scan_id == bindparam("scan"), isouter=True)
        .where(_A.id == bindparam("assembly"))
    )
    # nobody decides, closes or issues tickets until the scan is through
    return found.with_for_update(read=True, of=_A) if locking else found


_BY_TOKEN = fixed(lambda: _asked(_T.token_hash == bindparam("token_hash")))
_BY_NUMBER = fixed(lambda: _asked(and_(_T.assembly_id == bindparam("assembly"), _T.number == bindparam("number"))))
_BY_ROW = fixed(lambda: _asked(_T.id == bindparam("ticket")))
_SCANNED = select(Scan.ticket_id).where(Scan.scan_id == bindparam("scan")).scalar_subquery()
_BY_SCAN = fixed(lambda: _asked(_T.id == _SCANNED, locking=False))


def asked(
    session: Session, assembly_id: int, read: Read, *, ticket_id: int | None = None, scan_id: str, today: date
) -> Asked | None:
    """What a scan at this assembly finds, by token, number or row of a ticket. None where there is no such assembly.

    The lock of the assembly is shared: desks do not wait for each other, and whoever decides waits for them.
    """
    values: dict[str, Any] = {"assembly": assembly_id, "scan": scan_id, "today": today}
    if ticket_id is not None:
        statement, values = _BY_ROW, values | {"ticket": ticket_id}
    elif read.number is not None:
        statement, values = _BY_NUMBER, values | {"number": read.number}
    else:
        statement, values = _BY_TOKEN, values | {"token_hash": read.token_hash or ""}
    row = current_rows_of(session, statement, values).one_or_none()
    return _seen(row, assembly_id) if row is not None else None


def asked_before(session: Session, assembly_id: int, scan_id: str, *, today: date) -> Asked | None:
    """What a scan that was made found, read once more and without a lock. None where there is no such scan here."""
    values = {"assembly": assembly_id, "scan": scan_id, "today": today}
    row = rows_of(session, _BY_SCAN, values).one_or_none()
    return _seen(row, assembly_id) if row is not None and row.outcome is not None and row.scanned_here else None


def _seen(row: Any, assembly_id: int) -> Asked:
    ticket = found = None
    if row.id is not None:
        belongs = row.member_id is not None
        found = Found(
            here=row.assembly_id == assembly_id,
            revoked=row.revoked_at is not None,
            left=belongs and bool(row.left),
            suspended=belongs and bool(row.sanctioned) and row.stopped,
        )
        ticket = TicketSeen(
            id=row.id,
            assembly_id=row.assembly_id,
            number=row.number,
            kind=row.kind,
            voting=row.voting,
            name=row.name,
            title=row.title,
            seat=row.seat,
            note=row.note,
            member_id=row.member_id,
            company=row.company,
            votes=row.votes or 0,
            advance=row.advance,
            advance_choices=row.advance_choices,
        )
    return Asked(
        state=row.state,
        held_at=row.held_at,
        ticket=ticket,
        found=found,
        outcome=row.outcome,
        check_in_id=row.check_in_id,
        scanned_ticket_id=row.scanned_ticket_id,
        scanned_here=bool(row.scanned_here),
        set_aside_by=row.set_aside_by,
    )


@dataclass(frozen=True, slots=True)
class Entered:
    """A check-in as a desk tells of it: when, at which desk (None: by the supervisor), and of whom."""

    id: int
    entered_at: datetime
    desk: str | None
    name: str
    number: int
    ending: CheckInEnd | None


def _entered(session: Session, *which: Any) -> Entered | None:
    row = session.execute(
        select(CheckIn.id, CheckIn.entered_at, Desk.name.label("desk"), _T.name, _T.number, CheckIn.ending)
        .join(_T, _T.id == CheckIn.ticket_id)
        .join(Desk, Desk.id == CheckIn.desk_id, isouter=True)
        .where(*which)
        .order_by(CheckIn.id)
        .limit(1)
    ).one_or_none()
    return Entered(row.id, row.entered_at, row.desk, row.name, row.number, row.ending) if row is not None else None


def check_in_of(session: Session, check_in_id: int) -> Entered | None:
    """A check-in by its row number."""
    return _entered(session, CheckIn.id == check_in_id)


def present_with(session: Session, ticket_id: int) -> Entered | None:
    """The check-in that stands for this ticket; None where it is not in the hall."""
    return _entered(session, CheckIn.ticket_id == ticket_id, CheckIn.ended_at.is_(None))


def voter_present(session: Session, assembly_id: int, member_id: int) -> Entered | None:
    """Whoever votes for the member at the hall now; None where nobody does."""
    return _entered(
        session,
        CheckIn.assembly_id == assembly_id,
        CheckIn.member_id == member_id,
        CheckIn.voting,
        CheckIn.ended_at.is_(None),
    )


@dataclass(frozen=True, slots=True)
class Successor:
    """The ticket that is good in the place of a revoked one."""

    number: int
    name: str


def successor_of(session: Session, ticket_id: int) -> Successor | None:
    """The ticket that took the place of this one, over any number of steps; else None. Numbers only grow, so it ends."""
    chain = select(_T.id, _T.revoked_at, _T.number, _T.name).where(_T.replaces_id == ticket_id).cte(recursive=True)
    later = aliased(_T)
    chain = chain.union_all(
        select(later.id, later.revoked_at, later.number, later.name).join(chain, later.replaces_id == chain.c.id)
    )
    row = session.execute(
        select(chain.c.number, chain.c.name).where(chain.c.revoked_at.is_(None)).order_by(chain.c.id.desc()).limit(1)
    ).one_or_none()
    return Successor(*tuple(row)) if row is not None else None


def is_good(session: Session, ticket_id: int) -> bool:
    """Whether the ticket has not been revoked, as it stands now."""
    good = select(_T.id).where(_T.id == ticket_id, _T.revoked_at.is_(None))
    return session.scalar(good) is not None
