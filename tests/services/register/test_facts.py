from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from occto.extensions import db
from occto.models import Body, Member, ProfileFact
from occto.services import register
from tests.factories import Factory, corporate_number
from tests.observing import refused
from tests.registering import entering, fact_id, facts_of, number_of, read

SINCE = date(2020, 4, 1)
LATER = date(2027, 1, 1)


def _set(member: Member, item: str, value: Any, on: date = LATER) -> None:
    with entering() as entry:
        register.set_item(*entry.into, member_id=member.id, item=item, value=value, effective_on=on)


def _correct(member: Member, fact: int, value: Any, on: date) -> None:
    with entering() as entry:
        register.correct_item(*entry.into, member_id=member.id, fact_id=fact, value=value, effective_on=on)


def _void(member: Member, fact: int) -> None:
    with entering() as entry:
        register.void_item(*entry.into, member_id=member.id, fact_id=fact)


def test_a_value_holds_from_its_day_on(make: Factory) -> None:
    member = make.member(capital=10)
    _set(member, "capital", 20)
    assert facts_of(member, "capital") == [(SINCE, 10), (LATER, 20)]


def test_what_was_entered_for_the_same_day_is_replaced_and_kept(make: Factory) -> None:
    member = make.member(capital=10)
    _set(member, "capital", 20)
    _set(member, "capital", 30)
    assert facts_of(member, "capital") == [(SINCE, 10), (LATER, 30)]
    voided = db.session.scalars(select(ProfileFact.value).where(ProfileFact.voided_id.is_not(None))).all()
    assert voided == [20]


def test_the_same_value_for_the_same_day_enters_nothing(make: Factory) -> None:
    member = make.member(capital=10)
    with entering() as entry:
        entered = register.set_item(*entry.into, member_id=member.id, item="capital", value=10, effective_on=SINCE)
    assert not entered
    assert db.session.scalars(select(ProfileFact).where(ProfileFact.voided_id.is_not(None))).all() == []


def test_no_value_is_a_fact_too(make: Factory) -> None:
    member = make.member()
    _set(member, "url", "https://a.example.jp/", SINCE)
    _set(member, "url", None)
    assert facts_of(member, "url") == [(SINCE, "https://a.example.jp/"), (LATER, None)]


def test_a_correction_keeps_the_row_that_was_wrong(make: Factory) -> None:
    member = make.member(capital=10)
    wrong = fact_id(member, "capital", SINCE)
    _correct(member, wrong, 99, SINCE)
    assert facts_of(member, "capital") == [(SINCE, 99)]
    kept = db.session.get(ProfileFact, wrong)
    assert kept is not None
    assert (kept.value, kept.voided_id) == (10, 2)


def test_a_correction_moves_the_day(make: Factory) -> None:
    member = make.member(capital=10)
    _set(member, "capital", 20)
    _correct(member, fact_id(member, "capital", LATER), 20, date(2026, 12, 1))
    assert facts_of(member, "capital") == [(SINCE, 10), (date(2026, 12, 1), 20)]


def test_a_correction_onto_the_day_of_another_fact_is_refused(make: Factory) -> None:
    member = make.member(capital=10)
    _set(member, "capital", 20)
    later = fact_id(member, "capital", LATER)
    with refused("day_taken"):
        _correct(member, later, 20, SINCE)


def test_a_fact_of_another_member_is_not_corrected(make: Factory) -> None:
    one, other = make.member(), make.member()
    theirs = fact_id(other, "capital", SINCE)
    with refused("not_found"):
        _correct(one, theirs, 1, SINCE)
    with refused("not_found"):
        _void(one, theirs)


def test_a_fact_that_was_voided_is_not_corrected(make: Factory) -> None:
    member = make.member()
    _set(member, "url", "https://a.example.jp/")
    gone = fact_id(member, "url", LATER)
    _void(member, gone)
    with refused("not_found"):
        _correct(member, gone, None, LATER)


def test_a_voided_fact_lets_the_one_before_go_on(make: Factory) -> None:
    member = make.member(capital=10)
    _set(member, "capital", 20)
    _void(member, fact_id(member, "capital", LATER))
    assert facts_of(member, "capital") == [(SINCE, 10)]


def test_the_first_fact_of_a_required_item_stays(make: Factory) -> None:
    member = make.member(capital=10)
    _set(member, "capital", 20)
    first = fact_id(member, "capital", SINCE)
    with refused("only_fact"):
        _void(member, first)
    with refused("only_fact"):
        _correct(member, first, 10, date(2020, 4, 2))


def test_the_only_fact_of_an_optional_item_may_go(make: Factory) -> None:
    member = make.member()
    _set(member, "url", "https://a.example.jp/")
    _void(member, fact_id(member, "url", LATER))
    assert facts_of(member, "url") == []


def test_the_corporate_number_of_another_company_is_refused(make: Factory) -> None:
    one, other = make.member(), make.member()
    theirs, own = number_of(other), fact_id(one, "corporate_number", SINCE)
    with refused("number_taken", field="corporate_number"):
        _set(one, "corporate_number", theirs)
    with refused("number_taken"):
        _correct(one, own, theirs, SINCE)


def test_a_corporate_number_to_come_is_taken_at_once(make: Factory) -> None:
    one, other = make.member(), make.member()
    _set(one, "corporate_number", corporate_number(777))
    with refused("number_taken"):
        _set(other, "corporate_number", corporate_number(777))


def test_the_company_in_the_control_graph_goes_by_the_name_in_force(make: Factory) -> None:
    member = make.member(name="旧電力株式会社")
    _set(member, "name", "新電力株式会社")
    assert read(select(Body.name).where(Body.id == member.body_id)) == [("旧電力株式会社",)]
    _set(member, "name", "今の電力株式会社", date(2026, 11, 23))
    assert read(select(Body.name).where(Body.id == member.body_id)) == [("今の電力株式会社",)]


@pytest.mark.parametrize("value", [None, "1000000000000"])
def test_a_refused_change_leaves_no_gap_in_the_numbers(make: Factory, value: str | None) -> None:
    one, other = make.member(), make.member()
    with refused("number_taken"):
        _set(one, "corporate_number", number_of(other))
    _set(one, "url", value)
    assert facts_of(one, "url") == [(LATER, value)]
    assert db.session.scalars(select(ProfileFact.entered_id).where(ProfileFact.item == "url")).all() == [3]
