"""Business days: weekends, the year's end and the holidays handed in."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from occto.domain.calendar import add_business_days, business_days_between, is_business_day, previous_business_day

DAYS = st.dates(date(2020, 1, 1), date(2040, 12, 31))


def labour_day(day: date) -> bool:
    return (day.month, day.day) == (11, 23)


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 11, 20), True),
        (date(2026, 11, 21), False),
        (date(2026, 11, 22), False),
        (date(2026, 11, 23), False),
        (date(2026, 11, 24), True),
        (date(2026, 12, 28), True),
        (date(2026, 12, 29), False),
        (date(2026, 12, 31), False),
        (date(2025, 1, 3), False),
        (date(2027, 1, 4), True),
    ],
)
def test_when_the_office_works(day: date, works: bool) -> None:
    assert is_business_day(day, is_holiday=labour_day) is works


def test_waiting_leaves_the_first_day_out() -> None:
    friday, tuesday = date(2026, 11, 20), date(2026, 11, 24)
    assert business_days_between(friday, tuesday, is_holiday=labour_day) == 1
    assert business_days_between(friday, friday, is_holiday=labour_day) == 0
    assert business_days_between(tuesday, friday, is_holiday=labour_day) == 0
    assert business_days_between(date(2026, 12, 28), date(2027, 1, 5), is_holiday=labour_day) == 2


def test_counting_on_and_back() -> None:
    assert add_business_days(date(2026, 11, 20), 1, is_holiday=labour_day) == date(2026, 11, 24)
    assert add_business_days(date(2026, 11, 22), 0, is_holiday=labour_day) == date(2026, 11, 22)
    assert previous_business_day(date(2026, 11, 24), is_holiday=labour_day) == date(2026, 11, 20)
    with pytest.raises(ValueError, match="forwards"):
        add_business_days(date(2026, 11, 20), -1, is_holiday=labour_day)


@given(DAYS, st.integers(1, 60))
def test_adding_and_counting_agree(start: date, days: int) -> None:
    end = add_business_days(start, days, is_holiday=labour_day)
    assert is_business_day(end, is_holiday=labour_day)
    assert business_days_between(start, end, is_holiday=labour_day) == days
    assert business_days_between(start, end - timedelta(days=1), is_holiday=labour_day) == days - 1
    before = previous_business_day(end, is_holiday=labour_day)
    assert add_business_days(before, 1, is_holiday=labour_day) == end
