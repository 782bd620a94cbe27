"""Submitting and withdrawing: the acceptance number, the revision, the declarations, the contractor's confirmation."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.canonical import digest
from occto.domain.clauses import Clause
from occto.domain.codes import AttachmentKind, Channel, Declaration, LinkPurpose, MailState
from occto.domain.dates import today_jst
from occto.domain.errors import Refusal, Stale
from occto.domain.joining import JOINING, Stage, last_day_for_main
from occto.domain.numbers import format_acceptance_number
from occto.domain.profile import COMPANY, CONTACTS, MEMBER_CONTACT
from occto.domain.sections import (
    CODE,
    FILES,
    TASKS,
    Answers,
    act_dates,
    check_consistent,
    missing_sections,
    needs_confirmation,
)
from occto.models import Application, ApplicationRevision, DeclarationRow, OutboxMail
from occto.queries.terms import consent_of_application, terms_in_force
from occto.services import audit, links, outbox
from occto.services.joining.case import (
    draft_answers,
    end_contract,
    locked,
    locked_by_applicant,
    next_number,
    subject_of,
    take_step,
    tell_party,
)
from occto.services.joining.drafts import copy_for_lists, stage_for_editing


@dataclass(frozen=True, slots=True)
class Submitted:
    """What a submission came to: the number (None while the 会員担当 has still to confirm)."""

    number: str | None
    awaiting_confirmation: bool


def answers_of_stage(session: Session, application_id: int, *, stage: Stage) -> Answers:
    """The complete sections of a stage, as they would be submitted."""
    keys = {task.key for task in TASKS[stage]}
    return {key: values for key, values in draft_answers(session, application_id).items() if key in keys}


def submit(
    session: Session,
    application_id: int,
    *,
    seen_digest: str,
    actor: Actor,
    now: datetime,
    received_at: datetime | None = None,
) -> Submitted:
    """Submit the stage that is open: provisional or main. `received_at` is the day of a paper application.

    Refusals: illegal_step, incomplete, stale (other answers than on the check page), the ones of `check_consistent`,
    code_mismatch, received_in_future. A contractor's entry counts only once the 会員担当 confirms.
    """
    application = locked_by_applicant(session, application_id, actor=actor)
    stage = stage_for_editing(application)
    answers = answers_of_stage(session, application.id, stage=stage)
    if digest(answers) != seen_digest:
        raise Stale(
            "確認の画面を開いたあとに内容が変わりました。新しい内容をお確かめのうえ、もう一度提出してください。"
        )
    _check(session, application, answers, stage=stage)
    if needs_confirmation(answers) and application.channel is Channel.ONLINE:
        _ask_confirmation(session, application, answers, actor=actor, now=now)
        return Submitted(None, awaiting_confirmation=True)
    if received_at is not None and received_at > now:
        raise Refusal(
            "received_in_future", "受け取った日時は、現在より前の日時を入力してください。", field="received_at"
        )
    at = received_at if application.channel is Channel.PAPER and received_at else now
    number = _take_in(session, application, answers, stage=stage, at=at, actor=actor, now=now)
    return Submitted(number, awaiting_confirmation=False)


def confirm(session: Session, link_hash: str, *, seen_digest: str, actor: Actor, now: datetime) -> str:
    """The 会員担当 confirms what a contractor entered; from this press the submission counts. Returns the number."""
    link = links.use(session, link_hash, purpose=LinkPurpose.CONFIRM_APPLICATION, now=now)
    application = locked(session, link.application_id or 0)
    stage = stage_for_editing(application)
    answers = answers_to_confirm(session, application, asked=link.email_key)
    if seen_digest != application.confirmation_digest:
        raise _changed_since()
    _check(session, application, answers, stage=stage)
    own = Actor(application_id=application.id, request_id=actor.request_id, address=actor.address)
    detail = {"purpose": LinkPurpose.CONFIRM_APPLICATION}
    audit.record(
        session,
        "link.used",
        subject=subject_of(application),
        actor=own,
        now=now,
        detail=detail,
        clause=Clause.C2_3_1,
    )
    return _take_in(session, application, answers, stage=stage, at=now, actor=own, now=now)


def answers_to_confirm(session: Session, application: Application, *, asked: str) -> Answers:
    """What waits for the confirmation of the 会員担当 at the address `asked` (in lower case).

    Refusal changed_since where nothing waits, it was changed, or another address is asked by now: a link that went
    to an earlier 会員担当 shows nothing and confirms nothing.
    """
    answers = answers_of_stage(session, application.id, stage=stage_for_editing(application))
    contact = answers.get(CONTACTS.key, {}).get(f"{MEMBER_CONTACT}_email") or ""
    if application.confirmation_digest != digest(answers) or contact.lower() != asked:
        raise _changed_since()
    return answers


def _changed_since() -> Refusal:
    return Refusal(
        "changed_since",
        "確認をお願いしたあとに内容が変わりました。入力した方に、もう一度提出するようお伝えください。",
    )


def _check(session: Session, application: Application, answers: Answers, *, stage: Stage) -> None:
    consent = consent_of_application(session, application.id)
    missing = missing_sections(answers, stage=stage, agreed=consent is not None)
    if missing:
        names = "、".join(f"「{task.title}」" for task in missing)
        raise Refusal(
            "incomplete", f"まだ完了していない項目があります。{names}を入力してください。", field=missing[0].key
        )
    check_consistent(answers, stage=stage)
    if application.channel is Channel.PAPER and stage is Stage.PROVISIONAL:
        _require_scan(answers)
    code = answers.get(CODE.key, {}).get("operator_code")
    if stage is Stage.MAIN and application.operator_code is not None and code != application.operator_code:
        raise Refusal(
            "code_mismatch",
            f"事業者コードが、当機関でお知らせした {application.operator_code} と異なります。お確かめください。",
            field=CODE.key,
        )


def _require_scan(answers: Answers) -> None:
    """A paper application is kept as it came: its scan is among the files. Refusal scan_missing."""
    kinds = {file["kind"] for file in answers.get(FILES.key, {}).get("files") or ()}
    if AttachmentKind.PAPER_SCAN not in kinds:
        raise Refusal("scan_missing", "受け取った申請書の写し（スキャン）を添付書類に加えてください。", field=FILES.key)


def _take_in(
    session: Session,
    application: Application,
    answers: Answers,
    *,
    stage: Stage,
    at: datetime,
    actor: Actor,
    now: datetime,
) -> str:
    """Make the revision, give the number at the first submission, put the case before the staff."""
    name = (
        "submit_provisional"
        if stage is Stage.PROVISIONAL
        else "submit_main"
        if act_dates(answers)
        else "submit_main_pending"
    )
    step = JOINING.require(name, application.state, held=application.held_at is not None)
    if application.acceptance_number is None:
        year = today_jst(at).year
        serial = next_number(session, "application", str(year))
        application.acceptance_number = format_acceptance_number(year, serial)
        application.submitted_at, application.lapse_on = at, last_day_for_main(at)
    if stage is Stage.MAIN and application.main_submitted_at is None:
        application.main_submitted_at = at
    revision = _add_revision(session, application, answers, stage=stage, at=at, actor=actor, now=now)
    copy_for_lists(application, answers[COMPANY.key])
    application.waiting_since = now
    application.held_at = application.hold_reason = None
    application.confirmation_asked_at = application.confirmation_digest = None
    application.checked_by_id = application.checked_at = None
    application.member_on = application.member_on_reason = application.roster_no = None
    take_step(session, application, step, actor=actor, now=now)
    detail = {"stage": stage, "revision_no": revision.no, "digest": digest(answers), "state": application.state}
    audit.record(session, "application.submitted", subject=subject_of(application), actor=actor, now=now, detail=detail)
    tell_party(
        session,
        application,
        "join/submitted",
        now=now,
        stage=stage,
        revision_no=revision.no,
        at=revision.submitted_at,
        state=application.state,
    )
    return application.acceptance_number


def _add_revision(
    session: Session,
    application: Application,
    answers: Answers,
    *,
    stage: Stage,
    at: datetime,
    actor: Actor,
    now: datetime,
) -> ApplicationRevision:
    version = terms_in_force(session, now=now)
    newest = select(func.max(ApplicationRevision.no)).where(
        ApplicationRevision.application_id == application.id, ApplicationRevision.stage == stage
    )
    revision = ApplicationRevision(
        application_id=application.id,
        stage=stage,
        no=(session.scalar(newest) or 0) + 1,
        answers=dict(answers),
        terms_version_id=version.id,
        submitted_at=at,
        submitted_by_id=actor.user_id,
    )
    session.add(revision)
    session.add_all(
        DeclarationRow(application_id=application.id, kind=kind, terms_version_id=version.id, at=now)
        for kind in Declaration
    )
    session.flush()
    return revision


def _confirmation_key(session: Session, application: Application, *, now: datetime) -> str:
    """One mail an hour for the same answers, and another one at once where the earlier ones did not arrive."""
    lost = select(func.count()).where(
        OutboxMail.application_id == application.id,
        OutboxMail.template == "join/confirm",
        OutboxMail.state.in_((MailState.FAILED, MailState.BOUNCED)),
    )
    return f"confirm:{application.id}:{application.confirmation_digest}:{now:%Y%m%d%H}:{session.scalar(lost)}"


def _ask_confirmation(
    session: Session, application: Application, answers: Answers, *, actor: Actor, now: datetime
) -> None:
    contact = answers[CONTACTS.key]
    address = contact[f"{MEMBER_CONTACT}_email"]
    if address.lower() == application.email_key:
        raise Refusal(
            "contractor_is_contact",
            "会員担当には、申請を入力している方とは別の、会社の方のメールアドレスを入力してください。",
            field=CONTACTS.key,
        )
    application.confirmation_asked_at, application.confirmation_digest = now, digest(answers)
    application.version += 1
    params = {
        "company": application.name,
        "contact": contact[f"{MEMBER_CONTACT}_name"],
        "contractor": answers["entrant"]["contractor_name"],
    }
    outbox.queue(
        session,
        "join/confirm",
        to=address,
        params=params,
        application_id=application.id,
        clause=Clause.C2_3_1,
        dedupe_key=_confirmation_key(session, application, now=now),
        now=now,
    )
    detail = {"digest": application.confirmation_digest}
    audit.record(
        session,
        "application.confirmation_asked",
        subject=subject_of(application),
        actor=actor,
        now=now,
        detail=detail,
        clause=Clause.C2_3_1,
    )
    session.flush()


def withdraw(session: Session, application_id: int, *, actor: Actor, now: datetime, reason: str | None = None) -> None:
    """取下げ by the applicant, until the case is decided; the contract of use ends with the notice (利用規約 2.7.1)."""
    application = locked_by_applicant(session, application_id, actor=actor)
    step = JOINING.require("withdraw", application.state, held=application.held_at is not None)
    take_step(session, application, step, actor=actor, now=now, reason=reason, clause=Clause.C2_7_1)
    tell_party(session, application, "join/withdrawn", clause=Clause.C2_7_1, now=now)
    end_contract(session, application.id, clause=Clause.C2_7_1, now=now)
