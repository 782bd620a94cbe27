"""総会 registered, corrected while it is being prepared, arranged until the notice, and its settings (`domain` 5.1, 6, 8)."""

from dataclasses import replace
from datetime import date, datetime, time
from typing import Any, NotRequired, TypedDict, Unpack

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.assembly import (
    AssemblyKind,
    AssemblyState,
    assembly_title,
    fiscal_year,
    record_date,
    usual_deadline,
)
from occto.domain.assembly_settings import (
    AssemblySettings,
    BlankChoice,
    NoShow,
    QuorumBasis,
    check_settings,
    read_settings,
    stored_settings,
    with_proxies,
)
from occto.domain.calendar import IsHoliday
from occto.domain.dates import JST
from occto.domain.errors import Refusal
from occto.models import REAL, Assembly
from occto.queries.settings import new_assembly_settings
from occto.services import audit
from occto.services.assemblies.case import changed, locked, note, require_step

_ARRANGED = ("place", "reception_from", "reply_until")
_SHOWN = ("kind", "fiscal_year", "no", "held_at", "record_on", *_ARRANGED)
_CONDITIONS = (
    "quorum_basis",
    "quorum_source",
    "max_attendees",
    "proxy_member",
    "proxy_person",
    "proxy_chair",
    "blank_choice",
    "no_show",
    "chair",
    "notice_days",
)


class Arrangement(TypedDict):
    """What is entered of place, start of reception and deadline; without a day of the deadline it is the business day before
    the assembly, without a time the one of the settings.
    """

    place: str | None
    reception_time: NotRequired[time | None]
    reply_on: NotRequired[date | None]
    reply_time: NotRequired[time | None]
    is_holiday: IsHoliday


class NewDay(Arrangement):
    """What is entered of an assembly that takes the place of another one."""

    no: int
    held_on: date
    held_time: time


class Registration(NewDay):
    """What is entered of an assembly."""

    kind: str


def create_assembly(session: Session, *, actor: Actor, now: datetime, **entered: Unpack[Registration]) -> int:
    """Register an assembly in preparation, with the settings in force on its day; returns its row number.

    Refusals: not_allowed, held_past, no_taken, reception_after_start, deadline_after_assembly, deadline_past.
    """
    require_step(actor, "edit")
    settings = new_assembly_settings(session, entered["held_on"])
    values = new_values(session, settings=settings, now=now, **entered)
    return enter(session, values, settings=stored_settings(settings), actor=actor, now=now)


def enter(
    session: Session,
    values: dict[str, Any],
    *,
    settings: dict[str, Any],
    replaces_id: int | None = None,
    actor: Actor,
    now: datetime,
) -> int:
    """The row of a new assembly, with its event."""
    assembly = Assembly(state=AssemblyState.PREPARING, settings=settings, replaces_id=replaces_id, **values)
    session.add(assembly)
    session.flush()
    audit.record(
        session,
        "assembly.created",
        subject=f"ASSEMBLY:{assembly.id}",
        actor=actor,
        now=now,
        detail=_shown(assembly) | {"replaces_id": replaces_id},
    )
    session.flush()
    return assembly.id


def update_assembly(
    session: Session,
    assembly_id: int,
    *,
    seen_version: int,
    actor: Actor,
    now: datetime,
    **entered: Unpack[Registration],
) -> None:
    """Correct what was registered, the day included: the record date follows. Refusals: those of `create_assembly`,
    not_found, stale, illegal_step, not_preparing.
    """
    assembly = locked(session, assembly_id, step="edit", seen_version=seen_version, actor=actor)
    if assembly.state is not AssemblyState.PREPARING:
        raise Refusal(
            "not_preparing",
            "準備の段階を過ぎたため、種類・回・開催日時は変えられません。場所・受付開始・回答の締切は、「内容を変更する」から変えられます。",
        )
    settings = read_settings(assembly.settings)
    values = new_values(session, settings=settings, own_id=assembly.id, now=now, **entered)
    _apply(session, assembly, values, actor=actor, now=now)


def arrange_assembly(
    session: Session,
    assembly_id: int,
    *,
    seen_version: int,
    actor: Actor,
    now: datetime,
    **entered: Unpack[Arrangement],
) -> None:
    """Place, start of reception and deadline, until the notice is sent. The day stays.

    Refusals: not_allowed, not_found, stale, illegal_step, reception_after_start, deadline_after_assembly, deadline_past.
    """
    assembly = locked(session, assembly_id, step="edit", seen_version=seen_version, actor=actor)
    values = _arranged(assembly.held_at, settings=read_settings(assembly.settings), now=now, **entered)
    _apply(session, assembly, values, actor=actor, now=now)


