"""会員: the list and what is on record of one member."""

from dataclasses import replace
from functools import lru_cache
from typing import Any

from flask import abort, request, url_for
from flask_admin import expose
from markupsafe import Markup
from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from occto import clock
from occto.access import actor, permit, viewer
from occto.admin.base import Facet, Order, StaffView, link
from occto.admin.bulk import BulkAct
from occto.admin.certificate_door import CertificateDoor, certificate_in_words
from occto.admin.exports import Exported, day
from occto.admin.lists import COUNTED, Asked, Listing
from occto.admin.member_tabs import TABS
from occto.admin.verb_view import Door, Doors
from occto.domain.codes import Licence, MemberState
from occto.domain.contracts import PAPER as ON_PAPER
from occto.domain.dates import format_date, today_jst
from occto.domain.jobs import JobKind
from occto.domain.permissions import Permission
from occto.domain.searching import Wanted, mark, wanted
from occto.domain.text import PREFECTURES
from occto.extensions import db
from occto.forms.id_stops import ViewAsForm
from occto.labels import choices, label
from occto.models import Body, ContractOfUse, Member, RosterFact
from occto.queries.contracts import newest_contract, state_in_words
from occto.queries.search import first_ids, matches_while_walking, member_ids
from occto.services.viewing import begin_viewing


def _licences(_view: Any, _context: Any, row: Member, _name: str) -> str:
    return _licences_in_words(row.current_licences)


PAPER = "PAPER"
_LIVE_NUMBER = (RosterFact.voided_id.is_(None), RosterFact.ended_on.is_(None))


@lru_cache(maxsize=256)
def _licences_in_words(codes: str) -> str:
    return "、".join(label(Licence(code)) for code in codes.split(",") if code)


def _of_member(column: Any, *conditions: Any) -> Any:
    return select(column).where(*conditions).correlate(Member).scalar_subquery()


def _licensed(code: str) -> ColumnElement[bool]:
    return ("," + Member.current_licences + ",").contains(f",{code},")


def _by_channel(value: str) -> ColumnElement[bool]:
    live = exists().where(ContractOfUse.member_id == Member.id, ContractOfUse.ended_at.is_(None)).correlate(Member)
    return ~live if value == PAPER else live


def _in_prefecture(name: str) -> ColumnElement[bool]:
    return matches_while_walking(Wanted(marks=(mark("prefecture", name),)))


_INDEXED = ("state", "licence", "prefecture")
"""Facets that the index of the search knows as marks."""


