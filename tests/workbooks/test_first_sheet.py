"""A workbook that somebody hands in: its first sheet as texts, within limits, or a sentence."""

from datetime import date
from io import BytesIO

import pytest
from openpyxl import Workbook

from occto.domain.text import InputError
from occto.workbooks.first_sheet import LARGEST, MOST_COLUMNS, MOST_ROWS, MOST_SIGNS, first_sheet


def book_of(*rows: tuple[object, ...]) -> bytes:
    book, out = Workbook(), BytesIO()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    book.create_sheet("ほか").append(["二枚目"])
    book.save(out)
    return out.getvalue()


def test_cells_are_texts() -> None:
    assert first_sheet(book_of(("髙橋", None, 3, 3.0, 3.5, True), ("=1+1", date(2026, 11, 27)))) == [
        ["髙橋", "", "3", "3", "3.5", "True"],
        ["", "2026-11-27 00:00:00"],
    ]


def test_more_than_the_limits_is_left_out() -> None:
    found = first_sheet(book_of(*[("x" * (MOST_SIGNS + 1),) * (MOST_COLUMNS + 1)] * (MOST_ROWS + 1)))
    assert (len(found), len(found[0]), len(found[0][0])) == (MOST_ROWS, MOST_COLUMNS, MOST_SIGNS)


@pytest.mark.parametrize("content", [b"", b"%PDF-1.4", b"PK\x03\x04", b"PK\x03\x04" + b"x" * LARGEST, book_of()[:900]])
def test_anything_else_is_refused_in_words(content: bytes) -> None:
    with pytest.raises(InputError, match="ファイル"):
        first_sheet(content)
