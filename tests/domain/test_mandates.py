"""受託者: the flow, what widens a mandate, reminders, persons as they are typed."""

from datetime import date, timedelta
from typing import Any

import pytest

from occto.domain.codes import MandateState, Procedure
from occto.domain.errors import IllegalStep, Refusal
from occto.domain.mandates import (
    MANDATES,
    MandateTerms,
    Nominee,
    check_terms,
    in_order,
    read_nominees,
    reminder_due,
    widens,
    written,
)
from occto.domain.permissions import SCOPES, TABLE, Permission, Role, permissions_of_mandate
from occto.domain.text import InputError

TODAY = date(2026, 11, 23)
A, B = Nominee("青木 葵", "a@x.example.jp"), Nominee("馬場 梅", "B@x.example.jp")
BASE = MandateTerms((Procedure.VIEW,), TODAY, TODAY + timedelta(days=365), (A,))
LEGAL = {
    ("PROPOSED", "accept"): "ACTIVE",
    ("PROPOSED", "decline"): "DECLINED",
    ("PROPOSED", "withdraw"): "DECLINED",
    ("ACTIVE", "change"): "ACTIVE",
    ("ACTIVE", "end"): "ENDED",
    ("ACTIVE", "end_on_paper"): "ENDED",
    ("ACTIVE", "end_by_office"): "ENDED",
    ("ACTIVE", "expire"): "ENDED",
}
WHO = {
    "accept": {Role.ADMINISTRATOR},
    "decline": {Role.ADMINISTRATOR},
    "change": {Role.ADMINISTRATOR},
    "end": {Role.ADMINISTRATOR},
    "withdraw": {Role.CONTRACTOR},
    "end_on_paper": {Role.OPERATOR, Role.APPROVER},
    "end_by_office": {Role.OPERATOR, Role.APPROVER},
    "expire": {Role.OPERATOR, Role.APPROVER},
}


@pytest.mark.parametrize("step", [step.name for step in MANDATES.steps])
@pytest.mark.parametrize("state", [state.value for state in MandateState])
def test_every_state_and_step(state: str, step: str) -> None:
    if (state, step) not in LEGAL:
        with pytest.raises(IllegalStep) as caught:
            MANDATES.require(step, state)
        assert MANDATES.labels[state] in caught.value.sentence
    else:
        assert MANDATES.require(step, state).leads_to(state) == LEGAL[state, step]


@pytest.mark.parametrize("role", list(Role))
def test_who_may_take_which_step(role: Role) -> None:
    may = {step.name for step in MANDATES.steps if step.permission in TABLE[role]}
    assert may == {name for name, roles in WHO.items() if role in roles}


@pytest.mark.parametrize("procedure", list(Procedure))
def test_no_mandate_brings_the_right_to_give_mandates_or_to_do_what_is_staffs(procedure: Procedure) -> None:
    allowed = permissions_of_mandate([procedure])
    assert not allowed & {Permission.MANDATES_MANAGE, Permission.MANDATES_SEE, Permission.ADMINISTRATOR_APPLY}
    assert SCOPES[procedure] <= TABLE[Role.ADMINISTRATOR]
    assert allowed == SCOPES[procedure] | TABLE[Role.CONTRACTOR] | {Permission.PUBLIC}


def _with(**changes: Any) -> MandateTerms:
    values = {name: getattr(BASE, name) for name in ("procedures", "starts_on", "ends_on", "persons")}
    return MandateTerms(**(values | changes))


@pytest.mark.parametrize(
    ("after", "wider"),
    [
        (BASE, False),
        (_with(procedures=(Procedure.VIEW, Procedure.USERS)), True),
        (_with(procedures=(Procedure.CHANGES,)), True),
        (_with(persons=(A, B)), True),
        (_with(persons=(B,)), True),
        (_with(persons=(Nominee("青木 葵", "A@X.example.jp"),)), False),
        (_with(starts_on=TODAY - timedelta(days=1)), True),
        (_with(starts_on=TODAY + timedelta(days=1)), False),
        (_with(ends_on=BASE.ends_on + timedelta(days=1) if BASE.ends_on else None), True),
        (_with(ends_on=TODAY + timedelta(days=1)), False),
        (_with(ends_on=None), True),
    ],
)
def test_what_widens(after: MandateTerms, wider: bool) -> None:
    assert widens(BASE, after) is wider


def test_without_an_end_nothing_is_longer() -> None:
    assert not widens(_with(ends_on=None), BASE)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"procedures": ()}, "no_procedure", "procedures"),
        ({"persons": ()}, "no_person", "persons"),
        ({"persons": tuple(Nominee("人", f"p{n}@x.example.jp") for n in range(21))}, "too_many_persons", "persons"),
        ({"persons": (A, Nominee("別人", "A@x.example.jp"))}, "person_twice", "persons"),
        ({"ends_on": TODAY}, "ends_before_start", "last_on"),
        ({"starts_on": TODAY - timedelta(days=9), "ends_on": TODAY}, "over_already", "last_on"),
    ],
)
def test_terms_that_are_refused(changes: dict[str, Any], code: str, field: str) -> None:
    with pytest.raises(Refusal) as caught:
        check_terms(_with(**changes), today=TODAY)
    assert (caught.value.code, caught.value.field) == (code, field)


def test_terms_for_one_last_day_are_fine() -> None:
    check_terms(_with(ends_on=TODAY + timedelta(days=1)), today=TODAY)


@pytest.mark.parametrize(
    ("left", "length", "due"),
    [(31, 365, None), (30, 365, 30), (8, 365, 30), (7, 365, 7), (1, 365, 7), (0, 365, None), (-1, 365, None),
     (30, 30, None), (20, 25, None), (7, 20, 7), (5, 7, None), (29, 31, 30)],
)  # fmt: skip
def test_reminders(left: int, length: int, due: int | None) -> None:
    ends_on = TODAY + timedelta(days=left)
    assert reminder_due(begun_on=ends_on - timedelta(days=length), ends_on=ends_on, today=TODAY) == due


def test_procedures_stand_in_one_order() -> None:
    assert in_order(["USERS", "VIEW", "USERS"]) == (Procedure.VIEW, Procedure.USERS)


@pytest.mark.parametrize("between", [" ", ", ", "，", "、", "\t", "　"])
def test_persons_are_read_however_they_are_parted(between: str) -> None:
    typed = f"青木{' ' if between != '　' else '　'}葵{between}a@x.example.jp\n\n 馬場 梅{between}B@x.example.jp \n"
    assert read_nominees(typed) == (A, B)


def test_what_is_written_is_read_again() -> None:
    assert read_nominees(written((A, B))) == (A, B)
    assert [one.key for one in (A, B)] == ["a@x.example.jp", "b@x.example.jp"]


@pytest.mark.parametrize(
    ("typed", "words"),
    [("青木 葵", "1行目"), ("青木 葵, a@x.example.jp\na@x.example.jp", "2行目"), ("a@x.example.jp 青木", "1行目")],
)
def test_a_line_that_is_none_is_named(typed: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_nominees(typed)
