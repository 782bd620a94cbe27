"""Role, stop, resumption, end and giving up: who may, what ends, what goes on."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from occto import clock
from occto.access import token_hash
from occto.domain.codes import LinkPurpose, UserState
from occto.domain.errors import Refusal
from occto.domain.permissions import GRANTED_BY_MEMBER, Role
from occto.models import Affiliation, User
from occto.services import links
from occto.services.users import standing
from occto.unit_of_work import run, unit_of_work
from tests.answers import mint_link
from tests.factories import NOW, Factory
from tests.managing import (
    Company,
    affiliations,
    company,
    contractor_of,
    invite,
    mails,
    office,
    open_sessions,
    status,
    tags,
    user,
)
from tests.observing import refused
from tests.racing import at_once


def act(at: Company, verb: Callable[..., Any], who: User | int, **values: Any) -> Any:
    """Call a verb of the company's 管理者, on what its page showed."""
    given = {"seen_version": None, "actor": at.actor, "now": NOW} | values
    return run(verb, at.member.id, who if isinstance(who, int) else who.id, **given)


def test_another_role_counts_at_the_next_request(make: Factory) -> None:
    at = company(make)
    person = at.person(Role.VIEWER)
    browser = at.browser(person)
    assert status(browser, "/changes/new") == 403
    assert act(at, standing.change_role, person, role=Role.APPLICATIONS) is True
    assert status(browser, "/changes/new") == 200
    assert act(at, standing.change_role, person, role=Role.APPLICATIONS) is False
    assert tags().count("user.role_changed") == 1


@pytest.mark.parametrize("role", [role for role in Role if role not in GRANTED_BY_MEMBER])
def test_no_other_role_is_given(make: Factory, role: Role) -> None:
    at = company(make)
    person = at.person()
    with refused("role_not_granted"):
        act(at, standing.change_role, person, role=role)


def test_the_role_of_an_administrator_is_not_changed(make: Factory) -> None:
    at = company(make)
    second = at.person(Role.ADMINISTRATOR)
    for actor in (at.actor, office(make)):
        with refused("administrator_role"):
            act(at, standing.change_role, second, role=Role.VIEWER, actor=actor)


VERBS: list[tuple[Callable[..., Any], dict[str, Any]]] = [
    (standing.change_role, {"role": Role.VIEWER}),
    (standing.stop, {"reason": "退職"}),
    (standing.resume, {}),
    (standing.remove, {}),
]


@pytest.mark.parametrize(("verb", "values"), VERBS)
def test_who_does_not_manage_changes_nothing(make: Factory, verb: Any, values: Any) -> None:
    at = company(make)
    person = at.person()
    colleague = make.actor(at.person(), Role.APPLICATIONS, member=at.member)
    for actor in (colleague, company(make).actor):
        with refused("not_allowed"):
            act(at, verb, person, actor=actor, **values)


@pytest.mark.parametrize(("verb", "values"), VERBS)
def test_persons_of_other_companies_are_not_there(make: Factory, verb: Any, values: Any) -> None:
    at, other = company(make), company(make)
    stranger, contractors = other.person(), contractor_of(at)[0]
    for who in (stranger.id, contractors.id, make.staff(Role.OPERATOR).id, 10**9):
        with refused("not_found"):
            act(at, verb, who, **values)


@pytest.mark.parametrize(("verb", "values"), VERBS)
def test_a_contractor_never_touches_an_administrator(make: Factory, verb: Any, values: Any) -> None:
    at = company(make)
    second, actor = at.person(Role.ADMINISTRATOR), contractor_of(at)[1]
    with refused("administrator_by_contractor"):
        act(at, verb, second, actor=actor, **values)


@pytest.mark.parametrize(("verb", "values"), VERBS)
def test_what_two_do_at_once_is_done_on_what_was_seen(make: Factory, verb: Any, values: Any) -> None:
    at = company(make)
    person = at.person()
    seen = at.seen(person)
    act(at, standing.change_role, person, role=Role.ASSEMBLY)
    with refused("stale"):
        act(at, verb, person, seen_version=seen, **values)


def test_a_stop_ends_the_sessions_here_and_no_others(make: Factory) -> None:
    at, other = company(make), company(make)
    person = at.person(Role.APPLICATIONS)
    make.affiliate(person, other.member, Role.VIEWER)
    contractor = make.contractor(person)
    third = company(make)
    mandate = make.mandate(third.member, contractor, person)
    mandate_here = make.mandate(at.member, contractor, person)
    here_, there = at.browser(person), make.signed_in(person, member=other.member)
    under, under_here = make.signed_in(person, mandate=mandate), make.signed_in(person, mandate=mandate_here)
    colleague = at.browser()
    assert act(at, standing.stop, person, reason="休職") == 1
    assert status(here_) == 303
    assert [status(one) for one in (there, under, under_here, colleague)] == [200] * 4
    here_.get("/login")
    fresh = make.signed_in(person)
    fresh.get("/login/company")
    assert fresh.post("/login/company", {"company": f"{at.member.id}."}).status_code == 404
    assert mails(person.email) == ["users/stopped"]
    act(at, standing.resume, person)
    fresh.get("/login/company")
    assert fresh.post("/login/company", {"company": f"{at.member.id}."}).status_code == 303
    assert status(fresh) == 200


def test_a_stop_needs_a_reason_and_comes_once(make: Factory) -> None:
    at = company(make)
    person = at.person()
    with refused("reason_missing", field="reason"):
        act(at, standing.stop, person, reason=" 　 ".strip())
    with refused("not_stopped"):
        act(at, standing.resume, person)
    act(at, standing.stop, person, reason="退職")
    with refused("already_stopped"):
        act(at, standing.stop, person, reason="退職")


