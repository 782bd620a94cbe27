"""Statements a page, asserted: they have no noise. BEGIN, COMMIT and savepoints are not counted."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import event

from occto import clock
from occto.extensions import db
from tests import receiving
from tests.answers import main_submitted
from tests.assemblies_scene import somewhere
from tests.clients import Browser
from tests.factories import Factory
from tests.receiving import Device
from tests.replying import reply

OUTLINE = {
    "representative_title": "代表取締役",
    "representative_name": "髙橋 﨑子",
    "representative_kana": "タカハシ サキコ",
    "capital": "300,000,000",
}


@contextmanager
def counted(app: Flask) -> Iterator[list[str]]:
    """The statements sent to the database inside the block."""
    seen: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "ROLLBACK")):
            seen.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def test_the_sign_in_page_asks_the_database_nothing(app: Flask) -> None:
    browser = Browser(app)
    browser.get("/login")
    with counted(app) as statements:
        assert browser.get("/login").status_code == 200
    assert statements == []


def test_public_pages_ask_the_database_nothing_for_strangers(app: Flask) -> None:
    browser = Browser(app)
    with counted(app) as statements:
        for path in ("/", "/join/", "/privacy", "/environment", "/accessibility", "/help/", "/password/forgot"):
            assert browser.get(path).status_code == 200
    assert statements == []


def test_home_takes_four_statements(make: Factory) -> None:
    user, member = make.user(), make.member(licences=("GEN", "RETAIL", "AGG"))
    make.affiliate(user, member)
    browser = make.signed_in(user, member=member)
    browser.get("/home")
    with counted(make.app) as statements:
        answer = browser.get("/home")
    assert answer.status_code == 200
    assert [statement.split(None, 1)[0] for statement in statements] == ["SELECT"] * 4
    assert len(answer.data) <= 10_000, len(answer.data)


def test_the_task_list_does_not_grow_with_the_answers(make: Factory) -> None:
    case = main_submitted(make)
    browser = make.signed_in(application_id=case.id)
    with counted(make.app) as statements:
        assert browser.get(f"/join/applications/{case.id}/tasks").status_code == 200
    assert len(statements) <= 6, statements


def test_a_section_is_saved_in_few_statements(make: Factory) -> None:
    case = main_submitted(make)
    browser = make.signed_in(application_id=case.id)
    browser.get(f"/join/applications/{case.id}/sections/outline")
    with counted(make.app) as statements:
        browser.submit(OUTLINE, follow=False)
    assert browser.response is not None
    assert browser.response.status_code == 303
    assert len(statements) <= 15, statements


def test_a_reply_is_taken_in_few_statements(make: Factory) -> None:
    """However many items there are. Who asks, the addresses; the form's id, the assembly, the seat, the agenda, what stands;

    the reply, which one stands, the ballots, the event and its payload, the copies, the draft.
    """
    for items in (1, 10):
        here = somewhere(make, items=items)
        browser = here.browser()
        for extra in (0, 1):  # the second time, what the reply takes the place of
            browser.get(f"{here.url}/reply")
            browser.submit(here.voted())
            with counted(make.app) as statements:
                browser.submit({"confirmed": "y"}, follow=False)
            assert browser.response is not None
            assert browser.response.status_code == 303
            assert len(statements) == 14 + extra, statements


@pytest.mark.parametrize("replied", [False, True])
def test_a_check_in_takes_seven_statements(make: Factory, monkeypatch: pytest.MonkeyPatch, replied: bool) -> None:
    """The desk, all that the scan asks about, the admission, the advance vote set aside where there is one; the event and

    its payload, the scan. The figures of the desk and its last scans take four.
    """
    monkeypatch.setattr(clock, "now", lambda: receiving.ARRIVAL)
    scene = receiving.door(make)
    if replied:
        reply(make, scene.held, scene.voter)
    device, ticket = Device(scene), scene.ticket()
    with counted(make.app) as statements:
        told = device.scan(scene.token(ticket))
    assert (told["outcome"], "撤回" in "".join(told["next"])) == ("ADMITTED", replied)
    assert len(statements) == 7, statements
    with counted(make.app) as statements:
        device.browser.client.get(f"{scene.url}/state", headers={"X-Desk-Waiting": "0"})
    assert len(statements) == 4, statements  # what the desk says is no news
