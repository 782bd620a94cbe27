from datetime import date
from itertools import permutations

from occto.domain.memberships import Period, periods

A, B, C, D = (date(2026, month, 1) for month in (1, 3, 5, 7))


def test_no_licence_is_no_period() -> None:
    assert periods([]) == []


def test_a_day_without_a_licence_parts_two_periods() -> None:
    assert periods([(A, B), (date(2026, 3, 2), None)]) == [Period(A, B), Period(date(2026, 3, 2), None)]


def test_what_begins_when_another_ends_goes_on() -> None:
    assert periods([(A, B), (B, C)]) == [Period(A, C)]


def test_the_order_of_the_licences_makes_no_difference() -> None:
    licences = [(A, D), (B, C), (date(2026, 9, 1), None)]
    for shuffled in permutations(licences):
        assert periods(shuffled) == [Period(A, D), Period(date(2026, 9, 1), None)]


def test_one_without_an_end_swallows_what_comes() -> None:
    assert periods([(A, None), (B, C), (D, None)]) == [Period(A, None)]
