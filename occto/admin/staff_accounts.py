"""職員: accounts of the staff, in the hands of system administrators, who decide nothing of the business."""

from collections.abc import Sequence
from typing import Any

from flask import url_for
from sqlalchemy import ColumnElement, func, or_, select

from occto.access import viewer
from occto.admin.base import Facet, Facts, Order, Table
from occto.admin.id_doors import IdDoors
from occto.admin.users import SECOND_FACTOR, second_factor
from occto.admin.verb_view import VerbView
from occto.domain.codes import UserKind, UserState
from occto.domain.permissions import Permission, Role
from occto.extensions import db
from occto.forms.id_stops import RolesForm, StaffForm
from occto.labels import choices, label
from occto.models import StaffRole, User
from occto.services import staff

_ROLES = (
    select(func.aggregate_strings(StaffRole.role, ","))
    .where(StaffRole.user_id == User.id)
    .correlate(User)
    .scalar_subquery()
)


def _words(roles: str | None) -> str:
    held = set((roles or "").split(","))
    return "・".join(label(role) for role in Role if role.value in held)


def _roles(_view: Any, _context: Any, row: Any, _name: str) -> str:
    return _words(row.roles)


class StaffAccountsView(IdDoors, VerbView):
    """職員. Nobody gives roles to oneself, and one system administrator always stays."""

    see = write = exports = Permission.STAFF_MANAGE
    title = "職員"
    subject_kind, personal = "USER", True
    details_template, list_template = "admin/staff_account.html", "admin/staff_accounts.html"
    search_hint = "氏名、メールアドレス"
    column_list = ("name", "email", "roles", "state", "second_factor", "last_signed_in_at")
    reads = ("name", "email", "state", "totp_secret_enc", "last_signed_in_at")
    extras = {"roles": _ROLES}
    column_details_list = ("email", "state", "second_factor", "created_at", "last_signed_in_at")
    column_labels = {
        "name": "氏名",
        "email": "メールアドレス",
        "roles": "役割",
        "state": "状態",
        "second_factor": "2段階認証",
        "created_at": "登録",
        "last_signed_in_at": "最後のサインイン",
    }
    column_formatters = {"second_factor": second_factor, "roles": _roles}
    column_formatters_detail = {"second_factor": second_factor}
    orders = {
        "email": Order("メールアドレス順", User.email_key),
        "new": Order("新しい順", User.id, descending=True),
    }
    tagged = ("state",)
    facets = {
        "state": Facet("状態", User.state, choices(UserState)),
        "factor": SECOND_FACTOR,
    }
    form = StaffForm
    form_columns = ("roles",)
    create_verb = staticmethod(staff.create_staff)
    update_verb = staticmethod(staff.change_roles)
    create_title, edit_title = "職員を登録する", "役割を変える"
    created = "職員を登録しました。パスワードを設定するためのリンクを、ご本人にメールでお送りします。"
    updated = "役割を変えました。ご本人にメールで知らせます。"

    def scope(self) -> list[ColumnElement[bool]]:
        return [User.kind == UserKind.STAFF]

    def search(self, term: str) -> ColumnElement[bool]:
        return or_(User.email_key.contains(term.lower(), autoescape=True), User.name.contains(term, autoescape=True))

    def get_edit_form(self) -> Any:
        return RolesForm

    def heading(self, row: User) -> str:
        return row.name

    def values_of(self, row: User) -> dict[str, Any]:
        roles = db.session.scalars(select(StaffRole.role).where(StaffRole.user_id == row.id))
        return {"roles": [role.value for role in roles]}

    def _values(self, form: Any) -> dict[str, Any]:
        found: dict[str, Any] = {"roles": [Role(value) for value in form.roles.data or ()]}
        if "email" in form:
            found |= {"email": form.email.data, "name": form.name.data}
        return found

    def details_page(self, row: User) -> str:
        own = row.id == viewer.user_id
        self._template_args["edit_url"] = None if own else url_for("staff_accounts.edit_view", id=row.id)
        self._template_args["own"] = own
        self.offer_id_doors(row)
        return super().details_page(row)

    def below(self, row: User) -> Sequence[Facts | Table]:
        roles = db.session.scalars(select(StaffRole.role).where(StaffRole.user_id == row.id)).all()
        return [Facts("職員の役割", [("役割", _words(",".join(roles)))])]
