"""Nothing that a person or a scanner can send is answered with a 5xx: every route, hostile ids, words and bodies."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import Rule

from occto.domain.changes import PART_TITLES
from occto.domain.convocation import NoticeKind
from occto.domain.permissions import STAFF_ROLES, Role
from occto.domain.tally import Choice
from occto.domain.votes import Group
from occto.forms.join import SECTION_FORMS
from tests import assembling, convoking, electing, replying
from tests.answers import main_submitted, submitted
from tests.clients import Browser
from tests.factories import Factory

pytestmark = pytest.mark.wide

HOSTILE_NUMBERS = ("0", "1", "999999999", str(2**63), "9" * 40)
HOSTILE_WORDS = (
    "%00",
    "..%2f..%2fetc%2fpasswd",
    "%F0%9F%92%A5",
    "a" * 3000,
    "%ED%A0%80",
    "' OR 1=1 --",
    "{{7*7}}",
    "%0d%0aX: y",
)
QUERIES = (
    "",
    "?id=1,2&page=99999999999999999999&sort=-1&desc=x&search=%00&flt1_0=x&after=%00&page_size=-5",
    "?id="
    + "9" * 60
    + "&search="
    + "%25_" * 200
    + "&next=//evil.example&url=https://evil.example&after=zzz&before=%ff",
    "?id=abc&id=1&search=%ED%A0%80&state=NOPE&tab=%22%3E&sort=999",
    "?id=1&assembly=1&member=1&kind=NOTICE",
)
BODIES: tuple[dict[str, Any], ...] = (
    {},
    {
        "version": "9" * 50,
        "seen_version": "x",
        "id": "1,2",
        "form_id": "f" * 5000,
        "digest": "\x00",
        "application": "9" * 40,
    },
    {"email": ["a@b.example.jp", "c@d.example.jp"], "password": "x" * 100_000, "code": "\ud7ff" * 10, "company": "-1"},
    {
        "name": "\x00\x01",
        "capital": "1e999",
        "licences": ["GEN", "NOPE"],
        "starts_on": "令和99年99月99日",
        "row": "x",
        "body": "�",
    },
    {
        "confirmed": "y",
        "attendance": "PROXY",
        "proxy_kind": "MEMBER",
        "proxy_member": "\ud7ff" * 5,
        "item_1": "YES",
        "received_time": "99:99",
        "posted_on": "9999-12-31",
        "outcome": "INCLUDED",
        "keys": ["x" * 500, "\x00"],
        "facts": ["9" * 40, "-1"],
        "holder": "9" * 40,
        "shares_N": "00001,1/0",
    },
    {
        "status": "APPROVED",
        "state": "APPROVED",
        "role": "SYSTEM",
        "member_id": "1",
        "member_on": "0001-01-01",
        "roster_no": "9" * 30,
    },
)
VIEWERS = ("anonymous", "applicant", "member", *(role.value for role in STAFF_ROLES))


REAL: dict[str, tuple[str, ...]] = {
    "section": tuple(SECTION_FORMS),
    "part": tuple(PART_TITLES),
    "row": ("0", "1"),
    "licence": ("GEN",),
    "attachment_id": ("1",),
    "no": ("1",),
}


def real_addresses(rule: Rule, application_id: int) -> Iterator[str]:
    """Addresses of a rule with values that exist, so that a hostile body reaches what stands behind them."""
    names = [name for is_argument, name in rule._trace if is_argument]
    choices = [REAL.get(name, (str(application_id),)) for name in names]
    for chosen in product(*choices):
        values = iter(chosen)
        yield "".join(next(values) if is_argument else text.replace("|", "") for is_argument, text in rule._trace)


def addresses(rule: Rule) -> Iterator[str]:
    """Addresses of a rule with hostile values in place of its arguments."""
    if not rule.arguments:
        yield rule.rule
        return
    numeric = "<int" in rule.rule
    for value in HOSTILE_NUMBERS if numeric else HOSTILE_WORDS:
        parts = []
        for is_argument, text in rule._trace:
            parts.append(value if is_argument else text.replace("|", ""))
        yield "".join(parts)


def browser_of(make: Factory, viewer: str) -> Browser:
    if viewer == "anonymous":
        return Browser(make.app)
    if viewer == "applicant":
        return make.signed_in(application_id=submitted(make).id)
    if viewer == "member":
        user, member = make.user(), make.member()
        make.affiliate(user, member)
        return make.signed_in(user, member=member)
    return make.signed_in(make.staff(Role(viewer)))


def assembled(make: Factory) -> None:
    """What the pages of 総会 are about, first of its kind: an assembly, an item, a notice, a 届出, a reply."""
    parent, child, _young = electing.family(make)
    held = assembling.assembly(make)
    item = assembling.item(held)
    convoking.draft(held, convoking.approver(make), NoticeKind.REMINDER)
    electing.file_election(electing.speaking(make, child), child, None, Group.R)
    replying.reply(make, held, parent, choices={item: Choice.YES})


def token(browser: Browser) -> str:
    browser.get("/login", follow=False)
    page = browser.get("/join/")
    assert page.status_code == 200
    return str(browser.forms()[0]["fields"]["csrf_token"][0])


@pytest.mark.parametrize("viewer", VIEWERS)
def test_no_address_is_a_fault(make: Factory, viewer: str) -> None:
    assembled(make)
    browser = browser_of(make, viewer)
    faults = []
    for rule in make.app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()):
            continue
        for address in addresses(rule):
            for query in QUERIES if not rule.arguments else QUERIES[:2]:
                status = browser.get(address + query, follow=False).status_code
                if status >= 500 and rule.endpoint != "health.readyz":
                    faults.append((status, address[:80] + query[:80]))
    assert not faults


@pytest.mark.parametrize("viewer", VIEWERS)
def test_no_body_is_a_fault(make: Factory, viewer: str) -> None:
    application_id = main_submitted(make).id if viewer == "applicant" else submitted(make).id
    assembled(make)
    browser = make.signed_in(application_id=application_id) if viewer == "applicant" else browser_of(make, viewer)
    csrf = token(browser)
    faults = []
    for rule in make.app.url_map.iter_rules():
        if "POST" not in (rule.methods or ()) or rule.endpoint == "auth.sign_out":
            continue
        for address in [*list(addresses(rule))[:2], *real_addresses(rule, application_id)]:
            for body in BODIES:
                response = browser.client.post(f"{address}?id={application_id}", data={"csrf_token": csrf, **body})
                if response.status_code >= 500:
                    faults.append((response.status_code, address[:80], sorted(body)[:3]))
    assert not faults


def test_a_body_of_40_megabytes_is_refused_in_words(app: Flask) -> None:
    browser = Browser(app)
    csrf = token(browser)
    response = browser.client.post("/join/", data={"csrf_token": csrf, "email": "x" * (40 * 1024 * 1024)})
    assert response.status_code == 413
    assert "大き" in response.get_data(as_text=True)


def test_a_post_without_a_token_changes_nothing_anywhere(make: Factory) -> None:
    browser = browser_of(make, "OPERATOR")
    for rule in make.app.url_map.iter_rules():
        if "POST" in (rule.methods or ()):
            for address in list(addresses(rule))[:1]:
                assert browser.client.post(address, data={"email": "a@b.example.jp"}).status_code in {
                    303,
                    400,
                    403,
                    404,
                    405,
                }, address


def test_an_unknown_host_is_refused(app: Flask) -> None:
    assert app.test_client().get("/", headers={"Host": "evil.example"}).status_code == 400
    assert app.test_client().get("/login", headers={"Host": "127.0.0.1"}).status_code == 200


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)"]
)
def test_next_leads_nowhere_else(make: Factory, target: str) -> None:
    from tests.factories import PASSWORD

    user = make.user(totp=False)
    browser = Browser(make.app)
    browser.get("/login")
    browser.submit({"email": user.email, "password": PASSWORD, "next": target}, follow=False)
    assert browser.response is not None
    assert browser.response.status_code == 303
    assert browser.response.headers["Location"].startswith("/")
    assert "evil" not in browser.response.headers["Location"]
