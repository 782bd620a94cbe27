"""審査 of change requests: each door once from the page to the database, what it refuses, and what the pages say."""

import pytest
from sqlalchemy import select

from occto.domain.changes import ChangeState
from occto.domain.codes import Channel
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import ChangeItem, Decision
from tests.changing import (
    Request,
    capital,
    in_state,
    renamed,
    submitted,
)
from tests.clients import Browser
from tests.factories import Factory
from tests.observing import everything

S = ChangeState
MOVING = frozenset({"access_events", "access_subjects"})
TWO = {**renamed("北浜エネルギー株式会社"), **capital(150_000_000)}


def _staff(make: Factory, *roles: Role) -> Browser:
    return make.signed_in(make.staff(*(roles or (Role.OPERATOR,)), name="高橋 直樹"))


def _as(make: Factory, change: Request, *, second: bool = True) -> Browser:
    return make.signed_in(change.approver if second else change.operator)


def _page(browser: Browser, change: Request, more: str = "") -> None:
    assert browser.get(f"/admin/changes/details/?id={change.id}{more}").status_code == 200


def _open(browser: Browser, change: Request, door: str) -> None:
    assert browser.get(f"/admin/changes/{door}/?id={change.id}&version={change.version}").status_code == 200


def _unchanged(before: dict[str, list[str]]) -> bool:
    after = everything()
    return {key: rows for key, rows in after.items() if key not in MOVING} == {
        key: rows for key, rows in before.items() if key not in MOVING
    }


def test_a_document_is_a_download_and_belongs_to_a_request(make: Factory) -> None:
    change = submitted(make, renamed())
    browser = _staff(make)
    _page(browser, change)
    number = browser.text.split("/admin/changes/file/?id=")[1].split('"')[0]
    answer = browser.get(f"/admin/changes/file/?id={number}")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert browser.get(f"/admin/applications/file/?id={number}").status_code == 404


def test_what_a_member_is_writing_is_its_own(make: Factory) -> None:
    change = in_state(make, S.DRAFT)
    browser = _staff(make)
    assert browser.get(f"/admin/changes/details/?id={change.id}").status_code == 404
    browser.get("/admin/changes/")
    assert "まだありません。" in browser.text


@pytest.mark.parametrize("number", ["0", "-1", "1,2", "9" * 30, "１", "' OR 1=1", "", "2147483648"])
def test_hostile_numbers_find_nothing(make: Factory, number: str) -> None:
    change = submitted(make, renamed())
    browser = _staff(make, Role.APPROVER)
    _page(browser, change)
    before = everything()
    for door in ("details", "return", "check", "approve", "hold", "split", "remark", "file"):
        assert browser.client.get(f"/admin/changes/{door}/", query_string={"id": number}).status_code == 404, door
    for door in ("take", "resume", "marks", "return", "approve", "split"):
        _page(browser, change)
        assert browser.post(f"/admin/changes/{door}/", {"id": number, "form_id": "x"}).status_code == 404, door
    assert _unchanged(before)


def test_hostile_queries_pass_by(make: Factory) -> None:
    change = submitted(make, TWO)
    browser = _staff(make)
    for query in (
        "&against=x&on=9999-99-99",
        "&against=9999999999999999999&on=%00",
        "&on=0001-01-01",
        "&on=9999-12-31",
    ):
        assert browser.get(f"/admin/changes/details/?id={change.id}{query}").status_code == 200, query


def test_a_crafted_place_changes_nothing(make: Factory) -> None:
    change = submitted(make, TWO)
    browser = _staff(make)
    _open(browser, change, "split")
    before = everything()
    answer = browser.submit({"places": ["licence:GEN"], "reason": "理由"}, action="/split/")
    assert answer.status_code == 422
    assert _unchanged(before)


@pytest.mark.parametrize("state", list(ChangeState))
@pytest.mark.parametrize("role", [Role.OPERATOR, Role.APPROVER])
def test_every_state_has_its_page(make: Factory, state: ChangeState, role: Role) -> None:
    change = in_state(make, state, answers=TWO, channel=Channel.STAFF)
    browser = _staff(make, role)
    _page(browser, change)
    assert "\n  File" not in browser.text


def test_the_second_click_does_nothing(make: Factory) -> None:
    change = submitted(make, renamed())
    browser = _as(make, change)
    _open(browser, change, "approve")
    form = next(form for form in browser.forms() if form["action"].endswith("/approve/"))
    values = {name: held[0] for name, held in form["fields"].items() if held}
    for _ in range(2):
        assert browser.client.post("/admin/changes/approve/", data=values).status_code == 303
    db.session.rollback()
    assert len(db.session.scalars(select(Decision).where(Decision.step == "approve")).all()) == 1
    assert len(db.session.scalars(select(ChangeItem).where(ChangeItem.change_id.is_not(None))).all()) == 1
