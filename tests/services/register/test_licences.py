from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from occto.domain.codes import Act, EndReason, Licence
from occto.extensions import db
from occto.models import LicenceFact, Member
from occto.services import register
from tests.factories import Factory
from tests.observing import refused
from tests.registering import entering, licence_id, licences_of

SINCE = date(2020, 4, 1)
END = date(2026, 12, 31)
NEXT = date(2027, 4, 1)


def _add(member: Member, category: Licence, on: date, **more: Any) -> None:
    with entering() as entry:
        register.add_licence(*entry.into, member_id=member.id, category=category, number="X1", effective_on=on, **more)
        register.check_categories(entry.session, member.id)


def _end(member: Member, licence: int, on: date = END) -> None:
    with entering() as entry:
        register.end_licence(
            *entry.into, member_id=member.id, licence_id=licence, ended_on=on, reason=EndReason.CLOSURE_NOTIFICATION
        )
        register.check_categories(entry.session, member.id)


def _correct(member: Member, licence: int, **changes: Any) -> None:
    values: dict[str, Any] = {"number": "A1", "effective_on": SINCE, "ended_on": None, "end_reason": None}
    with entering() as entry:
        register.correct_licence(*entry.into, member_id=member.id, licence_id=licence, values=values | changes)
        register.check_categories(entry.session, member.id)


def _void(member: Member, licence: int) -> None:
    with entering() as entry:
        register.void_licence(*entry.into, member_id=member.id, licence_id=licence)
        register.check_categories(entry.session, member.id)


def test_a_licence_is_entered_with_the_act_of_its_category(make: Factory) -> None:
    member = make.member()
    _add(member, Licence.RETAIL, NEXT)
    assert licences_of(member) == [("GEN", SINCE, None), ("RETAIL", NEXT, None)]
    fact = db.session.scalars(select(LicenceFact).where(LicenceFact.effective_on == NEXT)).one()
    assert (fact.act, fact.number) == (Act.REGISTRATION, "X1")


@pytest.mark.parametrize("on", [date(2019, 1, 1), SINCE, NEXT])
def test_a_category_that_runs_is_not_added_again(make: Factory, on: date) -> None:
    member = make.member()
    with refused("category_held", field="licences"):
        _add(member, Licence.GEN, on)


def test_a_category_is_added_again_from_the_day_it_ended(make: Factory) -> None:
    member = make.member()
    _end(member, licence_id(member, "GEN"))
    with refused("category_held"):
        _add(member, Licence.GEN, date(2026, 12, 30))
    _add(member, Licence.GEN, END)
    assert licences_of(member) == [("GEN", SINCE, END), ("GEN", END, None)]


def test_the_fact_of_a_licence_that_ends_is_replaced_and_kept(make: Factory) -> None:
    member = make.member()
    _end(member, licence_id(member, "GEN"))
    assert licences_of(member) == [("GEN", SINCE, END)]
    voided = db.session.scalars(select(LicenceFact).where(LicenceFact.voided_id == 2)).one()
    assert voided.ended_on is None


def test_a_licence_ends_once(make: Factory) -> None:
    member = make.member()
    licence = licence_id(member, "GEN")
    _end(member, licence)
    with refused("already_ended", field="licences"):
        _end(member, licence, NEXT)


@pytest.mark.parametrize("on", [SINCE, date(2019, 12, 31)])
def test_a_licence_ends_after_it_began(make: Factory, on: date) -> None:
    member = make.member()
    licence = licence_id(member, "GEN")
    with refused("ends_before_begin", field="licences"):
        _end(member, licence, on)


def test_a_licence_of_another_member_is_not_touched(make: Factory) -> None:
    one, other = make.member(), make.member()
    theirs = licence_id(other, "GEN")
    for act in (_end, _correct, _void):
        with refused("not_found"):
            act(one, theirs)


def test_a_voided_licence_was_never_there(make: Factory) -> None:
    member = make.member(licences=("GEN", "RETAIL"))
    gone = licence_id(member, "RETAIL")
    _void(member, gone)
    assert licences_of(member) == [("GEN", SINCE, None)]
    with refused("not_found"):
        _correct(member, gone)


def test_a_correction_replaces_number_and_days(make: Factory) -> None:
    member = make.member()
    earlier = date(2019, 4, 1)
    ended = {"ended_on": END, "end_reason": EndReason.REVOCATION}
    _correct(member, licence_id(member, "GEN"), number="A9", effective_on=earlier, **ended)
    assert licences_of(member) == [("GEN", earlier, END)]
    assert db.session.scalars(select(LicenceFact.number).where(LicenceFact.voided_id.is_(None))).all() == ["A9"]


def test_an_end_needs_its_reason_and_a_reason_its_end(make: Factory) -> None:
    member = make.member()
    licence = licence_id(member, "GEN")
    for wrong in ({"ended_on": END}, {"end_reason": EndReason.REVOCATION}):
        with refused("end_without_reason", field="licences"):
            _correct(member, licence, **wrong)


def test_a_correction_ends_after_it_begins(make: Factory) -> None:
    member = make.member()
    licence = licence_id(member, "GEN")
    with refused("ends_before_begin"):
        _correct(member, licence, effective_on=END, ended_on=END, end_reason=EndReason.REVOCATION)


def test_a_correction_does_not_run_into_the_next_licence_of_the_category(make: Factory) -> None:
    member = make.member()
    first = licence_id(member, "GEN")
    _end(member, first)
    _add(member, Licence.GEN, NEXT)
    second = licence_id(member, "GEN")
    with refused("category_held"):
        _correct(member, first)
    with refused("category_held"):
        _correct(member, second, effective_on=date(2026, 12, 30))
    _correct(member, first, ended_on=NEXT, end_reason=EndReason.REVOCATION)
    assert licences_of(member) == [("GEN", SINCE, NEXT), ("GEN", NEXT, None)]


class TestRegisteredSpecifiedTransmission:
    """登録特定送配電 (RSPTD) stands beside 特定送配電 (SPTD) only."""

    @pytest.fixture
    def member(self, make: Factory) -> Member:
        return make.member(licences=("SPTD", "RSPTD", "GEN"))

    def test_it_is_not_added_alone(self, make: Factory) -> None:
        member = make.member()
        with refused("rsptd_alone", field="licences"):
            _add(member, Licence.RSPTD, NEXT)

    def test_it_does_not_begin_before_the_other(self, make: Factory) -> None:
        member = make.member()
        _add(member, Licence.SPTD, NEXT)
        with refused("rsptd_alone"):
            _add(member, Licence.RSPTD, END)
        _add(member, Licence.RSPTD, NEXT)

    def test_the_other_does_not_end_alone(self, member: Member) -> None:
        with refused("rsptd_alone"):
            _end(member, licence_id(member, "SPTD"))

    def test_both_end_together(self, member: Member) -> None:
        _end(member, licence_id(member, "RSPTD"))
        _end(member, licence_id(member, "SPTD"))
        assert licences_of(member) == [("SPTD", SINCE, END), ("RSPTD", SINCE, END), ("GEN", SINCE, None)]

    def test_the_other_is_not_voided_or_moved_from_under_it(self, member: Member) -> None:
        other = licence_id(member, "SPTD")
        with refused("rsptd_alone"):
            _void(member, other)
        with refused("rsptd_alone"):
            _correct(member, other, effective_on=date(2020, 4, 2))
        ended = {"ended_on": END, "end_reason": EndReason.CLOSURE_NOTIFICATION}
        with refused("rsptd_alone"):
            _correct(member, other, **ended)
