"""Sections made of rows: control relations, and the METI act of each category."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from occto import clock
from occto.access import actor, permit
from occto.answers import act_in_words, relation_in_words
from occto.domain.canonical import jsonable
from occto.domain.codes import ActStatus, AttachmentKind, Licence
from occto.domain.dates import today_jst
from occto.domain.errors import NotFound, Refusal
from occto.domain.joining import Stage
from occto.domain.permissions import Permission
from occto.domain.sections import ACTS, BY_KEY, RELATIONS, chosen_licences
from occto.forms.base import BaseForm
from occto.forms.join import ActForm, RelationForm, RelationsDoneForm
from occto.labels import label
from occto.services.joining import drafts as verbs
from occto.unit_of_work import run
from occto.views.join.blueprint import Case, case_to_edit, load_case, pages
from occto.views.join.files import take_upload

ROWS_LIMIT = 60


def _relation_rows(case: Case) -> list[dict[str, Any]]:
    draft = case.drafts.get(RELATIONS.key)
    rows = draft.typed.get("rows") if draft else None
    return list(rows) if isinstance(rows, list) else []


def _done(case: Case) -> str:
    draft = case.drafts.get(RELATIONS.key)
    return str(draft.typed.get("done") or "") if draft else ""


def _relation_form(typed: Any) -> RelationForm:
    form: RelationForm = RelationForm.from_raw(typed if isinstance(typed, dict) else {}, today=today_jst(clock.now()))
    return form


def _save_relations(case: Case, rows: list[dict[str, Any]], *, done: str, seen: int) -> None:
    """Save the section: clean where the applicant says that all is listed and every row is good."""
    forms = [_relation_form(row) for row in rows]
    good = [form.validate() for form in forms]
    complete = all(good) and ((done == "ALL" and bool(rows)) or (done == "NONE" and not rows))
    run(
        verbs.save_section,
        case.id,
        RELATIONS.key,
        typed={"rows": rows, "done": done},
        answers={"rows": [form.clean_row() for form in forms]} if complete else None,
        errors=good.count(False),
        seen_version=seen,
        actor=actor(),
        now=clock.now(),
    )


@pages.get("/applications/<int:application_id>/relations")
@permit(Permission.APPLICATION_PAGES)
def relations(application_id: int) -> str | Response:
    case = case_to_edit(application_id)
    if not case.agreed:
        return redirect(url_for("join.terms", application_id=case.id), 303)
    return _relations_page(case, RelationsDoneForm(data={"done": _done(case)}))


def _relations_page(case: Case, form: BaseForm) -> str:
    rows = []
    for no, typed in enumerate(_relation_rows(case), 1):
        row = _relation_form(typed)
        good = row.validate()
        words = relation_in_words(jsonable(row.clean_row())) if good else str(typed.get("name") or "")
        relation = dict(row.relation.choices).get(row.relation.typed, "関係未入力")
        rows.append({"no": no, "relation": relation, "words": words, "good": good})
    return render_template(
        "join/relations.html",
        case=case,
        task=RELATIONS,
        rows=rows,
        form=form,
        errors=bool(form.errors or form.form_errors),
        version=case.version(RELATIONS.key),
        remark=case.asked.get(RELATIONS.key),
        full=len(rows) >= ROWS_LIMIT,
    )


@pages.post("/applications/<int:application_id>/relations")
@permit(Permission.APPLICATION_PAGES)
def finish_relations(application_id: int) -> str | Response:
    case = load_case(application_id)
    form, rows = RelationsDoneForm(request.form), _relation_rows(case)
    if form.validate():
        if form.done.data == "ALL" and not rows:
            form.add_error(
                "done", "まだ1社も入力されていません。会社を追加するか、「資本関係のある会社はない」を選んでください。"
            )
        elif form.done.data == "NONE" and rows:
            form.add_error("done", "入力した会社があります。取り除くか、「すべて入力した」を選んでください。")
        elif not all(_relation_form(row).validate() for row in rows):
            form.add_error("done", "入力を直す必要のある会社があります。「変更」から開いて直してください。")
    if form.errors:
        return _relations_page(case, form)
    try:
        _save_relations(case, rows, done=form.done.data, seen=request.form.get("version", type=int) or 0)
    except Refusal as refusal:
        form.add_error(None, refusal.sentence)
        return _relations_page(load_case(application_id), form)
    return redirect(load_case(application_id).next_url(RELATIONS.key), 303)


@pages.get("/applications/<int:application_id>/relations/<int:row>")
@permit(Permission.APPLICATION_PAGES)
def relation(application_id: int, row: int) -> str:
    """One company; `row` 0 is a new one."""
    case = case_to_edit(application_id)
    rows = _relation_rows(case)
    if row > len(rows):
        raise NotFound
    form = RelationForm(today=today_jst(clock.now())) if row == 0 else _relation_form(rows[row - 1])
    if row:
        form.validate()
    return _relation_page(case, row, form)


def _relation_page(case: Case, row: int, form: BaseForm) -> str:
    return render_template(
        "join/relation.html",
        case=case,
        row=row,
        form=form,
        errors=bool(form.errors or form.form_errors),
        version=case.version(RELATIONS.key),
    )


@pages.post("/applications/<int:application_id>/relations/<int:row>")
@permit(Permission.APPLICATION_PAGES)
def save_relation(application_id: int, row: int) -> str | Response:
    case = load_case(application_id)
    rows = _relation_rows(case)
    if row > len(rows) or len(rows) >= ROWS_LIMIT + (row > 0):
        raise NotFound
    form = RelationForm(request.form, today=today_jst(clock.now()))
    good = form.validate()
    typed = form.raw_values()
    changed = [*rows, typed] if row == 0 else [*rows[: row - 1], typed, *rows[row:]]
    done = "" if _done(case) == "NONE" else _done(case)
    if not good and row == 0:
        return _relation_page(case, row, form)
    try:
        _save_relations(case, changed, done=done, seen=request.form.get("version", type=int) or 0)
    except Refusal as refusal:
        form.add_error(None, refusal.sentence)
        return _relation_page(load_case(application_id), row, form)
    if not good:
        return _relation_page(load_case(application_id), row, form)
    return redirect(url_for("join.relations", application_id=case.id), 303)


@pages.post("/applications/<int:application_id>/relations/<int:row>/remove")
@permit(Permission.APPLICATION_PAGES)
def remove_relation(application_id: int, row: int) -> Response:
    case = load_case(application_id)
    rows = _relation_rows(case)
    if not 1 <= row <= len(rows):
        raise NotFound
    try:
        remaining = [*rows[: row - 1], *rows[row:]]
        _save_relations(case, remaining, done="", seen=request.form.get("version", type=int) or 0)
        flash(f"{rows[row - 1].get('name') or '会社'}を取り除きました。", "success")
    except Refusal as refusal:
        flash(refusal.sentence, "warning")
    return redirect(url_for("join.relations", application_id=case.id), 303)


def _act_rows(case: Case) -> dict[str, dict[str, Any]]:
    draft = case.drafts.get(ACTS.key)
    rows = draft.typed.get("acts") if draft else None
    return dict(rows) if isinstance(rows, dict) else {}


def _clean_act(typed: dict[str, Any]) -> dict[str, Any] | None:
    """The clean act of one category as saved, with its document; None while something is missing or wrong."""
    form = ActForm.from_raw(typed, today=today_jst(clock.now()))
    if not form.validate():
        return None
    clean = form.cleaned()
    if clean["status"] == ActStatus.ACT:
        return clean | {
            "applied_on": None,
            "attachment_id": typed.get("attachment_id"),
            "attachment_name": typed.get("attachment_name"),
        }
    return clean | {"number": None, "effective_on": None, "attachment_id": None, "attachment_name": None}


@pages.get("/applications/<int:application_id>/acts")
@permit(Permission.APPLICATION_PAGES)
def acts(application_id: int) -> str:
    case = case_to_edit(application_id)
    _require_main(case)
    saved, rows = _act_rows(case), []
    for licence in chosen_licences(case.answers):
        typed = saved.get(licence.value)
        clean = _clean_act(typed) if typed else None
        state = "未入力" if typed is None else "要修正" if clean is None else "完了"
        words = act_in_words(jsonable(clean)) if clean else ""
        rows.append({"licence": licence, "title": label(licence), "state": state, "words": words})
    return render_template("join/acts.html", case=case, task=ACTS, rows=rows, remark=case.asked.get(ACTS.key))


def _require_main(case: Case) -> None:
    if case.stage is not Stage.MAIN:
        raise NotFound


def _licence(case: Case, name: str) -> Licence:
    for licence in chosen_licences(case.answers):
        if licence.value == name:
            return licence
    raise NotFound


@pages.get("/applications/<int:application_id>/acts/<string(maxlength=10):licence>")
@permit(Permission.APPLICATION_PAGES)
def act(application_id: int, licence: str) -> str:
    case = case_to_edit(application_id)
    _require_main(case)
    which = _licence(case, licence)
    typed = _act_rows(case).get(which.value)
    form = (
        ActForm(today=today_jst(clock.now()))
        if typed is None
        else ActForm.from_raw(typed, today=today_jst(clock.now()))
    )
    if typed is not None:
        form.validate()
    return _act_page(case, which, form, typed=typed)


def _act_page(
    case: Case, licence: Licence, form: BaseForm, *, typed: dict[str, Any] | None, file_error: str = ""
) -> str:
    return render_template(
        "join/act.html",
        case=case,
        task=BY_KEY[ACTS.key],
        licence=licence,
        title=label(licence),
        form=form,
        errors=bool(form.errors or form.form_errors or file_error),
        file_error=file_error,
        document=(typed or {}).get("attachment_name"),
        version=case.version(ACTS.key),
    )


@pages.post("/applications/<int:application_id>/acts/<string(maxlength=10):licence>")
@permit(Permission.APPLICATION_PAGES)
def save_act(application_id: int, licence: str) -> str | Response:
    case = load_case(application_id)
    _require_main(case)
    which = _licence(case, licence)
    form = ActForm(request.form, today=today_jst(clock.now()))
    earlier = _act_rows(case).get(which.value) or {}
    typed: dict[str, Any] = form.raw_values() | {
        name: earlier.get(name) for name in ("attachment_id", "attachment_name")
    }
    file_error = ""
    try:
        attachment = take_upload(case.id, kind=AttachmentKind.METI_ACT)
        if attachment is not None:
            typed |= {"attachment_id": attachment.id, "attachment_name": attachment.name}
    except Refusal as refusal:
        file_error = refusal.sentence
    good = form.validate() and not file_error
    try:
        _save_acts(case, _act_rows(case) | {which.value: typed}, seen=request.form.get("version", type=int) or 0)
    except Refusal as refusal:
        form.add_error(None, refusal.sentence)
        return _act_page(load_case(application_id), which, form, typed=typed)
    if not good:
        return _act_page(load_case(application_id), which, form, typed=typed, file_error=file_error)
    return redirect(url_for("join.acts", application_id=case.id), 303)


def _save_acts(case: Case, rows: dict[str, dict[str, Any]], *, seen: int) -> None:
    """Save the section: complete once every chosen category has its act or its application."""
    licences = chosen_licences(case.answers)
    clean = {licence.value: _clean_act(rows[licence.value]) for licence in licences if licence.value in rows}
    complete = bool(licences) and len(clean) == len(licences) and None not in clean.values()
    run(
        verbs.save_section,
        case.id,
        ACTS.key,
        typed={"acts": rows},
        answers={"acts": clean} if complete else None,
        errors=sum(value is None for value in clean.values()),
        seen_version=seen,
        actor=actor(),
        now=clock.now(),
    )
