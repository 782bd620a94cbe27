"""Search of members and jobs.

Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

from occto.models.search import create_index, drop_index
from occto.types import BigId, Document, UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "member_search",
        sa.Column("member_id", BigId, autoincrement=False, nullable=False),
        sa.Column(
            "text", sa.Text(), nullable=False, comment="keys of names, codes and marks, rebuilt by `rebuild-current`"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_member_search_member_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("member_id", name=op.f("pk_member_search")),
    )
    create_index(op.get_bind())
    op.create_table(
        "jobs",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column(
            "kind",
            sa.Enum(
                "CONFIRM_REQUEST", "MAIL_RESEND", name="kind", native_enum=False, create_constraint=True, length=16
            ),
            nullable=False,
        ),
        sa.Column("conditions", sa.Text(), nullable=False, comment="the filter that the rows matched, in words"),
        sa.Column("rows", Document, nullable=False, comment="the rows, as [first, last] of each run of numbers"),
        sa.Column("total", BigId, nullable=False),
        sa.Column("progress", BigId, nullable=False, comment="rows dealt with"),
        sa.Column("last_id", BigId, nullable=False, comment="the last row dealt with"),
        sa.Column("done", BigId, nullable=False, comment="rows that the act was done to"),
        sa.Column(
            "state",
            sa.Enum(
                "WAITING",
                "RUNNING",
                "DONE",
                "FAILED",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), nullable=False, comment="times in a row that a batch failed"),
        sa.Column("lease_until", UtcDateTime(), nullable=True, comment="until when one worker holds it"),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("requested_by_id", BigId, nullable=False),
        sa.Column("requested_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("progress >= 0 AND progress <= total", name=op.f("ck_jobs_progress")),
        sa.CheckConstraint("(state = 'RUNNING') = (lease_until IS NOT NULL)", name=op.f("ck_jobs_lease")),
        sa.CheckConstraint("(state IN ('DONE', 'FAILED')) = (finished_at IS NOT NULL)", name=op.f("ck_jobs_finished")),
        sa.CheckConstraint("state <> 'DONE' OR progress = total", name=op.f("ck_jobs_done")),
        sa.CheckConstraint("length(conditions) <= 500", name=op.f("ck_jobs_conditions_length")),
        sa.CheckConstraint("length(last_error) <= 500", name=op.f("ck_jobs_last_error_length")),
        sa.ForeignKeyConstraint(
            ["requested_by_id"], ["users.id"], name=op.f("fk_jobs_requested_by_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("jobs", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_jobs_requested_by_id"), ["requested_by_id"], unique=False)
        batch_op.create_index("ix_jobs_state", ["state", "id"], unique=False)
    op.create_table(
        "job_leftovers",
        sa.Column("job_id", BigId, nullable=False),
        sa.Column("row_id", BigId, autoincrement=False, nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "PAPER",
                "NO_ADDRESS",
                "LEFT",
                "CHANGED",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_job_leftovers_job_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("job_id", "row_id", name=op.f("pk_job_leftovers")),
    )


def downgrade():
    op.drop_table("job_leftovers")
    op.drop_table("jobs")
    drop_index(op.get_bind())
    op.drop_table("member_search")
