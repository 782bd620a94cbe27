"""出欠・議決権の回答: every version is kept; the last received one stands."""

import secrets
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from occto.domain.replies import Attendance, ProxyKind, ReplyChannel
from occto.domain.tally import Choice
from occto.extensions import Base
from occto.models.shared import Instant, Key, Version, refers
from occto.types import BigId, Document, SortText, UtcDateTime, bounded, code


class Reply(Base):
    """A reply of one member, of any channel, paper and mandates among them. Never changed."""

    __tablename__ = "replies"
    __table_args__ = (
        Index("uq_replies_no", "assembly_id", "member_id", "no", unique=True),
        CheckConstraint("no > 0", name="no"),
        CheckConstraint("(attendance = 'PROXY') = (proxy_kind IS NOT NULL)", name="proxy"),
        CheckConstraint(
            "(proxy_member_id IS NOT NULL) = (proxy_kind IS NOT NULL AND proxy_kind = 'MEMBER')", name="proxy_member"
        ),
        CheckConstraint(
            "(proxy_name IS NOT NULL) = (proxy_kind IS NOT NULL AND proxy_kind = 'PERSON')", name="proxy_name"
        ),
        CheckConstraint("proxy_member_id IS NULL OR proxy_member_id <> member_id", name="other_member"),
        CheckConstraint("channel = 'ELECTRONIC' OR entered_by_id IS NOT NULL", name="entered_by"),
        CheckConstraint("channel <> 'PAPER' OR document_id IS NOT NULL", name="scan"),
        CheckConstraint("channel <> 'STAFF' OR reason IS NOT NULL", name="reason"),
        bounded("opinion", 1000),
        bounded("reason", 2000),
        bounded("proxy_name", 200),
        bounded("number", 20),
        bounded("receipt_code", 20),
        CheckConstraint("length(digest) = 64", name="digest"),
        CheckConstraint("length(salt) = 32", name="salt"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    assembly_id: Mapped[int] = mapped_column(BigId, refers("assemblies.id"))
    member_id: Mapped[int] = mapped_column(BigId, refers("members.id"), index=True)
    no: Mapped[int] = mapped_column(comment="version, from 1, in the order of entering")
    number: Mapped[str] = mapped_column(SortText, unique=True, comment="回答番号, read out on the telephone")
    receipt_code: Mapped[str] = mapped_column(SortText, unique=True, comment="受領証: random, listed after closing")
    salt: Mapped[str] = mapped_column(
        Text,
        default=lambda: secrets.token_hex(16),
        comment="random, part of the digest: nobody can guess a reply from the published list",
    )
    digest: Mapped[str] = mapped_column(Text, comment="SHA-256 of what the reply says (domain/receipts.py)")
    channel: Mapped[ReplyChannel] = mapped_column(code(ReplyChannel, name="channel"))
    attendance: Mapped[Attendance] = mapped_column(code(Attendance, name="attendance"))
    proxy_kind: Mapped[ProxyKind | None] = mapped_column(code(ProxyKind, name="proxy_kind"))
    proxy_member_id: Mapped[int | None] = mapped_column(BigId, refers("members.id"), index=True)
    proxy_name: Mapped[str | None] = mapped_column(Text)
    opinion: Mapped[str | None] = mapped_column(Text)
    received_at: Mapped[Instant] = mapped_column(comment="when the request or the paper arrived: this one decides")
    entered_at: Mapped[Instant]
    entered_by_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), index=True)
    mandate_id: Mapped[int | None] = mapped_column(BigId, refers("mandates.id"), index=True)
    document_id: Mapped[int | None] = mapped_column(BigId, refers("attachments.id"), index=True)
    reason: Mapped[str | None] = mapped_column(Text, comment="why staff entered it, or after the deadline")


class StandingReply(Base):
    """The reply of a member that counts: the one row that is locked, counted and set aside at the hall."""

    __tablename__ = "standing_replies"
    __table_args__ = (Index("uq_standing_replies_set_aside", "set_aside_by_check_in_id", unique=True),)

    assembly_id: Mapped[int] = mapped_column(BigId, refers("assemblies.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(BigId, refers("members.id"), primary_key=True, index=True)
    reply_id: Mapped[int] = mapped_column(BigId, refers("replies.id"), unique=True)
    set_aside_by_check_in_id: Mapped[int | None] = mapped_column(
        BigId,
        refers("check_ins.id"),
        comment="撤回: whoever votes for the member has come to the hall, by rule and once",
    )
    version: Mapped[Version]


class ReplyDraft(Base):
    """What a user typed and put aside. It counts for nothing."""

    __tablename__ = "reply_drafts"

    assembly_id: Mapped[int] = mapped_column(BigId, refers("assemblies.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(BigId, refers("members.id"), primary_key=True, index=True)
    user_id: Mapped[int] = mapped_column(BigId, refers("users.id"), primary_key=True, index=True)
    answers: Mapped[dict[str, Any]] = mapped_column(Document)
    saved_at: Mapped[Instant]


class Ballot(Base):
    """A choice on one item. Its weight is never stored here: it is that of the frozen votes."""

    __tablename__ = "ballots"
    __table_args__ = (Index("ix_ballots_item", "item_id", "choice", "reply_id"),)

    reply_id: Mapped[int] = mapped_column(BigId, refers("replies.id"), primary_key=True)
    item_id: Mapped[int] = mapped_column(BigId, refers("agenda_items.id"), primary_key=True)
    choice: Mapped[Choice] = mapped_column(code(Choice, name="choice"))


class Attendee(Base):
    """A person who comes to the hall for a member; one of a reply votes."""

    __tablename__ = "attendees"
    __table_args__ = (
        Index("uq_attendees_no", "reply_id", "no", unique=True),
        Index(
            "uq_attendees_voting",
            "reply_id",
            unique=True,
            postgresql_where=text("voting"),
            sqlite_where=text("voting"),
        ),
        bounded("title", 120),
        bounded("name", 80),
        bounded("email", 254),
        bounded("phone", 40),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    reply_id: Mapped[int] = mapped_column(BigId, refers("replies.id"))
    no: Mapped[int]
    title: Mapped[str] = mapped_column(Text, comment="所属・役職")
    name: Mapped[str] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(Text)
    phone: Mapped[str | None] = mapped_column(Text)
    voting: Mapped[bool]


class ReceiptList(Base):
    """受領証の一覧: the codes of all standing replies at closing, with the root of their hash tree."""

    __tablename__ = "receipt_lists"
    __table_args__ = (CheckConstraint("length(root) = 64", name="root"), CheckConstraint("count >= 0", name="count"))

    assembly_id: Mapped[int] = mapped_column(BigId, refers("assemblies.id"), primary_key=True)
    no: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    made_at: Mapped[Instant]
    count: Mapped[int]
    root: Mapped[str] = mapped_column(Text)
    leaves: Mapped[list[list[str]]] = mapped_column(Document, comment="[receipt code, leaf], ordered by code")


class BoardCount(Base):
    """What a live board shows: a cache, recounted by the first viewer who finds it older than a second."""

    __tablename__ = "board_counts"
    __table_args__ = (bounded("board", 20), bounded("etag", 64))

    assembly_id: Mapped[int] = mapped_column(BigId, refers("assemblies.id"), primary_key=True)
    board: Mapped[str] = mapped_column(SortText, primary_key=True, comment="replies")
    counts: Mapped[dict[str, Any]] = mapped_column(Document)
    counted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    etag: Mapped[str] = mapped_column(Text)
