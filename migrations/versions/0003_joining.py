"""Applications and their files; the facts of licences refer to them.

Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

from occto.models.triggers import create_triggers, drop_triggers
from occto.types import BigId, Document, SortText, UtcDateTime

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "decisions",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column(
            "subject_kind",
            sa.Enum(
                "APPLICATION",
                "MEMBER",
                "USER",
                name="subject_kind",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("subject_id", BigId, nullable=False),
        sa.Column(
            "stage",
            sa.Enum("PROVISIONAL", "MAIN", name="stage", native_enum=False, create_constraint=True, length=16),
            nullable=True,
        ),
        sa.Column("revision_no", sa.Integer(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False, comment="name of the step in the flow table"),
        sa.Column(
            "turn",
            sa.Enum("FIRST", "SECOND", name="turn", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("actor_id", BigId, nullable=True, comment="none: the applicant or a daily job"),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint("length(reason) <= 4000", name=op.f("ck_decisions_reason_length")),
        sa.CheckConstraint("length(step) <= 40", name=op.f("ck_decisions_step_length")),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_decisions_actor_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("decisions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_decisions_actor_id"), ["actor_id"], unique=False)
        batch_op.create_index("ix_decisions_subject", ["subject_kind", "subject_id", "id"], unique=False)
        batch_op.create_index(
            "uq_decisions_once",
            ["subject_kind", "subject_id", "stage", "revision_no", "step"],
            unique=True,
            postgresql_where=sa.text("step IN ('accept', 'approve')"),
            sqlite_where=sa.text("step IN ('accept', 'approve')"),
        )

    op.create_table(
        "remarks",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column(
            "subject_kind",
            sa.Enum(
                "APPLICATION",
                "MEMBER",
                "USER",
                name="subject_kind",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("subject_id", BigId, nullable=False),
        sa.Column(
            "stage",
            sa.Enum("PROVISIONAL", "MAIN", name="stage", native_enum=False, create_constraint=True, length=16),
            nullable=True,
        ),
        sa.Column("revision_no", sa.Integer(), nullable=False, comment="the revision that it speaks of"),
        sa.Column("item", sa.Text(), nullable=True, comment="section or item; none: the whole"),
        sa.Column("author_id", BigId, nullable=True, comment="none: the applicant"),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column(
            "audience",
            sa.Enum("PARTY", "STAFF", name="audience", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.CheckConstraint("length(body) <= 4000", name=op.f("ck_remarks_body_length")),
        sa.CheckConstraint("length(item) <= 60", name=op.f("ck_remarks_item_length")),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name=op.f("fk_remarks_author_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_remarks")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("remarks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_remarks_author_id"), ["author_id"], unique=False)
        batch_op.create_index("ix_remarks_subject", ["subject_kind", "subject_id", "id"], unique=False)

    op.create_table(
        "applications",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("acceptance_number", SortText, nullable=True, comment="受付番号, given at the first submission"),
        sa.Column(
            "state",
            sa.Enum(
                "DRAFT",
                "SUBMITTED",
                "IN_REVIEW",
                "RETURNED",
                "ACCEPTED",
                "MAIN_DRAFT",
                "MAIN_IN_REVIEW",
                "MAIN_RETURNED",
                "AWAITING_ACT",
                "APPROVED",
                "WITHDRAWN",
                "LAPSED",
                "NOT_QUALIFIED",
                "REMOVED",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column(
            "channel",
            sa.Enum("ONLINE", "PAPER", name="channel", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("email", sa.Text(), nullable=True, comment="where the links go"),
        sa.Column("email_key", SortText, nullable=True, comment="lower case"),
        sa.Column(
            "name",
            sa.Text(),
            nullable=True,
            comment="商号 as submitted, before that as last saved; for lists and mails",
        ),
        sa.Column("name_key", SortText, nullable=True, comment="normalised for search"),
        sa.Column(
            "corporate_number", SortText, nullable=True, comment="as submitted, before that as last saved; for lists"
        ),
        sa.Column("operator_code", SortText, nullable=True, comment="事業者コード as recorded by staff"),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("saved_at", UtcDateTime(), nullable=False, comment="last save by the applicant"),
        sa.Column(
            "submitted_at", UtcDateTime(), nullable=True, comment="first submission: its day decides under 28条の11"
        ),
        sa.Column("accepted_at", UtcDateTime(), nullable=True),
        sa.Column(
            "main_submitted_at",
            UtcDateTime(),
            nullable=True,
            comment="first main application: ends the one year of 2.7.2④",
        ),
        sa.Column(
            "lapse_on",
            sa.Date(),
            nullable=True,
            comment="last day for the main application; after it OCCTO may terminate (2.7.2④)",
        ),
        sa.Column(
            "waiting_since",
            UtcDateTime(),
            nullable=True,
            comment="since when it waits for staff; none: it waits for the applicant",
        ),
        sa.Column("held_at", UtcDateTime(), nullable=True),
        sa.Column("hold_reason", sa.Text(), nullable=True),
        sa.Column("assignee_id", BigId, nullable=True),
        sa.Column("entered_by_id", BigId, nullable=True, comment="who keyed a paper application in"),
        sa.Column(
            "confirmation_asked_at",
            UtcDateTime(),
            nullable=True,
            comment="a contractor submitted; the 会員担当 has to confirm",
        ),
        sa.Column("confirmation_digest", sa.Text(), nullable=True, comment="SHA-256 of the answers to be confirmed"),
        sa.Column("checked_by_id", BigId, nullable=True, comment="first person of the approval"),
        sa.Column("checked_at", UtcDateTime(), nullable=True),
        sa.Column(
            "member_on",
            sa.Date(),
            nullable=True,
            comment="day of membership as checked; decided by staff for late joiners",
        ),
        sa.Column("member_on_reason", sa.Text(), nullable=True, comment="why, where the Act does not settle the day"),
        sa.Column("roster_no", sa.Integer(), nullable=True, comment="roster number as checked"),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decided_by_id", BigId, nullable=True),
        sa.Column("member_id", BigId, nullable=True),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="raised by every decision or edit; forms send it back as seen_version",
        ),
        sa.CheckConstraint(
            "(channel = 'PAPER') = (entered_by_id IS NOT NULL)", name=op.f("ck_applications_entered_by")
        ),
        sa.CheckConstraint(
            "(state = 'APPROVED') = (member_id IS NOT NULL)", name=op.f("ck_applications_approved_member")
        ),
        sa.CheckConstraint(
            "(state IN ('APPROVED', 'WITHDRAWN', 'LAPSED', 'NOT_QUALIFIED', 'REMOVED')) = (decided_at IS NOT NULL)",
            name=op.f("ck_applications_decided_at"),
        ),
        sa.CheckConstraint(
            "state <> 'APPROVED' OR (checked_by_id IS NOT NULL AND decided_by_id IS NOT NULL AND checked_by_id <> decided_by_id)",
            name=op.f("ck_applications_two_persons"),
        ),
        sa.CheckConstraint(
            "state <> 'REMOVED' OR (email_key IS NULL AND name IS NULL)", name=op.f("ck_applications_removed_blank")
        ),
        sa.CheckConstraint(
            "state IN ('DRAFT', 'WITHDRAWN', 'REMOVED') OR (acceptance_number IS NOT NULL AND submitted_at IS NOT NULL AND lapse_on IS NOT NULL)",
            name=op.f("ck_applications_numbered"),
        ),
        sa.CheckConstraint(
            "state NOT IN ('ACCEPTED', 'MAIN_DRAFT', 'MAIN_IN_REVIEW', 'MAIN_RETURNED', 'AWAITING_ACT', 'APPROVED') OR accepted_at IS NOT NULL",
            name=op.f("ck_applications_accepted_at"),
        ),
        sa.CheckConstraint("(checked_by_id IS NULL) = (checked_at IS NULL)", name=op.f("ck_applications_checked")),
        sa.CheckConstraint(
            "(confirmation_digest IS NULL) = (confirmation_asked_at IS NULL)", name=op.f("ck_applications_confirmation")
        ),
        sa.CheckConstraint("(held_at IS NULL) = (hold_reason IS NULL)", name=op.f("ck_applications_hold")),
        sa.CheckConstraint("length(email) <= 254", name=op.f("ck_applications_email_length")),
        sa.CheckConstraint("length(hold_reason) <= 2000", name=op.f("ck_applications_hold_reason_length")),
        sa.CheckConstraint("length(name) <= 120", name=op.f("ck_applications_name_length")),
        sa.CheckConstraint("length(operator_code) <= 5", name=op.f("ck_applications_operator_code_length")),
        sa.ForeignKeyConstraint(
            ["assignee_id"], ["users.id"], name=op.f("fk_applications_assignee_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["checked_by_id"], ["users.id"], name=op.f("fk_applications_checked_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["users.id"], name=op.f("fk_applications_decided_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["entered_by_id"], ["users.id"], name=op.f("fk_applications_entered_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_applications_member_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_applications")),
        sa.UniqueConstraint("acceptance_number", name=op.f("uq_applications_acceptance_number")),
        sa.UniqueConstraint("member_id", name=op.f("uq_applications_member_id")),
        sa.UniqueConstraint("operator_code", name=op.f("uq_applications_operator_code")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("applications", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_applications_assignee_id"), ["assignee_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_applications_checked_by_id"), ["checked_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_applications_corporate_number"), ["corporate_number"], unique=False)
        batch_op.create_index(batch_op.f("ix_applications_decided_by_id"), ["decided_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_applications_email_key"), ["email_key"], unique=False)
        batch_op.create_index(batch_op.f("ix_applications_entered_by_id"), ["entered_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_applications_lapse_on"), ["lapse_on"], unique=False)
        batch_op.create_index("ix_applications_state_waiting", ["state", "waiting_since", "held_at"], unique=False)

    op.create_table(
        "application_drafts",
        sa.Column("application_id", BigId, nullable=False),
        sa.Column("section", SortText, nullable=False),
        sa.Column("typed", Document, nullable=False, comment="exactly what was typed"),
        sa.Column(
            "answers", Document, nullable=True, comment="the clean values; none while something is missing or wrong"
        ),
        sa.Column("errors", sa.Integer(), nullable=False, comment="how many inputs were wrong at the last save"),
        sa.Column("saved_at", UtcDateTime(), nullable=False),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="raised by every decision or edit; forms send it back as seen_version",
        ),
        sa.CheckConstraint("errors >= 0", name=op.f("ck_application_drafts_errors")),
        sa.CheckConstraint("length(section) <= 40", name=op.f("ck_application_drafts_section_length")),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["applications.id"],
            name=op.f("fk_application_drafts_application_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("application_id", "section", name=op.f("pk_application_drafts")),
    )
    op.create_table(
        "application_revisions",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("application_id", BigId, nullable=False),
        sa.Column(
            "stage",
            sa.Enum("PROVISIONAL", "MAIN", name="stage", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("no", sa.Integer(), nullable=False, comment="第 … 版 of its stage"),
        sa.Column("answers", Document, nullable=False, comment="section → clean values"),
        sa.Column("terms_version_id", BigId, nullable=False),
        sa.Column("submitted_at", UtcDateTime(), nullable=False),
        sa.Column("submitted_by_id", BigId, nullable=True, comment="staff who keyed it in; none: the applicant"),
        sa.ForeignKeyConstraint(
            ["application_id"],
            ["applications.id"],
            name=op.f("fk_application_revisions_application_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["submitted_by_id"],
            ["users.id"],
            name=op.f("fk_application_revisions_submitted_by_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["terms_version_id"],
            ["terms_versions.id"],
            name=op.f("fk_application_revisions_terms_version_id"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_application_revisions")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("application_revisions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_application_revisions_submitted_by_id"), ["submitted_by_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_application_revisions_terms_version_id"), ["terms_version_id"], unique=False
        )
        batch_op.create_index("uq_application_revisions_no", ["application_id", "stage", "no"], unique=True)

    op.create_table(
        "attachments",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("application_id", BigId, nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "REGISTRY",
                "METI_ACT",
                "CAPITAL_CHART",
                "MANDATE_LETTER",
                "PAPER_SCAN",
                "OTHER",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False, comment="by content, never by name"),
        sa.Column("size", BigId, nullable=False, comment="bytes"),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column(
            "scan_state",
            sa.Enum(
                "NOT_CONFIGURED",
                "CLEAN",
                "REFUSED",
                name="scan_state",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.Column(
            "removed_at", UtcDateTime(), nullable=True, comment="taken out of the draft; revisions still show it"
        ),
        sa.CheckConstraint("length(name) <= 120", name=op.f("ck_attachments_name_length")),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_attachments_sha256")),
        sa.CheckConstraint("size > 0", name=op.f("ck_attachments_size")),
        sa.ForeignKeyConstraint(
            ["application_id"], ["applications.id"], name=op.f("fk_attachments_application_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachments")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("attachments", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_attachments_application_id"), ["application_id"], unique=False)

    op.create_table(
        "attachment_chunks",
        sa.Column("attachment_id", BigId, nullable=False),
        sa.Column("no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("bytes", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["attachment_id"], ["attachments.id"], name=op.f("fk_attachment_chunks_attachment_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("attachment_id", "no", name=op.f("pk_attachment_chunks")),
    )
    op.create_table(
        "licence_facts",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("licence_id", BigId, nullable=False),
        sa.Column(
            "act",
            sa.Enum(
                "REGISTRATION",
                "PERMISSION",
                "NOTIFICATION",
                name="act",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("number", sa.Text(), nullable=True, comment="METI's number, such as A0123"),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column(
            "end_reason",
            sa.Enum(
                "REVOCATION",
                "CLOSURE_PERMISSION",
                "CLOSURE_NOTIFICATION",
                "SUCCESSION",
                name="end_reason",
                native_enum=False,
                create_constraint=True,
            ),
            nullable=True,
        ),
        sa.Column("document_id", BigId, nullable=True),
        sa.Column("entered_id", BigId, nullable=False),
        sa.Column("voided_id", BigId, nullable=True),
        sa.CheckConstraint("(ended_on IS NULL) = (end_reason IS NULL)", name=op.f("ck_licence_facts_ended")),
        sa.CheckConstraint("ended_on IS NULL OR ended_on > effective_on", name=op.f("ck_licence_facts_period")),
        sa.CheckConstraint("length(number) <= 40", name=op.f("ck_licence_facts_number_length")),
        sa.ForeignKeyConstraint(
            ["document_id"], ["attachments.id"], name=op.f("fk_licence_facts_document_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["entered_id"], ["register_changes.id"], name=op.f("fk_licence_facts_entered_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["licence_id"], ["licences.id"], name=op.f("fk_licence_facts_licence_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["voided_id"], ["register_changes.id"], name=op.f("fk_licence_facts_voided_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_licence_facts")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("licence_facts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_licence_facts_document_id"), ["document_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_licence_facts_entered_id"), ["entered_id"], unique=False)
        batch_op.create_index("ix_licence_facts_licence", ["licence_id", "effective_on"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_licence_facts_voided_id"),
            ["voided_id"],
            unique=False,
            postgresql_where=sa.text("voided_id IS NOT NULL"),
            sqlite_where=sa.text("voided_id IS NOT NULL"),
        )
        batch_op.create_index(
            "uq_licence_facts_live",
            ["licence_id"],
            unique=True,
            postgresql_where=sa.text("voided_id IS NULL"),
            sqlite_where=sa.text("voided_id IS NULL"),
        )

    create_triggers(op.get_bind())


def downgrade():
    drop_triggers(op.get_bind())
    with op.batch_alter_table("licence_facts", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_licence_facts_live",
            postgresql_where=sa.text("voided_id IS NULL"),
            sqlite_where=sa.text("voided_id IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_licence_facts_voided_id"))
        batch_op.drop_index("ix_licence_facts_licence")
        batch_op.drop_index(batch_op.f("ix_licence_facts_entered_id"))
        batch_op.drop_index(batch_op.f("ix_licence_facts_document_id"))

    op.drop_table("licence_facts")
    op.drop_table("attachment_chunks")
    with op.batch_alter_table("attachments", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_attachments_application_id"))

    op.drop_table("attachments")
    with op.batch_alter_table("application_revisions", schema=None) as batch_op:
        batch_op.drop_index("uq_application_revisions_no")
        batch_op.drop_index(batch_op.f("ix_application_revisions_terms_version_id"))
        batch_op.drop_index(batch_op.f("ix_application_revisions_submitted_by_id"))

    op.drop_table("application_revisions")
    op.drop_table("application_drafts")
    with op.batch_alter_table("applications", schema=None) as batch_op:
        batch_op.drop_index("ix_applications_state_waiting")
        batch_op.drop_index(batch_op.f("ix_applications_lapse_on"))
        batch_op.drop_index(batch_op.f("ix_applications_entered_by_id"))
        batch_op.drop_index(batch_op.f("ix_applications_email_key"))
        batch_op.drop_index(batch_op.f("ix_applications_decided_by_id"))
        batch_op.drop_index(batch_op.f("ix_applications_corporate_number"))
        batch_op.drop_index(batch_op.f("ix_applications_checked_by_id"))
        batch_op.drop_index(batch_op.f("ix_applications_assignee_id"))

    op.drop_table("applications")
    with op.batch_alter_table("remarks", schema=None) as batch_op:
        batch_op.drop_index("ix_remarks_subject")
        batch_op.drop_index(batch_op.f("ix_remarks_author_id"))

    op.drop_table("remarks")
    with op.batch_alter_table("decisions", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_decisions_once",
            postgresql_where=sa.text("step IN ('accept', 'approve')"),
            sqlite_where=sa.text("step IN ('accept', 'approve')"),
        )
        batch_op.drop_index("ix_decisions_subject")
        batch_op.drop_index(batch_op.f("ix_decisions_actor_id"))

    op.drop_table("decisions")
    create_triggers(op.get_bind())
