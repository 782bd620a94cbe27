"""The persons of another company are not found by any route or method; who only looks changes nothing."""

import re
from itertools import product

import pytest
from flask import Flask
from werkzeug.routing import Rule

from occto.domain.permissions import Permission, Role
from occto.services.users import standing
from occto.unit_of_work import run
from tests.factories import NOW, Factory
from tests.managing import company, contractor_of, invite, user
from tests.observing import everything

BODY = {
    "form_id": "f",
    "version": "1",
    "name": "x",
    "email": "x@company.example.jp",
    "role": "VIEWER",
    "reason": "x",
    "text": "名,,,y@company.example.jp,,閲覧",
}


def rules(app: Flask, area: str = "people") -> list[Rule]:
    return sorted(
        (rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith(f"{area}.")), key=lambda rule: rule.rule
    )


def address_of(rule: Rule, user_id: int) -> str:
    return re.sub(r"<[^>]+>", str(user_id), rule.rule)


def test_persons_of_others_are_not_found(make: Factory) -> None:
    at, other = company(make), company(make)
    stranger = other.person(name="秘密の 太郎")
    former = at.person()
    served, _actor = contractor_of(at)
    staff = make.staff(Role.OPERATOR)
    invited = invite(other, "secret@company.example.jp").user_id
    run(standing.remove, at.member.id, former.id, seen_version=None, actor=at.actor, now=NOW)
    browser = at.browser()
    before = everything()
    asked = 0
    ids = (stranger.id, other.boss.id, former.id, served.id, staff.id, invited, 10**12, 0)
    for who, rule in product(ids, rules(make.app)):
        if "user_id" not in rule.arguments:
            continue
        address = address_of(rule, who)
        if "GET" in (rule.methods or ()):
            assert browser.get(address).status_code == 404, address
        if "POST" in (rule.methods or ()):
            browser.get("/users/invite")
            assert browser.post(address, BODY | {"form_id": f"{who}{rule.rule}"}).status_code == 404, address
        asked += 1
    assert asked >= 8 * 8
    assert everything() == before
    assert "秘密の" not in browser.get("/users/").get_data(as_text=True)


def test_huge_numbers_are_not_found_either(make: Factory) -> None:
    browser = company(make).browser()
    for junk in ("9" * 30, "-1", "1.5", "x", "%00"):
        for path in (f"/users/{junk}", f"/users/{junk}/edit"):
            assert browser.get(path).status_code in {400, 404}, path


@pytest.mark.parametrize("role", [Role.APPLICATIONS, Role.ASSEMBLY, Role.VIEWER])
def test_only_who_manages_changes_anything(make: Factory, role: Role) -> None:
    at = company(make)
    person, browser = at.person(), at.browser(at.person(role))
    browser.get("/users/")
    before = everything()
    needed = make.app.extensions["permissions"]
    for rule in rules(make.app):
        address = address_of(rule, person.id)
        if "POST" in (rule.methods or ()):
            browser.get("/account/profile")
            answer = browser.post(address, BODY | {"form_id": rule.rule})
            expected = {403} if needed[rule.endpoint] is Permission.USERS_MANAGE else {400, 403, 404, 200}
            assert answer.status_code in expected, (address, answer.status_code)
        elif needed[rule.endpoint] is Permission.USERS_MANAGE:
            assert browser.get(address).status_code == 403, address
    assert everything() == before
    assert user(person.id).name == "山田 花子"


def test_a_case_of_ones_own_takes_no_id_from_outside(make: Factory) -> None:
    """No route of the account names a person: whose it is follows from the session."""
    assert rules(make.app, "account")
    for rule in rules(make.app, "account"):
        assert rule.arguments <= {"session_id", "token"}, rule.rule
