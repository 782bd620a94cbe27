"""総会 of members: who sees what, files, receipts, the calendar, hostile input, and statements a page."""

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import select

from occto.domain.assembly_settings import AssemblySettings
from occto.domain.codes import Procedure
from occto.domain.permissions import Role
from occto.domain.tally import Choice
from occto.extensions import db
from occto.models import Reply
from occto.services.replies.receipts import publish_list
from occto.unit_of_work import run, unit_of_work
from tests.assemblies_scene import SECRET, Place, somewhere, telling_time
from tests.assembling import UNTIL
from tests.factories import Factory
from tests.mandating import servant
from tests.test_statement_counts import counted


@pytest.fixture(autouse=True)
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    return telling_time(monkeypatch)


@pytest.fixture
def here(make: Factory) -> Place:
    return somewhere(make)


def test_nobody_sees_the_reply_of_another_member(here: Place) -> None:
    here.answer(here.browser(), here.voted() | {"opinion": SECRET})
    number = db.session.scalar(select(Reply.number))
    db.session.rollback()
    other, user = here.make.member(), here.make.user()
    here.make.affiliate(user, other)
    browser = here.make.signed_in(user, member=other)
    for path in ("", "/reply", "/replies", "/replies/1", "/replies/1.pdf", "/receipts", "/reply/withdraw"):
        answer = browser.get(f"{here.url}{path}")
        assert answer.status_code in (200, 404), path
        assert SECRET not in browser.text, path
        assert str(number) not in browser.text, path
    assert browser.get(f"{here.url}/replies/1").status_code == 404


@pytest.mark.parametrize("role", [Role.APPLICATIONS, Role.VIEWER])
def test_others_of_the_member_read_and_are_told_who_may_answer(here: Place, role: Role) -> None:
    user = here.make.user()
    here.make.affiliate(user, here.member, role)
    browser = here.browser(user)
    browser.get(here.url)
    assert "管理者または総会回答担当の方が行えます" in browser.text
    assert browser.get(f"{here.url}/reply").status_code == 403


def test_a_contractor_answers_under_its_mandate(here: Place) -> None:
    other = servant(here.make)
    mandate = here.make.mandate(here.member, other.contractor, other.user, procedures=(Procedure.ASSEMBLY_REPLY,))
    browser = here.make.signed_in(other.user, mandate=mandate)
    browser.get("/home")
    assert "/assemblies/" in browser.text
    here.answer(browser, here.voted())
    db.session.rollback()
    row = db.session.scalars(select(Reply)).one()
    assert (row.mandate_id, row.entered_by_id) == (mandate.id, other.user.id)


def test_staff_who_look_at_the_pages_see_no_choice(here: Place) -> None:
    here.answer(here.browser(), here.voted(Choice.NO) | {"opinion": SECRET})
    clerk = here.make.staff(Role.OPERATOR)
    browser = here.make.signed_in(clerk)
    with unit_of_work() as session:
        from occto.models import SessionRow

        row = session.scalars(select(SessionRow).where(SessionRow.user_id == clerk.id)).one()
        row.member_id, row.view_reason = here.member.id, "電話での問い合わせ"
    for path in ("", "/replies", "/replies/1"):
        assert browser.get(f"{here.url}{path}").status_code == 200
        assert "反対" not in browser.text, path
        assert SECRET not in browser.text, path
        assert "職員の画面には表示しません" in browser.text, path
    assert browser.get(f"{here.url}/reply").status_code == 403


def test_the_receipt_is_found_in_the_list(here: Place) -> None:
    browser = here.browser()
    here.answer(browser, here.voted())
    browser.get(f"{here.url}/receipts")
    assert "締切のあとに公表します" in browser.text
    run(publish_list, here.held.id, now=UNTIL)
    db.session.rollback()
    code = db.session.scalar(select(Reply.receipt_code))
    browser.get(f"{here.url}/receipts?code={code}")
    assert "貴社の回答は、一覧に含まれています" in browser.text
    assert "この番号は、一覧に含まれています" in browser.text
    browser.get(f"{here.url}/receipts?code=みかん")
    assert "番号を読み取れませんでした" in browser.text
    text = browser.get(f"{here.url}/receipts.txt").get_data().decode("utf-8-sig")
    assert f"{code} " in text


def test_the_copy_is_a_pdf(here: Place) -> None:
    browser = here.browser()
    here.answer(browser, here.voted())
    answer = browser.get(f"{here.url}/replies/1.pdf")
    assert answer.data.startswith(b"%PDF")


