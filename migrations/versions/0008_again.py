"""A company that has left joins again: former operator codes, and several applications of one member.

Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

from occto.models.rebuild import rebuild
from occto.models.triggers import create_triggers, drop_triggers
from occto.types import BigId, SortText

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_ONCE = ("member_id", "operator_code")
"""Columns of applications that were unique. Going back leaves them wide: rows stay."""
_NOT_APPROVED = "state <> 'APPROVED'"


def _lift(column):
    name, bind = f"uq_applications_{column}", op.get_bind()
    if bind.dialect.name != "sqlite":
        bind.execute(sa.text(f"ALTER TABLE applications DROP CONSTRAINT IF EXISTS {name}"))
        return
    constraint = f", \n\tCONSTRAINT {name} UNIQUE ({column})"
    stored = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'applications'"
    if name in bind.execute(sa.text(stored)).scalar_one():
        rebuild(bind, "applications", [(constraint, "")])


def upgrade():
    drop_triggers(op.get_bind())
    for column in _ONCE:
        _lift(column)
    op.create_index(op.f("ix_applications_member_id"), "applications", ["member_id"])
    op.create_index(
        "uq_applications_operator_code_open",
        "applications",
        ["operator_code"],
        unique=True,
        postgresql_where=sa.text(_NOT_APPROVED),
        sqlite_where=sa.text(_NOT_APPROVED),
    )
    op.create_table(
        "former_codes",
        sa.Column("operator_code", SortText, nullable=False),
        sa.Column("member_id", BigId, nullable=False),
        sa.Column("until_on", sa.Date(), nullable=False, comment="half-open: the first day with the next code"),
        sa.Column("entered_id", BigId, nullable=False),
        sa.CheckConstraint("length(operator_code) = 5", name=op.f("ck_former_codes_operator_code")),
        sa.ForeignKeyConstraint(
            ["entered_id"], ["register_changes.id"], name=op.f("fk_former_codes_entered_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_former_codes_member_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("operator_code", name=op.f("pk_former_codes")),
    )
    op.create_index(op.f("ix_former_codes_entered_id"), "former_codes", ["entered_id"])
    op.create_index(op.f("ix_former_codes_member_id"), "former_codes", ["member_id"])
    create_triggers(op.get_bind())


def downgrade():
    drop_triggers(op.get_bind())
    op.drop_table("former_codes")
    op.drop_index("uq_applications_operator_code_open", table_name="applications")
    op.drop_index(op.f("ix_applications_member_id"), table_name="applications")
    create_triggers(op.get_bind())
