from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from occto.domain.codes import Act, Channel, Licence, MemberState, Turn, UserKind, UserState
from occto.domain.errors import Refusal
from occto.domain.joining import ApplicationState, Stage
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import (
    Affiliation,
    Application,
    AuditDetail,
    AuditEvent,
    Body,
    ContractOfUse,
    ControlFact,
    Decision,
    LicenceFact,
    LicenceHeld,
    Member,
    OutboxMail,
    ProfileFact,
    RegisterChange,
    RosterFact,
    SessionRow,
    User,
)
from occto.services import register
from occto.services.joining import approval, review, submission
from occto.services.joining.case import draft_answers
from occto.unit_of_work import run, unit_of_work
from tests.answers import (
    ACT_ON,
    Case,
    approved,
    checked,
    digest_of,
    fill_main,
    filled,
    in_state,
    main_started,
    main_submitted,
    save,
    send,
    submitted,
)
from tests.factories import NOW, Factory, corporate_number
from tests.observing import refused

S = ApplicationState
THREADS = 16


def _approve(case: Case, **changes: Any) -> int:
    given: dict[str, Any] = {"seen_version": case.version, "actor": case.second, "now": NOW}
    return run(approval.approve, case.id, **(given | changes))


def _count(table: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(table)) or 0


def test_everything_comes_into_being_in_one_change(make: Factory) -> None:
    case = checked(make)
    member_id = _approve(case)
    row, member = case.row(), db.session.get(Member, member_id)
    assert member is not None
    assert (row.state, row.member_id, row.decided_by_id) == (S.APPROVED, member_id, case.approver.id)
    assert (member.operator_code, row.operator_code) == ("70001", "70001")
    assert (member.current_state, member.current_member_on) == (MemberState.COMING, ACT_ON)
    change = db.session.scalars(select(RegisterChange)).one()
    assert (change.actor_id, change.second_actor_id, change.source_id) == (case.operator.id, case.approver.id, case.id)
    facts = {fact.item: fact for fact in db.session.scalars(select(ProfileFact))}
    assert facts["capital"].value == 100_000_000
    assert facts["representative_name"].value == "髙橋 﨑子"
    assert "name_en" not in facts
    assert {fact.effective_on for fact in facts.values()} == {ACT_ON}
    held, fact = db.session.scalars(select(LicenceHeld)).one(), db.session.scalars(select(LicenceFact)).one()
    assert (held.category, fact.act, fact.number, fact.effective_on) == (
        Licence.GEN,
        Act.NOTIFICATION,
        "A0123",
        ACT_ON,
    )
    assert fact.document_id is not None
    assert db.session.scalars(select(RosterFact.roster_no)).all() == [900_001]
    contract = db.session.scalars(select(ContractOfUse)).one()
    assert (contract.application_id, contract.member_id, contract.ended_at) == (case.id, member_id, None)


def test_a_category_given_up_after_its_act_was_stated_is_not_entered(make: Factory) -> None:
    case = main_started(make, business={"licences": ["RETAIL", "GEN"]})
    fill_main(case)
    with unit_of_work() as session:
        stated = draft_answers(session, case.id)["acts"]["acts"]
    save(case, {"acts": {"acts": stated | {"RETAIL": stated["GEN"]}}})
    save(case, {"business": {"licences": ["GEN"], "starts_on": "2027-04-01", "area": None}})
    send(case, Stage.MAIN)
    given: dict[str, Any] = {"member_on": ACT_ON, "member_on_reason": "", "roster_no": 7}
    run(review.check, case.id, seen_version=case.version, actor=case.first, now=NOW, **given)
    _approve(case)
    assert db.session.scalars(select(LicenceHeld.category)).all() == [Licence.GEN]


def test_the_administrator_is_invited_without_a_password(make: Factory) -> None:
    case = approved(make)
    user = db.session.scalars(select(User).where(User.email_key == "admin1@aozora.example.jp")).one()
    assert (user.state, user.password_hash, user.kind) == (UserState.INVITED, None, UserKind.MEMBER)
    role = db.session.scalars(select(Affiliation).where(Affiliation.user_id == user.id)).one()
    assert (role.role, role.member_id) == (Role.ADMINISTRATOR, case.row().member_id)
    mail = db.session.scalars(select(OutboxMail).where(OutboxMail.template == "account/invited")).one()
    assert (mail.to_address, mail.user_id) == (user.email, user.id)
    assert set(mail.params) == {"company", "name"}


def test_a_person_who_serves_another_company_keeps_the_one_sign_in(make: Factory) -> None:
    user, other = make.user(email="Admin1@aozora.example.jp"), make.member()
    make.affiliate(user, other)
    case = checked(make, administrator={"administrator_email": "ADMIN1@aozora.example.jp"})
    _approve(case)
    assert _count(User) == 3
    assert db.session.scalars(select(OutboxMail.template).where(OutboxMail.user_id == user.id)).all() == [
        "account/affiliated"
    ]


