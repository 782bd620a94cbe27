from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from occto.extensions import db
from occto.models import Member, RosterFact
from occto.services import register
from tests.factories import Factory
from tests.observing import refused
from tests.registering import entering, roster_on

SINCE = date(2020, 4, 1)
ON = date(2027, 4, 1)


def _renumber(numbers: dict[int, int], on: date = ON) -> None:
    with entering() as entry:
        register.renumber(*entry.into, numbers=numbers, effective_on=on)


def _numbers(day: date) -> dict[int, int]:
    """The number of each member on a day; nobody has two, and no two share one."""
    found = roster_on(day)
    assert all(len(members) == 1 for members in found.values()), (day, found)
    by_member = {members[0]: number for number, members in found.items()}
    assert len(by_member) == len(found), (day, found)
    return by_member


@pytest.fixture
def members(make: Factory) -> list[Member]:
    return [make.member() for _ in range(3)]


def test_two_members_change_places_on_a_day(members: list[Member]) -> None:
    one, two, three = (member.id for member in members)
    _renumber({one: 2, two: 1})
    assert _numbers(ON - timedelta(days=1)) == {one: 1, two: 2, three: 3}
    assert _numbers(ON) == {one: 2, two: 1, three: 3}


def test_who_keeps_the_number_keeps_the_fact(members: list[Member]) -> None:
    one, two, three = (member.id for member in members)
    _renumber({one: 9, two: 2, three: 3})
    assert len(db.session.scalars(select(RosterFact).where(RosterFact.voided_id.is_not(None))).all()) == 1
    assert _numbers(ON) == {one: 9, two: 2, three: 3}


def test_a_number_of_somebody_else_is_refused(members: list[Member]) -> None:
    with refused("roster_taken", field="rows"):
        _renumber({members[0].id: 3})


def test_a_number_given_twice_is_refused(members: list[Member]) -> None:
    with refused("roster_taken", field="rows"):
        _renumber({members[0].id: 8, members[1].id: 8})


def test_a_number_is_taken_until_the_day_it_becomes_free(members: list[Member]) -> None:
    one, two, _three = (member.id for member in members)
    _renumber({one: 9})
    with refused("roster_taken"):
        _renumber({two: 1}, ON - timedelta(days=1))
    _renumber({two: 1})
    assert _numbers(ON)[two] == 1


def test_a_number_does_not_begin_before_the_one_that_runs(members: list[Member]) -> None:
    _renumber({members[0].id: 9})
    with refused("before_number", field="effective_on"):
        _renumber({members[0].id: 8}, ON - timedelta(days=1))


def test_a_number_is_replaced_on_the_day_it_began(members: list[Member]) -> None:
    _renumber({members[0].id: 9})
    _renumber({members[0].id: 8})
    assert _numbers(ON)[members[0].id] == 8
    assert _numbers(ON - timedelta(days=1))[members[0].id] == 1


@given(
    lists=st.lists(
        st.tuples(st.permutations(range(1, 5)), st.integers(0, 5), st.integers(1, 4)), min_size=1, max_size=4
    )
)
@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_list_leaves_unique_numbers_on_every_day(make: Factory, lists: list[tuple[list[int], int, int]]) -> None:
    """Lists of some or all members, on rising days: whatever is taken in, each day has each number once."""
    ids = [make.member().id for _ in range(4)]
    base = min(_numbers(SINCE)[member_id] for member_id in ids) - 1
    days, on = [SINCE, ON], ON
    for order, step, size in lists:
        on += timedelta(days=step)
        moved = sorted(order[:size])  # these members change places among themselves
        numbers = _numbers(on)
        held = [numbers[ids[place - 1]] for place in moved]
        new = dict(zip((ids[place - 1] for place in moved), _rotated(held, step), strict=True))
        _renumber(new, on)
        days += [on - timedelta(days=1), on]
        now_on = _numbers(on)
        assert {member_id: now_on[member_id] for member_id in new} == new
    for day in days:
        numbers = _numbers(day)
        assert sorted(numbers[member_id] for member_id in ids) == list(range(base + 1, base + 5))


def _rotated(values: list[int], by: int) -> list[int]:
    by %= len(values)
    return values[by:] + values[:by]
