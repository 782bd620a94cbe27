"""Sessions, mail, consent and the audit trail.

Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

from occto.models.triggers import create_triggers, drop_triggers
from occto.types import BigId, Document, SortText, UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "access_events",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor_id", BigId, nullable=False),
        sa.Column("screen", sa.Text(), nullable=False, comment="endpoint of the page or export"),
        sa.Column("search_key", sa.Text(), nullable=True, comment="what was searched for"),
        sa.Column("subject_kind", sa.Text(), nullable=False, comment="kind of the rows shown"),
        sa.Column("subject_ids", Document, nullable=False, comment="ids of the rows shown"),
        sa.CheckConstraint("length(screen) <= 80", name=op.f("ck_access_events_screen_length")),
        sa.CheckConstraint("length(search_key) <= 200", name=op.f("ck_access_events_search_key_length")),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["users.id"], name=op.f("fk_access_events_actor_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_events")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("access_events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_access_events_actor_id"), ["actor_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_access_events_at"), ["at"], unique=False)

    op.create_table(
        "access_subjects",
        sa.Column("event_id", BigId, nullable=False),
        sa.Column("subject_kind", sa.Text(), nullable=False),
        sa.Column("subject_id", BigId, autoincrement=False, nullable=False),
        sa.ForeignKeyConstraint(
            ["event_id"], ["access_events.id"], name=op.f("fk_access_subjects_event_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("event_id", "subject_kind", "subject_id", name=op.f("pk_access_subjects")),
    )
    with op.batch_alter_table("access_subjects", schema=None) as batch_op:
        batch_op.create_index("ix_access_subjects_subject", ["subject_kind", "subject_id", "event_id"], unique=False)

    op.create_table(
        "audit_events",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False, comment="what was done: a key of domain/audit_tags.py"),
        sa.Column("actor_id", BigId, nullable=True, comment="the person; none: applicant or system"),
        sa.Column("member_id", BigId, nullable=True, comment="the Party acted for (利用規約 3.3/3.4.3)"),
        sa.Column("application_id", BigId, nullable=True, comment="the applicant session it was done in"),
        sa.Column("session_id", BigId, nullable=True, comment="the session; not a key, sessions may be cleared"),
        sa.Column("subject", sa.Text(), nullable=False, comment="kind:id of what it was done to"),
        sa.Column("request_id", sa.Text(), nullable=False, comment="the request, as in the logs"),
        sa.Column("clause", sa.Text(), nullable=True, comment="clause of the terms, where one is the ground"),
        sa.Column("detail_hash", sa.Text(), nullable=False, comment="SHA-256 of salt and payload of audit_details"),
        sa.CheckConstraint("length(clause) <= 20", name=op.f("ck_audit_events_clause_length")),
        sa.CheckConstraint("length(detail_hash) = 64", name=op.f("ck_audit_events_detail_hash")),
        sa.CheckConstraint("length(request_id) <= 40", name=op.f("ck_audit_events_request_id_length")),
        sa.CheckConstraint("length(subject) <= 60", name=op.f("ck_audit_events_subject_length")),
        sa.CheckConstraint("length(tag) <= 60", name=op.f("ck_audit_events_tag_length")),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_audit_events_actor_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name=op.f("fk_audit_events_application_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_audit_events_member_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_events")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_events_actor_id"), ["actor_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_events_application_id"), ["application_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_audit_events_member_id"), ["member_id"], unique=False)
        batch_op.create_index("ix_audit_events_subject_id", ["subject", "id"], unique=False)

    op.create_table(
        "consents",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("terms_version_id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=True),
        sa.Column("application_id", BigId, nullable=True),
        sa.Column("member_id", BigId, nullable=True),
        sa.Column(
            "kind",
            sa.Enum("EXPLICIT", "DEEMED", "PAPER", name="kind", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False, comment="network address of the click"),
        sa.CheckConstraint("(user_id IS NULL) <> (application_id IS NULL)", name=op.f("ck_consents_one_giver")),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name=op.f("fk_consents_application_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_consents_member_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["terms_version_id"], ["terms_versions.id"], name=op.f("fk_consents_terms_version_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_consents_user_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consents")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("consents", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_consents_application_id"), ["application_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_consents_member_id"), ["member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_consents_user_id"), ["user_id"], unique=False)
        batch_op.create_index("uq_consents_application", ["terms_version_id", "application_id"], unique=True)
        batch_op.create_index("uq_consents_user", ["terms_version_id", "user_id"], unique=True)

    op.create_table(
        "contracts_of_use",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("application_id", BigId, nullable=True),
        sa.Column("member_id", BigId, nullable=True),
        sa.Column("formed_at", UtcDateTime(), nullable=False),
        sa.Column(
            "formed_by",
            sa.Enum("CLICK", "DEEMED", "PAPER", name="formed_by", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("terms_version_id", BigId, nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("end_clause", sa.Text(), nullable=True),
        sa.CheckConstraint("(ended_at IS NULL) = (end_clause IS NULL)", name=op.f("ck_contracts_of_use_ended")),
        sa.CheckConstraint(
            "application_id IS NOT NULL OR member_id IS NOT NULL", name=op.f("ck_contracts_of_use_party")
        ),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["applications.id"],
            name=op.f("fk_contracts_of_use_application_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_contracts_of_use_member_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["terms_version_id"],
            ["terms_versions.id"],
            name=op.f("fk_contracts_of_use_terms_version_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contracts_of_use")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("contracts_of_use", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contracts_of_use_application_id"), ["application_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_contracts_of_use_member_id"), ["member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_contracts_of_use_terms_version_id"), ["terms_version_id"], unique=False)
        batch_op.create_index(
            "uq_contracts_of_use_application",
            ["application_id"],
            unique=True,
            postgresql_where=sa.text("ended_at IS NULL"),
            sqlite_where=sa.text("ended_at IS NULL"),
        )
        batch_op.create_index(
            "uq_contracts_of_use_live",
            ["member_id"],
            unique=True,
            postgresql_where=sa.text("ended_at IS NULL"),
            sqlite_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "declarations",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("application_id", BigId, nullable=True),
        sa.Column("member_id", BigId, nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "NO_ANTISOCIAL_FORCES", "PROVISION_TO_STATE", name="kind", native_enum=False, create_constraint=True
            ),
            nullable=False,
        ),
        sa.Column("terms_version_id", BigId, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("application_id IS NOT NULL OR member_id IS NOT NULL", name=op.f("ck_declarations_party")),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name=op.f("fk_declarations_application_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_declarations_member_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["terms_version_id"],
            ["terms_versions.id"],
            name=op.f("fk_declarations_terms_version_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_declarations")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("declarations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_declarations_application_id"), ["application_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_declarations_member_id"), ["member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_declarations_terms_version_id"), ["terms_version_id"], unique=False)

    op.create_table(
        "outbox",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("template", sa.Text(), nullable=False, comment="folder below templates/mail"),
        sa.Column("params", Document, nullable=False, comment="what the template shows; never a secret"),
        sa.Column("to_address", sa.Text(), nullable=False),
        sa.Column("user_id", BigId, nullable=True),
        sa.Column("member_id", BigId, nullable=True),
        sa.Column("application_id", BigId, nullable=True),
        sa.Column("clause", sa.Text(), nullable=True, comment="clause of the terms that asks for this mail"),
        sa.Column("terms_version_id", BigId, nullable=True),
        sa.Column("dedupe_key", SortText, nullable=True, comment="queued once, however often a job runs"),
        sa.Column(
            "state",
            sa.Enum(
                "PENDING",
                "LEASED",
                "SENT",
                "FAILED",
                "UNCERTAIN",
                "BOUNCED",
                "SUPPRESSED",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("queued_at", UtcDateTime(), nullable=False),
        sa.Column("next_at", UtcDateTime(), nullable=False, comment="not before"),
        sa.Column("lease_until", UtcDateTime(), nullable=True, comment="until when one worker holds it"),
        sa.Column("message_id", sa.Text(), nullable=False, comment="the same at every attempt"),
        sa.Column("subject", sa.Text(), nullable=True, comment="as sent"),
        sa.Column("body_masked", sa.Text(), nullable=True, comment="as sent, with links masked"),
        sa.Column("last_error", sa.Text(), nullable=True, comment="what the receiving server said"),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("(state = 'LEASED') = (lease_until IS NOT NULL)", name=op.f("ck_outbox_lease")),
        sa.CheckConstraint("(state = 'SENT') = (sent_at IS NOT NULL)", name=op.f("ck_outbox_sent")),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_outbox_attempts")),
        sa.CheckConstraint("length(last_error) <= 500", name=op.f("ck_outbox_last_error_length")),
        sa.CheckConstraint("length(subject) <= 300", name=op.f("ck_outbox_subject_length")),
        sa.CheckConstraint("length(template) <= 80", name=op.f("ck_outbox_template_length")),
        sa.CheckConstraint("length(to_address) <= 254", name=op.f("ck_outbox_to_address_length")),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name=op.f("fk_outbox_application_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_outbox_member_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["terms_version_id"], ["terms_versions.id"], name=op.f("fk_outbox_terms_version_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_outbox_user_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_outbox_dedupe_key")),
        sa.UniqueConstraint("message_id", name=op.f("uq_outbox_message_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_outbox_application_id"), ["application_id"], unique=False)
        batch_op.create_index("ix_outbox_due", ["state", "next_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_outbox_member_id"), ["member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_outbox_terms_version_id"), ["terms_version_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_outbox_user_id"), ["user_id"], unique=False)

    op.create_table(
        "sessions",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("token_hash", sa.Text(), nullable=False, comment="SHA-256 of the cookie's token"),
        sa.Column("user_id", BigId, nullable=True),
        sa.Column("application_id", BigId, nullable=True),
        sa.Column("member_id", BigId, nullable=True, comment="the company chosen after sign-in"),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("seen_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("second_factor_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("address", sa.Text(), nullable=False, comment="network address at sign-in, shown to the person"),
        sa.Column("agent", sa.Text(), nullable=False, comment="the browser's own name, shown to the person"),
        sa.CheckConstraint("(user_id IS NULL) <> (application_id IS NULL)", name=op.f("ck_sessions_one_holder")),
        sa.CheckConstraint("ends_at > created_at", name=op.f("ck_sessions_period")),
        sa.CheckConstraint("member_id IS NULL OR user_id IS NOT NULL", name=op.f("ck_sessions_company_of_user")),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name=op.f("fk_sessions_application_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_sessions_member_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sessions_user_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sessions_token_hash")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sessions_application_id"), ["application_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sessions_member_id"), ["member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sessions_user_id"), ["user_id"], unique=False)

    op.create_table(
        "audit_details",
        sa.Column("event_id", BigId, nullable=False),
        sa.Column(
            "salt",
            sa.Text(),
            nullable=False,
            comment="128 random bits, so that a purged payload cannot be guessed from its hash",
        ),
        sa.Column("payload", Document, nullable=True, comment="the keys fixed for the tag"),
        sa.Column("purged_by_id", BigId, nullable=True, comment="who removed the payload"),
        sa.CheckConstraint("payload IS NOT NULL OR purged_by_id IS NOT NULL", name=op.f("ck_audit_details_purged")),
        sa.ForeignKeyConstraint(
            ["event_id"], ["audit_events.id"], name=op.f("fk_audit_details_event_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["purged_by_id"], ["users.id"], name=op.f("fk_audit_details_purged_by_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_audit_details")),
    )
    op.create_table(
        "audit_links",
        sa.Column("position", BigId, autoincrement=False, nullable=False, comment="1, 2, 3 … without a gap"),
        sa.Column("event_id", BigId, nullable=False),
        sa.Column("hash", sa.Text(), nullable=False, comment="SHA-256 of the previous link's hash and this event"),
        sa.Column("sealed_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("length(hash) = 64", name=op.f("ck_audit_links_hash")),
        sa.ForeignKeyConstraint(
            ["event_id"], ["audit_events.id"], name=op.f("fk_audit_links_event_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_audit_links")),
        sa.UniqueConstraint("event_id", name=op.f("uq_audit_links_event_id")),
    )
    with op.batch_alter_table("audit_links", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_audit_links_sealed_at"), ["sealed_at"], unique=False)

    op.create_table(
        "links",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column(
            "purpose",
            sa.Enum(
                "APPLY",
                "SET_PASSWORD",
                "CONFIRM_APPLICATION",
                name="purpose",
                native_enum=False,
                create_constraint=True,
            ),
            nullable=False,
        ),
        sa.Column("application_id", BigId, nullable=True),
        sa.Column("user_id", BigId, nullable=True),
        sa.Column("email_key", SortText, nullable=False, comment="the address it was sent to"),
        sa.Column("outbox_id", BigId, nullable=False, comment="the mail that carried it"),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("length(email_key) <= 254", name=op.f("ck_links_email_key_length")),
        sa.CheckConstraint("used_at IS NULL OR revoked_at IS NULL", name=op.f("ck_links_one_end")),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name=op.f("fk_links_application_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name=op.f("fk_links_outbox_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_links_user_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_links")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_links_token_hash")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("links", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_links_application_id"), ["application_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_links_email_key"), ["email_key"], unique=False)
        batch_op.create_index(batch_op.f("ix_links_outbox_id"), ["outbox_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_links_user_id"), ["user_id"], unique=False)

    create_triggers(op.get_bind())


def downgrade():
    drop_triggers(op.get_bind())
    with op.batch_alter_table("links", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_links_user_id"))
        batch_op.drop_index(batch_op.f("ix_links_outbox_id"))
        batch_op.drop_index(batch_op.f("ix_links_email_key"))
        batch_op.drop_index(batch_op.f("ix_links_application_id"))

    op.drop_table("links")
    with op.batch_alter_table("audit_links", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_audit_links_sealed_at"))

    op.drop_table("audit_links")
    op.drop_table("audit_details")
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sessions_user_id"))
        batch_op.drop_index(batch_op.f("ix_sessions_member_id"))
        batch_op.drop_index(batch_op.f("ix_sessions_application_id"))

    op.drop_table("sessions")
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_outbox_user_id"))
        batch_op.drop_index(batch_op.f("ix_outbox_terms_version_id"))
        batch_op.drop_index(batch_op.f("ix_outbox_member_id"))
        batch_op.drop_index("ix_outbox_due")
        batch_op.drop_index(batch_op.f("ix_outbox_application_id"))

    op.drop_table("outbox")
    with op.batch_alter_table("declarations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_declarations_terms_version_id"))
        batch_op.drop_index(batch_op.f("ix_declarations_member_id"))
        batch_op.drop_index(batch_op.f("ix_declarations_application_id"))

    op.drop_table("declarations")
    with op.batch_alter_table("contracts_of_use", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_contracts_of_use_live",
            postgresql_where=sa.text("ended_at IS NULL"),
            sqlite_where=sa.text("ended_at IS NULL"),
        )
        batch_op.drop_index(
            "uq_contracts_of_use_application",
            postgresql_where=sa.text("ended_at IS NULL"),
            sqlite_where=sa.text("ended_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_contracts_of_use_terms_version_id"))
        batch_op.drop_index(batch_op.f("ix_contracts_of_use_member_id"))
        batch_op.drop_index(batch_op.f("ix_contracts_of_use_application_id"))

    op.drop_table("contracts_of_use")
    with op.batch_alter_table("consents", schema=None) as batch_op:
        batch_op.drop_index("uq_consents_user")
        batch_op.drop_index("uq_consents_application")
        batch_op.drop_index(batch_op.f("ix_consents_user_id"))
        batch_op.drop_index(batch_op.f("ix_consents_member_id"))
        batch_op.drop_index(batch_op.f("ix_consents_application_id"))

    op.drop_table("consents")
    with op.batch_alter_table("audit_events", schema=None) as batch_op:
        batch_op.drop_index("ix_audit_events_subject_id")
        batch_op.drop_index(batch_op.f("ix_audit_events_member_id"))
        batch_op.drop_index(batch_op.f("ix_audit_events_application_id"))
        batch_op.drop_index(batch_op.f("ix_audit_events_actor_id"))

    op.drop_table("audit_events")
    with op.batch_alter_table("access_subjects", schema=None) as batch_op:
        batch_op.drop_index("ix_access_subjects_subject")

    op.drop_table("access_subjects")
    with op.batch_alter_table("access_events", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_access_events_at"))
        batch_op.drop_index(batch_op.f("ix_access_events_actor_id"))

    op.drop_table("access_events")
    create_triggers(op.get_bind())
