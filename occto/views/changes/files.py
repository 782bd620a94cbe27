"""証明する書類: checked by content, with the changes that each proves."""

from typing import TYPE_CHECKING

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from occto.access import actor, permit
from occto.change_words import ItemInWords
from occto.domain.changes import Part
from occto.domain.codes import AttachmentKind, ScanState
from occto.domain.errors import NotFound, Refusal
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.forms.changes import DocumentForm, ProvesForm
from occto.queries import changes as queries
from occto.queries.files import file_content
from occto.services.changes import drafts as verbs
from occto.unit_of_work import run
from occto.views.changes.blueprint import Case, case_to_edit, load_case, pages
from occto.views.changes.items import items_of_case, long_title
from occto.views.changes.rows import documents_of_rows
from occto.views.tools import download, new_form_id, once
from occto.views.uploads import LIMIT_MB, file_chosen, uploaded

if TYPE_CHECKING:
    from occto.models import Attachment


def _provable(case: Case) -> list[ItemInWords]:
    """The items that a document may be named for: those that need one first."""
    items = [item for item in items_of_case(case).words if not item.immediate]
    return sorted(items, key=lambda item: not item.needs_evidence)


def _offer(form: ProvesForm, items: list[ItemInWords]) -> None:
    form.items.choices = [(item.key, long_title(item)) for item in items]
    form.items.choice_hints = {item.key: "書類が必要です" for item in items if item.needs_evidence}
    if not items:
        form.items.hint = "変更する内容を入力すると、ここで選べます。書類だけ先に添付して、あとから選ぶこともできます。"


def proved_by(case: Case) -> dict[int, list[str]]:
    """The keys of the items that each document proves, as the draft says."""
    draft = case.drafts.get(Part.FILES.value)
    listed = ((draft.answers or {}) if draft else {}).get("files", ())
    return {file["id"]: list(file["items"]) for file in listed}


@pages.get("/<int:request_id>/files")
@permit(Permission.CHANGE_FILE)
def files(request_id: int) -> str:
    return _page(case_to_edit(request_id), DocumentForm())


def _page(case: Case, form: DocumentForm, *, file_error: str = "") -> str:
    items = _provable(case)
    _offer(form, items)
    names = {item.key: long_title(item) for item in items}
    proves, of_rows = proved_by(case), documents_of_rows(case)
    attached = queries.files(db.session(), case.id)
    named = {key for keys in proves.values() for key in keys}
    return render_template(
        "changes/files.html",
        case=case,
        form=form,
        attached=[
            {
                "file": file,
                "proves": [names[key] for key in proves.get(file.id, ()) if key in names],
                "of_row": file.id in of_rows,
            }
            for file in attached
        ],
        lacking=[item for item in items if item.needs_evidence and item.key not in named and not _has_copy(case, item)],
        items=items,
        file_error=file_error,
        limit=LIMIT_MB,
        form_id=new_form_id(),
        errors=bool(form.errors or form.form_errors or file_error),
    )


def _has_copy(case: Case, item: ItemInWords) -> bool:
    """Whether a category comes with the copy of its notice."""
    rows = case.answers.get(Part.LICENCES, {}).get("rows", ())
    with_copy = {row.get("category") for row in rows if row.get("attachment_id") is not None}
    return item.target_key in with_copy


@pages.post("/<int:request_id>/files")
@permit(Permission.CHANGE_FILE)
def add_file(request_id: int) -> str | Response:
    case = case_to_edit(request_id)
    form = DocumentForm(request.form)
    _offer(form, _provable(case))
    missing = not file_chosen()
    if not form.validate() or missing:
        sentence = "ファイルを選んでください。" if missing else "種類を選んでから、もう一度ファイルを選んでください。"
        return _page(case, form, file_error=sentence)
    try:
        return _keep(case, kind=AttachmentKind(form.kind.data), items=form.items.data or [])
    except Refusal as refusal:
        if isinstance(refusal, NotFound):
            raise
        return _page(load_case(request_id), form, file_error=refusal.sentence)


