"""Replies keyed in while the hall is open: what was received before the voting person left stays aside."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from occto.domain.permissions import Role
from occto.domain.replies import Answer, Attendance, ReplyChannel
from occto.domain.tally import Choice
from occto.extensions import db
from occto.models import AgendaItem, Assembly, OutboxMail, StandingReply
from occto.services.reception import supervising
from occto.services.replies.taking import take_reply
from occto.unit_of_work import run, unit_of_work
from tests.assembling import assembly, item
from tests.factories import Factory
from tests.receiving import ARRIVAL, Door, door

MINUTE = timedelta(minutes=1)


@pytest.fixture
def at_door(make: Factory) -> Door:
    return door(make)


def _keyed_in(scene: Door, *, received_at: datetime, now: datetime, seen: int = 0) -> None:
    one = item(scene.held, no=scene.make.serial())
    clerk = scene.make.actor(scene.make.staff(Role.OPERATOR), Role.OPERATOR)
    choices = dict.fromkeys(_items(scene), Choice.NO)
    assert one.id in choices
    run(
        take_reply,
        assembly_id=scene.held.id,
        member_id=scene.voter.id,
        answer=Answer(Attendance.ELECTRONIC, choices=choices),
        channel=ReplyChannel.STAFF,
        received_at=received_at,
        seen_version=seen,
        actor=clerk,
        now=now,
        reason="電話での回答",
    )


def _items(scene: Door) -> list[int]:
    db.session.rollback()
    return list(db.session.scalars(select(AgendaItem.id).where(AgendaItem.assembly_id == scene.held.id)))


def _aside() -> list[int | None]:
    db.session.rollback()
    return list(db.session.scalars(select(StandingReply.set_aside_by_check_in_id)))


def _came(scene: Door) -> int:
    answer = scene.show(scene.ticket())
    assert answer.entered is not None
    return answer.entered.id


def test_received_before_the_arrival(at_door: Door) -> None:
    entry = _came(at_door)
    _keyed_in(at_door, received_at=ARRIVAL - MINUTE, now=ARRIVAL + MINUTE)
    assert _aside() == [entry]
    run(supervising.leave, entry, actor=at_door.supervisor, now=ARRIVAL + 2 * MINUTE)
    assert _aside() == [entry]


def test_received_while_the_person_is_there(at_door: Door) -> None:
    entry = _came(at_door)
    _keyed_in(at_door, received_at=ARRIVAL + MINUTE, now=ARRIVAL + 2 * MINUTE)
    assert _aside() == [entry]


def test_received_after_the_person_has_left(at_door: Door) -> None:
    entry = _came(at_door)
    _keyed_in(at_door, received_at=ARRIVAL - MINUTE, now=ARRIVAL)
    run(supervising.leave, entry, actor=at_door.supervisor, now=ARRIVAL + MINUTE)
    _keyed_in(at_door, received_at=ARRIVAL + 2 * MINUTE, now=ARRIVAL + 3 * MINUTE, seen=1)
    assert _aside() == [None]


def test_after_an_undo_nothing_is_aside(at_door: Door) -> None:
    entry = _came(at_door)
    run(supervising.undo, entry, reason="人違い", actor=at_door.supervisor, now=ARRIVAL + MINUTE)
    _keyed_in(at_door, received_at=ARRIVAL - MINUTE, now=ARRIVAL + 2 * MINUTE)
    assert _aside() == [None]


def test_of_a_rehearsal_nobody_gets_a_copy(at_door: Door, make: Factory) -> None:
    other = assembly(make)
    with unit_of_work() as session:
        session.get_one(Assembly, at_door.held.id).rehearsal_of_id = other.id
    _keyed_in(at_door, received_at=ARRIVAL - MINUTE, now=ARRIVAL)
    assert db.session.scalars(select(OutboxMail.template)).all() == []
