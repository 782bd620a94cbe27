"""A list as Excel and CSV: every row that matches, streamed, in the order of the list; noted before the first row leaves."""

import csv
import tempfile
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from io import StringIO
from itertools import chain
from typing import IO, Any, ClassVar
from urllib.parse import quote

from flask import Response, abort, stream_with_context
from flask_admin import expose
from markupsafe import Markup
from sqlalchemy import String, select, type_coerce
from sqlalchemy.orm import Session

from occto import clock
from occto.access import permit, viewer
from occto.admin import access_log
from occto.admin.lists import Asked
from occto.domain.dates import JST, format_date, today_jst
from occto.domain.errors import Refusal
from occto.domain.jobs import ranges
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.unit_of_work import run

TOGETHER = 500
"""Rows that are read, written and sent together: a thousand would not be faster, and take twice the memory."""
FORMULA_SIGNS = frozenset("=+-@\t\r\n＝＋－＠")
"""A cell of CSV that begins with one of these could be run as a formula by the program that opens it."""
EXCEL_ROWS = 1_048_575
EXCEL_SIGNS = 32_767
Values = Sequence[Any]


@dataclass(frozen=True, slots=True)
class Exported:
    """A column of an export. `words`: the labels of codes, or a function from the value to text, number or day."""

    title: str
    column: Any
    words: Mapping[str, str] | Callable[[Any], Any] | None = None
    width: int = 16

    @property
    def expression(self) -> Any:
        return type_coerce(self.column, String) if isinstance(self.words, Mapping) else self.column


class Exports:
    """Doors of a list: /export-csv/ and /export-xlsx/ with the parameters of the list itself."""

    export_columns: Sequence[Exported] = ()
    """The columns; a screen that names none exports what its list shows."""
    exports: ClassVar[Permission] = Permission.EXPORT
    """What taking the list away needs, besides seeing it."""

    def permissions(self) -> dict[str, Permission]:
        """As of every screen, the two doors of this class with what they need here."""
        found: dict[str, Permission] = super().permissions()  # type: ignore[misc]
        return found | {name: self.exports for name in found if name.endswith((".export_csv", ".export_xlsx"))}

    @expose("/export-csv/")
    @permit(Permission.EXPORT)
    def export_csv(self) -> Response:
        """All rows that match as CSV for Excel: UTF-8 with BOM, formulas defused."""
        heads, batches, name = self._noted("csv")
        return attached(as_csv(heads, batches), name=f"{name}.csv", media_type="text/csv; charset=utf-8")

    @expose("/export-xlsx/")
    @permit(Permission.EXPORT)
    def export_xlsx(self) -> Response:
        """All rows that match as a workbook; text stays text."""
        heads, batches, name = self._noted("xlsx")
        widths = [one.width for one in self.export_columns]
        media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        return attached(
            as_excel(heads, batches, widths=widths, sheet=name[:31]), name=f"{name}.xlsx", media_type=media_type
        )

    def _noted(self: Any, kind: str) -> tuple[list[str], Iterator[list[Values]], str]:
        """Heads, rows in batches and the name of the file; what leaves stands in the log and the trail already."""
        if not viewer.can(self.see):
            abort(403)
        asked: Asked = self.asked()
        conditions = self.conditions(asked)
        session = db.session()
        query = select(self.model.id).where(*conditions).order_by(self.model.id)
        held = ranges(session.scalars(query, execution_options={"yield_per": TOGETHER}))
        count = sum(last - first + 1 for first, last in held)
        if kind == "xlsx" and count > EXCEL_ROWS:
            raise Refusal(
                "too_many_rows", "Excel に書き出せる行数を超えています。条件で絞り込むか、CSV をご利用ください。"
            )
        heads = [one.title for one in self.export_columns] or [title for _key, title in self._list_columns]
        run(
            access_log.exported,
            held,
            subject=f"LIST:{self.title}",
            form=kind,
            conditions=self.in_words(asked),
            fields=heads,
            kind=self.subject_kind if self.personal else None,
        )
        rows = _rows(self, asked, conditions, _Held(held))
        name = f"{self.title}_{today_jst(clock.now()).isoformat()}"
        return heads, rows, name


class _Held:
    """Row numbers kept as ranges: only what was noted leaves, whatever is added meanwhile."""

    def __init__(self, held: list[list[int]]) -> None:
        self._firsts, self._lasts = [first for first, _last in held], [last for _first, last in held]

    def __contains__(self, number: int) -> bool:
        place = bisect_right(self._firsts, number) - 1
        return place >= 0 and number <= self._lasts[place]


