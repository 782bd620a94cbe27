"""採決 and 結果: votes on the floor, the decision on each item with the vote of everybody, the result and what follows."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from occto.domain.resolutions import ConsentOutcome, VoteChannel
from occto.domain.tally import Choice, Outcome, Resolution
from occto.extensions import Base
from occto.models.shared import Instant, Key, Version, refers
from occto.types import BigId, Document, UtcDateTime, bounded, code


class VoteSheet(Base):
    """採決の記録 of an item until it is decided: how those at the hall vote as one, and what the chair declares."""

    __tablename__ = "vote_sheets"

    item_id: Mapped[int] = mapped_column(BigId, refers("agenda_items.id"), primary_key=True)
    floor_choice: Mapped[Choice | None] = mapped_column(
        code(Choice, name="floor_choice"), comment="of everybody at the hall who has no floor vote of its own"
    )
    chair_cast: Mapped[Choice | None] = mapped_column(
        code(Choice, name="chair_cast"), comment="how the chair casts 議長一任, declared at 採決; nothing is preset"
    )
    updated_at: Mapped[Instant]
    updated_by_id: Mapped[int] = mapped_column(BigId, refers("users.id"), index=True)
    version: Mapped[Version]


class FloorVote(Base):
    """A member that votes at the hall otherwise than the others. It counts where the member is present for the item."""

    __tablename__ = "floor_votes"

    item_id: Mapped[int] = mapped_column(BigId, refers("agenda_items.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(BigId, refers("members.id"), primary_key=True, index=True)
    choice: Mapped[Choice] = mapped_column(code(Choice, name="choice"))
    entered_at: Mapped[Instant]
    entered_by_id: Mapped[int] = mapped_column(BigId, refers("users.id"), index=True)
    version: Mapped[Version]


class ItemDecision(Base):
    """採決の結果 of an item; the last number counts, earlier ones were corrected. Never changed."""

    __tablename__ = "item_decisions"
    __table_args__ = (
        Index("uq_item_decisions_no", "item_id", "no", unique=True),
        CheckConstraint("no > 0", name="no"),
        CheckConstraint("no = 1 OR reason IS NOT NULL", name="reason"),
        CheckConstraint("yes >= 0 AND against >= 0 AND abstain >= 0", name="not_negative"),
        CheckConstraint("present = yes + against + abstain", name="present"),
        CheckConstraint("chair_choice IS NULL OR outcome IN ('CARRIED', 'REJECTED')", name="by_chair"),
        CheckConstraint("outcome <> 'TIED'", name="decided"),
        CheckConstraint("length(sha256) = 64", name="sha256"),
        bounded("amendment", 4000),
        bounded("reason", 2000),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    item_id: Mapped[int] = mapped_column(BigId, refers("agenda_items.id"))
    no: Mapped[int]
    resolution: Mapped[Resolution] = mapped_column(code(Resolution, name="resolution"))
    yes: Mapped[int] = mapped_column(BigId)
    against: Mapped[int] = mapped_column(BigId)
    abstain: Mapped[int] = mapped_column(BigId)
    present: Mapped[int] = mapped_column(BigId, comment="votes present for the item, conflict members out")
    outcome: Mapped[Outcome] = mapped_column(code(Outcome, name="outcome"))
    chair_choice: Mapped[Choice | None] = mapped_column(
        code(Choice, name="chair_choice"), comment="how the chair decided an equal division"
    )
    amendment: Mapped[str | None] = mapped_column(
        Text, comment="修正: what was decided in place of the item as notified"
    )
    reason: Mapped[str | None] = mapped_column(Text, comment="why an earlier decision is corrected")
    quorum: Mapped[dict[str, Any]] = mapped_column(Document, comment="who was present, on the three bases")
    sha256: Mapped[str] = mapped_column(Text, comment="of the canonical form of the decision and of every vote in it")
    decided_at: Mapped[Instant]
    decided_by_id: Mapped[int] = mapped_column(BigId, refers("users.id"), index=True)


class DecisionVote(Base):
    """How a holder voted on an item, through which channel. Its weight is that of the frozen votes. Never changed."""

    __tablename__ = "decision_votes"

    decision_id: Mapped[int] = mapped_column(BigId, refers("item_decisions.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(BigId, refers("members.id"), primary_key=True, index=True)
    channel: Mapped[VoteChannel] = mapped_column(code(VoteChannel, name="channel"))
    choice: Mapped[Choice] = mapped_column(code(Choice, name="choice"))


class AssemblyResult(Base):
    """結果確定; the last number counts. Without the quorum there is none, unless it is overridden with a reason."""

    __tablename__ = "assembly_results"
    __table_args__ = (
        Index("uq_assembly_results_no", "assembly_id", "no", unique=True),
        CheckConstraint("no > 0", name="no"),
        CheckConstraint("quorum_met OR override_reason IS NOT NULL", name="quorum"),
        CheckConstraint("length(sha256) = 64", name="sha256"),
        bounded("override_reason", 2000),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    assembly_id: Mapped[int] = mapped_column(BigId, refers("assemblies.id"))
    no: Mapped[int]
    quorum: Mapped[dict[str, Any]] = mapped_column(Document, comment="who was present, on the three bases")
    quorum_met: Mapped[bool]
    override_reason: Mapped[str | None] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(Text, comment="over the digests of all decisions")
    fixed_at: Mapped[Instant]
    fixed_by_id: Mapped[int] = mapped_column(BigId, refers("users.id"), index=True)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class KitHash(Base):
    """What the 再計算キット of a result is known by, noted by the worker once for each 結果確定. Never changed."""

    __tablename__ = "kit_hashes"
    __table_args__ = (CheckConstraint("no > 0", name="no"), CheckConstraint("length(sha256) = 64", name="sha256"))

    assembly_id: Mapped[int] = mapped_column(BigId, refers("assemblies.id"), primary_key=True)
    no: Mapped[int] = mapped_column(
        primary_key=True, autoincrement=False, comment="of the result (assembly_results.no)"
    )
    sha256: Mapped[str] = mapped_column(Text, comment="of the SHA256SUMS of the data files")
    noted_at: Mapped[Instant]


class ConsentRecord(Base):
    """認可・承認 of the minister for a carried item; the last number counts."""

    __tablename__ = "consent_records"
    __table_args__ = (
        Index("uq_consent_records_no", "item_id", "no", unique=True),
        CheckConstraint("no > 0", name="no"),
        bounded("document_number", 80),
        bounded("note", 500),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    item_id: Mapped[int] = mapped_column(BigId, refers("agenda_items.id"))
    no: Mapped[int]
    outcome: Mapped[ConsentOutcome] = mapped_column(code(ConsentOutcome, name="outcome"))
    decided_on: Mapped[date] = mapped_column(Date)
    document_number: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)
    entered_at: Mapped[Instant]
    entered_by_id: Mapped[int] = mapped_column(BigId, refers("users.id"), index=True)


class Minutes(Base):
    """議事録 as far as people write it; all else is read from the records when it is drawn up."""

    __tablename__ = "minutes"

    assembly_id: Mapped[int] = mapped_column(BigId, refers("assemblies.id"), primary_key=True)
    values: Mapped[dict[str, Any]] = mapped_column(Document, comment="domain/minutes.py")
    updated_at: Mapped[Instant]
    updated_by_id: Mapped[int] = mapped_column(BigId, refers("users.id"), index=True)
    version: Mapped[Version]
