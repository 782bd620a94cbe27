"""What several subjects share: column shorthands and counters."""

from datetime import datetime
from typing import Annotated

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from occto.extensions import Base
from occto.types import BigId, SortText, UtcDateTime, bounded

Key = Annotated[int, mapped_column(BigId, primary_key=True, comment="row number")]
Instant = Annotated[datetime, mapped_column(UtcDateTime)]
Version = Annotated[
    int, mapped_column(default=1, comment="raised by every decision or edit; forms send it back as seen_version")
]


def refers(target: str) -> ForeignKey:
    """A foreign key to `table.column` that refuses the removal of what it points to."""
    return ForeignKey(target, ondelete="RESTRICT")


class Counter(Base):
    """Running numbers by name and period, such as 受付番号 of a year; the row is locked while a number is taken."""

    __tablename__ = "counters"
    __table_args__ = (bounded("name", 40), bounded("period", 10))

    name: Mapped[str] = mapped_column(SortText, primary_key=True, comment="what is counted")
    period: Mapped[str] = mapped_column(SortText, primary_key=True, comment="such as the year")
    value: Mapped[int] = mapped_column(BigId, comment="the last number given")
