"""Rebuilding `members.current_*` from the facts: what differed would be a fault of a verb, or a day that has come."""

from datetime import date
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.models import Member
from occto.services.register import refresh_current


class Batch(NamedTuple):
    """What one batch came to: the last row number looked at (None: there were none left), and how many differed."""

    last_id: int | None
    seen: int
    differed: int


def rebuild_batch(session: Session, *, after: int, limit: int, today: date) -> Batch:
    """Rebuild the next `limit` members after the row number `after`, as of `today`."""
    ids = session.scalars(select(Member.id).where(Member.id > after).order_by(Member.id).limit(limit)).all()
    return Batch(ids[-1] if ids else None, len(ids), refresh_current(session, ids, today=today))
