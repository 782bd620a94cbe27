"""ユーザ: natural persons, the companies they act for and what they may do (利用規約 3.1, 3.2)."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from occto.domain.codes import UserKind, UserState
from occto.domain.permissions import Role
from occto.extensions import Base
from occto.models.shared import Instant, Key, Version, refers
from occto.types import BigId, SortText, UtcDateTime, bounded, code


class User(Base):
    """ユーザ: a natural person holding a ユーザID. One address is one person, who may serve several companies."""

    __tablename__ = "users"
    __table_args__ = (
        bounded("email", 254),
        bounded("name", 80),
        bounded("kana", 120),
        bounded("title", 120),
        bounded("phone", 20),
        bounded("pending_email", 254),
        CheckConstraint("state <> 'ACTIVE' OR password_hash IS NOT NULL", name="active_has_password"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    kind: Mapped[UserKind] = mapped_column(code(UserKind, name="kind"))
    state: Mapped[UserState] = mapped_column(code(UserState, name="state"))
    email: Mapped[str] = mapped_column(Text, comment="as typed; mail goes here")
    email_key: Mapped[str] = mapped_column(SortText, unique=True, comment="lower case; the ログインID")
    name: Mapped[str] = mapped_column(Text, comment="氏名")
    kana: Mapped[str | None] = mapped_column(Text, comment="フリガナ")
    title: Mapped[str | None] = mapped_column(Text, comment="所属・役職")
    phone: Mapped[str | None] = mapped_column(Text, comment="電話番号")
    password_hash: Mapped[str | None] = mapped_column(Text, comment="argon2id")
    pending_email: Mapped[str | None] = mapped_column(
        Text, comment="the address that a change waits to be confirmed at; mail still goes to `email`"
    )
    totp_secret_enc: Mapped[str | None] = mapped_column(
        Text, comment="the second factor's secret, encrypted with DATA_KEY"
    )
    totp_last_step: Mapped[int | None] = mapped_column(
        BigId, comment="time step of the last code used: none is taken twice"
    )
    created_at: Mapped[Instant]
    first_signed_in_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_signed_in_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[Version]


class Affiliation(Base):
    """What a person is at a member or at a contractor, from when until when. A stop bars this company alone."""

    __tablename__ = "affiliations"
    __table_args__ = (
        Index(
            "uq_affiliations_live",
            "user_id",
            "member_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
            sqlite_where=text("ended_at IS NULL"),
        ),
        Index(
            "uq_affiliations_contractor",
            "user_id",
            "contractor_id",
            unique=True,
            postgresql_where=text("ended_at IS NULL"),
            sqlite_where=text("ended_at IS NULL"),
        ),
        CheckConstraint("ended_at IS NULL OR ended_at >= started_at", name="period"),
        CheckConstraint("(member_id IS NULL) <> (contractor_id IS NULL)", name="one_company"),
        CheckConstraint("(role = 'CONTRACTOR') = (contractor_id IS NOT NULL)", name="role_of_company"),
        CheckConstraint("(stopped_at IS NULL) = (stop_reason IS NULL)", name="stopped"),
        bounded("stop_reason", 500),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(BigId, refers("users.id"), index=True)
    member_id: Mapped[int | None] = mapped_column(BigId, refers("members.id"), index=True)
    contractor_id: Mapped[int | None] = mapped_column(BigId, refers("contractors.id"), index=True)
    role: Mapped[Role] = mapped_column(code(Role, name="role"))
    started_at: Mapped[Instant]
    stopped_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="stopped by the company's 管理者; resumable"
    )
    stop_reason: Mapped[str | None] = mapped_column(Text)
    last_signed_in_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="when the person last came in for this company"
    )
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class StaffRole(Base):
    """A role of 広域機関職員."""

    __tablename__ = "staff_roles"
    __table_args__ = (CheckConstraint("role IN ('OPERATOR', 'APPROVER', 'SYSTEM', 'RECEPTION')", name="staff_role"),)

    user_id: Mapped[int] = mapped_column(BigId, refers("users.id"), primary_key=True)
    role: Mapped[Role] = mapped_column(code(Role, name="role"), primary_key=True)


class RecoveryCode(Base):
    """A code that stands in for the second factor once."""

    __tablename__ = "recovery_codes"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[Key]
    user_id: Mapped[int] = mapped_column(BigId, refers("users.id"), index=True)
    code_hash: Mapped[str] = mapped_column(Text, unique=True, comment="keyed SHA-256")
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
