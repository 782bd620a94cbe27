"""総会: registered, corrected and arranged, with its conditions."""

from datetime import date, datetime, time
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from occto.domain.actor import Actor
from occto.domain.assembly import AssemblyKind, AssemblyState
from occto.domain.assembly_settings import (
    AssemblySettings,
    BlankChoice,
    NoShow,
    QuorumBasis,
    VotePolicy,
    read_settings,
    stored_settings,
)
from occto.domain.dates import JST
from occto.domain.permissions import Role
from occto.domain.votes import Group
from occto.extensions import db
from occto.holidays import is_holiday
from occto.models import Assembly, AuditDetail, AuditEvent
from occto.services import assemblies
from occto.unit_of_work import run, unit_of_work
from tests.factories import NOW, Factory
from tests.observing import refused
from tests.racing import at_once

HELD_ON = date(2026, 12, 15)
RECORD_ON = date(2026, 11, 15)


@pytest.fixture
def actor(make: Factory) -> Actor:
    return make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)


def _values(**changes: Any) -> dict[str, Any]:
    return {
        "kind": "ORDINARY",
        "no": 1,
        "held_on": HELD_ON,
        "held_time": time(13, 30),
        "place": "東京都千代田区",
        "is_holiday": is_holiday,
        "now": NOW,
    } | changes


def _create(actor: Actor, **changes: Any) -> int:
    return run(assemblies.create_assembly, actor=actor, **_values(**changes))


def _update(assembly_id: int, actor: Actor, seen_version: int = 1, **changes: Any) -> None:
    run(assemblies.update_assembly, assembly_id, seen_version=seen_version, actor=actor, **_values(**changes))


def _arrange(assembly_id: int, actor: Actor, seen_version: int = 1, **changes: Any) -> None:
    values = {"place": "大阪市", "reception_time": time(12, 45), "reply_on": None, "reply_time": None, "now": NOW}
    run(
        assemblies.arrange_assembly,
        assembly_id,
        seen_version=seen_version,
        is_holiday=is_holiday,
        actor=actor,
        **(values | changes),
    )


def _set(assembly_id: int, actor: Actor, seen_version: int = 1, **changes: Any) -> None:
    values = {
        "quorum_basis": "VOTES",
        "quorum_source": "定款 第25条",
        "max_attendees": 3,
        "proxies": ["MEMBER", "CHAIR"],
        "blank_choice": "ABSTAIN",
        "no_show": "DROP",
        "chair": "理事長",
        "notice_days": 14,
        "now": NOW,
    }
    run(assemblies.change_conditions, assembly_id, seen_version=seen_version, actor=actor, **(values | changes))


def _row(assembly_id: int) -> Assembly:
    db.session.rollback()
    return db.session.get_one(Assembly, assembly_id)


def test_year_and_record_date_follow_from_the_day(actor: Actor) -> None:
    row = _row(_create(actor))
    assert (row.kind, row.fiscal_year, row.no) == (AssemblyKind.ORDINARY, 2026, 1)
    assert row.held_at == datetime(2026, 12, 15, 13, 30, tzinfo=JST)
    assert (row.record_on, row.state, row.version) == (RECORD_ON, AssemblyState.PREPARING, 1)
    row = _row(_create(actor, held_on=date(2027, 3, 31), kind="EXTRAORDINARY"))
    assert (row.fiscal_year, row.record_on) == (2026, date(2027, 3, 1))
    assert _row(_create(actor, held_on=date(2027, 4, 1))).fiscal_year == 2027
    tags = list(db.session.scalars(select(AuditEvent.tag)))
    assert tags == ["assembly.created"] * 3


