from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from occto.domain.codes import MailState
from occto.extensions import db
from occto.models import OutboxMail
from occto.services import outbox
from occto.services.outbox import Letter
from occto.unit_of_work import run
from tests.factories import NOW
from tests.observing import refused, row_counts
from tests.test_statement_counts import counted

SECOND = timedelta(seconds=1)


def _queue(no: int = 1, **changes: Any) -> int:
    mail = run(outbox.queue, "join/start", to=f"a{no}@example.jp", now=NOW, **changes)
    assert mail is not None
    return mail.id


def _claim(now: datetime = NOW, limit: int = 20) -> list[int]:
    return run(outbox.claim, now=now, limit=limit)


def _fail(mail_id: int, now: datetime, *, permanent: bool = False) -> None:
    run(outbox.mark_failed, mail_id, error="451 try later", permanent=permanent, now=now)


def _mail(mail_id: int) -> OutboxMail:
    db.session.expunge_all()
    db.session.rollback()
    found = db.session.get(OutboxMail, mail_id)
    assert found is not None
    return found


def test_a_claimed_mail_is_leased_and_nobody_elses(app: Flask) -> None:
    first, second = _queue(1), _queue(2)
    assert _claim(limit=1) == [first]
    mail = _mail(first)
    assert (mail.state, mail.lease_until, mail.attempts) == (MailState.LEASED, NOW + outbox.LEASE, 1)
    assert _claim() == [second]
    assert _claim() == []


def test_a_mail_is_not_claimed_before_its_time(app: Flask) -> None:
    mail_id = _queue()
    assert _claim(NOW - SECOND) == []
    assert _claim() == [mail_id]


def test_the_oldest_due_goes_first(app: Flask) -> None:
    ids = [_queue(no) for no in range(5)]
    assert _claim(limit=3) == ids[:3]
    assert _claim(limit=3) == ids[3:]


def test_sent_is_the_end(app: Flask) -> None:
    mail_id = _queue()
    _claim()
    sent_at = NOW + SECOND
    run(outbox.mark_sent, mail_id, subject="件名" * 200, body_masked="本文", now=sent_at)
    mail = _mail(mail_id)
    assert (mail.state, mail.sent_at, mail.lease_until, mail.body_masked) == (MailState.SENT, sent_at, None, "本文")
    assert len(mail.subject or "") == 300
    assert _claim(NOW + timedelta(days=400)) == []


def test_failures_wait_longer_and_end_as_failed(app: Flask) -> None:
    mail_id, now = _queue(), NOW
    waits = []
    for _ in range(len(outbox.BACK_OFF)):
        assert _claim(now) == [mail_id]
        _fail(mail_id, now)
        mail = _mail(mail_id)
        assert (mail.state, mail.last_error) == (MailState.PENDING, "451 try later")
        waits.append(mail.next_at - now)
        assert _claim(mail.next_at - SECOND) == []
        now = mail.next_at
    assert waits == list(outbox.BACK_OFF) == sorted(waits)
    assert _claim(now) == [mail_id]
    _fail(mail_id, now)
    assert _mail(mail_id).state is MailState.FAILED
    assert _claim(now + timedelta(days=400)) == []


def test_a_refusal_for_good_is_not_tried_again(app: Flask) -> None:
    mail_id = _queue()
    _claim()
    _fail(mail_id, NOW, permanent=True)
    assert _mail(mail_id).state is MailState.BOUNCED
    assert _claim(NOW + timedelta(days=400)) == []


def test_an_expired_lease_is_uncertain_and_sent_again_as_the_same_message(app: Flask) -> None:
    mail_id = _queue()
    before = _mail(mail_id).message_id
    _claim()
    assert _claim(NOW + outbox.LEASE - SECOND) == []
    run(outbox.claim, now=NOW + outbox.LEASE, limit=0)
    uncertain = _mail(mail_id)
    assert (uncertain.state, uncertain.lease_until) == (MailState.UNCERTAIN, None)
    assert "Message-ID" in (uncertain.last_error or "")
    assert _claim(NOW + outbox.LEASE) == [mail_id]
    again = _mail(mail_id)
    assert (again.message_id, again.attempts) == (before, 2)


