"""区分の追加・終了: what is held, what is asked for, and what would be left."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from occto.access import actor, permit
from occto.domain.canonical import jsonable
from occto.domain.changes import Part
from occto.domain.codes import AttachmentKind, ChangeAct, Licence, ScanState
from occto.domain.dates import format_date
from occto.domain.errors import NotFound, Refusal
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.forms.base import BaseForm
from occto.forms.changes import LicenceAddForm, LicenceEndForm
from occto.labels import choices, label
from occto.queries import register
from occto.queries.register import LicenceOnRecord
from occto.services.changes import drafts as verbs
from occto.unit_of_work import run
from occto.views.changes.blueprint import Case, case_to_edit, chosen, load_case, pages, seen_version
from occto.views.changes.rows import Row, Rows
from occto.views.uploads import LIMIT_MB, file_chosen, uploaded


def held_licences(case: Case) -> list[LicenceOnRecord]:
    """What is on record and not over, as of today."""
    return register.licences_as_of(db.session(), case.request.member_id, case.today)


def _clean(case: Case, row: Row) -> Row | None:
    form = _add_form(case, row["typed"]) if row["act"] == ChangeAct.ADD else _end_form(case, row["typed"])
    if not form.validate():
        return None
    clean: Row = jsonable(form.cleaned())
    if row["act"] == ChangeAct.ADD:
        return {"act": row["act"], "n": row["n"], **clean, "attachment_id": row.get("attachment_id")}
    return {"act": row["act"], "n": row["n"], "licence_id": row["licence_id"], **clean}


def _from_answers(clean: Mapping[str, Any]) -> Row:
    if clean["act"] == ChangeAct.ADD:
        typed = {name: clean.get(name) or "" for name in ("category", "number", "effective_on")}
        return {"act": clean["act"], "typed": typed, "attachment_id": clean.get("attachment_id")}
    typed = {name: clean[name] for name in ("ended_on", "end_reason")}
    return {"act": clean["act"], "licence_id": clean["licence_id"], "typed": typed}


ROWS = Rows(Part.LICENCES, _clean, _from_answers)


def _add_form(case: Case, typed: Mapping[str, Any] | None = None) -> LicenceAddForm:
    form: LicenceAddForm = LicenceAddForm(today=case.today)
    if typed is not None:
        form = LicenceAddForm.from_raw(typed, today=case.today)
    form.not_before = ((case.occurred_on, "事由発生日"),)
    return form


def _end_form(case: Case, typed: Mapping[str, Any] | None = None, *, held: LicenceOnRecord | None = None) -> BaseForm:
    form = LicenceEndForm(today=case.today) if typed is None else LicenceEndForm.from_raw(typed, today=case.today)
    begun = ((held.effective_on, "区分の効力が生じた日の翌日"),) if held else ()
    form.not_before = ((case.occurred_on, "事由発生日"), *begun)
    return form


@dataclass(frozen=True)
class Outlook:
    """What the request would leave: the last day of membership where no category stays, and other warnings."""

    leaves_on: date | None
    warnings: tuple[str, ...]


def outlook(case: Case, rows: list[Row], held: list[LicenceOnRecord]) -> Outlook:
    """What the rows come to together."""
    clean = [row for row in (_clean(case, row) for row in rows) if row is not None]
    ends = {row["licence_id"]: date.fromisoformat(row["ended_on"]) for row in clean if row["act"] == ChangeAct.END}
    added = {Licence(row["category"]) for row in clean if row["act"] == ChangeAct.ADD}
    staying = {one.category for one in held if one.licence_id not in ends and one.ended_on is None} | added
    warnings = []
    if Licence.RSPTD in staying and Licence.SPTD not in staying:
        warnings.append(
            f"{label(Licence.RSPTD)}は、{label(Licence.SPTD)}とあわせて持つ区分です。"
            "両方の区分の追加・終了を、同じ申請に入力してください。"
        )
    days = [ends.get(one.licence_id, one.ended_on) for one in held]
    leaves_on = max((day for day in days if day is not None), default=None)
    return Outlook(leaves_on if ends and not staying else None, tuple(warnings))


@pages.get("/<int:request_id>/licences")
@permit(Permission.CHANGE_FILE)
def licences(request_id: int) -> str:
    case = case_to_edit(request_id)
    chosen(case, Part.LICENCES)
    return _list_page(case)


def _list_page(case: Case, *, refusal: Refusal | None = None) -> str:
    rows, held = ROWS.typed(case), held_licences(case)
    ending = {row["licence_id"]: row for row in rows if row["act"] == ChangeAct.END}
    return render_template(
        "changes/licences.html",
        case=case,
        held=[{"licence": one, "row": ending.get(one.licence_id)} for one in held],
        ends={row["n"]: _end_in_words(row) for row in ending.values()},
        gone=[row["n"] for licence_id, row in ending.items() if licence_id not in {one.licence_id for one in held}],
        added=[_added(case, row) for row in rows if row["act"] == ChangeAct.ADD],
        bad={row["n"] for row in rows if _clean(case, row) is None},
        may_add=bool(_addable(held, rows)),
        outlook=outlook(case, rows, held),
        version=case.version(Part.LICENCES),
        remarks=case.remarks_in_words(Part.LICENCES),
        refusal=refusal,
        errors=bool(refusal),
    )


def _end_in_words(row: Row) -> str:
    form = LicenceEndForm.from_raw(row["typed"])
    day = form.ended_on.data
    return f"{format_date(day)}から事業者ではなくなります" if day else "日付を入力してください"


def _added(case: Case, row: Row) -> dict[str, Any]:
    form = _add_form(case, row["typed"])
    form.validate()
    known = dict(form.category.choices)
    return {
        "n": row["n"],
        "title": known.get(form.category.typed, "区分は未選択"),
        "effective_on": form.effective_on.data,
        "number": form.number.data,
        "document": row.get("attachment_name") or ("添付済み" if row.get("attachment_id") else ""),
    }


def _addable(held: list[LicenceOnRecord], rows: list[Row], *, besides: int | None = None) -> list[tuple[str, str]]:
    """The categories that may be added: not held without an end, and not in another row already."""
    ending = {row["licence_id"] for row in rows if row["act"] == ChangeAct.END}
    taken = {one.category.value for one in held if one.ended_on is None and one.licence_id not in ending}
    taken |= {row["typed"].get("category") for row in rows if row["act"] == ChangeAct.ADD and row["n"] != besides}
    return [pair for pair in choices(Licence) if pair[0] not in taken]


@pages.get("/<int:request_id>/licences/new")
@permit(Permission.CHANGE_FILE)
def new_licence(request_id: int) -> str:
    case = case_to_edit(request_id)
    chosen(case, Part.LICENCES)
    return _add_page(case, _add_form(case), row={})


@pages.get("/<int:request_id>/licences/rows/<int:row>")
@permit(Permission.CHANGE_FILE)
def added_licence(request_id: int, row: int) -> str:
    """A category that is asked for."""
    case = case_to_edit(request_id)
    chosen(case, Part.LICENCES)
    found = ROWS.find(case, row, act=ChangeAct.ADD)
    form = _add_form(case, found["typed"])
    _offer(case, form, found)
    form.validate()
    return _add_page(case, form, row=found)


def _offer(case: Case, form: LicenceAddForm, row: Mapping[str, Any]) -> None:
    form.category.choices = _addable(held_licences(case), ROWS.typed(case), besides=row.get("n"))


def _add_page(case: Case, form: LicenceAddForm, *, row: Mapping[str, Any], file_error: str = "") -> str:
    _offer(case, form, row)
    number = row.get("n")
    return render_template(
        "changes/licence_add.html",
        case=case,
        form=form,
        action=url_for("changes.save_licence", request_id=case.id, row=number or 0),
        is_saved=number is not None and not form.form_errors,
        document=row.get("attachment_name"),
        file_error=file_error,
        limit=LIMIT_MB,
        version=case.version(Part.LICENCES),
        errors=bool(form.errors or form.form_errors or file_error),
    )


@pages.post("/<int:request_id>/licences/rows/<int:row>")
@permit(Permission.CHANGE_FILE)
def save_licence(request_id: int, row: int) -> str | Response:
    """Save a category that is asked for; `row` 0 is a new one."""
    case = load_case(request_id)
    chosen(case, Part.LICENCES)
    earlier = ROWS.find(case, row, act=ChangeAct.ADD) if row else {}
    form = LicenceAddForm(request.form, today=case.today)
    form.not_before = ((case.occurred_on, "事由発生日"),)
    _offer(case, form, earlier)
    kept: Row = {**earlier, "act": ChangeAct.ADD.value, "typed": form.raw_values()}
    kept.setdefault("n", None)
    good, file_error = form.validate(), ""
    try:
        fresh = seen_version() == case.version(Part.LICENCES)  # else the save below is refused, and the file with it
        document = _take_document(case) if fresh and file_chosen() else None
        if document:
            kept |= {"attachment_id": document[0], "attachment_name": document[1]}
    except Refusal as refusal:
        if isinstance(refusal, NotFound):
            raise
        good, file_error = False, refusal.sentence
    replaced = earlier.get("attachment_id") if kept.get("attachment_id") != earlier.get("attachment_id") else None
    try:
        kept["n"] = ROWS.put(case, kept, drop_file=replaced)
    except Refusal as refusal:
        if isinstance(refusal, NotFound):
            raise
        form.add_error(None, refusal.sentence)
        return _add_page(load_case(request_id), form, row=earlier, file_error=file_error)
    if not good:
        return _add_page(load_case(request_id), form, row=kept, file_error=file_error)
    return redirect(url_for("changes.licences", request_id=request_id), 303)


def _take_document(case: Case) -> tuple[int, str]:
    """Keep the copy of METI's notice; its number and name. Refusals bad_file, stale, and those of `add_file`."""
    upload = uploaded()
    assert upload is not None

    def act(session: Session) -> int:
        return verbs.add_file(
            session,
            case.id,
            kind=AttachmentKind.METI_ACT,
            items=(),
            name=upload.name,
            media_type=upload.media_type,
            content=upload.content,
            scan_state=ScanState.NOT_CONFIGURED,
            actor=actor(),
            now=case.now,
        )

    return run(act), upload.name


