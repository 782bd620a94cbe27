"""Reads for 異議."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.assembly import SHOWN_TO_MEMBERS
from occto.models import Assembly, VoteObjection


@dataclass(frozen=True, slots=True)
class ObjectionLine:
    """An objection as its member reads it."""

    id: int
    filed_at: datetime
    body: str
    answer: str | None
    answered_at: datetime | None


def of_member(session: Session, assembly_id: int, *, member_id: int) -> list[ObjectionLine]:
    """The objections of a member to an assembly, newest first."""
    rows = session.scalars(
        select(VoteObjection)
        .where(VoteObjection.assembly_id == assembly_id, VoteObjection.member_id == member_id)
        .order_by(VoteObjection.id.desc())
    )
    return [ObjectionLine(one.id, one.filed_at, one.body, one.answer, one.answered_at) for one in rows]


def waiting(session: Session, assembly_id: int) -> list[VoteObjection]:
    """The objections to an assembly without an answer: what stands in the check list of the freeze."""
    query = select(VoteObjection).where(VoteObjection.assembly_id == assembly_id, VoteObjection.answered_at.is_(None))
    return list(session.scalars(query.order_by(VoteObjection.id)))


def shown_assembly(session: Session, assembly_id: int) -> Assembly | None:
    """An assembly that members see; None for any other."""
    found = session.get(Assembly, assembly_id) if 0 < assembly_id < 2**63 else None
    seen = found is not None and found.state in SHOWN_TO_MEMBERS and found.rehearsal_of_id is None
    return found if seen else None
