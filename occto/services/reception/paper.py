"""紙の控え: arrivals written down while the system was away, each through the same door as every other."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.paper_entries import Arrival
from occto.domain.reception import ScanWay
from occto.domain.tickets import Read
from occto.services.reception.checking_in import Answer, Attempt, check_in
from occto.services.reception.desks import require_supervisor


def enter_arrivals(
    session: Session,
    assembly_id: int,
    arrivals: Sequence[Arrival],
    *,
    batch: str,
    actor: Actor,
    now: datetime,
    at_lock: Callable[[], datetime] | None = None,
) -> list[Answer]:
    """Admit everybody on the lines at the times written down, in their order; what stands in the way of one is its answer.

    `batch`: the one-time id of the form, so that the lines sent again get the answers they had. `at_lock`: as for
    `check_in`. Refusals: not_allowed, not_found.
    """
    require_supervisor(actor)
    answers = []
    for one in sorted(arrivals, key=lambda arrival: (arrival.at, arrival.line)):
        attempt = Attempt(
            f"paper-{batch}-{one.line}", ScanWay.PAPER, Read(number=one.number), device_at=one.at, offline=True
        )
        answers.append(check_in(session, assembly_id, attempt, desk_id=None, actor=actor, now=now, at_lock=at_lock))
    return answers
