"""利用規約, consent, contract of use and declarations (利用規約 1.3, 2.1.2, 2.7, 4.2, 5.3.1)."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from occto.domain.codes import ConsentKind, Declaration, FormedBy
from occto.extensions import Base
from occto.models.shared import Instant, Key, refers
from occto.types import BigId, UtcDateTime, bounded, code


class TermsVersion(Base):
    """One version of the 利用規約. In force on a day: the newest with `effective_on` on or before it."""

    __tablename__ = "terms_versions"
    __table_args__ = (CheckConstraint("length(sha256) = 64", name="sha256"),)

    id: Mapped[Key]
    no: Mapped[int] = mapped_column(unique=True, comment="第 … 版")
    effective_on: Mapped[date] = mapped_column(Date, unique=True)
    text: Mapped[str] = mapped_column(Text, comment="in the line format of domain/terms.py")
    sha256: Mapped[str] = mapped_column(Text)
    published_at: Mapped[Instant]


class Consent(Base):
    """The consent ledger (利用規約 2.1.2). Rows outlive the drafts that they were given in."""

    __tablename__ = "consents"
    __table_args__ = (
        CheckConstraint("(user_id IS NULL) <> (application_id IS NULL)", name="one_giver"),
        Index("uq_consents_user", "terms_version_id", "user_id", unique=True),
        Index("uq_consents_application", "terms_version_id", "application_id", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    terms_version_id: Mapped[int] = mapped_column(BigId, refers("terms_versions.id"))
    user_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), index=True)
    application_id: Mapped[int | None] = mapped_column(BigId, refers("applications.id"), index=True)
    member_id: Mapped[int | None] = mapped_column(BigId, refers("members.id"), index=True)
    kind: Mapped[ConsentKind] = mapped_column(code(ConsentKind, name="kind"))
    at: Mapped[Instant]
    address: Mapped[str] = mapped_column(Text, comment="network address of the click")


class ContractOfUse(Base):
    """本システム利用契約: a record of its own, not membership."""

    __tablename__ = "contracts_of_use"
    __table_args__ = (
        CheckConstraint("application_id IS NOT NULL OR member_id IS NOT NULL", name="party"),
        CheckConstraint("(ended_at IS NULL) = (end_clause IS NULL)", name="ended"),
        bounded("end_reason", 2000),
        Index(
            "uq_contracts_of_use_live",
            "member_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
            sqlite_where=text("ended_at IS NULL"),
        ),
        Index(
            "uq_contracts_of_use_application",
            "application_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
            sqlite_where=text("ended_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    application_id: Mapped[int | None] = mapped_column(BigId, refers("applications.id"), index=True)
    member_id: Mapped[int | None] = mapped_column(BigId, refers("members.id"), index=True)
    formed_at: Mapped[Instant]
    formed_by: Mapped[FormedBy] = mapped_column(code(FormedBy, name="formed_by"))
    terms_version_id: Mapped[int] = mapped_column(BigId, refers("terms_versions.id"), index=True)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    end_clause: Mapped[str | None] = mapped_column(Text)
    end_reason: Mapped[str | None] = mapped_column(Text, comment="what was applied for, or the facts of the ground")
    ended_by_id: Mapped[int | None] = mapped_column(
        BigId, refers("users.id"), index=True, comment="none: by the system, as on loss of membership"
    )


class DeclarationRow(Base):
    """A declaration as made, with the time (利用規約 4.2, 5.3.1)."""

    __tablename__ = "declarations"
    __table_args__ = (
        CheckConstraint("application_id IS NOT NULL OR member_id IS NOT NULL", name="party"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    application_id: Mapped[int | None] = mapped_column(BigId, refers("applications.id"), index=True)
    member_id: Mapped[int | None] = mapped_column(BigId, refers("members.id"), index=True)
    kind: Mapped[Declaration] = mapped_column(code(Declaration, name="kind"))
    terms_version_id: Mapped[int] = mapped_column(BigId, refers("terms_versions.id"), index=True)
    at: Mapped[Instant]
