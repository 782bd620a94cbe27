"""取込み, dry run: rows are kept as read, then compared with the register, batch by batch. Nothing of the register is written."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from occto.domain.import_known import Fault
from occto.domain.importing import ImportState, RowOutcome, SheetKind
from occto.models import ImportBatch, ImportRow
from occto.queries.register import newest_change
from occto.services import audit
from occto.services.imports.case import LEASE, locked, subject_of, take, worker_of

Place = tuple[SheetKind, int]


@dataclass(frozen=True, slots=True)
class KeptRow:
    """A row as read: texts of its cells, clean values, faults."""

    sheet: SheetKind
    row_no: int
    key: str
    typed: Mapping[str, str]
    answers: Mapping[str, Any]
    faults: Sequence[Fault]


@dataclass(frozen=True, slots=True)
class Said:
    """What the comparison says of a row, differences in words."""

    outcome: RowOutcome
    diffs: Sequence[tuple[str, str, str]]
    faults: Sequence[Fault]
    member_id: int | None = None


def keep_rows(session: Session, import_id: int, rows: Sequence[KeptRow], *, now: datetime) -> bool:
    """Keep rows of a workbook that is being read; False where it was dropped meanwhile."""
    batch = locked(session, import_id)
    if batch.state is not ImportState.UPLOADED:
        return False
    session.execute(
        insert(ImportRow),
        [
            {
                "import_id": import_id,
                "sheet": row.sheet,
                "row_no": row.row_no,
                "key": row.key[:200],
                "typed": dict(row.typed),
                "answers": dict(row.answers),
                "faults": [list(fault) for fault in row.faults],
                "diffs": [],
                "outcome": RowOutcome.READ,
            }
            for row in rows
        ],
    )
    batch.total += len(rows)
    batch.lease_until = now + LEASE
    session.flush()
    return True


def end_reading(
    session: Session,
    import_id: int,
    *,
    renamed: Mapping[str, str],
    faults: Mapping[Place, Sequence[Fault]],
    now: datetime,
) -> bool:
    """All rows are kept: give rows with a number alone the key of their member, note what was said twice."""
    batch = locked(session, import_id)
    if batch.state is not ImportState.UPLOADED:
        return False
    for old, code in renamed.items():
        session.execute(
            update(ImportRow).where(ImportRow.import_id == import_id, ImportRow.key == old).values(key=code)
        )
    add_faults(session, import_id, faults)
    batch.base_change_id = newest_change(session)
    batch.lease_until = now + LEASE
    take(batch, "read")
    session.flush()
    return True


def add_faults(session: Session, import_id: int, faults: Mapping[Place, Sequence[Fault]]) -> None:
    """Add faults to rows; rows compared already become 誤りあり."""
    for (sheet, row_no), found in faults.items():
        row = session.get(ImportRow, (import_id, sheet, row_no))
        if row is None:
            continue
        row.faults = [*row.faults, *(list(fault) for fault in found)]
        if row.outcome is not RowOutcome.READ:
            row.outcome = RowOutcome.FAULTY
    session.flush()


def record_said(session: Session, import_id: int, said: Mapping[Place, Said], *, now: datetime) -> bool:
    """Keep what the comparison says of a batch of rows; False where the import was dropped meanwhile."""
    batch = locked(session, import_id)
    if batch.state is not ImportState.READ:
        return False
    for (sheet, row_no), one in said.items():
        row = session.get(ImportRow, (import_id, sheet, row_no))
        if row is None or row.outcome is not RowOutcome.READ:
            continue
        row.outcome, row.member_id = one.outcome, one.member_id
        row.diffs, row.faults = [list(diff) for diff in one.diffs], [list(fault) for fault in one.faults]
        batch.progress += 1
    batch.lease_until = now + LEASE
    session.flush()
    return True


def end_checking(session: Session, import_id: int, *, faults: Mapping[Place, Sequence[Fault]], now: datetime) -> bool:
    """Every row was compared: note what only all rows together show; the import then waits for its release."""
    batch = locked(session, import_id)
    if batch.state is not ImportState.READ:
        return False
    add_faults(session, import_id, faults)
    take(batch, "compare")
    batch.lease_until, batch.progress = None, batch.total
    detail = {"rows": batch.total, "outcomes": outcomes(session, import_id)}
    audit.record(session, "import.checked", subject=subject_of(batch), actor=worker_of(batch), now=now, detail=detail)
    session.flush()
    return True


def outcomes(session: Session, import_id: int, *, of: Iterable[SheetKind] | None = None) -> dict[str, int]:
    """Outcome → number of rows."""
    query = select(ImportRow.outcome, func.count()).where(ImportRow.import_id == import_id)
    if of is not None:
        query = query.where(ImportRow.sheet.in_(list(of)))
    counted = Counter({outcome.value: number for outcome, number in session.execute(query.group_by(ImportRow.outcome))})
    return dict(counted)


def state_of(session: Session, import_id: int) -> ImportState | None:
    """Where the import stands."""
    return session.scalar(select(ImportBatch.state).where(ImportBatch.id == import_id))
