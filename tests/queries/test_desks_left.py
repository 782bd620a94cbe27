"""Desks in which arrivals may still lie: silent ones, and those that said so; not those that are there, or never were."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from occto.domain.reception import QUIET, may_hold
from occto.extensions import db
from occto.models import Desk
from occto.queries.desks import unsettled
from occto.services.reception.desks import close_desk, hear_desk, pair_desk, renew_code
from occto.unit_of_work import run, unit_of_work
from tests.assembling import HELD
from tests.factories import NOW, Factory
from tests.observing import refused
from tests.receiving import Door, door

SHORT = timedelta(seconds=1)


@pytest.mark.parametrize(
    ("silent", "waiting", "holds"), [(QUIET - SHORT, 0, False), (QUIET, 0, True), (SHORT, 1, True), (SHORT, 0, False)]
)
def test_a_desk_that_spoke_of_nothing_a_moment_ago_holds_nothing(silent: timedelta, waiting: int, holds: bool) -> None:
    assert may_hold(heard_at=HELD - silent, waiting=waiting, until=HELD) is holds


@pytest.fixture
def at_door(make: Factory) -> Door:
    return door(make)


def _set(desk: Desk, **values: Any) -> None:
    with unit_of_work() as session:
        for name, value in values.items():
            setattr(session.get_one(Desk, desk.id), name, value)


def _named(scene: Door, now: datetime = HELD) -> list[tuple[str, int]]:
    db.session.rollback()
    return [(one.name, one.waiting) for one in unsettled(db.session(), scene.held.id, now=now)]


def test_silent_and_waiting_desks_are_named_in_their_order(at_door: Door) -> None:
    assert _named(at_door) == []
    silent, fresh = at_door.another_desk("受付 2番"), at_door.another_desk("受付 3番")
    _set(silent, contact_at=HELD - QUIET)
    run(hear_desk, at_door.desk.id, waiting=3, now=HELD)
    assert _named(at_door) == [("受付 1番", 3), ("受付 2番", 0)]
    run(hear_desk, at_door.desk.id, waiting=0, now=HELD)
    run(hear_desk, silent.id, waiting=0, now=HELD)
    assert _named(at_door) == []
    assert len(_named(at_door, HELD + QUIET)) == 3
    with unit_of_work() as session:
        assert session.get_one(Desk, fresh.id).version == 1  # nothing that the supervisor has open becomes stale


def test_a_scan_is_a_contact(at_door: Door) -> None:
    """Without a script a desk says nothing of itself, but holds nothing either."""
    _set(at_door.desk, contact_at=None, waiting=None)
    assert _named(at_door) == [("受付 1番", 0)]
    at_door.show(at_door.ticket(), now=HELD - SHORT)
    assert _named(at_door) == []


def test_a_desk_that_was_never_paired_holds_nothing(at_door: Door) -> None:
    _set(at_door.desk, contact_at=None, waiting=None, paired_at=None, key_hash=None)
    assert _named(at_door) == []


def test_ended_while_cut_off_it_stays_named(at_door: Door) -> None:
    _set(at_door.desk, contact_at=HELD - QUIET, ended_at=HELD)
    assert _named(at_door, HELD + timedelta(hours=1)) == [("受付 1番", 0)]
    run(hear_desk, at_door.desk.id, waiting=0, now=HELD)  # it is no desk any more
    assert _named(at_door, HELD + timedelta(hours=1)) == [("受付 1番", 0)]
    _set(at_door.desk, paired_at=NOW, contact_at=NOW, ended_at=HELD - timedelta(days=1))
    assert _named(at_door) == []  # nobody of that day came to it


def test_one_that_closed_itself_was_there(at_door: Door) -> None:
    _set(at_door.desk, contact_at=HELD - QUIET)
    run(close_desk, at_door.desk.id, actor=at_door.volunteer, now=HELD)
    assert _named(at_door, HELD + timedelta(hours=1)) == []
    _set(at_door.desk, waiting=2)
    assert _named(at_door) == [("受付 1番", 2)]


def _another_device(scene: Door, desk: Desk) -> Desk:
    """A new code for the desk, and a device that uses it and holds nothing; the desk that it now is."""
    with unit_of_work() as session:
        version = session.get_one(Desk, desk.id).version
    waits = run(renew_code, desk.id, code_hash="d" * 64, seen_version=version, actor=scene.supervisor, now=HELD)
    run(pair_desk, code_hash="d" * 64, key_hash="k" * 64, actor=scene.volunteer, now=HELD)
    run(hear_desk, waits, waiting=0, now=HELD)
    return db.session.get_one(Desk, waits)


@pytest.mark.parametrize(("contact_at", "waiting"), [(HELD - SHORT, 3), (HELD - QUIET, 0)])
def test_another_device_does_not_speak_for_the_one_before(at_door: Door, contact_at: datetime, waiting: int) -> None:
    _set(at_door.desk, contact_at=contact_at, waiting=waiting)
    new = _another_device(at_door, at_door.desk)
    assert (new.name, new.profile, new.contact) == ("受付 1番", at_door.desk.profile, at_door.desk.contact)
    assert _named(at_door) == [("受付 1番", waiting)]
    with refused("desk_ended"):
        run(
            renew_code,
            at_door.desk.id,
            code_hash="e" * 64,
            seen_version=2,
            actor=at_door.supervisor,
            now=HELD,
        )


def test_a_desk_that_holds_nothing_goes_on_with_another_device(at_door: Door) -> None:
    assert _another_device(at_door, at_door.desk).id == at_door.desk.id
    assert _named(at_door) == []
