"""届出: which of a family holds its votes, whose consent that needs, and what is refused (業務: `domain` 5.1 3 and 5.2)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, NamedTuple

from occto.domain.codes import ElectionState
from occto.domain.errors import Refusal
from occto.domain.votes import Allocation, Election, Group, N, Unit, group_title

EVERY_GROUP = "*"
"""How 届出 for all groups are stored and sent."""


@dataclass(frozen=True, slots=True)
class Family(Generic[N]):
    """A class of companies under one ultimate parent, as the votes of a day are divided without the 届出 in question.

    `units` are its voters by group; a group it is not in is left out. `shares` are the numbers of units of each group.
    """

    root: N
    units: Mapping[Group, Unit[N]]
    shares: Mapping[Group, int]

    @property
    def companies(self) -> frozenset[N]:
        """Every company of it that is on the roll."""
        return frozenset(node for unit in self.units.values() for node in unit.members)

    def candidates(self, group: Group | None) -> frozenset[N]:
        """Who of it may be named for a group, or for all."""
        return frozenset(node for unit in self.concerned(group).values() for node in unit.members)

    def concerned(self, group: Group | None) -> dict[Group, Unit[N]]:
        """The units of several companies that a 届出 for `group` is about."""
        return {each: unit for each, unit in self.units.items() if group in (None, each) and len(unit.members) > 1}


def root_of(parent_of: Mapping[N, N], node: N) -> N:
    """The ultimate parent of a company; in a ring of relations its smallest company, as the votes are divided."""
    walked: list[N] = []
    while node in parent_of:
        if node in walked:
            return min(walked[walked.index(node) :])
        walked.append(node)
        node = parent_of[node]
    return node


def family_under(allocation: Allocation[N], root: N) -> Family[N]:
    """The family under an ultimate parent as an allocation has it."""
    found = {
        group: next((unit for unit in units if unit.root == root), None) for group, units in allocation.units.items()
    }
    return Family(
        root,
        {group: unit for group, unit in found.items() if unit is not None},
        {group: len(units) for group, units in allocation.units.items()},
    )


def check_named(family: Family[N], *, group: Group | None, holder: N) -> None:
    """Refuse what would be without effect: alone (nobody to choose among), not_in_family, not_in_group."""
    if not family.concerned(group):
        raise Refusal(
            "alone",
            "このグループには、議決権をまとめて行使する会社がほかにないため、届出は必要ありません。",
            field="group" if group is not None else None,
        )
    if holder not in family.companies:
        raise Refusal(
            "not_in_family",
            "この会社は、届出をする会社と同じ親法人のもとにある会員ではありません。行使する会社をお確かめください。",
            field="holder",
        )
    if holder not in family.candidates(group):
        where = group_title(group) if group is not None else "まとめて行使するグループ"
        raise Refusal(
            "not_in_group",
            f"この会社は、{where}の区分をお持ちではありません。そのグループの会社から選んでください。",
            field="holder",
        )


def would_hold(family: Family[N], *, group: Group | None, holder: N) -> dict[Group, N]:
    """Who holds the votes without the 届出, in each group in which it would count for `holder`."""
    return {each: unit.holder for each, unit in family.concerned(group).items() if holder in unit.members}


def consent_missing(family: Family[N], *, group: Group | None, holder: N, signed: frozenset[N]) -> frozenset[N]:
    """The companies that would otherwise hold the votes and neither filed nor countersigned."""
    return frozenset(would_hold(family, group=group, holder=holder).values()) - signed


def state_for(missing: frozenset[N]) -> ElectionState:
    """有効 where whoever would otherwise hold the votes has filed or countersigned, else 要確認."""
    return ElectionState.UNSETTLED if missing else ElectionState.EFFECTIVE


class Signed(NamedTuple, Generic[N]):
    """A 届出 in force; `signed` filed or countersigned it, `settled`: two of the staff put it into force."""

    id: int
    election: Election[N]
    signed: frozenset[N]
    settled: bool


def unconsented(plain: Allocation[N], filed: Iterable[Signed[N]]) -> dict[int, frozenset[N]]:
    """届出 that decide though whoever would hold the votes without them on this day never consented: id → those companies.

    Consent is asked for on the day of filing; a standing 届出 outlives it: since then a parent has joined the group, or
    another company has the largest capital. `plain` is divided without any 届出; `filed` are in the order of receipt.
    """
    held: dict[tuple[Group, N], N] = {}
    deciding: dict[tuple[Group, N], tuple[int, N] | None] = {}
    units = {(group, unit.root): unit for group, each in plain.units.items() for unit in each}
    for one in filed:
        group, root, holder = one.election
        for place in [(each, root) for each in Group if group in (None, each)]:
            unit = units.get(place)
            if unit is None or holder not in unit.members:
                continue
            before = held.get(place, unit.holder)
            fine = one.settled or before == holder or before in one.signed
            deciding[place] = None if fine else (one.id, before)
            held[place] = holder
    found: dict[int, frozenset[N]] = {}
    for number, company in filter(None, deciding.values()):
        found[number] = found.get(number, frozenset()) | {company}
    return found
