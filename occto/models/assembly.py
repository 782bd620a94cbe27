"""総会: the assemblies with their agenda, what became known after a record date, and what two persons decide."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from occto.domain.agenda import Consent, ItemKind
from occto.domain.assembly import AssemblyKind, AssemblyState
from occto.domain.codes import LateOutcome, ProposalState
from occto.domain.proposals import ProposalKind
from occto.domain.tally import Resolution
from occto.extensions import Base
from occto.models.shared import Instant, Key, Version, refers
from occto.types import BigId, Document, SortText, UtcDateTime, bounded, code

_STANDING = "state NOT IN ('POSTPONED', 'CANCELLED') AND rehearsal_of_id IS NULL"


class Assembly(Base):
    """総会. Facts as at the end of `record_on` decide who holds how many votes in it."""

    __tablename__ = "assemblies"
    __table_args__ = (
        Index(
            "uq_assemblies_no",
            "fiscal_year",
            "kind",
            "no",
            unique=True,
            postgresql_where=text(_STANDING),
            sqlite_where=text(_STANDING),
        ),
        CheckConstraint("no > 0", name="no"),
        CheckConstraint("reply_until IS NULL OR reply_until <= held_at", name="reply_until"),
        CheckConstraint("reception_from IS NULL OR reception_from <= held_at", name="reception_from"),
        CheckConstraint("replaces_id IS NULL OR replaces_id <> id", name="replaces"),
        CheckConstraint("state <> 'POSTPONED' OR closing_reason IS NOT NULL", name="closing_reason"),
        CheckConstraint("rehearsal_of_id IS NULL OR rehearsal_of_id <> id", name="rehearsal"),
        bounded("place", 200),
        bounded("closing_reason", 2000),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    kind: Mapped[AssemblyKind] = mapped_column(code(AssemblyKind, name="kind"))
    fiscal_year: Mapped[int]
    no: Mapped[int] = mapped_column(comment="第 … 回 of its kind in the fiscal year")
    held_at: Mapped[Instant]
    place: Mapped[str | None] = mapped_column(Text)
    record_on: Mapped[date] = mapped_column(Date, index=True, comment="基準日")
    state: Mapped[AssemblyState] = mapped_column(code(AssemblyState, name="state"))
    reception_from: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="when the doors open")
    reply_until: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="half-open: a reply received at this instant is too late"
    )
    settings: Mapped[dict[str, Any]] = mapped_column(
        Document, default=dict, server_default=text("'{}'"), comment="domain/assembly_settings.py, as of its making"
    )
    replaces_id: Mapped[int | None] = mapped_column(
        BigId, refers("assemblies.id"), index=True, comment="the postponed assembly in whose place this one stands"
    )
    closing_reason: Mapped[str | None] = mapped_column(Text, comment="why it is 延期 or 中止, as members are told")
    rehearsal_of_id: Mapped[int | None] = mapped_column(
        BigId, refers("assemblies.id"), index=True, comment="リハーサル: the assembly that this one is a copy of"
    )
    version: Mapped[Version]


REAL = Assembly.rehearsal_of_id.is_(None)
"""No rehearsal: what is read over all assemblies, for members, the register and the work of the office."""


class AgendaItem(Base):
    """議案 or 報告事項. What stood in no notice cannot be decided (電気事業法 28条の37)."""

    __tablename__ = "agenda_items"
    __table_args__ = (
        Index("uq_agenda_items_no", "assembly_id", "no", unique=True),
        CheckConstraint("no > 0", name="no"),
        CheckConstraint("(kind = 'REPORT') = (majority IS NULL)", name="majority"),
        CheckConstraint("kind <> 'REPORT' OR consent = 'NONE'", name="report"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_reason IS NULL)", name="withdrawn"),
        bounded("title", 200),
        bounded("summary", 4000),
        bounded("rule_reason", 500),
        bounded("withdrawn_reason", 500),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    assembly_id: Mapped[int] = mapped_column(BigId, refers("assemblies.id"))
    no: Mapped[int] = mapped_column(comment="第 … 号, in the order in which items are dealt with")
    kind: Mapped[ItemKind] = mapped_column(code(ItemKind, name="kind"))
    title: Mapped[str] = mapped_column(Text)
    summary: Mapped[str | None] = mapped_column(Text, comment="what members read before they choose")
    majority: Mapped[Resolution | None] = mapped_column(code(Resolution, name="majority_code"))
    consent: Mapped[Consent] = mapped_column(code(Consent, name="consent"), comment="what the minister has to give")
    rule_reason: Mapped[str | None] = mapped_column(Text, comment="why majority or consent is not that of the kind")
    notified_at: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="when the notice with it was sent")
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_reason: Mapped[str | None] = mapped_column(Text)
    version: Mapped[Version]


class AgendaConflict(Base):
    """A member that has no vote on an item, which is about OCCTO's relation with it (電気事業法 28条の39)."""

    __tablename__ = "agenda_conflicts"

    item_id: Mapped[int] = mapped_column(BigId, refers("agenda_items.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(BigId, refers("members.id"), primary_key=True, index=True)


class Proposal(Base):
    """What one of the staff proposes and another confirms: freeze, late facts, 届出, 権利の停止・制限.

    `subject_key` names what it is about; one proposal of a kind is open for a subject at most.
    """

    __tablename__ = "proposals"
    __table_args__ = (
        Index(
            "uq_proposals_open",
            "kind",
            "subject_key",
            unique=True,
            postgresql_where=text("state = 'PROPOSED'"),
            sqlite_where=text("state = 'PROPOSED'"),
        ),
        CheckConstraint("(state = 'PROPOSED') = (decided_at IS NULL)", name="decided_at"),
        CheckConstraint(
            "state <> 'APPLIED' OR (decided_by_id IS NOT NULL AND decided_by_id <> proposed_by_id)", name="two_persons"
        ),
        bounded("subject_key", 60),
        bounded("reason", 2000),
        bounded("digest", 64),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    kind: Mapped[ProposalKind] = mapped_column(code(ProposalKind, name="kind"))
    state: Mapped[ProposalState] = mapped_column(code(ProposalState, name="state"))
    subject_key: Mapped[str] = mapped_column(SortText, comment="such as ASSEMBLY:3")
    assembly_id: Mapped[int | None] = mapped_column(BigId, refers("assemblies.id"), index=True)
    member_id: Mapped[int | None] = mapped_column(BigId, refers("members.id"), index=True)
    attachment_id: Mapped[int | None] = mapped_column(BigId, refers("attachments.id"), index=True)
    values: Mapped[dict[str, Any]] = mapped_column(Document, comment="what will be done, by kind")
    digest: Mapped[str | None] = mapped_column(Text, comment="of what was on the screen when it was proposed")
    reason: Mapped[str] = mapped_column(Text)
    proposed_by_id: Mapped[int] = mapped_column(BigId, refers("users.id"), index=True)
    proposed_at: Mapped[Instant]
    decided_by_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), index=True)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[Version]


class LateFact(Base):
    """基準日後判明: a fact dated on or before the record date of an open assembly, entered after that day."""

    __tablename__ = "late_facts"
    __table_args__ = (
        Index("uq_late_facts", "assembly_id", "register_change_id", "member_id", unique=True),
        CheckConstraint("(outcome IS NULL) = (decided_at IS NULL)", name="decided"),
        CheckConstraint(
            "outcome IS NULL OR (reason IS NOT NULL AND decided_by_id IS NOT NULL AND second_by_id IS NOT NULL "
            "AND decided_by_id <> second_by_id)",
            name="two_persons",
        ),
        bounded("reason", 2000),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    assembly_id: Mapped[int] = mapped_column(BigId, refers("assemblies.id"))
    register_change_id: Mapped[int] = mapped_column(BigId, refers("register_changes.id"), index=True)
    member_id: Mapped[int] = mapped_column(BigId, refers("members.id"), index=True)
    noted_at: Mapped[Instant]
    outcome: Mapped[LateOutcome | None] = mapped_column(code(LateOutcome, name="outcome"))
    reason: Mapped[str | None] = mapped_column(Text)
    decided_by_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), index=True)
    second_by_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), index=True)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
