"""Reads of mandates (利用規約 2.3): for the member that gives them, the person of a contractor named in them, and the trail."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from occto.domain.codes import MandateState, Procedure, UserState
from occto.domain.errors import NotFound
from occto.domain.mandates import MandateSide, MandateTerms, Nominee, in_order
from occto.models import (
    Affiliation,
    AuditEvent,
    Contractor,
    Mandate,
    MandateNominee,
    MandatePerson,
    MandateScope,
    Member,
    SessionRow,
    User,
)


@dataclass(frozen=True, slots=True)
class NamedPerson:
    """A person that may act under a mandate, or that a proposal names (no ID yet: `user_id` None)."""

    name: str
    email: str
    user_id: int | None = None
    state: UserState | None = None
    there: bool = True
    """Whether the person is with the contractor and not stopped there."""
    gone: bool = False
    """Whether the person is no longer with the contractor."""


@dataclass(slots=True)
class MandateLine:
    """One mandate with both sides, what it covers, who may act under it and when it was last used."""

    id: int
    member_id: int
    company: str
    operator_code: str
    contractor_id: int
    contractor: str
    corporate_number: str | None
    state: MandateState
    starts_on: date
    ends_on: date | None
    proposed_side: MandateSide | None
    proposed_by_id: int | None
    proposed_by: str | None
    proposed_by_email: str | None
    proposed_at: datetime | None
    received_on: date | None
    accepted_by: str | None
    accepted_at: datetime | None
    closed_side: MandateSide | None
    closed_at: datetime | None
    closed_by: str | None
    close_reason: str | None
    end_clause: str | None
    version: int
    used_at: datetime | None
    procedures: tuple[Procedure, ...] = ()
    persons: tuple[NamedPerson, ...] = field(default=())

    @property
    def last_on(self) -> date | None:
        """The last day; None where there is none."""
        return date.fromordinal(self.ends_on.toordinal() - 1) if self.ends_on else None

    def word(self, today: date) -> str:
        """The state as people read it: one in force that has not begun, or whose last day is over, says so."""
        if self.state is MandateState.ACTIVE and self.ends_on is not None and self.ends_on <= today:
            return "期間満了"
        if self.state is MandateState.ACTIVE and self.starts_on > today:
            return "開始前"
        return {"PROPOSED": "承認待ち", "ACTIVE": "有効", "ENDED": "終了", "DECLINED": self._declined}[self.state]

    @property
    def _declined(self) -> str:
        return "取下げ" if self.closed_side is MandateSide.CONTRACTOR else "見送り"

    @property
    def terms(self) -> MandateTerms:
        """What it covers, for a form that changes it."""
        persons = tuple(Nominee(one.name, one.email) for one in self.persons if not one.gone)
        return MandateTerms(self.procedures, self.starts_on, self.ends_on, persons)


def last_used() -> Any:
    """When somebody last acted under, or was in, the mandate: out of the trail and of the sessions."""
    acted = select(func.max(AuditEvent.at)).where(AuditEvent.mandate_id == Mandate.id).correlate(Mandate)
    seen = select(func.max(SessionRow.seen_at)).where(SessionRow.mandate_id == Mandate.id).correlate(Mandate)
    first, second = acted.scalar_subquery(), seen.scalar_subquery()
    return case((or_(second.is_(None), first > second), first), else_=second)


_PROPOSER, _ACCEPTER, _CLOSER = aliased(User), aliased(User), aliased(User)


def _lines() -> Select[Any]:
    return (
        select(
            Mandate,
            Member.current_name,
            Member.operator_code,
            Contractor.name,
            Contractor.corporate_number,
            _PROPOSER.name.label("proposed_by"),
            _PROPOSER.email.label("proposed_by_email"),
            _ACCEPTER.name.label("accepted_by"),
            _CLOSER.name.label("closed_by"),
            last_used().label("used_at"),
        )
        .join(Member, Member.id == Mandate.member_id)
        .join(Contractor, Contractor.id == Mandate.contractor_id)
        .outerjoin(_PROPOSER, _PROPOSER.id == Mandate.proposed_by_id)
        .outerjoin(_ACCEPTER, _ACCEPTER.id == Mandate.accepted_by_id)
        .outerjoin(_CLOSER, _CLOSER.id == Mandate.ended_by_id)
        .order_by(
            case((Mandate.state == MandateState.PROPOSED, 0), (Mandate.state == MandateState.ACTIVE, 1), else_=2),
            Mandate.id.desc(),
        )
    )


def _line(row: Any) -> MandateLine:
    held: Mandate = row.Mandate
    return MandateLine(
        id=held.id,
        member_id=held.member_id,
        company=row.current_name,
        operator_code=row.operator_code,
        contractor_id=held.contractor_id,
        contractor=row.name,
        corporate_number=row.corporate_number,
        state=held.state,
        starts_on=held.starts_on,
        ends_on=held.ends_on,
        proposed_side=held.proposed_side,
        proposed_by_id=held.proposed_by_id,
        proposed_by=row.proposed_by,
        proposed_by_email=row.proposed_by_email,
        proposed_at=held.proposed_at,
        received_on=held.received_on,
        accepted_by=row.accepted_by,
        accepted_at=held.accepted_at,
        closed_side=held.closed_side,
        closed_at=held.ended_at or held.declined_at,
        closed_by=row.closed_by,
        close_reason=held.close_reason,
        end_clause=held.end_clause,
        version=held.version,
        used_at=row.used_at,
    )


def _filled(session: Session, query: Select[Any]) -> list[MandateLine]:
    """The lines with procedures and persons: four statements, however many there are."""
    lines = [_line(row) for row in session.execute(query)]
    numbers = [line.id for line in lines]
    if not numbers:
        return lines
    procedures, persons = defaultdict(list), defaultdict(list)
    for mandate_id, procedure in session.execute(
        select(MandateScope.mandate_id, MandateScope.procedure).where(MandateScope.mandate_id.in_(numbers))
    ):
        procedures[mandate_id].append(procedure)
    for mandate_id, person in _persons(session, numbers):
        persons[mandate_id].append(person)
    proposed = [line.id for line in lines if line.state in {MandateState.PROPOSED, MandateState.DECLINED}]
    for one in session.scalars(
        select(MandateNominee).where(MandateNominee.mandate_id.in_(proposed)).order_by(MandateNominee.id)
    ):
        persons[one.mandate_id].append(NamedPerson(one.name, one.email))
    for line in lines:
        line.procedures, line.persons = in_order(procedures[line.id]), tuple(persons[line.id])
    return lines


def _persons(session: Session, numbers: Collection[int]) -> Iterable[tuple[int, NamedPerson]]:
    live = and_(
        Affiliation.user_id == MandatePerson.user_id,
        Affiliation.contractor_id == Mandate.contractor_id,
        Affiliation.ended_at.is_(None),
    )
    rows = session.execute(
        select(
            MandatePerson.mandate_id,
            User.id,
            User.name,
            User.email,
            User.state,
            Affiliation.id.is_(None).label("gone"),
            Affiliation.stopped_at.is_not(None).label("stopped"),
        )
        .join(User, User.id == MandatePerson.user_id)
        .join(Mandate, Mandate.id == MandatePerson.mandate_id)
        .outerjoin(Affiliation, live)
        .where(MandatePerson.mandate_id.in_(numbers))
        .order_by(User.id)
    )
    for row in rows:
        yield (
            row.mandate_id,
            NamedPerson(row.name, row.email, row.id, row.state, there=not row.gone and not row.stopped, gone=row.gone),
        )


def of_member(session: Session, member_id: int) -> list[MandateLine]:
    """Every mandate of the member: proposals first, then those in force, then what is over, newest first."""
    return _filled(session, _lines().where(Mandate.member_id == member_id))


def one_of_member(session: Session, mandate_id: int, *, member_id: int | None) -> MandateLine:
    """The member's own mandate; NotFound for any other."""
    own = Mandate.member_id == (member_id or 0)
    return _one(session, _lines().where(Mandate.id == _in_range(mandate_id), own))


