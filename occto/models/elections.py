"""届出, 異議, 権利の停止・制限: what companies and decisions say about who holds votes."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from occto.domain.codes import Channel, ElectionState, SanctionScope
from occto.domain.elections import EVERY_GROUP as EVERY_GROUP
from occto.extensions import Base
from occto.models.shared import Instant, Key, Version, refers
from occto.types import BigId, UtcDateTime, bounded, code


class HolderElection(Base):
    """届出: the family under `root` names who of it holds the votes, for one assembly or (None) for all to come.

    The later received wins. Withdrawable until the freeze.
    """

    __tablename__ = "holder_elections"
    __table_args__ = (
        CheckConstraint("vote_group IN ('N', 'R', 'G', '*')", name="vote_group"),
        CheckConstraint("(state = 'WITHDRAWN') = (withdrawn_at IS NOT NULL)", name="withdrawn"),
        CheckConstraint("(settled_by_id IS NULL) = (settled_at IS NULL)", name="settled"),
        CheckConstraint(
            "settled_by_id IS NULL OR entered_by_id IS NULL OR settled_by_id <> entered_by_id", name="two_persons"
        ),
        CheckConstraint("(countersigned_by_id IS NULL) = (countersigned_at IS NULL)", name="countersigned"),
        CheckConstraint("channel <> 'PAPER' OR document_id IS NOT NULL", name="paper"),
        bounded("reason", 2000),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    assembly_id: Mapped[int | None] = mapped_column(BigId, refers("assemblies.id"), index=True)
    vote_group: Mapped[str] = mapped_column(Text, comment="N, R, G or * for all")
    root_body_id: Mapped[int] = mapped_column(BigId, refers("bodies.id"), index=True, comment="the ultimate parent")
    holder_member_id: Mapped[int] = mapped_column(BigId, refers("members.id"), index=True)
    filed_by_member_id: Mapped[int] = mapped_column(BigId, refers("members.id"), index=True)
    channel: Mapped[Channel] = mapped_column(code(Channel, name="channel"))
    received_at: Mapped[Instant]
    document_id: Mapped[int | None] = mapped_column(BigId, refers("attachments.id"), index=True)
    entered_by_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), index=True)
    mandate_id: Mapped[int | None] = mapped_column(BigId, refers("mandates.id"), index=True)
    state: Mapped[ElectionState] = mapped_column(code(ElectionState, name="state"))
    countersigned_by_id: Mapped[int | None] = mapped_column(
        BigId, refers("members.id"), index=True, comment="the member that would otherwise hold"
    )
    countersigned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settled_by_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), index=True)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str | None] = mapped_column(Text, comment="of settling or withdrawing")
    version: Mapped[Version]


class VoteObjection(Base):
    """異議: what a member says against its votes before the freeze, and the office's answer."""

    __tablename__ = "vote_objections"
    __table_args__ = (
        CheckConstraint("(answered_at IS NULL) = (answer IS NULL)", name="answered"),
        CheckConstraint("(answered_at IS NULL) = (answered_by_id IS NULL)", name="answered_by"),
        bounded("body", 2000),
        bounded("answer", 2000),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    assembly_id: Mapped[int] = mapped_column(BigId, refers("assemblies.id"), index=True)
    member_id: Mapped[int] = mapped_column(BigId, refers("members.id"), index=True)
    filed_by_id: Mapped[int] = mapped_column(BigId, refers("users.id"), index=True)
    mandate_id: Mapped[int | None] = mapped_column(BigId, refers("mandates.id"), index=True)
    filed_at: Mapped[Instant]
    body: Mapped[str] = mapped_column(Text)
    answer: Mapped[str | None] = mapped_column(Text)
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    answered_by_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), index=True)
    version: Mapped[Version]


class SanctionFact(Base):
    """権利の停止・制限 under the 定款: on the member's rights, not on the system. A fact of the dated register."""

    __tablename__ = "sanction_facts"
    __table_args__ = (
        Index(
            "ix_sanction_facts_voided_id",
            "voided_id",
            postgresql_where=text("voided_id IS NOT NULL"),
            sqlite_where=text("voided_id IS NOT NULL"),
        ),
        Index("ix_sanction_facts_member", "member_id", "effective_on"),
        CheckConstraint("ended_on IS NULL OR ended_on > effective_on", name="period"),
        bounded("decided_by", 120),
        bounded("ground", 2000),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    member_id: Mapped[int] = mapped_column(BigId, refers("members.id"))
    scope: Mapped[SanctionScope] = mapped_column(code(SanctionScope, name="scope"))
    decided_by: Mapped[str] = mapped_column(Text, comment="the body that decided, such as 理事会")
    decided_on: Mapped[date] = mapped_column(Date)
    ground: Mapped[str] = mapped_column(Text)
    effective_on: Mapped[date] = mapped_column(Date)
    ended_on: Mapped[date | None] = mapped_column(Date)
    document_id: Mapped[int | None] = mapped_column(BigId, refers("attachments.id"), index=True)
    entered_id: Mapped[int] = mapped_column(BigId, refers("register_changes.id"), index=True)
    voided_id: Mapped[int | None] = mapped_column(BigId, refers("register_changes.id"))
