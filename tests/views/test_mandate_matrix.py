"""Every route × method × combination of procedures: a mandate lets in where its scope says, and nowhere else.

Walked over the URL map: a route added tomorrow is asked for here without anybody thinking of it.
"""

from collections.abc import Iterator
from itertools import combinations

import pytest
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.routing.converters import IntegerConverter

from occto.domain.changes import Part
from occto.domain.codes import Procedure
from occto.domain.permissions import SCOPES, Permission, Role, permissions_of, permissions_of_mandate
from tests import changing
from tests.clients import Browser
from tests.factories import Factory
from tests.mandating import Party, Servant, party, propose, servant, start
from tests.observing import everything

pytestmark = pytest.mark.wide

COMBINATIONS = [chosen for size in range(1, len(Procedure) + 1) for chosen in combinations(Procedure, size)]
SHUT = frozenset({302, 303, 403, 404})
WORDS = {"part": "contacts", "section": "company", "licence": "GEN", "export_type": "csv", "filename": "none.css"}
LEAVING = frozenset({"auth.sign_out", "static", "health.readyz"})
WRITTEN = frozenset(
    {"sessions", "access_events", "access_subjects", "sign_in_attempts", "audit_events", "audit_details"}
)
ELSEWHERE = "秘密の商号株式会社"


def _rules(app: Flask) -> list[Rule]:
    return sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule)


def _address(rule: Rule, number: int = 1) -> str:
    values = {
        name: number if isinstance(kind, IntegerConverter) else WORDS.get(name, "unknown")
        for name, kind in rule._converters.items()
    }
    built = rule.build(values)
    assert built is not None, rule.rule
    return f"{built[1]}?id={number}"


def _token(browser: Browser) -> str:
    browser.get("/password/forgot")
    return str(browser.forms()[0]["fields"]["csrf_token"][0])


def _kept() -> dict[str, list[str]]:
    return {name: rows for name, rows in everything().items() if name not in WRITTEN}


def _answers(browser: Browser, rules: list[Rule], number: int = 1) -> Iterator[tuple[Rule, str, int, str]]:
    """Every rule by every method, with a valid token: rule, method, status, page."""
    token = _token(browser)
    for rule in rules:
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            send = browser.client.get if method == "GET" else browser.client.post
            data = {} if method == "GET" else {"data": {"csrf_token": token, "form_id": f"{rule.endpoint}:{method}"}}
            answer = send(_address(rule, number), **data)  # type: ignore[arg-type]
            yield rule, method, answer.status_code, answer.get_data().decode("utf-8", "replace")


@pytest.mark.parametrize("procedures", COMBINATIONS, ids="+".join)
def test_a_mandate_opens_its_scope_and_nothing_else(make: Factory, procedures: tuple[Procedure, ...]) -> None:
    own, other = party(make), servant(make)
    held = make.mandate(own.member, other.contractor, other.user, procedures=procedures)
    browser = make.signed_in(other.user, mandate=held)
    needed = make.app.extensions["permissions"]
    may = permissions_of_mandate(procedures)
    assert may == permissions_of((Role.CONTRACTOR,)).union(*(SCOPES[one] for one in procedures))
    rules = [rule for rule in _rules(make.app) if rule.endpoint not in LEAVING]
    closed = [rule for rule in rules if needed[rule.endpoint] not in may]
    before = everything()
    for rule, method, status, _page in _answers(browser, closed):
        assert status in SHUT, f"{method} {rule.rule} lets {procedures} in: {status}"
    assert {name for name, rows in everything().items() if rows != before[name]} <= {"sessions"}
    for rule, method, status, _page in _answers(browser, [rule for rule in rules if rule not in closed]):
        assert status < 500, f"{method} {rule.rule}: {status}"
        if needed[rule.endpoint] not in {Permission.PUBLIC, Permission.HALF_SIGNED_IN}:
            assert status != 403, f"{method} {rule.rule} is shut to {procedures}"


