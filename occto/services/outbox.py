"""送信メール: queued in the verb's transaction, claimed with a lease, sent outside any, marked in a third."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from occto.domain.canonical import jsonable
from occto.domain.codes import MailState
from occto.domain.errors import NotFound, Refusal
from occto.models import DemoMail, OutboxMail
from occto.queries.plain import current_rows_of
from occto.queries.terms import terms_in_force
from occto.services.convocation import acceptance

LEASE = timedelta(minutes=5)
BACK_OFF = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 180, 360, 720, 1440))
"""Waits after the first, second … failure; after the last the mail is 不達 and stands in the worklist."""


def queue(
    session: Session,
    template: str,
    *,
    to: str,
    now: datetime,
    params: Mapping[str, Any] | None = None,
    application_id: int | None = None,
    change_request_id: int | None = None,
    account_request_id: int | None = None,
    user_id: int | None = None,
    member_id: int | None = None,
    assembly_id: int | None = None,
    clause: str | None = None,
    terms_version_id: int | None = None,
    dedupe_key: str | None = None,
) -> OutboxMail | None:
    """Queue the mail `templates/mail/<template>` to one address; None where `dedupe_key` is already queued.

    A mail that a `clause` asks for keeps the version of the terms in force now, unless another one is given.
    """
    if dedupe_key is not None and session.scalar(select(OutboxMail.id).where(OutboxMail.dedupe_key == dedupe_key)):
        return None
    if clause is not None and terms_version_id is None:
        terms_version_id = terms_in_force(session, now=now).id
    mail = OutboxMail(
        template=template,
        params=jsonable(params or {}),
        to_address=to,
        application_id=application_id,
        change_request_id=change_request_id,
        account_request_id=account_request_id,
        user_id=user_id,
        member_id=member_id,
        assembly_id=assembly_id,
        clause=clause,
        terms_version_id=terms_version_id,
        dedupe_key=dedupe_key,
        queued_at=now,
        next_at=now,
        message_id=secrets.token_hex(16),
    )
    session.add(mail)
    session.flush()
    return mail


@dataclass(frozen=True, slots=True)
class Letter:
    """One of many mails of the same template: address, what the template shows, and whom it is about."""

    to: str
    params: Mapping[str, Any]
    member_id: int | None = None
    user_id: int | None = None
    dedupe_key: str | None = None


def queue_many(
    session: Session, template: str, letters: Sequence[Letter], *, assembly_id: int | None = None, now: datetime
) -> None:
    """Queue the mail to many in one statement.

    That nothing is queued twice is for the caller's lock to see to; a `dedupe_key` that is there already is an error.
    """
    if letters:
        current_rows_of(session, _QUEUED, _rows(template, letters, assembly_id=assembly_id, now=now))


def queue_numbered(
    session: Session, template: str, letters: Sequence[Letter], *, assembly_id: int | None = None, now: datetime
) -> list[int]:
    """The same, a thousand in one INSERT; returns their row numbers in the order of `letters`, which costs twice as much."""
    if not letters:
        return []
    rows = _rows(template, letters, assembly_id=assembly_id, now=now)
    numbers = dict(tuple(row) for row in current_rows_of(session, _NUMBERED, rows))
    return [numbers[row["message_id"]] for row in rows]


def _rows(template: str, letters: Sequence[Letter], *, assembly_id: int | None, now: datetime) -> list[dict[str, Any]]:
    said: dict[int, Any] = {}  # what several letters show alike is brought into its form once
    return [
        {
            "template": template,
            "params": said.get(id(letter.params)) or said.setdefault(id(letter.params), jsonable(letter.params)),
            "to_address": letter.to,
            "user_id": letter.user_id,
            "member_id": letter.member_id,
            "assembly_id": assembly_id,
            "dedupe_key": letter.dedupe_key,
            "state": MailState.PENDING,
            "attempts": 0,
            "queued_at": now,
            "next_at": now,
            "message_id": secrets.token_hex(16),
        }
        for letter in letters
    ]


_MAIL: Any = OutboxMail.__table__  # of the ORM, rows with a user and rows without one would be statements of their own
_QUEUED = insert(_MAIL)
_NUMBERED = _QUEUED.returning(_MAIL.c.message_id, _MAIL.c.id)


def claim(session: Session, *, now: datetime, limit: int = 20) -> list[int]:
    """Lease due mails to this worker and return their ids; what an earlier worker left while sending is 送信結果不明.

    Uncertain mails are sent again with the same Message-ID: at least once, and a receiver can tell the copy.
    """
    expired = session.scalars(
        select(OutboxMail)
        .where(OutboxMail.state == MailState.LEASED, OutboxMail.lease_until <= now)
        .with_for_update(skip_locked=True)
    )
    for mail in expired:
        mail.state, mail.lease_until, mail.next_at = MailState.UNCERTAIN, None, now
        mail.last_error = "送信の途中で処理が止まりました。同じ Message-ID で送り直します。"
    session.flush()
    due = session.scalars(
        select(OutboxMail)
        .where(OutboxMail.state.in_((MailState.PENDING, MailState.UNCERTAIN)), OutboxMail.next_at <= now)
        .order_by(OutboxMail.next_at, OutboxMail.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    for mail in due:
        mail.state, mail.lease_until, mail.attempts = MailState.LEASED, now + LEASE, mail.attempts + 1
    session.flush()
    return [mail.id for mail in due]


def mark_sent(session: Session, mail_id: int, *, subject: str, body_masked: str, now: datetime) -> None:
    """The receiving server has taken the mail."""
    mail = _locked(session, mail_id)
    mail.state, mail.lease_until, mail.sent_at = MailState.SENT, None, now
    mail.subject, mail.body_masked, mail.last_error = subject[:300], body_masked, None
    session.flush()
    if mail.assembly_id is not None:
        acceptance.note_accepted(session, mail.id, now=now)


def mark_failed(session: Session, mail_id: int, *, error: str, permanent: bool, now: datetime) -> None:
    """The mail was not taken: again later, or BOUNCED where the server refused for good, FAILED after the last wait."""
    mail = _locked(session, mail_id)
    mail.lease_until, mail.last_error = None, error[:500]
    if permanent:
        mail.state = MailState.BOUNCED
    elif mail.attempts > len(BACK_OFF):
        mail.state = MailState.FAILED
    else:
        mail.state, mail.next_at = MailState.PENDING, now + BACK_OFF[mail.attempts - 1]
    session.flush()
    if mail.assembly_id is not None and mail.state is not MailState.PENDING:
        acceptance.note_failed(session, mail.id, now=now)


def mark_suppressed(session: Session, mail_id: int, *, why: str, now: datetime) -> None:
    """What the mail would bring is no longer good: it is not sent."""
    mail = _locked(session, mail_id)
    mail.state, mail.lease_until, mail.last_error = MailState.SUPPRESSED, None, why[:500]
    session.flush()
    if mail.assembly_id is not None:
        acceptance.note_failed(session, mail.id, now=now)


def mark_returned(session: Session, mail_id: int, *, words: str, now: datetime) -> datetime:
    """A mail that a server had taken came back (a bounce some time after): 不達 from now on. Returns when it was sent.

    Refusal mail_not_sent.
    """
    mail = _locked(session, mail_id)
    if mail.state is not MailState.SENT or mail.sent_at is None:
        raise Refusal(
            "mail_not_sent", "戻ってきたと記録できるのは、送信済みのメールだけです。最新の状態をお確かめください。"
        )
    sent_at = mail.sent_at
    mail.state, mail.sent_at, mail.last_error = MailState.BOUNCED, None, words[:500]
    session.flush()
    if mail.assembly_id is not None:
        acceptance.note_returned(session, mail.id, now=now)
    return sent_at


def send_again(session: Session, mail_id: int, *, now: datetime) -> OutboxMail:
    """Put a failed or bounced mail back into the queue; Refusal where it is on its way or was sent."""
    mail = _locked(session, mail_id)
    if mail.state not in {MailState.FAILED, MailState.BOUNCED}:
        raise Refusal("mail_not_failed", "送り直せるのは、届かなかったメールだけです。最新の状態をお確かめください。")
    mail.state, mail.next_at, mail.attempts = MailState.PENDING, now, 0
    session.flush()
    if mail.assembly_id is not None:
        acceptance.note_again(session, mail.id)
    return mail


def leased(session: Session, mail_id: int) -> OutboxMail:
    """The mail that this worker holds, under its lock."""
    return _locked(session, mail_id)


def keep_in_demo_mailbox(session: Session, *, to: str, subject: str, body: str, message_id: str, now: datetime) -> None:
    """Put a mail into the demo's mailbox, once for its Message-ID."""
    if session.scalar(select(DemoMail.id).where(DemoMail.message_id == message_id)) is None:
        session.add(DemoMail(at=now, to_address=to, subject=subject, body=body, message_id=message_id))


def _locked(session: Session, mail_id: int) -> OutboxMail:
    mail = session.get(OutboxMail, mail_id, with_for_update=True)
    if mail is None:
        raise NotFound
    return mail
