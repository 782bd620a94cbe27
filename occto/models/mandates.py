"""受託者: contractors and the mandates that members give them (利用規約 2.3)."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from occto.domain.codes import MandateState, Procedure
from occto.domain.mandates import MandateSide
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
        CheckConstraint("declined_at IS NULL OR state = 'DECLINED'", name="declined"),
        CheckConstraint("received_on IS NULL OR proposed_side = 'OFFICE'", name="paper"),
        CheckConstraint("closed_side IS NULL OR state IN ('ENDED', 'DECLINED')", name="closed"),
        bounded("close_reason", 500),
        *(
            Index(
                f"uq_mandates_{state.lower()}",
                *columns,
                unique=True,
                postgresql_where=text(f"state = '{state}'"),
                sqlite_where=text(f"state = '{state}'"),
            )
            for state, columns in (
                ("PROPOSED", ("member_id", "contractor_id")),
                ("ACTIVE", ("contractor_id", "member_id")),
            )
        ),
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
    proposed_side: Mapped[MandateSide | None] = mapped_column(
        code(MandateSide, name="proposed_side"), comment="who started it; OFFICE: the member on paper"
    )
    proposed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    received_on: Mapped[date | None] = mapped_column(Date, comment="when the member's paper reached the office")
    declined_at: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="declined or withdrawn")
    closed_side: Mapped[MandateSide | None] = mapped_column(
        code(MandateSide, name="closed_side"), comment="who ended, declined or withdrew it"
    )
    close_reason: Mapped[str | None] = mapped_column(Text)
    end_clause: Mapped[str | None] = mapped_column(Text, comment="clause by which the office ended it")


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


class MandateNominee(Base):
    """A person that the contractor named in its proposal. It gets an ID only when the member accepts."""

    __tablename__ = "mandate_nominees"
    __table_args__ = (
        bounded("name", 80),
        bounded("email", 254),
        bounded("email_key", 254),
        Index("uq_mandate_nominees_person", "mandate_id", "email_key", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    mandate_id: Mapped[int] = mapped_column(BigId, refers("mandates.id"))
    name: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text)
    email_key: Mapped[str] = mapped_column(SortText, comment="lower case")
