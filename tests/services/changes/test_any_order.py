"""Whatever is asked for and in whatever order it is approved, the register is what the days say."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from occto.domain.changes import Part
from occto.domain.codes import Channel
from occto.domain.dates import start_of_day
from occto.domain.errors import Refusal
from occto.extensions import db
from occto.models import Member, RegisterChange, User
from occto.queries.register import licences_as_of, profile_as_of, relations_as_of
from occto.services import rebuild
from occto.services.changes import review
from occto.unit_of_work import run
from tests.changing import (
    TODAY,
    Answers,
    Request,
    approve,
    filled,
    licence_added,
    licence_ended,
    licences,
    relation_added,
    relation_ended,
    relations,
    send,
)
from tests.factories import Factory, corporate_number
from tests.registering import licence_id, licences_of, newest_change, read, relations_on_record

SINCE = date(2020, 4, 1)
DAYS = [TODAY + timedelta(days=n) for n in (0, 1, 2, 5, 9)]
VALUES: dict[Part, dict[str, tuple[Any, ...]]] = {
    Part.COMPANY: {"name": ("甲株式会社", "乙株式会社", "丙株式会社"), "kana": ("コウ", "オツ", "ヘイ")},
    Part.OUTLINE: {"capital": (1, 2, 3), "url": ("https://a.example.jp/", "https://b.example.jp/", None)},
    Part.BUSINESS: {"area": ("関東", "全国", None)},
}
ITEMS = [item for part in VALUES.values() for item in part]
CATEGORIES = ("RETAIL", "AGG")
PARENT = corporate_number(900)

Wish = tuple[str, int, int]
"""What is wished for (an item, a category, "parent" or a part), which value, and on which of DAYS."""


@dataclass
class Plain:
    """What the register should say: values by item and day, periods of each category and of the parent."""

    facts: dict[str, dict[date, Any]] = field(default_factory=dict)
    periods: dict[str, list[tuple[date, date | None]]] = field(default_factory=dict)

    def value(self, item: str, day: date) -> Any:
        held = [on for on in self.facts.get(item, {}) if on <= day]
        return self.facts[item][max(held)] if held else None

    def running(self, what: str) -> tuple[date, date | None] | None:
        last = self.periods.get(what, [(SINCE, SINCE)])[-1]
        return last if last[1] is None else None


def _answers(plain: Plain, member: Member, wish: Wish) -> Answers | None:
    """The wish as a part of a request; None where it makes no sense now. A category or parent that runs is ended."""
    what, pick, place = wish
    on = DAYS[place]
    running = plain.running(what)
    if running is not None and on <= running[0]:
        return None
    ended = plain.periods.get(what, [])
    if running is None and ended and on < (ended[-1][1] or date.max):
        return None
    if what in CATEGORIES:
        row = licence_ended(licence_id(member, what), on=on) if running else licence_added(what, on=on)
        return licences(row)
    if what == "parent":
        number = max((row[0] for row in relations_on_record()), default=0)
        return relations(relation_ended(number, on=on) if running else relation_added(PARENT, on=on))
    part = next(part for part, items in VALUES.items() if what in items)
    value = VALUES[part][what][pick]
    if value == plain.value(what, on):
        return None
    return {part: {"effective_on": on.isoformat(), what: value}}


def _enter(plain: Plain, wish: Wish) -> None:
    what, pick, place = wish
    on = DAYS[place]
    for items in VALUES.values():
        if what in items:
            plain.facts.setdefault(what, {})[on] = items[what][pick]
            return
    running, periods = plain.running(what), plain.periods.setdefault(what, [])
    if running is None:
        periods.append((on, None))
    else:
        periods[-1] = (running[0], on)


WISHES = st.lists(
    st.tuples(st.sampled_from([*ITEMS, *CATEGORIES, "parent"]), st.integers(0, 2), st.integers(0, len(DAYS) - 1)),
    min_size=1,
    max_size=5,
    unique_by=lambda wish: wish[0],
)
ROUNDS = st.lists(st.tuples(WISHES, st.randoms(use_true_random=False)), min_size=1, max_size=3)


@pytest.mark.wide
@given(rounds=ROUNDS)
@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_register_is_what_the_days_say(make: Factory, rounds: list[tuple[list[Wish], Any]]) -> None:
    """Each round files requests for different things at once and approves them in any order."""
    member, person = make.member(), make.user()
    make.affiliate(person, member)
    plain = Plain(facts={item: {SINCE: value} for item, value in _first(member).items()})
    before = newest_change()
    for wishes, order in rounds:
        waiting = [(wish, request) for wish in wishes if (request := _filed(make, plain, member, person, wish))]
        order.shuffle(waiting)
        for wish, request in waiting:
            if request.row().waiting_since is not None:  # the immediate ones are decided already
                run(review.check, request.id, **request.seen())
                approve(request)
            _enter(plain, wish)
    for day in [SINCE, *DAYS, DAYS[-1] + timedelta(days=400)]:
        _compare(plain, member, day)
    numbers = read(select(RegisterChange.id).where(RegisterChange.id > before).order_by(RegisterChange.id))
    assert [row.id for row in numbers] == list(range(before + 1, newest_change() + 1))
    _compare_copies(plain, member)


def _first(member: Member) -> dict[str, Any]:
    found = profile_as_of(db.session(), member.id, SINCE)
    db.session.expunge_all()
    db.session.rollback()
    return {item: found[item] for item in ITEMS if item in found}


def _filed(make: Factory, plain: Plain, member: Member, person: User, wish: Wish) -> Request | None:
    answers = _answers(plain, member, wish)
    if answers is None:
        return None
    request = filled(make, answers, member=member, person=person)
    send(request)
    return request


def _compare(plain: Plain, member: Member, day: date) -> None:
    session = db.session()
    profile = profile_as_of(session, member.id, day)
    assert {item: profile.get(item) for item in ITEMS} == {item: plain.value(item, day) for item in ITEMS}, day

    def in_force(what: str) -> bool:
        return any(begin <= day < (end or date.max) for begin, end in plain.periods.get(what, ()))

    held = {one.category.value for one in licences_as_of(session, member.id, day) if one.effective_on <= day}
    assert held == {"GEN", *filter(in_force, CATEGORIES)}, day
    parents = [one for one in relations_as_of(session, member.id, day) if one.effective_on <= day]
    assert len(parents) == in_force("parent"), day
    session.expunge_all()
    session.rollback()


def _compare_copies(plain: Plain, member: Member) -> None:
    """The copies for lists say the same on every day, and rebuilding all of them finds nothing to mend."""
    for day in DAYS:
        now = start_of_day(day)
        run(rebuild.rebuild_due, now=now)
        own = run(rebuild.rebuild_batch, after=member.id - 1, limit=1, now=now)  # other examples lie on other days
        assert (own.last_id, own.differed) == (member.id, 0), day
        statement = select(Member.current_name, Member.current_kana, Member.current_licences)
        row = read(statement.where(Member.id == member.id))[0]
        assert (row.current_name, row.current_kana) == (plain.value("name", day), plain.value("kana", day))
        held = {what for what, begin, end in licences_of(member) if begin <= day < (end or date.max)}
        assert set(row.current_licences.split(",")) == held


@given(orders=st.permutations(range(3)), days=st.permutations(range(3)))
@settings(deadline=None, max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_for_one_item_and_day_the_later_approval_wins(make: Factory, orders: list[int], days: list[int]) -> None:
    """The office sets the same item one after the other, on the same and on other days."""
    member = make.member(capital=10)
    wanted: dict[date, int] = {SINCE: 10}
    for place, no in zip(days, orders, strict=True):
        on, value = DAYS[place // 2], 100 + no
        request = filled(
            make,
            {Part.OUTLINE: {"effective_on": on.isoformat(), "capital": value}},
            member=member,
            channel=Channel.STAFF,
        )
        if value == wanted[max(day for day in wanted if day <= on)]:
            with pytest.raises(Refusal, match="nothing_changes"):
                send(request)
            continue
        send(request)
        approve(request)
        wanted[on] = value
    for day in (SINCE, *DAYS):
        found = profile_as_of(db.session(), member.id, day)["capital"]
        db.session.rollback()
        assert found == wanted[max(on for on in wanted if on <= day)], day
