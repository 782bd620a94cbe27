"""管理者の申請: what OCCTO decides about IDs (利用規約 3.1/3.2.1, 3.1/3.2.2), and the lost second factors of members and staff."""

from typing import Any, ClassVar

from flask import Response, abort, request
from flask_admin import expose
from sqlalchemy import ColumnElement, func, or_, select

from occto import clock
from occto.admin import account_page as words
from occto.admin.account_doors import AccountDoors
from occto.admin.base import Facet, Order, StaffView, clamped_id
from occto.admin.exports import Exported, instant
from occto.domain.account_requests import OPEN, AccountRequestKind, AccountRequestState, read_number
from occto.domain.codes import Channel
from occto.domain.dates import today_jst
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.labels import choices, label
from occto.models import AccountRequest, Attachment, Member
from occto.queries.account_requests_staff import about_staff, request_file
from occto.queries.files import file_content
from occto.queries.search import members_named
from occto.views.tools import download

WAITING, DONE = "WAITING", "DONE"
_COMPANY = func.coalesce(
    select(Member.current_name)
    .where(Member.id == AccountRequest.member_id)
    .correlate(AccountRequest)
    .scalar_subquery(),
    AccountRequest.typed_company,
    "",
)


def _by_group(value: str) -> ColumnElement[bool]:
    if value in {WAITING, DONE}:
        undecided = AccountRequest.state.in_(OPEN)
        return undecided if value == WAITING else ~undecided
    return AccountRequest.state == AccountRequestState(value)


class AccountRequestsView(AccountDoors, StaffView):
    """管理者の申請・変更 and the lost second factors of members' people. Read-only: a request moves through the doors alone."""

    see = Permission.ACCOUNT_SEE
    title, counter = "管理者の申請", "accounts"
    subject_kind, personal = "ACCOUNT", True
    list_template = "admin/account_requests.html"
    details_template = "admin/account_request.html"
    search_hint = "受付番号（A-2026-00012）、会員の商号・事業者コード、氏名、メールアドレス"
    column_list = ("number", "kind", "person_name", "company", "state", "submitted_at", "channel")
    reads = ("number", "kind", "person_name", "state", "submitted_at", "channel")
    column_labels: ClassVar[dict[str, str]] = {
        "number": "受付番号",
        "kind": "種類",
        "person_name": "氏名",
        "company": "会員（申請の記載）",
        "state": "状態",
        "submitted_at": "受付",
        "channel": "経路",
    }
    orders = {
        "new": Order("新しい順", AccountRequest.id, descending=True),
        "old": Order("古い順", AccountRequest.id),
    }
    tagged = ("state",)
    facets = {
        "state": Facet(
            "状態",
            None,
            [(WAITING, "進行中のすべて"), (DONE, "終わったすべて"), *choices(AccountRequestState)],
            condition=_by_group,
        ),
        "kind": Facet("種類", AccountRequest.kind, choices(AccountRequestKind)),
        "channel": Facet("経路", AccountRequest.channel, choices(Channel)),
    }
    extras: ClassVar[dict[str, Any]] = {"company": _COMPANY}
    export_columns = (
        Exported("受付番号", AccountRequest.number),
        Exported("種類", AccountRequest.kind, dict(choices(AccountRequestKind))),
        Exported("氏名", AccountRequest.person_name, width=24),
        Exported("会員（申請の記載）", _COMPANY, width=40),
        Exported("状態", AccountRequest.state, dict(choices(AccountRequestState))),
        Exported("受付", AccountRequest.submitted_at, instant, width=20),
        Exported("終了", AccountRequest.decided_at, instant, width=20),
        Exported("経路", AccountRequest.channel, dict(choices(Channel))),
    )

    def scope(self) -> list[ColumnElement[bool]]:
        """What is about a member of the staff stands on the screen of the system administrators."""
        return [about_staff() if self.of_staff else ~about_staff()]

    def search(self, term: str) -> ColumnElement[bool]:
        number = read_number(term)
        found = or_(
            AccountRequest.member_id.in_(members_named(db.session(), term)),
            AccountRequest.person_name.contains(term, autoescape=True),
            func.lower(AccountRequest.person_email).contains(term.lower(), autoescape=True),
        )
        return or_(AccountRequest.number == number, found) if number else found

    def heading(self, row: AccountRequest) -> str:
        return words.heading_of(row)

    def details_page(self, row: AccountRequest) -> str:
        today = today_jst(clock.now())
        file = request_file(db.session(), row, today=today)
        return self.render(
            self.details_template,
            row=row,
            heading=self.heading(row),
            state=label(row.state),
            facts=words.filed(file),
            parts_below=words.parts_of(file, endpoint=self.endpoint, today=today),
            moves=words.moves(file, endpoint=self.endpoint, of_staff=self.of_staff),
            why_not=words.why_not(file, of_staff=self.of_staff),
            objected=row.objected_at is not None and row.settled_at is None and row.state in OPEN,
            without_contract=row.member_id is not None and not file.has_contract and row.state in OPEN,
            member_id=row.member_id,
        )

    @expose("/file/")
    def file(self) -> Response:
        """A document, as a download only."""
        number = clamped_id(request.args.get("id"))
        found = db.session.get(Attachment, number) if number is not None else None
        owner = found.account_request_id if found is not None else None
        if found is None or owner is None or self.get_one(owner) is None:
            abort(404)
        attachment, content = file_content(db.session(), found.id)
        name, media_type = attachment.name, attachment.media_type
        self.note([], details=True, ids=[owner])
        return download(content, name=name, media_type=media_type)


class StaffFactorsView(AccountRequestsView):
    """The lost second factors of the staff: a system administrator confirms, a second one approves."""

    see = Permission.STAFF_MANAGE
    title, counter = "職員の2段階認証", "staff_factors"
    of_staff = True
    search_hint = "受付番号（A-2026-00012）、氏名、メールアドレス"

    def permissions(self) -> dict[str, Permission]:
        """Every route is a system administrator's."""
        return dict.fromkeys(super().permissions(), self.see)