def test_the_pages_of_the_office_are_all_closed(make: Factory) -> None:
    own, other = party(make), servant(make)
    held = make.mandate(own.member, other.contractor, other.user, procedures=tuple(Procedure))
    browser = make.signed_in(other.user, mandate=held)
    office = [rule for rule in _rules(make.app) if rule.rule.startswith("/admin/") and "static" not in rule.endpoint]
    assert len(office) > 50
    for rule, method, status, _page in _answers(browser, office):
        assert status in SHUT, f"{method} {rule.rule}: {status}"


def _others(make: Factory) -> tuple[Party, Servant, set[int]]:
    """Another member with requests, files and mandates of its own, served by the same contractor's person not at all."""
    theirs = changing.submitted(make, changing.renamed(ELSEWHERE))
    draft = changing.drafted(make, [Part.COMPANY, Part.LICENCES], member=theirs.member, person=theirs.person)
    changing.add_file(draft)
    party_ = Party(make, theirs.member, theirs.person)
    stranger = servant(make, name="秘密 四郎")
    numbers = {theirs.id, draft.id, start(party_), propose(stranger, party_), theirs.member.id, theirs.person.id}
    return party_, stranger, numbers


def test_nothing_of_another_member_is_reached_by_any_id(make: Factory) -> None:
    elsewhere, _stranger, numbers = _others(make)
    own, other = party(make), servant(make)
    held = make.mandate(own.member, other.contractor, other.user, procedures=tuple(Procedure))
    browser = make.signed_in(other.user, mandate=held)
    secrets = (ELSEWHERE, elsewhere.member.current_name, elsewhere.user.email, "秘密 四郎", "hanako@contractor")
    with_ids = [rule for rule in _rules(make.app) if rule.arguments and rule.endpoint not in LEAVING]
    before = _kept()
    for number in sorted(numbers):
        for rule, method, status, page in _answers(browser, with_ids, number):
            assert status < 500, f"{method} {rule.rule} with {number}: {status}"
            for words in secrets:
                assert words not in page, f"{method} {rule.rule} with {number} shows {words}"
    assert _kept() == before


def test_what_one_member_lets_see_is_not_seen_for_another(make: Factory) -> None:
    """One person, two members, one scope each: what one mandate allows does not open the other member."""
    one, two, other = party(make), party(make), servant(make)
    reading = make.mandate(one.member, other.contractor, other.user, procedures=(Procedure.VIEW,))
    users = make.mandate(two.member, other.contractor, other.user, procedures=(Procedure.USERS,))
    browser = make.signed_in(other.user, mandate=reading)
    assert browser.get("/member").status_code == 200
    browser.get("/login/company")
    browser.post("/login/company", {"company": f"{two.member.id}.{users.id}"})
    assert browser.get("/home").status_code == 200
    assert two.member.current_name in browser.text
    for words in ("鈴木 一郎", one.member.current_name, "千代田区"):
        assert words not in browser.text, words
    for page in ("/member", "/changes/", "/member/export.xlsx"):
        assert browser.get(page).status_code == 403, page
    for crossed in (f"{one.member.id}.{users.id}", f"{two.member.id}.{reading.id}", f"{one.member.id}."):
        browser.get("/login/company")
        assert browser.post("/login/company", {"company": crossed}).status_code == 404, crossed


@pytest.mark.parametrize("role", [Role.APPLICATIONS, Role.ASSEMBLY, Role.VIEWER, Role.ADMINISTRATOR])
def test_the_own_users_of_a_member_reach_mandates_by_their_role(make: Factory, role: Role) -> None:
    own, other = party(make), servant(make)
    started, proposed = start(own), propose(other, own)
    user = make.user()
    make.affiliate(user, own.member, role)
    browser = make.signed_in(user, member=own.member)
    may = permissions_of((role,))
    needed = make.app.extensions["permissions"]
    rules = [rule for rule in _rules(make.app) if rule.endpoint.startswith("mandates.")]
    assert len(rules) > 12
    before = everything()
    for number in (started, proposed):
        for rule, method, status, _page in _answers(browser, rules, number):
            if needed[rule.endpoint] not in may:
                assert status == 403, f"{method} {rule.rule} lets {role} in: {status}"
    if role is not Role.ADMINISTRATOR:
        assert {name for name, rows in everything().items() if rows != before[name]} <= {"sessions"}
