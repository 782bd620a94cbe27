"""Other divisions than the equal one: exact, and with equal totals of the groups all the same."""

from collections.abc import Mapping
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from occto.domain.assembly_settings import AssemblySettings, VotePolicy, read_settings, stored_settings
from occto.domain.codes import Licence
from occto.domain.errors import Refusal
from occto.domain.vote_policies import check_policies, former_gdu_third, manual, policies_of
from occto.domain.votes import Election, Group, Policy, Reason, Roll, Voter, allocate, equal
from tests.domain.test_votes import rolls

GTD, GEN, RETAIL = (frozenset({Licence[code]}) for code in ("GTD", "GEN", "RETAIL"))
EVERYWHERE = frozenset({Licence.GTD, Licence.GEN, Licence.RETAIL})


def _voter(node: int, licences: frozenset[Licence] = GEN, capital: int = 0) -> Voter[int]:
    return Voter(node, node, capital, licences)


def _third(*named: int) -> Mapping[Group, Policy]:
    return {Group.N: former_gdu_third(frozenset(named), dict.fromkeys(Group, equal))}


def _manual(parts: Mapping[int, Fraction]) -> Mapping[Group, Policy]:
    return {Group.G: manual(parts, name=lambda node: f"{node}号")}


def test_ten_former_utilities_hold_a_third_of_all_votes() -> None:
    """960 in 発電 and 640 in 小売, the ten in both and in 送配電 with 20 others: x = 1 - 10/640 - 10/960."""
    roll = Roll(
        [_voter(node, EVERYWHERE) for node in range(10)]
        + [_voter(node) for node in range(100, 1050)]
        + [_voter(node, RETAIL) for node in range(2000, 2630)]
        + [_voter(node, GTD) for node in range(3000, 3020)]
    )
    allocation = allocate(roll, policies=_third(*range(10)))
    x = 1 - Fraction(10, 640) - Fraction(10, 960)
    assert allocation.share(0, Group.N) == x / 10
    assert allocation.share(3000, Group.N) == (1 - x) / 20
    assert 3 * sum(allocation.weight(node) for node in range(10)) == allocation.total
    assert allocation.total == 3 * allocation.per_group_total


def test_where_the_former_utilities_hold_a_third_already_nothing_of_the_network_group_is_theirs() -> None:
    roll = Roll([_voter(1, GEN | RETAIL | GTD), _voter(2, GTD)])
    allocation = allocate(roll, policies=_third(1))
    assert (allocation.share(1, Group.N), allocation.share(2, Group.N)) == (0, 1)
    assert allocation.weights[1][Group.N] == 0


def test_a_family_of_a_former_utility_counts_as_it_whoever_holds_its_votes() -> None:
    roll = Roll([_voter(1, GTD), _voter(2, GTD), _voter(3, GTD), _voter(4, GEN), _voter(5, GEN)], {1: 9, 2: 9})
    elected = Roll(roll.voters, roll.parent_of, [Election(None, 9, 2)])
    for each, holder in ((roll, 1), (elected, 2)):
        allocation = allocate(each, policies=_third(1, 4))
        assert allocation.share(holder, Group.N) == Fraction(1, 2)
        assert allocation.share(3, Group.N) == Fraction(1, 2)


@pytest.mark.parametrize("named", [(4,), (1, 2, 3)])
def test_a_part_that_nobody_can_have_is_refused(named: tuple[int, ...]) -> None:
    """Nobody of the named in the group, or nobody else while they do not need all of it."""
    voters = [_voter(1, GTD), _voter(2, GTD), _voter(3, GTD | GEN), _voter(4, GEN)]
    with pytest.raises(Refusal) as caught:
        allocate(Roll(voters), policies=_third(*named))
    assert (caught.value.code, caught.value.field) == ("former_gdu_units", "former_gdus")


def test_a_table_gives_each_unit_its_share() -> None:
    roll = Roll([_voter(1), _voter(2), _voter(3, RETAIL)])
    allocation = allocate(roll, policies=_manual({1: Fraction(1, 3), 2: Fraction(2, 3)}))
    assert allocation.weights == {1: {Group.G: 1}, 2: {Group.G: 2}, 3: {Group.R: 3}}


def test_an_election_moves_the_share_of_a_table_with_the_votes() -> None:
    family = Roll([_voter(1), _voter(2), _voter(3)], {2: 1})
    parts = {1: Fraction(1, 4), 3: Fraction(3, 4)}
    assert allocate(family, policies=_manual(parts)).share(1, Group.G) == Fraction(1, 4)
    moved = allocate(Roll(family.voters, family.parent_of, [Election(None, 1, 2)]), policies=_manual(parts))
    assert (moved.share(1, Group.G), moved.share(2, Group.G)) == (0, Fraction(1, 4))
    assert moved.units[Group.G][0].reason is Reason.ELECTION