def test_what_was_corrected_is_kept_as_before_and_after(actor: Actor) -> None:
    assembly_id = _create(actor)
    _update(assembly_id, actor, held_on=date(2026, 12, 17))
    row = _row(assembly_id)
    assert (row.record_on, row.version) == (date(2026, 11, 17), 2)
    payload = db.session.scalars(select(AuditDetail.payload).order_by(AuditDetail.event_id.desc())).first()
    assert payload is not None
    assert payload["before"]["record_on"] == "2026-11-15"
    assert payload["after"]["record_on"] == "2026-11-17"
    assert set(payload["after"]) == {"held_at", "record_on", "reply_until"}
    _update(assembly_id, actor, seen_version=2, held_on=date(2026, 12, 17))
    assert _row(assembly_id).version == 2


def test_what_is_refused_at_the_form(actor: Actor, make: Factory) -> None:
    assembly_id = _create(actor)
    outsider = make.actor(make.staff(Role.SYSTEM), Role.SYSTEM)
    with refused("not_allowed"):
        _create(outsider, no=2)
    with refused("no_taken", field="no"):
        _create(actor)
    with refused("held_past", field="held_on"):
        _create(actor, no=2, held_on=date(2026, 11, 22))
    with refused("stale"):
        _update(assembly_id, actor, seen_version=2)
    with refused("not_found"):
        _update(10**6, actor)
    with refused("not_allowed"):
        _update(assembly_id, outsider)
    _create(actor, no=2)
    with refused("no_taken", field="no"):
        _update(assembly_id, actor, no=2)


def test_past_preparation_the_day_stays(actor: Actor) -> None:
    assembly_id = _create(actor)
    _put(assembly_id, AssemblyState.COUNTING)
    with refused("not_preparing"):
        _update(assembly_id, actor, no=3)
    _put(assembly_id, AssemblyState.NOTIFIED)
    with refused("illegal_step"):
        _update(assembly_id, actor, no=3)


def _put(assembly_id: int, state: AssemblyState) -> None:
    with unit_of_work() as session:
        session.get_one(Assembly, assembly_id).state = state


def _jst(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=JST)  # type: ignore[arg-type,misc]


def test_the_deadline_is_the_business_day_before_at_five(actor: Actor) -> None:
    assert _row(_create(actor)).reply_until == _jst(2026, 12, 14, 17)
    monday = _row(_create(actor, no=2, held_on=date(2027, 1, 4)))
    assert monday.reply_until == _jst(2026, 12, 28, 17)  # 29 December to 3 January the office is closed
    assert _row(_create(actor, no=3, reply_on=date(2026, 12, 11))).reply_until == _jst(2026, 12, 11, 17)
    assert _row(_create(actor, no=4, reply_time=time(12))).reply_until == _jst(2026, 12, 14, 12)
    until_it_begins = _row(_create(actor, no=5, reply_on=HELD_ON, reply_time=time(13, 30)))
    assert until_it_begins.reply_until == until_it_begins.held_at


def test_reception_begins_on_the_day(actor: Actor) -> None:
    row = _row(_create(actor, reception_time=time(12, 45)))
    assert row.reception_from == _jst(2026, 12, 15, 12, 45)
    assert _row(_create(actor, no=2)).reception_from is None


def test_hours_that_cannot_be_are_refused(actor: Actor) -> None:
    with refused("reception_after_start", field="reception_time"):
        _create(actor, reception_time=time(13, 31))
    with refused("deadline_after_assembly", field="reply_on"):
        _create(actor, reply_on=HELD_ON, reply_time=time(13, 31))
    with refused("deadline_past", field="reply_on"):
        _create(actor, reply_on=date(2026, 11, 23), reply_time=time(12))
    with refused("deadline_past", field="reply_on"):  # assembly tomorrow, the business day before is over at five
        _create(actor, held_on=date(2026, 11, 24), now=_jst(2026, 11, 23, 18))


