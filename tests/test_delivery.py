"""Mail through a real SMTP server: taken, refused for now, refused for good, slow, absent."""

import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from flask import Flask

from occto import clock, delivery
from occto.delivery import MASK, deliver_due, fill, transport
from occto.domain.codes import LinkPurpose, MailState
from occto.domain.mails import MAILS
from occto.extensions import db
from occto.models import DemoMail, Link, OutboxMail
from occto.pages import site
from occto.services import outbox
from occto.unit_of_work import run
from tests.clients import Browser
from tests.factories import Factory

TO = "tantou@kaze.example.jp"


class Server:
    """Answers DATA and RCPT as told, and keeps what it took."""

    def __init__(self) -> None:
        self.answer = "250 OK"
        self.rcpt = "250 OK"
        self.taken: list[Any] = []

    async def handle_RCPT(self, _s: Any, _session: Any, envelope: Any, address: str, _o: Any) -> str:  # noqa: N802
        if self.rcpt.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.rcpt

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        self.taken.append(message_from_bytes(envelope.content, policy=policy.default))
        return self.answer


@pytest.fixture
def server(app: Flask) -> Iterator[Server]:
    handler = Server()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    before = dict(app.config)
    app.config.update(
        MAIL_SERVER="127.0.0.1", MAIL_PORT=port, MAIL_SENDER="no-reply@members.example.jp", MAIL_TIMEOUT=1
    )
    yield handler
    app.config.update({name: before[name] for name in ("MAIL_SERVER", "MAIL_PORT", "MAIL_SENDER", "MAIL_TIMEOUT")})
    controller.stop()


def queue(template: str = "join/start", **params: Any) -> int:
    mail = run(outbox.queue, template, to=TO, params={"known_user": False, **params}, now=clock.now())
    assert mail is not None
    return mail.id


def row(mail_id: int) -> OutboxMail:
    db.session.rollback()
    found = db.session.get(OutboxMail, mail_id)
    assert found is not None
    return found


def test_a_mail_is_sent_with_a_link_that_is_nowhere_kept(server: Server, app: Flask) -> None:
    mail_id = queue()
    assert deliver_due() == 1
    sent = server.taken[0]
    assert sent["To"] == TO
    assert sent["Subject"] == "加入の申請用リンクのお知らせ"
    assert "電力広域的運営推進機関" in sent["From"]
    assert sent["Message-ID"] == f"<{row(mail_id).message_id}@members.example.jp>"
    body = sent.get_content()
    token = body.split("/join/links/")[1].split()[0]
    kept = row(mail_id)
    assert kept.state is MailState.SENT
    assert token not in (kept.body_masked or "")
    assert MASK in (kept.body_masked or "")
    link = db.session.query(Link).one()
    assert link.purpose is LinkPurpose.APPLY
    assert token not in link.token_hash


@pytest.mark.parametrize("answer", ["451 try later", "421 busy"])
def test_a_passing_refusal_is_tried_again_under_the_same_message_id(server: Server, app: Flask, answer: str) -> None:
    server.answer = answer
    mail_id = queue()
    deliver_due()
    waiting = row(mail_id)
    assert waiting.state is MailState.PENDING
    assert waiting.next_at > clock.now()
    assert waiting.last_error
    server.answer = "250 OK"
    with run_at(waiting):
        deliver_due()
    assert row(mail_id).state is MailState.SENT
    assert server.taken[0]["Message-ID"] == server.taken[1]["Message-ID"]


class run_at:  # noqa: N801 - reads as a phrase
    """Make a waiting mail due, as time would."""

    def __init__(self, mail: OutboxMail) -> None:
        self.mail_id = mail.id

    def __enter__(self) -> None:
        def due(session: Any) -> None:
            session.get(OutboxMail, self.mail_id).next_at = clock.now() - timedelta(seconds=1)

        run(due)

    def __exit__(self, *_: object) -> None:
        return None


@pytest.mark.parametrize(("part", "answer"), [("rcpt", "550 no such user"), ("answer", "554 not wanted")])
def test_a_refusal_for_good_is_a_bounce(server: Server, app: Flask, part: str, answer: str) -> None:
    setattr(server, part, answer)
    mail_id = queue()
    deliver_due()
    assert row(mail_id).state is MailState.BOUNCED
    assert answer[:3] in (row(mail_id).last_error or "")
    assert deliver_due() == 0


