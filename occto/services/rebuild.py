"""Rebuilding `members.current_*` from the facts: what differed would be a fault of a verb, or a day that has come."""

from datetime import date, timedelta
from typing import NamedTuple

from sqlalchemy import and_, or_, select, union
from sqlalchemy.orm import Session

from occto.domain.codes import MemberState
from occto.models import LicenceFact, LicenceHeld, Member
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


LOOK_BACK = timedelta(days=14)  # longer than the daily work is ever left standing


def rebuild_due(session: Session, *, today: date) -> int:
    """Rebuild the members whose day has come: those to come, and those whose licence began or ended lately. How many differed."""
    coming = select(Member.id).where(Member.current_state == MemberState.COMING)
    lately = [and_(day > today - LOOK_BACK, day <= today) for day in (LicenceFact.effective_on, LicenceFact.ended_on)]
    turned = (
        select(LicenceHeld.member_id)
        .join(LicenceFact, LicenceFact.licence_id == LicenceHeld.id)
        .where(LicenceFact.voided_id.is_(None), or_(*lately))
    )
    return refresh_current(session, session.scalars(union(coming, turned)).all(), today=today)
