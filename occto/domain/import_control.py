"""初期登録: second parents and rings among the relations on record and those of the workbook, found before anything is entered."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from occto.domain.control import Control, check_new_parent, two_parents
from occto.domain.errors import Refusal


class Held(NamedTuple):
    """A controlling relation: who (a corporate number, or any other name of a body), by whom, from when until when."""

    child: str
    parent: str
    begin: date
    end: date | None


class ControlBook:
    """All controlling relations, to which those of a workbook are added one after the other."""

    def __init__(self, held: Iterable[Held]) -> None:
        self._numbers: dict[str, int] = {}
        self._parents: dict[int, list[Control]] = {}
        for one in held:
            self._enter(one)

    def add(self, new: Held) -> str | None:
        """Take a relation in; the sentence that refuses it, or None. The same relation twice is no fault."""
        child, parent, end = self._number(new.child), self._number(new.parent), new.end or date.max
        overlapping = {one.parent for one in self._of(child) if new.begin < one.end and one.begin < end}
        if overlapping == {parent}:
            return None
        if overlapping:
            return two_parents().sentence
        try:
            check_new_parent(self._of, child=child, parent=parent, begin=new.begin, end=end)
        except Refusal as refusal:
            return refusal.sentence
        self._enter(new)
        return None

    def _enter(self, one: Held) -> None:
        control = Control(self._number(one.parent), one.begin, one.end or date.max)
        self._parents.setdefault(self._number(one.child), []).append(control)

    def _of(self, body: int) -> list[Control]:
        return self._parents.get(body, [])

    def _number(self, name: str) -> int:
        return self._numbers.setdefault(name, len(self._numbers) + 1)
