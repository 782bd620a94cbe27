"""加入申請: the list, the page of one case, its files, and the way in for applications on paper."""

from typing import Any, ClassVar

from flask import Response, request, url_for
from flask_admin import expose
from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from occto import clock
from occto.access import actor, permit, viewer
from occto.admin.base import Facet, Order, StaffView, clamped_id
from occto.admin.case_page import case_page
from occto.admin.decisions import Decisions
from occto.admin.mails import subject_in_words
from occto.domain.codes import Channel
from occto.domain.dates import JST, format_date
from occto.domain.errors import NotFound, Refusal
from occto.domain.joining import ApplicationState
from occto.domain.numbers import parse_acceptance_number
from occto.domain.permissions import Permission
from occto.domain.profile import COMPANY
from occto.domain.text import InputError, half_width, search_key, to_katakana
from occto.extensions import db
from occto.forms.staff import PaperForm, RemarkForm
from occto.labels import choices, label
from occto.models import Application, ApplicationDraft, User
from occto.queries.applications_staff import case_file
from occto.queries.files import file_content
from occto.queries.staff import next_waiting
from occto.services.joining.paper import start_paper_application
from occto.views.tools import download, new_form_id, once


def _number(_view: Any, _context: Any, row: Application, _name: str) -> str:
    return row.acceptance_number or "未提出"


def _submitted_on(_view: Any, _context: Any, row: Application, _name: str) -> str:
    return format_date(row.submitted_at.astimezone(JST).date()) if row.submitted_at else ""


def _read_out(term: str) -> str | None:
    """A 受付番号 as it is read out on the telephone: without hyphens, in any width; None for anything else."""
    try:
        return parse_acceptance_number(term)
    except InputError:
        return None


def _reading(term: str) -> str:
    """The term as a フリガナ is kept; empty where it is none."""
    try:
        return to_katakana(term)
    except InputError:
        return ""


def _state(_view: Any, _context: Any, row: Application, _name: str) -> str:
    return f"{label(row.state)}・保留" if row.held_at else label(row.state)


class ApplicationsView(Decisions, StaffView):
    """加入申請. Read-only: a case moves through the doors of `Decisions` alone."""

    see = Permission.APPLICATION_SEE
    title, counter = "加入申請", "cases"
    subject_kind, personal = "APPLICATION", True
    list_template = "admin/applications.html"
    search_hint = "商号、フリガナ、受付番号、法人番号、メールアドレス"
    column_list = ("acceptance_number", "name", "state", "submitted_at", "assignee_name")
    reads = ("acceptance_number", "name", "state", "held_at", "submitted_at")
    column_labels: ClassVar[dict[str, str]] = {
        "acceptance_number": "受付番号",
        "name": "商号",
        "state": "状態",
        "submitted_at": "仮申請の提出",
        "assignee_name": "担当",
    }
    column_formatters = {"acceptance_number": _number, "state": _state, "submitted_at": _submitted_on}
    orders = {
        "new": Order("新しい順", Application.id, descending=True),
        "old": Order("古い順", Application.id),
    }
    tagged = ("state",)
    facets = {
        "state": Facet(
            "状態",
            Application.state,
            [code for code in choices(ApplicationState) if code[0] != ApplicationState.REMOVED],
        ),
        "channel": Facet("受け付けた方法", Application.channel, choices(Channel)),
    }
    extras: ClassVar[dict[str, Any]] = {
        "assignee_name": select(User.name)
        .where(User.id == Application.assignee_id)
        .correlate(Application)
        .scalar_subquery()
    }

    def scope(self) -> list[ColumnElement[bool]]:
        return [Application.state != ApplicationState.REMOVED]

    def search(self, term: str) -> ColumnElement[bool]:
        plain = half_width(term).replace(" ", "")
        found = [
            Application.name_key.contains(search_key(term), autoescape=True),
            Application.acceptance_number.startswith(plain.upper(), autoescape=True),
            Application.email_key.contains(plain.lower(), autoescape=True),
        ]
        if plain.replace("-", "").isdigit():
            found.append(Application.corporate_number == plain.replace("-", ""))
        number = _read_out(term)
        if number:
            found.append(Application.acceptance_number == number)
        kana = _reading(term)
        if kana:
            found.append(
                exists().where(
                    ApplicationDraft.application_id == Application.id,
                    ApplicationDraft.section == COMPANY.key,
                    ApplicationDraft.answers["kana"].as_string().contains(kana, autoescape=True),
                )
            )
        return or_(*found)

    def details_page(self, row: Application) -> str:
        file = case_file(db.session(), row)
        following = next_waiting(db.session(), viewer=viewer, but=row.id)
        compare = clamped_id(request.args.get("against"))
        return self.render(
            "admin/case.html",
            file=file,
            form_id=new_form_id(),
            new_form_id=new_form_id,
            subject_of=subject_in_words,
            remark=RemarkForm(data={"audience": "PARTY"}),
            next_url=url_for("applications.details_view", id=following.id) if following else "",
            **case_page(file, compare=compare, now=clock.now()),
        )

    @expose("/file/")
    def file(self) -> Response:
        """An attachment, as a download only."""
        number = clamped_id(request.args.get("id"))
        if number is None:
            raise NotFound
        attachment, content = file_content(db.session(), number)
        name, media_type, case_id = attachment.name, attachment.media_type, attachment.application_id
        if case_id is None:  # a file of a change request has a door of its own
            raise NotFound
        self.note([], details=True, ids=[case_id])
        return download(content, name=name, media_type=media_type)

    @expose("/new-paper/", methods=("GET", "POST"))
    @permit(Permission.APPLICATION_ENTER_PAPER)
    def new_paper(self) -> Any:
        """Open a case for an application on paper; the sections are the applicants' own pages."""
        form = PaperForm(request.form if request.method == "POST" else None)
        status = 200
        if request.method == "POST" and form.validate():

            def act(session: Session) -> str:
                opened = start_paper_application(session, email=form.email.data, actor=actor(), now=clock.now())
                return url_for("join.application", application_id=opened)

            try:
                return once(act)
            except Refusal as refusal:
                form.add_error(refusal.field, refusal.sentence)
        if request.method == "POST":
            status = 422
        page = self.render(
            "admin/paper.html", form=form, form_id=new_form_id(), errors=bool(form.errors or form.form_errors)
        )
        return page, status
