"""People, terms of use and counters.

Revises:
"""

from datetime import UTC, date, datetime

import sqlalchemy as sa
from alembic import op

from occto.domain.terms import parse, shipped_text
from occto.models.triggers import create_triggers, drop_triggers
from occto.types import BigId, SortText, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "counters",
        sa.Column("name", SortText, nullable=False, comment="what is counted"),
        sa.Column("period", SortText, nullable=False, comment="such as the year"),
        sa.Column("value", BigId, nullable=False, comment="the last number given"),
        sa.CheckConstraint("length(name) <= 40", name=op.f("ck_counters_name_length")),
        sa.CheckConstraint("length(period) <= 10", name=op.f("ck_counters_period_length")),
        sa.PrimaryKeyConstraint("name", "period", name=op.f("pk_counters")),
    )
    op.create_table(
        "demo_mailbox",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("to_address", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_demo_mailbox")),
        sa.UniqueConstraint("message_id", name=op.f("uq_demo_mailbox_message_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("demo_mailbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_demo_mailbox_to_address"), ["to_address"], unique=False)

    op.create_table(
        "form_submissions",
        sa.Column("form_id", SortText, nullable=False),
        sa.Column("viewer_key", SortText, nullable=False, comment="who sent it; another viewer's id is refused"),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("result_url", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("length(endpoint) <= 80", name=op.f("ck_form_submissions_endpoint_length")),
        sa.CheckConstraint("length(form_id) <= 64", name=op.f("ck_form_submissions_form_id_length")),
        sa.CheckConstraint("length(result_url) <= 500", name=op.f("ck_form_submissions_result_url_length")),
        sa.PrimaryKeyConstraint("form_id", name=op.f("pk_form_submissions")),
    )
    with op.batch_alter_table("form_submissions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_form_submissions_at"), ["at"], unique=False)

    op.create_table(
        "sign_in_attempts",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column(
            "account_key",
            SortText,
            nullable=False,
            comment="keyed hash of the address typed: unknown ones are counted too",
        ),
        sa.Column("address_key", SortText, nullable=False, comment="keyed hash of the network address"),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "PASSED",
                "BAD_PASSWORD",
                "BAD_CODE",
                "THROTTLED",
                "LINK_REQUESTED",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_attempts")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("sign_in_attempts", schema=None) as batch_op:
        batch_op.create_index("ix_sign_in_attempts_account", ["account_key", "at"], unique=False)
        batch_op.create_index("ix_sign_in_attempts_address", ["address_key", "at"], unique=False)

    op.create_table(
        "terms_versions",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("no", sa.Integer(), nullable=False, comment="第 … 版"),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False, comment="in the line format of domain/terms.py"),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_terms_versions_sha256")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_terms_versions")),
        sa.UniqueConstraint("effective_on", name=op.f("uq_terms_versions_effective_on")),
        sa.UniqueConstraint("no", name=op.f("uq_terms_versions_no")),
    )
    op.create_table(
        "users",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column(
            "kind",
            sa.Enum(
                "MEMBER",
                "CONTRACTOR",
                "STAFF",
                "GUEST",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum(
                "INVITED",
                "ACTIVE",
                "STOPPED",
                "CLOSED",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("email", sa.Text(), nullable=False, comment="as typed; mail goes here"),
        sa.Column("email_key", SortText, nullable=False, comment="lower case; the ログインID"),
        sa.Column("name", sa.Text(), nullable=False, comment="氏名"),
        sa.Column("kana", sa.Text(), nullable=True, comment="フリガナ"),
        sa.Column("title", sa.Text(), nullable=True, comment="所属・役職"),
        sa.Column("phone", sa.Text(), nullable=True, comment="電話番号"),
        sa.Column("password_hash", sa.Text(), nullable=True, comment="argon2id"),
        sa.Column(
            "totp_secret_enc", sa.Text(), nullable=True, comment="the second factor's secret, encrypted with DATA_KEY"
        ),
        sa.Column(
            "totp_last_step", BigId, nullable=True, comment="time step of the last code used: none is taken twice"
        ),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("first_signed_in_at", UtcDateTime(), nullable=True),
        sa.Column("last_signed_in_at", UtcDateTime(), nullable=True),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="raised by every decision or edit; forms send it back as seen_version",
        ),
        sa.CheckConstraint("state <> 'ACTIVE' OR password_hash IS NOT NULL", name=op.f("ck_users_active_has_password")),
        sa.CheckConstraint("length(email) <= 254", name=op.f("ck_users_email_length")),
        sa.CheckConstraint("length(kana) <= 120", name=op.f("ck_users_kana_length")),
        sa.CheckConstraint("length(name) <= 80", name=op.f("ck_users_name_length")),
        sa.CheckConstraint("length(phone) <= 20", name=op.f("ck_users_phone_length")),
        sa.CheckConstraint("length(title) <= 120", name=op.f("ck_users_title_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email_key", name=op.f("uq_users_email_key")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "recovery_codes",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("code_hash", sa.Text(), nullable=False, comment="keyed SHA-256"),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_recovery_codes_user_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_codes")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_recovery_codes_code_hash")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("recovery_codes", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_recovery_codes_user_id"), ["user_id"], unique=False)

    op.create_table(
        "staff_roles",
        sa.Column("user_id", BigId, nullable=False),
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
        sa.CheckConstraint(
            "role IN ('OPERATOR', 'APPROVER', 'SYSTEM', 'RECEPTION')", name=op.f("ck_staff_roles_staff_role")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_staff_roles_user_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("user_id", "role", name=op.f("pk_staff_roles")),
    )

    text = shipped_text(1)
    op.bulk_insert(
        sa.table(
            "terms_versions",
            sa.column("no", sa.Integer),
            sa.column("effective_on", sa.Date),
            sa.column("text", sa.Text),
            sa.column("sha256", sa.Text),
            sa.column("published_at", UtcDateTime),
        ),
        [
            {
                "no": 1,
                "effective_on": date(2020, 5, 1),
                "text": text,
                "sha256": parse(text).sha256,
                "published_at": datetime(2020, 4, 30, 15, 0, tzinfo=UTC),  # the first instant of 1 May 2020 in Japan
            }
        ],
    )
    create_triggers(op.get_bind())


def downgrade():
    drop_triggers(op.get_bind())
    op.drop_table("staff_roles")
    with op.batch_alter_table("recovery_codes", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_recovery_codes_user_id"))

    op.drop_table("recovery_codes")
    op.drop_table("users")
    op.drop_table("terms_versions")
    with op.batch_alter_table("sign_in_attempts", schema=None) as batch_op:
        batch_op.drop_index("ix_sign_in_attempts_address")
        batch_op.drop_index("ix_sign_in_attempts_account")

    op.drop_table("sign_in_attempts")
    with op.batch_alter_table("form_submissions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_form_submissions_at"))

    op.drop_table("form_submissions")
    with op.batch_alter_table("demo_mailbox", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_demo_mailbox_to_address"))

    op.drop_table("demo_mailbox")
    op.drop_table("counters")
    create_triggers(op.get_bind())
