"""Reads of change requests for the member that files them. Scoped: a request of another member is not found."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from occto.domain.assembly import CLOSED
from occto.domain.changes import DECIDED, EDITABLE, ChangeState
from occto.domain.codes import Audience, Channel, SubjectKind, UserKind
from occto.domain.errors import NotFound
from occto.models import (
    REAL,
    Assembly,
    Attachment,
    ChangeDraft,
    ChangeItem,
    ChangeRequest,
    ChangeRevision,
    Decision,
    Remark,
    User,
)
from occto.queries.mandates import by_contractor, contractor_at, contractor_of

PAGE = 20
"""How many rows of a list stand on a page."""
OPEN_LIMIT = 200
_OFFICE = "電力広域的運営推進機関"


def _shown() -> tuple[Any, ...]:
    """What a member sees of its own requests: what it filed, and what it filed on paper once that was taken in.

    What the office itself enters is no request of the member: it stands among the changes of the record.
    """
    return (
        ChangeRequest.channel != Channel.STAFF,
        or_(ChangeRequest.channel == Channel.ONLINE, ChangeRequest.number.is_not(None)),
    )


def own_request(session: Session, request_id: int, *, member_id: int | None) -> ChangeRequest:
    """The request, where it is one of this member's; NotFound for any other."""
    found = None
    if member_id is not None and 0 < request_id < 2**63:
        found = session.scalar(
            select(ChangeRequest).where(
                ChangeRequest.id == request_id,
                ChangeRequest.member_id == member_id,
                *_shown(),
            )
        )
    if found is None:
        raise NotFound
    return found


def drafts(session: Session, request_id: int) -> dict[str, ChangeDraft]:
    """The parts of the draft by key."""
    rows = session.scalars(select(ChangeDraft).where(ChangeDraft.request_id == request_id))
    return {row.part: row for row in rows}


@dataclass(frozen=True, slots=True)
class Line:
    """One request in a list. `remarks`: how many items the office asks to mend; `from_on`: first effective day to come."""

    id: int
    number: str | None
    title: str
    state: ChangeState
    channel: Channel
    held: bool
    saved_at: datetime
    submitted_at: datetime | None
    waiting_since: datetime | None
    decided_at: datetime | None
    remarks: int = 0
    from_on: date | None = None


_LINE = (
    ChangeRequest.id,
    ChangeRequest.number,
    ChangeRequest.title,
    ChangeRequest.state,
    ChangeRequest.channel,
    ChangeRequest.held_at.is_not(None).label("held"),
    ChangeRequest.saved_at,
    ChangeRequest.submitted_at,
    ChangeRequest.waiting_since,
    ChangeRequest.decided_at,
)


def _line(row: Any) -> Line:
    return Line(**row._asdict())


def open_requests(session: Session, member_id: int) -> list[Line]:
    """What is not decided, newest first; returned ones with the number of remarks of the last return."""
    remarks = (
        select(func.count(Remark.id))
        .where(
            Remark.subject_kind == SubjectKind.CHANGE,
            Remark.subject_id == ChangeRequest.id,
            Remark.item.is_not(None),
            Remark.audience == Audience.PARTY,
            Remark.revision_no == _newest_no(),
        )
        .correlate(ChangeRequest)
        .scalar_subquery()
    )
    rows = session.execute(
        select(*_LINE, remarks.label("remarks"))
        .where(ChangeRequest.member_id == member_id, ChangeRequest.state.in_(EDITABLE), *_shown())
        .order_by(ChangeRequest.id.desc())
        .limit(OPEN_LIMIT)
    )
    return [_line(row) for row in rows]


def _newest_no() -> Any:
    return (
        select(func.max(ChangeRevision.no))
        .where(ChangeRevision.request_id == ChangeRequest.id)
        .correlate(ChangeRequest)
        .scalar_subquery()
    )


def past_requests(session: Session, member_id: int, *, before: int | None, limit: int = PAGE) -> list[Line]:
    """Decided requests, newest first, older than the request `before`; one more than `limit` where there are more."""
    newest = (
        select(ChangeRevision.id)
        .where(ChangeRevision.request_id == ChangeRequest.id)
        .order_by(ChangeRevision.no.desc())
        .limit(1)
        .correlate(ChangeRequest)
        .scalar_subquery()
    )
    from_on = (
        select(func.max(ChangeItem.effective_on))
        .where(ChangeItem.revision_id == newest)
        .correlate(ChangeRequest)
        .scalar_subquery()
    )
    query = (
        select(*_LINE, from_on.label("from_on"))
        .where(ChangeRequest.member_id == member_id, ChangeRequest.state.in_(DECIDED), *_shown())
        .order_by(ChangeRequest.id.desc())
        .limit(limit + 1)
    )
    if before is not None:
        query = query.where(ChangeRequest.id < before)
    return [_line(row) for row in session.execute(query)]


