"""One valid row of every table with parents of its own, so that a test can break exactly one thing about it."""

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

from occto.extensions import Base, db
from tests.factories import NOW
from tests.models.rows_assembly import assembly_rows
from tests.models.values import DAY, HASH, HOUR, TERMS, Values

_serial = count(1)


def insert(table: str, values: Values) -> int:
    """Insert a row as it stands; returns its key where that is one number."""
    result = db.session.execute(Base.metadata.tables[table].insert().values(**values))
    key = result.inserted_primary_key  # type: ignore[attr-defined]
    return int(key[0]) if len(key) == 1 and isinstance(key[0], int) else 0


def add(table: str, **changes: Any) -> int:
    """Insert a valid row with these changes."""
    return insert(table, row(table) | changes)


def row(table: str) -> Values:
    """Valid values of a row that collides with no other."""
    no = next(_serial)
    return ROWS[table](no)


def _dated() -> Values:
    return {"effective_on": DAY, "entered_id": add("register_changes")}


def _subject(no: int) -> Values:
    return {"subject_kind": "APPLICATION", "subject_id": no, "stage": "PROVISIONAL", "revision_no": 1, "at": NOW}


def _email(no: int) -> Values:
    return {"email": f"p{no}@x.example.jp", "email_key": f"p{no}@x.example.jp"}


