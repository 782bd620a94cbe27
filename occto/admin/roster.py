"""名簿番号: lists of new numbers, checked line by line, proposed by one person and applied by another."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from flask import request, url_for
from flask_admin import expose
from sqlalchemy import select
from sqlalchemy.orm import Session

from occto import clock
from occto.access import actor, permit, viewer
from occto.admin.base import Facet, Facts, Order, StaffView, Table, link
from occto.admin.pasted import sent_with_file
from occto.admin.verb_view import ONWARD, Door, Doors, Preview
from occto.domain.codes import ProposalState
from occto.domain.dates import format_date, format_instant, today_jst
from occto.domain.permissions import Permission
from occto.domain.roster import Checked, check, read_entries
from occto.extensions import db
from occto.forms.office import RosterForm
from occto.labels import choices
from occto.models import RosterProposal, User
from occto.queries.roster import known_members, people_of_proposal, rows_of_proposal
from occto.services import roster
from occto.views.tools import new_form_id

CONSEQUENCE = "名簿番号は、議決権の集約（規則2）で資本金の額が同じときの順番に使われます。"
SHOWN_FAULTS = 50
_BACK = "変更案の画面へ戻る"


def _count(_view: Any, _context: Any, row: RosterProposal, _name: str) -> str:
    return f"{len(row.rows):,}社"


class RosterView(Doors, StaffView):
    """名簿番号の変更案. Nothing is numbered before a second person has applied the list."""

    see = Permission.ROSTER_PROPOSE
    title = "名簿番号"
    details_template = "admin/proposal.html"
    list_template = "admin/proposals.html"
    column_list = ("proposed_at", "state", "rows", "effective_on", "proposer_name", "reason")
    column_details_list = ("state", "effective_on", "reason", "proposed_at")
    column_labels = {
        "proposed_at": "作成",
        "state": "状態",
        "rows": "会員",
        "effective_on": "有効になる日",
        "proposer_name": "作成した方",
        "reason": "変更の理由",
    }
    column_formatters = {"rows": _count}
    orders = {"new": Order("新しい順", RosterProposal.id, descending=True)}
    tagged = ("state",)
    facets = {"state": Facet("状態", RosterProposal.state, choices(ProposalState))}
    extras = {
        "proposer_name": select(User.name)
        .where(User.id == RosterProposal.proposed_by_id)
        .correlate(RosterProposal)
        .scalar_subquery()
    }

    def heading(self, row: RosterProposal) -> str:
        return f"名簿番号の変更案（{len(row.rows):,}社）"

    def details_page(self, row: RosterProposal) -> str:
        waiting = row.state is ProposalState.PROPOSED
        own = row.proposed_by_id == viewer.user_id
        self._template_args["waiting"] = waiting
        self._template_args["new_form_id"] = new_form_id
        self._template_args["own"] = waiting and own and viewer.can(Permission.ROSTER_APPROVE)
        self._template_args["may_apply"] = waiting and not own and viewer.can(Permission.ROSTER_APPROVE)
        self._template_args["consequence"] = CONSEQUENCE
        self._template_args["past"] = waiting and row.effective_on < today_jst(clock.now())
        return super().details_page(row)

    def below(self, row: RosterProposal) -> Sequence[Facts | Table]:
        names = people_of_proposal(db.session(), row)
        people = [("作成した方", names.get(row.proposed_by_id, ""))]
        if row.decided_at is not None:
            people.append(("決めた方", names.get(row.decided_by_id or 0, "")))
            people.append(("決めた日時", format_instant(row.decided_at)))
        if row.change_id is not None:
            people.append(("名簿の変更の番号", str(row.change_id)))
        lines = [
            (one.code, link(one.name, "members.details_view", one.member_id, Permission.MEMBER_SEE), one.before or "なし", one.after)
            for one in rows_of_proposal(db.session(), row)
        ]  # fmt: skip
        return [Facts("作成と決定", people), Table("変わる名簿番号", _HEADS, lines)]

    @expose("/propose/", methods=("GET", "POST"))
    @permit(Permission.ROSTER_PROPOSE)
    def propose(self) -> Any:
        """The list as pasted or sent as a file; every line is checked before anything is kept."""
        form, unread = _form_sent()
        door = Door(
            "名簿番号を一覧で変える",
            "承認を依頼する",
            ("名簿番号の一覧へ戻る", url_for("roster.index_view")),
            lead=f"新しい番号の一覧を作り、別の方が承認すると反映します。{CONSEQUENCE}",
            multipart=True,
        )
        if request.method == "GET" or not form.validate():
            return self._answer(door, form, unread, 422)
        found = _checked(form)
        if unread or found.faults or not found.moves:
            if not unread and not found.faults:
                form.add_error("lines", "いまの名簿番号と違う行がありません。番号をお確かめください。")
            self._template_args["faults"] = found.faults[:SHOWN_FAULTS]
            self._template_args["more_faults"] = max(0, len(found.faults) - SHOWN_FAULTS)
            if found.faults:
                form.add_error(
                    "lines", f"{len(found.faults):,}行を直してください。行の番号と直し方は、下の一覧をご覧ください。"
                )
            return self._answer(door, form, unread, 422)

        def act(session: Session) -> str:
            numbers = {move.known.member_id: move.number for move in found.moves}
            numbers |= {one.member_id: one.number or 0 for one in found.unchanged}
            made = roster.propose(
                session,
                numbers=numbers,
                effective_on=form.effective_on.data,
                reason=form.reason.data,
                actor=actor(),
                now=clock.now(),
            )
            return url_for("roster.details_view", id=made)

        done = "変更案を作りました。別の方が承認すると、名簿番号が変わります。"
        return self.go_through(door, form, act, done=done, preview=lambda: _preview(form, found))

    def _answer(self, door: Door, form: RosterForm, unread: str, status: int) -> Any:
        if unread:
            form.add_error("file", unread)
        return self.entry(replace(door, button=ONWARD), form, version=None), 200 if request.method == "GET" else status

    @expose("/apply/", methods=("POST",))
    @permit(Permission.ROSTER_APPROVE)
    def apply(self) -> Any:
        """The second person gives the numbers."""
        return self.decide(
            roster.apply, title="名簿番号を反映する", back=_BACK, done="反映しました。名簿番号が変わります。"
        )

    @expose("/drop/", methods=("POST",))
    @permit(Permission.ROSTER_PROPOSE)
    def drop(self) -> Any:
        """取りやめ by whoever may propose or approve."""
        done = "変更案を取りやめました。名簿番号は変わりません。"
        return self.decide(roster.drop, title="変更案を取りやめる", back=_BACK, done=done)


_HEADS = ("事業者コード", "会員", "いまの番号", "新しい番号")


def _form_sent() -> tuple[RosterForm, str]:
    """The form with the lines of a file put below those typed, and a sentence where the file could not be read."""
    today = today_jst(clock.now())
    if request.method == "GET":
        return RosterForm(data={"effective_on": today}, today=today), ""
    sent, unread = sent_with_file()
    return RosterForm(sent, today=today), unread


def _checked(form: RosterForm) -> Checked:
    entries = read_entries(form.lines.data)
    by_code, holders = known_members(db.session(), entries)
    return check(entries, by_code=by_code, holders=holders, effective_on=form.effective_on.data)


def _preview(form: RosterForm, found: Checked) -> Preview:
    sentences = [CONSEQUENCE]
    if form.effective_on.data < today_jst(clock.now()):
        sentences.append(
            "有効になる日が過去の日です。基準日がその日以後の、終わっていない総会があるときは、「基準日後判明」として記録します。"
        )
    head = [
        ("有効になる日", format_date(form.effective_on.data)),
        ("番号が変わる会員", f"{len(found.moves):,}社"),
        ("いまと同じ番号の行（反映しません）", f"{len(found.unchanged):,}行"),
        ("変更の理由", form.reason.data),
    ]
    rows = [(move.known.code, move.known.name, move.known.number or "なし", move.number) for move in found.moves]
    return Preview(sentences, [Facts("変更の内容", head), Table("変わる名簿番号", _HEADS, rows)])
