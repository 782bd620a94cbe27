"""資本関係: what is on record, and what of it is to end, to change, or to be added."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from occto.access import permit
from occto.answers import relation_in_words
from occto.domain.canonical import jsonable
from occto.domain.changes import Part
from occto.domain.codes import ChangeAct
from occto.domain.dates import format_date
from occto.domain.errors import NotFound, Refusal
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.forms.base import BaseForm
from occto.forms.changes import RelationAddForm, RelationChangeForm, RelationEndForm
from occto.labels import label
from occto.queries import register
from occto.queries.register import RelationOnRecord, as_row
from occto.views.changes.blueprint import Case, case_to_edit, chosen, load_case, pages
from occto.views.changes.rows import Row, Rows


def held_relations(case: Case) -> list[RelationOnRecord]:
    """What is on record and not over, as of today."""
    return register.relations_as_of(db.session(), case.request.member_id, case.today)


def _held(case: Case, number: int) -> RelationOnRecord:
    """A relation of this member that runs without an end; NotFound for any other."""
    for one in held_relations(case):
        if one.relation_no == number and one.ended_on is None:
            return one
    raise NotFound


def _clean(case: Case, row: Row) -> Row | None:
    act, form = row["act"], _form(case, row["act"], row["typed"])
    if not form.validate():
        return None
    if act == ChangeAct.ADD:
        assert isinstance(form, RelationAddForm)
        day = case.occurred_on.isoformat()
        return {"act": act, "n": row["n"], "row": jsonable(form.clean_row()), "effective_on": day}
    clean = {"act": act, "n": row["n"], "relation_no": row["relation_no"]}
    if act == ChangeAct.END:
        return clean | {"effective_on": form["ended_on"].data.isoformat()}
    assert isinstance(form, RelationChangeForm)
    changed = jsonable(form.changed_row(row["row"]))
    return clean | {"effective_on": form["effective_on"].data.isoformat(), "row": changed}


def _from_answers(clean: Mapping[str, Any]) -> Row:
    act = clean["act"]
    if act == ChangeAct.ADD:
        row = {**clean["row"], "acquired_on": clean["row"].get("acquired_on") or clean["effective_on"]}
        return {"act": act, "typed": RelationAddForm(data=_form_row(row)).raw_values()}
    number = clean["relation_no"]
    if act == ChangeAct.END:
        return {"act": act, "relation_no": number, "typed": {"ended_on": clean["effective_on"]}}
    day = date.fromisoformat(clean["effective_on"])
    form = RelationChangeForm(data=_form_row(clean["row"]) | {"effective_on": day})
    return {"act": act, "relation_no": number, "typed": form.raw_values(), "row": dict(clean["row"])}


def _form_row(row: Mapping[str, Any]) -> dict[str, Any]:
    """A clean row as its form takes it."""
    days = {name: date.fromisoformat(row[name]) if row.get(name) else None for name in ("acquired_on", "ended_on")}
    return {**row, **days, "controlling": "YES" if row["controlling"] else "NO"}


ROWS = Rows(Part.RELATIONS, _clean, _from_answers)
_FORMS: dict[str, type[BaseForm]] = {
    ChangeAct.ADD: RelationAddForm,
    ChangeAct.END: RelationEndForm,
    ChangeAct.SET: RelationChangeForm,
}


def _form(case: Case, act: str, typed: Mapping[str, Any], *, held: RelationOnRecord | None = None) -> BaseForm:
    return _bounded(_FORMS[act].from_raw(typed, today=case.today), case, held)


def _bounded(form: BaseForm, case: Case, held: RelationOnRecord | None) -> BaseForm:
    begun = ((held.effective_on, "この資本関係の取得日の翌日"),) if held else ()
    form.not_before = ((case.occurred_on, "事由発生日"), *begun)
    return form


@pages.get("/<int:request_id>/relations")
@permit(Permission.CHANGE_FILE)
def relations(request_id: int) -> str:
    case = case_to_edit(request_id)
    chosen(case, Part.RELATIONS)
    return _list_page(case)


def _list_page(case: Case, *, refusal: Refusal | None = None) -> str:
    rows, held = ROWS.typed(case), held_relations(case)
    about = {row["relation_no"]: row for row in rows if row["act"] != ChangeAct.ADD}
    return render_template(
        "changes/relations.html",
        case=case,
        held=[
            {"relation": one, "words": relation_in_words(as_row(one)), "row": about.get(one.relation_no)}
            for one in held
        ],
        asked={row["n"]: _asked_in_words(case, row) for row in about.values()},
        gone=[row["n"] for number, row in about.items() if number not in {one.relation_no for one in held}],
        added=[_added(case, row) for row in rows if row["act"] == ChangeAct.ADD],
        bad={row["n"] for row in rows if _clean(case, row) is None},
        version=case.version(Part.RELATIONS),
        remarks=case.remarks_in_words(Part.RELATIONS),
        refusal=refusal,
        errors=bool(refusal),
    )


def _asked_in_words(case: Case, row: Row) -> str:
    clean = _clean(case, row)
    if clean is None:
        return "入力を直してください"
    day = format_date(date.fromisoformat(clean["effective_on"]))
    if row["act"] == ChangeAct.END:
        return f"{day}から資本関係がなくなります"
    return f"{day}から次の内容になります\n{relation_in_words(clean['row'])}"


def _added(case: Case, row: Row) -> dict[str, Any]:
    clean = _clean(case, row)
    form = RelationAddForm.from_raw(row["typed"])
    return {
        "n": row["n"],
        "relation": dict(form.relation.choices).get(form.relation.typed, "関係は未選択"),
        "words": relation_in_words(clean["row"]) if clean else form.name.typed,
    }


@pages.get("/<int:request_id>/relations/new")
@permit(Permission.CHANGE_FILE)
def new_relation(request_id: int) -> str:
    case = case_to_edit(request_id)
    chosen(case, Part.RELATIONS)
    return _add_page(case, RelationAddForm(today=case.today), row={})


@pages.get("/<int:request_id>/relations/rows/<int:row>")
@permit(Permission.CHANGE_FILE)
def added_relation(request_id: int, row: int) -> str:
    """A relation that is asked for."""
    case = case_to_edit(request_id)
    chosen(case, Part.RELATIONS)
    found = ROWS.find(case, row, act=ChangeAct.ADD)
    form = _form(case, ChangeAct.ADD, found["typed"])
    form.validate()
    return _add_page(case, form, row=found)


def _add_page(case: Case, form: BaseForm, *, row: Mapping[str, Any]) -> str:
    number = row.get("n")
    return _page(
        case,
        form,
        heading="親法人・子法人の追加",
        lead="1社ずつ入力してください。",
        action=url_for("changes.save_relation", request_id=case.id, row=number or 0),
        is_saved=number is not None,
    )


def _page(case: Case, form: BaseForm, *, is_saved: bool, **shown: Any) -> str:
    return render_template(
        "changes/relation.html",
        case=case,
        form=form,
        is_saved=is_saved and not form.form_errors,
        version=case.version(Part.RELATIONS),
        errors=bool(form.errors or form.form_errors),
        **shown,
    )


@pages.post("/<int:request_id>/relations/rows/<int:row>")
@permit(Permission.CHANGE_FILE)
def save_relation(request_id: int, row: int) -> str | Response:
    """Save a relation that is asked for; `row` 0 is a new one."""
    case = load_case(request_id)
    chosen(case, Part.RELATIONS)
    earlier = ROWS.find(case, row, act=ChangeAct.ADD) if row else {}
    form = RelationAddForm(request.form, today=case.today)
    kept = {"n": None, **earlier, "act": ChangeAct.ADD.value, "typed": form.raw_values()}
    good = form.validate()
    try:
        kept["n"] = ROWS.put(case, kept)
    except Refusal as refusal:
        return _add_page(_refused(request_id, form, refusal), form, row=earlier)
    if not good:
        return _add_page(load_case(request_id), form, row=kept)
    return redirect(url_for("changes.relations", request_id=request_id), 303)


def _refused(request_id: int, form: BaseForm, refusal: Refusal) -> Case:
    """Put the refusal on the form, which keeps what was typed; the request as it is now."""
    if isinstance(refusal, NotFound):
        raise refusal
    form.add_error(None, refusal.sentence)
    return load_case(request_id)


@pages.get("/<int:request_id>/relations/<int:number>/end")
@permit(Permission.CHANGE_FILE)
def end_relation(request_id: int, number: int) -> str:
    return _existing(request_id, number, ChangeAct.END)


@pages.get("/<int:request_id>/relations/<int:number>/change")
@permit(Permission.CHANGE_FILE)
def change_relation(request_id: int, number: int) -> str:
    return _existing(request_id, number, ChangeAct.SET)


def _existing(request_id: int, number: int, act: ChangeAct) -> str:
    case = case_to_edit(request_id)
    chosen(case, Part.RELATIONS)
    held = _held(case, number)
    row = ROWS.about(case, "relation_no", number)
    if row and row["act"] == act:
        form = _form(case, act, row["typed"], held=held)
        form.validate()
    elif act is ChangeAct.SET:
        form = RelationChangeForm(data=_form_row(as_row(held)) | {"effective_on": case.occurred_on}, today=case.today)
    else:
        form = RelationEndForm(today=case.today)
    return _existing_page(case, form, held, act)


_HEADINGS = {ChangeAct.END: "資本関係の解消", ChangeAct.SET: "資本関係の内容の変更"}
_LEADS = {
    ChangeAct.END: "",
    ChangeAct.SET: "相手の会社が変わるときは、この資本関係の解消と、新しい会社の追加を入力してください。",
}


def _existing_page(case: Case, form: BaseForm, held: RelationOnRecord, act: ChangeAct) -> str:
    row = ROWS.about(case, "relation_no", held.relation_no)
    endpoint = "changes.save_end_of_relation" if act is ChangeAct.END else "changes.save_change_of_relation"
    return _page(
        case,
        form,
        heading=_HEADINGS[act],
        lead=_LEADS[act],
        action=url_for(endpoint, request_id=case.id, number=held.relation_no),
        is_saved=row is not None and row["act"] == act,
        on_record={"relation": label(held.relation), "words": relation_in_words(as_row(held))},
    )


@pages.post("/<int:request_id>/relations/<int:number>/end")
@permit(Permission.CHANGE_FILE)
def save_end_of_relation(request_id: int, number: int) -> str | Response:
    return _save_existing(request_id, number, ChangeAct.END)


@pages.post("/<int:request_id>/relations/<int:number>/change")
@permit(Permission.CHANGE_FILE)
def save_change_of_relation(request_id: int, number: int) -> str | Response:
    return _save_existing(request_id, number, ChangeAct.SET)


def _save_existing(request_id: int, number: int, act: ChangeAct) -> str | Response:
    """Save what is asked for of a relation on record: one act on each, the later one in place of the other."""
    case = load_case(request_id)
    chosen(case, Part.RELATIONS)
    held = _held(case, number)
    form = _bounded(_FORMS[act](request.form, today=case.today), case, held)
    row = ROWS.about(case, "relation_no", number) or {"n": None}
    kept: Row = {"n": row["n"], "act": act.value, "relation_no": number, "typed": form.raw_values()}
    if act is ChangeAct.SET:
        kept["row"] = as_row(held)
    good = form.validate()
    try:
        ROWS.put(case, kept)
    except Refusal as refusal:
        return _existing_page(_refused(request_id, form, refusal), form, held, act)
    if not good:
        return _existing_page(load_case(request_id), form, held, act)
    return redirect(url_for("changes.relations", request_id=request_id), 303)


@pages.post("/<int:request_id>/relations/rows/<int:row>/remove")
@permit(Permission.CHANGE_FILE)
def remove_relation(request_id: int, row: int) -> str | Response:
    """Take a row out of the request; nothing on record changes."""
    case = load_case(request_id)
    chosen(case, Part.RELATIONS)
    try:
        ROWS.remove(case, ROWS.find(case, row))
    except NotFound:
        raise
    except Refusal as refusal:
        return _list_page(load_case(request_id), refusal=refusal)
    return redirect(url_for("changes.relations", request_id=request_id), 303)
