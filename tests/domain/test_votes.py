"""The division of votes: the vectors exactly, and what holds for every roll."""

import random
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from occto.domain.codes import Licence
from occto.domain.errors import Refusal
from occto.domain.votes import (
    Allocation,
    Election,
    Finding,
    Group,
    Reason,
    Roll,
    Unit,
    Voter,
    allocate,
    groups_of,
    in_force,
    reason_in_words,
)
from tests.voting import VECTORS, roll_of

GEN, RETAIL, BOTH = frozenset({Licence.GEN}), frozenset({Licence.RETAIL}), frozenset({Licence.GEN, Licence.RETAIL})


def _shown(allocation: Allocation[str]) -> dict[str, Any]:
    return {
        "per_group_total": allocation.per_group_total,
        "total": allocation.total,
        "units": {
            group.value: [
                {"holder": unit.holder, "members": list(unit.members), "reason": unit.reason} for unit in units
            ]
            for group, units in allocation.units.items()
        },
        "weights": {
            node: {"by_group": {group.value: votes for group, votes in held.items()}, "total": allocation.weight(node)}
            for node, held in allocation.weights.items()
        },
    }


@pytest.mark.parametrize("case", VECTORS["allocation"], ids=lambda case: case["id"])
def test_the_vectors_exactly(case: dict[str, Any]) -> None:
    assert _shown(allocate(roll_of(case))) == case["expect"]


@pytest.mark.parametrize(
    ("begin", "end", "holds"),
    [
        (date(2026, 5, 26), None, True),
        (date(2026, 5, 27), None, False),
        (None, date(2026, 5, 26), False),
        (None, date(2026, 5, 27), True),
        (None, None, True),
    ],
)
def test_facts_are_half_open(begin: date | None, end: date | None, holds: bool) -> None:
    assert in_force(begin, end, date(2026, 5, 26)) is holds


def _voter(
    node: int, capital: int | None = 0, licences: frozenset[Licence] = GEN, roster_no: int | None = -1
) -> Voter[int]:
    return Voter(node, node if roster_no == -1 else roster_no, capital, licences)


def _generation(allocation: Allocation[int]) -> list[tuple[int, tuple[int, ...], Reason]]:
    return [(unit.holder, unit.members, unit.reason) for unit in allocation.units[Group.G]]


def test_a_parent_that_is_in_another_group_only_is_no_parent_here() -> None:
    roll = Roll([_voter(1, licences=RETAIL), _voter(2, 5), _voter(3, 9)], {2: 1, 3: 1})
    assert _generation(allocate(roll)) == [(3, (2, 3), Reason.CAPITAL)]


def test_a_grandparent_counts_over_a_company_that_is_no_member() -> None:
    assert _generation(allocate(Roll([_voter(1), _voter(3, 9)], {3: 2, 2: 1}))) == [(1, (1, 3), Reason.PARENT)]


def test_a_grandchild_without_its_parent_does_not_stand_beside_its_aunt() -> None:
    """Survivors of rule 1 are those without an ancestor in the group: 4 lies under 2, so 2 and 3 compare."""
    roll = Roll([_voter(2, 1), _voter(3, 5), _voter(4, 100)], {2: 1, 3: 1, 4: 2})
    assert _generation(allocate(roll)) == [(3, (2, 3, 4), Reason.CAPITAL)]


def test_missing_capital_counts_nothing_and_is_listed_where_it_decided() -> None:
    roll = Roll([_voter(2, None), _voter(3, 5), _voter(5, None), _voter(6, None, BOTH)], {2: 1, 3: 1, 6: 5})
    allocation = allocate(roll)
    assert _generation(allocation)[0] == (3, (2, 3), Reason.CAPITAL)
    assert [finding for finding in allocation.warnings if finding.code == "capital_missing"] == [
        Finding("capital_missing", (2,), Group.G)
    ]


def test_missing_and_shared_roster_numbers_are_listed_where_they_decided() -> None:
    missing = allocate(Roll([_voter(2, roster_no=None), _voter(3, roster_no=7)], {2: 1, 3: 1}))
    assert _generation(missing) == [(3, (3, 2), Reason.ROSTER)]
    assert Finding("roster_missing", (2,), Group.G) in missing.warnings
    shared = allocate(Roll([_voter(3, roster_no=7), _voter(2, roster_no=7)], {2: 1, 3: 1}))
    assert _generation(shared) == [(2, (2, 3), Reason.ROSTER)]
    assert Finding("roster_shared", (2, 3), Group.G) in shared.warnings


def test_an_election_counts_in_the_groups_where_it_names_a_company_of_the_family() -> None:
    voters = [_voter(2, 9, BOTH), _voter(3, 1), _voter(4, 1, RETAIL)]
    family = {2: 1, 3: 1, 4: 1}
    allocation = allocate(Roll(voters, family, [Election(None, 1, 3)]))
    assert _generation(allocation) == [(3, (2, 3), Reason.ELECTION)]
    assert allocation.units[Group.R][0].reason is Reason.CAPITAL
    assert "election_ignored" not in {finding.code for finding in allocation.warnings}


