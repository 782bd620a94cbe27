"""What the 再計算キット of each result is known by.

Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

from occto.models.triggers import create_triggers, drop_triggers
from occto.types import BigId, UtcDateTime

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "kit_hashes",
        sa.Column("assembly_id", BigId, nullable=False),
        sa.Column(
            "no", sa.Integer(), autoincrement=False, nullable=False, comment="of the result (assembly_results.no)"
        ),
        sa.Column("sha256", sa.Text(), nullable=False, comment="of the SHA256SUMS of the data files"),
        sa.Column("noted_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_kit_hashes_sha256")),
        sa.CheckConstraint("no > 0", name=op.f("ck_kit_hashes_no")),
        sa.ForeignKeyConstraint(
            ["assembly_id"], ["assemblies.id"], name=op.f("fk_kit_hashes_assembly_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("assembly_id", "no", name=op.f("pk_kit_hashes")),
    )
    create_triggers(op.get_bind())


def downgrade():
    drop_triggers(op.get_bind())
    op.drop_table("kit_hashes")
    create_triggers(op.get_bind())
