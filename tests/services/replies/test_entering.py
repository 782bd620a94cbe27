"""Papers, telephone and mandates keyed in: the later received counts, whatever the order of keying in."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from occto.domain.assembly import AssemblyState
from occto.domain.permissions import Role
from occto.domain.replies import Answer, Attendance, ReplyChannel
from occto.extensions import db
from occto.models import Assembly, Attachment, Reply, StandingReply
from occto.services.replies.entering import key_in
from occto.services.replies.taking import take_reply
from occto.unit_of_work import run
from tests.assembling import UNTIL, assembly, item
from tests.electing import SCAN, speaking, staff_actor
from tests.factories import NOW, Factory
from tests.observing import refused
from tests.racing import at_once
from tests.registering import read

A, C = Attendance, ReplyChannel


def _enter(held: Assembly, member: Any, actor: Any, attendance: Attendance = A.ABSENT, **changes: Any) -> Any:
    values: dict[str, Any] = {
        "channel": C.PAPER,
        "received_at": NOW,
        "scan": SCAN,
        "reason": None,
        "seen_version": 0,
        "now": NOW,
        "assembly_id": held.id,
    }
    return run(key_in, member_id=member.id, answer=Answer(attendance), actor=actor, **(values | changes))


def _online(held: Assembly, member: Any, actor: Any, at: datetime = NOW, seen: int = 0) -> Any:
    return run(
        take_reply,
        assembly_id=held.id,
        member_id=member.id,
        answer=Answer(A.CHAIR),
        channel=C.ELECTRONIC,
        received_at=at,
        seen_version=seen,
        actor=actor,
        now=at,
    )


def _counting(held: Assembly) -> Reply:
    found = read(
        select(Reply).join(StandingReply, StandingReply.reply_id == Reply.id).where(Reply.assembly_id == held.id)
    )
    reply = found[0][0]
    assert isinstance(reply, Reply)
    return reply


def test_a_paper_is_kept_with_its_assembly(make: Factory) -> None:
    member, held, staff = make.member(), assembly(make), staff_actor(make)
    taken = _enter(held, member, staff)
    reply = _counting(held)
    assert (reply.id, reply.channel, reply.entered_by_id, taken.standing) == (taken.id, C.PAPER, staff.user_id, True)
    kept = db.session.get_one(Attachment, reply.document_id)
    assert (kept.assembly_id, kept.kind) == (held.id, "REPLY_PAPER")


@pytest.mark.parametrize(
    ("apart", "paper_counts"),
    [(timedelta(minutes=1), True), (timedelta(minutes=-1), False), (timedelta(0), False)],
)
def test_paper_against_an_electronic_one(make: Factory, apart: timedelta, paper_counts: bool) -> None:
    """Later, earlier, at the same instant (→ electronic), keyed in after the electronic one."""
    member, held, staff = make.member(), assembly(make), staff_actor(make)
    at = NOW + timedelta(minutes=5)
    _online(held, member, speaking(make, member), at)
    _enter(held, member, staff, received_at=at + apart, seen_version=1, now=NOW + timedelta(hours=1))
    assert (_counting(held).channel is C.PAPER) is paper_counts
    assert len(read(select(Reply.id))) == 2


@pytest.mark.parametrize(("apart", "paper_counts"), [(timedelta(minutes=1), True), (timedelta(0), False)])
def test_the_same_with_the_paper_keyed_in_first(make: Factory, apart: timedelta, paper_counts: bool) -> None:
    member, held, staff = make.member(), assembly(make), staff_actor(make)
    at = NOW + timedelta(minutes=5)
    _enter(held, member, staff, received_at=at + apart, now=at + apart)
    _online(held, member, speaking(make, member), at, seen=1)
    assert (_counting(held).channel is C.PAPER) is paper_counts


def test_what_is_refused(make: Factory) -> None:
    member, stranger = make.member(), make.member(since=NOW.date())
    held, early = assembly(make), assembly(make, AssemblyState.NOTIFIED)
    staff, system, speaks = staff_actor(make), staff_actor(make, Role.SYSTEM), speaking(make, member)
    for code, who, changes in (
        ("not_allowed", system, {}),
        ("not_allowed", speaks, {}),
        ("not_allowed", staff, {"channel": C.ELECTRONIC}),
        ("not_found", staff, {"assembly_id": 10**9}),
        ("not_open", staff, {"assembly_id": early.id}),
        ("document_missing", staff, {"scan": None}),
        ("reason_missing", staff, {"channel": C.STAFF, "scan": None}),
        ("received_future", staff, {"received_at": NOW + timedelta(seconds=1)}),
        ("received_too_early", staff, {"received_at": NOW - timedelta(days=60)}),
        ("stale", staff, {"seen_version": 4}),
    ):
        with refused(code):
            _enter(held, member, who, **changes)
    with refused("not_on_roll"):
        _enter(held, stranger, staff)
    with refused("nothing_to_withdraw"):
        _enter(held, member, staff, A.WITHDRAWN)


def test_after_the_deadline(make: Factory) -> None:
    """A paper that was received in time and one that was not: both with the reason of an entry after closing."""
    member, held, staff = make.member(), assembly(make, AssemblyState.REPLIES_CLOSED), staff_actor(make)
    later = UNTIL + timedelta(hours=1)
    with refused("reason_missing", field="reason"):
        _enter(held, member, staff, received_at=UNTIL, now=later)
    _enter(held, member, staff, received_at=UNTIL - timedelta(seconds=1), now=later, reason="郵便の確認が遅れたため")
    assert _counting(held).received_at < UNTIL
    _enter(held, member, staff, A.CHAIR, received_at=UNTIL, now=later, reason="電話で連絡があった", seen_version=1)
    assert _counting(held).received_at == UNTIL


@pytest.mark.races
def test_paper_and_electronic_at_once(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    member = make.member()
    held, staff, speaks = assembly(make), staff_actor(make), speaking(make, member)
    db.session.remove()
    results = at_once(
        fresh_app,
        [
            lambda: _enter(held, member, staff, now=NOW).no,
            lambda: _online(held, member, speaks).no,
        ],
    )
    assert results.count("stale") == 1


def test_a_member_leaves_no_item_open_itself(make: Factory) -> None:
    """What a crafted request says of it is not even asked on line."""
    member, held = make.member(), assembly(make)
    first, speaker = item(held), speaking(make, member)
    with refused("choice_missing", field=f"item_{first.id}"):
        run(
            take_reply,
            assembly_id=held.id,
            member_id=member.id,
            answer=Answer(A.ELECTRONIC),
            channel=C.ELECTRONIC,
            received_at=NOW,
            seen_version=0,
            actor=speaker,
            now=NOW,
            left_open=(first.id,),
        )
