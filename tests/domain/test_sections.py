from datetime import date
from typing import Any

import pytest

from occto.domain.codes import Licence
from occto.domain.errors import Refusal
from occto.domain.joining import Stage
from occto.domain.sections import (
    BY_KEY,
    MAIN_TASKS,
    PROVISIONAL_TASKS,
    TASKS,
    act_dates,
    check_consistent,
    chosen_licences,
    missing_sections,
    needs_confirmation,
)
from tests.answers import complete_answers


def test_complete_answers_miss_nothing() -> None:
    for stage in Stage:
        assert missing_sections(complete_answers(stage), stage=stage, agreed=True) == []


@pytest.mark.parametrize("stage", list(Stage))
def test_each_missing_section_is_named(stage: Stage) -> None:
    for task in TASKS[stage]:
        answers = complete_answers(stage)
        answers.pop(task.key, None)
        missing = missing_sections(answers, stage=stage, agreed=task.key != "terms")
        assert [found.key for found in missing] == [task.key]


def test_missing_sections_stand_in_the_order_of_the_list() -> None:
    assert missing_sections({}, stage=Stage.PROVISIONAL, agreed=False) == list(PROVISIONAL_TASKS)
    assert missing_sections({}, stage=Stage.MAIN, agreed=True) == list(MAIN_TASKS)


def test_keys_are_unique_and_all_known() -> None:
    for tasks in TASKS.values():
        assert len({task.key for task in tasks}) == len(tasks)
    assert set(BY_KEY) == {task.key for tasks in TASKS.values() for task in tasks}


def test_licences_come_in_the_order_of_the_law() -> None:
    answers = complete_answers(Stage.PROVISIONAL, business={"licences": ["AGG", "RETAIL", "SPTD"]})
    assert chosen_licences(answers) == [Licence.RETAIL, Licence.SPTD, Licence.AGG]
    assert chosen_licences({}) == []


def test_acts_count_for_chosen_licences_that_have_one() -> None:
    acts = {
        "GEN": {"status": "ACT", "effective_on": "2026-12-01"},
        "RETAIL": {"status": "PENDING", "applied_on": "2026-11-01"},
        "AGG": {"status": "ACT", "effective_on": "2020-01-01"},
    }
    answers = complete_answers(Stage.MAIN, business={"licences": ["GEN", "RETAIL"]}, acts={"acts": acts})
    assert act_dates(answers) == {Licence.GEN: date(2026, 12, 1)}
    assert act_dates({}) == {}


@pytest.mark.parametrize(
    ("stage", "overrides", "code", "field"),
    [
        (Stage.PROVISIONAL, {"business": {"licences": ["RSPTD", "GEN"]}}, "rsptd_alone", "business"),
        (Stage.PROVISIONAL, {"entrant": {"entrant": "CONTRACTOR"}}, "mandate_letter", "files"),
        (Stage.MAIN, {"business": {"licences": ["GEN", "AGG"]}}, "act_absent", "acts"),
    ],
)
def test_what_cannot_stand_together(stage: Stage, overrides: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(Refusal) as caught:
        check_consistent(complete_answers(stage, **overrides), stage=stage)
    assert (caught.value.code, caught.value.field) == (code, field)


def test_the_own_number_is_no_relation() -> None:
    answers = complete_answers(Stage.PROVISIONAL)
    number = answers["company"]["corporate_number"]
    for relation in ("PARENT", "SUBSIDIARY"):
        answers["relations"] = {"rows": [{"relation": relation, "corporate_number": number}]}
        with pytest.raises(Refusal) as caught:
            check_consistent(answers, stage=Stage.PROVISIONAL)
        assert caught.value.code == "self_parent"


@pytest.mark.parametrize(
    "overrides",
    [
        {},
        {"business": {"licences": ["RSPTD", "SPTD"]}},
        {
            "entrant": {"entrant": "CONTRACTOR"},
            "files": {"files": [{"kind": "REGISTRY"}, {"kind": "MANDATE_LETTER"}]},
        },
        {"relations": {"rows": [{"relation": "PARENT", "corporate_number": None}]}},
    ],
)
def test_what_can_stand_together(overrides: dict[str, Any]) -> None:
    check_consistent(complete_answers(Stage.PROVISIONAL, **overrides), stage=Stage.PROVISIONAL)


def test_a_contractors_entry_needs_the_company() -> None:
    assert needs_confirmation({"entrant": {"entrant": "CONTRACTOR"}})
    assert not needs_confirmation({"entrant": {"entrant": "COMPANY"}})
    assert not needs_confirmation({})


def _acts(**days: str | None) -> dict[str, Any]:
    """A main application for SPTD and RSPTD with the act of each on this day; None: still applied for."""
    stated = {
        licence: {"status": "ACT", "effective_on": day} if day else {"status": "PENDING"}
        for licence, day in days.items()
    }
    return complete_answers(Stage.MAIN, business={"licences": ["SPTD", "RSPTD"]}) | {"acts": {"acts": stated}}


@pytest.mark.parametrize("sptd", [None, "2027-01-16"])
def test_a_registered_supplier_is_none_before_its_notification(sptd: str | None) -> None:
    with pytest.raises(Refusal) as caught:
        check_consistent(_acts(SPTD=sptd, RSPTD="2027-01-15"), stage=Stage.MAIN)
    assert (caught.value.code, caught.value.field) == ("rsptd_alone", "acts")


@pytest.mark.parametrize("rsptd", [None, "2027-01-15", "2027-02-01"])
def test_a_registered_supplier_beside_its_notification(rsptd: str | None) -> None:
    check_consistent(_acts(SPTD="2027-01-15", RSPTD=rsptd), stage=Stage.MAIN)
