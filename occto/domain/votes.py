"""議決権: three groups with equal totals, families as one voter in each group (業務: `domain` 5). Exact: integers only.

A node is a company, member or not; its id is anything with a total order. The roll is the register on one day.
"""

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction
from functools import cache
from math import lcm
from operator import itemgetter
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from occto.domain.codes import Licence
from occto.domain.errors import Refusal

LARGEST_TOTAL = 2**62
"""Totals above it are refused: they would no longer fit the columns that hold and sum them."""


class Node(Hashable, Protocol):
    """What identifies a company: hashable, and in order with all others."""

    def __lt__(self, other: Any, /) -> bool: ...


N = TypeVar("N", bound=Node)


class Group(StrEnum):
    """送配電, 小売, 発電: the groups whose totals are equal."""

    N = "N"
    R = "R"
    G = "G"


GROUP_LABELS: dict[Group, str] = {Group.N: "送配電", Group.R: "小売", Group.G: "発電"}
GROUPS_OF: dict[Licence, frozenset[Group]] = {
    Licence.GTD: frozenset({Group.N}),
    Licence.TRANS: frozenset({Group.N}),
    Licence.DIST: frozenset({Group.N}),
    Licence.SPTD: frozenset({Group.N}),
    Licence.RETAIL: frozenset({Group.R}),
    Licence.RSPTD: frozenset({Group.N, Group.R}),
    Licence.GEN: frozenset({Group.G}),
    Licence.AGG: frozenset({Group.G}),
}


class Reason(StrEnum):
    """Why a unit's votes lie with its holder."""

    SINGLE = "single"
    PARENT = "parent"
    CAPITAL = "capital"
    ROSTER = "roster"
    ELECTION = "election"


class Voter(NamedTuple, Generic[N]):
    """An eligible member on the day: its licences in force, its capital and roster number where they are on record."""

    node: N
    roster_no: int | None
    capital: int | None
    licences: frozenset[Licence]


class Election(NamedTuple, Generic[N]):
    """届出: the family under `root` names its holder, for one group or (None) for all."""

    group: Group | None
    root: N
    holder: N


@dataclass(frozen=True, slots=True)
class Roll(Generic[N]):
    """What decides the votes of one day. `parent_of` leads from a company to its controlling parent, member or not."""

    voters: Sequence[Voter[N]]
    parent_of: Mapping[N, N] = field(default_factory=dict)
    elections: Sequence[Election[N]] = ()


class Unit(NamedTuple, Generic[N]):
    """One voter of a group: a company or a family deemed one member. `members` are in the order of the roster.

    Its votes are the holder's in this group: nobody is in two units of one group.
    """

    group: Group
    root: N
    holder: N
    members: tuple[N, ...]
    reason: Reason


class Finding(NamedTuple, Generic[N]):
    """What staff have to look at: a stable code, the companies concerned, and the group where it matters."""

    code: str
    nodes: tuple[N, ...] = ()
    group: Group | None = None


@dataclass(frozen=True, slots=True)
class Allocation(Generic[N]):
    """Who holds how many votes. `weights` has holders only."""

    per_group_total: int
    total: int
    units: Mapping[Group, Sequence[Unit[N]]]
    weights: Mapping[N, Mapping[Group, int]]
    warnings: Sequence[Finding[N]] = ()
    errors: Sequence[Finding[N]] = ()

    def share(self, node: N, group: Group) -> Fraction:
        """The part of a group's total that a company holds: what two allocations are compared by."""
        votes = self.weights.get(node, {}).get(group, 0)
        return Fraction(votes, self.per_group_total) if votes else Fraction(0)

    def weight(self, node: N) -> int:
        """All votes of a company; 0 where another one holds them."""
        return sum(self.weights.get(node, {}).values())


Policy = Callable[[Group, Mapping[Group, Sequence[Unit[Any]]]], Sequence[Fraction]]
"""How a group is divided: the share of each of its units, in their order; the shares add up to 1. It sees all groups."""


def group_title(group: Group | None) -> str:
    """発電グループ, or すべてのグループ."""
    return f"{GROUP_LABELS[group]}グループ" if group is not None else "すべてのグループ"


def equal(group: Group, units: Mapping[Group, Sequence[Unit[Any]]]) -> Sequence[Fraction]:
    """Each unit has the same share."""
    held = units[group]
    return [Fraction(1, len(held))] * len(held)


def in_force(begin: date | None, end: date | None, day: date) -> bool:
    """Whether a fact holds at the end of `day`: begin ≤ day < end, None without a bound."""
    return (begin is None or begin <= day) and (end is None or day < end)


@cache
def groups_of(licences: frozenset[Licence]) -> frozenset[Group]:
    """The groups that a company with these licences belongs to: each once, however many licences lie in it."""
    return frozenset().union(*(GROUPS_OF[licence] for licence in licences))


