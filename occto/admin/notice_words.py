"""What a notice will do, before it is sent, and what one recipient will read: for the pages of notices."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from occto.admin.base import Facts, Table
from occto.admin.verb_view import Preview
from occto.delivery import fill
from occto.domain.agenda import ItemKind
from occto.domain.assembly_settings import read_settings
from occto.domain.convocation import NoticeKind, NoticeState, day_held, last_lawful_day
from occto.domain.dates import format_date_weekday, format_instant, today_jst
from occto.domain.merge_fields import fill as fill_fields
from occto.domain.notice_texts import NO_PERSON
from occto.domain.numbers import clamped_id
from occto.domain.text import storable
from occto.labels import label
from occto.models import Assembly, Notice
from occto.notice_mail import merged
from occto.pages import site
from occto.queries.assembly_recipients import recipients
from occto.queries.convocation import documents, not_yet_notified
from occto.queries.notice_values import frozen_roll, member_for_preview, shared_values
from occto.services.convocation.reminding import to_remind
from occto.services.convocation.writing import TEMPLATE

MOST_SIGNS = 20


@dataclass(frozen=True, slots=True)
class Look:
    """A notice as one recipient gets it. `unknown`: no member has the code that was asked for."""

    code: str
    company: str
    people: list[tuple[int, str]]
    to: int
    address: str
    subject: str
    body: str
    unknown: bool = False


def shown_to(values: Mapping[str, str]) -> str | None:
    """The operator code that was asked for, without what no database takes."""
    return storable(values.get("member", "")[:MOST_SIGNS]).strip() or None


def look_through(session: Session, notice: Notice, values: Mapping[str, str], *, now: datetime) -> Look | None:
    """The notice as the member and recipient asked for get it, the footer of mails included; None without any member."""
    code = shown_to(values)
    member = member_for_preview(session, notice.assembly_id, code)
    unknown = member is None
    if member is None:
        member = member_for_preview(session, notice.assembly_id, None)
    if member is None:
        return None
    found = recipients(session, [member.member_id], today=today_jst(now)).get(member.member_id, [])
    place = min(clamped_id(values.get("to")) or 1, max(len(found), 1))
    chosen = found[place - 1] if found else None
    subject, body = notice.subject, notice.body
    if notice.state is NoticeState.DRAFT:
        shared = shared_values(session, session.get_one(Assembly, notice.assembly_id))
        subject, body = fill_fields(subject, shared), fill_fields(body, shared)
    fields = member.values() | {"担当者名": chosen.name if chosen else NO_PERSON}
    words = {
        "notice_subject": merged(subject, fields, assembly_id=notice.assembly_id),
        "notice_body": merged(body, fields, assembly_id=notice.assembly_id),
    }
    shown_subject, shown_body = fill(TEMPLATE, {**words, "site": site()})
    return Look(
        code=member.operator_code,
        company=member.name,
        people=[(number, f"{one.name}（{label(one.kind)}）{one.email}") for number, one in enumerate(found, 1)],
        to=place,
        address=chosen.email if chosen else "",
        subject=shown_subject,
        body=shown_body,
        unknown=unknown,
    )


def what_follows(session: Session, notice: Notice, assembly: Assembly, *, now: datetime) -> Preview:
    """What sending this notice does: warnings first, then whom it reaches and what it says."""
    look = look_through(session, notice, {}, now=now)
    text = [Facts("一人目の方に届く内容", [("件名", look.subject), ("本文", look.body.split("\n"))])] if look else []
    untested = [] if notice.tested_at else ["この文は、まだ自分あてに試し送りをしていません。"]
    if notice.kind is NoticeKind.REMINDER:
        return Preview(untested, [_reminded(session, assembly, now=now), *text])
    warnings = [*untested, *(_warnings(session, assembly) if notice.kind is NoticeKind.NOTICE else [])]
    return Preview(warnings, [_reached(session, assembly, now=now), _items(session, assembly), *text])


def _reminded(session: Session, assembly: Assembly, *, now: datetime) -> Facts:
    found = to_remind(session, assembly.id, now=now)
    return Facts(
        "お願いを送る相手（まだ回答していない会員）",
        [
            ("メールを送る会員", f"{len(found.members):,}社（うち議決権のある会員 {found.holders:,}社。先に送ります）"),
            ("メールの数", f"{found.mails:,}通"),
            ("メールで届かない会員", f"{found.on_paper:,}社（送りません。電話か郵便でお願いしてください）"),
        ],
    )


def _reached(session: Session, assembly: Assembly, *, now: datetime) -> Facts:
    roll = frozen_roll(session, assembly.id)
    people = recipients(session, None, today=today_jst(now))
    by_mail = [people[one.member_id] for one in roll if people.get(one.member_id)]
    last = last_lawful_day(day_held(assembly.held_at))
    return Facts(
        "送る相手",
        [
            ("名簿の会員", f"{len(roll):,}社"),
            ("メールで送る会員", f"{len(by_mail):,}社（{sum(map(len, by_mail)):,}通）"),
            ("郵送する会員（紙対応）", f"{len(roll) - len(by_mail):,}社（手紙を印刷して郵送してください）"),
            ("通知できる最後の日", f"{format_date_weekday(last)}（総会の6日前。電気事業法 28条の36）"),
            ("回答の締切", format_instant(assembly.reply_until) if assembly.reply_until else "決まっていません"),
        ],
    )


def _items(session: Session, assembly: Assembly) -> Table:
    rows = [
        ("報告" if one.kind is ItemKind.REPORT else f"第{one.no}号", one.title, label(one.majority))
        for one in not_yet_notified(session, assembly.id)
    ]
    return Table(
        "この通知で知らせる議案・報告事項", ("番号", "件名", "決議"), rows, "ありません。このままでは送れません。"
    )


def _warnings(session: Session, assembly: Assembly) -> list[str]:
    found: list[str] = []
    if read_settings(assembly.settings).quorum_basis is None:
        found.append(
            "定足数の数え方が決まっていません。このまま送ると、全会員・みなし会員・議決権の3つの数え方すべてで半数以上が必要になります。"
        )
    if not documents(session, assembly.id):
        found.append("資料が1つも登録されていません。会員は、サインインしたページで資料を見ます。")
    return found
