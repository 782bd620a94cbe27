"""The beginning of a request: what is to be changed, and when it came about. Then the task list."""

from flask import render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from occto import clock
from occto.access import actor, permit, viewer
from occto.domain.changes import CHOOSABLE, EDITABLE, Part
from occto.domain.dates import format_date_era, today_jst
from occto.domain.errors import NotAllowed, NotFound, Refusal
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.forms.base import BaseForm
from occto.forms.changes import StartForm
from occto.queries import changes as queries
from occto.services.changes import drafts as verbs
from occto.unit_of_work import run
from occto.views.changes.blueprint import (
    Case,
    case_to_edit,
    load_case,
    pages,
    part_url,
    seen_version,
    tasks_url,
    title,
)
from occto.views.tools import new_form_id, once, see_other


@pages.get("/new")
@permit(Permission.CHANGE_FILE)
def new() -> str:
    wanted = request.args.get("part", "")
    known = {part.value for part in CHOOSABLE}
    return _start_page(StartForm(data={"parts": [wanted] if wanted in known else []}), case=None)


def _start_page(form: BaseForm, *, case: Case | None) -> str:
    return render_template(
        "changes/start.html",
        form=form,
        case=case,
        form_id=new_form_id(),
        errors=bool(form.errors or form.form_errors),
    )


@pages.post("/new")
@permit(Permission.CHANGE_FILE)
def begin() -> str | Response:
    now = clock.now()
    form = StartForm(request.form, today=today_jst(now))
    if not form.validate():
        return _start_page(form, case=None)

    def act(session: Session) -> str:
        request_id = verbs.start(
            session,
            viewer.member_id or 0,
            parts=[Part(part) for part in form.parts.data or ()],
            occurred_on=form.occurred_on.data,
            reason=form.reason.data,
            actor=actor(),
            now=now,
        )
        return url_for("changes.request_page", request_id=request_id)

    try:
        return once(act)
    except Refusal as refusal:
        if isinstance(refusal, NotAllowed | NotFound):
            raise
        form.add_error(refusal.field, refusal.sentence)
        return _start_page(form, case=None)


@pages.get("/<int:request_id>/start")
@permit(Permission.CHANGE_FILE)
def start(request_id: int) -> str:
    """Choose the parts and the day anew."""
    case = case_to_edit(request_id)
    data = {
        "parts": [part.value for part in case.parts],
        "occurred_on": case.request.occurred_on,
        "reason": case.request.reason,
    }
    return _start_page(StartForm(data=data), case=case)


@pages.post("/<int:request_id>/start")
@permit(Permission.CHANGE_FILE)
def change_start(request_id: int) -> str | Response:
    case = load_case(request_id)
    form = StartForm(request.form, today=case.today)
    if not form.validate():
        return _start_page(form, case=case)
    try:
        run(
            verbs.change_start,
            request_id,
            parts=[Part(part) for part in form.parts.data or ()],
            occurred_on=form.occurred_on.data,
            reason=form.reason.data,
            seen_version=seen_version(),
            actor=actor(),
            now=case.now,
        )
    except Refusal as refusal:
        if isinstance(refusal, NotFound):
            raise
        form.add_error(refusal.field, refusal.sentence)
        return _start_page(form, case=load_case(request_id))
    case = load_case(request_id)
    return see_other("changes.request_page" if case.is_draft else "changes.tasks", request_id=request_id)


@pages.get("/<int:request_id>/tasks")
@permit(Permission.CHANGE_FILE)
def tasks(request_id: int) -> str:
    """The task list of a request that was submitted and is being corrected; that of a draft is its own page."""
    return tasks_page(case_to_edit(request_id))


def tasks_page(case: Case) -> str:
    """What is to be filled in, and how far it is."""
    lines = [
        {
            "label": title(part),
            "url": part_url(case.id, part) if case.may_edit else "",
            "note": "当機関から修正をお願いしている内容です" if part in case.to_mend else "",
            "state": case.state_word(part),
        }
        for part in case.parts
    ]
    attached = queries.files(db.session(), case.id)
    files = {
        "label": title(Part.FILES),
        "url": part_url(case.id, Part.FILES) if case.may_edit else "",
        "note": "変更を入力したあと、どの変更を証明する書類かを選んで添付します",
        "state": f"{len(attached)}件" if attached else "未添付",
    }
    return render_template(
        "changes/tasks.html",
        case=case,
        groups=[{"title": "変更する内容", "tasks": lines}, {"title": "書類", "tasks": [files]}],
        missing=case.missing,
        ready=not case.missing,
        occurred_era=format_date_era(case.occurred_on),
        home=tasks_url(case),
        editable=case.request.state in EDITABLE,
    )
