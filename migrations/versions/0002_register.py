"""The dated register, licences' facts apart.

Revises: 0001
"""

import sqlalchemy as sa
from alembic import op

from occto.models.triggers import create_triggers, drop_triggers
from occto.types import BigId, Document, SortText, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "bodies",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("corporate_number", SortText, nullable=True),
        sa.CheckConstraint(
            "corporate_number IS NULL OR length(corporate_number) = 13", name=op.f("ck_bodies_corporate_number")
        ),
        sa.CheckConstraint("length(name) <= 120", name=op.f("ck_bodies_name_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bodies")),
        sa.UniqueConstraint("corporate_number", name=op.f("uq_bodies_corporate_number")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "register_head",
        sa.Column("id", BigId, autoincrement=False, nullable=False),
        sa.Column("last_change_id", BigId, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_register_head_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_head")),
    )
    op.create_table(
        "members",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("body_id", BigId, nullable=False),
        sa.Column(
            "operator_code",
            SortText,
            nullable=False,
            comment="事業者コード: 5 digits, leading zeros kept, never reissued",
        ),
        sa.Column("succeeded_by_id", BigId, nullable=True),
        sa.Column("current_name", sa.Text(), nullable=False),
        sa.Column("current_kana", sa.Text(), nullable=False),
        sa.Column("name_key", SortText, nullable=False, comment="normalised for search and order"),
        sa.Column("kana_key", SortText, nullable=False),
        sa.Column(
            "current_licences",
            sa.Text(),
            nullable=False,
            comment="categories in force, comma separated, in the order of the enum",
        ),
        sa.Column(
            "current_state",
            sa.Enum(
                "COMING", "MEMBER", "LEFT", name="current_state", native_enum=False, create_constraint=True, length=16
            ),
            nullable=False,
        ),
        sa.Column("current_member_on", sa.Date(), nullable=True),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="raised by every decision or edit; forms send it back as seen_version",
        ),
        sa.CheckConstraint("length(current_name) <= 120", name=op.f("ck_members_current_name_length")),
        sa.CheckConstraint("length(operator_code) = 5", name=op.f("ck_members_operator_code")),
        sa.CheckConstraint("succeeded_by_id IS NULL OR succeeded_by_id <> id", name=op.f("ck_members_succeeded_by")),
        sa.ForeignKeyConstraint(["body_id"], ["bodies.id"], name=op.f("fk_members_body_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["succeeded_by_id"], ["members.id"], name=op.f("fk_members_succeeded_by_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_members")),
        sa.UniqueConstraint("body_id", name=op.f("uq_members_body_id")),
        sa.UniqueConstraint("operator_code", name=op.f("uq_members_operator_code")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("members", schema=None) as batch_op:
        batch_op.create_index("ix_members_kana", ["kana_key", "id"], unique=False)
        batch_op.create_index("ix_members_name", ["name_key", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_members_succeeded_by_id"), ["succeeded_by_id"], unique=False)

    op.create_table(
        "register_changes",
        sa.Column("id", BigId, autoincrement=False, nullable=False, comment="next of register_head"),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column(
            "source_kind",
            sa.Enum("APPLICATION", "DEMO", name="source_kind", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("source_id", BigId, nullable=True, comment="row of the source, such as the application"),
        sa.Column("actor_id", BigId, nullable=True),
        sa.Column("second_actor_id", BigId, nullable=True),
        sa.Column("clause", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "second_actor_id IS NULL OR actor_id <> second_actor_id", name=op.f("ck_register_changes_two_persons")
        ),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["users.id"], name=op.f("fk_register_changes_actor_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["second_actor_id"], ["users.id"], name=op.f("fk_register_changes_second_actor_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_register_changes")),
    )
    with op.batch_alter_table("register_changes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_register_changes_actor_id"), ["actor_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_register_changes_second_actor_id"), ["second_actor_id"], unique=False)

    op.create_table(
        "affiliations",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("member_id", BigId, nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "APPLICANT",
                "ADMINISTRATOR",
                "APPLICATIONS",
                "ASSEMBLY",
                "VIEWER",
                "GUEST",
                "OPERATOR",
                "APPROVER",
                "SYSTEM",
                "RECEPTION",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("ended_at IS NULL OR ended_at >= started_at", name=op.f("ck_affiliations_period")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_affiliations_member_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_affiliations_user_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_affiliations")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("affiliations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_affiliations_member_id"), ["member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_affiliations_user_id"), ["user_id"], unique=False)
        batch_op.create_index(
            "uq_affiliations_live",
            ["user_id", "member_id"],
            unique=True,
            postgresql_where=sa.text("ended_at IS NULL"),
            sqlite_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "control_facts",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column(
            "relation_no", BigId, nullable=False, comment="identity of the relation; its facts replace each other"
        ),
        sa.Column("child_body_id", BigId, nullable=False),
        sa.Column("parent_body_id", BigId, nullable=True),
        sa.Column(
            "parent_name",
            sa.Text(),
            nullable=True,
            comment="a parent known by name only: on the warning list, never matched",
        ),
        sa.Column(
            "controlling",
            sa.Boolean(),
            nullable=False,
            comment="the one controlling parent, as opposed to a mere holding",
        ),
        sa.Column(
            "basis",
            sa.Enum("MAJORITY", "SUBSTANCE", name="basis", native_enum=False, create_constraint=True, length=16),
            nullable=True,
        ),
        sa.Column(
            "holding",
            sa.Enum("DIRECT", "INDIRECT", name="holding", native_enum=False, create_constraint=True, length=16),
            nullable=True,
        ),
        sa.Column("ratio_bp", sa.Integer(), nullable=True, comment="議決権割合 in basis points: 5500 = 55 %"),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("entered_id", BigId, nullable=False),
        sa.Column("voided_id", BigId, nullable=True),
        sa.CheckConstraint(
            "(parent_body_id IS NULL) <> (parent_name IS NULL)", name=op.f("ck_control_facts_one_parent")
        ),
        sa.CheckConstraint("child_body_id <> parent_body_id", name=op.f("ck_control_facts_self_parent")),
        sa.CheckConstraint("ended_on IS NULL OR ended_on > effective_on", name=op.f("ck_control_facts_period")),
        sa.CheckConstraint("length(parent_name) <= 120", name=op.f("ck_control_facts_parent_name_length")),
        sa.CheckConstraint(
            "ratio_bp IS NULL OR (ratio_bp >= 0 AND ratio_bp <= 10000)", name=op.f("ck_control_facts_ratio")
        ),
        sa.ForeignKeyConstraint(
            ["child_body_id"], ["bodies.id"], name=op.f("fk_control_facts_child_body_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["entered_id"], ["register_changes.id"], name=op.f("fk_control_facts_entered_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["parent_body_id"], ["bodies.id"], name=op.f("fk_control_facts_parent_body_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["voided_id"], ["register_changes.id"], name=op.f("fk_control_facts_voided_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_control_facts")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("control_facts", schema=None) as batch_op:
        batch_op.create_index("ix_control_facts_child", ["child_body_id", "effective_on"], unique=False)
        batch_op.create_index(batch_op.f("ix_control_facts_entered_id"), ["entered_id"], unique=False)
        batch_op.create_index("ix_control_facts_parent", ["parent_body_id", "effective_on"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_control_facts_voided_id"),
            ["voided_id"],
            unique=False,
            postgresql_where=sa.text("voided_id IS NOT NULL"),
            sqlite_where=sa.text("voided_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_control_facts_live",
            ["relation_no"],
            unique=True,
            postgresql_where=sa.text("voided_id IS NULL"),
            sqlite_where=sa.text("voided_id IS NULL"),
        )
        batch_op.create_index(
            "uq_control_facts_parent",
            ["child_body_id"],
            unique=True,
            postgresql_where=sa.text("voided_id IS NULL AND controlling AND ended_on IS NULL"),
            sqlite_where=sa.text("voided_id IS NULL AND controlling AND ended_on IS NULL"),
        )

    op.create_table(
        "licences",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("member_id", BigId, nullable=False),
        sa.Column(
            "category",
            sa.Enum(
                "RETAIL",
                "GTD",
                "TRANS",
                "DIST",
                "SPTD",
                "RSPTD",
                "GEN",
                "AGG",
                name="category",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("continues_id", BigId, nullable=True, comment="the licence taken over by succession"),
        sa.ForeignKeyConstraint(
            ["continues_id"], ["licences.id"], name=op.f("fk_licences_continues_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_licences_member_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_licences")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("licences", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_licences_continues_id"), ["continues_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_licences_member_id"), ["member_id"], unique=False)

    op.create_table(
        "profile_facts",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("member_id", BigId, nullable=False),
        sa.Column("item", SortText, nullable=False, comment="key of domain/profile.py"),
        sa.Column("value", Document, nullable=False, comment="the clean value; null: no longer any"),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("entered_id", BigId, nullable=False),
        sa.Column("voided_id", BigId, nullable=True),
        sa.CheckConstraint("length(item) <= 40", name=op.f("ck_profile_facts_item_length")),
        sa.ForeignKeyConstraint(
            ["entered_id"], ["register_changes.id"], name=op.f("fk_profile_facts_entered_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_profile_facts_member_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["voided_id"], ["register_changes.id"], name=op.f("fk_profile_facts_voided_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_profile_facts")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("profile_facts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_profile_facts_entered_id"), ["entered_id"], unique=False)
        batch_op.create_index("ix_profile_facts_item", ["item", "member_id", "effective_on"], unique=False)
        batch_op.create_index("ix_profile_facts_member", ["member_id", "item", "effective_on"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_profile_facts_voided_id"),
            ["voided_id"],
            unique=False,
            postgresql_where=sa.text("voided_id IS NOT NULL"),
            sqlite_where=sa.text("voided_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_profile_facts_live",
            ["member_id", "item", "effective_on"],
            unique=True,
            postgresql_where=sa.text("voided_id IS NULL"),
            sqlite_where=sa.text("voided_id IS NULL"),
        )

    op.create_table(
        "roster_facts",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("member_id", BigId, nullable=False),
        sa.Column("roster_no", sa.Integer(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("entered_id", BigId, nullable=False),
        sa.Column("voided_id", BigId, nullable=True),
        sa.CheckConstraint("ended_on IS NULL OR ended_on > effective_on", name=op.f("ck_roster_facts_period")),
        sa.CheckConstraint("roster_no > 0", name=op.f("ck_roster_facts_roster_no")),
        sa.ForeignKeyConstraint(
            ["entered_id"], ["register_changes.id"], name=op.f("fk_roster_facts_entered_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_roster_facts_member_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["voided_id"], ["register_changes.id"], name=op.f("fk_roster_facts_voided_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_facts")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("roster_facts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_roster_facts_entered_id"), ["entered_id"], unique=False)
        batch_op.create_index("ix_roster_facts_member", ["member_id", "effective_on"], unique=False)
        batch_op.create_index("ix_roster_facts_no", ["roster_no"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_roster_facts_voided_id"),
            ["voided_id"],
            unique=False,
            postgresql_where=sa.text("voided_id IS NOT NULL"),
            sqlite_where=sa.text("voided_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_roster_facts_member",
            ["member_id"],
            unique=True,
            postgresql_where=sa.text("voided_id IS NULL AND ended_on IS NULL"),
            sqlite_where=sa.text("voided_id IS NULL AND ended_on IS NULL"),
        )
        batch_op.create_index(
            "uq_roster_facts_no",
            ["roster_no"],
            unique=True,
            postgresql_where=sa.text("voided_id IS NULL AND ended_on IS NULL"),
            sqlite_where=sa.text("voided_id IS NULL AND ended_on IS NULL"),
        )

    op.execute("INSERT INTO register_head (id, last_change_id) VALUES (1, 0)")
    create_triggers(op.get_bind())


def downgrade():
    drop_triggers(op.get_bind())
    with op.batch_alter_table("roster_facts", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_roster_facts_no",
            postgresql_where=sa.text("voided_id IS NULL AND ended_on IS NULL"),
            sqlite_where=sa.text("voided_id IS NULL AND ended_on IS NULL"),
        )
        batch_op.drop_index(
            "uq_roster_facts_member",
            postgresql_where=sa.text("voided_id IS NULL AND ended_on IS NULL"),
            sqlite_where=sa.text("voided_id IS NULL AND ended_on IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_roster_facts_voided_id"))
        batch_op.drop_index("ix_roster_facts_no")
        batch_op.drop_index("ix_roster_facts_member")
        batch_op.drop_index(batch_op.f("ix_roster_facts_entered_id"))

    op.drop_table("roster_facts")
    with op.batch_alter_table("profile_facts", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_profile_facts_live",
            postgresql_where=sa.text("voided_id IS NULL"),
            sqlite_where=sa.text("voided_id IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_profile_facts_voided_id"))
        batch_op.drop_index("ix_profile_facts_member")
        batch_op.drop_index("ix_profile_facts_item")
        batch_op.drop_index(batch_op.f("ix_profile_facts_entered_id"))

    op.drop_table("profile_facts")
    with op.batch_alter_table("licences", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_licences_member_id"))
        batch_op.drop_index(batch_op.f("ix_licences_continues_id"))

    op.drop_table("licences")
    with op.batch_alter_table("control_facts", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_control_facts_parent",
            postgresql_where=sa.text("voided_id IS NULL AND controlling AND ended_on IS NULL"),
            sqlite_where=sa.text("voided_id IS NULL AND controlling AND ended_on IS NULL"),
        )
        batch_op.drop_index(
            "uq_control_facts_live",
            postgresql_where=sa.text("voided_id IS NULL"),
            sqlite_where=sa.text("voided_id IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_control_facts_voided_id"))
        batch_op.drop_index("ix_control_facts_parent")
        batch_op.drop_index(batch_op.f("ix_control_facts_entered_id"))
        batch_op.drop_index("ix_control_facts_child")

    op.drop_table("control_facts")
    with op.batch_alter_table("affiliations", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_affiliations_live",
            postgresql_where=sa.text("ended_at IS NULL"),
            sqlite_where=sa.text("ended_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_affiliations_user_id"))
        batch_op.drop_index(batch_op.f("ix_affiliations_member_id"))

    op.drop_table("affiliations")
    with op.batch_alter_table("register_changes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_register_changes_second_actor_id"))
        batch_op.drop_index(batch_op.f("ix_register_changes_actor_id"))

    op.drop_table("register_changes")
    with op.batch_alter_table("members", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_members_succeeded_by_id"))
        batch_op.drop_index("ix_members_name")
        batch_op.drop_index("ix_members_kana")

    op.drop_table("members")
    op.drop_table("register_head")
    op.drop_table("bodies")
    create_triggers(op.get_bind())
