"""Member A never reaches a request of B, by any route, method or id; who may only look, only looks."""

from collections.abc import Iterator
from itertools import product

import pytest
from flask import Flask
from werkzeug.routing import Rule

from occto.domain.changes import ChangeState, Part
from occto.domain.codes import Channel
from occto.domain.permissions import Role
from occto.extensions import db
from occto.queries.register import licences_as_of
from tests import changing
from tests.factories import Factory
from tests.observing import everything
from tests.views.test_changes import count, opened

VALUES = {
    "part": ("company", "outline", "files", "corrections"),
    "row": ("0", "1"),
    "licence_id": ("1",),
    "number": ("1",),
    "attachment_id": ("1", "2"),
}


def rules(app: Flask) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint.startswith("changes.")]


def addresses(rule: Rule, request_id: int) -> Iterator[str]:
    """Every address of a rule for one request, with values that exist."""
    names = [name for is_argument, name in rule._trace if is_argument]
    for chosen in product(*(VALUES.get(name, (str(request_id),)) for name in names)):
        values = iter(chosen)
        yield "".join(next(values) if is_argument else text.replace("|", "") for is_argument, text in rule._trace)


def test_the_requests_of_another_member_are_not_found(make: Factory) -> None:
    theirs = changing.submitted(make, changing.renamed("秘密の商号株式会社"))
    draft = changing.drafted(
        make, [Part.LICENCES, Part.RELATIONS, Part.COMPANY], member=theirs.member, person=theirs.person
    )
    own = changing.drafted(make, [Part.COMPANY])
    browser, base = opened(own)
    browser.get(f"{base}/start")
    before = everything()
    for target, rule in product((theirs, draft), rules(make.app)):
        if "request_id" not in rule.arguments:
            continue
        for address in addresses(rule, target.id):
            if "GET" in (rule.methods or ()):
                assert browser.client.get(address).status_code == 404, address
            if "POST" in (rule.methods or ()):
                browser.get(f"{base}/start")
                body = {"form_id": "f", "version": "1", "parts": "company", "occurred_on": "2026-11-01", "body": "x"}
                assert browser.post(address, body).status_code == 404, address
    assert everything() == before
    assert "秘密の商号" not in browser.get("/changes/").get_data(as_text=True)


def test_a_document_of_another_request_is_not_found_under_ones_own(make: Factory) -> None:
    theirs = changing.submitted(make, changing.renamed())
    file_id = changing.add_file(theirs)
    own = changing.drafted(make, [Part.COMPANY, Part.LICENCES])
    browser, base = opened(own)
    (held,) = licences_as_of(db.session(), theirs.member.id, changing.TODAY)
    for page in (f"files/{file_id}", f"files/{file_id}/items", f"licences/{held.licence_id}/end"):
        assert browser.get(f"{base}/{page}").status_code == 404, page
    for page in (f"files/{file_id}/remove", f"files/{file_id}/items", f"licences/{held.licence_id}/end"):
        browser.get(f"{base}/start")
        assert browser.post(f"{base}/{page}", {"version": "1"}).status_code == 404, page


@pytest.mark.parametrize("role", [Role.ASSEMBLY, Role.VIEWER])
def test_who_may_look_sees_no_buttons_and_changes_nothing(make: Factory, role: Role) -> None:
    request = changing.in_state(make, ChangeState.SUBMITTED)
    draft = changing.drafted(make, [Part.COMPANY], member=request.member, person=request.person)
    user = make.user()
    make.affiliate(user, request.member, role)
    browser = make.signed_in(user, member=request.member)
    for page in ("/changes/", f"/changes/{request.id}", f"/changes/{draft.id}", f"/changes/{draft.id}/check"):
        assert browser.get(page).status_code == 200, page
        for words in ("新しく申請する", "取り下げる", "連絡を送る", "この内容で提出する", ">直す"):
            assert words not in browser.text, (page, words)
    before = everything()
    for rule in rules(make.app):
        for address in addresses(rule, draft.id):
            if "POST" in (rule.methods or ()):
                browser.get("/changes/")
                token = browser.get("/password/forgot")
                assert token.status_code == 200
                assert browser.post(address, {"form_id": "f"}).status_code == 403, address
    assert everything() == before


def test_what_the_office_enters_is_no_request_of_the_member(make: Factory) -> None:
    staff = changing.drafted(make, [Part.COMPANY], channel=Channel.STAFF)
    paper = changing.drafted(make, [Part.COMPANY], member=staff.member, channel=Channel.PAPER)
    user = make.user()
    make.affiliate(user, staff.member)
    browser = make.signed_in(user, member=staff.member)
    for request in (staff, paper):
        assert browser.get(f"/changes/{request.id}").status_code == 404
    changing.save(paper, changing.renamed())
    changing.prove(paper)
    changing.send(paper)
    assert browser.get(f"/changes/{paper.id}").status_code == 200
    assert "書面での申請" in browser.text
    for words in ("取り下げる", "連絡を送る", ">直す"):
        assert words not in browser.text
    browser.get("/changes/new")
    for page in ("withdraw", "submit", "letters"):
        browser.post(f"/changes/{paper.id}/{page}", {"form_id": page, "body": "x"})
    assert paper.state is ChangeState.SUBMITTED


@pytest.mark.parametrize("number", ["0", str(2**63), "9" * 40])
def test_numbers_that_are_none_are_not_found(make: Factory, number: str) -> None:
    browser, _base = opened(changing.drafted(make, [Part.COMPANY]))
    for page in ("", "/check", "/files/1", "/licences"):
        assert browser.get(f"/changes/{number}{page}").status_code == 404


HOSTILE = (
    {"version": "9" * 50, "seen_change": "9" * 50, "seen_day": "9999-99-99", "form_id": "f" * 5000},
    {"version": "-1", "seen_change": "x", "seen_day": "\x00", "seen_digest": "\x00", "items": ["\x00", "x" * 9000]},
    {"name": "\x00\x01", "capital": "1e999", "effective_on": "令和99年99月99日", "parts": ["x", "\x00"]},
    {"occurred_on": "0001-01-01", "parts": ["company"], "effective_on": "1868-01-01", "ended_on": "9" * 300},
    {
        "seen_day": "0001-01-01",
        "seen_change": "0",
        "version": "1",
        "effective_on": "2199-12-31",
        "category": ["GEN", "X"],
    },
    {},
)


def test_no_body_is_a_fault(make: Factory) -> None:
    request = changing.drafted(make, [Part.COMPANY, Part.OUTLINE, Part.LICENCES, Part.RELATIONS])
    browser, base = opened(request)
    faults = []
    for rule in rules(make.app):
        if "POST" not in (rule.methods or ()):
            continue
        for address, body in product(list(addresses(rule, request.id)), HOSTILE):
            if "withdraw" in address or address == "/changes/new":
                continue
            browser.get(f"{base}/start")
            status = browser.post(address, body).status_code
            if status >= 500:
                faults.append((address, status, body))
    assert not faults
    for query in ("before=0", "before=-1", "before=" + "9" * 40, "before=%00"):
        assert browser.get(f"/changes/past?{query}").status_code == 200
        assert browser.get(f"/changes/record?{query}").status_code == 200
    assert count(type(request.row())) == 1