def test_every_mail_has_a_message_id_of_its_own(app: Flask) -> None:
    for no in range(5):
        _queue(no)
    assert len(set(db.session.scalars(select(OutboxMail.message_id)))) == 5


def test_the_same_key_is_queued_once(app: Flask) -> None:
    _queue(dedupe_key="lapse:1:6m")
    before = row_counts()
    assert run(outbox.queue, "join/start", to="b@example.jp", now=NOW, dedupe_key="lapse:1:6m") is None
    assert row_counts() == before
    assert _queue(2, dedupe_key="lapse:1:9m")


def test_only_what_did_not_arrive_is_sent_again(app: Flask) -> None:
    pending, sent, failed = _queue(1), _queue(2), _queue(3)
    with refused("mail_not_failed"):
        run(outbox.send_again, pending, now=NOW)
    _claim()
    with refused("mail_not_failed"):
        run(outbox.send_again, failed, now=NOW)
    run(outbox.mark_sent, sent, subject="s", body_masked="b", now=NOW)
    with refused("mail_not_failed"):
        run(outbox.send_again, sent, now=NOW)
    _fail(failed, NOW, permanent=True)
    later = NOW + timedelta(days=2)
    run(outbox.send_again, failed, now=later)
    mail = _mail(failed)
    assert (mail.state, mail.attempts, mail.next_at) == (MailState.PENDING, 0, later)
    with refused("not_found"):
        run(outbox.send_again, 10**9, now=NOW)


@pytest.mark.races
def test_sixteen_workers_claim_each_mail_once(fresh_app: Flask) -> None:
    ids = [_queue(no) for no in range(80)]
    db.session.remove()
    ready = Barrier(16)

    def worker(_no: int) -> list[int]:
        with fresh_app.app_context():
            ready.wait()
            claimed = [mail for _ in range(8) for mail in _claim(limit=2)]
            db.session.remove()
            return claimed

    with ThreadPoolExecutor(16) as pool:
        claimed = [mail for found in pool.map(worker, range(16)) for mail in found]
    claimed += _claim(limit=200)
    assert sorted(claimed) == ids


def test_many_are_queued_in_one_statement_in_their_order(app: Flask) -> None:
    keys = {no: f"key:{no}" for no in range(0, 40, 2)}
    letters = [Letter(f"a{no}@example.jp", {"no": no}, dedupe_key=keys.get(no)) for no in range(40)]
    with counted(app) as statements:
        numbers = run(outbox.queue_numbered, "assemblies/cancelled", letters, now=NOW)
    assert len([one for one in statements if one.startswith("INSERT")]) == 1
    assert len([one for one in statements if one.startswith("SELECT")]) == 0
    assert [_mail(number).to_address for number in numbers] == [letter.to for letter in letters]
    assert [_mail(number).params["no"] for number in numbers] == list(range(40))
    assert sorted(_claim(limit=100)) == sorted(numbers)
    assert run(outbox.queue_numbered, "assemblies/cancelled", [], now=NOW) == []


def test_many_whose_numbers_nobody_needs_are_queued_in_one_statement(app: Flask) -> None:
    letters = [Letter(f"a{no}@example.jp", {"no": no}) for no in range(40)]
    with counted(app) as statements:
        run(outbox.queue_many, "assemblies/cancelled", letters, now=NOW)
        run(outbox.queue_many, "assemblies/cancelled", [], now=NOW)
    assert len(statements) == 1, statements
    queued = [_mail(number) for number in sorted(_claim(limit=100))]
    assert [(mail.to_address, mail.params["no"]) for mail in queued] == [(one.to, one.params["no"]) for one in letters]
