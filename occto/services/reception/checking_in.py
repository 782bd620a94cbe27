"""受付: one scan, one answer. Exactly once whatever the number of desks: the UNIQUE of the check-ins is the guard.

A refused scan is a result and is kept; nothing else is written for it. A scan that comes again under the same id gets the
answer it had before.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.dates import today_jst
from occto.domain.errors import NotFound, Refusal
from occto.domain.reception import ScanOutcome, ScanWay, judge, withdraws
from occto.domain.replies import Attendance
from occto.domain.tickets import NOTHING, Read
from occto.models import AdmissionTicket, CheckIn, Scan, StandingReply
from occto.queries import desks
from occto.queries import reception as reads
from occto.queries.plain import current_rows_of, rows_of
from occto.queries.reception import Asked, Entered, Successor, TicketSeen
from occto.queries.search import is_sqlite
from occto.services import audit

AHEAD = timedelta(minutes=5)
"""A clock of a desk may run ahead by so much; a later time of the device is taken for the time of arrival here."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A scan as it reaches the server. `scan_id` is made by the desk; `ticket_id`: somebody was picked from the list.

    `offline`: the desk admitted by itself, and `device_at` is when.
    """

    scan_id: str
    way: ScanWay
    read: Read = NOTHING
    ticket_id: int | None = None
    device_at: datetime | None = None
    offline: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What the desk shows. `entered`: the admission, this one or the one that stood in the way.

    `withdrawn`: the advance vote or mandate that the admission set aside; None where there was none.
    """

    scan_id: str
    outcome: ScanOutcome
    ticket: TicketSeen | None = None
    entered: Entered | None = None
    withdrawn: Attendance | None = None
    successor: Successor | None = None
    again: bool = False


def check_in(
    session: Session,
    assembly_id: int,
    attempt: Attempt,
    *,
    desk_id: int | None,
    desk_name: str | None = None,
    actor: Actor,
    now: datetime,
    at_lock: Callable[[], datetime] | None = None,
) -> Answer:
    """Judge a scan, and admit where nothing stands in the way; `desk_id` None: the supervisor admits.

    `now`: when it was asked. `at_lock` tells the time again once the assembly is held, which is when the scan was received:
    after whatever was decided while it waited. Without it, it did not wait.
    The voting person's arrival sets the advance vote or the mandate of the member aside, once. For the code on the card of
    the volunteers nothing is written. Refusals: not_found, scan_id_used (the desk gave the id of another scan).
    """
    read = attempt.read
    if read.practice:
        return Answer(attempt.scan_id, ScanOutcome.PRACTICE)
    seen = reads.asked(
        session, assembly_id, read, ticket_id=attempt.ticket_id, scan_id=attempt.scan_id, today=today_jst(now)
    )
    if seen is None:
        raise NotFound
    received_at = at_lock() if at_lock is not None else now
    ticket = seen.ticket if seen.found is not None and seen.found.here else None
    if seen.outcome is not None:
        return _answer_again(session, seen, ticket, attempt)
    outcome = judge(seen.found, state=seen.state, held_at=seen.held_at, now=_arrived(attempt, now=now))
    answer = Answer(attempt.scan_id, outcome, ticket)
    if outcome is ScanOutcome.ADMITTED and ticket is not None:
        answer = _admit(session, ticket, attempt, desk_id=desk_id, desk_name=desk_name, actor=actor, now=now)
    elif outcome is ScanOutcome.REVOKED and ticket is not None:
        answer = replace(answer, successor=reads.successor_of(session, ticket.id))
    _keep_scan(session, assembly_id, attempt, seen, answer, desk_id=desk_id, actor=actor, received_at=received_at)
    return answer


def _answer_again(session: Session, seen: Asked, ticket: TicketSeen | None, attempt: Attempt) -> Answer:
    """The same scan once more: the answer that it had, read from its row."""
    if not seen.scanned_here or seen.scanned_ticket_id != (seen.ticket.id if seen.ticket is not None else None):
        raise Refusal("scan_id_used", "読み取りの番号が重なりました。もう一度読み取ってください。")
    return _as_answered(session, seen, ticket, attempt.scan_id)


def answered(session: Session, assembly_id: int, scan_id: str, *, now: datetime) -> Answer | None:
    """The answer that a scan had, for a page that shows it; reads alone. None where there is no such scan here."""
    seen = reads.asked_before(session, assembly_id, scan_id, today=today_jst(now))
    if seen is None:
        return None
    return _as_answered(session, seen, seen.ticket if seen.found is not None and seen.found.here else None, scan_id)


def _as_answered(session: Session, seen: Asked, ticket: TicketSeen | None, scan_id: str) -> Answer:
    assert seen.outcome is not None
    entered = reads.check_in_of(session, seen.check_in_id) if seen.check_in_id is not None else None
    aside = seen.outcome is ScanOutcome.ADMITTED and seen.set_aside_by == seen.check_in_id
    revoked = seen.outcome is ScanOutcome.REVOKED and ticket is not None
    return Answer(
        scan_id,
        seen.outcome,
        ticket,
        entered,
        withdrawn=taken_back(ticket, aside=aside),
        successor=reads.successor_of(session, ticket.id) if revoked and ticket is not None else None,
        again=True,
    )


_C: Any = CheckIn.__table__
_S: Any = StandingReply.__table__
_SCAN = insert(Scan.__table__)  # type: ignore[arg-type]
_ADMITTED_COLUMNS = ("assembly_id", "ticket_id", "member_id", "voting", "desk_id", "entered_by_id", "entered_at")
_SET_ASIDE = (
    update(_S)
    .where(
        _S.c.assembly_id == bindparam("assembly"),
        _S.c.member_id == bindparam("member"),
        _S.c.set_aside_by_check_in_id.is_(None),
    )
    .values(set_aside_by_check_in_id=bindparam("check_in"), version=_S.c.version + 1)
    .returning(_S.c.reply_id)
)


