"""What the recounts of the live boards share: the stored count, and the parts of one statement that counts a whole roll."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, String, case, cast, func, literal, select, text, type_coerce
from sqlalchemy.orm import Session

from occto.models import BoardCount
from occto.queries.search import is_sqlite

REPLIES, HALL = "replies", "hall"
"""The boards: 回答の状況 before the day, and 出席の状況 on it."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What was counted, when, and its etag."""

    counts: dict[str, Any]
    counted_at: datetime
    etag: str


_BOARD = BoardCount.__table__
_STORED = select(_BOARD.c.counts, _BOARD.c.counted_at, _BOARD.c.etag)


def stored(session: Session, assembly_id: int, board: str) -> Stored | None:
    """The stored count: one row by its key."""
    row = session.execute(_STORED.where(_BOARD.c.assembly_id == assembly_id, _BOARD.c.board == board)).one_or_none()
    return Stored(*row) if row is not None else None


@contextmanager
def whole_tables(session: Session, *, in_order: bool = False) -> Iterator[None]:
    """Let PostgreSQL join the tables as wholes, whatever it believes of their sizes; `in_order`: in the order of the statement.

    Of a snapshot and of replies that came since it last looked it expects one row, and would walk through all of them for
    each of them: a second for 3,000 members, most of a minute for 20,000.
    """
    if is_sqlite(session):
        yield
        return
    session.execute(text(f"SET LOCAL enable_nestloop = off; SET LOCAL join_collapse_limit = {1 if in_order else 8}"))
    yield
    session.execute(text("SET LOCAL enable_nestloop = on; SET LOCAL join_collapse_limit = 8"))


GONE = (text("gone"),)
"""Grouping by the name of the column: PostgreSQL takes two equal expressions with values in them for different ones."""


def part(name: str, **columns: Any) -> Select[Any]:
    """The columns of one part: up to three words (a, b, c), whether they left, members, holders and votes."""
    usual: dict[str, Any] = {
        "a": literal(""),
        "b": literal(""),
        "c": literal(""),
        "gone": literal(0),
        "members": cast(func.count(), BigInteger),
        "holders": cast(func.count(), BigInteger),
    }
    given = usual | columns
    names = ("a", "b", "c", "gone", "members", "holders", "votes")
    return select(literal(name).label("part"), *(given[one].label(one) for one in names))


def left_by(member_id: Any, gone: Sequence[int]) -> ColumnElement[int]:
    """1 for a member that is none any more."""
    return case((member_id.in_(gone), 1), else_=0)


def word(column: Any) -> ColumnElement[str]:
    """A code as text, empty where there is none."""
    return func.coalesce(type_coerce(column, String), "")


def total(column: Any) -> ColumnElement[int]:
    """A sum that stays a whole number: PostgreSQL gives numeric for a sum of bigint; no total is above 2^62."""
    return cast(func.coalesce(func.sum(column), 0), BigInteger)
