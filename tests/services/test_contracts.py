"""本システム利用契約: ends and is formed by itself; membership, licences, roster and votes stay what they are."""

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from occto.access import token_hash
from occto.domain.actor import Actor
from occto.domain.clauses import Clause
from occto.domain.codes import FormedBy
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import AuditEvent, ContractOfUse, Member, OutboxMail, SessionRow
from occto.queries.viewer import load_viewer
from occto.services import contracts
from occto.unit_of_work import run, unit_of_work
from tests.factories import NOW, Factory
from tests.observing import everything, refused
from tests.racing import at_once

TODAY = date(2026, 11, 23)
MOVED = frozenset({"contracts_of_use", "sessions", "outbox", "audit_events", "audit_details"})
"""All that the end of a contract may touch: nothing of the register is among it."""


def _live(member: Member) -> int:
    db.session.rollback()
    query = select(ContractOfUse.id).where(ContractOfUse.member_id == member.id, ContractOfUse.ended_at.is_(None))
    return db.session.scalar(query) or 0


def _row(contract_id: int) -> ContractOfUse:
    db.session.rollback()
    found = db.session.get(ContractOfUse, contract_id)
    assert found is not None
    return found


@pytest.fixture
def approver(make: Factory) -> Actor:
    return make.actor(make.staff(Role.APPROVER), Role.APPROVER)


def _end(contract_id: int, actor: Actor, **changes: Any) -> int:
    values = {"applied_on": TODAY, "words": None, "actor": actor, "now": NOW}
    return run(contracts.end_on_application, contract_id, **(values | changes))


def _terminate(contract_id: int, actor: Actor, **changes: Any) -> int:
    values = {"clause": Clause.C2_7_2_2, "ground": "2.5⑤の行為", "reason": "警告後も続いた", "actor": actor, "now": NOW}
    return run(contracts.terminate, contract_id, **(values | changes))


def test_ending_changes_nothing_of_the_register(make: Factory, approver: Actor) -> None:
    member, user = make.member(), make.user(email="desk@kaze.example.jp")
    make.affiliate(user, member)
    contract_id = _live(member)
    before = everything()
    assert _end(contract_id, approver, words="担当者が退職したため") == 1
    after = everything()
    assert {table for table in before if before[table] != after[table]} <= MOVED
    row = _row(contract_id)
    assert (row.ended_at, row.end_clause, row.end_reason) == (NOW, "2.7.1", "担当者が退職したため")
    assert row.ended_by_id == approver.user_id
    mail = db.session.scalars(select(OutboxMail)).one()
    assert (mail.template, mail.to_address, mail.clause) == ("contracts/ended", "desk@kaze.example.jp", "2.7.1")
    assert mail.terms_version_id is not None
    assert db.session.scalars(select(AuditEvent.tag)).all()[-1:] == ["contract.ended"]


def test_whoever_acts_for_the_member_is_signed_outat_once(make: Factory, approver: Actor) -> None:
    member, other, user = make.member(), make.member(), make.user()
    for company in (member, other):
        make.affiliate(user, company)
    with unit_of_work() as session:
        for place, company in enumerate((member, other)):
            times = {"created_at": NOW, "seen_at": NOW, "ends_at": NOW + timedelta(hours=8), "second_factor_at": NOW}
            session.add(
                SessionRow(
                    token_hash=token_hash(f"t{place}"),
                    user_id=user.id,
                    member_id=company.id,
                    address="192.0.2.1",
                    agent="test",
                    **times,
                )
            )
    _terminate(_live(member), approver)
    db.session.rollback()
    assert load_viewer(db.session(), token_hash("t0"), now=NOW).is_anonymous
    assert load_viewer(db.session(), token_hash("t1"), now=NOW).member_id == other.id


def test_without_any_address_the_notice_goes_by_post(make: Factory, approver: Actor) -> None:
    member = make.member()
    assert _end(_live(member), approver) == 0
    assert db.session.scalars(select(OutboxMail)).all() == []


@pytest.mark.parametrize("clause", [Clause.C2_7_2_1, Clause.C2_7_2_2, Clause.C2_7_2_3])
def test_a_termination_keeps_its_clause_and_ground(make: Factory, approver: Actor, clause: Clause) -> None:
    contract_id = _live(make.member())
    _terminate(contract_id, approver, clause=clause)
    row = _row(contract_id)
    assert (row.end_clause, row.end_reason) == (clause.value, "2.5⑤の行為")


