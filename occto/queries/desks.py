"""Reads of the desks and of the supervisor's screen: counts, who was last, the list to search, the roster, clashes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, exists, false, func, not_, or_, select
from sqlalchemy.orm import Session, aliased

from occto.domain.dates import today_jst
from occto.domain.reception import ScanOutcome, may_hold
from occto.domain.text import search_key
from occto.domain.tickets import TicketKind, read_code
from occto.models import AdmissionTicket, Assembly, AssemblyResult, CheckIn, Desk, Member, Scan, SnapshotMember, User
from occto.queries.plain import fixed, rows_of
from occto.queries.search import members_named
from occto.queries.snapshots import frozen_of

RECENT, FOUND, CLASHES, INSIDE = 8, 30, 50, 50
Rows = Sequence[Any]
"""Rows with the columns that the function names."""
_T = AdmissionTicket
_GOOD = _T.revoked_at.is_(None)


@dataclass(frozen=True, slots=True)
class Counts:
    """Persons in the hall now, those whom this desk has admitted, and those who have a ticket."""

    present: int
    here: int
    expected: int


def _counted(*which: Any) -> Any:
    return select(func.count()).select_from(CheckIn).where(CheckIn.assembly_id == bindparam("assembly"), *which)


_COUNTS = fixed(
    lambda: select(
        _counted(CheckIn.ended_at.is_(None)).scalar_subquery().label("present"),
        _counted(CheckIn.desk_id == bindparam("desk"), CheckIn.ended_at.is_(None)).scalar_subquery().label("here"),
        select(func.count())
        .select_from(_T)
        .where(_T.assembly_id == bindparam("assembly"), _GOOD)
        .scalar_subquery()
        .label("expected"),
    )
)


def counts(session: Session, assembly_id: int, desk_id: int) -> Counts:
    """The three figures beside the desk, in one statement."""
    row = rows_of(session, _COUNTS, {"assembly": assembly_id, "desk": desk_id}).one()
    return Counts(row.present, row.here, row.expected)


def recent(session: Session, assembly_id: int, *, desk_id: int | None = None, limit: int = RECENT) -> Rows:
    """The last scans, of one desk or of all: scan_id, at, outcome, name, number, company, desk, offline. The newest first."""
    query = _scans().where(Scan.assembly_id == assembly_id)
    if desk_id is not None:
        query = query.where(Scan.desk_id == desk_id)
    return session.execute(query.order_by(Scan.received_at.desc(), Scan.scan_id).limit(limit)).all()


def clashes(session: Session, assembly_id: int, *, desk_id: int | None = None) -> Rows:
    """Scans that a desk took while it was cut off, and that could not stand when they were merged. The newest first."""
    query = _scans().where(Scan.assembly_id == assembly_id, _clash())
    if desk_id is not None:
        query = query.where(Scan.desk_id == desk_id)
    return session.execute(query.order_by(Scan.received_at.desc(), Scan.scan_id).limit(CLASHES)).all()


def clashing(session: Session, scan_ids: Sequence[str]) -> frozenset[str]:
    """Those of these scans that are clashes."""
    query = select(Scan.scan_id).join(CheckIn, CheckIn.id == Scan.check_in_id, isouter=True)
    return frozenset(session.scalars(query.where(Scan.scan_id.in_(scan_ids), _clash())))


def _clash() -> ColumnElement[bool]:
    """受付済み is none where the desk had made or met the very check-in before: an answer was lost, or it told its person so.
    It is one where that person had left meanwhile: nobody knows which came first."""
    made = func.coalesce(CheckIn.desk_id == Scan.desk_id, false())
    before = aliased(Scan)
    met = exists().where(
        before.desk_id == Scan.desk_id, before.check_in_id == Scan.check_in_id, _when(before) < _when(Scan)
    )
    stood = or_(CheckIn.ended_at.is_(None), CheckIn.ended_at > Scan.received_at)
    return and_(
        Scan.offline,
        Scan.outcome != ScanOutcome.ADMITTED,
        not_(and_(Scan.outcome == ScanOutcome.ALREADY, stood, or_(made, met))),
    )


def _when(scan: Any) -> Any:
    return func.coalesce(scan.device_at, scan.received_at)


def been_inside(session: Session, ticket_id: int, at: datetime) -> int | None:
    """The check-in, ended since, by which the person was in the hall at that instant; None where there is none."""
    return session.scalar(
        select(func.max(CheckIn.id)).where(
            CheckIn.ticket_id == ticket_id, CheckIn.entered_at <= at, CheckIn.ended_at > at, ~_stands(ticket_id)
        )
    )


def _stands(ticket_id: int) -> ColumnElement[bool]:
    now = aliased(CheckIn)
    return exists().where(now.ticket_id == ticket_id, now.ended_at.is_(None))


def _scans() -> Any:
    return (
        select(
            Scan.scan_id,
            func.coalesce(Scan.device_at, Scan.received_at).label("device_at"),
            Scan.received_at,
            Scan.outcome,
            Scan.offline,
            Scan.desk_id,
            _T.name,
            _T.number,
            Member.current_name.label("company"),
            Desk.name.label("desk"),
            CheckIn.entered_at,
        )
        .join(_T, and_(_T.id == Scan.ticket_id, _T.assembly_id == Scan.assembly_id), isouter=True)
        .join(Member, Member.id == _T.member_id, isouter=True)
        .join(Desk, Desk.id == Scan.desk_id, isouter=True)
        .join(CheckIn, CheckIn.id == Scan.check_in_id, isouter=True)
    )


def _inside_now() -> ColumnElement[bool]:
    return exists().where(CheckIn.ticket_id == _T.id, CheckIn.ended_at.is_(None))


def _matching(session: Session, term: str) -> ColumnElement[bool]:
    """Tickets by what was typed: company, kana or code of the member, person, or number with or without its check digit."""
    key = search_key(term)
    bare = func.replace(func.replace(_T.name, " ", ""), "\u3000", "")
    found: list[ColumnElement[bool]] = [_T.member_id.in_(members_named(session, term))]
    person = "".join(term.split())
    if person:
        found.append(bare.contains(person, autoescape=True))
    read = read_code(term)
    if read.number is not None:
        found.append(_T.number == read.number)
    elif key.isascii() and key.isdigit() and len(key) <= 9:
        found.append(_T.number == int(key))
    return or_(*found)


def search(session: Session, assembly_id: int, term: str) -> Rows:
    """The good tickets of this assembly that match: id, number, name, title, seat, kind, voting, company, code, inside."""
    return session.execute(
        select(
            _T.id,
            _T.number,
            _T.name,
            _T.title,
            _T.seat,
            _T.kind,
            _T.voting,
            Member.current_name.label("company"),
            Member.operator_code.label("code"),
            _inside_now().label("inside"),
        )
        .join(Member, Member.id == _T.member_id, isouter=True)
        .where(_T.assembly_id == assembly_id, _GOOD, _matching(session, term))
        .order_by(Member.kana_key, _T.number)
        .limit(FOUND)
    ).all()


def roster(session: Session, assembly_id: int) -> Rows:
    """What a desk keeps for the time that it is cut off: token_hash, number, company, name, seat, voting of good tickets."""
    return session.execute(
        select(_T.token_hash, _T.number, Member.current_name.label("company"), _T.name, _T.seat, _T.voting)
        .join(Member, Member.id == _T.member_id, isouter=True)
        .where(_T.assembly_id == assembly_id, _GOOD)
        .order_by(_T.number)
    ).all()


@dataclass(frozen=True, slots=True)
class Hall:
    """Who is in the hall: persons, those who vote, and how many have a good ticket."""

    present: int
    voting: int
    expected: int


def hall(session: Session, assembly_id: int) -> Hall:
    """The figures of the supervisor's screen, in one statement."""
    here = (
        select(func.count()).select_from(CheckIn).where(CheckIn.assembly_id == assembly_id, CheckIn.ended_at.is_(None))
    )
    good = select(func.count()).select_from(_T).where(_T.assembly_id == assembly_id, _GOOD)
    row = session.execute(
        select(here.scalar_subquery(), here.where(CheckIn.voting).scalar_subquery(), good.scalar_subquery())
    ).one()
    return Hall(*tuple(row))


