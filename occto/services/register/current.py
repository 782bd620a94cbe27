"""`members.current_*`: the copies that lists and search need, rebuilt from the facts."""

from collections.abc import Iterable
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.codes import Licence, MemberState
from occto.domain.text import search_key
from occto.models import Body, LicenceFact, LicenceHeld, Member, ProfileFact

CURRENT_ITEMS = ("name", "kana", "member_on", "corporate_number")
"""Profile items that stand in the copies."""


def refresh_current(session: Session, member_ids: Iterable[int], *, today: date) -> int:
    """Rebuild `members.current_*` from the facts as of `today`, for these members; return how many rows differed."""
    changed = 0
    for member_id in member_ids:
        member = session.get(Member, member_id)
        if member is not None:
            changed += _refresh_one(session, member, today=today)
    session.flush()
    return changed


def _refresh_one(session: Session, member: Member, *, today: date) -> bool:
    facts = session.execute(
        select(ProfileFact.item, ProfileFact.value, ProfileFact.effective_on)
        .where(ProfileFact.member_id == member.id, ProfileFact.voided_id.is_(None), ProfileFact.item.in_(CURRENT_ITEMS))
        .order_by(ProfileFact.effective_on)
    ).all()
    values = {fact.item: fact.value for fact in facts if fact.effective_on <= today}
    for fact in facts:  # a member to come has no fact in force yet: its first one names it
        values.setdefault(fact.item, fact.value)
    licences = session.execute(
        select(LicenceHeld.category, LicenceFact.effective_on, LicenceFact.ended_on)
        .join(LicenceFact, LicenceFact.licence_id == LicenceHeld.id)
        .where(LicenceHeld.member_id == member.id, LicenceFact.voided_id.is_(None))
    ).all()
    in_force = {
        row.category for row in licences if row.effective_on <= today and (row.ended_on is None or row.ended_on > today)
    }
    to_come = any(row.effective_on > today for row in licences)
    member_on = date.fromisoformat(values["member_on"]) if values.get("member_on") else None
    begun = member_on is not None and member_on <= today
    new = {
        "current_name": values.get("name", member.current_name),
        "current_kana": values.get("kana", member.current_kana),
        "name_key": search_key(values.get("name", member.current_name)),
        "kana_key": search_key(values.get("kana", member.current_kana)),
        "current_licences": ",".join(licence.value for licence in Licence if licence in in_force),
        "current_state": _state(in_force=bool(in_force), begun=begun, to_come=to_come or not begun),
        "current_member_on": member_on,
    }
    differs = any(getattr(member, key) != value for key, value in new.items())
    for key, value in new.items():
        setattr(member, key, value)
    _copy_to_body(session, member, name=new["current_name"], number=values.get("corporate_number"))
    return differs


def _copy_to_body(session: Session, member: Member, *, name: str, number: str | None) -> None:
    """The company in the control graph goes by the name and number of the member that it is."""
    body = session.get(Body, member.body_id)
    assert body is not None
    body.name = name
    if number is not None and number != body.corporate_number:
        body.corporate_number = number


def _state(*, in_force: bool, begun: bool, to_come: bool) -> MemberState:
    if in_force and begun:
        return MemberState.MEMBER
    return MemberState.COMING if to_come else MemberState.LEFT
