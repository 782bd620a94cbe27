"""設定: two persons set a value from a day on; assemblies registered afterwards take it, those there keep theirs."""

from datetime import date, time, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from occto.domain.assembly_settings import QuorumBasis, read_settings
from occto.domain.dated_settings import SettingName
from occto.domain.dates import JST, today_jst
from occto.domain.permissions import Role
from occto.extensions import db
from occto.holidays import is_holiday
from occto.models import Assembly, AuditEvent, Setting
from occto.services import assemblies, proposals
from occto.services.proposal_kinds import HANDLERS
from occto.services.settings import propose_setting
from occto.unit_of_work import run
from tests.electing import staff_actor
from tests.factories import NOW, Factory
from tests.observing import refused
from tests.racing import at_once

S = SettingName
TODAY = today_jst(NOW)
LATER = date(2027, 4, 1)


@pytest.fixture
def first(make: Factory) -> Any:
    return staff_actor(make)


@pytest.fixture
def second(make: Factory) -> Any:
    return staff_actor(make, Role.APPROVER)


def _propose(actor: Any, name: SettingName = S.MAX_ATTENDEES, value: Any = 3, **changes: Any) -> int:
    values = {"source": "定款 第25条", "effective_on": LATER, "reason": "総会の決議", "now": NOW} | changes
    return run(propose_setting, name, value=value, actor=actor, **values)


def _confirm(number: int, actor: Any, *, now: Any = NOW) -> None:
    run(proposals.confirm, number, handlers=HANDLERS, seen_version=1, actor=actor, now=now)


def _register(actor: Any, held_on: date, no: int = 1) -> Assembly:
    values = {"kind": "EXTRAORDINARY", "no": no, "held_on": held_on, "held_time": time(14), "place": None}
    number = run(assemblies.create_assembly, **values, is_holiday=is_holiday, actor=actor, now=NOW)
    db.session.rollback()
    return db.session.get_one(Assembly, number)


def test_two_persons_set_it_and_new_assemblies_take_it(app: Flask, first: Any, second: Any) -> None:
    there = _register(first, LATER + timedelta(days=10))
    for name, value in (
        (S.RECORD_DAYS, 35),
        (S.REPLY_TIME, "15:30"),
        (S.QUORUM_BASIS, "DEEMED_MEMBERS"),
        (S.PROXIES, ["CHAIR"]),
    ):
        _confirm(_propose(first, name, value), second)
    before = _register(first, LATER - timedelta(days=1), 2)
    held = date(2027, 4, 12)
    after = _register(first, held, 2)
    assert (there.held_at.astimezone(JST).date() - there.record_on).days == 30
    assert (LATER - timedelta(days=1) - before.record_on).days == 30
    assert (held - after.record_on).days == 35
    assert after.reply_until is not None
    assert after.reply_until.astimezone(JST).time() == time(15, 30)
    settings = read_settings(after.settings)
    assert (settings.quorum_basis, settings.quorum_source) == (QuorumBasis.DEEMED_MEMBERS, "定款 第25条")
    assert [one.value for one in settings.proxies] == ["CHAIR"]
    assert read_settings(db.session.get_one(Assembly, there.id).settings).record_days == 30


def test_a_new_day_of_an_assembly_follows_the_settings_it_was_registered_with(
    app: Flask, first: Any, second: Any
) -> None:
    there = _register(first, date(2027, 3, 20))
    _confirm(_propose(first, S.RECORD_DAYS, 40, effective_on=TODAY), second)
    values = {"kind": "EXTRAORDINARY", "no": 1, "held_on": date(2027, 3, 25), "held_time": time(14), "place": None}
    run(
        assemblies.update_assembly,
        there.id,
        seen_version=there.version,
        **values,
        is_holiday=is_holiday,
        actor=first,
        now=NOW,
    )
    db.session.rollback()
    assert db.session.get_one(Assembly, there.id).record_on == date(2027, 2, 23)


def test_one_alone_sets_nothing(app: Flask, make: Factory, first: Any) -> None:
    approver = staff_actor(make, Role.APPROVER)
    number = _propose(approver)
    with refused("second_person"):
        _confirm(number, approver)
    assert db.session.scalar(select(Setting.id)) is None
    outsider = staff_actor(make, Role.SYSTEM)
    with refused("not_allowed"):
        _propose(outsider, S.CHAIR, "副理事長")


def test_what_is_refused(app: Flask, first: Any) -> None:
    with refused("day_past", field="effective_on"):
        _propose(first, effective_on=TODAY - timedelta(days=1))
    with refused("no_change", field="value"):
        _propose(first, value=2)
    with refused("days_order", field="value"):
        _propose(first, S.FREEZE_DAYS, 45)
    with refused("notice_too_late"):
        _propose(first, S.NOTICE_DAYS, 5)
    with refused("reason_missing", field="reason"):
        _propose(first, reason=" ")
    _propose(first)
    with refused("already_proposed"):
        _propose(first, value=4)


def test_a_confirmation_after_the_day_has_passed_sets_nothing(app: Flask, first: Any, second: Any) -> None:
    number = _propose(first, effective_on=TODAY)
    with refused("day_past"):
        _confirm(number, second, now=NOW + timedelta(days=1))
    assert db.session.scalar(select(Setting.id)) is None


def test_what_was_fine_alone_is_checked_again_with_what_came_between(app: Flask, first: Any, second: Any) -> None:
    freeze, record = _propose(first, S.FREEZE_DAYS, 28), _propose(first, S.RECORD_DAYS, 25)
    _confirm(freeze, second)
    with refused("days_order"):
        _confirm(record, second)


def test_it_is_in_the_trail(app: Flask, first: Any, second: Any) -> None:
    _confirm(_propose(first), second)
    db.session.rollback()
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.tag == "setting.entered")).one()
    assert event.subject == "SETTING:MAX_ATTENDEES"


@pytest.mark.races
def test_of_many_confirmations_one_sets_it(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    first, second = staff_actor(make), staff_actor(make, Role.APPROVER)
    number = _propose(first)
    outcomes = at_once(fresh_app, [lambda: _confirm(number, second)] * 6)
    assert sum(one is None for one in outcomes) == 1
    assert len(db.session.scalars(select(Setting)).all()) == 1
