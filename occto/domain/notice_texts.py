"""招集通知: the words that staff begin with, and the values of the fields in them (業務: `domain` 6, Notice)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from occto.domain.agenda import ItemKind, item_title
from occto.domain.convocation import NoticeKind
from occto.domain.dates import format_date_weekday, format_instant

SUBJECT_LIMIT, BODY_LIMIT = 200, 8000
K = NoticeKind
SUBJECTS: dict[NoticeKind, str] = {
    K.NOTICE: "【招集通知】{総会名}",
    K.ADDENDUM: "【招集通知の追加】{総会名}",
    K.REMINDER: "【回答のお願い】{総会名}",
}
NO_PERSON = "ご担当者"
_HEAD = """{会員名}
{担当者名} 様

日ごろより当機関の業務にご協力いただき、ありがとうございます。
"""
_ABOUT = """
■ 総会
{総会名}

■ 日時
{開催日時}

■ 場所
{場所}
"""
_REPLY = """
■ 出欠と議決権の回答
{回答期限}までに、次のページでご回答ください。議案の資料も、このページにあります（サインインが必要です）。
{回答ページ}

画面での回答が難しいときは、書面でも承ります。お問い合わせ先までご連絡ください。
"""
BODIES: dict[NoticeKind, str] = {
    K.NOTICE: f"""{_HEAD}次のとおり総会を開きますので、お知らせします（電気事業法 第28条の36）。
{_ABOUT}
■ 議案・報告事項
{{議案一覧}}

■ 貴社の議決権
{{議決権数}}
基準日 {{基準日}}
{_REPLY}""",
    K.ADDENDUM: f"""{_HEAD}先にお知らせした総会に、次の議案・報告事項を追加しますので、お知らせします（電気事業法 第28条の36）。
{_ABOUT}
■ 追加する議案・報告事項
{{追加の議案}}

すでにご回答いただいている場合も、追加した議案への回答が必要です。
{_REPLY}""",
    K.REMINDER: f"""{_HEAD}次の総会について、貴社のご回答をまだいただいていません。
行き違いでご回答いただいている場合は、ご容赦ください。
{_ABOUT}
■ 貴社の議決権
{{議決権数}}
{_REPLY}""",
}


@dataclass(frozen=True, slots=True)
class ItemTold:
    """An item of the agenda as a notice names it."""

    no: int
    kind: ItemKind
    title: str


def values_for_all(
    *,
    name: str,
    held_at: datetime,
    place: str | None,
    record_on: date,
    reply_until: datetime | None,
    items: Iterable[ItemTold],
    added: Iterable[ItemTold],
) -> dict[str, str]:
    """What the fields say that are the same for everybody."""
    return {
        "総会名": name,
        "開催日時": format_instant(held_at),
        "場所": place or "追ってお知らせします",
        "基準日": format_date_weekday(record_on),
        "議案一覧": _listed(items),
        "追加の議案": _listed(added),
        "回答期限": format_instant(reply_until) if reply_until else "追ってお知らせする日時",
    }


def values_for_member(*, name: str, operator_code: str, votes: int) -> dict[str, str]:
    """What the fields say of one member; `votes` as frozen."""
    return {
        "会員名": name,
        "事業者コード": operator_code,
        "議決権数": f"{votes:,}票" if votes else "なし（0票）",
    }


def _listed(items: Iterable[ItemTold]) -> str:
    return "\n".join(map(item_title, sorted(items, key=lambda one: one.no))) or "ありません"
