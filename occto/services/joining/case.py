"""What every verb of joining begins and ends with: the locked case, the step of the flow, the decision row."""

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.clauses import Clause
from occto.domain.codes import Channel, SubjectKind, Turn
from occto.domain.errors import NotAllowed, NotFound, Refusal, Stale
from occto.domain.joining import DECIDED, JOINING, MAIN_STAGE, ApplicationState, Stage
from occto.domain.permissions import Permission
from occto.domain.profile import CONTACTS, MEMBER_CONTACT
from occto.domain.sections import Answers
from occto.domain.workflow import Step
from occto.models import (
    Application,
    ApplicationDraft,
    ApplicationRevision,
    ContractOfUse,
    Counter,
    Decision,
    SessionRow,
)
from occto.services import audit, outbox


def subject_of(application: Application) -> str:
    """The subject of the case in audit and mail."""
    return f"APPLICATION:{application.id}"


def locked(session: Session, application_id: int) -> Application:
    """The case under its lock; NotFound where there is none or its draft was removed."""
    application = session.get(Application, application_id, with_for_update=True)
    if application is None or application.state is ApplicationState.REMOVED:
        raise NotFound
    return application


def locked_by_applicant(session: Session, application_id: int, *, actor: Actor) -> Application:
    """The case, for whoever fills it in: its own applicant session, or staff keying a paper application in.

    NotFound for anybody else, so that the number of a case tells nothing.
    """
    application = locked(session, application_id)
    own = actor.application_id == application.id and actor.can(Permission.APPLICATION_FILL)
    paper = application.channel is Channel.PAPER and actor.can(Permission.APPLICATION_ENTER_PAPER)
    if not own and not paper:
        raise NotFound
    return application


def locked_by_staff(
    session: Session, application_id: int, *, step: str, seen_version: int, actor: Actor
) -> tuple[Application, Step]:
    """The case and the step for staff. Refusals: not_allowed, stale (another version was on the screen), illegal_step."""
    if not actor.can(JOINING.step(step).permission):
        raise NotAllowed
    application = locked(session, application_id)
    if application.version != seen_version:
        raise Stale(
            "画面を開いたあとに、ほかの方がこの申請を処理しました。新しい内容を確かめてから、もう一度操作してください。"
        )
    return application, JOINING.require(step, application.state, held=application.held_at is not None)


def stage_of(application: Application) -> Stage:
    """Which of the two applications is being dealt with in the present state."""
    main = application.state in MAIN_STAGE or application.main_submitted_at is not None
    return Stage.MAIN if main else Stage.PROVISIONAL


def newest_revision(session: Session, application_id: int, *, stage: Stage | None = None) -> ApplicationRevision | None:
    """The newest revision, of `stage` or of any (a main application after a provisional one)."""
    query = select(ApplicationRevision).where(ApplicationRevision.application_id == application_id)
    if stage is not None:
        query = query.where(ApplicationRevision.stage == stage)
    return session.scalar(query.order_by(ApplicationRevision.id.desc()).limit(1))


def revision_no(session: Session, application: Application) -> int:
    """The number of the newest revision of the present stage; 0 before the first."""
    newest = select(func.max(ApplicationRevision.no)).where(
        ApplicationRevision.application_id == application.id, ApplicationRevision.stage == stage_of(application)
    )
    return session.scalar(newest) or 0


def draft_answers(session: Session, application_id: int) -> Answers:
    """The clean answers of every section that is complete."""
    rows = session.scalars(select(ApplicationDraft).where(ApplicationDraft.application_id == application_id))
    return {row.section: row.answers for row in rows if row.answers is not None}


def standing_answers(session: Session, application_id: int) -> Answers:
    """What the Party last stood by: the newest revision, or the complete sections while there is none.

    Mails about a case go by it: a half-typed or unconfirmed change of a contact must not turn them away.
    """
    revision = newest_revision(session, application_id)
    return revision.answers if revision is not None else draft_answers(session, application_id)


def party_addresses(application: Application, answers: Answers) -> list[str]:
    """Where mails about the case go: the applicant's address and the 会員担当, without doubles."""
    contact = answers.get(CONTACTS.key, {}).get(f"{MEMBER_CONTACT}_email")
    found = {address.lower(): address for address in (application.email, contact) if address}
    return list(found.values())


def tell_party(
    session: Session,
    application: Application,
    template: str,
    *,
    now: datetime,
    clause: Clause | None = None,
    member_id: int | None = None,
    **params: object,
) -> None:
    """Mail the applicant and the 会員担当, each once; a paper case without any address gets its letter by post."""
    base = {"company": application.name, "number": application.acceptance_number, "stage": stage_of(application)}
    for address in party_addresses(application, standing_answers(session, application.id)):
        outbox.queue(
            session,
            template,
            to=address,
            params=base | params,
            application_id=application.id,
            member_id=member_id,
            clause=clause,
            now=now,
        )


def take_step(
    session: Session,
    application: Application,
    step: Step,
    *,
    actor: Actor,
    now: datetime,
    reason: str | None = None,
    turn: Turn = Turn.FIRST,
    clause: Clause | None = None,
) -> None:
    """Move the case by `step`: state, version, decision row and audit event, all in one; `clause` of the terms, if any."""
    if step.reason and not (reason or "").strip():
        raise Refusal("reason_missing", "理由を入力してください。", field="reason")
    before = application.state
    stage, number = stage_of(application), revision_no(session, application)
    application.state = ApplicationState(step.leads_to(before))
    application.version += 1
    if application.state in DECIDED:
        application.decided_at, application.decided_by_id = now, actor.user_id
        application.waiting_since = None
    session.add(
        Decision(
            subject_kind=SubjectKind.APPLICATION,
            subject_id=application.id,
            stage=stage,
            revision_no=number,
            step=step.name,
            turn=turn,
            actor_id=actor.user_id,
            at=now,
            reason=reason,
        )
    )
    detail = {"step": step.name, "from": before, "to": application.state, "revision_no": number, "reason": reason}
    audit.record(
        session,
        "application.step",
        subject=subject_of(application),
        actor=actor,
        now=now,
        detail=detail,
        clause=clause,
    )
    session.flush()


def end_contract(session: Session, application_id: int, *, clause: Clause, now: datetime) -> None:
    """The contract of use that was made in the application ends, and with it the applicant's sessions."""
    session.execute(
        update(ContractOfUse)
        .where(ContractOfUse.application_id == application_id, ContractOfUse.ended_at.is_(None))
        .values(ended_at=now, end_clause=clause)
    )
    session.execute(
        update(SessionRow)
        .where(SessionRow.application_id == application_id, SessionRow.ended_at.is_(None))
        .values(ended_at=now)
    )


def next_number(session: Session, name: str, period: str) -> int:
    """The next number of a counter; the row is locked until the transaction ends, so numbers have no gaps or doubles."""
    insert = pg_insert if session.get_bind().dialect.name == "postgresql" else sqlite_insert
    statement = insert(Counter).values(name=name, period=period, value=1)
    statement = statement.on_conflict_do_update(index_elements=["name", "period"], set_={"value": Counter.value + 1})
    return int(session.execute(statement.returning(Counter.value)).scalar_one())