class _Lines(NamedTuple, Generic[N]):
    """The lines upwards: the ultimate parent of each company, and the groups in which it has an ancestor."""

    root: dict[N, N]
    above: dict[N, frozenset[Group]]
    rings: list[tuple[N, ...]]


def allocate(roll: Roll[N], *, policies: Mapping[Group, Policy] | None = None) -> Allocation[N]:
    """Divide the votes. Findings: warnings empty_group, capital_missing, roster_missing, roster_shared,
    election_ignored; error cycle (cut above its smallest node, so that the rest can be calculated).

    Refusals: member_twice, too_many_votes.
    """
    voters = _in_order(roll.voters)
    groups = {voter.node: groups_of(voter.licences) for voter in voters}
    if len(groups) < len(voters):
        raise Refusal("member_twice", "同じ会員が二度挙げられています。会員の一覧をお確かめください。")
    lines = _lines(roll.parent_of, groups)
    elected, warnings = _elected(roll.elections, groups, lines)
    units = _units(voters, groups, lines, elected, warnings)
    warnings += [Finding("empty_group", (), group) for group in Group if not units[group]]
    errors = [Finding("cycle", ring) for ring in lines.rings]
    return _weighed(units, policies or {}, warnings, errors)


def _in_order(voters: Iterable[Voter[N]]) -> list[Voter[N]]:
    """By roster number, those without one last; equals by node.

    Sorted twice by one key, which keeps equals in their order: half the time of once by two.
    """
    by_node = sorted(voters, key=itemgetter(_NODE))
    numbered = [voter for voter in by_node if voter.roster_no is not None]
    numbered.sort(key=itemgetter(_ROSTER_NO))
    return numbered + [voter for voter in by_node if voter.roster_no is None]


_NODE, _ROSTER_NO = (Voter._fields.index(name) for name in ("node", "roster_no"))


def _units(
    voters: Iterable[Voter[N]],
    groups: Mapping[N, frozenset[Group]],
    lines: _Lines[N],
    elected: Mapping[tuple[Group, N], N],
    warnings: list[Finding[N]],
) -> dict[Group, list[Unit[N]]]:
    """The units of each group, in the order in which the roster names the first company of each."""
    found: dict[Group, list[Unit[N] | list[Voter[N]]]] = {group: [] for group in Group}
    families: dict[tuple[Group, N], list[Voter[N]]] = {}
    naming = {root for _group, root in elected}
    single = Reason.SINGLE
    for voter in voters:
        node = voter.node
        root = lines.root.get(node)
        alone = (node,)
        for group in groups[node]:
            if root is None:  # most have no relation at all, and there are many: no family is made for them
                reason = Reason.ELECTION if node in naming and (group, node) in elected else single
                found[group].append(Unit(group, node, node, alone, reason))
            elif (group, root) in families:
                families[group, root].append(voter)
            else:
                families[group, root] = [voter]
                found[group].append(families[group, root])
    return {
        group: [each if isinstance(each, Unit) else _unit(group, each, lines, elected, warnings) for each in mixed]
        for group, mixed in found.items()
    }


_NONE: frozenset[Group] = frozenset()


def _lines(parent_of: Mapping[N, N], groups: Mapping[N, frozenset[Group]]) -> _Lines[N]:
    """One pass over the relations; what a line shares with one before it is not walked again."""
    rings = _rings(parent_of)
    cut = {ring[0] for ring in rings}
    root: dict[N, N] = {}
    above: dict[N, frozenset[Group]] = {}
    for start in parent_of:
        node, path = start, []
        while node not in root:
            if node in cut or node not in parent_of:
                root[node], above[node] = node, _NONE
            else:
                path.append(node)
                node = parent_of[node]
        for child in reversed(path):
            parent = parent_of[child]
            root[child] = root[parent]
            above[child] = above[parent] | groups.get(parent, _NONE)
    return _Lines(root, above, rings)


def _rings(parent_of: Mapping[N, N]) -> list[tuple[N, ...]]:
    """The rings among the relations, each in order with its smallest node first."""
    walked: dict[N, int] = {}
    rings = []
    for turn, start in enumerate(parent_of):
        node = start
        while node in parent_of and node not in walked:
            walked[node] = turn
            node = parent_of[node]
        if walked.get(node) == turn:
            ring, after = [node], parent_of[node]
            while after != node:
                ring.append(after)
                after = parent_of[after]
            rings.append(tuple(sorted(ring)))
    return sorted(rings)


