"""紙の控え through the door: at the time written down, once, and what stands in the way of one line stops no other."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from occto.domain.paper_entries import Arrival
from occto.domain.permissions import Role
from occto.domain.reception import ScanOutcome
from occto.extensions import db
from occto.models import CheckIn
from occto.queries.paper_entries import entered_lines
from occto.services.reception.paper import enter_arrivals
from occto.unit_of_work import run
from tests.factories import Factory
from tests.observing import refused
from tests.receiving import ARRIVAL, Door, door
from tests.replying import reply

LATER = ARRIVAL + timedelta(hours=3)


@pytest.fixture
def at_door(make: Factory) -> Door:
    return door(make)


def test_every_line_is_its_own_answer(at_door: Door, make: Factory) -> None:
    reply(make, at_door.held, at_door.voter)
    first, second = at_door.ticket(name="佐藤 美咲"), at_door.ticket(at_door.other, name="藤本 悠")
    at_door.show(second)
    lines = [
        Arrival(1, first.number, ARRIVAL + timedelta(minutes=3)),
        Arrival(2, second.number, ARRIVAL + timedelta(minutes=4)),
        Arrival(3, 9999, ARRIVAL + timedelta(minutes=5)),
    ]
    for _ in range(2):  # sent twice: the same answers
        answers = run(enter_arrivals, at_door.held.id, lines, batch="a", actor=at_door.supervisor, now=LATER)
        assert [one.outcome for one in answers] == [ScanOutcome.ADMITTED, ScanOutcome.ALREADY, ScanOutcome.UNKNOWN]
    entry = db.session.scalars(select(CheckIn).where(CheckIn.ticket_id == first.id)).one()
    assert (entry.entered_at, entry.desk_id, entry.entered_by_id) == (
        ARRIVAL + timedelta(minutes=3),
        None,
        at_door.chief.id,
    )
    told = entered_lines(db.session(), at_door.held.id, batch="a")
    assert [(one.name, one.outcome) for one in told] == [
        ("佐藤 美咲", ScanOutcome.ADMITTED),
        ("藤本 悠", ScanOutcome.ALREADY),
        (None, ScanOutcome.UNKNOWN),
    ]
    assert entered_lines(db.session(), at_door.held.id, batch="%") == []


def test_the_next_day_what_happened_on_the_day_is_still_entered(at_door: Door) -> None:
    ticket = at_door.ticket()
    tomorrow = ARRIVAL + timedelta(days=1)
    (answer,) = run(
        enter_arrivals,
        at_door.held.id,
        [Arrival(1, ticket.number, ARRIVAL)],
        batch="b",
        actor=at_door.supervisor,
        now=tomorrow,
    )
    assert answer.outcome is ScanOutcome.ADMITTED


def test_only_by_the_supervisor(at_door: Door, make: Factory) -> None:
    line = [Arrival(1, at_door.ticket().number, ARRIVAL)]
    clerk = make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)
    for actor in (at_door.volunteer, clerk):
        with refused("not_allowed"):
            run(enter_arrivals, at_door.held.id, line, batch="c", actor=actor, now=LATER)


def test_there_is_no_such_assembly(at_door: Door) -> None:
    line = [Arrival(1, 1001, ARRIVAL)]
    with refused("not_found"):
        run(enter_arrivals, 999, line, batch="d", actor=at_door.supervisor, now=LATER)