def test_the_event_folds_and_escapes(make: Factory) -> None:
    here = somewhere(make, place="東都会館; 3階, 大会議室\\別館" + "あ" * 60)
    answer = here.browser().get(f"{here.url}/event.ics")
    lines = answer.data.split(b"\r\n")
    assert all(len(line) <= 75 for line in lines)
    whole = answer.data.replace(b"\r\n ", b"").decode()
    assert "LOCATION:東都会館\\; 3階\\, 大会議室\\\\別館" in whole
    assert "DTSTART;TZID=Asia/Tokyo:20261218T100000" in whole
    assert answer.data.count(b"\n") == answer.data.count(b"\r\n")


HOSTILE = ("\0", "\ud800", "9" * 30, "あ" * 100_000, "' OR 1=1 --", "<script>", "-1", "")


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
def test_nothing_that_is_sent_breaks_a_page(here: Place, value: str) -> None:
    browser = here.browser()
    browser.get(f"{here.url}/reply")
    token = browser.forms()[0]["fields"]["csrf_token"][0]
    names = [name for name in browser.forms()[0]["fields"] if name != "csrf_token"] + ["item_0", "item_" + "9" * 20]
    clean = value.encode("utf-8", "replace").decode()
    for button in ("confirmed", "save", "add", "again", "nothing"):
        sent = {"csrf_token": token, "form_id": f"x-{button}"} | dict.fromkeys(names, clean) | {button: clean}
        for attendance in ("ATTEND", "PROXY", "ELECTRONIC", clean):
            answer = browser.post(f"{here.url}/reply", sent | {"attendance": attendance})
            assert answer.status_code < 500, (button, attendance)
    for path in (
        "/assemblies/99999999999999999999",
        f"{here.url}/replies/99999999999999999999",
        f"{here.url}/documents/99999999999999999999",
    ):
        assert browser.get(path).status_code == 404
    assert browser.get(f"{here.url}/receipts", follow=False).status_code == 200


def test_the_statements_of_every_page(here: Place) -> None:
    browser = here.browser()
    here.answer(browser, here.voted())
    most = {
        "/assemblies/": 2,
        here.url: 16,
        f"{here.url}/reply": 10,
        f"{here.url}/replies": 12,
        f"{here.url}/replies/1": 13,
        f"{here.url}/receipts": 7,
        f"{here.url}/event.ics": 2,
    }
    found = {}
    for path in most:
        browser.get(path)
        with counted(here.make.app) as statements:
            assert browser.get(path).status_code == 200
        found[path] = len(statements)
    assert all(found[path] <= most[path] for path in most), found


def test_a_reply_is_sent_in_few_statements(make: Factory) -> None:
    here = somewhere(make, items=10)
    browser = here.browser()
    browser.get(f"{here.url}/reply")
    browser.submit(here.voted())
    with counted(make.app) as statements:
        browser.submit({"confirmed": "y"}, follow=False)
    assert browser.response is not None
    assert browser.response.status_code == 303, browser.text
    assert len(statements) <= 17, statements


def test_home_tells_what_is_asked_and_that_it_was_answered(here: Place) -> None:
    browser = here.browser()
    browser.get("/home")
    assert "まだお受けしていません" in browser.text
    with counted(here.make.app) as statements:
        browser.get("/home")
    assert len(statements) == 4
    here.answer(browser, here.voted())
    browser.get("/home")
    assert "回答済み" in browser.text


def test_an_assembly_takes_as_many_persons_as_it_says(make: Factory) -> None:
    here = somewhere(make, settings=AssemblySettings(max_attendees=1))
    browser = here.browser()
    browser.get(f"{here.url}/reply")
    assert 'name="add"' not in browser.text
    people = {f"attendee_{no}_{part}": "あ" for no in (1, 2) for part in ("name", "title")}
    sent = {"attendance": "ATTEND", "voting": "1", "form_id": "x", "version": "0", "confirmed": "y"} | people
    browser.post(f"{here.url}/reply", sent)
    assert "1社につき1名まで" in browser.text


def test_a_mandate_for_other_things_sees_nothing_of_the_assembly(here: Place) -> None:
    other = servant(here.make)
    mandate = here.make.mandate(here.member, other.contractor, other.user, procedures=(Procedure.USERS,))
    browser = here.make.signed_in(other.user, mandate=mandate)
    assert browser.get(here.url).status_code == 403
    assert browser.get(f"{here.url}/reply").status_code == 403
