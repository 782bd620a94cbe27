"""A workbook of a few sheets, such as the copy of one member's record. Lists of any length are admin/exports.py's."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Final

MIMETYPE: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CELL_SIGNS: Final = 32_767
_SHEET_SIGNS: Final = 31


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet: title, heads, rows of texts and whole numbers, widths of the columns in characters."""

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str | int | None]]
    widths: Sequence[int]


def workbook(sheets: Sequence[Sheet]) -> bytes:
    """The workbook. Every text is written as text: nothing of it is run as a formula or becomes a link."""
    from xlsxwriter import Workbook  # imported on first use: few requests need it

    file = BytesIO()
    book = Workbook(file, {"in_memory": True})
    bold, lines = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
    for sheet in sheets:
        page = book.add_worksheet(sheet.title[:_SHEET_SIGNS])
        for place, width in enumerate(sheet.widths):
            page.set_column(place, place, width)
        page.freeze_panes(1, 0)
        for place, title in enumerate(sheet.heads):
            page.write_string(0, place, title, bold)
        for number, row in enumerate(sheet.rows, 1):
            for place, value in enumerate(row):
                if type(value) is int:
                    page.write_number(number, place, value, lines)
                elif value:
                    page.write_string(number, place, str(value)[:CELL_SIGNS], lines)
    book.close()
    return file.getvalue()
