"""Sessions, links by mail, sign-in attempts and one-time form ids."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from occto.domain.codes import LinkPurpose, SignInOutcome
from occto.extensions import Base
from occto.models.shared import Instant, Key, refers
from occto.types import BigId, SortText, UtcDateTime, bounded, code


class SessionRow(Base):
    """A session on the server: ending the row kills every copy of its cookie."""

    __tablename__ = "sessions"
    __table_args__ = (
        CheckConstraint("(user_id IS NULL) <> (application_id IS NULL)", name="one_holder"),
        CheckConstraint("member_id IS NULL OR user_id IS NOT NULL", name="company_of_user"),
        CheckConstraint("mandate_id IS NULL OR member_id IS NOT NULL", name="member_of_mandate"),
        CheckConstraint("view_reason IS NULL OR (member_id IS NOT NULL AND mandate_id IS NULL)", name="viewed_member"),
        CheckConstraint("ends_at > created_at", name="period"),
        bounded("view_reason", 500),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    token_hash: Mapped[str] = mapped_column(Text, unique=True, comment="SHA-256 of the cookie's token")
    user_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), index=True)
    application_id: Mapped[int | None] = mapped_column(BigId, refers("applications.id"), index=True)
    member_id: Mapped[int | None] = mapped_column(
        BigId, refers("members.id"), index=True, comment="the company chosen after sign-in"
    )
    mandate_id: Mapped[int | None] = mapped_column(
        BigId, refers("mandates.id"), index=True, comment="the mandate acted under (利用規約 2.3)"
    )
    view_reason: Mapped[str | None] = mapped_column(
        Text, comment="why a member of the staff looks at the pages of this member; reads only"
    )
    created_at: Mapped[Instant]
    seen_at: Mapped[Instant]
    ends_at: Mapped[Instant]
    second_factor_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    address: Mapped[str] = mapped_column(Text, comment="network address at sign-in, shown to the person")
    agent: Mapped[str] = mapped_column(Text, comment="the browser's own name, shown to the person")


class Link(Base):
    """A link that was mailed: single use, hashed, short-lived. Opening it changes nothing; a button uses it up."""

    __tablename__ = "links"
    __table_args__ = (
        CheckConstraint("used_at IS NULL OR revoked_at IS NULL", name="one_end"),
        bounded("email_key", 254),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    token_hash: Mapped[str] = mapped_column(Text, unique=True)
    purpose: Mapped[LinkPurpose] = mapped_column(code(LinkPurpose, name="purpose"))
    application_id: Mapped[int | None] = mapped_column(BigId, refers("applications.id"), index=True)
    user_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), index=True)
    email_key: Mapped[str] = mapped_column(SortText, index=True, comment="the address it was sent to")
    outbox_id: Mapped[int] = mapped_column(BigId, refers("outbox.id"), index=True, comment="the mail that carried it")
    created_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SignInAttempt(Base):
    """One attempt at sign-in, code or link request: what the throttles count."""

    __tablename__ = "sign_in_attempts"
    __table_args__ = (
        Index("ix_sign_in_attempts_account", "account_key", "at"),
        Index("ix_sign_in_attempts_address", "address_key", "at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    account_key: Mapped[str] = mapped_column(
        SortText, comment="keyed hash of the address typed: unknown ones are counted too"
    )
    address_key: Mapped[str] = mapped_column(SortText, comment="keyed hash of the network address")
    at: Mapped[Instant]
    outcome: Mapped[SignInOutcome] = mapped_column(code(SignInOutcome, name="outcome"))


class FormSubmission(Base):
    """A form that was taken: the same one-time id again gets the first result."""

    __tablename__ = "form_submissions"
    __table_args__ = (bounded("form_id", 64), bounded("endpoint", 80), bounded("result_url", 500))

    form_id: Mapped[str] = mapped_column(SortText, primary_key=True)
    viewer_key: Mapped[str] = mapped_column(SortText, comment="who sent it; another viewer's id is refused")
    endpoint: Mapped[str] = mapped_column(Text)
    result_url: Mapped[str] = mapped_column(Text)
    at: Mapped[Instant] = mapped_column(UtcDateTime, index=True)