def _keep(case: Case, *, kind: AttachmentKind, items: list[str]) -> Response:
    """Keep the document, once for the form: a second click attaches no second copy."""
    upload = uploaded()
    assert upload is not None

    def act(session: Session) -> str:
        verbs.add_file(
            session,
            case.id,
            kind=kind,
            items=items,
            name=upload.name,
            media_type=upload.media_type,
            content=upload.content,
            scan_state=ScanState.NOT_CONFIGURED,
            actor=actor(),
            now=case.now,
        )
        return url_for("changes.files", request_id=case.id)

    kept = once(act)
    flash(f"{upload.name}を添付しました。", "success")
    return kept


def _in_draft(case: Case, attachment_id: int) -> "Attachment":
    """A document of the draft; NotFound for one of another request, or taken out."""
    found = queries.file_of(db.session(), attachment_id, request_id=case.id)
    if found.removed_at is not None:
        raise NotFound
    return found


@pages.get("/<int:request_id>/files/<int:attachment_id>/items")
@permit(Permission.CHANGE_FILE)
def file_items(request_id: int, attachment_id: int) -> str:
    """Say anew what a document proves."""
    case = case_to_edit(request_id)
    file = _in_draft(case, attachment_id)
    form = ProvesForm(data={"items": proved_by(case).get(attachment_id, [])})
    return _items_page(case, file, form)


def _items_page(case: Case, file: "Attachment", form: ProvesForm) -> str:
    _offer(form, _provable(case))
    return render_template(
        "changes/file_items.html", case=case, file=file, form=form, errors=bool(form.errors or form.form_errors)
    )


@pages.post("/<int:request_id>/files/<int:attachment_id>/items")
@permit(Permission.CHANGE_FILE)
def save_file_items(request_id: int, attachment_id: int) -> str | Response:
    case = case_to_edit(request_id)
    file = _in_draft(case, attachment_id)
    form, provable = ProvesForm(request.form), _provable(case)
    _offer(form, provable)
    if not form.validate():
        return _items_page(case, file, form)
    offered = {item.key for item in provable}
    unseen = [key for key in proved_by(case).get(attachment_id, []) if key not in offered]
    try:
        run(
            verbs.name_items,
            request_id,
            attachment_id,
            items=[*(form.items.data or []), *unseen],
            actor=actor(),
            now=case.now,
        )
    except Refusal as refusal:
        if isinstance(refusal, NotFound):
            raise
        form.add_error(None, refusal.sentence)
        return _items_page(load_case(request_id), file, form)
    return redirect(url_for("changes.files", request_id=request_id), 303)


@pages.post("/<int:request_id>/files/<int:attachment_id>/remove")
@permit(Permission.CHANGE_FILE)
def remove_file(request_id: int, attachment_id: int) -> Response:
    case = case_to_edit(request_id)
    name = _in_draft(case, attachment_id).name
    if attachment_id in documents_of_rows(case):
        flash("この書類は、区分の追加のページで入れ替えてください。", "warning")
        return redirect(url_for("changes.files", request_id=request_id), 303)
    try:
        run(verbs.remove_file, request_id, attachment_id, actor=actor(), now=case.now)
        flash(f"{name}を取り外しました。", "success")
    except NotFound:
        raise
    except Refusal as refusal:
        flash(refusal.sentence, "warning")
    return redirect(url_for("changes.files", request_id=request_id), 303)


@pages.get("/<int:request_id>/files/<int:attachment_id>")
@permit(Permission.CHANGE_SEE)
def download_file(request_id: int, attachment_id: int) -> Response:
    """A document of the request, as it was handed in."""
    case = load_case(request_id)
    queries.file_of(db.session(), attachment_id, request_id=case.id)
    attachment, content = file_content(db.session(), attachment_id)
    return download(content, name=attachment.name, media_type=attachment.media_type)
