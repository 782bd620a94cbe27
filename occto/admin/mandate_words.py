"""A mandate as the screens of staff show it: terms and values, its persons, what happened."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from occto.admin.base import Facts, Table, link
from occto.domain.dates import format_date, format_instant
from occto.domain.permissions import Permission
from occto.labels import label
from occto.mandate_words import ALLOWS, period_in_words, procedures_in_words
from occto.queries import mandates as reads


def facts_of(line: reads.MandateLine) -> list[tuple[str, Any]]:
    return [
        ("会員", link(line.company, "members.details_view", line.member_id, Permission.MEMBER_SEE)),
        ("受託者", link(line.contractor, "contractors.company", line.contractor_id, Permission.MANDATE_REVIEW_SEE)),
        ("手続き", [f"{label(one)}：{ALLOWS[one]}" for one in line.procedures]),
        ("期間", period_in_words(line.starts_on, line.last_on)),
        ("最後の利用", format_instant(line.used_at) if line.used_at else "まだありません"),
    ]


def people_of(people: Sequence[reads.NamedPerson]) -> Table:
    rows = [
        (
            link(one.name, "users.details_view", one.user_id, Permission.USER_SEE) if one.user_id else one.name,
            one.email,
            "承認後に招待" if one.state is None else label(one.state) if one.there else "所属の終了・停止",
        )
        for one in people
    ]
    return Table("操作する方", ("氏名", "メールアドレス", "状態"), rows)


def course_of(line: reads.MandateLine) -> Facts:
    rows: list[tuple[str, Any]] = []
    if line.proposed_at:
        rows.append(
            ("始まり", f"{format_instant(line.proposed_at)}　{label(line.proposed_side)}　{line.proposed_by or ''}")
        )
    if line.received_on:
        rows.append(("書面の受取り", format_date(line.received_on)))
    if line.accepted_at:
        rows.append(("承認", f"{format_instant(line.accepted_at)}　{line.accepted_by or ''}"))
    if line.closed_at:
        rows.append(("終わり", f"{format_instant(line.closed_at)}　{label(line.closed_side)}　{line.closed_by or ''}"))
    if line.end_clause:
        rows.append(("根拠", f"利用規約 {line.end_clause}"))
    if line.close_reason:
        rows.append(("理由", line.close_reason))
    return Facts("経過", rows)


def served_by(lines: Sequence[reads.MandateLine], today: date) -> Table:
    rows = [
        (
            link(line.company, "contractors.details_view", line.id, Permission.MANDATE_REVIEW_SEE),
            procedures_in_words(line.procedures),
            period_in_words(line.starts_on, line.last_on),
            line.word(today),
            "、".join(one.name for one in line.persons),
        )
        for line in lines
    ]
    return Table("委託している会員", ("会員", "手続き", "期間", "状態", "操作する方"), rows)