def _mine(user_id: int) -> Any:
    """Mandates of contractors that the person is with, which name the person, or which it proposed itself.

    Nobody sees what else its contractor serves: a member names persons by address alone.
    """
    there = exists().where(
        Affiliation.user_id == user_id,
        Affiliation.contractor_id == Mandate.contractor_id,
        Affiliation.ended_at.is_(None),
        Affiliation.stopped_at.is_(None),
    )
    named = exists().where(MandatePerson.mandate_id == Mandate.id, MandatePerson.user_id == user_id)
    return there & or_(named, Mandate.proposed_by_id == user_id)


def of_person(session: Session, user_id: int) -> list[MandateLine]:
    """The mandates that concern the person of a contractor: those that name it and its own proposals."""
    return _filled(session, _lines().where(_mine(user_id)))


def one_of_person(session: Session, mandate_id: int, *, user_id: int | None) -> MandateLine:
    """One of `of_person`; NotFound for any other."""
    return _one(session, _lines().where(Mandate.id == _in_range(mandate_id), _mine(user_id or 0)))


def one_for_staff(session: Session, mandate_id: int) -> MandateLine:
    """Any mandate, for staff."""
    return _one(session, _lines().where(Mandate.id == _in_range(mandate_id)))


def of_contractor(session: Session, contractor_id: int) -> list[MandateLine]:
    """Every mandate of a contractor, for staff."""
    return _filled(session, _lines().where(Mandate.contractor_id == contractor_id))


