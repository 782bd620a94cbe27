"""Attachments: checked by content, listed, taken out, downloaded by their owner."""

from typing import TYPE_CHECKING

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from occto import clock
from occto.access import actor, permit
from occto.domain.codes import AttachmentKind, ScanState
from occto.domain.errors import Refusal
from occto.domain.permissions import Permission
from occto.domain.sections import FILES
from occto.extensions import db
from occto.forms.base import BaseForm
from occto.forms.join import FileForm, PaperFileForm
from occto.queries import applications
from occto.queries.files import attachment_of, file_content
from occto.services.joining import drafts as verbs
from occto.unit_of_work import run
from occto.views.join.blueprint import Case, case_to_edit, load_case, pages
from occto.views.tools import download
from occto.views.uploads import LIMIT_MB, file_chosen, uploaded

if TYPE_CHECKING:
    from occto.models import Attachment


def take_upload(application_id: int, *, kind: AttachmentKind) -> "Attachment | None":
    """Keep the uploaded file of the form; None where none was chosen. Refusal bad_file, and those of `add_file`."""
    upload = uploaded()
    if upload is None:
        return None
    return run(
        verbs.add_file,
        application_id,
        kind=kind,
        name=upload.name,
        media_type=upload.media_type,
        content=upload.content,
        scan_state=ScanState.NOT_CONFIGURED,
        actor=actor(),
        now=clock.now(),
    )


def _file_form(case: Case) -> type[BaseForm]:
    return PaperFileForm if case.on_paper else FileForm


@pages.get("/applications/<int:application_id>/files")
@permit(Permission.APPLICATION_PAGES)
def files(application_id: int) -> str | Response:
    case = case_to_edit(application_id)
    if not case.agreed:
        return redirect(url_for("join.terms", application_id=case.id), 303)
    return _page(case, _file_form(case)())


def _page(case: Case, form: BaseForm, *, file_error: str = "") -> str:
    attached = applications.files(db.session(), case.id)
    return render_template(
        "join/files.html",
        case=case,
        task=FILES,
        form=form,
        attached=[file for file in attached if file.kind is not AttachmentKind.METI_ACT],
        errors=bool(form.errors or file_error),
        file_error=file_error,
        limit=LIMIT_MB,
        remark=case.asked.get(FILES.key),
    )


@pages.post("/applications/<int:application_id>/files")
@permit(Permission.APPLICATION_PAGES)
def add_file(application_id: int) -> str | Response:
    case = load_case(application_id)
    form = _file_form(case)(request.form)
    missing = not file_chosen()
    if not form.validate() or missing:
        return _page(
            case,
            form,
            file_error="ファイルを選んでください。"
            if missing
            else "種類を選んでから、もう一度ファイルを選んでください。",
        )
    try:
        kept = take_upload(case.id, kind=AttachmentKind(form["kind"].data))
    except Refusal as refusal:
        return _page(case, form, file_error=refusal.sentence)
    flash(f"{kept.name if kept else 'ファイル'}を添付しました。", "success")
    return redirect(url_for("join.files", application_id=case.id), 303)


@pages.post("/applications/<int:application_id>/files/done")
@permit(Permission.APPLICATION_PAGES)
def finish_files(application_id: int) -> Response:
    case = load_case(application_id)
    try:
        run(verbs.finish_files, application_id, actor=actor(), now=clock.now())
    except Refusal as refusal:
        flash(refusal.sentence, "warning")
        return redirect(url_for("join.files", application_id=case.id), 303)
    return redirect(load_case(application_id).next_url(FILES.key), 303)


@pages.post("/applications/<int:application_id>/files/<int:attachment_id>/remove")
@permit(Permission.APPLICATION_PAGES)
def remove_file(application_id: int, attachment_id: int) -> Response:
    case = load_case(application_id)
    attachment = attachment_of(db.session(), attachment_id, application_id=case.id)
    name = attachment.name
    try:
        run(verbs.remove_file, application_id, attachment_id, actor=actor(), now=clock.now())
        flash(f"{name}を取り外しました。", "success")
    except Refusal as refusal:
        flash(refusal.sentence, "warning")
    return redirect(url_for("join.files", application_id=case.id), 303)


@pages.get("/applications/<int:application_id>/files/<int:attachment_id>")
@permit(Permission.APPLICATION_PAGES)
def download_file(application_id: int, attachment_id: int) -> Response:
    case = load_case(application_id)
    attachment_of(db.session(), attachment_id, application_id=case.id)
    attachment, content = file_content(db.session(), attachment_id)
    return download(content, name=attachment.name, media_type=attachment.media_type)
