"""The live boards as their viewers read them: the stored count, recounted at most once a second by the first who finds it older."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from occto.domain.hall import day_of
from occto.extensions import db
from occto.queries.hall_board import count_hall, meeting_of
from occto.queries.recounting import HALL, REPLIES, Stored, stored
from occto.queries.reply_board import count_replies
from occto.queries.snapshots import frozen_of
from occto.services import board
from occto.unit_of_work import Busy, run

log = logging.getLogger("occto.live_board")
Recount = Callable[[Session, int, datetime], dict[str, Any] | None]


def replies_board(assembly_id: int, *, now: datetime) -> Stored | None:
    """回答の状況 as shown at `now`; None before the freeze."""
    return _shown(assembly_id, REPLIES, _count_replies, now=now)


def hall_board(assembly_id: int, *, now: datetime) -> Stored | None:
    """出席の状況 as shown at `now`; None before the freeze."""
    return _shown(assembly_id, HALL, _count_hall, now=now)


def tell_age(answer: Response, found: Stored, *, now: datetime) -> None:
    """When it was counted, and how many milliseconds ago.

    Whoever asks again two seconds after that moment, and not after the answer, sees every change within two seconds.
    """
    answer.headers["X-Counted-At"] = found.counted_at.isoformat(timespec="seconds")
    answer.headers["X-Count-Age"] = str(max(0, (now - found.counted_at) // timedelta(milliseconds=1)))


def _count_replies(session: Session, assembly_id: int, now: datetime) -> dict[str, Any] | None:
    meeting = meeting_of(session, assembly_id)
    return count_replies(session, assembly_id, day=day_of(meeting.held_at, now=now)) if meeting is not None else None


def _count_hall(session: Session, assembly_id: int, now: datetime) -> dict[str, Any] | None:
    meeting = meeting_of(session, assembly_id)
    return count_hall(session, assembly_id, day=day_of(meeting.held_at, now=now)) if meeting is not None else None


def _shown(assembly_id: int, which: str, recount: Recount, *, now: datetime) -> Stored | None:
    """What is stored, or counted anew.

    The claim and the result are two short transactions, and the counting is a reading one in between: on SQLite no reply
    and no check-in waits for it. Where the database takes no writes the older count is shown, or one that is not kept.
    """
    session = db.session()
    found = stored(session, assembly_id, which)
    if found is not None and found.counted_at > now - board.FRESH:
        return found
    if found is None and frozen_of(session, assembly_id) is None:
        return None
    try:
        if not run(board.claim, assembly_id, which, now=now):
            return found or _counted(assembly_id, recount, now=now)
    except Busy:
        log.warning("assembly %s: the claim to count %s could not be written", assembly_id, which)
        return found or _counted(assembly_id, recount, now=now)
    counts = recount(db.session(), assembly_id, now)
    db.session.rollback()
    try:
        if counts is None:
            return found
        return run(board.store, assembly_id, which, counts, began=now)
    except Busy:
        log.warning("assembly %s: what was counted of %s could not be kept", assembly_id, which)
        return _counted(assembly_id, recount, now=now)


def _counted(assembly_id: int, recount: Recount, *, now: datetime) -> Stored | None:
    """Counted for one viewer alone and not kept: nothing is stored yet, and somebody else is at it."""
    counts = recount(db.session(), assembly_id, now)
    return Stored(counts, now, board.etag_of(counts)) if counts is not None else None