@pages.get("/<int:request_id>/licences/<int:licence_id>/end")
@permit(Permission.CHANGE_FILE)
def end_licence(request_id: int, licence_id: int) -> str:
    case = case_to_edit(request_id)
    chosen(case, Part.LICENCES)
    held = _held(case, licence_id)
    row = ROWS.about(case, "licence_id", licence_id)
    form = _end_form(case, row["typed"] if row else None, held=held)
    if row:
        form.validate()
    return _end_page(case, form, held)


def _held(case: Case, licence_id: int) -> LicenceOnRecord:
    """A licence of this member that runs without an end; NotFound for any other."""
    for one in held_licences(case):
        if one.licence_id == licence_id and one.ended_on is None:
            return one
    raise NotFound


def _end_page(case: Case, form: BaseForm, held: LicenceOnRecord) -> str:
    row = ROWS.about(case, "licence_id", held.licence_id)
    others = [one for one in ROWS.typed(case) if one is not row and one.get("licence_id") != held.licence_id]
    trial: Row = {
        "n": 0,
        "act": ChangeAct.END.value,
        "licence_id": held.licence_id,
        "typed": {"ended_on": "2199-12-30", "end_reason": "REVOCATION"},
    }
    after = outlook(case, [*others, trial], held_licences(case))
    return render_template(
        "changes/licence_end.html",
        case=case,
        form=form,
        held=held,
        is_last=after.leaves_on is not None,
        warnings=after.warnings,
        is_saved=row is not None and not form.form_errors,
        version=case.version(Part.LICENCES),
        errors=bool(form.errors or form.form_errors),
    )


