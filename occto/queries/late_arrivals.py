"""Arrivals that reached the server after an item was decided, of people who had come before it: in no count of it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session, aliased

from occto.domain.codes import SnapshotState
from occto.domain.reception import CheckInEnd, ScanOutcome
from occto.models import (
    AdmissionTicket,
    AgendaItem,
    CheckIn,
    Desk,
    ItemDecision,
    Member,
    Scan,
    Snapshot,
    SnapshotMember,
)

MOST = 100


def late_arrivals(session: Session, assembly_id: int, *, item_id: int | None = None) -> Sequence[Any]:
    """A row for each such arrival and item, of one item or of all, the first sent one first; MOST at most.

    Columns: entered_at (by the desk or on paper), received_at, desk (None: from paper), name, number, company, voting,
    votes (frozen), item_id, item_no. One that was in the hall at the first decision is in every correction since it came:
    it is named until then. What was undone never was. Most come from a desk that was cut off, or from paper; one on line is
    among them where it was asked before the decision and had to wait for it: both are timed once they hold the assembly.
    """
    first, newer = aliased(ItemDecision), aliased(ItemDecision)
    last = select(func.max(newer.decided_at)).where(newer.item_id == AgendaItem.id).scalar_subquery()
    query = (
        select(
            CheckIn.entered_at,
            Scan.received_at,
            Desk.name.label("desk"),
            AdmissionTicket.name,
            AdmissionTicket.number,
            Member.current_name.label("company"),
            CheckIn.voting,
            func.coalesce(SnapshotMember.votes, 0).label("votes"),
            AgendaItem.id.label("item_id"),
            AgendaItem.no.label("item_no"),
        )
        .select_from(Scan)
        .join(CheckIn, CheckIn.id == Scan.check_in_id)
        .join(AdmissionTicket, AdmissionTicket.id == CheckIn.ticket_id)
        .join(AgendaItem, and_(AgendaItem.assembly_id == Scan.assembly_id, AgendaItem.withdrawn_at.is_(None)))
        .join(first, and_(first.item_id == AgendaItem.id, first.no == 1))
        .outerjoin(Member, Member.id == CheckIn.member_id)
        .outerjoin(Desk, Desk.id == Scan.desk_id)
        .outerjoin(Snapshot, and_(Snapshot.assembly_id == Scan.assembly_id, Snapshot.state == SnapshotState.FROZEN))
        .outerjoin(
            SnapshotMember,
            and_(SnapshotMember.snapshot_id == Snapshot.id, SnapshotMember.member_id == CheckIn.member_id),
        )
        .where(
            Scan.assembly_id == assembly_id,
            Scan.outcome == ScanOutcome.ADMITTED,
            CheckIn.member_id.is_not(None),
            CheckIn.entered_at <= first.decided_at,
            or_(
                CheckIn.ending.is_(None),
                and_(CheckIn.ending != CheckInEnd.UNDONE, CheckIn.ended_at > first.decided_at),
            ),
            Scan.received_at > last,
        )
        .order_by(Scan.received_at, Scan.scan_id, AgendaItem.no)
        .limit(MOST)
    )
    if item_id is not None:
        query = query.where(AgendaItem.id == item_id)
    return session.execute(query).all()
