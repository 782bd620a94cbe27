"""Settings of legal weight that two of the staff change from a day on.

Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

from occto.models.rebuild import take_codes
from occto.models.triggers import create_triggers, drop_triggers
from occto.types import BigId, Document, UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_NAMES = (
    "RECORD_DAYS",
    "FREEZE_DAYS",
    "NOTICE_DAYS",
    "REPLY_TIME",
    "QUORUM_BASIS",
    "MAX_ATTENDEES",
    "PROXIES",
    "BLANK_CHOICE",
    "NO_SHOW",
    "CHAIR",
)


def upgrade():
    drop_triggers(op.get_bind())
    take_codes(op.get_bind(), "proposals", "kind", ("SETTING",))
    op.create_table(
        "settings",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column(
            "name",
            sa.Enum(*_NAMES, name="name", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column(
            "value", Document, nullable=True, comment="number, code, list of codes, time or text; None: left open"
        ),
        sa.Column("source", sa.Text(), nullable=False, comment="the article or decision that it rests on"),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("entered_at", UtcDateTime(), nullable=False),
        sa.Column("proposal_id", BigId, nullable=False, comment="both persons"),
        sa.CheckConstraint("length(source) <= 200", name=op.f("ck_settings_source_length")),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposals.id"], name=op.f("fk_settings_proposal_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_settings")),
        sa.UniqueConstraint("proposal_id", name=op.f("uq_settings_proposal_id")),
        sqlite_autoincrement=True,
    )
    create_triggers(op.get_bind())


def downgrade():
    drop_triggers(op.get_bind())
    op.drop_table("settings")
    create_triggers(op.get_bind())
