"""承認: the items enter the register, each from its own day, in one transaction with the decision."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.changes import LICENCE, RELATION, SUCCESSION, ItemChange
from occto.domain.codes import ChangeSource, Channel, Turn
from occto.domain.errors import Refusal, SecondPersonNeeded
from occto.models import (
    AuditEvent,
    ChangeRequest,
    ChangeRevision,
    ControlFact,
    LicenceFact,
    LicenceHeld,
    Member,
    ProfileFact,
)
from occto.services import audit, register
from occto.services.changes.applying import enter
from occto.services.changes.case import (
    change_of,
    locked_by_staff,
    newest_revision,
    rows_of,
    subject_of,
    take_step,
    tell,
)
from occto.services.changes.submission import mark_entered


def approve(session: Session, request_id: int, *, seen_version: int, actor: Actor, now: datetime) -> int:
    """Approve the newest revision; returns the number of the register change.

    Refusals: stale, illegal_step, not_checked (it touches votes and nobody checked it), second_person, conflict (an item
    was changed in the register since it was submitted), and those of the register, asked again under the lock.
    """
    request, step = locked_by_staff(session, request_id, step="approve", seen_version=seen_version, actor=actor)
    revision = newest_revision(session, request.id)
    assert revision is not None
    if needs_check(request) and request.checked_by_id is None:
        raise Refusal("not_checked", "一人目の確認がまだ済んでいません。先に確認を済ませてください。")
    if actor.user_id is None or actor.user_id in barred_from_approving(session, request):
        raise SecondPersonNeeded
    session.get(Member, request.member_id, with_for_update={"key_share": True})
    items = [change_of(row) for row in rows_of(session, revision) if row.change_id is None]
    first = request.checked_by_id if request.checked_by_id is not None else revision.submitted_by_id
    change = register.begin_change(
        session,
        source_kind=ChangeSource.CHANGE,
        source_id=request.id,
        actor_id=first,
        second_actor_id=actor.user_id,
        now=now,
    )
    if conflicts(
        session, request, revision, items
    ):  # asked with the head of the register locked: nobody comes in between
        raise Refusal(
            "conflict",
            "申請のあとに登録の内容が変わった項目があります。差し戻して、いまの登録をもとに提出し直していただいてください。",
        )
    enter(session, change, member_id=request.member_id, items=items)
    mark_entered(session, revision, change, items)
    take_step(session, request, step, actor=actor, now=now, turn=Turn.SECOND)
    detail = {"change_id": change.id, "items": [item.item for item in items], "checked_by_id": request.checked_by_id}
    audit.record(session, "change.applied", subject=subject_of(request), actor=actor, now=now, detail=detail)
    tell(
        session,
        request,
        "changes/approved",
        now=now,
        days=sorted({item.effective_on for item in items}),
    )
    register.finish_change(session, change, now=now)
    return change.id


def needs_check(request: ChangeRequest) -> bool:
    """Whether one of the staff has to check it before another approves: what touches votes and came online.

    What staff keyed in has its first person already: whoever submitted it (`submission.submit`).
    """
    return request.touches_votes and request.channel is Channel.ONLINE


def barred_from_approving(session: Session, request: ChangeRequest) -> frozenset[int]:
    """Who may not approve: whoever checked it, keyed it in, submitted it, or typed any part of it or of what it was split from."""
    persons = {request.checked_by_id, request.entered_by_id, request.started_by_id}
    revision = newest_revision(session, request.id)
    persons.add(revision.submitted_by_id if revision else None)
    if request.channel is not Channel.ONLINE:
        typed = select(AuditEvent.actor_id).where(
            AuditEvent.subject.in_([subject_of(one) for one in _with_origins(session, request)]),
            AuditEvent.tag.in_(("change.saved", "change.file_added", "change.file_removed", "change.submitted")),
        )
        persons |= set(session.scalars(typed))
    return frozenset(person for person in persons if person is not None)


def _with_origins(session: Session, request: ChangeRequest) -> list[ChangeRequest]:
    """The request and those it was split from: what was typed there is what is approved here."""
    found = [request]
    while found[-1].split_from_id is not None:
        origin = session.get(ChangeRequest, found[-1].split_from_id)
        assert origin is not None, "a request that was split is never deleted"
        found.append(origin)
    return found


def conflicts(
    session: Session, request: ChangeRequest, revision: ChangeRevision, items: Sequence[ItemChange]
) -> list[tuple[str, str]]:
    """The items that a change of the register has touched since the revision was submitted."""
    return [item.place for item in items if _changed_since(session, request.member_id, item, revision.base_change_id)]


def _changed_since(session: Session, member_id: int, item: ItemChange, base: int) -> bool:
    if item.item in (LICENCE, SUCCESSION):
        wanted = select(LicenceFact.id).join(LicenceHeld, LicenceHeld.id == LicenceFact.licence_id)
        same = LicenceHeld.id == item.target_id
        if item.target_id is None:
            same = _licences_meant(member_id, item)
        query = wanted.where(same, or_(LicenceFact.entered_id > base, LicenceFact.voided_id > base))
    elif item.item == RELATION:
        if item.target_id is None:
            return False  # a new one: the register itself refuses a second parent
        query = select(ControlFact.id).where(
            ControlFact.relation_no == item.target_id,
            or_(ControlFact.entered_id > base, ControlFact.voided_id > base),
        )
    else:
        query = select(ProfileFact.id).where(
            ProfileFact.member_id == member_id,
            ProfileFact.item == item.item,
            or_(ProfileFact.entered_id > base, ProfileFact.voided_id > base),
        )
    return session.scalar(query.limit(1)) is not None


def _licences_meant(member_id: int, item: ItemChange) -> ColumnElement[bool]:
    """Those of the category that is added, or those that pass with a succession and what the successor holds of them."""
    if item.item == LICENCE:
        return and_(LicenceHeld.member_id == member_id, LicenceHeld.category == item.new["category"])
    own = and_(LicenceHeld.member_id == member_id, LicenceHeld.id.in_(item.new["licences"]))
    theirs = and_(
        LicenceHeld.member_id == item.new["successor_id"], LicenceHeld.category.in_(item.new.get("categories", ()))
    )
    return or_(own, theirs)
