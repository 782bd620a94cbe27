"""Sending: the notice, once, to everybody on the frozen roll; additions to it until D-6 (電気事業法 28条の36, 28条の37)."""

from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.assembly import ASSEMBLY, AssemblyState
from occto.domain.convocation import NoticeChannel, NoticeKind, require_in_time
from occto.domain.dates import today_jst
from occto.domain.errors import IllegalStep, NotFound, Refusal, Stale
from occto.domain.permissions import Permission
from occto.models import AgendaItem, Assembly, Convocation, Notice, Sending
from occto.queries.assembly_recipients import Recipient, recipients
from occto.queries.convocation import not_yet_notified
from occto.queries.notice_values import OnRoll, frozen_roll
from occto.queries.plain import current_rows_of
from occto.queries.statistics import look_again
from occto.services import audit
from occto.services.convocation.queueing import TOGETHER, Sent, keep_as_sent, queue_letters, queue_mails
from occto.services.convocation.writing import locked_draft, require

ADDED_IN = frozenset({AssemblyState.NOTIFIED, AssemblyState.REPLIES_OPEN})


def send_notice(
    session: Session,
    notice_id: int,
    *,
    open_replies: bool,
    seen_version: int,
    seen_assembly: int,
    actor: Actor,
    now: datetime,
) -> Sent:
    """招集通知 to every member of the frozen roll, by mail or, where there is no way, by post; with `open_replies` 回答受付.

    `seen_assembly` is the version of the assembly whose items and day were on the screen.

    Refusals: not_allowed, not_found, notice_sent, stale, wrong_kind, illegal_step, not_frozen, no_items, no_deadline,
    deadline_over, too_late, and those of the text.
    """
    require(actor, Permission.ASSEMBLY_NOTIFY)
    assembly, notice = locked_draft(session, notice_id, seen_version=seen_version)
    _require_seen(assembly, seen_assembly)
    _require_kind(notice, NoticeKind.NOTICE)
    before = assembly.state
    state = ASSEMBLY.require("notify", before).leads_to(before)
    roll = _roll(session, assembly)
    items = _items(session, assembly)
    _require_deadline(assembly, now=now)
    require_in_time(assembly.held_at, now=now)
    keep_as_sent(session, notice, assembly, by_id=actor.user_id, now=now)
    people = recipients(session, None, today=today_jst(now))
    _convoke(session, assembly, roll, people)
    sent = _queue(session, notice, roll, people, by_id=actor.user_id, now=now)
    if open_replies:
        state = ASSEMBLY.require("open_replies", state).leads_to(state)
    assembly.state = AssemblyState(state)
    assembly.version += 1
    _record(session, notice, sent, items, before=before, after=assembly.state, actor=actor, now=now)
    return sent


def send_addendum(
    session: Session, notice_id: int, *, seen_version: int, seen_assembly: int, actor: Actor, now: datetime
) -> Sent:
    """追加の通知 of items that stood in no notice yet, to the whole roll, until D-6.

    Refusals: not_allowed, not_found, notice_sent, stale, wrong_kind, illegal_step, not_frozen, no_items, too_late, and
    those of the text.
    """
    require(actor, Permission.ASSEMBLY_NOTIFY)
    assembly, notice = locked_draft(session, notice_id, seen_version=seen_version)
    _require_seen(assembly, seen_assembly)
    _require_kind(notice, NoticeKind.ADDENDUM)
    if assembly.state not in ADDED_IN:
        raise IllegalStep(
            "addendum",
            assembly.state.value,
            f"いまの状態は「{ASSEMBLY.labels[assembly.state]}」のため、議案の追加の通知は送れません。",
        )
    roll = _roll(session, assembly)
    items = _items(session, assembly)
    require_in_time(assembly.held_at, now=now)
    keep_as_sent(session, notice, assembly, by_id=actor.user_id, now=now)
    people = recipients(session, None, today=today_jst(now))
    sent = _queue(session, notice, roll, people, by_id=actor.user_id, now=now)
    assembly.version += 1
    _record(session, notice, sent, items, before=assembly.state, after=assembly.state, actor=actor, now=now)
    return sent


