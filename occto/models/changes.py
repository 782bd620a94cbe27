"""変更申請: requests, what is typed, what was submitted, item by item, and the yearly confirmation."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from occto.domain.changes import ChangeState
from occto.domain.codes import ChangeAct, Channel, Verdict
from occto.extensions import Base
from occto.models.shared import Instant, Key, Version, refers
from occto.types import BigId, Document, SortText, UtcDateTime, bounded, code


class ChangeRequest(Base):
    """変更申請 of one member; `channel` says whether the member, a paper or the office itself brought it in."""

    __tablename__ = "change_requests"
    __table_args__ = (
        CheckConstraint("(state IN ('APPROVED', 'WITHDRAWN')) = (decided_at IS NOT NULL)", name="decided_at"),
        CheckConstraint(
            "state IN ('DRAFT', 'WITHDRAWN') OR "
            "(number IS NOT NULL AND submitted_at IS NOT NULL AND occurred_on IS NOT NULL)",
            name="numbered",
        ),
        CheckConstraint("(number IS NULL) = (submitted_at IS NULL)", name="submitted"),
        CheckConstraint("(held_at IS NULL) = (hold_reason IS NULL)", name="hold"),
        CheckConstraint("(checked_by_id IS NULL) = (checked_at IS NULL)", name="checked"),
        CheckConstraint(
            "state <> 'APPROVED' OR (decided_by_id IS NOT NULL AND (NOT touches_votes OR "
            "(checked_by_id IS NOT NULL AND checked_by_id <> decided_by_id)))",
            name="two_persons",
        ),
        CheckConstraint("(channel = 'ONLINE') = (entered_by_id IS NULL)", name="entered_by"),
        CheckConstraint(
            "channel <> 'PAPER' OR state IN ('DRAFT', 'WITHDRAWN') OR received_at IS NOT NULL", name="received_at"
        ),
        bounded("title", 120),
        bounded("reason", 2000),
        bounded("hold_reason", 2000),
        Index("ix_change_requests_state_waiting", "state", "waiting_since", "held_at"),
        Index("ix_change_requests_member", "member_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    number: Mapped[str | None] = mapped_column(SortText, unique=True, comment="C-2026-00042, at the first submission")
    member_id: Mapped[int] = mapped_column(BigId, refers("members.id"))
    state: Mapped[ChangeState] = mapped_column(code(ChangeState, name="state"))
    channel: Mapped[Channel] = mapped_column(code(Channel, name="channel"), default=Channel.ONLINE)
    title: Mapped[str] = mapped_column(Text, comment="what it changes, in words; for lists and mails")
    occurred_on: Mapped[date | None] = mapped_column(Date, comment="事由発生日")
    received_at: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="when the paper reached the office")
    reason: Mapped[str | None] = mapped_column(Text, comment="why, as the one who filed it says")
    touches_votes: Mapped[bool] = mapped_column(default=False, comment="as submitted: a second person has to approve")
    created_at: Mapped[Instant]
    saved_at: Mapped[Instant] = mapped_column(UtcDateTime, comment="last save by whoever fills it in")
    submitted_at: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="first submission")
    waiting_since: Mapped[datetime | None] = mapped_column(
        UtcDateTime, comment="since when it waits for staff; none: it waits for the member or is decided"
    )
    held_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    hold_reason: Mapped[str | None] = mapped_column(Text)
    assignee_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), index=True)
    started_by_id: Mapped[int | None] = mapped_column(
        BigId, refers("users.id"), index=True, comment="the member's user"
    )
    entered_by_id: Mapped[int | None] = mapped_column(
        BigId, refers("users.id"), index=True, comment="the staff member who keyed it in"
    )
    checked_by_id: Mapped[int | None] = mapped_column(
        BigId, refers("users.id"), index=True, comment="first person of the approval"
    )
    checked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    decided_by_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), index=True)
    split_from_id: Mapped[int | None] = mapped_column(BigId, refers("change_requests.id"), index=True)
    version: Mapped[Version]


class ChangeDraft(Base):
    """One part of a request as last saved, complete or not, so that nothing typed is lost."""

    __tablename__ = "change_drafts"
    __table_args__ = (bounded("part", 40), CheckConstraint("errors >= 0", name="errors"))

    request_id: Mapped[int] = mapped_column(BigId, refers("change_requests.id"), primary_key=True)
    part: Mapped[str] = mapped_column(SortText, primary_key=True, comment="domain/changes.Part")
    typed: Mapped[dict[str, Any]] = mapped_column(Document, comment="exactly what was typed")
    answers: Mapped[dict[str, Any] | None] = mapped_column(
        Document, comment="the clean values; none while something is missing or wrong"
    )
    errors: Mapped[int] = mapped_column(comment="how many inputs were wrong at the last save")
    saved_at: Mapped[Instant]
    version: Mapped[Version]


class ChangeRevision(Base):
    """What was submitted. Never changed; a later submission is a revision of its own."""

    __tablename__ = "change_revisions"
    __table_args__ = (
        Index("uq_change_revisions_no", "request_id", "no", unique=True),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    request_id: Mapped[int] = mapped_column(BigId, refers("change_requests.id"))
    no: Mapped[int] = mapped_column(comment="第 … 版")
    submitted_by_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), index=True)
    mandate_id: Mapped[int | None] = mapped_column(
        BigId, refers("mandates.id"), index=True, comment="the mandate it was submitted under (利用規約 2.3.2)"
    )
    submitted_at: Mapped[Instant]
    occurred_on: Mapped[date] = mapped_column(Date)
    base_change_id: Mapped[int] = mapped_column(
        BigId, comment="the newest register change when it was submitted: an item changed since is a conflict"
    )
    files: Mapped[list[dict[str, Any]]] = mapped_column(Document, comment="documents and the items that each proves")


class ChangeItem(Base):
    """One item of a revision, from what to what, and the register change that entered it."""

    __tablename__ = "change_items"
    __table_args__ = (
        Index("uq_change_items_place", "revision_id", "item", "target_key", unique=True),
        bounded("item", 40),
        bounded("target_key", 40),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    revision_id: Mapped[int] = mapped_column(BigId, refers("change_revisions.id"))
    item: Mapped[str] = mapped_column(SortText, comment="key of domain/profile.py, licence or relation")
    target_key: Mapped[str] = mapped_column(SortText, default="", comment="which licence, relation or fact")
    act: Mapped[ChangeAct] = mapped_column(code(ChangeAct, name="act"))
    target_id: Mapped[int | None] = mapped_column(BigId, comment="row of the licence or fact, number of the relation")
    old: Mapped[Any] = mapped_column(Document, nullable=True, comment="as on record on the day, when it was submitted")
    new: Mapped[Any] = mapped_column(Document, nullable=True)
    effective_on: Mapped[date] = mapped_column(Date)
    change_id: Mapped[int | None] = mapped_column(
        BigId, refers("register_changes.id"), index=True, comment="the register change that entered it"
    )


class ChangeMark(Base):
    """What staff noted of an item while reviewing: a comment, the decision is on the whole revision."""

    __tablename__ = "change_marks"
    __table_args__ = (bounded("canned", 40), bounded("words", 1000))

    request_id: Mapped[int] = mapped_column(BigId, refers("change_requests.id"), primary_key=True)
    item: Mapped[str] = mapped_column(SortText, primary_key=True)
    target_key: Mapped[str] = mapped_column(SortText, primary_key=True)
    verdict: Mapped[Verdict] = mapped_column(code(Verdict, name="verdict"))
    canned: Mapped[str | None] = mapped_column(Text, comment="the reason chosen out of the list")
    words: Mapped[str | None] = mapped_column(Text, comment="what the company is told")
    author_id: Mapped[int] = mapped_column(BigId, refers("users.id"), index=True)
    at: Mapped[Instant]


class Confirmation(Base):
    """The member says that what is on record is right (once a year)."""

    __tablename__ = "confirmations"
    __table_args__ = (Index("ix_confirmations_member", "member_id", "id"), {"sqlite_autoincrement": True})

    id: Mapped[Key]
    member_id: Mapped[int] = mapped_column(BigId, refers("members.id"))
    user_id: Mapped[int] = mapped_column(BigId, refers("users.id"), index=True)
    at: Mapped[Instant]
    known_change_id: Mapped[int] = mapped_column(BigId, comment="the newest register change that was shown")
