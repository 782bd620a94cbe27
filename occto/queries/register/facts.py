"""Profile, licences and roster number of one member as of a day."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, bindparam, func, or_, select
from sqlalchemy.orm import Session

from occto.domain.codes import Act, EndReason, Licence
from occto.models import LicenceFact, LicenceHeld, ProfileFact, RosterFact
from occto.queries.plain import rows_of
from occto.queries.register.known import stands, with_known


@dataclass(frozen=True, slots=True)
class LicenceOnRecord:
    """A licence as of a day; `effective_on` after that day: to come."""

    category: Licence
    number: str | None
    effective_on: date
    ended_on: date | None
    end_reason: EndReason | None
    act: Act
    licence_id: int


def _profile_statement(*, known: bool) -> Select[Any]:
    """The newest value of each item; built once, for building one costs more than running it."""
    member: Any = bindparam("member")
    day: Any = bindparam("day")
    newest = (
        select(ProfileFact.item, func.max(ProfileFact.effective_on).label("effective_on"))
        .where(ProfileFact.member_id == member, stands(ProfileFact, known=known), ProfileFact.effective_on <= day)
        .group_by(ProfileFact.item)
        .subquery()
    )
    return (
        select(ProfileFact.item, ProfileFact.value)
        .join(newest, (newest.c.item == ProfileFact.item) & (newest.c.effective_on == ProfileFact.effective_on))
        .where(ProfileFact.member_id == member, stands(ProfileFact, known=known))
    )


_PROFILE = {known: _profile_statement(known=known) for known in (False, True)}


def profile_as_of(session: Session, member_id: int, day: date, *, known: int | None = None) -> dict[str, Any]:
    """The profile items in force on `day`, by key; None for one that was given up."""
    values = with_known({"member": member_id, "day": day}, known)
    return {row.item: row.value for row in rows_of(session, _PROFILE[known is not None], values)}


_LICENCES = {
    known: select(
        LicenceHeld.category,
        LicenceFact.number,
        LicenceFact.effective_on,
        LicenceFact.ended_on,
        LicenceFact.end_reason,
        LicenceFact.act,
        LicenceFact.licence_id,
    )
    .join(LicenceFact, LicenceFact.licence_id == LicenceHeld.id)
    .where(LicenceHeld.member_id == bindparam("member"), stands(LicenceFact, known=known))
    .order_by(LicenceFact.effective_on, LicenceFact.id)
    for known in (False, True)
}


def licences_as_of(session: Session, member_id: int, day: date, *, known: int | None = None) -> list[LicenceOnRecord]:
    """The licences in force on `day` and those to come, in the order of the categories."""
    rows: Sequence[Any] = rows_of(session, _LICENCES[known is not None], with_known({"member": member_id}, known)).all()
    order = list(Licence)
    held = [LicenceOnRecord(*row) for row in rows if row.ended_on is None or row.ended_on > day]
    return sorted(held, key=lambda licence: order.index(licence.category))


def roster_statement(*, known: bool, member: Any, day: Any, or_next: bool = False) -> Select[Any]:
    """The roster number in force on `day`; with `or_next` the first one to come where there is none."""
    query = (
        select(RosterFact.roster_no)
        .where(
            RosterFact.member_id == member,
            stands(RosterFact, known=known),
            or_(RosterFact.ended_on.is_(None), RosterFact.ended_on > day),
        )
        .order_by(RosterFact.effective_on)
        .limit(1)
    )
    return query if or_next else query.where(RosterFact.effective_on <= day)


_ROSTER = {
    known: roster_statement(known=known, member=bindparam("member"), day=bindparam("day")) for known in (False, True)
}


def roster_as_of(session: Session, member_id: int, day: date, *, known: int | None = None) -> int | None:
    """The roster number on `day`; None before the member was on the roster."""
    return rows_of(session, _ROSTER[known is not None], with_known({"member": member_id, "day": day}, known)).scalar()
