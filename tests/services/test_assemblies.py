"""総会: registered, corrected, closed; and what became known after the record date of an open one."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from occto.domain.actor import Actor
from occto.domain.assembly import AssemblyKind, AssemblyState
from occto.domain.codes import ChangeSource, Licence
from occto.domain.dates import JST
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import Assembly, AuditDetail, AuditEvent, LateFact, Member
from occto.queries.assemblies import late_facts
from occto.services import assemblies, register
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
        "now": NOW,
    } | changes


def _create(actor: Actor, **changes: Any) -> int:
    return run(assemblies.create_assembly, actor=actor, **_values(**changes))


def _update(assembly_id: int, actor: Actor, seen_version: int = 1, **changes: Any) -> None:
    run(assemblies.update_assembly, assembly_id, seen_version=seen_version, actor=actor, **_values(**changes))


def _close(assembly_id: int, actor: Actor, outcome: AssemblyState = AssemblyState.CANCELLED, **changes: Any) -> None:
    values = {"reason": "会場の都合", "seen_version": 1, "actor": actor, "now": NOW}
    run(assemblies.close_assembly, assembly_id, outcome=outcome, **(values | changes))


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
    assert set(payload["after"]) == {"held_at", "record_on"}
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


def test_past_preparation_the_form_is_closed(actor: Actor) -> None:
    assembly_id = _create(actor)
    with unit_of_work() as session:
        session.get_one(Assembly, assembly_id).state = AssemblyState.COUNTING
    with refused("not_preparing"):
        _update(assembly_id, actor, no=3)


def test_an_assembly_is_finished_after_its_day_or_cancelled_with_a_reason(actor: Actor) -> None:
    first, second = _create(actor), _create(actor, no=2)
    with refused("not_held_yet"):
        _close(first, actor, AssemblyState.FINISHED)
    _close(first, actor, AssemblyState.FINISHED, reason=None, now=NOW + timedelta(days=40))
    assert _row(first).state is AssemblyState.FINISHED
    with refused("reason_missing", field="reason"):
        _close(second, actor, reason=" ")
    with refused("stale"):
        _close(second, actor, seen_version=7)
    with refused("illegal_step"):
        _close(second, actor, AssemblyState.PUBLISHED)
    _close(second, actor)
    row = _row(second)
    assert (row.state, row.version) == (AssemblyState.CANCELLED, 2)
    with refused("illegal_step"):
        _close(second, actor, seen_version=2)


def test_only_editors_close_an_assembly(actor: Actor, make: Factory) -> None:
    assembly_id = _create(actor)
    outsider = make.actor(make.staff(Role.RECEPTION), Role.RECEPTION)
    with refused("not_allowed"):
        _close(assembly_id, outsider)


def _licensed(member: Member, since: date, category: Licence = Licence.RETAIL) -> int:
    with unit_of_work() as session:
        change = register.begin_change(
            session, source_kind=ChangeSource.CHANGE, source_id=1, actor_id=None, second_actor_id=None, now=NOW
        )
        register.add_licence(
            session, change, member_id=member.id, category=category, number="A0001", effective_on=since
        )
        register.finish_change(session, change, now=NOW)
        return change.id


def test_a_licence_of_an_old_date_is_noted_at_the_open_assembly(actor: Actor, make: Factory) -> None:
    member, assembly_id = make.member(), _create(actor)
    change_id = _licensed(member, RECORD_ON)
    db.session.rollback()
    (late,) = late_facts(db.session(), assembly_id)
    assert (late.member_id, late.change_id, late.outcome) == (member.id, change_id, None)
    assert late.about == (("licence", "RETAIL"),)
    assert late.name == member.current_name
    assert late.noted_at == NOW


def test_one_from_after_the_record_date_is_not(actor: Actor, make: Factory) -> None:
    member, assembly_id = make.member(), _create(actor)
    _licensed(member, RECORD_ON + timedelta(days=1))
    assert late_facts(db.session(), assembly_id) == []


def test_before_the_record_date_is_over_nothing_is_late(actor: Actor, make: Factory) -> None:
    member, assembly_id = make.member(), _create(actor, held_on=date(2026, 12, 24))
    _licensed(member, date(2026, 11, 1))
    assert late_facts(db.session(), assembly_id) == []


def test_a_closed_assembly_is_not_touched(actor: Actor, make: Factory) -> None:
    member, assembly_id = make.member(), _create(actor)
    _close(assembly_id, actor)
    _licensed(member, date(2026, 11, 1))
    db.session.rollback()
    assert db.session.scalars(select(LateFact)).all() == []


def test_each_open_assembly_lists_what_changed_of_whom(actor: Actor, make: Factory) -> None:
    one, other = make.member(), make.member()
    first, second = _create(actor), _create(actor, no=2, held_on=date(2026, 12, 20))
    with unit_of_work() as session:
        change = register.begin_change(
            session, source_kind=ChangeSource.CHANGE, source_id=1, actor_id=None, second_actor_id=None, now=NOW
        )
        register.set_item(
            session, change, member_id=one.id, item="capital", value=20_000_000, effective_on=date(2026, 11, 18)
        )
        register.set_item(
            session, change, member_id=one.id, item="url", value="https://x.example.jp", effective_on=date(2026, 11, 1)
        )
        register.renumber(session, change, numbers={other.id: 700}, effective_on=date(2026, 11, 10))
        register.finish_change(session, change, now=NOW)
    db.session.rollback()
    assert {(late.member_id, kind) for late in late_facts(db.session(), first) for kind, _ in late.about} == {
        (other.id, "roster")
    }
    assert [(late.member_id, late.about) for late in late_facts(db.session(), second)] == [
        (one.id, (("item", "capital"),)),
        (other.id, (("roster", ""),)),
    ]


@pytest.mark.races
def test_two_register_the_same_assembly(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    people = [make.actor(make.staff(Role.OPERATOR), Role.OPERATOR) for _ in range(4)]
    db.session.remove()
    results = at_once(fresh_app, [lambda actor=actor: _create(actor) for actor in people])
    assert sorted(map(str, results)) == ["1", "no_taken", "no_taken", "no_taken"]


@pytest.mark.races
def test_one_corrects_while_another_closes(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    people = [make.actor(make.staff(Role.OPERATOR), Role.OPERATOR) for _ in range(2)]
    assembly_id = _create(people[0])
    db.session.remove()
    results = at_once(
        fresh_app, [lambda: _update(assembly_id, people[0], place="大阪市"), lambda: _close(assembly_id, people[1])]
    )
    assert sorted(map(str, results)) == ["None", "stale"]
    assert _row(assembly_id).version == 2
