"""When a member counts as notified: the first server that takes a mail, the post, or the hand (電気事業法 28条の36)."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from occto.domain.assembly import AssemblyState
from occto.domain.codes import MailState
from occto.domain.convocation import ConvocationState, NoticeChannel, NoticeKind, NoticeTiming, too_late_from
from occto.domain.replies import Attendance, ReplyChannel
from occto.extensions import db
from occto.models import Assembly, Notice, Reply, StandingReply, User
from occto.queries.convocation import missed, progress, to_post
from occto.services import outbox
from occto.services.convocation import posting, reminding, resending, sending
from occto.unit_of_work import run, unit_of_work
from tests import assembling
from tests.assembling import HELD, UNTIL
from tests.convoking import (
    approver,
    bounced,
    convocation,
    draft,
    mails,
    notice,
    operator,
    reached,
    ready,
    sendings,
    sent,
    taken,
)
from tests.factories import NOW, Factory
from tests.observing import refused
from tests.racing import at_once

FLOOR = too_late_from(HELD)
HOUR = timedelta(hours=1)


def _row(held: Assembly, member: Any) -> Any:
    found = convocation(held, member)
    assert found is not None
    return found


def _states(held: Assembly, now: Any = NOW) -> tuple[dict[str, int], dict[str, int]]:
    db.session.rollback()
    found = progress(db.session(), db.session.get_one(Assembly, held.id), now=now)
    return {key: n for key, n in found.states.items() if n}, {key: n for key, n in found.timings.items() if n}


def _post(number: int, members: list[Any], actor: Any, **changes: Any) -> int:
    values = {"channel": NoticeChannel.POST, "posted_at": NOW + HOUR, "actor": actor, "now": NOW + 2 * HOUR}
    return run(posting.mark_posted, number, member_ids=[one.id for one in members], **(values | changes))


def test_the_first_acceptance_notifies_the_member(make: Factory) -> None:
    member = reached(make, "a@kaze.example.jp", "b@kaze.example.jp")
    held = ready(make)
    sent(held, approver(make))
    assert _states(held)[0] == {ConvocationState.QUEUED: 1}
    first, second = mails(member)
    taken(second, now=NOW + HOUR)
    taken(first, now=NOW + 2 * HOUR)
    assert _row(held, member).notified_at == NOW + HOUR
    assert [one.accepted_at for one in sendings(member)] == [NOW + 2 * HOUR, NOW + HOUR]
    assert _states(held) == ({ConvocationState.NOTIFIED: 1}, {NoticeTiming.IN_TIME: 1})


def test_only_when_every_mail_fails_the_member_is_not_reached(make: Factory) -> None:
    member = reached(make, "a@kaze.example.jp", "b@kaze.example.jp")
    held = ready(make)
    sent(held, approver(make))
    first, second = mails(member)
    bounced(first)
    assert _row(held, member).bounced_at is None
    bounced(second, now=NOW + HOUR)
    assert _row(held, member).bounced_at == NOW + HOUR
    assert _states(held)[0] == {ConvocationState.BOUNCED: 1}


def test_a_later_success_clears_a_bounce(make: Factory) -> None:
    member = reached(make, "a@kaze.example.jp")
    held = ready(make)
    sent(held, approver(make))
    (mail,) = mails(member)
    bounced(mail)
    run(outbox.send_again, mail.id, now=NOW + HOUR)
    assert _row(held, member).bounced_at is None
    assert sendings(member)[0].failed_at is None
    taken(mail, now=NOW + 2 * HOUR)
    assert (_row(held, member).notified_at, _row(held, member).bounced_at) == (NOW + 2 * HOUR, None)


def test_a_mail_given_up_counts_and_one_tried_again_does_not(make: Factory) -> None:
    member = reached(make, "a@kaze.example.jp")
    held = ready(make)
    sent(held, approver(make))
    (mail,) = mails(member)
    for attempts in range(1, len(outbox.BACK_OFF) + 2):
        run(outbox.claim, now=NOW + timedelta(days=30 * attempts))
        assert _row(held, member).bounced_at is None
        run(outbox.mark_failed, mail.id, error="timeout", permanent=False, now=NOW + timedelta(days=30 * attempts))
    assert mails(member)[0].state is MailState.FAILED
    assert _row(held, member).bounced_at is not None


def test_mails_that_fail_at_once_see_each_other(make: Factory, fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    member = reached(make, *(f"a{n}@kaze.example.jp" for n in range(4)))
    held = ready(make)
    sent(held, approver(make))
    found = mails(member)
    assert len(found) == 4
    numbers = [mail.id for mail in found]
    at_once(
        fresh_app,
        [
            lambda n=n: run(outbox.mark_failed, n, error="550", permanent=True, now=NOW)  # type: ignore[misc]
            for n in numbers
        ],
    )
    assert _row(held, member).bounced_at == NOW


def test_a_reminder_notifies_nobody(make: Factory) -> None:
    member = reached(make, "a@kaze.example.jp")
    held, actor = ready(make), approver(make)
    sent(held, actor)
    bounced(mails(member)[0])
    run(reminding.send_reminder, draft(held, actor, NoticeKind.REMINDER), seen_version=1, actor=actor, now=NOW)
    taken(mails(member)[1])
    assert _row(held, member).notified_at is None
    assert _row(held, member).bounced_at is not None


def test_letters_are_posted_in_bulk_and_counted_from_the_post(make: Factory) -> None:
    on_paper, lost, fine = make.member(), reached(make, "a@kaze.example.jp"), reached(make, "b@kaze.example.jp")
    held, actor, desk = ready(make), approver(make), operator(make)
    number, _done = sent(held, actor)
    bounced(mails(lost)[0])
    taken(mails(fine)[0])
    db.session.rollback()
    assert set(db.session.scalars(to_post(number))) == {on_paper.id, lost.id}
    assert _post(number, [on_paper, lost, fine], desk) == 2
    for member in (on_paper, lost):
        found = _row(held, member)
        assert (found.channel, found.notified_at, found.bounced_at) == (NoticeChannel.POST, NOW + HOUR, None)
        letters = [one for one in sendings(member) if one.channel is NoticeChannel.POST]
        assert [one.accepted_at for one in letters] == [NOW + HOUR]
    assert _row(held, fine).channel is NoticeChannel.MAIL
    with refused("nobody_to_post"):
        _post(number, [on_paper, lost, fine], desk)


def test_a_letter_handed_over_or_posted_late_is_recorded_as_it_was(make: Factory) -> None:
    one, two = make.member(), make.member()
    held, actor = ready(make), approver(make)
    number, _done = sent(held, actor)
    _post(number, [one], actor, channel=NoticeChannel.HAND)
    assert _row(held, one).channel is NoticeChannel.HAND
    late = FLOOR + HOUR
    _post(number, [two], actor, posted_at=late, now=late + HOUR)
    assert _states(held, late + HOUR)[1] == {NoticeTiming.IN_TIME: 1, NoticeTiming.LATE: 1}
    row = db.session.get_one(Assembly, held.id)
    assert [found.member_id for found in missed(db.session(), row, now=late)] == [two.id]
    assert missed(db.session(), row, now=FLOOR - HOUR) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"posted_at": NOW + 3 * HOUR}, "posted_later"),
        ({"posted_at": NOW - HOUR}, "posted_before_notice"),
        ({"channel": NoticeChannel.MAIL}, "channel_unknown"),
    ],
)
def test_what_cannot_be_of_a_letter_is_refused(make: Factory, changes: dict[str, Any], code: str) -> None:
    member = make.member()
    held, actor = ready(make), approver(make)
    number, _done = sent(held, actor)
    with refused(code):
        _post(number, [member], actor, **changes)


def test_letters_of_what_was_not_sent_and_by_whom_it_may_not(make: Factory) -> None:
    member = make.member()
    held, actor = ready(make), approver(make)
    number = draft(held, actor)
    with refused("not_sent_yet"):
        _post(number, [member], actor)
    with refused("not_found"):
        _post(2**62, [member], actor)
    stranger = make.actor(make.user(), member=member)
    with refused("not_allowed"):
        _post(number, [member], stranger)


def test_a_member_has_opened_it_by_signing_in_and_has_answered_by_a_reply(make: Factory) -> None:
    member = reached(make, "a@kaze.example.jp", "kanri@kaze.example.jp")
    held = ready(make)
    sent(held, approver(make))
    for mail in mails(member):
        taken(mail)
    with unit_of_work() as session:
        session.execute(update(User).where(User.email == "kanri@kaze.example.jp").values(last_signed_in_at=NOW))
    assert _states(held)[0] == {ConvocationState.OPENED: 1}
    _reply(held, member)
    assert _states(held)[0] == {ConvocationState.ANSWERED: 1}
    _reply(held, member, Attendance.WITHDRAWN)
    assert _states(held)[0] == {ConvocationState.OPENED: 1}


def _reply(held: Assembly, member: Any, attendance: Attendance = Attendance.ABSENT) -> None:
    with unit_of_work() as session:
        count = session.query(Reply).count() + 1
        row = Reply(
            assembly_id=held.id,
            member_id=member.id,
            no=count,
            number=f"R{count}",
            receipt_code=f"C{count}",
            digest="0" * 64,
            channel=ReplyChannel.ELECTRONIC,
            attendance=attendance,
            received_at=NOW,
            entered_at=NOW,
        )
        session.add(row)
        session.flush()
        standing = session.get(StandingReply, (held.id, member.id))
        if standing is None:
            session.add(StandingReply(assembly_id=held.id, member_id=member.id, reply_id=row.id))
        else:
            standing.reply_id = row.id


def _remind(number: int, actor: Any, **changes: Any) -> Any:
    return run(reminding.send_reminder, number, **({"seen_version": 1, "actor": actor, "now": NOW} | changes))


def test_those_without_an_answer_are_reminded_holders_first(make: Factory) -> None:
    parent, child = reached(make, "oya@kaze.example.jp"), reached(make, "ko@kaze.example.jp", capital=5)
    done, on_paper = reached(make, "sumi@kaze.example.jp"), make.member()
    assembling.controls(parent, child)
    held, actor = ready(make), approver(make)
    sent(held, actor)
    _reply(held, done)
    db.session.rollback()
    found = reminding.to_remind(db.session(), held.id, now=NOW)
    assert ([one.member_id for one in found.members], found.holders) == ([parent.id, child.id], 1)
    assert (found.on_paper, found.mails) == (1, 2)
    number = draft(held, actor, NoticeKind.REMINDER)
    result = _remind(number, actor)
    assert (result.members, result.mails) == (2, 2)
    assert [mail.member_id for mail in mails()][-2:] == [parent.id, child.id]
    assert [len(sendings(one)) for one in (parent, done, on_paper)] == [2, 1, 1]
    again = draft(held, actor, NoticeKind.REMINDER)
    with refused("reminded_lately"):
        _remind(again, actor, now=NOW + timedelta(hours=23, minutes=59))
    _remind(again, actor, now=NOW + timedelta(hours=24))


def test_two_who_remind_at_once_remind_once(make: Factory, fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    reached(make, "a@kaze.example.jp")
    held, actor = ready(make), approver(make)
    sent(held, actor)
    numbers = [draft(held, actor, NoticeKind.REMINDER) for _ in range(3)]
    results = at_once(fresh_app, [lambda n=n: _remind(n, actor) for n in numbers])  # type: ignore[misc]
    assert sorted(one if isinstance(one, str) else "" for one in results) == ["", "reminded_lately", "reminded_lately"]


def test_a_reminder_is_refused_when_and_to_whom_it_may_not(make: Factory) -> None:
    member = reached(make, "a@kaze.example.jp")
    held, actor = ready(make), approver(make)
    first, _done = sent(held, actor, open_replies=False)
    number, desk = draft(held, actor, NoticeKind.REMINDER), operator(make)
    with refused("illegal_step"):
        _remind(number, actor)
    with unit_of_work() as session:
        session.execute(update(Assembly).where(Assembly.id == held.id).values(state=AssemblyState.REPLIES_OPEN))
    with refused("not_allowed"):
        _remind(number, desk)
    with refused("stale"):
        _remind(number, actor, seen_version=3)
    with refused("deadline_over"):
        _remind(number, actor, now=UNTIL)
    with refused("notice_sent"):
        _remind(first, actor)
    with unit_of_work() as session:
        wrong = Notice(
            assembly_id=held.id, kind=NoticeKind.ADDENDUM, state="DRAFT", subject="x", body="y", edited_at=NOW
        )
        session.add(wrong)
    with refused("wrong_kind"):
        _remind(wrong.id, actor)
    _reply(held, member)
    with refused("nobody_to_remind"):
        _remind(number, actor)


def _resend(held: Assembly, member: Any, email: str, actor: Any) -> None:
    run(resending.resend_notice, held.id, member_id=member.id, email=email, actor=actor, now=NOW + HOUR)


def test_one_contact_gets_it_again(make: Factory) -> None:
    member = reached(make, "a@kaze.example.jp", "b@kaze.example.jp")
    held, actor, desk = ready(make), approver(make), operator(make)
    number, _done = sent(held, actor)
    for mail in mails(member):
        bounced(mail)
    with refused("not_a_contact", field="email"):
        _resend(held, member, "x@kaze.example.jp", desk)
    _resend(held, member, "B@kaze.example.jp", desk)
    assert _row(held, member).bounced_at is None
    again = mails(member)[-1]
    assert (again.to_address, again.params["notice_id"]) == ("b@kaze.example.jp", number)
    taken(again)
    assert _row(held, member).notified_at == NOW
    _resend(held, member, "b@kaze.example.jp", desk)
    assert len(mails(member)) == 4


def test_sending_again_is_refused_when_and_to_whom_it_may_not(make: Factory) -> None:
    member = reached(make, "a@kaze.example.jp")
    held, actor = ready(make), approver(make)
    stranger = make.actor(make.user(), member=member)
    with refused("illegal_step"):
        _resend(held, member, "a@kaze.example.jp", actor)
    with refused("not_allowed"):
        _resend(held, member, "a@kaze.example.jp", stranger)
    other = ready(make, AssemblyState.NOTIFIED)
    with refused("not_sent_yet"):
        _resend(other, member, "a@kaze.example.jp", actor)
    sent(held, actor)
    with refused("not_found"):
        run(resending.resend_notice, held.id, member_id=2**62, email="a@kaze.example.jp", actor=actor, now=NOW)
    with refused("not_found"):
        run(resending.resend_notice, 2**62, member_id=member.id, email="a@kaze.example.jp", actor=actor, now=NOW)


def test_members_that_came_onto_the_roll_later_get_it_too(make: Factory) -> None:
    reached(make, "a@kaze.example.jp")
    held, actor = ready(make), approver(make)
    number, _done = sent(held, actor)
    with refused("nobody_left"):
        run(resending.send_to_rest, held.id, actor=actor, now=NOW)
    late, on_paper, desk = reached(make, "late@kaze.example.jp"), make.member(), operator(make)
    assembling.freeze(make, held)
    assert _states(held)[0] == {ConvocationState.UNSENT: 2, ConvocationState.QUEUED: 1}
    with refused("not_allowed"):
        run(resending.send_to_rest, held.id, actor=desk, now=NOW)
    result = run(resending.send_to_rest, held.id, actor=actor, now=NOW)
    assert (result.members, result.mails, result.letters) == (2, 1, 1)
    assert mails(late)[0].params["notice_id"] == number
    assert _row(held, on_paper).channel is NoticeChannel.POST
    assert notice(number).version == 2


def test_members_that_came_later_get_what_was_added_too(make: Factory) -> None:
    reached(make, "a@kaze.example.jp")
    held, actor = ready(make), approver(make)
    number, _done = sent(held, actor)
    assembling.item(held, 2, notified_at=None)
    added = draft(held, actor, NoticeKind.ADDENDUM)
    run(sending.send_addendum, added, seen_version=1, seen_assembly=2, actor=actor, now=NOW)
    late, on_paper = reached(make, "late@kaze.example.jp"), make.member()
    assembling.freeze(make, held)
    result = run(resending.send_to_rest, held.id, actor=actor, now=NOW)
    assert (result.members, result.mails, result.letters) == (2, 2, 2)
    for member in (late, on_paper):
        assert [one.notice_id for one in sendings(member)] == [number, added]
    db.session.rollback()
    assert list(db.session.scalars(to_post(added))) == [on_paper.id]


def test_an_addendum_by_post_is_a_letter_of_its_own(make: Factory) -> None:
    member = make.member()
    held, actor = ready(make), approver(make)
    number, _done = sent(held, actor)
    _post(number, [member], actor)
    assembling.item(held, 2, notified_at=None)
    added = draft(held, actor, NoticeKind.ADDENDUM)
    run(sending.send_addendum, added, seen_version=1, seen_assembly=2, actor=actor, now=NOW + HOUR)
    db.session.rollback()
    assert set(db.session.scalars(to_post(added))) == {member.id}
    before = _row(held, member).notified_at
    assert _post(added, [member], actor, posted_at=NOW + 2 * HOUR) == 1
    assert _row(held, member).notified_at == before