def test_the_decision_says_how_the_day_was_settled(make: Factory) -> None:
    case = checked(make, act_on=date(2026, 11, 1), reason="仮申請の日とする")
    _approve(case)
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.tag == "application.approved")).one()
    detail = db.session.get(AuditDetail, event.id)
    assert detail is not None
    assert detail.payload is not None
    assert detail.payload["by_law"] is False
    assert detail.payload["checked_by_id"] == case.operator.id
    assert detail.payload["member_on"] == "2026-11-23"
    decision = db.session.scalars(select(Decision).where(Decision.step == "approve")).one()
    assert decision.turn is Turn.SECOND


def test_the_applicants_sessions_end(make: Factory) -> None:
    case = checked(make)
    _approve(case)
    assert db.session.scalars(select(SessionRow.ended_at).where(SessionRow.application_id == case.id)).all() == [NOW]


def test_relations_are_entered_from_the_day_of_membership(make: Factory) -> None:
    parent = {
        "relation": "PARENT",
        "name": "大親ホールディングス株式会社",
        "corporate_number": corporate_number(42),
        "is_member": "NO",
        "controlling": True,
        "basis": "MAJORITY",
        "holding": "DIRECT",
        "ratio_bp": 5500,
        "acquired_on": None,
        "ended_on": None,
    }
    by_name = parent | {"name": "名前だけの会社", "corporate_number": None, "controlling": False, "ratio_bp": 1000}
    child = parent | {"relation": "SUBSIDIARY", "name": "子会社合同会社", "corporate_number": corporate_number(43)}
    case = checked(make, relations={"rows": [parent, by_name, child]})
    _approve(case)
    facts = db.session.scalars(select(ControlFact).order_by(ControlFact.relation_no)).all()
    bodies = {body.id: body.name for body in db.session.scalars(select(Body))}
    own = "青空電力1株式会社"
    assert [
        (bodies[fact.child_body_id], bodies.get(fact.parent_body_id or 0), fact.parent_name, fact.controlling)
        for fact in facts
    ] == [
        (own, "大親ホールディングス株式会社", None, True),
        (own, None, "名前だけの会社", False),
        ("子会社合同会社", own, None, True),
    ]
    assert {fact.effective_on for fact in facts} == {ACT_ON}


def _parent(number: str) -> dict[str, Any]:
    row = {"relation": "PARENT", "name": "親", "corporate_number": number, "controlling": True, "basis": "MAJORITY"}
    return row | {"holding": "DIRECT", "ratio_bp": 6000, "acquired_on": None, "ended_on": None}


def test_two_controlling_parents_are_refused(make: Factory) -> None:
    rows = [_parent(corporate_number(42)), _parent(corporate_number(43))]
    case = checked(make, relations={"rows": rows})
    with refused("two_parents"):
        _approve(case)


def test_a_ring_of_parents_is_refused(make: Factory) -> None:
    number = corporate_number(42)
    child = _parent(number) | {"relation": "SUBSIDIARY"}
    case = checked(make, relations={"rows": [child, _parent(number)]})
    with refused("control_cycle"):
        _approve(case)


def test_a_relation_declared_by_both_companies_is_entered_once(make: Factory) -> None:
    first = approved(make, act_on=date(2026, 11, 23), relations={"rows": [_parent(corporate_number(500_002))]})
    number = first.row().corporate_number
    child = _parent(number or "") | {"relation": "SUBSIDIARY"}
    second = main_submitted_as(make, corporate_number(500_002), rows=[child])
    _approve(second)
    assert _count(ControlFact) == 1


def main_submitted_as(make: Factory, number: str, *, rows: list[dict[str, Any]]) -> Case:
    """A checked application of the company with this corporate number."""
    return checked(make, company={"corporate_number": number}, relations={"rows": rows})


def test_what_was_not_checked_is_not_approved(make: Factory) -> None:
    case = main_submitted(make)
    with refused("not_checked"):
        _approve(case)


def test_the_first_person_cannot_be_the_second(make: Factory) -> None:
    case = main_submitted(make)
    both = case.make.actor(case.approver, Role.OPERATOR, Role.APPROVER)
    run(
        review.check,
        case.id,
        member_on=ACT_ON,
        member_on_reason="",
        roster_no=3,
        seen_version=case.version,
        actor=both,
        now=NOW,
    )
    with refused("second_person"):
        _approve(case, actor=both)


def test_who_keyed_a_paper_application_in_cannot_approve_it(make: Factory) -> None:
    case = checked(make)
    with unit_of_work() as session:
        keyed = session.get(Application, case.id)
        assert keyed is not None
        keyed.channel, keyed.entered_by_id = Channel.PAPER, case.approver.id
    with refused("second_person"):
        _approve(case)


def test_another_screen_than_the_present_one_is_refused(make: Factory) -> None:
    case = checked(make)
    seen = case.version
    run(review.hold, case.id, reason="照会", seen_version=seen, actor=case.first, now=NOW)
    run(review.resume, case.id, seen_version=seen + 1, actor=case.first, now=NOW)
    with refused("stale"):
        _approve(case, seen_version=seen)


