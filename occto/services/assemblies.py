"""総会: registered, corrected while it is being prepared, closed. The record date follows from the day (`domain` 5.1)."""

from datetime import date, datetime, time
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.assembly import LABELS, AssemblyKind, AssemblyState, fiscal_year, record_date
from occto.domain.dates import JST
from occto.domain.errors import IllegalStep, NotAllowed, NotFound, Refusal, Stale
from occto.domain.permissions import Permission
from occto.models import Assembly
from occto.services import audit

SHOWN = ("kind", "fiscal_year", "no", "held_at", "place", "record_on")
ENDINGS = frozenset({AssemblyState.FINISHED, AssemblyState.CANCELLED})


def create_assembly(
    session: Session,
    *,
    kind: str,
    no: int,
    held_on: date,
    held_time: time,
    place: str | None,
    actor: Actor,
    now: datetime,
) -> int:
    """Register an assembly in preparation; returns its row number. Refusals: not_allowed, held_past, no_taken."""
    _require_editor(actor)
    values = _values(session, kind=kind, no=no, held_on=held_on, held_time=held_time, place=place, own_id=None, now=now)
    assembly = Assembly(state=AssemblyState.PREPARING, **values)
    session.add(assembly)
    session.flush()
    audit.record(session, "assembly.created", subject=_subject(assembly), actor=actor, now=now, detail=_shown(assembly))
    session.flush()
    return assembly.id


def update_assembly(
    session: Session,
    assembly_id: int,
    *,
    seen_version: int,
    kind: str,
    no: int,
    held_on: date,
    held_time: time,
    place: str | None,
    actor: Actor,
    now: datetime,
) -> None:
    """Correct what was registered. Refusals: not_allowed, not_found, stale, not_preparing, held_past, no_taken."""
    assembly = _locked(session, assembly_id, seen_version=seen_version, actor=actor)
    if assembly.state is not AssemblyState.PREPARING:
        raise Refusal("not_preparing", "準備の段階を過ぎた総会の日時や場所は、ここでは変えられません。")
    values = _values(
        session, kind=kind, no=no, held_on=held_on, held_time=held_time, place=place, own_id=assembly.id, now=now
    )
    before = _shown(assembly)
    for name, value in values.items():
        setattr(assembly, name, value)
    after = _shown(assembly)
    if after == before:
        return
    assembly.version += 1
    detail = {
        "before": {name: before[name] for name in SHOWN if before[name] != after[name]},
        "after": {name: after[name] for name in SHOWN if before[name] != after[name]},
    }
    audit.record(session, "assembly.updated", subject=_subject(assembly), actor=actor, now=now, detail=detail)
    session.flush()


def close_assembly(
    session: Session,
    assembly_id: int,
    *,
    outcome: AssemblyState,
    reason: str | None,
    seen_version: int,
    actor: Actor,
    now: datetime,
) -> None:
    """完了 or 中止: later facts no longer concern it.

    Refusals: not_allowed, not_found, stale, illegal_step (it is closed already), not_held_yet (完了 before the day),
    reason_missing (中止 needs one).
    """
    assembly = _locked(session, assembly_id, seen_version=seen_version, actor=actor)
    if assembly.state in ENDINGS or outcome not in ENDINGS:
        raise IllegalStep(outcome.value, assembly.state.value, f"この総会は、すでに{LABELS[assembly.state]}です。")
    if outcome is AssemblyState.FINISHED and assembly.held_at > now:
        raise Refusal("not_held_yet", "開催の日時より前には、完了にできません。取りやめるときは中止にしてください。")
    if outcome is AssemblyState.CANCELLED and not (reason or "").strip():
        raise Refusal("reason_missing", "中止にする理由を入力してください。", field="reason")
    before, assembly.state = assembly.state, outcome
    assembly.version += 1
    detail = {"from": before, "to": outcome, "reason": reason}
    audit.record(session, "assembly.closed", subject=_subject(assembly), actor=actor, now=now, detail=detail)
    session.flush()


def _require_editor(actor: Actor) -> None:
    if not actor.can(Permission.ASSEMBLY_EDIT) or actor.user_id is None:
        raise NotAllowed


def _locked(session: Session, assembly_id: int, *, seen_version: int, actor: Actor) -> Assembly:
    _require_editor(actor)
    assembly = session.get(Assembly, assembly_id, with_for_update=True)
    if assembly is None:
        raise NotFound
    if assembly.version != seen_version:
        raise Stale
    return assembly


def _values(
    session: Session,
    *,
    kind: str,
    no: int,
    held_on: date,
    held_time: time,
    place: str | None,
    own_id: int | None,
    now: datetime,
) -> dict[str, Any]:
    """The columns for what was entered, fiscal year and record date computed."""
    held_at = datetime.combine(held_on, held_time, JST)
    if held_at <= now:
        raise Refusal("held_past", "開催日時は、これからの日時を入力してください。", field="held_on")
    year = fiscal_year(held_on)
    other = select(Assembly.id).where(
        Assembly.fiscal_year == year, Assembly.kind == AssemblyKind(kind), Assembly.no == no
    )
    if own_id is not None:
        other = other.where(Assembly.id != own_id)
    if session.scalar(other) is not None:
        raise Refusal(
            "no_taken", f"{year}年度の同じ種類の総会に、第{no}回がすでにあります。回をお確かめください。", field="no"
        )
    return {
        "kind": AssemblyKind(kind),
        "fiscal_year": year,
        "no": no,
        "held_at": held_at,
        "place": place,
        "record_on": record_date(held_on),
    }


def _shown(assembly: Assembly) -> dict[str, Any]:
    return {name: getattr(assembly, name) for name in SHOWN}


def _subject(assembly: Assembly) -> str:
    return f"ASSEMBLY:{assembly.id}"
