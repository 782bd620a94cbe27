"""Every constraint of the schema is broken once: the unbroken row is taken, the broken one refused, on both databases."""

from datetime import timedelta
from secrets import token_hex
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import CheckConstraint, Enum, ForeignKeyConstraint, Table, UniqueConstraint, inspect, literal_column
from sqlalchemy.exc import IntegrityError

from occto.extensions import Base, db
from tests.factories import NOW
from tests.models.cases import CASES, applied, approved, submitted
from tests.models.cases_assembly import BY_PERSON, DRAFT, answered, by_member, sent, settled
from tests.models.cases_hall import admitted, attendee, ended
from tests.models.rows import DAY, ROWS, Values, add, insert, row

TABLES = sorted(Base.metadata.tables)
ABSENT = 10**9


def _try(table: str, values: Values) -> None:
    """Insert the row in a savepoint of its own; IntegrityError where the database refuses it."""
    with db.session.begin_nested():
        insert(table, values)


def _refused(table: str, values: Values, *words: str) -> None:
    with pytest.raises(IntegrityError) as caught:
        _try(table, values)
    said = str(caught.value.orig)
    assert any(word in said for word in words), said


@pytest.fixture(autouse=True)
def _free_head(app: Flask) -> None:
    """The one row of register_head goes, so that a test can bring its own."""
    db.session.execute(Base.metadata.tables["register_head"].delete())


def _checks(table: Table) -> set[str]:
    """The named CHECKs of a table that are neither a bound of text nor a list of codes."""
    codes = {f"ck_{table.name}_{column.type.name}" for column in table.columns if isinstance(column.type, Enum)}
    named = {str(check.name) for check in table.constraints if isinstance(check, CheckConstraint)}
    full = {name if name.startswith("ck_") else f"ck_{table.name}_{name}" for name in named}
    return {name for name in full if not name.endswith("_length")} - codes


def test_every_check_has_a_case() -> None:
    checks = set().union(*(_checks(table) for table in Base.metadata.tables.values()))
    assert checks == set(CASES)
    assert set(ROWS) == set(TABLES)


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_check_refuses_what_it_names(app: Flask, name: str) -> None:
    for table, good, broken in CASES[name]:
        _try(table, row(table) | good())
        _refused(table, row(table) | broken(), name)


@pytest.mark.parametrize("table", TABLES)
def test_text_is_bounded_and_codes_are_known(app: Flask, table: str) -> None:
    sorts = Base.metadata.tables[table]
    bounds = {
        str(check.name): str(check.sqltext)
        for check in sorts.constraints
        if isinstance(check, CheckConstraint) and str(check.name).endswith("_length")
    }
    for name, sql in bounds.items():
        column, limit = sql.removeprefix("length(").split(") <= ")
        extra: Values = BESIDE_TEXT.get((table, column), dict)()
        _try(table, row(table) | extra | {column: "𠮷" * int(limit)})
        _refused(table, row(table) | extra | {column: "𠮷" * (int(limit) + 1)}, name)
    for held in sorts.columns:
        if isinstance(held.type, Enum):
            for wrong in ("NOPE", "gen", ""):
                beside = BESIDE_CODES.get((table, held.name), dict)()
                broken = row(table) | beside | {held.name: literal_column(f"'{wrong}'")}
                _refused(table, broken, f"ck_{table}_{held.type.name}", "ck_staff_roles_staff_role")


