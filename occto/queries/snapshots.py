"""Reads of frozen and drafted votes: what a member holds, and a kept calculation with all that it rests on."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.assembly_settings import read_settings
from occto.domain.codes import Licence, SnapshotState
from occto.domain.votes import Allocation, Election, Finding, Group, Roll, Unit, Voter
from occto.models import Snapshot, SnapshotMember, SnapshotRelation, SnapshotUnit, UnitMember
from occto.queries.allocation import Calculation, Filed, Held, calculate_with
from occto.queries.register.known import newest_change
from occto.queries.roll import RollOnRecord

ERRORS = frozenset({"cycle"})
"""Findings that stand as errors of an allocation."""


@dataclass(frozen=True, slots=True)
class Votes:
    """What a member holds in an assembly: votes by group and together. `on_roll` False: no member on the record date."""

    on_roll: bool
    sanctioned: bool = False
    n: int = 0
    r: int = 0
    g: int = 0
    total: int = 0


def frozen_of(session: Session, assembly_id: int) -> Snapshot | None:
    """The frozen votes of an assembly; None before the freeze."""
    return session.scalar(
        select(Snapshot).where(Snapshot.assembly_id == assembly_id, Snapshot.state == SnapshotState.FROZEN)
    )


def newest_of(session: Session, assembly_id: int) -> Snapshot | None:
    """What was kept last of an assembly, draft or frozen."""
    return session.scalar(
        select(Snapshot).where(Snapshot.assembly_id == assembly_id).order_by(Snapshot.no.desc()).limit(1)
    )


def votes_of(session: Session, assembly_id: int, member_id: int) -> Votes | None:
    """The frozen votes of a member; None before the freeze."""
    frozen = frozen_of(session, assembly_id)
    if frozen is None:
        return None
    row = session.get(SnapshotMember, (frozen.id, member_id))
    if row is None:
        return Votes(on_roll=False)
    return Votes(True, row.sanctioned, row.votes_n, row.votes_r, row.votes_g, row.votes)


def kept_calculation(session: Session, snapshot: Snapshot) -> Calculation:
    """A snapshot as the calculation that it was kept from, read from its rows alone, however the register reads now.

    Four statements, whatever the number of members. Names are those of the day it was made; all findings but errors
    stand with the warnings of the allocation.
    """
    rows = {table: _rows(session, table, snapshot.id) for table in (SnapshotMember, SnapshotRelation)}
    voters = [
        Voter(row.body_id, row.roster_no, row.capital, frozenset(map(Licence, row.licences.split(","))))
        for row in rows[SnapshotMember]
    ]
    member_ids = {row.body_id: row.member_id for row in rows[SnapshotMember]}
    names = {row.body_id: row.name for row in rows[SnapshotMember]}
    held = []
    for row in rows[SnapshotRelation]:
        names.setdefault(row.child_body_id, row.child_name)
        names.setdefault(row.parent_body_id, row.parent_name)
        held.append(Held(row.child_body_id, row.parent_body_id, row.ratio_bp, row.since))
    roll = Roll(voters, {one.child: one.parent for one in held})
    return Calculation(
        assembly_id=snapshot.assembly_id,
        day=snapshot.record_on,
        known=snapshot.known_change_id,
        record=RollOnRecord(snapshot.record_on, roll, names, member_ids, ()),
        allocation=_allocation(session, snapshot, voters, member_ids),
        sanctioned=frozenset(row.body_id for row in rows[SnapshotMember] if row.sanctioned),
        filed=filed_in(snapshot),
        relations=tuple(held),
        settings=read_settings(snapshot.basis["settings"]),
    )


def calculated_again(session: Session, snapshot: Snapshot, *, known: int | None = None) -> Calculation:
    """The votes with the 届出 and settings of a snapshot, from the register as it reads now, or as known at a change."""
    return calculate_with(
        session,
        snapshot.assembly_id,
        snapshot.record_on,
        known=newest_change(session) if known is None else known,
        filed=filed_in(snapshot),
        settings=read_settings(snapshot.basis["settings"]),
    )


def filed_in(snapshot: Snapshot) -> tuple[Filed, ...]:
    """The 届出 that a snapshot was calculated with."""
    return tuple(
        Filed(number, Election(Group(group) if group else None, root, holder))
        for number, group, root, holder in snapshot.basis["elections"]
    )


def _allocation(
    session: Session, snapshot: Snapshot, voters: Sequence[Voter[int]], member_ids: Mapping[int, int]
) -> Allocation[int]:
    ordered = sorted(voters, key=lambda one: (one.roster_no is None, one.roster_no or 0, one.node))
    place = {member_ids[voter.node]: (number, voter.node) for number, voter in enumerate(ordered)}
    belonging: dict[tuple[Group, int], list[tuple[int, int]]] = defaultdict(list)
    for row in _rows(session, UnitMember, snapshot.id):
        belonging[row.vote_group, row.unit_no].append(place[row.member_id])
    units: dict[Group, list[Unit[int]]] = {group: [] for group in Group}
    weights: dict[int, dict[Group, int]] = {}
    for row in sorted(_rows(session, SnapshotUnit, snapshot.id), key=lambda one: one.unit_no):
        _number, holder = place[row.holder_id]
        members = tuple(node for _place, node in sorted(belonging[row.vote_group, row.unit_no]))
        units[row.vote_group].append(Unit(row.vote_group, row.root_body_id, holder, members, row.reason))
        weights.setdefault(holder, {})[row.vote_group] = row.votes
    findings = [
        Finding(code, tuple(nodes), Group(group) if group else None)
        for code, nodes, group in snapshot.basis["findings"]
    ]
    return Allocation(
        per_group_total=snapshot.per_group_total,
        total=snapshot.total,
        units=units,
        weights=weights,
        warnings=[one for one in findings if one.code not in ERRORS],
        errors=[one for one in findings if one.code in ERRORS],
    )


def _rows(session: Session, table: Any, snapshot_id: int) -> Sequence[Any]:
    """The rows of a table as plain tuples: objects of 20,000 members would be kept for nothing."""
    return session.execute(select(*table.__table__.c).where(table.snapshot_id == snapshot_id)).all()
