"""記録: what was done (audit) and what was looked at (access). Rows are only ever added."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from occto.extensions import Base
from occto.models.shared import Instant, Key, refers
from occto.types import BigId, Document, UtcDateTime, bounded


class AuditEvent(Base):
    """One act. Written in the act's own transaction, chained later by the sealer (`docs/design.md`)."""

    __tablename__ = "audit_events"
    __table_args__ = (
        bounded("tag", 60),
        bounded("subject", 60),
        bounded("request_id", 40),
        bounded("clause", 20),
        CheckConstraint("length(detail_hash) = 64", name="detail_hash"),
        Index("ix_audit_events_subject_id", "subject", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    at: Mapped[Instant]
    tag: Mapped[str] = mapped_column(Text, comment="what was done: a key of domain/audit_tags.py")
    actor_id: Mapped[int | None] = mapped_column(
        BigId, refers("users.id"), index=True, comment="the person; none: applicant or system"
    )
    member_id: Mapped[int | None] = mapped_column(
        BigId, refers("members.id"), index=True, comment="the Party acted for (利用規約 3.3/3.4.3)"
    )
    mandate_id: Mapped[int | None] = mapped_column(
        BigId, refers("mandates.id"), index=True, comment="the mandate acted under (利用規約 2.3.2)"
    )
    application_id: Mapped[int | None] = mapped_column(
        BigId, refers("applications.id"), index=True, comment="the applicant session it was done in"
    )
    session_id: Mapped[int | None] = mapped_column(BigId, comment="the session; not a key, sessions may be cleared")
    subject: Mapped[str] = mapped_column(Text, comment="kind:id of what it was done to")
    request_id: Mapped[str] = mapped_column(Text, comment="the request, as in the logs")
    clause: Mapped[str | None] = mapped_column(Text, comment="clause of the terms, where one is the ground")
    detail_hash: Mapped[str] = mapped_column(Text, comment="SHA-256 of salt and payload of audit_details")


class AuditDetail(Base):
    """The payload of an event, apart from it, so that a two-person purge leaves the chain valid."""

    __tablename__ = "audit_details"
    __table_args__ = (CheckConstraint("payload IS NOT NULL OR purged_by_id IS NOT NULL", name="purged"),)

    event_id: Mapped[int] = mapped_column(BigId, refers("audit_events.id"), primary_key=True)
    salt: Mapped[str] = mapped_column(
        Text, comment="128 random bits, so that a purged payload cannot be guessed from its hash"
    )
    payload: Mapped[dict[str, Any] | None] = mapped_column(Document, comment="the keys fixed for the tag")
    purged_by_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), comment="who removed the payload")


class AuditLink(Base):
    """One link of the hash chain over the events."""

    __tablename__ = "audit_links"
    __table_args__ = (CheckConstraint("length(hash) = 64", name="hash"),)

    position: Mapped[int] = mapped_column(
        BigId, primary_key=True, autoincrement=False, comment="1, 2, 3 … without a gap"
    )
    event_id: Mapped[int] = mapped_column(BigId, refers("audit_events.id"), unique=True)
    hash: Mapped[str] = mapped_column(Text, comment="SHA-256 of the previous link's hash and this event")
    sealed_at: Mapped[Instant] = mapped_column(UtcDateTime, index=True)


class AccessEvent(Base):
    """One page or export of personal data that somebody of the staff opened."""

    __tablename__ = "access_events"
    __table_args__ = (bounded("screen", 80), bounded("search_key", 200), {"sqlite_autoincrement": True})

    id: Mapped[Key]
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    actor_id: Mapped[int] = mapped_column(BigId, refers("users.id"), index=True)
    screen: Mapped[str] = mapped_column(Text, comment="endpoint of the page or export")
    search_key: Mapped[str | None] = mapped_column(Text, comment="what was searched for")
    subject_kind: Mapped[str] = mapped_column(Text, comment="kind of the rows shown")
    subject_ids: Mapped[list[int]] = mapped_column(Document, comment="ids of the rows shown")


class AccessSubject(Base):
    """Whose details were opened: answers «who has seen this company or person, and when» for a leak report."""

    __tablename__ = "access_subjects"
    __table_args__ = (Index("ix_access_subjects_subject", "subject_kind", "subject_id", "event_id"),)

    event_id: Mapped[int] = mapped_column(BigId, refers("access_events.id"), primary_key=True)
    subject_kind: Mapped[str] = mapped_column(Text, primary_key=True)
    subject_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
