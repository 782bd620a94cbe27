"""How a mandate begins: by the member, on paper, or by a proposal that the member accepts."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from occto.domain.codes import MandateState, Procedure, UserKind, UserState
from occto.domain.mandates import MandateSide, Nominee
from occto.domain.permissions import MEMBER_ROLES, Role
from occto.extensions import db
from occto.models import (
    Affiliation,
    AuditDetail,
    AuditEvent,
    Body,
    ContractOfUse,
    Contractor,
    Mandate,
    MandateNominee,
    MandatePerson,
    OutboxMail,
    User,
)
from occto.queries.people import mandated_to
from occto.services.mandates import answering
from occto.unit_of_work import run, unit_of_work
from tests.factories import NOW, Factory
from tests.mandating import (
    HANAKO,
    NAME,
    NUMBER,
    TARO,
    TODAY,
    Party,
    Servant,
    mails,
    party,
    person,
    propose,
    row,
    servant,
    start,
    state,
    terms,
)
from tests.observing import everything, refused

P = Procedure


def _detail(tag: str) -> dict[str, Any]:
    db.session.rollback()
    found = db.session.execute(
        select(AuditEvent, AuditDetail.payload)
        .join(AuditDetail, AuditDetail.event_id == AuditEvent.id)
        .where(AuditEvent.tag == tag)
        .order_by(AuditEvent.id.desc())
        .limit(1)
    ).one()
    return {"actor": found[0].actor_id, "clause": found[0].clause, **found[1]}


def test_the_administrator_starts_a_mandate_and_the_persons_get_an_id(make: Factory) -> None:
    own = party(make)
    mandate_id = start(own, terms(P.VIEW, P.CHANGES, persons=(HANAKO, TARO)))
    found = row(mandate_id)
    assert (found.state, found.proposed_side, found.accepted_by_id) == (
        MandateState.ACTIVE,
        MandateSide.MEMBER,
        own.user.id,
    )
    contractor = db.session.scalars(select(Contractor)).one()
    assert (contractor.name, contractor.corporate_number) == (NAME, NUMBER)
    for nominee in (HANAKO, TARO):
        user = person(nominee.email)
        assert user is not None
        assert (user.kind, user.state, user.name, user.email) == (
            UserKind.CONTRACTOR,
            UserState.INVITED,
            nominee.name,
            nominee.email,
        )
        there = db.session.scalars(select(Affiliation).where(Affiliation.user_id == user.id)).one()
        assert (there.contractor_id, there.member_id, there.role) == (contractor.id, None, Role.CONTRACTOR)
        assert [place.member_id for place in mandated_to(db.session(), user.id, today=TODAY)] == [own.member.id]
    assert mails("mandates/invited") == [HANAKO.email, TARO.email]
    assert set(mails("mandates/accepted")) == {own.user.email, HANAKO.email, TARO.email}
    detail = _detail("mandate.accepted")
    assert detail["clause"] == "2.3.1"
    assert detail["terms_no"] == 1
    assert detail["procedures"] == ["VIEW", "CHANGES"]
    assert detail["persons"] == [HANAKO.email, TARO.email]


def test_a_known_address_is_the_same_person(make: Factory) -> None:
    own, known = party(make), make.user(email="hanako@contractor.example.jp", name="受川 花子")
    start(own)
    assert db.session.query(User).filter_by(email_key=known.email_key).count() == 1
    assert mails("mandates/named") == [known.email]
    assert mails("mandates/invited") == []
    other = party(make)
    start(other)
    assert db.session.query(Affiliation).filter_by(user_id=known.id).count() == 1
    assert db.session.query(Contractor).count() == 1


@pytest.mark.parametrize("role", [role for role in MEMBER_ROLES if role is not Role.ADMINISTRATOR])
def test_nobody_but_the_administrator_starts_accepts_or_declines(make: Factory, role: Role) -> None:
    own, other = party(make), servant(make)
    actor = own.acting_as(role)
    with refused("not_allowed"):
        start(own, actor=actor)
    proposal = propose(other, own)
    with refused("not_allowed"):
        run(answering.accept, proposal, seen_version=1, affirmed=True, actor=actor, now=NOW)
    with refused("not_allowed"):
        run(answering.decline, proposal, seen_version=1, reason=None, actor=actor, now=NOW)


def test_no_contractor_accepts_for_the_member_under_any_mandate(make: Factory) -> None:
    own, mine, other = party(make), servant(make), servant(make)
    held = make.mandate(own.member, mine.contractor, mine.user, procedures=tuple(P))
    proposal = propose(other, own)
    for actor in (mine.under(held, *P), other.actor, mine.actor):
        with refused("not_allowed"):
            run(answering.accept, proposal, seen_version=1, affirmed=True, actor=actor, now=NOW)
        with refused("not_allowed"):
            start(own, actor=actor)


def test_staff_accept_nothing(make: Factory) -> None:
    own, other = party(make), servant(make)
    proposal = propose(other, own)
    for role in (Role.OPERATOR, Role.APPROVER, Role.SYSTEM):
        actor = make.actor(make.staff(role), role, member=own.member)
        with refused("not_allowed"):
            run(answering.accept, proposal, seen_version=1, affirmed=True, actor=actor, now=NOW)


def test_without_the_affirmation_nothing_begins(make: Factory) -> None:
    own, other = party(make), servant(make)
    with refused("affirmation_missing", field="affirmed"):
        start(own, affirmed=False)
    proposal = propose(other, own)
    with refused("affirmation_missing", field="affirmed"):
        run(answering.accept, proposal, seen_version=1, affirmed=False, actor=own.actor, now=NOW)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"given": terms(persons=())}, "no_person"),
        ({"given": terms(ends_on=TODAY)}, "ends_before_start"),
        ({"given": terms(starts_on=TODAY - timedelta(days=5), ends_on=TODAY)}, "over_already"),
    ],
)
def test_terms_are_checked_under_the_lock(make: Factory, changes: dict[str, Any], code: str) -> None:
    own, other = party(make), servant(make)
    with refused(code):
        start(own, **changes)
    with refused(code):
        propose(other, own, **changes)


def test_a_member_is_not_its_own_contractor(make: Factory) -> None:
    own = party(make)
    number = db.session.scalar(select(Body.corporate_number).where(Body.id == own.member.body_id))
    db.session.rollback()
    with refused("own_company", field="corporate_number"):
        start(own, corporate_number=number)


def test_one_number_is_one_contractor_with_one_name(make: Factory) -> None:
    own, other = party(make), party(make)
    start(own)
    with refused("contractor_name_differs", field="contractor_name"):
        start(other, contractor_name="別の名前株式会社")
    start(other, contractor_name="みなと受託 株式会社".replace(" ", ""))


def test_there_is_one_mandate_in_force_of_a_pair(make: Factory) -> None:
    own = party(make)
    first = start(own)
    with refused("already_active", field="corporate_number"):
        start(own, terms(P.USERS))
    assert state(first) is MandateState.ACTIVE


def test_one_that_is_over_makes_room(make: Factory) -> None:
    own = party(make)
    first = start(own, terms(ends_on=TODAY + timedelta(days=1)))
    second = start(own, now=NOW + timedelta(days=1))
    assert (state(first), row(first).closed_side) == (MandateState.ENDED, MandateSide.PERIOD)
    assert state(second) is MandateState.ACTIVE


def test_a_proposal_is_answered_before_another_begins(make: Factory) -> None:
    own, other = party(make), servant(make)
    propose(other, own)
    number = other.contractor.corporate_number
    with refused("already_proposed", field="corporate_number"):
        start(own, contractor_name=other.contractor.name, corporate_number=number)
    with refused("already_proposed", field="member_key"):
        propose(other, own)


def test_no_staff_and_nobody_stopped_is_named(make: Factory) -> None:
    own = party(make)
    staff = make.staff(Role.OPERATOR, email="staff@occto.example.jp")
    stopped = make.user(email="stopped@x.example.jp", state=UserState.STOPPED)
    for user, code in ((staff, "staff_address"), (stopped, "person_stopped")):
        with refused(code, field="persons"):
            start(own, terms(persons=(HANAKO, Nominee("人", user.email))))
    held = servant(make)
    with unit_of_work() as session:
        there = session.scalars(select(Affiliation).where(Affiliation.user_id == held.user.id)).one()
        there.stopped_at, there.stop_reason = NOW, "調査"
    with refused("person_stopped", field="persons"):
        start(
            own,
            terms(persons=(Nominee("人", held.user.email),)),
            contractor_name=held.contractor.name,
            corporate_number=held.contractor.corporate_number,
        )


def test_a_proposal_gives_nobody_an_id_before_it_is_accepted(make: Factory) -> None:
    own, other = party(make), servant(make)
    proposal = propose(other, own, terms(P.CHANGES, persons=(HANAKO,)))
    assert state(proposal) is MandateState.PROPOSED
    assert person(HANAKO.email) is None
    assert set(mails("mandates/proposed")) == {own.user.email, other.user.email}
    run(answering.accept, proposal, seen_version=1, affirmed=True, actor=own.actor, now=NOW)
    found = row(proposal)
    assert (found.state, found.accepted_by_id, found.version) == (MandateState.ACTIVE, own.user.id, 2)
    made = person(HANAKO.email)
    assert made is not None
    assert [place.procedures for place in mandated_to(db.session(), made.id, today=TODAY)] == [(P.CHANGES,)]
    assert mandated_to(db.session(), other.user.id, today=TODAY) == []  # who proposes is not named by that
    assert mails("mandates/invited") == [HANAKO.email]


def test_a_proposal_is_declined_or_withdrawn(make: Factory) -> None:
    own, other = party(make), servant(make)
    first = propose(other, own)
    run(answering.decline, first, seen_version=1, reason=" 自社で行います ", actor=own.actor, now=NOW)
    found = row(first)
    assert (found.state, found.closed_side, found.close_reason) == (
        MandateState.DECLINED,
        MandateSide.MEMBER,
        "自社で行います",
    )
    second = propose(other, own)
    run(answering.withdraw, second, actor=other.actor, now=NOW)
    assert (state(second), row(second).closed_side) == (MandateState.DECLINED, MandateSide.CONTRACTOR)
    assert set(mails("mandates/declined")) == {own.user.email, other.user.email}
    assert person(HANAKO.email) is None
    for step in (first, second):
        with refused("illegal_step"):
            run(answering.accept, step, seen_version=2, affirmed=True, actor=own.actor, now=NOW)


def test_only_the_proposer_withdraws(make: Factory) -> None:
    own, other, stranger = party(make), servant(make), servant(make)
    proposal = propose(other, own)
    started = start(own)
    for actor, number in ((stranger.actor, proposal), (own.actor, proposal), (other.actor, started)):
        with refused("not_found"):
            run(answering.withdraw, number, actor=actor, now=NOW)


def test_what_was_accepted_is_what_was_on_the_screen(make: Factory) -> None:
    own, other = party(make), servant(make)
    proposal = propose(other, own)
    with refused("stale"):
        run(answering.accept, proposal, seen_version=2, affirmed=True, actor=own.actor, now=NOW)


def test_a_proposal_whose_period_is_over_is_not_accepted(make: Factory) -> None:
    own, other = party(make), servant(make)
    proposal = propose(other, own, terms(ends_on=TODAY + timedelta(days=3)))
    with refused("over_already"):
        run(answering.accept, proposal, seen_version=1, affirmed=True, actor=own.actor, now=NOW + timedelta(days=3))


def test_a_member_answers_its_own_proposals_alone(make: Factory) -> None:
    own, stranger, other = party(make), party(make), servant(make)
    proposal = propose(other, own)
    for verb, values in ((answering.accept, {"affirmed": True}), (answering.decline, {"reason": None})):
        with refused("not_found"):
            run(verb, proposal, seen_version=1, actor=stranger.actor, now=NOW, **values)  # type: ignore[arg-type]


def _held(make: Factory) -> tuple[Party, Servant, Mandate]:
    own, other = party(make), servant(make)
    return own, other, make.mandate(own.member, other.contractor, other.user)


def test_an_accepted_proposal_replaces_the_mandate_in_force(make: Factory) -> None:
    own, other, old = _held(make)
    gone = make.user(kind=UserKind.CONTRACTOR, totp=False)
    with unit_of_work() as session:
        session.add(
            Affiliation(user_id=gone.id, contractor_id=other.contractor.id, role=Role.CONTRACTOR, started_at=NOW)
        )
        session.add(MandatePerson(mandate_id=old.id, user_id=gone.id))
    stays, leaves = make.signed_in(other.user, mandate=old), make.signed_in(gone, mandate=old)
    named = Nominee(other.user.name, other.user.email)
    proposal = propose(other, own, terms(P.CHANGES, persons=(named,)))
    assert stays.get("/changes/new", follow=False).status_code == 403
    run(answering.accept, proposal, seen_version=1, affirmed=True, actor=own.actor, now=NOW)
    assert (state(old.id), state(proposal)) == (MandateState.ENDED, MandateState.ACTIVE)
    assert stays.get("/changes/new", follow=False).status_code == 200
    assert leaves.get("/home", follow=False).status_code == 303


def test_a_proposal_in_place_of_one_in_force_begins_at_once(make: Factory) -> None:
    own, other, _old = _held(make)
    with refused("begins_later", field="starts_on"):
        propose(other, own, terms(starts_on=TODAY + timedelta(days=1)))


@pytest.mark.parametrize("key", ["99999", "1" * 13, "", "x"])
def test_a_member_that_there_is_not_gets_no_proposal(make: Factory, key: str) -> None:
    own, other = party(make), servant(make)
    with refused("member_unknown", field="member_key"):
        propose(other, own, member_key=key)


def test_a_member_is_found_by_its_corporate_number(make: Factory) -> None:
    own, other = party(make), servant(make)
    number = db.session.scalar(select(Body.corporate_number).where(Body.id == own.member.body_id))
    db.session.rollback()
    assert row(propose(other, own, member_key=number)).member_id == own.member.id


def test_a_member_without_a_contract_gets_no_proposal(make: Factory) -> None:
    own, other = party(make), servant(make)
    with unit_of_work() as session:
        contract = session.scalars(select(ContractOfUse)).one()
        contract.ended_at, contract.end_clause, contract.end_reason = NOW, "2.7.1", "申し出"
    with refused("member_unknown"):
        propose(other, own)


def test_only_the_own_people_of_a_contractor_propose(make: Factory) -> None:
    own, other, stranger = party(make), servant(make), servant(make)
    for actor in (stranger.actor, own.actor):
        with refused("not_allowed"):
            propose(other, own, actor=actor)
    with unit_of_work() as session:
        there = session.scalars(select(Affiliation).where(Affiliation.user_id == other.user.id)).one()
        there.ended_at = NOW
    with refused("not_allowed"):
        propose(other, own)


def test_nothing_of_a_proposal_is_kept_where_it_is_refused(make: Factory) -> None:
    own, other = party(make), servant(make)
    before = everything()
    with refused("member_unknown"):
        propose(other, own, member_key="00000")
    assert everything() == before
    assert db.session.query(MandateNominee).count() == db.session.query(OutboxMail).count() == 0
