"""Members on the roll told what becomes of their assembly: postponed, cancelled, an item changed, its result published."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from occto.domain.assembly import AssemblyState, title_of
from occto.domain.dates import today_jst
from occto.models import Assembly
from occto.queries.assembly_recipients import recipients
from occto.queries.notice_values import frozen_roll
from occto.services import outbox
from occto.services.outbox import Letter


@dataclass(frozen=True, slots=True)
class Told:
    """How many mails were queued, and the members that have to be told by post (紙対応), by row number."""

    mails: int
    on_paper: tuple[int, ...] = ()


NOBODY = Told(0)
END_MAILS = {AssemblyState.POSTPONED: "assemblies/postponed", AssemblyState.CANCELLED: "assemblies/cancelled"}
"""How an assembly ends without a result → the mail that says so."""
WITHDRAWN_MAIL = "assemblies/item_withdrawn"


def values_of(assembly: Assembly) -> dict[str, Any]:
    """What every mail about an assembly shows of it."""
    return {
        "assembly": title_of(assembly),
        "held_at": assembly.held_at,
        "place": assembly.place,
        "assembly_id": assembly.id,
    }


def tell_roll(
    session: Session,
    assembly: Assembly,
    template: str,
    *,
    now: datetime,
    only: Collection[int] | None = None,
    **more: Any,
) -> Told:
    """Queue the mail for everybody who is told about assemblies at the members on the frozen roll (of these `only`, by row
    number), those left aside that are no longer members; nobody for a rehearsal. In one statement, however many.
    `more`: what the template shows besides.
    """
    if assembly.rehearsal_of_id is not None:
        return NOBODY
    roll = {
        one.member_id: one.name for one in frozen_roll(session, assembly.id) if only is None or one.member_id in only
    }
    found = recipients(session, list(roll), today=today_jst(now))
    about = values_of(assembly) | more
    letters = [
        Letter(
            to=one.email,
            params=about | {"company": roll[member_id], "name": one.name},
            member_id=member_id,
            user_id=one.user_id,
        )
        for member_id, people in found.items()
        for one in people
    ]
    outbox.queue_many(session, template, letters, assembly_id=assembly.id, now=now)
    return Told(len(letters), tuple(member_id for member_id in roll if member_id not in found))
