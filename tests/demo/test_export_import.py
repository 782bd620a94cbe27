"""Export → import changes nothing: every row of the demo's whole record comes back as 変更なし."""

from collections import Counter

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from occto.domain.dates import today_jst
from occto.domain.import_index import key_of
from occto.domain.import_known import Row
from occto.domain.import_plan import plan
from occto.domain.import_sheets import BY_KIND
from occto.domain.importing import RowOutcome, SheetKind
from occto.extensions import db
from occto.forms.cells import clean_row
from occto.queries.import_export import all_member_ids
from occto.queries.import_known import by_codes
from occto.queries.imports import around_rows
from occto.workbooks.reading import read_workbook
from occto.workbooks.record import record_workbook
from tests.conftest import NOW

TODAY = today_jst(NOW)


def _compared(ids: list[int]) -> dict[tuple[SheetKind, int], tuple[RowOutcome, object]]:
    content = b"".join(record_workbook(db.session(), member_ids=ids, today=TODAY))
    groups: dict[str, list[Row]] = {}
    for read in read_workbook(content):
        answers, faults = clean_row(BY_KIND[read.sheet], read.cells)
        row = Row(read.sheet, read.number, answers, faults)
        groups.setdefault(key_of(row), []).append(row)
    known = by_codes(db.session(), list(groups))
    beside = around_rows(db.session(), [row for group in groups.values() for row in group], today=TODAY)
    return {
        place: (verdict.outcome, (verdict.faults, verdict.diffs))
        for key, group in groups.items()
        for place, verdict in plan(key, group, known[key], beside).items()
    }


def test_every_row_of_the_whole_record_is_the_same(loaded: Flask) -> None:
    with loaded.app_context():
        found = _compared(all_member_ids(db.session()))
        db.session.rollback()
    assert {sheet for sheet, _row in found} == set(SheetKind)
    assert Counter(outcome for outcome, _ in found.values()) == {RowOutcome.SAME: len(found)}, [
        one for one in found.values() if one[0] is not RowOutcome.SAME
    ][:5]


@pytest.mark.usefixtures("loaded")
@settings(deadline=None, max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_and_so_is_that_of_any_members_among_them(loaded: Flask, data: st.DataObject) -> None:
    with loaded.app_context():
        ids = data.draw(st.lists(st.sampled_from(all_member_ids(db.session())), min_size=1, max_size=6, unique=True))
        assert {outcome for outcome, _ in _compared(sorted(ids)).values()} == {RowOutcome.SAME}
        db.session.rollback()