@pytest.mark.parametrize(
    ("elections", "holder"),
    [
        ([Election(Group.G, 1, 2), Election(None, 1, 3)], 3),
        ([Election(None, 1, 3), Election(Group.G, 1, 2)], 2),
        ([Election(Group.G, 1, 2), Election(Group.R, 1, 3)], 2),
        ([Election(Group.G, 1, 2), Election(Group.G, 1, 9)], 2),
    ],
)
def test_the_later_valid_election_counts(elections: list[Election[int]], holder: int) -> None:
    roll = Roll([_voter(2, 1), _voter(3, 5), _voter(4, 9), _voter(9, 0)], {2: 1, 3: 1, 4: 1}, elections)
    assert _generation(allocate(roll))[0] == (holder, (2, 3, 4), Reason.ELECTION)


@pytest.mark.parametrize(
    "election", [Election(None, 1, 9), Election(Group.R, 1, 2), Election(None, 9, 2), Election(None, 1, 1)]
)
def test_an_election_outside_the_family_is_ignored_with_a_warning(election: Election[int]) -> None:
    allocation = allocate(Roll([_voter(2, 1), _voter(3, 5), _voter(9, 0)], {2: 1, 3: 1}, [election]))
    assert _generation(allocation)[0] == (3, (2, 3), Reason.CAPITAL)
    assert Finding("election_ignored", (election.root, election.holder), election.group) in allocation.warnings


@pytest.mark.parametrize("order", [[1, 2, 3, 4], [4, 3, 2, 1], [3, 1, 4, 2]])
def test_a_ring_is_reported_and_cut_above_its_smallest(order: list[int]) -> None:
    parents = {1: 2, 2: 3, 3: 1, 4: 3}
    allocation = allocate(Roll([_voter(node) for node in order], {node: parents[node] for node in order}))
    assert allocation.errors == [Finding("cycle", (1, 2, 3))]
    assert _generation(allocation) == [(1, (1, 2, 3, 4), Reason.PARENT)]


def test_a_company_above_itself_does_not_hang() -> None:
    allocation = allocate(Roll([_voter(1)], {1: 1}))
    assert allocation.errors == [Finding("cycle", (1,))]
    assert _generation(allocation) == [(1, (1,), Reason.SINGLE)]


def test_a_very_long_line_is_no_depth_of_calls() -> None:
    line = {number: number + 1 for number in range(5000)}
    assert _generation(allocate(Roll([_voter(0), _voter(5000)], line)))[0][0] == 5000


def test_an_empty_group_keeps_its_share_to_itself() -> None:
    allocation = allocate(Roll([_voter(1), _voter(2)]))
    assert (allocation.per_group_total, allocation.total) == (2, 2)
    assert [finding.group for finding in allocation.warnings] == [Group.N, Group.R]
    nobody = allocate(Roll([]))
    assert (nobody.per_group_total, nobody.total, nobody.weights) == (0, 0, {})


def test_a_member_named_twice_is_refused() -> None:
    with pytest.raises(Refusal) as caught:
        allocate(Roll([_voter(1), _voter(1)]))
    assert caught.value.code == "member_twice"


def test_totals_beyond_the_column_are_refused() -> None:
    halves = [Fraction(1, 2**63), 1 - Fraction(1, 2**63)]
    with pytest.raises(Refusal) as caught:
        allocate(Roll([_voter(1), _voter(2)]), policies={Group.G: lambda _group, _units: halves})
    assert caught.value.code == "too_many_votes"


def test_another_policy_for_a_group_keeps_the_totals_equal() -> None:
    roll = Roll([_voter(1), _voter(2), _voter(3, licences=RETAIL)])
    allocation = allocate(roll, policies={Group.G: lambda _group, _units: [Fraction(1, 4), Fraction(3, 4)]})
    assert allocation.weights == {1: {Group.G: 1}, 2: {Group.G: 3}, 3: {Group.R: 4}}


@st.composite
def rolls(draw: st.DrawFn) -> Roll[int]:
    """Small worlds with families, members and others, rings and elections of all kinds."""
    nodes = list(range(draw(st.integers(1, 12))))
    licences = st.frozensets(st.sampled_from(list(Licence)), min_size=1, max_size=3)
    capital = st.one_of(st.none(), st.integers(0, 3))
    voters = [Voter(node, node, draw(capital), draw(licences)) for node in nodes if draw(st.integers(0, 3)) > 0]
    parents = draw(st.dictionaries(st.sampled_from(nodes), st.sampled_from(nodes), max_size=10))
    named = st.sampled_from(nodes)
    groups = st.one_of(st.none(), st.sampled_from(list(Group)))
    elections = draw(st.lists(st.builds(Election, groups, named, named), max_size=4))
    return Roll(voters, parents, elections)


