"""紙の控え: arrivals that were written down by hand, a line each: the number of the ticket and the time."""

import re
import unicodedata
from datetime import date, datetime, time
from typing import NamedTuple

from occto.domain.dates import JST
from occto.domain.errors import Refusal
from occto.domain.tickets import read_code

MOST_LINES = 300
_LINE = re.compile(r"(?P<number>[0-9][0-9 -]*[0-9])[\s,、]+(?P<hour>[0-9]{1,2})[:時](?P<minute>[0-9]{1,2})分?")


class Arrival(NamedTuple):
    """A line: its number in the text, the ticket, when the person came."""

    line: int
    number: int
    at: datetime


def read_arrivals(text: str | None, *, day: date, field: str) -> list[Arrival]:
    """The lines of a sheet, times on this day in Japan.

    Refusals (at `field`): lines_missing, too_many_lines, line_unreadable, number_wrong, number_doubled.
    """
    lines = [(no, line) for no, line in enumerate((text or "").splitlines(), 1) if line.strip()]
    if not lines:
        raise Refusal("lines_missing", "番号と時刻を、1行に1名ずつ入力してください。例：2041-7 9:41", field=field)
    if len(lines) > MOST_LINES:
        raise Refusal(
            "too_many_lines", f"一度に入力できるのは {MOST_LINES}行までです。分けて入力してください。", field=field
        )
    found: dict[int, Arrival] = {}
    for no, line in lines:
        arrival = _read(no, line, day=day, field=field)
        if arrival.number in found:
            raise Refusal(
                "number_doubled",
                f"{no}行目の番号は、{found[arrival.number].line}行目と同じです。どちらかを消してください。",
                field=field,
            )
        found[arrival.number] = arrival
    return list(found.values())


def _read(no: int, line: str, *, day: date, field: str) -> Arrival:
    match = _LINE.fullmatch(unicodedata.normalize("NFKC", line[:200]).replace("−", "-").replace("‐", "-").strip())
    hour, minute = (int(match[name]) for name in ("hour", "minute")) if match else (99, 99)
    if match is None or hour > 23 or minute > 59:
        raise Refusal(
            "line_unreadable",
            f"{no}行目を読み取れません。「2041-7 9:41」のように、番号と時刻を空白で区切って入力してください。",
            field=field,
        )
    number = read_code(match["number"]).number
    if number is None:
        raise Refusal(
            "number_wrong", f"{no}行目の番号が合いません。受付票の番号をもう一度ご確認ください。", field=field
        )
    return Arrival(no, number, datetime.combine(day, time(hour, minute), JST))