BESIDE_TEXT: dict[tuple[str, str], Any] = {
    ("applications", "hold_reason"): lambda: {"held_at": NOW},
    ("change_requests", "hold_reason"): lambda: {"held_at": NOW},
    ("sessions", "view_reason"): lambda: {"member_id": add("members")},
    ("account_requests", "objected_by"): lambda: {"objected_at": NOW},
    ("affiliations", "stop_reason"): lambda: {"stopped_at": NOW},
    ("control_facts", "parent_name"): lambda: {"parent_body_id": None},
    ("agenda_items", "withdrawn_reason"): lambda: {"withdrawn_at": NOW},
    ("vote_objections", "answer"): answered,
    ("replies", "proxy_name"): lambda: BY_PERSON,
}
"""What has to stand beside a text for its row to be valid otherwise."""
BESIDE_CODES: dict[tuple[str, str], Any] = {
    ("applications", "state"): submitted,
    ("late_facts", "outcome"): settled,
    ("change_requests", "channel"): lambda: {"entered_by_id": add("users")},
    ("roster_proposals", "state"): lambda: {"decided_at": NOW},
    ("affiliations", "role"): lambda: {"member_id": None, "contractor_id": add("contractors")},
    ("account_requests", "replaced_role"): lambda: {"kind": "CHANGE"},
    ("mandates", "closed_side"): lambda: {"state": "ENDED", "ended_at": NOW},
    ("licence_facts", "end_reason"): lambda: {"ended_on": DAY + timedelta(days=1)},
    ("proposals", "state"): lambda: {"decided_at": NOW},
    ("replies", "channel"): lambda: {"entered_by_id": add("users")},
    ("replies", "proxy_kind"): lambda: {"attendance": "PROXY"},
    ("sendings", "channel"): lambda: {"outbox_id": None},
    ("admission_tickets", "revoked_for"): lambda: {"revoked_at": NOW},
    ("check_ins", "ending"): ended,
}
"""What has to stand beside a code for it to be the only thing wrong."""
WITH: dict[tuple[str, str], Any] = {
    ("sessions", "application_id"): lambda: {"user_id": None},
    ("consents", "user_id"): lambda: {"application_id": None},
    ("applications", "entered_by_id"): lambda: {"channel": "PAPER"},
    ("applications", "checked_by_id"): lambda: {"checked_at": NOW},
    ("attachments", "change_request_id"): lambda: {"application_id": None},
    ("attachments", "account_request_id"): lambda: {"application_id": None},
    ("attachments", "import_id"): lambda: {"application_id": None},
    ("attachments", "assembly_id"): lambda: {"application_id": None},
    ("attachments", "member_id"): lambda: {"application_id": None},
    ("affiliations", "contractor_id"): lambda: {"member_id": None, "role": "CONTRACTOR"},
    ("sessions", "mandate_id"): lambda: {"member_id": add("members")},
    ("account_requests", "called_by_id"): lambda: {"called_at": NOW},
    ("account_requests", "entered_by_id"): lambda: {"channel": "PAPER"},
    ("account_requests", "settled_by_id"): lambda: {
        "objected_at": NOW,
        "objected_by": "a@x.example.jp",
        "settled_at": NOW,
    },
    ("change_requests", "checked_by_id"): lambda: {"checked_at": NOW},
    ("change_requests", "entered_by_id"): lambda: {"channel": "STAFF"},
    ("roster_proposals", "change_id"): applied,
    ("applications", "member_id"): approved,
    ("notices", "sent_by_id"): sent,
    ("vote_objections", "answered_by_id"): answered,
    ("holder_elections", "countersigned_by_id"): lambda: {"countersigned_at": NOW},
    ("holder_elections", "settled_by_id"): lambda: {"settled_at": NOW},
    ("replies", "proxy_member_id"): by_member,
    ("admission_tickets", "reply_id"): lambda: {"kind": "PROXY"},
    ("admission_tickets", "attendee_id"): attendee,
    ("scans", "check_in_id"): admitted,
}
"""What has to stand beside a foreign key for its row to be valid otherwise."""


@pytest.mark.parametrize("table", TABLES)
def test_a_reference_points_to_something(app: Flask, table: str) -> None:
    for key in Base.metadata.tables[table].constraints:
        if isinstance(key, ForeignKeyConstraint):
            column = key.column_keys[0]
            beside = WITH.get((table, column), dict)()
            _refused(table, row(table) | beside | {column: ABSENT}, str(key.name), "FOREIGN KEY")


@pytest.mark.parametrize("table", TABLES)
def test_what_must_be_there_is_there(app: Flask, table: str) -> None:
    sorts = Base.metadata.tables[table]
    _try(table, row(table) | ({"id": 1} if table == "register_head" else {}))
    for column in sorts.columns:
        numbered = column.primary_key and len(sorts.primary_key.columns) == 1
        if not column.nullable and not numbered:
            _refused(table, row(table) | {column.name: None}, column.name)


def _uniques(table: Table) -> dict[str, tuple[str, ...]]:
    found = {str(index.name): tuple(index.columns.keys()) for index in table.indexes if index.unique}
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            found[str(constraint.name)] = tuple(constraint.columns.keys())
    return found


