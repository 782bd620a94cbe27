"""Writing workbooks in the format of the template: empty, with what is on record, with faults. Row by row, text as text."""

import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from occto.domain.import_sheets import FAULT_TITLE, NOTE_SIGN, SPECIAL, WORKBOOK, Column, Sheet
from occto.domain.importing import SheetKind
from occto.domain.profile import Kind

SIGNS = 32_767
_PIECE = 1 << 16
_FIRST_YEAR = 1900
"""Spreadsheets know no day before."""
Line = Sequence[str | int | date | None]
_EXPLAINED = (
    "このファイルは、会員の初期登録のひな形です。",
    "1行目の見出しは変えないでください。使わない列とシートは、消しても空のままでもかまいません。",
    f"「{NOTE_SIGN}」で始まる行は、説明として読み飛ばします。",
    "見出しの「*」は、必ず入れる項目です（「会員」のシートでは、新しい会員の行で必ず入れる項目）。",
    "空欄は「変えない」という意味です。登録のある内容が、空欄で消えることはありません。",
    "事業者コード、法人番号、郵便番号、電話番号は、文字列のまま入れてください（先頭の0を残すため）。ひな形の列は文字列になっています。",
    "日付は、Excel の日付でも、「2026年4月1日」「2026/4/1」「令和8.4.1」のような文字でもかまいません。",
    "数字、英字、カナは、全角でも半角でもかまいません。",
    "数式と、結合したセルは読み込めません。値そのものを入れてください。",
    f"誤りのあった行のファイルには「{FAULT_TITLE}」の列が付きます。直したら、そのまま取り込めます（この列は読み飛ばします）。",
)
_SAMPLES: dict[SheetKind, dict[str, Any]] = {
    SheetKind.MEMBERS: {
        "operator_code": "01234", "name": "見本電力株式会社", "kana": "ミホンデンリョク", "corporate_number": "7000012050002",
        "legal_form": "株式会社", "postal_code": "100-0001", "prefecture": "東京都", "address": "千代田区千代田1番1号",
        "representative_title": "代表取締役", "representative_name": "見本 太郎", "representative_kana": "ミホン タロウ",
        "capital": 150_000_000, "fiscal_month": 3, "member_on": date(2016, 4, 1), "roster_no": 12,
        "member_contact_department": "総務部 課長", "member_contact_name": "見本 花子",
        "member_contact_email": "hanako@example.jp", "member_contact_phone": "03-0000-0000",
    },
    SheetKind.LICENCES: {
        "operator_code": "01234", "category": "小売電気事業者", "number": "A0123", "effective_on": date(2016, 4, 1),
    },
    SheetKind.RELATIONS: {
        "operator_code": "01234", "relation": "親法人等", "other_name": "見本ホールディングス株式会社",
        "controlling": "支配している", "basis": "議決権の過半数", "ratio_bp": "55.25", "holding": "直接",
        "acquired_on": date(2018, 4, 1),
    },
    SheetKind.USERS: {
        "operator_code": "01234", "email": "hanako@example.jp", "name": "見本 花子", "kana": "ミホン ハナコ",
        "title": "総務部 課長", "phone": "03-0000-0000", "role": "管理者",
    },
    SheetKind.ROSTER: {"operator_code": "01234", "roster_no": 15, "effective_on": date(2026, 12, 1)},
    SheetKind.PAST: {
        "operator_code": "01234", "item": "商号", "changed_on": date(2022, 4, 1), "before": "旧見本電力株式会社",
        "after": "見本電力株式会社",
    },
}  # fmt: skip


def template() -> Iterator[bytes]:
    """The empty workbook, with a sheet of explanations and one of examples, in pieces."""
    return workbook({}, explained=True)


