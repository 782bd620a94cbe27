"""停止 of an ID by OCCTO: at once and everywhere, told to its holder and the companies; who may, and what stays."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from occto.domain.clauses import Clause
from occto.domain.codes import UserState
from occto.domain.errors import Refusal
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import AuditEvent, OutboxMail, SessionRow, StaffRole, User
from occto.services import id_stops, staff
from occto.unit_of_work import run
from tests.factories import NOW, Factory
from tests.observing import everything
from tests.racing import at_once


def _stop(user: User, actor: Any, **changes: Any) -> int:
    values: dict[str, Any] = {"ground": "IDの使い回しが判明したため。", "seen_version": 1, "actor": actor, "now": NOW}
    return run(id_stops.stop_id, user.id, **values | changes)


def _resume(user: User, actor: Any, **changes: Any) -> None:
    values: dict[str, Any] = {"reason": "再発防止策を確認した。", "seen_version": 2, "actor": actor, "now": NOW}
    run(id_stops.resume_id, user.id, **values | changes)


def _refused(act: Any) -> str:
    db.session.rollback()
    before = everything()
    with pytest.raises(Refusal) as caught:
        act()
    db.session.rollback()
    assert everything() == before
    return caught.value.code


def test_every_session_of_the_holder_ends_and_nobody_elses(make: Factory) -> None:
    one, other = make.member(), make.member()
    user, colleague = make.user(), make.user()
    for person in (user, colleague):
        make.affiliate(person, one)
    make.affiliate(user, other)
    here, there, beside = (
        make.signed_in(user, member=one),
        make.signed_in(user, member=other),
        make.signed_in(colleague, member=one),
    )
    assert {browser.get("/home").status_code for browser in (here, there, beside)} == {200}
    assert _stop(user, make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)) == 2
    assert [browser.get("/home", follow=False).status_code for browser in (here, there, beside)] == [303, 303, 200]
    db.session.rollback()
    assert db.session.get(User, user.id).state is UserState.STOPPED  # type: ignore[union-attr]
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.tag == "user.id_stopped")).one()
    assert event.clause == Clause.C3_3_3_4_4
    told = set(db.session.scalars(select(OutboxMail.to_address).where(OutboxMail.template == "account/id_stopped")))
    assert told == {user.email, colleague.email}
    assert set(db.session.scalars(select(OutboxMail.clause))) == {Clause.C3_3_3_4_4}


def test_after_the_stop_the_same_password_works_again(make: Factory) -> None:
    user, invited = make.user(), make.user(state=UserState.INVITED, password_hash=None)
    actor = make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)
    for person, state in ((user, UserState.ACTIVE), (invited, UserState.INVITED)):
        _stop(person, actor)
        _resume(person, actor)
        db.session.rollback()
        assert db.session.get(User, person.id).state is state  # type: ignore[union-attr]


def test_refusals_of_a_stop(make: Factory) -> None:
    user, operator, system = make.user(), make.staff(Role.OPERATOR), make.staff(Role.SYSTEM)
    as_operator, as_system = make.actor(operator, Role.OPERATOR), make.actor(system, Role.SYSTEM)
    member_actor = make.actor(user, Role.ADMINISTRATOR)
    assert _refused(lambda: _stop(user, as_operator, ground=" ")) == "ground_missing"
    assert _refused(lambda: _stop(user, as_operator, seen_version=7)) == "stale"
    assert _refused(lambda: _stop(user, member_actor)) == "not_allowed"
    assert _refused(lambda: _stop(user, as_system)) == "not_allowed"
    assert _refused(lambda: _stop(operator, as_operator)) == "not_allowed"
    assert _refused(lambda: _stop(system, as_system)) == "own_id"
    assert (
        _refused(lambda: run(id_stops.stop_id, 10**9, ground="x", seen_version=1, actor=as_operator, now=NOW))
        == "not_found"
    )
    assert _refused(lambda: _resume(user, as_operator, seen_version=1)) == "not_stopped"
    _stop(user, as_operator)
    assert _refused(lambda: _stop(user, as_operator, seen_version=2)) == "already_stopped"
    assert _refused(lambda: _resume(user, as_operator, reason="")) == "reason_missing"


def test_one_system_administrator_stays(make: Factory) -> None:
    first, second = make.staff(Role.SYSTEM), make.staff(Role.SYSTEM, Role.OPERATOR)
    as_first, as_second = make.actor(first, Role.SYSTEM), make.actor(second, Role.SYSTEM)
    assert _stop(first, as_second) == 0
    stopped_but_signed_in = as_first
    assert _refused(lambda: _stop(second, stopped_but_signed_in)) == "last_system"
    change = {"roles": [Role.OPERATOR], "seen_version": 1, "actor": stopped_but_signed_in, "now": NOW}
    assert _refused(lambda: run(staff.change_roles, second.id, **change)) == "last_system"


@pytest.mark.races
def test_two_system_administrators_stop_each_other(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    first, second = make.staff(Role.SYSTEM), make.staff(Role.SYSTEM)
    pairs = [(first, make.actor(second, Role.SYSTEM)), (second, make.actor(first, Role.SYSTEM))]
    db.session.remove()
    outcomes = at_once(fresh_app, [lambda user=user, actor=actor: _stop(user, actor) for user, actor in pairs])  # type: ignore[misc]
    assert sorted(map(str, outcomes)) == ["0", "last_system"]
    active = select(func.count()).select_from(User).where(User.state == UserState.ACTIVE)
    assert db.session.scalar(active) == 1


def test_roles_change_and_the_old_sessions_end(make: Factory) -> None:
    system, person = make.staff(Role.SYSTEM), make.staff(Role.OPERATOR)
    browser = make.signed_in(person)
    assert browser.get("/admin/").status_code == 200
    given = {"roles": [Role.APPROVER, Role.RECEPTION], "seen_version": 1, "now": NOW}
    run(staff.change_roles, person.id, actor=make.actor(system, Role.SYSTEM), **given)
    db.session.rollback()
    held = set(db.session.scalars(select(StaffRole.role).where(StaffRole.user_id == person.id)))
    assert held == {Role.APPROVER, Role.RECEPTION}
    assert browser.get("/admin/", follow=False).status_code == 303
    assert db.session.scalars(select(SessionRow.ended_at).where(SessionRow.user_id == person.id)).one() is not None


@pytest.mark.parametrize(
    ("roles", "code"),
    [([], "bad_roles"), ([Role.ADMINISTRATOR], "bad_roles"), ([Role.OPERATOR], "nothing_changes")],
)
def test_roles_that_are_none(make: Factory, roles: list[Role], code: str) -> None:
    actor, person = make.actor(make.staff(Role.SYSTEM), Role.SYSTEM), make.staff(Role.OPERATOR)
    given = {"roles": roles, "seen_version": 1, "actor": actor, "now": NOW}
    assert _refused(lambda: run(staff.change_roles, person.id, **given)) == code


def test_who_changes_roles(make: Factory) -> None:
    system, person, user = make.staff(Role.SYSTEM), make.staff(Role.OPERATOR), make.user()
    given: dict[str, Any] = {"roles": [Role.APPROVER], "seen_version": 1, "now": NOW}
    as_system, as_approver = make.actor(system, Role.SYSTEM), make.actor(person, Role.APPROVER)
    assert _refused(lambda: run(staff.change_roles, person.id, actor=as_approver, **given)) == "not_allowed"
    assert _refused(lambda: run(staff.change_roles, system.id, actor=as_system, **given)) == "own_roles"
    assert _refused(lambda: run(staff.change_roles, user.id, actor=as_system, **given)) == "not_found"
    assert (
        _refused(lambda: run(staff.change_roles, person.id, actor=as_system, **given | {"seen_version": 9})) == "stale"
    )
    new = {"name": "新任 太郎", "roles": [Role.OPERATOR], "now": NOW}
    assert _refused(lambda: run(staff.create_staff, "n@occto.example.jp", actor=as_approver, **new)) == "not_allowed"
