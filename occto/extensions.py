"""The extensions, made once and bound to an application by `create_app`."""

import sqlite3
from typing import Any

from flask import Flask
from flask_babel import Babel
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_login import LoginManager
from flask_mail import Mail
from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import Connection, Engine, MetaData, event
from sqlalchemy.orm import DeclarativeBase, Session, SessionTransaction

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
WRITING = "occto_writing"
PATIENCE = 10
"""Seconds that a writer waits for the others, of its own process and of others, before the database is called busy."""


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)


db = SQLAlchemy(
    model_class=Base,
    session_options={"autoflush": False, "expire_on_commit": False},
    engine_options={"pool_pre_ping": True},  # a connection that the server has ended meanwhile is replaced unnoticed
)
login = LoginManager()
mail = Mail()
csrf = CSRFProtect()
babel = Babel()
limiter = Limiter(key_func=get_remote_address)


class LateMigrations:
    """Flask-Migrate under the name where `flask db` looks for it, imported when first asked for: no page needs Alembic."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def __getattr__(self, name: str) -> Any:
        from flask_migrate import Migrate

        Migrate().init_app(self._app, db, directory="migrations")  # takes this one's place
        return getattr(self._app.extensions["migrate"], name)


def prepare_engine(engine: Engine) -> None:
    """Give a SQLite engine the promises of `docs/design.md`; PostgreSQL has them by itself.

    PostgreSQL compiles statements that it takes for expensive, which costs more than any page of a list does: not here.
    """
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _on_connect)
    else:
        event.listen(engine, "connect", _without_jit)


def _without_jit(connection: Any, _record: Any) -> None:
    connection.autocommit = True
    connection.execute("SET jit = off")
    connection.autocommit = False


def _on_connect(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # the BEGIN of `begin_on_sqlite` is the only one
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        f"busy_timeout={PATIENCE * 1000}",
        "foreign_keys=ON",
        "recursive_triggers=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def begin_on_sqlite(connection: Connection) -> None:
    """A writer takes the lock at once: a read that turns into a write fails with «database is locked»."""
    if connection.get_execution_options().get(WRITING, False):
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:  # straight to the driver: it takes no lock, so that there is no error to translate
        connection.connection.driver_connection.execute("BEGIN")  # type: ignore[union-attr]


@event.listens_for(db.session, "after_begin")
def _after_begin(_session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    """Asked of the session, not of the engine: where an engine has a listener, every statement looks for others."""
    if connection.dialect.name == "sqlite" and not transaction.nested:
        begin_on_sqlite(connection)
