"""A calculation to be read: by group, by family, by member. Built once a page; nothing in it asks the database again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.codes import SnapshotState
from occto.domain.errors import NotFound
from occto.domain.vote_facts import Facts, Link
from occto.domain.votes import Group, Unit, Voter, groups_of
from occto.models import Assembly, Snapshot
from occto.queries.allocation import Calculation, calculate
from occto.queries.snapshots import kept_calculation

NAMELESS = "登録のない会社"


@dataclass(frozen=True, slots=True)
class Kept:
    """A kept calculation as a choice: its number in the assembly, and what it is."""

    id: int
    no: int
    state: SnapshotState
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class Family:
    """All companies under one ultimate parent, the parent first; `voters`: those that are on the roll."""

    root: int
    nodes: tuple[int, ...]
    voters: int


class Reading:
    """A calculation with what its pages look up in it. `kept` None: calculated from the register as it reads now."""

    def __init__(self, calculation: Calculation, kept: Kept | None = None) -> None:
        self.calculation, self.kept = calculation, kept
        self.allocation, self.roll = calculation.allocation, calculation.record.roll

    def name(self, node: int) -> str:
        """The name of a company."""
        return self.calculation.record.names.get(node) or NAMELESS

    @cached_property
    def voters(self) -> Mapping[int, Voter[int]]:
        """Everybody on the roll, those under a sanction too."""
        return {voter.node: voter for voter in self.roll.voters}

    @cached_property
    def nodes(self) -> Mapping[int, int]:
        """Member → its company, of those on the roll."""
        member_ids = self.calculation.record.member_ids
        return {member_ids[node]: node for node in self.voters}

    @cached_property
    def facts(self) -> Facts[int]:
        """What the weights rest on; rings are cut where the division cut them."""
        cut = {finding.nodes[0] for finding in self.allocation.errors if finding.code == "cycle"}
        links = {
            one.child: Link(one.child, one.parent, one.ratio_bp, one.since)
            for one in self.calculation.relations
            if one.child not in cut
        }
        return Facts(
            links,
            {node: voter.capital for node, voter in self.voters.items()},
            {node: voter.roster_no for node, voter in self.voters.items()},
        )

    @cached_property
    def unit_of(self) -> Mapping[Group, Mapping[int, Unit[int]]]:
        """Group → company → the unit that it belongs to."""
        return {
            group: {node: unit for unit in units for node in unit.members}
            for group, units in self.allocation.units.items()
        }

    def votes(self, unit: Unit[int]) -> int:
        """The votes of a unit."""
        return self.allocation.weights[unit.holder][unit.group]

    def members_of(self, group: Group) -> int:
        """How many members have votes to share in a group."""
        return sum(len(unit.members) for unit in self.allocation.units[group])

    def groups(self, node: int) -> frozenset[Group]:
        """The groups of a company by its licences; none where it is not on the roll."""
        voter = self.voters.get(node)
        return groups_of(voter.licences) if voter is not None else frozenset()

    @cached_property
    def children(self) -> Mapping[int, Sequence[int]]:
        """Parent → its direct subsidiaries in the order of the roster; those without a number last, by name."""
        found: dict[int, list[int]] = {}
        for link in self.facts.links.values():
            found.setdefault(link.parent, []).append(link.child)
        for children in found.values():
            children.sort(key=self.place)
        return found

    def place(self, node: int) -> tuple[bool, int, str, int]:
        """Where a company stands in the roster; those without a number last, by name."""
        voter = self.voters.get(node)
        number = voter.roster_no if voter is not None else None
        return number is None, number or 0, self.name(node), node

    @cached_property
    def families(self) -> Sequence[Family]:
        """The families with somebody on the roll, in the order of the roster of their first company."""
        tops = sorted({parent for parent in self.children if parent not in self.facts.links})
        found = [
            Family(root, nodes, sum(node in self.voters for node in nodes)) for root, nodes in map(self._below, tops)
        ]
        return sorted(
            (family for family in found if family.voters),
            key=lambda family: min(self.place(node) for node in family.nodes if node in self.voters),
        )

    def _below(self, root: int) -> tuple[int, tuple[int, ...]]:
        return root, tuple(node for node, _depth in self.tree(root))

    def tree(self, root: int) -> Sequence[tuple[int, int]]:
        """The companies under a parent with their depth, each before those below it."""
        found, pending = [], [(root, 0)]
        while pending:
            node, depth = pending.pop()
            found.append((node, depth))
            pending += [(child, depth + 1) for child in reversed(self.children.get(node, ()))]
        return found

    def root_of(self, node: int) -> int | None:
        """The ultimate parent of a company; None where it has no relation."""
        line = self.facts.line(node)
        return line[-1].parent if line else node if node in self.children else None


def kept_of(session: Session, assembly_id: int) -> list[Kept]:
    """What was kept of an assembly, the newest first."""
    rows = session.scalars(select(Snapshot).where(Snapshot.assembly_id == assembly_id).order_by(Snapshot.no.desc()))
    return [Kept(row.id, row.no, row.state, row) for row in rows]


def usual(kept: Sequence[Kept]) -> Kept | None:
    """What a page shows unless asked for another: the frozen one, else the newest draft; None: nothing was kept."""
    return next((one for one in kept if one.state is SnapshotState.FROZEN), kept[0] if kept else None)


def reading_of(session: Session, assembly: Assembly, kept: Kept | None) -> Reading:
    """A kept calculation, or (None) one from the register as it reads now. Refusals of the policies: domain/vote_policies.py."""
    if kept is None:
        return Reading(calculate(session, assembly))
    return Reading(kept_calculation(session, kept.snapshot), kept)


def kept_numbered(kept: Sequence[Kept], no: int | None) -> Kept:
    """The one with a number; NotFound where there is none."""
    for one in kept:
        if one.no == no:
            return one
    raise NotFound
