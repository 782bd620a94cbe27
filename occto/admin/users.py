"""ユーザ: who has an ID, in which state, with which roles. No secret is ever shown."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, or_, select

from occto.admin.base import Facet, Facts, Order, StaffView, Table, link
from occto.admin.exports import Exported, instant
from occto.admin.id_doors import IdDoors
from occto.domain.codes import UserKind, UserState
from occto.domain.dates import format_instant
from occto.domain.mails import INVITING
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.labels import choices, label
from occto.models import Affiliation, Member, OutboxMail, StaffRole, User


def second_factor(_view: Any, _context: Any, row: User, _name: str) -> str:
    """Whether a second factor is set up, in words."""
    return "設定済み" if row.totp_secret_enc is not None else "まだです"


SECOND_FACTOR = Facet(
    "2段階認証",
    None,
    [("SET", "設定済み"), ("NONE", "まだです")],
    condition=lambda value: User.totp_secret_enc.is_not(None) if value == "SET" else User.totp_secret_enc.is_(None),
)


def _invitation(user_id: int) -> str:
    """Where the mail that notified the ID stands, in words; empty where there is none."""
    mail = db.session.scalars(
        select(OutboxMail)
        .where(OutboxMail.user_id == user_id, OutboxMail.template.in_(INVITING))
        .order_by(OutboxMail.id.desc())
        .limit(1)
    ).first()
    return f"{label(mail.state)}（{format_instant(mail.sent_at or mail.queued_at)}）" if mail else "まだ送っていません"


class UsersView(IdDoors, StaffView):
    """ユーザ: natural persons holding a ユーザID (利用規約 3.2)."""

    see = Permission.USER_SEE
    title = "ユーザ"
    details_template = "admin/user.html"
    subject_kind, personal = "USER", True
    search_hint = "氏名、メールアドレス"
    column_list = ("name", "email", "kind", "state", "second_factor", "last_signed_in_at")
    reads = ("name", "email", "kind", "state", "totp_secret_enc", "last_signed_in_at")
    column_details_list = (
        "email", "kind", "state", "kana", "title", "phone", "second_factor", "created_at", "first_signed_in_at", "last_signed_in_at",
    )  # fmt: skip
    column_labels = {
        "name": "氏名",
        "email": "メールアドレス",
        "kind": "種別",
        "state": "状態",
        "kana": "フリガナ",
        "title": "所属・役職",
        "phone": "電話番号",
        "second_factor": "2段階認証",
        "created_at": "登録",
        "first_signed_in_at": "最初のサインイン",
        "last_signed_in_at": "最後のサインイン",
    }
    column_formatters = {"second_factor": second_factor}
    orders = {
        "new": Order("新しい順", User.id, descending=True),
        "email": Order("メールアドレス順", User.email_key),
    }
    tagged = ("state",)
    facets = {
        "kind": Facet("種別", User.kind, choices(UserKind)),
        "state": Facet("状態", User.state, choices(UserState)),
        "factor": SECOND_FACTOR,
    }

    export_columns = (
        Exported("氏名", User.name, width=24),
        Exported("フリガナ", User.kana, width=24),
        Exported("メールアドレス", User.email, width=36),
        Exported("種別", User.kind, dict(choices(UserKind))),
        Exported("状態", User.state, dict(choices(UserState))),
        Exported("所属・役職", User.title, width=24),
        Exported("電話番号", User.phone),
        Exported("2段階認証", User.totp_secret_enc.is_not(None), {True: "設定済み", False: "まだです"}.get),
        Exported("登録", User.created_at, instant, width=20),
        Exported("最後のサインイン", User.last_signed_in_at, instant, width=20),
    )

    def search(self, term: str) -> ColumnElement[bool]:
        return or_(User.email_key.contains(term.lower(), autoescape=True), User.name.contains(term, autoescape=True))

    def heading(self, row: User) -> str:
        return f"{row.name} 様" if row.kind is not UserKind.STAFF else row.name

    def details_page(self, row: User) -> str:
        self.offer_id_doors(row)
        return super().details_page(row)

    def below(self, row: User) -> Sequence[Facts | Table]:
        roles = db.session.scalars(select(StaffRole.role).where(StaffRole.user_id == row.id).order_by(StaffRole.role))
        companies = db.session.execute(
            select(Member.id, Member.current_name, Affiliation.role, Affiliation.started_at, Affiliation.ended_at)
            .join(Affiliation, Affiliation.member_id == Member.id)
            .where(Affiliation.user_id == row.id)
            .order_by(Affiliation.ended_at.is_not(None), Member.name_key, Member.id)
        )
        lines = [
            (
                link(at.current_name, "members.details_view", at.id, Permission.MEMBER_SEE),
                label(at.role),
                format_instant(at.started_at),
                format_instant(at.ended_at) if at.ended_at else "",
            )
            for at in companies
        ]
        if row.kind is UserKind.STAFF:
            return [Facts("職員の役割", [("役割", "・".join(label(role) for role in roles))])]
        found: list[Facts | Table] = [Table("会社での役割", ("会社", "役割", "いつから", "いつまで"), lines)]
        if row.first_signed_in_at is None:
            found.insert(0, Facts("招待", [("お知らせのメール", _invitation(row.id))]))
        return found
