"""The notice: written with known fields, sent once to the frozen roll, never after D-6."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, select, update

from occto.domain.agenda import ItemKind
from occto.domain.assembly import AssemblyState
from occto.domain.convocation import NoticeChannel, NoticeKind, NoticeState, too_late_from
from occto.extensions import db
from occto.models import AgendaItem, Assembly, AuditEvent, ContractOfUse, Convocation, Notice, Snapshot
from occto.queries.notice_values import member_for_preview
from occto.services.convocation import sending, writing
from occto.unit_of_work import run, unit_of_work
from tests.assembling import HELD, assembly, item
from tests.convoking import approver, convocation, draft, mails, notice, operator, reached, ready, sendings, sent
from tests.factories import NOW, Factory
from tests.observing import refused
from tests.racing import at_once

S = AssemblyState


def _send(number: int, actor: Any, **changes: Any) -> Any:
    values = {"open_replies": False, "seen_version": 1, "seen_assembly": 1, "actor": actor, "now": NOW}
    return run(sending.send_notice, number, **(values | changes))


def test_the_notice_reaches_the_whole_frozen_roll(make: Factory) -> None:
    by_mail = reached(make, "tantou@kaze.example.jp", "kanri@kaze.example.jp", name="髙砂電力株式会社")
    on_paper = make.member()
    held, actor = ready(make), approver(make)
    number, done = sent(held, actor)
    assert (done.members, done.mails, done.letters) == (2, 2, 1)
    assert {mail.to_address for mail in mails(by_mail)} == {"tantou@kaze.example.jp", "kanri@kaze.example.jp"}
    first = mails(by_mail)[0]
    assert first.params["fields"]["会員名"] == "髙砂電力株式会社"
    assert first.params["notice_subject"].startswith("【招集通知】2026年度")
    assert {one.outbox_id for one in sendings(by_mail)} == {mail.id for mail in mails(by_mail)}
    assert "佐藤 美咲（会員担当）" in {one.recipient for one in sendings(by_mail)}
    for member, channel in ((by_mail, NoticeChannel.MAIL), (on_paper, NoticeChannel.POST)):
        found = convocation(held, member)
        assert found is not None
        assert (found.channel, found.notified_at, found.bounced_at) == (channel, None, None)
    assert [(one.channel, one.outbox_id, one.accepted_at) for one in sendings(on_paper)] == [
        (NoticeChannel.POST, None, None)
    ]
    kept = notice(number)
    assert (kept.state, kept.sent_at, kept.sent_by_id) == (NoticeState.SENT, NOW, actor.user_id)
    assert "第1号議案　第1号の件" in kept.body
    assert "2026年12月18日（金）10:00" in kept.body
    assert "{会員名}" in kept.body
    row = db.session.get_one(Assembly, held.id)
    assert (row.state, row.version) == (S.REPLIES_OPEN, 2)
    assert db.session.scalars(select(AgendaItem.notified_at)).one() == NOW
    assert list(db.session.scalars(select(AuditEvent.tag).order_by(AuditEvent.id)))[-1] == "notice.sent"


def test_replies_are_opened_only_where_asked(make: Factory) -> None:
    reached(make, "a@kaze.example.jp")
    held = ready(make)
    sent(held, approver(make), open_replies=False)
    db.session.rollback()
    assert db.session.get_one(Assembly, held.id).state is S.NOTIFIED


def test_a_member_without_a_contract_is_written_to_by_post_whatever_its_addresses(make: Factory) -> None:
    member = reached(make, "a@kaze.example.jp")
    with unit_of_work() as session:
        session.execute(delete(ContractOfUse).where(ContractOfUse.member_id == member.id))
    held = ready(make)
    sent(held, approver(make))
    found = convocation(held, member)
    assert found is not None
    assert found.channel is NoticeChannel.POST
    assert mails() == []


def test_it_is_sent_once(make: Factory) -> None:
    reached(make, "a@kaze.example.jp")
    held, actor = ready(make), approver(make)
    number, _done = sent(held, actor)
    with refused("notice_sent"):
        _send(number, actor)
    other = Notice(
        assembly_id=held.id, kind=NoticeKind.NOTICE, state=NoticeState.DRAFT, subject="x", body="y", edited_at=NOW
    )
    with unit_of_work() as session:
        session.add(other)
    with refused("illegal_step"):
        _send(other.id, actor, seen_assembly=2)


def test_two_who_send_at_once_send_one(make: Factory, fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    reached(make, "a@kaze.example.jp", "b@kaze.example.jp")
    held, actor = ready(make), approver(make)
    number = draft(held, actor)
    results = at_once(fresh_app, [lambda: _send(number, actor)] * 4)
    assert sorted(one if isinstance(one, str) else "sent" for one in results) == ["notice_sent"] * 3 + ["sent"]
    db.session.rollback()
    assert len(mails()) == 2
    assert len(db.session.scalars(select(Convocation)).all()) == 1


def test_nothing_is_sent_after_the_last_lawful_day(make: Factory) -> None:
    reached(make, "a@kaze.example.jp")
    held, actor = ready(make), approver(make)
    number = draft(held, actor)
    with refused("too_late"):
        _send(number, actor, now=too_late_from(HELD))
    _send(number, actor, now=too_late_from(HELD) - timedelta(seconds=1))
    assert len(mails()) == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"reply_until": None}, "no_deadline"), ({"reply_until": NOW}, "deadline_over"), ({"state": S.COUNTING}, "illegal_step")],
)  # fmt: skip
def test_what_is_missing_is_refused(make: Factory, changes: dict[str, Any], code: str) -> None:
    reached(make, "a@kaze.example.jp")
    held, actor = ready(make), approver(make)
    number = draft(held, actor)
    with unit_of_work() as session:
        session.execute(update(Assembly).where(Assembly.id == held.id).values(**changes))
    with refused(code):
        _send(number, actor)


def test_without_frozen_votes_or_items_nothing_is_sent(make: Factory) -> None:
    reached(make, "a@kaze.example.jp")
    held, actor = assembly(make, S.FROZEN), approver(make)
    number = draft(held, actor)
    with refused("no_items"):
        _send(number, actor)
    item(held)
    with unit_of_work() as session:
        session.execute(
            update(Snapshot).where(Snapshot.assembly_id == held.id).values(state="SUPERSEDED", superseded_at=NOW)
        )
    with refused("not_frozen"):
        _send(number, actor)


def test_who_may_not_send_and_who_saw_another_text(make: Factory) -> None:
    reached(make, "a@kaze.example.jp")
    held, actor, other = ready(make), approver(make), operator(make)
    number = draft(held, other)
    with refused("not_allowed"):
        _send(number, other)
    with refused("stale"):
        _send(number, actor, seen_version=2)
    with refused("stale"):
        _send(number, actor, seen_assembly=2)
    with refused("not_found"):
        _send(2**62, actor)


def test_an_unknown_field_blocks_saving_and_sending(make: Factory) -> None:
    reached(make, "a@kaze.example.jp")
    held, actor = ready(make), approver(make)
    with refused("unknown_field", field="body"):
        draft(held, actor, body="{会社名}様")
    with refused("unknown_field", field="subject"):
        draft(held, actor, subject="{総会}")
    number = draft(held, actor)
    with refused("unclosed_field", field="body"):
        run(writing.update_notice, number, seen_version=1, subject="x", body="{会員名", actor=actor, now=NOW)
    with unit_of_work() as session:
        session.execute(update(Notice).where(Notice.id == number).values(body="{会社名}様"))
    with refused("unknown_field"):
        _send(number, actor)


@pytest.mark.parametrize(
    ("subject", "body", "code"),
    [(" ", "x", "text_missing"), ("x", "", "text_missing"), ("x" * 201, "x", "text_too_long"), ("x", "x" * 8001, "text_too_long")],
)  # fmt: skip
def test_a_text_has_its_bounds(make: Factory, subject: str, body: str, code: str) -> None:
    make.member()
    held, actor = ready(make), operator(make)
    with refused(code):
        draft(held, actor, subject=subject, body=body)


def test_a_text_that_grows_too_long_with_its_items_is_refused(make: Factory) -> None:
    reached(make, "a@kaze.example.jp")
    held, actor = ready(make), approver(make)
    number = draft(held, actor, body="あ" * 7_990 + "{議案一覧}")
    with refused("text_too_long", field="body"):
        _send(number, actor)


def test_the_title_of_an_item_is_no_field(make: Factory) -> None:
    """It would say something else to every member."""
    reached(make, "a@kaze.example.jp")
    held, actor = ready(make), approver(make)
    item(held, 2, title="{担当者名}への委嘱の件", notified_at=None)
    number = draft(held, actor)
    with refused("field_in_value", field="body"):
        _send(number, actor)


def test_a_draft_is_changed_tried_out_and_dropped(make: Factory) -> None:
    member = reached(make, "a@kaze.example.jp")
    held, actor = ready(make), operator(make)
    number = draft(held, actor)
    shown = member_for_preview(db.session(), held.id, member.operator_code)
    assert shown is not None
    address = run(writing.send_trial, number, seen_version=1, member=shown, actor=actor, now=NOW)
    (mail,) = mails()
    assert (mail.to_address, mail.member_id) == (address, None)
    assert mail.params["notice_subject"].startswith("【試し送り】【招集通知】2026年度")
    assert "第1号議案" in mail.params["notice_body"]
    assert notice(number).tested_at == NOW
    run(writing.update_notice, number, seen_version=1, subject="改めた件名", body="本文", actor=actor, now=NOW)
    assert (notice(number).tested_at, notice(number).version) == (None, 2)
    with refused("stale"):
        run(writing.update_notice, number, seen_version=1, subject="x", body="y", actor=actor, now=NOW)
    with refused("stale"):
        run(writing.send_trial, number, seen_version=1, member=shown, actor=actor, now=NOW)
    with refused("stale"):
        run(writing.drop_notice, number, seen_version=1, actor=actor, now=NOW)
    run(writing.drop_notice, number, seen_version=2, actor=actor, now=NOW)
    with refused("not_found"):
        run(writing.drop_notice, number, seen_version=2, actor=actor, now=NOW)


def test_a_sent_notice_is_never_changed(make: Factory) -> None:
    member = reached(make, "a@kaze.example.jp")
    held, actor = ready(make), approver(make)
    number, _done = sent(held, actor)
    shown = member_for_preview(db.session(), held.id, member.operator_code)
    assert shown is not None
    with refused("notice_sent"):
        run(writing.update_notice, number, seen_version=2, subject="x", body="y", actor=actor, now=NOW)
    with refused("notice_sent"):
        run(writing.send_trial, number, seen_version=2, member=shown, actor=actor, now=NOW)
    with refused("notice_sent"):
        run(writing.drop_notice, number, seen_version=2, actor=actor, now=NOW)


def test_who_may_not_write_and_when_a_kind_has_no_time(make: Factory) -> None:
    member = make.member()
    held, actor = ready(make), operator(make)
    stranger = make.actor(make.user(), member=member)
    with refused("not_allowed"):
        draft(held, stranger)
    for kind in (NoticeKind.ADDENDUM, NoticeKind.REMINDER):
        with refused("illegal_step"):
            draft(held, actor, kind)
    with refused("not_found"):
        run(writing.create_notice, 2**62, kind=NoticeKind.NOTICE, subject="x", body="y", actor=actor, now=NOW)


def _addendum(number: int, actor: Any, **changes: Any) -> Any:
    return run(
        sending.send_addendum, number, **({"seen_version": 1, "seen_assembly": 2, "actor": actor, "now": NOW} | changes)
    )


def test_an_addendum_names_the_new_items_and_goes_to_everybody(make: Factory) -> None:
    by_mail, on_paper = reached(make, "a@kaze.example.jp"), make.member()
    held, actor = ready(make), approver(make)
    sent(held, actor)
    number = draft(held, actor, NoticeKind.ADDENDUM)
    with refused("no_items"):
        _addendum(number, actor)
    later = NOW + timedelta(days=1)
    added = item(held, 2, kind=ItemKind.BUDGET, title="予算の件", notified_at=None)
    with refused("too_late"):
        _addendum(number, actor, now=too_late_from(HELD))
    done = _addendum(number, actor, now=later)
    assert (done.members, done.mails, done.letters) == (2, 1, 1)
    body = notice(number).body
    assert "第2号議案　予算の件" in body
    assert "第1号議案" not in body
    assert db.session.get_one(AgendaItem, added.id).notified_at == later
    assert len(sendings(by_mail)) == len(sendings(on_paper)) == 2
    with refused("notice_sent"):
        _addendum(number, actor)


def test_an_addendum_is_refused_to_whom_and_when_it_may_not(make: Factory) -> None:
    reached(make, "a@kaze.example.jp")
    held, actor, other = ready(make), approver(make), operator(make)
    first, _done = sent(held, actor)
    number = draft(held, actor, NoticeKind.ADDENDUM)
    reminder = draft(held, actor, NoticeKind.REMINDER)
    item(held, 2, notified_at=None)
    with refused("not_allowed"):
        _addendum(number, other)
    with refused("stale"):
        _addendum(number, actor, seen_version=7)
    with refused("stale"):
        _addendum(number, actor, seen_assembly=1)
    with refused("wrong_kind"):
        _addendum(reminder, actor)
    with refused("wrong_kind"):
        _send(number, actor, seen_assembly=2)
    with refused("notice_sent"):
        _addendum(first, actor)
    with unit_of_work() as session:
        session.execute(update(Assembly).where(Assembly.id == held.id).values(state=S.REPLIES_CLOSED))
    with refused("illegal_step"):
        _addendum(number, actor)
