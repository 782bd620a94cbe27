"""Votes of members that left after the record date."""

from datetime import date

from flask import Flask

from occto.domain.assembly import AssemblyState
from occto.domain.codes import EndReason
from occto.extensions import db
from occto.models import Assembly, Member
from occto.queries.replies import on_roll
from occto.queries.void_votes import left_since
from occto.services import register
from tests import assembling
from tests.factories import Factory
from tests.registering import entering, licence_id

TODAY = date(2026, 12, 10)


def ends(member: Member, category: str, on: date) -> None:
    number, reason = licence_id(member, category), EndReason.CLOSURE_NOTIFICATION
    with entering() as change:
        register.end_licence(*change.into, member_id=member.id, licence_id=number, ended_on=on, reason=reason)


def found(held: Assembly, day: date = TODAY) -> dict[int, date]:
    db.session.rollback()
    return left_since(db.session(), db.session.get_one(Assembly, held.id), day=day)


def test_a_vote_is_void_from_the_day_on_which_the_last_licence_is_gone(app: Flask, make: Factory) -> None:
    left, half, stays, coming = (make.member(licences=("GEN", "RETAIL")) for _ in range(4))
    held = assembling.assembly(make)
    for member, category, on in (
        (left, "GEN", date(2026, 11, 20)),
        (left, "RETAIL", date(2026, 12, 1)),
        (half, "GEN", date(2026, 11, 20)),
        (coming, "GEN", date(2026, 12, 11)),
        (coming, "RETAIL", date(2026, 12, 11)),
    ):
        ends(member, category, on)
    assert found(held) == {left.id: date(2026, 12, 1)}
    assert found(held, date(2026, 11, 30)) == {}
    assert found(held, date(2026, 12, 11)) == {left.id: date(2026, 12, 1), coming.id: date(2026, 12, 11)}
    assert stays.id not in found(held, date(2027, 4, 1))


def test_a_licence_that_turns_out_to_have_ended_before_is_a_late_fact(app: Flask, make: Factory) -> None:
    early, next_day = make.member(), make.member()
    held = assembling.assembly(make)
    ends(early, "GEN", assembling.RECORD_ON)
    ends(next_day, "GEN", date(2026, 11, 19))
    assert found(held) == {next_day.id: date(2026, 11, 19)}


def test_before_the_freeze_nothing_is_void(app: Flask, make: Factory) -> None:
    member = make.member()
    held = assembling.assembly(make, AssemblyState.COUNTING)
    ends(member, "GEN", date(2026, 11, 20))
    assert found(held) == {}


def test_the_door_and_the_reply_ask_the_same(app: Flask, make: Factory) -> None:
    """One licence ended and another to come: void today. One that turns out to have ended before: a late fact, no leaver."""
    gone, early, stays = (make.member(licences=("GEN",)) for _ in range(3))
    held = assembling.assembly(make)
    ends(gone, "GEN", date(2026, 12, 1))
    ends(early, "GEN", date(2026, 11, 10))
    void = found(held)
    assert set(void) == {gone.id}
    for member in (gone, early, stays):
        seat = on_roll(db.session(), held.id, member.id, today=TODAY)
        assert seat is not None
        assert seat.left is (member.id in void), member.id
