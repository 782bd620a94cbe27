"""受付票 as people see them: one, those of a member in an assembly, all of an assembly for the sheets."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, or_, select
from sqlalchemy.orm import Session

from occto.domain.codes import SnapshotState
from occto.domain.tickets import Revocation, TicketKind, shown_number
from occto.models import AdmissionTicket, CheckIn, Member, OutboxMail, Snapshot, SnapshotMember
from occto.queries.plain import fixed, rows_of

_T = AdmissionTicket


@dataclass(frozen=True, slots=True)
class ShownTicket:
    """A ticket with what is printed on it. `company` None: the person belongs to no member."""

    id: int
    assembly_id: int
    member_id: int | None
    kind: TicketKind
    number: int
    issue_no: int
    link_hash: str
    name: str
    title: str
    email: str | None
    voting: bool
    seat: str | None
    note: str | None
    issued_at: datetime
    revoked_at: datetime | None
    revoked_for: Revocation | None
    replaces_id: int | None
    company: str | None

    @property
    def shown(self) -> str:
        """The number with its check digit: 2041-7."""
        return shown_number(self.number)

    @property
    def good(self) -> bool:
        """Whether it has not been revoked; whether the day is over is another question."""
        return self.revoked_at is None


def _tickets() -> Select[Any]:
    columns = (_T.__table__.c[name] for name in ShownTicket.__dataclass_fields__ if name != "company")
    return (
        select(*columns, Member.current_name.label("company"))
        .select_from(_T)
        .join(Member, Member.id == _T.member_id, isouter=True)
    )


_ONE = fixed(lambda: _tickets().where(_T.assembly_id == bindparam("assembly"), _T.number == bindparam("number")))
_OF_MEMBER = fixed(
    lambda: (
        _tickets()
        .where(_T.assembly_id == bindparam("assembly"), _T.member_id == bindparam("member"), _T.revoked_at.is_(None))
        .order_by(_T.number)
    )
)


def ticket(session: Session, assembly_id: int, number: int) -> ShownTicket | None:
    """The ticket of this number, whoever it belongs to; None where the assembly has none."""
    row = rows_of(session, _ONE, {"assembly": assembly_id, "number": number}).one_or_none()
    return ShownTicket(*tuple(row)) if row is not None else None


def good_tickets_of(session: Session, assembly_id: int, member_id: int) -> list[ShownTicket]:
    """The good tickets of a member in an assembly, by their number."""
    rows = rows_of(session, _OF_MEMBER, {"assembly": assembly_id, "member": member_id})
    return [ShownTicket(*tuple(row)) for row in rows]


def ticket_of_row(session: Session, ticket_id: int) -> ShownTicket | None:
    """The ticket of this row number."""
    row = session.execute(_tickets().where(_T.id == ticket_id)).one_or_none()
    return ShownTicket(*tuple(row)) if row is not None else None


def tickets_by_kana(session: Session, assembly_id: int) -> list[ShownTicket]:
    """The good tickets of an assembly as they are handed out: members by フリガナ, then who belongs to none."""
    return _good(session, assembly_id, _T.member_id.is_(None), Member.kana_key, _T.member_id)


def tickets_by_roster(session: Session, assembly_id: int) -> list[ShownTicket]:
    """The good tickets of an assembly as people sit: members in the order of the frozen roll, then who belongs to none."""
    place = (
        select(SnapshotMember.roster_no)
        .join(Snapshot, Snapshot.id == SnapshotMember.snapshot_id)
        .where(
            Snapshot.assembly_id == assembly_id,
            Snapshot.state == SnapshotState.FROZEN,
            SnapshotMember.member_id == _T.member_id,
        )
        .correlate(_T)
        .scalar_subquery()
    )
    return _good(session, assembly_id, _T.member_id.is_(None), place.is_(None), place, _T.member_id)


def _good(session: Session, assembly_id: int, *order: Any) -> list[ShownTicket]:
    query = _tickets().where(_T.assembly_id == assembly_id, _T.revoked_at.is_(None))
    return [ShownTicket(*tuple(row)) for row in session.execute(query.order_by(*order, _T.number))]


def mails_of(session: Session, ticket_id: int) -> list[OutboxMail]:
    """The mails with paper and link that were queued for a ticket, the newest first."""
    key = f"ticket:{ticket_id}"
    which = or_(OutboxMail.dedupe_key == key, OutboxMail.dedupe_key.startswith(f"{key}:"))
    return list(session.scalars(select(OutboxMail).where(which).order_by(OutboxMail.id.desc())))


def has_come() -> ColumnElement[bool]:
    """Whether somebody is in the hall with the ticket of the row."""
    return exists().where(and_(CheckIn.ticket_id == _T.id, CheckIn.ended_at.is_(None))).correlate(_T)


def any_good(session: Session, assembly_id: int) -> bool:
    """Whether any ticket of the assembly is good."""
    good = select(AdmissionTicket.id).where(
        AdmissionTicket.assembly_id == assembly_id, AdmissionTicket.revoked_at.is_(None)
    )
    return session.scalar(good.limit(1)) is not None
