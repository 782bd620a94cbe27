"""Reads for letters: to whom they go, and what stands in them. Nothing secret is among it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from occto.domain.codes import MemberState
from occto.domain.permissions import Role
from occto.domain.profile import MEMBER_CONTACT
from occto.models import Affiliation, Member, ProfileFact, User

_ITEMS = (
    "postal_code",
    "prefecture",
    "address",
    "name",
    f"{MEMBER_CONTACT}_department",
    f"{MEMBER_CONTACT}_name",
)


@dataclass(frozen=True, slots=True)
class LetterTo:
    """A letter: `login` is the address that is the person's ID; none where the member has no administrator yet."""

    member_id: int
    operator_code: str
    postal_code: str
    address: str
    company: str
    title: str
    person: str
    login: str | None


def letters_to_administrators(
    session: Session, conditions: Sequence[ColumnElement[bool]], *, today: date, limit: int
) -> list[LetterTo]:
    """A letter for each affiliation that matches, to the head office of its member."""
    rows = session.execute(
        select(Affiliation.member_id, Member.operator_code, User.name, User.title, User.email)
        .join(Member, Member.id == Affiliation.member_id)
        .join(User, User.id == Affiliation.user_id)
        .where(*conditions)
        .order_by(Affiliation.id)
        .limit(limit)
    ).all()
    places = _profiles(session, [row.member_id for row in rows], today=today)
    return [
        _letter(row, places.get(row.member_id, {}), title=row.title or "", person=row.name, login=row.email)
        for row in rows
    ]


def letters_to_members(session: Session, *, today: date, limit: int) -> list[LetterTo]:
    """A letter to the 会員担当 of each member that has no administrator (紙対応)."""
    administered = exists().where(
        Affiliation.member_id == Member.id, Affiliation.role == Role.ADMINISTRATOR, Affiliation.ended_at.is_(None)
    )
    rows = session.execute(
        select(Member.id.label("member_id"), Member.operator_code)
        .where(Member.current_state == MemberState.MEMBER, ~administered)
        .order_by(Member.operator_code)
        .limit(limit)
    ).all()
    places = _profiles(session, [row.member_id for row in rows], today=today)
    return [
        _letter(
            row,
            place := places.get(row.member_id, {}),
            title=place.get(f"{MEMBER_CONTACT}_department") or "",
            person=place.get(f"{MEMBER_CONTACT}_name") or "会員ご担当者",
            login=None,
        )
        for row in rows
    ]


def _letter(row: Any, place: dict[str, Any], *, title: str, person: str, login: str | None) -> LetterTo:
    return LetterTo(
        member_id=row.member_id,
        operator_code=row.operator_code,
        postal_code=place.get("postal_code") or "",
        address=f"{place.get('prefecture') or ''}{place.get('address') or ''}",
        company=place.get("name") or "",
        title=title,
        person=person,
        login=login,
    )


def _profiles(session: Session, member_ids: Iterable[int], *, today: date) -> dict[int, dict[str, Any]]:
    """What letters need of the members on `today`, or of their first day where that is to come."""
    facts = session.execute(
        select(ProfileFact.member_id, ProfileFact.item, ProfileFact.value, ProfileFact.effective_on)
        .where(
            ProfileFact.member_id.in_(set(member_ids)),
            ProfileFact.item.in_(_ITEMS),
            ProfileFact.voided_id.is_(None),
        )
        .order_by(ProfileFact.effective_on)
    )
    found: dict[int, dict[str, Any]] = {}
    for fact in facts:
        held = found.setdefault(fact.member_id, {})
        if fact.effective_on <= today or fact.item not in held:
            held[fact.item] = fact.value
    return found