@pytest.mark.parametrize(
    ("parts", "code", "word"),
    [
        ({1: Fraction(1)}, "share_missing", "3号"),
        ({1: Fraction(1, 2), 2: Fraction(1, 4), 3: Fraction(1, 4)}, "share_twice", "1号と2号"),
        ({1: Fraction(1, 2), 3: Fraction(1, 4), 7: Fraction(1, 4)}, "share_outside", "7号"),
        ({1: Fraction(1, 2), 3: Fraction(1, 4)}, "shares_sum", "3/4"),
    ],
)
def test_a_table_that_does_not_fit_the_group_is_refused(parts: dict[int, Fraction], code: str, word: str) -> None:
    with pytest.raises(Refusal) as caught:
        allocate(Roll([_voter(1), _voter(2), _voter(3)], {2: 1}), policies=_manual(parts))
    assert (caught.value.code, caught.value.field) == (code, "shares_G")
    assert word in caught.value.sentence
    assert caught.value.sentence.startswith("発電グループ：")


@pytest.mark.parametrize(
    ("settings", "code", "field"),
    [
        (AssemblySettings(policies={Group.G: VotePolicy.FORMER_GDU_THIRD}, former_gdus=(1,)), "policy_group", "policy_G"),
        (AssemblySettings(policies={Group.N: VotePolicy.FORMER_GDU_THIRD}), "former_gdus_missing", "former_gdus"),
        (AssemblySettings(policies={Group.R: VotePolicy.MANUAL}), "shares_missing", "shares_R"),
        (_table := AssemblySettings(policies={Group.R: VotePolicy.MANUAL}, shares={Group.R: {1: (1, 0)}}), "share_range", "shares_R"),
        (AssemblySettings(policies=_table.policies, shares={Group.R: {1: (-1, 2), 2: (3, 2)}}), "share_range", "shares_R"),
        (AssemblySettings(policies=_table.policies, shares={Group.R: {1: (1, 10**9)}}), "share_range", "shares_R"),
        (AssemblySettings(policies=_table.policies, shares={Group.R: {1: (1, 2), 2: (1, 3)}}), "shares_sum", "shares_R"),
    ],
)  # fmt: skip
def test_settings_that_cannot_divide_are_refused(settings: AssemblySettings, code: str, field: str) -> None:
    with pytest.raises(Refusal) as caught:
        check_policies(settings)
    assert (caught.value.code, caught.value.field) == (code, field)


def test_settings_name_members_and_the_division_companies() -> None:
    settings = AssemblySettings(
        policies={Group.G: VotePolicy.MANUAL, Group.R: VotePolicy.EQUAL, Group.N: VotePolicy.FORMER_GDU_THIRD},
        shares={Group.G: {11: (1, 4), 12: (3, 4), 99: (0, 1)}},
        former_gdus=(13, 98),
    )
    check_policies(settings)
    kept = read_settings(stored_settings(settings))
    roll = Roll([_voter(1), _voter(2), _voter(3, GTD), _voter(4, GTD)])
    policies = policies_of(kept, {11: 1, 12: 2, 13: 3, 14: 4}, name=str)
    allocation = allocate(roll, policies=policies)
    assert {node: allocation.share(node, Group.G) for node in (1, 2)} == {1: Fraction(1, 4), 2: Fraction(3, 4)}
    assert allocation.share(3, Group.N) == 1


@given(rolls(), st.data())
def test_totals_are_equal_however_a_group_is_divided(roll: Roll[int], data: st.DataObject) -> None:
    plain = allocate(roll)
    group = data.draw(st.sampled_from([each for each in Group if plain.units[each]] or [Group.G]))
    units = plain.units[group]
    assume(units)
    parts = [data.draw(st.integers(0, 5)) for _unit in units[1:]] + [1]
    table = {
        data.draw(st.sampled_from(unit.members)): Fraction(part, sum(parts))
        for unit, part in zip(units, parts, strict=True)
    }
    divided = allocate(roll, policies={group: manual(table, name=str)})
    for each, held in divided.units.items():
        total = sum(divided.weights[unit.holder].get(each, 0) for unit in held)
        assert total == (divided.per_group_total if held else 0)
    assert sum(map(divided.weight, divided.weights)) == divided.total
    assert divided.units == plain.units
    without = allocate(Roll(roll.voters, roll.parent_of), policies={group: manual(table, name=str)})
    assert (without.per_group_total, without.total) == (divided.per_group_total, divided.total)


@given(rolls(), st.sets(st.integers(0, 11)))
def test_former_utilities_hold_a_third_or_what_the_others_leave_them(drawn: Roll[int], others: set[int]) -> None:
    """Beside what was drawn, one of them and one other in 送配電, and somebody in each of the other groups."""
    beside = [_voter(100, GTD), _voter(101, GTD), _voter(102, RETAIL), _voter(103, GEN)]
    roll, named = Roll([*drawn.voters, *beside], drawn.parent_of, drawn.elections), others | {100}
    plain, divided = allocate(roll), allocate(roll, policies=_third(*named))
    theirs = {group: [unit for unit in plain.units[group] if named & set(unit.members)] for group in Group}
    shares = {group: sum(divided.share(unit.holder, group) for unit in units) for group, units in theirs.items()}
    assert sum(shares.values()) == max(Fraction(1), shares[Group.R] + shares[Group.G])
    assert len({divided.share(unit.holder, Group.N) for unit in theirs[Group.N]}) == 1