def _one(session: Session, query: Select[Any]) -> MandateLine:
    found = _filled(session, query)
    if not found:
        raise NotFound
    return found[0]


def _in_range(number: int) -> int:
    return number if 0 < number < 2**63 else 0


@dataclass(frozen=True, slots=True)
class OwnContractor:
    """A contractor that a person is with."""

    id: int
    name: str


def contractors_of(session: Session, user_id: int) -> list[OwnContractor]:
    """The contractors that the person is with, by name."""
    rows = session.execute(
        select(Contractor.id, Contractor.name)
        .join(Affiliation, Affiliation.contractor_id == Contractor.id)
        .where(Affiliation.user_id == user_id, Affiliation.ended_at.is_(None), Affiliation.stopped_at.is_(None))
        .order_by(Contractor.name, Contractor.id)
    )
    return [OwnContractor(row.id, row.name) for row in rows]


Stamps = dict[tuple[int | None, datetime], str]


def stamps(session: Session, *subjects: str) -> Stamps:
    """Which acts on these subjects were done under a mandate: person and instant → contractor (利用規約 2.3.2).

    The trail alone keeps the mandate of an act; every verb writes its rows and its event with the same instant.
    """
    rows = session.execute(
        select(AuditEvent.actor_id, AuditEvent.at, Contractor.name)
        .join(Mandate, Mandate.id == AuditEvent.mandate_id)
        .join(Contractor, Contractor.id == Mandate.contractor_id)
        .where(AuditEvent.subject.in_(subjects), AuditEvent.mandate_id.is_not(None))
    )
    return {(row.actor_id, row.at): row.name for row in rows}


def by_contractor(name: str, contractor: str | None) -> str:
    """A person as the trail names it: 受託者 ○○社 △△様 where it acted under a mandate."""
    return f"受託者 {contractor} {name}様" if contractor else name


def contractor_at(subject: Any, actor_id: Any, at: Any) -> Any:
    """The contractor for which the person in the column `actor_id` acted on `subject` at the instant in `at`; NULL for none.

    A column for statements that show who did something: as `stamps`, without a statement of its own.
    """
    return (
        select(Contractor.name)
        .join(Mandate, Mandate.contractor_id == Contractor.id)
        .join(AuditEvent, AuditEvent.mandate_id == Mandate.id)
        .where(AuditEvent.subject == subject, AuditEvent.actor_id == actor_id, AuditEvent.at == at)
        .limit(1)
        .correlate_except(Contractor, Mandate, AuditEvent)
        .scalar_subquery()
    )


def contractor_of(mandate_id: Any) -> Any:
    """The contractor of the mandate in the column `mandate_id`; NULL for none."""
    return (
        select(Contractor.name)
        .join(Mandate, Mandate.contractor_id == Contractor.id)
        .where(Mandate.id == mandate_id)
        .correlate_except(Contractor, Mandate)
        .scalar_subquery()
    )
