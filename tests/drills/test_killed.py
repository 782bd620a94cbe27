"""kill -9 while writing: what was acknowledged is there, nothing is half there, and the trail verifies."""

import signal
import subprocess
import sys

import pytest
from flask import Flask
from sqlalchemy import select

from occto import clock, delivery
from occto.domain.codes import MailState
from occto.extensions import db
from occto.models import OutboxMail
from tests.answers import filled
from tests.drills.observing import NOTHING, WHOLE, numbers_of, require_whole_trail, traces
from tests.drills.submitting import check_page, press
from tests.factories import Factory

pytestmark = pytest.mark.races


def _submitter(url: str, point: str, *ids: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.drills.submitting", url, point, *map(str, ids)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _let_go() -> None:
    """Close what this process holds, so that only the other one writes."""
    db.session.remove()
    db.engine.dispose()


POINTS = ("INSERT INTO application_revisions", "INSERT INTO audit_events", "INSERT INTO outbox", "COMMIT")


@pytest.mark.parametrize("point", POINTS)
def test_killed_in_the_middle_of_a_submission_nothing_is_half_there(
    fresh_app: Flask, fresh_url: str, point: str
) -> None:
    make = Factory(fresh_app)
    case = filled(make).id
    _let_go()
    with _submitter(fresh_url, point, case) as process:
        printed, _ = process.communicate(timeout=20)
    assert process.returncode == -signal.SIGKILL
    assert printed == "ready\n"
    assert numbers_of([case]) == {}
    assert traces(case) == NOTHING
    number = press(check_page(make, case))  # the applicant opens the page again and presses
    assert numbers_of([case]) == {case: number}
    require_whole_trail()


def test_killed_among_submissions_every_acknowledged_one_is_there(fresh_app: Flask, fresh_url: str) -> None:
    make = Factory(fresh_app)
    cases = [filled(make).id for _ in range(9)]
    _let_go()
    with _submitter(fresh_url, "-", *cases) as process:
        assert process.stdout is not None
        acknowledged = [process.stdout.readline().split() for _ in range(4)]
        process.kill()
        acknowledged += [line.split() for line in process.stdout if line.endswith("\n")]
    assert process.returncode == -signal.SIGKILL
    receipts = {int(line[0]): line[1] for line in acknowledged if len(line) == 2}
    assert len(receipts) >= 3
    numbers = numbers_of(cases)
    assert receipts.items() <= numbers.items()
    assert len(receipts) <= len(numbers) <= len(receipts) + 1  # one may lie between commit and receipt
    require_whole_trail()


class _Way:
    """Takes mails and remembers them; the way out of a worker."""

    def __init__(self) -> None:
        self.sent: list[delivery.Rendered] = []

    def send(self, mail: delivery.Rendered) -> None:
        self.sent.append(mail)


def test_killed_between_commit_and_mail_the_next_worker_sends_it_once(
    fresh_app: Flask, fresh_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = filled(Factory(fresh_app)).id
    _let_go()
    with _submitter(fresh_url, "AFTER COMMIT", case) as process:
        printed, _ = process.communicate(timeout=20)
    assert (process.returncode, printed) == (-signal.SIGKILL, "ready\n")
    assert traces(case) == WHOLE
    copies = select(OutboxMail).where(OutboxMail.template == "join/submitted").order_by(OutboxMail.id)
    assert {mail.state for mail in db.session.scalars(copies)} == {MailState.PENDING}
    way = _Way()
    monkeypatch.setattr(delivery, "transport", lambda: way)
    while delivery.deliver_due():
        pass
    assert delivery.deliver_due() == 0
    db.session.remove()
    found = db.session.scalars(copies).all()
    assert {mail.state for mail in found} == {MailState.SENT}
    sent = [mail.message_id for mail in way.sent if mail.mail_id in {mail.id for mail in found}]
    assert sorted(sent) == sorted(mail.message_id for mail in found)
    assert all(mail.sent_at is not None and mail.sent_at <= clock.now() for mail in found)
