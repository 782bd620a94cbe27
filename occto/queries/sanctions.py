"""Reads for 権利の停止・制限."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.models import SanctionFact


def sanctions_of(session: Session, member_id: int) -> list[SanctionFact]:
    """What stands on record of a member, past, present and to come, by the day it begins."""
    return list(
        session.scalars(
            select(SanctionFact)
            .where(SanctionFact.member_id == member_id, SanctionFact.voided_id.is_(None))
            .order_by(SanctionFact.effective_on, SanctionFact.id)
        )
    )
