"""The second time axis: what was known at a numbered change of the register."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, func, or_, select, union_all
from sqlalchemy.orm import Session

from occto.models import (
    ControlFact,
    LicenceFact,
    LicenceHeld,
    Member,
    ProfileFact,
    RegisterChange,
    RegisterHead,
    RosterFact,
)

KNOWN = "known"
"""Name of the parameter of statements that read as known at a change."""


def stands(fact: Any, *, known: bool) -> ColumnElement[bool]:
    """Whether a fact stands: now, or (`known`) at the change that the parameter KNOWN names."""
    if not known:
        return fact.voided_id.is_(None)
    number: Any = bindparam(KNOWN)
    return (fact.entered_id <= number) & or_(fact.voided_id.is_(None), fact.voided_id > number)


def with_known(values: dict[str, Any], known: int | None) -> dict[str, Any]:
    """The parameters of a statement, the change number among them where one counts."""
    return values if known is None else values | {KNOWN: known}


def newest_change(session: Session) -> int:
    """The number of the newest change of the register."""
    return session.scalar(select(RegisterHead.last_change_id)) or 0


def known_at(session: Session, instant: datetime) -> int:
    """The number of the newest change entered up to `instant`; 0 where there was none yet."""
    return session.scalar(select(func.max(RegisterChange.id)).where(RegisterChange.at <= instant)) or 0


def _last_of_member() -> Any:
    member: Any = bindparam("member")
    body = select(Member.body_id).where(Member.id == member).scalar_subquery()
    held = select(LicenceHeld.id).where(LicenceHeld.member_id == member)
    found: list[Any] = []
    for fact, owned in (
        (ProfileFact, ProfileFact.member_id == member),
        (RosterFact, RosterFact.member_id == member),
        (LicenceFact, LicenceFact.licence_id.in_(held)),
        (ControlFact, or_(ControlFact.child_body_id == body, ControlFact.parent_body_id == body)),
    ):
        found.append(select(func.max(fact.entered_id).label("id")).where(owned))
        found.append(select(func.max(fact.voided_id).label("id")).where(owned))
    return select(func.max(union_all(*found).subquery().c.id))


_LAST = _last_of_member()


def last_change_of(session: Session, member_id: int) -> int:
    """The number of the newest change that touched anything on record of this member."""
    return session.scalar(_LAST, {"member": member_id}) or 0
