"""Rebuilding `members.current_*` from the facts: what differed would be a fault of a verb, or a day that has come."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import and_, or_, select, union
from sqlalchemy.orm import Session

from occto.domain.codes import MemberState
from occto.domain.dates import today_jst
from occto.models import LicenceFact, LicenceHeld, Member, ProfileFact
from occto.services.register import bring_up_to_date
from occto.services.register.current import CURRENT_ITEMS
from occto.services.search import SEARCHED_ITEMS


class Batch(NamedTuple):
    """What one batch came to: the last row number looked at (None: there were none left), and how many differed."""

    last_id: int | None
    seen: int
    differed: int


def rebuild_batch(session: Session, *, after: int, limit: int, now: datetime) -> Batch:
    """Rebuild the next `limit` members after the row number `after`; a membership found without a licence ends."""
    ids = session.scalars(select(Member.id).where(Member.id > after).order_by(Member.id).limit(limit)).all()
    return Batch(ids[-1] if ids else None, len(ids), bring_up_to_date(session, ids, now=now))


LOOK_BACK = timedelta(days=14)  # longer than the daily work is ever left standing


def rebuild_due(session: Session, *, now: datetime) -> int:
    """Bring up to date the members whose day has come: those to come, and those with a licence that began or ended, or
    a name that began to hold, lately. How many differed; a membership without a licence left ends.
    """
    today = today_jst(now)

    def lately(day: Any) -> Any:
        return and_(day > today - LOOK_BACK, day <= today)

    coming = select(Member.id).where(Member.current_state == MemberState.COMING)
    turned = (
        select(LicenceHeld.member_id)
        .join(LicenceFact, LicenceFact.licence_id == LicenceHeld.id)
        .where(LicenceFact.voided_id.is_(None), or_(lately(LicenceFact.effective_on), lately(LicenceFact.ended_on)))
    )
    renamed = select(ProfileFact.member_id).where(
        ProfileFact.item.in_((*CURRENT_ITEMS, *SEARCHED_ITEMS)),
        ProfileFact.voided_id.is_(None),
        lately(ProfileFact.effective_on),
    )
    return bring_up_to_date(session, session.scalars(union(coming, turned, renamed)).all(), now=now)
