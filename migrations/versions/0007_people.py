"""People: contractors' persons, mandates in sessions and records, requests about IDs, certificates, imports.

Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

from occto.models.rebuild import rebuild, take_codes
from occto.models.triggers import create_triggers, drop_triggers
from occto.types import BigId, Document, SortText, UtcDateTime

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


_SUBJECTS = ("ACCOUNT", "MANDATE", "IMPORT")
_CODES = (
    ("affiliations", "role", ("CONTRACTOR",)),
    ("staff_roles", "role", ("CONTRACTOR",)),
    ("remarks", "subject_kind", _SUBJECTS),
    ("decisions", "subject_kind", _SUBJECTS),
    ("register_changes", "source_kind", ("IMPORT",)),
    ("attachments", "kind", ("IDENTITY", "WORKBOOK")),
    ("links", "purpose", ("CONFIRM_EMAIL", "REPORT_LOSS", "ACCOUNT_REQUEST", "OBJECT")),
    ("jobs", "kind", ("INVITE",)),
    ("job_leftovers", "outcome", ("RECENT", "SET_UP", "ON_ITS_WAY", "ENDED")),
)
"""Codes that columns take besides those so far. Going back leaves them wide: rows stay."""


_COLUMNS = {
    "affiliations": {
        "contractor_id": (BigId, None, "contractors"),
        "stopped_at": (UtcDateTime(), "stopped by the company's 管理者; resumable", None),
        "stop_reason": (sa.Text(), None, None),
        "last_signed_in_at": (UtcDateTime(), "when the person last came in for this company", None),
    },
    "attachments": {
        "account_request_id": (BigId, None, "account_requests"),
        "import_id": (BigId, None, "imports"),
    },
    "audit_events": {"mandate_id": (BigId, "the mandate acted under (利用規約 2.3.2)", "mandates")},
    "outbox": {"account_request_id": (BigId, None, "account_requests")},
    "mandates": {
        "proposed_side": (sa.String(16), "who started it; OFFICE: the member on paper", None),
        "proposed_at": (UtcDateTime(), None, None),
        "received_on": (sa.Date(), "when the member's paper reached the office", None),
        "declined_at": (UtcDateTime(), "declined or withdrawn", None),
        "closed_side": (sa.String(16), "who ended, declined or withdrew it", None),
        "close_reason": (sa.Text(), None, None),
        "end_clause": (sa.Text(), "clause by which the office ended it", None),
    },
    "sessions": {
        "mandate_id": (BigId, "the mandate acted under (利用規約 2.3)", "mandates"),
        "view_reason": (
            sa.Text(),
            "why a member of the staff looks at the pages of this member; reads only",
            None,
        ),
    },
    "users": {
        "pending_email": (
            sa.Text(),
            "the address that a change waits to be confirmed at; mail still goes to `email`",
            None,
        ),
    },
}
"""Columns added, none of them required: table → name → type, comment, table referred to."""
_SIDES = "('MEMBER', 'CONTRACTOR', 'OFFICE', 'PERIOD')"
_CHECKS = {
    "mandates": {
        "proposed_side": f"proposed_side IN {_SIDES}",
        "closed_side": f"closed_side IN {_SIDES}",
        "declined": "declined_at IS NULL OR state = 'DECLINED'",
        "paper": "received_on IS NULL OR proposed_side = 'OFFICE'",
        "closed": "closed_side IS NULL OR state IN ('ENDED', 'DECLINED')",
        "close_reason_length": "length(close_reason) <= 500",
    },
    "affiliations": {
        "one_company": "(member_id IS NULL) <> (contractor_id IS NULL)",
        "role_of_company": "(role = 'CONTRACTOR') = (contractor_id IS NOT NULL)",
        "stopped": "(stopped_at IS NULL) = (stop_reason IS NULL)",
        "stop_reason_length": "length(stop_reason) <= 500",
    },
    "sessions": {
        "member_of_mandate": "mandate_id IS NULL OR member_id IS NOT NULL",
        "viewed_member": "view_reason IS NULL OR (member_id IS NOT NULL AND mandate_id IS NULL)",
        "view_reason_length": "length(view_reason) <= 500",
    },
    "users": {"pending_email_length": "length(pending_email) <= 254"},
}
_LAST = {
    "affiliations": "ended_at DATETIME",
    "attachments": "change_request_id INTEGER",
    "audit_events": "detail_hash TEXT NOT NULL",
    "outbox": "change_request_id INTEGER",
    "mandates": "version INTEGER NOT NULL",
    "sessions": "agent TEXT NOT NULL",
    "users": "version INTEGER NOT NULL",
}
"""The last column of each table as SQLite keeps its definition: what is added stands after it."""
_ONE_CASE = "(application_id IS NULL) <> (change_request_id IS NULL)"
_ONE_CASE_OF_FOUR = (
    "CASE WHEN application_id IS NULL THEN 0 ELSE 1 END + CASE WHEN change_request_id IS NULL THEN 0 ELSE 1 END"
    " + CASE WHEN account_request_id IS NULL THEN 0 ELSE 1 END + CASE WHEN import_id IS NULL THEN 0 ELSE 1 END = 1"
)
_MEMBER_REQUIRED = ("member_id INTEGER NOT NULL", "member_id INTEGER")


def _edit(table):
    """The piece of the definition that SQLite keeps of `table`, before and after its columns and checks are added."""
    kinds = {"BIGINT": "INTEGER"}
    lines = [f"{name} {kinds.get(str(kind), str(kind))}" for name, (kind, _comment, _target) in _COLUMNS[table].items()]
    lines += [f"CONSTRAINT ck_{table}_{name} CHECK ({check})" for name, check in _CHECKS.get(table, {}).items()]
    lines += [
        f"CONSTRAINT fk_{table}_{name} FOREIGN KEY({name}) REFERENCES {target} (id) ON DELETE RESTRICT"
        for name, (_kind, _comment, target) in _COLUMNS[table].items()
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


def _add_columns(sqlite):
    for table, columns in _COLUMNS.items():
        if sqlite:
            edits = [_edit(table)]
            edits += [(_ONE_CASE, _ONE_CASE_OF_FOUR)] if table == "attachments" else []
            edits += [_MEMBER_REQUIRED] if table == "affiliations" else []
            rebuild(op.get_bind(), table, edits)
            continue
        for name, (kind, comment, target) in columns.items():
            op.add_column(table, sa.Column(name, kind, nullable=True, comment=comment))
            if target:
                op.create_foreign_key(op.f(f"fk_{table}_{name}"), table, target, [name], ["id"], ondelete="RESTRICT")
        if table == "attachments":
            op.drop_constraint(op.f("ck_attachments_one_case"), table, type_="check")
            op.create_check_constraint(op.f("ck_attachments_one_case"), table, _ONE_CASE_OF_FOUR)
        if table == "affiliations":
            op.alter_column(table, "member_id", nullable=True)
        for name, check in _CHECKS.get(table, {}).items():
            op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, check)
    for table, name in _indexes():
        op.create_index(op.f(f"ix_{table}_{name}"), table, [name])
    op.create_index(
        "uq_affiliations_contractor",
        "affiliations",
        ["user_id", "contractor_id"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
        sqlite_where=sa.text("ended_at IS NULL"),
    )


_ONE_MANDATE = {
    "uq_mandates_proposed": (["member_id", "contractor_id"], "state = 'PROPOSED'"),
    "uq_mandates_active": (["contractor_id", "member_id"], "state = 'ACTIVE'"),
}
_NEW_FILES = "account_request_id IS NOT NULL OR import_id IS NOT NULL"


def _remove_columns(sqlite):
    bind = op.get_bind()
    for statement in (
        f"DELETE FROM attachment_chunks WHERE attachment_id IN (SELECT id FROM attachments WHERE {_NEW_FILES})",  # noqa: S608 - fixed
        f"DELETE FROM attachments WHERE {_NEW_FILES}",  # noqa: S608 - fixed
        "DELETE FROM affiliations WHERE contractor_id IS NOT NULL",
        "DELETE FROM links WHERE purpose IN ('CONFIRM_EMAIL', 'REPORT_LOSS', 'ACCOUNT_REQUEST', 'OBJECT')",
    ):
        bind.execute(sa.text(statement))
    op.drop_index("uq_affiliations_contractor", table_name="affiliations")
    for name in _ONE_MANDATE:
        op.drop_index(name, table_name="mandates")
    for table, name in _indexes():
        op.drop_index(op.f(f"ix_{table}_{name}"), table_name=table)
    for table, columns in _COLUMNS.items():
        if sqlite:
            edits = [tuple(reversed(_edit(table)))]
            edits += [(_ONE_CASE_OF_FOUR, _ONE_CASE)] if table == "attachments" else []
            edits += [tuple(reversed(_MEMBER_REQUIRED))] if table == "affiliations" else []
            rebuild(bind, table, edits, drop=columns)
            continue
        for name in _CHECKS.get(table, {}):
            op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
        if table == "affiliations":
            op.alter_column(table, "member_id", nullable=False)
        if table == "attachments":
            op.drop_constraint(op.f("ck_attachments_one_case"), table, type_="check")
            op.create_check_constraint(op.f("ck_attachments_one_case"), table, _ONE_CASE)
        for name, (_kind, _comment, target) in columns.items():
            if target:
                op.drop_constraint(op.f(f"fk_{table}_{name}"), table, type_="foreignkey")
            op.drop_column(table, name)


def upgrade():
    sqlite = op.get_bind().dialect.name == "sqlite"
    drop_triggers(op.get_bind())
    for table, column, codes in _CODES:
        take_codes(op.get_bind(), table, column, codes)
    op.create_table(
        "signing_keys",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("kid", SortText, nullable=False, comment="name of the key in a signature (RFC 7517)"),
        sa.Column("public_key", sa.Text(), nullable=False, comment="32 bytes, base64url"),
        sa.Column("private_key_enc", sa.Text(), nullable=False, comment="encrypted with DATA_KEY"),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("retired_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("length(kid) <= 40", name=op.f("ck_signing_keys_kid_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signing_keys")),
        sa.UniqueConstraint("kid", name=op.f("uq_signing_keys_kid")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "imports",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("name", sa.Text(), nullable=False, comment="the file's name, for people only"),
        sa.Column(
            "state",
            sa.Enum(
                "UPLOADED",
                "READ",
                "CHECKED",
                "RELEASED",
                "DONE",
                "DROPPED",
                "FAILED",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("note", sa.Text(), nullable=True, comment="where the data comes from, as the uploader says"),
        sa.Column("valid_only", sa.Boolean(), nullable=False, comment="release what is right and leave the rest"),
        sa.Column("total", BigId, nullable=False, comment="rows to deal with in the present step"),
        sa.Column("progress", BigId, nullable=False),
        sa.Column(
            "base_change_id",
            BigId,
            nullable=False,
            comment="the newest register change when it was checked: rows touched since are checked anew",
        ),
        sa.Column("uploaded_by_id", BigId, nullable=False),
        sa.Column("uploaded_at", UtcDateTime(), nullable=False),
        sa.Column("released_by_id", BigId, nullable=True),
        sa.Column("released_at", UtcDateTime(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("lease_until", UtcDateTime(), nullable=True, comment="until when one worker holds it"),
        sa.Column(
            "attempts", sa.Integer(), nullable=False, comment="times in a row that a round failed by a fault of ours"
        ),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="raised by every decision or edit; forms send it back as seen_version",
        ),
        sa.CheckConstraint(
            "(state IN ('DONE', 'DROPPED', 'FAILED')) = (finished_at IS NOT NULL)", name=op.f("ck_imports_finished")
        ),
        sa.CheckConstraint(
            "state NOT IN ('RELEASED', 'DONE') OR released_by_id IS NOT NULL", name=op.f("ck_imports_released")
        ),
        sa.CheckConstraint("length(last_error) <= 500", name=op.f("ck_imports_last_error_length")),
        sa.CheckConstraint("length(name) <= 120", name=op.f("ck_imports_name_length")),
        sa.CheckConstraint("length(note) <= 2000", name=op.f("ck_imports_note_length")),
        sa.CheckConstraint("progress >= 0 AND progress <= total", name=op.f("ck_imports_progress")),
        sa.CheckConstraint(
            "released_by_id IS NULL OR released_by_id <> uploaded_by_id", name=op.f("ck_imports_two_persons")
        ),
        sa.ForeignKeyConstraint(
            ["released_by_id"], ["users.id"], name=op.f("fk_imports_released_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["uploaded_by_id"], ["users.id"], name=op.f("fk_imports_uploaded_by_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("imports", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_imports_released_by_id"), ["released_by_id"], unique=False)
        batch_op.create_index("ix_imports_state", ["state", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_imports_uploaded_by_id"), ["uploaded_by_id"], unique=False)

    op.create_table(
        "account_requests",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("number", SortText, nullable=False, comment="A-2026-00042"),
        sa.Column(
            "kind",
            sa.Enum(
                "ADMINISTRATOR",
                "CHANGE",
                "SECOND_FACTOR",
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
                "SUBMITTED",
                "MATCHED",
                "CONFIRMED",
                "APPROVED",
                "DECLINED",
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
        sa.Column(
            "member_id", BigId, nullable=True, comment="none: what was typed on the public page named no member yet"
        ),
        sa.Column("typed_code", sa.Text(), nullable=True, comment="事業者コード as typed on the public page"),
        sa.Column("typed_company", sa.Text(), nullable=True, comment="商号 as typed on the public page"),
        sa.Column(
            "typed_old_name", sa.Text(), nullable=True, comment="前の管理者 as typed on the public page or on paper"
        ),
        sa.Column("user_id", BigId, nullable=True, comment="whose second factor is lost, or who became 管理者"),
        sa.Column("replaces_user_id", BigId, nullable=True, comment="the 管理者 who gives the role up"),
        sa.Column(
            "replaced_role",
            sa.Enum(
                "APPLICANT",
                "ADMINISTRATOR",
                "APPLICATIONS",
                "ASSEMBLY",
                "VIEWER",
                "CONTRACTOR",
                "GUEST",
                "OPERATOR",
                "APPROVER",
                "SYSTEM",
                "RECEPTION",
                name="replaced_role",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=True,
            comment="what that 管理者 is afterwards; none: no role at all",
        ),
        sa.Column("person_name", sa.Text(), nullable=False),
        sa.Column("person_kana", sa.Text(), nullable=True),
        sa.Column("person_title", sa.Text(), nullable=True),
        sa.Column("person_email", sa.Text(), nullable=False),
        sa.Column("person_phone", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("submitted_at", UtcDateTime(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=True, comment="when the paper reached the office"),
        sa.Column(
            "started_by_id", BigId, nullable=True, comment="the member's user; none: from the public page or on paper"
        ),
        sa.Column("entered_by_id", BigId, nullable=True),
        sa.Column("called_by_id", BigId, nullable=True, comment="who confirmed by call-back: first person"),
        sa.Column("called_at", UtcDateTime(), nullable=True),
        sa.Column("called_number", sa.Text(), nullable=True, comment="the number on record that was called"),
        sa.Column("called_words", sa.Text(), nullable=True, comment="whom the call reached and what was said"),
        sa.Column(
            "objected_at",
            UtcDateTime(),
            nullable=True,
            comment="somebody on record says that the request is not the company's",
        ),
        sa.Column("objected_by", sa.Text(), nullable=True, comment="the address on record that objected"),
        sa.Column("objection", sa.Text(), nullable=True),
        sa.Column("settled_by_id", BigId, nullable=True, comment="who found out that the objection does not stand"),
        sa.Column("settled_at", UtcDateTime(), nullable=True),
        sa.Column("settled_words", sa.Text(), nullable=True),
        sa.Column("decided_by_id", BigId, nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("decision_reason", sa.Text(), nullable=True),
        sa.Column(
            "version",
            sa.Integer(),
            nullable=False,
            comment="raised by every decision or edit; forms send it back as seen_version",
        ),
        sa.CheckConstraint(
            "(channel = 'PAPER') = (entered_by_id IS NOT NULL)", name=op.f("ck_account_requests_entered_by")
        ),
        sa.CheckConstraint(
            "(state IN ('APPROVED', 'WITHDRAWN', 'DECLINED')) = (decided_at IS NOT NULL)",
            name=op.f("ck_account_requests_decided_at"),
        ),
        sa.CheckConstraint(
            "state <> 'APPROVED' OR entered_by_id IS NULL OR decided_by_id <> entered_by_id",
            name=op.f("ck_account_requests_not_the_enterer"),
        ),
        sa.CheckConstraint(
            "state <> 'CONFIRMED' OR called_by_id IS NOT NULL", name=op.f("ck_account_requests_confirmed_by")
        ),
        sa.CheckConstraint(
            "kind <> 'SECOND_FACTOR' OR user_id IS NOT NULL OR state NOT IN ('MATCHED', 'CONFIRMED', 'APPROVED')",
            name=op.f("ck_account_requests_whose_factor"),
        ),
        sa.CheckConstraint(
            "kind = 'SECOND_FACTOR' OR member_id IS NOT NULL OR state NOT IN ('MATCHED', 'CONFIRMED', 'APPROVED')",
            name=op.f("ck_account_requests_which_member"),
        ),
        sa.CheckConstraint(
            "replaced_role IS NULL OR (kind = 'CHANGE' AND replaced_role <> 'ADMINISTRATOR')",
            name=op.f("ck_account_requests_kept_role"),
        ),
        sa.CheckConstraint("(objected_at IS NULL) = (objected_by IS NULL)", name=op.f("ck_account_requests_objected")),
        sa.CheckConstraint(
            "(settled_at IS NULL) = (settled_by_id IS NULL) AND (settled_at IS NULL OR objected_at IS NOT NULL)",
            name=op.f("ck_account_requests_settled"),
        ),
        sa.CheckConstraint("length(typed_code) <= 20", name=op.f("ck_account_requests_typed_code_length")),
        sa.CheckConstraint("length(typed_company) <= 200", name=op.f("ck_account_requests_typed_company_length")),
        sa.CheckConstraint("length(typed_old_name) <= 80", name=op.f("ck_account_requests_typed_old_name_length")),
        sa.CheckConstraint("length(objected_by) <= 254", name=op.f("ck_account_requests_objected_by_length")),
        sa.CheckConstraint("length(objection) <= 2000", name=op.f("ck_account_requests_objection_length")),
        sa.CheckConstraint("length(settled_words) <= 2000", name=op.f("ck_account_requests_settled_words_length")),
        sa.CheckConstraint(
            "state <> 'APPROVED' OR (called_by_id IS NOT NULL AND decided_by_id IS NOT NULL AND called_by_id <> decided_by_id)",
            name=op.f("ck_account_requests_two_persons"),
        ),
        sa.CheckConstraint("(called_by_id IS NULL) = (called_at IS NULL)", name=op.f("ck_account_requests_called")),
        sa.CheckConstraint("length(called_number) <= 20", name=op.f("ck_account_requests_called_number_length")),
        sa.CheckConstraint("length(called_words) <= 2000", name=op.f("ck_account_requests_called_words_length")),
        sa.CheckConstraint("length(decision_reason) <= 2000", name=op.f("ck_account_requests_decision_reason_length")),
        sa.CheckConstraint("length(person_email) <= 254", name=op.f("ck_account_requests_person_email_length")),
        sa.CheckConstraint("length(person_kana) <= 120", name=op.f("ck_account_requests_person_kana_length")),
        sa.CheckConstraint("length(person_name) <= 80", name=op.f("ck_account_requests_person_name_length")),
        sa.CheckConstraint("length(person_phone) <= 20", name=op.f("ck_account_requests_person_phone_length")),
        sa.CheckConstraint("length(person_title) <= 120", name=op.f("ck_account_requests_person_title_length")),
        sa.CheckConstraint("length(reason) <= 2000", name=op.f("ck_account_requests_reason_length")),
        sa.ForeignKeyConstraint(
            ["called_by_id"], ["users.id"], name=op.f("fk_account_requests_called_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["users.id"], name=op.f("fk_account_requests_decided_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["entered_by_id"], ["users.id"], name=op.f("fk_account_requests_entered_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_account_requests_member_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["replaces_user_id"], ["users.id"], name=op.f("fk_account_requests_replaces_user_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["settled_by_id"], ["users.id"], name=op.f("fk_account_requests_settled_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["started_by_id"], ["users.id"], name=op.f("fk_account_requests_started_by_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_account_requests_user_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account_requests")),
        sa.UniqueConstraint("number", name=op.f("uq_account_requests_number")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("account_requests", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_account_requests_called_by_id"), ["called_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_account_requests_decided_by_id"), ["decided_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_account_requests_entered_by_id"), ["entered_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_account_requests_member_id"), ["member_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_account_requests_replaces_user_id"), ["replaces_user_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_account_requests_settled_by_id"), ["settled_by_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_account_requests_started_by_id"), ["started_by_id"], unique=False)
        batch_op.create_index("ix_account_requests_state", ["state", "submitted_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_account_requests_user_id"), ["user_id"], unique=False)

    op.create_table(
        "certificates",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("member_id", BigId, nullable=False),
        sa.Column("code", SortText, nullable=False, comment="12 characters of Crockford's base 32, the last a check"),
        sa.Column("issued_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("length(code) = 12", name=op.f("ck_certificates_code")),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_certificates_member_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificates")),
        sa.UniqueConstraint("code", name=op.f("uq_certificates_code")),
        sa.UniqueConstraint("member_id", name=op.f("uq_certificates_member_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "import_rows",
        sa.Column("import_id", BigId, nullable=False),
        sa.Column(
            "sheet",
            sa.Enum(
                "MEMBERS",
                "LICENCES",
                "RELATIONS",
                "USERS",
                "ROSTER",
                "PAST",
                name="sheet",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column(
            "row_no", sa.Integer(), autoincrement=False, nullable=False, comment="as in the workbook, heading = 1"
        ),
        sa.Column(
            "key", SortText, nullable=False, comment="operator code or corporate number that the row is matched by"
        ),
        sa.Column("typed", Document, nullable=False, comment="the cells as they stand"),
        sa.Column("answers", Document, nullable=True, comment="clean values; none where a cell could not be read"),
        sa.Column("faults", Document, nullable=False, comment="[column, sentence] of each fault"),
        sa.Column("diffs", Document, nullable=False, comment="[title, old, new] of each value that would change"),
        sa.Column(
            "outcome",
            sa.Enum(
                "READ",
                "NEW",
                "CHANGED",
                "SAME",
                "FAULTY",
                "DONE",
                "SKIPPED",
                name="outcome",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("member_id", BigId, nullable=True),
        sa.Column("change_id", BigId, nullable=True),
        sa.CheckConstraint("length(key) <= 200", name=op.f("ck_import_rows_key_length")),
        sa.ForeignKeyConstraint(
            ["change_id"], ["register_changes.id"], name=op.f("fk_import_rows_change_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["import_id"], ["imports.id"], name=op.f("fk_import_rows_import_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["members.id"], name=op.f("fk_import_rows_member_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("import_id", "sheet", "row_no", name=op.f("pk_import_rows")),
    )
    with op.batch_alter_table("import_rows", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_import_rows_change_id"), ["change_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_import_rows_member_id"), ["member_id"], unique=False)
        batch_op.create_index("ix_import_rows_outcome", ["import_id", "outcome", "key"], unique=False)
        batch_op.create_index("ix_import_rows_key", ["import_id", "key"], unique=False)

    _add_columns(sqlite)
    for name, (columns, state) in _ONE_MANDATE.items():
        where = sa.text(state)
        op.create_index(name, "mandates", columns, unique=True, postgresql_where=where, sqlite_where=where)
    op.create_table(
        "mandate_nominees",
        sa.Column("id", BigId, nullable=False, comment="row number"),
        sa.Column("mandate_id", BigId, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_key", SortText, nullable=False, comment="lower case"),
        sa.CheckConstraint("length(name) <= 80", name=op.f("ck_mandate_nominees_name_length")),
        sa.CheckConstraint("length(email) <= 254", name=op.f("ck_mandate_nominees_email_length")),
        sa.CheckConstraint("length(email_key) <= 254", name=op.f("ck_mandate_nominees_email_key_length")),
        sa.ForeignKeyConstraint(
            ["mandate_id"], ["mandates.id"], name=op.f("fk_mandate_nominees_mandate_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mandate_nominees")),
        sqlite_autoincrement=True,
    )
    op.create_index("uq_mandate_nominees_person", "mandate_nominees", ["mandate_id", "email_key"], unique=True)
    create_triggers(op.get_bind())


def downgrade():
    sqlite = op.get_bind().dialect.name == "sqlite"
    drop_triggers(op.get_bind())
    op.drop_table("mandate_nominees")
    _remove_columns(sqlite)
    with op.batch_alter_table("import_rows", schema=None) as batch_op:
        batch_op.drop_index("ix_import_rows_outcome")
        batch_op.drop_index("ix_import_rows_key")
        batch_op.drop_index(batch_op.f("ix_import_rows_member_id"))
        batch_op.drop_index(batch_op.f("ix_import_rows_change_id"))

    op.drop_table("import_rows")
    op.drop_table("certificates")
    with op.batch_alter_table("account_requests", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_account_requests_user_id"))
        batch_op.drop_index("ix_account_requests_state")
        batch_op.drop_index(batch_op.f("ix_account_requests_started_by_id"))
        batch_op.drop_index(batch_op.f("ix_account_requests_settled_by_id"))
        batch_op.drop_index(batch_op.f("ix_account_requests_replaces_user_id"))
        batch_op.drop_index(batch_op.f("ix_account_requests_member_id"))
        batch_op.drop_index(batch_op.f("ix_account_requests_entered_by_id"))
        batch_op.drop_index(batch_op.f("ix_account_requests_decided_by_id"))
        batch_op.drop_index(batch_op.f("ix_account_requests_called_by_id"))

    op.drop_table("account_requests")
    with op.batch_alter_table("imports", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_imports_uploaded_by_id"))
        batch_op.drop_index("ix_imports_state")
        batch_op.drop_index(batch_op.f("ix_imports_released_by_id"))

    op.drop_table("imports")
    op.drop_table("signing_keys")
    create_triggers(op.get_bind())
