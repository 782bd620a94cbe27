"""すぐに反映: items that need nobody's approval take effect at once, and whoever is concerned is told."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.changes import class_of, title_word
from occto.domain.codes import ChangeSource
from occto.domain.dates import today_jst
from occto.domain.errors import NotAllowed, NotFound, Refusal, Stale
from occto.domain.permissions import Permission
from occto.domain.profile import ITEMS, MEMBER_CONTACT, ChangeClass
from occto.models import Member, ProfileFact, User
from occto.queries.register import profile_as_of
from occto.services import audit, register
from occto.services.notices import tell_member

_MAIN_ADDRESS = f"{MEMBER_CONTACT}_email"


def change_at_once(
    session: Session, member_id: int, *, values: Mapping[str, Any], seen_change: int, actor: Actor, now: datetime
) -> list[str]:
    """Set these items of the member from today on; returns the keys of those that differed, none where none did.

    Refusals: not_allowed (another member, or an item that needs approval), stale (an item was changed by a register
    change after `seen_change`), required_missing.
    """
    if actor.member_id != member_id or not actor.can(Permission.RECORD_EDIT):
        raise NotAllowed
    if any(item not in ITEMS or class_of(item) is not ChangeClass.IMMEDIATE for item in values):
        raise NotAllowed
    member = session.get(Member, member_id, with_for_update={"key_share": True})
    if member is None:
        raise NotFound
    _require_seen(session, member_id, values, seen_change=seen_change)
    day = effective_day(member, today=today_jst(now))
    before = profile_as_of(session, member_id, day)
    wanted = {item: None if value == "" else value for item, value in values.items()}
    different = {item: value for item, value in wanted.items() if value != before.get(item)}
    _require_complete(different)
    if different:
        _enter(session, member, different, before=before, day=day, actor=actor, now=now)
    return list(different)


def effective_day(member: Member, *, today: date) -> date:
    """From which day an immediate change counts: today, or the first day of a member to come."""
    return max(today, member.current_member_on or today)


def _require_seen(session: Session, member_id: int, items: Mapping[str, Any], *, seen_change: int) -> None:
    changed = (
        select(ProfileFact.id)
        .where(
            ProfileFact.member_id == member_id,
            ProfileFact.item.in_(list(items)),
            or_(ProfileFact.entered_id > seen_change, ProfileFact.voided_id > seen_change),
        )
        .limit(1)
    )
    if session.scalar(changed) is not None:
        raise Stale(
            "画面を開いたあとに、ほかの方がこの内容を変更しました。新しい内容と見比べて、もう一度保存してください。"
        )


def _require_complete(values: Mapping[str, Any]) -> None:
    for item, value in values.items():
        if ITEMS[item].required and value is None:
            raise Refusal("required_missing", f"{ITEMS[item].title}を入力してください。", field=item)


def _enter(
    session: Session,
    member: Member,
    values: Mapping[str, Any],
    *,
    before: Mapping[str, Any],
    day: date,
    actor: Actor,
    now: datetime,
) -> None:
    change = register.begin_change(
        session,
        source_kind=ChangeSource.IMMEDIATE,
        source_id=None,
        actor_id=actor.user_id,
        second_actor_id=None,
        now=now,
    )
    for item, value in values.items():
        register.set_item(session, change, member_id=member.id, item=item, value=value, effective_on=day)
    register.finish_change(session, change, now=now)
    detail = {"change_id": change.id, "source": ChangeSource.IMMEDIATE, "items": list(values)}
    audit.record(session, "member.changed", subject=f"MEMBER:{member.id}", actor=actor, now=now, detail=detail)
    person = session.get(User, actor.user_id) if actor.user_id else None
    tell_member(
        session,
        member.id,
        "member/changed",
        now=now,
        also=before.get(_MAIN_ADDRESS),  # where the address itself was changed, the old one is told too
        company=member.current_name,
        words=list(dict.fromkeys(title_word(item) for item in values)),
        by=person.name if person else "",
        at=now.isoformat(),
    )
    session.flush()
