"""一括処理: what the worker does to many rows, and the rows that it had to leave."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from occto.domain.jobs import JobKind, JobState, Outcome
from occto.extensions import Base
from occto.models.shared import Instant, Key, refers
from occto.types import BigId, Document, UtcDateTime, bounded, code


class Job(Base):
    """An act on a set of rows that was fixed when a person confirmed it."""

    __tablename__ = "jobs"
    __table_args__ = (
        CheckConstraint("progress >= 0 AND progress <= total", name="progress"),
        CheckConstraint("(state = 'RUNNING') = (lease_until IS NOT NULL)", name="lease"),
        CheckConstraint("(state IN ('DONE', 'FAILED')) = (finished_at IS NOT NULL)", name="finished"),
        CheckConstraint("state <> 'DONE' OR progress = total", name="done"),
        bounded("conditions", 500),
        bounded("last_error", 500),
        Index("ix_jobs_state", "state", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[Key]
    kind: Mapped[JobKind] = mapped_column(code(JobKind, name="kind"))
    conditions: Mapped[str] = mapped_column(Text, comment="the filter that the rows matched, in words")
    rows: Mapped[list[list[int]]] = mapped_column(Document, comment="the rows, as [first, last] of each run of numbers")
    total: Mapped[int] = mapped_column(BigId)
    progress: Mapped[int] = mapped_column(BigId, default=0, comment="rows dealt with")
    last_id: Mapped[int] = mapped_column(BigId, default=0, comment="the last row dealt with")
    done: Mapped[int] = mapped_column(BigId, default=0, comment="rows that the act was done to")
    state: Mapped[JobState] = mapped_column(code(JobState, name="state"), default=JobState.WAITING)
    attempts: Mapped[int] = mapped_column(default=0, comment="times in a row that a batch failed")
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime, comment="until when one worker holds it")
    last_error: Mapped[str | None] = mapped_column(Text)
    requested_by_id: Mapped[int] = mapped_column(BigId, refers("users.id"), index=True)
    requested_at: Mapped[Instant]
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class JobLeftover(Base):
    """A row of a job that the act was not done to, and why."""

    __tablename__ = "job_leftovers"

    job_id: Mapped[int] = mapped_column(BigId, refers("jobs.id"), primary_key=True)
    row_id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    outcome: Mapped[Outcome] = mapped_column(code(Outcome, name="outcome"))
