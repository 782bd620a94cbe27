"""議決権の集計 of an assembly: the roll of its record date with sanctions, 届出 and policies, divided; nothing is written."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session

from occto.domain.assembly_settings import AssemblySettings, read_settings
from occto.domain.codes import ElectionState, SanctionScope, SnapshotState
from occto.domain.vote_policies import policies_of
from occto.domain.votes import Allocation, Election, Finding, Group, Roll, allocate
from occto.models import Assembly, ControlFact, HolderElection, Member, SanctionFact, Snapshot
from occto.models.elections import EVERY_GROUP
from occto.queries.register.known import newest_change, stands, with_known
from occto.queries.roll import RollOnRecord, roll_as_of


@dataclass(frozen=True, slots=True)
class Filed:
    """A 届出 that counts in a calculation; `id` is its row."""

    id: int
    election: Election[int]


@dataclass(frozen=True, slots=True)
class Held:
    """A controlling relation of the record date: who controls whom, by how much (basis points), since when."""

    child: int
    parent: int
    ratio_bp: int | None
    since: date


@dataclass(frozen=True, slots=True)
class Calculation:
    """A division of votes with all that it rests on. Nodes are row numbers of bodies; `known` is a register change.

    `record.roll` is the whole roll; who is `sanctioned` stands on it and is no voter. `findings` are what staff have to
    look at, `allocation.errors` what has to be mended before a freeze.
    """

    assembly_id: int
    day: date
    known: int
    record: RollOnRecord
    allocation: Allocation[int]
    sanctioned: frozenset[int]
    filed: tuple[Filed, ...]
    relations: tuple[Held, ...]
    settings: AssemblySettings

    @property
    def findings(self) -> tuple[Finding[int], ...]:
        return (*self.allocation.errors, *self.allocation.warnings, *self.record.findings)


def calculate(session: Session, assembly: Assembly, *, known: int | None = None) -> Calculation:
    """Divide the votes of an assembly as the register reads now, or as it was known at a numbered change."""
    return calculate_with(
        session,
        assembly.id,
        assembly.record_on,
        known=newest_change(session) if known is None else known,
        filed=elections_of(session, assembly.id),
        settings=read_settings(assembly.settings),
    )


def calculate_with(
    session: Session,
    assembly_id: int,
    day: date,
    *,
    known: int,
    filed: tuple[Filed, ...],
    settings: AssemblySettings,
) -> Calculation:
    """Divide the votes of a day with given 届出 and settings, from the register as it was known at a numbered change."""
    return divide(
        assembly_id,
        roll_as_of(session, day, known=known),
        known=known,
        sanctioned=sanctioned_on(session, day, known),
        filed=filed,
        relations=_relations(session, day, known),
        settings=settings,
    )


def divide(
    assembly_id: int,
    record: RollOnRecord,
    *,
    known: int,
    sanctioned: frozenset[int],
    filed: tuple[Filed, ...],
    relations: Iterable[Held],
    settings: AssemblySettings,
) -> Calculation:
    """The calculation on facts that were read before. Refusals of the policies: domain/vote_policies.py."""
    policies = policies_of(
        settings,
        {member_id: node for node, member_id in record.member_ids.items()},
        name=lambda node: record.names.get(node, ""),
    )
    voters = [voter for voter in record.roll.voters if voter.node not in sanctioned]
    roll = Roll(voters, record.roll.parent_of, [one.election for one in filed])
    return Calculation(
        assembly_id=assembly_id,
        day=record.day,
        known=known,
        record=record,
        allocation=allocate(roll, policies=policies),
        sanctioned=sanctioned,
        filed=filed,
        relations=tuple(relations),
        settings=settings,
    )


def elections_of(session: Session, assembly_id: int | None, *, also: int | None = None) -> tuple[Filed, ...]:
    """The 届出 in force for an assembly, its own and standing ones: the later received after the earlier.

    `also` counts one that is not in force, as if it were; for no assembly only standing ones count. The freeze closes
    them: whatever is filed or withdrawn later, a frozen assembly keeps those of its freeze.
    """
    closed = _elections_frozen(session, assembly_id) if assembly_id is not None else None
    if closed is not None:
        return closed
    rows = session.execute(
        select(HolderElection.id, HolderElection.vote_group, HolderElection.root_body_id, Member.body_id)
        .join(Member, Member.id == HolderElection.holder_member_id)
        .where(
            or_(HolderElection.state == ElectionState.EFFECTIVE, HolderElection.id == also),
            or_(HolderElection.assembly_id == assembly_id, HolderElection.assembly_id.is_(None)),
        )
        .order_by(HolderElection.received_at, HolderElection.id)
    )
    return tuple(
        Filed(number, Election(None if group == EVERY_GROUP else Group(group), root, holder))
        for number, group, root, holder in rows
    )


def _elections_frozen(session: Session, assembly_id: int) -> tuple[Filed, ...] | None:
    """The 届出 that the frozen votes of an assembly rest on; None where they are not frozen yet."""
    basis = session.scalar(
        select(Snapshot.basis).where(Snapshot.assembly_id == assembly_id, Snapshot.state == SnapshotState.FROZEN)
    )
    if basis is None:
        return None
    return tuple(
        Filed(number, Election(None if group is None else Group(group), root, holder))
        for number, group, root, holder in basis["elections"]
    )


def _on(fact: Any) -> Any:
    day: Any = bindparam("day")
    return (fact.effective_on <= day) & or_(fact.ended_on.is_(None), fact.ended_on > day)


def sanctioned_on(session: Session, day: date, known: int) -> frozenset[int]:
    """Companies whose votes a sanction in force on the day takes away."""
    statement = (
        select(Member.body_id)
        .join(SanctionFact, SanctionFact.member_id == Member.id)
        .where(SanctionFact.scope == SanctionScope.VOTES, stands(SanctionFact, known=True), _on(SanctionFact))
    )
    return frozenset(session.scalars(statement, with_known({"day": day}, known)))


def _relations(session: Session, day: date, known: int) -> list[Held]:
    statement = (
        select(ControlFact.child_body_id, ControlFact.parent_body_id, ControlFact.ratio_bp, ControlFact.effective_on)
        .where(
            stands(ControlFact, known=True),
            ControlFact.controlling,
            ControlFact.parent_body_id.is_not(None),
            _on(ControlFact),
        )
        .order_by(ControlFact.id)
    )
    found: dict[int, Held] = {}
    for child, parent, ratio, since in session.execute(statement, with_known({"day": day}, known)):
        found[child] = Held(child, parent or 0, ratio, since)  # of two controlling parents the later, as in the roll
    return list(found.values())
