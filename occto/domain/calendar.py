"""Business days of the office; which days are public holidays is handed in."""

from collections.abc import Callable
from datetime import date, timedelta

IsHoliday = Callable[[date], bool]

_ONE_DAY = timedelta(days=1)
_SATURDAY = 5


def is_business_day(day: date, *, is_holiday: IsHoliday) -> bool:
    """Tell whether the office works: no Saturday, Sunday, public holiday, nor 29 December to 3 January."""
    return day.weekday() < _SATURDAY and not _is_year_end(day) and not is_holiday(day)


def business_days_between(start: date, end: date, *, is_holiday: IsHoliday) -> int:
    """Return the business days waited: the day `start` is not counted, `end` is; 0 when `end` is not later."""
    waited = range(1, (end - start).days + 1)
    return sum(is_business_day(start + offset * _ONE_DAY, is_holiday=is_holiday) for offset in waited)


def add_business_days(day: date, days: int, *, is_holiday: IsHoliday) -> date:
    """Return the `days`-th business day after `day`, which is not counted; `day` itself for 0. `days` is 0 or more."""
    if days < 0:
        raise ValueError("business days are counted forwards; see previous_business_day")
    while days:
        day += _ONE_DAY
        days -= is_business_day(day, is_holiday=is_holiday)
    return day


def previous_business_day(day: date, *, is_holiday: IsHoliday) -> date:
    """Return the last business day before `day`."""
    day -= _ONE_DAY
    while not is_business_day(day, is_holiday=is_holiday):
        day -= _ONE_DAY
    return day


def _is_year_end(day: date) -> bool:
    return (day.month == 12 and day.day >= 29) or (day.month == 1 and day.day <= 3)
