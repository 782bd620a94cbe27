"""What a member is told of its own votes: from the frozen division, before the freeze from the newest draft that was kept."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session

from occto.domain.assembly import SHOWN_TO_MEMBERS
from occto.domain.assembly_settings import VotePolicy, read_settings
from occto.domain.codes import SnapshotState
from occto.domain.vote_facts import Facts, Link
from occto.domain.votes import Group, Unit
from occto.models import REAL, Assembly, Snapshot, SnapshotMember, SnapshotRelation, SnapshotUnit, UnitMember


@dataclass(frozen=True, slots=True)
class OwnGroup:
    """A group as the member stands in it. `unit` None: it has no licence there. `votes` are those of the unit, which the
    holder has; `units` is how many voters the group has.
    """

    group: Group
    units: int
    policy: VotePolicy
    unit: Unit[int] | None = None
    votes: int = 0


@dataclass(frozen=True, slots=True)
class OwnVotes:
    """The votes of a member in an assembly, with the facts of its own family alone. Nodes are row numbers of bodies."""

    snapshot_id: int
    frozen: bool
    made_at: datetime
    record_on: date
    per_group_total: int
    total: int
    on_roll: bool
    sanctioned: bool = False
    node: int = 0
    votes: int = 0
    groups: tuple[OwnGroup, ...] = ()
    facts: Facts[int] = field(default_factory=Facts)
    names: Mapping[int, str] = field(default_factory=dict)


def own_votes(session: Session, assembly_id: int, member_id: int) -> OwnVotes | None:
    """The votes of a member from the record date on; None before it, and where nothing was calculated yet."""
    snapshot = _snapshot(session, assembly_id)
    if snapshot is None:
        return None
    own = session.get(SnapshotMember, (snapshot.id, member_id))
    bare = OwnVotes(
        snapshot_id=snapshot.id,
        frozen=snapshot.state is SnapshotState.FROZEN,
        made_at=snapshot.made_at,
        record_on=snapshot.record_on,
        per_group_total=snapshot.per_group_total,
        total=snapshot.total,
        on_roll=own is not None,
    )
    if own is None:
        return bare
    families = _families(session, snapshot.id, member_id)
    relatives = {row.body_id: row for rows in families.values() for row in rows}
    links, names = _links(session, snapshot, relatives)
    return replace(
        bare,
        sanctioned=own.sanctioned,
        node=own.body_id,
        votes=own.votes,
        groups=_groups(session, snapshot, member_id, families),
        facts=Facts(
            links,
            {node: row.capital for node, row in relatives.items()},
            {node: row.roster_no for node, row in relatives.items()},
        ),
        names=names | {node: row.name for node, row in relatives.items()},
    )


def _snapshot(session: Session, assembly_id: int) -> Snapshot | None:
    """The frozen one, else the newest draft, where members see the assembly at all."""
    state = case((Snapshot.state == SnapshotState.FROZEN, 0), else_=1)
    return session.scalar(
        select(Snapshot)
        .join(Assembly, Assembly.id == Snapshot.assembly_id)
        .where(
            Snapshot.assembly_id == assembly_id,
            REAL,
            Assembly.state.in_(SHOWN_TO_MEMBERS),
            Snapshot.state.in_((SnapshotState.FROZEN, SnapshotState.DRAFT)),
        )
        .order_by(state, Snapshot.no.desc())
        .limit(1)
    )


def _families(session: Session, snapshot_id: int, member_id: int) -> dict[Group, list[SnapshotMember]]:
    """The companies of the member's unit in each of its groups, in the order of the roster."""
    own = (
        select(UnitMember.vote_group, UnitMember.unit_no)
        .where(UnitMember.snapshot_id == snapshot_id, UnitMember.member_id == member_id)
        .subquery()
    )
    rows = session.execute(
        select(UnitMember.vote_group, SnapshotMember)
        .join(own, and_(UnitMember.vote_group == own.c.vote_group, UnitMember.unit_no == own.c.unit_no))
        .join(
            SnapshotMember,
            and_(SnapshotMember.snapshot_id == snapshot_id, SnapshotMember.member_id == UnitMember.member_id),
        )
        .where(UnitMember.snapshot_id == snapshot_id)
    ).all()
    found: dict[Group, list[SnapshotMember]] = {}
    for group, row in sorted(rows, key=lambda one: (one[1].roster_no is None, one[1].roster_no or 0, one[1].body_id)):
        found.setdefault(group, []).append(row)
    return found


def _groups(
    session: Session, snapshot: Snapshot, member_id: int, families: dict[Group, list[SnapshotMember]]
) -> tuple[OwnGroup, ...]:
    counted = session.execute(
        select(SnapshotUnit.vote_group, func.count())
        .where(SnapshotUnit.snapshot_id == snapshot.id)
        .group_by(SnapshotUnit.vote_group)
    )
    counts: dict[Group, int] = dict(counted.all())
    rows = session.scalars(
        select(SnapshotUnit)
        .join(
            UnitMember,
            and_(
                UnitMember.snapshot_id == SnapshotUnit.snapshot_id,
                UnitMember.vote_group == SnapshotUnit.vote_group,
                UnitMember.unit_no == SnapshotUnit.unit_no,
            ),
        )
        .where(UnitMember.snapshot_id == snapshot.id, UnitMember.member_id == member_id)
    )
    held = {row.vote_group: row for row in rows}
    settings = read_settings(snapshot.basis.get("settings", {}))
    found = []
    for group in Group:
        plain = OwnGroup(group, counts.get(group, 0), settings.policy(group))
        row = held.get(group)
        if row is None:
            found.append(plain)
            continue
        node_of = {one.member_id: one.body_id for one in families[group]}
        unit = Unit(group, row.root_body_id, node_of[row.holder_id], tuple(node_of.values()), row.reason)
        found.append(OwnGroup(plain.group, plain.units, plain.policy, unit, row.votes))
    return tuple(found)


def _links(session: Session, snapshot: Snapshot, nodes: Iterable[int]) -> tuple[dict[int, Link[int]], dict[int, str]]:
    """The relations upwards of these companies, and the names in them: a statement for each generation."""
    cut = {found[1][0] for found in snapshot.basis.get("findings", ()) if found[0] == "cycle"}
    links: dict[int, Link[int]] = {}
    names: dict[int, str] = {}
    seen = set(cut)
    pending = set(nodes) - seen
    while pending:
        seen |= pending
        rows = session.scalars(
            select(SnapshotRelation).where(
                SnapshotRelation.snapshot_id == snapshot.id, SnapshotRelation.child_body_id.in_(pending)
            )
        ).all()
        for row in rows:
            links[row.child_body_id] = Link(row.child_body_id, row.parent_body_id, row.ratio_bp, row.since)
            names |= {row.child_body_id: row.child_name, row.parent_body_id: row.parent_name}
        pending = {row.parent_body_id for row in rows} - seen
    return links, names
