"""Reads of the register as of a day."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam, func, select
from sqlalchemy.orm import Session

from occto.domain.codes import ChangeSource, Licence, MemberState
from occto.domain.errors import NotFound
from occto.models import LicenceFact, LicenceHeld, Member, ProfileFact, RegisterChange, RosterFact

REMIND_OF_FILING = timedelta(days=60)
"""How long the home page reminds of the 加入の届出 to METI, «without delay» (電気事業法 28条の11 4項)."""


@dataclass(frozen=True, slots=True)
class LicenceOnRecord:
    """A licence as of a day; `effective_on` after that day: to come."""

    category: Licence
    number: str | None
    effective_on: date
    ended_on: date | None


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


def _profile_statement() -> Select[Any]:
    member: BindParameter[int] = bindparam("member")
    day: BindParameter[date] = bindparam("day")
    newest = (
        select(ProfileFact.item, func.max(ProfileFact.effective_on).label("effective_on"))
        .where(ProfileFact.member_id == member, ProfileFact.voided_id.is_(None), ProfileFact.effective_on <= day)
        .group_by(ProfileFact.item)
        .subquery()
    )
    return (
        select(ProfileFact.item, ProfileFact.value)
        .join(newest, (newest.c.item == ProfileFact.item) & (newest.c.effective_on == ProfileFact.effective_on))
        .where(ProfileFact.member_id == member, ProfileFact.voided_id.is_(None))
    )


_PROFILE = _profile_statement()  # like those below built once: building one costs more than running it


def profile_as_of(session: Session, member_id: int, day: date) -> dict[str, Any]:
    """The profile items in force on `day`, by key; for a member to come, its first ones."""
    return {row.item: row.value for row in session.execute(_PROFILE, {"member": member_id, "day": day})}


_LICENCES = (
    select(LicenceHeld.category, LicenceFact.number, LicenceFact.effective_on, LicenceFact.ended_on)
    .join(LicenceFact, LicenceFact.licence_id == LicenceHeld.id)
    .where(LicenceHeld.member_id == bindparam("member"), LicenceFact.voided_id.is_(None))
    .order_by(LicenceFact.effective_on, LicenceFact.id)
)


def licences_as_of(session: Session, member_id: int, day: date) -> list[LicenceOnRecord]:
    """The licences in force on `day` and those to come, in the order of the categories."""
    rows = session.execute(_LICENCES, {"member": member_id}).all()
    order = list(Licence)
    held = [LicenceOnRecord(*row) for row in rows if row.ended_on is None or row.ended_on > day]
    return sorted(held, key=lambda licence: order.index(licence.category))


_HOME = (
    select(Member, RosterFact.roster_no, RegisterChange.source_kind)
    .outerjoin(
        RosterFact,
        (RosterFact.member_id == Member.id) & RosterFact.voided_id.is_(None) & RosterFact.ended_on.is_(None),
    )
    .outerjoin(RegisterChange, RegisterChange.id == RosterFact.entered_id)
    .where(Member.id == bindparam("member"))
)


def home_record(session: Session, member_id: int, *, today: date) -> HomeRecord:
    """What is on record of one member today; NotFound where there is no such member."""
    row = session.execute(_HOME, {"member": member_id}).one_or_none()
    if row is None:
        raise NotFound
    member: Member = row.Member
    began = member.current_member_on
    joined_here = row.source_kind is ChangeSource.APPLICATION
    return HomeRecord(
        name=member.current_name,
        operator_code=member.operator_code,
        state=member.current_state,
        member_on=began,
        roster_no=row.roster_no,
        licences=licences_as_of(session, member_id, today),
        profile=profile_as_of(session, member_id, max(today, began or today)),
        remind_of_filing=joined_here and began is not None and today <= began + REMIND_OF_FILING,
    )