def test_no_server_leaves_the_mail_waiting(server: Server, app: Flask) -> None:
    app.config["MAIL_PORT"] = 9  # nobody listens there
    mail_id = queue()
    deliver_due()
    assert row(mail_id).state is MailState.PENDING
    assert row(mail_id).attempts == 1


def test_a_slow_server_delays_no_page(server: Server, app: Flask) -> None:
    """A server that takes the connection and then says nothing: the page answers, the mail waits for its next try."""
    silent = socket.socket()
    silent.bind(("127.0.0.1", 0))
    silent.listen()
    app.config["MAIL_PORT"] = silent.getsockname()[1]
    app.config["MAIL_TIMEOUT"] = 0.15
    browser = Browser(app)
    browser.get("/join/")
    browser.submit({"email": TO})
    assert browser.path == "/join/sent"
    assert deliver_due() == 1
    waiting = db.session.query(OutboxMail).one()
    assert waiting.state is MailState.PENDING
    silent.close()


def test_one_bad_mail_does_not_stop_the_others(server: Server, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = queue("join/returned", stage="PROVISIONAL"), queue()
    real = delivery.fill

    def broken(template: str, values: dict[str, Any]) -> tuple[str, str]:
        if template == "join/returned":
            raise RuntimeError("the template is broken")
        return real(template, values)

    monkeypatch.setattr(delivery, "fill", broken)
    deliver_due()
    assert row(bad).state is MailState.PENDING
    assert row(good).state is MailState.SENT


def test_without_a_way_out_nothing_is_claimed(app: Flask) -> None:
    mail_id = queue()
    assert transport() is None
    assert deliver_due() == 0
    assert row(mail_id).attempts == 0


def test_the_demo_mailbox_keeps_a_copy_sent_twice_once(app: Flask) -> None:
    app.config["DEMO"] = True
    try:
        mail_id = queue()
        deliver_due()

        def again(session: Any) -> None:
            mail = session.get(OutboxMail, mail_id)
            mail.state, mail.sent_at = MailState.PENDING, None

        run(again)
        deliver_due()
    finally:
        app.config["DEMO"] = False
    assert db.session.query(DemoMail).count() == 1


def test_header_injection_is_refused_and_kept_out(server: Server, app: Flask) -> None:
    mail_id = queue("join/withdrawn", company="悪い会社\r\nBcc: all@kaze.example.jp", number=None)
    deliver_due()
    assert row(mail_id).state is MailState.SENT
    assert server.taken[0]["Bcc"] is None


WORDS: dict[str, Any] = {
    "corrected": False,
    "assembly_id": 3,
    "item_no": 2,
    "item_title": "2027年度事業計画の件",
    "report": False,
    "has_vote": True,
    "replies_open": True,
    "replies_ahead": False,
    "reply_until": "2026-12-16T08:00:00+00:00",
    "held_at": "2026-12-17T08:00:00+00:00",
    "held_on": "2026-12-17",
    "record_on": "2026-11-17",
    "votes_before": 12,
    "votes_after": 0,
    "total_before": 1200,
    "total_after": 1800,
    "company": "髙砂グリーン電力株式会社",
    "number": "J-2026-00001-4",
    "name": "佐藤 美咲",
    "voter": "高田 亮",
    "contact": "佐藤 美咲",
    "contractor": "みらい行政書士法人",
    "stage": "MAIN",
    "stage_label": "加入本申請",
    "state": "MAIN_IN_REVIEW",
    "at": "2026-11-23T03:00:00+00:00",
    "revision_no": 2,
    "reason": "1項目の修正をお願いします。",
    "count": 1,
    "lapse_on": "2027-11-23",
    "removed_on": "2027-02-21",
    "member_on": "2026-11-23",
    "operator_code": "04172",
    "ended_at": "2026-11-23T03:00:00+00:00",
    "formed_on": "2026-11-23",
    "clause_label": "利用規約 2.7.1",
    "on_application": True,
    "ground": "会員からの申し出",
    "terms_no": 1,
    "left": 9,
    "hours": 72,
    "link": "https://members.example.jp/x/TOKEN",
    "known_user": True,
    "to_address": TO,
    "title": "商号・資本金の変更",
    "request_id": 42,
    "immediate": 1,
    "days": ["2026-12-01", "2027-04-01"],
    "other_number": "C-2026-00043",
    "words": ["商号", "資本金"],
    "ended_on": "2026-12-01",
    "by": "佐藤 美咲",
    "other_title": "資本金の変更",
    "role_label": "申請担当",
    "new": "sato.new@kaze.example.jp",
    "act": "ユーザの招待",
    "email": TO,
    "role_labels": ["審査担当", "承認者"],
    "to_member": True,
    "on_paper": False,
    "persons": ["湊 さやか"],
    "starts_on": "2026-12-01",
    "last_on": "2027-11-30",
    "procedure_labels": ["閲覧", "変更申請"],
    "side": "MEMBER",
    "mandate_id": 12,
    "kind": "CHANGE",
    "kind_words": "管理者の変更",
    "person": "佐藤 美咲",
    "old_name": "鈴木 一郎",
    "role": "VIEWER",
    "withdrawn": False,
    "notice_subject": "【招集通知】2026年度 第1回 通常総会",
    "notice_body": "次のとおり総会を開きますので、お知らせします。",
    "assembly": "2026年度 第1回 臨時総会",
    "place": "東都会館 3階 大会議室",
    "assembly_title": "2026年度 第2回 臨時総会",
    "held": "2026年12月18日（金）10:00",
    "election_id": 5,
    "group": "発電グループ",
    "holder": "汐見電力株式会社",
    "filed_by": "汐見でんき株式会社",
    "several": True,
    "body": "子法人ではありません。",
    "answer": "資本関係の登録を訂正しました。",
    "until": "2026年12月17日（木）17:00",
    "received": "2026年12月9日（水）14:03",
    "receipt_code_grouped": "K7QM-4T9X-2BZ8",
    "online": True,
    "channel_label": "電子",
    "standing": True,
    "attendance_label": "出席する",
    "proxy": None,
    "people": ["経営企画部 部長　佐藤 美咲 様（議決権を行使する方）"],
    "choices": [["第1号議案　2027年度 事業計画及び収支予算の件", "賛成"]],
    "opinion": None,
    "ticket_number": "2041-7",
    "role_words": "議決権を行使する方",
    "reception": "09:15",
    "seat": "A-12",
    "earlier": "2040-9",
    "gone": [],
    "instead_of": "鈴木 一郎",
    "taken_back": "賛否の回答",
    "stands": "賛否の回答",
}


@pytest.mark.parametrize("name", sorted(MAILS))
def test_every_mail_reads_whole(app: Flask, name: str) -> None:
    """Every mail names the office, has one line of subject, no gap where a value was, and its link alone on a line."""
    from jinja2 import StrictUndefined

    strict = app.jinja_env.overlay(undefined=StrictUndefined)
    original, app.jinja_env = app.jinja_env, strict
    try:
        subject, body = fill(name, {**WORDS, "site": site()})
    finally:
        app.jinja_env = original
    assert subject
    assert "\n" not in subject
    assert len(subject) <= 78
    assert "総務部総務グループ" in body
    assert "None" not in body + subject
    carries = MAILS[name] is not None
    assert (WORDS["link"] in body.splitlines()) is carries
    assert "\n\n\n" not in body


@pytest.mark.parametrize("role", [None, "VIEWER"])
def test_a_mail_about_a_role_that_ended_is_sent(server: Server, role: str | None) -> None:
    mail_id = queue("account/administrator_ended", **{**WORDS, "role": role})
    assert deliver_due() == 1
    assert row(mail_id).state is MailState.SENT
    words = "閲覧だけ" if role else "ご利用いただけません"
    assert words in server.taken[0].get_content()


def test_threads_deliver_each_mail_once(make: Factory, fresh_app: Flask) -> None:
    """Two workers at once: every mail goes out once."""
    with fresh_app.app_context():
        fresh_app.config["DEMO"] = True
        for _ in range(12):
            queue()

    def work() -> None:
        with fresh_app.app_context():
            while deliver_due(limit=2):
                pass
            db.session.remove()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with fresh_app.app_context():
        rows = db.session.query(OutboxMail).all()
        assert {mail.state for mail in rows} == {MailState.SENT}
        assert {mail.attempts for mail in rows} == {1}
        assert db.session.query(DemoMail).count() == 12
