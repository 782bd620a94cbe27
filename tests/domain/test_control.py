from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from occto.domain.control import Control, check_new_parent
from occto.domain.errors import Refusal

JAN, JUN, DEC, EVER = date(2026, 1, 1), date(2026, 6, 1), date(2026, 12, 1), date.max
Held = dict[int, list[Control]]


def _held(parents: dict[int, int]) -> Held:
    return {child: [Control(parent, JAN, EVER)] for child, parent in parents.items()}


def _code(held: Held, *, child: int, parent: int, begin: date = JAN, end: date = EVER) -> str | None:
    try:
        check_new_parent(lambda body: held.get(body, ()), child=child, parent=parent, begin=begin, end=end)
    except Refusal as refusal:
        return refusal.code
    return None


@pytest.mark.parametrize(
    ("parents", "child", "parent", "code"),
    [
        ({}, 1, 2, None),
        ({2: 3}, 1, 2, None),
        ({3: 1}, 1, 2, None),
        ({1: 3}, 2, 3, None),
        ({}, 1, 1, "self_parent"),
        ({1: 3}, 1, 2, "two_parents"),
        ({2: 1}, 1, 2, "control_cycle"),
        ({2: 3, 3: 4, 4: 1}, 1, 2, "control_cycle"),
    ],
)
def test_one_parent_and_no_ring(parents: dict[int, int], child: int, parent: int, code: str | None) -> None:
    assert _code(_held(parents), child=child, parent=parent) == code


def test_a_ring_that_stands_already_does_not_hang() -> None:
    assert _code(_held({2: 3, 3: 2}), child=1, parent=2) is None


def test_a_long_line_is_followed_to_its_end() -> None:
    line = {number: number + 1 for number in range(1, 2000)}
    assert _code(_held(line), child=2000, parent=1) == "control_cycle"


def test_one_parent_after_another_is_no_second_one() -> None:
    held = {1: [Control(3, JAN, JUN)]}
    assert _code(held, child=1, parent=2, begin=JUN) is None
    assert _code(held, child=1, parent=2, begin=JUN.replace(day=1, month=5)) == "two_parents"


def test_a_ring_that_closes_only_later_is_refused() -> None:
    held = {2: [Control(1, DEC, EVER)]}
    assert _code(held, child=1, parent=2, begin=JAN) == "control_cycle"
    assert _code(held, child=1, parent=2, begin=JAN, end=DEC) is None


def test_relations_that_never_hold_together_make_no_ring() -> None:
    held = {2: [Control(3, JAN, JUN)], 3: [Control(1, JUN, EVER)]}
    assert _code(held, child=1, parent=2) is None


_DAYS = st.integers(0, 6).map(lambda month: date(2026, month + 1, 1))


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5), _DAYS, _DAYS), max_size=14))
def test_what_is_let_in_has_one_parent_and_no_ring_on_any_day(asked: list[tuple[int, int, date, date]]) -> None:
    held: Held = {}
    for child, parent, begin, end in asked:
        if begin < end and _code(held, child=child, parent=parent, begin=begin, end=end) is None:
            held.setdefault(child, []).append(Control(parent, begin, end))
    for month in range(1, 8):
        day = date(2026, month, 1)
        on = {child: [c.parent for c in rows if c.begin <= day < c.end] for child, rows in held.items()}
        assert all(len(parents) <= 1 for parents in on.values())
        for start in on:
            seen, here = {start}, on.get(start)
            while here:
                assert here[0] not in seen
                seen.add(here[0])
                here = on.get(here[0])
