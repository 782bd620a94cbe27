"""Every constraint of the schema is broken once: the unbroken row is taken, the broken one refused, on both databases."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import CheckConstraint, Enum, ForeignKeyConstraint, Table, UniqueConstraint, inspect, literal_column
from sqlalchemy.exc import IntegrityError

from occto.extensions import Base, db
from tests.factories import NOW
from tests.models.rows import DAY, HASH, HOUR, ROWS, Values, add, insert, row

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


def _people() -> tuple[int, int]:
    return add("users"), add("users")


def _decided(state: str) -> Values:
    return {"state": state, "decided_at": NOW}


def _submitted(state: str = "SUBMITTED") -> Values:
    return {"state": state, "submitted_at": NOW, "lapse_on": DAY}


def _approved() -> Values:
    first, second = _people()
    people = {"checked_by_id": first, "checked_at": NOW, "decided_by_id": second}
    return _submitted("APPROVED") | people | {"decided_at": NOW, "accepted_at": NOW, "member_id": add("members")}


def _approved_by_one() -> Values:
    values = _approved()
    return values | {"decided_by_id": values["checked_by_id"]}


def _settled() -> Values:
    first, second = _people()
    people = {"decided_by_id": first, "second_by_id": second}
    return people | {"outcome": "KEEP", "reason": "影響がないため", "decided_at": NOW}


def _applied() -> Values:
    change, person = add("register_changes"), add("users")
    return {"state": "APPLIED", "decided_at": NOW, "decided_by_id": person, "change_id": change}


def _changed() -> Values:
    return {"state": "APPROVED", "decided_at": NOW, "decided_by_id": add("users")}


def _touching() -> Values:
    return _changed() | {"touches_votes": True, "checked_by_id": add("users"), "checked_at": NOW}


def _unfiled(state: str) -> Values:
    return {"state": state, "number": None, "submitted_at": None}


def _on_paper(state: str) -> Values:
    return {"state": state, "channel": "PAPER", "entered_by_id": add("users")}


Case = tuple[str, Any, Any]


def _fixed(**values: Any) -> Any:
    """These values, however often they are asked for."""
    return lambda: values


def _unaccepted(state: str) -> Case:
    return "applications", lambda: _submitted(state) | {"accepted_at": NOW}, lambda: _submitted(state)


CASES: dict[str, list[Case]] = {
    "ck_applications_approved_member": [
        ("applications", _approved, lambda: _approved() | {"member_id": None}),
        ("applications", dict, lambda: {"member_id": add("members")}),
    ],
    "ck_applications_decided_at": [
        ("applications", lambda: _decided("WITHDRAWN"), lambda: {"state": "WITHDRAWN"}),
        ("applications", dict, lambda: {"decided_at": NOW}),
        ("applications", lambda: _submitted("LAPSED") | {"decided_at": NOW}, lambda: _submitted("LAPSED")),
        (
            "applications",
            lambda: _submitted("NOT_QUALIFIED") | {"decided_at": NOW},
            lambda: _submitted("NOT_QUALIFIED"),
        ),
    ],
    "ck_applications_numbered": [
        ("applications", _submitted, lambda: _submitted() | {"acceptance_number": None}),
        ("applications", _submitted, lambda: _submitted() | {"submitted_at": None}),
        ("applications", _submitted, lambda: _submitted() | {"lapse_on": None}),
    ],
    "ck_applications_accepted_at": [
        _unaccepted(state) for state in ("ACCEPTED", "MAIN_DRAFT", "MAIN_IN_REVIEW", "MAIN_RETURNED", "AWAITING_ACT")
    ],
    "ck_applications_removed_blank": [
        ("applications", lambda: _decided("REMOVED") | {"email": None, "email_key": None}, lambda: _decided("REMOVED")),
        (
            "applications",
            lambda: _decided("REMOVED") | {"email_key": None},
            lambda: _decided("REMOVED") | {"email_key": None, "name": "残った名前"},
        ),
    ],
    "ck_applications_hold": [
        ("applications", lambda: {"held_at": NOW, "hold_reason": "照会"}, lambda: {"held_at": NOW}),
        ("applications", dict, lambda: {"hold_reason": "照会"}),
    ],
    "ck_applications_checked": [
        ("applications", lambda: {"checked_by_id": add("users"), "checked_at": NOW}, lambda: {"checked_at": NOW}),
        ("applications", dict, lambda: {"checked_by_id": add("users")}),
    ],
    "ck_applications_two_persons": [
        ("applications", _approved, _approved_by_one),
        ("applications", _approved, lambda: _approved() | {"checked_by_id": None, "checked_at": None}),
        ("applications", _approved, lambda: _approved() | {"decided_by_id": None}),
    ],
    "ck_applications_entered_by": [
        ("applications", lambda: {"channel": "PAPER", "entered_by_id": add("users")}, lambda: {"channel": "PAPER"}),
        ("applications", dict, lambda: {"entered_by_id": add("users")}),
    ],
    "ck_applications_confirmation": [
        (
            "applications",
            lambda: {"confirmation_digest": HASH, "confirmation_asked_at": NOW},
            lambda: {"confirmation_digest": HASH},
        ),
        ("applications", dict, lambda: {"confirmation_asked_at": NOW}),
    ],
    "ck_application_drafts_errors": [("application_drafts", dict, lambda: {"errors": -1})],
    "ck_users_active_has_password": [
        ("users", lambda: {"state": "ACTIVE", "password_hash": "x"}, lambda: {"state": "ACTIVE"})
    ],
    "ck_affiliations_period": [
        ("affiliations", lambda: {"ended_at": NOW}, lambda: {"ended_at": NOW - timedelta(microseconds=1)})
    ],
    "ck_staff_roles_staff_role": [
        ("staff_roles", lambda: {"role": "APPROVER"}, _fixed(role=role))
        for role in ("APPLICANT", "ADMINISTRATOR", "APPLICATIONS", "ASSEMBLY", "VIEWER", "GUEST")
    ],
    "ck_sessions_one_holder": [
        ("sessions", dict, lambda: {"user_id": None}),
        (
            "sessions",
            lambda: {"user_id": None, "application_id": add("applications")},
            lambda: {"application_id": add("applications")},
        ),
    ],
    "ck_sessions_company_of_user": [
        (
            "sessions",
            lambda: {"member_id": add("members")},
            lambda: {"user_id": None, "application_id": add("applications"), "member_id": add("members")},
        )
    ],
    "ck_sessions_period": [
        ("sessions", lambda: {"ends_at": NOW + timedelta(microseconds=1)}, lambda: {"ends_at": NOW})
    ],
    "ck_links_one_end": [
        ("links", lambda: {"used_at": NOW}, lambda: {"used_at": NOW, "revoked_at": NOW}),
        ("links", lambda: {"revoked_at": NOW}, lambda: {"used_at": NOW + HOUR, "revoked_at": NOW}),
    ],
    "ck_register_head_one_row": [("register_head", lambda: {"id": 1}, lambda: {"id": 2})],
    "ck_register_changes_two_persons": [
        (
            "register_changes",
            lambda: dict(zip(("actor_id", "second_actor_id"), _people(), strict=True)),
            lambda: dict.fromkeys(("actor_id", "second_actor_id"), add("users")),
        )
    ],
    "ck_bodies_corporate_number": [
        ("bodies", lambda: {"corporate_number": None}, _fixed(corporate_number=number))
        for number in ("", "1" * 12, "1" * 14)
    ],
    "ck_members_operator_code": [("members", dict, _fixed(operator_code=code)) for code in ("0000", "000000")],
    "ck_licence_facts_period": [
        (
            "licence_facts",
            lambda: {"ended_on": DAY + timedelta(days=1), "end_reason": "REVOCATION"},
            lambda: {"ended_on": DAY, "end_reason": "REVOCATION"},
        )
    ],
    "ck_licence_facts_ended": [
        ("licence_facts", dict, lambda: {"ended_on": DAY + timedelta(days=1)}),
        ("licence_facts", dict, lambda: {"end_reason": "REVOCATION"}),
    ],
    "ck_control_facts_self_parent": [
        ("control_facts", dict, lambda: dict.fromkeys(("child_body_id", "parent_body_id"), add("bodies")))
    ],
    "ck_control_facts_one_parent": [
        (
            "control_facts",
            lambda: {"parent_body_id": None, "parent_name": "名前だけ"},
            lambda: {"parent_name": "名前と番号"},
        ),
        ("control_facts", dict, lambda: {"parent_body_id": None}),
    ],
    "ck_control_facts_ratio": [
        ("control_facts", lambda: {"ratio_bp": 0}, lambda: {"ratio_bp": -1}),
        ("control_facts", lambda: {"ratio_bp": 10_000}, lambda: {"ratio_bp": 10_001}),
    ],
    "ck_control_facts_period": [
        ("control_facts", lambda: {"ended_on": DAY + timedelta(days=1)}, lambda: {"ended_on": DAY})
    ],
    "ck_roster_facts_roster_no": [
        ("roster_facts", dict, lambda: {"roster_no": 0}),
        ("roster_facts", dict, lambda: {"roster_no": -1}),
    ],
    "ck_roster_facts_period": [
        ("roster_facts", lambda: {"ended_on": DAY + timedelta(days=1)}, lambda: {"ended_on": DAY})
    ],
    "ck_terms_versions_sha256": [("terms_versions", dict, lambda: {"sha256": HASH[1:]})],
    "ck_attachments_sha256": [("attachments", dict, lambda: {"sha256": HASH + "a"})],
    "ck_attachments_size": [("attachments", dict, _fixed(size=size)) for size in (0, -1)],
    "ck_consents_one_giver": [
        ("consents", dict, lambda: {"user_id": add("users")}),
        ("consents", lambda: {"user_id": add("users"), "application_id": None}, lambda: {"application_id": None}),
    ],
    "ck_contracts_of_use_party": [
        ("contracts_of_use", lambda: {"member_id": None}, lambda: {"member_id": None, "application_id": None}),
        ("contracts_of_use", lambda: {"application_id": None}, lambda: {"member_id": None, "application_id": None}),
    ],
    "ck_contracts_of_use_ended": [
        ("contracts_of_use", lambda: {"ended_at": NOW, "end_clause": "2.7.1"}, lambda: {"ended_at": NOW}),
        ("contracts_of_use", dict, lambda: {"end_clause": "2.7.1"}),
    ],
    "ck_declarations_party": [("declarations", dict, lambda: {"application_id": None})],
    "ck_outbox_lease": [
        ("outbox", lambda: {"state": "LEASED", "lease_until": NOW}, lambda: {"state": "LEASED"}),
        ("outbox", dict, lambda: {"lease_until": NOW}),
    ],
    "ck_outbox_sent": [
        ("outbox", lambda: {"state": "SENT", "sent_at": NOW}, lambda: {"state": "SENT"}),
        ("outbox", dict, lambda: {"sent_at": NOW}),
    ],
    "ck_outbox_attempts": [("outbox", dict, lambda: {"attempts": -1})],
    "ck_audit_events_detail_hash": [("audit_events", dict, lambda: {"detail_hash": HASH[1:]})],
    "ck_audit_details_purged": [
        ("audit_details", lambda: {"payload": None, "purged_by_id": add("users")}, lambda: {"payload": None})
    ],
    "ck_audit_links_hash": [("audit_links", dict, lambda: {"hash": ""})],
    "ck_members_succeeded_by": [
        (
            "members",
            lambda: {"id": 800_001, "succeeded_by_id": add("members")},
            lambda: {"id": 800_002, "succeeded_by_id": 800_002},
        )
    ],
    "ck_assemblies_no": [("assemblies", dict, _fixed(no=no)) for no in (0, -1)],
    "ck_late_facts_decided": [
        ("late_facts", _settled, lambda: _settled() | {"decided_at": None}),
        ("late_facts", dict, lambda: {"decided_at": NOW}),
    ],
    "ck_late_facts_two_persons": [
        ("late_facts", _settled, lambda: _settled() | {"reason": None}),
        ("late_facts", _settled, lambda: _settled() | {"decided_by_id": None}),
        ("late_facts", _settled, lambda: _settled() | {"second_by_id": None}),
        ("late_facts", _settled, lambda: _settled() | dict.fromkeys(("decided_by_id", "second_by_id"), add("users"))),
    ],
    "ck_roster_proposals_decided_at": [
        ("roster_proposals", lambda: _decided("DROPPED"), lambda: {"state": "DROPPED"}),
        ("roster_proposals", dict, lambda: {"decided_at": NOW}),
    ],
    "ck_roster_proposals_applied": [
        ("roster_proposals", _applied, lambda: _applied() | {"change_id": None}),
        ("roster_proposals", dict, lambda: {"change_id": add("register_changes")}),
    ],
    "ck_roster_proposals_two_persons": [
        ("roster_proposals", _applied, lambda: _applied() | {"decided_by_id": None}),
        (
            "roster_proposals",
            _applied,
            lambda: _applied() | dict.fromkeys(("proposed_by_id", "decided_by_id"), add("users")),
        ),
    ],
    "ck_contractors_corporate_number": [
        ("contractors", lambda: {"corporate_number": None}, _fixed(corporate_number=number))
        for number in ("", "1" * 12, "1" * 14)
    ],
    "ck_mandates_accepted": [
        ("mandates", lambda: {"state": "ACTIVE", "accepted_at": NOW}, lambda: {"state": "ACTIVE"})
    ],
    "ck_mandates_ended": [
        ("mandates", lambda: {"state": "ENDED", "ended_at": NOW}, lambda: {"state": "ENDED"}),
        ("mandates", dict, lambda: {"ended_at": NOW}),
    ],
    "ck_mandates_period": [("mandates", lambda: {"ends_on": DAY + timedelta(days=1)}, lambda: {"ends_on": DAY})],
    "ck_change_requests_decided_at": [
        ("change_requests", lambda: _decided("WITHDRAWN"), lambda: {"state": "WITHDRAWN"}),
        ("change_requests", dict, lambda: {"decided_at": NOW}),
        ("change_requests", _changed, lambda: _changed() | {"decided_at": None}),
    ],
    "ck_change_requests_numbered": [
        (
            "change_requests",
            lambda: _unfiled("DRAFT") | {"occurred_on": None},
            lambda state=state: _unfiled(state),
        )
        for state in ("SUBMITTED", "IN_REVIEW", "RETURNED")
    ]
    + [
        ("change_requests", dict, lambda: {"occurred_on": None}),
        ("change_requests", _changed, lambda: _changed() | {"number": None, "submitted_at": None}),
    ],
    "ck_change_requests_submitted": [
        ("change_requests", lambda: _unfiled("DRAFT"), lambda: {"state": "DRAFT", "submitted_at": None}),
        ("change_requests", lambda: {"state": "DRAFT"}, lambda: {"state": "DRAFT", "number": None}),
    ],
    "ck_change_requests_hold": [
        ("change_requests", lambda: {"held_at": NOW, "hold_reason": "照会"}, lambda: {"held_at": NOW}),
        ("change_requests", dict, lambda: {"hold_reason": "照会"}),
    ],
    "ck_change_requests_checked": [
        ("change_requests", lambda: {"checked_by_id": add("users"), "checked_at": NOW}, lambda: {"checked_at": NOW}),
        ("change_requests", dict, lambda: {"checked_by_id": add("users")}),
    ],
    "ck_change_requests_two_persons": [
        ("change_requests", _changed, lambda: _changed() | {"decided_by_id": None}),
        ("change_requests", _touching, lambda: _touching() | {"checked_by_id": None, "checked_at": None}),
        (
            "change_requests",
            _touching,
            lambda: _touching() | dict.fromkeys(("checked_by_id", "decided_by_id"), add("users")),
        ),
    ],
    "ck_change_requests_entered_by": [
        ("change_requests", lambda: {"channel": "STAFF", "entered_by_id": add("users")}, lambda: {"channel": "STAFF"}),
        ("change_requests", dict, lambda: {"entered_by_id": add("users")}),
    ],
    "ck_change_requests_received_at": [
        ("change_requests", lambda: _on_paper("SUBMITTED") | {"received_at": NOW}, lambda: _on_paper("SUBMITTED")),
        ("change_requests", lambda: _on_paper("DRAFT"), lambda: _on_paper("IN_REVIEW")),
    ],
    "ck_change_drafts_errors": [("change_drafts", dict, lambda: {"errors": -1})],
    "ck_jobs_progress": [("jobs", _fixed(progress=0), _fixed(progress=-1)), ("jobs", dict, _fixed(progress=2))],
    "ck_jobs_lease": [
        ("jobs", lambda: {"state": "RUNNING", "lease_until": NOW}, lambda: {"state": "RUNNING"}),
        ("jobs", dict, lambda: {"lease_until": NOW}),
    ],
    "ck_jobs_finished": [
        ("jobs", lambda: {"state": "FAILED", "finished_at": NOW}, lambda: {"state": "FAILED"}),
        ("jobs", dict, lambda: {"finished_at": NOW}),
    ],
    "ck_jobs_done": [
        (
            "jobs",
            lambda: {"state": "DONE", "finished_at": NOW, "progress": 1},
            lambda: {"state": "DONE", "finished_at": NOW},
        )
    ],
    "ck_attachments_one_case": [
        ("attachments", dict, lambda: {"application_id": None}),
        (
            "attachments",
            lambda: {"application_id": None, "change_request_id": add("change_requests")},
            lambda: {"change_request_id": add("change_requests")},
        ),
    ],
}


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
        extra: Values = {}
        if column == "hold_reason":
            extra = {"held_at": NOW}
        if column == "parent_name":
            extra = {"parent_body_id": None}
        _try(table, row(table) | extra | {column: "𠮷" * int(limit)})
        _refused(table, row(table) | extra | {column: "𠮷" * (int(limit) + 1)}, name)
    for held in sorts.columns:
        if isinstance(held.type, Enum):
            for wrong in ("NOPE", "gen", ""):
                beside = BESIDE_CODES.get((table, held.name), dict)()
                broken = row(table) | beside | {held.name: literal_column(f"'{wrong}'")}
                _refused(table, broken, f"ck_{table}_{held.type.name}", "ck_staff_roles_staff_role")


BESIDE_CODES: dict[tuple[str, str], Any] = {
    ("applications", "state"): _submitted,
    ("late_facts", "outcome"): _settled,
    ("change_requests", "channel"): lambda: {"entered_by_id": add("users")},
    ("roster_proposals", "state"): lambda: {"decided_at": NOW},
    ("licence_facts", "end_reason"): lambda: {"ended_on": DAY + timedelta(days=1)},
}
"""What has to stand beside a code for it to be the only thing wrong."""
WITH: dict[tuple[str, str], Any] = {
    ("sessions", "application_id"): lambda: {"user_id": None},
    ("consents", "user_id"): lambda: {"application_id": None},
    ("applications", "entered_by_id"): lambda: {"channel": "PAPER"},
    ("applications", "checked_by_id"): lambda: {"checked_at": NOW},
    ("attachments", "change_request_id"): lambda: {"application_id": None},
    ("change_requests", "checked_by_id"): lambda: {"checked_at": NOW},
    ("change_requests", "entered_by_id"): lambda: {"channel": "STAFF"},
    ("roster_proposals", "change_id"): _applied,
    ("applications", "member_id"): _approved,
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
        if columns == ("member_id",) and table == "applications":
            beside = _approved()
        first = row(table) | beside
        _try(table, first)
        other = row(table) | (_approved() if beside.get("state") == "APPROVED" else {})
        if columns == ("terms_version_id", "user_id"):
            other |= {"application_id": None, "user_id": add("users")}
        _try(table, other)
        again = other | {name: row(table)[name] for name in other if name in _uniquely(table)}
        again |= {name: first[name] for name in columns} | ({"application_id": None} if "user_id" in beside else {})
        _refused(table, again, "UNIQUE", "unique")


def _uniquely(table: str) -> set[str]:
    """Columns that are unique by themselves: a third row needs fresh values there."""
    names = {name for columns in _uniques(Base.metadata.tables[table]).values() for name in columns}
    names |= {column.name for column in Base.metadata.tables[table].primary_key.columns}
    return names & set(row(table)) if table != "register_head" else set()


ENDED: dict[str, tuple[str, Any]] = {
    "affiliations": ("user_id", lambda: {"ended_at": NOW}),
    "profile_facts": ("member_id", lambda: {"voided_id": add("register_changes")}),
    "licence_facts": ("licence_id", lambda: {"voided_id": add("register_changes")}),
    "control_facts": ("relation_no", lambda: {"voided_id": add("register_changes")}),
    "roster_facts": ("roster_no", lambda: {"ended_on": DAY + timedelta(days=1)}),
    "contracts_of_use": ("member_id", lambda: {"ended_at": NOW, "end_clause": "2.7.1"}),
    "decisions": ("subject_id", lambda: {"step": "hold"}),
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
