"""受託者: contractors and the mandates that members give them (利用規約 2.3)."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, Text
from sqlalchemy.orm import Mapped, mapped_column

from occto.domain.codes import MandateState, Procedure
from occto.extensions import Base
from occto.models.shared import Key, Version, refers
from occto.types import BigId, SortText, UtcDateTime, bounded, code


class Contractor(Base):
    """受託者: an outside company that operates the system for members."""

    __tablename__ = "contractors"
    __table_args__ = (
        bounded("name", 120),
        CheckConstraint("corporate_number IS NULL OR length(corporate_number) = 13", name="corporate_number"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(Text)
    corporate_number: Mapped[str | None] = mapped_column(SortText, unique=True)


class Mandate(Base):
    """委託: what one contractor may do for one member, from when until when."""

    __tablename__ = "mandates"
    __table_args__ = (
        CheckConstraint("state <> 'ACTIVE' OR accepted_at IS NOT NULL", name="accepted"),
        CheckConstraint("(state = 'ENDED') = (ended_at IS NOT NULL)", name="ended"),
        CheckConstraint("ends_on IS NULL OR ends_on > starts_on", name="period"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    member_id: Mapped[int] = mapped_column(BigId, refers("members.id"), index=True)
    contractor_id: Mapped[int] = mapped_column(BigId, refers("contractors.id"), index=True)
    state: Mapped[MandateState] = mapped_column(code(MandateState, name="state"))
    proposed_by_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), index=True)
    starts_on: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date | None] = mapped_column(Date, comment="half-open: the first day without it")
    accepted_by_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), index=True)
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_by_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), index=True)
    version: Mapped[Version]


class MandateScope(Base):
    """One procedure that a mandate covers."""

    __tablename__ = "mandate_scopes"

    mandate_id: Mapped[int] = mapped_column(BigId, refers("mandates.id"), primary_key=True)
    procedure: Mapped[Procedure] = mapped_column(code(Procedure, name="procedure"), primary_key=True)


class MandatePerson(Base):
    """A person of the contractor who may act under a mandate."""

    __tablename__ = "mandate_persons"

    mandate_id: Mapped[int] = mapped_column(BigId, refers("mandates.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(BigId, refers("users.id"), primary_key=True)
