"""利用契約: the contracts of members, and the doors that end one or form one on paper. Membership is not touched here."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from flask import abort, request, url_for
from flask_admin import expose
from markupsafe import Markup
from sqlalchemy import ColumnElement, case, exists, select
from sqlalchemy.orm import Session, aliased

from occto import clock
from occto.access import actor, permit, viewer
from occto.admin.base import Facet, Facts, Order, StaffView, Table, clamped_id, link
from occto.admin.sent import sent_form
from occto.admin.verb_view import Door, Doors, Preview
from occto.domain.clauses import Clause
from occto.domain.codes import MemberState
from occto.domain.contracts import ENDED, LIVE, PAPER
from occto.domain.dates import format_date, format_instant, today_jst
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.forms.office import EndOnApplicationForm, FormOnPaperForm, TerminateForm
from occto.labels import label
from occto.models import ContractOfUse, Member, TermsVersion, User
from occto.queries.search import members_named
from occto.queries.terms import terms_on
from occto.services import contracts

UNTOUCHED = "会員の資格、電気事業者の区分、名簿番号、議決権、加入証跡は変わりません。"
CONSEQUENCES = (
    "いまサインインしている方は、この会員としての操作がすぐにできなくなります。会員のページは閉じます。",
    f"{UNTOUCHED}今後は紙対応となり、変更や総会の回答は書面で受け付けます。",
)


def _live(value: str) -> ColumnElement[bool]:
    other = aliased(ContractOfUse)
    replaced = exists().where(other.member_id == ContractOfUse.member_id, other.ended_at.is_(None))
    left = exists().where(Member.id == ContractOfUse.member_id, Member.current_state == MemberState.LEFT)
    if value == "LIVE":
        return ContractOfUse.ended_at.is_(None)
    ended = ContractOfUse.ended_at.is_not(None)
    return ended & ~replaced & ~left if value == "PAPER" else ended


def _clause(_view: Any, _context: Any, row: ContractOfUse, _name: str) -> str:
    known = {clause.value: clause.label for clause in Clause}
    return known.get(row.end_clause, row.end_clause) if row.end_clause else ""


def _member(_view: Any, _context: Any, row: ContractOfUse, _name: str) -> Any:
    name = db.session.scalar(select(Member.current_name).where(Member.id == row.member_id))
    return link(name or "", "members.details_view", row.member_id or 0, Permission.MEMBER_SEE)


def _of(column: Any, of: Any) -> Any:
    return select(column).where(of).correlate(ContractOfUse).scalar_subquery()


class ContractsView(Doors, StaffView):
    """利用契約. A member without one in force is 紙対応."""

    see = Permission.MEMBER_SEE
    title = "利用契約"
    subject_kind, personal = "CONTRACT", True
    details_template = "admin/contract.html"
    list_template = "admin/contracts.html"
    search_hint = "商号（以前のものも）、フリガナ、事業者コード、法人番号"
    column_list = ("member_name", "state", "formed_at", "formed_by", "ended_at", "end_clause")
    column_details_list = ("member_id", "formed_at", "formed_by", "ended_at", "end_clause", "end_reason")
    reads = ("member_id", "formed_at", "formed_by", "ended_at", "end_clause")
    column_labels = {
        "member_id": "会員",
        "member_name": "会員",
        "state": "状態",
        "formed_at": "契約の成立",
        "formed_by": "結び方",
        "ended_at": "終了",
        "end_clause": "終了の根拠",
        "end_reason": "終了の申し出・事由",
    }
    column_formatters = {"end_clause": _clause}
    column_formatters_detail = {"end_clause": _clause, "member_id": _member}
    orders = {
        "new": Order("新しい順", ContractOfUse.id, descending=True),
        "old": Order("古い順", ContractOfUse.id),
    }
    tagged = ("state",)
    facets = {"state": Facet("状態", None, [("LIVE", LIVE), ("ENDED", ENDED), ("PAPER", PAPER)], condition=_live)}
    extras = {
        "member_name": _of(Member.current_name, Member.id == ContractOfUse.member_id),
        "state": case((ContractOfUse.ended_at.is_(None), LIVE), (_live("PAPER"), PAPER), else_=ENDED),
    }

    def scope(self) -> list[ColumnElement[bool]]:
        """Contracts of members; those of applicants stand in their application."""
        return [ContractOfUse.member_id.is_not(None)]

    def search(self, term: str) -> ColumnElement[bool]:
        return ContractOfUse.member_id.in_(members_named(db.session(), term))

    def heading(self, row: ContractOfUse) -> str:
        name = db.session.scalar(select(Member.current_name).where(Member.id == row.member_id))
        return f"{name}の利用契約"

    def details_page(self, row: ContractOfUse) -> str:
        live = row.ended_at is None
        again = (
            not live
            and db.session.scalar(
                select(Member.id).where(
                    Member.id == row.member_id,
                    Member.current_state != MemberState.LEFT,
                    ~exists().where(ContractOfUse.member_id == Member.id, ContractOfUse.ended_at.is_(None)),
                )
            )
            is not None
        )
        self._template_args["live"] = live
        self._template_args["paper"] = again
        self._template_args["may_end"] = live and viewer.can(Permission.CONTRACT_MANAGE)
        self._template_args["may_form"] = again and viewer.can(Permission.CHANGE_ENTER)
        return super().details_page(row)

    def below(self, row: ContractOfUse) -> Sequence[Facts | Table]:
        others = db.session.execute(
            select(ContractOfUse, TermsVersion.no, User.name)
            .join(TermsVersion, TermsVersion.id == ContractOfUse.terms_version_id)
            .outerjoin(User, User.id == ContractOfUse.ended_by_id)
            .where(ContractOfUse.member_id == row.member_id)
            .order_by(ContractOfUse.id.desc())
        ).all()
        number, by = next((no, name) for contract, no, name in others if contract.id == row.id)
        head = [("利用規約の版", f"第{number}版")]
        if row.ended_at is not None:
            head.append(("終了を記録した方", by or "システム"))
        earlier = [
            (
                link(format_date(today_jst(one.formed_at)), "contracts.details_view", one.id, self.see),
                label(one.formed_by),
                format_instant(one.ended_at) if one.ended_at else "契約中",
            )
            for one, _no, _by in others
            if one.id != row.id
        ]
        found: list[Facts | Table] = [Facts("規約と記録", head)]
        if earlier:
            found.append(Table("この会員のほかの利用契約", ("契約の成立", "結び方", "終了"), earlier))
        return found

    @expose("/end/", methods=("GET", "POST"))
    @permit(Permission.CONTRACT_MANAGE)
    def end(self) -> Any:
        """終了 on the Party's application."""
        row, number = self._live_row()
        form = EndOnApplicationForm(sent_form(), today=_today())
        told: list[int] = []

        def act(session: Session) -> str:
            done = contracts.end_on_application(
                session,
                number,
                applied_on=form.applied_on.data,
                words=form.words.data,
                actor=actor(),
                now=clock.now(),
            )
            told.append(done)
            return url_for("contracts.details_view", id=number)

        door = self._door(
            row,
            "契約を終了する",
            lead="会員からの申し出により、利用契約を終了します。終了するとすぐに、完了のお知らせを会員担当と管理者にメールで送ります。"
            "契約は、このお知らせの時に終わります（利用規約 2.7.1）。",
        )
        return self.go_through(
            door, form, act, done=_done("利用契約を終了しました。", told), preview=lambda: self._preview_of_end(form)
        )

    @expose("/terminate/", methods=("GET", "POST"))
    @permit(Permission.CONTRACT_MANAGE)
    def terminate(self) -> Any:
        """解除 without demand."""
        row, number = self._live_row()
        form = TerminateForm(sent_form(), today=_today())
        told: list[int] = []

        def act(session: Session) -> str:
            done = contracts.terminate(
                session,
                number,
                clause=Clause(form.clause.data),
                ground=form.ground.data,
                reason=form.reason.data,
                actor=actor(),
                now=clock.now(),
            )
            told.append(done)
            return url_for("contracts.details_view", id=number)

        door = self._door(
            row,
            "契約を解除する",
            lead="催告をせずに、利用契約を解除します（利用規約 2.7.2）。条項と事由は会員に知らせます。"
            "会員でなくなるのは、電気事業者の区分がすべて終わったときだけです。",
        )
        return self.go_through(
            door, form, act, done=_done("利用契約を解除しました。", told), preview=lambda: self._preview_of_end(form)
        )

    @expose("/form/", methods=("GET", "POST"))
    @permit(Permission.CHANGE_ENTER)
    def form_on_paper(self) -> Any:
        """A new contract by its paper."""
        member = db.session.get(Member, clamped_id(request.values.get("member")) or 0)
        if member is None:
            abort(404)
        number, name = member.id, member.current_name
        form = FormOnPaperForm(sent_form(), today=_today())

        def act(session: Session) -> str:
            made = contracts.form_on_paper(
                session, number, formed_on=form.formed_on.data, actor=actor(), now=clock.now()
            )
            return url_for("contracts.details_view", id=made)

        door = Door(
            "書面で契約を結ぶ",
            "契約を記録する",
            ("会員の画面へ戻る", url_for("members.details_view", id=number)),
            lead="書面の申し込みにより、利用契約を結んだことを記録します（利用規約 2.1.2）。"
            "会員のユーザは、これまでのログインIDで会員のページを使えるようになります。",
            caption=name,
            hidden={"member": number},
        )
        return self.go_through(
            door,
            form,
            act,
            done="利用契約を記録しました。会員担当と管理者にメールで知らせます。",
            preview=lambda: _preview_of_formed(form.formed_on.data),
        )

    def _live_row(self) -> tuple[ContractOfUse, int]:
        row = self.get_one(request.values.get("id", ""))
        if row is None:
            abort(404)
        return row, row.id

    def _door(self, row: ContractOfUse, title: str, *, lead: str) -> Door:
        facts = [("契約の成立", format_instant(row.formed_at)), ("結び方", label(row.formed_by))]
        back = ("利用契約の画面へ戻る", url_for("contracts.details_view", id=row.id))
        return Door(
            title, title, back, lead=lead, caption=self.heading(row), facts=facts, danger=True, hidden={"id": row.id},
            note=UNTOUCHED,
        )  # fmt: skip

    def _preview_of_end(self, form: Any) -> Preview:
        rows = [(one.label.text, _shown(one)) for one in form]
        return Preview(CONSEQUENCES, [Facts("記録する内容", rows)])


def _shown(one: Any) -> Any:
    if isinstance(one.data, date):
        return format_date(one.data)
    words = dict(getattr(one, "choices", ()))
    return Markup('<span class="pre">{}</span>').format(words.get(one.data, one.data or ""))


def _preview_of_formed(formed_on: date) -> Preview:
    terms = terms_on(db.session(), formed_on)
    rows = [("契約を結んだ日", format_date(formed_on)), ("利用規約の版", f"第{terms.no}版（この日に効力のある版）")]
    return Preview((), [Facts("記録する内容", rows)])


def _done(sentence: str, told: list[int]) -> Callable[[], str]:
    def words() -> str:
        if told and told[-1] == 0:
            return f"{sentence}メールの宛先がないため、お知らせを郵送してください。"
        return f"{sentence}会員担当と管理者にメールで知らせます。"

    return words


def _today() -> date:
    return today_jst(clock.now())
