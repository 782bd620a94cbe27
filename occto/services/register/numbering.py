"""Numbered changes: every write of the register locks `register_head`, so numbers commit in order."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.codes import ChangeSource
from occto.models import Body, RegisterChange, RegisterHead


def lock_register(session: Session) -> RegisterHead:
    """No change of the register commits until this unit of work has ended."""
    return session.get_one(RegisterHead, 1, with_for_update=True, populate_existing=True)  # made by the migrations


def begin_change(
    session: Session,
    *,
    source_kind: ChangeSource,
    source_id: int | None,
    actor_id: int | None,
    second_actor_id: int | None,
    now: datetime,
) -> RegisterChange:
    """Lock the head and take the next number of change."""
    head = lock_register(session)
    head.last_change_id += 1
    change = RegisterChange(
        id=head.last_change_id,
        at=now,
        source_kind=source_kind,
        source_id=source_id,
        actor_id=actor_id,
        second_actor_id=second_actor_id,
    )
    session.add(change)
    session.flush()
    return change


def body_for(session: Session, *, name: str, corporate_number: str | None) -> Body:
    """The company with this corporate number, made where it is new; without a number always a company of its own."""
    if corporate_number:
        found = session.scalar(select(Body).where(Body.corporate_number == corporate_number))
        if found is not None:
            return found
    body = Body(name=name, corporate_number=corporate_number)
    session.add(body)
    session.flush()
    return body