ROWS: dict[str, Callable[[int], Values]] = {
    **assembly_rows(add),
    "users": lambda no: {"kind": "MEMBER", "state": "INVITED", "name": "人", "created_at": NOW, **_email(no)},
    "affiliations": lambda _: {
        "user_id": add("users"),
        "member_id": add("members"),
        "role": "VIEWER",
        "started_at": NOW,
    },
    "staff_roles": lambda _: {"user_id": add("users"), "role": "OPERATOR"},
    "recovery_codes": lambda no: {"user_id": add("users"), "code_hash": f"code{no}"},
    "sessions": lambda no: {
        "token_hash": f"token{no}",
        "user_id": add("users"),
        "created_at": NOW,
        "seen_at": NOW,
        "ends_at": NOW + HOUR,
        "address": "192.0.2.1",
        "agent": "test",
    },
    "links": lambda no: {
        "token_hash": f"link{no}",
        "purpose": "APPLY",
        "email_key": "a@x.example.jp",
        "outbox_id": add("outbox"),
        "created_at": NOW,
        "expires_at": NOW + HOUR,
    },
    "sign_in_attempts": lambda _: {"account_key": "a", "address_key": "n", "at": NOW, "outcome": "PASSED"},
    "form_submissions": lambda no: {
        "form_id": f"form{no}",
        "viewer_key": "public",
        "endpoint": "x",
        "result_url": "/",
        "at": NOW,
    },
    "counters": lambda no: {"name": f"c{no}", "period": "2026", "value": 1},
    "register_head": lambda no: {"id": no, "last_change_id": 0},
    "register_changes": lambda no: {"id": no, "at": NOW, "source_kind": "DEMO"},
    "bodies": lambda no: {"name": "会社", "corporate_number": f"{no:013d}"},
    "members": lambda no: {
        "body_id": add("bodies"),
        "operator_code": f"{no:05d}",
        "current_name": "会員",
        "current_kana": "カイイン",
        "name_key": "会員",
        "kana_key": "カイイン",
        "current_licences": "",
        "current_state": "COMING",
    },
    "former_codes": lambda no: {
        "operator_code": f"{no:05d}",
        "member_id": add("members"),
        "until_on": DAY,
        "entered_id": add("register_changes"),
    },
    "licences": lambda _: {"member_id": add("members"), "category": "GEN"},
    "profile_facts": lambda _: {"member_id": add("members"), "item": "capital", "value": 1, **_dated()},
    "licence_facts": lambda _: {"licence_id": add("licences"), "act": "NOTIFICATION", **_dated()},
    "control_facts": lambda no: {
        "relation_no": no,
        "child_body_id": add("bodies"),
        "parent_body_id": add("bodies"),
        "controlling": True,
        **_dated(),
    },
    "roster_facts": lambda no: {"member_id": add("members"), "roster_no": no, **_dated()},
    "applications": lambda no: {
        "state": "DRAFT",
        "channel": "ONLINE",
        "created_at": NOW,
        "saved_at": NOW,
        "acceptance_number": f"J-{no}",
        "operator_code": f"{no:05d}",
        **_email(no),
    },
    "application_drafts": lambda _: {
        "application_id": add("applications"),
        "section": "company",
        "typed": {},
        "errors": 0,
        "saved_at": NOW,
    },
    "application_revisions": lambda _: {
        "application_id": add("applications"),
        "stage": "MAIN",
        "no": 1,
        "answers": {},
        "terms_version_id": TERMS,
        "submitted_at": NOW,
    },
    "remarks": lambda no: {**_subject(no), "body": "本文", "audience": "PARTY"},
    "decisions": lambda no: {**_subject(no), "step": "accept", "turn": "FIRST"},
    "attachments": lambda _: {
        "application_id": add("applications"),
        "kind": "OTHER",
        "name": "x.pdf",
        "media_type": "application/pdf",
        "size": 1,
        "sha256": HASH,
        "scan_state": "CLEAN",
        "added_at": NOW,
    },
    "attachment_chunks": lambda _: {"attachment_id": add("attachments"), "no": 1, "bytes": b"x"},
    "terms_versions": lambda no: {
        "no": no + 100,
        "effective_on": DAY + timedelta(days=no),
        "text": "規約",
        "sha256": HASH,
        "published_at": NOW,
    },
    "consents": lambda _: {
        "terms_version_id": TERMS,
        "application_id": add("applications"),
        "kind": "EXPLICIT",
        "at": NOW,
        "address": "192.0.2.1",
    },
    "contracts_of_use": lambda _: {
        "application_id": add("applications"),
        "member_id": add("members"),
        "formed_at": NOW,
        "formed_by": "CLICK",
        "terms_version_id": TERMS,
    },
    "declarations": lambda _: {
        "application_id": add("applications"),
        "kind": "NO_ANTISOCIAL_FORCES",
        "terms_version_id": TERMS,
        "at": NOW,
    },
    "outbox": lambda no: {
        "template": "join/start",
        "params": {},
        "to_address": "a@x.example.jp",
        "queued_at": NOW,
        "next_at": NOW,
        "message_id": f"m{no}",
        "dedupe_key": f"k{no}",
    },
    "demo_mailbox": lambda no: {"at": NOW, "to_address": "a", "subject": "s", "body": "b", "message_id": f"d{no}"},
    "audit_events": lambda _: {"at": NOW, "tag": "x", "subject": "x:1", "request_id": "r", "detail_hash": HASH},
    "audit_details": lambda _: {"event_id": add("audit_events"), "salt": "s", "payload": {}},
    "audit_links": lambda no: {"position": no, "event_id": add("audit_events"), "hash": HASH, "sealed_at": NOW},
    "access_events": lambda _: {
        "at": NOW,
        "actor_id": add("users"),
        "screen": "x",
        "subject_kind": "MEMBER",
        "subject_ids": [1],
    },
    "access_subjects": lambda no: {"event_id": add("access_events"), "subject_kind": "MEMBER", "subject_id": no},
    "roster_proposals": lambda _: {
        "state": "PROPOSED",
        "rows": [],
        "effective_on": DAY,
        "reason": "理由",
        "base_change_id": 0,
        "proposed_by_id": add("users"),
        "proposed_at": NOW,
    },
    "contractors": lambda no: {"name": "受託者", "corporate_number": f"{no:013d}"},
    "mandates": lambda _: {
        "member_id": add("members"),
        "contractor_id": add("contractors"),
        "state": "PROPOSED",
        "starts_on": DAY,
    },
    "mandate_scopes": lambda _: {"mandate_id": add("mandates"), "procedure": "VIEW"},
    "mandate_nominees": lambda no: {"mandate_id": add("mandates"), "name": "人", **_email(no)},
    "mandate_persons": lambda _: {"mandate_id": add("mandates"), "user_id": add("users")},
    "change_requests": lambda no: {
        "number": f"C-2026-{no:05d}",
        "member_id": add("members"),
        "state": "SUBMITTED",
        "channel": "ONLINE",
        "title": "商号",
        "occurred_on": DAY,
        "created_at": NOW,
        "saved_at": NOW,
        "submitted_at": NOW,
    },
    "change_drafts": lambda _: {
        "request_id": add("change_requests"),
        "part": "company",
        "typed": {},
        "errors": 0,
        "saved_at": NOW,
    },
    "change_revisions": lambda _: {
        "request_id": add("change_requests"),
        "no": 1,
        "submitted_at": NOW,
        "occurred_on": DAY,
        "base_change_id": 0,
        "files": [],
    },
    "change_items": lambda no: {
        "revision_id": add("change_revisions"),
        "item": f"item{no}",
        "target_key": "",
        "act": "SET",
        "old": "前",
        "new": "後",
        "effective_on": DAY,
    },
    "change_marks": lambda _: {
        "request_id": add("change_requests"),
        "item": "name",
        "target_key": "",
        "verdict": "FINE",
        "author_id": add("users"),
        "at": NOW,
    },
    "confirmations": lambda _: {
        "member_id": add("members"),
        "user_id": add("users"),
        "at": NOW,
        "known_change_id": 0,
    },
    "member_search": lambda _: {"member_id": add("members"), "text": "会員"},
    "jobs": lambda _: {
        "kind": "MAIL_RESEND",
        "conditions": "すべて",
        "rows": [[1, 1]],
        "total": 1,
        "requested_by_id": add("users"),
        "requested_at": NOW,
    },
    "certificates": lambda no: {"member_id": add("members"), "code": f"{no:012d}", "issued_at": NOW},
    "signing_keys": lambda no: {"kid": f"k{no}", "public_key": "p", "private_key_enc": "e", "created_at": NOW},
    "account_requests": lambda no: {
        "number": f"A-2026-{no:05d}",
        "kind": "ADMINISTRATOR",
        "state": "SUBMITTED",
        "channel": "ONLINE",
        "member_id": add("members"),
        "person_name": "人",
        "person_email": "p@x.example.jp",
        "reason": "理由",
        "submitted_at": NOW,
    },
    "imports": lambda _: {
        "name": "x.xlsx",
        "state": "UPLOADED",
        "uploaded_by_id": add("users"),
        "uploaded_at": NOW,
    },
    "import_rows": lambda no: {
        "import_id": add("imports"),
        "sheet": "MEMBERS",
        "row_no": no,
        "key": "00001",
        "typed": {},
        "faults": [],
        "diffs": [],
        "outcome": "NEW",
    },
    "job_leftovers": lambda no: {"job_id": add("jobs"), "row_id": no, "outcome": "PAPER"},
}
