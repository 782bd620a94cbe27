"""採決 and 受付 that wait for each other: whatever is not in the count is named, whatever is in it is not."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import count
from threading import Event
from typing import Any

import pytest
from flask import Flask

from occto import clock
from occto.domain.assembly import AssemblyState
from occto.domain.permissions import Role
from occto.domain.reception import ScanWay
from occto.domain.tally import Choice
from occto.extensions import db
from occto.models import Assembly, ItemDecision
from occto.queries.late_arrivals import late_arrivals
from occto.services import resolutions
from occto.services.reception.checking_in import Attempt, check_in
from occto.unit_of_work import run, unit_of_work
from occto.views.reception import desk as desk_pages
from tests.assembling import HELD, item
from tests.deciding import decide, record, shown
from tests.factories import Factory
from tests.receiving import Device, Door, door, scan_id
from tests.replying import reply

C = Choice


@pytest.fixture
def ticks(monkeypatch: pytest.MonkeyPatch) -> Callable[[], datetime]:
    """A clock that goes on by a millisecond whenever it is read."""
    numbers = count()

    def now() -> datetime:
        return HELD + timedelta(milliseconds=next(numbers))

    monkeypatch.setattr(clock, "now", now)
    return now


def _meanwhile(app: Flask, act: Callable[[], Any], pool: ThreadPoolExecutor) -> Future[Any]:
    def there() -> Any:
        with app.app_context():
            try:
                return act()
            finally:
                db.session.remove()

    return pool.submit(there)


def _late(hall: Door) -> list[str]:
    db.session.rollback()
    return [row.name for row in late_arrivals(db.session(), hall.held.id)]


def test_a_scan_on_line_that_waited_for_the_decision_is_named(
    fresh_app: Flask, ticks: Callable[[], datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was asked before the item was decided, and is admitted after it."""
    make = Factory(fresh_app)
    hall, clerk = door(make, AssemblyState.VOTING), make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)
    one = item(hall.held)
    reply(make, hall.held, hall.other, choices={one: C.YES})
    record(one.id, hall.chief.id, floor_choice=C.YES)
    code, device, seen, asked = hall.token(hall.ticket()), Device(hall), shown(one), Event()

    def told(verb: Any, *args: Any, **values: Any) -> Any:
        if verb is check_in:
            asked.set()  # its time is taken
        return run(verb, *args, **values)

    monkeypatch.setattr(desk_pages, "run", told)
    with ThreadPoolExecutor(1) as pool:
        with unit_of_work() as session:
            session.get_one(Assembly, hall.held.id, with_for_update=True)
            scan = _meanwhile(fresh_app, lambda: device.scan(code)["outcome"], pool)
            assert asked.wait(10)
            resolutions.decide_item(session, one.id, seen=seen, actor=clerk, now=ticks(), at_lock=ticks)
        assert scan.result(20) == "ADMITTED"
    assert _late(hall) == ["佐藤 美咲"]
    again = decide(one, clerk, reason="受付を待っていたため", now=ticks())
    assert (again.no, again.yes) == (2, 2)
    assert _late(hall) == []


def test_an_arrival_that_the_decision_waited_for_is_in_it(fresh_app: Flask, ticks: Callable[[], datetime]) -> None:
    make = Factory(fresh_app)
    hall, clerk = door(make, AssemblyState.VOTING), make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)
    one = item(hall.held)
    reply(make, hall.held, hall.other, choices={one: C.YES})
    ticket, number, seen, asked, came = hall.ticket(voting=False), one.id, shown(one), Event(), ticks()

    def decides() -> int:
        now = ticks()
        asked.set()
        return run(resolutions.decide_item, number, seen=seen, actor=clerk, now=now, at_lock=ticks)

    with ThreadPoolExecutor(1) as pool:
        with unit_of_work() as session:
            session.get_one(Assembly, hall.held.id, with_for_update={"read": True})
            decision = _meanwhile(fresh_app, decides, pool)
            assert asked.wait(10)
            attempt = Attempt(scan_id(), ScanWay.LIST, ticket_id=ticket.id)
            check_in(
                session, hall.held.id, attempt, desk_id=hall.desk.id, actor=hall.volunteer, now=came, at_lock=ticks
            )
        made = decision.result(20)
    assert _late(hall) == []
    assert db.session.get_one(ItemDecision, made).decided_at > came