@pytest.mark.parametrize("table", TABLES)
def test_what_is_once_only_is_once_only(app: Flask, table: str) -> None:
    for columns in _uniques(Base.metadata.tables[table]).values():
        beside: Values = {}
        if columns == ("terms_version_id", "user_id"):
            beside = {"application_id": None, "user_id": add("users")}
        if columns == ("user_id", "contractor_id"):
            beside = {"member_id": None, "contractor_id": add("contractors"), "role": "CONTRACTOR"}
        if columns == ("contractor_id", "member_id"):
            beside = {"state": "ACTIVE", "accepted_at": NOW}
        beside |= UNIQUE_ALONE.get((table, columns), {})
        fresh = FRESH.get((table, columns), dict)
        first = row(table) | beside | fresh()
        _try(table, first)
        other = row(table) | fresh() | (approved() if beside.get("state") == "APPROVED" else {})
        if columns == ("terms_version_id", "user_id"):
            other |= {"application_id": None, "user_id": add("users")}
        if (
            columns in {("user_id", "contractor_id"), ("contractor_id", "member_id")}
            or (table, columns) in UNIQUE_ALONE
        ):
            other |= beside
        _try(table, other)
        again = other | {name: row(table)[name] for name in other if name in _uniquely(table)}
        again |= {name: first[name] for name in columns} | ({"application_id": None} if "user_id" in beside else {})
        again |= {"member_id": None} if columns == ("user_id", "contractor_id") else {}
        _refused(table, again, "UNIQUE", "unique")


UNIQUE_ALONE: dict[tuple[str, tuple[str, ...]], Values] = {
    ("attendees", ("reply_id", "no")): {"voting": False},
    ("snapshots", ("assembly_id", "no")): DRAFT,
}
"""What keeps a narrower uniqueness of the same table from refusing the row first."""
FRESH: dict[tuple[str, tuple[str, ...]], Any] = {
    ("admission_tickets", ("attendee_id",)): attendee,
    ("admission_tickets", ("replaces_id",)): lambda: {"replaces_id": add("admission_tickets")},
    ("check_ins", ("assembly_id", "member_id")): lambda: {"voting": True, "member_id": add("members")},
    ("desks", ("code_hash",)): lambda: {"code_hash": token_hex(32), "code_until": NOW},
    ("desks", ("key_hash",)): lambda: {"key_hash": token_hex(32), "paired_at": NOW},
    ("standing_replies", ("set_aside_by_check_in_id",)): lambda: {"set_aside_by_check_in_id": add("check_ins")},
}
"""What a row has to hold beside its usual values for the columns to be there at all, anew for each row."""


def _uniquely(table: str) -> set[str]:
    """Columns that are unique by themselves: a third row needs fresh values there."""
    names = {name for columns in _uniques(Base.metadata.tables[table]).values() for name in columns}
    names |= {column.name for column in Base.metadata.tables[table].primary_key.columns}
    return names & set(row(table)) if table != "register_head" else set()


ENDED: dict[str, tuple[str, Any]] = {
    "applications": ("operator_code", approved),
    "affiliations": ("user_id", lambda: {"ended_at": NOW}),
    "profile_facts": ("member_id", lambda: {"voided_id": add("register_changes")}),
    "licence_facts": ("licence_id", lambda: {"voided_id": add("register_changes")}),
    "control_facts": ("relation_no", lambda: {"voided_id": add("register_changes")}),
    "roster_facts": ("roster_no", lambda: {"ended_on": DAY + timedelta(days=1)}),
    "contracts_of_use": ("member_id", lambda: {"ended_at": NOW, "end_clause": "2.7.1"}),
    "decisions": ("subject_id", lambda: {"step": "hold"}),
    "assemblies": ("no", lambda: {"state": "CANCELLED"}),
    "proposals": ("subject_key", lambda: {"state": "DROPPED", "decided_at": NOW}),
    "snapshots": ("assembly_id", lambda: {"state": "SUPERSEDED", "superseded_at": NOW}),
    "attendees": ("reply_id", lambda: {"voting": False}),
    "check_ins": ("ticket_id", ended),
    "desks": ("name", lambda: {"ended_at": NOW}),
}


@pytest.mark.parametrize("table", sorted(ENDED))
def test_what_has_ended_makes_room(app: Flask, table: str) -> None:
    column, ended = ENDED[table]
    past = row(table) | ended()
    _try(table, past)
    _try(table, row(table) | ended() | {column: past[column]})
    _try(table, row(table) | {column: past[column]})


def test_the_database_has_the_constraints_of_the_models(app: Flask) -> None:
    """Migrations, not create_all, made the tables."""
    found = inspect(db.session.connection())
    for table in Base.metadata.tables.values():
        in_database = {str(check["name"]) for check in found.get_check_constraints(table.name)}
        assert in_database >= _checks(table), table.name
