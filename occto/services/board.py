"""The stored counts of live boards: a cache with one writer at a time, and never the transaction of a reply.

Totals kept by the replies themselves would make every one of them wait for the same row; so the first viewer who finds
the count older than a second counts again, and everybody else gets what is stored.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Table, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from occto.domain.canonical import digest
from occto.models import BoardCount
from occto.queries.recounting import Stored
from occto.queries.search import is_sqlite

FRESH = timedelta(seconds=1)
"""So long a count is shown as it is."""
PATIENCE = timedelta(seconds=15)
"""A counter that has not come back by then is taken for dead."""

_BOARD: Table = BoardCount.__table__  # type: ignore[assignment]


def claim_of(board: str) -> str:
    """The row that says until when somebody is counting this board; it has no counts of its own."""
    return f"{board}.claim"


def claim(session: Session, assembly_id: int, board: str, *, now: datetime) -> bool:
    """Whether the caller is to count now; True for one of any number who ask at once. It has PATIENCE to `store`."""
    insert = _insert(session).values(
        assembly_id=assembly_id, board=claim_of(board), counts={}, counted_at=now + PATIENCE, etag=""
    )
    taken = insert.on_conflict_do_update(
        index_elements=["assembly_id", "board"],
        set_={"counted_at": insert.excluded.counted_at},
        where=_BOARD.c.counted_at <= now,
    ).returning(_BOARD.c.assembly_id)
    return session.execute(taken).first() is not None


def store(session: Session, assembly_id: int, board: str, counts: dict[str, Any], *, began: datetime) -> Stored:
    """Keep what was counted from `began` on, unless a later count is there, and let go of the claim a second after it."""
    etag = etag_of(counts)
    insert = _insert(session).values(assembly_id=assembly_id, board=board, counts=counts, counted_at=began, etag=etag)
    session.execute(
        insert.on_conflict_do_update(
            index_elements=["assembly_id", "board"],
            set_={name: insert.excluded[name] for name in ("counts", "counted_at", "etag")},
            where=_BOARD.c.counted_at < insert.excluded.counted_at,
        )
    )
    release(session, assembly_id, board, at=began + FRESH)
    return Stored(counts, began, etag)


def etag_of(counts: dict[str, Any]) -> str:
    """The same for equal counts, whenever they were made."""
    return digest(counts)


def release(session: Session, assembly_id: int, board: str, *, at: datetime) -> None:
    """Let others count from `at` on."""
    session.execute(
        update(_BOARD)
        .where(_BOARD.c.assembly_id == assembly_id, _BOARD.c.board == claim_of(board))
        .values(counted_at=at)
    )


def _insert(session: Session) -> Any:
    return (sqlite.insert if is_sqlite(session) else postgresql.insert)(_BOARD)
