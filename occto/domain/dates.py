"""Days and instants: read in 西暦 and 和暦, written the Japanese way, counted as the Civil Code counts."""

import re
import unicodedata
from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import NamedTuple

from occto.domain.text import InputError, has_long_combining_run, quote

JST = timezone(timedelta(hours=9), "JST")
FIRST_YEAR, LAST_YEAR = 1868, 2199

_WEEKDAYS = "月火水木金土日"
_LONGEST = 40
_SEPARATOR = r"[-/.年]"
_WESTERN = re.compile(rf"([0-9]+){_SEPARATOR}([0-9]{{1,2}})[-/.月]([0-9]{{1,2}})日?")
_COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_JAPANESE = re.compile(
    r"(令和|平成|昭和|大正|明治|[RHSTM])(元|[0-9]{1,3})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?", re.IGNORECASE
)


class _Era(NamedTuple):
    name: str
    letter: str
    first: date
    last: date
    year_one: int


# Before 1873 Japan counted by the moon: a day of 明治 5 or earlier has no plain counterpart.
_ERAS = (
    _Era("令和", "R", date(2019, 5, 1), date(LAST_YEAR, 12, 31), 2019),
    _Era("平成", "H", date(1989, 1, 8), date(2019, 4, 30), 1989),
    _Era("昭和", "S", date(1926, 12, 25), date(1989, 1, 7), 1926),
    _Era("大正", "T", date(1912, 7, 30), date(1926, 12, 25), 1912),
    _Era("明治", "M", date(1873, 1, 1), date(1912, 7, 30), 1868),
)


def parse_date(value: str) -> date:
    """Return the day typed as 2026-11-23, 2026/11/23, 20261123, 2026年11月23日, 令和8年11月23日, R8.11.23 and alike.

    Any width; years 1868..2199; a day outside its era is refused. Raises InputError.
    """
    text = _plain(value)
    if match := _JAPANESE.fullmatch(text):
        return _in_era(match)
    match = _COMPACT.fullmatch(text) or _WESTERN.fullmatch(text)
    if match is None:
        raise InputError(
            f"{quote(value)}を日付として読み取れませんでした。2026年11月23日、令和8.11.23 のように入力してください。"
        )
    if len(match[1]) != 4:
        raise InputError("年は西暦4桁か、令和などの元号を付けて入力してください。例：2026.11.23、令和8.11.23")
    return _day(int(match[1]), int(match[2]), int(match[3]))


def format_date(day: date) -> str:
    """Return 2026年11月23日."""
    return f"{day.year}年{day.month}月{day.day}日"


def format_date_weekday(day: date) -> str:
    """Return 2026年12月17日（木）."""
    return f"{format_date(day)}（{_WEEKDAYS[day.weekday()]}）"


def format_date_era(day: date) -> str:
    """Return 令和8年11月23日, with 元年 for the first year; days before 1873 come out in 西暦."""
    for era in _ERAS:
        if day >= era.first:
            year = day.year - era.year_one + 1
            return f"{era.name}{'元' if year == 1 else year}年{day.month}月{day.day}日"
    return format_date(day)


def format_instant(instant: datetime) -> str:
    """Return an aware instant in Japanese time: 2026年12月17日（木）17:00. Raises ValueError when it is naive."""
    local = _aware(instant).astimezone(JST)
    return f"{format_date_weekday(local.date())}{local:%H:%M}"


def today_jst(now: datetime) -> date:
    """Return the day it is in Japan at the aware instant `now`."""
    return _aware(now).astimezone(JST).date()


def start_of_day(day: date) -> datetime:
    """Return the first instant of the day in Japan, as aware UTC."""
    return datetime.combine(day, time(), JST).astimezone(UTC)


def end_of_day_exclusive(day: date) -> datetime:
    """Return the first instant after the day in Japan, as aware UTC: what comes before it is in time."""
    return start_of_day(day + timedelta(days=1))


def add_years(day: date, years: int) -> date:
    """Return the anniversary (民法 140条, 143条: the first day is not counted); 28 February for 29 February."""
    return add_months(day, 12 * years)


def add_months(day: date, months: int) -> date:
    """Return the same day `months` later, or the last day of that month when it has none (民法 143条)."""
    index = day.year * 12 + day.month - 1 + months
    year, month = divmod(index, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _plain(value: str) -> str:
    if len(value) > _LONGEST or has_long_combining_run(value):
        return ""
    hyphens = str.maketrans("‐‑‒–—―−ー", "--------")
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", value).translate(hyphens))


def _in_era(match: re.Match[str]) -> date:
    mark = match[1].upper()
    era = next(era for era in _ERAS if mark in (era.name, era.letter))
    count = 1 if match[2] == "元" else int(match[2])
    if count == 0:
        raise InputError(f"{era.name}0年はありません。年をご確認ください。")
    day = _day(era.year_one + count - 1, int(match[3]), int(match[4]), written=f"{era.name}{match[2]}年")
    if day < era.first:
        raise InputError(
            f"{era.name}は{format_date(era.first)}からです。"
            f"{format_date(day)}でよければ、{format_date_era(day)}と入力してください。"
        )
    if day > era.last:
        raise InputError(
            f"{era.name}は{format_date(era.last)}までです。"
            f"{format_date(day)}でよければ、{format_date_era(day)}と入力してください。"
        )
    return day


def _day(year: int, month: int, day: int, *, written: str | None = None) -> date:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise InputError(f"{FIRST_YEAR}年から{LAST_YEAR}年までの日付を入力してください。")
    try:
        return date(year, month, day)
    except ValueError:
        raise InputError(f"{written or f'{year}年'}{month}月{day}日はありません。月と日をご確認ください。") from None


def _aware(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("a naive datetime names no instant")
    return instant
