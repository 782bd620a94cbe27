"""招集通知 on the screens of staff: written, looked through, tried out, sent, posted, followed."""

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from occto import clock
from occto.domain.assembly import AssemblyState
from occto.domain.convocation import NoticeChannel, NoticeKind, NoticeState
from occto.domain.dates import format_date
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import Assembly, Member, Notice, OutboxMail
from occto.services import outbox
from occto.unit_of_work import run, unit_of_work
from tests import assembling
from tests.admin.counting import statements
from tests.admin.office import committing_only_in_units_of_work, send, staff, unchanged
from tests.clients import Browser
from tests.convoking import approver, bounced, convocation, mails, reached, sendings, sent
from tests.factories import Factory
from tests.observing import everything

S = AssemblyState


def _ready(make: Factory, days: int = 30) -> Assembly:
    """An assembly of the real clock, frozen, with an item."""
    held_at = clock.now() + timedelta(days=days)
    changes = {"held_at": held_at, "reply_until": held_at - timedelta(days=1)}
    held = assembling.assembly(make, S.FROZEN, **changes)
    assembling.item(held, 1)
    return held


def _written(browser: Browser, held: Assembly, kind: NoticeKind = NoticeKind.NOTICE) -> Notice:
    browser.get(f"/admin/notices/new/?assembly={held.id}&kind={kind.value}")
    assert send(browser, "/new/") == 200, browser.text
    db.session.rollback()
    return db.session.scalars(select(Notice).order_by(Notice.id.desc()).limit(1)).one()


def _sent(browser: Browser, notice: Notice) -> None:
    browser.get(f"/admin/notices/send/?id={notice.id}")
    send(browser, "/send/")
    send(browser, "/send/", {"confirmed": "y"})


def test_from_the_first_word_to_the_last_letter(make: Factory) -> None:
    by_mail = reached(make, "tantou@kaze.example.jp", "kanri@kaze.example.jp", name="髙砂グリーン電力株式会社")
    on_paper = make.member(name="紙対応電力株式会社")
    held = _ready(make)
    browser = staff(make)
    with committing_only_in_units_of_work():
        browser.get(f"/admin/convocations/?id={held.id}")
        assert "招集通知の文を作る" in browser.text
        assert "総会の6日前" in browser.text
        notice = _written(browser, held)
        assert browser.path == "/admin/notices/details/"
        assert "髙砂グリーン電力株式会社\n佐藤 美咲 様" in browser.text
        assert "第1号議案　第1号の件" in browser.text
        assert f"/assemblies/{held.id}" in browser.text
        browser.get(f"/admin/notices/details/?id={notice.id}&member={on_paper.operator_code}")
        assert "紙対応電力株式会社\nご担当者 様" in browser.text
        send(browser, "/trial/")
        assert "試しのメールを送りました" in browser.text
        browser.get(f"/admin/notices/send/?id={notice.id}")
        before = everything()
        assert send(browser, "/send/") == 200
        assert unchanged(before)
        assert "2社" in browser.text
        assert "1社（2通）" in browser.text
        assert "定足数の数え方が決まっていません" in browser.text
        assert "資料が1つも登録されていません" in browser.text
        send(browser, "/send/", {"confirmed": "y"})
        assert browser.path == "/admin/convocations/"
        assert "送信の列に入れました" in browser.text
        assert "手紙を待っている会員が1社" in browser.text
        db.session.rollback()
        assert db.session.get_one(Assembly, held.id).state is S.REPLIES_OPEN
        answer = browser.client.get(f"/admin/notices/letters/?id={notice.id}")
        assert answer.data.startswith(b"%PDF-")
        assert browser.client.get(f"/admin/notices/labels/?id={notice.id}").data.startswith(b"%PDF-")
        browser.get(f"/admin/notices/posted/?id={notice.id}")
        send(browser, "/posted/")
        assert "紙対応電力株式会社" in browser.text
        send(browser, "/posted/", {"confirmed": "y"})
    found = convocation(held, on_paper)
    assert found is not None
    assert found.channel is NoticeChannel.POST
    assert found.notified_at is not None
    assert "手紙を待っている会員" not in browser.text
    assert len(mails(by_mail)) == 2