class MembersView(CertificateDoor, Doors, StaffView):
    """会員. Everything is read from the register; changes come with 変更申請."""

    see = Permission.MEMBER_SEE
    title, gap = "会員", True
    subject_kind, personal = "MEMBER", True
    search_hint = "商号（以前のものも）、フリガナ、事業者コード、法人番号、名簿番号"
    column_list = ("operator_code", "current_name", "current_licences", "current_state", "current_member_on")
    reads = column_list
    column_details_list = ("operator_code", "current_state", "current_member_on")
    column_labels = {
        "operator_code": "事業者コード",
        "current_name": "商号",
        "current_licences": "区分",
        "current_state": "状態",
        "current_member_on": "加入日",
    }
    column_formatters = {"current_licences": _licences}
    orders = {
        "kana": Order("フリガナ順", Member.kana_key),
        "code": Order("事業者コード順", Member.operator_code),
        "new": Order("新しい順", Member.id, descending=True),
    }
    tagged = ("current_state",)
    facets = {
        "state": Facet("状態", Member.current_state, choices(MemberState)),
        "licence": Facet("区分", None, choices(Licence), condition=_licensed),
        "prefecture": Facet("都道府県", None, [(name, name) for name in PREFECTURES], condition=_in_prefecture),
        "channel": Facet("手続き", None, [(PAPER, "紙対応"), ("ONLINE", "オンライン")], condition=_by_channel),
    }

    bulk = {
        "confirm": BulkAct(
            JobKind.CONFIRM_REQUEST,
            "利用契約のある会員の会員担当の方と管理者の方に、登録内容の確認をお願いするメールを送ります。"
            "利用契約のない会員（紙対応）とメールアドレスの登録がない会員には送らず、一覧にします。",
            Permission.MEMBER_SEE,
        )
    }
    bulk_name = "current_name"
    export_columns = (
        Exported("事業者コード", Member.operator_code),
        Exported("商号", Member.current_name, width=40),
        Exported("フリガナ", Member.current_kana, width=40),
        Exported("区分", Member.current_licences, _licences_in_words, width=30),
        Exported("状態", Member.current_state, dict(choices(MemberState))),
        Exported("加入日", Member.current_member_on, day),
        Exported("法人番号", _of_member(Body.corporate_number, Body.id == Member.body_id)),
        Exported("名簿番号", _of_member(RosterFact.roster_no, RosterFact.member_id == Member.id, *_LIVE_NUMBER)),
        Exported("手続き", _by_channel(PAPER), {True: "紙対応", False: "オンライン"}.get),
    )

    def search(self, term: str) -> ColumnElement[bool]:
        return Member.id.in_(member_ids(db.session(), wanted(term)))

    def listing(self, asked: Asked) -> Listing:
        """By the index: up to COUNTED members are fetched and sorted; of more, those met in the order of the list are taken."""
        marks = [mark(key, asked.chosen[key]) for key in _INDEXED if key in asked.chosen]
        sought = wanted(asked.term, marks=marks)
        if not asked.term and not marks:
            return super().listing(asked)
        session = db.session()
        plain = Listing(Member, self._columns, self.scope(), self.orders[asked.order])
        others = [self.facets[key].matches(value) for key, value in asked.chosen.items() if key not in _INDEXED]
        if others:
            found = member_ids(session, sought).subquery()
            ids = select(found.c.member_id).join(Member, Member.id == found.c.member_id).where(*others)
            hits = list(session.scalars(ids.limit(COUNTED + 1)))
        else:
            hits = first_ids(session, sought, limit=COUNTED + 1)
        if len(hits) <= COUNTED:
            return replace(plain, hits=hits)
        narrowed = [self.facets[key].matches(value) for key, value in asked.chosen.items()]
        text = [matches_while_walking(replace(sought, marks=()))] if asked.term else []
        return replace(plain, conditions=[*self.scope(), *narrowed, *text], many=True)

    def heading(self, row: Member) -> str:
        return row.current_name

    def details_page(self, row: Member) -> str:
        """One tab of a member; each reads only what it shows."""
        tab = self.part_shown()
        today = today_jst(clock.now())
        facts: list[tuple[str, Any]] = [("事業者コード", row.operator_code), ("状態", label(row.current_state))]
        if row.current_member_on:
            facts.append(("加入日", format_date(row.current_member_on)))
        facts.append(("利用契約", _contract(row)))
        facts.append(("加入証跡", certificate_in_words(row)))
        return self.render(
            "admin/member.html",
            row=row,
            heading=row.current_name,
            facts=facts,
            may_view=viewer.can(Permission.VIEW_AS_MEMBER) and row.current_state is not MemberState.LEFT,
            tabs=[(key, one.title, key == tab) for key, one in TABS.items() if viewer.can(one.permission)],
            parts_below=TABS[tab].parts(db.session(), row, today),
        )

    @expose("/view-as/", methods=("GET", "POST"))
    @permit(Permission.VIEW_AS_MEMBER)
    def view_as(self) -> Any:
        """Look at the pages of the member as its users see them, with a reason; reading only."""
        row = self.get_one(request.values.get("id", ""))
        if row is None or row.current_state is MemberState.LEFT:
            abort(404)
        form = ViewAsForm(request.form if request.method == "POST" else None)
        number, back = row.id, url_for("members.details_view", id=row.id)

        def act(session: Session) -> str:
            begin_viewing(
                session,
                viewer.session_id or 0,
                member_id=number,
                reason=form.reason.data,
                actor=actor(),
                now=clock.now(),
            )
            return url_for("home.home")

        door = Door(
            "会員の画面を表示する",
            "会員の画面を表示する",
            ("会員の詳細へ戻る", back),
            lead="この会員のユーザと同じ画面を、見るだけの表示で開きます。変更はできません。表示したことと理由は、会員担当と管理者にメールで知らせ、開いた画面は記録に残ります。",
            caption=row.current_name,
            hidden={"id": number},
        )
        return self.go_through(
            door, form, act, done="会員の画面を表示しています。終わったら「表示を終える」を押してください。"
        )

    def part_shown(self) -> str:
        tab = request.args.get("tab", "")
        return tab if tab in TABS and viewer.can(TABS[tab].permission) else next(iter(TABS))


def _contract(row: Member) -> Any:
    """Where the member stands with its contract of use, linked to the record or to the door that forms one."""
    newest = newest_contract(db.session(), row.id)
    words = state_in_words(row, newest)
    if newest is not None:
        return link(words, "contracts.details_view", newest.id, Permission.MEMBER_SEE)
    if words != ON_PAPER or not viewer.can(Permission.CHANGE_ENTER):
        return words
    door = url_for("contracts.form_on_paper", member=row.id)
    return Markup('{}　<a href="{}">書面で契約を結ぶ</a>').format(words, door)
