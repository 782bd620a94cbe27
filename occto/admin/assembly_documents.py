"""Documents of an assembly for staff: the list, one more, one fewer, the download."""

from collections.abc import Callable
from typing import Any

from flask import Response, flash, request, url_for
from flask_admin import expose
from sqlalchemy.orm import Session

from occto import clock
from occto.access import actor, permit
from occto.admin.assembly_menu import pages_of
from occto.admin.base import clamped_id
from occto.domain.assembly import ASSEMBLY
from occto.domain.codes import AttachmentKind, ScanState
from occto.domain.errors import NotFound, Refusal
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.forms.assemblies import DocumentForm
from occto.models import Assembly
from occto.queries.assembly_page import documents_of
from occto.queries.files import file_content
from occto.services import assemblies
from occto.views.tools import download, new_form_id, once, see_other
from occto.views.uploads import LIMIT_MB, Upload, uploaded

_BOTH = ("GET", "POST")


class AssemblyDocuments:
    """Pages of `assemblies.AssembliesView`, which finds the assembly and renders."""

    row_asked: Callable[[], Any]
    heading: Callable[[Any], str]
    render: Callable[..., str]

    @expose("/documents/")
    def documents(self) -> str:
        """The documents that are shown."""
        return self._documents_page(self.row_asked(), DocumentForm())

    @expose("/add-document/", methods=_BOTH)
    @permit(Permission.ASSEMBLY_EDIT)
    def add_document(self) -> Any:
        """One more document."""
        row = self.row_asked()
        if request.method == "GET":
            return see_other("assemblies.documents", id=row.id)
        form, number = DocumentForm(request.form), row.id
        if not form.validate():
            return self._documents_page(row, form), 422
        try:
            taken = _required(uploaded())

            def act(session: Session) -> str:
                assemblies.add_document(
                    session,
                    number,
                    title=form.title.data,
                    media_type=taken.media_type,
                    content=taken.content,
                    scan_state=ScanState.NOT_CONFIGURED,
                    actor=actor(),
                    now=clock.now(),
                )
                return url_for("assemblies.documents", id=number)

            answer = once(act)
        except Refusal as refusal:
            return self._documents_page(self.row_asked(), form, error=refusal.sentence), 422
        flash("資料を登録しました。", "success")
        return answer

    @expose("/remove-document/", methods=("POST",))
    @permit(Permission.ASSEMBLY_EDIT)
    def remove_document(self) -> Any:
        """One document fewer; it is kept on record."""
        number, file_id = self.row_asked().id, clamped_id(request.form.get("file")) or 0

        def act(session: Session) -> str:
            assemblies.remove_document(session, number, file_id, actor=actor(), now=clock.now())
            return url_for("assemblies.documents", id=number)

        try:
            answer = once(act)
        except NotFound:
            flash("この資料は、すでに外されています。", "warning")
        except Refusal as refusal:
            flash(refusal.sentence, "danger")
        else:
            flash("資料を外しました。記録には残っています。", "success")
            return answer
        return see_other("assemblies.documents", id=number)

    @expose("/file/")
    def file(self) -> Response:
        """A document, as a download only."""
        attachment, content = file_content(db.session(), clamped_id(request.args.get("id")) or 0)
        if attachment.assembly_id is None or attachment.kind is not AttachmentKind.ASSEMBLY_FILE:
            raise NotFound
        return download(content, name=attachment.name, media_type=attachment.media_type)

    def _documents_page(self, row: Assembly, form: DocumentForm, *, error: str = "") -> str:
        return self.render(
            "admin/assembly_documents.html",
            row=row,
            heading=self.heading(row),
            pages=pages_of(row),
            held=documents_of(db.session(), row.id),
            may_change=row.state in ASSEMBLY.step("documents").sources,
            form=form,
            file_error=error,
            limit=LIMIT_MB,
            new_form_id=new_form_id,
            errors=bool(error or form.errors),
        )


def _required(taken: Upload | None) -> Upload:
    if taken is None:
        raise Refusal("no_file", "ファイルを選んでください。", field="file")
    return taken
