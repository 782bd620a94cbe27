"""CHECKs of assemblies, votes, notices and replies: a row that stands, and the same with one thing broken."""

from datetime import timedelta
from typing import Any

from tests.factories import NOW
from tests.models.rows import DAY, HASH, HOUR, Values, add

REPORT: Values = {"kind": "REPORT", "majority": None, "consent": "NONE"}
DRAFT: Values = {"state": "DRAFT", "made_by_id": None, "second_by_id": None}
BY_PERSON: Values = {"attendance": "PROXY", "proxy_kind": "PERSON", "proxy_name": "人"}


def _fixed(**values: Any) -> Any:
    """These values, however often they are asked for."""
    return lambda: values


def settled() -> Values:
    people = {"decided_by_id": add("users"), "second_by_id": add("users")}
    return people | {"outcome": "KEEP", "reason": "影響がないため", "decided_at": NOW}


def decided_by_second() -> Values:
    return {"state": "APPLIED", "decided_at": NOW, "decided_by_id": add("users")}


def answered() -> Values:
    return {"answer": "回答", "answered_at": NOW, "answered_by_id": add("users")}


def sent() -> Values:
    return {"state": "SENT", "sent_at": NOW, "sent_by_id": add("users")}


def by_member() -> Values:
    return {"attendance": "PROXY", "proxy_kind": "MEMBER", "proxy_member_id": add("members")}


def on_paper() -> Values:
    return {"channel": "PAPER", "entered_by_id": add("users"), "document_id": add("attachments")}


def _by_itself() -> Values:
    member = add("members")
    return by_member() | {"member_id": member, "proxy_member_id": member}


def _by_staff() -> Values:
    return {"channel": "STAFF", "entered_by_id": add("users"), "reason": "電話"}


