"""What every verb on an item in 採決 begins with: the assembly under its lock, and an item that can be decided."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.agenda import ItemKind
from occto.domain.errors import NotFound, Refusal
from occto.domain.hall import day_of
from occto.models import AgendaItem, Assembly
from occto.queries.at_hall import Hall
from occto.queries.hall_board import hall_of, hall_of_item
from occto.services.assemblies.case import locked, require_step

_FROZEN = "no assembly comes to the hall without frozen votes"


def locked_item(session: Session, item_id: int, *, step: str, actor: Actor) -> tuple[Assembly, AgendaItem]:
    """An item put to vote, under the lock of its assembly: whoever checks in is through before, or comes after.

    Refusals: not_allowed, not_found, illegal_step, item_withdrawn, report_not_decided, item_not_notified.
    """
    require_step(actor, step)
    assembly_id = session.scalar(select(AgendaItem.assembly_id).where(AgendaItem.id == item_id))
    if assembly_id is None:
        raise NotFound
    assembly = locked(session, assembly_id, step=step, seen_version=None, actor=actor)
    item = session.get_one(AgendaItem, item_id, populate_existing=True)
    if item.withdrawn_at is not None:
        raise Refusal("item_withdrawn", "この議案は取り下げられたため、議決しません。次の議案に進んでください。")
    if item.kind is ItemKind.REPORT:
        raise Refusal("report_not_decided", "報告事項は議決しません。次の議案に進んでください。")
    if item.notified_at is None:
        raise Refusal(
            "item_not_notified",
            "招集通知に載っていない議案は、議決できません（電気事業法 28条の37）。議案を取り下げてください。",
        )
    return assembly, item


def hall_now(session: Session, assembly: Assembly, *, now: datetime) -> Hall:
    """The frozen votes of the assembly at this moment."""
    hall = hall_of(session, assembly, day=day_of(assembly.held_at, now=now))
    assert hall is not None, _FROZEN
    return hall


def hall_at_vote(session: Session, assembly: Assembly, item: AgendaItem, *, now: datetime) -> Hall:
    """The same for an item: at this moment, or at the one at which it was first decided."""
    hall = hall_of_item(session, assembly, item.id, day=day_of(assembly.held_at, now=now))
    assert hall is not None, _FROZEN
    return hall
