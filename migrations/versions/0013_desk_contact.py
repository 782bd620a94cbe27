"""What a desk says of itself: when its script last spoke, how many arrivals it had not sent, and whether it was tried.

Revises: 0012
"""

import sqlalchemy as sa
from alembic import op

from occto.models.rebuild import rebuild
from occto.models.triggers import create_triggers, drop_triggers
from occto.types import UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_CHECKS = {"contact_at": "(contact_at IS NULL) = (waiting IS NULL)", "waiting": "waiting >= 0"}
_COLUMNS = (
    sa.Column("contact_at", UtcDateTime(), nullable=True, comment="when its script last said what it holds"),
    sa.Column(
        "waiting", sa.Integer(), nullable=True, comment="arrivals that it then held and had not sent; no decision"
    ),
    sa.Column(
        "practised_at",
        UtcDateTime(),
        nullable=True,
        comment="when the code for practice was first read by the device that is paired",
    ),
)
_LAST = "version INTEGER NOT NULL"


def _edit():
    """The piece of the definition that SQLite keeps, before and after the columns are added."""
    checks = "".join(f"CONSTRAINT ck_desks_{name} CHECK ({rule}), \n\t" for name, rule in _CHECKS.items())
    added = "contact_at DATETIME, \n\twaiting INTEGER, \n\tpractised_at DATETIME, \n\t"
    return f"{_LAST}, \n\tCONSTRAINT", f"{_LAST}, \n\t{added}{checks}CONSTRAINT"


def upgrade():
    drop_triggers(op.get_bind())
    if op.get_bind().dialect.name == "sqlite":
        rebuild(op.get_bind(), "desks", [_edit()])
    else:
        for column in _COLUMNS:
            op.add_column("desks", column)
        for name, rule in _CHECKS.items():
            op.create_check_constraint(op.f(f"ck_desks_{name}"), "desks", rule)
    create_triggers(op.get_bind())


def downgrade():
    drop_triggers(op.get_bind())
    names = [column.name for column in _COLUMNS]
    if op.get_bind().dialect.name == "sqlite":
        rebuild(op.get_bind(), "desks", [tuple(reversed(_edit()))], drop=names)
    else:
        for name in _CHECKS:
            op.drop_constraint(op.f(f"ck_desks_{name}"), "desks", type_="check")
        for name in names:
            op.drop_column("desks", name)
    create_triggers(op.get_bind())
