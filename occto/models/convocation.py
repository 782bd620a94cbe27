"""招集通知: the texts, how far they came for each member, and every single sending."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from occto.domain.convocation import NoticeChannel, NoticeKind, NoticeState
from occto.extensions import Base
from occto.models.shared import Instant, Key, Version, refers
from occto.types import BigId, UtcDateTime, bounded, code


class Notice(Base):
    """A text with merge fields, written by staff and sent to the members of an assembly."""

    __tablename__ = "notices"
    __table_args__ = (
        CheckConstraint("(state = 'SENT') = (sent_at IS NOT NULL)", name="sent"),
        CheckConstraint("(state = 'SENT') = (sent_by_id IS NOT NULL)", name="sent_by"),
        bounded("subject", 200),
        bounded("body", 8000),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    assembly_id: Mapped[int] = mapped_column(BigId, refers("assemblies.id"), index=True)
    kind: Mapped[NoticeKind] = mapped_column(code(NoticeKind, name="kind"))
    state: Mapped[NoticeState] = mapped_column(code(NoticeState, name="state"))
    subject: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    edited_by_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), index=True)
    edited_at: Mapped[Instant]
    tested_at: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="the last test mail to its author")
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sent_by_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), index=True)
    version: Mapped[Version]


class Convocation(Base):
    """How far the notice has come for one member. `notified_at`: taken by a receiving server, or handed to the post."""

    __tablename__ = "convocations"
    __table_args__ = (
        CheckConstraint("notified_at IS NULL OR bounced_at IS NULL", name="one_outcome"),
        Index("ix_convocations_notified", "assembly_id", "notified_at"),
    )

    assembly_id: Mapped[int] = mapped_column(BigId, refers("assemblies.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(BigId, refers("members.id"), primary_key=True, index=True)
    channel: Mapped[NoticeChannel] = mapped_column(code(NoticeChannel, name="channel"))
    notified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    bounced_at: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="no address of the member took it")


class Sending(Base):
    """One mail, letter or paper to one recipient of a member."""

    __tablename__ = "sendings"
    __table_args__ = (
        CheckConstraint("(channel = 'MAIL') = (outbox_id IS NOT NULL)", name="mail"),
        CheckConstraint("accepted_at IS NULL OR failed_at IS NULL", name="one_outcome"),
        Index("ix_sendings_member", "assembly_id", "member_id"),
        bounded("recipient", 200),
        bounded("address", 300),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    assembly_id: Mapped[int] = mapped_column(BigId, refers("assemblies.id"))
    member_id: Mapped[int] = mapped_column(BigId, refers("members.id"), index=True)
    notice_id: Mapped[int] = mapped_column(BigId, refers("notices.id"), index=True)
    channel: Mapped[NoticeChannel] = mapped_column(code(NoticeChannel, name="channel"))
    outbox_id: Mapped[int | None] = mapped_column(BigId, refers("outbox.id"), unique=True)
    recipient: Mapped[str] = mapped_column(Text, comment="name, with what the person is")
    address: Mapped[str] = mapped_column(Text, comment="mail or postal address")
    at: Mapped[Instant]
    by_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), index=True)
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
