"""CHECKs of people, requests about IDs, certificates and imports: a row that stands, and the same with one thing broken."""

from typing import Any

from tests.factories import NOW
from tests.models.rows import Values, add


def _of_contractor() -> Values:
    return {"member_id": None, "contractor_id": add("contractors"), "role": "CONTRACTOR"}


def _called() -> Values:
    return {"called_by_id": add("users"), "called_at": NOW}


def _granted() -> Values:
    return _called() | {"state": "APPROVED", "decided_at": NOW, "decided_by_id": add("users")}


def _granted_by_enterer() -> Values:
    granted = _granted()
    return granted | {"channel": "PAPER", "entered_by_id": granted["decided_by_id"]}


def _objected() -> Values:
    return {"objected_at": NOW, "objected_by": "a@x.example.jp"}


def _settled() -> Values:
    return _objected() | {"settled_at": NOW, "settled_by_id": add("users")}


def _granted_by_one() -> Values:
    granted = _granted()
    return granted | {"decided_by_id": granted["called_by_id"]}


def _released_by_one() -> Values:
    person = add("users")
    return {"uploaded_by_id": person, "released_by_id": person}


PEOPLE: dict[str, list[tuple[str, Any, Any]]] = {
    "ck_certificates_code": [("certificates", dict, lambda: {"code": "SHORT"})],
    "ck_affiliations_one_company": [
        ("affiliations", _of_contractor, lambda: _of_contractor() | {"member_id": add("members")}),
        ("affiliations", dict, lambda: {"member_id": None}),
    ],
    "ck_affiliations_role_of_company": [
        ("affiliations", _of_contractor, lambda: _of_contractor() | {"role": "VIEWER"}),
        ("affiliations", dict, lambda: {"role": "CONTRACTOR"}),
    ],
    "ck_affiliations_stopped": [
        ("affiliations", lambda: {"stopped_at": NOW, "stop_reason": "異動"}, lambda: {"stopped_at": NOW}),
        ("affiliations", dict, lambda: {"stop_reason": "異動"}),
    ],
    "ck_sessions_member_of_mandate": [
        (
            "sessions",
            lambda: {"mandate_id": add("mandates"), "member_id": add("members")},
            lambda: {"mandate_id": add("mandates")},
        ),
    ],
    "ck_sessions_viewed_member": [
        ("sessions", lambda: {"view_reason": "照会", "member_id": add("members")}, lambda: {"view_reason": "照会"}),
        (
            "sessions",
            dict,
            lambda: {"view_reason": "照会", "member_id": add("members"), "mandate_id": add("mandates")},
        ),
    ],
    "ck_account_requests_decided_at": [
        ("account_requests", lambda: {"state": "WITHDRAWN", "decided_at": NOW}, lambda: {"state": "WITHDRAWN"}),
        ("account_requests", dict, lambda: {"decided_at": NOW}),
    ],
    "ck_account_requests_called": [
        ("account_requests", _called, lambda: {"called_at": NOW}),
        ("account_requests", dict, lambda: {"called_by_id": add("users")}),
    ],
    "ck_account_requests_two_persons": [
        ("account_requests", _granted, lambda: _granted() | {"decided_by_id": None}),
        ("account_requests", _granted, lambda: _granted() | {"called_by_id": None, "called_at": None}),
        ("account_requests", _granted, _granted_by_one),
    ],
    "ck_account_requests_whose_factor": [
        (
            "account_requests",
            lambda: {"kind": "SECOND_FACTOR", "state": "DECLINED", "decided_at": NOW},
            lambda: {"kind": "SECOND_FACTOR", "state": "MATCHED"},
        ),
    ],
    "ck_account_requests_which_member": [
        ("account_requests", lambda: {"member_id": None}, lambda: {"member_id": None, "state": "MATCHED"}),
    ],
    "ck_account_requests_confirmed_by": [
        ("account_requests", lambda: _called() | {"state": "CONFIRMED"}, lambda: {"state": "CONFIRMED"}),
    ],
    "ck_account_requests_not_the_enterer": [
        (
            "account_requests",
            lambda: _granted() | {"channel": "PAPER", "entered_by_id": add("users")},
            _granted_by_enterer,
        ),
    ],
    "ck_account_requests_kept_role": [
        (
            "account_requests",
            lambda: {"kind": "CHANGE", "replaced_role": "VIEWER"},
            lambda: {"kind": "CHANGE", "replaced_role": "ADMINISTRATOR"},
        ),
        ("account_requests", dict, lambda: {"replaced_role": "VIEWER"}),
    ],
    "ck_account_requests_objected": [
        ("account_requests", _objected, lambda: {"objected_at": NOW}),
        ("account_requests", dict, lambda: {"objected_by": "a@x.example.jp"}),
    ],
    "ck_account_requests_settled": [
        ("account_requests", _settled, lambda: _settled() | {"settled_by_id": None}),
        ("account_requests", _settled, lambda: _settled() | {"objected_at": None, "objected_by": None}),
    ],
    "ck_account_requests_entered_by": [
        (
            "account_requests",
            lambda: {"channel": "PAPER", "entered_by_id": add("users")},
            lambda: {"channel": "PAPER"},
        ),
        ("account_requests", dict, lambda: {"entered_by_id": add("users")}),
    ],
    "ck_imports_two_persons": [
        ("imports", lambda: {"released_by_id": add("users")}, _released_by_one),
    ],
    "ck_imports_released": [
        (
            "imports",
            lambda: {"state": "RELEASED", "released_by_id": add("users")},
            lambda: {"state": "RELEASED"},
        ),
    ],
    "ck_imports_finished": [
        ("imports", lambda: {"state": "DROPPED", "finished_at": NOW}, lambda: {"state": "DROPPED"}),
        ("imports", dict, lambda: {"finished_at": NOW}),
    ],
    "ck_imports_progress": [("imports", lambda: {"total": 1, "progress": 1}, lambda: {"total": 1, "progress": 2})],
}
