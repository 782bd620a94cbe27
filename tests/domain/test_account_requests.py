"""The flow of requests about IDs: every state × step × role, and the numbers."""

import pytest

from occto.domain.account_requests import (
    ACCOUNT_REQUESTS,
    OPEN,
    AccountRequestKind,
    AccountRequestState,
    clause_of,
    format_number,
    permission_for,
    read_number,
)
from occto.domain.errors import IllegalStep
from occto.domain.permissions import Permission, Role, permissions_of

S = AccountRequestState
ALLOWED = {
    S.SUBMITTED: {"withdraw", "match", "decline"},
    S.MATCHED: {"withdraw", "match", "confirm", "settle", "decline"},
    S.CONFIRMED: {"withdraw", "match", "settle", "approve", "decline"},
    S.APPROVED: set(),
    S.DECLINED: set(),
    S.WITHDRAWN: set(),
}
DESK = {"match", "confirm", "settle", "decline"}
BY_ROLE = {
    Role.OPERATOR: DESK,
    Role.APPROVER: DESK | {"approve"},
    Role.ADMINISTRATOR: {"withdraw"},
}


@pytest.mark.parametrize("state", S)
@pytest.mark.parametrize("step", ACCOUNT_REQUESTS.steps, ids=lambda step: step.name)
def test_every_state_and_step(state: S, step: object) -> None:
    name = step.name  # type: ignore[attr-defined]
    if name in ALLOWED[state]:
        assert ACCOUNT_REQUESTS.require(name, state).name == name
    else:
        with pytest.raises(IllegalStep):
            ACCOUNT_REQUESTS.require(name, state)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("state", S)
def test_every_state_and_role(state: S, role: Role) -> None:
    open_steps = {step.name for step in ACCOUNT_REQUESTS.open_steps(state, permissions_of((role,)))}
    assert open_steps == ALLOWED[state] & BY_ROLE.get(role, set())


def test_what_is_about_the_staff_is_a_system_administrators() -> None:
    assert {permission_for(step, of_staff=True) for step in ACCOUNT_REQUESTS.steps} == {Permission.STAFF_MANAGE}
    assert {state for state in S if ALLOWED[state]} == OPEN


def test_each_kind_has_its_clause() -> None:
    clauses = {kind: clause_of(kind) for kind in AccountRequestKind}
    assert clauses == {"ADMINISTRATOR": "3.1/3.2.1", "CHANGE": "3.1/3.2.2", "SECOND_FACTOR": None}


@pytest.mark.parametrize("typed", ["A-2026-00042", "a-2026-42", "Ａ-２０２６-０００４２", " A-2026-00042 "])
def test_numbers_are_read_as_people_type_them(typed: str) -> None:
    assert read_number(typed) == format_number(2026, 42) == "A-2026-00042"


@pytest.mark.parametrize(
    "typed", ["", "A", "C-2026-00042", "A-26-1", "A-2026-x", "A-2026-1-2", "A-2026-" + "9" * 30, "A-2026-²"]
)
def test_anything_else_is_no_number(typed: str) -> None:
    assert read_number(typed) is None
