"""Cells of a workbook: read into the clean values that forms give, and written so that reading gives them back."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from typing import Any
from urllib.parse import urlsplit

from occto.domain.codes import LegalForm
from occto.domain.dates import format_date, parse_date
from occto.domain.import_sheets import PAST_ITEMS, Cell, Column, Sheet, of_item
from occto.domain.importing import SheetKind
from occto.domain.numbers import (
    format_ratio_bp,
    parse_corporate_number,
    parse_operator_code,
    parse_phone,
    parse_postal_code,
    parse_ratio_bp,
    parse_yen,
)
from occto.domain.profile import ITEMS, Kind
from occto.domain.text import (
    PREFECTURES,
    InputError,
    clean_line,
    clean_text,
    half_width,
    half_width_digits,
    quote,
    to_katakana,
)
from occto.forms.validators import parse_email
from occto.labels import label

Raw = str | int | float | bool | datetime | date | time | None
Fault = tuple[str, str]
HIGHEST_ROSTER = 9_999_999
_CONTROL = {"支配している": True, "はい": True, "支配していない": False, "いいえ": False}


class Formula(str):
    """The text of a cell that holds a formula; it is refused wherever it stands."""

    __slots__ = ()


def as_text(raw: Raw) -> str:
    """What the cell shows, as text; days as 2026-04-01."""
    if raw is None:
        return ""
    if isinstance(raw, datetime):
        return raw.date().isoformat()
    if isinstance(raw, date | time):
        return raw.isoformat()
    if isinstance(raw, float) and raw.is_integer() and abs(raw) < 1e15:
        return str(int(raw))
    return str(raw)


def clean_row(sheet: Sheet, cells: Mapping[str, Raw]) -> tuple[dict[str, Any], list[Fault]]:
    """The clean values of a row by key (None where the cell is blank) and [title, sentence] of each fault."""
    answers: dict[str, Any] = {}
    faults: list[Fault] = []
    for column in sheet.columns:
        try:
            answers[column.key] = clean(column, cells.get(column.key))
        except InputError as error:
            answers[column.key] = None
            faults.append((column.title, str(error)))
    if sheet.kind is SheetKind.PAST and not faults and answers["item"] is not None:
        faults = _clean_past(answers, cells)
    return answers, faults


def _clean_past(answers: dict[str, Any], cells: Mapping[str, Raw]) -> list[Fault]:
    """Read the values before and after as the item is read."""
    column = of_item(ITEMS[answers["item"]])
    faults: list[Fault] = []
    for key, title in (("before", "変更前"), ("after", "変更後")):
        try:
            answers[key] = clean(column, cells.get(key))
        except InputError as error:
            faults.append((title, str(error)))
    return faults


def clean(column: Column, raw: Raw) -> Any:
    """The clean value of a cell, None for a blank one; days as ISO text. Raises InputError."""
    if isinstance(raw, Formula):
        raise InputError(f"数式は読み込めません。{column.title}の値そのものを入力してください。")
    text = as_text(raw)
    if not text.strip():
        return None
    if column.kind is Cell.OPERATOR_CODE and isinstance(raw, int | float) and len(text) < column.limit:
        raise InputError(
            "先頭の0がなくなっているかもしれません。セルの表示形式を「文字列」にして、5桁で入力し直してください。"
        )
    return _READ[column.kind](column, text)


def _line(column: Column, text: str) -> str | None:
    return clean_line(text, max_length=column.limit) or None


def _half_line(column: Column, text: str) -> str | None:
    return clean_line(half_width(text) if column.key == "number" else text, max_length=column.limit) or None


def _web(column: Column, text: str) -> str | None:
    found = clean_line(text, max_length=column.limit)
    parts = urlsplit(found)
    if parts.scheme not in {"http", "https"} or "." not in parts.netloc or " " in found:
        raise InputError("https://www.example.jp/ のように、https:// から入力してください。")
    return found


def _month(_column: Column, text: str) -> int:
    digits = half_width_digits(text).removesuffix("月")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 2 or not 1 <= int(digits) <= 12:
        raise InputError("決算月は、1 から 12 までの数字で入力してください。")
    return int(digits)


def _roster(_column: Column, text: str) -> int:
    digits = half_width_digits(text).replace(",", "")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 7 or int(digits) < 1:
        raise InputError("名簿番号は、1 以上の数字で入力してください。")
    return int(digits)


def _prefecture(_column: Column, text: str) -> str:
    found = text.strip()
    if found not in PREFECTURES:
        raise InputError(f"{quote(text)}という都道府県はありません。「東京都」のように入力してください。")
    return found


def _plain(text: str) -> str:
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text[:100]))


def _chosen(codes: Mapping[str, Any], text: str) -> Any:
    wanted = _plain(text)
    if wanted not in codes:
        words = "、".join(list(codes)[:12])
        raise InputError(f"{quote(text)}は選べません。次のどれかを入力してください：{words}")
    return codes[wanted]


def _choice(column: Column, text: str) -> Any:
    return _chosen({_plain(label(code)): code.value for code in column.codes}, text)


def _legal_form(_column: Column, text: str) -> Any:
    return _chosen({_plain(label(code)): code.value for code in LegalForm}, text)


def _item(_column: Column, text: str) -> str:
    wanted = {_plain(title): item.key for title, item in PAST_ITEMS.items()}
    if _plain(text) not in wanted:
        raise InputError(f"{quote(text)}という項目はありません。「会員」のシートの見出しのとおりに入力してください。")
    return wanted[_plain(text)]


_READ: dict[Kind | Cell, Callable[[Column, str], Any]] = {
    Kind.LINE: _half_line,
    Kind.KANA: lambda column, text: clean_line(to_katakana(text), max_length=column.limit) or None,
    Kind.CORPORATE_NUMBER: lambda _column, text: parse_corporate_number(text),
    Kind.LEGAL_FORM: _legal_form,
    Kind.POSTAL_CODE: lambda _column, text: parse_postal_code(text),
    Kind.PREFECTURE: _prefecture,
    Kind.YEN: lambda _column, text: parse_yen(text),
    Kind.MONTH: _month,
    Kind.URL: _web,
    Kind.EMAIL: lambda _column, text: parse_email(text),
    Kind.PHONE: lambda _column, text: parse_phone(text),
    Kind.DATE: lambda _column, text: parse_date(text).isoformat(),
    Kind.AREA: lambda column, text: clean_text(text, max_length=column.limit) or None,
    Cell.OPERATOR_CODE: lambda _column, text: parse_operator_code(text),
    Cell.ROSTER_NO: _roster,
    Cell.RATIO: lambda _column, text: parse_ratio_bp(text),
    Cell.CHOICE: _choice,
    Cell.CONTROL: lambda _column, text: _chosen(_CONTROL, text),
    Cell.ITEM: _item,
    Cell.ANY: _line,
}


def written(column: Column, value: Any) -> str | int | date | None:
    """How a clean value stands in a workbook, so that reading gives it back."""
    if value is None or value == "":
        return None
    if column.kind is Kind.DATE:
        return date.fromisoformat(value)
    if column.kind is Kind.LEGAL_FORM:
        return label(LegalForm(value))
    if column.kind is Cell.CHOICE:
        return label(next(code for code in column.codes if code.value == value))
    if column.kind is Cell.CONTROL:
        return "支配している" if value else "支配していない"
    if column.kind is Cell.RATIO:
        return format_ratio_bp(value)
    if column.kind is Cell.ITEM:
        return ITEMS[value].title
    return value if isinstance(value, int) else str(value)


def in_words(column: Column, value: Any) -> str:
    """A clean value as people read it; empty where there is none."""
    found = written(column, value)
    if isinstance(found, date):
        return format_date(found)
    if column.kind is Kind.YEN and isinstance(found, int):
        return f"{found:,} 円"
    return "" if found is None else str(found)
