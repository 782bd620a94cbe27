"""受託者: who at which contractor can see and do what for which member, and the doors of the office (利用規約 2.3)."""

from datetime import date
from typing import Any

from flask import abort, request, url_for
from flask_admin import expose
from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from occto import clock
from occto.access import actor, permit, viewer
from occto.admin.base import Facet, Facts, Order, StaffView
from occto.admin.contractors import ContractorPage
from occto.admin.exports import Exported, day
from occto.admin.mandate_words import course_of, facts_of, people_of
from occto.admin.sent import sent_form
from occto.admin.verb_view import Door, Preview
from occto.domain.codes import MandateState, Procedure
from occto.domain.dates import format_date, today_jst
from occto.domain.errors import Refusal
from occto.domain.mandates import AFFIRMATION, MANDATES, check_terms
from occto.domain.permissions import Permission
from occto.domain.text import half_width_digits
from occto.extensions import db
from occto.forms.base import BaseForm
from occto.forms.mandates import (
    EndOnPaperForm,
    NeededReasonForm,
    PaperForm,
    with_hints,
)
from occto.labels import choices, label
from occto.mandate_words import ALLOWS, procedures_in_words, terms_in_words
from occto.models import Contractor, Mandate, MandateScope, Member
from occto.queries import mandates as reads
from occto.queries.search import members_named
from occto.services.mandates import running, starting
from occto.services.mandates.checks import has_administrator, member_by_key

CONSEQUENCE = "受託者の方は、いまサインインしている方も含めて、この会員としての操作がすぐにできなくなります。双方にメールで知らせます。"
STATES = {
    "PROPOSED": "承認待ち",
    "IN_FORCE": "有効",
    "COMING": "開始前",
    "OVER": "期間満了",
    "ENDED": "終了",
    "DECLINED": "不成立",
}


def _today() -> date:
    return today_jst(clock.now())


def _in_state(value: str) -> ColumnElement[bool]:
    """The state as people read it: of those in force, the day decides."""
    today = _today()
    over = and_(Mandate.ends_on.is_not(None), Mandate.ends_on <= today)
    active = Mandate.state == MandateState.ACTIVE
    if value == "IN_FORCE":
        return and_(active, Mandate.starts_on <= today, ~over | Mandate.ends_on.is_(None))
    if value == "COMING":
        return and_(active, Mandate.starts_on > today)
    if value == "OVER":
        return and_(active, over)
    return Mandate.state == MandateState(value)


def _covers(value: str) -> ColumnElement[bool]:
    return exists().where(MandateScope.mandate_id == Mandate.id, MandateScope.procedure == Procedure(value))


def _word(_view: Any, _context: Any, row: Any, _name: str) -> str:
    today = _today()
    if row.state == MandateState.ACTIVE and row.ends_on is not None and row.ends_on <= today:
        return STATES["OVER"]
    if row.state == MandateState.ACTIVE and row.starts_on > today:
        return STATES["COMING"]
    return label(row.state)


def _procedures(_view: Any, _context: Any, row: Any, _name: str) -> str:
    held = set((row.procedures or "").split(","))
    return procedures_in_words(one for one in Procedure if one in held)


def _last_on(_view: Any, _context: Any, row: Any, _name: str) -> str:
    return format_date(date.fromordinal(row.ends_on.toordinal() - 1)) if row.ends_on else ""


def _of(column: Any, of: Any) -> Any:
    return select(column).where(of).correlate(Mandate).scalar_subquery()


_CONTRACTOR = _of(Contractor.name, Contractor.id == Mandate.contractor_id)
_MEMBER = _of(Member.current_name, Member.id == Mandate.member_id)
_SCOPES = _of(func.aggregate_strings(MandateScope.procedure, ","), MandateScope.mandate_id == Mandate.id)


