"""The life cycle of an assembly up to the day: counting begun, replies closed, postponed, cancelled, finished, held anew."""

from datetime import datetime
from typing import Unpack

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.actor import SYSTEM, Actor
from occto.domain.assembly import ASSEMBLY, TOLD, AssemblyState
from occto.domain.assembly_settings import read_settings
from occto.domain.dates import format_date, format_instant, today_jst
from occto.domain.errors import Refusal
from occto.models import AgendaConflict, AgendaItem, Assembly, AssemblyResult
from occto.services.assemblies import registering
from occto.services.assemblies.case import given, locked, note
from occto.services.assemblies.telling import END_MAILS, NOBODY, Told, tell_roll
from occto.services.freezing import keep_draft_if_changed
from occto.services.replies.receipts import publish_list


def start_counting(session: Session, assembly_id: int, *, seen_version: int, actor: Actor, now: datetime) -> None:
    """基準日集計 begins once the record date is over: facts count as at the end of that day.

    Refusals: not_allowed, not_found, stale, illegal_step, record_date_not_over.
    """
    assembly = locked(session, assembly_id, step="count", seen_version=seen_version, actor=actor)
    if today_jst(now) <= assembly.record_on:
        raise Refusal(
            "record_date_not_over",
            f"議決権は、基準日（{format_date(assembly.record_on)}）の終わりの登録で数えます。基準日の翌日から始めてください。",
        )
    _move(session, assembly, "count", actor=actor, now=now)
    keep_draft_if_changed(session, assembly.id, now=now)  # members see their votes from now on


def close_replies(session: Session, assembly_id: int, *, seen_version: int, actor: Actor, now: datetime) -> None:
    """回答締切 by staff, at the deadline or after it. Refusals: not_allowed, not_found, stale, illegal_step,
    replies_still_open.
    """
    assembly = locked(session, assembly_id, step="close_replies", seen_version=seen_version, actor=actor)
    until = _deadline(assembly)
    if now < until:
        raise Refusal(
            "replies_still_open",
            f"回答の締切（{format_instant(until)}）より前には、締め切れません。締切になると、自動で締め切ります。",
        )
    _close(session, assembly, actor=actor, now=now)


def close_when_due(session: Session, assembly_id: int, *, now: datetime) -> bool:
    """回答締切 on time, by the machine; whether this call did it. Nothing happens twice, however often it is asked."""
    assembly = session.get(Assembly, assembly_id, with_for_update=True, populate_existing=True)
    if assembly is None or assembly.state is not AssemblyState.REPLIES_OPEN or now < _deadline(assembly):
        return False
    _close(session, assembly, actor=SYSTEM, now=now)
    return True


def open_hall(session: Session, assembly_id: int, *, seen_version: int, actor: Actor, now: datetime) -> None:
    """当日受付 begins: from now on desks admit. Refusals: not_allowed, not_found, stale, illegal_step, hall_too_early."""
    assembly = locked(session, assembly_id, step="open_hall", seen_version=seen_version, actor=actor)
    if today_jst(now) < today_jst(assembly.held_at):
        raise Refusal(
            "hall_too_early",
            f"当日受付は、開催日（{format_date(today_jst(assembly.held_at))}）になってから始めてください。前の日までは、端末の接続と練習だけができます。",
        )
    _move(session, assembly, "open_hall", actor=actor, now=now)


def _deadline(assembly: Assembly) -> datetime:
    return assembly.reply_until or assembly.held_at


def _close(session: Session, assembly: Assembly, *, actor: Actor, now: datetime) -> None:
    """However it is closed, the list of receipts is published in the same transaction."""
    _move(session, assembly, "close_replies", actor=actor, now=now)
    publish_list(session, assembly.id, now=now, actor=actor)
    session.flush()


def _move(session: Session, assembly: Assembly, step: str, *, actor: Actor, now: datetime) -> None:
    before = assembly.state
    assembly.state = AssemblyState(ASSEMBLY.step(step).leads_to(before))
    detail = {"step": step, "from": before, "to": assembly.state, "reason": None}
    note(session, assembly, "assembly.step", actor=actor, now=now, detail=detail)


def postpone_assembly(
    session: Session, assembly_id: int, *, reason: str | None, seen_version: int, actor: Actor, now: datetime
) -> Told:
    """延期: it ends, its replies are kept; members called to it are told. A new day is a new assembly (`follow_postponed`).

    Refusals: not_allowed, not_found, stale, illegal_step, reason_missing, result_on_record.
    """
    assembly = locked(session, assembly_id, step="postpone", seen_version=seen_version, actor=actor)
    words = given(reason, "延期する理由を入力してください。会員へのお知らせに載ります。")
    return _end(session, assembly, "postpone", words, actor=actor, now=now)


