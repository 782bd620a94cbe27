"""The clock: the last second of a day in Japan wherever the host stands, leap days, daily work run twice or late."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from occto import clock, worker
from occto.domain.errors import Refusal
from occto.domain.settings import DRAFT_DAYS
from occto.extensions import db
from occto.models import Application, OutboxMail
from occto.services.joining import lapse
from occto.unit_of_work import run
from tests.answers import Case, filled, submitted
from tests.factories import Factory

pytestmark = pytest.mark.races
SECOND = timedelta(seconds=1)


def _instants() -> list[tuple[datetime, str, int, date]]:
    """Instant of submission, day on the receipt, year of the number, and the last day for the main application."""
    new_year = datetime(2026, 12, 31, 15, tzinfo=UTC)
    leap_day = datetime(2028, 2, 28, 15, tzinfo=UTC)
    after = datetime(2028, 2, 29, 15, tzinfo=UTC)
    return [
        (new_year - SECOND, "2026年12月31日", 2026, date(2027, 12, 31)),
        (new_year, "2027年1月1日", 2027, date(2028, 1, 1)),
        (leap_day - SECOND, "2028年2月28日", 2028, date(2029, 2, 28)),
        (leap_day, "2028年2月29日", 2028, date(2029, 2, 28)),
        (after - SECOND, "2028年2月29日", 2028, date(2029, 2, 28)),
        (after, "2028年3月1日", 2028, date(2029, 3, 1)),
    ]


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "UTC"])
def test_days_are_those_of_japan_wherever_the_host_stands(fresh_app: Flask, fresh_url: str, zone: str) -> None:
    make = Factory(fresh_app)
    instants = _instants()
    cases = [filled(make).id for _ in instants]
    db.session.remove()
    db.engine.dispose()
    pairs = [f"{case}={at.isoformat()}" for case, (at, *_) in zip(cases, instants, strict=True)]
    command = [sys.executable, "-m", "tests.drills.clock_of_host", fresh_url, *pairs]
    environment = os.environ | {"TZ": zone}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    printed = [line.split() for line in done.stdout.splitlines()]
    assert {line[0] for line in printed} == {"UTC" if zone == "UTC" else "PST"}
    assert [line[2] for line in printed] == [day for _, day, _, _ in instants]
    assert [year for _, _, year, _ in instants] == [int(line[1][2:6]) for line in printed]
    rows = db.session.execute(select(Application.submitted_at, Application.lapse_on).order_by(Application.id))
    assert [tuple(row) for row in rows] == [(at, day) for at, _, _, day in instants]


@pytest.mark.parametrize(("submitted_at", "day"), [(at, day) for at, _, _, day in _instants()])
def test_the_last_day_is_the_applicants_to_its_last_second_in_japan(
    make: Factory, submitted_at: datetime, day: date
) -> None:
    case = submitted(make, at=submitted_at)
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=24 - 9)
    with pytest.raises(Refusal) as caught:
        _lapse(case, at=midnight - SECOND)
    assert caught.value.code == "not_yet"
    _lapse(case, at=midnight)
    assert case.state == "LAPSED"


def _lapse(case: Case, *, at: datetime) -> None:
    run(
        lapse.lapse,
        case.id,
        reason="1年の経過",
        no_act_confirmed=True,
        seen_version=case.version,
        actor=case.second,
        now=at,
    )


def _mails(template: str) -> int:
    found = select(func.count()).select_from(OutboxMail).where(OutboxMail.template == template)
    return db.session.scalar(found) or 0


def test_daily_work_twice_and_late(make: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    began = datetime(2026, 11, 23, 3, tzinfo=UTC)
    case = submitted(make, at=began)
    abandoned = filled(make, at=began).id
    late = began + timedelta(days=DRAFT_DAYS - 2)  # nobody ran it for weeks: one reminder of the draft, not several
    monkeypatch.setattr(clock, "now", lambda: late)
    assert worker.run_daily() == lapse.DailyWork(reminded=0, drafts_reminded=1, drafts_removed=0)
    assert worker.run_daily() == lapse.DailyWork(reminded=0, drafts_reminded=0, drafts_removed=0)
    later = datetime(2027, 10, 30, 3, tzinfo=UTC)  # past 6, 9 and 11 months: the newest reminder only
    monkeypatch.setattr(clock, "now", lambda: later)
    assert worker.run_daily() == lapse.DailyWork(reminded=1, drafts_reminded=0, drafts_removed=1)
    assert worker.run_daily() == lapse.DailyWork(reminded=0, drafts_reminded=0, drafts_removed=0)
    db.session.remove()
    assert (_mails("join/draft_reminder"), _mails("join/lapse_reminder")) == (1, 2)
    removed = db.session.get(Application, abandoned)
    assert removed is not None
    assert removed.state == "REMOVED"
    assert case.state == "SUBMITTED"