ASSEMBLY: dict[str, list[tuple[str, Any, Any]]] = {
    "ck_assemblies_no": [("assemblies", dict, _fixed(no=no)) for no in (0, -1)],
    "ck_assemblies_reply_until": [
        ("assemblies", _fixed(reply_until=NOW), _fixed(reply_until=NOW + timedelta(microseconds=1)))
    ],
    "ck_assemblies_reception_from": [
        ("assemblies", _fixed(reception_from=NOW), _fixed(reception_from=NOW + timedelta(microseconds=1)))
    ],
    "ck_assemblies_replaces": [
        (
            "assemblies",
            lambda: {"id": 800_001, "replaces_id": add("assemblies")},
            _fixed(id=800_002, replaces_id=800_002),
        )
    ],
    "ck_assemblies_closing_reason": [
        ("assemblies", _fixed(state="POSTPONED", closing_reason="台風"), _fixed(state="POSTPONED"))
    ],
    "ck_agenda_items_no": [("agenda_items", dict, _fixed(no=no)) for no in (0, -1)],
    "ck_agenda_items_majority": [
        ("agenda_items", dict, _fixed(majority=None)),
        ("agenda_items", lambda: REPORT, lambda: REPORT | {"majority": "ORDINARY"}),
    ],
    "ck_agenda_items_report": [("agenda_items", lambda: REPORT, lambda: REPORT | {"consent": "APPROVAL"})],
    "ck_agenda_items_withdrawn": [
        ("agenda_items", _fixed(withdrawn_at=NOW, withdrawn_reason="撤回"), _fixed(withdrawn_at=NOW)),
        ("agenda_items", dict, _fixed(withdrawn_reason="撤回")),
    ],
    "ck_proposals_decided_at": [
        ("proposals", _fixed(state="DROPPED", decided_at=NOW), _fixed(state="DROPPED")),
        ("proposals", dict, _fixed(decided_at=NOW)),
    ],
    "ck_proposals_two_persons": [
        ("proposals", decided_by_second, lambda: decided_by_second() | {"decided_by_id": None}),
        (
            "proposals",
            decided_by_second,
            lambda: decided_by_second() | dict.fromkeys(("proposed_by_id", "decided_by_id"), add("users")),
        ),
    ],
    "ck_late_facts_decided": [
        ("late_facts", settled, lambda: settled() | {"decided_at": None}),
        ("late_facts", dict, _fixed(decided_at=NOW)),
    ],
    "ck_late_facts_two_persons": [
        ("late_facts", settled, lambda: settled() | {"reason": None}),
        ("late_facts", settled, lambda: settled() | {"decided_by_id": None}),
        ("late_facts", settled, lambda: settled() | {"second_by_id": None}),
        ("late_facts", settled, lambda: settled() | dict.fromkeys(("decided_by_id", "second_by_id"), add("users"))),
    ],
    "ck_snapshots_sha256": [("snapshots", dict, _fixed(sha256=HASH[1:]))],
    "ck_snapshots_superseded": [
        ("snapshots", _fixed(state="SUPERSEDED", superseded_at=NOW), _fixed(state="SUPERSEDED")),
        ("snapshots", dict, _fixed(superseded_at=NOW)),
    ],
    "ck_snapshots_two_persons": [
        ("snapshots", lambda: DRAFT, lambda: DRAFT | {"state": "FROZEN"}),
        ("snapshots", dict, _fixed(made_by_id=None)),
        ("snapshots", dict, _fixed(second_by_id=None)),
        ("snapshots", dict, lambda: dict.fromkeys(("made_by_id", "second_by_id"), add("users"))),
        (
            "snapshots",
            _fixed(state="SUPERSEDED", superseded_at=NOW),
            _fixed(state="SUPERSEDED", superseded_at=NOW, second_by_id=None),
        ),
    ],
    "ck_snapshots_totals": [
        ("snapshots", _fixed(total=0), _fixed(total=-1)),
        ("snapshots", _fixed(per_group_total=0), _fixed(per_group_total=-1)),
    ],
    "ck_snapshot_members_votes": [
        ("snapshot_members", dict, _fixed(votes=4)),
        ("snapshot_members", _fixed(votes_n=1, votes=4), _fixed(votes_n=1)),
    ],
    "ck_snapshot_members_not_negative": [
        ("snapshot_members", _fixed(votes_n=0, votes_r=0, votes_g=0, votes=0), lambda lost=lost: _one_below(lost))
        for lost in ("votes_n", "votes_r", "votes_g")
    ],
    "ck_snapshot_members_sanctioned": [
        (
            "snapshot_members",
            _fixed(sanctioned=True, votes_r=0, votes_g=0, votes=0),
            _fixed(sanctioned=True),
        )
    ],
    "ck_snapshot_units_votes": [("snapshot_units", _fixed(votes=0), _fixed(votes=-1))],
    "ck_holder_elections_vote_group": [
        ("holder_elections", _fixed(vote_group=group), _fixed(vote_group=wrong))
        for group, wrong in (("N", "n"), ("R", ""), ("G", "NR"), ("*", "ALL"))
    ],
    "ck_holder_elections_withdrawn": [
        ("holder_elections", _fixed(state="WITHDRAWN", withdrawn_at=NOW), _fixed(state="WITHDRAWN")),
        ("holder_elections", dict, _fixed(withdrawn_at=NOW)),
    ],
    "ck_holder_elections_settled": [
        ("holder_elections", lambda: {"settled_by_id": add("users"), "settled_at": NOW}, _fixed(settled_at=NOW)),
        ("holder_elections", dict, lambda: {"settled_by_id": add("users")}),
    ],
    "ck_holder_elections_two_persons": [
        (
            "holder_elections",
            lambda: {"settled_by_id": add("users"), "settled_at": NOW, "entered_by_id": add("users")},
            lambda: {"settled_at": NOW, **dict.fromkeys(("settled_by_id", "entered_by_id"), add("users"))},
        )
    ],
    "ck_holder_elections_countersigned": [
        (
            "holder_elections",
            lambda: {"countersigned_by_id": add("members"), "countersigned_at": NOW},
            _fixed(countersigned_at=NOW),
        ),
        ("holder_elections", dict, lambda: {"countersigned_by_id": add("members")}),
    ],
    "ck_holder_elections_paper": [("holder_elections", on_paper, lambda: on_paper() | {"document_id": None})],
    "ck_vote_objections_answered": [
        ("vote_objections", answered, lambda: answered() | {"answer": None}),
        ("vote_objections", dict, _fixed(answer="回答")),
    ],
    "ck_vote_objections_answered_by": [
        ("vote_objections", answered, lambda: answered() | {"answered_by_id": None}),
        ("vote_objections", dict, lambda: {"answered_by_id": add("users")}),
    ],
    "ck_sanction_facts_period": [
        ("sanction_facts", _fixed(ended_on=DAY + timedelta(days=1)), _fixed(ended_on=DAY)),
    ],
    "ck_notices_sent": [
        ("notices", sent, lambda: sent() | {"sent_at": None}),
        ("notices", dict, _fixed(sent_at=NOW)),
    ],
    "ck_notices_sent_by": [
        ("notices", sent, lambda: sent() | {"sent_by_id": None}),
        ("notices", dict, lambda: {"sent_by_id": add("users")}),
    ],
    "ck_convocations_one_outcome": [
        ("convocations", _fixed(notified_at=NOW), _fixed(notified_at=NOW, bounced_at=NOW)),
        ("convocations", _fixed(bounced_at=NOW), _fixed(notified_at=NOW, bounced_at=NOW + HOUR)),
    ],
    "ck_sendings_mail": [
        ("sendings", dict, _fixed(outbox_id=None)),
        ("sendings", _fixed(channel="POST", outbox_id=None), _fixed(channel="POST")),
    ],
    "ck_sendings_one_outcome": [
        ("sendings", _fixed(accepted_at=NOW), _fixed(accepted_at=NOW, failed_at=NOW)),
        ("sendings", _fixed(failed_at=NOW), _fixed(accepted_at=NOW, failed_at=NOW + HOUR)),
    ],
    "ck_replies_no": [("replies", dict, _fixed(no=no)) for no in (0, -1)],
    "ck_replies_proxy": [
        ("replies", lambda: BY_PERSON, lambda: BY_PERSON | {"attendance": "ATTEND"}),
        ("replies", dict, _fixed(attendance="PROXY")),
    ],
    "ck_replies_proxy_member": [
        ("replies", by_member, lambda: by_member() | {"proxy_member_id": None}),
        ("replies", lambda: BY_PERSON, lambda: BY_PERSON | {"proxy_member_id": add("members")}),
    ],
    "ck_replies_proxy_name": [
        ("replies", lambda: BY_PERSON, lambda: BY_PERSON | {"proxy_name": None}),
        ("replies", by_member, lambda: by_member() | {"proxy_name": "人"}),
    ],
    "ck_replies_other_member": [("replies", by_member, _by_itself)],
    "ck_replies_entered_by": [
        ("replies", on_paper, lambda: on_paper() | {"entered_by_id": None}),
        ("replies", _by_staff, lambda: _by_staff() | {"entered_by_id": None}),
    ],
    "ck_replies_scan": [("replies", on_paper, lambda: on_paper() | {"document_id": None})],
    "ck_replies_reason": [("replies", _by_staff, lambda: _by_staff() | {"reason": None})],
    "ck_replies_digest": [("replies", dict, _fixed(digest=HASH + "a"))],
    "ck_replies_salt": [("replies", dict, _fixed(salt=HASH))],
    "ck_receipt_lists_root": [("receipt_lists", dict, _fixed(root=HASH[1:]))],
    "ck_receipt_lists_count": [("receipt_lists", dict, _fixed(count=-1))],
}


def _one_below(lost: str) -> Values:
    """A member with one vote less than none in one group, and the sum right."""
    return dict.fromkeys(("votes_n", "votes_r", "votes_g"), 0) | {lost: -1, "votes": -1}
