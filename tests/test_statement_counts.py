"""Statements a page, asserted: they have no noise. BEGIN, COMMIT and savepoints are not counted."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask
from sqlalchemy import event

from occto.extensions import db
from tests.answers import main_submitted
from tests.clients import Browser
from tests.factories import Factory

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
