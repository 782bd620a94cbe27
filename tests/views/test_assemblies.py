"""総会 of members over HTTP: pages, the way of a reply, the deadline, conflicts, files, and what nobody else may see."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select

from occto.domain.codes import AttachmentKind, ScanState
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import Assembly, Attachment, AttachmentChunk, OutboxMail, Reply
from occto.queries.replies import standing
from occto.unit_of_work import unit_of_work
from occto.worker import keep_drafts
from tests import assembling
from tests.assemblies_scene import SECRET, A, Place, S, somewhere, stood, telling_time
from tests.assembling import UNTIL
from tests.factories import NOW, Factory


@pytest.fixture(autouse=True)
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    return telling_time(monkeypatch)


@pytest.fixture
def here(make: Factory) -> Place:
    return somewhere(make)


def test_a_member_answers_changes_and_takes_back(here: Place) -> None:
    browser = here.browser()
    assert browser.get("/assemblies/").status_code == 200
    assert "まだお受けしていません" in browser.text
    here.answer(browser, here.voted())
    assert browser.path == f"{here.url}/replies/1"
    assert "回答を受け付けました" in browser.text
    assert stood(here) is A.ELECTRONIC
    browser.get(f"{here.url}/reply")
    assert browser.forms()[0]["fields"]["attendance"] == ["ELECTRONIC"]
    coming = {"attendance": "ATTEND", "attendee_1_name": "佐藤 美咲", "attendee_1_title": "部長", "opinion": "質問あり"}
    here.answer(browser, coming)
    assert stood(here) is A.ATTEND
    browser.get(f"{here.url}/replies")
    assert "出席する" in browser.text
    assert "<del>欠席し、事前に議決権を行使する</del>" in browser.text
    browser.get(f"{here.url}/reply/withdraw")
    browser.submit()
    assert "回答を取り消しました" in browser.text
    assert stood(here) is A.WITHDRAWN
    db.session.rollback()
    mails = db.session.scalars(select(OutboxMail).where(OutboxMail.template == "assemblies/replied")).all()
    assert [one.to_address for one in mails] == [here.user.email] * 3


def test_another_person_is_added_by_a_button_and_nothing_typed_is_lost(here: Place) -> None:
    browser = here.browser()
    browser.get(f"{here.url}/reply")
    browser.submit({"attendance": "ATTEND", "attendee_1_name": "佐藤 美咲", "attendee_1_title": "部長", "add": "1"})
    assert browser.forms()[0]["fields"]["attendee_1_name"] == ["佐藤 美咲"]
    assert "attendee_2_name" in browser.text
    second = {"attendee_2_name": "鈴木 一郎", "attendee_2_title": "課長"}
    assert browser.submit(second).status_code == 422
    assert "議決権を行使する方を1名だけ" in browser.text
    browser.submit(second | {"voting": "2"})
    browser.submit({"confirmed": "y"})
    db.session.rollback()
    found = standing(db.session(), here.held.id, here.member.id)
    assert found is not None
    assert [(one.name, one.voting) for one in found.reply.answer.attendees] == [
        ("佐藤 美咲", False),
        ("鈴木 一郎", True),
    ]


def test_a_draft_is_the_users_own(here: Place) -> None:
    browser, other = here.browser(), here.make.user()
    here.make.affiliate(other, here.member, Role.ASSEMBLY)
    browser.get(f"{here.url}/reply")
    browser.submit({"attendance": "CHAIR", "opinion": SECRET, "save": "1"})
    assert "下書きに保存しました" in browser.text
    assert browser.forms()[0]["fields"]["attendance"] == ["CHAIR"]
    assert stood(here) is None
    colleague = here.browser(other)
    colleague.get(f"{here.url}/reply")
    assert SECRET not in colleague.text


def test_two_users_of_a_member_see_each_other(here: Place) -> None:
    mine, other = here.browser(), here.make.user(name="鈴木 一郎")
    here.make.affiliate(other, here.member, Role.ASSEMBLY)
    theirs = here.browser(other)
    for one in (mine, theirs):
        one.get(f"{here.url}/reply")
    theirs.submit({"attendance": "CHAIR"})
    theirs.submit({"confirmed": "y"})
    mine.submit(here.voted() | {"opinion": "私の意見"})
    assert "別の回答が受け付けられました" in mine.text
    assert "鈴木 一郎" in mine.text
    assert "私の意見" in mine.text
    assert stood(here) is A.CHAIR
    mine.submit()
    mine.submit({"confirmed": "y"})
    assert stood(here) is A.ELECTRONIC


def test_the_conflict_shows_on_the_check_page_too(here: Place) -> None:
    mine, theirs = here.browser(), here.browser()
    for one in (mine, theirs):
        one.get(f"{here.url}/reply")
        one.submit(here.voted())
    theirs.submit({"confirmed": "y"})
    assert mine.submit({"confirmed": "y"}).status_code == 409
    assert "別の回答が受け付けられました" in mine.text
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(Reply)) == 1


def test_a_second_press_gets_the_first_result(here: Place) -> None:
    browser = here.browser()
    browser.get(f"{here.url}/reply")
    browser.submit(here.voted())
    page = browser.response
    for _ in range(2):
        browser.response = page
        browser.submit({"confirmed": "y"})
        assert browser.path == f"{here.url}/replies/1"
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(Reply)) == 1


def test_the_deadline_is_an_instant(here: Place, at: Callable[[datetime], None]) -> None:
    browser = here.browser()
    browser.get(f"{here.url}/reply")
    browser.submit(here.voted())
    check = browser.response
    moment = UNTIL
    at(moment)
    with unit_of_work() as session:  # the session of the browser is still open at the deadline
        from occto.models import SessionRow

        for row in session.scalars(select(SessionRow)):
            row.seen_at, row.ends_at = UNTIL, UNTIL + timedelta(hours=1)
    browser.submit({"confirmed": "y"})
    assert "回答の締切" in browser.text
    assert "入力された内容（受け付けていません）" in browser.text
    assert "欠席し、事前に議決権を行使する" in browser.text
    assert stood(here) is None
    browser.response = check
    browser.post(f"{here.url}/reply", {"attendance": "PROXY", "proxy_kind": "NOBODY"})
    for answer, status in ((browser.response, 409), (browser.get(f"{here.url}/reply"), 200)):
        assert answer is not None
        assert answer.status_code == status
        assert "入力された内容" not in answer.get_data(as_text=True)
    at(UNTIL - timedelta(seconds=1))
    browser.response = check
    browser.submit({"confirmed": "y"})
    assert stood(here) is A.ELECTRONIC


def test_without_somebody_to_come_the_page_says_how_one_comes_all_the_same(here: Place) -> None:
    browser = here.browser()
    assert "受付票をここに表示します。" in browser.get(here.url).get_data(as_text=True)
    with unit_of_work() as session:
        session.get_one(Assembly, here.held.id).state = S.REPLIES_CLOSED
    text = browser.get(here.url).get_data(as_text=True)
    assert "受付票をここに表示します。" not in text
    assert "当日お越しになる場合は、受付でお申し出ください。" in text


def test_a_member_without_votes_sees_who_holds_them_and_cannot_post_any(make: Factory) -> None:
    parent, child, user = make.member(name="汐見電力株式会社"), make.member(), make.user()
    make.affiliate(user, child)
    assembling.controls(parent, child)
    held = assembling.assembly(make)
    here = Place(make, child, user, held, [assembling.item(held)])
    browser = here.browser()
    browser.get(here.url)
    assert "汐見電力株式会社" in browser.text
    browser.get(f"{here.url}/reply")
    assert "議案への賛否" not in browser.text
    form = browser.forms()[0]["fields"]
    crafted = {"form_id": "x1", "version": "0", "confirmed": "y", "voting": "NONE"}
    for values in (here.voted(), {"attendance": "CHAIR"}, {"attendance": "ATTEND", "voting": "1"}):
        people = {"attendee_1_name": "a", "attendee_1_title": "b"} if values["attendance"] == "ATTEND" else {}
        browser.post(f"{here.url}/reply", crafted | people | values | {"csrf_token": form["csrf_token"][0]})
        assert "議決権をお持ちでは" in browser.text, values
    assert stood(here) is None
    here.answer(browser, {"attendance": "ATTEND", "attendee_1_name": "佐藤 美咲", "attendee_1_title": "部長"})
    assert stood(here) is A.ATTEND


def test_an_item_about_the_member_takes_no_choice(here: Place) -> None:
    own = assembling.item(here.held, 9, conflict=(here.member,))
    browser = here.browser()
    why = "当機関と貴社との関係について議決する議案のため、貴社はこの議案で議決権を行使できません（電気事業法 28条の39）。"
    assert why in browser.get(here.url).text
    assert why in browser.get(f"{here.url}/reply").text
    assert f'name="item_{own.id}"' not in browser.text
    browser.submit(here.voted() | {f"item_{own.id}": "YES"})
    assert "当機関と貴社との関係について議決する議案のため、この議案では議決権を行使できません" in browser.text
    here.answer(browser, here.voted())
    assert stood(here) is A.ELECTRONIC


def test_an_item_left_blank_is_asked_for(here: Place) -> None:
    browser = here.browser()
    browser.get(f"{here.url}/reply")
    browser.submit({"attendance": "ELECTRONIC", f"item_{here.items[0].id}": "YES"})
    assert f'href="#item_{here.items[1].id}"' in browser.text
    assert "エラー：" in browser.text


def test_what_the_attendance_has_no_use_for_is_named_and_not_sent(here: Place) -> None:
    browser = here.browser()
    browser.get(f"{here.url}/reply")
    browser.submit(here.voted() | {"attendance": "CHAIR"})
    assert "議案への賛否に入力がありますが" in browser.text
    browser.submit({"confirmed": "y"})
    db.session.rollback()
    found = standing(db.session(), here.held.id, here.member.id)
    assert found is not None
    assert found.reply.answer.choices == {}


def test_a_proxy_is_shown_by_name_before_it_is_sent(here: Place) -> None:
    other = here.make.member(name="代理になる電力株式会社")
    db.session.rollback()
    browser = here.browser()
    browser.get(f"{here.url}/reply")
    values = {"attendance": "PROXY", "proxy_kind": "MEMBER", "proxy_member": other.operator_code}
    browser.submit(values)
    assert "名簿に見つかりません" in browser.text  # it came after the freeze
    assembling.freeze(here.make, here.held)
    browser.submit(values)
    assert "代理になる電力株式会社" in browser.text
    browser.submit({"confirmed": "y"})
    assert stood(here) is A.PROXY
    browser.get(here.url)
    assert "代理になる電力株式会社" in browser.text


@pytest.mark.parametrize("state", sorted(set(S)))
def test_members_see_an_assembly_from_the_counting_on(make: Factory, state: S) -> None:
    here = somewhere(make, state)
    with unit_of_work() as session:
        file = Attachment(
            assembly_id=here.held.id,
            kind=AttachmentKind.ASSEMBLY_FILE,
            name="議案書.pdf",
            media_type="application/pdf",
            size=4,
            sha256="0" * 64,
            scan_state=ScanState.NOT_CONFIGURED,
            added_at=NOW,
        )
        session.add(file)
        session.flush()
        session.add(AttachmentChunk(attachment_id=file.id, no=1, bytes=b"%PDF"))
    browser = here.browser()
    seen = 404 if state is S.PREPARING else 200
    for path in ("", "/event.ics", f"/documents/{file.id}", "/receipts", "/reply", "/replies"):
        assert browser.get(f"{here.url}{path}").status_code == seen, path
    browser.get("/assemblies/")
    assert (str(here.url) in browser.text) is (state is not S.PREPARING)
    if state in (S.POSTPONED, S.CANCELLED):
        assert "回答はお受けしていません" in browser.get(f"{here.url}/reply").get_data(as_text=True)


def test_files_of_other_kinds_are_no_documents(here: Place) -> None:
    scan = Attachment(
        assembly_id=here.held.id,
        kind=AttachmentKind.REPLY_PAPER,
        name="回答書.pdf",
        media_type="application/pdf",
        size=4,
        sha256="0" * 64,
        scan_state=ScanState.NOT_CONFIGURED,
        added_at=NOW,
    )
    with unit_of_work() as session:
        session.add(scan)
    browser = here.browser()
    assert browser.get(f"{here.url}/documents/{scan.id}").status_code == 404
    assert browser.get(f"/assemblies/999/documents/{scan.id}").status_code == 404


@pytest.mark.parametrize(("state", "objects"), [(S.COUNTING, True), (S.REPLIES_OPEN, False)])
def test_the_page_leads_to_the_election_and_until_the_freeze_to_an_objection(
    make: Factory, state: S, *, objects: bool
) -> None:
    here = somewhere(make, state)
    keep_drafts()
    browser = here.browser()
    browser.get(here.url)
    assert f'href="{here.url}/holder"' in browser.text
    assert (f'href="{here.url}/objection"' in browser.text) is objects
    for part in ("holder", "objection"):
        assert browser.get(f"{here.url}/{part}").status_code == 200
