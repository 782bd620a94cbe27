"""A list that a company hands in: the cells of the first sheet as texts, within limits."""

import warnings
from collections.abc import Iterable
from io import BytesIO
from itertools import islice
from typing import Any, Final

from occto.domain.text import InputError
from occto.workbooks.guard import check_workbook

LARGEST: Final = 2 * 1024 * 1024
MOST_ROWS: Final = 1000
MOST_COLUMNS: Final = 30
MOST_SIGNS: Final = 500
_UNREADABLE = (
    "このファイルはExcelのファイル（.xlsx）として読み取れませんでした。ひな形に入力して、もう一度選んでください。"
)


def first_sheet(content: bytes) -> list[list[str]]:
    """Rows of texts; figures without a decimal point, formulas as their last result. Raises InputError."""
    if len(content) > LARGEST:
        raise InputError("ファイルが大きすぎます。2MB以下のファイルを選んでください。")
    check_workbook(content)
    from openpyxl import load_workbook  # imported on first use: few requests need it

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what the library cannot show (validation, drawings) is not read anyway
            book = load_workbook(BytesIO(content), read_only=True, data_only=True)
            rows = book.worksheets[0].iter_rows(max_col=MOST_COLUMNS, values_only=True)
            found = [_texts(row) for row in islice(rows, MOST_ROWS)]
            book.close()
    except Exception as error:  # the library raises whatever a damaged file leads it into
        raise InputError(_UNREADABLE) from error
    return found


def _texts(row: Iterable[Any]) -> list[str]:
    """The row without the empty cells at its end."""
    found = [_text(cell) for cell in row]
    while found and not found[-1]:
        found.pop()
    return found


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)[:MOST_SIGNS]