def _admission(dialect: Any) -> Any:
    """One INSERT that admits only a ticket that is still good, and nobody who is in the hall already."""
    still = select(*(bindparam(name, type_=_C.c[name].type) for name in _ADMITTED_COLUMNS)).where(
        AdmissionTicket.id == bindparam("ticket_id"), AdmissionTicket.revoked_at.is_(None)
    )
    return dialect.insert(_C).from_select(_ADMITTED_COLUMNS, still).on_conflict_do_nothing().returning(_C.c.id)


_ADMIT = {True: _admission(sqlite), False: _admission(postgresql)}


def _admit(
    session: Session,
    ticket: TicketSeen,
    attempt: Attempt,
    *,
    desk_id: int | None,
    desk_name: str | None,
    actor: Actor,
    now: datetime,
) -> Answer:
    at = _arrived(attempt, now=now)
    if attempt.offline and (been := desks.been_inside(session, ticket.id, at)) is not None:
        # read again on the way in, and gone since: a late message brings nobody back
        return Answer(attempt.scan_id, ScanOutcome.ALREADY, ticket, reads.check_in_of(session, been))
    row = {
        "assembly_id": ticket.assembly_id,
        "ticket_id": ticket.id,
        "member_id": ticket.member_id,
        "voting": ticket.voting,
        "desk_id": desk_id,
        "entered_by_id": actor.user_id,
        "entered_at": at,
    }
    check_in_id = None
    while check_in_id is None:
        check_in_id = current_rows_of(session, _ADMIT[is_sqlite(session)], row).scalar_one_or_none()
        if check_in_id is None and (answer := _stood_in_the_way(session, ticket, attempt)) is not None:
            return answer
    aside = ticket.voting and set_aside(session, ticket.assembly_id, ticket.member_id, check_in_id)
    withdrawn = taken_back(ticket, aside=aside)
    audit.record(
        session,
        "reception.checked_in",
        subject=f"CHECK_IN:{check_in_id}",
        actor=actor,
        now=now,
        detail={
            "assembly_id": ticket.assembly_id,
            "ticket_id": ticket.id,
            "member_id": ticket.member_id,
            "voting": ticket.voting,
            "desk_id": desk_id,
            "withdrawn": withdrawn,
            "offline": attempt.offline,
        },
    )
    entered = Entered(check_in_id, at, desk_name, ticket.name, ticket.number, None)
    return Answer(attempt.scan_id, ScanOutcome.ADMITTED, ticket, entered, withdrawn=withdrawn)


def taken_back(ticket: TicketSeen | None, *, aside: bool) -> Attendance | None:
    """The reply that the admission took back; None where there was nothing in it to take back."""
    if ticket is None or not aside:
        return None
    back = withdraws(ticket.advance, choices=ticket.advance_choices, kind=ticket.kind)
    return ticket.advance if back else None


def _arrived(attempt: Attempt, *, now: datetime) -> datetime:
    """When somebody came: by the clock of the desk where it admitted alone, else by that of the server."""
    if attempt.device_at is None or not attempt.offline or attempt.device_at > now + AHEAD:
        return now
    return min(attempt.device_at, now)


def _stood_in_the_way(session: Session, ticket: TicketSeen, attempt: Attempt) -> Answer | None:
    """Why nothing was inserted: the person is in the hall, another one votes for the member, or the ticket was revoked.

    None where whatever stood in the way has just ended: then there is room.
    """
    if (present := reads.present_with(session, ticket.id)) is not None:
        return Answer(attempt.scan_id, ScanOutcome.ALREADY, ticket, present)
    successor = reads.successor_of(session, ticket.id)
    if successor is None and ticket.voting and ticket.member_id is not None:
        voter = reads.voter_present(session, ticket.assembly_id, ticket.member_id)
        if voter is not None:
            return Answer(attempt.scan_id, ScanOutcome.VOTER_PRESENT, ticket, voter)
    if successor is None and reads.is_good(session, ticket.id):
        return None
    return Answer(attempt.scan_id, ScanOutcome.REVOKED, ticket, successor=successor)


def set_aside(session: Session, assembly_id: int, member_id: int | None, check_in_id: int) -> bool:
    """Set the standing reply of the member aside, by rule: who votes at the hall does not vote in advance as well.

    Whether there was one to set aside; one that is aside already stays so, by whoever came first.
    """
    values = {"assembly": assembly_id, "member": member_id, "check_in": check_in_id}
    return current_rows_of(session, _SET_ASIDE, values).first() is not None


def _keep_scan(
    session: Session,
    assembly_id: int,
    attempt: Attempt,
    seen: Asked,
    answer: Answer,
    *,
    desk_id: int | None,
    actor: Actor,
    received_at: datetime,
) -> None:
    """The scan itself, whatever it came to; two at once under one id collide here, and the later asks again."""
    rows_of(
        session,
        _SCAN,
        {
            "scan_id": attempt.scan_id,
            "assembly_id": assembly_id,
            "desk_id": desk_id,
            "entered_by_id": actor.user_id,
            "way": attempt.way,
            "ticket_id": seen.ticket.id if seen.ticket is not None else None,
            "device_at": attempt.device_at,
            "received_at": received_at,
            "offline": attempt.offline,
            "outcome": answer.outcome,
            "check_in_id": answer.entered.id if answer.entered is not None else None,
        },
    )
