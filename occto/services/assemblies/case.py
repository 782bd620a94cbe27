"""What every verb of an assembly begins with: the row under its lock, and whether the step is open to this person."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.assembly import ASSEMBLY
from occto.domain.errors import NotAllowed, NotFound, Refusal, Stale
from occto.domain.rehearsal import STEPS_OF_A_COPY
from occto.models import Assembly
from occto.services import audit


def require_step(actor: Actor, step: str) -> None:
    """Only a person with the permission of the step. Refusal not_allowed."""
    if actor.user_id is None or not actor.can(ASSEMBLY.step(step).permission):
        raise NotAllowed


def locked(session: Session, assembly_id: int, *, step: str, seen_version: int | None, actor: Actor) -> Assembly:
    """The assembly under its lock, for a step of the flow; `seen_version` None where the act has a version of its own.

    Refusals: not_allowed, not_found, stale, illegal_step, only_a_rehearsal.
    """
    require_step(actor, step)
    assembly = session.get(Assembly, assembly_id, with_for_update=True, populate_existing=True)
    if assembly is None:
        raise NotFound
    if seen_version is not None and assembly.version != seen_version:
        raise Stale
    ASSEMBLY.require(step, assembly.state)
    if assembly.rehearsal_of_id is not None and step not in STEPS_OF_A_COPY:
        raise Refusal(
            "only_a_rehearsal",
            f"リハーサルでは「{ASSEMBLY.step(step).label}」は行えません。もとの総会の画面から操作してください。",
        )
    return assembly


def given(reason: str | None, sentence: str, *, field: str = "reason") -> str:
    """The reason as it is kept. Refusal reason_missing."""
    words = (reason or "").strip()
    if not words:
        raise Refusal("reason_missing", sentence, field=field)
    return words


def note(
    session: Session, assembly: Assembly, tag: str, *, actor: Actor, now: datetime, detail: Mapping[str, Any]
) -> None:
    """Count the version up, audit and flush: how every verb of an assembly ends."""
    assembly.version += 1
    audit.record(session, tag, subject=f"ASSEMBLY:{assembly.id}", actor=actor, now=now, detail=detail)
    session.flush()


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What differs, before and after, for the trail; empty where nothing does."""
    names = [name for name in before if before[name] != after[name]]
    if not names:
        return {}
    return {"before": {name: before[name] for name in names}, "after": {name: after[name] for name in names}}
