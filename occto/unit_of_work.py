"""The only committer: one act of business is one transaction."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm import Session

from occto.extensions import PATIENCE, WRITING, db

P = ParamSpec("P")
T = TypeVar("T")
_UNIQUE_VIOLATION = "23505"
_RETRIED_STATES = frozenset({"40001", "40P01"})  # PostgreSQL: serialisation failure, deadlock


class Busy(Exception):  # noqa: N818 - it is a state of the database, answered with 503
    """The database could not take the write now; nothing was written and the act may be tried again."""

    def __init__(self, *, collided: bool) -> None:
        super().__init__("collided with another writer" if collided else "the database takes no writes now")
        self.collided = collided


_TURN = threading.Lock()


@contextmanager
def _turn(session: Session) -> Iterator[None]:
    """SQLite has one writer: the threads of a process queue here, where the next one is woken as soon as one is through.

    SQLite itself asks again at growing intervals, so that of many who wait some are passed over for seconds.
    """
    if session.get_bind().dialect.name != "sqlite":
        yield
        return
    if not _TURN.acquire(timeout=PATIENCE):
        raise Busy(collided=False)
    try:
        yield
    finally:
        _TURN.release()


@contextmanager
def unit_of_work() -> Iterator[Session]:
    """End the reading transaction, begin the writing one, commit or roll back.

    Whatever was read before is forgotten, so that a verb loads again under the lock.
    Raises Busy where the database is locked for longer than its timeout, full, or in deadlock.
    """
    session = db.session()
    session.expunge_all()  # before the rollback, which would empty what a page has read already
    session.rollback()
    with _turn(session):
        try:
            session.connection(execution_options={WRITING: True})
            yield session
            session.commit()
        except DBAPIError as error:
            session.rollback()
            collided = _state(error) in _RETRIED_STATES
            if collided or is_passing(error):
                raise Busy(collided=collided) from error
            raise
        except BaseException:
            session.rollback()
            raise


def run(verb: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do `verb` in a unit of work of its own; where it collided with another writer, once more.

    A second try after a deadlock may pass; after a UNIQUE collision the verb sees the other's row and refuses in its own
    words. What fails again is raised: Busy, or IntegrityError.
    """
    try:
        with unit_of_work() as session:
            return verb(session, *args, **kwargs)
    except Busy as busy:
        if not busy.collided:
            raise
    except IntegrityError as error:
        if _state(error) != _UNIQUE_VIOLATION:  # SQLite has one writer at a time: nobody came in between
            raise
    with unit_of_work() as session:
        return verb(session, *args, **kwargs)


def is_passing(error: DBAPIError) -> bool:
    """Whether the server is out of room, going down or not there, or SQLite is locked or its disk full."""
    if _state(error).startswith(("53", "57P", "08")):
        return True
    words = ("database is locked", "disk is full", "disk I/O error", "connection", "server closed")
    return isinstance(error, OperationalError) and any(word in str(error.orig) for word in words)


def _state(error: DBAPIError) -> str:
    """PostgreSQL's five-character code of the error; empty where it gave none."""
    return getattr(error.orig, "sqlstate", None) or ""
