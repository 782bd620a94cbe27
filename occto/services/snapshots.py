"""議決権の集計 as rows: kept as a draft, or frozen with the SHA-256 of all that it rests on."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from occto.domain.assembly_settings import stored_settings
from occto.domain.canonical import digest
from occto.domain.codes import Licence, SnapshotState
from occto.domain.votes import Group
from occto.models import Snapshot, SnapshotMember, SnapshotRelation, SnapshotUnit, UnitMember
from occto.queries.allocation import Calculation
from occto.queries.statistics import look_again

TABLES: tuple[Any, ...] = (SnapshotMember, SnapshotUnit, UnitMember, SnapshotRelation)
HEAD = ("assembly_id", "record_on", "known_change_id", "per_group_total", "total", "basis")
"""Columns of a snapshot that say what was calculated."""
NAMES = frozenset({"name", "child_name", "parent_name"})
_DIVISION = ("policies", "shares", "former_gdus")
"""Settings of an assembly that decide how votes are divided."""
_ORDER = tuple(Licence)
_KEYS = ("unit_no", "member_id", "child_body_id")
Rows = Mapping[Any, Sequence[Mapping[str, Any]]]


def keep(
    session: Session,
    calculation: Calculation,
    *,
    state: SnapshotState,
    reason: str | None,
    made_by_id: int | None,
    second_by_id: int | None,
    now: datetime,
) -> Snapshot:
    """Keep a calculation row by row. The caller holds the lock of the assembly; a frozen one before it is set aside."""
    if state is SnapshotState.FROZEN:
        _set_aside(session, calculation.assembly_id, now=now)
    rows = rows_of(calculation)
    head = head_of(calculation)
    last = session.scalar(select(func.max(Snapshot.no)).where(Snapshot.assembly_id == calculation.assembly_id))
    snapshot = Snapshot(
        **head,
        no=(last or 0) + 1,
        state=state,
        sha256=sha256_of(head, rows),
        reason=reason,
        made_at=now,
        made_by_id=made_by_id,
        second_by_id=second_by_id,
    )
    session.add(snapshot)
    session.flush()
    for table in TABLES:
        if rows[table]:
            session.execute(insert(table), [{"snapshot_id": snapshot.id, **row} for row in rows[table]])
    look_again(session, *TABLES)
    return snapshot


def _set_aside(session: Session, assembly_id: int, *, now: datetime) -> None:
    earlier = session.scalar(
        select(Snapshot)
        .where(Snapshot.assembly_id == assembly_id, Snapshot.state == SnapshotState.FROZEN)
        .with_for_update()
    )
    if earlier is not None:
        earlier.state, earlier.superseded_at = SnapshotState.SUPERSEDED, now
        session.flush()


def head_of(calculation: Calculation) -> dict[str, Any]:
    """The columns of a snapshot that say what was calculated."""
    return {
        "assembly_id": calculation.assembly_id,
        "record_on": calculation.day,
        "known_change_id": calculation.known,
        "per_group_total": calculation.allocation.per_group_total,
        "total": calculation.allocation.total,
        "basis": {
            "settings": stored_settings(calculation.settings),
            "elections": [[one.id, *one.election] for one in calculation.filed],
            "findings": [[one.code, list(one.nodes), one.group] for one in calculation.findings],
        },
    }


def kept_head(snapshot: Snapshot) -> dict[str, Any]:
    """The same columns as they were kept."""
    return {name: getattr(snapshot, name) for name in HEAD}


def rows_of(calculation: Calculation) -> dict[Any, list[dict[str, Any]]]:
    """The rows of a calculation by table, in the order of their keys."""
    allocation, record = calculation.allocation, calculation.record
    member_of, names = record.member_ids, record.names
    members = []
    for voter in sorted(record.roll.voters, key=lambda one: member_of[one.node]):
        held = allocation.weights.get(voter.node, {})
        by_group = {f"votes_{group.value.lower()}": held.get(group, 0) for group in Group}
        members.append(
            {
                "member_id": member_of[voter.node],
                "body_id": voter.node,
                "name": names[voter.node],
                "roster_no": voter.roster_no,
                "capital": voter.capital,
                "licences": ",".join(sorted(voter.licences, key=_ORDER.index)),
                "sanctioned": voter.node in calculation.sanctioned,
                **by_group,
                "votes": sum(by_group.values()),
            }
        )
    units, unit_members = [], []
    for group in Group:
        for number, unit in enumerate(allocation.units[group], 1):
            key = {"vote_group": group, "unit_no": number}
            units.append(
                {
                    **key,
                    "holder_id": member_of[unit.holder],
                    "root_body_id": unit.root,
                    "votes": allocation.weights[unit.holder][group],
                    "reason": unit.reason,
                }
            )
            unit_members += [{**key, "member_id": member_of[node]} for node in unit.members]
    relations = [
        {
            "child_body_id": one.child,
            "parent_body_id": one.parent,
            "child_name": names[one.child],
            "parent_name": names[one.parent],
            "ratio_bp": one.ratio_bp,
            "since": one.since,
        }
        for one in sorted(calculation.relations, key=lambda one: one.child)
    ]
    return {SnapshotMember: members, SnapshotUnit: units, UnitMember: unit_members, SnapshotRelation: relations}


def sha256_of(head: Mapping[str, Any], rows: Rows) -> str:
    """SHA-256 of the canonical form of a snapshot: what was calculated and every row, the ids of rows left out."""
    return digest(written(head, rows))


def written(head: Mapping[str, Any], rows: Rows) -> dict[str, Any]:
    """What is hashed: the values of a row stand in the order of the names of its columns."""
    return {
        "snapshot": dict(head),
        **{table.__tablename__: [_sorted(row) for row in _in_order(rows[table])] for table in TABLES},
    }


def figures_digest(calculation: Calculation) -> str:
    """SHA-256 of what decides the votes: without the number of the register change, names, and settings of other things.

    Two calculations with the same digest give every member the same votes for the same reasons.
    """
    head, rows = head_of(calculation), rows_of(calculation)
    del head["known_change_id"]
    settings = head["basis"]["settings"]
    head["basis"] = {**head["basis"], "settings": {name: settings[name] for name in _DIVISION}}
    return sha256_of(head, {table: [without_names(row) for row in rows[table]] for table in TABLES})


def without_names(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of a snapshot without what companies are called: names are those of the day it was made."""
    return {name: value for name, value in row.items() if name not in NAMES}


def _sorted(row: Mapping[str, Any]) -> list[Any]:
    return [row[name] for name in sorted(row)]


def _in_order(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return sorted(rows, key=lambda row: (row.get("vote_group") or "", *(row.get(key) or 0 for key in _KEYS)))
