"""Verification of kept votes: what the rows say, what they hash to, and what the register of then gives again."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.canonical import jsonable
from occto.domain.codes import SnapshotState
from occto.domain.errors import Refusal
from occto.models import Snapshot
from occto.queries.snapshots import calculated_again
from occto.services.snapshots import HEAD, TABLES, head_of, kept_head, rows_of, sha256_of, without_names

_KEYS = ("vote_group", "unit_no", "member_id", "child_body_id")


@dataclass(frozen=True, slots=True)
class Verified:
    """A snapshot that was checked. `fault` None: hash and votes are what they were when it was kept."""

    assembly_id: int
    no: int
    state: SnapshotState
    sha256: str
    fault: str | None


def verify_snapshots(session: Session, *, assembly_id: int | None = None) -> Iterator[Verified]:
    """Check every frozen or superseded snapshot, of one assembly or of all, in the order in which they were made.

    Two questions: do the rows hash to what was kept, and does the register as it was known then, with the 届出 and the
    settings that were kept, give the same votes. Names of companies are vouched for by the hash alone.
    """
    query = select(Snapshot).where(Snapshot.state != SnapshotState.DRAFT).order_by(Snapshot.assembly_id, Snapshot.no)
    if assembly_id is not None:
        query = query.where(Snapshot.assembly_id == assembly_id)
    for snapshot in session.scalars(query).all():
        fault = _fault(session, snapshot)
        yield Verified(snapshot.assembly_id, snapshot.no, snapshot.state, snapshot.sha256, fault)


def _fault(session: Session, snapshot: Snapshot) -> str | None:
    head = kept_head(snapshot)
    rows = {table: _rows(session, table, snapshot.id) for table in TABLES}
    altered = sha256_of(head, rows) != snapshot.sha256
    try:
        calculated = calculated_again(session, snapshot, known=snapshot.known_change_id)
        expected_head, expected_rows = head_of(calculated), rows_of(calculated)
    except (Refusal, KeyError, ValueError, TypeError) as error:
        return f"the register cannot be calculated again: {type(error).__name__}"
    found = _difference(head, rows, expected_head, expected_rows)
    if altered:
        return f"the rows do not match the SHA-256; {found or 'votes and facts are those of the register'}"
    return found


def _rows(session: Session, table: Any, snapshot_id: int) -> list[dict[str, Any]]:
    columns = [column for column in table.__table__.c if column.name != "snapshot_id"]
    query = select(*columns).where(table.snapshot_id == snapshot_id)
    return [dict(row) for row in session.execute(query).mappings()]


def _difference(
    head: Mapping[str, Any],
    rows: Mapping[Any, Sequence[Mapping[str, Any]]],
    expected_head: Mapping[str, Any],
    expected_rows: Mapping[Any, Sequence[Mapping[str, Any]]],
) -> str | None:
    """The first thing that is not as calculated: kept → calculated."""
    for name in HEAD:
        kept, calculated = jsonable(head[name]), jsonable(expected_head[name])
        if kept != calculated:
            words = f": kept {kept}, calculated {calculated}" if name != "basis" else ""
            return f"snapshots.{name} differs{words}"
    for table in TABLES:
        kept_rows, calculated_rows = _by_key(rows[table]), _by_key(expected_rows[table])
        for key in sorted(kept_rows.keys() | calculated_rows.keys()):
            fault = _row_difference(kept_rows.get(key), calculated_rows.get(key))
            if fault is not None:
                return f"{table.__tablename__} {' '.join(filter(None, map(str, key)))}: {fault}"
    return None


def _by_key(rows: Iterable[Mapping[str, Any]]) -> dict[tuple[Any, ...], dict[str, Any]]:
    return {tuple(str(row.get(key) or "").zfill(20) for key in _KEYS): without_names(row) for row in rows}


def _row_difference(kept: Mapping[str, Any] | None, calculated: Mapping[str, Any] | None) -> str | None:
    if kept is None or calculated is None:
        return "kept, but not calculated" if calculated is None else "calculated, but not kept"
    for name in sorted(kept):
        if kept[name] != calculated[name]:
            return f"{name} kept {kept[name]}, calculated {calculated[name]}"
    return None