def _entries() -> Any:
    return (
        select(
            CheckIn.id,
            CheckIn.assembly_id,
            CheckIn.ticket_id,
            CheckIn.member_id,
            CheckIn.voting,
            CheckIn.entered_at,
            CheckIn.ended_at,
            _T.name,
            _T.title,
            _T.number,
            _T.seat,
            _T.kind,
            Member.current_name.label("company"),
            Desk.name.label("desk"),
        )
        .join(_T, _T.id == CheckIn.ticket_id)
        .join(Member, Member.id == CheckIn.member_id, isouter=True)
        .join(Desk, Desk.id == CheckIn.desk_id, isouter=True)
    )


def inside(session: Session, assembly_id: int, term: str = "") -> Rows:
    """Who is in the hall now, the newest first; those who match where something was typed."""
    query = _entries().where(CheckIn.assembly_id == assembly_id, CheckIn.ended_at.is_(None))
    if term:
        query = query.where(_matching(session, term))
    return session.execute(query.order_by(CheckIn.id.desc()).limit(INSIDE)).all()


def entry(session: Session, check_in_id: int) -> Any:
    """A check-in with its person; None where there is none."""
    return session.execute(_entries().where(CheckIn.id == check_in_id)).one_or_none()


def ticket(session: Session, ticket_id: int) -> Any:
    """A good ticket with its company, and whether its person is in the hall; None where there is none."""
    return session.execute(
        select(
            _T.id,
            _T.assembly_id,
            _T.number,
            _T.name,
            _T.title,
            _T.kind,
            _T.voting,
            _T.member_id,
            Member.current_name.label("company"),
            _inside_now().label("inside"),
        )
        .join(Member, Member.id == _T.member_id, isouter=True)
        .where(_T.id == ticket_id, _GOOD)
    ).one_or_none()


