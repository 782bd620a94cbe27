"""変更申請: the list, the page of one request, its documents."""

from datetime import date
from typing import Any, ClassVar

from flask import Response, abort, request, url_for
from flask_admin import expose
from sqlalchemy import ColumnElement, and_, or_, select

from occto import clock
from occto.access import viewer
from occto.admin.base import Facet, Order, StaffView, clamped_id
from occto.admin.change_doors import ChangeDoors
from occto.admin.change_page import change_page, state_in_words, waited
from occto.admin.exports import Exported
from occto.admin.mails import subject_in_words
from occto.domain.changes import DECIDED, WAITING_FOR_STAFF, ChangeState, read_number
from occto.domain.codes import Channel
from occto.domain.dates import JST, format_date, parse_date, today_jst
from occto.domain.permissions import Permission
from occto.domain.text import InputError
from occto.extensions import db
from occto.forms.review import MarksForm, RemarkForm
from occto.labels import choices
from occto.models import ChangeRequest, Member, User
from occto.queries.changes_staff import file_of_request, next_waiting, request_file
from occto.queries.files import file_content
from occto.queries.search import members_named
from occto.views.tools import download, new_form_id

WAITING, HELD, RETURNED, DONE, DRAFT = "WAITING", "HELD", "RETURNED", "DONE", "DRAFT"
SECOND = "SECOND"


def _number(_view: Any, _context: Any, row: ChangeRequest, _name: str) -> str:
    return row.number or "入力中"


def _state(_view: Any, _context: Any, row: ChangeRequest, _name: str) -> str:
    return state_in_words(row.state, held=row.held_at is not None)


def _day(instant: Any) -> date | None:
    return instant.astimezone(JST).date() if instant else None


def _submitted_on(_view: Any, _context: Any, row: ChangeRequest, _name: str) -> str:
    day = _day(row.submitted_at)
    return format_date(day) if day else ""


def _waited(_view: Any, _context: Any, row: ChangeRequest, _name: str) -> str:
    since = _day(row.waiting_since)
    return f"{waited(since, today_jst(clock.now()))}日" if since else ""


def _by_group(value: str) -> ColumnElement[bool]:
    free = ChangeRequest.held_at.is_(None)
    groups = {
        WAITING: and_(ChangeRequest.state.in_(WAITING_FOR_STAFF), free),
        HELD: ChangeRequest.held_at.is_not(None),
        RETURNED: and_(ChangeRequest.state == ChangeState.RETURNED, free),
        DONE: ChangeRequest.state.in_(DECIDED),
        DRAFT: ChangeRequest.state == ChangeState.DRAFT,
    }
    return groups[value]


def _by_person(_value: str) -> ColumnElement[bool]:
    return and_(_by_group(WAITING), ChangeRequest.checked_by_id.is_not(None))


def _of(column: Any, *conditions: Any) -> Any:
    return select(column).where(*conditions).correlate(ChangeRequest).scalar_subquery()


_NAME = _of(Member.current_name, Member.id == ChangeRequest.member_id)
_ASSIGNEE = _of(User.name, User.id == ChangeRequest.assignee_id)


