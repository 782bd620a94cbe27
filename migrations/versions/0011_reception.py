"""The day of the assembly: tickets, desks, check-ins, decisions, results; rehearsals on a copy.

Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

from occto.models.rebuild import rebuild
from occto.models.triggers import create_triggers, drop_triggers
from occto.types import BigId, Document, SortText, UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_COLUMNS = (
    ("assemblies", "rehearsal_of_id", "assemblies", "リハーサル: the assembly that this one is a copy of"),
    (
        "standing_replies",
        "set_aside_by_check_in_id",
        "check_ins",
        "撤回: whoever votes for the member has come to the hall, by rule and once",
    ),
)
"""Columns added: table, name, table referred to, comment."""
_TABLES = (
    "assembly_results",
    "desks",
    "minutes",
    "consent_records",
    "floor_votes",
    "item_decisions",
    "vote_sheets",
    "decision_votes",
    "admission_tickets",
    "check_ins",
    "scans",
)
_LAST = {"assemblies": "closing_reason TEXT", "standing_replies": "version INTEGER NOT NULL"}
"""The last column of each table as SQLite keeps its definition: what is added stands after it."""
_STANDING = "state NOT IN ('POSTPONED', 'CANCELLED')"
_REHEARSAL = "rehearsal_of_id IS NULL OR rehearsal_of_id <> id"


def _number_index(where):
    """Rehearsals take no number from others."""
    columns = ["fiscal_year", "kind", "no"]
    op.drop_index("uq_assemblies_no", table_name="assemblies")
    op.create_index(
        "uq_assemblies_no",
        "assemblies",
        columns,
        unique=True,
        sqlite_where=sa.text(where),
        postgresql_where=sa.text(where),
    )


def _edit(table, name, target):
    """The piece of the definition that SQLite keeps of `table`, before and after the column is added."""
    check = f"CONSTRAINT ck_assemblies_rehearsal CHECK ({_REHEARSAL}), \n\t" if table == "assemblies" else ""
    key = f"CONSTRAINT fk_{table}_{name} FOREIGN KEY({name}) REFERENCES {target} (id) ON DELETE RESTRICT"
    return f"{_LAST[table]}, \n\tCONSTRAINT", f"{_LAST[table]}, \n\t{name} INTEGER, \n\t{check}{key}, \n\tCONSTRAINT"


def _add_columns():
    for table, name, target, comment in _COLUMNS:
        if op.get_bind().dialect.name == "sqlite":
            rebuild(op.get_bind(), table, [_edit(table, name, target)])
            continue
        op.add_column(table, sa.Column(name, BigId, nullable=True, comment=comment))
        op.create_foreign_key(op.f(f"fk_{table}_{name}"), table, target, [name], ["id"], ondelete="RESTRICT")
        if table == "assemblies":
            op.create_check_constraint(op.f("ck_assemblies_rehearsal"), table, _REHEARSAL)
    op.create_index(op.f("ix_assemblies_rehearsal_of_id"), "assemblies", ["rehearsal_of_id"])
    op.create_index("uq_standing_replies_set_aside", "standing_replies", ["set_aside_by_check_in_id"], unique=True)
    _number_index(f"{_STANDING} AND rehearsal_of_id IS NULL")


def upgrade():
    drop_triggers(op.get_bind())
    op.create_table(
        "assembly_results",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("assembly_id", BigId, nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("quorum", Document, nullable=False, comment="who was present, on the three bases"),
        sa.Column("quorum_met", sa.Boolean(), nullable=False),
        sa.Column("override_reason", sa.Text(), nullable=True),
        sa.Column("sha256", sa.Text(), nullable=False, comment="over the digests of all decisions"),
        sa.Column("fixed_at", UtcDateTime(), nullable=False),
        sa.Column("fixed_by_id", BigId, nullable=False),
        sa.Column("published_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("length(override_reason) <= 2000", name=op.f("ck_assembly_results_override_reason_length")),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_assembly_results_sha256")),
        sa.CheckConstraint("no > 0", name=op.f("ck_assembly_results_no")),
        sa.CheckConstraint("quorum_met OR override_reason IS NOT NULL", name=op.f("ck_assembly_results_quorum")),
        sa.ForeignKeyConstraint(
            ["assembly_id"], ["assemblies.id"], name=op.f("fk_assembly_results_assembly_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["fixed_by_id"], ["users.id"], name=op.f("fk_assembly_results_fixed_by_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assembly_results")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_assembly_results_fixed_by_id"), "assembly_results", ["fixed_by_id"], unique=False)
    op.create_index("uq_assembly_results_no", "assembly_results", ["assembly_id", "no"], unique=True)
    op.create_table(
        "desks",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("assembly_id", BigId, nullable=False),
        sa.Column("name", sa.Text(), nullable=False, comment="受付 3番"),
        sa.Column(
            "profile",
            sa.Enum(
                "STANDARD",
                "SCAN_ONLY",
                "UNATTENDED",
                name="profile",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("contact", sa.Text(), nullable=False, comment="受付責任者 and how the desk calls: 鈴木（内線 0000）"),
        sa.Column("code_hash", SortText, nullable=True, comment="keyed hash of the pairing code"),
        sa.Column("code_until", UtcDateTime(), nullable=True),
        sa.Column("key_hash", SortText, nullable=True, comment="SHA-256 of the key in its cookie"),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by_id", BigId, nullable=False),
        sa.Column("paired_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="raised by every decision or edit; forms send it back as seen_version",
        ),
        sa.CheckConstraint("(code_hash IS NULL) = (code_until IS NULL)", name=op.f("ck_desks_code")),
        sa.CheckConstraint("(paired_at IS NULL) = (key_hash IS NULL)", name=op.f("ck_desks_paired")),
        sa.CheckConstraint("length(code_hash) = 64", name=op.f("ck_desks_code_hash")),
        sa.CheckConstraint("length(key_hash) = 64", name=op.f("ck_desks_key_hash")),
        sa.CheckConstraint("length(name) <= 40", name=op.f("ck_desks_name_length")),
        sa.CheckConstraint("length(contact) <= 60", name=op.f("ck_desks_contact_length")),
        sa.CheckConstraint("paired_at IS NULL OR code_hash IS NULL", name=op.f("ck_desks_code_used")),
        sa.ForeignKeyConstraint(
            ["assembly_id"], ["assemblies.id"], name=op.f("fk_desks_assembly_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["made_by_id"], ["users.id"], name=op.f("fk_desks_made_by_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desks")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_desks_code_hash")),
        sa.UniqueConstraint("key_hash", name=op.f("uq_desks_key_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_desks_made_by_id"), "desks", ["made_by_id"], unique=False)
    op.create_index(
        "uq_desks_name",
        "desks",
        ["assembly_id", "name"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
        sqlite_where=sa.text("ended_at IS NULL"),
    )
    op.create_table(
        "minutes",
        sa.Column("assembly_id", BigId, nullable=False),
        sa.Column("values", Document, nullable=False, comment="domain/minutes.py"),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("updated_by_id", BigId, nullable=False),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="raised by every decision or edit; forms send it back as seen_version",
        ),
        sa.ForeignKeyConstraint(
            ["assembly_id"], ["assemblies.id"], name=op.f("fk_minutes_assembly_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["users.id"], name=op.f("fk_minutes_updated_by_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("assembly_id", name=op.f("pk_minutes")),
    )
    op.create_index(op.f("ix_minutes_updated_by_id"), "minutes", ["updated_by_id"], unique=False)
    op.create_table(
        "consent_records",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("item_id", BigId, nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column(
            "outcome",
            sa.Enum("GRANTED", "REFUSED", name="outcome", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("document_number", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("entered_at", UtcDateTime(), nullable=False),
        sa.Column("entered_by_id", BigId, nullable=False),
        sa.CheckConstraint("length(document_number) <= 80", name=op.f("ck_consent_records_document_number_length")),
        sa.CheckConstraint("length(note) <= 500", name=op.f("ck_consent_records_note_length")),
        sa.CheckConstraint("no > 0", name=op.f("ck_consent_records_no")),
        sa.ForeignKeyConstraint(
            ["entered_by_id"], ["users.id"], name=op.f("fk_consent_records_entered_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["agenda_items.id"], name=op.f("fk_consent_records_item_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_records")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_consent_records_entered_by_id"), "consent_records", ["entered_by_id"], unique=False)
    op.create_index("uq_consent_records_no", "consent_records", ["item_id", "no"], unique=True)
    op.create_table(
        "floor_votes",
        sa.Column("item_id", BigId, nullable=False),
        sa.Column("member_id", BigId, nullable=False),
        sa.Column(
            "choice",
            sa.Enum("YES", "NO", "ABSTAIN", name="choice", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("entered_at", UtcDateTime(), nullable=False),
        sa.Column("entered_by_id", BigId, nullable=False),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="raised by every decision or edit; forms send it back as seen_version",
        ),
        sa.ForeignKeyConstraint(
            ["entered_by_id"], ["users.id"], name=op.f("fk_floor_votes_entered_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["agenda_items.id"], name=op.f("fk_floor_votes_item_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_floor_votes_member_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("item_id", "member_id", name=op.f("pk_floor_votes")),
    )
    op.create_index(op.f("ix_floor_votes_entered_by_id"), "floor_votes", ["entered_by_id"], unique=False)
    op.create_index(op.f("ix_floor_votes_member_id"), "floor_votes", ["member_id"], unique=False)
    op.create_table(
        "item_decisions",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("item_id", BigId, nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column(
            "resolution",
            sa.Enum("ORDINARY", "SPECIAL", name="resolution", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("yes", BigId, nullable=False),
        sa.Column("against", BigId, nullable=False),
        sa.Column("abstain", BigId, nullable=False),
        sa.Column("present", BigId, nullable=False, comment="votes present for the item, conflict members out"),
        sa.Column(
            "outcome",
            sa.Enum(
                "CARRIED",
                "REJECTED",
                "TIED",
                "NOT_DECIDED",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column(
            "chair_choice",
            sa.Enum("YES", "NO", "ABSTAIN", name="chair_choice", native_enum=False, create_constraint=True, length=16),
            nullable=True,
            comment="how the chair decided an equal division",
        ),
        sa.Column(
            "amendment", sa.Text(), nullable=True, comment="修正: what was decided in place of the item as notified"
        ),
        sa.Column("reason", sa.Text(), nullable=True, comment="why an earlier decision is corrected"),
        sa.Column("quorum", Document, nullable=False, comment="who was present, on the three bases"),
        sa.Column(
            "sha256", sa.Text(), nullable=False, comment="of the canonical form of the decision and of every vote in it"
        ),
        sa.Column("decided_at", UtcDateTime(), nullable=False),
        sa.Column("decided_by_id", BigId, nullable=False),
        sa.CheckConstraint(
            "chair_choice IS NULL OR outcome IN ('CARRIED', 'REJECTED')", name=op.f("ck_item_decisions_by_chair")
        ),
        sa.CheckConstraint("outcome <> 'TIED'", name=op.f("ck_item_decisions_decided")),
        sa.CheckConstraint("length(amendment) <= 4000", name=op.f("ck_item_decisions_amendment_length")),
        sa.CheckConstraint("length(reason) <= 2000", name=op.f("ck_item_decisions_reason_length")),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_item_decisions_sha256")),
        sa.CheckConstraint("no = 1 OR reason IS NOT NULL", name=op.f("ck_item_decisions_reason")),
        sa.CheckConstraint("no > 0", name=op.f("ck_item_decisions_no")),
        sa.CheckConstraint("present = yes + against + abstain", name=op.f("ck_item_decisions_present")),
        sa.CheckConstraint("yes >= 0 AND against >= 0 AND abstain >= 0", name=op.f("ck_item_decisions_not_negative")),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["users.id"], name=op.f("fk_item_decisions_decided_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["agenda_items.id"], name=op.f("fk_item_decisions_item_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item_decisions")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_item_decisions_decided_by_id"), "item_decisions", ["decided_by_id"], unique=False)
    op.create_index("uq_item_decisions_no", "item_decisions", ["item_id", "no"], unique=True)
    op.create_table(
        "vote_sheets",
        sa.Column("item_id", BigId, nullable=False),
        sa.Column(
            "floor_choice",
            sa.Enum("YES", "NO", "ABSTAIN", name="floor_choice", native_enum=False, create_constraint=True, length=16),
            nullable=True,
            comment="of everybody at the hall who has no floor vote of its own",
        ),
        sa.Column(
            "chair_cast",
            sa.Enum("YES", "NO", "ABSTAIN", name="chair_cast", native_enum=False, create_constraint=True, length=16),
            nullable=True,
            comment="how the chair casts 議長一任, declared at 採決; nothing is preset",
        ),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.Column("updated_by_id", BigId, nullable=False),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="raised by every decision or edit; forms send it back as seen_version",
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["agenda_items.id"], name=op.f("fk_vote_sheets_item_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["updated_by_id"], ["users.id"], name=op.f("fk_vote_sheets_updated_by_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_vote_sheets")),
    )
    op.create_index(op.f("ix_vote_sheets_updated_by_id"), "vote_sheets", ["updated_by_id"], unique=False)
    op.create_table(
        "decision_votes",
        sa.Column("decision_id", BigId, nullable=False),
        sa.Column("member_id", BigId, nullable=False),
        sa.Column(
            "channel",
            sa.Enum(
                "ELECTRONIC",
                "PAPER",
                "PROXY",
                "CHAIR",
                "FLOOR",
                name="channel",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column(
            "choice",
            sa.Enum("YES", "NO", "ABSTAIN", name="choice", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["item_decisions.id"], name=op.f("fk_decision_votes_decision_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_decision_votes_member_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("decision_id", "member_id", name=op.f("pk_decision_votes")),
    )
    op.create_index(op.f("ix_decision_votes_member_id"), "decision_votes", ["member_id"], unique=False)
    op.create_table(
        "admission_tickets",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("assembly_id", BigId, nullable=False),
        sa.Column("member_id", BigId, nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "ATTENDEE",
                "PROXY",
                "WALK_IN",
                "SUBSTITUTE",
                "GUEST",
                "OFFICIAL",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("reply_id", BigId, nullable=True),
        sa.Column(
            "attendee_id",
            BigId,
            nullable=True,
            comment="the person as first replied; a later reply that says the same keeps it",
        ),
        sa.Column("number", sa.Integer(), nullable=False, comment="printed and read out with its check digit"),
        sa.Column("issue_no", sa.Integer(), nullable=False, comment="1, and one more for each ticket that it replaces"),
        sa.Column("token_hash", SortText, nullable=False, comment="SHA-256 of the token in the QR code"),
        sa.Column("link_hash", SortText, nullable=False, comment="SHA-256 of the secret of the mailed link"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False, comment="所属・役職"),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("voting", sa.Boolean(), nullable=False),
        sa.Column("seat", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True, comment="what the desk is to know, such as 車椅子"),
        sa.Column("issued_at", UtcDateTime(), nullable=False),
        sa.Column("issued_by_id", BigId, nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.Column(
            "revoked_for",
            sa.Enum(
                "REPLY_CHANGED",
                "REISSUED",
                "SUBSTITUTED",
                "WITHDRAWN",
                name="revoked_for",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=True,
        ),
        sa.Column("replaces_id", BigId, nullable=True),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="raised by every decision or edit; forms send it back as seen_version",
        ),
        sa.CheckConstraint(
            "(member_id IS NULL) = (kind IN ('GUEST', 'OFFICIAL'))", name=op.f("ck_admission_tickets_member")
        ),
        sa.CheckConstraint(
            "(reply_id IS NULL) = (kind NOT IN ('ATTENDEE', 'PROXY'))", name=op.f("ck_admission_tickets_reply")
        ),
        sa.CheckConstraint("attendee_id IS NULL OR kind = 'ATTENDEE'", name=op.f("ck_admission_tickets_attendee")),
        sa.CheckConstraint("(revoked_at IS NULL) = (revoked_for IS NULL)", name=op.f("ck_admission_tickets_revoked")),
        sa.CheckConstraint("NOT voting OR member_id IS NOT NULL", name=op.f("ck_admission_tickets_voting")),
        sa.CheckConstraint("length(email) <= 254", name=op.f("ck_admission_tickets_email_length")),
        sa.CheckConstraint("length(link_hash) = 64", name=op.f("ck_admission_tickets_link_hash")),
        sa.CheckConstraint("length(name) <= 200", name=op.f("ck_admission_tickets_name_length")),
        sa.CheckConstraint("length(note) <= 200", name=op.f("ck_admission_tickets_note_length")),
        sa.CheckConstraint("length(seat) <= 20", name=op.f("ck_admission_tickets_seat_length")),
        sa.CheckConstraint("length(title) <= 120", name=op.f("ck_admission_tickets_title_length")),
        sa.CheckConstraint("length(token_hash) = 64", name=op.f("ck_admission_tickets_token_hash")),
        sa.CheckConstraint("number > 0 AND issue_no > 0", name=op.f("ck_admission_tickets_numbers")),
        sa.CheckConstraint("replaces_id IS NULL OR replaces_id <> id", name=op.f("ck_admission_tickets_replaces")),
        sa.ForeignKeyConstraint(
            ["assembly_id"], ["assemblies.id"], name=op.f("fk_admission_tickets_assembly_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["attendee_id"], ["attendees.id"], name=op.f("fk_admission_tickets_attendee_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["issued_by_id"], ["users.id"], name=op.f("fk_admission_tickets_issued_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_admission_tickets_member_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["replaces_id"],
            ["admission_tickets.id"],
            name=op.f("fk_admission_tickets_replaces_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["reply_id"], ["replies.id"], name=op.f("fk_admission_tickets_reply_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admission_tickets")),
        sa.UniqueConstraint("link_hash", name=op.f("uq_admission_tickets_link_hash")),
        sa.UniqueConstraint("replaces_id", name=op.f("uq_admission_tickets_replaces_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_admission_tickets_token_hash")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_admission_tickets_issued_by_id"), "admission_tickets", ["issued_by_id"], unique=False)
    op.create_index(op.f("ix_admission_tickets_member_id"), "admission_tickets", ["member_id"], unique=False)
    op.create_index(op.f("ix_admission_tickets_reply_id"), "admission_tickets", ["reply_id"], unique=False)
    op.create_index(
        "uq_admission_tickets_attendee",
        "admission_tickets",
        ["attendee_id"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
        sqlite_where=sa.text("revoked_at IS NULL"),
    )
    op.create_index("uq_admission_tickets_number", "admission_tickets", ["assembly_id", "number"], unique=True)
    op.create_table(
        "check_ins",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("assembly_id", BigId, nullable=False),
        sa.Column("ticket_id", BigId, nullable=False),
        sa.Column("member_id", BigId, nullable=True),
        sa.Column(
            "voting",
            sa.Boolean(),
            nullable=False,
            comment="as admitted; a change of it ends this row and begins another",
        ),
        sa.Column("desk_id", BigId, nullable=True),
        sa.Column("entered_by_id", BigId, nullable=True),
        sa.Column(
            "entered_at",
            UtcDateTime(),
            nullable=False,
            comment="by the clock of the server, offline by that of the desk",
        ),
        sa.Column(
            "ending",
            sa.Enum("LEFT", "UNDONE", "CHANGED", name="ending", native_enum=False, create_constraint=True, length=16),
            nullable=True,
        ),
        sa.Column("ended_by_id", BigId, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "ending IS NULL OR ending NOT IN ('UNDONE', 'CHANGED') OR (ended_by_id IS NOT NULL AND reason IS NOT NULL)",
            name=op.f("ck_check_ins_supervised"),
        ),
        sa.CheckConstraint("(ended_at IS NULL) = (ending IS NULL)", name=op.f("ck_check_ins_ended")),
        sa.CheckConstraint("NOT voting OR member_id IS NOT NULL", name=op.f("ck_check_ins_voting")),
        sa.CheckConstraint("desk_id IS NOT NULL OR entered_by_id IS NOT NULL", name=op.f("ck_check_ins_entered_by")),
        sa.CheckConstraint("length(reason) <= 500", name=op.f("ck_check_ins_reason_length")),
        sa.ForeignKeyConstraint(
            ["assembly_id"], ["assemblies.id"], name=op.f("fk_check_ins_assembly_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["desk_id"], ["desks.id"], name=op.f("fk_check_ins_desk_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["ended_by_id"], ["users.id"], name=op.f("fk_check_ins_ended_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["entered_by_id"], ["users.id"], name=op.f("fk_check_ins_entered_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_check_ins_member_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["admission_tickets.id"], name=op.f("fk_check_ins_ticket_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_check_ins")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_check_ins_assembly", "check_ins", ["assembly_id", "id"], unique=False)
    op.create_index(op.f("ix_check_ins_desk_id"), "check_ins", ["desk_id"], unique=False)
    op.create_index(op.f("ix_check_ins_ended_by_id"), "check_ins", ["ended_by_id"], unique=False)
    op.create_index(op.f("ix_check_ins_entered_by_id"), "check_ins", ["entered_by_id"], unique=False)
    op.create_index(op.f("ix_check_ins_member_id"), "check_ins", ["member_id"], unique=False)
    op.create_index(op.f("ix_check_ins_ticket_id"), "check_ins", ["ticket_id"], unique=False)
    op.create_index(
        "uq_check_ins_ticket",
        "check_ins",
        ["ticket_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
        sqlite_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "uq_check_ins_voter",
        "check_ins",
        ["assembly_id", "member_id"],
        unique=True,
        postgresql_where=sa.text("voting AND ended_at IS NULL"),
        sqlite_where=sa.text("voting AND ended_at IS NULL"),
    )
    op.create_table(
        "scans",
        sa.Column("scan_id", SortText, nullable=False),
        sa.Column("assembly_id", BigId, nullable=False),
        sa.Column("desk_id", BigId, nullable=True),
        sa.Column("entered_by_id", BigId, nullable=True),
        sa.Column(
            "way",
            sa.Enum("QR", "NUMBER", "LIST", "PAPER", name="way", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("ticket_id", BigId, nullable=True),
        sa.Column("device_at", UtcDateTime(), nullable=True, comment="by the clock of the desk"),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("offline", sa.Boolean(), nullable=False, comment="admitted by the desk alone, and merged later"),
        sa.Column(
            "outcome",
            sa.Enum(
                "ADMITTED",
                "ALREADY",
                "UNKNOWN",
                "REVOKED",
                "OTHER_ASSEMBLY",
                "NOT_OPEN",
                "MEMBER_LEFT",
                "SUSPENDED",
                "VOTER_PRESENT",
                "PRACTICE",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("check_in_id", BigId, nullable=True, comment="the admission, or the one that stood in the way"),
        sa.CheckConstraint(
            "(check_in_id IS NOT NULL) = (outcome IN ('ADMITTED', 'ALREADY', 'VOTER_PRESENT'))",
            name=op.f("ck_scans_outcome_of"),
        ),
        sa.CheckConstraint("NOT offline OR device_at IS NOT NULL", name=op.f("ck_scans_offline_at")),
        sa.CheckConstraint("check_in_id IS NULL OR ticket_id IS NOT NULL", name=op.f("ck_scans_ticket")),
        sa.CheckConstraint("desk_id IS NOT NULL OR entered_by_id IS NOT NULL", name=op.f("ck_scans_entered_by")),
        sa.CheckConstraint("length(scan_id) BETWEEN 8 AND 64", name=op.f("ck_scans_scan_id")),
        sa.ForeignKeyConstraint(
            ["assembly_id"], ["assemblies.id"], name=op.f("fk_scans_assembly_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["check_in_id"], ["check_ins.id"], name=op.f("fk_scans_check_in_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["desk_id"], ["desks.id"], name=op.f("fk_scans_desk_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["entered_by_id"], ["users.id"], name=op.f("fk_scans_entered_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["admission_tickets.id"], name=op.f("fk_scans_ticket_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("scan_id", name=op.f("pk_scans")),
    )
    op.create_index("ix_scans_assembly", "scans", ["assembly_id", "received_at"], unique=False)
    op.create_index(op.f("ix_scans_check_in_id"), "scans", ["check_in_id"], unique=False)
    op.create_index("ix_scans_desk", "scans", ["desk_id", "received_at"], unique=False)
    op.create_index(op.f("ix_scans_entered_by_id"), "scans", ["entered_by_id"], unique=False)
    op.create_index(op.f("ix_scans_ticket_id"), "scans", ["ticket_id"], unique=False)
    _add_columns()
    create_triggers(op.get_bind())


def downgrade():
    drop_triggers(op.get_bind())
    op.execute("UPDATE assemblies SET state = 'CANCELLED' WHERE rehearsal_of_id IS NOT NULL")  # their rows stay
    _number_index(_STANDING)
    op.drop_index("uq_standing_replies_set_aside", table_name="standing_replies")
    op.drop_index(op.f("ix_assemblies_rehearsal_of_id"), table_name="assemblies")
    for table, name, target, _comment in _COLUMNS:
        if op.get_bind().dialect.name == "sqlite":
            rebuild(op.get_bind(), table, [tuple(reversed(_edit(table, name, target)))], drop=[name])
            continue
        if table == "assemblies":
            op.drop_constraint(op.f("ck_assemblies_rehearsal"), table, type_="check")
        op.drop_constraint(op.f(f"fk_{table}_{name}"), table, type_="foreignkey")
        op.drop_column(table, name)
    for table in reversed(_TABLES):
        op.drop_table(table)
    create_triggers(op.get_bind())
