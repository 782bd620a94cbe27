"""Fixtures: one application a process, a clean database a test, on SQLite or PostgreSQL (`--database`)."""

import os
import shutil
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hypothesis
import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy.engine import make_url
from werkzeug.test import TestResponse

from occto import create_app
from occto.extensions import db
from tests.clients import Browser
from tests.factories import Factory

hypothesis.settings.register_profile(
    "house", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)  # how long an example takes says how busy the machine is, not whether the rule holds
hypothesis.settings.load_profile("house")

POSTGRES = os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)  # noon in Japan


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database", choices=("sqlite", "postgres"), default="sqlite", help="which database the suite runs on"
    )


class ApartClient(FlaskClient):
    """A client whose every request has an application context of its own, as under a real server.

    The context that a test holds would be shared otherwise, and with it `g`: sign-in, token and nonce of another client.
    What the test itself has read is let go first, so that no transaction of its own encloses the request's. A streamed
    answer is read to its end inside the context that it was begun in.
    """

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        db.session.expunge_all()
        db.session.rollback()
        with self.application.app_context():
            return super().open(*args, **{"buffered": True, **kwargs})


def make_app(database_url: str, **changes: Any) -> Flask:
    """The application with the settings of tests and clients that are kept apart."""
    app = create_app(settings(database_url, **changes))
    app.test_client_class = ApartClient
    return app


def settings(database_url: str, **changes: Any) -> dict[str, Any]:
    """The configuration of a test application: production's own, with cheap passwords and invented secrets."""
    import config

    loaded = config.load({"SECRET_KEY": "test-" * 10, "DATA_KEY": "data-" * 10, "DATABASE_URL": database_url})
    loaded |= {"TESTING": True, "CHEAP_PASSWORDS": True, "RATELIMIT_ENABLED": False, "SERVER_NAME": None}
    return loaded | changes


@pytest.fixture(scope="session")
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(request.config.getoption("--database"))


@pytest.fixture(scope="session")
def template(database_kind: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A migrated, empty database from which every test's own is made: a file, or the name of a template database."""
    if database_kind == "sqlite":
        path = tmp_path_factory.mktemp("template") / "template.db"
        _migrate(f"sqlite:///{path}")
        yield str(path)
        return
    name = f"occto_template_{uuid.uuid4().hex[:12]}"
    _postgres(f'CREATE DATABASE "{name}"')
    _migrate(_postgres_url(name))
    yield name
    _postgres(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _migrate(url: str) -> None:
    app = create_app(settings(url))
    with app.app_context():
        upgrade()
        db.engine.dispose()


def _postgres_url(name: str) -> str:
    return make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)


def _postgres(statement: str) -> None:
    with psycopg.connect(POSTGRES, autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[call-overload]


@pytest.fixture
def fresh_url(database_kind: str, template: str, tmp_path: Path) -> Iterator[str]:
    """The address of a migrated database of its own, for races, drills and real servers."""
    if database_kind == "sqlite":
        path = tmp_path / "fresh.db"
        shutil.copyfile(template, path)
        yield f"sqlite:///{path}"
        return
    name = f"occto_fresh_{uuid.uuid4().hex[:12]}"
    _postgres(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield _postgres_url(name)
    _postgres(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def fresh_app(fresh_url: str) -> Iterator[Flask]:
    """An application on a database of its own, with a pool wide enough for many threads."""
    app = make_app(fresh_url, SQLALCHEMY_ENGINE_OPTIONS={"pool_size": 20, "max_overflow": 20})
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="session")
def _shared(
    database_kind: str, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Flask, Path | None]]:
    if database_kind == "sqlite":
        path = tmp_path_factory.mktemp("shared") / "shared.db"
        yield make_app(f"sqlite:///{path}"), path
        return
    name = f"occto_test_{uuid.uuid4().hex[:12]}"
    _postgres(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    app = make_app(_postgres_url(name))
    yield app, None
    with app.app_context():
        db.engine.dispose()
    _postgres(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
def app(_shared: tuple[Flask, Path | None], template: str) -> Iterator[Flask]:
    """The shared application on a clean database: a copied file, or a transaction that is rolled back."""
    app, path = _shared
    with app.app_context():
        if path is not None:
            db.engine.dispose()
            for leftover in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
                leftover.unlink(missing_ok=True)
            shutil.copyfile(template, path)
            yield app
            db.session.remove()
            db.engine.dispose()
            return
        engines = db._app_engines[app]
        engine = engines[None]
        with engine.connect() as connection:
            outer = connection.begin()
            engines[None] = connection  # type: ignore[assignment]
            db.session.configure(join_transaction_mode="create_savepoint")
            try:
                yield app
            finally:
                db.session.remove()
                db.session.configure(join_transaction_mode="conditional_savepoint")
                engines[None] = engine
                outer.rollback()


@pytest.fixture(autouse=True)
def _push_request_context() -> Iterator[None]:
    """pytest-flask's own keeps one context a test, in which two clients would share a sign-in: none here."""
    yield  # noqa: PT022


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def browser(app: Flask) -> Browser:
    """A client that follows forms as a person does, CSRF token and one-time id included."""
    return Browser(app)


@pytest.fixture
def make(app: Flask) -> Factory:
    """Builds what a test needs, through the verbs where there are any."""
    return Factory(app)


@pytest.fixture
def now() -> datetime:
    return NOW
