"""委託 in words: what each procedure lets a contractor do, periods and persons as they are read."""

from collections.abc import Iterable
from datetime import date

from occto.domain.codes import Procedure
from occto.domain.dates import format_date
from occto.domain.mandates import MandateTerms
from occto.labels import label

ALLOWS: dict[Procedure, str] = {
    Procedure.VIEW: "会員情報、変更申請、加入証跡を見ることができます。",
    Procedure.CHANGES: "閲覧に加えて、変更申請の提出と取下げ、連絡先などの変更、年に一度の確認ができます。",
    Procedure.USERS: "ユーザの一覧を見て、招待、変更、停止ができます。管理者を指定することはできません。",
    Procedure.ASSEMBLY_REPLY: "総会の出欠と議決権の回答を入力できます。当日の出席と議決権の行使には、別に代理の手続きが必要です。",
}
"""What the page says of each procedure; `domain/permissions.SCOPES` is what decides."""


def procedures_in_words(procedures: Iterable[Procedure]) -> str:
    """閲覧、変更申請"""
    return "、".join(label(one) for one in procedures)


def period_in_words(starts_on: date, last_on: date | None) -> str:
    """2026年4月1日から 2027年3月31日まで"""
    until = f" {format_date(last_on)}まで" if last_on else ""
    return f"{format_date(starts_on)}から{until}"


def terms_in_words(terms: MandateTerms) -> list[tuple[str, str | list[str]]]:
    """Terms and values for a check page."""
    last_on = date.fromordinal(terms.ends_on.toordinal() - 1) if terms.ends_on else None
    return [
        ("委託する手続き", [f"{label(one)}：{ALLOWS[one]}" for one in terms.procedures]),
        ("期間", period_in_words(terms.starts_on, last_on)),
        ("操作する方", [f"{one.name} 様（{one.email}）" for one in terms.persons]),
    ]
