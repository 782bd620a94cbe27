"""One section a page: saved as typed at every press, complete or not."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from occto import clock
from occto.access import actor, permit
from occto.domain.dates import today_jst
from occto.domain.errors import NotFound, Refusal, Stale
from occto.domain.joining import PROGRESS, progress
from occto.domain.permissions import Permission
from occto.domain.profile import PROFILE_SECTIONS
from occto.domain.sections import BY_KEY, TASKS
from occto.forms.base import BaseForm
from occto.forms.join import SECTION_FORMS
from occto.services.joining import drafts as verbs
from occto.unit_of_work import run
from occto.views.filling import GROUP_NOTES, GROUPS, grouped_fields, other_values, with_address
from occto.views.join.blueprint import Case, case_to_edit, load_case, pages, section_url

_LEADS = {section.key: section.lead for section in PROFILE_SECTIONS}
_PERSONAL = frozenset({"outline", "contacts", "administrator", "entrant"})


@pages.get("/applications/<int:application_id>/tasks")
@permit(Permission.APPLICATION_PAGES)
def tasks(application_id: int) -> str:
    """The task list of the open stage."""
    case = case_to_edit(application_id)
    chapters: dict[str, list[dict[str, str]]] = {}
    for task in TASKS[case.stage]:
        note = "当機関から修正をお願いしている項目です" if task.key in case.asked else task.note
        line = {
            "label": task.title,
            "url": section_url(case.id, task.key),
            "note": note,
            "state": "要修正" if case.awaits_correction(task.key) else case.state_word(task),
        }
        chapters.setdefault(task.chapter, []).append(line)
    done = sum(case.state_word(task) == "完了" for task in TASKS[case.stage])
    return render_template(
        "join/tasks.html",
        case=case,
        groups=[{"title": title, "tasks": lines} for title, lines in chapters.items()],
        done=done,
        total=len(TASKS[case.stage]),
        progress=PROGRESS,
        at=progress(case.application.state, has_code=case.application.operator_code is not None),
    )


@pages.get("/applications/<int:application_id>/sections/<string(maxlength=40):section>")
@permit(Permission.APPLICATION_PAGES)
def section(application_id: int, section: str) -> str | Response:
    case = case_to_edit(application_id)
    _require(case, section)
    if not case.agreed:
        return redirect(url_for("join.terms", application_id=case.id), 303)
    draft = case.drafts.get(section)
    form = _blank(case, section) if draft is None else _form(section, draft.typed)
    if draft is not None and draft.answers is None:
        form.validate()
        if not draft.errors:  # only unfinished: say nothing of what is still missing
            form = _form(section, draft.typed)
    return _page(case, section, form)


def _require(case: Case, section: str) -> None:
    if section not in SECTION_FORMS or BY_KEY[section] not in TASKS[case.stage]:
        raise NotFound


def _form(section: str, typed: Mapping[str, Any]) -> BaseForm:
    return SECTION_FORMS[section].from_raw(typed, today=today_jst(clock.now()))


def _blank(case: Case, section: str) -> BaseForm:
    """An empty form, or one that already holds what the office knows."""
    data = {"operator_code": case.application.operator_code} if section == "code" else None
    return SECTION_FORMS[section](data=data, today=today_jst(clock.now()))


def _page(
    case: Case,
    section: str,
    form: BaseForm,
    *,
    version: int | None = None,
    other: list[tuple[str, str]] | None = None,
    saved: bool = True,
    filled: bool = False,
) -> str:
    """The page of a section; `saved`: whether what is shown stands in the draft, `filled`: an address was just put in."""
    return render_template(
        "join/section.html",
        case=case,
        task=BY_KEY[section],
        form=form,
        errors=bool(form.errors or form.form_errors),
        lead=_LEADS.get(section, ""),
        groups=GROUPS.get(section, ()),
        grouped=grouped_fields(section),
        personal=section in _PERSONAL,
        version=case.version(section) if version is None else version,
        remark=case.asked.get(section),
        other=other,
        saved=saved,
        filled=filled,
        notes=GROUP_NOTES,
    )


@pages.post("/applications/<int:application_id>/sections/<string(maxlength=40):section>")
@permit(Permission.APPLICATION_PAGES)
def save_section(application_id: int, section: str) -> str | Response:
    case = load_case(application_id)
    _require(case, section)
    form = SECTION_FORMS[section](request.form, today=today_jst(clock.now()))
    seen = request.form.get("version", type=int) or 0
    if request.form.get("fill"):
        form = with_address(form, partial(_form, section))
        return _page(case, section, form, version=seen, saved=False, filled=not form.errors)
    good = form.validate()
    try:
        run(
            verbs.save_section,
            application_id,
            section,
            typed=form.raw_values(),
            answers=form.cleaned() if good else None,
            errors=len(form.refused_fields()),
            seen_version=seen,
            actor=actor(),
            now=clock.now(),
        )
    except Stale as stale:
        return _conflict(application_id, section, form, stale)
    except Refusal as refusal:
        form.add_error(None, refusal.sentence)
        return _page(load_case(application_id), section, form, saved=False)
    if good:
        case = load_case(application_id)
        if request.form.get("then") == "tasks":
            return redirect(url_for("join.tasks", application_id=case.id), 303)
        return redirect(case.next_url(section), 303)
    if request.form.get("then") == "tasks" and form.is_savable_draft:
        flash("入力の途中まで保存しました。", "success")
        return redirect(url_for("join.tasks", application_id=case.id), 303)
    return _page(load_case(application_id), section, form)


def _conflict(application_id: int, section: str, form: BaseForm, stale: Stale) -> str:
    """Keep what was typed and show beside it what somebody saved in the meantime."""
    case = load_case(application_id)
    draft = case.drafts.get(section)
    saved = _form(section, draft.typed) if draft else None
    other = other_values(saved, form)
    form.add_error(None, stale.sentence)
    return _page(case, section, form, other=other, saved=False)