def substitutable(session: Session, assembly_id: int, member_id: int) -> Rows:
    """The good tickets of a member whose persons are not in the hall."""
    return session.execute(
        select(_T.id, _T.number, _T.name, _T.title, _T.voting)
        .where(_T.assembly_id == assembly_id, _T.member_id == member_id, _GOOD, ~_inside_now())
        .order_by(_T.number)
    ).all()


def seat_of(session: Session, assembly_id: int, member_id: int) -> int | None:
    """The votes of a member on the frozen roll; None where it is not on it."""
    frozen = frozen_of(session, assembly_id)
    if frozen is None:
        return None
    return session.scalar(
        select(SnapshotMember.votes).where(
            SnapshotMember.snapshot_id == frozen.id, SnapshotMember.member_id == member_id
        )
    )


_LAST = select(func.max(Scan.received_at)).where(Scan.desk_id == Desk.id).correlate(Desk).scalar_subquery()
"""When the last scan of a desk arrived."""
_FIXED = (
    select(func.min(AssemblyResult.fixed_at))
    .where(
        AssemblyResult.assembly_id == Desk.assembly_id,
        *(
            AssemblyResult.fixed_at >= func.coalesce(at, AssemblyResult.fixed_at)
            for at in (Desk.paired_at, Desk.contact_at, _LAST)
        ),
    )
    .correlate(Desk)
    .scalar_subquery()
)
"""The first 結果確定 after everything that was heard of a desk: its use was over by it, though it is no end of the desk."""


def desks_of(session: Session, assembly_id: int) -> Rows:
    """The desks of an assembly in the order in which they were made, with the last scan of each; ended ones at the end."""
    return session.execute(
        select(
            Desk.id,
            Desk.name,
            Desk.profile,
            Desk.contact,
            Desk.code_until,
            Desk.paired_at,
            Desk.ended_at,
            Desk.version,
            Desk.contact_at,
            Desk.waiting,
            Desk.practised_at,
            User.name.label("made_by"),
            _LAST.label("last_at"),
        )
        .join(User, User.id == Desk.made_by_id)
        .where(Desk.assembly_id == assembly_id)
        .order_by(Desk.ended_at.is_not(None), Desk.id)
    ).all()


def contacts(session: Session, assembly_id: int) -> list[str]:
    """受付責任者 and how to call, as entered for the desks that are there now: each once, that of the first desk first."""
    rows = session.scalars(
        select(Desk.contact).where(Desk.assembly_id == assembly_id, Desk.ended_at.is_(None)).order_by(Desk.id)
    )
    return list(dict.fromkeys(rows))


def heard_of(row: Any) -> datetime | None:
    """The last that was heard of a desk: its pairing, what its script said, a scan. None where it was never paired."""
    return max((at for at in (row.paired_at, row.contact_at, row.last_at) if at is not None), default=None)


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A desk in which arrivals may lie that the server does not know. `heard_at`: the last that was heard of it.

    `waiting`: how many arrivals it then had not sent.
    """

    id: int
    name: str
    heard_at: datetime
    waiting: int


def unsettled(session: Session, assembly_id: int, *, now: datetime) -> list[Unsettled]:
    """The desks of the assembly in which arrivals may still lie, in the order in which they were made.

    Whatever ended before the day of the assembly holds nobody who came on it. The silence that a 結果確定 brought about
    makes nobody suspicious when the result is corrected later.
    """
    rows = session.execute(
        select(
            Desk.id,
            Desk.name,
            Desk.paired_at,
            Desk.contact_at,
            Desk.waiting,
            Desk.ended_at,
            Assembly.held_at,
            _LAST.label("last_at"),
            _FIXED.label("fixed_at"),
        )
        .join(Assembly, Assembly.id == Desk.assembly_id)
        .where(Desk.assembly_id == assembly_id)
        .order_by(Desk.id)
    )
    found = []
    for row in rows:
        heard_at, waiting = heard_of(row), row.waiting or 0
        if heard_at is None or (row.ended_at is not None and today_jst(row.ended_at) < today_jst(row.held_at)):
            continue
        until = min((at for at in (row.ended_at, row.fixed_at) if at is not None), default=now)
        if may_hold(heard_at=heard_at, waiting=waiting, until=until):
            found.append(Unsettled(row.id, row.name, heard_at, waiting))
    return found


def open_assemblies(session: Session, states: Sequence[Any]) -> Sequence[Assembly]:
    """The assemblies in these states, the next one first."""
    return session.scalars(
        select(Assembly).where(Assembly.state.in_(states)).order_by(Assembly.held_at, Assembly.id)
    ).all()


def issued(session: Session, assembly_id: int) -> dict[TicketKind, int]:
    """How many good tickets there are of each kind."""
    rows = session.execute(
        select(_T.kind, func.count()).where(_T.assembly_id == assembly_id, _GOOD).group_by(_T.kind).order_by(_T.kind)
    )
    return {row[0]: row[1] for row in rows}
