"""Periods of membership: the days on which at least one licence is in force (電気事業法 28条の12)."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple


class Period(NamedTuple):
    """From `begin` until before `end`; None: no end on record."""

    begin: date
    end: date | None


def periods(licences: Iterable[tuple[date, date | None]]) -> list[Period]:
    """The periods that these licences (first day, first day without) make together, oldest first.

    Licences that overlap, or of which one begins on the day on which another has ended, make one period.
    """
    found: list[Period] = []
    for begin, end in sorted(licences, key=lambda each: each[0]):
        last = found[-1] if found else None
        if last is None or (last.end is not None and last.end < begin):
            found.append(Period(begin, end))
        elif last.end is not None and (end is None or end > last.end):
            found[-1] = Period(last.begin, end)
    return found
