"""Mails that come back after a server had taken them, and to whom a letter still goes (電気事業法 28条の36)."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from occto.domain.codes import MailState, MemberState
from occto.domain.convocation import NoticeChannel, NoticeKind
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import AuditEvent, Member, OutboxMail
from occto.queries.convocation import to_post
from occto.queries.notice_letters import number_to_post
from occto.services import outbox
from occto.services.convocation import posting, reminding
from occto.unit_of_work import run, unit_of_work
from tests.admin.office import send, staff
from tests.convoking import approver, convocation, draft, mails, reached, ready, sendings, sent, taken
from tests.factories import NOW, Factory
from tests.observing import refused

HOUR = timedelta(hours=1)


def _returned(mail: OutboxMail, *, now: datetime = NOW + 3 * HOUR) -> None:
    assert run(outbox.mark_returned, mail.id, words="550 5.1.1 User unknown", now=now) == mail.sent_at


def test_the_member_was_notified_by_what_else_reached_it_or_not_at_all(make: Factory) -> None:
    member = reached(make, "a@kaze.example.jp", "b@kaze.example.jp")
    held = ready(make)
    number, _done = sent(held, approver(make))
    first, second = mails(member)
    taken(first, now=NOW + HOUR)
    taken(second, now=NOW + 2 * HOUR)
    _returned(mails(member)[0])
    found = convocation(held, member)
    assert found is not None
    assert (found.notified_at, found.bounced_at) == (NOW + 2 * HOUR, None)
    assert [(one.accepted_at, one.failed_at) for one in sendings(member)] == [
        (None, NOW + 3 * HOUR),
        (NOW + 2 * HOUR, None),
    ]
    _returned(mails(member)[1])
    found = convocation(held, member)
    assert found is not None
    assert (found.notified_at, found.bounced_at) == (None, NOW + 3 * HOUR)
    assert list(db.session.scalars(to_post(number))) == [member.id]
    mail = mails(member)[1]
    assert (mail.state, mail.sent_at, mail.last_error) == (MailState.BOUNCED, None, "550 5.1.1 User unknown")


def test_while_another_mail_is_under_way_nothing_is_lost_yet(make: Factory) -> None:
    member = reached(make, "a@kaze.example.jp", "b@kaze.example.jp")
    held = ready(make)
    sent(held, approver(make))
    taken(mails(member)[0])
    _returned(mails(member)[0])
    found = convocation(held, member)
    assert found is not None
    assert (found.notified_at, found.bounced_at) == (None, None)


def test_a_reminder_that_comes_back_changes_nothing_of_the_notice(make: Factory) -> None:
    member = reached(make, "a@kaze.example.jp")
    held, actor = ready(make), approver(make)
    sent(held, actor)
    taken(mails(member)[0])
    run(reminding.send_reminder, draft(held, actor, NoticeKind.REMINDER), seen_version=1, actor=actor, now=NOW)
    taken(mails(member)[1])
    _returned(mails(member)[1])
    found = convocation(held, member)
    assert found is not None
    assert (found.notified_at, found.bounced_at) == (NOW, None)


def test_what_was_not_sent_cannot_come_back(make: Factory) -> None:
    member = reached(make, "a@kaze.example.jp")
    sent(ready(make), approver(make))
    with refused("mail_not_sent"):
        _returned(mails(member)[0])


def test_whoever_has_left_gets_no_letter_and_is_not_recorded_as_posted(make: Factory) -> None:
    staying, leaving = make.member(), make.member()
    held, actor = ready(make), approver(make)
    number, _done = sent(held, actor)
    with unit_of_work() as session:
        session.execute(update(Member).where(Member.id == leaving.id).values(current_state=MemberState.LEFT))
    assert list(db.session.scalars(to_post(number))) == [staying.id]
    assert number_to_post(db.session(), number) == 1
    with refused("nobody_to_post"):
        run(
            posting.mark_posted,
            number,
            member_ids=[leaving.id],
            channel=NoticeChannel.POST,
            posted_at=NOW,
            actor=actor,
            now=NOW,
        )


@pytest.mark.parametrize(("role", "may"), [(Role.OPERATOR, True), (Role.APPROVER, False)])
def test_the_door(make: Factory, role: Role, may: bool) -> None:
    member = reached(make, "a@kaze.example.jp")
    held = ready(make)
    sent(held, approver(make))
    taken(mails(member)[0])
    number, browser = mails(member)[0].id, staff(make, role)
    browser.get(f"/admin/mails/details/?id={number}")
    assert ("届かずに戻ってきたと記録する" in browser.text) is may
    if not may:
        assert browser.get(f"/admin/mails/returned/?id={number}").status_code == 403
        return
    browser.get(f"/admin/mails/returned/?id={number}")
    assert send(browser, "/returned/", {"reason": ""}) == 422
    assert send(browser, "/returned/", {"reason": "550 宛先不明"}) == 200
    assert "不達として記録しました" in browser.text
    assert "550 宛先不明" in browser.text
    found = convocation(held, member)
    assert found is not None
    assert found.bounced_at is not None
    assert "mail.returned" in set(db.session.scalars(select(AuditEvent.tag)))