def open_replies(session: Session, assembly_id: int, *, seen_assembly: int, actor: Actor, now: datetime) -> None:
    """回答受付 of an assembly that members were called to. Refusals: not_allowed, not_found, stale, illegal_step,
    no_deadline, deadline_over.
    """
    require(actor, Permission.ASSEMBLY_NOTIFY)
    assembly = session.get(Assembly, assembly_id, with_for_update=True, populate_existing=True)
    if assembly is None:
        raise NotFound
    _require_seen(assembly, seen_assembly)
    before = assembly.state
    step = ASSEMBLY.require("open_replies", before)
    _require_deadline(assembly, now=now)
    assembly.state = AssemblyState(step.leads_to(before))
    assembly.version += 1
    detail = {"from": before, "to": assembly.state}
    audit.record(session, "assembly.opened", subject=f"ASSEMBLY:{assembly.id}", actor=actor, now=now, detail=detail)
    session.flush()


def _require_seen(assembly: Assembly, version: int) -> None:
    if assembly.version != version:
        raise Stale


def _require_kind(notice: Notice, kind: NoticeKind) -> None:
    if notice.kind is not kind:
        raise Refusal("wrong_kind", "通知の種類が違います。通知の画面を開き直してください。")


def _roll(session: Session, assembly: Assembly) -> list[OnRoll]:
    roll = frozen_roll(session, assembly.id)
    if not roll:
        raise Refusal(
            "not_frozen", "議決権がまだ確定していないため、送れません。先に議決権を確定してください（業務の順序）。"
        )
    return roll


def _items(session: Session, assembly: Assembly) -> list[AgendaItem]:
    items = not_yet_notified(session, assembly.id)
    if not items:
        raise Refusal("no_items", "まだ通知していない議案・報告事項がありません。先に議案を登録してください。")
    return items


def _require_deadline(assembly: Assembly, *, now: datetime) -> None:
    if assembly.reply_until is None:
        raise Refusal("no_deadline", "回答の締切が決まっていません。先に総会の登録で、回答の締切を入力してください。")
    if assembly.reply_until <= now:
        raise Refusal("deadline_over", "回答の締切を過ぎています。先に総会の登録で、回答の締切を改めてください。")


def _convoke(session: Session, assembly: Assembly, roll: list[OnRoll], people: dict[int, list[Recipient]]) -> None:
    rows = [
        {
            "assembly_id": assembly.id,
            "member_id": one.member_id,
            "channel": NoticeChannel.MAIL if people.get(one.member_id) else NoticeChannel.POST,
        }
        for one in roll
    ]
    for first in range(0, len(rows), TOGETHER):
        current_rows_of(session, insert(Convocation.__table__), rows[first : first + TOGETHER])  # type: ignore[arg-type]


def _queue(
    session: Session,
    notice: Notice,
    roll: list[OnRoll],
    people: dict[int, list[Recipient]],
    *,
    by_id: int | None,
    now: datetime,
) -> Sent:
    mails = queue_mails(session, notice, roll, people, by_id=by_id, now=now)
    on_paper = [one for one in roll if not people.get(one.member_id)]
    letters = queue_letters(session, notice, on_paper, by_id=by_id, now=now)
    look_again(session, Convocation, Sending)
    return Sent(len(roll), mails, letters)


def _record(
    session: Session,
    notice: Notice,
    sent: Sent,
    items: list[AgendaItem],
    *,
    before: AssemblyState,
    after: AssemblyState,
    actor: Actor,
    now: datetime,
) -> None:
    for item in items:
        item.notified_at = now
    audit.record(
        session,
        "notice.sent",
        subject=f"ASSEMBLY:{notice.assembly_id}",
        actor=actor,
        now=now,
        detail={
            "notice_id": notice.id,
            "kind": notice.kind,
            "members": sent.members,
            "mails": sent.mails,
            "letters": sent.letters,
            "items": [item.no for item in items],
            "from": before,
            "to": after,
        },
    )
    session.flush()