@pages.post("/<int:request_id>/licences/<int:licence_id>/end")
@permit(Permission.CHANGE_FILE)
def save_end(request_id: int, licence_id: int) -> str | Response:
    case = load_case(request_id)
    chosen(case, Part.LICENCES)
    held = _held(case, licence_id)
    form = LicenceEndForm(request.form, today=case.today)
    form.not_before = _end_form(case, held=held).not_before
    row = ROWS.about(case, "licence_id", licence_id) or {"n": None}
    kept = {**row, "act": ChangeAct.END.value, "licence_id": licence_id, "typed": form.raw_values()}
    good = form.validate()
    try:
        ROWS.put(case, kept)
    except Refusal as refusal:
        if isinstance(refusal, NotFound):
            raise
        form.add_error(None, refusal.sentence)
        return _end_page(load_case(request_id), form, held)
    if not good:
        return _end_page(load_case(request_id), form, held)
    return redirect(url_for("changes.licences", request_id=request_id), 303)


@pages.post("/<int:request_id>/licences/rows/<int:row>/remove")
@permit(Permission.CHANGE_FILE)
def remove_licence(request_id: int, row: int) -> str | Response:
    """Take a row out of the request; nothing on record changes."""
    case = load_case(request_id)
    chosen(case, Part.LICENCES)
    try:
        ROWS.remove(case, ROWS.find(case, row))
    except NotFound:
        raise
    except Refusal as refusal:
        return _list_page(load_case(request_id), refusal=refusal)
    return redirect(url_for("changes.licences", request_id=request_id), 303)