def cancel_assembly(
    session: Session, assembly_id: int, *, reason: str | None, seen_version: int, actor: Actor, now: datetime
) -> Told:
    """中止: it ends, its replies are kept; members called to it are told.

    Refusals: not_allowed, not_found, stale, illegal_step, reason_missing, result_on_record.
    """
    assembly = locked(session, assembly_id, step="cancel", seen_version=seen_version, actor=actor)
    words = given(reason, "中止にする理由を入力してください。会員へのお知らせに載ります。")
    return _end(session, assembly, "cancel", words, actor=actor, now=now)


def _end(session: Session, assembly: Assembly, step: str, reason: str, *, actor: Actor, now: datetime) -> Told:
    if session.scalar(select(AssemblyResult.id).where(AssemblyResult.assembly_id == assembly.id).limit(1)) is not None:
        raise Refusal(
            "result_on_record",
            "結果を一度確定した総会は、延期にも中止にもできません。訂正する議案をもう一度採決し、結果を確定して公表してください。",
        )
    before = assembly.state
    assembly.state, assembly.closing_reason = AssemblyState(ASSEMBLY.step(step).leads_to(before)), reason
    template = END_MAILS[assembly.state]
    told = tell_roll(session, assembly, template, reason=reason, now=now) if before in TOLD else NOBODY
    _note_end(session, assembly, before, told, actor=actor, now=now)
    return told


def _note_end(
    session: Session, assembly: Assembly, before: AssemblyState, told: Told, *, actor: Actor, now: datetime
) -> None:
    detail = {
        "from": before,
        "to": assembly.state,
        "reason": assembly.closing_reason,
        "told": told.mails,
        "on_paper": len(told.on_paper),
    }
    note(session, assembly, "assembly.closed", actor=actor, now=now, detail=detail)


def finish_assembly(session: Session, assembly_id: int, *, seen_version: int, actor: Actor, now: datetime) -> None:
    """完了, after the day: later facts no longer concern it.

    Refusals: not_allowed, not_found, stale, illegal_step, not_held_yet.
    """
    assembly = locked(session, assembly_id, step="finish", seen_version=seen_version, actor=actor)
    if assembly.held_at > now:
        raise Refusal(
            "not_held_yet", "開催の日時より前には、完了にできません。取りやめるときは、延期か中止にしてください。"
        )
    before, assembly.state = assembly.state, AssemblyState.FINISHED
    _note_end(session, assembly, before, NOBODY, actor=actor, now=now)


def follow_postponed(
    session: Session,
    assembly_id: int,
    *,
    seen_version: int,
    actor: Actor,
    now: datetime,
    **entered: Unpack[registering.NewDay],
) -> int:
    """日を改めて: a new assembly in preparation in the place of a postponed one, with its agenda and its settings.

    Documents are not taken over: they name the old day. Returns the row number of the new one. Refusals: those of
    `create_assembly`, not_found, stale, illegal_step, already_followed.
    """
    old = locked(session, assembly_id, step="follow", seen_version=seen_version, actor=actor)
    standing = select(Assembly.id).where(Assembly.replaces_id == old.id, Assembly.state != AssemblyState.CANCELLED)
    if session.scalar(standing) is not None:
        raise Refusal(
            "already_followed",
            "この総会に代わる総会は、すでに登録されています。総会の一覧でお確かめください。",
        )
    settings = read_settings(old.settings)
    values = registering.new_values(session, settings=settings, kind=old.kind, now=now, **entered)
    new_id = registering.enter(session, values, settings=dict(old.settings), replaces_id=old.id, actor=actor, now=now)
    _copy_agenda(session, old.id, new_id)
    return new_id


def _copy_agenda(session: Session, old_id: int, new_id: int) -> None:
    """The items that were not withdrawn, numbered from 1, not yet notified, with their conflict members."""
    items = session.scalars(
        select(AgendaItem)
        .where(AgendaItem.assembly_id == old_id, AgendaItem.withdrawn_at.is_(None))
        .order_by(AgendaItem.no)
    ).all()
    copies = {
        item.id: AgendaItem(
            assembly_id=new_id,
            no=no,
            kind=item.kind,
            title=item.title,
            summary=item.summary,
            majority=item.majority,
            consent=item.consent,
            rule_reason=item.rule_reason,
        )
        for no, item in enumerate(items, 1)
    }
    session.add_all(copies.values())
    session.flush()
    conflicts = session.execute(
        select(AgendaConflict.item_id, AgendaConflict.member_id).where(AgendaConflict.item_id.in_(copies))
    )
    session.add_all(AgendaConflict(item_id=copies[row.item_id].id, member_id=row.member_id) for row in conflicts)
    session.flush()