@dataclass(frozen=True, slots=True)
class Submitted:
    """A revision with its items, and who submitted it."""

    revision: ChangeRevision
    items: list[ChangeItem]
    by: str | None


def newest_submitted(session: Session, request_id: int) -> Submitted | None:
    """What was submitted last; None for a draft."""
    row = session.execute(
        select(ChangeRevision, User.name, contractor_of(ChangeRevision.mandate_id).label("contractor"))
        .outerjoin(User, User.id == ChangeRevision.submitted_by_id)
        .where(ChangeRevision.request_id == request_id)
        .order_by(ChangeRevision.no.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    items = session.scalars(select(ChangeItem).where(ChangeItem.revision_id == row[0].id).order_by(ChangeItem.id))
    return Submitted(row[0], list(items), by_contractor(row[1], row.contractor) if row[1] else None)


@dataclass(frozen=True, slots=True)
class Letter:
    """One letter of the conversation; `mine`: by the member. Names of staff are not shown."""

    mine: bool
    name: str
    organisation: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Correspondence:
    """The conversation, oldest first, and what the office asked to mend, by (revision, key of the item)."""

    letters: list[Letter]
    remarks: dict[tuple[int, str], str]


def correspondence(session: Session, request: ChangeRequest, *, company: str) -> Correspondence:
    """Letters and remarks that the member may read."""
    rows = session.execute(
        select(Remark, User.name, User.kind, contractor_at(f"CHANGE:{request.id}", Remark.author_id, Remark.at))
        .outerjoin(User, User.id == Remark.author_id)
        .where(
            Remark.subject_kind == SubjectKind.CHANGE,
            Remark.subject_id == request.id,
            Remark.audience == Audience.PARTY,
        )
        .order_by(Remark.id)
    )
    letters, remarks = [], {}
    for remark, name, kind, contractor in rows:
        if remark.item is not None:
            remarks[remark.revision_no, remark.item] = remark.body
            continue
        office = kind is UserKind.STAFF
        letters.append(
            Letter(
                mine=not office,
                name="当機関の担当者" if office else by_contractor(name, contractor) if name else company,
                organisation=_OFFICE if office else company,
                at=remark.at,
                text=remark.body,
            )
        )
    return Correspondence(letters, remarks)


Decided = tuple[Decision, str]


def decisions(session: Session, request_id: int) -> list[Decided]:
    """Every step taken, newest first, with the name of the member's own user who took it; '' for the office."""
    rows = session.execute(
        select(Decision, User.name, User.kind, contractor_at(f"CHANGE:{request_id}", Decision.actor_id, Decision.at))
        .outerjoin(User, User.id == Decision.actor_id)
        .where(Decision.subject_kind == SubjectKind.CHANGE, Decision.subject_id == request_id)
        .order_by(Decision.id.desc())
    )
    return [(row[0], "" if row[2] is UserKind.STAFF or not row[1] else by_contractor(row[1], row[3])) for row in rows]


def last_return(decided: Iterable[Decided]) -> Decision | None:
    """The newest 差戻し among the decisions."""
    return next((decision for decision, _ in decided if decision.step == "return_request"), None)


def open_assemblies(session: Session) -> Sequence[Assembly]:
    """Assemblies whose votes a change may still move, in the order of their days."""
    return session.scalars(
        select(Assembly).where(REAL, Assembly.state.not_in(CLOSED)).order_by(Assembly.held_at, Assembly.id)
    ).all()


def files(session: Session, request_id: int) -> list[Attachment]:
    """The files in the draft, oldest first."""
    return list(
        session.scalars(
            select(Attachment)
            .where(Attachment.change_request_id == request_id, Attachment.removed_at.is_(None))
            .order_by(Attachment.id)
        )
    )


def file_of(session: Session, attachment_id: int, *, request_id: int) -> Attachment:
    """A file of this request, taken out or not; NotFound for any other."""
    found = session.get(Attachment, attachment_id) if 0 < attachment_id < 2**63 else None
    if found is None or found.change_request_id != request_id:
        raise NotFound
    return found
