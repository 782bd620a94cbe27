"""取込み in the worker: reading outside any transaction, comparing and entering batch by batch, each under the lease."""

import logging
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from occto import clock
from occto.domain.dates import today_jst
from occto.domain.import_index import Index, key_of
from occto.domain.import_known import Row, Verdict
from occto.domain.import_sheets import BY_KIND
from occto.domain.importing import BATCH, ImportState
from occto.domain.text import InputError
from occto.extensions import db
from occto.forms.cells import as_text, clean_row, in_words
from occto.queries import import_known, imports
from occto.services.imports import case, checking, entering
from occto.unit_of_work import run
from occto.workbooks.reading import ReadRow, read_workbook

log = logging.getLogger("occto.loading")
BATCHES = 5
"""So many batches in one round: mail and sealing have their turn in between."""
_WITHOUT_KEY = ("事業者コード", "事業者コードか法人番号を入力してください。どの会員の行かがわかりません。")


def work_imports() -> bool:
    """Go on with the oldest import for a while; whether there was one."""
    claimed = run(case.claim, now=clock.now())
    if claimed is None:
        return False
    import_id, state = claimed
    try:
        _STEPS[state](import_id)
        run(case.pause, import_id)
    except InputError as error:
        run(case.give_up, import_id, reason=str(error), now=clock.now())
    except Exception as error:
        log.exception("import %s failed for now", import_id)
        run(case.note_trouble, import_id, error=type(error).__name__, now=clock.now())
    return True


def _read(import_id: int) -> None:
    """Keep every row of the workbook with its clean values. A worker killed here begins anew."""
    content = imports.workbook_of(db.session(), import_id)
    db.session.rollback()
    index = Index()
    total = 0
    for batch in _batches(read_workbook(content)):
        kept = [_kept(row, index) for row in batch]
        total += len(kept)
        if not run(checking.keep_rows, import_id, kept, now=clock.now()):
            return
    if not total:
        raise InputError("行が1つもありません。2行目から、1行ずつ入力してください。")
    on_record = import_known.codes_of_numbers(db.session(), index.numbers_alone)
    run(
        checking.end_reading,
        import_id,
        renamed=index.renamed(on_record),
        faults=index.faults(),
        now=clock.now(),
    )


def _batches(rows: Iterable[ReadRow]) -> Iterator[list[ReadRow]]:
    going = iter(rows)
    while batch := list(islice(going, BATCH)):
        yield batch


def _kept(read: ReadRow, index: Index) -> checking.KeptRow:
    answers, faults = clean_row(BY_KIND[read.sheet], read.cells)
    row = Row(read.sheet, read.number, answers, faults)
    key = key_of(row)
    if not key:
        faults = [*faults, *([] if any(title == _WITHOUT_KEY[0] for title, _ in faults) else [_WITHOUT_KEY])]
        key = f"?{read.sheet.value}-{read.number}"
    else:
        index.see(row)
    typed = {name: as_text(value) for name, value in read.cells.items() if value not in (None, "")}
    return checking.KeptRow(read.sheet, read.number, key, typed, answers, faults)


def _compare(import_id: int) -> None:
    for _ in range(BATCHES):
        today = today_jst(clock.now())
        compared = imports.next_compared(db.session(), import_id, today=today)
        if not compared:
            faults = imports.faults_of_all(db.session(), import_id, today=today)
            run(checking.end_checking, import_id, faults=faults, now=clock.now())
            return
        said = {one.place: _said(one.verdict, one.member_id) for one in compared}
        if not run(checking.record_said, import_id, said, now=clock.now()):
            return


def _said(verdict: Verdict, member_id: int | None) -> checking.Said:
    diffs = [(column.title, in_words(column, old), in_words(column, new)) for column, old, new in verdict.diffs]
    return checking.Said(verdict.outcome, diffs, verdict.faults, member_id)


def _enter(import_id: int) -> None:
    for _ in range(BATCHES):
        if not run(entering.enter_batch, import_id, now=clock.now()):
            return


_STEPS: dict[ImportState, Any] = {
    ImportState.UPLOADED: _read,
    ImportState.READ: _compare,
    ImportState.RELEASED: _enter,
}