def _rows(screen: Any, asked: Asked, conditions: Sequence[Any], held: _Held) -> Iterator[list[Values]]:
    """Batches of rows as values. The hot path reads plain columns and turns them into words column by column."""
    order = screen.orders[asked.order]
    keys = dict.fromkeys((order.column, screen.model.id))
    sorting = [key.desc() if order.descending else key.asc() for key in keys]
    if not screen.export_columns:
        query = select(*screen._columns).where(*conditions).order_by(*sorting)
        for batch in _batches(query):
            columns = screen.cells(batch if screen.reads is not None else [_object(row) for row in batch])
            yield list(zip(*(map(_plain, column) for column in columns), strict=True))
        return
    columns = [one.expression for one in screen.export_columns]
    words = [one.words.__getitem__ if isinstance(one.words, Mapping) else one.words for one in screen.export_columns]
    query = select(screen.model.__table__.c.id, *columns).where(*conditions).order_by(*sorting)
    for batch in _batches(query):
        kept = [row for row in batch if row[0] in held]
        _ids, *values = zip(*kept, strict=True) if kept else ((), *(() for _ in words))
        yield list(
            zip(*(map(say, value) if say else value for say, value in zip(words, values, strict=True)), strict=True)
        )


def _object(row: Any) -> Any:
    found = row[0]
    for key in row._fields[1:]:
        setattr(found, key, getattr(row, key))
    return found


def _batches(query: Any) -> Iterator[Sequence[Any]]:
    with session_of_stream() as session:
        yield from session.execute(query, execution_options={"yield_per": TOGETHER}).partitions()


@contextmanager
def session_of_stream() -> Iterator[Session]:
    """A session that lives as long as what is streamed through it.

    The session of the request ends when the view returns, which is after the first piece: PostgreSQL would know the
    cursor no longer, and on SQLite the next request would be handed a connection that is still being read from.
    """
    db.session.rollback()
    with closing(db.session.session_factory()) as session:
        yield session


def _plain(value: Any) -> Any:
    """A cell of a list without its markup."""
    return value.striptags() if isinstance(value, Markup) else value


@lru_cache(maxsize=4_000)
def day(value: date | None) -> str:
    """A day as lists show it."""
    return format_date(value) if value else ""


def instant(value: datetime | None) -> str:
    """An instant in Japan to the second, as spreadsheets read it."""
    return value.astimezone(JST).strftime("%Y/%m/%d %H:%M:%S") if value else ""


def defused(value: Any) -> Any:
    """A value that no spreadsheet runs: text that looks like a formula gets an apostrophe in front."""
    return f"'{value}" if type(value) is str and value[:1] in FORMULA_SIGNS else value


def as_csv(heads: Sequence[str], batches: Iterable[list[Values]]) -> Iterator[bytes]:
    """CSV in pieces: BOM and heads first."""
    buffer = StringIO(newline="")
    write = csv.writer(buffer)
    buffer.write("\ufeff")
    write.writerow(heads)
    for rows in batches:
        write.writerows([[*map(defused, row)] for row in rows])
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()
    if rest := buffer.getvalue():
        yield rest.encode()


def as_excel(
    heads: Sequence[str], batches: Iterable[list[Values]], *, widths: Sequence[int], sheet: str
) -> Iterator[bytes]:
    """A workbook in pieces; it lies in a temporary file, row by row, and never in memory."""
    from xlsxwriter import Workbook  # imported on first use: few requests need it

    with tempfile.TemporaryFile() as file:
        book = Workbook(file, {"constant_memory": True})
        page, bold = book.add_worksheet(sheet), book.add_format({"bold": True})
        for place in range(len(heads)):
            page.set_column(place, place, widths[place] if widths else 20)
        page.freeze_panes(1, 0)
        for place, title in enumerate(heads):
            page.write_string(0, place, title, bold)
        for number, row in enumerate(chain.from_iterable(batches), 1):
            for place, value in enumerate(row):
                if type(value) is int:
                    page.write_number(number, place, value)
                elif value not in (None, ""):
                    page.write_string(number, place, str(value)[:EXCEL_SIGNS])
        book.close()
        yield from in_pieces(file)


def in_pieces(file: IO[bytes]) -> Iterator[bytes]:
    """What a temporary file holds, from its beginning; it is gone afterwards, also where nobody reads on to the end."""
    with file:
        file.seek(0)
        while piece := file.read(1 << 16):
            yield piece


def attached(pieces: Iterator[bytes], *, name: str, media_type: str) -> Response:
    """An attachment under a Japanese name (RFC 5987). The first piece is made now: what fails then is still a page."""
    first = next(pieces, b"")
    response = Response(stream_with_context(chain([first], pieces)), content_type=media_type)
    response.headers["Content-Disposition"] = f"attachment; filename=\"list\"; filename*=UTF-8''{quote(name)}"
    return response
