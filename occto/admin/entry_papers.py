"""職員の入力: the documents of an entry, and to whom licences pass."""

from collections.abc import Callable, Sequence
from typing import Any

from flask import abort, request, url_for
from flask_admin import expose
from sqlalchemy import select
from sqlalchemy.orm import Session

from occto import clock
from occto.access import actor
from occto.admin.base import clamped_id, search_term
from occto.admin.entry_rows import (
    succession_answers,
    succession_form,
)
from occto.admin.entry_tools import (
    answered,
    asked_part,
    drafts_of,
    items_of_entry,
    left_behind,
    rows_of,
    save,
    shown_version,
)
from occto.admin.sent import sent_form, sent_version
from occto.domain.changes import Part
from occto.domain.codes import AttachmentKind, ScanState
from occto.domain.dates import today_jst
from occto.domain.errors import Refusal
from occto.extensions import db
from occto.forms.staff_entries import EntryDocumentForm, choose
from occto.labels import label
from occto.models import ChangeRequest, Member
from occto.services.changes import drafts
from occto.views.tools import new_form_id, once
from occto.views.uploads import LIMIT_MB, uploaded

_BOTH, _POST = ("GET", "POST"), ("POST",)


class EntryPapers:
    """Pages of `staff_entries.EntriesView`, which finds the entry and answers."""

    _entry: Callable[[], ChangeRequest]
    _found: Callable[[str], Sequence[Member]]
    _do: Callable[..., Any]
    render: Callable[..., str]

    @expose("/succession/", methods=_BOTH)
    def succession(self) -> Any:
        """To whom the licences pass, and from when."""
        row = self._entry()
        session, number, today, part = db.session(), row.id, today_jst(clock.now()), Part.SUCCESSION
        draft = drafts_of(session, number).get(part)
        if draft is None:
            abort(404)
        term, answers, version = search_term(), draft.answers, sent_version() or draft.version
        found = self._successors(row, term, answers)
        form = succession_form(session, row, answers, found, sent_form(), today=today)

        def act(writing: Session) -> str:
            entry = writing.get(ChangeRequest, number)
            assert entry is not None
            clean = succession_answers(writing, entry, form, self._successors(entry, term, answers), today=today)
            save(writing, number, part, clean, version)
            return url_for("entries.details_view", id=number)

        def page(stale: bool) -> str:
            return self.render(
                "admin/change_succession.html",
                case=self._entry(),
                term=term,
                found=len(form["successor_id"].choices),
                form=form,
                version=shown_version(number, part, version, stale=stale),
                form_id=new_form_id(),
                errors=bool(form.errors or form.form_errors),
                left_behind=left_behind(self._entry().member_id),
            )

        return answered(form, act, page)

    def _successors(self, row: ChangeRequest, term: str, answers: Any) -> list[Member]:
        """The members found by what was typed, and the one chosen before, never the member itself."""
        found = [one for one in self._found(term) if one.id != row.member_id] if term else []
        chosen = [answers["successor_id"]] if answers else []
        typed = clamped_id(request.form.get("successor_id"))
        wanted = [one for one in (*chosen, typed) if one and one != row.member_id and one not in {m.id for m in found}]
        return [
            *found,
            *db.session.scalars(select(Member).where(Member.id.in_(wanted)).order_by(Member.kana_key, Member.id)),
        ]

    @expose("/files/", methods=_BOTH)
    def files(self) -> Any:
        """The documents of an entry and what each proves."""
        row = self._entry()
        session, number, now = db.session(), row.id, clock.now()
        items = items_of_entry(session, row)
        form = EntryDocumentForm(sent_form())
        choose(form, "items", [(one.key, one.title) for one in items])
        error = ""
        if request.method == "POST" and form.validate():
            try:
                taken = _required(uploaded())

                def act(writing: Session) -> str:
                    drafts.add_file(
                        writing,
                        number,
                        kind=AttachmentKind(form.kind.data),
                        items=form["items"].data or [],
                        name=taken.name,
                        media_type=taken.media_type,
                        content=taken.content,
                        scan_state=ScanState.NOT_CONFIGURED,
                        actor=actor(),
                        now=now,
                    )
                    return url_for("entries.files", id=number)

                return once(act)
            except Refusal as refusal:
                error = refusal.sentence
        page = self._files_page(number, form, error=error)
        return (page, 422) if request.method == "POST" else page

    def _files_page(self, number: int, form: EntryDocumentForm, *, error: str) -> str:
        row = self._entry()
        session = db.session()
        listed = (drafts_of(session, number)[Part.FILES].answers or {}).get("files", ())
        titles = {one.key: one.title for one in items_of_entry(session, row)}
        held = [
            (
                one["id"],
                one["name"],
                label(AttachmentKind(one["kind"])),
                "、".join(titles.get(key, "") for key in one["items"]),
            )
            for one in listed
        ]
        return self.render(
            "admin/change_files.html",
            case=row,
            held=held,
            form=form,
            file_error=error,
            limit=LIMIT_MB,
            new_form_id=new_form_id,
            errors=bool(error or form.errors),
        )

    @expose("/remove-file/", methods=_POST)
    def remove_file(self) -> Any:
        """Take a document out."""
        number, file_id = self._entry().id, clamped_id(request.form.get("file")) or 0

        def act(session: Session) -> str:
            drafts.remove_file(session, number, file_id, actor=actor(), now=clock.now())
            return url_for("entries.files", id=number)

        return self._do(act, "entries.files", id=number)

    @expose("/remove-row/", methods=_POST)
    def remove_row(self) -> Any:
        """Take a row out of a part."""
        row, part, place = self._entry(), asked_part(), clamped_id(request.form.get("row"))
        number, version = row.id, sent_version()

        def act(session: Session) -> str:
            rows = rows_of(session, number, part)
            left = [one for no, one in enumerate(rows, 1) if no != place]
            save(session, number, part, {"rows": left} if left else None, version)
            return url_for("entries.part", id=number, part=part.value)

        return self._do(act, "entries.part", id=number, part=part.value)


def _required(taken: Any) -> Any:
    if taken is None:
        raise Refusal("no_file", "ファイルを選んでください。", field="file")
    return taken
