"""Reads of one member for staff, apart by tab: register as of a day, requests, agreements, mails, events."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, bindparam, or_, select, union
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from occto.domain.codes import UserState
from occto.domain.permissions import Role
from occto.models import (
    Affiliation,
    Application,
    AuditEvent,
    Body,
    ChangeRequest,
    Consent,
    ContractOfUse,
    ControlFact,
    DeclarationRow,
    Member,
    OutboxMail,
    RosterFact,
    TermsVersion,
    User,
)
from occto.queries.mandates import by_contractor, contractor_of
from occto.queries.plain import rows_of
from occto.queries.register import LicenceOnRecord, licences_as_of, profile_as_of

NEWEST = 50


@dataclass(frozen=True, slots=True)
class RelationOnRecord:
    """A control relation as of a day or to come; `is_parent`: the other company is the parent."""

    is_parent: bool
    name: str
    corporate_number: str | None
    controlling: bool
    ratio_bp: int | None
    effective_on: date


@dataclass(frozen=True, slots=True)
class PersonOnRecord:
    """A person with an ID who is or was with the member."""

    user_id: int
    name: str
    state: UserState
    last_signed_in_at: datetime | None
    role: Role
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class MemberFile:
    """The register of a member as staff see it. Profile values by item key, as of the day asked for."""

    corporate_number: str | None
    roster_no: int | None
    profile: dict[str, Any]
    licences: list[LicenceOnRecord]
    relations: list[RelationOnRecord]
    people: list[PersonOnRecord]


_HEAD = (
    select(Body.corporate_number, RosterFact.roster_no)
    .outerjoin(
        RosterFact,
        (RosterFact.member_id == bindparam("member")) & RosterFact.voided_id.is_(None) & RosterFact.ended_on.is_(None),
    )
    .where(Body.id == bindparam("body"))
)
_PEOPLE: Any = (
    select(User.id, User.name, User.state, User.last_signed_in_at, Affiliation.role, Affiliation.ended_at)
    .join(Affiliation, Affiliation.user_id == User.id)
    .where(Affiliation.member_id == bindparam("member"))
    .order_by(Affiliation.ended_at.is_not(None), Affiliation.id)
)


def _relations_statement() -> Select[Any]:
    parent, child = aliased(Body), aliased(Body)
    body: Any = bindparam("body")
    return (
        select(
            (ControlFact.child_body_id == body).label("is_parent"),
            ControlFact.parent_name,
            ControlFact.controlling,
            ControlFact.ratio_bp,
            ControlFact.effective_on,
            parent.name.label("above"),
            parent.corporate_number.label("number_above"),
            child.name.label("below"),
            child.corporate_number.label("number_below"),
        )
        .outerjoin(parent, parent.id == ControlFact.parent_body_id)
        .join(child, child.id == ControlFact.child_body_id)
        .where(
            or_(ControlFact.child_body_id == body, ControlFact.parent_body_id == body),
            ControlFact.voided_id.is_(None),
            or_(ControlFact.ended_on.is_(None), ControlFact.ended_on > bindparam("day")),
        )
        .order_by(ControlFact.effective_on, ControlFact.id)
    )


_RELATIONS = _relations_statement()


def member_file(session: Session, member: Member, *, today: date) -> MemberFile:
    """The file of `member` as of `today`, facts to come included."""
    head = rows_of(session, _HEAD, {"member": member.id, "body": member.body_id}).one()
    people: Sequence[Any] = rows_of(session, _PEOPLE, {"member": member.id}).all()
    return MemberFile(
        corporate_number=head.corporate_number,
        roster_no=head.roster_no,
        profile=profile_as_of(session, member.id, max(today, member.current_member_on or today)),
        licences=licences_as_of(session, member.id, today),
        relations=_relations(session, member.body_id, today=today),
        people=[PersonOnRecord(*row) for row in people],
    )


def requests_of(session: Session, member_id: int) -> tuple[list[ChangeRequest], list[Application]]:
    """The newest change requests of a member, and the applications that it joined by."""
    changes = select(ChangeRequest).where(ChangeRequest.member_id == member_id)
    cases = select(Application).where(Application.member_id == member_id)
    return (
        list(session.scalars(changes.order_by(ChangeRequest.id.desc()).limit(NEWEST))),
        list(session.scalars(cases.order_by(Application.id.desc()))),
    )


@dataclass(frozen=True, slots=True)
class Agreements:
    """What a member agreed to: (consent, version, who), (contract of use, version), (declaration, version), newest first."""

    consents: list[tuple[Consent, int, str]]
    contracts: list[tuple[ContractOfUse, int]]
    declarations: list[tuple[DeclarationRow, int]]


def agreements_of(session: Session, member_id: int) -> Agreements:
    """Consents given by the member's people or in its application, contracts of use and declarations."""
    applications = select(Application.id).where(Application.member_id == member_id)
    people = select(Affiliation.user_id).where(Affiliation.member_id == member_id)
    consents = session.execute(
        select(Consent, TermsVersion.no, User.name)
        .join(TermsVersion, TermsVersion.id == Consent.terms_version_id)
        .outerjoin(User, User.id == Consent.user_id)
        .where(
            or_(
                Consent.member_id == member_id,
                Consent.application_id.in_(applications),
                (Consent.member_id.is_(None) & Consent.user_id.in_(people)),
            )
        )
        .order_by(Consent.id.desc())
    )
    contracts = session.execute(
        select(ContractOfUse, TermsVersion.no)
        .join(TermsVersion, TermsVersion.id == ContractOfUse.terms_version_id)
        .where(ContractOfUse.member_id == member_id)
        .order_by(ContractOfUse.id.desc())
    )
    declarations = session.execute(
        select(DeclarationRow, TermsVersion.no)
        .join(TermsVersion, TermsVersion.id == DeclarationRow.terms_version_id)
        .where(or_(DeclarationRow.member_id == member_id, DeclarationRow.application_id.in_(applications)))
        .order_by(DeclarationRow.id.desc())
    )
    return Agreements(
        consents=[(row[0], row[1], row[2] or "") for row in consents],
        contracts=[(row[0], row[1]) for row in contracts],
        declarations=[(row[0], row[1]) for row in declarations],
    )


