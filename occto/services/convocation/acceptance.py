"""What became of the mails of a notice: asked by `services/outbox`, so it knows nothing of queueing (電気事業法 28条の36).

A member is notified by the first acceptance of any of its recipients; it is 不達 once all of them have failed.
"""

from datetime import datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from occto.domain.convocation import NoticeKind
from occto.models import Convocation, Notice, Sending


def note_accepted(session: Session, outbox_id: int, *, now: datetime) -> None:
    """The receiving server has taken the mail; a bounce before it no longer counts."""
    sending, convocation = _of_mail(session, outbox_id)
    if sending is None:
        return
    sending.accepted_at, sending.failed_at = sending.accepted_at or now, None
    if convocation is not None:
        convocation.notified_at, convocation.bounced_at = min(convocation.notified_at or now, now), None
    session.flush()


def note_failed(session: Session, outbox_id: int, *, now: datetime) -> None:
    """The mail will not arrive: refused for good, or given up after the last wait."""
    sending, convocation = _of_mail(session, outbox_id)
    if sending is None:
        return
    sending.accepted_at, sending.failed_at = None, now
    session.flush()
    if convocation is not None and convocation.notified_at is None and not _under_way(session, sending):
        convocation.bounced_at = now
        session.flush()


def note_returned(session: Session, outbox_id: int, *, now: datetime) -> None:
    """A mail that was taken came back: the member was notified by what else reached it, or by nothing at all."""
    sending, convocation = _of_mail(session, outbox_id)
    if sending is None:
        return
    sending.accepted_at, sending.failed_at = None, now
    session.flush()
    if convocation is None:
        return
    convocation.notified_at = session.scalar(
        select(func.min(Sending.accepted_at)).where(
            Sending.assembly_id == sending.assembly_id,
            Sending.member_id == sending.member_id,
            Sending.notice_id == sending.notice_id,
        )
    )
    if convocation.notified_at is None and not _under_way(session, sending):
        convocation.bounced_at = now
    session.flush()


def note_again(session: Session, outbox_id: int) -> None:
    """A mail that had failed is on its way once more."""
    sending, convocation = _of_mail(session, outbox_id)
    if sending is None:
        return
    sending.failed_at = None
    if convocation is not None:
        convocation.bounced_at = None
    session.flush()


def _of_mail(session: Session, outbox_id: int) -> tuple[Sending | None, Convocation | None]:
    """The sending of a mail and, where it is of the notice itself, the member's convocation under its lock.

    The lock comes before what is asked about the other mails of the member: two that fail at once see each other.
    """
    sending = session.scalar(select(Sending).where(Sending.outbox_id == outbox_id))
    if sending is None:
        return None, None
    if session.scalar(select(Notice.kind).where(Notice.id == sending.notice_id)) is not NoticeKind.NOTICE:
        return sending, None
    key = (sending.assembly_id, sending.member_id)
    return sending, session.get(Convocation, key, with_for_update=True, populate_existing=True)


def _under_way(session: Session, sending: Sending) -> bool:
    """Whether any mail of this notice to the member may still arrive."""
    others = exists().where(
        Sending.assembly_id == sending.assembly_id,
        Sending.member_id == sending.member_id,
        Sending.notice_id == sending.notice_id,
        Sending.outbox_id.is_not(None),
        Sending.failed_at.is_(None),
    )
    return bool(session.scalar(select(others)))