def test_sent_twice_it_goes_out_once(make: Factory) -> None:
    reached(make, "a@kaze.example.jp")
    held, browser = _ready(make), staff(make)
    notice = _written(browser, held)
    browser.get(f"/admin/notices/send/?id={notice.id}")
    send(browser, "/send/")
    form = next(one for one in browser.forms() if one["action"].endswith("/send/"))
    data = {**form["fields"], "confirmed": "y"}
    answers = [browser.client.post("/admin/notices/send/", data=data) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert len(mails()) == 1
    other = dict(data, form_id="another-form-id")
    again = browser.client.post("/admin/notices/send/", data=other)
    assert again.status_code == 409
    assert "すでに送りました" in again.text
    assert len(mails()) == 1


def test_an_unknown_field_stands_beside_the_text_and_nothing_is_lost(make: Factory) -> None:
    make.member()
    held, browser = _ready(make), staff(make, Role.OPERATOR)
    browser.get(f"/admin/notices/new/?assembly={held.id}&kind=NOTICE")
    assert send(browser, "/new/", {"body": "{開催日}の件"}) == 409
    assert 'id="body-e"' in browser.text
    assert "{開催日時}" in browser.text
    assert "{開催日}の件</textarea>" in browser.text
    assert db.session.scalars(select(Notice)).all() == []


def test_an_operator_writes_and_does_not_send(make: Factory) -> None:
    reached(make, "a@kaze.example.jp")
    held, browser = _ready(make), staff(make, Role.OPERATOR)
    notice = _written(browser, held)
    assert "/admin/notices/send/" not in browser.text
    assert browser.client.get(f"/admin/notices/send/?id={notice.id}").status_code == 403
    browser.get(f"/admin/notices/edit/?id={notice.id}")
    send(browser, "/edit/", {"subject": "改めた件名"})
    assert "改めた件名" in browser.text
    send(browser, "/delete/")
    assert "下書きを削除しました" in browser.text
    assert db.session.scalars(select(Notice)).all() == []


def test_it_is_too_late_after_the_sixth_day_before(make: Factory) -> None:
    reached(make, "a@kaze.example.jp")
    held, browser = _ready(make, days=5), staff(make)
    browser.get(f"/admin/convocations/?id={held.id}")
    assert "過ぎました" in browser.text
    notice = _written(browser, held)
    browser.get(f"/admin/notices/send/?id={notice.id}")
    send(browser, "/send/")
    assert send(browser, "/send/", {"confirmed": "y"}) == 409
    assert "電気事業法 28条の36" in browser.text
    assert mails() == []


def _lost(make: Factory) -> tuple[Assembly, Browser, Member, Notice]:
    lost, fine = reached(make, "a@kaze.example.jp", name="不達電力株式会社"), reached(make, "b@kaze.example.jp")
    held, browser = _ready(make), staff(make)
    notice = _written(browser, held)
    _sent(browser, notice)
    bounced(mails(lost)[0], now=clock.now())
    run(outbox.mark_sent, mails(fine)[0].id, subject="s", body_masked="b", now=clock.now())
    return held, browser, lost, notice


def test_a_bounce_is_a_task_until_it_is_settled(make: Factory) -> None:
    held, browser, lost, notice = _lost(make)
    browser.get("/admin/?tab=bounces")
    assert "不達電力株式会社" in browser.text
    assert "招集通知の不達" in browser.text
    (path,) = set(re.findall(r"/admin/convocations/details/\?[^\"]+", browser.text))
    browser.get(path.replace("&amp;", "&"))
    assert "手紙（PDF）" in browser.text
    browser.get(f"/admin/convocations/resend/?id={lost.id}&assembly={held.id}")
    assert "佐藤 美咲（会員担当）" in browser.text
    send(browser, "/resend/", {"email": "a@kaze.example.jp"})
    assert len(mails(lost)) == 2
    browser.get("/admin/?tab=bounces")
    assert "不達電力株式会社" not in browser.text
    bounced(mails(lost)[1], now=clock.now())
    browser.get(f"/admin/notices/posted/?id={notice.id}&member={lost.id}")
    send(browser, "/posted/", {"channel": "HAND"})
    send(browser, "/posted/", {"confirmed": "y"})
    found = convocation(held, lost)
    assert found is not None
    assert (found.channel, found.bounced_at) == (NoticeChannel.HAND, None)
    assert browser.path == "/admin/convocations/details/"
    browser.get("/admin/?tab=bounces")
    assert "不達電力株式会社" not in browser.text


def test_nobody_is_recorded_as_posted_that_was_not_on_the_check_page(make: Factory) -> None:
    lost, later = reached(make, "a@kaze.example.jp"), reached(make, "b@kaze.example.jp")
    number, _done = sent(held := _ready(make), approver(make), now=clock.now())
    bounced(mails(lost)[0], now=clock.now())
    browser = staff(make)
    browser.get(f"/admin/notices/posted/?id={number}")
    send(browser, "/posted/", {"channel": "HAND"})
    bounced(mails(later)[0], now=clock.now())
    assert send(browser, "/posted/", {"confirmed": "y"}) == 409
    for member in (lost, later):
        found = convocation(held, member)
        assert found is not None
        assert found.notified_at is None
    send(browser, "/posted/")
    assert later.current_name in browser.text
    send(browser, "/posted/", {"confirmed": "y"})
    found = convocation(held, later)
    assert found is not None
    assert found.notified_at is not None


def test_after_the_last_day_a_bounce_is_listed_by_name_and_no_task(make: Factory) -> None:
    held, browser, _lost_one, _notice = _lost(make)
    with unit_of_work() as session:
        days = {"held_at": clock.now() + timedelta(days=5), "reply_until": clock.now() + timedelta(days=4)}
        session.execute(update(Assembly).where(Assembly.id == held.id).values(**days))
    browser.get("/admin/?tab=bounces")
    assert "不達電力株式会社" not in browser.text
    browser.get(f"/admin/convocations/?id={held.id}")
    assert "期限までに届かなかった会員" in browser.text
    assert "不達電力株式会社" in browser.text


def test_members_are_narrowed_down_and_exported(make: Factory) -> None:
    held, browser, lost, _notice = _lost(make)
    browser.get(f"/admin/convocations/?id={held.id}&state=BOUNCED")
    assert re.findall(r"details/\?id=(\d+)&amp;assembly=", browser.text) == [str(lost.id)]
    browser.get(f"/admin/convocations/?id={held.id}&timing=WAITING&q=不達")
    assert re.findall(r"details/\?id=(\d+)&amp;assembly=", browser.text) == [str(lost.id)]
    browser.get(f"/admin/convocations/?id={held.id}&timing=LATE")
    assert "あてはまるものはありません" in browser.text
    answer = browser.client.get(f"/admin/convocations/export-csv/?id={held.id}&state=BOUNCED")
    lines = answer.data.decode("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert "不達電力株式会社" in lines[1]
    assert "まだ届いていない" in lines[1]
    assert browser.client.get(f"/admin/convocations/export-xlsx/?id={held.id}").data.startswith(b"PK")


def test_a_page_of_members_costs_few_statements(make: Factory) -> None:
    held, browser, _lost_one, _notice = _lost(make)
    path = f"/admin/convocations/?id={held.id}"
    browser.get(path)
    with statements() as few:
        browser.get(path)
    for _ in range(6):
        make.member()
    assembling.freeze(make, held)
    with statements() as many:
        browser.get(path)
    assert len(many) <= len(few) + 1  # letters to post
    assert "残りの会員に送る" in browser.text
    browser.get(f"/admin/convocations/rest/?id={held.id}")
    send(browser, "/rest/")
    assert "送信の列に入れました" in browser.text
    assert len(db.session.scalars(select(OutboxMail)).all()) == 2


def test_replies_are_opened_later_and_members_reminded_once_a_day(make: Factory) -> None:
    reached(make, "a@kaze.example.jp")
    held, browser = _ready(make), staff(make)
    notice = _written(browser, held)
    browser.get(f"/admin/notices/send/?id={notice.id}")
    send(browser, "/send/", {"open_replies": "LATER"})
    send(browser, "/send/", {"confirmed": "y"})
    browser.get(f"/admin/convocations/open_replies/?id={held.id}")
    send(browser, "/open_replies/")
    assert "回答の受付を始めました" in browser.text
    for outcome in (200, 409):
        reminder = _written(browser, held, NoticeKind.REMINDER)
        browser.get(f"/admin/notices/send/?id={reminder.id}")
        send(browser, "/send/")
        assert "うち議決権のある会員 1社" in browser.text
        assert send(browser, "/send/", {"confirmed": "y"}) == outcome
    assert "24時間" in browser.text
    assert len(mails()) == 2
    db.session.rollback()
    assert db.session.get_one(Notice, reminder.id).state is NoticeState.DRAFT


@pytest.mark.parametrize(
    "path",
    [
        "/admin/convocations/?id=9223372036854775808",
        "/admin/convocations/?id=%00",
        "/admin/convocations/",
        "/admin/convocations/details/?id=1&assembly=99999999999999999999",
        "/admin/convocations/resend/?id=1",
        "/admin/convocations/export-csv/?id=x",
        "/admin/notices/details/?id=9223372036854775807",
        "/admin/notices/new/?assembly=1&kind=NOTICE",
        "/admin/notices/new/?kind=LETTER",
        "/admin/notices/letters/?id=5",
        "/admin/notices/posted/?id=",
        "/admin/notices/send/?id=-1",
    ],
)
def test_addresses_that_name_nothing_are_not_found(make: Factory, path: str) -> None:
    browser = staff(make)
    assert browser.client.get(path).status_code == 404


def test_hostile_values_answer_a_page(make: Factory) -> None:
    held, browser, lost, notice = _lost(make)
    long = "あ" * 1_000
    paths: list[str] = [
        f"/admin/convocations/?id={held.id}&q={long}&state=X&timing=%27&after=99999999999999999999",
        f"/admin/convocations/?id={held.id}&id=7&order=x&before=-1",
        f"/admin/notices/details/?id={notice.id}&member={long}&to=9999999999999999999999",
        f"/admin/notices/details/?id={notice.id}&member=%00&to=x",
        f"/admin/notices/letters/?id={notice.id}&part=9223372036854775807",
        f"/admin/notices/labels/?id={notice.id}&member=x",
    ]
    for path in paths:
        assert browser.client.get(path).status_code < 500, path
    browser.get(f"/admin/notices/posted/?id={notice.id}&member={lost.id}")
    values: dict[str, Any] = {"posted_on": format_date(clock.now().date() + timedelta(days=3)), "channel": "MAIL"}
    assert send(browser, "/posted/", values) == 422
    assert [one.accepted_at for one in sendings(lost)] == [None]
