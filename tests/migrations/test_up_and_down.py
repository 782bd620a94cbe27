"""Migrations both ways, empty and filled, with the triggers that keep history standing after each step."""

from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from occto.domain.joining import ApplicationState
from occto.extensions import Base, db
from occto.models.search import INDEX
from occto.models.triggers import APPEND_ONLY, ONE_WAY, UNCHANGING
from tests.answers import in_state
from tests.factories import Factory

pytestmark = pytest.mark.wide

KEPT = {*APPEND_ONLY, *UNCHANGING, *ONE_WAY}


def _revisions() -> list[str]:
    """All revisions, oldest first."""
    return [script.revision for script in reversed(list(ScriptDirectory("migrations").walk_revisions()))]


@pytest.fixture
def migrated(fresh_app: Flask) -> Iterator[Flask]:
    """An application whose database is at head, let go of before each migration."""
    db.session.remove()
    yield fresh_app
    db.session.remove()


def _tables() -> set[str]:
    """The tables, without those behind the index of the search, which the metadata does not know."""
    found = set(inspect(db.engine).get_table_names()) - {"alembic_version", "sqlite_sequence"}
    return {name for name in found if not name.startswith(INDEX)}


def _known(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or not (name or "").startswith(INDEX)


def _triggers() -> set[str]:
    sqlite = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    postgres = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    with db.engine.connect() as connection:
        return set(connection.scalars(text(sqlite if connection.dialect.name == "sqlite" else postgres)))


def _expected_triggers(tables: set[str]) -> set[str]:
    acts = ("update", "delete") if db.engine.dialect.name == "sqlite" else ("update", "delete", "truncate")
    made = {(table, act) for table in KEPT & tables for act in acts}
    return {f"keep_{table}_{act}" for table, act in made if act != "delete" or table not in UNCHANGING}


def _differences() -> list[object]:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "include_name": _known})
        return list(compare_metadata(context, Base.metadata))


def test_head_is_what_the_models_say(migrated: Flask) -> None:
    assert _differences() == []
    assert _tables() == set(Base.metadata.tables)
    assert _triggers() == _expected_triggers(_tables())


def test_there_is_one_head_and_numbers_run_on() -> None:
    assert _revisions() == [f"{no:04d}" for no in range(1, len(_revisions()) + 1)]
    assert len(ScriptDirectory("migrations").get_heads()) == 1


def test_down_and_up_again_step_by_step(migrated: Flask) -> None:
    revisions = _revisions()
    for target in [*reversed(revisions[:-1]), "base"]:
        downgrade(revision=target)
        assert _triggers() == _expected_triggers(_tables()), target
    assert _tables() == set()
    for target in revisions:
        upgrade(revision=target)
        assert _triggers() == _expected_triggers(_tables()), target
    assert _differences() == []
    with db.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM terms_versions")) == 1
        assert connection.scalar(text("SELECT last_change_id FROM register_head")) == 0


def test_a_filled_database_goes_down_and_up(migrated: Flask) -> None:
    make = Factory(migrated)
    for state in ApplicationState:
        in_state(make, state)
    db.session.remove()
    db.engine.dispose()
    for target in [*reversed(_revisions()[:-1]), "base"]:
        downgrade(revision=target)
    assert _tables() == set()
    upgrade()
    assert _differences() == []
    assert _triggers() == _expected_triggers(_tables())
    assert in_state(Factory(migrated), ApplicationState.APPROVED).state is ApplicationState.APPROVED


def test_one_step_down_keeps_the_rows_of_the_floors_below(migrated: Flask) -> None:
    make = Factory(migrated)
    in_state(make, ApplicationState.APPROVED)
    before = _rows("users", "staff_roles", "terms_versions", "members", "profile_facts", "counters")
    db.session.remove()
    db.engine.dispose()
    downgrade(revision="0002")
    assert _rows(*before) == before
    upgrade()
    assert _rows(*before) == before
    with pytest.raises(DBAPIError, match="keeps its history"), db.engine.begin() as connection:
        connection.execute(text("DELETE FROM profile_facts"))


def _rows(*tables: str) -> dict[str, int]:
    with db.engine.connect() as connection:
        return {table: connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0 for table in tables}


def test_foreign_keys_hold_after_migrating(migrated: Flask) -> None:
    downgrade(revision="0003")
    upgrade()
    with pytest.raises(DBAPIError), db.engine.begin() as connection:
        connection.execute(text("INSERT INTO staff_roles (user_id, role) VALUES (999, 'OPERATOR')"))
