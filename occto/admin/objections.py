"""異議: what members say against their votes before the freeze, and the answers."""

from collections.abc import Sequence
from typing import Any

from flask import url_for
from flask_admin import expose
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from occto import clock
from occto.access import actor, permit, viewer
from occto.admin.base import Facet, Facts, Order, StaffView, Table, link
from occto.admin.picking import OwnDetails, sent
from occto.admin.sent import sent_version
from occto.admin.verb_view import Door, Doors
from occto.domain.assembly import title_of
from occto.domain.dates import format_instant
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.forms.elections import AnswerForm
from occto.models import Assembly, Member, User, VoteObjection
from occto.queries.search import members_named
from occto.services import objections

_WAITING, _ANSWERED = "waiting", "answered"


def _state(_view: Any, _context: Any, row: Any, _name: str) -> str:
    return "要確認" if row.answered_at is None else "完了"


def _text(_view: Any, _context: Any, row: Any, _name: str) -> str:
    flat = " ".join(row.body.split())
    return flat if len(flat) <= 60 else f"{flat[:60]}…"


def _by_state(value: str) -> ColumnElement[bool]:
    return VoteObjection.answered_at.is_(None) if value == _WAITING else VoteObjection.answered_at.is_not(None)


def _of(model: Any, column: Any, key: Any) -> Any:
    return select(column).where(model.id == key).correlate(VoteObjection).scalar_subquery()


class ObjectionsView(OwnDetails, Doors, StaffView):
    """異議. The answer goes to the member by mail."""

    see, under = Permission.ASSEMBLY_SEE, "assemblies"
    title = "議決権への異議"
    details_template = "admin/objection.html"
    search_hint = "会員の商号、フリガナ、事業者コード"
    column_list = ("filed_at", "answered_at", "company", "body")
    column_labels = {"filed_at": "受付", "answered_at": "状態", "company": "会員", "body": "内容"}
    column_formatters = {"answered_at": _state, "body": _text}
    orders = {"new": Order("新しい順", VoteObjection.id, descending=True), "old": Order("古い順", VoteObjection.id)}
    tagged = ("answered_at",)
    facets = {
        "state": Facet("状態", None, [(_WAITING, "要確認"), (_ANSWERED, "完了")], condition=_by_state),
    }
    extras = {"company": _of(Member, Member.current_name, VoteObjection.member_id)}
    reads = ("filed_at", "answered_at", "body")

    def search(self, term: str) -> ColumnElement[bool]:
        return VoteObjection.member_id.in_(members_named(db.session(), term))

    def heading(self, row: VoteObjection) -> str:
        return f"{db.session.get_one(Member, row.member_id).current_name} の異議"

    def details_page(self, row: VoteObjection) -> str:
        self._template_args["state"] = "要確認" if row.answered_at is None else "完了"
        self._template_args["may_answer"] = row.answered_at is None and viewer.can(Permission.ASSEMBLY_EDIT)
        return super().details_page(row)

    def below(self, row: VoteObjection) -> Sequence[Facts | Table]:
        parts: list[Facts | Table] = [Facts("お申し出", self._facts(row))]
        if row.answered_at is not None:
            by = db.session.get(User, row.answered_by_id or 0)
            answered = [
                ("回答", row.answer),
                ("回答した方", by.name if by else ""),
                ("回答した日時", format_instant(row.answered_at)),
            ]
            parts.append(Facts("回答", answered))
        return parts

    def _facts(self, row: VoteObjection) -> list[tuple[str, Any]]:
        member, held = db.session.get_one(Member, row.member_id), db.session.get_one(Assembly, row.assembly_id)
        person = db.session.get(User, row.filed_by_id)
        return [
            ("総会", link(title_of(held), "assemblies.details_view", held.id, Permission.ASSEMBLY_SEE)),
            ("会員", link(member.current_name, "members.details_view", member.id, Permission.MEMBER_SEE)),
            ("申し出た方", person.name if person else ""),
            ("受け付けた日時", format_instant(row.filed_at)),
            ("内容", row.body),
        ]

    @expose("/answer/", methods=("GET", "POST"))
    @permit(Permission.ASSEMBLY_EDIT)
    def answer(self) -> Any:
        """An answer, which the member gets by mail."""
        row = self.row_asked()
        number, form = row.id, sent(AnswerForm)
        version = sent_version(row.version)
        door = Door(
            "異議に回答する",
            "回答を送る",
            ("異議の画面へ戻る", url_for("objections.details_view", id=number)),
            lead="会員担当と管理者に、このままメールで届きます。登録を直すときは、先に訂正の手続きを始めてください。",
            caption=self.heading(row),
            facts=self._facts(row),
            hidden={"id": number},
        )

        def act(session: Session) -> str:
            objections.answer(
                session, number, text=form.answer.data, seen_version=version, actor=actor(), now=clock.now()
            )
            return url_for("objections.details_view", id=number)

        return self.go_through(
            door,
            form,
            act,
            done="回答しました。会員にメールでお知らせします。",
            version=version,
            now_version=lambda: self.get_one(number).version,
        )
