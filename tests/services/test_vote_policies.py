"""How an assembly divides its votes: by staff, before the freeze, on the version that was on the screen."""

from typing import Any

import pytest
from flask import Flask

from occto.domain.assembly import AssemblyState
from occto.domain.assembly_settings import VotePolicy, read_settings
from occto.domain.permissions import Role
from occto.domain.votes import Group
from occto.extensions import db
from occto.models import Assembly, AuditDetail, AuditEvent
from occto.services.vote_policies import set_policies
from occto.unit_of_work import unit_of_work
from tests import assembling
from tests.factories import NOW, Factory
from tests.observing import refused

S = AssemblyState
EQUAL = dict.fromkeys(Group, VotePolicy.EQUAL)


def _set(make: Factory, held: Assembly, role: Role = Role.OPERATOR, **changes: Any) -> None:
    values: dict[str, Any] = {
        "policies": EQUAL,
        "shares": {},
        "former_gdus": (),
        "reason": "理事会（11月）の決定",
        "seen_version": held.version,
        "now": NOW,
    }
    if "actor" not in changes:
        values["actor"] = make.actor(make.staff(role), role)
    with unit_of_work() as session:
        set_policies(session, held.id, **(values | changes))


def _settings(held: Assembly) -> Any:
    db.session.expire_all()
    return read_settings(db.session.get_one(Assembly, held.id).settings)


def test_a_table_is_kept_and_recorded(app: Flask, make: Factory) -> None:
    first, second = make.member(), make.member()
    held = assembling.assembly(make, S.COUNTING)
    table = {first.id: (1, 4), second.id: (3, 4)}
    _set(make, held, policies={**EQUAL, Group.G: VotePolicy.MANUAL}, shares={Group.G: table, Group.R: table})
    found = _settings(held)
    assert found.policies == {Group.G: VotePolicy.MANUAL}
    assert found.shares == {Group.G: table}
    assert found.chair == "理事長"
    assert db.session.get_one(Assembly, held.id).version == held.version + 1
    event = db.session.query(AuditEvent).filter_by(tag="assembly.policies_set").one()
    detail = db.session.get(AuditDetail, event.id)
    assert detail is not None
    assert detail.payload["after"]["policies"] == {"G": "MANUAL"}
    assert detail.payload["reason"] == "理事会（11月）の決定"


def test_former_utilities_are_kept_in_order_and_dropped_with_their_policy(app: Flask, make: Factory) -> None:
    first, second = make.member(licences=("GTD",)), make.member(licences=("GTD",))
    held = assembling.assembly(make, S.PREPARING)
    _set(make, held, policies={**EQUAL, Group.N: VotePolicy.FORMER_GDU_THIRD}, former_gdus=(second.id, first.id))
    assert _settings(held).former_gdus == (first.id, second.id)
    _set(make, held, former_gdus=(first.id,), seen_version=held.version + 1)
    assert _settings(held).former_gdus == ()
    assert _settings(held).policies == {}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"seen_version": 9}, "stale"),
        ({"reason": " "}, "reason_missing"),
        ({"policies": {Group.G: VotePolicy.MANUAL}}, "shares_missing"),
        ({"policies": {Group.G: VotePolicy.MANUAL}, "shares": {Group.G: {999: (1, 1)}}}, "unknown_member"),
        ({"policies": {Group.R: VotePolicy.FORMER_GDU_THIRD}, "former_gdus": (1,)}, "policy_group"),
        ({"role": Role.SYSTEM}, "not_allowed"),
    ],
)
def test_what_is_refused_is_not_written(app: Flask, make: Factory, changes: dict[str, Any], code: str) -> None:
    make.member()
    held = assembling.assembly(make, S.COUNTING)
    role = changes.pop("role", Role.OPERATOR)
    actor = make.actor(make.staff(role), role)
    with refused(code):
        _set(make, held, **({"actor": actor} | changes))


@pytest.mark.parametrize("state", [S.FROZEN, S.REPLIES_OPEN, S.CANCELLED])
def test_after_the_freeze_it_is_fixed(app: Flask, make: Factory, state: AssemblyState) -> None:
    make.member()
    held = assembling.assembly(make, state)
    actor = make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)
    with refused("already_frozen"):
        _set(make, held, actor=actor)


def test_no_such_assembly(app: Flask, make: Factory) -> None:
    actor = make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)
    with refused("not_found"):
        _set(make, Assembly(id=999, version=1), actor=actor)
