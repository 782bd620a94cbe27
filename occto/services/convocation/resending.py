"""The notice once more: to one contact of a member's record, or to members that came onto the roll after it was sent."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.assembly import ASSEMBLY, AssemblyState
from occto.domain.convocation import NoticeChannel
from occto.domain.dates import today_jst
from occto.domain.errors import IllegalStep, NotFound, Refusal
from occto.domain.permissions import Permission
from occto.models import Assembly, Convocation, Notice
from occto.queries.assembly_recipients import recipients
from occto.queries.convocation import sent_additions, sent_notice
from occto.queries.notice_values import frozen_roll
from occto.services import audit
from occto.services.convocation.queueing import Sent, queue_letters, queue_mails
from occto.services.convocation.writing import require

RUNNING = frozenset({AssemblyState.NOTIFIED, AssemblyState.REPLIES_OPEN, AssemblyState.REPLIES_CLOSED})


def resend_notice(
    session: Session, assembly_id: int, *, member_id: int, email: str, actor: Actor, now: datetime
) -> None:
    """Send the notice to one contact of the member once more; an address that is not on its record is refused.

    Refusals: not_allowed, not_found, illegal_step, not_sent_yet, not_a_contact.
    """
    require(actor, Permission.ASSEMBLY_EDIT)
    assembly, notice = _running(session, assembly_id)
    roll = frozen_roll(session, assembly.id, only=[member_id])
    if not roll:
        raise NotFound
    people = recipients(session, [member_id], today=today_jst(now)).get(member_id, [])
    chosen = [one for one in people if one.email.lower() == email.lower()]
    if not chosen:
        raise Refusal(
            "not_a_contact",
            "このアドレスは、会員の登録にある通知先ではありません。登録を改めてから、もう一度お試しください。",
            field="email",
        )
    convocation = session.get(Convocation, (assembly.id, member_id), with_for_update=True)
    if convocation is None:
        session.add(Convocation(assembly_id=assembly.id, member_id=member_id, channel=NoticeChannel.MAIL))
    elif convocation.notified_at is None:
        convocation.channel, convocation.bounced_at = NoticeChannel.MAIL, None
    session.flush()
    queue_mails(session, notice, roll, {member_id: chosen}, by_id=actor.user_id, now=now, once=False)
    audit.record(
        session,
        "notice.resent",
        subject=f"ASSEMBLY:{assembly.id}",
        actor=actor,
        now=now,
        detail={"notice_id": notice.id, "member_id": member_id, "email": chosen[0].email},
    )
    session.flush()


def send_to_rest(session: Session, assembly_id: int, *, actor: Actor, now: datetime) -> Sent:
    """Send the notice to members of the frozen roll that never got it: they came onto it when the votes were frozen again.

    Additions to it that were sent meanwhile go with it: only what a member was notified of can be decided (電気事業法
    28条の37). Refusals: not_allowed, not_found, illegal_step, not_sent_yet, nobody_left.
    """
    require(actor, Permission.ASSEMBLY_NOTIFY)
    assembly, notice = _running(session, assembly_id)
    known = set(session.scalars(select(Convocation.member_id).where(Convocation.assembly_id == assembly.id)))
    rest = [one for one in frozen_roll(session, assembly.id) if one.member_id not in known]
    if not rest:
        raise Refusal("nobody_left", "通知を送っていない会員はいません。")
    people = recipients(session, [one.member_id for one in rest], today=today_jst(now))
    for member in rest:
        channel = NoticeChannel.MAIL if people.get(member.member_id) else NoticeChannel.POST
        session.add(Convocation(assembly_id=assembly.id, member_id=member.member_id, channel=channel))
    session.flush()
    on_paper = [one for one in rest if not people.get(one.member_id)]
    mails = letters = 0
    for text in (notice, *sent_additions(session, assembly.id)):
        mails += queue_mails(session, text, rest, people, by_id=actor.user_id, now=now)
        letters += queue_letters(session, text, on_paper, by_id=actor.user_id, now=now)
    sent = Sent(len(rest), mails, letters)
    audit.record(
        session,
        "notice.sent_to_rest",
        subject=f"ASSEMBLY:{assembly.id}",
        actor=actor,
        now=now,
        detail={"notice_id": notice.id, "members": sent.members, "mails": sent.mails, "letters": sent.letters},
    )
    session.flush()
    return sent


def _running(session: Session, assembly_id: int) -> tuple[Assembly, Notice]:
    assembly = session.get(Assembly, assembly_id, with_for_update=True, populate_existing=True)
    if assembly is None:
        raise NotFound
    if assembly.state not in RUNNING:
        raise IllegalStep(
            "resend",
            assembly.state.value,
            f"いまの状態は「{ASSEMBLY.labels[assembly.state]}」のため、通知は送れません。",
        )
    notice = sent_notice(session, assembly.id)
    if notice is None:
        raise Refusal("not_sent_yet", "招集通知をまだ送っていません。先に招集通知を送ってください。")
    return assembly, notice
