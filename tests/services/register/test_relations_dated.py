"""Control relations of members: one parent at a time, no ring on any day, ends and corrections that keep what was."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import func, select

from occto.domain.codes import Relation
from occto.extensions import db
from occto.models import Body, ControlFact, Member
from occto.services import register
from tests.changing import relation_row
from tests.factories import Factory, corporate_number
from tests.observing import refused
from tests.registering import entering, number_of, relations_on_record

ON = date(2025, 4, 1)
NEXT = date(2027, 4, 1)
OUTSIDE = corporate_number(900)


def _enter(member: Member, number: str | None, on: date = ON, **row: Any) -> bool:
    with entering() as entry:
        return register.enter_relation(
            *entry.into, _again(entry.session, member), row=relation_row(number, **row), default_on=on
        )


def _end(member: Member, relation_no: int, on: date = NEXT) -> None:
    with entering() as entry:
        register.end_relation(*entry.into, _again(entry.session, member), relation_no=relation_no, ended_on=on)


def _again(session: Any, member: Member) -> Member:
    found = session.get(Member, member.id)
    assert isinstance(found, Member)
    return found


def _replace(member: Member, relation_no: int, on: date, number: str | None, **row: Any) -> None:
    with entering() as entry:
        register.replace_relation(
            *entry.into, _again(entry.session, member), relation_no=relation_no, row=relation_row(number, **row), on=on
        )


def _correct(member: Member, relation_no: int, number: str | None, **row: Any) -> None:
    with entering() as entry:
        register.correct_relation(
            *entry.into,
            _again(entry.session, member),
            relation_no=relation_no,
            row=relation_row(number, **row),
            default_on=ON,
        )


def _void(member: Member, relation_no: int) -> None:
    with entering() as entry:
        register.void_relation(*entry.into, _again(entry.session, member), relation_no=relation_no)


def _body(number: str) -> int:
    found = db.session.scalar(select(Body.id).where(Body.corporate_number == number))
    db.session.rollback()
    assert found is not None
    return found


def test_a_parent_is_entered_from_its_day_on(make: Factory) -> None:
    member = make.member()
    assert _enter(member, OUTSIDE)
    assert relations_on_record() == [(1, member.body_id, _body(OUTSIDE), ON, None)]


def test_a_subsidiary_that_is_a_member_is_the_same_company(make: Factory) -> None:
    parent, child = make.member(), make.member()
    assert _enter(parent, number_of(child), relation=Relation.SUBSIDIARY)
    assert relations_on_record() == [(1, child.body_id, parent.body_id, ON, None)]


def test_the_same_relation_is_entered_once_by_either_side(make: Factory) -> None:
    parent, child = make.member(), make.member()
    assert _enter(parent, number_of(child), relation=Relation.SUBSIDIARY)
    assert not _enter(child, number_of(parent))
    assert len(relations_on_record()) == 1


def test_a_parent_known_by_name_is_never_matched(make: Factory) -> None:
    member = make.member()
    assert _enter(member, None, name="Overseas Holdings")
    assert relations_on_record() == [(1, member.body_id, "Overseas Holdings", ON, None)]
    with refused("two_parents"):
        _enter(member, None, name="Overseas Holdings")


def test_a_second_parent_is_refused_for_the_days_both_would_last(make: Factory) -> None:
    member = make.member()
    _enter(member, OUTSIDE)
    with refused("two_parents"):
        _enter(member, corporate_number(901), on=NEXT)
    _end(member, 1)
    _enter(member, corporate_number(901), on=NEXT)
    assert [row[3:] for row in relations_on_record()] == [(ON, NEXT), (NEXT, None)]


def test_a_mere_holding_is_no_second_parent(make: Factory) -> None:
    member = make.member()
    _enter(member, OUTSIDE)
    assert _enter(member, corporate_number(901), controlling=False, ratio_bp=1000)


def test_nobody_is_its_own_parent(make: Factory) -> None:
    member = make.member()
    own = number_of(member)
    with refused("self_parent"):
        _enter(member, own)


@pytest.mark.parametrize("length", [2, 3, 4])
def test_a_ring_is_refused_however_long(make: Factory, length: int) -> None:
    members = [make.member() for _ in range(length)]
    numbers = [number_of(member) for member in members]
    for child, number in zip(members[:-1], numbers[1:], strict=True):
        _enter(child, number)
    with refused("control_cycle"):
        _enter(members[-1], numbers[0])


def test_a_ring_that_would_close_on_a_later_day_is_refused(make: Factory) -> None:
    one, other = make.member(), make.member()
    numbers = number_of(one), number_of(other)
    _enter(one, numbers[1], on=NEXT)
    with refused("control_cycle"):
        _enter(other, numbers[0])
    assert _enter(other, numbers[0], ended_on=NEXT.isoformat())


@pytest.mark.parametrize("ended_on", [ON, date(2024, 1, 1)])
def test_a_relation_ends_after_it_began(make: Factory, ended_on: date) -> None:
    member = make.member()
    with refused("ends_before_begin", field="relations"):
        _enter(member, OUTSIDE, ended_on=ended_on.isoformat())
    _enter(member, OUTSIDE)
    with refused("ends_before_begin"):
        _end(member, 1, ended_on)
    with refused("ends_before_begin"):
        _correct(member, 1, OUTSIDE, acquired_on=ON.isoformat(), ended_on=ended_on.isoformat())


def test_a_relation_ends_once(make: Factory) -> None:
    member = make.member()
    _enter(member, OUTSIDE)
    _end(member, 1)
    with refused("already_ended", field="relations"):
        _end(member, 1)
    with refused("already_ended"):
        _replace(member, 1, date(2027, 1, 1), OUTSIDE)


def test_a_relation_in_which_the_member_has_no_part_is_not_touched(make: Factory) -> None:
    one, other = make.member(), make.member()
    _enter(other, OUTSIDE)
    with refused("not_found"):
        _end(one, 1)
    with refused("not_found"):
        _void(one, 1)
    with refused("not_found"):
        _replace(one, 1, NEXT, OUTSIDE)
    with refused("not_found"):
        _correct(one, 1, OUTSIDE)


def test_either_side_may_end_it(make: Factory) -> None:
    parent, child = make.member(), make.member()
    _enter(child, number_of(parent))
    _end(parent, 1)
    assert relations_on_record()[0][3:] == (ON, NEXT)


def test_another_parent_takes_its_place_on_a_day(make: Factory) -> None:
    member = make.member()
    _enter(member, OUTSIDE)
    _replace(member, 1, NEXT, corporate_number(901))
    assert relations_on_record() == [
        (1, member.body_id, _body(OUTSIDE), ON, NEXT),
        (2, member.body_id, _body(corporate_number(901)), NEXT, None),
    ]


def test_what_takes_its_place_must_last(make: Factory) -> None:
    member = make.member()
    _enter(member, OUTSIDE)
    with refused("ends_before_begin"):
        _replace(member, 1, NEXT, OUTSIDE, ended_on=NEXT.isoformat())


def test_a_correction_keeps_the_number_and_the_row_that_was_wrong(make: Factory) -> None:
    member = make.member()
    _enter(member, OUTSIDE)
    _correct(member, 1, corporate_number(901), acquired_on="2025-05-01")
    assert relations_on_record() == [(1, member.body_id, _body(corporate_number(901)), date(2025, 5, 1), None)]
    assert db.session.scalar(select(func.count()).select_from(ControlFact)) == 2


def test_a_correction_into_what_the_other_side_has_declared_is_refused(make: Factory) -> None:
    member, parent = make.member(), make.member()
    _enter(member, None, name="親と思われる会社", ended_on=NEXT.isoformat())
    _enter(member, number_of(parent), on=NEXT)
    with refused("two_parents"):
        _correct(member, 1, OUTSIDE)
    with refused("relation_held"):
        _correct(member, 1, number_of(parent))


def test_a_voided_relation_makes_room(make: Factory) -> None:
    member = make.member()
    _enter(member, OUTSIDE)
    _void(member, 1)
    assert _enter(member, corporate_number(901))
    assert [row[0] for row in relations_on_record()] == [2]
