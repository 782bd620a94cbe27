"""名簿番号の一括変更: a list of new roster numbers, proposed by one person and applied by another."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Date, Text
from sqlalchemy.orm import Mapped, mapped_column

from occto.domain.codes import ProposalState
from occto.extensions import Base
from occto.models.shared import Instant, Key, Version, refers
from occto.types import BigId, Document, UtcDateTime, bounded, code


class RosterProposal(Base):
    """New roster numbers as a list (`rows`: member, number before, number after). The order has legal effect."""

    __tablename__ = "roster_proposals"
    __table_args__ = (
        CheckConstraint("(state = 'PROPOSED') = (decided_at IS NULL)", name="decided_at"),
        CheckConstraint("(state = 'APPLIED') = (change_id IS NOT NULL)", name="applied"),
        CheckConstraint(
            "state <> 'APPLIED' OR (decided_by_id IS NOT NULL AND decided_by_id <> proposed_by_id)", name="two_persons"
        ),
        bounded("reason", 2000),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    state: Mapped[ProposalState] = mapped_column(code(ProposalState, name="state"))
    rows: Mapped[list[list[int | None]]] = mapped_column(Document, comment="[member, number before, number after]")
    effective_on: Mapped[date] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(Text)
    base_change_id: Mapped[int] = mapped_column(BigId, comment="the newest register change when it was proposed")
    proposed_by_id: Mapped[int] = mapped_column(BigId, refers("users.id"), index=True)
    proposed_at: Mapped[Instant]
    decided_by_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), index=True)
    decided_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    change_id: Mapped[int | None] = mapped_column(BigId, refers("register_changes.id"), index=True)
    version: Mapped[Version]
