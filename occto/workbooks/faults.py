"""The rows that could not be entered, as the same workbook with a column エラー: mended, it can be sent back as it is."""

from collections.abc import Iterable, Iterator, Mapping

from occto.domain.import_sheets import BY_KIND, Sheet
from occto.domain.importing import SheetKind
from occto.workbooks.writing import Line, workbook

Faulty = tuple[Mapping[str, str], list[list[str]]]


def faults_workbook(rows: Mapping[SheetKind, Iterable[Faulty]]) -> Iterator[bytes]:
    """A workbook of these rows in pieces: cells as typed, then the sentences that say what to mend."""
    return workbook({sheet: _lines(BY_KIND[sheet], of_sheet) for sheet, of_sheet in rows.items()}, faults=True)


def _lines(sheet: Sheet, rows: Iterable[Faulty]) -> Iterator[Line]:
    for typed, faults in rows:
        words = "／".join(f"{title}：{sentence}" if title else sentence for title, sentence in faults)
        yield [*(typed.get(column.key) for column in sheet.columns), words]
