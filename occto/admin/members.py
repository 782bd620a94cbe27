"""会員: the list and what is on record of one member."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, or_, select

from occto import clock
from occto.admin.base import Facet, Facts, Order, StaffView, Table, link
from occto.admin.mails import subject_in_words
from occto.domain.codes import Licence, MemberState
from occto.domain.dates import format_date, format_instant, today_jst
from occto.domain.numbers import format_ratio_bp
from occto.domain.permissions import Permission
from occto.domain.profile import PROFILE_SECTIONS
from occto.domain.text import half_width, search_key
from occto.extensions import db
from occto.labels import choices, label, show
from occto.models import Body, Member, RosterFact
from occto.queries.members_staff import MemberFile, RelationOnRecord, member_file


def _licences(_view: Any, _context: Any, row: Member, _name: str) -> str:
    return "、".join(label(Licence(code)) for code in row.current_licences.split(",") if code)


class MembersView(StaffView):
    """会員. Everything is read from the register; changes come with 変更申請."""

    see = Permission.MEMBER_SEE
    title, gap = "会員", True
    subject_kind, personal = "MEMBER", True
    search_hint = "商号、フリガナ、事業者コード、法人番号、名簿番号"
    column_list = ("operator_code", "current_name", "current_licences", "current_state", "current_member_on")
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
    facets = {"state": Facet("状態", Member.current_state, choices(MemberState))}

    def search(self, term: str) -> ColumnElement[bool]:
        digits = half_width(term).replace("-", "").replace(" ", "")
        if digits.isascii() and digits.isdigit():
            by_number = select(Body.id).where(Body.corporate_number == digits).scalar_subquery()
            found = [Member.operator_code == digits, Member.body_id == by_number]
            if len(digits) <= 7:
                roster = select(RosterFact.member_id).where(
                    RosterFact.roster_no == int(digits), RosterFact.voided_id.is_(None), RosterFact.ended_on.is_(None)
                )
                found.append(Member.id.in_(roster))
            return or_(*found)
        key = search_key(term)
        return or_(Member.name_key.contains(key, autoescape=True), Member.kana_key.contains(key, autoescape=True))

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
