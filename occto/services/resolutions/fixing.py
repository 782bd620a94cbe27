"""結果確定, 訂正 and 公表: the result of an assembly out of the decisions on its items."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.agenda import ItemKind
from occto.domain.assembly import ASSEMBLY, AssemblyState
from occto.domain.canonical import digest
from occto.domain.errors import Refusal
from occto.domain.resolutions import quorum_document
from occto.models import AgendaItem, Assembly, AssemblyResult, ItemDecision
from occto.queries.desks import Unsettled, unsettled
from occto.queries.hall_board import quorum_now
from occto.services.assemblies.case import given, locked, note
from occto.services.assemblies.telling import NOBODY, Told, tell_roll
from occto.services.resolutions.case import hall_now
from occto.services.resolutions.deciding import last_decision


def fix_result(
    session: Session,
    assembly_id: int,
    *,
    override_reason: str | None,
    desks_checked: Collection[int] = (),
    seen_version: int,
    actor: Actor,
    now: datetime,
) -> int:
    """結果確定. The quorum is that of the moments at which the items were decided: those who leave later change nothing.

    `desks_checked`: row numbers of the desks in which arrivals may lie and that somebody has looked at; they are kept in
    the trail. Returns the row number of the result. Refusals: not_allowed, not_found, stale, illegal_step,
    desks_unsettled, items_undecided, quorum_not_met.
    """
    assembly = locked(session, assembly_id, step="fix_result", seen_version=seen_version, actor=actor)
    checked = _checked(unsettled(session, assembly.id, now=now), desks_checked)
    items = _items(session, assembly.id)
    decisions = _decisions(session, items)
    quorum = _quorum(session, assembly, decisions, now=now)
    reason = (override_reason or "").strip() or None
    if not quorum["met"] and reason is None:
        raise Refusal(
            "quorum_not_met",
            "定足数を満たさない議決があるため、結果を確定できません（電気事業法 28条の34）。"
            "それでも確定するときは、その理由を入力してください。議事録にも載ります。",
            field="override_reason",
        )
    no = (_last_no(session, assembly.id) or 0) + 1
    values: dict[str, Any] = {
        "assembly_id": assembly.id,
        "no": no,
        "quorum": quorum,
        "quorum_met": quorum["met"],
        "override_reason": None if quorum["met"] else reason,
        "fixed_at": now,
    }
    rests_on = {
        "decisions": [[item.no, decision.no, decision.sha256] for item, decision in decisions],
        "withdrawn": [item.no for item in items if item.withdrawn_at is not None],
    }
    made = AssemblyResult(**values, sha256=digest(values | rests_on), fixed_by_id=actor.user_id or 0)
    session.add(made)
    assembly.state = AssemblyState(ASSEMBLY.step("fix_result").leads_to(assembly.state))
    detail = {
        "no": no,
        "quorum_met": quorum["met"],
        "reason": made.override_reason,
        "sha256": made.sha256,
        "items": len(decisions),
        "desks_checked": checked,
    }
    note(session, assembly, "resolution.fixed", actor=actor, now=now, detail=detail)
    return made.id


def correct_result(
    session: Session, assembly_id: int, *, reason: str | None, seen_version: int, actor: Actor, now: datetime
) -> None:
    """訂正: back to 採決. What was fixed, and published, stays on record under its number.

    Refusals: not_allowed, not_found, stale, illegal_step, reason_missing.
    """
    assembly = locked(session, assembly_id, step="correct_result", seen_version=seen_version, actor=actor)
    words = given(reason, "結果を訂正する理由を入力してください。記録に残ります。")
    before = assembly.state
    assembly.state = AssemblyState(ASSEMBLY.step("correct_result").leads_to(before))
    detail = {"step": "correct_result", "from": before, "to": assembly.state, "reason": words}
    note(session, assembly, "assembly.step", actor=actor, now=now, detail=detail)


def publish_result(session: Session, assembly_id: int, *, seen_version: int, actor: Actor, now: datetime) -> Told:
    """公表: members see the result and are told by mail, once for each publication; a rehearsal tells nobody.

    Refusals: not_allowed, not_found, stale, illegal_step.
    """
    assembly = locked(session, assembly_id, step="publish", seen_version=seen_version, actor=actor)
    results = session.scalars(
        select(AssemblyResult).where(AssemblyResult.assembly_id == assembly.id).order_by(AssemblyResult.no)
    ).all()
    result, earlier = results[-1], [one for one in results if one.published_at is not None]
    result.published_at = now
    assembly.state = AssemblyState(ASSEMBLY.step("publish").leads_to(assembly.state))
    told = NOBODY
    if assembly.rehearsal_of_id is None:
        told = tell_roll(session, assembly, "assemblies/result_published", now=now, corrected=bool(earlier))
    detail = {"no": result.no, "told": told.mails, "on_paper": len(told.on_paper)}
    note(session, assembly, "resolution.published", actor=actor, now=now, detail=detail)
    return told


def _checked(desks: Sequence[Unsettled], ticked: Collection[int]) -> list[dict[str, Any]]:
    """The desks that were looked at, for the trail. Refusal desks_unsettled names those that nobody has ticked."""
    if unseen := [one.name for one in desks if one.id not in ticked]:
        raise Refusal(
            "desks_unsettled",
            f"まだ送っていない受付が残っているかもしれない端末があります：{'、'.join(unseen)}。"
            "端末を通信につないで「送信待ち 0件」を確かめるか、端末を調べて、確かめた印を付けてください。",
            field="desks_checked",
        )
    return [{"name": one.name, "waiting": one.waiting, "heard_at": one.heard_at.isoformat()} for one in desks]


def _items(session: Session, assembly_id: int) -> list[AgendaItem]:
    found = select(AgendaItem).where(AgendaItem.assembly_id == assembly_id, AgendaItem.kind != ItemKind.REPORT)
    return list(session.scalars(found.order_by(AgendaItem.no)))


def _decisions(session: Session, items: Sequence[AgendaItem]) -> list[tuple[AgendaItem, ItemDecision]]:
    """The decision that counts on every item that was not withdrawn. Refusal items_undecided names those without one."""
    found = [(item, last_decision(session, item.id)) for item in items if item.withdrawn_at is None]
    if undecided := [f"第{item.no}号議案" for item, decision in found if decision is None]:
        raise Refusal(
            "items_undecided",
            f"まだ採決していない議案があります：{'、'.join(undecided)}。採決するか、議案を取り下げてください。",
        )
    return [(item, decision) for item, decision in found if decision is not None]


def _quorum(
    session: Session, assembly: Assembly, decisions: Sequence[tuple[AgendaItem, ItemDecision]], *, now: datetime
) -> dict[str, Any]:
    """Of the decisions the one at which it was not met, else the last; where nothing was put to vote, of this moment."""
    kept = [decision.quorum for _item, decision in sorted(decisions, key=lambda one: one[1].decided_at)]
    if not kept:
        return quorum_document(quorum_now(session, hall_now(session, assembly, now=now)))
    return next((one for one in kept if not one["met"]), kept[-1])


def _last_no(session: Session, assembly_id: int) -> int | None:
    return session.scalar(
        select(AssemblyResult.no)
        .where(AssemblyResult.assembly_id == assembly_id)
        .order_by(AssemblyResult.no.desc())
        .limit(1)
    )