def test_nobody_stops_or_removes_oneself(make: Factory) -> None:
    at = company(make)
    at.person(Role.ADMINISTRATOR)
    with refused("own_id"):
        act(at, standing.stop, at.boss, reason="退職")
    with refused("own_id"):
        act(at, standing.remove, at.boss)


def test_a_further_administrator_is_stopped_but_withdrawn_by_the_office_alone(make: Factory) -> None:
    at = company(make)
    second = at.person(Role.ADMINISTRATOR)
    with refused("administrator_by_office"):
        act(at, standing.remove, second)
    act(at, standing.stop, second, reason="退職")
    with refused("administrator_by_office"):
        act(at, standing.remove, second)
    act(at, standing.remove, second, actor=office(make))
    assert affiliations(second.id)[0].ended_at == NOW


def _at_another(make: Factory, at: Company) -> Company:
    """The company seen by a second 管理者, the first being unable to act."""
    second = at.person(Role.ADMINISTRATOR)
    return Company(make, at.member, second, make.actor(second, Role.ADMINISTRATOR, member=at.member))


@pytest.mark.parametrize("state", [UserState.INVITED, UserState.STOPPED])
def test_the_last_administrator_who_can_act_is_not_stopped(make: Factory, state: UserState) -> None:
    """The one who acts has just lost the power to: what counts is who is left under the lock."""
    at = company(make)
    acting = _at_another(make, at)
    with unit_of_work() as session:
        held = session.get(User, acting.boss.id)
        assert held is not None
        held.state = state
    with refused("last_administrator"):
        act(acting, standing.stop, at.boss, reason="退職")


def test_the_office_is_not_bound_to_leave_one(make: Factory) -> None:
    at = company(make)
    act(at, standing.stop, at.boss, reason="申し出", actor=office(make))
    assert affiliations(at.boss.id)[0].stopped_at == NOW


def test_an_end_keeps_the_person_elsewhere(make: Factory) -> None:
    at, other = company(make), company(make)
    person = at.person()
    make.affiliate(person, other.member, Role.VIEWER)
    here_, there = at.browser(person), make.signed_in(person, member=other.member)
    assert act(at, standing.remove, person) == 1
    assert (status(here_), status(there)) == (303, 200)
    assert user(person.id).state is UserState.ACTIVE
    with refused("not_found"):
        act(at, standing.remove, person)


def test_an_end_withdraws_an_invitation_of_nobody_else(make: Factory) -> None:
    at, other = company(make), company(make)
    alone, shared = invite(at, "alone@company.example.jp").user_id, invite(at, "both@company.example.jp").user_id
    invite(other, "both@company.example.jp")
    tokens = {
        who: mint_link(user(who).email, purpose=LinkPurpose.SET_PASSWORD, now=NOW, user_id=who)
        for who in (alone, shared)
    }
    for who in (alone, shared):
        act(at, standing.remove, who)
    assert _inspect(tokens[alone]) == "link_revoked"
    assert _inspect(tokens[shared]) == "good"


def _inspect(token: str) -> str:
    with unit_of_work() as session:
        try:
            links.inspect(session, token_hash(token), purpose=LinkPurpose.SET_PASSWORD, now=NOW)
        except Refusal as refusal:
            return refusal.code
    return "good"


def give_up(at: Company, **values: Any) -> None:
    given = {"role": Role.VIEWER, "seen_version": None, "actor": at.actor, "now": NOW} | values
    run(standing.give_up_administrator, at.member.id, **given)


def test_an_administrator_gives_the_role_up_where_another_remains(make: Factory) -> None:
    at = company(make)
    with refused("last_administrator"):
        give_up(at)
    second = at.person(Role.ADMINISTRATOR)
    browser = at.browser()
    assert status(browser, "/users/invite") == 200
    give_up(at, seen_version=at.seen(at.boss))
    assert affiliations(at.boss.id)[0].role is Role.VIEWER
    assert status(browser, "/users/invite") == 403
    assert mails(second.email) == ["users/administrator_given_up"]
    with refused("not_administrator"):
        give_up(at)


def test_giving_up_is_refused_to_others_and_into_roles_of_the_office(make: Factory) -> None:
    at = company(make)
    at.person(Role.ADMINISTRATOR)
    for actor in (contractor_of(at)[1], company(make).actor):
        with refused("not_allowed"):
            give_up(at, actor=actor)
    with refused("role_not_granted"):
        give_up(at, role=Role.APPROVER)
    with refused("stale"):
        give_up(at, seen_version="0")


@pytest.mark.races
def test_two_administrators_cannot_give_up_at_once(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    at = company(make)
    second = at.person(Role.ADMINISTRATOR)
    member_id = at.member.id
    actors = [at.actor, make.actor(second, Role.ADMINISTRATOR, member=at.member)]

    def one(actor: Any) -> str:
        run(standing.give_up_administrator, member_id, role=Role.VIEWER, seen_version=None, actor=actor, now=NOW)
        return "done"

    found = at_once(fresh_app, [lambda actor=actor: one(actor) for actor in actors])
    assert sorted(found) == ["done", "last_administrator"]


def test_sign_in_notes_the_company_alone(make: Factory) -> None:
    at, other = company(make), company(make)
    person = at.person()
    make.affiliate(person, other.member, Role.VIEWER)
    browser = make.signed_in(person)
    before = clock.now()
    browser.get("/login/company")
    browser.post("/login/company", {"company": f"{at.member.id}."})
    noted: dict[int | None, Affiliation] = {one.member_id: one for one in affiliations(person.id)}
    found = noted[at.member.id].last_signed_in_at
    assert found is not None
    assert found >= before
    assert noted[other.member.id].last_signed_in_at is None
    assert open_sessions(person.id) == 1
