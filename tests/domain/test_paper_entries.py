"""紙の控え as it is typed: numbers with their check digit, times of the day."""

from datetime import date

import pytest

from occto.domain.errors import Refusal
from occto.domain.paper_entries import MOST_LINES, read_arrivals
from occto.domain.tickets import shown_number

DAY = date(2026, 12, 18)


def _read(text: str | None) -> list[tuple[int, int, str]]:
    return [(one.line, one.number, f"{one.at:%m/%d %H:%M %z}") for one in read_arrivals(text, day=DAY, field="lines")]


def test_numbers_and_times_in_any_width() -> None:
    one, two, three = (shown_number(number) for number in (2041, 2042, 12043))
    text = f"{one} 9:41\n\n{two.replace('-', '−')}　９：０５\n{three.replace('-', '')}、10時7分\n"
    assert _read(text) == [
        (1, 2041, "12/18 09:41 +0900"),
        (3, 2042, "12/18 09:05 +0900"),
        (4, 12043, "12/18 10:07 +0900"),
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, "lines_missing"),
        (" \n　\n", "lines_missing"),
        ("hello", "line_unreadable"),
        (f"{shown_number(2041)}", "line_unreadable"),
        (f"{shown_number(2041)} 24:00", "line_unreadable"),
        (f"{shown_number(2041)} 9:60", "line_unreadable"),
        ("9" * 100_000, "line_unreadable"),
        (f"2041-{(int(shown_number(2041)[-1]) + 1) % 10} 9:41", "number_wrong"),
        ("1-1 9:41", "number_wrong"),
        (f"{shown_number(2041)} 9:41\n{shown_number(2041)} 9:42", "number_doubled"),
        ("\n".join(f"{shown_number(2000 + no)} 9:00" for no in range(MOST_LINES + 1)), "too_many_lines"),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_line(text: str | None, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        _read(text)
    assert (caught.value.code, caught.value.field) == (code, "lines")
