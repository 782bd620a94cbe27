"""Reads for letters of a notice: to whom, and what stands in the fields. The address is that of the register on the day."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from occto.domain.profile import ASSEMBLY_CONTACT, MEMBER_CONTACT
from occto.models import ProfileFact
from occto.queries.convocation import to_post
from occto.queries.notice_values import frozen_roll

PART = 300
"""Letters of one file: typesetting takes some 10 ms each."""
NOBODY = "会員ご担当者"
_CONTACTS = (ASSEMBLY_CONTACT, MEMBER_CONTACT)
_ITEMS = (
    *("postal_code", "prefecture", "address", "name"),
    *(f"{contact}_{part}" for contact in _CONTACTS for part in ("department", "name")),
)


@dataclass(frozen=True, slots=True)
class NoticeLetter:
    """A letter to the head office of a member, for its 総会担当 else 会員担当; `values` are those of the fields."""

    member_id: int
    operator_code: str
    postal_code: str
    address: str
    company: str
    department: str
    person: str
    values: dict[str, str]


def letters_of(
    session: Session, notice_id: int, assembly_id: int, *, today: date, part: int = 1, member_id: int | None = None
) -> list[NoticeLetter]:
    """The letters of a notice that wait for the post, PART at a time in the order of the roster, or that of one member."""
    waiting = set(session.scalars(to_post(notice_id)))
    if member_id is not None:
        waiting &= {member_id}
    first = (part - 1) * PART
    chosen = [one for one in frozen_roll(session, assembly_id) if one.member_id in waiting][first : first + PART]
    places = _places(session, [one.member_id for one in chosen], today=today)
    return [
        _letter(one.member_id, one.operator_code, one.name, places.get(one.member_id, {}), values=one.values())
        for one in chosen
    ]


def addresses_of(session: Session, assembly_id: int, member_ids: Collection[int], *, today: date) -> list[NoticeLetter]:
    """The same for these members of the frozen roll, whatever was sent to them, in the order of the roster."""
    chosen = [one for one in frozen_roll(session, assembly_id) if one.member_id in member_ids]
    places = _places(session, [one.member_id for one in chosen], today=today)
    return [
        _letter(one.member_id, one.operator_code, one.name, places.get(one.member_id, {}), values={}) for one in chosen
    ]


def number_to_post(session: Session, notice_id: int) -> int:
    """How many members of this notice wait for a letter."""
    return session.scalar(select(func.count()).select_from(to_post(notice_id).subquery())) or 0


def _letter(
    member_id: int, operator_code: str, name: str, place: dict[str, Any], *, values: dict[str, str]
) -> NoticeLetter:
    contact = next((one for one in _CONTACTS if place.get(f"{one}_name")), None)
    person = place[f"{contact}_name"] if contact else NOBODY
    return NoticeLetter(
        member_id=member_id,
        operator_code=operator_code,
        postal_code=place.get("postal_code") or "",
        address=f"{place.get('prefecture') or ''}{place.get('address') or ''}",
        company=place.get("name") or name,
        department=(place.get(f"{contact}_department") or "") if contact else "",
        person=person,
        values=values | {"担当者名": person},
    )


def _places(session: Session, member_ids: list[int], *, today: date) -> dict[int, dict[str, Any]]:
    facts = session.execute(
        select(ProfileFact.member_id, ProfileFact.item, ProfileFact.value)
        .where(
            ProfileFact.member_id.in_(member_ids),
            ProfileFact.item.in_(_ITEMS),
            ProfileFact.voided_id.is_(None),
            ProfileFact.effective_on <= today,
        )
        .order_by(ProfileFact.effective_on, ProfileFact.id)
    )
    found: dict[int, dict[str, Any]] = {}
    for fact in facts:
        found.setdefault(fact.member_id, {})[fact.item] = fact.value
    return found
