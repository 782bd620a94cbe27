"""会員: the list and what is on record of one member."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, exists, select

from occto import clock
from occto.admin.base import Facet, Facts, Order, StaffView, Table, link
from occto.admin.bulk import BulkAct
from occto.admin.exports import Exported, day
from occto.admin.lists import COUNTED, Asked, Listing
from occto.admin.mails import subject_in_words
from occto.domain.codes import Licence, MemberState
from occto.domain.dates import format_date, format_instant, today_jst
from occto.domain.jobs import JobKind
from occto.domain.numbers import format_ratio_bp
from occto.domain.permissions import Permission
from occto.domain.profile import PROFILE_SECTIONS
from occto.domain.searching import Wanted, mark, wanted
from occto.domain.text import PREFECTURES
from occto.extensions import db
from occto.labels import choices, label, show
from occto.models import Body, ContractOfUse, Member, RosterFact
from occto.queries.members_staff import MemberFile, RelationOnRecord, member_file
from occto.queries.search import matches_while_walking, member_ids


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


class MembersView(StaffView):
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
        plain = super().listing(asked)
        marks = [mark(key, asked.chosen[key]) for key in _INDEXED if key in asked.chosen]
        sought = wanted(asked.term, marks=marks)
        if not asked.term and not marks:
            return plain
        session = db.session()
        ids = member_ids(session, sought)
        others = [self.facets[key].matches(value) for key, value in asked.chosen.items() if key not in _INDEXED]
        if others:
            found = ids.subquery()
            ids = select(found.c.member_id).join(Member, Member.id == found.c.member_id).where(*others)
        hits = list(session.scalars(ids.limit(COUNTED + 1)))
        if len(hits) <= COUNTED:
            return replace(plain, conditions=self.scope(), hits=hits)
        narrowed = [self.facets[key].matches(value) for key, value in asked.chosen.items()]
        text = [matches_while_walking(replace(sought, marks=()))] if asked.term else []
        return replace(plain, conditions=[*self.scope(), *narrowed, *text], many=True)

    def heading(self, row: Member) -> str:
        return row.current_name

    def below(self, row: Member) -> Sequence[Facts | Table]:
        today = today_jst(clock.now())
        file = member_file(db.session(), row, today=today)
        profile = [
            Facts(
                section.title,
                [
                    (item.title, show(item, file.profile[item.key]))
                    for item in section.items
                    if item.key in file.profile
                ],
            )
            for section in PROFILE_SECTIONS
        ]
        head = Facts("名簿と番号", [("名簿番号", file.roster_no), ("法人番号", file.corporate_number)])
        return [head, _licence_table(file), _relation_table(file.relations), *profile, *_people_and_cases(file)]


def _licence_table(file: MemberFile) -> Table:
    rows = [
        (
            label(held.category),
            held.number or "なし",
            format_date(held.effective_on),
            format_date(held.ended_on) if held.ended_on else "",
        )
        for held in file.licences
    ]
    return Table("電気事業者の区分", ("区分", "番号", "効力の生じた日", "終わる日"), rows)


def _relation_table(relations: Sequence[RelationOnRecord]) -> Table:
    rows = [
        (
            "親法人等" if relation.is_parent else "子法人等",
            relation.name,
            relation.corporate_number or "名称だけ（要確認）",
            "支配" if relation.fact.controlling else "出資だけ",
            f"{format_ratio_bp(relation.fact.ratio_bp)} %" if relation.fact.ratio_bp is not None else "",
            format_date(relation.fact.effective_on),
        )
        for relation in relations
    ]
    return Table("資本関係", ("関係", "名称", "法人番号", "支配", "議決権の割合", "効力の生じた日"), rows)


def _people_and_cases(file: MemberFile) -> list[Table]:
    people = [
        (
            link(user.name, "users.details_view", user.id, Permission.USER_SEE),
            label(at.role),
            "終了" if at.ended_at else label(user.state),
            format_instant(user.last_signed_in_at) if user.last_signed_in_at else "まだありません",
        )
        for user, at in file.people
    ]
    cases = [
        (
            link(case.acceptance_number or "", "applications.details_view", case.id, Permission.APPLICATION_SEE),
            label(case.state),
            format_instant(case.submitted_at) if case.submitted_at else "",
        )
        for case in file.applications
    ]
    mails = [
        (
            link(subject_in_words(mail), "mails.details_view", mail.id, Permission.MAIL_SEE),
            label(mail.state),
            format_instant(mail.queued_at),
        )
        for mail in file.mails
    ]
    return [
        Table("ユーザ", ("氏名", "役割", "状態", "最後のサインイン"), people),
        Table("加入申請", ("受付番号", "状態", "仮申請の提出"), cases),
        Table("最近の送信メール", ("件名", "状態", "登録"), mails),
    ]
