"""取込み: what was released is entered through the verbs of the register, in batches, each one transaction.

Killed at any moment, the next worker goes on with the rows that are not marked yet: none is entered twice.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.codes import ChangeSource
from occto.domain.dates import today_jst
from occto.domain.errors import Refusal
from occto.domain.import_known import Around, Fault, KnownMember, Row, Verdict
from occto.domain.import_plan import plan, steps_of
from occto.domain.importing import BATCH, TO_ENTER, ImportState, RowOutcome, SheetKind
from occto.models import ImportBatch, ImportRow, Member, RegisterChange
from occto.queries.import_known import by_codes, touched_since
from occto.queries.imports import around_rows
from occto.services import audit, register
from occto.services.imports import steps
from occto.services.imports.case import LEASE, locked, rows_of, subject_of, take, worker_of
from occto.services.imports.checking import outcomes

TOUCHED = ("", "確認のあとに、この会員の登録が変わりました。もう一度取り込んで、内容を確かめてください。")
NOT_ALONE = ("", "同じ会員のほかの行を反映できないため、この会員の行は反映しません。")
_ENDED = (RowOutcome.DONE, RowOutcome.SKIPPED)


def enter_batch(session: Session, import_id: int, *, now: datetime) -> bool:
    """Enter the next members of a released import; whether more is left. Roster numbers come last, all at once."""
    batch = locked(session, import_id)
    if batch.state is not ImportState.RELEASED:
        return False
    keys = _next_keys(session, import_id)
    if keys:
        _enter_members(session, batch, keys, now=now)
    else:
        _enter_roster(session, batch, now=now)
        _finish(session, batch, now=now)
    batch.lease_until = now + LEASE if batch.state is ImportState.RELEASED else None
    session.flush()
    return batch.state is ImportState.RELEASED


def _next_keys(session: Session, import_id: int) -> list[str]:
    keys = session.scalars(
        select(ImportRow.key)
        .where(ImportRow.import_id == import_id, ImportRow.outcome.in_(TO_ENTER), ImportRow.sheet != SheetKind.ROSTER)
        .order_by(ImportRow.key)
        .limit(BATCH)
    )
    return list(dict.fromkeys(keys))


def _enter_members(session: Session, batch: ImportBatch, keys: Sequence[str], *, now: datetime) -> None:
    today = today_jst(now)
    rows = [row for row in rows_of(session, batch.id, keys) if row.sheet is not SheetKind.ROSTER]
    change = _begin(session, batch, now=now)  # its lock keeps every other writer of the register out
    known = by_codes(session, keys)
    touched = touched_since(
        session,
        [member.member_id for member in known.values()],
        change_id=batch.base_change_id,
        but_import=batch.id,
    )
    beside = around_rows(session, [_as_row(row) for row in rows], today=today)
    for key, group in groupby(rows, key=lambda row: row.key):
        own = list(group)
        member = known.get(key)
        if member is not None and member.member_id in touched:
            _skip(batch, own, {}, why=TOUCHED)
        else:
            _enter_member(session, batch, change, key, own, member, beside, now=now)
    register.finish_change(session, change, now=now)


def _as_row(row: ImportRow) -> Row:
    return Row(row.sheet, row.row_no, row.answers or {})


def _begin(session: Session, batch: ImportBatch, *, now: datetime) -> RegisterChange:
    return register.begin_change(
        session,
        source_kind=ChangeSource.IMPORT,
        source_id=batch.id,
        actor_id=batch.uploaded_by_id,
        second_actor_id=batch.released_by_id,
        now=now,
    )


def _enter_member(
    session: Session,
    batch: ImportBatch,
    change: RegisterChange,
    key: str,
    rows: list[ImportRow],
    known: KnownMember | None,
    beside: Around,
    *,
    now: datetime,
) -> None:
    """All rows of one member or none: what the register refuses is undone to the savepoint and said at the rows."""
    verdicts = plan(key, [_as_row(row) for row in rows], known, beside)
    if any(verdict.outcome is RowOutcome.FAULTY for verdict in verdicts.values()):
        _skip(batch, rows, verdicts, why=NOT_ALONE)
        return
    actor = worker_of(batch)
    try:
        with session.begin_nested():
            member = steps.apply(
                session,
                change,
                steps_of(verdicts),
                member_id=known.member_id if known else None,
                actor=actor,
                now=now,
            )
            sheets = sorted({row.sheet.value for row in rows if row.outcome in TO_ENTER})
            detail = {"change_id": change.id, "import_id": batch.id, "new": known is None, "sheets": sheets}
            audit.record(session, "member.imported", subject=f"MEMBER:{member.id}", actor=actor, now=now, detail=detail)
            session.flush()
    except Refusal as refusal:
        _skip(batch, rows, {}, why=("", refusal.sentence))
        return
    for row in rows:
        if row.outcome in TO_ENTER:
            _mark(batch, row, RowOutcome.DONE)
            row.member_id, row.change_id = member.id, change.id


def _mark(batch: ImportBatch, row: ImportRow, outcome: RowOutcome) -> None:
    row.outcome = outcome
    batch.progress += 1


def _skip(
    batch: ImportBatch,
    rows: Sequence[ImportRow],
    verdicts: Mapping[tuple[SheetKind, int], Verdict],
    *,
    why: Fault,
) -> None:
    for row in rows:
        if row.outcome in TO_ENTER:
            verdict = verdicts.get((row.sheet, row.row_no))
            row.faults = [list(fault) for fault in (verdict.faults if verdict else ())] or [list(why)]
            _mark(batch, row, RowOutcome.SKIPPED)


def _enter_roster(session: Session, batch: ImportBatch, *, now: datetime) -> None:
    """The new roster numbers, day by day: numbers that members exchange fit only all at once."""
    rows = session.scalars(
        select(ImportRow)
        .where(ImportRow.import_id == batch.id, ImportRow.outcome.in_(TO_ENTER), ImportRow.sheet == SheetKind.ROSTER)
        .order_by(ImportRow.row_no)
    ).all()
    if not rows:
        return
    members = {
        row.operator_code: row.id
        for row in session.execute(
            select(Member.id, Member.operator_code).where(Member.operator_code.in_([row.key for row in rows]))
        )
    }
    change = _begin(session, batch, now=now)
    touched = touched_since(session, members.values(), change_id=batch.base_change_id, but_import=batch.id)
    by_day: dict[date, list[ImportRow]] = defaultdict(list)
    for row in rows:
        if members.get(row.key) is None or members[row.key] in touched:
            _skip(batch, [row], {}, why=TOUCHED)
        else:
            by_day[_as_row(row).day("effective_on") or today_jst(now)].append(row)
    for day, of_day in sorted(by_day.items()):
        _renumber(session, batch, change, of_day, members, on=day)
    register.finish_change(session, change, now=now)


def _renumber(
    session: Session,
    batch: ImportBatch,
    change: RegisterChange,
    rows: Sequence[ImportRow],
    members: Mapping[str, int],
    *,
    on: date,
) -> None:
    numbers = {members[row.key]: int((row.answers or {})["roster_no"]) for row in rows}
    try:
        with session.begin_nested():
            register.renumber(session, change, numbers=numbers, effective_on=on)
    except Refusal as refusal:
        _skip(batch, rows, {}, why=("名簿番号", refusal.sentence))
        return
    for row in rows:
        _mark(batch, row, RowOutcome.DONE)
        row.member_id, row.change_id = members[row.key], change.id


def _finish(session: Session, batch: ImportBatch, *, now: datetime) -> None:
    take(batch, "enter")
    batch.finished_at, batch.progress = now, batch.total
    counted = outcomes(session, batch.id)
    detail = {outcome.value.lower(): counted.get(outcome.value, 0) for outcome in _ENDED}
    audit.record(session, "import.finished", subject=subject_of(batch), actor=worker_of(batch), now=now, detail=detail)