def test_conditions_are_asked_again_under_the_lock(make: Factory) -> None:
    case = checked(make)
    taken = make.member()
    with unit_of_work() as session:
        other = session.get(Application, case.id)
        assert other is not None
        other.roster_no = int(taken.operator_code)
    with refused("roster_taken"):
        _approve(case)


def test_a_company_that_is_a_member_is_not_admitted_twice(make: Factory) -> None:
    make.member()
    case = checked(make, company={"corporate_number": corporate_number(1)})
    with refused("already_member"):
        _approve(case)


def test_staff_cannot_become_the_administrator(make: Factory) -> None:
    make.staff(Role.OPERATOR, email="desk@occto.example.jp")
    case = checked(make, administrator={"administrator_email": "Desk@occto.example.jp"})
    with refused("staff_address"):
        _approve(case)


@pytest.mark.parametrize("state", [UserState.STOPPED, UserState.CLOSED])
def test_a_stopped_person_cannot_become_the_administrator(make: Factory, state: UserState) -> None:
    make.user(email="gone@aozora.example.jp", state=state)
    case = checked(make, administrator={"administrator_email": "gone@aozora.example.jp"})
    with refused("user_stopped"):
        _approve(case)


def _at_once(app: Flask, *acts: Any) -> list[Any]:
    """Run all acts at the same time, each in a thread with a context of its own; results and refusals in order."""
    ready = Barrier(len(acts))

    def one(act: Any) -> Any:
        with app.app_context():
            ready.wait()
            try:
                return act()
            except Refusal as refusal:
                return refusal.code
            finally:
                db.session.remove()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))


@pytest.mark.races
def test_sixteen_approve_one_application(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    case = checked(make)
    people = [make.actor(make.staff(Role.APPROVER), Role.APPROVER) for _ in range(THREADS)]
    seen = case.version
    db.session.remove()
    results = _at_once(
        fresh_app,
        *(
            lambda actor=actor: run(approval.approve, case.id, seen_version=seen, actor=actor, now=NOW)
            for actor in people
        ),
    )
    won = [result for result in results if isinstance(result, int)]
    assert len(won) == 1
    assert sorted(map(str, results))[1:] == ["stale"] * (THREADS - 1)
    assert [_count(table) for table in (Member, RegisterChange, LicenceHeld, LicenceFact, RosterFact)] == [1] * 5
    assert _count(ProfileFact) == len(set(db.session.scalars(select(ProfileFact.item))))
    approvals = select(func.count()).select_from(Decision).where(Decision.step == "approve")
    assert db.session.scalar(approvals) == 1
    assert db.session.scalar(select(func.count()).where(AuditEvent.tag == "application.approved")) == 1


@pytest.mark.races
def test_two_staff_decide_at_once(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    for _ in range(4):
        case = submitted(make)
        seen = case.version
        db.session.remove()
        outcomes = _at_once(
            fresh_app,
            lambda case=case, seen=seen: run(review.accept, case.id, seen_version=seen, actor=case.first, now=NOW),
            lambda case=case, seen=seen: run(
                review.give_back,
                case.id,
                reason="不足",
                remarks={"files": "不足"},
                seen_version=seen,
                actor=case.second,
                now=NOW,
            ),
        )
        assert sorted(outcomes, key=str) == [None, "stale"]
        row = case.row()
        assert row.version == seen + 1
        assert row.state is (S.ACCEPTED if outcomes[0] is None else S.RETURNED)


@pytest.mark.races
def test_numbers_have_no_gaps_and_no_doubles(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    cases = [filled(make) for _ in range(THREADS)]
    seen = {case.id: digest_of(case, Stage.PROVISIONAL) for case in cases}
    refused_one = filled(make, outline=None)
    seen[refused_one.id] = digest_of(refused_one, Stage.PROVISIONAL)
    db.session.remove()
    results = _at_once(
        fresh_app,
        *(
            lambda case=case: run(submission.submit, case.id, seen_digest=seen[case.id], actor=case.applicant, now=NOW)
            for case in (*cases, refused_one)
        ),
    )
    assert results[-1] == "incomplete"
    numbers = sorted(result.number for result in results[:-1])
    assert [int(number.split("-")[2]) for number in numbers] == list(range(1, THREADS + 1))


def test_membership_that_begins_later_shows_as_to_come(make: Factory) -> None:
    case = in_state(make, S.APPROVED)
    member = db.session.get(Member, case.row().member_id)
    assert member is not None
    with unit_of_work() as session:
        assert register.refresh_current(session, [member.id], today=ACT_ON - timedelta(days=1)) == 0
        assert register.refresh_current(session, [member.id], today=ACT_ON) == 1
    again = db.session.get(Member, member.id)
    assert again is not None
    assert (again.current_state, again.current_licences) == (MemberState.MEMBER, "GEN")
