"""The people, companies and figures of the story of an assembly, and the clock that it moves by."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from math import lcm
from pathlib import Path

import pytest

from occto import clock
from occto.domain.dates import today_jst
from occto.domain.permissions import Role
from occto.models import Body, ControlFact, Member, User
from tests import changing
from tests.browser.conftest import Person, Site
from tests.browser.test_joining import MakePerson
from tests.browser.test_office import as_staff
from tests.factories import Factory
from tests.freezing import BEFORE, on_paper
from tests.registering import entering

DAYS_AHEAD = 45  # the assembly is registered so many days before, its record date fifteen days away
DESK, POWER = "desk@denki.example.jp", "plant@hatsuden.example.jp"
UNITS: Mapping[str, Mapping[str, frozenset[str]]] = {
    "送配電": {"line": frozenset({"line"}), "east": frozenset({"east"})},
    "小売": {"retail": frozenset({"retail"}), "minato": frozenset({"minato"}), "heights": frozenset({"heights"})},
    "発電": {
        "power": frozenset({"retail", "power"}),  # by the 届出; without it the larger one, retail
        "minato": frozenset({"minato", "solar"}),  # the parent
        "paper": frozenset({"paper"}),
    },
}
"""Who holds for whom in each group, put down by hand from 4 and 5 of the terms: the other side of every figure."""


def votes_by_hand() -> dict[str, int]:
    """Every group has the same total, its units the same share of it, a company the sum over its groups."""
    total = lcm(*(len(units) for units in UNITS.values()))
    found: dict[str, int] = {}
    for units in UNITS.values():
        for holder, companies in units.items():
            for company in companies:
                found[company] = found.get(company, 0)
            found[holder] += total // len(units)
    return found


class Calendar:
    """The clock of the application, some days ahead of the real one."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.ahead, real = timedelta(), clock.now
        patch.setattr(clock, "now", lambda: real() + self.ahead)

    def go_to(self, day: date) -> None:
        self.ahead += timedelta(days=(day - today_jst(clock.now())).days)


@dataclass
class Story:
    """The people, the companies and the assembly. `site` runs; every browser is a real one."""

    site: Site
    person: MakePerson
    make: Factory
    days: Calendar
    held_on: date
    file: Path
    members: dict[str, Member] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    number: int = 0

    def staff(self, name: str, role: Role) -> Person:
        """A member of the staff, signed in on the day that it is."""
        with self.site.app.app_context():
            return as_staff(self.person, self.make, name, role)

    def member(self, company: str, name: str) -> Person:
        """Somebody of a company, signed in on the day that it is."""
        with self.site.app.app_context():
            made = self.person(name)
            made.take_session(self.make.signed_in(self.users[company], member=self.members[company]))
            return made

    @property
    def path(self) -> str:
        return f"/assemblies/{self.number}"


def companies(story: Story) -> None:
    make, members = story.make, story.members
    for key, name, licences, capital in (
        ("line", "汐見送配電株式会社", ("TRANS",), 90_000_000_000),
        ("retail", "汐見でんき株式会社", ("RETAIL", "GEN"), 500_000_000),
        ("power", "汐見発電株式会社", ("GEN",), 300_000_000),
        ("east", "東都電力送配電株式会社", ("TRANS",), 80_000_000_000),
        ("minato", "みなとエナジー株式会社", ("RETAIL", "GEN"), 100_000_000),
        ("solar", "みなとソーラーパワー合同会社", ("GEN",), 10_000),
        ("heights", "髙原でんき株式会社", ("RETAIL",), 20_000_000),
        ("paper", "紙の里発電株式会社", ("GEN",), 30_000_000),
    ):
        members[key] = make.member(name=name, licences=licences, capital=capital)
    for key, name, email in (("retail", "佐藤 美咲", DESK), ("power", "汐見 一郎", POWER)):
        story.users[key] = make.user(email=email, name=name)
        make.affiliate(story.users[key], members[key])
        make.consent(story.users[key])
    on_paper(members["paper"])
    with entering() as change:
        outside = Body(name="汐見ホールディングス株式会社", corporate_number="9999999999999")
        change.session.add(outside)
        change.session.flush()
        family = [(outside.id, members[key].body_id) for key in ("line", "retail", "power")]
        pairs = [*family, (members["minato"].body_id, members["solar"].body_id)]
        change.session.add_all(
            ControlFact(
                relation_no=number,
                child_body_id=child,
                parent_body_id=parent,
                controlling=True,
                ratio_bp=10000,
                effective_on=date(2021, 4, 1),
                entered_id=change.change.id,
            )
            for number, (parent, child) in enumerate(pairs, start=1)
        )
    # accepted, dated before the record date and undecided: a case of the check list
    make.change_request(member=members["heights"], answers=changing.capital(7, on=BEFORE), occurred_on=BEFORE)
