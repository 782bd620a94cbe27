"""Reads of one member for staff: register as of a day, people, applications, mails."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, aliased

from occto.models import (
    Affiliation,
    Application,
    Body,
    ControlFact,
    Member,
    OutboxMail,
    RosterFact,
    User,
)
from occto.queries.register import LicenceOnRecord, licences_as_of, profile_as_of

NEWEST = 20


@dataclass(frozen=True, slots=True)
class RelationOnRecord:
    """A control relation as of a day or to come; `is_parent`: the other company is the parent."""

    is_parent: bool
    name: str
    corporate_number: str | None
    fact: ControlFact


@dataclass(frozen=True, slots=True)
class MemberFile:
    """All that staff see of a member. Profile values by item key, as of the day asked for."""

    corporate_number: str | None
    roster_no: int | None
    profile: dict[str, Any]
    licences: list[LicenceOnRecord]
    relations: list[RelationOnRecord]
    people: list[tuple[User, Affiliation]]
    applications: list[Application]
    mails: list[OutboxMail]


def member_file(session: Session, member: Member, *, today: date) -> MemberFile:
    """The file of `member` as of `today`, facts to come included; the newest NEWEST mails."""
    head = session.execute(
        select(Body.corporate_number, RosterFact.roster_no)
        .outerjoin(
            RosterFact,
            (RosterFact.member_id == member.id) & RosterFact.voided_id.is_(None) & RosterFact.ended_on.is_(None),
        )
        .where(Body.id == member.body_id)
    ).one()
    people = session.execute(
        select(User, Affiliation)
        .join(Affiliation, Affiliation.user_id == User.id)
        .where(Affiliation.member_id == member.id)
        .order_by(Affiliation.ended_at.is_not(None), Affiliation.id)
    )
    applications = select(Application).where(Application.member_id == member.id).order_by(Application.id.desc())
    mails = select(OutboxMail).where(OutboxMail.member_id == member.id).order_by(OutboxMail.id.desc()).limit(NEWEST)
    return MemberFile(
        corporate_number=head.corporate_number,
        roster_no=head.roster_no,
        profile=profile_as_of(session, member.id, max(today, member.current_member_on or today)),
        licences=licences_as_of(session, member.id, today),
        relations=_relations(session, member.body_id, today=today),
        people=[(row[0], row[1]) for row in people],
        applications=list(session.scalars(applications)),
        mails=list(session.scalars(mails)),
    )


def _relations(session: Session, body_id: int, *, today: date) -> list[RelationOnRecord]:
    """Parents first, then subsidiaries; what has ended is left out."""
    parent, child = aliased(Body), aliased(Body)
    rows = session.execute(
        select(ControlFact, parent, child)
        .outerjoin(parent, parent.id == ControlFact.parent_body_id)
        .join(child, child.id == ControlFact.child_body_id)
        .where(
            or_(ControlFact.child_body_id == body_id, ControlFact.parent_body_id == body_id),
            ControlFact.voided_id.is_(None),
            or_(ControlFact.ended_on.is_(None), ControlFact.ended_on > today),
        )
        .order_by(ControlFact.effective_on, ControlFact.id)
    )
    found = []
    for fact, above, below in rows:
        is_parent = fact.child_body_id == body_id
        other = above if is_parent else below
        name = other.name if other else fact.parent_name or ""
        found.append(RelationOnRecord(is_parent, name, other.corporate_number if other else None, fact))
    return sorted(found, key=lambda relation: not relation.is_parent)
