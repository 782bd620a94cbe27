"""What every verb of a request begins and ends with: the locked request, the step of the flow, the decision row."""

from datetime import datetime

from sqlalchemy.orm import Session

from occto.domain.account_requests import ACCOUNT_REQUESTS, OPEN, AccountRequestState, clause_of, permission_for
from occto.domain.actor import Actor
from occto.domain.codes import SubjectKind, Turn
from occto.domain.errors import NotAllowed, NotFound, Refusal, Stale
from occto.domain.workflow import Step
from occto.models import AccountRequest, Decision
from occto.queries.account_requests_staff import is_about_staff
from occto.services import audit

WORDS_LIMIT = 2000  # characters


def subject_of(request: AccountRequest) -> str:
    """The subject of the request in audit."""
    return f"ACCOUNT:{request.id}"


def locked(session: Session, request_id: int) -> AccountRequest:
    """The request under its lock; NotFound where there is none."""
    request = session.get(AccountRequest, request_id, with_for_update=True)
    if request is None:
        raise NotFound
    return request


def locked_by_staff(
    session: Session, request_id: int, *, step: str, seen_version: int, actor: Actor
) -> tuple[AccountRequest, Step]:
    """The request and the step for staff: about a member of the staff for system administrators, else for the desk.

    Refusals: not_found, not_allowed, stale (another version was on the screen), illegal_step.
    """
    request = locked(session, request_id)
    found = ACCOUNT_REQUESTS.step(step)
    if not actor.can(permission_for(found, of_staff=is_about_staff(session, request))) or actor.user_id is None:
        raise NotAllowed
    if request.version != seen_version:
        raise Stale(
            "画面を開いたあとに、ほかの方がこの申請を処理したか、異議が届きました。新しい内容を確かめてから、もう一度操作してください。"
        )
    return request, ACCOUNT_REQUESTS.require(step, request.state)


def checked_words(words: str | None, *, field: str, sentence: str) -> str:
    """What was written, without blanks around it. Refusals: words_missing (with `sentence`), words_too_long."""
    given = (words or "").strip()
    if not given:
        raise Refusal("words_missing", sentence, field=field)
    if len(given) > WORDS_LIMIT:
        raise Refusal("words_too_long", f"{WORDS_LIMIT:,}文字以内で入力してください。", field=field)
    return given


def take_step(
    session: Session,
    request: AccountRequest,
    step: Step,
    *,
    actor: Actor,
    now: datetime,
    reason: str | None = None,
    turn: Turn = Turn.FIRST,
) -> None:
    """Move the request by `step`: state, version, decision row and audit event, all in one."""
    before = request.state
    request.state = AccountRequestState(step.leads_to(before))
    if request.state not in OPEN:
        request.decided_at, request.decided_by_id, request.decision_reason = now, actor.user_id, reason
    session.add(
        Decision(
            subject_kind=SubjectKind.ACCOUNT,
            subject_id=request.id,
            revision_no=request.version,
            step=step.name,
            turn=turn,
            actor_id=actor.user_id,
            at=now,
            reason=reason,
        )
    )
    request.version += 1
    detail = {"step": step.name, "from": before, "to": request.state, "reason": reason}
    audit.record(
        session,
        "account_request.step",
        subject=subject_of(request),
        actor=actor,
        now=now,
        detail=detail,
        clause=clause_of(request.kind),
    )
    session.flush()
