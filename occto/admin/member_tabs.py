"""The tabs of a member's page, put into words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import current_app
from sqlalchemy.orm import Session

from occto.admin.base import Facts, Table, link
from occto.admin.mails import subject_in_words
from occto.admin.sanctions import sanction_table
from occto.admin.trail import subject_in_words as event_subject
from occto.domain.audit_tags import AUDIT_TAGS
from occto.domain.dates import format_date, format_instant
from occto.domain.numbers import format_ratio_bp
from occto.domain.permissions import Permission
from occto.domain.profile import PROFILE_SECTIONS
from occto.labels import label, show
from occto.models import ChangeRequest, Member
from occto.queries.members_staff import (
    MemberFile,
    RelationOnRecord,
    agreements_of,
    events_of,
    mails_of,
    member_file,
    requests_of,
)

Parts = Sequence[Facts | Table]
_CHANGE_PAGE = "change_requests.details_view"


def _register(session: Session, member: Member, today: date) -> Parts:
    file = member_file(session, member, today=today)
    profile = [
        Facts(
            section.title,
            [(item.title, show(item, file.profile[item.key])) for item in section.items if item.key in file.profile],
        )
        for section in PROFILE_SECTIONS
    ]
    head = Facts("名簿と番号", [("名簿番号", file.roster_no), ("法人番号", file.corporate_number)])
    sanctions = sanction_table(session, member.id)
    return [
        head,
        _licence_table(file),
        _relation_table(file.relations),
        *([sanctions] if sanctions.rows else []),
        *profile,
        _people(file),
    ]


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
            "支配" if relation.controlling else "出資だけ",
            f"{format_ratio_bp(relation.ratio_bp)} %" if relation.ratio_bp is not None else "",
            format_date(relation.effective_on),
        )
        for relation in relations
    ]
    return Table("資本関係", ("関係", "名称", "法人番号", "支配", "議決権の割合", "効力の生じた日"), rows)


def _people(file: MemberFile) -> Table:
    people = [
        (
            link(person.name, "users.details_view", person.user_id, Permission.USER_SEE),
            label(person.role),
            "終了" if person.ended_at else label(person.state),
            format_instant(person.last_signed_in_at) if person.last_signed_in_at else "まだありません",
        )
        for person in file.people
    ]
    return Table("ユーザ", ("氏名", "役割", "状態", "最後のサインイン"), people)


def _instant(value: datetime | None) -> str:
    return format_instant(value) if value else ""


def _requests(session: Session, member: Member, _today: date) -> Parts:
    changes, cases = requests_of(session, member.id)
    lines = [
        (
            _to_change(one),
            one.title,
            f"{label(one.state)}・保留" if one.held_at else label(one.state),
            _instant(one.submitted_at),
            _instant(one.decided_at),
        )
        for one in changes
    ]
    joined = [
        (
            link(case.acceptance_number or "", "applications.details_view", case.id, Permission.APPLICATION_SEE),
            label(case.state),
            _instant(case.submitted_at),
        )
        for case in cases
    ]
    return [
        Table("変更申請", ("番号", "内容", "状態", "提出", "決定"), lines),
        Table("加入申請", ("受付番号", "状態", "仮申請の提出"), joined),
    ]


def _to_change(one: ChangeRequest) -> Any:
    words = one.number or "未提出"
    there = _CHANGE_PAGE in current_app.view_functions
    return link(words, _CHANGE_PAGE, one.id, Permission.CHANGE_REVIEW_SEE) if there else words


def _agreements(session: Session, member: Member, _today: date) -> Parts:
    found = agreements_of(session, member.id)
    contracts = [
        (
            f"第{no}版",
            label(one.formed_by),
            link(format_instant(one.formed_at), "contracts.details_view", one.id, Permission.MEMBER_SEE),
            _instant(one.ended_at),
            f"利用規約 {one.end_clause}" if one.end_clause else "",
        )
        for one, no in found.contracts
    ]
    consents = [
        (f"第{no}版", label(one.kind), who or "申請者", format_instant(one.at)) for one, no, who in found.consents
    ]
    declarations = [(label(one.kind), f"第{no}版", format_instant(one.at)) for one, no in found.declarations]
    on_paper = all(one.ended_at for one, _no in found.contracts)
    return [
        Facts("手続きの方法", [("いまの扱い", "紙対応（有効な利用契約がありません）" if on_paper else "オンライン")]),
        Table("本システム利用契約", ("規約", "成立の方法", "成立", "終了", "根拠"), contracts),
        Table("利用規約への同意", ("規約", "同意の方法", "同意した方", "日時"), consents),
        Table("表明と同意", ("内容", "規約", "日時"), declarations),
    ]


def _mails(session: Session, member: Member, _today: date) -> Parts:
    lines = [
        (
            link(subject_in_words(mail), "mails.details_view", mail.id, Permission.MAIL_SEE),
            mail.to_address,
            label(mail.state),
            format_instant(mail.queued_at),
        )
        for mail in mails_of(session, member.id)
    ]
    return [Table("最近の送信メール", ("件名", "宛先", "状態", "登録"), lines)]


def _events(session: Session, member: Member, _today: date) -> Parts:
    lines = [
        (
            format_instant(event.at),
            link(
                AUDIT_TAGS[event.tag][0] if event.tag in AUDIT_TAGS else event.tag,
                "records.details_view",
                event.id,
                Permission.AUDIT_SEE,
            ),
            who or "システム",
            event_subject(event.subject),
        )
        for event, who in events_of(session, member.id)
    ]
    return [Table("最近の記録", ("日時", "操作", "操作した方", "対象"), lines)]


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab: its words, who may open it, and what stands in it."""

    title: str
    permission: Permission
    parts: Callable[[Session, Member, date], Parts]


TABS: dict[str, Tab] = {
    "register": Tab("登録内容", Permission.MEMBER_SEE, _register),
    "requests": Tab("変更申請", Permission.CHANGE_REVIEW_SEE, _requests),
    "agreements": Tab("同意・契約", Permission.MEMBER_SEE, _agreements),
    "mails": Tab("送信メール", Permission.MAIL_SEE, _mails),
    "events": Tab("記録", Permission.AUDIT_SEE, _events),
}
