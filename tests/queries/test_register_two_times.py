"""The register reads as of any day, and as known at any change, exactly as a model in plain Python says."""

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.codes import ChangeSource, EndReason, Licence
from occto.domain.errors import Refusal
from occto.extensions import db
from occto.models import ControlFact, Member, ProfileFact, RegisterChange
from occto.queries import register as reads
from occto.services import register
from occto.unit_of_work import unit_of_work
from tests.factories import NOW, Factory, corporate_number

START = date(2024, 1, 1)
DAYS = [START + timedelta(days=n) for n in range(0, 60, 6)]
ITEMS = {"capital": (1, 2, 3), "url": ("https://a.example.jp/", None), "name": ("甲電力株式会社", "乙電力株式会社")}


@dataclass
class Model:
    """What is on record, without any second time axis."""

    profile: dict[str, dict[date, Any]]
    licences: dict[int, tuple[Licence, date, date | None]]
    relations: dict[int, tuple[str, date, date | None]] = field(default_factory=dict)
    roster: list[tuple[date, int]] = field(default_factory=list)

    def on(self, day: date) -> dict[str, Any]:
        """As of a day: items and number in force; licences and relations in force and to come."""
        values = {item: [(d, v) for d, v in held.items() if d <= day] for item, held in self.profile.items()}
        return {
            "profile": {item: max(found, key=lambda one: one[0])[1] for item, found in values.items() if found},
            "licences": {held for held in self.licences.values() if held[2] is None or held[2] > day},
            "relations": {held for held in self.relations.values() if held[2] is None or held[2] > day},
            "roster": next((number for begun, number in reversed(self.roster) if begun <= day), None),
        }


def _read(member_id: int, day: date, known: int | None) -> dict[str, Any]:
    session = db.session()
    profile = reads.profile_as_of(session, member_id, day, known=known)
    return {
        "profile": {item: profile[item] for item in ITEMS if item in profile},
        "licences": {
            (held.category, held.effective_on, held.ended_on)
            for held in reads.licences_as_of(session, member_id, day, known=known)
        },
        "relations": {
            (held.name, held.effective_on, held.ended_on)
            for held in reads.relations_as_of(session, member_id, day, known=known)
        },
        "roster": reads.roster_as_of(session, member_id, day, known=known),
    }


