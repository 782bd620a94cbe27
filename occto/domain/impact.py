"""議決権への影響: what a change of the register moves, and the register as it would be with it (業務: `domain` 4, 5).

Votes of two calculations are compared as shares of the group: raw votes change with the common denominator.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction
from typing import Any, Generic, NamedTuple

from occto.domain.changes import LICENCE, RELATION
from occto.domain.codes import ChangeAct, Licence, Relation
from occto.domain.votes import Allocation, Finding, Group, N, Roll, Unit, Voter, in_force

CAPITAL, MEMBER_ON = "capital", "member_on"


class Moved(NamedTuple, Generic[N]):
    """A company whose share of a group changes, with the unit that it belongs to before and after (None: to none)."""

    node: N
    group: Group
    before: Fraction
    after: Fraction
    unit_before: Unit[N] | None
    unit_after: Unit[N] | None


class Rest(NamedTuple):
    """Holders whose unit is untouched: their shares change because the group has more or fewer units."""

    group: Group
    companies: int
    before: Fraction
    after: Fraction


@dataclass(frozen=True, slots=True)
class Impact(Generic[N]):
    """What moves, the companies concerned first. Nothing moves where both are empty."""

    moved: Sequence[Moved[N]] = ()
    rest: Sequence[Rest] = ()

    @property
    def nothing(self) -> bool:
        """Whether no share of any group changes."""
        return not self.moved and not self.rest


def impact(before: Allocation[N], after: Allocation[N]) -> Impact[N]:
    """Compare two allocations. Listed singly: who gains or loses for another reason than the number of units."""
    moved: list[Moved[N]] = []
    rest: Counter[Rest] = Counter()
    for group in Group:
        was, now = _units_by_member(before, group), _units_by_member(after, group)
        for node in dict.fromkeys([*was, *now]):
            old, new = was.get(node), now.get(node)
            shares = before.share(node, group), after.share(node, group)
            if shares[0] == shares[1]:
                continue
            if _made_up(old) == _made_up(new):
                rest[Rest(group, 0, *shares)] += 1
            else:
                moved.append(Moved(node, group, *shares, old, new))
    return Impact(moved, [line._replace(companies=count) for line, count in rest.items()])


def _made_up(unit: Unit[N] | None) -> Any:
    """What a company sees of its unit; a parent outside the group above it changes nothing."""
    return unit and (unit.holder, unit.members, unit.reason)


def _units_by_member(allocation: Allocation[N], group: Group) -> dict[N, Unit[N]]:
    return {node: unit for unit in allocation.units[group] for node in unit.members}


class ItemFact(NamedTuple):
    """A capital or a day of membership on record."""

    id: int | None
    item: str
    value: Any
    begin: date


class OwnLicence(NamedTuple):
    id: int | None
    category: Licence
    begin: date
    end: date | None


class OwnRelation(NamedTuple):
    """A controlling relation of the company, as child or parent. `parent` None: known by name only."""

    no: int | None
    child: int
    parent: int | None
    begin: date
    end: date | None


@dataclass(frozen=True, slots=True)
class Own:
    """What decides the votes of one company on any day, with the row numbers that items of a request point to."""

    node: int
    roster_no: int | None
    items: Sequence[ItemFact] = ()
    licences: Sequence[OwnLicence] = ()
    relations: Sequence[OwnRelation] = ()
    findings: Sequence[Finding[int]] = ()
    names: Mapping[int, str] = field(default_factory=dict)
    """Of companies that are not on record yet."""


class Item(NamedTuple):
    """An item of a request, as far as votes are concerned."""

    item: str
    act: ChangeAct
    target_id: int | None
    new: Any
    effective_on: date


_ORDER = {ChangeAct.VOID: 0, ChangeAct.CORRECT: 1, ChangeAct.END: 2, ChangeAct.SET: 3, ChangeAct.ADD: 4}
"""As they are entered: what makes room comes before what takes it."""


def with_items(own: Own, items: Iterable[Item], bodies: Mapping[str, int]) -> Own:
    """The facts of the company as they would be. `bodies`: companies on record by corporate number.

    A company that is not on record yet gets a node below zero; a parent without a corporate number makes no edge and
    the finding parent_by_name.
    """
    known = dict(bodies)
    for item in sorted(items, key=lambda each: (_ORDER[each.act], each.effective_on)):
        if item.item == LICENCE:
            own = replace(own, licences=_licences(own.licences, item))
        elif item.item == RELATION:
            own = _relations(own, item, known)
        elif item.item in (CAPITAL, MEMBER_ON):
            own = replace(own, items=_facts(own.items, item))
    return own


def _facts(facts: Sequence[ItemFact], item: Item) -> list[ItemFact]:
    if item.act in (ChangeAct.VOID, ChangeAct.CORRECT):
        kept = [fact for fact in facts if fact.id != item.target_id]
        if item.act is ChangeAct.VOID:
            return kept
        return [
            *kept,
            ItemFact(None, item.item, item.new["value"], _day(item.new["effective_on"]) or item.effective_on),
        ]
    kept = [fact for fact in facts if (fact.item, fact.begin) != (item.item, item.effective_on)]
    return [*kept, ItemFact(None, item.item, item.new, item.effective_on)]


def _licences(held: Sequence[OwnLicence], item: Item) -> list[OwnLicence]:
    if item.act is ChangeAct.ADD:
        return [*held, OwnLicence(None, Licence(item.new["category"]), item.effective_on, None)]
    others = [each for each in held if each.id != item.target_id]
    target = [each for each in held if each.id == item.target_id]
    if item.act is ChangeAct.END:
        return others + [each._replace(end=item.effective_on) for each in target]
    if item.act is ChangeAct.CORRECT:
        begin, end = _day(item.new.get("effective_on")), _day(item.new.get("ended_on"))
        return others + [each._replace(begin=begin or each.begin, end=end) for each in target]
    return others


def _relations(own: Own, item: Item, known: dict[str, int]) -> Own:
    others = [each for each in own.relations if each.no is None or each.no != item.target_id]
    target = [each for each in own.relations if each.no is not None and each.no == item.target_id]
    if item.act in (ChangeAct.END, ChangeAct.SET):
        others += [each._replace(end=item.effective_on) for each in target]
    if item.act in (ChangeAct.END, ChangeAct.VOID) or not item.new["controlling"]:
        return replace(own, relations=others)
    row: Mapping[str, Any] = item.new
    begin = item.effective_on if item.act is ChangeAct.SET else _day(row.get("acquired_on")) or item.effective_on
    other, number, names, findings = None, row.get("corporate_number"), own.names, own.findings
    if number or row["relation"] != Relation.PARENT:
        new = min([0, *known.values()]) - 1
        other = known.setdefault(number or f"without a number {len(known)}", new)
        names = names if other != new else {**names, new: row["name"]}
    else:
        findings = [*findings, Finding("parent_by_name", (own.node,))]
    child, parent = (own.node, other) if row["relation"] == Relation.PARENT else (other, own.node)
    assert child is not None, "a subsidiary is always a body"
    entered = OwnRelation(None, child, parent, begin, _day(row.get("ended_on")))
    return replace(own, relations=[*others, entered], findings=findings, names=names)


def roll_with(roll: Roll[int], own: Own, day: date) -> tuple[Roll[int], list[Finding[int]]]:
    """The roll of `day` with the company's facts in the place of those that the roll has of it.

    Findings: those of the facts, two_parents (the register would refuse it; the relation on record counts).
    """
    voters = [voter for voter in roll.voters if voter.node != own.node]
    voter = _voter(own, day)
    parents = {child: parent for child, parent in roll.parent_of.items() if own.node not in (child, parent)}
    findings = list(own.findings)
    for relation in own.relations:
        if relation.parent is None or not in_force(relation.begin, relation.end, day):
            continue
        if parents.setdefault(relation.child, relation.parent) != relation.parent:
            findings.append(Finding("two_parents", (relation.child, relation.parent)))
    return Roll([*voters, *([voter] if voter else [])], parents, roll.elections), findings


def _voter(own: Own, day: date) -> Voter[int] | None:
    """The company as a voter; None where it has no licence in force or is no member yet."""
    values = {fact.item: fact.value for fact in sorted(own.items, key=lambda fact: fact.begin) if fact.begin <= day}
    licences = frozenset(held.category for held in own.licences if in_force(held.begin, held.end, day))
    member_on = _day(values.get(MEMBER_ON))
    if not licences or member_on is None or member_on > day:
        return None
    return Voter(own.node, own.roster_no, values.get(CAPITAL), licences)


def _day(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) and value else value or None
