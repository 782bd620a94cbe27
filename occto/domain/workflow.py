"""Flows are data: a table of steps draws the buttons, guards the verb and prints the diagram in `docs/flows/`."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from occto.domain.errors import IllegalStep
from occto.domain.permissions import Permission


@dataclass(frozen=True, slots=True)
class Step:
    """One move of a flow. `target` None: the state stays. `second_person`: not whoever entered or checked it."""

    name: str
    label: str
    sources: frozenset[str]
    target: str | None
    permission: Permission
    reason: bool = False
    second_person: bool = False
    on_hold: bool = False

    def leads_to(self, state: str) -> str:
        """The state after this step from `state`."""
        return self.target or state


@dataclass(frozen=True, slots=True)
class Flow:
    """All steps of one kind of case; `states` in the order in which a case usually passes them."""

    name: str
    title: str
    states: type[StrEnum]
    labels: dict[str, str]
    steps: tuple[Step, ...]

    def step(self, name: str) -> Step:
        return next(step for step in self.steps if step.name == name)

    def require(self, name: str, state: str, *, held: bool = False) -> Step:
        """The step `name`, or IllegalStep where the flow has none from `state` (or while the case is on hold)."""
        step = self.step(name)
        if state not in step.sources:
            sentence = f"いまの状態は「{self.labels[state]}」のため、「{step.label}」は行えません。最新の画面を開いてお確かめください。"
            raise IllegalStep(name, state, sentence)
        if held and not step.on_hold:
            raise IllegalStep(name, state, f"保留中のため「{step.label}」は行えません。先に保留を解除してください。")
        return step

    def open_steps(self, state: str, permissions: Iterable[Permission], *, held: bool = False) -> list[Step]:
        """The steps that somebody with `permissions` may take from `state`, in the order of the table."""
        held_back = set(permissions)
        return [
            step
            for step in self.steps
            if state in step.sources and step.permission in held_back and (step.on_hold or not held)
        ]

    def mermaid(self) -> str:
        """The diagram of the flow, as printed in `docs/flows/`."""
        lines = ["stateDiagram-v2"]
        lines += [f"    {state.value}: {self.labels[state.value]}" for state in self.states]
        for step in self.steps:
            for source in self.states:
                if source.value in step.sources:
                    lines.append(f"    {source.value} --> {step.leads_to(source.value)}: {step.label}")
        return "\n".join(lines)
