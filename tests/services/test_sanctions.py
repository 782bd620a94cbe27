"""権利の停止・制限: two persons enter, end, correct and void; only scope VOTES on the record date takes votes away."""

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from occto.domain.assembly import AssemblyState
from occto.domain.codes import ChangeAct, ChangeSource, SanctionScope
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import Assembly, Attachment, Member, RegisterChange, SanctionFact
from occto.queries.allocation import calculate
from occto.services import proposals, sanctions
from occto.services.proposal_kinds import HANDLERS
from occto.services.sanctions import Decision
from occto.unit_of_work import run
from tests.assembling import RECORD_ON, assembly
from tests.electing import SCAN, staff_actor
from tests.factories import NOW, Factory
from tests.observing import refused
from tests.racing import at_once

DECISION = Decision(SanctionScope.VOTES, "理事会", date(2026, 10, 1), "会費の未納", date(2026, 10, 15), None)


def _with(**changes: Any) -> Decision:
    return Decision(**({name: getattr(DECISION, name) for name in Decision.__slots__} | changes))


def _propose(member: Member, actor: Any, decision: Decision = DECISION, **changes: Any) -> int:
    values: dict[str, Any] = {"decision": decision, "scan": SCAN, "reason": "理事会の決定", "actor": actor, "now": NOW}
    return run(sanctions.propose_sanction, changes.pop("member_id", member.id), **(values | changes))


def _end(number: int, actor: Any, act: ChangeAct = ChangeAct.END, **changes: Any) -> int:
    values: dict[str, Any] = {"scan": None, "reason": "理事会の決定", "actor": actor, "now": NOW}
    return run(sanctions.propose_end, number, act=act, **(values | changes))


def _confirm(number: int, actor: Any) -> None:
    run(proposals.confirm, number, handlers=HANDLERS, seen_version=1, actor=actor, now=NOW)


def _standing(member: Member) -> list[SanctionFact]:
    db.session.rollback()
    query = select(SanctionFact).where(SanctionFact.member_id == member.id, SanctionFact.voided_id.is_(None))
    return list(db.session.scalars(query))


def _votes(member: Member) -> int:
    held = assembly_of()
    found = calculate(db.session(), held)
    return found.allocation.weight(member.body_id)


def assembly_of() -> Assembly:
    db.session.rollback()
    return db.session.scalars(select(Assembly)).one()


@pytest.fixture
def first(make: Factory) -> Any:
    return staff_actor(make)


@pytest.fixture
def second(make: Factory) -> Any:
    return staff_actor(make, Role.APPROVER)


def test_two_persons_enter_it_and_the_votes_go(make: Factory, first: Any, second: Any) -> None:
    member = make.member()
    make.member()
    assembly(make, AssemblyState.COUNTING)
    assert _votes(member) == 1
    waiting = _propose(member, first)
    assert _standing(member) == []
    _confirm(waiting, second)
    (fact,) = _standing(member)
    assert (fact.ground, fact.effective_on, fact.ended_on) == ("会費の未納", date(2026, 10, 15), None)
    kept = db.session.get_one(Attachment, fact.document_id)
    assert kept.member_id == member.id
    change = db.session.get_one(RegisterChange, fact.entered_id)
    assert (change.source_kind, change.actor_id, change.second_actor_id) == (
        ChangeSource.SANCTION,
        first.user_id,
        second.user_id,
    )
    assert _votes(member) == 0


@pytest.mark.parametrize(
    ("decision", "votes"),
    [
        (_with(scope=SanctionScope.OTHER), 1),
        (_with(effective_on=RECORD_ON), 0),
        (_with(effective_on=RECORD_ON + timedelta(days=1)), 1),
        (_with(ended_on=RECORD_ON), 1),
        (_with(ended_on=RECORD_ON + timedelta(days=1)), 0),
    ],
)
def test_only_scope_votes_on_the_record_date_counts(
    make: Factory, first: Any, second: Any, decision: Decision, votes: int
) -> None:
    member = make.member()
    assembly(make, AssemblyState.COUNTING)
    _confirm(_propose(member, first, decision), second)
    assert _votes(member) == votes


