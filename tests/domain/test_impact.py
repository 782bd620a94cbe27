"""What a change moves: shares compared, and the facts of a company as they would be."""

from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from occto.domain.codes import ChangeAct, Licence
from occto.domain.impact import (
    CAPITAL,
    MEMBER_ON,
    Impact,
    Item,
    ItemFact,
    Own,
    OwnLicence,
    OwnRelation,
    Rest,
    impact,
    roll_with,
    with_items,
)
from occto.domain.votes import Finding, Group, Reason, Roll, Voter, allocate

BEFORE, DAY, LATER = date(2026, 4, 1), date(2026, 11, 23), date(2027, 4, 1)
GEN = frozenset({Licence.GEN})
A = ChangeAct


def _compared(before: Roll[int], after: Roll[int]) -> Impact[int]:
    return impact(allocate(before), allocate(after))


def _voters(*nodes: int) -> list[Voter[int]]:
    return [Voter(node, node, 100 - node, GEN) for node in nodes]


def test_nothing_moves_when_nothing_changes() -> None:
    roll = Roll(_voters(1, 2, 3), {2: 1})
    assert _compared(roll, roll).nothing
    assert _compared(Roll(_voters(1, 2, 3)), Roll(_voters(1, 2, 3), {2: 9})).nothing, "a parent outside the group"


def test_a_parent_takes_the_share_and_the_rest_is_summed() -> None:
    found = _compared(Roll(_voters(1, 2, 3, 4, 5)), Roll(_voters(1, 2, 3, 4, 5), {2: 1}))
    fifth, fourth = Fraction(1, 5), Fraction(1, 4)
    assert [(line.node, line.before, line.after) for line in found.moved] == [(1, fifth, fourth), (2, fifth, 0)]
    assert [line.unit_after and line.unit_after.reason for line in found.moved] == [Reason.PARENT, Reason.PARENT]
    assert found.rest == [Rest(Group.G, 3, fifth, fourth)]


def test_a_rival_with_more_capital_takes_over_without_any_change_for_others() -> None:
    before = [Voter(1, 1, 10, GEN), Voter(2, 2, 5, GEN), Voter(3, 3, 0, GEN)]
    after = [before[0], before[1]._replace(capital=11), before[2]]
    found = _compared(Roll(before, {1: 9, 2: 9}), Roll(after, {1: 9, 2: 9}))
    assert [(line.node, line.before, line.after) for line in found.moved] == [
        (1, Fraction(1, 2), 0),
        (2, 0, Fraction(1, 2)),
    ]
    assert not found.rest


def test_who_leaves_a_group_belongs_to_no_unit() -> None:
    found = _compared(Roll(_voters(1, 2)), Roll(_voters(1)))
    assert [(line.node, line.unit_after) for line in found.moved] == [(2, None)]
    assert found.rest == [Rest(Group.G, 1, Fraction(1, 2), Fraction(1))]


def _own(**changes: Any) -> Own:
    values: dict[str, Any] = {
        "node": 1,
        "roster_no": 1,
        "items": [ItemFact(10, MEMBER_ON, "2026-04-01", BEFORE), ItemFact(11, CAPITAL, 5, BEFORE)],
        "licences": [OwnLicence(20, Licence.GEN, BEFORE, None)],
        "relations": [OwnRelation(30, 1, 7, BEFORE, None), OwnRelation(31, 8, 1, BEFORE, None)],
    }
    return Own(**(values | changes))


def _row(**changes: Any) -> dict[str, Any]:
    return {"relation": "PARENT", "name": "親", "corporate_number": "9", "controlling": True} | changes


def _after(*items: Item, own: Own | None = None, day: date = DAY) -> tuple[Roll[int], list[Finding[int]]]:
    start = own or _own()
    roll = Roll([Voter(1, 1, 5, GEN), Voter(8, 8, 1, GEN)], {1: 7, 8: 1, 6: 5})
    return roll_with(roll, with_items(start, items, {"9": 9, "own": 1}), day)


def _voter(roll: Roll[int]) -> Voter[int] | None:
    return next((voter for voter in roll.voters if voter.node == 1), None)


def test_without_items_the_roll_stays() -> None:
    roll, findings = _after()
    assert (_voter(roll), roll.parent_of, findings) == (Voter(1, 1, 5, GEN), {1: 7, 8: 1, 6: 5}, [])


@pytest.mark.parametrize(
    ("item", "capital"),
    [
        (Item(CAPITAL, A.SET, None, 9, DAY), 9),
        (Item(CAPITAL, A.SET, None, 9, BEFORE), 9),
        (Item(CAPITAL, A.SET, None, 9, LATER), 5),
        (Item(CAPITAL, A.CORRECT, 11, {"value": 8, "effective_on": "2026-04-01"}, BEFORE), 8),
        (Item(CAPITAL, A.CORRECT, 11, {"value": 8, "effective_on": "2027-04-01"}, LATER), None),
        (Item(CAPITAL, A.VOID, 11, None, BEFORE), None),
    ],
)
def test_capital(item: Item, capital: int | None) -> None:
    voter = _voter(_after(item)[0])
    assert voter is not None
    assert voter.capital == capital