def test_place_reception_and_deadline_are_arranged_until_the_notice(actor: Actor, make: Factory) -> None:
    assembly_id = _create(actor)
    _arrange(assembly_id, actor)
    _put(assembly_id, AssemblyState.FROZEN)
    _arrange(assembly_id, actor, 2, reply_on=date(2026, 12, 11))
    row = _row(assembly_id)
    assert (row.place, row.reception_from, row.version) == ("大阪市", _jst(2026, 12, 15, 12, 45), 3)
    assert (row.held_at, row.reply_until) == (_jst(2026, 12, 15, 13, 30), _jst(2026, 12, 11, 17))
    with refused("stale"):
        _arrange(assembly_id, actor, 2, place="名古屋市")
    outsider = make.actor(make.staff(Role.SYSTEM), Role.SYSTEM)
    with refused("not_allowed"):
        _arrange(assembly_id, outsider, 3)
    with refused("deadline_past", field="reply_on"):
        _arrange(assembly_id, actor, 3, reply_on=date(2026, 11, 1))
    _put(assembly_id, AssemblyState.NOTIFIED)
    with refused("illegal_step"):
        _arrange(assembly_id, actor, 3)
    with refused("not_found"):
        _arrange(10**6, actor)


def test_conditions_are_kept_and_what_divides_the_votes_stays(actor: Actor) -> None:
    assembly_id = _create(actor)
    policies = AssemblySettings(policies={Group.R: VotePolicy.MANUAL}, shares={Group.R: {7: (1, 3)}})
    with unit_of_work() as session:
        session.get_one(Assembly, assembly_id).settings = stored_settings(policies)
    _set(assembly_id, actor)
    found = read_settings(_row(assembly_id).settings)
    assert (found.quorum_basis, found.quorum_source) == (QuorumBasis.VOTES, "定款 第25条")
    assert (found.proxy_member, found.proxy_person, found.proxy_chair) == (True, False, True)
    assert (found.blank_choice, found.no_show) == (BlankChoice.ABSTAIN, NoShow.DROP)
    assert (found.policy(Group.R), found.shares) == (VotePolicy.MANUAL, {Group.R: {7: (1, 3)}})
    db.session.rollback()
    payload = db.session.scalars(select(AuditDetail.payload).order_by(AuditDetail.event_id.desc())).first()
    assert payload is not None
    assert payload["before"]["quorum_basis"] is None
    assert payload["after"]["max_attendees"] == 3
    assert "chair" not in payload["after"]
    _set(assembly_id, actor, 2)
    assert _row(assembly_id).version == 2


def test_conditions_that_cannot_be_are_refused(actor: Actor, make: Factory) -> None:
    assembly_id = _create(actor)
    with refused("quorum_source_missing", field="quorum_source"):
        _set(assembly_id, actor, quorum_source=" ")
    with refused("attendees_range", field="max_attendees"):
        _set(assembly_id, actor, max_attendees=11)
    with refused("notice_too_late", field="notice_days"):
        _set(assembly_id, actor, notice_days=5)
    with refused("stale"):
        _set(assembly_id, actor, 2)
    outsider = make.actor(make.staff(Role.RECEPTION), Role.RECEPTION)
    with refused("not_allowed"):
        _set(assembly_id, outsider)
    _put(assembly_id, AssemblyState.REPLIES_OPEN)
    with refused("illegal_step"):
        _set(assembly_id, actor)


@pytest.mark.races
def test_two_register_the_same_assembly(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    people = [make.actor(make.staff(Role.OPERATOR), Role.OPERATOR) for _ in range(4)]
    db.session.remove()
    results = at_once(fresh_app, [lambda actor=actor: _create(actor) for actor in people])
    assert sorted(map(str, results)) == ["1", "no_taken", "no_taken", "no_taken"]


@pytest.mark.races
def test_one_corrects_while_another_cancels(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    people = [make.actor(make.staff(Role.APPROVER), Role.APPROVER) for _ in range(2)]
    assembly_id = _create(people[0])
    db.session.remove()

    def cancel() -> None:
        values = {"reason": "会場の都合", "seen_version": 1, "actor": people[1], "now": NOW}
        run(assemblies.cancel_assembly, assembly_id, **values)

    results = at_once(fresh_app, [lambda: _update(assembly_id, people[0], place="大阪市"), cancel])
    assert results.count("stale") == 1
    assert _row(assembly_id).version == 2