class Driver:
    """Does a step through the verbs and, where they did not refuse, to the model."""

    def __init__(self, session: Session, change: RegisterChange, member: Member, model: Model) -> None:
        self.session, self.change, self.member, self.model = session, change, member, model
        self.stamp: tuple[Session, RegisterChange] = (session, change)

    def set(self, item: str, pick: int, day: date, _other: date) -> None:
        value = ITEMS[item][pick % len(ITEMS[item])]
        register.set_item(*self.stamp, member_id=self.member.id, item=item, value=value, effective_on=day)
        self.model.profile.setdefault(item, {})[day] = value

    def _fact(self, item: str, pick: int) -> ProfileFact:
        held = sorted(self.model.profile.get(item, {}))
        if not held:
            raise Refusal("nothing", "")
        found = self.session.scalars(
            select(ProfileFact).where(
                ProfileFact.member_id == self.member.id,
                ProfileFact.item == item,
                ProfileFact.voided_id.is_(None),
                ProfileFact.effective_on == held[pick % len(held)],
            )
        )
        return found.one()

    def correct(self, item: str, pick: int, day: date, _other: date) -> None:
        fact, value = self._fact(item, pick), ITEMS[item][(pick + 1) % len(ITEMS[item])]
        before = fact.effective_on
        register.correct_item(*self.stamp, member_id=self.member.id, fact_id=fact.id, value=value, effective_on=day)
        del self.model.profile[item][before]
        self.model.profile[item][day] = value

    def void(self, item: str, pick: int, _day: date, _other: date) -> None:
        fact = self._fact(item, pick)
        before = fact.effective_on
        register.void_item(*self.stamp, member_id=self.member.id, fact_id=fact.id)
        del self.model.profile[item][before]

    def add_licence(self, _item: str, pick: int, day: date, _other: date) -> None:
        category = (Licence.RETAIL, Licence.AGG, Licence.GTD)[pick % 3]
        held = register.add_licence(
            *self.stamp, member_id=self.member.id, category=category, number=None, effective_on=day
        )
        self.model.licences[held.id] = (category, day, None)

    def end_licence(self, _item: str, pick: int, day: date, _other: date) -> None:
        number = sorted(self.model.licences)[pick % len(self.model.licences)]
        reason = EndReason.CLOSURE_NOTIFICATION
        register.end_licence(*self.stamp, member_id=self.member.id, licence_id=number, ended_on=day, reason=reason)
        self.model.licences[number] = (*self.model.licences[number][:2], day)

    def void_licence(self, _item: str, pick: int, _day: date, _other: date) -> None:
        number = sorted(self.model.licences)[pick % len(self.model.licences)]
        if len(self.model.licences) == 1:
            raise Refusal("nothing", "")
        register.void_licence(*self.stamp, member_id=self.member.id, licence_id=number)
        del self.model.licences[number]

    def relate(self, _item: str, pick: int, day: date, other: date) -> None:
        row = {"relation": "SUBSIDIARY", "name": f"子会社{pick}", "corporate_number": corporate_number(500_000 + pick),
               "is_member": "NO", "controlling": False, "basis": None, "holding": "DIRECT", "ratio_bp": 1000,
               "acquired_on": day.isoformat(), "ended_on": other.isoformat() if pick % 2 else None}  # fmt: skip
        if register.enter_relation(*self.stamp, self.member, row=row, default_on=day):
            number = self.session.scalars(
                select(ControlFact.relation_no).where(ControlFact.entered_id == self.change.id)
            ).one()
            self.model.relations[number] = (f"子会社{pick}", day, other if pick % 2 else None)

    def end_relation(self, _item: str, pick: int, day: date, _other: date) -> None:
        number = self._relation(pick)
        register.end_relation(*self.stamp, self.member, relation_no=number, ended_on=day)
        self.model.relations[number] = (*self.model.relations[number][:2], day)

    def void_relation(self, _item: str, pick: int, _day: date, _other: date) -> None:
        number = self._relation(pick)
        register.void_relation(*self.stamp, self.member, relation_no=number)
        del self.model.relations[number]

    def _relation(self, pick: int) -> int:
        if not self.model.relations:
            raise Refusal("nothing", "")
        return sorted(self.model.relations)[pick % len(self.model.relations)]

    def renumber(self, _item: str, pick: int, day: date, _other: date) -> None:
        number = 700_000 + self.member.id * 10 + pick
        register.renumber(*self.stamp, numbers={self.member.id: number}, effective_on=day)
        if number == self.model.roster[-1][1]:
            return
        self.model.roster = [one for one in self.model.roster if one[0] < day] + [(day, number)]


_ACTS = tuple(name for name in vars(Driver) if not name.startswith("_"))
_STEPS = st.lists(
    st.tuples(
        st.sampled_from(_ACTS),
        st.sampled_from(sorted(ITEMS)),
        st.integers(0, 5),
        st.sampled_from(DAYS),
        st.sampled_from(DAYS),
    ),
    min_size=6,
    max_size=16,
)


def _do(member_id: int, model: Model, step: tuple[str, str, int, date, date]) -> tuple[Model, int | None]:
    """The model and the number of the change after the step; both as before where the register refused."""
    tried = deepcopy(model)
    try:
        with unit_of_work() as session:
            change = register.begin_change(
                session,
                source_kind=ChangeSource.DEMO,
                source_id=None,
                actor_id=None,
                second_actor_id=None,
                now=NOW,
            )
            member = session.get(Member, member_id)
            assert member is not None
            getattr(Driver(session, change, member, tried), step[0])(*step[1:])
            register.finish_change(session, change, now=NOW)
            number = change.id
    except Refusal:
        return model, None
    return tried, number


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_STEPS)
def test_the_register_reads_as_of_any_day_and_as_known_at_any_change(
    make: Factory, steps: list[tuple[str, str, int, date, date]]
) -> None:
    member = make.member(since=START, capital=1)
    member_id = member.id
    profile = reads.profile_as_of(db.session(), member_id, START)
    held = reads.licences_as_of(db.session(), member_id, START)
    model = Model(
        profile={item: {START: profile[item]} for item in ITEMS if item in profile},
        licences={one.licence_id: (one.category, one.effective_on, one.ended_on) for one in held},
        roster=[(START, reads.roster_as_of(db.session(), member_id, START) or 0)],
    )
    snapshots = {reads.newest_change(db.session()): model}
    for step in steps:
        model, number = _do(member_id, model, step)
        if number is not None:
            snapshots[number] = model
    asked = [START - timedelta(days=1), *DAYS, DAYS[-1] + timedelta(days=1)]
    for day in asked:
        assert _read(member_id, day, None) == model.on(day), day
    for number, then in snapshots.items():
        for day in asked[::3]:
            assert _read(member_id, day, number) == then.on(day), (number, day)
