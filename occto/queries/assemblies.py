"""Reads for 総会: what became known after a record date (基準日後判明), and what each such change was about."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, String, func, literal, or_, select, type_coerce, union_all
from sqlalchemy.orm import Session

from occto.domain.assembly import AssemblyState
from occto.domain.changes import item_touches_votes
from occto.domain.codes import LateOutcome
from occto.models import (
    Assembly,
    ControlFact,
    LateFact,
    LicenceFact,
    LicenceHeld,
    Member,
    ProfileFact,
    RosterFact,
    SanctionFact,
)


@dataclass(frozen=True, slots=True)
class Late:
    """A change that came too late for a record date. `about`: (profile item, licence, relation, roster or sanction; its detail)."""

    id: int
    member_id: int
    name: str
    change_id: int
    noted_at: datetime
    outcome: LateOutcome | None
    about: tuple[tuple[str, str], ...]


def late_facts(session: Session, assembly_id: int) -> list[Late]:
    """What was noted for an assembly, oldest first."""
    rows = session.execute(
        select(LateFact, Member.current_name)
        .join(Member, Member.id == LateFact.member_id)
        .where(LateFact.assembly_id == assembly_id)
        .order_by(LateFact.id)
    ).all()
    about = _about(session, {row.LateFact.register_change_id for row in rows})
    return [
        Late(
            id=fact.id,
            member_id=fact.member_id,
            name=name,
            change_id=fact.register_change_id,
            noted_at=fact.noted_at,
            outcome=fact.outcome,
            about=tuple(about.get((fact.register_change_id, fact.member_id), ())),
        )
        for fact, name in rows
    ]


def due_to_close(session: Session, *, now: datetime) -> list[int]:
    """The assemblies that take replies although their deadline has come, by row number."""
    until = func.coalesce(Assembly.reply_until, Assembly.held_at)
    due = select(Assembly.id).where(Assembly.state == AssemblyState.REPLIES_OPEN, until <= now)
    return list(session.scalars(due.order_by(Assembly.id)))


def _about(session: Session, change_ids: set[int]) -> dict[tuple[int, int], list[tuple[str, str]]]:
    """(change, member) → what the change entered or voided of weight for votes, each once."""
    if not change_ids:
        return {}
    found: dict[tuple[int, int], list[tuple[str, str]]] = {}
    for row in session.execute(_touched(change_ids)):
        if row.kind == "item" and not item_touches_votes(row.detail):
            continue
        known = found.setdefault((row.change_id, row.member_id), [])
        if (row.kind, row.detail) not in known:
            known.append((row.kind, row.detail))
    return found


def _touched(change_ids: set[int]) -> Select[Any]:
    def parts(fact: Any, kind: Any, detail: Any, member: Any, *joins: tuple[Any, Any]) -> list[Select[Any]]:
        selected = []
        for place, column in enumerate((fact.voided_id, fact.entered_id)):
            query = select(
                literal(place).label("place"),
                column.label("change_id"),
                member.label("member_id"),
                kind.label("kind"),
                detail.label("detail"),
            ).where(column.in_(change_ids))
            for target, condition in joins:
                query = query.join(target, condition)
            selected.append(query)
        return selected

    sides = or_(Member.body_id == ControlFact.child_body_id, Member.body_id == ControlFact.parent_body_id)
    held = (LicenceHeld, LicenceHeld.id == LicenceFact.licence_id)
    nothing = literal("")
    every = union_all(
        *parts(ProfileFact, literal("item"), type_coerce(ProfileFact.item, String), ProfileFact.member_id),
        *parts(LicenceFact, literal("licence"), type_coerce(LicenceHeld.category, String), LicenceHeld.member_id, held),
        *parts(RosterFact, literal("roster"), nothing, RosterFact.member_id),
        *parts(SanctionFact, literal("sanction"), nothing, SanctionFact.member_id),
        *parts(ControlFact, literal("relation"), nothing, Member.id, (Member, sides)),
    ).subquery()
    return select(every.c.change_id, every.c.member_id, every.c.kind, every.c.detail).order_by(
        every.c.kind, every.c.detail
    )
