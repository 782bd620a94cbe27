"""What a test sees in the database: how many rows there are, and that a refusal wrote nothing."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Table, func, literal, select, union_all

from occto.domain.errors import Refusal
from occto.extensions import Base, db


def tables() -> list[Table]:
    """Every table of the schema, by name."""
    return sorted(Base.metadata.tables.values(), key=lambda table: table.name)


def row_counts(*, leave_out: frozenset[str] = frozenset()) -> dict[str, int]:
    """How many rows each table has, in one statement."""
    counts = [
        select(literal(table.name).label("name"), func.count().label("rows")).select_from(table)
        for table in tables()
        if table.name not in leave_out
    ]
    db.session.rollback()
    found = {row.name: row.rows for row in db.session.execute(union_all(*counts))}
    db.session.rollback()
    return found


def everything() -> dict[str, list[str]]:
    """Every row of every table, as text."""
    db.session.expunge_all()
    db.session.rollback()
    found = {table.name: sorted(repr(tuple(row)) for row in db.session.execute(select(table))) for table in tables()}
    db.session.rollback()
    return found


@contextmanager
def refused(code: str, *, field: str | None = None) -> Iterator[None]:
    """The block ends in the refusal `code` (beside `field`), and no row of any table has changed."""
    before = everything()
    with pytest.raises(Refusal) as caught:
        yield
    assert caught.value.code == code
    if field is not None:
        assert caught.value.field == field
    assert caught.value.sentence
    assert everything() == before