class ChangesView(ChangeDoors, StaffView):
    """変更申請. Read-only: a request moves through the doors of `ChangeDoors` alone."""

    see = Permission.CHANGE_REVIEW_SEE
    title, counter = "変更申請", "changes"
    subject_kind, personal = "CHANGE", True
    list_template = "admin/changes.html"
    search_hint = "番号（C-2026-00012）、商号、フリガナ、事業者コード、法人番号、名簿番号"
    column_list = (
        "number",
        "member_name",
        "title",
        "state",
        "submitted_at",
        "waiting_since",
        "assignee_name",
        "channel",
    )
    reads = ("number", "title", "state", "held_at", "submitted_at", "waiting_since", "channel")
    column_labels: ClassVar[dict[str, str]] = {
        "number": "番号",
        "member_name": "会員",
        "title": "内容",
        "state": "状態",
        "submitted_at": "提出",
        "waiting_since": "待った営業日",
        "assignee_name": "担当",
        "channel": "経路",
    }
    column_formatters = {
        "number": _number,
        "state": _state,
        "submitted_at": _submitted_on,
        "waiting_since": _waited,
    }
    orders = {
        "new": Order("新しい順", ChangeRequest.id, descending=True),
        "old": Order("古い順", ChangeRequest.id),
    }
    tagged = ("state",)
    facets = {
        "state": Facet(
            "状態",
            None,
            [
                (WAITING, "審査待ち・審査中"),
                (HELD, "保留"),
                (RETURNED, "差戻し"),
                (DONE, "決定済・取下げ"),
                (DRAFT, "職員が入力中"),
            ],
            condition=_by_group,
        ),
        "channel": Facet("経路", ChangeRequest.channel, choices(Channel)),
        "person": Facet("承認", None, [(SECOND, "二人目待ち")], condition=_by_person),
    }
    extras: ClassVar[dict[str, Any]] = {"member_name": _NAME, "assignee_name": _ASSIGNEE}
    export_columns = (
        Exported("番号", ChangeRequest.number),
        Exported("会員", _NAME, width=40),
        Exported("内容", ChangeRequest.title, width=40),
        Exported("状態", ChangeRequest.state, dict(choices(ChangeState))),
        Exported("保留", ChangeRequest.held_at, _day),
        Exported("事由発生日", ChangeRequest.occurred_on),
        Exported("提出", ChangeRequest.submitted_at, _day),
        Exported("待っている日", ChangeRequest.waiting_since, _day),
        Exported("決定", ChangeRequest.decided_at, _day),
        Exported("担当", _ASSIGNEE),
        Exported("経路", ChangeRequest.channel, dict(choices(Channel))),
    )

    def __init__(self, model: type[Any], *, endpoint: str) -> None:
        super().__init__(model, endpoint=endpoint)
        self.url = "changes"  # `changes` as a name of routes belongs to the pages of members

    def scope(self) -> list[ColumnElement[bool]]:
        """What was submitted, and what staff are keying in; what a member is still writing is its own."""
        keyed = and_(ChangeRequest.channel != Channel.ONLINE, ChangeRequest.state == ChangeState.DRAFT)
        return [or_(ChangeRequest.number.is_not(None), keyed)]

    def search(self, term: str) -> ColumnElement[bool]:
        number = read_number(term)
        by_member = ChangeRequest.member_id.in_(members_named(db.session(), term))
        return or_(ChangeRequest.number == number, by_member) if number else by_member

    def details_page(self, row: ChangeRequest) -> str:
        return self._page(row)

    def shown(self, row: ChangeRequest, *, form: MarksForm) -> str:
        """The page with marks that were refused, as they were typed."""
        number = row.id
        body = self._page(row, form=form)
        self.note([], details=True, ids=[number])
        return body

    def _page(self, row: ChangeRequest, *, form: MarksForm | None = None) -> str:
        session, number = db.session(), row.id
        asked, unread = _asked_day(request.args.get("on", ""))
        file = request_file(session, row)
        following = next_waiting(session, viewer=viewer, but=number)
        values = change_page(
            session, file, compare=clamped_id(request.args.get("against")), on=asked, now=clock.now(), form=form
        )
        return self.render(
            "admin/change.html",
            form_id=new_form_id(),
            new_form_id=new_form_id,
            subject_of=subject_in_words,
            remark=RemarkForm(data={"audience": "PARTY"}),
            next_url=url_for("change_requests.details_view", id=following.id) if following else "",
            unread=unread,
            errors=bool(form and (form.errors or form.form_errors)),
            **values,
        )

    @expose("/file/")
    def file(self) -> Response:
        """A document, as a download only."""
        number = clamped_id(request.args.get("id"))
        found = file_of_request(db.session(), number) if number is not None else None
        if found is None or self.get_one(found.change_request_id) is None:
            abort(404)
        request_id = found.change_request_id
        attachment, content = file_content(db.session(), found.id)
        name, media_type = attachment.name, attachment.media_type
        self.note([], details=True, ids=[request_id])
        return download(content, name=name, media_type=media_type)


def _asked_day(text: str) -> tuple[date | None, str]:
    """The day that the address asks for, and a sentence where it could not be read."""
    if not text.strip():
        return None, ""
    try:
        return parse_date(text[:40]), ""
    except InputError as problem:
        return None, str(problem)
