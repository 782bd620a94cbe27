"""総会: the assemblies, and what became known after their record date."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from occto.domain.assembly import AssemblyKind, AssemblyState
from occto.domain.codes import LateOutcome
from occto.extensions import Base
from occto.models.shared import Instant, Key, Version, refers
from occto.types import BigId, UtcDateTime, bounded, code


class Assembly(Base):
    """総会. Facts as at the end of `record_on` decide who holds how many votes in it."""

    __tablename__ = "assemblies"
    __table_args__ = (
        Index("uq_assemblies_no", "fiscal_year", "kind", "no", unique=True),
        CheckConstraint("no > 0", name="no"),
        bounded("place", 200),
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
