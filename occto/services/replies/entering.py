"""Staff key in a reply or a mandate (委任) that came on paper, by telephone or too late (業務: `domain` 6, Reply)."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.codes import AttachmentKind
from occto.domain.errors import NotAllowed, NotFound
from occto.domain.permissions import Permission
from occto.domain.replies import Answer, ReplyChannel
from occto.models import Assembly
from occto.services.elections import Scan, keep_scan
from occto.services.replies.case import TakenReply
from occto.services.replies.taking import take_reply


def key_in(
    session: Session,
    *,
    assembly_id: int,
    member_id: int,
    answer: Answer,
    channel: ReplyChannel,
    received_at: datetime,
    scan: Scan | None,
    reason: str | None,
    seen_version: int,
    actor: Actor,
    now: datetime,
    left_open: Collection[int] = (),
) -> TakenReply:
    """Keep the paper with the assembly and take the reply: the later received one stands, whenever it is keyed in.
    `left_open`: the items about which it says nothing; nobody votes on them for the member.

    Refusals: not_allowed (without REPLY_ENTER, or as if it were on line), and those of `take_reply`.
    """
    if not actor.can(Permission.REPLY_ENTER) or channel is ReplyChannel.ELECTRONIC:
        raise NotAllowed
    if session.scalar(select(Assembly.id).where(Assembly.id == assembly_id)) is None:
        raise NotFound
    document = None
    if scan is not None:
        document = keep_scan(
            session, scan, AttachmentKind.REPLY_PAPER, assembly_id=assembly_id, member_id=member_id, now=now
        )
    return take_reply(
        session,
        assembly_id=assembly_id,
        member_id=member_id,
        answer=answer,
        channel=channel,
        received_at=received_at,
        seen_version=seen_version,
        actor=actor,
        now=now,
        document_id=document,
        reason=reason,
        left_open=left_open,
    )
