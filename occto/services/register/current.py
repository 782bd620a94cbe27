"""`members.current_*`: the copies that lists and search need, rebuilt from the facts."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.codes import Licence, MemberState
from occto.domain.text import search_key
from occto.models import Body, LicenceFact, LicenceHeld, Member, ProfileFact
from occto.services import search

CURRENT_ITEMS = ("name", "kana", "member_on", "corporate_number")
"""Profile items that stand in the copies."""


_TOGETHER = 500


def refresh_current(session: Session, member_ids: Iterable[int], *, today: date) -> int:
    """Rebuild `members.current_*` and the search from the facts as of `today`, for these members; how many rows differed."""
    ids = list(member_ids)
    changed = 0
    for start in range(0, len(ids), _TOGETHER):
        changed += _refresh_some(session, ids[start : start + _TOGETHER], today=today)
    session.flush()
    search.refresh(session, ids, today=today)
    return changed


def _refresh_some(session: Session, member_ids: Sequence[int], *, today: date) -> int:
    members = session.scalars(select(Member).where(Member.id.in_(member_ids))).all()
    bodies = {body.id: body for body in session.scalars(select(Body).where(Body.id.in_([m.body_id for m in members])))}
    facts, licences = defaultdict(list), defaultdict(list)
    for fact in session.execute(
        select(ProfileFact.member_id, ProfileFact.item, ProfileFact.value, ProfileFact.effective_on)
        .where(
            ProfileFact.member_id.in_(member_ids),
            ProfileFact.voided_id.is_(None),
            ProfileFact.item.in_(CURRENT_ITEMS),
        )
        .order_by(ProfileFact.effective_on)
    ):
        facts[fact.member_id].append(fact)
    for held in session.execute(
        select(LicenceHeld.member_id, LicenceHeld.category, LicenceFact.effective_on, LicenceFact.ended_on)
        .join(LicenceFact, LicenceFact.licence_id == LicenceHeld.id)
        .where(LicenceHeld.member_id.in_(member_ids), LicenceFact.voided_id.is_(None))
    ):
        licences[held.member_id].append(held)
    return sum(
        _refresh_one(member, bodies[member.body_id], facts[member.id], licences[member.id], today=today)
        for member in members
    )


def _refresh_one(member: Member, body: Body, facts: Sequence[Any], licences: Sequence[Any], *, today: date) -> bool:
    in_force = {
        row.category for row in licences if row.effective_on <= today and (row.ended_on is None or row.ended_on > today)
    }
    to_come = any(row.effective_on > today for row in licences)
    values = {fact.item: fact.value for fact in facts if fact.effective_on <= today}
    since = values.get("member_on")
    begun = since is not None and since <= today.isoformat()
    if not begun or (to_come and not in_force):
        values |= _at_beginning(facts, today=today)
    for fact in facts:  # what nothing above names
        values.setdefault(fact.item, fact.value)
    member_on = date.fromisoformat(values["member_on"]) if values.get("member_on") else None
    new = {
        "current_name": values.get("name", member.current_name),
        "current_kana": values.get("kana", member.current_kana),
        "name_key": search_key(values.get("name", member.current_name)),
        "kana_key": search_key(values.get("kana", member.current_kana)),
        "current_licences": ",".join(licence.value for licence in Licence if licence in in_force),
        "current_state": _state(in_force=bool(in_force), begun=begun, to_come=to_come or not begun),
        "current_member_on": member_on,
    }
    different = {key: value for key, value in new.items() if getattr(member, key) != value}
    for key, value in different.items():
        setattr(member, key, value)
    numbers = [fact.value for fact in facts if fact.item == "corporate_number"]
    _copy_to_body(body, name=new["current_name"], number=numbers[-1] if numbers else None)
    return bool(different)


def _at_beginning(facts: Sequence[Any], *, today: date) -> dict[str, Any]:
    """What is on record of a member to come on the day on which its membership, the first or a new one, begins."""
    begins = min(
        (fact.effective_on for fact in facts if fact.item == "member_on" and fact.effective_on > today), default=today
    )
    return {fact.item: fact.value for fact in facts if fact.effective_on <= begins}


def _copy_to_body(body: Body, *, name: str, number: str | None) -> None:
    """The company in the control graph goes by the name and number of the member that it is.

    The number that is to come counts at once: it says which company it is, and nobody else may be given it meanwhile.
    """
    if name != body.name:
        body.name = name
    if number is not None and number != body.corporate_number:
        body.corporate_number = number


def _state(*, in_force: bool, begun: bool, to_come: bool) -> MemberState:
    if in_force and begun:
        return MemberState.MEMBER
    return MemberState.COMING if to_come else MemberState.LEFT
