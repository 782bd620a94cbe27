"""Change requests, mandates, assemblies and roster proposals; attachments and mails of change requests.

Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

from occto.models.rebuild import rebuild, take_codes
from occto.models.triggers import create_triggers, drop_triggers
from occto.types import BigId, Document, SortText, UtcDateTime

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


_CODES = (
    ("applications", "channel", ("STAFF",)),
    ("remarks", "subject_kind", ("CHANGE",)),
    ("decisions", "subject_kind", ("CHANGE",)),
    ("register_changes", "source_kind", ("CHANGE", "IMMEDIATE", "ROSTER")),
    ("attachments", "kind", ("SHARE_REGISTER", "OFFICE_DECISION")),
)
"""Codes that columns take besides those so far. Going back leaves them wide, and items without a value: rows stay."""
_CASE = "(application_id IS NULL) <> (change_request_id IS NULL)"
_ONE_CASE = f"CONSTRAINT ck_attachments_one_case CHECK ({_CASE})"
_NAME_LENGTH = "CONSTRAINT ck_attachments_name_length CHECK (length(name) <= 120)"
_TO_LENGTH = "CONSTRAINT ck_outbox_to_address_length CHECK (length(to_address) <= 254)"
_END = "end_reason TEXT, \n\tended_by_id INTEGER"
_ENDED = "CONSTRAINT ck_contracts_of_use_ended CHECK ((ended_at IS NULL) = (end_clause IS NULL))"
_END_RULES = (
    "CONSTRAINT ck_contracts_of_use_end_reason_length CHECK (length(end_reason) <= 2000), \n\t"
    "CONSTRAINT fk_contracts_of_use_ended_by_id FOREIGN KEY(ended_by_id) REFERENCES users (id) ON DELETE RESTRICT"
)


def upgrade():
    sqlite = op.get_bind().dialect.name == "sqlite"
    drop_triggers(op.get_bind())
    for table, column, codes in _CODES:
        take_codes(op.get_bind(), table, column, codes)
    if sqlite:
        rebuild(op.get_bind(), "profile_facts", [("value JSON NOT NULL", "value JSON")])
    else:
        op.alter_column("profile_facts", "value", nullable=True)
    op.create_table(
        "assemblies",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column(
            "kind",
            sa.Enum("ORDINARY", "EXTRAORDINARY", name="kind", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("fiscal_year", sa.Integer(), nullable=False),
        sa.Column("no", sa.Integer(), nullable=False, comment="第 … 回 of its kind in the fiscal year"),
        sa.Column("held_at", UtcDateTime(), nullable=False),
        sa.Column("place", sa.Text(), nullable=True),
        sa.Column("record_on", sa.Date(), nullable=False, comment="基準日"),
        sa.Column(
            "state",
            sa.Enum(
                "PREPARING",
                "COUNTING",
                "FROZEN",
                "NOTIFIED",
                "REPLIES_OPEN",
                "REPLIES_CLOSED",
                "HALL_OPEN",
                "VOTING",
                "RESULT_FIXED",
                "PUBLISHED",
                "FINISHED",
                "POSTPONED",
                "CANCELLED",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="raised by every decision or edit; forms send it back as seen_version",
        ),
        sa.CheckConstraint("length(place) <= 200", name=op.f("ck_assemblies_place_length")),
        sa.CheckConstraint("no > 0", name=op.f("ck_assemblies_no")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assemblies")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("assemblies", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_assemblies_record_on"), ["record_on"], unique=False)
        batch_op.create_index("uq_assemblies_no", ["fiscal_year", "kind", "no"], unique=True)

    op.create_table(
        "contractors",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("corporate_number", SortText, nullable=True),
        sa.CheckConstraint(
            "corporate_number IS NULL OR length(corporate_number) = 13", name=op.f("ck_contractors_corporate_number")
        ),
        sa.CheckConstraint("length(name) <= 120", name=op.f("ck_contractors_name_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contractors")),
        sa.UniqueConstraint("corporate_number", name=op.f("uq_contractors_corporate_number")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "change_requests",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("number", SortText, nullable=True, comment="C-2026-00042, at the first submission"),
        sa.Column("member_id", BigId, nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "DRAFT",
                "SUBMITTED",
                "IN_REVIEW",
                "RETURNED",
                "APPROVED",
                "WITHDRAWN",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column(
            "channel",
            sa.Enum("ONLINE", "PAPER", "STAFF", name="channel", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("title", sa.Text(), nullable=False, comment="what it changes, in words; for lists and mails"),
        sa.Column("occurred_on", sa.Date(), nullable=True, comment="事由発生日"),
        sa.Column("received_at", UtcDateTime(), nullable=True, comment="when the paper reached the office"),
        sa.Column("reason", sa.Text(), nullable=True, comment="why, as the one who filed it says"),
        sa.Column(
            "touches_votes", sa.Boolean(), nullable=False, comment="as submitted: a second person has to approve"
        ),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("saved_at", UtcDateTime(), nullable=False, comment="last save by whoever fills it in"),
        sa.Column("submitted_at", UtcDateTime(), nullable=True, comment="first submission"),
        sa.Column(
            "waiting_since",
            UtcDateTime(),
            nullable=True,
            comment="since when it waits for staff; none: it waits for the member or is decided",
        ),
        sa.Column("held_at", UtcDateTime(), nullable=True),
        sa.Column("hold_reason", sa.Text(), nullable=True),
        sa.Column("assignee_id", BigId, nullable=True),
        sa.Column("started_by_id", BigId, nullable=True, comment="the member's user"),
        sa.Column("entered_by_id", BigId, nullable=True, comment="the staff member who keyed it in"),
        sa.Column("checked_by_id", BigId, nullable=True, comment="first person of the approval"),
        sa.Column("checked_at", UtcDateTime(), nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decided_by_id", BigId, nullable=True),
        sa.Column("split_from_id", BigId, nullable=True),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="raised by every decision or edit; forms send it back as seen_version",
        ),
        sa.CheckConstraint(
            "(channel = 'ONLINE') = (entered_by_id IS NULL)", name=op.f("ck_change_requests_entered_by")
        ),
        sa.CheckConstraint(
            "(state IN ('APPROVED', 'WITHDRAWN')) = (decided_at IS NOT NULL)",
            name=op.f("ck_change_requests_decided_at"),
        ),
        sa.CheckConstraint(
            "channel <> 'PAPER' OR state IN ('DRAFT', 'WITHDRAWN') OR received_at IS NOT NULL",
            name=op.f("ck_change_requests_received_at"),
        ),
        sa.CheckConstraint(
            "state <> 'APPROVED' OR (decided_by_id IS NOT NULL AND (NOT touches_votes OR (checked_by_id IS NOT NULL AND checked_by_id <> decided_by_id)))",
            name=op.f("ck_change_requests_two_persons"),
        ),
        sa.CheckConstraint(
            "state IN ('DRAFT', 'WITHDRAWN') OR (number IS NOT NULL AND submitted_at IS NOT NULL AND occurred_on IS NOT NULL)",
            name=op.f("ck_change_requests_numbered"),
        ),
        sa.CheckConstraint("(checked_by_id IS NULL) = (checked_at IS NULL)", name=op.f("ck_change_requests_checked")),
        sa.CheckConstraint("(held_at IS NULL) = (hold_reason IS NULL)", name=op.f("ck_change_requests_hold")),
        sa.CheckConstraint("(number IS NULL) = (submitted_at IS NULL)", name=op.f("ck_change_requests_submitted")),
        sa.CheckConstraint("length(hold_reason) <= 2000", name=op.f("ck_change_requests_hold_reason_length")),
        sa.CheckConstraint("length(reason) <= 2000", name=op.f("ck_change_requests_reason_length")),
        sa.CheckConstraint("length(title) <= 120", name=op.f("ck_change_requests_title_length")),
        sa.ForeignKeyConstraint(
            ["assignee_id"], ["users.id"], name=op.f("fk_change_requests_assignee_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["checked_by_id"], ["users.id"], name=op.f("fk_change_requests_checked_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["users.id"], name=op.f("fk_change_requests_decided_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["entered_by_id"], ["users.id"], name=op.f("fk_change_requests_entered_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_change_requests_member_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["split_from_id"],
            ["change_requests.id"],
            name=op.f("fk_change_requests_split_from_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["started_by_id"], ["users.id"], name=op.f("fk_change_requests_started_by_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_requests")),
        sa.UniqueConstraint("number", name=op.f("uq_change_requests_number")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("change_requests", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_change_requests_assignee_id"), ["assignee_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_change_requests_checked_by_id"), ["checked_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_change_requests_decided_by_id"), ["decided_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_change_requests_entered_by_id"), ["entered_by_id"], unique=False)
        batch_op.create_index("ix_change_requests_member", ["member_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_change_requests_split_from_id"), ["split_from_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_change_requests_started_by_id"), ["started_by_id"], unique=False)
        batch_op.create_index("ix_change_requests_state_waiting", ["state", "waiting_since", "held_at"], unique=False)

    op.create_table(
        "confirmations",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("member_id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("known_change_id", BigId, nullable=False, comment="the newest register change that was shown"),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_confirmations_member_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_confirmations_user_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_confirmations")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("confirmations", schema=None) as batch_op:
        batch_op.create_index("ix_confirmations_member", ["member_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_confirmations_user_id"), ["user_id"], unique=False)

    op.create_table(
        "late_facts",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("assembly_id", BigId, nullable=False),
        sa.Column("register_change_id", BigId, nullable=False),
        sa.Column("member_id", BigId, nullable=False),
        sa.Column("noted_at", UtcDateTime(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum(
                "REFREEZE", "KEEP", "POSTPONE", name="outcome", native_enum=False, create_constraint=True, length=16
            ),
            nullable=True,
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("decided_by_id", BigId, nullable=True),
        sa.Column("second_by_id", BigId, nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("(outcome IS NULL) = (decided_at IS NULL)", name=op.f("ck_late_facts_decided")),
        sa.CheckConstraint("length(reason) <= 2000", name=op.f("ck_late_facts_reason_length")),
        sa.CheckConstraint(
            "outcome IS NULL OR (reason IS NOT NULL AND decided_by_id IS NOT NULL AND second_by_id IS NOT NULL AND decided_by_id <> second_by_id)",
            name=op.f("ck_late_facts_two_persons"),
        ),
        sa.ForeignKeyConstraint(
            ["assembly_id"], ["assemblies.id"], name=op.f("fk_late_facts_assembly_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["users.id"], name=op.f("fk_late_facts_decided_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_late_facts_member_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["register_change_id"],
            ["register_changes.id"],
            name=op.f("fk_late_facts_register_change_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["second_by_id"], ["users.id"], name=op.f("fk_late_facts_second_by_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_late_facts")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("late_facts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_late_facts_decided_by_id"), ["decided_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_late_facts_member_id"), ["member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_late_facts_register_change_id"), ["register_change_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_late_facts_second_by_id"), ["second_by_id"], unique=False)
        batch_op.create_index("uq_late_facts", ["assembly_id", "register_change_id", "member_id"], unique=True)

    op.create_table(
        "mandates",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("member_id", BigId, nullable=False),
        sa.Column("contractor_id", BigId, nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "PROPOSED",
                "ACTIVE",
                "ENDED",
                "DECLINED",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("proposed_by_id", BigId, nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True, comment="half-open: the first day without it"),
        sa.Column("accepted_by_id", BigId, nullable=True),
        sa.Column("accepted_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("ended_by_id", BigId, nullable=True),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="raised by every decision or edit; forms send it back as seen_version",
        ),
        sa.CheckConstraint("(state = 'ENDED') = (ended_at IS NOT NULL)", name=op.f("ck_mandates_ended")),
        sa.CheckConstraint("state <> 'ACTIVE' OR accepted_at IS NOT NULL", name=op.f("ck_mandates_accepted")),
        sa.CheckConstraint("ends_on IS NULL OR ends_on > starts_on", name=op.f("ck_mandates_period")),
        sa.ForeignKeyConstraint(
            ["accepted_by_id"], ["users.id"], name=op.f("fk_mandates_accepted_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["contractor_id"], ["contractors.id"], name=op.f("fk_mandates_contractor_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["ended_by_id"], ["users.id"], name=op.f("fk_mandates_ended_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_mandates_member_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["proposed_by_id"], ["users.id"], name=op.f("fk_mandates_proposed_by_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandates")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("mandates", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mandates_accepted_by_id"), ["accepted_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_mandates_contractor_id"), ["contractor_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_mandates_ended_by_id"), ["ended_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_mandates_member_id"), ["member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_mandates_proposed_by_id"), ["proposed_by_id"], unique=False)

    op.create_table(
        "roster_proposals",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column(
            "state",
            sa.Enum(
                "PROPOSED", "APPLIED", "DROPPED", name="state", native_enum=False, create_constraint=True, length=16
            ),
            nullable=False,
        ),
        sa.Column("rows", Document, nullable=False, comment="[member, number before, number after]"),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("base_change_id", BigId, nullable=False, comment="the newest register change when it was proposed"),
        sa.Column("proposed_by_id", BigId, nullable=False),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.Column("decided_by_id", BigId, nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("change_id", BigId, nullable=True),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="raised by every decision or edit; forms send it back as seen_version",
        ),
        sa.CheckConstraint("(state = 'APPLIED') = (change_id IS NOT NULL)", name=op.f("ck_roster_proposals_applied")),
        sa.CheckConstraint("(state = 'PROPOSED') = (decided_at IS NULL)", name=op.f("ck_roster_proposals_decided_at")),
        sa.CheckConstraint(
            "state <> 'APPLIED' OR (decided_by_id IS NOT NULL AND decided_by_id <> proposed_by_id)",
            name=op.f("ck_roster_proposals_two_persons"),
        ),
        sa.CheckConstraint("length(reason) <= 2000", name=op.f("ck_roster_proposals_reason_length")),
        sa.ForeignKeyConstraint(
            ["change_id"], ["register_changes.id"], name=op.f("fk_roster_proposals_change_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["users.id"], name=op.f("fk_roster_proposals_decided_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by_id"], ["users.id"], name=op.f("fk_roster_proposals_proposed_by_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_roster_proposals")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("roster_proposals", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_roster_proposals_change_id"), ["change_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_roster_proposals_decided_by_id"), ["decided_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_roster_proposals_proposed_by_id"), ["proposed_by_id"], unique=False)

    op.create_table(
        "change_drafts",
        sa.Column("request_id", BigId, nullable=False),
        sa.Column("part", SortText, nullable=False, comment="domain/changes.Part"),
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
        sa.CheckConstraint("errors >= 0", name=op.f("ck_change_drafts_errors")),
        sa.CheckConstraint("length(part) <= 40", name=op.f("ck_change_drafts_part_length")),
        sa.ForeignKeyConstraint(
            ["request_id"], ["change_requests.id"], name=op.f("fk_change_drafts_request_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("request_id", "part", name=op.f("pk_change_drafts")),
    )
    op.create_table(
        "change_marks",
        sa.Column("request_id", BigId, nullable=False),
        sa.Column("item", SortText, nullable=False),
        sa.Column("target_key", SortText, nullable=False),
        sa.Column(
            "verdict",
            sa.Enum("FINE", "REMARK", name="verdict", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("canned", sa.Text(), nullable=True, comment="the reason chosen out of the list"),
        sa.Column("words", sa.Text(), nullable=True, comment="what the company is told"),
        sa.Column("author_id", BigId, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("length(canned) <= 40", name=op.f("ck_change_marks_canned_length")),
        sa.CheckConstraint("length(words) <= 1000", name=op.f("ck_change_marks_words_length")),
        sa.ForeignKeyConstraint(
            ["author_id"], ["users.id"], name=op.f("fk_change_marks_author_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["change_requests.id"], name=op.f("fk_change_marks_request_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("request_id", "item", "target_key", name=op.f("pk_change_marks")),
    )
    with op.batch_alter_table("change_marks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_change_marks_author_id"), ["author_id"], unique=False)

    op.create_table(
        "change_revisions",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("request_id", BigId, nullable=False),
        sa.Column("no", sa.Integer(), nullable=False, comment="第 … 版"),
        sa.Column("submitted_by_id", BigId, nullable=True),
        sa.Column("mandate_id", BigId, nullable=True, comment="the mandate it was submitted under (利用規約 2.3.2)"),
        sa.Column("submitted_at", UtcDateTime(), nullable=False),
        sa.Column("occurred_on", sa.Date(), nullable=False),
        sa.Column(
            "base_change_id",
            BigId,
            nullable=False,
            comment="the newest register change when it was submitted: an item changed since is a conflict",
        ),
        sa.Column("files", Document, nullable=False, comment="documents and the items that each proves"),
        sa.ForeignKeyConstraint(
            ["mandate_id"], ["mandates.id"], name=op.f("fk_change_revisions_mandate_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["change_requests.id"], name=op.f("fk_change_revisions_request_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["submitted_by_id"], ["users.id"], name=op.f("fk_change_revisions_submitted_by_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_revisions")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("change_revisions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_change_revisions_mandate_id"), ["mandate_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_change_revisions_submitted_by_id"), ["submitted_by_id"], unique=False)
        batch_op.create_index("uq_change_revisions_no", ["request_id", "no"], unique=True)

    op.create_table(
        "mandate_persons",
        sa.Column("mandate_id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.ForeignKeyConstraint(
            ["mandate_id"], ["mandates.id"], name=op.f("fk_mandate_persons_mandate_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_mandate_persons_user_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("mandate_id", "user_id", name=op.f("pk_mandate_persons")),
    )
    op.create_table(
        "mandate_scopes",
        sa.Column("mandate_id", BigId, nullable=False),
        sa.Column(
            "procedure",
            sa.Enum(
                "VIEW",
                "CHANGES",
                "USERS",
                "ASSEMBLY_REPLY",
                name="procedure",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["mandate_id"], ["mandates.id"], name=op.f("fk_mandate_scopes_mandate_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("mandate_id", "procedure", name=op.f("pk_mandate_scopes")),
    )
    op.create_table(
        "change_items",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("revision_id", BigId, nullable=False),
        sa.Column("item", SortText, nullable=False, comment="key of domain/profile.py, licence or relation"),
        sa.Column("target_key", SortText, nullable=False, comment="which licence, relation or fact"),
        sa.Column(
            "act",
            sa.Enum(
                "SET", "ADD", "END", "CORRECT", "VOID", name="act", native_enum=False, create_constraint=True, length=16
            ),
            nullable=False,
        ),
        sa.Column("target_id", BigId, nullable=True, comment="row of the licence or fact, number of the relation"),
        sa.Column("old", Document, nullable=True, comment="as on record on the day, when it was submitted"),
        sa.Column("new", Document, nullable=True),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("change_id", BigId, nullable=True, comment="the register change that entered it"),
        sa.CheckConstraint("length(item) <= 40", name=op.f("ck_change_items_item_length")),
        sa.CheckConstraint("length(target_key) <= 40", name=op.f("ck_change_items_target_key_length")),
        sa.ForeignKeyConstraint(
            ["change_id"], ["register_changes.id"], name=op.f("fk_change_items_change_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["revision_id"], ["change_revisions.id"], name=op.f("fk_change_items_revision_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_change_items")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("change_items", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_change_items_change_id"), ["change_id"], unique=False)
        batch_op.create_index("uq_change_items_place", ["revision_id", "item", "target_key"], unique=True)

    _add_columns(sqlite)
    create_triggers(op.get_bind())


def _add_columns(sqlite):
    bind = op.get_bind()
    if sqlite:
        key = "FOREIGN KEY(change_request_id) REFERENCES change_requests (id) ON DELETE RESTRICT"
        mine = "CONSTRAINT fk_{table}_change_request_id " + key
        column = "change_request_id INTEGER"
        rebuild(
            bind,
            "attachments",
            [
                ("application_id INTEGER NOT NULL", "application_id INTEGER"),
                ("removed_at DATETIME", f"removed_at DATETIME, \n\t{column}"),
                (_NAME_LENGTH, f"{_NAME_LENGTH}, \n\t{_ONE_CASE}, \n\t{mine.format(table='attachments')}"),
            ],
        )
        rebuild(
            bind,
            "outbox",
            [
                ("sent_at DATETIME", f"sent_at DATETIME, \n\t{column}"),
                (_TO_LENGTH, f"{_TO_LENGTH}, \n\t{mine.format(table='outbox')}"),
            ],
        )
        rebuild(
            bind,
            "contracts_of_use",
            [("end_clause TEXT", f"end_clause TEXT, \n\t{_END}"), (_ENDED, f"{_ENDED}, \n\t{_END_RULES}")],
        )
    else:
        for table in ("attachments", "outbox"):
            op.add_column(table, sa.Column("change_request_id", BigId, nullable=True))
            op.create_foreign_key(
                op.f(f"fk_{table}_change_request_id"),
                table,
                "change_requests",
                ["change_request_id"],
                ["id"],
                ondelete="RESTRICT",
            )
        op.alter_column("attachments", "application_id", nullable=True)
        op.create_check_constraint(op.f("ck_attachments_one_case"), "attachments", _CASE)
        op.add_column(
            "contracts_of_use",
            sa.Column(
                "end_reason", sa.Text(), nullable=True, comment="what was applied for, or the facts of the ground"
            ),
        )
        op.add_column(
            "contracts_of_use",
            sa.Column("ended_by_id", BigId, nullable=True, comment="none: by the system, as on loss of membership"),
        )
        op.create_foreign_key(
            op.f("fk_contracts_of_use_ended_by_id"),
            "contracts_of_use",
            "users",
            ["ended_by_id"],
            ["id"],
            ondelete="RESTRICT",
        )
        op.create_check_constraint(
            op.f("ck_contracts_of_use_end_reason_length"), "contracts_of_use", "length(end_reason) <= 2000"
        )
    for table, column in (
        ("attachments", "change_request_id"),
        ("outbox", "change_request_id"),
        ("contracts_of_use", "ended_by_id"),
    ):
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])


def _remove_columns(sqlite):
    bind = op.get_bind()
    bind.execute(
        sa.text(
            "DELETE FROM attachment_chunks WHERE attachment_id IN (SELECT id FROM attachments WHERE change_request_id IS NOT NULL)"
        )
    )
    bind.execute(
        sa.text(
            "UPDATE licence_facts SET document_id = NULL WHERE document_id IN (SELECT id FROM attachments WHERE change_request_id IS NOT NULL)"
        )
    )
    bind.execute(sa.text("DELETE FROM attachments WHERE change_request_id IS NOT NULL"))
    for table, column in (
        ("attachments", "change_request_id"),
        ("outbox", "change_request_id"),
        ("contracts_of_use", "ended_by_id"),
    ):
        op.drop_index(op.f(f"ix_{table}_{column}"), table)
    if sqlite:
        mine = ", \n\tCONSTRAINT fk_{table}_change_request_id FOREIGN KEY(change_request_id) REFERENCES change_requests (id) ON DELETE RESTRICT"
        column = ", \n\tchange_request_id INTEGER"
        rebuild(
            bind,
            "attachments",
            [
                ("application_id INTEGER,", "application_id INTEGER NOT NULL,"),
                (column, ""),
                (f", \n\t{_ONE_CASE}{mine.format(table='attachments')}", ""),
            ],
            drop=["change_request_id"],
        )
        rebuild(bind, "outbox", [(column, ""), (mine.format(table="outbox"), "")], drop=["change_request_id"])
        rebuild(
            bind,
            "contracts_of_use",
            [(f", \n\t{_END}", ""), (f", \n\t{_END_RULES}", "")],
            drop=["end_reason", "ended_by_id"],
        )
    else:
        op.drop_constraint(op.f("ck_attachments_one_case"), "attachments", type_="check")
        op.alter_column("attachments", "application_id", nullable=False)
        for table in ("attachments", "outbox"):
            op.drop_constraint(op.f(f"fk_{table}_change_request_id"), table, type_="foreignkey")
            op.drop_column(table, "change_request_id")
        op.drop_constraint(op.f("ck_contracts_of_use_end_reason_length"), "contracts_of_use", type_="check")
        op.drop_constraint(op.f("fk_contracts_of_use_ended_by_id"), "contracts_of_use", type_="foreignkey")
        op.drop_column("contracts_of_use", "end_reason")
        op.drop_column("contracts_of_use", "ended_by_id")


def downgrade():
    sqlite = op.get_bind().dialect.name == "sqlite"
    drop_triggers(op.get_bind())
    _remove_columns(sqlite)
    with op.batch_alter_table("change_items", schema=None) as batch_op:
        batch_op.drop_index("uq_change_items_place")
        batch_op.drop_index(batch_op.f("ix_change_items_change_id"))

    op.drop_table("change_items")
    op.drop_table("mandate_scopes")
    op.drop_table("mandate_persons")
    with op.batch_alter_table("change_revisions", schema=None) as batch_op:
        batch_op.drop_index("uq_change_revisions_no")
        batch_op.drop_index(batch_op.f("ix_change_revisions_submitted_by_id"))
        batch_op.drop_index(batch_op.f("ix_change_revisions_mandate_id"))

    op.drop_table("change_revisions")
    with op.batch_alter_table("change_marks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_change_marks_author_id"))

    op.drop_table("change_marks")
    op.drop_table("change_drafts")
    with op.batch_alter_table("roster_proposals", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_roster_proposals_proposed_by_id"))
        batch_op.drop_index(batch_op.f("ix_roster_proposals_decided_by_id"))
        batch_op.drop_index(batch_op.f("ix_roster_proposals_change_id"))

    op.drop_table("roster_proposals")
    with op.batch_alter_table("mandates", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mandates_proposed_by_id"))
        batch_op.drop_index(batch_op.f("ix_mandates_member_id"))
        batch_op.drop_index(batch_op.f("ix_mandates_ended_by_id"))
        batch_op.drop_index(batch_op.f("ix_mandates_contractor_id"))
        batch_op.drop_index(batch_op.f("ix_mandates_accepted_by_id"))

    op.drop_table("mandates")
    with op.batch_alter_table("late_facts", schema=None) as batch_op:
        batch_op.drop_index("uq_late_facts")
        batch_op.drop_index(batch_op.f("ix_late_facts_second_by_id"))
        batch_op.drop_index(batch_op.f("ix_late_facts_register_change_id"))
        batch_op.drop_index(batch_op.f("ix_late_facts_member_id"))
        batch_op.drop_index(batch_op.f("ix_late_facts_decided_by_id"))

    op.drop_table("late_facts")
    with op.batch_alter_table("confirmations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_confirmations_user_id"))
        batch_op.drop_index("ix_confirmations_member")

    op.drop_table("confirmations")
    with op.batch_alter_table("change_requests", schema=None) as batch_op:
        batch_op.drop_index("ix_change_requests_state_waiting")
        batch_op.drop_index(batch_op.f("ix_change_requests_started_by_id"))
        batch_op.drop_index(batch_op.f("ix_change_requests_split_from_id"))
        batch_op.drop_index("ix_change_requests_member")
        batch_op.drop_index(batch_op.f("ix_change_requests_entered_by_id"))
        batch_op.drop_index(batch_op.f("ix_change_requests_decided_by_id"))
        batch_op.drop_index(batch_op.f("ix_change_requests_checked_by_id"))
        batch_op.drop_index(batch_op.f("ix_change_requests_assignee_id"))

    op.drop_table("change_requests")
    op.drop_table("contractors")
    with op.batch_alter_table("assemblies", schema=None) as batch_op:
        batch_op.drop_index("uq_assemblies_no")
        batch_op.drop_index(batch_op.f("ix_assemblies_record_on"))

    op.drop_table("assemblies")
    create_triggers(op.get_bind())
