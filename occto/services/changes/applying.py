"""Entering the items of a request into the register."""

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from occto.domain.changes import LICENCE, RELATION, SUCCESSION, ItemChange
from occto.domain.codes import ChangeAct, EndReason, Licence
from occto.domain.dates import today_jst
from occto.domain.errors import NotFound
from occto.models import Member, RegisterChange
from occto.services import register
from occto.services.changes import succession

_ORDER = {ChangeAct.VOID: 0, ChangeAct.CORRECT: 1, ChangeAct.END: 2, ChangeAct.SET: 3, ChangeAct.ADD: 4}
"""What makes room comes before what takes it: a second licence of a category, another parent."""


def enter(session: Session, change: RegisterChange, *, member_id: int, items: Iterable[ItemChange]) -> None:
    """Enter the items; the change is to be finished by the caller. Refusals are those of services/register."""
    member = session.get(Member, member_id)
    if member is None:
        raise NotFound
    had_left = not register.has_licence_after(session, member_id=member.id, day=today_jst(change.at))
    ordered = sorted(items, key=lambda each: (_ORDER[each.act], each.effective_on))
    for item in ordered:
        _ENTER.get(item.item, _profile)(session, change, member, item)
    added_on = [item.effective_on for item in ordered if item.item == LICENCE and item.act is ChangeAct.ADD]
    if had_left and added_on:
        register.check_goes_on(session, member.id, added_on=added_on)
    if any(item.item == LICENCE for item in ordered):
        register.check_categories(session, member.id)
    if any(_moves_beginning(item) for item in ordered):
        register.check_beginning(session, member.id)
    session.flush()


def _moves_beginning(item: ItemChange) -> bool:
    """Whether the day on which membership began, or the first METI act, is another afterwards."""
    return item.item == "member_on" or (item.item == LICENCE and item.act in (ChangeAct.CORRECT, ChangeAct.VOID))


def _profile(session: Session, change: RegisterChange, member: Member, item: ItemChange) -> None:
    if item.act is ChangeAct.SET:
        register.set_item(
            session, change, member_id=member.id, item=item.item, value=item.new, effective_on=item.effective_on
        )
    elif item.act is ChangeAct.CORRECT:
        register.correct_item(
            session,
            change,
            member_id=member.id,
            fact_id=_target(item),
            value=item.new["value"],
            effective_on=date.fromisoformat(item.new["effective_on"]),
        )
    else:
        register.void_item(session, change, member_id=member.id, fact_id=_target(item))


def _licence(session: Session, change: RegisterChange, member: Member, item: ItemChange) -> None:
    if item.act is ChangeAct.ADD:
        register.add_licence(
            session,
            change,
            member_id=member.id,
            category=Licence(item.new["category"]),
            number=item.new.get("number"),
            effective_on=item.effective_on,
            document_id=item.new.get("attachment_id"),
        )
    elif item.act is ChangeAct.END:
        register.end_licence(
            session,
            change,
            member_id=member.id,
            licence_id=_target(item),
            ended_on=item.effective_on,
            reason=EndReason(item.new["end_reason"]),
        )
    elif item.act is ChangeAct.CORRECT:
        values = {
            "number": item.new.get("number"),
            "effective_on": date.fromisoformat(item.new["effective_on"]),
            "ended_on": date.fromisoformat(item.new["ended_on"]) if item.new.get("ended_on") else None,
            "end_reason": EndReason(item.new["end_reason"]) if item.new.get("end_reason") else None,
        }
        register.correct_licence(session, change, member_id=member.id, licence_id=_target(item), values=values)
    else:
        register.void_licence(session, change, member_id=member.id, licence_id=_target(item))


def _relation(session: Session, change: RegisterChange, member: Member, item: ItemChange) -> None:
    on = item.effective_on
    if item.act is ChangeAct.ADD:
        if not register.enter_relation(session, change, member, row=item.new, default_on=on):
            raise register.relation_held()
    elif item.act is ChangeAct.END:
        register.end_relation(session, change, member, relation_no=_target(item), ended_on=on)
    elif item.act is ChangeAct.SET:
        register.replace_relation(session, change, member, relation_no=_target(item), row=item.new, on=on)
    elif item.act is ChangeAct.CORRECT:
        register.correct_relation(session, change, member, relation_no=_target(item), row=item.new, default_on=on)
    else:
        register.void_relation(session, change, member, relation_no=_target(item))


def _target(item: ItemChange) -> int:
    if item.target_id is None:
        raise NotFound
    return item.target_id


_ENTER: dict[str, Callable[[Session, RegisterChange, Member, ItemChange], Any]] = {
    LICENCE: _licence,
    RELATION: _relation,
    SUCCESSION: succession.enter,
}