def mails_of(session: Session, member_id: int) -> list[OutboxMail]:
    """The newest mails to a member, those of its joining among them."""
    cases = select(Application.id).where(Application.member_id == member_id)
    ids = _newest(OutboxMail.id, OutboxMail.member_id == member_id, OutboxMail.application_id.in_(cases))
    return list(session.scalars(select(OutboxMail).where(OutboxMail.id.in_(ids)).order_by(OutboxMail.id.desc())))[
        :NEWEST
    ]


def _newest(key: InstrumentedAttribute[int], *conditions: ColumnElement[bool]) -> Any:
    """Ids of the newest rows by any of the conditions; each goes over an index of its own."""
    parts = [select(key).where(condition).order_by(key.desc()).limit(NEWEST).subquery() for condition in conditions]
    return union(*(select(part.c.id) for part in parts))


def events_of(session: Session, member_id: int) -> list[tuple[AuditEvent, str]]:
    """The newest events about a member, its joining and its requests, or done for it, with who did each."""
    cases = session.scalars(select(Application.id).where(Application.member_id == member_id))
    subjects = [f"MEMBER:{member_id}", *(f"APPLICATION:{number}" for number in cases)]
    requests = select(ChangeRequest.id).where(ChangeRequest.member_id == member_id)
    newest = session.scalars(requests.order_by(ChangeRequest.id.desc()).limit(NEWEST))
    subjects += [f"CHANGE:{number}" for number in newest]
    ids = _newest(AuditEvent.id, AuditEvent.subject.in_(subjects), AuditEvent.member_id == member_id)
    rows = session.execute(
        select(AuditEvent, User.name, contractor_of(AuditEvent.mandate_id))
        .outerjoin(User, User.id == AuditEvent.actor_id)
        .where(AuditEvent.id.in_(ids))
        .order_by(AuditEvent.id.desc())
        .limit(NEWEST)
    )
    return [(row[0], by_contractor(row[1], row[2]) if row[1] else "") for row in rows]


def _relations(session: Session, body_id: int, *, today: date) -> list[RelationOnRecord]:
    """Parents first, then subsidiaries; what has ended is left out."""
    found = [
        RelationOnRecord(
            bool(row.is_parent),
            (row.above or row.parent_name or "") if row.is_parent else row.below,
            row.number_above if row.is_parent else row.number_below,
            row.controlling,
            row.ratio_bp,
            row.effective_on,
        )
        for row in rows_of(session, _RELATIONS, {"body": body_id, "day": today})
    ]
    return sorted(found, key=lambda relation: not relation.is_parent)
