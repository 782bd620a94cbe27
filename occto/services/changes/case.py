"""What every verb of a change request begins and ends with: the locked request, the step of the flow, the decision row."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.changes import CHANGES, DECIDED, ChangeState, ItemChange
from occto.domain.clauses import Clause
from occto.domain.codes import Channel, SubjectKind, Turn, UserState
from occto.domain.errors import NotAllowed, NotFound, Refusal, Stale
from occto.domain.permissions import Permission
from occto.domain.workflow import Step
from occto.models import Affiliation, ChangeItem, ChangeRequest, ChangeRevision, Decision, Member, User
from occto.services import audit
from occto.services.notices import tell_member

REASON_LIMIT = 2000  # characters


def subject_of(request: ChangeRequest) -> str:
    """The subject of the request in audit and mail."""
    return f"CHANGE:{request.id}"


def locked(session: Session, request_id: int) -> ChangeRequest:
    """The request under its lock; NotFound where there is none."""
    request = session.get(ChangeRequest, request_id, with_for_update=True)
    if request is None:
        raise NotFound
    return request


def locked_by_party(session: Session, request_id: int, *, actor: Actor) -> ChangeRequest:
    """The request, for whoever fills it in: a user of its own member, or staff keying in what is theirs to key in.

    NotFound for anybody else, so that the number of a request tells nothing.
    """
    request = locked(session, request_id)
    own = (
        actor.member_id == request.member_id and request.channel is Channel.ONLINE and actor.can(Permission.CHANGE_FILE)
    )
    keyed = request.channel is not Channel.ONLINE and actor.can(Permission.CHANGE_ENTER)
    if not own and not keyed:
        raise NotFound
    return request


def locked_by_staff(
    session: Session, request_id: int, *, step: str, seen_version: int, actor: Actor
) -> tuple[ChangeRequest, Step]:
    """The request and the step for staff. Refusals: not_allowed, stale (another version was on the screen), illegal_step."""
    if not actor.can(CHANGES.step(step).permission):
        raise NotAllowed
    request = locked(session, request_id)
    if request.version != seen_version:
        raise Stale(
            "画面を開いたあとに、この申請が提出し直されたか、ほかの方が処理しました。新しい内容を確かめてから、もう一度操作してください。"
        )
    return request, CHANGES.require(step, request.state, held=request.held_at is not None)


def newest_revision(session: Session, request_id: int) -> ChangeRevision | None:
    """The newest revision; none for a draft."""
    return session.scalar(
        select(ChangeRevision)
        .where(ChangeRevision.request_id == request_id)
        .order_by(ChangeRevision.no.desc())
        .limit(1)
    )


def rows_of(session: Session, revision: ChangeRevision) -> Sequence[ChangeItem]:
    """The items of a revision, in the order in which they were submitted."""
    return session.scalars(
        select(ChangeItem).where(ChangeItem.revision_id == revision.id).order_by(ChangeItem.id)
    ).all()


def change_of(row: ChangeItem) -> ItemChange:
    """The row as the domain speaks of it."""
    return ItemChange(
        item=row.item,
        act=row.act,
        effective_on=row.effective_on,
        new=row.new,
        old=row.old,
        target_key=row.target_key,
        target_id=row.target_id,
    )


def checked_reason(reason: str | None, *, sentence: str | None = None) -> str | None:
    """The reason without blanks around it, None for none. Refusals: reason_missing (with `sentence`), reason_too_long."""
    given = (reason or "").strip()
    if sentence is not None and not given:
        raise Refusal("reason_missing", sentence, field="reason")
    if len(given) > REASON_LIMIT:
        raise Refusal("reason_too_long", f"理由は{REASON_LIMIT:,}文字以内で入力してください。", field="reason")
    return given or None


def take_step(
    session: Session,
    request: ChangeRequest,
    step: Step,
    *,
    actor: Actor,
    now: datetime,
    reason: str | None = None,
    turn: Turn = Turn.FIRST,
) -> None:
    """Move the request by `step`: state, version, decision row and audit event, all in one.

    Refusals: reason_missing, reason_too_long.
    """
    reason = checked_reason(reason, sentence="理由を入力してください。" if step.reason else None)
    before = request.state
    revision = newest_revision(session, request.id)
    number = revision.no if revision else 0
    request.state = ChangeState(step.leads_to(before))
    request.version += 1
    if request.state in DECIDED:
        request.decided_at, request.decided_by_id = now, actor.user_id
        request.waiting_since = request.held_at = request.hold_reason = None
    session.add(
        Decision(
            subject_kind=SubjectKind.CHANGE,
            subject_id=request.id,
            revision_no=number,
            step=step.name,
            turn=turn,
            actor_id=actor.user_id,
            at=now,
            reason=reason,
        )
    )
    detail = {"step": step.name, "from": before, "to": request.state, "revision_no": number, "reason": reason}
    audit.record(session, "change.step", subject=subject_of(request), actor=actor, now=now, detail=detail)
    session.flush()


def tell(
    session: Session,
    request: ChangeRequest,
    template: str,
    *,
    now: datetime,
    clause: Clause | None = None,
    **params: Any,
) -> None:
    """Mail the member about the request: its 会員担当, its administrators, and whoever submitted it and is still there."""
    member = session.get(Member, request.member_id)
    base: dict[str, Any] = {
        "company": member.current_name if member else "",
        "number": request.number,
        "title": request.title,
        "request_id": request.id,
    }
    tell_member(
        session,
        request.member_id,
        template,
        now=now,
        clause=clause,
        change_request_id=request.id,
        also=_address_of_submitter(session, request),
        **(base | params),
    )


def _address_of_submitter(session: Session, request: ChangeRequest) -> str | None:
    """The address of whoever submitted it on line, as long as that person may still act for the company."""
    revision = newest_revision(session, request.id)
    if revision is None or request.channel is not Channel.ONLINE:
        return None
    return session.scalar(
        select(User.email)
        .join(Affiliation, Affiliation.user_id == User.id)
        .where(
            User.id == revision.submitted_by_id,
            User.state == UserState.ACTIVE,
            Affiliation.member_id == request.member_id,
            Affiliation.ended_at.is_(None),
        )
    )


def member_since(session: Session, member_id: int) -> date:
    """The day on which membership began, or will; for checks of days only."""
    begun = session.scalar(select(Member.current_member_on).where(Member.id == member_id))
    return begun or date.min
