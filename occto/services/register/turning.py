"""The day turns, or the register changes: copies are rebuilt, and a membership without a licence left ends."""

from collections.abc import Iterable
from datetime import date, datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from occto.domain.actor import SYSTEM
from occto.domain.changes import SUCCESSION
from occto.domain.clauses import Clause
from occto.domain.codes import EndReason, MemberState
from occto.domain.dates import today_jst
from occto.models import (
    ChangeItem,
    ChangeRequest,
    ChangeRevision,
    ContractOfUse,
    LicenceFact,
    LicenceHeld,
    Member,
    SessionRow,
)
from occto.services import audit
from occto.services.notices import tell_member
from occto.services.register.current import refresh_current


def lock_members(session: Session, member_ids: Iterable[int]) -> dict[int, MemberState]:
    """Member → its state, each locked in the order of row numbers, as before a change of the register is begun."""
    found = session.execute(
        select(Member.id, Member.current_state)
        .where(Member.id.in_(list(member_ids)))
        .order_by(Member.id)
        .with_for_update(key_share=True)
    )
    return {row.id: row.current_state for row in found}


def bring_up_to_date(session: Session, member_ids: Iterable[int], *, now: datetime) -> int:
    """Rebuild the copies of these members as of today and end the memberships that are over; how many rows differed."""
    ids = sorted(set(member_ids))
    # Locked, so that of an approval and the daily work only one sees the membership end.
    before = lock_members(session, ids)
    differed = refresh_current(session, ids, today=today_jst(now))
    for member_id in ids:
        member = session.get(Member, member_id)
        if member is None:
            continue
        if member.current_state is not MemberState.LEFT:
            member.succeeded_by_id = None  # a succession that was taken back
        elif before[member_id] is not MemberState.LEFT:
            _end_membership(session, member, now=now)
    return differed


def _end_membership(session: Session, member: Member, *, now: datetime) -> None:
    """The last licence has ended: the contract of use ends with the membership (利用規約 2.7.1), and so does access."""
    ended = session.execute(
        select(LicenceFact.ended_on, LicenceFact.end_reason)
        .join(LicenceHeld, LicenceHeld.id == LicenceFact.licence_id)
        .where(LicenceHeld.member_id == member.id, LicenceFact.voided_id.is_(None))
        # Of those that ended on the last day, one that passed on tells who follows; one that was given up tells nothing.
        .order_by(LicenceFact.ended_on.desc(), LicenceFact.end_reason != EndReason.SUCCESSION, LicenceFact.id)
        .limit(1)
    ).first()
    last = ended.ended_on if ended else None
    if ended is not None and ended.end_reason is EndReason.SUCCESSION:
        member.succeeded_by_id = _successor(session, member.id, on=ended.ended_on)
    session.execute(
        update(ContractOfUse)
        .where(ContractOfUse.member_id == member.id, ContractOfUse.ended_at.is_(None))
        .values(ended_at=now, end_clause=Clause.C2_7_1, end_reason="会員の資格の喪失")
    )
    end_sessions(session, member.id, now=now)
    audit.record(
        session,
        "member.ended",
        subject=f"MEMBER:{member.id}",
        actor=SYSTEM,
        now=now,
        detail={"ended_on": last, "succeeded_by_id": member.succeeded_by_id},
        clause=Clause.C2_7_1,
    )
    tell_member(
        session,
        member.id,
        "member/ended",
        now=now,
        clause=Clause.C2_7_1,
        company=member.current_name,
        ended_on=last,
        dedupe_key=f"member-ended:{member.id}:{last or date.max}",
    )
    session.flush()


def _successor(session: Session, member_id: int, *, on: date) -> int | None:
    """Who took over on that day, as the succession that was entered says."""
    entered = session.scalar(
        select(ChangeItem.new)
        .join(ChangeRevision, ChangeRevision.id == ChangeItem.revision_id)
        .join(ChangeRequest, ChangeRequest.id == ChangeRevision.request_id)
        .where(
            ChangeRequest.member_id == member_id,
            ChangeItem.item == SUCCESSION,
            ChangeItem.effective_on == on,
            ChangeItem.change_id.is_not(None),
        )
        .order_by(ChangeItem.id.desc())
        .limit(1)
    )
    return int(entered["successor_id"]) if entered else None


def end_sessions(session: Session, member_id: int, *, now: datetime) -> int:
    """End every session in which somebody acts for the member; how many. Staff who look at its pages act for nobody."""
    acting = (SessionRow.member_id == member_id, SessionRow.view_reason.is_(None), SessionRow.ended_at.is_(None))
    ended = session.execute(update(SessionRow).where(*acting).values(ended_at=now))
    return int(ended.rowcount)  # type: ignore[attr-defined]
