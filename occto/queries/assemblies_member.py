"""総会 as a member sees it: the list with its own reply, the documents, what it typed and put aside."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from occto.domain.assembly import SHOWN_TO_MEMBERS
from occto.domain.codes import AttachmentKind, ScanState, SnapshotState
from occto.domain.errors import NotFound
from occto.domain.replies import Attendance
from occto.models import (
    REAL,
    Assembly,
    Attachment,
    AttachmentChunk,
    Member,
    ReceiptList,
    Reply,
    ReplyDraft,
    Snapshot,
    SnapshotMember,
    StandingReply,
    User,
)
from occto.queries.replies import MEETING, Meeting, meeting, meeting_of

MOST_SHOWN = 100
"""Assemblies in the list, newest first: ten years of ten a year."""


@dataclass(frozen=True, slots=True)
class Card:
    """An assembly in the list. `votes` None: nothing is frozen yet, or the member is not on the roll (`on_roll`)."""

    meeting: Meeting
    frozen: bool
    on_roll: bool
    votes: int
    sanctioned: bool
    attendance: Attendance | None
    received_at: datetime | None

    @property
    def replied(self) -> bool:
        return self.attendance is not None and self.attendance is not Attendance.WITHDRAWN


def cards(session: Session, member_id: int) -> list[Card]:
    """The assemblies that members see, newest first, each with the votes and the standing reply of this member."""
    rows = session.execute(
        select(
            *MEETING,
            Snapshot.id.label("snapshot_id"),
            SnapshotMember.votes,
            SnapshotMember.sanctioned,
            Reply.attendance,
            Reply.received_at,
        )
        .outerjoin(Snapshot, and_(Snapshot.assembly_id == Assembly.id, Snapshot.state == SnapshotState.FROZEN))
        .outerjoin(
            SnapshotMember,
            and_(SnapshotMember.snapshot_id == Snapshot.id, SnapshotMember.member_id == member_id),
        )
        .outerjoin(StandingReply, and_(StandingReply.assembly_id == Assembly.id, StandingReply.member_id == member_id))
        .outerjoin(Reply, Reply.id == StandingReply.reply_id)
        .where(REAL, Assembly.state.in_(SHOWN_TO_MEMBERS))
        .order_by(Assembly.held_at.desc(), Assembly.id.desc())
        .limit(MOST_SHOWN)
    )
    return [
        Card(
            meeting=meeting_of(row),
            frozen=row.snapshot_id is not None,
            on_roll=row.votes is not None,
            votes=row.votes or 0,
            sanctioned=bool(row.sanctioned),
            attendance=row.attendance,
            received_at=row.received_at,
        )
        for row in rows
    ]


def shown_meeting(session: Session, assembly_id: int) -> Meeting:
    """An assembly that members see; NotFound where there is none, or it is still being prepared."""
    found = meeting(session, assembly_id) if 0 < assembly_id < 2**63 else None
    if found is None or found.state not in SHOWN_TO_MEMBERS or found.rehearsal_of_id is not None:
        raise NotFound
    return found


@dataclass(frozen=True, slots=True)
class File:
    """A document of an assembly; `size` in bytes."""

    id: int
    name: str
    media_type: str
    size: int


_OF_ASSEMBLY = (
    Attachment.kind == AttachmentKind.ASSEMBLY_FILE,
    Attachment.removed_at.is_(None),
    Attachment.scan_state != ScanState.REFUSED,
)
_FILE: tuple[Any, ...] = (Attachment.id, Attachment.name, Attachment.media_type, Attachment.size)


def files_of(session: Session, assembly_id: int) -> list[File]:
    """The documents of an assembly, in the order in which they were added."""
    rows = session.execute(
        select(*_FILE).where(Attachment.assembly_id == assembly_id, *_OF_ASSEMBLY).order_by(Attachment.id)
    )
    return [File(*tuple(row)) for row in rows]


def file_of(session: Session, assembly_id: int, attachment_id: int) -> tuple[File, bytes]:
    """A document of this assembly and its bytes; NotFound for any other file, a scan of a reply among them."""
    row = (
        session.execute(
            select(*_FILE).where(Attachment.id == attachment_id, Attachment.assembly_id == assembly_id, *_OF_ASSEMBLY)
        ).one_or_none()
        if 0 < attachment_id < 2**63
        else None
    )
    if row is None:
        raise NotFound
    pieces = session.scalars(
        select(AttachmentChunk.bytes).where(AttachmentChunk.attachment_id == row.id).order_by(AttachmentChunk.no)
    )
    return File(*tuple(row)), b"".join(pieces)


@dataclass(frozen=True, slots=True)
class Draft:
    """What a user typed and put aside."""

    answers: dict[str, Any]
    saved_at: datetime


def draft_of(session: Session, assembly_id: int, *, member_id: int, user_id: int | None) -> Draft | None:
    """The draft of this user alone."""
    row = session.execute(
        select(ReplyDraft.answers, ReplyDraft.saved_at).where(
            ReplyDraft.assembly_id == assembly_id, ReplyDraft.member_id == member_id, ReplyDraft.user_id == user_id
        )
    ).one_or_none()
    return Draft(row.answers, row.saved_at) if row is not None else None


def details_of_user(session: Session, user_id: int | None) -> dict[str, str]:
    """Name, 所属・役職, mail and telephone of a user, to begin the form of an attendee with."""
    row = session.execute(select(User.name, User.title, User.email, User.phone).where(User.id == user_id)).one_or_none()
    return {key: value or "" for key, value in row._asdict().items()} if row is not None else {}


@dataclass(frozen=True, slots=True)
class OtherMember:
    """A member that another one names as its proxy."""

    id: int
    operator_code: str
    name: str


def member_on_roll(
    session: Session, assembly_id: int, *, code: str | None = None, member_id: int | None = None
) -> OtherMember | None:
    """The member with this 事業者コード, or row number, on the frozen roll of the assembly."""
    which = Member.operator_code == code if code is not None else Member.id == member_id
    row = session.execute(
        select(Member.id, Member.operator_code, SnapshotMember.name)
        .join(SnapshotMember, SnapshotMember.member_id == Member.id)
        .join(Snapshot, Snapshot.id == SnapshotMember.snapshot_id)
        .where(Snapshot.assembly_id == assembly_id, Snapshot.state == SnapshotState.FROZEN, which)
    ).one_or_none()
    return OtherMember(row.id, row.operator_code, row.name) if row is not None else None


@dataclass(frozen=True, slots=True)
class Published:
    """A list of receipts as it was published."""

    no: int
    made_at: datetime
    count: int
    root: str
    leaves: list[list[str]]


def receipts_of(session: Session, assembly_id: int) -> Published | None:
    """The newest published list; None before closing."""
    row = session.execute(
        select(
            ReceiptList.no, ReceiptList.made_at, ReceiptList.count.label("codes"), ReceiptList.root, ReceiptList.leaves
        )
        .where(ReceiptList.assembly_id == assembly_id)
        .order_by(ReceiptList.no.desc())
        .limit(1)
    ).one_or_none()
    return Published(row.no, row.made_at, row.codes, row.root, row.leaves) if row is not None else None
