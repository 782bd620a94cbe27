"""Alembic's environment: the application's engine, batch mode on SQLite, foreign keys off while tables are rebuilt."""

from alembic import context
from flask import current_app
from sqlalchemy import event, text

from occto import models
from occto.extensions import Base, begin_on_sqlite, db
from occto.models.search import INDEX
from occto.types import BigId, Document, SortText, UtcDateTime

assert models.__all__  # importing the package registers every table


_HOUSE_TYPES = {"BigId": BigId, "Document": Document, "SortText": SortText}


def _same(one, other):
    """Whether two types are the same on both databases: the plain ones look alike until their variants are compared."""
    dialects = ("sqlite", "postgresql")
    return repr(one) == repr(other) and all(
        repr(one._variant_mapping.get(name)) == repr(other._variant_mapping.get(name)) for name in dialects
    )


def _render_item(kind, item, _context):
    """Write the types of the house by their names."""
    if kind == "type":
        if isinstance(item, UtcDateTime):
            return "UtcDateTime()"
        return next((name for name, kind in _HOUSE_TYPES.items() if _same(item, kind)), False)
    return False


def _known(name, kind, _parents):
    """The index of the search is made by raw SQL, in each engine's own way: comparisons pass it over."""
    return kind != "table" or not name.startswith(INDEX)


def run() -> None:
    """Run the migrations on one connection, in one transaction a migration."""
    options = current_app.extensions.get("migration_options", {})
    with db.engine.connect() as connection:
        sqlite = connection.dialect.name == "sqlite"
        if sqlite:
            event.listen(connection, "begin", begin_on_sqlite)
            # With foreign keys on, rebuilding a table in batch mode removes rows that refer to it.
            connection.commit()
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            render_as_batch=sqlite,
            transaction_per_migration=True,
            compare_type=True,
            render_item=_render_item,
            include_name=_known,
            **options,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
        if sqlite:
            broken = connection.execute(text("PRAGMA foreign_key_check")).all()
            connection.rollback()
            connection.connection.driver_connection.execute("PRAGMA foreign_keys=ON")
            if broken:
                raise RuntimeError(f"foreign keys are broken after the migration: {broken[:5]}")


run()
