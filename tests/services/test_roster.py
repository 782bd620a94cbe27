"""名簿番号 as a list: proposed by one, applied by another, in one change of the register."""

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from occto.domain.actor import Actor
from occto.domain.codes import ChangeSource, ProposalState
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import AuditEvent, Member, RegisterChange, RosterFact, RosterProposal
from occto.services import roster
from occto.unit_of_work import run
from tests.factories import NOW, Factory
from tests.observing import refused
from tests.racing import at_once

TODAY = date(2026, 11, 23)


def _approver(make: Factory) -> Actor:
    return make.actor(make.staff(Role.APPROVER), Role.APPROVER)


def _operator(make: Factory) -> Actor:
    return make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)


def _propose(actor: Actor, numbers: dict[int, int], **changes: Any) -> int:
    values = {"effective_on": TODAY, "reason": "理事会の決定", "actor": actor, "now": NOW}
    return run(roster.propose, numbers=numbers, **(values | changes))


def _apply(proposal_id: int, actor: Actor, version: int = 1) -> int:
    return run(roster.apply, proposal_id, seen_version=version, actor=actor, now=NOW)


def _numbers(*members: Member, day: date = TODAY) -> list[int | None]:
    db.session.rollback()
    return [
        db.session.scalar(
            select(RosterFact.roster_no).where(
                RosterFact.member_id == member.id,
                RosterFact.voided_id.is_(None),
                RosterFact.effective_on <= day,
                (RosterFact.ended_on.is_(None)) | (RosterFact.ended_on > day),
            )
        )
        for member in members
    ]


def test_two_members_exchange_their_numbers(make: Factory) -> None:
    one, two = make.member(), make.member()
    first, second = _operator(make), _approver(make)
    before = _numbers(one, two)
    assert None not in before
    proposal_id = _propose(first, {one.id: before[1] or 0, two.id: before[0] or 0})
    assert _numbers(one, two) == before
    change_id = _apply(proposal_id, second)
    assert _numbers(one, two) == before[::-1]
    assert _numbers(one, two, day=TODAY - timedelta(days=1)) == before
    proposal = db.session.get_one(RosterProposal, proposal_id)
    change = db.session.get_one(RegisterChange, change_id)
    assert (proposal.state, proposal.change_id) == (ProposalState.APPLIED, change_id)
    assert (change.source_kind, change.source_id) == (ChangeSource.ROSTER, proposal_id)
    assert (change.actor_id, change.second_actor_id) == (first.user_id, second.user_id)
    tags = list(db.session.scalars(select(AuditEvent.tag).order_by(AuditEvent.id)))
    assert tags[-2:] == ["roster.proposed", "roster.applied"]


def test_a_whole_roster_is_turned_round_in_one_go(make: Factory) -> None:
    members = [make.member() for _ in range(12)]
    before = _numbers(*members)
    numbers = {member.id: number or 0 for member, number in zip(members, reversed(before), strict=True)}
    _apply(_propose(_operator(make), numbers), _approver(make))
    assert _numbers(*members) == before[::-1]
    assert db.session.scalar(select(func.count()).select_from(RegisterChange)) == 13


def test_numbers_of_a_day_to_come_wait_for_it(make: Factory) -> None:
    member = make.member()
    (before,) = _numbers(member)
    later = TODAY + timedelta(days=30)
    _apply(_propose(_operator(make), {member.id: 900}, effective_on=later), _approver(make))
    assert _numbers(member) == [before]
    assert _numbers(member, day=later) == [900]


def test_lines_that_change_nothing_are_left_out(make: Factory) -> None:
    one, two = make.member(), make.member()
    before = _numbers(one, two)
    proposal_id = _propose(_operator(make), {one.id: 900, two.id: before[1] or 0})
    db.session.rollback()
    assert db.session.get_one(RosterProposal, proposal_id).rows == [[one.id, before[0], 900]]


def test_what_a_list_is_refused_for(make: Factory) -> None:
    one, two = make.member(), make.member()
    first, second = _numbers(one, two)
    operator, outsider = _operator(make), make.actor(make.staff(Role.SYSTEM), Role.SYSTEM)
    assert first is not None
    assert second is not None
    with refused("not_allowed"):
        _propose(outsider, {one.id: 900})
    with refused("reason_missing", field="reason"):
        _propose(operator, {one.id: 900}, reason=" ")
    with refused("nothing_changed", field="lines"):
        _propose(operator, {one.id: first})
    with refused("number_twice", field="lines"):
        _propose(operator, {one.id: 900, two.id: 900})
    with refused("roster_taken", field="lines"):
        _propose(operator, {one.id: second})


def test_a_second_person_applies(make: Factory) -> None:
    member, approver, operator = make.member(), _approver(make), _operator(make)
    proposal_id = _propose(approver, {member.id: 900})
    with refused("second_person"):
        _apply(proposal_id, approver)
    with refused("not_allowed"):
        _apply(proposal_id, operator)
    with refused("not_found"):
        _apply(10**6, approver)
    other = _approver(make)
    with refused("stale"):
        _apply(proposal_id, other, version=2)


def test_a_number_changed_since_stops_the_list(make: Factory) -> None:
    one, two, approver = make.member(), make.member(), _approver(make)
    stale, unconcerned = _propose(_operator(make), {one.id: 900}), _propose(_operator(make), {two.id: 901})
    _apply(_propose(_operator(make), {one.id: 800}), approver)
    with refused("conflict"):
        _apply(stale, approver)
    _apply(unconcerned, approver)
    assert _numbers(one, two) == [800, 901]


def test_a_number_taken_since_stops_the_list(make: Factory) -> None:
    one, two, approver = make.member(), make.member(), _approver(make)
    proposal_id = _propose(_operator(make), {one.id: 900})
    _apply(_propose(_operator(make), {two.id: 900}), approver)
    with refused("roster_taken"):
        _apply(proposal_id, approver)


def test_either_drops_a_list_and_then_it_is_over(make: Factory) -> None:
    member, operator, approver = make.member(), _operator(make), _approver(make)
    for actor in (operator, approver):
        proposal_id = _propose(operator, {member.id: 900})
        run(roster.drop, proposal_id, seen_version=1, actor=actor, now=NOW)
        assert db.session.get_one(RosterProposal, proposal_id).state is ProposalState.DROPPED
        with refused("stale"):
            _apply(proposal_id, approver, version=2)
        with refused("stale"):
            run(roster.drop, proposal_id, seen_version=2, actor=actor, now=NOW)
    outsider = make.actor(make.staff(Role.SYSTEM), Role.SYSTEM)
    with refused("not_allowed"):
        run(roster.drop, proposal_id, seen_version=1, actor=outsider, now=NOW)


@pytest.mark.races
def test_two_apply_one_list(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    member = make.member()
    proposal_id = _propose(_operator(make), {member.id: 900})
    people = [_approver(make) for _ in range(4)]
    db.session.remove()
    results = at_once(fresh_app, [lambda actor=actor: _apply(proposal_id, actor) for actor in people])
    assert sorted(map(str, results)) == ["2", "stale", "stale", "stale"]
    assert _numbers(member) == [900]