def test_ending_correcting_voiding(make: Factory, first: Any, second: Any) -> None:
    member = make.member()
    _confirm(_propose(member, first), second)
    (fact,) = _standing(member)
    _confirm(_end(fact.id, first, ended_on=date(2026, 11, 1)), second)
    (ended,) = _standing(member)
    assert (ended.ended_on, ended.ground, ended.document_id) == (date(2026, 11, 1), "会費の未納", fact.document_id)
    correction = _with(scope=SanctionScope.OTHER, ended_on=date(2026, 11, 1))
    _confirm(_end(ended.id, first, ChangeAct.CORRECT, correction=correction, scan=SCAN), second)
    (correct,) = _standing(member)
    assert (correct.scope, correct.document_id != fact.document_id) == (SanctionScope.OTHER, True)
    _confirm(_end(correct.id, first, ChangeAct.VOID), second)
    assert _standing(member) == []
    assert db.session.query(SanctionFact).count() == 3  # nothing is lost


def test_what_is_refused(make: Factory, first: Any, second: Any) -> None:
    member = make.member()
    system = staff_actor(make, Role.SYSTEM)
    with refused("not_allowed"):
        _propose(member, system)
    with refused("not_found"):
        _propose(member, first, member_id=10**9)
    with refused("period", field="ended_on"):
        _propose(member, first, _with(ended_on=DECISION.effective_on))
    with refused("decided_later", field="decided_on"):
        _propose(member, first, _with(decided_on=NOW.date() + timedelta(days=1)))
    with refused("reason_missing", field="reason"):
        _propose(member, first, reason="")
    waiting = _propose(member, second)
    with refused("already_proposed"):
        _propose(member, first)
    with refused("second_person"):
        _confirm(waiting, second)
    with refused("not_allowed"):
        _confirm(waiting, first)


def test_what_is_refused_of_one_that_stands(make: Factory, first: Any, second: Any) -> None:
    member, system = make.member(), staff_actor(make, Role.SYSTEM)
    _confirm(_propose(member, first), second)
    (fact,) = _standing(member)
    number = fact.id
    with refused("sanction_there", field="effective_on"):
        _propose(member, first, _with(effective_on=date(2026, 12, 1)))
    with refused("not_allowed"):
        _end(number, system, ended_on=date(2026, 11, 1))
    with refused("not_found"):
        _end(10**9, first, ended_on=date(2026, 11, 1))
    with refused("act_unknown", field="act"):
        _end(number, first)
    with refused("act_unknown", field="act"):
        _end(number, first, ChangeAct.CORRECT)
    with refused("period", field="ended_on"):
        _end(number, first, ended_on=date(2026, 10, 15))
    with refused("decided_later", field="decided_on"):
        _end(number, first, ChangeAct.CORRECT, correction=_with(decided_on=date(2027, 1, 1)))
    with refused("reason_missing", field="reason"):
        _end(number, first, ChangeAct.VOID, reason=" ")
    waiting = _end(number, first, ChangeAct.VOID)
    with refused("already_proposed"):
        _end(number, first, ended_on=date(2026, 11, 1))
    _confirm(waiting, second)
    with refused("not_found"):
        _end(number, first, ChangeAct.VOID)


def test_what_changed_since_it_was_proposed_is_asked_again(make: Factory, first: Any, second: Any) -> None:
    member = make.member()
    later = _with(effective_on=date(2026, 12, 1), ended_on=date(2027, 1, 1))
    _confirm(_propose(member, first, later), second)
    (fact,) = _standing(member)
    ending = _end(fact.id, first, ended_on=date(2027, 3, 1))
    other = _with(effective_on=date(2027, 2, 1), ended_on=date(2027, 4, 1))
    _confirm(_propose(member, first, other), second)
    with refused("sanction_there"):
        _confirm(ending, second)


@pytest.mark.races
def test_two_confirm_at_once(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    member = make.member()
    waiting = _propose(member, staff_actor(make))
    people = [staff_actor(make, Role.APPROVER) for _ in range(3)]
    db.session.remove()
    results = at_once(fresh_app, [lambda who=who: _confirm(waiting, who) for who in people])
    assert sorted(map(str, results)) == ["None", "stale", "stale"]
    assert len(_standing(member)) == 1
