"""受付票 and 総会当日の受付: tickets, desks, every scan, and who is in the hall."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from occto.domain.reception import CheckInEnd, DeskProfile, ScanOutcome, ScanWay
from occto.domain.tickets import NAME_LIMIT, NOTE_LIMIT, SEAT_LIMIT, TITLE_LIMIT, Revocation, TicketKind
from occto.extensions import Base
from occto.models.shared import Instant, Key, Version, refers
from occto.types import BigId, SortText, UtcDateTime, bounded, code

_HERE = "ended_at IS NULL"


class AdmissionTicket(Base):
    """受付票 of one person. A changed one is revoked and another issued: the row says what was printed."""

    __tablename__ = "admission_tickets"
    __table_args__ = (
        Index("uq_admission_tickets_number", "assembly_id", "number", unique=True),
        Index(
            "uq_admission_tickets_attendee",
            "attendee_id",
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
            sqlite_where=text("revoked_at IS NULL"),
        ),
        CheckConstraint("number > 0 AND issue_no > 0", name="numbers"),
        CheckConstraint("length(token_hash) = 64", name="token_hash"),
        CheckConstraint("length(link_hash) = 64", name="link_hash"),
        CheckConstraint("(member_id IS NULL) = (kind IN ('GUEST', 'OFFICIAL'))", name="member"),
        CheckConstraint("NOT voting OR member_id IS NOT NULL", name="voting"),
        CheckConstraint("attendee_id IS NULL OR kind = 'ATTENDEE'", name="attendee"),
        CheckConstraint("(reply_id IS NULL) = (kind NOT IN ('ATTENDEE', 'PROXY'))", name="reply"),
        CheckConstraint("(revoked_at IS NULL) = (revoked_for IS NULL)", name="revoked"),
        CheckConstraint("replaces_id IS NULL OR replaces_id <> id", name="replaces"),
        bounded("name", NAME_LIMIT),
        bounded("title", TITLE_LIMIT),
        bounded("email", 254),
        bounded("seat", SEAT_LIMIT),
        bounded("note", NOTE_LIMIT),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    assembly_id: Mapped[int] = mapped_column(BigId, refers("assemblies.id"))
    member_id: Mapped[int | None] = mapped_column(BigId, refers("members.id"), index=True)
    kind: Mapped[TicketKind] = mapped_column(code(TicketKind, name="kind"))
    reply_id: Mapped[int | None] = mapped_column(BigId, refers("replies.id"), index=True)
    attendee_id: Mapped[int | None] = mapped_column(
        BigId, refers("attendees.id"), comment="the person as first replied; a later reply that says the same keeps it"
    )
    number: Mapped[int] = mapped_column(comment="printed and read out with its check digit")
    issue_no: Mapped[int] = mapped_column(comment="1, and one more for each ticket that it replaces")
    token_hash: Mapped[str] = mapped_column(SortText, unique=True, comment="SHA-256 of the token in the QR code")
    link_hash: Mapped[str] = mapped_column(SortText, unique=True, comment="SHA-256 of the secret of the mailed link")
    name: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text, comment="所属・役職")
    email: Mapped[str | None] = mapped_column(Text)
    voting: Mapped[bool]
    seat: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text, comment="what the desk is to know, such as 車椅子")
    issued_at: Mapped[Instant]
    issued_by_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), index=True)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_for: Mapped[Revocation | None] = mapped_column(code(Revocation, name="revoked_for"))
    replaces_id: Mapped[int | None] = mapped_column(BigId, refers("admission_tickets.id"), unique=True)
    version: Mapped[Version]


class Desk(Base):
    """受付の端末. Made by the supervisor, paired by a code that is used once; it holds a key of its own, no sign-in."""

    __tablename__ = "desks"
    __table_args__ = (
        Index(
            "uq_desks_name",
            "assembly_id",
            "name",
            unique=True,
            postgresql_where=text(_HERE),
            sqlite_where=text(_HERE),
        ),
        CheckConstraint("(paired_at IS NULL) = (key_hash IS NULL)", name="paired"),
        CheckConstraint("(code_hash IS NULL) = (code_until IS NULL)", name="code"),
        CheckConstraint("paired_at IS NULL OR code_hash IS NULL", name="code_used"),
        CheckConstraint("length(code_hash) = 64", name="code_hash"),
        CheckConstraint("length(key_hash) = 64", name="key_hash"),
        CheckConstraint("(contact_at IS NULL) = (waiting IS NULL)", name="contact_at"),
        CheckConstraint("waiting >= 0", name="waiting"),
        bounded("name", 40),
        bounded("contact", 60),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    assembly_id: Mapped[int] = mapped_column(BigId, refers("assemblies.id"))
    name: Mapped[str] = mapped_column(Text, comment="受付 3番")
    profile: Mapped[DeskProfile] = mapped_column(code(DeskProfile, name="profile"))
    contact: Mapped[str] = mapped_column(Text, comment="受付責任者 and how the desk calls: 鈴木（内線 0000）")
    code_hash: Mapped[str | None] = mapped_column(SortText, unique=True, comment="keyed hash of the pairing code")
    code_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    key_hash: Mapped[str | None] = mapped_column(SortText, unique=True, comment="SHA-256 of the key in its cookie")
    made_at: Mapped[Instant]
    made_by_id: Mapped[int] = mapped_column(BigId, refers("users.id"), index=True)
    paired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    version: Mapped[Version]
    contact_at: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="when its script last said what it holds")
    waiting: Mapped[int | None] = mapped_column(comment="arrivals that it then held and had not sent; no decision")
    practised_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="when the code for practice was first read by the device that is paired"
    )


class CheckIn(Base):
    """受付: somebody is in the hall from `entered_at` until `ended_at`. Never changed but for its end."""

    __tablename__ = "check_ins"
    __table_args__ = (
        Index("uq_check_ins_ticket", "ticket_id", unique=True, postgresql_where=text(_HERE), sqlite_where=text(_HERE)),
        Index(
            "uq_check_ins_voter",
            "assembly_id",
            "member_id",
            unique=True,
            postgresql_where=text(f"voting AND {_HERE}"),
            sqlite_where=text(f"voting AND {_HERE}"),
        ),
        Index("ix_check_ins_assembly", "assembly_id", "id"),
        CheckConstraint("NOT voting OR member_id IS NOT NULL", name="voting"),
        CheckConstraint("desk_id IS NOT NULL OR entered_by_id IS NOT NULL", name="entered_by"),
        CheckConstraint("(ended_at IS NULL) = (ending IS NULL)", name="ended"),
        CheckConstraint(
            "ending IS NULL OR ending NOT IN ('UNDONE', 'CHANGED') OR (ended_by_id IS NOT NULL AND reason IS NOT NULL)",
            name="supervised",
        ),
        bounded("reason", 500),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    assembly_id: Mapped[int] = mapped_column(BigId, refers("assemblies.id"))
    ticket_id: Mapped[int] = mapped_column(BigId, refers("admission_tickets.id"), index=True)
    member_id: Mapped[int | None] = mapped_column(BigId, refers("members.id"), index=True)
    voting: Mapped[bool] = mapped_column(comment="as admitted; a change of it ends this row and begins another")
    desk_id: Mapped[int | None] = mapped_column(BigId, refers("desks.id"), index=True)
    entered_by_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), index=True)
    entered_at: Mapped[Instant] = mapped_column(comment="by the clock of the server, offline by that of the desk")
    ending: Mapped[CheckInEnd | None] = mapped_column(code(CheckInEnd, name="ending"))
    ended_by_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), index=True)
    reason: Mapped[str | None] = mapped_column(Text)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Scan(Base):
    """Every attempt at the door, refused ones too; its id is made by the desk, and the same id is the same answer."""

    __tablename__ = "scans"
    __table_args__ = (
        CheckConstraint("desk_id IS NOT NULL OR entered_by_id IS NOT NULL", name="entered_by"),
        CheckConstraint(
            "(check_in_id IS NOT NULL) = (outcome IN ('ADMITTED', 'ALREADY', 'VOTER_PRESENT'))", name="outcome_of"
        ),
        CheckConstraint("check_in_id IS NULL OR ticket_id IS NOT NULL", name="ticket"),
        CheckConstraint("NOT offline OR device_at IS NOT NULL", name="offline_at"),
        CheckConstraint("length(scan_id) BETWEEN 8 AND 64", name="scan_id"),
        Index("ix_scans_desk", "desk_id", "received_at"),
        Index("ix_scans_assembly", "assembly_id", "received_at"),
    )

    scan_id: Mapped[str] = mapped_column(SortText, primary_key=True)
    assembly_id: Mapped[int] = mapped_column(BigId, refers("assemblies.id"))
    desk_id: Mapped[int | None] = mapped_column(BigId, refers("desks.id"))
    entered_by_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), index=True)
    way: Mapped[ScanWay] = mapped_column(code(ScanWay, name="way"))
    ticket_id: Mapped[int | None] = mapped_column(BigId, refers("admission_tickets.id"), index=True)
    device_at: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="by the clock of the desk")
    received_at: Mapped[Instant]
    offline: Mapped[bool] = mapped_column(comment="admitted by the desk alone, and merged later")
    outcome: Mapped[ScanOutcome] = mapped_column(code(ScanOutcome, name="outcome"))
    check_in_id: Mapped[int | None] = mapped_column(
        BigId, refers("check_ins.id"), index=True, comment="the admission, or the one that stood in the way"
    )