def _elected(
    elections: Iterable[Election[N]], groups: Mapping[N, frozenset[Group]], lines: _Lines[N]
) -> tuple[dict[tuple[Group, N], N], list[Finding[N]]]:
    """The holder that a family named, the later in the list before the earlier; what names no company of it is ignored."""
    elected: dict[tuple[Group, N], N] = {}
    ignored: list[Finding[N]] = []
    for election in elections:
        holder = election.holder
        belongs = lines.root.get(holder, holder) == election.root
        valid = groups.get(holder, _NONE) if belongs else _NONE
        if election.group is not None:
            valid &= {election.group}
        elected.update({(group, election.root): holder for group in valid})
        if not valid:
            ignored.append(Finding("election_ignored", (election.root, holder), election.group))
    return elected, ignored


def _unit(
    group: Group,
    family: Sequence[Voter[N]],
    lines: _Lines[N],
    elected: Mapping[tuple[Group, N], N],
    warnings: list[Finding[N]],
) -> Unit[N]:
    root = lines.root[family[0].node]
    if (group, root) in elected:
        holder, reason = elected[group, root], Reason.ELECTION
    elif len(family) == 1:
        holder, reason = family[0].node, Reason.SINGLE
    else:
        survivors = [voter for voter in family if group not in lines.above.get(voter.node, _NONE)]
        holder, reason = _first(group, survivors, warnings)
    return Unit(group, root, holder, tuple([voter.node for voter in family]), reason)


def _first(group: Group, survivors: Sequence[Voter[N]], warnings: list[Finding[N]]) -> tuple[N, Reason]:
    """Rule 1 where one is left, else rule 2: the largest capital, then the earliest in the roster."""
    if len(survivors) == 1:
        return survivors[0].node, Reason.PARENT
    missing = tuple(voter.node for voter in survivors if voter.capital is None)
    if missing:
        warnings.append(Finding("capital_missing", missing, group))
    largest = max(voter.capital or 0 for voter in survivors)
    tied = [voter for voter in survivors if (voter.capital or 0) == largest]
    if len(tied) == 1:
        return tied[0].node, Reason.CAPITAL
    unnumbered = tuple(voter.node for voter in tied if voter.roster_no is None)
    if unnumbered:
        warnings.append(Finding("roster_missing", unnumbered, group))
    sharing = tuple(voter.node for voter in tied if voter.roster_no == tied[0].roster_no is not None)
    if len(sharing) > 1:
        warnings.append(Finding("roster_shared", sharing, group))
    return tied[0].node, Reason.ROSTER


def _weighed(
    units: Mapping[Group, Sequence[Unit[N]]],
    policies: Mapping[Group, Policy],
    warnings: Sequence[Finding[N]],
    errors: Sequence[Finding[N]],
) -> Allocation[N]:
    """Bring the shares to the smallest whole numbers in which every group that is not empty has the same total."""
    shares = {group: policies.get(group, equal)(group, units) for group, held in units.items() if held}
    distinct = {id(share): share for each in shares.values() for share in each}  # an equal share is one object for all
    per_group = lcm(*{share.denominator for share in distinct.values()}) if shares else 0
    total = per_group * len(shares)
    if total > LARGEST_TOTAL:
        raise Refusal(
            "too_many_votes",
            "議決権の総数が 2の62乗を超えるため、計算できません。会員と資本関係の登録をお確かめください。",
        )
    weights: dict[N, Mapping[Group, int]] = {}
    for group, each in shares.items():
        votes_of = {key: one.numerator * (per_group // one.denominator) for key, one in distinct.items()}
        alike = {votes: {group: votes} for votes in votes_of.values()}  # shared by holders of one unit: they are many
        for unit, share in zip(units[group], each, strict=True):
            holder, votes = unit.holder, votes_of[id(share)]
            held = weights.get(holder)
            weights[holder] = alike[votes] if held is None else {**held, group: votes}
    return Allocation(per_group, total, units, weights, warnings, errors)


def reason_in_words(unit: Unit[N], node: N, *, name: Callable[[N], str]) -> str:
    """Why a company of the unit holds the votes or does not, as on its page; `name` names a company."""
    others = len(unit.members) - 1
    if not others:
        return "単独で行使"
    if node == unit.holder:
        return {
            Reason.PARENT: f"子法人 {others}社をまとめて行使（規則1）",
            Reason.CAPITAL: f"同じ親法人の {others}社をまとめて行使。資本金が最も大きいため（規則2）",
            Reason.ROSTER: f"同じ親法人の {others}社をまとめて行使。資本金が同額で、名簿の順が最も早いため（規則2）",
        }.get(unit.reason, f"届出により {others}社をまとめて行使")
    holder = name(unit.holder)
    return {
        Reason.PARENT: f"親法人 {holder} に集約（規則1）",
        Reason.CAPITAL: f"資本金が最も大きい {holder} に集約（規則2）",
        Reason.ROSTER: f"資本金が同額で、名簿の順が最も早い {holder} に集約（規則2）",
    }.get(unit.reason, f"届出により {holder} に集約")
