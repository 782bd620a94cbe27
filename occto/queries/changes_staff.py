"""A change request as staff see it: everything submitted, marked, said and decided, in a fixed number of statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from occto.domain.assembly import CLOSED
from occto.domain.changes import LICENCE, SUCCESSION, WAITING_FOR_STAFF, ItemChange
from occto.domain.codes import ChangeAct, Channel, SubjectKind
from occto.domain.permissions import Permission
from occto.models import (
    REAL,
    Assembly,
    Attachment,
    ChangeItem,
    ChangeMark,
    ChangeRequest,
    ChangeRevision,
    Decision,
    LicenceFact,
    LicenceHeld,
    Member,
    OutboxMail,
    Remark,
    User,
)
from occto.queries.mandates import Stamps, by_contractor, stamps
from occto.queries.viewer import Viewer

MAILS = 50
OPEN_ASSEMBLIES = 3
"""The next ones: the votes of more are not calculated on one page."""


@dataclass(frozen=True, slots=True)
class RequestFile:
    """A request with all that belongs to it. Revisions, remarks and decisions stand oldest first.

    `items` are by revision; `names` of whoever had a hand in it; `related`: what it was split from, or into.
    """

    request: ChangeRequest
    member: Member
    revisions: list[ChangeRevision]
    items: Mapping[int, list[ChangeItem]]
    marks: Mapping[tuple[str, str], ChangeMark]
    remarks: list[Remark]
    decisions: list[Decision]
    files: list[Attachment]
    mails: list[OutboxMail]
    related: list[ChangeRequest]
    names: Mapping[int, str]
    staff: frozenset[int]
    mandated: Stamps

    def name_at(self, person_id: int | None, at: datetime) -> str:
        """Whoever did something at an instant, with the contractor that it acted for."""
        return by_contractor(self.names.get(person_id or 0, ""), self.mandated.get((person_id, at)))

    @property
    def newest(self) -> ChangeRevision | None:
        """What the next decision is about; None before the first submission."""
        return self.revisions[-1] if self.revisions else None

    @property
    def undecided(self) -> list[ChangeItem]:
        """The items of the newest revision that have not taken effect."""
        return [row for row in self.items.get(self.newest.id, []) if row.change_id is None] if self.newest else []

    def compared_with(self, asked: int | None) -> ChangeRevision | None:
        """The earlier revision to compare the newest with: the one asked for, else the one before it."""
        earlier = self.revisions[:-1]
        return next((one for one in earlier if one.id == asked), earlier[-1] if earlier else None)


def request_file(session: Session, request: ChangeRequest) -> RequestFile:
    """All of one request."""
    number = request.id
    revisions = list(
        session.scalars(select(ChangeRevision).where(ChangeRevision.request_id == number).order_by(ChangeRevision.no))
    )
    items: dict[int, list[ChangeItem]] = {revision.id: [] for revision in revisions}
    of_request = select(ChangeRevision.id).where(ChangeRevision.request_id == number)
    for row in session.scalars(
        select(ChangeItem).where(ChangeItem.revision_id.in_(of_request)).order_by(ChangeItem.id)
    ):
        items[row.revision_id].append(row)
    said = [Remark.subject_kind == SubjectKind.CHANGE, Remark.subject_id == number]
    decided = [Decision.subject_kind == SubjectKind.CHANGE, Decision.subject_id == number]
    remarks = list(session.scalars(select(Remark).where(*said).order_by(Remark.id)))
    decisions = list(session.scalars(select(Decision).where(*decided).order_by(Decision.id)))
    marks = session.scalars(select(ChangeMark).where(ChangeMark.request_id == number)).all()
    mails = select(OutboxMail).where(OutboxMail.change_request_id == number).order_by(OutboxMail.id.desc()).limit(MAILS)
    related = or_(ChangeRequest.split_from_id == number, ChangeRequest.id == request.split_from_id)
    people = {one.author_id for one in remarks} | {one.actor_id for one in decisions}
    people |= {one.submitted_by_id for one in revisions} | {mark.author_id for mark in marks}
    people |= {request.assignee_id, request.entered_by_id, request.checked_by_id, request.decided_by_id}
    known = session.execute(select(User.id, User.name, User.kind).where(User.id.in_(people - {None}))).all()
    member = session.get(Member, request.member_id)
    assert member is not None
    return RequestFile(
        request=request,
        member=member,
        revisions=revisions,
        items=items,
        marks={(mark.item, mark.target_key): mark for mark in marks},
        remarks=remarks,
        decisions=decisions,
        files=list(
            session.scalars(select(Attachment).where(Attachment.change_request_id == number).order_by(Attachment.id))
        ),
        mails=list(session.scalars(mails)),
        related=list(session.scalars(select(ChangeRequest).where(related).order_by(ChangeRequest.id))),
        names={row.id: row.name for row in known},
        staff=frozenset(row.id for row in known if row.kind == "STAFF"),
        mandated=stamps(session, f"CHANGE:{number}"),
    )


def next_waiting(session: Session, *, viewer: Viewer, but: int | None = None) -> ChangeRequest | None:
    """The request that has waited longest for a step that this viewer may take, other than `but`."""
    if not viewer.can(Permission.CHANGE_PROCESS):
        return None
    me = viewer.user_id or 0
    first = and_(ChangeRequest.checked_by_id.is_(None), ChangeRequest.channel == Channel.ONLINE)
    second = and_(
        ChangeRequest.checked_by_id != me, or_(ChangeRequest.entered_by_id.is_(None), ChangeRequest.entered_by_id != me)
    )
    mine = or_(first, second) if viewer.can(Permission.CHANGE_APPROVE) else first
    return session.scalar(
        select(ChangeRequest)
        .where(
            ChangeRequest.state.in_(WAITING_FOR_STAFF),
            ChangeRequest.held_at.is_(None),
            ChangeRequest.id != (but or 0),
            mine,
        )
        .order_by(ChangeRequest.waiting_since, ChangeRequest.id)
        .limit(1)
    )


def open_assemblies(session: Session) -> Sequence[Assembly]:
    """The assemblies whose votes can still change, the next one first."""
    return session.scalars(
        select(Assembly)
        .where(REAL, Assembly.state.not_in(CLOSED))
        .order_by(Assembly.held_at, Assembly.id)
        .limit(OPEN_ASSEMBLIES)
    ).all()


def membership_ends(session: Session, member_id: int, items: Sequence[ItemChange]) -> date | None:
    """The day on which no licence is left once the items are entered; None while one goes on."""
    rows = session.execute(
        select(LicenceHeld.id, LicenceFact.ended_on)
        .join(LicenceFact, LicenceFact.licence_id == LicenceHeld.id)
        .where(LicenceHeld.member_id == member_id, LicenceFact.voided_id.is_(None))
    )
    ends: dict[int, date | None] = {row.id: row.ended_on for row in rows}
    before = dict(ends)
    for item in items:
        if item.item == SUCCESSION:
            ends |= {int(number): item.effective_on for number in item.new["licences"]}
        elif item.item == LICENCE and item.act is ChangeAct.ADD:
            return None
        elif item.item == LICENCE and item.target_id is not None:
            _put(ends, item)
    last = list(ends.values())
    if ends == before or not last or any(day is None for day in last):
        return None
    return max(day for day in last if day is not None)


def _put(ends: dict[int, date | None], item: ItemChange) -> None:
    assert item.target_id is not None
    if item.act is ChangeAct.VOID:
        ends.pop(item.target_id, None)
    else:
        ended_on = item.new.get("ended_on")
        ends[item.target_id] = date.fromisoformat(ended_on) if ended_on else None


def file_of_request(session: Session, attachment_id: int) -> Attachment | None:
    """An attachment of any change request; None for any other file."""
    found = session.get(Attachment, attachment_id)
    return found if found is not None and found.change_request_id is not None else None
