"""Save and come back: one section at a time, complete or not; nothing typed is lost."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.canonical import canonical, jsonable
from occto.domain.codes import AttachmentKind, ScanState
from occto.domain.errors import NotFound, Refusal, Stale
from occto.domain.joining import EDITABLE, JOINING, MAIN_STAGE, Stage
from occto.domain.profile import COMPANY
from occto.domain.sections import ACTS, FILES, TASKS, TERMS
from occto.domain.text import search_key
from occto.models import Application, ApplicationDraft, Attachment
from occto.queries.terms import consent_of_application
from occto.services import audit
from occto.services.files import store_file
from occto.services.joining.case import locked_by_applicant, subject_of, take_step

TYPED_LIMIT = 256 * 1024  # bytes of one section as typed


def start_main(session: Session, application_id: int, *, actor: Actor, now: datetime) -> None:
    """Begin the main application; the answers of the provisional one are already there."""
    application = locked_by_applicant(session, application_id, actor=actor)
    step = JOINING.require("start_main", application.state)
    application.waiting_since = None
    take_step(session, application, step, actor=actor, now=now)


def save_section(
    session: Session,
    application_id: int,
    section: str,
    *,
    typed: Mapping[str, Any],
    answers: Mapping[str, Any] | None,
    errors: int,
    seen_version: int,
    actor: Actor,
    now: datetime,
) -> None:
    """Keep a section as typed; `answers` are its clean values, None while something is missing or wrong.

    Refusals: not_editable, not_agreed (the terms come first), stale (saved elsewhere in the meantime), too_large.
    """
    application = editable(session, application_id, actor=actor)
    if section not in {task.key for task in TASKS[stage_for_editing(application)]} or section == TERMS.key:
        raise NotFound
    if consent_of_application(session, application.id) is None:
        raise Refusal("not_agreed", "はじめに利用規約をお読みになり、「本利用規約に同意する」を押してください。")
    draft = session.get(ApplicationDraft, (application.id, section), with_for_update=True)
    if (draft.version if draft else 0) != seen_version:
        raise Stale(
            "別の画面でこの項目が保存されました。新しい内容を表示しています。入力した内容と見比べて、もう一度保存してください。"
        )
    if len(canonical(typed)) > TYPED_LIMIT:
        raise Refusal("too_large", "入力の量が多すぎて保存できません。内容を短くして、もう一度保存してください。")
    _put(session, application, section, typed=typed, answers=answers, errors=errors, now=now, draft=draft)
    if section == ACTS.key:
        _let_go_of_replaced(session, application, typed.get("acts") or {}, now=now)
    detail = {"section": section, "errors": errors}
    audit.record(session, "application.saved", subject=subject_of(application), actor=actor, now=now, detail=detail)


def _let_go_of_replaced(session: Session, application: Application, acts: Mapping[str, Any], *, now: datetime) -> None:
    """Copies of METI notices that no category names any more leave the draft; revisions still show theirs."""
    named = {row.get("attachment_id") for row in acts.values()}
    for file in current_files(session, application.id):
        if file.kind is AttachmentKind.METI_ACT and file.id not in named:
            file.removed_at = now


def editable(session: Session, application_id: int, *, actor: Actor) -> Application:
    """The case, where whoever fills it in may still change it. Refusal not_editable."""
    application = locked_by_applicant(session, application_id, actor=actor)
    if application.state not in EDITABLE:
        words = JOINING.labels[application.state]
        raise Refusal("not_editable", f"いまの状態は「{words}」のため、内容を変更できません。")
    return application


def stage_for_editing(application: Application) -> Stage:
    """The stage whose sections are open for editing."""
    return Stage.MAIN if application.state in MAIN_STAGE else Stage.PROVISIONAL


def _put(
    session: Session,
    application: Application,
    section: str,
    *,
    typed: Mapping[str, Any],
    answers: Mapping[str, Any] | None,
    errors: int,
    now: datetime,
    draft: ApplicationDraft | None,
) -> None:
    clean = jsonable(answers) if answers is not None else None
    if draft is None:
        draft = ApplicationDraft(application_id=application.id, section=section, version=0)
        session.add(draft)
    draft.typed, draft.answers, draft.errors = jsonable(typed), clean, errors
    draft.saved_at = now
    draft.version = (draft.version or 0) + 1
    application.saved_at = now
    application.confirmation_asked_at = application.confirmation_digest = None
    if section == COMPANY.key and application.acceptance_number is None:
        copy_for_lists(application, clean or jsonable(typed))
    session.flush()


def copy_for_lists(application: Application, values: Mapping[str, Any]) -> None:
    """The name and number that lists and mails show: as submitted; before that as last saved, even half right."""
    name = str(values.get("name") or "")[:120]
    number = values.get("corporate_number")
    application.name = name or None
    application.name_key = search_key(name)[:240] or None if name else None
    application.corporate_number = number if isinstance(number, str) and len(number) == 13 else None


def add_file(
    session: Session,
    application_id: int,
    *,
    kind: AttachmentKind,
    name: str,
    media_type: str,
    content: bytes,
    scan_state: ScanState,
    actor: Actor,
    now: datetime,
) -> Attachment:
    """Keep a file whose kind was checked by content. Refusals: too_many_files, and the limit per Party (too_large)."""
    application = editable(session, application_id, actor=actor)
    attachment = store_file(
        session,
        kind=kind,
        name=name,
        media_type=media_type,
        content=content,
        scan_state=scan_state,
        application_id=application.id,
        now=now,
    )
    application.saved_at = now
    detail = {"attachment_id": attachment.id, "kind": kind, "sha256": attachment.sha256, "size": attachment.size}
    audit.record(
        session, "application.file_added", subject=subject_of(application), actor=actor, now=now, detail=detail
    )
    session.flush()
    if kind is not AttachmentKind.METI_ACT:
        _refresh_files(session, application, now=now)
    return attachment


def remove_file(session: Session, application_id: int, attachment_id: int, *, actor: Actor, now: datetime) -> None:
    """Take a file out of the draft; revisions that were submitted with it still show it."""
    application = editable(session, application_id, actor=actor)
    attachment = session.get(Attachment, attachment_id, with_for_update=True)
    if attachment is None or attachment.application_id != application.id or attachment.removed_at is not None:
        raise NotFound
    if attachment.kind is AttachmentKind.METI_ACT:
        raise Refusal("act_file", "通知の写しは、区分ごとの画面で新しい写しを選ぶと入れ替わります。")
    attachment.removed_at = now
    application.saved_at = now
    detail = {"attachment_id": attachment.id}
    audit.record(
        session, "application.file_removed", subject=subject_of(application), actor=actor, now=now, detail=detail
    )
    session.flush()
    _refresh_files(session, application, now=now)


def current_files(session: Session, application_id: int) -> list[Attachment]:
    """The files in the draft, oldest first."""
    return list(
        session.scalars(
            select(Attachment)
            .where(Attachment.application_id == application_id, Attachment.removed_at.is_(None))
            .order_by(Attachment.id)
        )
    )


def finish_files(session: Session, application_id: int, *, actor: Actor, now: datetime) -> None:
    """The applicant says that all files are there."""
    application = editable(session, application_id, actor=actor)
    _refresh_files(session, application, now=now, finished=True)
    detail = {"section": FILES.key, "errors": 0}
    audit.record(session, "application.saved", subject=subject_of(application), actor=actor, now=now, detail=detail)


def _refresh_files(session: Session, application: Application, *, now: datetime, finished: bool = False) -> None:
    """Bring the section of files up to the files that are there; complete once the applicant has said so."""
    draft = session.get(ApplicationDraft, (application.id, FILES.key), with_for_update=True)
    finished = finished or (draft is not None and draft.answers is not None)
    listed = [
        {"id": file.id, "kind": file.kind, "name": file.name, "size": file.size, "sha256": file.sha256}
        for file in current_files(session, application.id)
        if file.kind is not AttachmentKind.METI_ACT
    ]
    answers = {"files": listed} if finished else None
    _put(
        session,
        application,
        FILES.key,
        typed={"count": str(len(listed))},
        answers=answers,
        errors=0,
        now=now,
        draft=draft,
    )
