"""The only committer: no write is lost under sixteen threads, nothing is half done, a busy database says so."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from occto.domain.actor import SYSTEM
from occto.domain.errors import Refusal
from occto.extensions import db
from occto.models import Counter, TermsVersion
from occto.services import audit
from occto.services.joining.case import next_number
from occto.unit_of_work import Busy, run, unit_of_work
from tests.factories import NOW
from tests.observing import row_counts

THREADS, TIMES = 16, 20
on_sqlite = pytest.mark.usefixtures("_sqlite")
on_postgres = pytest.mark.usefixtures("_postgres")


@pytest.fixture
def _sqlite(database_kind: str) -> None:
    if database_kind != "sqlite":
        pytest.skip("only SQLite locks the whole database")


@pytest.fixture
def _postgres(database_kind: str) -> None:
    if database_kind != "postgres":
        pytest.skip("only PostgreSQL has deadlocks between rows")


def _value(name: str = "x") -> int:
    db.session.remove()
    found = db.session.scalar(select(Counter.value).where(Counter.name == name)) or 0
    db.session.rollback()
    return found


def _count_up(session: Session) -> int:
    """Read, then write what was read plus one: loses updates wherever the read is not under the lock."""
    row = session.get(Counter, ("x", "2026"), with_for_update=True)
    assert row is not None
    row.value += 1
    session.flush()
    return row.value


def _start(value: int = 0) -> None:
    with unit_of_work() as session:
        session.add(Counter(name="x", period="2026", value=value))


@pytest.mark.races
def test_no_increment_is_lost(fresh_app: Flask) -> None:
    _start()
    db.session.remove()
    ready = Barrier(THREADS)

    def worker(_no: int) -> list[int]:
        with fresh_app.app_context():
            ready.wait()
            seen = []
            for _ in range(TIMES):
                db.session.scalar(select(Counter.value))  # a read before, as every page makes
                seen.append(run(_count_up))
            db.session.remove()
            return seen

    with ThreadPoolExecutor(THREADS) as pool:
        seen = sorted(value for values in pool.map(worker, range(THREADS)) for value in values)
    assert seen == list(range(1, THREADS * TIMES + 1))
    assert _value() == THREADS * TIMES


@pytest.mark.races
def test_numbers_are_given_without_gap_or_double(fresh_app: Flask) -> None:
    db.session.remove()
    ready = Barrier(THREADS)

    def worker(no: int) -> list[int]:
        with fresh_app.app_context():
            ready.wait()
            given = []
            for turn in range(8):
                if (no + turn) % 4 == 0:
                    with pytest.raises(Refusal):
                        run(_take_and_refuse)
                else:
                    given.append(run(next_number, "application", "2026"))
            db.session.remove()
            return given

    with ThreadPoolExecutor(THREADS) as pool:
        given = sorted(value for values in pool.map(worker, range(THREADS)) for value in values)
    assert given == list(range(1, THREADS * 6 + 1))


def _take_and_refuse(session: Session) -> None:
    next_number(session, "application", "2026")
    raise Refusal("no", "お受けできません。")


def test_what_was_read_before_is_forgotten(fresh_app: Flask) -> None:
    _start(1)
    early = db.session.get(Counter, ("x", "2026"))
    assert early is not None
    assert early.value == 1
    with Session(db.engine) as other:
        db.session.rollback()
        other.execute(text("UPDATE counters SET value = 7"))
        other.commit()
    with unit_of_work() as session:
        again = session.get(Counter, ("x", "2026"))
        assert again is not None
        assert again is not early
        assert again.value == 7


def test_what_was_added_outside_is_not_committed(app: Flask) -> None:
    db.session.add(Counter(name="stray", period="1", value=1))
    with unit_of_work() as session:
        session.add(Counter(name="meant", period="1", value=1))
    assert (_value("stray"), _value("meant")) == (0, 1)


@pytest.mark.parametrize("error", [Refusal("no", "お受けできません。"), ValueError("a bug"), KeyboardInterrupt()])
def test_nothing_is_half_done(app: Flask, error: BaseException) -> None:
    before = row_counts()

    def verb(session: Session) -> None:
        session.add(Counter(name="half", period="1", value=1))
        session.flush()
        audit.record(session, "link.requested", subject="LINK:1", actor=SYSTEM, now=NOW, detail={"kind": "x"})
        raise error

    with pytest.raises(type(error)):
        run(verb)
    assert row_counts() == before


def test_a_broken_constraint_is_told_as_such(app: Flask) -> None:
    _start()
    with pytest.raises(IntegrityError):
        _start()
    assert _value() == 0


def test_history_refuses_also_inside_a_verb(app: Flask) -> None:
    with pytest.raises(Exception, match="keeps its history") as caught, unit_of_work() as session:
        session.execute(TermsVersion.__table__.update().values(no=9))  # type: ignore[attr-defined]
    assert not isinstance(caught.value, Busy)


@on_sqlite
def test_a_locked_database_is_busy_and_nothing_is_written(fresh_app: Flask) -> None:
    _start()
    with db.engine.connect() as holder:
        holder.exec_driver_sql("BEGIN IMMEDIATE")
        holder.execute(text("UPDATE counters SET value = value"))
        db.session.rollback()
        _impatient()
        with pytest.raises(Busy) as caught:
            run(_count_up)
        assert caught.value.collided is False
        assert db.session.scalar(select(Counter.value)) == 0  # reads go on
        db.session.rollback()
        holder.rollback()
    assert run(_count_up) == 1


def _impatient() -> None:
    """Every connection that the session may get waits 50 ms for the lock, not ten seconds."""
    event.listen(db.engine, "checkout", lambda raw, *_rest: raw.execute("PRAGMA busy_timeout=50").close())


@on_sqlite
def test_writers_of_a_process_wait_for_their_turn_before_they_ask_the_database(fresh_app: Flask) -> None:
    _start()
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("BEGIN IMMEDIATE"):
            asked.append(statement)

    def another() -> int:
        with fresh_app.app_context():
            seen = run(_count_up)
            db.session.remove()
            return seen

    with ThreadPoolExecutor(1) as pool:
        with unit_of_work() as session:
            event.listen(db.engine, "before_cursor_execute", note)
            waiting = pool.submit(another)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.3)
            assert asked == []
            _count_up(session)
        assert waiting.result(timeout=5) == 2
    assert len(asked) == 1


@on_sqlite
def test_a_turn_that_does_not_come_is_busy(fresh_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    _start()
    monkeypatch.setattr("occto.unit_of_work.PATIENCE", 0.05)

    def another() -> int:
        with fresh_app.app_context():
            return run(_count_up)

    with ThreadPoolExecutor(1) as pool, unit_of_work():
        with pytest.raises(Busy) as caught:
            pool.submit(another).result(timeout=5)
        assert caught.value.collided is False
    assert run(_count_up) == 1


@on_sqlite
def test_the_promises_of_a_connection(fresh_app: Flask) -> None:
    with db.engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers", "busy_timeout")
        }
    expected: dict[str, Any] = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "recursive_triggers": 1}
    assert found == expected | {"busy_timeout": 10_000}


def _two_rows(session: Session, first: str, second: str, ready: Barrier | None) -> None:
    session.get(Counter, (first, "1"), with_for_update=True)
    if ready is not None:
        ready.wait()
    row = session.get(Counter, (second, "1"), with_for_update=True)
    assert row is not None
    row.value += 1
    session.flush()


@on_postgres
@pytest.mark.races
def test_a_deadlock_is_tried_once_more(fresh_app: Flask) -> None:
    with unit_of_work() as session:
        session.add_all(Counter(name=name, period="1", value=0) for name in "ab")
        session.flush()
        session.execute(text(f'ALTER DATABASE "{db.engine.url.database}" SET deadlock_timeout = 50'))
    db.session.remove()
    db.engine.dispose()
    ready = Barrier(2)

    def worker(names: str) -> int:
        tries = 0

        def verb(session: Session) -> None:
            nonlocal tries
            tries += 1
            _two_rows(session, names[0], names[1], ready if tries == 1 else None)

        with fresh_app.app_context():
            run(verb)
            db.session.remove()
        return tries

    with ThreadPoolExecutor(2) as pool:
        tries = list(pool.map(worker, ("ab", "ba")))
    assert max(tries) == 2  # the one that went first may have to step back for the other's second try
    assert (_value("a"), _value("b")) == (1, 1)


@on_postgres
def test_a_collision_twice_is_busy(fresh_app: Flask) -> None:
    tries = 0

    def verb(session: Session) -> None:
        nonlocal tries
        tries += 1
        session.execute(text("DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$"))

    with pytest.raises(Busy) as caught:
        run(verb)
    assert (tries, caught.value.collided) == (2, True)


@on_postgres
def test_a_server_going_down_is_busy(fresh_app: Flask) -> None:
    def verb(session: Session) -> None:
        session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(Busy) as caught:
        run(verb)
    assert caught.value.collided is False
    assert run(next_number, "after", "1") == 1


def test_after_a_unique_collision_the_verb_sees_the_other_row(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two at once the loser is asked again, and can refuse in its own words instead of failing."""

    class Collision(Exception):  # noqa: N818 - stands in for the driver's
        sqlstate = "23505"

    calls = []

    def verb(_session: Session) -> str:
        calls.append(1)
        if len(calls) == 1:
            raise IntegrityError("INSERT", {}, Collision())
        return "refused in words"

    assert run(verb) == "refused in words"
    assert len(calls) == 2
