"""Letters handed to the post or to the member: recorded with the instant, which is when the member counts as notified."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.convocation import NoticeChannel, NoticeKind, NoticeState
from occto.domain.errors import NotFound, Refusal
from occto.domain.permissions import Permission
from occto.models import Assembly, Convocation, Notice, Sending
from occto.queries.convocation import to_post
from occto.services import audit
from occto.services.convocation.queueing import BY_POST, TOGETHER
from occto.services.convocation.writing import require

HANDED_TO = "手渡し"


def mark_posted(
    session: Session,
    notice_id: int,
    *,
    member_ids: Sequence[int],
    channel: NoticeChannel,
    posted_at: datetime,
    actor: Actor,
    now: datetime,
) -> int:
    """郵送 or 手渡し of a notice to these members, at `posted_at`; returns to how many.

    A posting after D-6 is recorded as it was: it came too late. Refusals: not_allowed, not_found, not_sent_yet,
    channel_unknown, posted_later (in the future), posted_before_notice, nobody_to_post (none of them waits for a letter).
    """
    require(actor, Permission.ASSEMBLY_EDIT)
    notice = session.get(Notice, notice_id)
    if notice is None:
        raise NotFound
    session.get_one(Assembly, notice.assembly_id, with_for_update=True, populate_existing=True)
    if notice.state is not NoticeState.SENT or notice.sent_at is None:
        raise Refusal("not_sent_yet", "この通知をまだ送っていません。先に通知を送ってください。")
    if channel not in (NoticeChannel.POST, NoticeChannel.HAND):
        raise Refusal("channel_unknown", "郵送か手渡しかを選んでください。", field="channel")
    if posted_at > now:
        raise Refusal("posted_later", "郵送・手渡しの日時は、いままでの日時を入力してください。", field="posted_on")
    if posted_at < notice.sent_at.replace(second=0, microsecond=0):
        raise Refusal(
            "posted_before_notice",
            "郵送・手渡しの日時が、通知を送った日時より前です。日時をお確かめください。",
            field="posted_on",
        )
    waiting = set(session.scalars(to_post(notice.id)))
    members = [one for one in dict.fromkeys(member_ids) if one in waiting]
    if not members:
        raise Refusal("nobody_to_post", "郵送・手渡しを待っている会員が、選んだ中にいません。一覧をお確かめください。")
    for first in range(0, len(members), TOGETHER):
        _post(session, notice, members[first : first + TOGETHER], channel, posted_at, by_id=actor.user_id, now=now)
    audit.record(
        session,
        "notice.posted",
        subject=f"ASSEMBLY:{notice.assembly_id}",
        actor=actor,
        now=now,
        detail={"notice_id": notice.id, "channel": channel, "posted_at": posted_at, "count": len(members)},
    )
    session.flush()
    return len(members)


def _post(
    session: Session,
    notice: Notice,
    members: Sequence[int],
    channel: NoticeChannel,
    posted_at: datetime,
    *,
    by_id: int | None,
    now: datetime,
) -> None:
    """The letters that waited are marked; who has none, because its mails failed, gets a sending now."""
    waiting = select(func.max(Sending.id)).where(
        Sending.notice_id == notice.id, Sending.member_id.in_(members), Sending.channel != NoticeChannel.MAIL
    )
    found = session.execute(waiting.add_columns(Sending.member_id).group_by(Sending.member_id))
    letters: dict[int, int] = dict(iter(found))
    if letters:
        session.execute(
            update(Sending)
            .where(Sending.id.in_(letters))
            .values(accepted_at=posted_at, channel=channel, by_id=by_id)
            .execution_options(synchronize_session=False)
        )
    known = set(letters.values())
    rows = [
        {
            "assembly_id": notice.assembly_id,
            "member_id": member_id,
            "notice_id": notice.id,
            "channel": channel,
            "recipient": BY_POST,
            "address": HANDED_TO if channel is NoticeChannel.HAND else "登録の本店所在地",
            "at": now,
            "by_id": by_id,
            "accepted_at": posted_at,
        }
        for member_id in members
        if member_id not in known
    ]
    if rows:
        session.execute(insert(Sending), rows)
    if notice.kind is NoticeKind.NOTICE:
        session.execute(
            update(Convocation)
            .where(Convocation.assembly_id == notice.assembly_id, Convocation.member_id.in_(members))
            .values(notified_at=posted_at, bounced_at=None, channel=channel)
            .execution_options(synchronize_session=False)
        )
