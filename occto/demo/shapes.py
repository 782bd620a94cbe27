"""What a demo company is: the shapes that generation fills and the rows are made of."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from occto.demo.people import Person, Shared
from occto.domain.codes import ControlBasis, EndReason, Holding, Licence
from occto.domain.numbers import corporate_number_check_digit

BLOCK = 20
APPLICANTS = 10_000_000
"""Companies on their way to membership are numbered from here, by twenties."""
FIRST_DAY = date(2016, 4, 1)
LOADED_BEFORE = timedelta(days=430)
"""The first load lies so long ago; what changed later has a register change of its own."""
LAST_CHANGE = timedelta(days=70)


@dataclass(frozen=True, slots=True)
class Held:
    """One licence and the METI act behind it."""

    category: Licence
    number: str | None
    effective_on: date
    ended_on: date | None = None
    end_reason: EndReason | None = None


@dataclass(frozen=True, slots=True)
class Tie:
    """Who stands above the company: another demo company by `parent_index`, an outsider by number, or a name only."""

    effective_on: date
    parent_index: int | None = None
    outsider_no: int | None = None
    parent_name: str | None = None
    controlling: bool = True
    basis: ControlBasis | None = ControlBasis.MAJORITY
    holding: Holding = Holding.DIRECT
    ratio_bp: int | None = 10_000
    ended_on: date | None = None


@dataclass(frozen=True, slots=True)
class Amendment:
    """A later register change. `correction`: the recorded values are voided, the new ones have the old day."""

    at: datetime
    effective_on: date
    values: dict[str, Any] = field(default_factory=dict)
    licences: tuple[Held, ...] = ()
    correction: bool = False


@dataclass(frozen=True, slots=True)
class Company:
    """A company as first recorded, with what was recorded later.

    `joined_since`: after the first load. `paper`: without contract of use and users (紙対応).
    """

    index: int
    operator_code: str
    domain: str
    profile: dict[str, Any]
    member_on: date
    recorded_at: datetime
    joined_since: bool
    licences: tuple[Held, ...]
    ties: tuple[Tie, ...]
    amendment: Amendment | None
    people: tuple[Person, ...]
    shared: tuple[Shared, ...]
    paper: bool = False

    def licences_now(self) -> tuple[Held, ...]:
        """The licences as recorded today, ended and coming ones too."""
        later = self.amendment.licences if self.amendment else ()
        replaced = {held.category for held in later}
        return tuple(held for held in self.licences if held.category not in replaced) + later

    def profile_on(self, day: date) -> dict[str, Any]:
        """The values in force on `day`, by item; the first ones where all lie in the future."""
        if self.amendment and (self.amendment.correction or self.amendment.effective_on <= day):
            return self.profile | self.amendment.values
        return self.profile

    def left_on(self, today: date) -> date | None:
        """The day on which the last licence ended; None while there is one or one is coming."""
        ends = [held.ended_on for held in self.licences_now()]
        last = max((end for end in ends if end is not None), default=None)
        return last if last is not None and None not in ends and last <= today else None


def corporate_number(kind: int, serial: int) -> str:
    """A number whose check digit holds and that no registry office gives out: its base begins with 99."""
    base = f"99{kind:02d}{serial:08d}"
    return f"{corporate_number_check_digit(base)}{base}"
