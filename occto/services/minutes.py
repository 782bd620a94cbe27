"""議事録: what people write into it, kept with its version; the rest is drawn from the records when it is drawn up."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.errors import Stale
from occto.domain.minutes import TITLES, MinutesValues, check_minutes, read_minutes, stored_minutes
from occto.models import AgendaItem, Minutes
from occto.services import audit
from occto.services.assemblies.case import changed, locked

STEP = "minutes"


def save_minutes(
    session: Session, assembly_id: int, values: MinutesValues, *, seen_version: int, actor: Actor, now: datetime
) -> None:
    """Keep what was written. `seen_version` 0: there was nothing yet. Nothing is written where nothing has changed.

    Refusals: not_allowed, not_found, illegal_step, stale, minutes_times, minutes_too_long, minutes_item.
    """
    assembly = locked(session, assembly_id, step=STEP, seen_version=None, actor=actor)
    row = session.get(Minutes, assembly.id, with_for_update=True, populate_existing=True)
    if seen_version != (row.version if row is not None else 0):
        raise Stale
    items = session.scalars(select(AgendaItem.id).where(AgendaItem.assembly_id == assembly.id)).all()
    check_minutes(values, items=frozenset(items))
    before = stored_minutes(read_minutes(row.values if row is not None else {}))
    after = stored_minutes(values)
    if row is None:
        row = Minutes(assembly_id=assembly.id, values=after, updated_at=now, updated_by_id=actor.user_id)
        session.add(row)
    elif before != after:
        row.values, row.updated_at, row.updated_by_id = after, now, actor.user_id or 0
        row.version += 1
    else:
        return
    session.flush()
    fields = [TITLES[name] for name in changed(before, after).get("after", {})]
    audit.record(
        session,
        "minutes.saved",
        subject=f"ASSEMBLY:{assembly.id}",
        actor=actor,
        now=now,
        detail={"fields": fields, "no": row.version},
    )
