"""送信メール: a mail is a row before it is a message."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from occto.domain.codes import MailState
from occto.extensions import Base
from occto.models.shared import Instant, Key, refers
from occto.types import BigId, Document, SortText, UtcDateTime, bounded, code


class OutboxMail(Base):
    """A mail to be sent, being sent or sent. Links in it are made only when it is rendered for delivery."""

    __tablename__ = "outbox"
    __table_args__ = (
        bounded("template", 80),
        bounded("to_address", 254),
        bounded("subject", 300),
        bounded("last_error", 500),
        CheckConstraint("(state = 'LEASED') = (lease_until IS NOT NULL)", name="lease"),
        CheckConstraint("(state = 'SENT') = (sent_at IS NOT NULL)", name="sent"),
        CheckConstraint("attempts >= 0", name="attempts"),
        Index("ix_outbox_due", "state", "next_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    template: Mapped[str] = mapped_column(Text, comment="folder below templates/mail")
    params: Mapped[dict[str, Any]] = mapped_column(Document, comment="what the template shows; never a secret")
    to_address: Mapped[str] = mapped_column(Text)
    user_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), index=True)
    member_id: Mapped[int | None] = mapped_column(BigId, refers("members.id"), index=True)
    application_id: Mapped[int | None] = mapped_column(BigId, refers("applications.id"), index=True)
    change_request_id: Mapped[int | None] = mapped_column(BigId, refers("change_requests.id"), index=True)
    account_request_id: Mapped[int | None] = mapped_column(BigId, refers("account_requests.id"), index=True)
    assembly_id: Mapped[int | None] = mapped_column(BigId, refers("assemblies.id"), index=True)
    clause: Mapped[str | None] = mapped_column(Text, comment="clause of the terms that asks for this mail")
    terms_version_id: Mapped[int | None] = mapped_column(BigId, refers("terms_versions.id"), index=True)
    dedupe_key: Mapped[str | None] = mapped_column(
        SortText, unique=True, comment="queued once, however often a job runs"
    )
    state: Mapped[MailState] = mapped_column(code(MailState, name="state"), default=MailState.PENDING)
    attempts: Mapped[int] = mapped_column(default=0)
    queued_at: Mapped[Instant]
    next_at: Mapped[Instant] = mapped_column(UtcDateTime, comment="not before")
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="until when one worker holds it")
    message_id: Mapped[str] = mapped_column(Text, unique=True, comment="the same at every attempt")
    subject: Mapped[str | None] = mapped_column(Text, comment="as sent")
    body_masked: Mapped[str | None] = mapped_column(Text, comment="as sent, with links masked")
    last_error: Mapped[str | None] = mapped_column(Text, comment="what the receiving server said")
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class DemoMail(Base):
    """The demo's mailbox: a transport with its own table, never used in production."""

    __tablename__ = "demo_mailbox"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[Key]
    at: Mapped[Instant]
    to_address: Mapped[str] = mapped_column(Text, index=True)
    subject: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    message_id: Mapped[str] = mapped_column(Text, unique=True)
