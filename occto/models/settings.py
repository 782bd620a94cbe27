"""設定: what two of the staff set from a day on. What was never set has its usual value (`domain/dated_settings.py`)."""

from datetime import date
from typing import Any

from sqlalchemy import Date, Text
from sqlalchemy.orm import Mapped, mapped_column

from occto.domain.dated_settings import SettingName
from occto.extensions import Base
from occto.models.shared import Instant, Key, refers
from occto.types import BigId, Document, bounded, code


class Setting(Base):
    """A value from a day on, entered with the confirmation of a proposal. Append-only; of two from one day the later holds."""

    __tablename__ = "settings"
    __table_args__ = (bounded("source", 200), {"sqlite_autoincrement": True})

    id: Mapped[Key]
    name: Mapped[SettingName] = mapped_column(code(SettingName, name="name"))
    value: Mapped[Any | None] = mapped_column(
        Document, comment="number, code, list of codes, time or text; None: left open"
    )
    source: Mapped[str] = mapped_column(Text, comment="the article or decision that it rests on")
    effective_on: Mapped[date] = mapped_column(Date)
    entered_at: Mapped[Instant]
    proposal_id: Mapped[int] = mapped_column(BigId, refers("proposals.id"), unique=True, comment="both persons")
