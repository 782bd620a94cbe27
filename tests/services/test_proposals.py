"""One proposes, another confirms: the machinery, whatever is proposed."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.codes import ProposalState
from occto.domain.errors import Refusal
from occto.domain.permissions import Role
from occto.domain.proposals import ProposalKind
from occto.extensions import db
from occto.models import AuditEvent, Member, Proposal
from occto.services import proposals
from occto.unit_of_work import run
from tests.factories import NOW, Factory
from tests.observing import refused
from tests.racing import at_once

KIND = ProposalKind.SANCTION


def _rename(session: Session, proposal: Proposal, _actor: Actor, _now: Any) -> None:
    session.get_one(Member, proposal.member_id).current_name = proposal.values["name"]


def _refuse(_session: Session, _proposal: Proposal, _actor: Actor, _now: Any) -> None:
    raise Refusal("too_late", "期限を過ぎています。")


HANDLERS = {KIND: _rename}


def propose(member: Member, actor: Actor, **changes: Any) -> int:
    values: dict[str, Any] = {
        "subject_key": f"MEMBER:{member.id}",
        "member_id": member.id,
        "values": {"name": "改名後電力株式会社"},
        "reason": "理事会の決定",
    }

    def verb(session: Session) -> int:
        return proposals.propose(session, KIND, **(values | changes), actor=actor, now=NOW).id

    return run(verb)


def confirm(number: int, actor: Actor, *, seen: int = 1, handlers: Any = HANDLERS) -> None:
    run(proposals.confirm, number, handlers=handlers, seen_version=seen, actor=actor, now=NOW)


@pytest.fixture
def first(app: Flask, make: Factory) -> Actor:
    return make.actor(make.staff(Role.APPROVER), Role.APPROVER)


@pytest.fixture
def second(app: Flask, make: Factory) -> Actor:
    return make.actor(make.staff(Role.APPROVER), Role.APPROVER)


def test_what_was_proposed_is_done_by_the_second_person(make: Factory, first: Actor, second: Actor) -> None:
    member = make.member()
    number = propose(member, first)
    assert db.session.get_one(Member, member.id).current_name != "改名後電力株式会社"
    confirm(number, second)
    proposal = db.session.get_one(Proposal, number)
    assert db.session.get_one(Member, member.id).current_name == "改名後電力株式会社"
    assert (proposal.state, proposal.decided_by_id, proposal.version) == (ProposalState.APPLIED, second.user_id, 2)
    tags = db.session.scalars(select(AuditEvent.tag).where(AuditEvent.subject == f"PROPOSAL:{number}"))
    assert sorted(tags) == ["proposal.confirmed", "proposal.made"]


def test_nobody_confirms_alone(make: Factory, first: Actor) -> None:
    number = propose(make.member(), first)
    with refused("second_person"):
        confirm(number, first)


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SYSTEM, Role.RECEPTION])
def test_only_an_approver_confirms(make: Factory, first: Actor, role: Role) -> None:
    number, actor = propose(make.member(), first), make.actor(make.staff(role), role)
    with refused("not_allowed"):
        confirm(number, actor)


def test_only_who_may_propose_proposes(make: Factory) -> None:
    member, actor = make.member(), make.actor(make.staff(Role.RECEPTION), Role.RECEPTION)
    with refused("not_allowed"):
        propose(member, actor)


def test_a_reason_is_needed(make: Factory, first: Actor) -> None:
    member = make.member()
    with refused("reason_missing", field="reason"):
        propose(member, first, reason=" 　")


def test_one_is_open_for_a_subject(make: Factory, first: Actor, second: Actor) -> None:
    member, other = make.member(), make.member()
    number = propose(member, first)
    with refused("already_proposed"):
        propose(member, second)
    propose(other, first)
    run(proposals.drop, number, seen_version=1, actor=second, now=NOW)
    propose(member, second)


@pytest.mark.parametrize("seen", [0, 2])
def test_what_is_not_on_record_any_more_is_not_confirmed(make: Factory, first: Actor, second: Actor, seen: int) -> None:
    number = propose(make.member(), first)
    with refused("stale"):
        confirm(number, second, seen=seen)
    with refused("stale"):
        run(proposals.drop, number, seen_version=seen, actor=second, now=NOW)


def test_what_was_dropped_or_done_is_over(make: Factory, first: Actor, second: Actor) -> None:
    dropped = propose(make.member(), first)
    run(proposals.drop, dropped, seen_version=1, actor=first, now=NOW)
    done = propose(make.member(), first)
    confirm(done, second)
    for number in (dropped, done):
        with refused("stale"):
            confirm(number, second, seen=2)


def test_a_stranger_drops_nothing(make: Factory, first: Actor) -> None:
    number, actor = propose(make.member(), first), make.actor(make.user(), Role.RECEPTION)
    with refused("not_allowed"):
        run(proposals.drop, number, seen_version=1, actor=actor, now=NOW)


def test_what_is_not_there_is_not_found(make: Factory, second: Actor) -> None:
    with refused("not_found"):
        confirm(99, second)


def test_a_refusal_of_the_handler_leaves_the_proposal_open(make: Factory, first: Actor, second: Actor) -> None:
    number = propose(make.member(), first)
    with refused("too_late"):
        confirm(number, second, handlers={KIND: _refuse})


def test_of_two_who_confirm_at_once_one_does(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    proposer = make.actor(make.staff(Role.APPROVER), Role.APPROVER)
    others = [make.actor(make.staff(Role.APPROVER), Role.APPROVER) for _ in range(2)]
    number = propose(make.member(), proposer)
    results = at_once(fresh_app, [lambda actor=actor: confirm(number, actor) for actor in others])
    assert sorted(map(str, results)) == ["None", "stale"]


def test_of_two_who_propose_at_once_one_does(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    actors = [make.actor(make.staff(Role.APPROVER), Role.APPROVER) for _ in range(2)]
    member = make.member()
    results = at_once(fresh_app, [lambda actor=actor: propose(member, actor) for actor in actors])
    assert "already_proposed" in results
    assert sum(isinstance(one, int) for one in results) == 1
