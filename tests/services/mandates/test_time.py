"""Time and mandates: reminders once each, the end by its day, work that runs twice or late."""

from datetime import timedelta

import pytest

from occto.domain.codes import MandateState
from occto.domain.mandates import MandateSide
from occto.extensions import db
from occto.models import Mandate
from occto.services.mandates import daily, running
from occto.unit_of_work import run, unit_of_work
from occto.worker import run_daily
from tests.factories import NOW, Factory
from tests.mandating import HANAKO, TODAY, mails, party, row, start, state, terms

DAY = timedelta(days=1)


@pytest.mark.parametrize(("left", "sent"), [(31, 0), (30, 2), (8, 2), (7, 2), (1, 2)])
def test_both_sides_are_reminded_once(make: Factory, left: int, sent: int) -> None:
    own = party(make)
    mandate_id = start(own, terms(ends_on=TODAY + 100 * DAY))
    now = NOW + (100 - left) * DAY
    for _ in range(3):
        run(daily.look_after, mandate_id, now=now)
    assert mails("mandates/expiring") == [own.user.email, HANAKO.email][:sent]
    assert state(mandate_id) is MandateState.ACTIVE


def test_the_second_reminder_follows_the_first(make: Factory) -> None:
    own = party(make)
    mandate_id = start(own, terms(ends_on=TODAY + 100 * DAY))
    for day in range(60, 100):
        run(daily.look_after, mandate_id, now=NOW + day * DAY)
    assert len(mails("mandates/expiring")) == 4


def test_a_stretched_mandate_is_reminded_of_anew(make: Factory) -> None:
    own = party(make)
    mandate_id = start(own, terms(ends_on=TODAY + 100 * DAY))
    run(daily.look_after, mandate_id, now=NOW + 90 * DAY)
    longer = terms(ends_on=TODAY + 200 * DAY)
    run(
        running.change,
        mandate_id,
        terms=longer,
        affirmed=True,
        seen_version=1,
        actor=own.actor,
        now=NOW + 91 * DAY,
    )
    run(daily.look_after, mandate_id, now=NOW + 91 * DAY)
    assert len(mails("mandates/expiring")) == 2
    run(daily.look_after, mandate_id, now=NOW + 190 * DAY)
    assert len(mails("mandates/expiring")) == 4


def test_a_short_mandate_is_not_reminded_of_at_its_beginning(make: Factory) -> None:
    mandate_id = start(party(make), terms(ends_on=TODAY + 7 * DAY))
    run(daily.look_after, mandate_id, now=NOW)
    assert mails("mandates/expiring") == []


@pytest.mark.parametrize("late", [0, 1, 40])
def test_the_last_day_over_it_is_written_down_once(make: Factory, late: int) -> None:
    own = party(make)
    mandate_id = start(own, terms(ends_on=TODAY + 10 * DAY))
    now = NOW + (10 + late) * DAY
    assert mandate_id in daily.running(db.session())
    assert run(daily.look_after, mandate_id, now=now) is True
    assert run(daily.look_after, mandate_id, now=now) is False
    found = row(mandate_id)
    assert (found.state, found.closed_side, found.ended_by_id) == (MandateState.ENDED, MandateSide.PERIOD, None)
    assert mails("mandates/ended") == [own.user.email, HANAKO.email]
    assert daily.running(db.session()) == []


def test_the_last_day_itself_counts(make: Factory) -> None:
    """23 November 23:59 in Japan is still within, 24 November 0:00 is not."""
    mandate_id = start(party(make), terms(ends_on=TODAY + DAY))
    run(daily.look_after, mandate_id, now=NOW.replace(hour=14, minute=59, second=59))
    assert state(mandate_id) is MandateState.ACTIVE
    run(daily.look_after, mandate_id, now=NOW.replace(hour=15, minute=0, second=0))
    assert state(mandate_id) is MandateState.ENDED


def test_the_daily_work_looks_after_mandates(make: Factory) -> None:
    mandate_id = start(party(make), terms(ends_on=TODAY + DAY))
    with unit_of_work() as session:
        held = session.get(Mandate, mandate_id)
        assert held is not None
        held.starts_on, held.ends_on = TODAY - 50 * DAY, TODAY  # over, whatever day it is today
    run_daily()
    assert state(mandate_id) is MandateState.ENDED
