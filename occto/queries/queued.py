"""A queued mail as the worker reads it, apart from any transaction."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from occto.domain.errors import NotFound
from occto.models import OutboxMail


@dataclass(frozen=True, slots=True)
class Queued:
    """What was queued: template with what it shows, address, and the Message-ID of every attempt."""

    id: int
    template: str
    params: dict[str, Any]
    to_address: str
    message_id: str


def queued(session: Session, mail_id: int) -> Queued:
    """The mail of this row number. Raises NotFound."""
    mail = session.get(OutboxMail, mail_id)
    if mail is None:
        raise NotFound
    return Queued(mail.id, mail.template, mail.params, mail.to_address, mail.message_id)
