"""初期登録: workbooks of existing members, checked row by row, released by a second person."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from occto.domain.importing import ImportState, RowOutcome, SheetKind
from occto.extensions import Base
from occto.models.shared import Instant, Key, Version, refers
from occto.types import BigId, Document, SortText, UtcDateTime, bounded, code


class ImportBatch(Base):
    """One workbook: checked in a dry run that one person began, entered when another releases it."""

    __tablename__ = "imports"
    __table_args__ = (
        CheckConstraint("released_by_id IS NULL OR released_by_id <> uploaded_by_id", name="two_persons"),
        CheckConstraint("state NOT IN ('RELEASED', 'DONE') OR released_by_id IS NOT NULL", name="released"),
        CheckConstraint("(state IN ('DONE', 'DROPPED', 'FAILED')) = (finished_at IS NOT NULL)", name="finished"),
        CheckConstraint("progress >= 0 AND progress <= total", name="progress"),
        bounded("name", 120),
        bounded("note", 2000),
        bounded("last_error", 500),
        Index("ix_imports_state", "state", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    name: Mapped[str] = mapped_column(Text, comment="the file's name, for people only")
    state: Mapped[ImportState] = mapped_column(code(ImportState, name="state"))
    note: Mapped[str | None] = mapped_column(Text, comment="where the data comes from, as the uploader says")
    valid_only: Mapped[bool] = mapped_column(default=False, comment="release what is right and leave the rest")
    total: Mapped[int] = mapped_column(BigId, default=0, comment="rows to deal with in the present step")
    progress: Mapped[int] = mapped_column(BigId, default=0)
    base_change_id: Mapped[int] = mapped_column(
        BigId, default=0, comment="the newest register change when it was checked: rows touched since are checked anew"
    )
    uploaded_by_id: Mapped[int] = mapped_column(BigId, refers("users.id"), index=True)
    uploaded_at: Mapped[Instant]
    released_by_id: Mapped[int | None] = mapped_column(BigId, refers("users.id"), index=True)
    released_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="until when one worker holds it")
    attempts: Mapped[int] = mapped_column(default=0, comment="times in a row that a round failed by a fault of ours")
    last_error: Mapped[str | None] = mapped_column(Text)
    version: Mapped[Version]


class ImportRow(Base):
    """One row of a sheet: what it says, what is wrong with it, what it would do or did."""

    __tablename__ = "import_rows"
    __table_args__ = (
        Index("ix_import_rows_outcome", "import_id", "outcome", "key"),
        Index("ix_import_rows_key", "import_id", "key"),
        bounded("key", 200),
    )

    import_id: Mapped[int] = mapped_column(BigId, refers("imports.id"), primary_key=True)
    sheet: Mapped[SheetKind] = mapped_column(code(SheetKind, name="sheet"), primary_key=True)
    row_no: Mapped[int] = mapped_column(
        primary_key=True, autoincrement=False, comment="as in the workbook, heading = 1"
    )
    key: Mapped[str] = mapped_column(SortText, comment="operator code or corporate number that the row is matched by")
    typed: Mapped[dict[str, Any]] = mapped_column(Document, comment="the cells as they stand")
    answers: Mapped[dict[str, Any] | None] = mapped_column(
        Document, comment="clean values; none where a cell could not be read"
    )
    faults: Mapped[list[list[str]]] = mapped_column(Document, comment="[column, sentence] of each fault")
    diffs: Mapped[list[list[str]]] = mapped_column(
        Document, default=list, comment="[title, old, new] of each value that would change"
    )
    outcome: Mapped[RowOutcome] = mapped_column(code(RowOutcome, name="outcome"))
    member_id: Mapped[int | None] = mapped_column(BigId, refers("members.id"), index=True)
    change_id: Mapped[int | None] = mapped_column(BigId, refers("register_changes.id"), index=True)
