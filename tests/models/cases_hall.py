"""CHECKs of tickets, desks, check-ins, decisions and results: a row that stands, and the same with one thing broken."""

from typing import Any

from tests.factories import NOW
from tests.models.rows import HASH, Values, add


def _fixed(**values: Any) -> Any:
    """These values, however often they are asked for."""
    return lambda: values


def ended() -> Values:
    return {"ending": "UNDONE", "ended_by_id": add("users"), "reason": "人違い", "ended_at": NOW}


def admitted() -> Values:
    ticket = add("admission_tickets")
    entry = add("check_ins", ticket_id=ticket)
    return {"outcome": "ADMITTED", "ticket_id": ticket, "check_in_id": entry}


def attendee() -> Values:
    reply = add("replies")
    return {"kind": "ATTENDEE", "reply_id": reply, "attendee_id": add("attendees", reply_id=reply)}


def guest(**changes: Any) -> Values:
    return {"kind": "GUEST", "member_id": None} | changes


_TICKET, _DESK, _ENTRY, _SCAN, _DECISION = "admission_tickets", "desks", "check_ins", "scans", "item_decisions"
HALL: dict[str, list[tuple[str, Any, Any]]] = {
    "ck_assemblies_rehearsal": [
        (
            "assemblies",
            lambda: {"id": 810_001, "rehearsal_of_id": add("assemblies")},
            _fixed(id=810_002, rehearsal_of_id=810_002),
        )
    ],
    "ck_admission_tickets_numbers": [
        (_TICKET, dict, _fixed(number=0)),
        (_TICKET, dict, _fixed(issue_no=0)),
    ],
    "ck_admission_tickets_token_hash": [(_TICKET, dict, _fixed(token_hash=HASH[1:]))],
    "ck_admission_tickets_link_hash": [(_TICKET, dict, _fixed(link_hash=HASH[1:]))],
    "ck_admission_tickets_member": [
        (_TICKET, guest, _fixed(kind="GUEST")),
        (_TICKET, lambda: guest(kind="OFFICIAL"), _fixed(kind="OFFICIAL")),
        (_TICKET, dict, _fixed(member_id=None)),
    ],
    "ck_admission_tickets_voting": [(_TICKET, _fixed(voting=True), lambda: guest(voting=True))],
    "ck_admission_tickets_attendee": [(_TICKET, attendee, lambda: attendee() | {"kind": "PROXY"})],
    "ck_admission_tickets_reply": [
        (_TICKET, lambda: {"kind": "PROXY", "reply_id": add("replies")}, _fixed(kind="PROXY")),
        (_TICKET, dict, lambda: {"reply_id": add("replies")}),
    ],
    "ck_admission_tickets_revoked": [
        (_TICKET, _fixed(revoked_at=NOW, revoked_for="REISSUED"), _fixed(revoked_at=NOW)),
        (_TICKET, dict, _fixed(revoked_for="REISSUED")),
    ],
    "ck_admission_tickets_replaces": [
        (_TICKET, lambda: {"id": 820_001, "replaces_id": add(_TICKET)}, _fixed(id=820_002, replaces_id=820_002))
    ],
    "ck_desks_paired": [
        (_DESK, _fixed(paired_at=NOW, key_hash="b" * 64), _fixed(paired_at=NOW)),
        (_DESK, dict, _fixed(key_hash="c" * 64)),
    ],
    "ck_desks_code": [
        (_DESK, _fixed(code_hash="d" * 64, code_until=NOW), _fixed(code_until=NOW)),
        (_DESK, dict, _fixed(code_hash="e" * 64)),
    ],
    "ck_desks_code_used": [
        (
            _DESK,
            _fixed(paired_at=NOW, key_hash="1" * 64),
            _fixed(paired_at=NOW, key_hash="2" * 64, code_hash="3" * 64, code_until=NOW),
        )
    ],
    "ck_desks_contact_at": [
        (_DESK, _fixed(contact_at=NOW, waiting=0), _fixed(contact_at=NOW)),
        (_DESK, dict, _fixed(waiting=0)),
    ],
    "ck_desks_waiting": [(_DESK, _fixed(contact_at=NOW, waiting=0), _fixed(contact_at=NOW, waiting=-1))],
    "ck_desks_code_hash": [(_DESK, dict, _fixed(code_hash=HASH[1:], code_until=NOW))],
    "ck_desks_key_hash": [(_DESK, dict, _fixed(key_hash=HASH[1:], paired_at=NOW))],
    "ck_check_ins_voting": [(_ENTRY, lambda: {"voting": True, "member_id": add("members")}, _fixed(voting=True))],
    "ck_check_ins_entered_by": [
        (_ENTRY, lambda: {"desk_id": None, "entered_by_id": add("users")}, _fixed(desk_id=None))
    ],
    "ck_check_ins_ended": [
        (_ENTRY, ended, lambda: ended() | {"ended_at": None}),
        (_ENTRY, dict, _fixed(ended_at=NOW)),
    ],
    "ck_check_ins_supervised": [
        (_ENTRY, _fixed(ending="LEFT", ended_at=NOW), _fixed(ending="UNDONE", ended_at=NOW)),
        (_ENTRY, ended, lambda: ended() | {"reason": None}),
        (_ENTRY, lambda: ended() | {"ending": "CHANGED"}, lambda: ended() | {"ended_by_id": None}),
    ],
    "ck_scans_entered_by": [(_SCAN, lambda: {"desk_id": None, "entered_by_id": add("users")}, _fixed(desk_id=None))],
    "ck_scans_outcome_of": [
        (_SCAN, admitted, lambda: admitted() | {"outcome": "REVOKED"}),
        (_SCAN, dict, _fixed(outcome="ALREADY")),
    ],
    "ck_scans_ticket": [(_SCAN, admitted, lambda: admitted() | {"ticket_id": None})],
    "ck_scans_offline_at": [(_SCAN, _fixed(offline=True, device_at=NOW), _fixed(offline=True))],
    "ck_scans_scan_id": [
        (_SCAN, _fixed(scan_id="12345678"), _fixed(scan_id="1234567")),
        (_SCAN, _fixed(scan_id="x" * 64), _fixed(scan_id="x" * 65)),
    ],
    "ck_item_decisions_no": [(_DECISION, dict, _fixed(no=no)) for no in (0, -1)],
    "ck_item_decisions_reason": [(_DECISION, _fixed(no=1, reason=None), _fixed(no=2, reason=None))],
    "ck_item_decisions_not_negative": [
        (_DECISION, dict, _fixed(yes=-1, present=2)),
        (_DECISION, dict, _fixed(against=-1, present=3)),
        (_DECISION, dict, _fixed(abstain=-1, present=4)),
    ],
    "ck_item_decisions_present": [(_DECISION, dict, _fixed(present=7))],
    "ck_item_decisions_by_chair": [
        (_DECISION, _fixed(chair_choice="NO", outcome="REJECTED"), _fixed(chair_choice="NO", outcome="NOT_DECIDED"))
    ],
    "ck_item_decisions_decided": [(_DECISION, dict, _fixed(outcome="TIED"))],
    "ck_item_decisions_sha256": [(_DECISION, dict, _fixed(sha256=HASH[1:]))],
    "ck_assembly_results_no": [("assembly_results", dict, _fixed(no=no)) for no in (0, -1)],
    "ck_assembly_results_quorum": [
        (
            "assembly_results",
            _fixed(quorum_met=False, override_reason="総会で確認した"),
            _fixed(quorum_met=False),
        )
    ],
    "ck_assembly_results_sha256": [("assembly_results", dict, _fixed(sha256=HASH[1:]))],
    "ck_kit_hashes_no": [("kit_hashes", dict, _fixed(no=no)) for no in (0, -1)],
    "ck_kit_hashes_sha256": [("kit_hashes", dict, _fixed(sha256=HASH[1:]))],
    "ck_consent_records_no": [("consent_records", dict, _fixed(no=no)) for no in (0, -1)],
}
