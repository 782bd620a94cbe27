"""照合: a list handed in as a workbook against the register. It is shown or saved, and nothing is written."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from flask import request, url_for
from flask_admin import expose

from occto import clock
from occto.access import permit
from occto.admin.exports import attached
from occto.admin.verb_view import Door
from occto.admin.workbooks_sent import form_sent, workbook_sent
from occto.domain.codes import Licence
from occto.domain.dates import today_jst
from occto.domain.import_sheets import Cell, Column
from occto.domain.permissions import Permission
from occto.domain.profile import Kind
from occto.domain.reconciling import Different, Listed, Reconciled, reconcile
from occto.domain.text import InputError, half_width
from occto.excel import MIMETYPE
from occto.extensions import db
from occto.forms.cells import as_text, clean
from occto.forms.imports import ReconcileForm
from occto.labels import label
from occto.queries.reconciling import register_list
from occto.views.tools import new_form_id
from occto.workbooks.reading import read_list
from occto.workbooks.writing import plain_workbook

SHOWN = 200
_CODE = Column("operator_code", "事業者コード", Cell.OPERATOR_CODE, limit=5)
_NUMBER = Column("corporate_number", "法人番号", Kind.CORPORATE_NUMBER, limit=13)
_NAME = Column("name", "商号", Kind.LINE, limit=120)
_TITLES = {"事業者コード": "operator_code", "法人番号": "corporate_number", "商号": "name", "区分": "licences"}
_COLUMNS = {key: title for title, key in _TITLES.items()} | {"state": "状態"}
_HEADS = ("事業者コード", "法人番号", "商号", "区分")
_LICENCES = {label(licence): licence for licence in Licence} | {
    label(licence).removesuffix("事業者"): licence for licence in Licence
}


class Reconciliation:
    """The door /reconcile/."""

    @expose("/reconcile/", methods=("GET", "POST"))
    @permit(Permission.IMPORT_SEE)
    def reconcile(self: Any) -> Any:
        """The list and what it does not have in common with the register."""
        form = ReconcileForm(form_sent())
        if request.method == "GET":
            return self._reconcile_page(form, None)
        sent, problem = workbook_sent()
        found = None
        if sent is not None:
            try:
                found = reconcile(register_list(db.session()), list(_listed(sent.content)))
            except InputError as error:
                problem = str(error)
        if found is None:
            form.validate()
            if problem:
                form.add_error("file", problem)
            return self._reconcile_page(form, None), 422
        if "save" in request.form:
            name = f"照合の結果_{today_jst(clock.now()).isoformat()}.xlsx"
            return attached(plain_workbook(_sheets(found)), name=name, media_type=MIMETYPE)
        return self._reconcile_page(form, found)

    def _reconcile_page(self: Any, form: ReconcileForm, found: Reconciled | None) -> str:
        back = ("取込みの一覧へ戻る", url_for("imports.index_view"))
        door = Door("一覧と照らし合わせる", "照らし合わせる", back, multipart=True)
        parts = (
            [] if found is None else [(title, heads, rows[:SHOWN], len(rows)) for title, heads, rows in _lists(found)]
        )
        page: str = self.render(
            "admin/reconcile.html",
            door=door,
            form=form,
            form_id=new_form_id(),
            errors=bool(form.errors or form.form_errors),
            found=found,
            lists=parts,
            shown=SHOWN,
        )
        return page


def _listed(content: bytes) -> Iterator[Listed]:
    """The companies of the list. Raises InputError naming the row that cannot be read."""
    for number, cells in read_list(content, _TITLES, required=()):
        try:
            yield _one(number, cells)
        except InputError as error:
            raise InputError(f"{number}行目：{error}") from error


def _one(number: int, cells: Mapping[str, Any]) -> Listed:
    code, corporate = clean(_CODE, cells.get("operator_code")), clean(_NUMBER, cells.get("corporate_number"))
    if code is None and corporate is None:
        raise InputError("事業者コードか法人番号を入力してください。")
    return Listed(
        code, corporate, clean(_NAME, cells.get("name")), _licences(as_text(cells.get("licences"))), row=number
    )


def _licences(text: str) -> frozenset[Licence] | None:
    words = [word for word in re.split(r"[、，,・/／\s]+", half_width(text)) if word]
    unknown = [word for word in words if word not in _LICENCES]
    if unknown:
        raise InputError(
            f"「{unknown[0][:30]}」という区分はありません。「小売電気事業者、発電事業者」のように入力してください。"
        )
    return frozenset(_LICENCES[word] for word in words) if words else None


def _words(value: Any) -> str:
    if isinstance(value, frozenset):
        return "、".join(label(licence) for licence in Licence if licence in value)
    return value or ""


def _line(one: Listed) -> list[str]:
    return [_words(one.code), _words(one.number), _words(one.name), _words(one.licences)]


def _difference(one: Different) -> list[str]:
    values = {
        "operator_code": (one.here.code, one.there.code),
        "corporate_number": (one.here.number, one.there.number),
        "name": (one.here.name, one.there.name),
        "licences": (one.here.licences, one.there.licences),
        "state": ("退会", "一覧にある"),
    }
    here, there = values[one.column]
    return [
        str(one.there.row),
        _words(one.here.code),
        _words(one.here.name),
        _COLUMNS[one.column],
        _words(here),
        _words(there),
    ]


def _lists(found: Reconciled) -> list[tuple[str, tuple[str, ...], list[list[str]]]]:
    return [
        ("登録だけにある会員", _HEADS, [_line(one) for one in found.only_here]),
        ("一覧だけにある会社", ("行", *_HEADS), [[str(one.row), *_line(one)] for one in found.only_there]),
        (
            "違いのある会員",
            ("行", "事業者コード", "商号", "違う項目", "登録", "一覧"),
            [_difference(one) for one in found.different],
        ),
    ]


def _sheets(found: Reconciled) -> Iterator[tuple[str, tuple[str, ...], list[list[str]]]]:
    yield from _lists(found)
