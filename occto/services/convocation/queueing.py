"""Mails and letters of a notice as rows, in bulk: tens of thousands in one transaction within seconds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from occto.domain.convocation import NoticeChannel, NoticeState
from occto.domain.errors import Refusal
from occto.domain.merge_fields import check_values, fill
from occto.domain.notice_texts import BODY_LIMIT, SUBJECT_LIMIT
from occto.domain.recipients import LABELS as RECIPIENTS
from occto.models import Assembly, Notice, Sending
from occto.queries.assembly_recipients import Recipient
from occto.queries.notice_values import OnRoll, shared_values
from occto.queries.plain import current_rows_of
from occto.services import outbox
from occto.services.convocation.writing import TEMPLATE, check_text
from occto.services.outbox import Letter

TOGETHER = 5_000
_SENDING = insert(Sending.__table__)  # type: ignore[arg-type]  # past the ORM: tens of thousands of rows
BY_POST = "会員ご担当者"
"""Whom a letter is addressed to; its address is read from the register when it is printed."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What was queued: members by channel, and mails (several a member)."""

    members: int
    mails: int
    letters: int


def keep_as_sent(session: Session, notice: Notice, assembly: Assembly, *, by_id: int | None, now: datetime) -> None:
    """Fill in what says the same to everybody and mark the notice as sent: its text is from now on what went out.

    Refusals: unknown_field, unclosed_field, field_in_value, text_too_long (with the items in it).
    """
    check_text(notice.subject, notice.body)
    shared = shared_values(session, assembly)
    check_values(shared)
    subject, body = " ".join(fill(notice.subject, shared).split()), fill(notice.body, shared)
    if len(subject) > SUBJECT_LIMIT or len(body) > BODY_LIMIT:
        raise Refusal(
            "text_too_long",
            f"議案などを差し込むと、件名（{SUBJECT_LIMIT}文字）か本文（{BODY_LIMIT:,}文字）の上限を超えます。文を短くしてください。",
            field="body",
        )
    notice.subject, notice.body = subject, body
    notice.state, notice.sent_at, notice.sent_by_id = NoticeState.SENT, now, by_id
    notice.version += 1
    session.flush()


def queue_mails(
    session: Session,
    notice: Notice,
    members: Sequence[OnRoll],
    people: Mapping[int, Sequence[Recipient]],
    *,
    by_id: int | None,
    now: datetime,
    once: bool = True,
) -> int:
    """A mail to every recipient of these members, in their order, with its sending; returns how many.

    `once`: an address gets the notice once for a member. False for a person who asks for it again.
    """
    found = [(member, one) for member in members for one in people.get(member.member_id, ())]
    letters = [_letter(notice, member, one, once=once) for member, one in found]
    ids = outbox.queue_numbered(session, TEMPLATE, letters, assembly_id=notice.assembly_id, now=now)
    rows = [
        {
            "assembly_id": notice.assembly_id,
            "member_id": member.member_id,
            "notice_id": notice.id,
            "channel": NoticeChannel.MAIL,
            "outbox_id": outbox_id,
            "recipient": f"{one.name}（{RECIPIENTS[one.kind]}）"[:200],
            "address": one.email,
            "at": now,
            "by_id": by_id,
        }
        for (member, one), outbox_id in zip(found, ids, strict=True)
    ]
    for part in _parts(rows):
        current_rows_of(session, _SENDING, part)
    return len(rows)


def queue_letters(
    session: Session, notice: Notice, members: Sequence[OnRoll], *, by_id: int | None, now: datetime
) -> int:
    """A letter to print for each of these members; it counts once it is marked as posted or handed over."""
    rows = [
        {
            "assembly_id": notice.assembly_id,
            "member_id": member.member_id,
            "notice_id": notice.id,
            "channel": NoticeChannel.POST,
            "recipient": BY_POST,
            "address": "登録の本店所在地",
            "at": now,
            "by_id": by_id,
        }
        for member in members
    ]
    for part in _parts(rows):
        current_rows_of(session, _SENDING, part)
    return len(rows)


def _letter(notice: Notice, member: OnRoll, one: Recipient, *, once: bool) -> Letter:
    fields = member.values() | {"担当者名": one.name}
    return Letter(
        to=one.email,
        params={"notice_id": notice.id, "notice_subject": fill(notice.subject, fields), "fields": fields},
        member_id=member.member_id,
        user_id=one.user_id,
        dedupe_key=f"notice:{notice.id}:{member.member_id}:{one.email.lower()}" if once else None,
    )


def _parts(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for first in range(0, len(rows), TOGETHER):
        yield rows[first : first + TOGETHER]
