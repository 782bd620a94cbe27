"""The public holidays, as the rules of business days use them."""

from datetime import date

import pytest

from occto.domain.calendar import add_business_days
from occto.holidays import is_holiday


@pytest.mark.parametrize(
    ("day", "free"),
    [
        (date(2026, 11, 23), True),
        (date(2026, 11, 24), False),
        (date(2026, 5, 6), True),  # a substitute holiday
        (date(2026, 9, 22), True),  # a day between two holidays
        (date(2019, 5, 1), True),  # by a law for that year alone
        (date(2026, 12, 30), False),
    ],
)
def test_holidays_of_the_law(day: date, free: bool) -> None:
    assert is_holiday(day) is free


def test_golden_week_is_no_time_to_wait() -> None:
    assert add_business_days(date(2026, 5, 1), 1, is_holiday=is_holiday) == date(2026, 5, 7)
