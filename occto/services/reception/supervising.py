"""受付責任者: exit, undo, observer and voter changed, each with its reason where somebody's vote moves."""

from datetime import datetime

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.dates import today_jst
from occto.domain.errors import NotFound, Refusal
from occto.domain.reception import ADMITTING, CheckInEnd
from occto.domain.tickets import NOTHING
from occto.models import AdmissionTicket, Assembly, CheckIn, StandingReply
from occto.queries import reception as reads
from occto.services import audit
from occto.services.reception.admitting import tell_member
from occto.services.reception.checking_in import set_aside, taken_back
from occto.services.reception.desks import require_supervisor
from occto.services.reception.required import given_reason, require_no_voter, require_votes
from occto.services.reception.telling import tell_undone


def leave(session: Session, check_in_id: int, *, actor: Actor, now: datetime) -> None:
    """退出: the person is in the hall no more. What the arrival set aside stays so: the member chose to vote at the hall.

    Refusals: not_allowed, not_found, not_present, hall_closed.
    """
    entry = _present(session, check_in_id, actor=actor)
    _end(session, entry, CheckInEnd.LEFT, reason=None, actor=actor, now=now)
    _note(session, entry, told=0, actor=actor, now=now)


def undo(session: Session, check_in_id: int, *, reason: str | None, actor: Actor, now: datetime) -> None:
    """取消し: the check-in was a mistake; the advance vote or mandate that it set aside stands again.

    A member that was told of it is told so.

    Refusals: not_allowed, not_found, not_present, hall_closed, reason_missing, reason_too_long.
    """
    entry = _present(session, check_in_id, actor=actor)
    words = given_reason(reason)
    told = _restore_and_tell(session, entry, StandingReply.set_aside_by_check_in_id == entry.id, now=now)
    _end(session, entry, CheckInEnd.UNDONE, reason=words, actor=actor, now=now)
    _note(session, entry, told=told, actor=actor, now=now)


def change_role(
    session: Session, check_in_id: int, *, voting: bool, reason: str | None, actor: Actor, now: datetime
) -> int:
    """傍聴 and 行使 changed: the row ends and another begins. Returns the row number of the new one.

    Whoever becomes a voter sets the advance vote aside, and the member is told; whoever becomes an observer lets it stand
    again, and a member that was told otherwise is told so.
    Refusals: not_allowed, not_found, not_present, hall_closed, reason_missing, reason_too_long, role_same, no_votes,
    voter_present.
    """
    entry = _present(session, check_in_id, actor=actor)
    words = given_reason(reason)
    if entry.voting is voting:
        raise Refusal("role_same", "すでにその扱いになっています。画面を開き直して、お確かめください。")
    if voting:
        require_votes(session, entry.assembly_id, entry.member_id)
        require_no_voter(session, entry.assembly_id, entry.member_id)
    else:
        told = _restore_and_tell(session, entry, StandingReply.member_id == entry.member_id, now=now)
    _end(session, entry, CheckInEnd.CHANGED, reason=words, actor=actor, now=now)
    new = CheckIn(
        assembly_id=entry.assembly_id,
        ticket_id=entry.ticket_id,
        member_id=entry.member_id,
        voting=voting,
        desk_id=entry.desk_id,
        entered_by_id=actor.user_id,
        entered_at=now,
    )
    session.add(new)
    session.flush()
    if voting:
        told = _set_aside_and_tell(session, new, now=now)
    _note(session, entry, told=told, actor=actor, now=now)
    return new.id


def locked_hall(session: Session, assembly_id: int) -> Assembly:
    """The assembly under a lock that whoever decides waits for. Refusals: not_found, hall_closed."""
    assembly = session.get(Assembly, assembly_id, with_for_update={"read": True}, populate_existing=True)
    if assembly is None:
        raise NotFound
    if assembly.state not in ADMITTING:
        raise Refusal("hall_closed", "受付の時間ではないため、変更できません。総会の状態をお確かめください。")
    return assembly


def _present(session: Session, check_in_id: int, *, actor: Actor) -> CheckIn:
    """The check-in under the locks of its assembly and its own. Refusals: not_allowed, not_found, not_present, hall_closed."""
    require_supervisor(actor)
    assembly_id = session.scalar(select(CheckIn.assembly_id).where(CheckIn.id == check_in_id))
    if assembly_id is None:
        raise NotFound
    locked_hall(session, assembly_id)
    entry = session.get(CheckIn, check_in_id, with_for_update=True, populate_existing=True)
    assert entry is not None
    if entry.ended_at is not None:
        raise Refusal(
            "not_present", "この方は、いま会場にいない記録になっています。画面を開き直して、お確かめください。"
        )
    return entry


def _end(
    session: Session, entry: CheckIn, ending: CheckInEnd, *, reason: str | None, actor: Actor, now: datetime
) -> None:
    entry.ending, entry.ended_by_id, entry.reason, entry.ended_at = ending, actor.user_id, reason, now
    session.flush()


def _note(session: Session, entry: CheckIn, *, told: int, actor: Actor, now: datetime) -> None:
    """That the check-in ended, on record; `told`: mails to the member about it."""
    name = session.scalar(select(AdmissionTicket.name).where(AdmissionTicket.id == entry.ticket_id))
    audit.record(
        session,
        "reception.ended",
        subject=f"CHECK_IN:{entry.id}",
        actor=actor,
        now=now,
        detail={
            "assembly_id": entry.assembly_id,
            "ticket_id": entry.ticket_id,
            "member_id": entry.member_id,
            "name": name,
            "voting": entry.voting,
            "ending": entry.ending,
            "reason": entry.reason,
            "told": told,
        },
    )


def _set_aside_and_tell(session: Session, entry: CheckIn, *, now: datetime) -> int:
    """What the arrival of a voter does to the reply, and how many mails tell the member of it."""
    seen = reads.asked(session, entry.assembly_id, NOTHING, ticket_id=entry.ticket_id, scan_id="", today=today_jst(now))
    assert seen is not None
    assert seen.ticket is not None
    aside = set_aside(session, entry.assembly_id, entry.member_id, entry.id)
    return tell_member(
        session,
        session.get_one(Assembly, entry.assembly_id),
        session.get_one(AdmissionTicket, entry.ticket_id),
        check_in_id=entry.id,
        company=seen.ticket.company,
        withdrawn=taken_back(seen.ticket, aside=aside),
        instead_of=None,
        now=now,
    )


def _restore_and_tell(session: Session, entry: CheckIn, which: ColumnElement[bool], *, now: datetime) -> int:
    """Let the reply stand again: after an undo that which this very check-in set aside, and for somebody who becomes an
    observer whatever an earlier arrival of the same member did. How many mails take back what the member was told.
    """
    here = (StandingReply.assembly_id == entry.assembly_id, StandingReply.set_aside_by_check_in_id.is_not(None), which)
    by = [one for one in session.scalars(select(StandingReply.set_aside_by_check_in_id).where(*here)) if one]
    session.execute(
        update(StandingReply).where(*here).values(set_aside_by_check_in_id=None, version=StandingReply.version + 1)
    )
    return tell_undone(session, entry, set_aside_by=by, restored=bool(by), now=now)
