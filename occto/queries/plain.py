"""What statements that every page sends have in common: no part of the ORM that they do not need."""

from collections.abc import Callable, Collection, Mapping, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, CursorResult, Executable, lambda_stmt, literal, literal_column
from sqlalchemy.orm import InstrumentedAttribute, Session

Values = Mapping[str, Any] | Sequence[Mapping[str, Any]]


def rows_of(session: Session, statement: Executable, values: Values | None = None) -> CursorResult[Any]:
    """The rows of a statement that names columns and no objects, in the transaction of `session`.

    Session.execute would prepare the loading of objects each time, which takes as long as the statement itself.
    """
    return _connection(session).execute(statement, values)


def current_rows_of(session: Session, statement: Executable, values: Values | None = None) -> CursorResult[Any]:
    """The same inside a verb: what its objects have changed is written first, as Session.execute does."""
    session.flush()
    return _connection(session).execute(statement, values)


def _connection(session: Session) -> Connection:
    """The connection of the session's transaction, asked for once: the answer takes half as long as a short statement.

    With its transaction a session closes the connection, and gives out another one in the next.
    """
    held: Connection | None = session.info.get("connection")
    if held is None or held.closed:
        held = session.info["connection"] = session.connection()
    return held


def fixed(build: Callable[[], Executable]) -> Executable:
    """A large statement that is always the same but for its named parameters; `build` is called once.

    SQLAlchemy finds what it has compiled by the function, instead of by each part of the statement, of which the one that
    asks who is there has so many that looking them over takes longer than running it.
    """
    return lambda_stmt(build, enable_tracking=False)


def one_of(column: InstrumentedAttribute[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """`column` IN `values`, each a parameter of its own: in_() with plain values is written anew in every execution."""
    return column.in_([literal(value, column.type) for value in sorted(values)])


def written(code: StrEnum) -> ColumnElement[Any]:
    """A code as part of the statement's text, to compare a column with that a partial index names.

    Compared with a parameter, SQLite would plan the whole statement anew in every execution, to see whether the index serves.
    """
    return literal_column(f"'{code.value}'")
