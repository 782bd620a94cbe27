"""回答のお願い to the members that have not answered, those with votes first, at most once in REMINDER_PAUSE."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.assembly import ASSEMBLY, AssemblyState
from occto.domain.convocation import REMINDER_PAUSE, NoticeKind
from occto.domain.dates import format_instant, today_jst
from occto.domain.errors import IllegalStep, Refusal
from occto.domain.permissions import Permission
from occto.models import Assembly
from occto.queries.assembly_recipients import recipients
from occto.queries.convocation import last_reminder, without_answer
from occto.queries.notice_values import OnRoll, frozen_roll
from occto.services import audit
from occto.services.convocation.queueing import Sent, keep_as_sent, queue_mails
from occto.services.convocation.writing import locked_draft, require


@dataclass(frozen=True, slots=True)
class ToRemind:
    """Whom a reminder goes to now: members with a mail address, holders of votes first; `on_paper`: those without any."""

    members: list[OnRoll]
    on_paper: int
    mails: int

    @property
    def holders(self) -> int:
        return sum(1 for one in self.members if one.votes)


def to_remind(session: Session, assembly_id: int, *, now: datetime) -> ToRemind:
    """Whom a reminder would go to at `now`."""
    waiting = without_answer(session, assembly_id)
    roll = [one for one in frozen_roll(session, assembly_id) if one.member_id in waiting]
    people = recipients(session, None, today=today_jst(now))
    reached = [one for one in roll if people.get(one.member_id)]
    reached.sort(key=lambda one: not one.votes)
    return ToRemind(reached, len(roll) - len(reached), sum(len(people[one.member_id]) for one in reached))


def send_reminder(session: Session, notice_id: int, *, seen_version: int, actor: Actor, now: datetime) -> Sent:
    """Remind whoever has not answered at this moment.

    Refusals: not_allowed, not_found, notice_sent, stale, wrong_kind, illegal_step (no replies are taken), deadline_over,
    reminded_lately, nobody_to_remind, and those of the text.
    """
    require(actor, Permission.ASSEMBLY_NOTIFY)
    assembly, notice = locked_draft(session, notice_id, seen_version=seen_version)
    if notice.kind is not NoticeKind.REMINDER:
        raise Refusal("wrong_kind", "通知の種類が違います。通知の画面を開き直してください。")
    require_remindable(session, assembly, now=now)
    found = to_remind(session, assembly.id, now=now)
    if not found.members:
        raise Refusal("nobody_to_remind", "メールでお願いする相手がいません。回答の状況をお確かめください。")
    keep_as_sent(session, notice, assembly, by_id=actor.user_id, now=now)
    people = recipients(session, None, today=today_jst(now))
    mails = queue_mails(session, notice, found.members, people, by_id=actor.user_id, now=now)
    sent = Sent(len(found.members), mails, 0)
    audit.record(
        session,
        "notice.reminded",
        subject=f"ASSEMBLY:{assembly.id}",
        actor=actor,
        now=now,
        detail={"notice_id": notice.id, "members": sent.members, "mails": sent.mails},
    )
    session.flush()
    return sent


def require_remindable(session: Session, assembly: Assembly, *, now: datetime) -> None:
    """Refusals: illegal_step, deadline_over, reminded_lately."""
    if assembly.state is not AssemblyState.REPLIES_OPEN:
        raise IllegalStep(
            "remind",
            assembly.state.value,
            f"いまの状態は「{ASSEMBLY.labels[assembly.state]}」のため、回答のお願いは送れません。",
        )
    if assembly.reply_until is not None and assembly.reply_until <= now:
        raise Refusal("deadline_over", "回答の締切を過ぎているため、回答のお願いは送れません。")
    last = last_reminder(session, assembly.id)
    if last is not None and now < last + REMINDER_PAUSE:
        raise Refusal(
            "reminded_lately",
            f"{format_instant(last)}に回答のお願いを送っています。次のお願いは、24時間が過ぎる"
            f"{format_instant(last + REMINDER_PAUSE)}から送れます。",
        )