def workbook(
    rows: Mapping[SheetKind, Iterable[Line]], *, explained: bool = False, faults: bool = False
) -> Iterator[bytes]:
    """A workbook with these rows, whose cells stand in the order of the columns (and the faults last), in pieces.

    It lies in a temporary file and never whole in memory; the rows are read one sheet after the other.
    """
    from xlsxwriter import Workbook  # imported on first use

    with tempfile.TemporaryFile() as file:
        book = Workbook(file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
        formats = _formats(book)
        if explained:
            _explain(book, formats)
        for sheet in WORKBOOK:
            if faults and sheet.kind not in rows:
                continue
            _sheet(book, formats, sheet, rows.get(sheet.kind, ()), note=explained, faults=faults)
        if explained:
            _show_samples(book, formats)
        book.close()
        file.seek(0)
        while piece := file.read(_PIECE):
            yield piece


def plain_workbook(sheets: Iterable[tuple[str, Sequence[str], Iterable[Line]]]) -> Iterator[bytes]:
    """A workbook of lists: title, heads and rows of each sheet, in pieces."""
    from xlsxwriter import Workbook  # imported on first use

    with tempfile.TemporaryFile() as file:
        book = Workbook(file, {"constant_memory": True})
        formats = _formats(book)
        for title, heads, rows in sheets:
            page = book.add_worksheet(title)
            page.freeze_panes(1, 0)
            page.set_column(0, len(heads), 22)
            _write(page, 0, heads, formats, formats["head"])
            for number, row in enumerate(rows, 1):
                _write(page, number, row, formats, None)
        book.close()
        file.seek(0)
        while piece := file.read(_PIECE):
            yield piece


def _formats(book: Any) -> dict[str, Any]:
    return {
        "head": book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#F0F9FF"}),
        "note": book.add_format({"font_color": "#4D4D4D", "text_wrap": True, "valign": "top"}),
        "text": book.add_format({"num_format": "@"}),
        "day": book.add_format({"num_format": "yyyy/mm/dd"}),
        "number": book.add_format({"num_format": "#,##0"}),
    }


def _sheet(
    book: Any, formats: Mapping[str, Any], sheet: Sheet, rows: Iterable[Line], *, note: bool, faults: bool
) -> None:
    page = book.add_worksheet(sheet.title)
    page.freeze_panes(1, 1)
    for place, column in enumerate(sheet.columns):
        page.set_column(place, place, max(14, min(40, 2 * len(column.title))), formats[_format_of(column)])
    heads = [column.title + ("*" if column.required else "") for column in sheet.columns]
    if faults:
        page.set_column(len(heads), len(heads), 70)
        heads.append(FAULT_TITLE)
    _write(page, 0, heads, formats, formats["head"])
    start = 1
    if note:
        hints = [column.hint for column in sheet.columns]
        _write(page, 1, [f"{NOTE_SIGN}{sheet.lead}{hints[0]}", *hints[1:]], formats, formats["note"])
        start = 2
    for number, row in enumerate(rows, start):
        _write(page, number, row, formats, None)


def _format_of(column: Column) -> str:
    if column.kind is Kind.DATE:
        return "day"
    return "number" if column.kind is Kind.YEN else "text"


def _write(page: Any, number: int, row: Line, formats: Mapping[str, Any], shape: Any) -> None:
    for place, value in enumerate(row):
        if isinstance(value, date) and value.year < _FIRST_YEAR:
            page.write_string(number, place, value.isoformat(), shape or formats["text"])
        elif isinstance(value, date):
            page.write_datetime(number, place, value, shape or formats["day"])
        elif type(value) is int:
            page.write_number(number, place, value, shape or formats["number"])
        elif value not in (None, ""):
            page.write_string(number, place, str(value)[:SIGNS], shape or formats["text"])


def _explain(book: Any, formats: Mapping[str, Any]) -> None:
    page = book.add_worksheet("説明")
    page.set_column(0, 0, 24)
    page.set_column(1, 1, 100)
    for number, sentence in enumerate(_EXPLAINED):
        page.write_string(number, 1, sentence, formats["note"])
    for number, sheet in enumerate(WORKBOOK, len(_EXPLAINED) + 1):
        page.write_string(number, 0, f"シート「{sheet.title}」", formats["head"])
        page.write_string(number, 1, sheet.lead, formats["note"])


def _show_samples(book: Any, formats: Mapping[str, Any]) -> None:
    page = book.add_worksheet("記入例")
    page.set_column(0, 60, 18)
    number = 0
    for sheet in WORKBOOK:
        sample = _SAMPLES[sheet.kind]
        page.write_string(number, 0, f"シート「{sheet.title}」", formats["head"])
        _write(page, number + 1, [column.title for column in sheet.columns], formats, formats["head"])
        _write(page, number + 2, [sample.get(column.key) for column in sheet.columns], formats, None)
        number += 4


assert {column.key for column in WORKBOOK[0].columns} >= SPECIAL
