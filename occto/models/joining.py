"""加入申請: applications, their drafts, revisions, remarks and decisions."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from occto.domain.codes import Audience, Channel, SubjectKind, Turn
from occto.domain.joining import ApplicationState, Stage
from occto.extensions import Base
from occto.models.shared import Instant, Key, Version, refers
from occto.types import BigId, Document, SortText, UtcDateTime, bounded, code

_DECIDED = "('APPROVED', 'WITHDRAWN', 'LAPSED', 'NOT_QUALIFIED', 'REMOVED')"
_UNNUMBERED = "('DRAFT', 'WITHDRAWN', 'REMOVED')"
_ACCEPTED = "('ACCEPTED', 'MAIN_DRAFT', 'MAIN_IN_REVIEW', 'MAIN_RETURNED', 'AWAITING_ACT', 'APPROVED')"
_NOT_APPROVED = "state <> 'APPROVED'"

_ONCE = "step IN ('accept', 'approve')"


class Application(Base):
    """加入申請: one company on its way to membership, provisional and main application in one case.

    A member that left and joined again has several that were approved, perhaps with one operator code.
    """

    __tablename__ = "applications"
    __table_args__ = (
        CheckConstraint("(state = 'APPROVED') = (member_id IS NOT NULL)", name="approved_member"),
        CheckConstraint(f"(state IN {_DECIDED}) = (decided_at IS NOT NULL)", name="decided_at"),
        CheckConstraint(
            f"state IN {_UNNUMBERED} OR "
            "(acceptance_number IS NOT NULL AND submitted_at IS NOT NULL AND lapse_on IS NOT NULL)",
            name="numbered",
        ),
        CheckConstraint(f"state NOT IN {_ACCEPTED} OR accepted_at IS NOT NULL", name="accepted_at"),
        CheckConstraint("state <> 'REMOVED' OR (email_key IS NULL AND name IS NULL)", name="removed_blank"),
        CheckConstraint("(held_at IS NULL) = (hold_reason IS NULL)", name="hold"),
        CheckConstraint("(checked_by_id IS NULL) = (checked_at IS NULL)", name="checked"),
        CheckConstraint(
            "state <> 'APPROVED' OR "
            "(checked_by_id IS NOT NULL AND decided_by_id IS NOT NULL AND checked_by_id <> decided_by_id)",
            name="two_persons",
        ),
        CheckConstraint("(channel = 'PAPER') = (entered_by_id IS NOT NULL)", name="entered_by"),
        CheckConstraint("(confirmation_digest IS NULL) = (confirmation_asked_at IS NULL)", name="confirmation"),
        bounded("email", 254),
        bounded("name", 120),
        bounded("hold_reason", 2000),
        bounded("operator_code", 5),
        Index(
            "uq_applications_operator_code_open",
            "operator_code",
            unique=True,
            postgresql_where=text(_NOT_APPROVED),
            sqlite_where=text(_NOT_APPROVED),
        ),
        Index("ix_applications_state_waiting", "state", "waiting_since", "held_at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    acceptance_number: Mapped[str | None] = mapped_column(
        SortText, unique=True, comment="受付番号, given at the first submission"
    )
    state: Mapped[ApplicationState] = mapped_column(code(ApplicationState, name="state"))
    channel: Mapped[Channel] = mapped_column(code(Channel, name="channel"), default=Channel.ONLINE)
    email: Mapped[str | None] = mapped_column(Text, comment="where the links go")
    email_key: Mapped[str | None] = mapped_column(SortText, index=True, comment="lower case")
    name: Mapped[str | None] = mapped_column(
        Text, comment="商号 as submitted, before that as last saved; for lists and mails"
    )
    name_key: Mapped[str | None] = mapped_column(SortText, comment="normalised for search")
    corporate_number: Mapped[str | None] = mapped_column(
        SortText, index=True, comment="as submitted, before that as last saved; for lists"
    )
    operator_code: Mapped[str | None] = mapped_column(SortText, comment="事業者コード as recorded by staff")
    created_at: Mapped[Instant]
    saved_at: Mapped[Instant] = mapped_column(UtcDateTime, comment="last save by the applicant")
    submitted_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="first submission: its day decides under 28条の11"
    )
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    main_submitted_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="first main application: ends the one year of 2.7.2④"
    )
    lapse_on: Mapped[date | None] = mapped_column(
        Date, index=True, comment="last day for the main application; after it OCCTO may terminate (2.7.2④)"
    )
    waiting_since: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="since when it waits for staff; none: it waits for the applicant"
    )
    held_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    hold_reason: Mapped[str | None] = mapped_column(Text)
    assignee_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), index=True)
    entered_by_id: Mapped[int | None] = mapped_column(
        BigId, refers("users.id"), index=True, comment="who keyed a paper application in"
    )
    confirmation_asked_at: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="a contractor submitted; the 会員担当 has to confirm"
    )
    confirmation_digest: Mapped[str | None] = mapped_column(Text, comment="SHA-256 of the answers to be confirmed")
    checked_by_id: Mapped[int | None] = mapped_column(
        BigId, refers("users.id"), index=True, comment="first person of the approval"
    )
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    member_on: Mapped[date | None] = mapped_column(
        Date, comment="day of membership as checked; decided by staff for late joiners"
    )
    member_on_reason: Mapped[str | None] = mapped_column(Text, comment="why, where the Act does not settle the day")
    roster_no: Mapped[int | None] = mapped_column(comment="roster number as checked")
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), index=True)
    member_id: Mapped[int | None] = mapped_column(BigId, refers("members.id"), index=True)
    version: Mapped[Version]


class ApplicationDraft(Base):
    """One section as last saved, complete or not, so that nothing typed is lost."""

    __tablename__ = "application_drafts"
    __table_args__ = (bounded("section", 40), CheckConstraint("errors >= 0", name="errors"))

    application_id: Mapped[int] = mapped_column(BigId, refers("applications.id"), primary_key=True)
    section: Mapped[str] = mapped_column(SortText, primary_key=True)
    typed: Mapped[dict[str, Any]] = mapped_column(Document, comment="exactly what was typed")
    answers: Mapped[dict[str, Any] | None] = mapped_column(
        Document, comment="the clean values; none while something is missing or wrong"
    )
    errors: Mapped[int] = mapped_column(comment="how many inputs were wrong at the last save")
    saved_at: Mapped[Instant]
    version: Mapped[Version]


class ApplicationRevision(Base):
    """What was submitted. Never changed; a later submission is a revision of its own."""

    __tablename__ = "application_revisions"
    __table_args__ = (
        Index("uq_application_revisions_no", "application_id", "stage", "no", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    application_id: Mapped[int] = mapped_column(BigId, refers("applications.id"))
    stage: Mapped[Stage] = mapped_column(code(Stage, name="stage"))
    no: Mapped[int] = mapped_column(comment="第 … 版 of its stage")
    answers: Mapped[dict[str, Any]] = mapped_column(Document, comment="section → clean values")
    terms_version_id: Mapped[int] = mapped_column(BigId, refers("terms_versions.id"), index=True)
    submitted_at: Mapped[Instant]
    submitted_by_id: Mapped[int | None] = mapped_column(
        BigId, refers("users.id"), index=True, comment="staff who keyed it in; none: the applicant"
    )


class Remark(Base):
    """A reason per item, or a letter between the Party and the office."""

    __tablename__ = "remarks"
    __table_args__ = (
        bounded("body", 4000),
        bounded("item", 60),
        Index("ix_remarks_subject", "subject_kind", "subject_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    subject_kind: Mapped[SubjectKind] = mapped_column(code(SubjectKind, name="subject_kind"))
    subject_id: Mapped[int] = mapped_column(BigId)
    stage: Mapped[Stage | None] = mapped_column(code(Stage, name="stage"))
    revision_no: Mapped[int] = mapped_column(comment="the revision that it speaks of")
    item: Mapped[str | None] = mapped_column(Text, comment="section or item; none: the whole")
    author_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), index=True, comment="none: the applicant")
    at: Mapped[Instant]
    body: Mapped[str] = mapped_column(Text)
    audience: Mapped[Audience] = mapped_column(code(Audience, name="audience"))


class Decision(Base):
    """One step of a flow, taken by one person on one revision: who, when and why."""

    __tablename__ = "decisions"
    __table_args__ = (
        bounded("step", 40),
        bounded("reason", 4000),
        Index("ix_decisions_subject", "subject_kind", "subject_id", "id"),
        Index(
            "uq_decisions_once",
            *("subject_kind", "subject_id", "stage", "revision_no", "step"),
            unique=True,
            postgresql_where=text(_ONCE),
            sqlite_where=text(_ONCE),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    subject_kind: Mapped[SubjectKind] = mapped_column(code(SubjectKind, name="subject_kind"))
    subject_id: Mapped[int] = mapped_column(BigId)
    stage: Mapped[Stage | None] = mapped_column(code(Stage, name="stage"))
    revision_no: Mapped[int]
    step: Mapped[str] = mapped_column(Text, comment="name of the step in the flow table")
    turn: Mapped[Turn] = mapped_column(code(Turn, name="turn"))
    actor_id: Mapped[int | None] = mapped_column(
        BigId, refers("users.id"), index=True, comment="none: the applicant or a daily job"
    )
    at: Mapped[Instant]
    reason: Mapped[str | None] = mapped_column(Text)
