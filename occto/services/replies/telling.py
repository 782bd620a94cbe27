"""The copy of a reply by mail (控え), to each address once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from occto.domain.assembly import title_of
from occto.domain.certificates import grouped
from occto.domain.dates import format_instant
from occto.domain.replies import (
    CHANNEL_LABELS,
    LABELS,
    PROXY_LABELS,
    Answer,
    Attendance,
    ProxyKind,
    ReplyChannel,
)
from occto.queries.replies import Item, Meeting, choices_in_words
from occto.services import outbox
from occto.services.replies.case import TakenReply


def send_copies(
    session: Session,
    taken: TakenReply,
    answer: Answer,
    held: Meeting,
    items: Sequence[Item],
    *,
    company: str,
    channel: ReplyChannel,
    member_id: int,
    to: Sequence[str],
    now: datetime,
) -> None:
    """Queue the copies; none for a rehearsal. A reply that does not stand, because a later one was received, says so."""
    if held.rehearsal_of_id is not None:
        return
    params: dict[str, Any] = {
        "company": company,
        "assembly_id": held.id,
        "assembly_title": title_of(held),
        "held": format_instant(held.held_at),
        "place": held.place,
        "until": format_instant(held.reply_until) if held.reply_until else None,
        "number": taken.number,
        "receipt_code_grouped": grouped(taken.receipt_code),
        "withdrawn": answer.attendance is Attendance.WITHDRAWN,
        "received": format_instant(taken.received_at),
        "online": channel is ReplyChannel.ELECTRONIC,
        "channel_label": CHANNEL_LABELS[channel],
        "standing": taken.standing,
        "attendance_label": LABELS[answer.attendance],
        "proxy": proxy_in_words(answer),
        "people": [
            f"{one.title}　{one.name} 様" + ("（議決権を行使する方）" if one.voting else "") for one in answer.attendees
        ],
        "choices": [
            list(line)
            for line in choices_in_words(
                answer, items, on_paper_at=None if channel is ReplyChannel.ELECTRONIC else taken.received_at
            )
        ],
        "opinion": answer.opinion,
    }
    letters = [outbox.Letter(to=address, params=params, member_id=member_id) for address in to]
    outbox.queue_many(session, "assemblies/replied", letters, assembly_id=held.id, now=now)


def proxy_in_words(answer: Answer) -> str | None:
    """Who stands in, as mails and papers say it; another member without its name, which the page shows."""
    if answer.proxy_kind is None:
        return None
    words = PROXY_LABELS[answer.proxy_kind]
    return f"{words}（{answer.proxy_name} 様）" if answer.proxy_kind is ProxyKind.PERSON else words
