"""What each CHECK of the schema refuses: (table, a row it takes, a row it refuses), as changes to a valid row."""

from datetime import timedelta
from typing import Any

from tests.factories import NOW
from tests.models.cases_assembly import ASSEMBLY
from tests.models.cases_hall import HALL
from tests.models.cases_people import PEOPLE
from tests.models.rows import DAY, HASH, HOUR, Values, add


def _people() -> tuple[int, int]:
    return add("users"), add("users")


def _decided(state: str) -> Values:
    return {"state": state, "decided_at": NOW}


def submitted(state: str = "SUBMITTED") -> Values:
    return {"state": state, "submitted_at": NOW, "lapse_on": DAY}


def approved() -> Values:
    first, second = _people()
    people = {"checked_by_id": first, "checked_at": NOW, "decided_by_id": second}
    return submitted("APPROVED") | people | {"decided_at": NOW, "accepted_at": NOW, "member_id": add("members")}


def _approved_by_one() -> Values:
    values = approved()
    return values | {"decided_by_id": values["checked_by_id"]}


def applied() -> Values:
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
    return "applications", lambda: submitted(state) | {"accepted_at": NOW}, lambda: submitted(state)


CASES: dict[str, list[Case]] = {
    **PEOPLE,
    **ASSEMBLY,
    **HALL,
    "ck_applications_approved_member": [
        ("applications", approved, lambda: approved() | {"member_id": None}),
        ("applications", dict, lambda: {"member_id": add("members")}),
    ],
    "ck_applications_decided_at": [
        ("applications", lambda: _decided("WITHDRAWN"), lambda: {"state": "WITHDRAWN"}),
        ("applications", dict, lambda: {"decided_at": NOW}),
        ("applications", lambda: submitted("LAPSED") | {"decided_at": NOW}, lambda: submitted("LAPSED")),
        (
            "applications",
            lambda: submitted("NOT_QUALIFIED") | {"decided_at": NOW},
            lambda: submitted("NOT_QUALIFIED"),
        ),
    ],
    "ck_applications_numbered": [
        ("applications", submitted, lambda: submitted() | {"acceptance_number": None}),
        ("applications", submitted, lambda: submitted() | {"submitted_at": None}),
        ("applications", submitted, lambda: submitted() | {"lapse_on": None}),
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
        ("applications", approved, _approved_by_one),
        ("applications", approved, lambda: approved() | {"checked_by_id": None, "checked_at": None}),
        ("applications", approved, lambda: approved() | {"decided_by_id": None}),
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
    "ck_former_codes_operator_code": [
        ("former_codes", dict, _fixed(operator_code=code)) for code in ("0000", "000000")
    ],
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
    "ck_roster_proposals_decided_at": [
        ("roster_proposals", lambda: _decided("DROPPED"), lambda: {"state": "DROPPED"}),
        ("roster_proposals", dict, lambda: {"decided_at": NOW}),
    ],
    "ck_roster_proposals_applied": [
        ("roster_proposals", applied, lambda: applied() | {"change_id": None}),
        ("roster_proposals", dict, lambda: {"change_id": add("register_changes")}),
    ],
    "ck_roster_proposals_two_persons": [
        ("roster_proposals", applied, lambda: applied() | {"decided_by_id": None}),
        (
            "roster_proposals",
            applied,
            lambda: applied() | dict.fromkeys(("proposed_by_id", "decided_by_id"), add("users")),
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
    "ck_mandates_declined": [
        ("mandates", lambda: {"state": "DECLINED", "declined_at": NOW}, lambda: {"declined_at": NOW}),
    ],
    "ck_mandates_paper": [
        (
            "mandates",
            lambda: {"received_on": DAY, "proposed_side": "OFFICE"},
            lambda: {"received_on": DAY, "proposed_side": "MEMBER"},
        ),
    ],
    "ck_mandates_closed": [
        ("mandates", lambda: {"state": "DECLINED", "closed_side": "MEMBER"}, lambda: {"closed_side": "MEMBER"}),
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
    "ck_attachments_one_case": [("attachments", dict, lambda: {"application_id": None})]
    + [
        (
            "attachments",
            lambda column=column, table=table: {"application_id": None, column: add(table)},
            lambda column=column, table=table: {column: add(table)},
        )
        for column, table in (
            ("change_request_id", "change_requests"),
            ("account_request_id", "account_requests"),
            ("import_id", "imports"),
            ("assembly_id", "assemblies"),
            ("member_id", "members"),
        )
    ],
}
