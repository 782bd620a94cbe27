"""The diagrams in docs/flows/ are those of the tables in the code."""

import runpy
from pathlib import Path
from typing import Any

import pytest

PRINTER = runpy.run_path(str(Path(__file__).parents[2] / "scripts" / "print_flows.py"))


@pytest.mark.parametrize("flow", PRINTER["FLOWS"], ids=lambda flow: flow.name)
def test_the_printed_flow_is_that_of_the_table(flow: Any) -> None:
    printed = (PRINTER["FOLDER"] / f"{flow.name}.md").read_text(encoding="utf-8")
    assert printed == PRINTER["page"](flow), "run `make flows`"


@pytest.mark.parametrize("flow", PRINTER["FLOWS"], ids=lambda flow: flow.name)
def test_every_step_stands_in_the_diagram_and_in_the_table(flow: Any) -> None:
    page = PRINTER["page"](flow)
    for step in flow.steps:
        assert f": {step.label}\n" in page
        assert f"| `{step.name}` |" in page


def test_no_printed_flow_is_without_a_table() -> None:
    assert {path.stem for path in PRINTER["FOLDER"].glob("*.md")} == {flow.name for flow in PRINTER["FLOWS"]}