@given(rolls())
def test_groups_have_equal_totals_and_weights_add_up(roll: Roll[int]) -> None:
    allocation = allocate(roll)
    for units in allocation.units.values():
        assert sum(allocation.weights[unit.holder][unit.group] for unit in units) in (
            {allocation.per_group_total} if units else {0}
        )
        assert len({allocation.share(unit.holder, unit.group) for unit in units}) <= 1
    assert sum(map(allocation.weight, allocation.weights)) == allocation.total


@given(rolls(), st.randoms(use_true_random=False))
def test_the_order_of_what_is_given_does_not_matter(roll: Roll[int], chance: random.Random) -> None:
    voters, parents = list(roll.voters), list(roll.parent_of.items())
    chance.shuffle(voters)
    chance.shuffle(parents)
    assert allocate(Roll(voters, dict(parents), roll.elections)) == allocate(roll)


def _ancestors(node: int, roll: Roll[int], rings: set[int]) -> set[int]:
    """Walked naively; a ring ends at its smallest."""
    found: set[int] = set()
    while node in roll.parent_of and node not in rings:
        node = roll.parent_of[node]
        found.add(node)
    return found


@given(rolls())
def test_a_family_holds_one_share_of_a_group(roll: Roll[int]) -> None:
    allocation = allocate(roll)
    cuts = {finding.nodes[0] for finding in allocation.errors}
    for group, units in allocation.units.items():
        eligible = sorted(voter.node for voter in roll.voters if group in groups_of(voter.licences))
        assert sorted(node for unit in units for node in unit.members) == eligible
        assert len({unit.root for unit in units}) == len(units)
        for unit in units:
            assert all(node == unit.root or unit.root in _ancestors(node, roll, cuts) for node in unit.members)


@given(rolls())
def test_reasons_name_true_facts(roll: Roll[int]) -> None:
    allocation = allocate(roll)
    cuts = {finding.nodes[0] for finding in allocation.errors}
    capital = {voter.node: voter.capital or 0 for voter in roll.voters}
    for unit in (unit for units in allocation.units.values() for unit in units):
        assert unit.holder in unit.members
        top = [node for node in unit.members if not _ancestors(node, roll, cuts) & set(unit.members)]
        rivals = [node for node in top if node != unit.holder]
        if unit.reason is Reason.SINGLE:
            assert unit.members == (unit.holder,)
        elif unit.reason is Reason.PARENT:
            assert all(unit.holder in _ancestors(node, roll, cuts) for node in unit.members if node != unit.holder)
        elif unit.reason is Reason.CAPITAL:
            assert rivals
            assert all(capital[unit.holder] > capital[node] for node in rivals)
        elif unit.reason is Reason.ROSTER:
            equal = [node for node in rivals if capital[node] == capital[unit.holder]]
            assert equal
            assert all(unit.holder < node for node in equal)
            assert all(capital[unit.holder] >= capital[node] for node in rivals)
        else:
            assert any(
                (election.holder, election.root) == (unit.holder, unit.root) and election.group in (None, unit.group)
                for election in roll.elections
            )


@given(rolls())
def test_elections_move_shares_and_change_no_total(roll: Roll[int]) -> None:
    plain, elected = allocate(Roll(roll.voters, roll.parent_of)), allocate(roll)
    assert (plain.per_group_total, plain.total) == (elected.per_group_total, elected.total)
    for group in Group:
        assert [(unit.members, plain.share(unit.holder, group)) for unit in plain.units[group]] == [
            (unit.members, elected.share(unit.holder, group)) for unit in elected.units[group]
        ]
        for before, after in zip(plain.units[group], elected.units[group], strict=True):
            assert after.reason is Reason.ELECTION or before == after


@pytest.mark.parametrize(
    ("reason", "holding", "held"),
    [
        (Reason.PARENT, "子法人 2社をまとめて行使（規則1）", "親法人 1号 に集約（規則1）"),
        (Reason.CAPITAL, "資本金が最も大きいため（規則2）", "資本金が最も大きい 1号 に集約（規則2）"),
        (Reason.ROSTER, "名簿の順が最も早いため（規則2）", "名簿の順が最も早い 1号 に集約（規則2）"),
        (Reason.ELECTION, "届出により 2社をまとめて行使", "届出により 1号 に集約"),
    ],
)
def test_reasons_in_words(reason: Reason, holding: str, held: str) -> None:
    unit = Unit(Group.G, 1, 1, (1, 2, 3), reason)
    assert reason_in_words(unit, 1, name=lambda node: f"{node}号").endswith(holding)
    assert reason_in_words(unit, 2, name=lambda node: f"{node}号").endswith(held)


def test_alone_is_alone_whatever_was_filed() -> None:
    for reason in (Reason.SINGLE, Reason.ELECTION):
        assert reason_in_words(Unit(Group.G, 1, 1, (1,), reason), 1, name=str) == "単独で行使"
