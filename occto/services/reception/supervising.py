"""受付責任者: exit, undo, observer and voter changed, each with its reason where somebody's vote moves."""

from datetime import datetime

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.errors import NotFound, Refusal
from occto.domain.reception import ADMITTING, REASON_LIMIT, CheckInEnd
from occto.models import AdmissionTicket, Assembly, CheckIn, SnapshotMember, StandingReply
from occto.queries import reception as reads
from occto.queries.snapshots import frozen_of
from occto.services import audit
from occto.services.reception.checking_in import set_aside
from occto.services.reception.desks import require_supervisor


def leave(session: Session, check_in_id: int, *, actor: Actor, now: datetime) -> None:
    """退出: the person is in the hall no more. What the arrival set aside stays so: the member chose to vote at the hall.

    Refusals: not_allowed, not_found, not_present, hall_closed.
    """
    entry = _present(session, check_in_id, actor=actor)
    _end(session, entry, CheckInEnd.LEFT, reason=None, actor=actor, now=now)


def undo(session: Session, check_in_id: int, *, reason: str | None, actor: Actor, now: datetime) -> None:
    """取消し: the check-in was a mistake; the advance vote or mandate that it set aside stands again.

    Refusals: not_allowed, not_found, not_present, hall_closed, reason_missing, reason_too_long.
    """
    entry = _present(session, check_in_id, actor=actor)
    words = given_reason(reason)
    _restore(session, entry, StandingReply.set_aside_by_check_in_id == entry.id)
    _end(session, entry, CheckInEnd.UNDONE, reason=words, actor=actor, now=now)


def change_role(
    session: Session, check_in_id: int, *, voting: bool, reason: str | None, actor: Actor, now: datetime
) -> int:
    """傍聴 and 行使 changed: the row ends and another begins. Returns the row number of the new one.

    Whoever becomes a voter sets the advance vote aside; whoever becomes an observer lets it stand again.
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
        _restore(session, entry, StandingReply.member_id == entry.member_id)
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
        set_aside(session, new.assembly_id, new.member_id, new.id)
    return new.id


def given_reason(reason: str | None) -> str:
    """The reason as it is kept. Refusals: reason_missing, reason_too_long."""
    words = (reason or "").strip()
    if not words:
        raise Refusal("reason_missing", "理由を入力してください。受付の記録に残ります。", field="reason")
    if len(words) > REASON_LIMIT:
        raise Refusal("reason_too_long", f"理由は{REASON_LIMIT}文字以内で入力してください。", field="reason")
    return words


def require_votes(session: Session, assembly_id: int, member_id: int | None) -> None:
    """Refusal no_votes where the member holds no votes in this assembly."""
    frozen = frozen_of(session, assembly_id)
    seat = session.get(SnapshotMember, (frozen.id, member_id)) if frozen is not None and member_id else None
    if seat is None or seat.votes == 0:
        raise Refusal(
            "no_votes",
            "この会員は、この総会で行使できる議決権を持っていません。傍聴の方として受け付けてください。",
        )


def require_no_voter(session: Session, assembly_id: int, member_id: int | None) -> None:
    """Refusal voter_present where somebody votes for the member at the hall already."""
    voter = reads.voter_present(session, assembly_id, member_id) if member_id is not None else None
    if voter is not None:
        raise Refusal(
            "voter_present",
            f"この会員の議決権は、{voter.name} 様が行使することになっています。先に退出か変更を記録してください。",
        )


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
            "ending": ending,
            "reason": reason,
        },
    )


def _restore(session: Session, entry: CheckIn, which: ColumnElement[bool]) -> None:
    """Let the reply stand again: after an undo that which this very check-in set aside, and for somebody who becomes an
    observer whatever an earlier arrival of the same member did.
    """
    session.execute(
        update(StandingReply)
        .where(
            StandingReply.assembly_id == entry.assembly_id, StandingReply.set_aside_by_check_in_id.is_not(None), which
        )
        .values(set_aside_by_check_in_id=None, version=StandingReply.version + 1)
    )
