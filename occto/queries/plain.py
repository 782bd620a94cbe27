"""What statements that every page sends have in common: no part of the ORM that they do not need."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, Executable, literal, literal_column
from sqlalchemy.orm import InstrumentedAttribute, Session


def rows_of(session: Session, statement: Executable, values: Mapping[str, Any] | None = None) -> CursorResult[Any]:
    """The rows of a statement that names columns and no objects, in the transaction of `session`.

    Session.execute would prepare the loading of objects each time, which takes as long as the statement itself.
    """
    return session.connection().execute(statement, values)


def one_of(column: InstrumentedAttribute[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """`column` IN `values`, each a parameter of its own: in_() with plain values is written anew in every execution."""
    return column.in_([literal(value, column.type) for value in sorted(values)])


def written(code: StrEnum) -> ColumnElement[Any]:
    """A code as part of the statement's text, to compare a column with that a partial index names.

    Compared with a parameter, SQLite would plan the whole statement anew in every execution, to see whether the index serves.
    """
    return literal_column(f"'{code.value}'")
