"""What the register holds of a member, as a row of a workbook is compared with it; and what a comparison says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from occto.domain.codes import Licence, Relation, UserKind, UserState
from occto.domain.import_sheets import Column, Sheet
from occto.domain.importing import RowOutcome, SheetKind
from occto.domain.permissions import Role

Fault = tuple[str, str]
"""Title of the column, sentence."""


@dataclass(frozen=True, slots=True)
class KnownLicence:
    """A licence that stands."""

    licence_id: int
    category: Licence
    number: str | None
    effective_on: date
    ended_on: date | None
    end_reason: str | None


@dataclass(frozen=True, slots=True)
class KnownRelation:
    """A control relation that stands; `relation`: what the other company is to the member."""

    relation_no: int
    relation: Relation
    name: str
    corporate_number: str | None
    controlling: bool
    basis: str | None
    holding: str | None
    ratio_bp: int | None
    effective_on: date
    ended_on: date | None


@dataclass(frozen=True, slots=True)
class KnownUser:
    """A person with an ID."""

    user_id: int
    email: str
    name: str
    kana: str | None
    title: str | None
    phone: str | None
    kind: UserKind
    state: UserState


@dataclass(slots=True)
class KnownMember:
    """A member: its codes, its first day, and what stands of it. `facts`: item → (day, value) in the order of the days."""

    member_id: int
    body_id: int
    operator_code: str
    corporate_number: str | None
    name: str
    left: bool
    member_on: date
    roster_no: int | None = None
    roster_since: date | None = None
    facts: dict[str, list[tuple[date, Any]]] = field(default_factory=dict)
    licences: list[KnownLicence] = field(default_factory=list)
    relations: list[KnownRelation] = field(default_factory=list)
    roles: dict[str, Role] = field(default_factory=dict)
    """Lower-case address → role, of those with a live affiliation."""

    def value_on(self, item: str, day: date) -> Any:
        """The value of an item in force on `day`; None where there is none."""
        found = None
        for since, value in self.facts.get(item, ()):
            if since > day:
                break
            found = value
        return found

    def shown_on(self, today: date) -> date:
        """From which day a change counts: today, or the first day of a member to come."""
        return max(today, self.member_on)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a workbook: clean values, and what is wrong with its cells."""

    sheet: SheetKind
    row_no: int
    answers: Mapping[str, Any]
    faults: Sequence[Fault] = ()

    @property
    def place(self) -> tuple[SheetKind, int]:
        return self.sheet, self.row_no

    def day(self, key: str) -> date | None:
        """A day among the values."""
        value = self.answers.get(key)
        return date.fromisoformat(value) if value else None


Diff = tuple[Column, Any, Any]
"""Column, old and new value."""
Step = tuple[str, dict[str, Any]]
"""What is to be entered: the name of a verb of services/imports/steps.py and its keywords."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of a row: outcome, what changes, what is wrong, and the steps that enter it."""

    outcome: RowOutcome
    diffs: tuple[Diff, ...] = ()
    faults: tuple[Fault, ...] = ()
    steps: tuple[Step, ...] = ()


SAME = Verdict(RowOutcome.SAME)


def faulty(*faults: Fault) -> Verdict:
    """The verdict on a row that cannot be entered."""
    return Verdict(RowOutcome.FAULTY, faults=faults)


def new(sheet: Sheet, row: Row, *steps: Step) -> Verdict:
    """The verdict on a row that is not on record in any form."""
    diffs = tuple(
        (column, None, row.answers[column.key])
        for column in sheet.columns
        if row.answers.get(column.key) not in (None, "")
    )
    return Verdict(RowOutcome.NEW, diffs, steps=steps)


def changed(diffs: Sequence[Diff], *steps: Step) -> Verdict:
    """The verdict on a row that differs from what is on record."""
    return Verdict(RowOutcome.CHANGED, tuple(diffs), steps=steps)


@dataclass(frozen=True, slots=True)
class Around:
    """What a group of rows is compared with besides its own member.

    `by_number`: member whose corporate number a row gives; `numbers_held`: who has a roster number, as operator code;
    `users`: by lower-case address.
    """

    today: date
    by_number: Mapping[str, KnownMember] = field(default_factory=dict)
    numbers_held: Mapping[int, str] = field(default_factory=dict)
    users: Mapping[str, KnownUser] = field(default_factory=dict)
