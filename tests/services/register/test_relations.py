from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from occto.extensions import db
from occto.models import ControlFact
from occto.services.joining import approval
from occto.unit_of_work import run
from tests.answers import ACT_ON, Case, checked
from tests.factories import NOW, Factory, corporate_number
from tests.observing import refused

FIRST, SECOND = corporate_number(42), corporate_number(43)


def _parent(number: str | None, **changes: Any) -> dict[str, Any]:
    row = {"relation": "PARENT", "name": f"親{number}", "corporate_number": number, "controlling": True}
    return (
        row | {"basis": "MAJORITY", "holding": None, "ratio_bp": None, "acquired_on": None, "ended_on": None} | changes
    )


def _checked(make: Factory, *rows: dict[str, Any]) -> Case:
    return checked(make, relations={"rows": list(rows)})


def _approve(case: Case) -> None:
    run(approval.approve, case.id, seen_version=case.version, actor=case.second, now=NOW)


def _periods() -> list[tuple[date, date | None]]:
    facts = db.session.scalars(select(ControlFact).order_by(ControlFact.relation_no))
    return [(fact.effective_on, fact.ended_on) for fact in facts]


def test_one_parent_after_another_is_no_second_one(make: Factory) -> None:
    former = _parent(FIRST, acquired_on="2020-04-01", ended_on="2026-12-20")
    _approve(_checked(make, former, _parent(SECOND, acquired_on="2026-12-20")))
    assert _periods() == [(date(2020, 4, 1), date(2026, 12, 20)), (date(2026, 12, 20), None)]


@pytest.mark.parametrize("row", [_parent(SECOND, acquired_on="2026-12-19"), _parent(None, name="Overseas Holdings")])
def test_two_parents_at_once_are_refused_in_words(make: Factory, row: dict[str, Any]) -> None:
    former = _parent(FIRST, acquired_on="2020-04-01", ended_on="2026-12-20")
    case = _checked(make, former, row)
    with refused("two_parents"):
        _approve(case)


def test_a_relation_that_was_over_before_is_left_out(make: Factory) -> None:
    _approve(_checked(make, _parent(FIRST, ended_on="2020-03-31"), _parent(SECOND)))
    assert _periods() == [(ACT_ON, None)]
