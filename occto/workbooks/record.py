"""The workbook of what is on record, in the format of the template."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from occto.domain.import_sheets import PAST, WORKBOOK, Sheet, of_item
from occto.domain.importing import SheetKind
from occto.domain.profile import ITEMS
from occto.forms.cells import written
from occto.queries.import_export import rows_on_record
from occto.workbooks.writing import Line, workbook


def record_workbook(session: Session, *, member_ids: list[int], today: date) -> Iterator[bytes]:
    """All sheets of these members in pieces, read while they are written."""
    rows = {sheet.kind: _lines(session, sheet, member_ids=member_ids, today=today) for sheet in WORKBOOK}
    return workbook(rows)


def _lines(session: Session, sheet: Sheet, *, member_ids: list[int], today: date) -> Iterator[Line]:
    for values in rows_on_record(session, sheet.kind, member_ids=member_ids, today=today):
        yield line_of(sheet, values)


def line_of(sheet: Sheet, values: Mapping[str, Any]) -> Line:
    """The cells of a row of clean values, in the order of the columns."""
    if sheet.kind is SheetKind.PAST:
        item = of_item(ITEMS[values["item"]])
        own = {"before": item, "after": item}
        return [written(own.get(column.key, column), values.get(column.key)) for column in PAST.columns]
    return [written(column, values.get(column.key)) for column in sheet.columns]
