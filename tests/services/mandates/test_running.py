"""A mandate in force: changed, ended by the member or the office; its persons, its sessions, acts that meet its end."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from occto.domain.actor import Actor
from occto.domain.codes import MandateState, Procedure, UserKind, UserState
from occto.domain.mandates import MandateSide, Nominee
from occto.domain.permissions import MEMBER_ROLES, Role
from occto.extensions import db
from occto.models import Affiliation, AuditEvent, Contractor, Mandate, MandatePerson, User
from occto.queries import register as reads
from occto.services import audit
from occto.services.changes import immediate
from occto.services.mandates import persons, running
from occto.unit_of_work import run, unit_of_work
from tests.clients import Browser
from tests.factories import NOW, Factory
from tests.mandating import (
    HANAKO,
    TARO,
    TODAY,
    YEAR,
    Party,
    Servant,
    mails,
    open_sessions,
    party,
    person,
    row,
    servant,
    start,
    state,
    terms,
)
from tests.observing import refused

P = Procedure


def _change(own: Party, mandate_id: int, **changes: Any) -> bool:
    values = {"terms": terms(), "affirmed": False, "seen_version": 1, "actor": own.actor, "now": NOW}
    return run(running.change, mandate_id, **(values | changes))


def _end(own: Party, mandate_id: int, **changes: Any) -> int:
    return run(running.end, mandate_id, **({"reason": None, "actor": own.actor, "now": NOW} | changes))


def _home(browser: Browser) -> int:
    return browser.get("/home", follow=False).status_code


def test_widening_needs_the_affirmation_anew_and_narrowing_does_not(make: Factory) -> None:
    own = party(make)
    mandate_id = start(own, terms(P.VIEW, P.CHANGES))
    for wider in (
        terms(P.VIEW, P.CHANGES, P.USERS),
        terms(P.VIEW, P.CHANGES, persons=(HANAKO, TARO)),
        terms(P.VIEW, P.CHANGES, ends_on=YEAR + timedelta(days=1)),
        terms(P.VIEW, P.CHANGES, starts_on=TODAY - timedelta(days=1)),
    ):
        with refused("affirmation_missing", field="affirmed"):
            _change(own, mandate_id, terms=wider)
    assert _change(own, mandate_id, terms=terms(P.VIEW))
    assert _change(own, mandate_id, terms=terms(P.USERS, persons=(HANAKO, TARO)), affirmed=True, seen_version=2)
    found = row(mandate_id)
    assert (found.version, found.accepted_by_id) == (3, own.user.id)
    assert person(TARO.email) is not None
    assert len(mails("mandates/changed")) == 2 + 3  # both sides, then one person more
    clauses = select(AuditEvent.clause).where(AuditEvent.tag == "mandate.changed").order_by(AuditEvent.id)
    assert db.session.scalars(clauses).all() == [None, "2.3.1"]


def test_the_same_again_changes_nothing(make: Factory) -> None:
    own = party(make)
    mandate_id = start(own)
    assert _change(own, mandate_id) is False
    assert row(mandate_id).version == 1


@pytest.mark.parametrize("role", [role for role in MEMBER_ROLES if role is not Role.ADMINISTRATOR])
def test_nobody_but_the_administrator_changes_or_ends(make: Factory, role: Role) -> None:
    own = party(make)
    mandate_id, actor = start(own), own.acting_as(role)
    with refused("not_allowed"):
        _change(own, mandate_id, terms=terms(P.USERS), affirmed=True, actor=actor)
    with refused("not_allowed"):
        _end(own, mandate_id, actor=actor)


def test_nobody_acts_on_the_mandates_of_another_member(make: Factory) -> None:
    own, other = party(make), party(make)
    mandate_id = start(own)
    with refused("not_found"):
        _change(other, mandate_id, terms=terms(P.USERS), affirmed=True)
    with refused("not_found"):
        _end(other, mandate_id)


def test_a_contractor_neither_widens_nor_ends_its_own_mandate(make: Factory) -> None:
    own, other = party(make), servant(make)
    held = make.mandate(own.member, other.contractor, other.user, procedures=tuple(P))
    for actor in (other.under(held, *P), other.actor):
        with refused("not_allowed"):
            _change(own, held.id, terms=terms(*P), affirmed=True, actor=actor)
        with refused("not_allowed"):
            _end(own, held.id, actor=actor)


def test_a_stale_form_changes_nothing(make: Factory) -> None:
    own = party(make)
    mandate_id = start(own, terms(P.VIEW, P.USERS))
    _change(own, mandate_id, terms=terms(P.VIEW))
    with refused("stale"):
        _change(own, mandate_id, terms=terms(P.VIEW, P.USERS), affirmed=True, seen_version=1)


def test_what_is_over_is_not_stretched(make: Factory) -> None:
    own = party(make)
    mandate_id = start(own, terms(ends_on=TODAY + timedelta(days=1)))
    with refused("over_already"):
        _change(own, mandate_id, affirmed=True, now=NOW + timedelta(days=1))


def _served(make: Factory, *procedures: Procedure) -> tuple[Party, Servant, Mandate]:
    own, other = party(make), servant(make)
    return own, other, make.mandate(own.member, other.contractor, other.user, procedures=procedures or (P.VIEW,))


def test_whoever_is_taken_out_is_out_at_the_next_request_and_nobody_else(make: Factory) -> None:
    own, other, held = _served(make)
    second = make.user(kind=UserKind.CONTRACTOR, totp=False, email="second@c.example.jp")
    with unit_of_work() as session:
        session.add(
            Affiliation(user_id=second.id, contractor_id=other.contractor.id, role=Role.CONTRACTOR, started_at=NOW)
        )
        session.add(MandatePerson(mandate_id=held.id, user_id=second.id))
    stays, leaves = make.signed_in(other.user, mandate=held), make.signed_in(second, mandate=held)
    assert (_home(stays), _home(leaves)) == (200, 200)
    kept = terms(P.VIEW, persons=(Nominee(other.user.name, other.user.email),), starts_on=held.starts_on, ends_on=None)
    _change(own, held.id, terms=kept)
    assert (_home(stays), _home(leaves)) == (200, 303)


def test_a_procedure_taken_away_is_gone_at_the_next_request(make: Factory) -> None:
    own, other, held = _served(make, P.VIEW, P.CHANGES)
    browser = make.signed_in(other.user, mandate=held)
    assert browser.get("/changes/new").status_code == 200
    named = (Nominee(other.user.name, other.user.email),)
    _change(own, held.id, terms=terms(P.VIEW, persons=named, starts_on=held.starts_on, ends_on=None))
    assert browser.get("/changes/new").status_code == 403
    assert browser.get("/changes/").status_code == 200


def test_one_click_ends_the_mandate_and_its_sessions_and_no_others(make: Factory) -> None:
    own, other, held = _served(make)
    elsewhere = party(make)
    second = make.mandate(elsewhere.member, other.contractor, other.user)
    here, there, administrator = (
        make.signed_in(other.user, mandate=held),
        make.signed_in(other.user, mandate=second),
        make.signed_in(own.user, member=own.member),
    )
    assert [_home(one) for one in (here, there, administrator)] == [200, 200, 200]
    assert _end(own, held.id, reason="契約の終了") == 1
    found = row(held.id)
    assert (found.state, found.closed_side, found.close_reason, found.ended_by_id) == (
        MandateState.ENDED,
        MandateSide.MEMBER,
        "契約の終了",
        own.user.id,
    )
    assert (open_sessions(held.id), open_sessions(second.id)) == (0, 1)
    assert [_home(one) for one in (here, there, administrator)] == [303, 200, 200]
    assert set(mails("mandates/ended")) == {own.user.email, other.user.email}
    with refused("illegal_step"):
        _end(own, held.id)


def test_the_office_ends_with_a_reason_and_its_clause(make: Factory) -> None:
    own, other, held = _served(make)
    staff = make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)
    browser = make.signed_in(other.user, mandate=held)
    with refused("reason_missing", field="reason"):
        run(running.end_by_office, held.id, reason=" ", actor=staff, now=NOW)
    with refused("reason_too_long", field="reason"):
        run(running.end_by_office, held.id, reason="長" * 501, actor=staff, now=NOW)
    with refused("not_allowed"):
        run(running.end_by_office, held.id, reason="調査", actor=own.actor, now=NOW)
    run(running.end_by_office, held.id, reason="不正な利用の疑い", actor=staff, now=NOW)
    found = row(held.id)
    assert (found.end_clause, found.closed_side) == ("3.3/3.4.4", MandateSide.OFFICE)
    assert _home(browser) == 303


def test_the_office_ends_on_the_members_paper(make: Factory) -> None:
    _own, _other, held = _served(make)
    staff = make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)
    system = make.actor(make.staff(Role.SYSTEM), Role.SYSTEM)
    values: dict[str, Any] = {"received_on": TODAY, "reason": "解約届", "actor": staff, "now": NOW}
    with refused("received_later", field="received_on"):
        run(running.end_on_paper, held.id, **(values | {"received_on": TODAY + timedelta(days=1)}))
    with refused("not_allowed"):
        run(running.end_on_paper, held.id, **(values | {"actor": system}))
    run(running.end_on_paper, held.id, **values)
    found = row(held.id)
    assert (found.state, found.closed_side, found.end_clause) == (MandateState.ENDED, MandateSide.MEMBER, None)
    assert found.close_reason == "2026年11月23日に受け付けた書面：解約届"


@pytest.mark.parametrize(
    "change",
    [
        lambda held, _user, _at: setattr(held, "starts_on", TODAY + timedelta(days=999)),
        lambda held, _user, _at: setattr(held, "ends_on", held.starts_on + timedelta(days=1)),
        lambda held, _user, _at: (setattr(held, "state", MandateState.DECLINED), setattr(held, "accepted_at", None)),
        lambda held, _user, _at: setattr(held, "state", MandateState.PROPOSED),
        lambda _held, user, _at: setattr(user, "state", UserState.STOPPED),
        lambda _held, _user, at: setattr(at, "ended_at", NOW),
        lambda _held, _user, at: (setattr(at, "stopped_at", NOW), setattr(at, "stop_reason", "調査")),
    ],
    ids=["not yet begun", "over", "declined", "proposed", "user stopped", "affiliation ended", "affiliation stopped"],
)
def test_who_is_out(make: Factory, change: Any) -> None:
    _own, other, held = _served(make, *P)
    browser = make.signed_in(other.user, mandate=held)
    assert _home(browser) == 200
    with unit_of_work() as session:
        there = session.scalars(select(Affiliation).where(Affiliation.user_id == other.user.id)).one()
        change(session.get(Mandate, held.id), session.get(User, other.user.id), there)
    for page in ("/home", "/member", "/changes/"):
        assert browser.get(page, follow=False).status_code in {303, 403}, page


def test_a_person_that_is_not_named_is_out(make: Factory) -> None:
    _own, other, held = _served(make)
    colleague = make.user(kind=UserKind.CONTRACTOR, totp=False)
    with unit_of_work() as session:
        session.add(
            Affiliation(user_id=colleague.id, contractor_id=other.contractor.id, role=Role.CONTRACTOR, started_at=NOW)
        )
    browser = make.signed_in(colleague, mandate=held)
    assert _home(browser) == 303
    browser.get("/account/password")
    key = f"{held.member_id}.{held.id}"
    assert browser.post("/login/company", {"company": key}).status_code == 404


def test_who_left_the_contractor_does_not_come_back_with_the_next_change(make: Factory) -> None:
    """A form filled in before the person left names it still: that is a new acceptance, not the same again."""
    own, other, held = _served(make, P.VIEW, P.USERS)
    named = (Nominee(other.user.name, other.user.email), HANAKO)
    with unit_of_work() as session:
        session.scalars(select(Affiliation).where(Affiliation.user_id == other.user.id)).one().ended_at = NOW
    narrower = terms(P.VIEW, persons=named[:1], starts_on=held.starts_on, ends_on=None)
    with refused("affirmation_missing"):
        _change(own, held.id, terms=narrower)


def test_whoever_is_stopped_for_a_while_stays_named(make: Factory) -> None:
    own, other, held = _served(make, P.VIEW, P.USERS)
    with unit_of_work() as session:
        user = session.get(User, other.user.id)
        assert user is not None
        user.state = UserState.STOPPED
    named = (Nominee(other.user.name, other.user.email),)
    assert _change(own, held.id, terms=terms(P.VIEW, persons=named, starts_on=held.starts_on, ends_on=None))
    assert mails("mandates/changed") == [own.user.email]


def test_whoever_is_taken_out_is_told(make: Factory) -> None:
    own, other, held = _served(make)
    _change(own, held.id, terms=terms(persons=(HANAKO,), starts_on=held.starts_on, ends_on=None), affirmed=True)
    assert set(mails("mandates/changed")) == {own.user.email, other.user.email, HANAKO.email}


def test_a_person_leaves_the_contractor(make: Factory) -> None:
    _own, other, held = _served(make)
    elsewhere = party(make)
    make.affiliate(other.user, elsewhere.member, Role.VIEWER)
    staff = make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)
    served, own = make.signed_in(other.user, mandate=held), make.signed_in(other.user, member=elsewhere.member)
    values: dict[str, Any] = {"user_id": other.user.id, "reason": "退職", "actor": staff, "now": NOW}
    with refused("reason_missing"):
        run(persons.end_affiliation, other.contractor.id, **(values | {"reason": ""}))
    with refused("not_allowed"):
        run(persons.end_affiliation, other.contractor.id, **(values | {"actor": elsewhere.actor}))
    with refused("not_found"):
        run(persons.end_affiliation, other.contractor.id, **(values | {"user_id": elsewhere.user.id}))
    assert run(persons.end_affiliation, other.contractor.id, **values) == 1
    assert (_home(served), _home(own)) == (303, 200)


def test_a_contractor_is_renamed_by_staff(make: Factory) -> None:
    own, other, _held = _served(make)
    staff = make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)
    values: dict[str, Any] = {"name": "新受託株式会社", "reason": "登記", "actor": staff, "now": NOW}
    for changes, code in (
        ({"name": " "}, "name_missing"),
        ({"reason": " "}, "reason_missing"),
        ({"actor": own.actor}, "not_allowed"),
    ):
        with refused(code):
            run(persons.rename_contractor, other.contractor.id, **(values | changes))
    with refused("not_found"):
        run(persons.rename_contractor, 999, **values)
    run(persons.rename_contractor, other.contractor.id, **values)
    found = db.session.get(Contractor, other.contractor.id)
    assert found is not None
    assert found.name == "新受託株式会社"


def _acted(actor: Actor, member_id: int) -> list[str]:
    db.session.expunge_all()
    seen = reads.newest_change(db.session())
    db.session.rollback()
    return run(immediate.change_at_once, member_id, values={"fiscal_month": 9}, seen_change=seen, actor=actor, now=NOW)


def test_an_act_that_began_before_the_end_is_not_recorded_after_it(make: Factory) -> None:
    own, other, held = _served(make, P.CHANGES)
    actor = other.under(held, P.CHANGES)  # as the request was let in
    assert _acted(actor, own.member.id) == ["fiscal_month"]
    _end(own, held.id)
    with refused("mandate_over"):
        run(
            immediate.change_at_once,
            own.member.id,
            values={"fiscal_month": 3},
            seen_change=reads.newest_change(db.session()),
            actor=actor,
            now=NOW,
        )


def test_an_act_that_began_before_a_narrowing_is_not_recorded_after_it(make: Factory) -> None:
    own, other, held = _served(make, P.VIEW, P.CHANGES)
    actor = other.under(held, P.VIEW, P.CHANGES)
    named = (Nominee(other.user.name, other.user.email),)
    _change(own, held.id, terms=terms(P.VIEW, persons=named, starts_on=held.starts_on, ends_on=None))
    with refused("mandate_over"):
        _acted(actor, own.member.id)


def test_every_act_carries_its_mandate_and_leaving_is_always_possible(make: Factory) -> None:
    own, other, held = _served(make, P.CHANGES)
    actor = other.under(held, P.CHANGES)
    _acted(actor, own.member.id)
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.tag == "member.changed")).one()
    assert (event.actor_id, event.member_id, event.mandate_id) == (other.user.id, own.member.id, held.id)
    _end(own, held.id)
    with unit_of_work() as session:
        audit.record(session, "session.ended", subject="SESSION:1", actor=actor, now=NOW)
    assert state(held.id) is MandateState.ENDED
