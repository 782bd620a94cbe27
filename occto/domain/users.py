"""ユーザ of a company: where an invitation stands, which addresses look shared, how pasted lines are read (利用規約 3.2)."""

import csv
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice

from occto.domain.codes import MailState, UserState
from occto.domain.text import InputError

MOST_INVITED_AT_ONCE = 200
RESEND_AFTER = timedelta(minutes=5)
"""A second invitation within this time of the first is refused: a mail needs a moment to arrive."""
COLUMNS: tuple[tuple[str, str], ...] = (
    ("name", "氏名"),
    ("kana", "フリガナ"),
    ("title", "所属・役職"),
    ("email", "メールアドレス"),
    ("phone", "電話番号"),
    ("role", "役割"),
)
"""Columns of the list of invitations in the order of the template: key and title."""

_SHARED_WORDS = frozenset(
    word
    for line in (
        "info soumu somu denryoku denki hatsuden keiri kaikei jinji houmu homu kanri eigyo eigyou sales",
        "support office jimu jimukyoku contact mail admin administrator webmaster postmaster root tantou",
        "tanto tantousha madoguchi uketsuke toiawase otoiawase inquiry help helpdesk group team staff all",
        "member members kaiin daihyo daihyou honsha shisha eigyosho honbu shared kyoyu kyouyu ml list kikaku",
        "energy power noreply test user account",
    )
    for word in line.split()
)
_OFFICE = re.compile(
    r"(部|課|室|係|グループ|チーム|センター|事務局|担当|担当者|窓口|御中|株式会社|合同会社)\s*\Z|\A株式会社"
)


class Standing(StrEnum):
    """Where a person stands with one company: the invitation until the password is set, then in use or stopped."""

    NOT_SENT = "NOT_SENT"
    WAITING = "WAITING"
    SENT = "SENT"
    UNDELIVERED = "UNDELIVERED"
    EXPIRED = "EXPIRED"
    ACTIVE = "ACTIVE"
    STOPPED = "STOPPED"
    BARRED = "BARRED"


INVITED = frozenset({Standing.NOT_SENT, Standing.WAITING, Standing.SENT, Standing.UNDELIVERED, Standing.EXPIRED})
LABELS: dict[str, str] = {
    Standing.NOT_SENT: "招待メール未送付",
    Standing.WAITING: "招待メール送信待ち",
    Standing.SENT: "招待メール送信済み",
    Standing.UNDELIVERED: "招待メール不達",
    Standing.EXPIRED: "招待リンク期限切れ",
    Standing.ACTIVE: "利用中",
    Standing.STOPPED: "停止中",
    Standing.BARRED: "停止中（当機関）",
}
_ON_THE_WAY = frozenset({MailState.PENDING, MailState.LEASED, MailState.UNCERTAIN})
_LOST = frozenset({MailState.FAILED, MailState.BOUNCED})


def standing(
    *,
    state: UserState,
    stopped: bool,
    mail: MailState | None,
    link_expires_at: datetime | None,
    now: datetime,
) -> Standing:
    """Where a person stands; `mail` is the newest one that carried a link to set the password, None where none did."""
    if state in {UserState.STOPPED, UserState.CLOSED}:
        return Standing.BARRED
    if stopped:
        return Standing.STOPPED
    if state is UserState.ACTIVE:
        return Standing.ACTIVE
    if mail in _ON_THE_WAY:
        return Standing.WAITING
    if mail in _LOST:
        return Standing.UNDELIVERED
    if mail is MailState.SENT:
        return Standing.EXPIRED if link_expires_at is not None and link_expires_at <= now else Standing.SENT
    return Standing.NOT_SENT


def looks_shared(email: str) -> bool:
    """Whether the address reads like that of an office or a list: an ID is a natural person's (利用規約 3.2). A hint only."""
    local = email.rpartition("@")[0].lower()
    return any(word in _SHARED_WORDS for word in re.split(r"[^a-z]+", local))


def looks_like_office(name: str) -> bool:
    """Whether what was given as 氏名 reads like a department or a company. A hint only."""
    return _OFFICE.search(name) is not None


def rows_of_text(text: str) -> list[dict[str, str]]:
    """Read pasted lines, parted by tabs (as copied from Excel) or commas, into values by column. Raises InputError.

    A first line with the titles of the columns sets their order; without one it is that of COLUMNS.
    """
    try:
        cells = list(islice(csv.reader(text.splitlines(), delimiter="\t" if "\t" in text else ","), 1000))
    except csv.Error:
        raise InputError("貼り付けた内容を読み取れませんでした。1行に1名ずつ、表のまま貼り付けてください。") from None
    return rows_of_cells(cells)


def rows_of_cells(cells: Iterable[Sequence[str]]) -> list[dict[str, str]]:
    """Values by column of a table of texts, empty lines left out. Raises InputError where there are none, or too many."""
    lines = [[cell.strip() for cell in line] for line in cells]
    lines = [line for line in lines if any(line)]
    order = _order(lines[0]) if lines else None
    if order is not None:
        lines = lines[1:]
    if not lines:
        raise InputError("招待する方が1名も入力されていません。1行に1名ずつ入力してください。")
    if len(lines) > MOST_INVITED_AT_ONCE:
        raise InputError(
            f"一度に招待できるのは{MOST_INVITED_AT_ONCE}名までです（いまは{len(lines)}名です）。分けて入力してください。"
        )
    places = order or {key: place for place, (key, _title) in enumerate(COLUMNS)}
    rows = [{key: line[place] if place < len(line) else "" for key, place in places.items()} for line in lines]
    missing = {key: "" for key, _title in COLUMNS if key not in places}
    return [missing | row | {"phone": _whole_phone(row.get("phone", ""))} for row in rows]


def text_of_rows(rows: Iterable[Mapping[str, str]]) -> str:
    """The rows as lines that `rows_of_text` reads back, titles first: what a check page hands on."""
    lines = ["\t".join(title for _key, title in COLUMNS)]
    lines += ["\t".join(_one_line(row.get(key, "")) for key, _title in COLUMNS) for row in rows]
    return "\n".join(lines)


def _whole_phone(value: str) -> str:
    """A telephone number with the leading zero that a spreadsheet took from it for a figure."""
    return f"0{value}" if re.fullmatch(r"[1-9][0-9]{8,9}", value) else value


def _one_line(value: str) -> str:
    return re.sub(r'[\t\r\n"]+', " ", value).strip()


def _order(line: Sequence[str]) -> dict[str, int] | None:
    """Where each column stands, by the titles in a first line; None where it is no line of titles."""
    titles = {_plain(title): key for key, title in COLUMNS} | {
        "メール": "email",
        "eメール": "email",
        "所属": "title",
        "役職": "title",
        "ふりがな": "kana",
        "電話": "phone",
        "権限": "role",
    }
    found: dict[str, int] = {}
    for place, cell in enumerate(line):
        key = titles.get(_plain(cell))
        if key is not None:
            found.setdefault(key, place)
    return found if {"name", "email"} <= set(found) else None


def _plain(title: str) -> str:
    folded = unicodedata.normalize("NFKC", title[:40]).casefold()
    return re.sub(r"[\s()（）*※]|必須|任意", "", folded)