def _apply(session: Session, assembly: Assembly, values: dict[str, Any], *, actor: Actor, now: datetime) -> None:
    before = _shown(assembly)
    for name, value in values.items():
        setattr(assembly, name, value)
    if detail := changed(before, _shown(assembly)):
        note(session, assembly, "assembly.updated", actor=actor, now=now, detail=detail)


def change_conditions(
    session: Session,
    assembly_id: int,
    *,
    seen_version: int,
    quorum_basis: str | None,
    quorum_source: str | None,
    max_attendees: int,
    proxies: list[str],
    blank_choice: str,
    no_show: str,
    chair: str,
    notice_days: int,
    actor: Actor,
    now: datetime,
) -> None:
    """Quorum, attendees, proxies (MEMBER, PERSON, CHAIR), blanks, no-shows (COUNT or DROP), chair and notice of one
    assembly. How votes are divided is set elsewhere and stays.

    Refusals: not_allowed, not_found, stale, illegal_step, and those of `check_settings`.
    """
    assembly = locked(session, assembly_id, step="edit", seen_version=seen_version, actor=actor)
    known = read_settings(assembly.settings)
    asked = replace(
        with_proxies(known, proxies),
        quorum_basis=QuorumBasis(quorum_basis) if quorum_basis else None,
        quorum_source=(quorum_source or "").strip(),
        max_attendees=max_attendees,
        blank_choice=BlankChoice(blank_choice),
        no_show=NoShow(no_show),
        chair=chair,
        notice_days=notice_days,
    )
    check_settings(asked)
    detail = changed(_conditions(known), _conditions(asked))
    if not detail:
        return
    assembly.settings = stored_settings(asked)
    note(session, assembly, "assembly.conditions_changed", actor=actor, now=now, detail=detail)


def _conditions(settings: AssemblySettings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in _CONDITIONS}


def new_values(
    session: Session,
    *,
    kind: str,
    no: int,
    held_on: date,
    held_time: time,
    settings: AssemblySettings,
    now: datetime,
    own_id: int | None = None,
    **arrangement: Unpack[Arrangement],
) -> dict[str, Any]:
    """The columns for what was entered, fiscal year and record date computed. `own_id`: the row that may have the number.

    Refusals: held_past, no_taken, and those of `arrange_assembly` for place, reception and deadline.
    """
    held_at = datetime.combine(held_on, held_time, JST)
    if held_at <= now:
        raise Refusal("held_past", "開催日時は、これからの日時を入力してください。", field="held_on")
    year, of_kind = fiscal_year(held_on), AssemblyKind(kind)
    other = select(Assembly.id).where(
        Assembly.fiscal_year == year,
        Assembly.kind == of_kind,
        Assembly.no == no,
        REAL,
        Assembly.state.not_in((AssemblyState.POSTPONED, AssemblyState.CANCELLED)),
    )
    if own_id is not None:
        other = other.where(Assembly.id != own_id)
    if session.scalar(other) is not None:
        raise Refusal(
            "no_taken", f"{assembly_title(of_kind, year, no)}は、すでにあります。回をお確かめください。", field="no"
        )
    return {
        "kind": of_kind,
        "fiscal_year": year,
        "no": no,
        "held_at": held_at,
        "record_on": record_date(held_on, days=settings.record_days),
        **_arranged(held_at, settings=settings, now=now, **arrangement),
    }


def _arranged(
    held_at: datetime,
    *,
    settings: AssemblySettings,
    place: str | None,
    is_holiday: IsHoliday,
    now: datetime,
    reception_time: time | None = None,
    reply_on: date | None = None,
    reply_time: time | None = None,
) -> dict[str, Any]:
    """The columns for place, start of reception and deadline."""
    held_on = held_at.astimezone(JST).date()
    reception = None if reception_time is None else datetime.combine(held_on, reception_time, JST)
    if reception is not None and reception > held_at:
        raise Refusal(
            "reception_after_start",
            "受付開始の時刻は、総会の開始時刻か、それより前にしてください。",
            field="reception_time",
        )
    until = usual_deadline(held_on, at=settings.reply_time, is_holiday=is_holiday)
    if reply_on is not None or reply_time is not None:
        until = datetime.combine(reply_on or until.date(), reply_time or settings.reply_time, JST)
    if until > held_at:
        raise Refusal("deadline_after_assembly", "回答の締切は、総会の開始までの日時にしてください。", field="reply_on")
    if until <= now:
        raise Refusal("deadline_past", "回答の締切は、これからの日時にしてください。", field="reply_on")
    return {"place": place, "reception_from": reception, "reply_until": until}


def _shown(assembly: Assembly) -> dict[str, Any]:
    return {name: getattr(assembly, name) for name in _SHOWN}
