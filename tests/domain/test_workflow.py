from enum import StrEnum

import pytest

from occto.domain.errors import IllegalStep
from occto.domain.joining import JOINING
from occto.domain.permissions import Permission
from occto.domain.workflow import Flow, Step


class Light(StrEnum):
    RED = "RED"
    GREEN = "GREEN"


P = Permission
FLOW = Flow(
    name="light",
    title="信号",
    states=Light,
    labels={"RED": "赤", "GREEN": "青"},
    steps=(
        Step("go", "進む", frozenset({"RED"}), "GREEN", P.APPLICATION_PROCESS),
        Step("look", "見る", frozenset({"RED", "GREEN"}), None, P.APPLICATION_SEE, on_hold=True),
    ),
)


def test_a_step_leads_to_its_target_or_stays() -> None:
    assert FLOW.step("go").leads_to("RED") == "GREEN"
    assert FLOW.step("look").leads_to("RED") == "RED"
    with pytest.raises(StopIteration):
        FLOW.step("fly")


def test_an_illegal_step_says_where_the_case_is() -> None:
    assert FLOW.require("go", "RED").name == "go"
    with pytest.raises(IllegalStep) as caught:
        FLOW.require("go", "GREEN")
    assert (caught.value.code, caught.value.step, caught.value.state) == ("illegal_step", "go", "GREEN")
    assert "青" in caught.value.sentence
    assert "進む" in caught.value.sentence


def test_a_held_case_takes_only_steps_that_say_so() -> None:
    assert FLOW.require("look", "RED", held=True).name == "look"
    with pytest.raises(IllegalStep) as caught:
        FLOW.require("go", "RED", held=True)
    assert "保留" in caught.value.sentence


def test_open_steps_are_those_of_state_permission_and_hold() -> None:
    both = {P.APPLICATION_PROCESS, P.APPLICATION_SEE}

    def names(state: str, permissions: set[Permission], *, held: bool = False) -> list[str]:
        return [step.name for step in FLOW.open_steps(state, permissions, held=held)]

    assert names("RED", both) == ["go", "look"]
    assert names("RED", {P.APPLICATION_SEE}) == ["look"]
    assert names("GREEN", both) == ["look"]
    assert names("RED", both, held=True) == ["look"]
    assert names("RED", set()) == []


def test_the_diagram_draws_every_move() -> None:
    lines = FLOW.mermaid().splitlines()
    assert lines[0] == "stateDiagram-v2"
    assert "    RED --> GREEN: 進む" in lines
    assert sum("-->" in line for line in lines) == 3


def test_the_flow_of_joining_is_well_formed() -> None:
    states = {state.value for state in JOINING.states}
    names = [step.name for step in JOINING.steps]
    assert len(names) == len(set(names))
    for step in JOINING.steps:
        assert step.sources <= states, step.name
        assert step.sources, step.name
        assert step.target is None or step.target in states, step.name
    assert set(JOINING.labels) == states