class MandatesView(ContractorPage, StaffView):
    """受託者: every mandate, whoever started it."""

    see = Permission.MANDATE_REVIEW_SEE
    title = "受託者"
    subject_kind, personal = "MANDATE", True
    list_template = "admin/mandates.html"
    details_template = "admin/mandate.html"
    search_hint = "受託者の商号、受託者の法人番号、会員（商号、事業者コード、法人番号）"
    column_list = ("contractor_name", "member_name", "procedures", "state", "starts_on", "ends_on")
    reads = ("member_id", "contractor_id", "state", "starts_on", "ends_on")
    column_labels = {
        "contractor_name": "受託者",
        "member_name": "会員",
        "procedures": "手続き",
        "state": "状態",
        "starts_on": "始まる日",
        "ends_on": "最後の日",
    }
    column_formatters = {"state": _word, "procedures": _procedures, "ends_on": _last_on}
    orders = {
        "new": Order("新しい順", Mandate.id, descending=True),
        "old": Order("古い順", Mandate.id),
    }
    tagged = ("state",)
    facets = {
        "state": Facet("状態", None, list(STATES.items()), condition=_in_state),
        "procedure": Facet("手続き", None, choices(Procedure), condition=_covers),
    }
    extras = {"contractor_name": _CONTRACTOR, "member_name": _MEMBER, "procedures": _SCOPES}
    export_columns = (
        Exported("受託者", _CONTRACTOR, width=40),
        Exported("会員", _MEMBER, width=40),
        Exported(
            "手続き",
            _SCOPES,
            lambda held: procedures_in_words(p for p in Procedure if p in (held or "").split(",")),
            width=36,
        ),
        Exported("状態", Mandate.state, dict(choices(MandateState))),
        Exported("始まる日", Mandate.starts_on, day),
        Exported("終わる日（この日は含まない）", Mandate.ends_on, day),
    )

    def search(self, term: str) -> ColumnElement[bool]:
        named = Contractor.name.contains(term, autoescape=True) | (Contractor.corporate_number == term)
        found = select(Contractor.id).where(named)
        return or_(Mandate.contractor_id.in_(found), Mandate.member_id.in_(members_named(db.session(), term)))

    def heading(self, row: Mandate) -> str:
        line = reads.one_for_staff(db.session(), row.id)
        return f"{line.company} ／ {line.contractor}"

    def details_page(self, row: Mandate) -> str:
        line, today = reads.one_for_staff(db.session(), row.id), _today()
        steps = {step.name for step in MANDATES.open_steps(line.state, viewer.permissions)}
        return self.render(
            self.details_template,
            row=row,
            heading=f"{line.company} ／ {line.contractor}",
            word=line.word(today),
            steps=steps,
            facts=facts_of(line),
            parts_below=[people_of(line.persons), course_of(line)],
        )

    @expose("/end/", methods=("GET", "POST"))
    @permit(Permission.USER_STOP)
    def end(self) -> Any:
        """終了 by the office, as it may stop the IDs of a Party."""
        number = self._running()
        form = NeededReasonForm(sent_form())

        def act(session: Session) -> str:
            running.end_by_office(session, number, reason=form.reason.data, actor=actor(), now=clock.now())
            return url_for("contractors.details_view", id=number)

        lead = "当機関が、この委託を終了させます（利用規約 3.3(3.4.4)）。理由は、双方へのメールに載ります。"
        door = self._door(number, MANDATES.step("end_by_office").label, lead)
        return self.go_through(door, form, act, done="委託を終了しました。", preview=lambda: _ending(form))

    @expose("/end-paper/", methods=("GET", "POST"))
    @permit(Permission.ACCOUNT_ENTER)
    def end_on_paper(self) -> Any:
        """終了 on the member's paper (紙対応)."""
        number = self._running()
        form = EndOnPaperForm(sent_form(), today=_today())

        def act(session: Session) -> str:
            running.end_on_paper(
                session,
                number,
                received_on=form.received_on.data,
                reason=form.reason.data,
                actor=actor(),
                now=clock.now(),
            )
            return url_for("contractors.details_view", id=number)

        lead = "会員からの書面により、この委託を終了します。"
        door = self._door(number, MANDATES.step("end_on_paper").label, lead)
        return self.go_through(door, form, act, done="委託を終了しました。", preview=lambda: _ending(form))

    def _running(self) -> int:
        row = self.get_one(request.values.get("id", ""))
        if row is None:
            abort(404)
        return int(row.id)

    def _door(self, number: int, title: str, lead: str) -> Door:
        line = reads.one_for_staff(db.session(), number)
        return Door(
            title,
            title,
            ("委託の画面へ戻る", url_for("contractors.details_view", id=number)),
            lead=lead,
            caption=f"{line.company} ／ {line.contractor}",
            facts=facts_of(line),
            danger=True,
            hidden={"id": number},
        )

    @expose("/paper/", methods=("GET", "POST"))
    @permit(Permission.ACCOUNT_ENTER)
    def paper(self) -> Any:
        """A mandate on the member's paper."""
        given = {"starts_on": _today(), "received_on": _today()}
        form = with_hints(PaperForm(sent_form(), today=_today(), data=given), ALLOWS)

        def member() -> Member:
            return member_by_key(db.session(), half_width_digits(form.member_key.data), on_paper=True)

        def act(session: Session) -> str:
            made = starting.start_on_paper(
                session,
                member_by_key(session, half_width_digits(form.member_key.data), on_paper=True).id,
                contractor_name=form.contractor_name.data,
                corporate_number=form.corporate_number.data,
                terms=form.terms,
                affirmed=form.affirmed.data,
                received_on=form.received_on.data,
                actor=actor(),
                now=clock.now(),
            )
            return url_for("contractors.details_view", id=made)

        door = Door(
            "書面による委託を入力する",
            "委託を記録する",
            ("受託者の一覧へ戻る", url_for("contractors.index_view")),
            lead="会員からの書面のとおりに入力します。会員の管理者がいないときは、委託を始められません。",
        )
        if request.method == "POST" and form.validate():
            try:
                check_terms(form.terms, today=_today())
                found = member()
            except Refusal as refusal:
                form.add_error(refusal.field, refusal.sentence)
                return self.entry(door, form, version=None), 422
            return self.go_through(
                door,
                form,
                act,
                done="委託を記録しました。双方にメールで知らせます。",
                preview=lambda: _starting(form, found),
            )
        return self.go_through(door, form, act, done="")


def _ending(form: BaseForm) -> Preview:
    rows = [(one.label.text, format_date(one.data) if isinstance(one.data, date) else one.data) for one in form]
    return Preview((CONSEQUENCE,), [Facts("記録する内容", rows)])


def _starting(form: Any, member: Member) -> Preview:
    sentences = ["記録すると、操作する方にユーザIDをお知らせし、双方にメールで知らせます。"]
    if not has_administrator(db.session(), member.id):
        sentences.append("この会員には管理者がいないため、委託を始められません。先に管理者の申請を受け付けてください。")
    rows = [
        ("会員", f"{member.current_name}（{member.operator_code}）"),
        ("受託者", form.contractor_name.data),
        ("法人番号", form.corporate_number.data),
        *terms_in_words(form.terms),
        ("書面にあること", AFFIRMATION),
        ("書面を受け取った日", format_date(form.received_on.data)),
    ]
    return Preview(sentences, [Facts("記録する内容", rows)])
