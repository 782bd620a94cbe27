"""The assembly before the day: agenda, votes as frozen, elections, sanctions, convocation, replies.

Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

from occto.models.rebuild import rebuild, take_codes
from occto.models.triggers import create_triggers, drop_triggers
from occto.types import BigId, Document, SortText, UtcDateTime

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


_CODES = (
    ("attachments", "kind", ("ASSEMBLY_FILE", "REPLY_PAPER", "ELECTION", "SANCTION")),
    ("register_changes", "source_kind", ("SANCTION",)),
    ("late_facts", "outcome", ("INCLUDED",)),
)
"""Codes that columns take besides those so far. Going back leaves them wide: rows stay."""
_COLUMNS = {
    "assemblies": {
        "reception_from": (UtcDateTime(), "when the doors open", None),
        "reply_until": (UtcDateTime(), "half-open: a reply received at this instant is too late", None),
        "settings": (Document, "domain/assembly_settings.py, as of its making", None),
        "replaces_id": (BigId, "the postponed assembly in whose place this one stands", "assemblies"),
        "closing_reason": (sa.Text(), "why it is 延期 or 中止, as members are told", None),
    },
    "attachments": {
        "assembly_id": (BigId, None, "assemblies"),
        "member_id": (BigId, "of the office, about this member: standing 届出, 権利の停止・制限", "members"),
    },
    "outbox": {"assembly_id": (BigId, None, "assemblies")},
}
"""Columns added: table → name → type, comment, table referred to."""
_DEFAULTS = {"settings": "'{}'"}
"""Columns that are required, with what the rows so far get."""
_CHECKS = {
    "assemblies": {
        "reply_until": "reply_until IS NULL OR reply_until <= held_at",
        "reception_from": "reception_from IS NULL OR reception_from <= held_at",
        "replaces": "replaces_id IS NULL OR replaces_id <> id",
        "closing_reason": "state <> 'POSTPONED' OR closing_reason IS NOT NULL",
        "closing_reason_length": "length(closing_reason) <= 2000",
    },
}
_LAST = {
    "assemblies": "version INTEGER NOT NULL",
    "attachments": "import_id INTEGER",
    "outbox": "account_request_id INTEGER",
}
"""The last column of each table as SQLite keeps its definition: what is added stands after it."""
_ONE_CASE_OF_FOUR = (
    "CASE WHEN application_id IS NULL THEN 0 ELSE 1 END + CASE WHEN change_request_id IS NULL THEN 0 ELSE 1 END"
    " + CASE WHEN account_request_id IS NULL THEN 0 ELSE 1 END + CASE WHEN import_id IS NULL THEN 0 ELSE 1 END = 1"
)
_ONE_CASE_OF_SIX = (
    "CASE WHEN application_id IS NULL THEN 0 ELSE 1 END + CASE WHEN change_request_id IS NULL THEN 0 ELSE 1 END"
    " + CASE WHEN account_request_id IS NULL THEN 0 ELSE 1 END + CASE WHEN import_id IS NULL THEN 0 ELSE 1 END"
    " + CASE WHEN assembly_id IS NULL THEN 0 ELSE 1 END + CASE WHEN member_id IS NULL THEN 0 ELSE 1 END = 1"
)
_NEW_FILES = "assembly_id IS NOT NULL OR member_id IS NOT NULL"


def _line(name, kind):
    required = f" DEFAULT {_DEFAULTS[name]} NOT NULL" if name in _DEFAULTS else ""
    return f"{name} {({'BIGINT': 'INTEGER'}).get(str(kind), str(kind))}{required}"


def _edit(table):
    """The piece of the definition that SQLite keeps of `table`, before and after its columns and checks are added."""
    columns = _COLUMNS[table]
    lines = [_line(name, kind) for name, (kind, _comment, _target) in columns.items()]
    lines += [f"CONSTRAINT ck_{table}_{name} CHECK ({check})" for name, check in _CHECKS.get(table, {}).items()]
    lines += [
        f"CONSTRAINT fk_{table}_{name} FOREIGN KEY({name}) REFERENCES {target} (id) ON DELETE RESTRICT"
        for name, (_kind, _comment, target) in columns.items()
        if target
    ]
    return f"{_LAST[table]}, \n\tCONSTRAINT", ", \n\t".join((_LAST[table], *lines, "CONSTRAINT"))


def _indexes():
    yield from (
        (table, name)
        for table, columns in _COLUMNS.items()
        for name, (_kind, _comment, target) in columns.items()
        if target
    )


def _number_index():
    """Postponed and cancelled assemblies make room for another of their number. Going back leaves it so: rows stay."""
    columns, where = ["fiscal_year", "kind", "no"], sa.text("state NOT IN ('POSTPONED', 'CANCELLED')")
    op.drop_index("uq_assemblies_no", table_name="assemblies")
    op.create_index("uq_assemblies_no", "assemblies", columns, unique=True, sqlite_where=where, postgresql_where=where)


def _add_columns(sqlite):
    for table, columns in _COLUMNS.items():
        if sqlite:
            edits = [_edit(table)]
            edits += [(_ONE_CASE_OF_FOUR, _ONE_CASE_OF_SIX)] if table == "attachments" else []
            rebuild(op.get_bind(), table, edits)
            continue
        for name, (kind, comment, target) in columns.items():
            default = sa.text(_DEFAULTS[name]) if name in _DEFAULTS else None
            column = sa.Column(name, kind, nullable=default is None, server_default=default, comment=comment)
            op.add_column(table, column)
            if target:
                op.create_foreign_key(op.f(f"fk_{table}_{name}"), table, target, [name], ["id"], ondelete="RESTRICT")
        if table == "attachments":
            op.drop_constraint(op.f("ck_attachments_one_case"), table, type_="check")
            op.create_check_constraint(op.f("ck_attachments_one_case"), table, _ONE_CASE_OF_SIX)
        for name, check in _CHECKS.get(table, {}).items():
            op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, check)
    for table, name in _indexes():
        op.create_index(op.f(f"ix_{table}_{name}"), table, [name])
    _number_index()


def _remove_columns(sqlite):
    bind = op.get_bind()
    for statement in (
        f"DELETE FROM attachment_chunks WHERE attachment_id IN (SELECT id FROM attachments WHERE {_NEW_FILES})",  # noqa: S608 - fixed
        f"DELETE FROM attachments WHERE {_NEW_FILES}",  # noqa: S608 - fixed
    ):
        bind.execute(sa.text(statement))
    for table, name in _indexes():
        op.drop_index(op.f(f"ix_{table}_{name}"), table_name=table)
    for table, columns in _COLUMNS.items():
        if sqlite:
            edits = [tuple(reversed(_edit(table)))]
            edits += [(_ONE_CASE_OF_SIX, _ONE_CASE_OF_FOUR)] if table == "attachments" else []
            rebuild(bind, table, edits, drop=columns)
            continue
        for name in _CHECKS.get(table, {}):
            op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
        if table == "attachments":
            op.drop_constraint(op.f("ck_attachments_one_case"), table, type_="check")
            op.create_check_constraint(op.f("ck_attachments_one_case"), table, _ONE_CASE_OF_FOUR)
        for name, (_kind, _comment, target) in columns.items():
            if target:
                op.drop_constraint(op.f(f"fk_{table}_{name}"), table, type_="foreignkey")
            op.drop_column(table, name)


def upgrade():
    sqlite = op.get_bind().dialect.name == "sqlite"
    drop_triggers(op.get_bind())
    for table, column, codes in _CODES:
        take_codes(op.get_bind(), table, column, codes)
    _add_columns(sqlite)
    op.create_table(
        "agenda_items",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("assembly_id", BigId, nullable=False),
        sa.Column("no", sa.Integer(), nullable=False, comment="第 … 号, in the order in which items are dealt with"),
        sa.Column(
            "kind",
            sa.Enum(
                "ARTICLES",
                "RULES",
                "BUDGET",
                "ACCOUNTS",
                "OFFICER",
                "OTHER",
                "REPORT",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=True, comment="what members read before they choose"),
        sa.Column(
            "majority",
            sa.Enum("ORDINARY", "SPECIAL", name="majority_code", native_enum=False, create_constraint=True, length=16),
            nullable=True,
        ),
        sa.Column(
            "consent",
            sa.Enum(
                "NONE",
                "AUTHORISATION",
                "APPROVAL",
                name="consent",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
            comment="what the minister has to give",
        ),
        sa.Column("rule_reason", sa.Text(), nullable=True, comment="why majority or consent is not that of the kind"),
        sa.Column("notified_at", UtcDateTime(), nullable=True, comment="when the notice with it was sent"),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.Column("withdrawn_reason", sa.Text(), nullable=True),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="raised by every decision or edit; forms send it back as seen_version",
        ),
        sa.CheckConstraint("(kind = 'REPORT') = (majority IS NULL)", name=op.f("ck_agenda_items_majority")),
        sa.CheckConstraint("kind <> 'REPORT' OR consent = 'NONE'", name=op.f("ck_agenda_items_report")),
        sa.CheckConstraint(
            "(withdrawn_at IS NULL) = (withdrawn_reason IS NULL)", name=op.f("ck_agenda_items_withdrawn")
        ),
        sa.CheckConstraint("length(rule_reason) <= 500", name=op.f("ck_agenda_items_rule_reason_length")),
        sa.CheckConstraint("length(summary) <= 4000", name=op.f("ck_agenda_items_summary_length")),
        sa.CheckConstraint("length(title) <= 200", name=op.f("ck_agenda_items_title_length")),
        sa.CheckConstraint("length(withdrawn_reason) <= 500", name=op.f("ck_agenda_items_withdrawn_reason_length")),
        sa.CheckConstraint("no > 0", name=op.f("ck_agenda_items_no")),
        sa.ForeignKeyConstraint(
            ["assembly_id"], ["assemblies.id"], name=op.f("fk_agenda_items_assembly_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agenda_items")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("agenda_items", schema=None) as batch_op:
        batch_op.create_index("uq_agenda_items_no", ["assembly_id", "no"], unique=True)

    op.create_table(
        "board_counts",
        sa.Column("assembly_id", BigId, nullable=False),
        sa.Column("board", SortText, nullable=False, comment="replies"),
        sa.Column("counts", Document, nullable=False),
        sa.Column("counted_at", UtcDateTime(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=False),
        sa.CheckConstraint("length(board) <= 20", name=op.f("ck_board_counts_board_length")),
        sa.CheckConstraint("length(etag) <= 64", name=op.f("ck_board_counts_etag_length")),
        sa.ForeignKeyConstraint(
            ["assembly_id"], ["assemblies.id"], name=op.f("fk_board_counts_assembly_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("assembly_id", "board", name=op.f("pk_board_counts")),
    )
    op.create_table(
        "freeze_checks",
        sa.Column("assembly_id", BigId, nullable=False),
        sa.Column("case_key", SortText, nullable=False, comment="such as CHANGE:12 with its revision"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("checked_by_id", BigId, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("length(case_key) <= 40", name=op.f("ck_freeze_checks_case_key_length")),
        sa.CheckConstraint("length(reason) <= 2000", name=op.f("ck_freeze_checks_reason_length")),
        sa.ForeignKeyConstraint(
            ["assembly_id"], ["assemblies.id"], name=op.f("fk_freeze_checks_assembly_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["checked_by_id"], ["users.id"], name=op.f("fk_freeze_checks_checked_by_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("assembly_id", "case_key", name=op.f("pk_freeze_checks")),
    )
    with op.batch_alter_table("freeze_checks", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_freeze_checks_checked_by_id"), ["checked_by_id"], unique=False)

    op.create_table(
        "notices",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("assembly_id", BigId, nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "NOTICE", "ADDENDUM", "REMINDER", name="kind", native_enum=False, create_constraint=True, length=16
            ),
            nullable=False,
        ),
        sa.Column(
            "state",
            sa.Enum("DRAFT", "SENT", name="state", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("edited_by_id", BigId, nullable=True),
        sa.Column("edited_at", UtcDateTime(), nullable=False),
        sa.Column("tested_at", UtcDateTime(), nullable=True, comment="the last test mail to its author"),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.Column("sent_by_id", BigId, nullable=True),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="raised by every decision or edit; forms send it back as seen_version",
        ),
        sa.CheckConstraint("(state = 'SENT') = (sent_at IS NOT NULL)", name=op.f("ck_notices_sent")),
        sa.CheckConstraint("(state = 'SENT') = (sent_by_id IS NOT NULL)", name=op.f("ck_notices_sent_by")),
        sa.CheckConstraint("length(body) <= 8000", name=op.f("ck_notices_body_length")),
        sa.CheckConstraint("length(subject) <= 200", name=op.f("ck_notices_subject_length")),
        sa.ForeignKeyConstraint(
            ["assembly_id"], ["assemblies.id"], name=op.f("fk_notices_assembly_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["edited_by_id"], ["users.id"], name=op.f("fk_notices_edited_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["sent_by_id"], ["users.id"], name=op.f("fk_notices_sent_by_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_notices_assembly_id"), ["assembly_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_notices_edited_by_id"), ["edited_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_notices_sent_by_id"), ["sent_by_id"], unique=False)

    op.create_table(
        "receipt_lists",
        sa.Column("assembly_id", BigId, nullable=False),
        sa.Column("no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("root", sa.Text(), nullable=False),
        sa.Column("leaves", Document, nullable=False, comment="[receipt code, leaf], ordered by code"),
        sa.CheckConstraint("count >= 0", name=op.f("ck_receipt_lists_count")),
        sa.CheckConstraint("length(root) = 64", name=op.f("ck_receipt_lists_root")),
        sa.ForeignKeyConstraint(
            ["assembly_id"], ["assemblies.id"], name=op.f("fk_receipt_lists_assembly_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("assembly_id", "no", name=op.f("pk_receipt_lists")),
    )
    op.create_table(
        "snapshots",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("assembly_id", BigId, nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "DRAFT", "FROZEN", "SUPERSEDED", name="state", native_enum=False, create_constraint=True, length=16
            ),
            nullable=False,
        ),
        sa.Column("record_on", sa.Date(), nullable=False),
        sa.Column("known_change_id", BigId, nullable=False, comment="the newest register change that it knows"),
        sa.Column("per_group_total", BigId, nullable=False),
        sa.Column("total", BigId, nullable=False),
        sa.Column("basis", Document, nullable=False, comment="elections, policies and findings"),
        sa.Column("sha256", sa.Text(), nullable=False, comment="of the canonical form of everything in it"),
        sa.Column("reason", sa.Text(), nullable=True, comment="why it was made, or frozen again"),
        sa.Column("made_at", UtcDateTime(), nullable=False),
        sa.Column("made_by_id", BigId, nullable=True),
        sa.Column("second_by_id", BigId, nullable=True),
        sa.Column("superseded_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint(
            "(state = 'SUPERSEDED') = (superseded_at IS NOT NULL)", name=op.f("ck_snapshots_superseded")
        ),
        sa.CheckConstraint(
            "state = 'DRAFT' OR (made_by_id IS NOT NULL AND second_by_id IS NOT NULL AND second_by_id <> made_by_id)",
            name=op.f("ck_snapshots_two_persons"),
        ),
        sa.CheckConstraint("length(reason) <= 2000", name=op.f("ck_snapshots_reason_length")),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_snapshots_sha256")),
        sa.CheckConstraint("total >= 0 AND per_group_total >= 0", name=op.f("ck_snapshots_totals")),
        sa.ForeignKeyConstraint(
            ["assembly_id"], ["assemblies.id"], name=op.f("fk_snapshots_assembly_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["made_by_id"], ["users.id"], name=op.f("fk_snapshots_made_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["second_by_id"], ["users.id"], name=op.f("fk_snapshots_second_by_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshots")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("snapshots", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_snapshots_made_by_id"), ["made_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_snapshots_second_by_id"), ["second_by_id"], unique=False)
        batch_op.create_index(
            "uq_snapshots_frozen",
            ["assembly_id"],
            unique=True,
            postgresql_where=sa.text("state = 'FROZEN'"),
            sqlite_where=sa.text("state = 'FROZEN'"),
        )
        batch_op.create_index("uq_snapshots_no", ["assembly_id", "no"], unique=True)

    op.create_table(
        "agenda_conflicts",
        sa.Column("item_id", BigId, nullable=False),
        sa.Column("member_id", BigId, nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"], ["agenda_items.id"], name=op.f("fk_agenda_conflicts_item_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_agenda_conflicts_member_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("item_id", "member_id", name=op.f("pk_agenda_conflicts")),
    )
    with op.batch_alter_table("agenda_conflicts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_agenda_conflicts_member_id"), ["member_id"], unique=False)

    op.create_table(
        "convocations",
        sa.Column("assembly_id", BigId, nullable=False),
        sa.Column("member_id", BigId, nullable=False),
        sa.Column(
            "channel",
            sa.Enum("MAIL", "POST", "HAND", name="channel", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("notified_at", UtcDateTime(), nullable=True),
        sa.Column("bounced_at", UtcDateTime(), nullable=True, comment="no address of the member took it"),
        sa.CheckConstraint("notified_at IS NULL OR bounced_at IS NULL", name=op.f("ck_convocations_one_outcome")),
        sa.ForeignKeyConstraint(
            ["assembly_id"], ["assemblies.id"], name=op.f("fk_convocations_assembly_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_convocations_member_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("assembly_id", "member_id", name=op.f("pk_convocations")),
    )
    with op.batch_alter_table("convocations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_convocations_member_id"), ["member_id"], unique=False)
        batch_op.create_index("ix_convocations_notified", ["assembly_id", "notified_at"], unique=False)

    op.create_table(
        "reply_drafts",
        sa.Column("assembly_id", BigId, nullable=False),
        sa.Column("member_id", BigId, nullable=False),
        sa.Column("user_id", BigId, nullable=False),
        sa.Column("answers", Document, nullable=False),
        sa.Column("saved_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["assembly_id"], ["assemblies.id"], name=op.f("fk_reply_drafts_assembly_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_reply_drafts_member_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_reply_drafts_user_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("assembly_id", "member_id", "user_id", name=op.f("pk_reply_drafts")),
    )
    with op.batch_alter_table("reply_drafts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reply_drafts_member_id"), ["member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_reply_drafts_user_id"), ["user_id"], unique=False)

    op.create_table(
        "snapshot_members",
        sa.Column("snapshot_id", BigId, nullable=False),
        sa.Column("member_id", BigId, nullable=False),
        sa.Column("body_id", BigId, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("roster_no", sa.Integer(), nullable=True),
        sa.Column("capital", BigId, nullable=True, comment="yen"),
        sa.Column("licences", sa.Text(), nullable=False, comment="in force on the record date, comma separated"),
        sa.Column(
            "sanctioned",
            sa.Boolean(),
            nullable=False,
            comment="権利の停止・制限 of scope VOTES: on the roll, without votes",
        ),
        sa.Column("votes_n", BigId, nullable=False),
        sa.Column("votes_r", BigId, nullable=False),
        sa.Column("votes_g", BigId, nullable=False),
        sa.Column("votes", BigId, nullable=False),
        sa.CheckConstraint("NOT sanctioned OR votes = 0", name=op.f("ck_snapshot_members_sanctioned")),
        sa.CheckConstraint("length(name) <= 120", name=op.f("ck_snapshot_members_name_length")),
        sa.CheckConstraint("votes = votes_n + votes_r + votes_g", name=op.f("ck_snapshot_members_votes")),
        sa.CheckConstraint(
            "votes_n >= 0 AND votes_r >= 0 AND votes_g >= 0", name=op.f("ck_snapshot_members_not_negative")
        ),
        sa.ForeignKeyConstraint(
            ["body_id"], ["bodies.id"], name=op.f("fk_snapshot_members_body_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_snapshot_members_member_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["snapshots.id"], name=op.f("fk_snapshot_members_snapshot_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("snapshot_id", "member_id", name=op.f("pk_snapshot_members")),
    )
    with op.batch_alter_table("snapshot_members", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_snapshot_members_body_id"), ["body_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_snapshot_members_member_id"), ["member_id"], unique=False)
        batch_op.create_index("ix_snapshot_members_roster", ["snapshot_id", "roster_no", "member_id"], unique=False)

    op.create_table(
        "snapshot_relations",
        sa.Column("snapshot_id", BigId, nullable=False),
        sa.Column("child_body_id", BigId, nullable=False),
        sa.Column("parent_body_id", BigId, nullable=False),
        sa.Column("child_name", sa.Text(), nullable=False),
        sa.Column("parent_name", sa.Text(), nullable=False),
        sa.Column("ratio_bp", sa.Integer(), nullable=True, comment="議決権割合 in basis points"),
        sa.Column("since", sa.Date(), nullable=False),
        sa.CheckConstraint("length(child_name) <= 120", name=op.f("ck_snapshot_relations_child_name_length")),
        sa.CheckConstraint("length(parent_name) <= 120", name=op.f("ck_snapshot_relations_parent_name_length")),
        sa.ForeignKeyConstraint(
            ["child_body_id"], ["bodies.id"], name=op.f("fk_snapshot_relations_child_body_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["parent_body_id"], ["bodies.id"], name=op.f("fk_snapshot_relations_parent_body_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["snapshots.id"], name=op.f("fk_snapshot_relations_snapshot_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("snapshot_id", "child_body_id", name=op.f("pk_snapshot_relations")),
    )
    with op.batch_alter_table("snapshot_relations", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_snapshot_relations_child_body_id"), ["child_body_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_snapshot_relations_parent_body_id"), ["parent_body_id"], unique=False)

    op.create_table(
        "snapshot_units",
        sa.Column("snapshot_id", BigId, nullable=False),
        sa.Column(
            "vote_group",
            sa.Enum("N", "R", "G", name="vote_group", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("unit_no", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("holder_id", BigId, nullable=False),
        sa.Column("root_body_id", BigId, nullable=False, comment="the ultimate parent"),
        sa.Column("votes", BigId, nullable=False),
        sa.Column(
            "reason",
            sa.Enum(
                "single",
                "parent",
                "capital",
                "roster",
                "election",
                name="reason",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.CheckConstraint("votes >= 0", name=op.f("ck_snapshot_units_votes")),
        sa.ForeignKeyConstraint(
            ["holder_id"], ["members.id"], name=op.f("fk_snapshot_units_holder_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["root_body_id"], ["bodies.id"], name=op.f("fk_snapshot_units_root_body_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["snapshots.id"], name=op.f("fk_snapshot_units_snapshot_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("snapshot_id", "vote_group", "unit_no", name=op.f("pk_snapshot_units")),
    )
    with op.batch_alter_table("snapshot_units", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_snapshot_units_holder_id"), ["holder_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_snapshot_units_root_body_id"), ["root_body_id"], unique=False)
        batch_op.create_index("uq_snapshot_units_holder", ["snapshot_id", "vote_group", "holder_id"], unique=True)

    op.create_table(
        "unit_members",
        sa.Column("snapshot_id", BigId, nullable=False),
        sa.Column(
            "vote_group",
            sa.Enum("N", "R", "G", name="vote_group", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("member_id", BigId, nullable=False),
        sa.Column("unit_no", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_unit_members_member_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["snapshot_id"], ["snapshots.id"], name=op.f("fk_unit_members_snapshot_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("snapshot_id", "vote_group", "member_id", name=op.f("pk_unit_members")),
    )
    with op.batch_alter_table("unit_members", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_unit_members_member_id"), ["member_id"], unique=False)
        batch_op.create_index("ix_unit_members_unit", ["snapshot_id", "vote_group", "unit_no"], unique=False)

    op.create_table(
        "vote_objections",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("assembly_id", BigId, nullable=False),
        sa.Column("member_id", BigId, nullable=False),
        sa.Column("filed_by_id", BigId, nullable=False),
        sa.Column("mandate_id", BigId, nullable=True),
        sa.Column("filed_at", UtcDateTime(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("answered_at", UtcDateTime(), nullable=True),
        sa.Column("answered_by_id", BigId, nullable=True),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="raised by every decision or edit; forms send it back as seen_version",
        ),
        sa.CheckConstraint("(answered_at IS NULL) = (answer IS NULL)", name=op.f("ck_vote_objections_answered")),
        sa.CheckConstraint(
            "(answered_at IS NULL) = (answered_by_id IS NULL)", name=op.f("ck_vote_objections_answered_by")
        ),
        sa.CheckConstraint("length(answer) <= 2000", name=op.f("ck_vote_objections_answer_length")),
        sa.CheckConstraint("length(body) <= 2000", name=op.f("ck_vote_objections_body_length")),
        sa.ForeignKeyConstraint(
            ["answered_by_id"], ["users.id"], name=op.f("fk_vote_objections_answered_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["assembly_id"], ["assemblies.id"], name=op.f("fk_vote_objections_assembly_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["filed_by_id"], ["users.id"], name=op.f("fk_vote_objections_filed_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["mandate_id"], ["mandates.id"], name=op.f("fk_vote_objections_mandate_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_vote_objections_member_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vote_objections")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("vote_objections", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_vote_objections_answered_by_id"), ["answered_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_vote_objections_assembly_id"), ["assembly_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_vote_objections_filed_by_id"), ["filed_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_vote_objections_mandate_id"), ["mandate_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_vote_objections_member_id"), ["member_id"], unique=False)

    op.create_table(
        "holder_elections",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("assembly_id", BigId, nullable=True),
        sa.Column("vote_group", sa.Text(), nullable=False, comment="N, R, G or * for all"),
        sa.Column("root_body_id", BigId, nullable=False, comment="the ultimate parent"),
        sa.Column("holder_member_id", BigId, nullable=False),
        sa.Column("filed_by_member_id", BigId, nullable=False),
        sa.Column(
            "channel",
            sa.Enum("ONLINE", "PAPER", "STAFF", name="channel", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("document_id", BigId, nullable=True),
        sa.Column("entered_by_id", BigId, nullable=True),
        sa.Column("mandate_id", BigId, nullable=True),
        sa.Column(
            "state",
            sa.Enum(
                "UNSETTLED",
                "EFFECTIVE",
                "REFUSED",
                "WITHDRAWN",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("countersigned_by_id", BigId, nullable=True, comment="the member that would otherwise hold"),
        sa.Column("countersigned_at", UtcDateTime(), nullable=True),
        sa.Column("settled_by_id", BigId, nullable=True),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.Column("withdrawn_at", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True, comment="of settling or withdrawing"),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="raised by every decision or edit; forms send it back as seen_version",
        ),
        sa.CheckConstraint(
            "(state = 'WITHDRAWN') = (withdrawn_at IS NOT NULL)", name=op.f("ck_holder_elections_withdrawn")
        ),
        sa.CheckConstraint("channel <> 'PAPER' OR document_id IS NOT NULL", name=op.f("ck_holder_elections_paper")),
        sa.CheckConstraint("vote_group IN ('N', 'R', 'G', '*')", name=op.f("ck_holder_elections_vote_group")),
        sa.CheckConstraint(
            "(countersigned_by_id IS NULL) = (countersigned_at IS NULL)", name=op.f("ck_holder_elections_countersigned")
        ),
        sa.CheckConstraint("(settled_by_id IS NULL) = (settled_at IS NULL)", name=op.f("ck_holder_elections_settled")),
        sa.CheckConstraint(
            "settled_by_id IS NULL OR entered_by_id IS NULL OR settled_by_id <> entered_by_id",
            name=op.f("ck_holder_elections_two_persons"),
        ),
        sa.CheckConstraint("length(reason) <= 2000", name=op.f("ck_holder_elections_reason_length")),
        sa.ForeignKeyConstraint(
            ["assembly_id"], ["assemblies.id"], name=op.f("fk_holder_elections_assembly_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["countersigned_by_id"],
            ["members.id"],
            name=op.f("fk_holder_elections_countersigned_by_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["attachments.id"], name=op.f("fk_holder_elections_document_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["entered_by_id"], ["users.id"], name=op.f("fk_holder_elections_entered_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["filed_by_member_id"],
            ["members.id"],
            name=op.f("fk_holder_elections_filed_by_member_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["holder_member_id"], ["members.id"], name=op.f("fk_holder_elections_holder_member_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["mandate_id"], ["mandates.id"], name=op.f("fk_holder_elections_mandate_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["root_body_id"], ["bodies.id"], name=op.f("fk_holder_elections_root_body_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["settled_by_id"], ["users.id"], name=op.f("fk_holder_elections_settled_by_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_holder_elections")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("holder_elections", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_holder_elections_assembly_id"), ["assembly_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_holder_elections_countersigned_by_id"), ["countersigned_by_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_holder_elections_document_id"), ["document_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_holder_elections_entered_by_id"), ["entered_by_id"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_holder_elections_filed_by_member_id"), ["filed_by_member_id"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_holder_elections_holder_member_id"), ["holder_member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_holder_elections_mandate_id"), ["mandate_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_holder_elections_root_body_id"), ["root_body_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_holder_elections_settled_by_id"), ["settled_by_id"], unique=False)

    op.create_table(
        "proposals",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column(
            "kind",
            sa.Enum(
                "FREEZE",
                "REFREEZE",
                "LATE_FACT",
                "ELECTION",
                "SANCTION",
                "SANCTION_END",
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
                "PROPOSED", "APPLIED", "DROPPED", name="state", native_enum=False, create_constraint=True, length=16
            ),
            nullable=False,
        ),
        sa.Column("subject_key", SortText, nullable=False, comment="such as ASSEMBLY:3"),
        sa.Column("assembly_id", BigId, nullable=True),
        sa.Column("member_id", BigId, nullable=True),
        sa.Column("attachment_id", BigId, nullable=True),
        sa.Column("values", Document, nullable=False, comment="what will be done, by kind"),
        sa.Column("digest", sa.Text(), nullable=True, comment="of what was on the screen when it was proposed"),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("proposed_by_id", BigId, nullable=False),
        sa.Column("proposed_at", UtcDateTime(), nullable=False),
        sa.Column("decided_by_id", BigId, nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="raised by every decision or edit; forms send it back as seen_version",
        ),
        sa.CheckConstraint("(state = 'PROPOSED') = (decided_at IS NULL)", name=op.f("ck_proposals_decided_at")),
        sa.CheckConstraint(
            "state <> 'APPLIED' OR (decided_by_id IS NOT NULL AND decided_by_id <> proposed_by_id)",
            name=op.f("ck_proposals_two_persons"),
        ),
        sa.CheckConstraint("length(digest) <= 64", name=op.f("ck_proposals_digest_length")),
        sa.CheckConstraint("length(reason) <= 2000", name=op.f("ck_proposals_reason_length")),
        sa.CheckConstraint("length(subject_key) <= 60", name=op.f("ck_proposals_subject_key_length")),
        sa.ForeignKeyConstraint(
            ["assembly_id"], ["assemblies.id"], name=op.f("fk_proposals_assembly_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["attachment_id"], ["attachments.id"], name=op.f("fk_proposals_attachment_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["users.id"], name=op.f("fk_proposals_decided_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_proposals_member_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by_id"], ["users.id"], name=op.f("fk_proposals_proposed_by_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposals")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("proposals", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_proposals_assembly_id"), ["assembly_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_proposals_attachment_id"), ["attachment_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_proposals_decided_by_id"), ["decided_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_proposals_member_id"), ["member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_proposals_proposed_by_id"), ["proposed_by_id"], unique=False)
        batch_op.create_index(
            "uq_proposals_open",
            ["kind", "subject_key"],
            unique=True,
            postgresql_where=sa.text("state = 'PROPOSED'"),
            sqlite_where=sa.text("state = 'PROPOSED'"),
        )

    op.create_table(
        "replies",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("assembly_id", BigId, nullable=False),
        sa.Column("member_id", BigId, nullable=False),
        sa.Column("no", sa.Integer(), nullable=False, comment="version, from 1, in the order of entering"),
        sa.Column("number", SortText, nullable=False, comment="回答番号, read out on the telephone"),
        sa.Column("receipt_code", SortText, nullable=False, comment="受領証: random, listed after closing"),
        sa.Column(
            "salt",
            sa.Text(),
            nullable=False,
            comment="random, part of the digest: nobody can guess a reply from the published list",
        ),
        sa.Column("digest", sa.Text(), nullable=False, comment="SHA-256 of what the reply says (domain/receipts.py)"),
        sa.Column(
            "channel",
            sa.Enum(
                "ELECTRONIC", "PAPER", "STAFF", name="channel", native_enum=False, create_constraint=True, length=16
            ),
            nullable=False,
        ),
        sa.Column(
            "attendance",
            sa.Enum(
                "ATTEND",
                "PROXY",
                "ELECTRONIC",
                "CHAIR",
                "ABSENT",
                "WITHDRAWN",
                name="attendance",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column(
            "proxy_kind",
            sa.Enum("MEMBER", "PERSON", name="proxy_kind", native_enum=False, create_constraint=True, length=16),
            nullable=True,
        ),
        sa.Column("proxy_member_id", BigId, nullable=True),
        sa.Column("proxy_name", sa.Text(), nullable=True),
        sa.Column("opinion", sa.Text(), nullable=True),
        sa.Column(
            "received_at",
            UtcDateTime(),
            nullable=False,
            comment="when the request or the paper arrived: this one decides",
        ),
        sa.Column("entered_at", UtcDateTime(), nullable=False),
        sa.Column("entered_by_id", BigId, nullable=True),
        sa.Column("mandate_id", BigId, nullable=True),
        sa.Column("document_id", BigId, nullable=True),
        sa.Column("reason", sa.Text(), nullable=True, comment="why staff entered it, or after the deadline"),
        sa.CheckConstraint("(attendance = 'PROXY') = (proxy_kind IS NOT NULL)", name=op.f("ck_replies_proxy")),
        sa.CheckConstraint("channel <> 'PAPER' OR document_id IS NOT NULL", name=op.f("ck_replies_scan")),
        sa.CheckConstraint("channel <> 'STAFF' OR reason IS NOT NULL", name=op.f("ck_replies_reason")),
        sa.CheckConstraint("channel = 'ELECTRONIC' OR entered_by_id IS NOT NULL", name=op.f("ck_replies_entered_by")),
        sa.CheckConstraint(
            "(proxy_member_id IS NOT NULL) = (proxy_kind IS NOT NULL AND proxy_kind = 'MEMBER')",
            name=op.f("ck_replies_proxy_member"),
        ),
        sa.CheckConstraint(
            "(proxy_name IS NOT NULL) = (proxy_kind IS NOT NULL AND proxy_kind = 'PERSON')",
            name=op.f("ck_replies_proxy_name"),
        ),
        sa.CheckConstraint("length(digest) = 64", name=op.f("ck_replies_digest")),
        sa.CheckConstraint("length(salt) = 32", name=op.f("ck_replies_salt")),
        sa.CheckConstraint("length(number) <= 20", name=op.f("ck_replies_number_length")),
        sa.CheckConstraint("length(opinion) <= 1000", name=op.f("ck_replies_opinion_length")),
        sa.CheckConstraint("length(proxy_name) <= 200", name=op.f("ck_replies_proxy_name_length")),
        sa.CheckConstraint("length(reason) <= 2000", name=op.f("ck_replies_reason_length")),
        sa.CheckConstraint("length(receipt_code) <= 20", name=op.f("ck_replies_receipt_code_length")),
        sa.CheckConstraint("no > 0", name=op.f("ck_replies_no")),
        sa.CheckConstraint(
            "proxy_member_id IS NULL OR proxy_member_id <> member_id", name=op.f("ck_replies_other_member")
        ),
        sa.ForeignKeyConstraint(
            ["assembly_id"], ["assemblies.id"], name=op.f("fk_replies_assembly_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["attachments.id"], name=op.f("fk_replies_document_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["entered_by_id"], ["users.id"], name=op.f("fk_replies_entered_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["mandate_id"], ["mandates.id"], name=op.f("fk_replies_mandate_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_replies_member_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(
            ["proxy_member_id"], ["members.id"], name=op.f("fk_replies_proxy_member_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_replies")),
        sa.UniqueConstraint("number", name=op.f("uq_replies_number")),
        sa.UniqueConstraint("receipt_code", name=op.f("uq_replies_receipt_code")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("replies", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_replies_document_id"), ["document_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_replies_entered_by_id"), ["entered_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_replies_mandate_id"), ["mandate_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_replies_member_id"), ["member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_replies_proxy_member_id"), ["proxy_member_id"], unique=False)
        batch_op.create_index("uq_replies_no", ["assembly_id", "member_id", "no"], unique=True)

    op.create_table(
        "sanction_facts",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("member_id", BigId, nullable=False),
        sa.Column(
            "scope",
            sa.Enum("VOTES", "OTHER", name="scope", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("decided_by", sa.Text(), nullable=False, comment="the body that decided, such as 理事会"),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("ground", sa.Text(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("document_id", BigId, nullable=True),
        sa.Column("entered_id", BigId, nullable=False),
        sa.Column("voided_id", BigId, nullable=True),
        sa.CheckConstraint("ended_on IS NULL OR ended_on > effective_on", name=op.f("ck_sanction_facts_period")),
        sa.CheckConstraint("length(decided_by) <= 120", name=op.f("ck_sanction_facts_decided_by_length")),
        sa.CheckConstraint("length(ground) <= 2000", name=op.f("ck_sanction_facts_ground_length")),
        sa.ForeignKeyConstraint(
            ["document_id"], ["attachments.id"], name=op.f("fk_sanction_facts_document_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["entered_id"], ["register_changes.id"], name=op.f("fk_sanction_facts_entered_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_sanction_facts_member_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["voided_id"], ["register_changes.id"], name=op.f("fk_sanction_facts_voided_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sanction_facts")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("sanction_facts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sanction_facts_document_id"), ["document_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sanction_facts_entered_id"), ["entered_id"], unique=False)
        batch_op.create_index("ix_sanction_facts_member", ["member_id", "effective_on"], unique=False)
        batch_op.create_index(
            "ix_sanction_facts_voided_id",
            ["voided_id"],
            unique=False,
            postgresql_where=sa.text("voided_id IS NOT NULL"),
            sqlite_where=sa.text("voided_id IS NOT NULL"),
        )

    op.create_table(
        "sendings",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("assembly_id", BigId, nullable=False),
        sa.Column("member_id", BigId, nullable=False),
        sa.Column("notice_id", BigId, nullable=False),
        sa.Column(
            "channel",
            sa.Enum("MAIL", "POST", "HAND", name="channel", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.Column("outbox_id", BigId, nullable=True),
        sa.Column("recipient", sa.Text(), nullable=False, comment="name, with what the person is"),
        sa.Column("address", sa.Text(), nullable=False, comment="mail or postal address"),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by_id", BigId, nullable=True),
        sa.Column("accepted_at", UtcDateTime(), nullable=True),
        sa.Column("failed_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("(channel = 'MAIL') = (outbox_id IS NOT NULL)", name=op.f("ck_sendings_mail")),
        sa.CheckConstraint("accepted_at IS NULL OR failed_at IS NULL", name=op.f("ck_sendings_one_outcome")),
        sa.CheckConstraint("length(address) <= 300", name=op.f("ck_sendings_address_length")),
        sa.CheckConstraint("length(recipient) <= 200", name=op.f("ck_sendings_recipient_length")),
        sa.ForeignKeyConstraint(
            ["assembly_id"], ["assemblies.id"], name=op.f("fk_sendings_assembly_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name=op.f("fk_sendings_by_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["member_id"], ["members.id"], name=op.f("fk_sendings_member_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["notice_id"], ["notices.id"], name=op.f("fk_sendings_notice_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name=op.f("fk_sendings_outbox_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sendings")),
        sa.UniqueConstraint("outbox_id", name=op.f("uq_sendings_outbox_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("sendings", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sendings_by_id"), ["by_id"], unique=False)
        batch_op.create_index("ix_sendings_member", ["assembly_id", "member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sendings_member_id"), ["member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_sendings_notice_id"), ["notice_id"], unique=False)

    op.create_table(
        "attendees",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("reply_id", BigId, nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False, comment="所属・役職"),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("voting", sa.Boolean(), nullable=False),
        sa.CheckConstraint("length(email) <= 254", name=op.f("ck_attendees_email_length")),
        sa.CheckConstraint("length(name) <= 80", name=op.f("ck_attendees_name_length")),
        sa.CheckConstraint("length(phone) <= 40", name=op.f("ck_attendees_phone_length")),
        sa.CheckConstraint("length(title) <= 120", name=op.f("ck_attendees_title_length")),
        sa.ForeignKeyConstraint(["reply_id"], ["replies.id"], name=op.f("fk_attendees_reply_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attendees")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("attendees", schema=None) as batch_op:
        batch_op.create_index("uq_attendees_no", ["reply_id", "no"], unique=True)
        batch_op.create_index(
            "uq_attendees_voting",
            ["reply_id"],
            unique=True,
            postgresql_where=sa.text("voting"),
            sqlite_where=sa.text("voting"),
        )

    op.create_table(
        "ballots",
        sa.Column("reply_id", BigId, nullable=False),
        sa.Column("item_id", BigId, nullable=False),
        sa.Column(
            "choice",
            sa.Enum("YES", "NO", "ABSTAIN", name="choice", native_enum=False, create_constraint=True, length=16),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["item_id"], ["agenda_items.id"], name=op.f("fk_ballots_item_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["reply_id"], ["replies.id"], name=op.f("fk_ballots_reply_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("reply_id", "item_id", name=op.f("pk_ballots")),
    )
    with op.batch_alter_table("ballots", schema=None) as batch_op:
        batch_op.create_index("ix_ballots_item", ["item_id", "choice", "reply_id"], unique=False)

    op.create_table(
        "standing_replies",
        sa.Column("assembly_id", BigId, nullable=False),
        sa.Column("member_id", BigId, nullable=False),
        sa.Column("reply_id", BigId, nullable=False),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="raised by every decision or edit; forms send it back as seen_version",
        ),
        sa.ForeignKeyConstraint(
            ["assembly_id"], ["assemblies.id"], name=op.f("fk_standing_replies_assembly_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_standing_replies_member_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["reply_id"], ["replies.id"], name=op.f("fk_standing_replies_reply_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("assembly_id", "member_id", name=op.f("pk_standing_replies")),
        sa.UniqueConstraint("reply_id", name=op.f("uq_standing_replies_reply_id")),
    )
    with op.batch_alter_table("standing_replies", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_standing_replies_member_id"), ["member_id"], unique=False)

    create_triggers(op.get_bind())


def downgrade():
    sqlite = op.get_bind().dialect.name == "sqlite"
    drop_triggers(op.get_bind())
    with op.batch_alter_table("standing_replies", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_standing_replies_member_id"))

    op.drop_table("standing_replies")
    with op.batch_alter_table("ballots", schema=None) as batch_op:
        batch_op.drop_index("ix_ballots_item")

    op.drop_table("ballots")
    with op.batch_alter_table("attendees", schema=None) as batch_op:
        batch_op.drop_index("uq_attendees_voting", postgresql_where=sa.text("voting"), sqlite_where=sa.text("voting"))
        batch_op.drop_index("uq_attendees_no")

    op.drop_table("attendees")
    with op.batch_alter_table("sendings", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_sendings_notice_id"))
        batch_op.drop_index(batch_op.f("ix_sendings_member_id"))
        batch_op.drop_index("ix_sendings_member")
        batch_op.drop_index(batch_op.f("ix_sendings_by_id"))

    op.drop_table("sendings")
    with op.batch_alter_table("sanction_facts", schema=None) as batch_op:
        batch_op.drop_index(
            "ix_sanction_facts_voided_id",
            postgresql_where=sa.text("voided_id IS NOT NULL"),
            sqlite_where=sa.text("voided_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_sanction_facts_member")
        batch_op.drop_index(batch_op.f("ix_sanction_facts_entered_id"))
        batch_op.drop_index(batch_op.f("ix_sanction_facts_document_id"))

    op.drop_table("sanction_facts")
    with op.batch_alter_table("replies", schema=None) as batch_op:
        batch_op.drop_index("uq_replies_no")
        batch_op.drop_index(batch_op.f("ix_replies_proxy_member_id"))
        batch_op.drop_index(batch_op.f("ix_replies_member_id"))
        batch_op.drop_index(batch_op.f("ix_replies_mandate_id"))
        batch_op.drop_index(batch_op.f("ix_replies_entered_by_id"))
        batch_op.drop_index(batch_op.f("ix_replies_document_id"))

    op.drop_table("replies")
    with op.batch_alter_table("proposals", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_proposals_open",
            postgresql_where=sa.text("state = 'PROPOSED'"),
            sqlite_where=sa.text("state = 'PROPOSED'"),
        )
        batch_op.drop_index(batch_op.f("ix_proposals_proposed_by_id"))
        batch_op.drop_index(batch_op.f("ix_proposals_member_id"))
        batch_op.drop_index(batch_op.f("ix_proposals_decided_by_id"))
        batch_op.drop_index(batch_op.f("ix_proposals_attachment_id"))
        batch_op.drop_index(batch_op.f("ix_proposals_assembly_id"))

    op.drop_table("proposals")
    with op.batch_alter_table("holder_elections", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_holder_elections_settled_by_id"))
        batch_op.drop_index(batch_op.f("ix_holder_elections_root_body_id"))
        batch_op.drop_index(batch_op.f("ix_holder_elections_mandate_id"))
        batch_op.drop_index(batch_op.f("ix_holder_elections_holder_member_id"))
        batch_op.drop_index(batch_op.f("ix_holder_elections_filed_by_member_id"))
        batch_op.drop_index(batch_op.f("ix_holder_elections_entered_by_id"))
        batch_op.drop_index(batch_op.f("ix_holder_elections_document_id"))
        batch_op.drop_index(batch_op.f("ix_holder_elections_countersigned_by_id"))
        batch_op.drop_index(batch_op.f("ix_holder_elections_assembly_id"))

    op.drop_table("holder_elections")
    with op.batch_alter_table("vote_objections", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_vote_objections_member_id"))
        batch_op.drop_index(batch_op.f("ix_vote_objections_mandate_id"))
        batch_op.drop_index(batch_op.f("ix_vote_objections_filed_by_id"))
        batch_op.drop_index(batch_op.f("ix_vote_objections_assembly_id"))
        batch_op.drop_index(batch_op.f("ix_vote_objections_answered_by_id"))

    op.drop_table("vote_objections")
    with op.batch_alter_table("unit_members", schema=None) as batch_op:
        batch_op.drop_index("ix_unit_members_unit")
        batch_op.drop_index(batch_op.f("ix_unit_members_member_id"))

    op.drop_table("unit_members")
    with op.batch_alter_table("snapshot_units", schema=None) as batch_op:
        batch_op.drop_index("uq_snapshot_units_holder")
        batch_op.drop_index(batch_op.f("ix_snapshot_units_root_body_id"))
        batch_op.drop_index(batch_op.f("ix_snapshot_units_holder_id"))

    op.drop_table("snapshot_units")
    with op.batch_alter_table("snapshot_relations", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_snapshot_relations_parent_body_id"))
        batch_op.drop_index(batch_op.f("ix_snapshot_relations_child_body_id"))

    op.drop_table("snapshot_relations")
    with op.batch_alter_table("snapshot_members", schema=None) as batch_op:
        batch_op.drop_index("ix_snapshot_members_roster")
        batch_op.drop_index(batch_op.f("ix_snapshot_members_member_id"))
        batch_op.drop_index(batch_op.f("ix_snapshot_members_body_id"))

    op.drop_table("snapshot_members")
    with op.batch_alter_table("reply_drafts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_reply_drafts_user_id"))
        batch_op.drop_index(batch_op.f("ix_reply_drafts_member_id"))

    op.drop_table("reply_drafts")
    with op.batch_alter_table("convocations", schema=None) as batch_op:
        batch_op.drop_index("ix_convocations_notified")
        batch_op.drop_index(batch_op.f("ix_convocations_member_id"))

    op.drop_table("convocations")
    with op.batch_alter_table("agenda_conflicts", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_agenda_conflicts_member_id"))

    op.drop_table("agenda_conflicts")
    with op.batch_alter_table("snapshots", schema=None) as batch_op:
        batch_op.drop_index("uq_snapshots_no")
        batch_op.drop_index(
            "uq_snapshots_frozen",
            postgresql_where=sa.text("state = 'FROZEN'"),
            sqlite_where=sa.text("state = 'FROZEN'"),
        )
        batch_op.drop_index(batch_op.f("ix_snapshots_second_by_id"))
        batch_op.drop_index(batch_op.f("ix_snapshots_made_by_id"))

    op.drop_table("snapshots")
    op.drop_table("receipt_lists")
    with op.batch_alter_table("notices", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_notices_sent_by_id"))
        batch_op.drop_index(batch_op.f("ix_notices_edited_by_id"))
        batch_op.drop_index(batch_op.f("ix_notices_assembly_id"))

    op.drop_table("notices")
    with op.batch_alter_table("freeze_checks", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_freeze_checks_checked_by_id"))

    op.drop_table("freeze_checks")
    op.drop_table("board_counts")
    with op.batch_alter_table("agenda_items", schema=None) as batch_op:
        batch_op.drop_index("uq_agenda_items_no")

    op.drop_table("agenda_items")
    _remove_columns(sqlite)
    create_triggers(op.get_bind())
