"""A database that is locked, full, or gone for a moment: 503 in plain words, nothing half there, and then it goes on."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import event, text

from occto.extensions import db
from tests.answers import filled
from tests.clients import Browser
from tests.drills.observing import NOTHING, numbers_of, require_whole_trail, traces
from tests.drills.submitting import check_page, press
from tests.factories import Factory
from tests.observing import everything

pytestmark = pytest.mark.races
IN_PLAIN_WORDS = "ただいまご利用いただけません"
PDF = b"%PDF-1.7\n" + b"0" * 200_000 + b"\n%%EOF\n"
_PARENT = {
    "relation": "PARENT",
    "corporate_number": None,
    "is_member": "NO",
    "controlling": True,
    "holding": None,
    "ratio_bp": 5500,
    "acquired_on": None,
    "ended_on": None,
}


@pytest.fixture
def make(fresh_app: Flask) -> Factory:
    return Factory(fresh_app)


def _refused(browser: Browser) -> None:
    """The page that came is the 503 page in Japanese, and says nothing of what lies inside."""
    assert browser.response is not None
    assert browser.response.status_code == 503
    assert IN_PLAIN_WORDS in browser.text
    assert not any(word in browser.text for word in ("sqlite", "psycopg", "INSERT", "Traceback"))


@pytest.fixture
def _sqlite(database_kind: str) -> None:
    if database_kind != "sqlite":
        pytest.skip("only SQLite locks the whole database, and is limited to a size by a PRAGMA")


@pytest.fixture
def _postgres(database_kind: str) -> None:
    if database_kind != "postgres":
        pytest.skip("only PostgreSQL has connections that a server can end")


def _on_every_connection(pragma: str) -> None:
    event.listen(db.engine, "checkout", lambda raw, *_rest: raw.execute(f"PRAGMA {pragma}").close())


@pytest.mark.usefixtures("_sqlite")
def test_locked_for_longer_than_the_timeout(make: Factory) -> None:
    case = filled(make).id
    browser = check_page(make, case)
    before = everything()
    _on_every_connection("busy_timeout=50")
    with db.engine.connect() as holder:
        holder.exec_driver_sql("BEGIN IMMEDIATE")
        holder.execute(text("UPDATE counters SET value = value"))
        shown = browser.response
        browser.submit(action="/submit")
        _refused(browser)
        assert everything() == before
        assert browser.get(f"/join/applications/{case}/tasks").status_code == 200  # reads go on
        holder.rollback()
    browser.response = shown
    number = press(browser)  # the very same form, sent again
    assert numbers_of([case]) == {case: number}


@pytest.fixture
def full(make: Factory) -> Iterator[list[int]]:
    """A disk without room: the database may not grow by a page until the list is emptied."""
    limit = [1]

    def set_limit(raw: Any, *_rest: Any) -> None:
        pages = limit[0] if limit else 1_000_000
        raw.execute(f"PRAGMA max_page_count={pages}").close()  # below the present size means: the present size

    event.listen(db.engine, "checkout", set_limit)
    yield limit
    event.remove(db.engine, "checkout", set_limit)


@pytest.mark.usefixtures("_sqlite")
def test_disk_full(make: Factory, full: list[int]) -> None:
    room = full.pop()
    large = {"rows": [_PARENT | {"name": "親会社" * 30, "basis": "MAJORITY"} for _ in range(60)]}
    case = filled(make, relations=large).id
    browser = check_page(make, case)
    before = everything()
    full.append(room)
    shown = browser.response
    browser.submit(action="/submit")
    _refused(browser)
    assert traces(case) == NOTHING
    browser.get(f"/join/applications/{case}/files")
    assert browser.response is not None
    assert browser.response.status_code == 200  # reads go on
    browser.submit({"kind": "OTHER", "file": (BytesIO(PDF), "a.pdf")})
    _refused(browser)
    assert everything() == before
    full.clear()
    browser.response = shown
    number = press(browser)
    assert numbers_of([case]) == {case: number}
    require_whole_trail()


def _end_all_connections() -> None:
    """As a restart of the server does: every connection of this database is ended from outside."""
    address = db.engine.url.set(drivername="postgresql")
    with psycopg.connect(address.render_as_string(hide_password=False), autocommit=True) as outside:
        ended = outside.execute(
            "SELECT count(pg_terminate_backend(pid, 2000)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ).fetchone()
    assert ended
    assert ended[0] > 0


@pytest.mark.usefixtures("_postgres")
def test_connections_ended_between_requests_are_not_noticed(make: Factory) -> None:
    case = filled(make).id
    browser = check_page(make, case)
    db.session.remove()
    _end_all_connections()
    assert browser.get(f"/join/applications/{case}/tasks").status_code == 200
    browser.get(f"/join/applications/{case}/check")
    db.session.remove()
    _end_all_connections()
    number = press(browser)
    assert numbers_of([case]) == {case: number}


@pytest.mark.usefixtures("_postgres")
@pytest.mark.parametrize("point", ["INSERT INTO application_revisions", "INSERT INTO outbox"])
def test_connections_ended_in_the_middle_of_an_act(make: Factory, point: str) -> None:
    case = filled(make).id
    browser = check_page(make, case)
    shown = browser.response
    ended: list[str] = []

    def end(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith(point) and not ended:
            ended.append(statement)
            _end_all_connections()

    event.listen(db.engine, "before_cursor_execute", end)
    browser.submit(action="/submit")
    event.remove(db.engine, "before_cursor_execute", end)
    assert ended
    _refused(browser)
    assert numbers_of([case]) == {}
    browser.response = shown
    number = press(browser)
    assert numbers_of([case]) == {case: number}
    require_whole_trail()


@pytest.mark.usefixtures("_postgres")
def test_connections_ended_in_the_middle_of_reading(make: Factory) -> None:
    case = filled(make).id
    browser = check_page(make, case)
    ended: list[str] = []

    def end(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "application_drafts" in statement and not ended:
            ended.append(statement)
            _end_all_connections()

    event.listen(db.engine, "before_cursor_execute", end)
    browser.get(f"/join/applications/{case}/tasks")
    event.remove(db.engine, "before_cursor_execute", end)
    assert ended
    _refused(browser)
    assert browser.get(f"/join/applications/{case}/tasks").status_code == 200
