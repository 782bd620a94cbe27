"""The facts behind a weight: who controls whom, by how much and since when, capital, place in the roster (`domain` 5.1)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Generic, NamedTuple

from occto.domain.votes import N, Reason, Unit


class Link(NamedTuple, Generic[N]):
    """A controlling relation: by how much (basis points; None: not on record) and since when."""

    child: N
    parent: N
    ratio_bp: int | None
    since: date


@dataclass(frozen=True, slots=True)
class Facts(Generic[N]):
    """What a division rested on, by company. `links` by the child; a ring is cut as the division cut it."""

    links: Mapping[N, Link[N]] = field(default_factory=dict)
    capital: Mapping[N, int | None] = field(default_factory=dict)
    roster: Mapping[N, int | None] = field(default_factory=dict)

    def line(self, node: N, *, until: N | None = None) -> tuple[Link[N], ...]:
        """The relations from a company upwards, to its ultimate parent or to `until`."""
        found: list[Link[N]] = []
        while node != until and (link := self.links.get(node)) is not None and len(found) <= len(self.links):
            found.append(link)
            node = link.parent
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Grounds(Generic[N]):
    """Why the votes of a unit lie where they lie, seen from one of its companies.

    `survivors`: those without an ancestor in the unit, the one that the rules would choose first (rules 1 and 2);
    `by_rules`: how the rules choose it. `top`: the survivor that is `node` or stands above it. `line`: the relations from
    `node` up to `top`, and beyond to the ultimate parent where rule 2 decided.
    """

    unit: Unit[N]
    node: N
    survivors: tuple[N, ...]
    by_rules: Reason
    top: N
    line: tuple[Link[N], ...]


def grounds(unit: Unit[N], node: N, facts: Facts[N]) -> Grounds[N]:
    """The grounds of a company's weight. `node` is one of the unit."""
    members, tops = frozenset(unit.members), {}
    for each in unit.members if len(unit.members) > 1 else ():
        above = [link.parent for link in facts.line(each) if link.parent in members]
        tops[each] = above[-1] if above else each
    survivors = tuple(sorted((each for each in tops if tops[each] == each), key=lambda each: _rank(each, facts)))
    top = tops.get(node, node)
    until = top if len(survivors) == 1 else None
    return Grounds(
        unit=unit,
        node=node,
        survivors=survivors or (node,),
        by_rules=_by_rules(survivors, facts),
        top=top,
        line=facts.line(node, until=until),
    )


def _rank(node: N, facts: Facts[N]) -> tuple[int, bool, int, N]:
    number = facts.roster.get(node)
    return -(facts.capital.get(node) or 0), number is None, number or 0, node


def _by_rules(survivors: tuple[N, ...], facts: Facts[N]) -> Reason:
    if not survivors:
        return Reason.SINGLE
    if len(survivors) == 1:
        return Reason.PARENT
    first, second = (facts.capital.get(each) or 0 for each in survivors[:2])
    return Reason.CAPITAL if first > second else Reason.ROSTER
