"""A reply that waits for the lock of its assembly while the deadline passes: it is judged by the instant of its arrival."""

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from threading import Event
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select

from occto import unit_of_work as unit_of_work_module
from occto.extensions import db
from occto.models import ReceiptList, Reply
from occto.services.assemblies import close_when_due
from occto.unit_of_work import unit_of_work
from tests.assemblies_scene import A, somewhere, stood, telling_time
from tests.factories import NOW, Factory

UNTIL, SECOND = NOW + timedelta(seconds=10), timedelta(seconds=1)
LOCK = "FOR KEY SHARE"
"""What a reply asks PostgreSQL for, and has to wait for while the assembly is being closed; on SQLite it waits for its turn."""


@pytest.mark.races
@pytest.mark.parametrize(("arrived", "taken"), [(UNTIL - SECOND, True), (UNTIL, False)])
def test_the_arrival_decides_however_long_the_lock_is_waited_for(
    fresh_app: Flask, database_kind: str, monkeypatch: pytest.MonkeyPatch, arrived: datetime, taken: bool
) -> None:
    at = telling_time(monkeypatch)
    here = somewhere(Factory(fresh_app), reply_until=UNTIL)
    browser, asked = here.browser(), Event()
    browser.get(f"{here.url}/reply")
    browser.submit(here.voted())
    assert "まだ回答は送られていません" in browser.text

    def send() -> bool:
        with fresh_app.app_context():
            browser.submit({"confirmed": "y"})
        return True

    def listen(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if LOCK in statement:
            asked.set()

    def turn(session: Any, *, wait_for: Any = unit_of_work_module._turn) -> Any:
        asked.set()
        return wait_for(session)

    at(arrived)
    with ThreadPoolExecutor(1) as pool:
        with unit_of_work() as session:
            assert close_when_due(session, here.held.id, now=UNTIL)
            if database_kind == "sqlite":
                monkeypatch.setattr(unit_of_work_module, "_turn", turn)
            else:
                event.listen(db.engine, "before_cursor_execute", listen)
            sent = pool.submit(send)
            assert asked.wait(timeout=30)
            assert not wait([sent], timeout=0.2).done  # it waits for the closing, which has the lock
            at(UNTIL + SECOND)
        assert sent.result(timeout=30)

    assert stood(here) is (A.ELECTRONIC if taken else None)
    assert db.session.scalars(select(Reply.received_at)).all() == ([arrived] if taken else [])
    published = db.session.scalars(select(ReceiptList.count).order_by(ReceiptList.no)).all()
    assert published == ([0, 1] if taken else [0])
    assert (browser.path == f"{here.url}/replies/1") is taken
    assert ("いまは回答をお受けできません" in browser.text) is not taken
