"""The grounds of a weight name what the division did, and relations that are on record."""

from datetime import date

from hypothesis import given

from occto.domain.vote_facts import Facts, Link, grounds
from occto.domain.votes import Allocation, Reason, Roll, allocate
from tests.domain.test_votes import rolls

SINCE = date(2020, 4, 1)


def facts_of(roll: Roll[int], allocation: Allocation[int]) -> Facts[int]:
    cut = {finding.nodes[0] for finding in allocation.errors}
    return Facts(
        {child: Link(child, parent, 6200, SINCE) for child, parent in roll.parent_of.items() if child not in cut},
        {voter.node: voter.capital for voter in roll.voters},
        {voter.node: voter.roster_no for voter in roll.voters},
    )


@given(rolls())
def test_the_grounds_are_those_of_the_division(roll: Roll[int]) -> None:
    plain, elected = allocate(Roll(roll.voters, roll.parent_of)), allocate(roll)
    facts = facts_of(roll, plain)
    for group, units in plain.units.items():
        for unit, moved in zip(units, elected.units[group], strict=True):
            for node in unit.members:
                seen, after = grounds(unit, node, facts), grounds(moved, node, facts)
                assert (seen.survivors[0] if seen.by_rules is not Reason.SINGLE else node) == unit.holder
                assert seen.by_rules is unit.reason
                assert (after.survivors, after.by_rules, after.line) == (seen.survivors, seen.by_rules, seen.line)
                assert seen.top in seen.survivors


@given(rolls())
def test_a_line_leads_upwards_over_relations_on_record(roll: Roll[int]) -> None:
    allocation = allocate(roll)
    facts = facts_of(roll, allocation)
    for unit in (unit for units in allocation.units.values() for unit in units):
        for node in unit.members:
            seen = grounds(unit, node, facts)
            at = node
            for link in seen.line:
                assert link.child == at
                assert roll.parent_of[at] == link.parent
                at = link.parent
            if seen.by_rules is Reason.PARENT:
                assert at == seen.survivors[0]
            else:
                assert at == unit.root


def test_a_ring_ends_where_it_was_cut() -> None:
    ring = {1: 2, 2: 3, 3: 1}
    facts = Facts({child: Link(child, parent, None, SINCE) for child, parent in ring.items()})
    assert len(facts.line(1)) == 4  # even uncut it comes to an end
    assert facts.line(2, until=1) == (Link(2, 3, None, SINCE), Link(3, 1, None, SINCE))
