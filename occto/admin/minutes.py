"""議事録 of an assembly: what people write beside all that the records say, and the draft as DOCX and PDF."""

from typing import Any

from flask import Response, abort, flash, url_for
from flask_admin import BaseView, expose
from sqlalchemy.orm import Session

from occto import clock, pdf
from occto.access import actor, permit, viewer
from occto.admin import access_log
from occto.admin.assembly_menu import assembly_asked, pages_of
from occto.admin.base import Screen
from occto.admin.exports import attached
from occto.admin.minutes_words import paper_of
from occto.admin.sent import sent_form, sent_version
from occto.admin.verb_view import STALE
from occto.block_docx import MEDIA_TYPE, as_docx
from occto.block_paper import BlockPaper, as_pdf
from occto.domain.assembly import ASSEMBLY, title_of
from occto.domain.errors import NotFound, Refusal, Stale
from occto.domain.minutes import MinutesValues, lacking
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.forms.results import PREFIX, MinutesForm, minutes_form
from occto.models import AgendaItem, Assembly
from occto.pages import site
from occto.queries.minutes import MinutesFacts, Written, minutes_facts, written_of
from occto.result_words import file_name
from occto.services.minutes import save_minutes
from occto.unit_of_work import run
from occto.views.tools import new_form_id, once

TITLE = "議事録"
_P = Permission
_OWN = ("chair", "officers", "place", "opened_at", "closed_at", "opening", "closing", "opinions", "signers", "notes")


class MinutesView(Screen, BaseView):
    """One assembly at a time, named by `id`."""

    see, under = _P.RESULT_SEE, "assemblies"

    def __init__(self) -> None:
        super().__init__(name=TITLE, endpoint="minutes", url="minutes")

    @expose("/", methods=("GET", "POST"))
    def index(self) -> Any:
        """The form beside what the records say; saved as a draft, however much is missing."""
        row = assembly_asked()
        session = db.session()
        facts, written = minutes_facts(session, row, now=clock.now()), written_of(session, row)
        items = [one.item for one in facts.results if _has_field(one.item, facts, written)]
        sent = sent_form()
        form = minutes_form(items, sent, data=None if sent else _shown(written))
        if sent is None:
            return self._page(row, facts, written, form, version=written.version)
        if not self._may_write(row):
            abort(403)
        version = sent_version()
        if not form.validate():
            return self._page(row, facts, written, form, version=version), 422
        values, number = _values(form), row.id

        def act(session: Session) -> str:
            save_minutes(session, number, values, seen_version=version, actor=actor(), now=clock.now())
            return url_for("minutes.index", id=number)

        try:
            answer = once(act)
        except NotFound:
            abort(404)
        except Refusal as refusal:
            stale = isinstance(refusal, Stale)
            form.add_error(refusal.field, STALE if stale else refusal.sentence)
            row = assembly_asked()
            written = written_of(db.session(), row)
            facts = minutes_facts(db.session(), row, now=clock.now())
            return self._page(row, facts, written, form, version=written.version if stale else version), 409
        flash("議事録を保存しました。", "success")
        return answer

    def _may_write(self, row: Assembly) -> bool:
        return viewer.can(_P.VOTE_RECORD) and row.state in ASSEMBLY.step("minutes").sources

    def _page(self, row: Assembly, facts: MinutesFacts, written: Written, form: MinutesForm, *, version: int) -> str:
        return self.render(
            "admin/minutes.html",
            row=row,
            heading=title_of(row),
            pages=pages_of(row),
            form=form,
            fields=_in_order(form),
            form_id=new_form_id(),
            version=version,
            written=written,
            missing=lacking(written.values),
            kit_in_preparation=facts.fixed is not None and facts.kit is None,
            paper=_paper(facts, written.values),
            may_write=self._may_write(row),
            may_export=viewer.can(_P.EXPORT),
            errors=bool(form.errors or form.form_errors),
        )

    @expose("/export-docx/")
    @permit(_P.EXPORT)
    def export_docx(self) -> Response:
        """The draft for a word processor."""
        row, paper = self._drawn()
        content = as_docx(paper, created_at=clock.now())
        return _sent(row, content, kind="docx", media_type=MEDIA_TYPE)

    @expose("/export-pdf/")
    @permit(_P.EXPORT)
    def export_pdf(self) -> Response:
        """The draft as PDF."""
        row, paper = self._drawn()
        content = as_pdf(paper, issuer=pdf.Issuer(telephone=site().contact_phone), created_at=clock.now())
        return _sent(row, content, kind="pdf", media_type=pdf.MIMETYPE)

    def _drawn(self) -> tuple[Assembly, BlockPaper]:
        if not viewer.can(self.see):
            abort(403)
        row = assembly_asked()
        session = db.session()
        return row, _paper(minutes_facts(session, row, now=clock.now()), written_of(session, row).values)


def _paper(facts: MinutesFacts, values: MinutesValues) -> BlockPaper:
    """Opinions are told as votes are: to whoever may see how members replied."""
    return paper_of(facts, values, opinions=viewer.can(_P.REPLY_CHOICES_SEE))


def _has_field(item: AgendaItem, facts: MinutesFacts, written: Written) -> bool:
    """Not one withdrawn before the members heard of it; what was written of an item is never lost by its withdrawal."""
    if item.withdrawn_at is None or item.id in written.values.proceedings:
        return True
    return facts.notified_at is not None and item.withdrawn_at >= facts.notified_at


def _sent(row: Assembly, content: bytes, *, kind: str, media_type: str) -> Response:
    name = file_name(row, "議事録案", row.held_at)
    caption = title_of(row)
    run(access_log.exported, [], subject=f"LIST:{TITLE}", form=kind, conditions=caption, fields=[TITLE])
    return attached(iter([content]), name=f"{name}.{kind}", media_type=media_type)


def _shown(written: Written) -> dict[str, Any]:
    values = written.values
    return {name: getattr(values, name) for name in _OWN} | {
        f"{PREFIX}{item}": text for item, text in values.proceedings.items()
    }


def _values(form: MinutesForm) -> MinutesValues:
    known: dict[str, Any] = {name: form[name].data for name in _OWN}
    texts = {name: value or "" for name, value in known.items() if name not in {"opened_at", "closed_at"}}
    proceedings = {
        int(one.name.removeprefix(PREFIX)): one.data for one in form if one.name.startswith(PREFIX) and one.data
    }
    return MinutesValues(proceedings=proceedings, opened_at=known["opened_at"], closed_at=known["closed_at"], **texts)


def _in_order(form: MinutesForm) -> list[tuple[str, list[Any]]]:
    """The fields as the minutes run: head, proceedings, end."""
    items = [one for one in form if one.name.startswith(PREFIX)]
    return [
        ("開催", [form[name] for name in ("chair", "officers", "place", "opened_at", "closed_at")]),
        ("議事の経過", [form["opening"], *items, form["closing"]]),
        ("意見・署名・付記", [form[name] for name in ("opinions", "signers", "notes")]),
    ]