@pytest.mark.parametrize(
    ("code", "field", "changes"),
    [
        ("clause_unknown", "clause", {"clause": Clause.C2_7_1}),
        ("clause_unknown", "clause", {"clause": Clause.C2_7_2_4}),
        ("ground_missing", "ground", {"ground": "　"}),
        ("reason_missing", "reason", {"reason": ""}),
    ],
)
def test_a_termination_is_refused(
    make: Factory, approver: Actor, code: str, field: str, changes: dict[str, Any]
) -> None:
    contract_id = _live(make.member())
    with refused(code, field=field):
        _terminate(contract_id, approver, **changes)


def test_an_application_of_tomorrow_is_refused(make: Factory, approver: Actor) -> None:
    contract_id = _live(make.member())
    with refused("applied_later", field="applied_on"):
        _end(contract_id, approver, applied_on=TODAY + timedelta(days=1))


def test_only_approvers_end_a_contract(make: Factory) -> None:
    contract_id = _live(make.member())
    operator = make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)
    for act in (_end, _terminate):
        with refused("not_allowed"):
            act(contract_id, operator)


def test_an_ended_contract_ends_no_more(make: Factory, approver: Actor) -> None:
    contract_id = _live(make.member())
    _end(contract_id, approver)
    for act in (_end, _terminate):
        with refused("already_ended"):
            act(contract_id, approver)
    with refused("not_found"):
        _end(10**6, approver)


def _form(member: Member, actor: Actor, formed_on: date = TODAY) -> int:
    return run(contracts.form_on_paper, member.id, formed_on=formed_on, actor=actor, now=NOW)


def test_a_contract_is_formed_anew_on_paper(make: Factory, approver: Actor) -> None:
    member, user = make.member(), make.user()
    make.affiliate(user, member)
    _end(_live(member), approver)
    operator = make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)
    row = _row(_form(member, operator))
    assert (row.formed_by, row.terms_version_id, row.ended_at) == (FormedBy.PAPER, 1, None)
    assert row.formed_at >= NOW
    templates = list(db.session.scalars(select(OutboxMail.template).order_by(OutboxMail.id)))
    assert templates == ["contracts/ended", "contracts/formed"]


def test_what_keeps_a_contract_from_being_formed(make: Factory, approver: Actor) -> None:
    member = make.member()
    with refused("already_formed"):
        _form(member, approver)
    _end(_live(member), approver)
    with refused("formed_later", field="formed_on"):
        _form(member, approver, TODAY + timedelta(days=1))
    with refused("formed_before_end", field="formed_on"):
        _form(member, approver, TODAY - timedelta(days=1))
    outsider = make.actor(make.staff(Role.SYSTEM), Role.SYSTEM)
    with refused("not_allowed"):
        _form(member, outsider)


def test_who_has_left_forms_no_contract(make: Factory, approver: Actor) -> None:
    from occto.domain.codes import MemberState

    member = make.member()
    _end(_live(member), approver)
    with unit_of_work() as session:
        row = session.get(Member, member.id)
        assert row is not None
        row.current_state = MemberState.LEFT
    with refused("not_a_member"):
        _form(member, approver)


@pytest.mark.races
def test_two_end_one_contract(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    member = make.member()
    contract_id = _live(member)
    people = [make.actor(make.staff(Role.APPROVER), Role.APPROVER) for _ in range(2)]
    db.session.remove()
    results = at_once(fresh_app, [lambda: _end(contract_id, people[0]), lambda: _terminate(contract_id, people[1])])
    assert sorted(map(str, results)) == ["0", "already_ended"]
    tags = list(db.session.scalars(select(AuditEvent.tag).where(AuditEvent.tag == "contract.ended")))
    assert len(tags) == 1


@pytest.mark.races
def test_two_form_one_contract(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    member = make.member()
    approver = make.actor(make.staff(Role.APPROVER), Role.APPROVER)
    _end(_live(member), approver)
    db.session.remove()
    results = at_once(fresh_app, [lambda: _form(member, approver)] * 4)
    assert sorted(map(str, results))[1:] == ["already_formed"] * 3
    assert _live(member)
