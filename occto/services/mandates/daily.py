"""Time: reminders 30 and 7 days before the end, and the end itself. May run twice or late without harm.

The end by date needs nobody: who is asking is told by the day (`queries/viewer`). The daily work only writes it down.
"""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.actor import SYSTEM
from occto.domain.codes import MandateState
from occto.domain.dates import today_jst
from occto.domain.mandates import MANDATES, MandateSide, reminder_due
from occto.models import Mandate
from occto.services.mandates.case import close, locked, tell


def running(session: Session) -> list[int]:
    """Mandates in force that have a last day."""
    found = select(Mandate.id).where(Mandate.state == MandateState.ACTIVE, Mandate.ends_on.is_not(None))
    return list(session.scalars(found.order_by(Mandate.id)))


def look_after(session: Session, mandate_id: int, *, now: datetime) -> bool:
    """Send the reminder that is due and was not sent, or mark the mandate ENDED; True where something was done."""
    mandate = locked(session, mandate_id)
    if mandate.state is not MandateState.ACTIVE or mandate.ends_on is None or mandate.accepted_at is None:
        return False
    today = today_jst(now)
    if mandate.ends_on <= today:
        expire(session, mandate, now=now)
        return True
    begun = max(mandate.starts_on, today_jst(mandate.accepted_at))
    due = reminder_due(begun_on=begun, ends_on=mandate.ends_on, today=today)
    if due is None:
        return False
    key = f"mandate:{mandate.id}:{mandate.ends_on}:{due}"
    left = (mandate.ends_on - today).days
    return tell(session, mandate, "mandates/expiring", now=now, dedupe_key=key, left=left) > 0


def expire(session: Session, mandate: Mandate, *, now: datetime) -> None:
    """The last day is over: ENDED by its period."""
    step = MANDATES.require("expire", mandate.state)
    close(session, mandate, step, side=MandateSide.PERIOD, reason=None, actor=SYSTEM, now=now)
