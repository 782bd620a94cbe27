"""Reading a workbook row by row (openpyxl, read_only): what stands in each cell, with the numbers of the rows."""

import unicodedata
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from occto.domain.import_sheets import FAULT_TITLE, NOTE_SIGN, WORKBOOK, Sheet
from occto.domain.importing import MOST_ROWS, SheetKind
from occto.domain.text import InputError, quote, storable
from occto.forms.cells import Formula, Raw
from occto.workbooks.guard import check_workbook, has_merged_cells

if TYPE_CHECKING:
    from openpyxl import Workbook

MOST_COLUMNS = 80
LONGEST_CELL = 4000
_BLANK_ROWS = 2000
"""After so many empty rows a sheet is taken to be at its end."""


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A row with something in it: its number as Excel shows it, the cells by key of the column."""

    sheet: SheetKind
    number: int
    cells: Mapping[str, Raw]


def read_workbook(content: bytes) -> Iterator[ReadRow]:
    """The rows of the sheets of the template that the workbook has. Raises InputError for the workbook as a whole."""
    check_workbook(content)
    with _opened(content) as book:
        titles = {_plain(name): name for name in book.sheetnames}
        found = [sheet for sheet in WORKBOOK if _plain(sheet.title) in titles]
        if not found:
            raise InputError(
                f"「{'」「'.join(sheet.title for sheet in WORKBOOK)}」のどのシートもありません。ひな形のシートの名前のまま使ってください。"
            )
        for sheet in found:
            yield from _rows(content, book[titles[_plain(sheet.title)]], sheet)


def read_list(
    content: bytes, titles: Mapping[str, str], *, required: tuple[str, ...]
) -> Iterator[tuple[int, dict[str, Raw]]]:
    """The rows of the first sheet as (number, cells by key); `titles`: title → key. Raises InputError."""
    check_workbook(content)
    with _opened(content) as book:
        page = book.worksheets[0] if book.worksheets else None
        if page is None:
            raise InputError("シートがありません。一覧のあるファイルを選んでください。")
        yield from _body(page, titles, required=required, name=page.title)


@contextmanager
def _opened(content: bytes) -> Iterator["Workbook"]:
    from openpyxl import load_workbook  # imported on first use: the worker and one page need it

    book = None
    try:
        with warnings.catch_warnings():  # what Excel features openpyxl passes over is of no concern here
            warnings.simplefilter("ignore")
            book = load_workbook(BytesIO(content), read_only=True, keep_links=False)
            yield book
    except InputError:
        raise
    except Exception as error:  # whatever a damaged file makes of the library
        raise InputError(
            "ファイルを読み込めませんでした。壊れているかもしれません。Excel で開いて保存し直し、もう一度お試しください。"
        ) from error
    finally:
        if book is not None:
            book.close()


def _rows(content: bytes, page: Any, sheet: Sheet) -> Iterator[ReadRow]:
    if has_merged_cells(content, page._worksheet_path):  # noqa: SLF001 - read_only sheets say it in no other way
        raise InputError(
            f"シート「{sheet.title}」に結合されたセルがあります。結合を解除して、1行ずつ値を入れてください。"
        )
    titles = {column.title: column.key for column in sheet.columns}
    required = tuple(column.title for column in sheet.columns if column.required)
    for number, cells in _body(page, titles, required=required, name=sheet.title):
        yield ReadRow(sheet.kind, number, cells)


def _body(
    page: Any, titles: Mapping[str, str], *, required: tuple[str, ...], name: str
) -> Iterator[tuple[int, dict[str, Raw]]]:
    page.reset_dimensions()  # what the file claims about its size is not believed
    rows = page.iter_rows(max_col=MOST_COLUMNS)
    places = _places(next(rows, ()), titles, required=required, name=name)
    blank = read = 0
    for number, row in enumerate(rows, start=2):
        cells = {key: _value(row[place]) for place, key in places.items() if place < len(row)}
        if all(cell in (None, "") for cell in cells.values()):
            blank += 1
            if blank > _BLANK_ROWS:
                return
            continue
        blank = 0
        if _first_text(row).startswith(NOTE_SIGN):
            continue
        read += 1
        if read > MOST_ROWS:
            raise InputError(
                f"シート「{name}」の行が {MOST_ROWS:,} を超えています。会員を分けて、2回に取り込んでください。"
            )
        yield number, cells


def _first_text(row: Any) -> str:
    value = row[0].value if row else None
    return value if isinstance(value, str) else ""


def _places(heads: Any, titles: Mapping[str, str], *, required: tuple[str, ...], name: str) -> dict[int, str]:
    """Place of a column → its key. Every title has to be known and to stand there once."""
    known = {_plain(title): key for title, key in titles.items()}
    places: dict[int, str] = {}
    for place, cell in enumerate(heads):
        title = cell.value
        if title is None or _plain(str(title)) in {"", _plain(FAULT_TITLE)}:
            continue
        key = known.get(_plain(str(title)))
        if key is None:
            raise InputError(
                f"シート「{name}」の見出し{quote(storable(str(title)))}は、ひな形にありません。1行目の見出しをひな形のとおりにしてください。"
            )
        if key in places.values():
            raise InputError(f"シート「{name}」の見出し{quote(str(title))}が2つあります。1つにしてください。")
        places[place] = key
    missing = [title for title in required if known[_plain(title)] not in places.values()]
    if missing:
        raise InputError(
            f"シート「{name}」に見出し「{'」「'.join(missing[:5])}」がありません。1行目の見出しをひな形のとおりにしてください。"
        )
    return places


def _value(cell: Any) -> Raw:
    value, kind = cell.value, getattr(cell, "data_type", "n")
    if kind == "f" or (
        value is not None and not isinstance(value, str | int | float | bool) and not hasattr(value, "isoformat")
    ):
        return Formula(str(value))
    if kind == "e":
        return Formula(str(value))
    if isinstance(value, str):
        return storable(value[:LONGEST_CELL])
    return value


def _plain(title: str) -> str:
    return "".join(unicodedata.normalize("NFKC", title[:100]).split()).removesuffix("*")
