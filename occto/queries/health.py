"""What a monitor asks of the database."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from occto.domain.codes import MailState
from occto.models import AuditEvent, AuditLink, OutboxMail


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """The migration it stands at, and since when the oldest event is unsealed and the oldest mail due (None: none is)."""

    migration: str | None
    oldest_unsealed: datetime | None
    oldest_waiting_mail: datetime | None


def oldest_unsealed(session: Session) -> datetime | None:
    """When the oldest audit event without a link was made; None where all are sealed."""
    return session.scalar(
        select(AuditEvent.at)
        .outerjoin(AuditLink, AuditLink.event_id == AuditEvent.id)
        .where(AuditLink.position.is_(None))
        .order_by(AuditEvent.id)
        .limit(1)
    )


def state_of_database(session: Session) -> DatabaseState:
    """All that /readyz asks of the database."""
    waiting = select(func.min(OutboxMail.next_at)).where(OutboxMail.state.in_((MailState.PENDING, MailState.UNCERTAIN)))
    return DatabaseState(
        migration=session.scalar(text("SELECT version_num FROM alembic_version")),
        oldest_unsealed=oldest_unsealed(session),
        oldest_waiting_mail=session.scalar(waiting),
    )