@pytest.mark.parametrize(
    ("item", "licences"),
    [
        (Item("licence", A.ADD, None, {"category": "RETAIL"}, DAY), GEN | {Licence.RETAIL}),
        (Item("licence", A.ADD, None, {"category": "RETAIL"}, LATER), GEN),
        (Item("licence", A.END, 20, {"ended_on": "2026-11-23"}, DAY), None),
        (Item("licence", A.END, 20, {"ended_on": "2027-04-01"}, LATER), GEN),
        (Item("licence", A.CORRECT, 20, {"effective_on": "2027-04-01", "ended_on": None}, LATER), None),
        (Item("licence", A.VOID, 20, None, BEFORE), None),
        (Item(MEMBER_ON, A.SET, None, "2027-04-01", BEFORE), None),
    ],
)
def test_licences_and_membership(item: Item, licences: frozenset[Licence] | None) -> None:
    voter = _voter(_after(item)[0])
    assert (voter.licences if voter else None) == licences


@pytest.mark.parametrize(
    ("item", "parents"),
    [
        (Item("relation", A.END, 30, {"ended_on": "2026-11-23"}, DAY), {8: 1, 6: 5}),
        (Item("relation", A.END, 30, {"ended_on": "2027-04-01"}, LATER), {1: 7, 8: 1, 6: 5}),
        (Item("relation", A.VOID, 31, None, BEFORE), {1: 7, 6: 5}),
        (Item("relation", A.SET, 30, _row(), DAY), {1: 9, 8: 1, 6: 5}),
        (Item("relation", A.SET, 30, _row(), LATER), {1: 7, 8: 1, 6: 5}),
        (Item("relation", A.SET, 30, _row(controlling=False), DAY), {8: 1, 6: 5}),
        (Item("relation", A.CORRECT, 30, _row(acquired_on="2026-05-01"), BEFORE), {1: 9, 8: 1, 6: 5}),
        (Item("relation", A.ADD, None, _row(relation="SUBSIDIARY"), DAY), {1: 7, 8: 1, 9: 1, 6: 5}),
        (
            Item("relation", A.ADD, None, _row(relation="SUBSIDIARY", corporate_number=None), DAY),
            {1: 7, 8: 1, -1: 1, 6: 5},
        ),
        (Item("relation", A.ADD, None, _row(relation="SUBSIDIARY", ended_on="2026-11-23"), BEFORE), {1: 7, 8: 1, 6: 5}),
    ],
)
def test_relations(item: Item, parents: dict[int, int]) -> None:
    assert _after(item)[0].parent_of == parents


def test_a_parent_by_name_only_makes_no_edge_and_is_listed() -> None:
    roll, findings = _after(Item("relation", A.SET, 30, _row(corporate_number=None), DAY))
    assert 1 not in roll.parent_of
    assert findings == [Finding("parent_by_name", (1,))]


def test_a_second_parent_is_listed_and_the_one_on_record_counts() -> None:
    roll, findings = _after(Item("relation", A.ADD, None, _row(), DAY))
    assert roll.parent_of[1] == 7
    assert findings == [Finding("two_parents", (1, 9))]


def test_a_parent_that_is_not_on_record_is_a_company_of_its_own() -> None:
    end = Item("relation", A.END, 30, {"ended_on": "2026-11-23"}, DAY)
    adds = [
        Item("relation", A.ADD, None, _row(corporate_number="5", name="新"), DAY),
        Item("relation", A.ADD, None, _row(relation="SUBSIDIARY", corporate_number=None, name="子"), DAY),
    ]
    own = with_items(_own(), [*adds, end], {})
    assert dict(own.names) == {-1: "新", -2: "子"}
    assert roll_with(Roll([]), own, DAY)[0].parent_of == {1: -1, 8: 1, -2: 1}


@given(
    st.lists(st.integers(1, 9), unique=True),
    st.dictionaries(st.integers(1, 9), st.integers(1, 12)),
    st.dictionaries(st.integers(1, 9), st.integers(1, 12)),
)
def test_what_is_gained_is_lost_elsewhere(
    nodes: list[int], parents_before: dict[int, int], parents_after: dict[int, int]
) -> None:
    """Relations only move shares: over all lines of a group the changes add up to nothing."""
    found = _compared(Roll(_voters(*nodes), parents_before), Roll(_voters(*nodes), parents_after))
    change = sum(line.after - line.before for line in found.moved)
    change += sum(line.companies * (line.after - line.before) for line in found.rest)
    assert change == 0
