"""ユーザ管理 as its 管理者 and others see it: the list, invitations, details, each act; and how many statements they take."""

import re
from io import BytesIO

import pytest
from openpyxl import Workbook, load_workbook

from occto.domain.codes import Procedure
from occto.domain.permissions import GRANTED_BY_MEMBER, Role
from occto.services.users import addresses, record, standing
from occto.unit_of_work import run
from tests.factories import NOW, Factory
from tests.managing import affiliations, company, contractor_of, invite, mails, tags, user
from tests.observing import everything
from tests.test_statement_counts import counted

NEW = "takahashi@company.example.jp"
FORM = {"name": "髙橋 美咲", "kana": "たかはし みさき", "title": "総務部", "email": NEW, "phone": "03-0000-0000"}


def test_the_list_says_who_is_here_and_how_they_stand(make: Factory) -> None:
    at, other = company(make), company(make)
    at.person(Role.ASSEMBLY, name="佐藤 次郎", email="info@company.example.jp", totp=False)
    other.person(name="秘密の 太郎")
    contractor_of(at)[0]
    invite(at, name="招待された 方")
    browser = at.browser()
    browser.get("/users/")
    for words in (
        "佐藤 次郎",
        "総会回答担当",
        "未設定",
        "まだありません",
        "招待メール送信待ち",
        "共用するアドレス",
        "3名",
    ):
        assert words in browser.text, words
    assert "秘密の" not in browser.text
    assert "ユーザを招待する" in browser.text


def test_the_list_takes_as_many_statements_for_many_as_for_one(make: Factory) -> None:
    at = company(make)
    browser = at.browser()
    browser.get("/users/")
    with counted(make.app) as few:
        browser.get("/users/")
    for no in range(8):
        invite(at, f"user-{no}@many.example.jp")
    with counted(make.app) as many:
        browser.get("/users/")
    assert len(few) == len(many) == 2, many


def test_details_take_three_statements(make: Factory) -> None:
    at = company(make)
    new = invite(at).user_id
    browser = at.browser()
    browser.get(f"/users/{new}")
    with counted(make.app) as statements:
        assert browser.get(f"/users/{new}").status_code == 200
    assert len(statements) <= 3, statements


def test_who_may_look_is_offered_nothing_to_do(make: Factory) -> None:
    at = company(make)
    viewer = at.person(Role.VIEWER, name="閲覧 だけ")
    browser = at.browser(viewer)
    for path in ("/users/", f"/users/{at.boss.id}", f"/users/{viewer.id}"):
        assert browser.get(path).status_code == 200
        main = browser.text.split("<main")[1]
        for word in ("招待する", "変更<span", "停止する", "取り外す", "登録内容を直す", "再送"):
            assert word not in main, (path, word)
    assert "操作の記録" not in browser.get(f"/users/{at.boss.id}").get_data(as_text=True)


def test_an_invitation_from_the_page(make: Factory) -> None:
    at = company(make)
    browser = at.browser()
    browser.get("/users/invite")
    browser.submit({"name": "", "email": "not an address", "role": "VIEWER"})
    assert 'href="#name"' in browser.text
    assert 'href="#email"' in browser.text
    browser.submit(FORM | {"role": "APPLICATIONS"})
    assert browser.path == "/users/"
    assert f"{NEW} に招待メールを送ります" in browser.text
    assert mails(NEW) == ["users/invited"]


def test_the_same_form_twice_invites_once(make: Factory) -> None:
    at = company(make)
    browser = at.browser()
    browser.get("/users/invite")
    (form,) = browser.forms()
    body = {name: values[0] for name, values in form["fields"].items()} | FORM | {"role": "VIEWER"}
    answers = [browser.client.post("/users/invite", data=body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].headers["Location"] == answers[1].headers["Location"]
    assert mails(NEW) == ["users/invited"]


@pytest.mark.parametrize("role", [role for role in Role if role not in GRANTED_BY_MEMBER])
def test_a_crafted_role_is_refused_and_writes_nothing(make: Factory, role: Role) -> None:
    at = company(make)
    person, second = at.person(), at.person(Role.ADMINISTRATOR)
    browser = at.browser()
    extra = {"member_id": "1", "state": "ACTIVE", "kind": "STAFF"}
    list_ = f"氏名\tメールアドレス\t役割\n髙橋\t{NEW}\t{role}"
    before = everything()
    for path, body in (
        ("/users/invite", FORM | {"role": role.value}),
        (f"/users/{person.id}/role", {"role": role.value, "version": at.seen(person)}),
        ("/users/give-up", {"role": role.value, "version": at.seen(at.boss)}),
        (f"/users/{second.id}/role", {"role": "VIEWER", "version": at.seen(second)}),
    ):
        browser.get("/users/invite")
        assert browser.post(path, {"form_id": path, **body, **extra}).status_code == 403, path
    browser.get("/users/invite")
    assert browser.post("/users/invite/list/send", {"form_id": "list", "text": list_}).status_code == 200
    assert "招待できるのは0名" in browser.text
    assert everything() == before


def test_refusals_of_an_invitation_stand_beside_the_address(make: Factory) -> None:
    at = company(make)
    known, staff = at.person(), make.staff(Role.OPERATOR)
    browser = at.browser()
    for email, words in ((known.email, "すでに貴社のユーザ"), (staff.email, "登録できません")):
        browser.get("/users/invite")
        browser.submit(FORM | {"email": email, "role": "VIEWER"})
        assert words in browser.text
        assert 'value="髙橋 美咲"' in browser.text
        assert "職員" not in browser.text.split("<main")[1]


LINES = """氏名\tフリガナ\t所属・役職\tメールアドレス\t電話番号\t役割
髙橋 美咲\tタカハシ\t総務部\ttakahashi@company.example.jp\t03-0000-0000\t申請担当
総務部\t\t\tsoumu@company.example.jp\t\t閲覧
佐藤 健\tサトウ\t\ttakahashi@company.example.jp\t\t閲覧
鈴木 一\t\t\tsuzuki@company.example.jp\t\t管理者
\t\t\tnobody\t\t
"""


def test_pasted_lines_are_checked_one_by_one_and_the_good_ones_sent_once(make: Factory) -> None:
    at = company(make)
    known = at.person(email="known@company.example.jp")
    browser = at.browser()
    browser.get("/users/invite/list")
    before = everything()
    browser.submit({"text": LINES + f"既存 太郎\t\t\t{known.email}\t\t閲覧\n"})
    page = browser.text
    for words in (
        "6名のうち、招待できるのは2名",
        "1行目と同じメールアドレス",
        "管理者は招待できません",
        "氏名を入力してください",
        "メールアドレスとして読み取れません",
        "共用するアドレス",
        "部署や会社の名称",
        "すでに貴社のユーザ",
    ):
        assert words in page, words
    assert everything() == before, "nothing is sent and nothing kept yet"
    sending = next(form for form in browser.forms() if form["action"].endswith("/send"))
    body = {name: values[0] for name, values in sending["fields"].items()}
    for _ in range(2):
        assert browser.client.post("/users/invite/list/send", data=body).status_code == 303
    for email in ("takahashi@company.example.jp", "soumu@company.example.jp"):
        assert mails(email) == ["users/invited"]
    assert mails("suzuki@company.example.jp") == []
    assert tags().count("user.created") == 2
    assert "2名に招待メールを送ります" in browser.get("/users/").get_data(as_text=True)


def test_who_came_in_between_is_named_and_the_others_are_sent(make: Factory) -> None:
    at = company(make)
    browser = at.browser()
    browser.get("/users/invite/list")
    browser.submit({"text": "甲,,,a@company.example.jp,,閲覧\n乙,,,b@company.example.jp,,閲覧"})
    invite(at, "a@company.example.jp")
    browser.submit(action="/send")
    assert "1名に招待メールを送ります" in browser.text
    assert "a@company.example.jp は招待しませんでした" in browser.text


def workbook(*rows: tuple[object, ...]) -> bytes:
    book, out = Workbook(), BytesIO()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    book.save(out)
    return out.getvalue()


def upload(browser: object, content: bytes) -> str:
    browser.get("/users/invite/list")  # type: ignore[attr-defined]
    (form,) = browser.forms()  # type: ignore[attr-defined]
    data = {"csrf_token": form["fields"]["csrf_token"][0], "text": "", "file": (BytesIO(content), "名簿.xlsx")}
    answer = browser.client.post("/users/invite/list", data=data, content_type="multipart/form-data")  # type: ignore[attr-defined]
    assert answer.status_code == 200
    return str(answer.get_data(as_text=True))


def test_the_template_filled_in_is_read_back(make: Factory) -> None:
    browser = company(make).browser()
    answer = browser.get("/users/invite/template.xlsx")
    heads = [cell.value for cell in next(load_workbook(BytesIO(answer.data)).worksheets[0].iter_rows())]
    filled = workbook(tuple(heads), ("髙橋 美咲", None, "総務部", NEW, 300000000, "申請担当"), (None,) * 6)
    page = upload(browser, filled)
    assert "1名のうち、招待できるのは1名" in page
    assert "髙橋 美咲" in page


@pytest.mark.parametrize("content", [b"PK\x03\x04 broken", b"%PDF-1.4", b""])
def test_a_file_that_is_no_workbook_is_refused_in_words(make: Factory, content: bytes) -> None:
    page = upload(company(make).browser(), content)
    assert re.search(r"<title>\s*エラー：", page)


def test_the_acts_on_one_user_from_their_pages(make: Factory) -> None:
    at = company(make)
    person = at.person(name="佐藤 次郎")
    browser = at.browser()
    base = f"/users/{person.id}"
    browser.get(f"{base}/edit")
    browser.submit({"name": "佐藤 三郎", "title": "電力部"})
    assert (browser.path, "登録内容を変更しました" in browser.text) == (base, True)
    browser.get(f"{base}/role")
    browser.submit({"role": "ASSEMBLY"})
    assert "役割を「総会回答担当」に変更しました" in browser.text
    browser.get(f"{base}/stop")
    browser.submit({"reason": ""})
    assert 'href="#reason"' in browser.text
    browser.submit({"reason": "休職のため"})
    assert "停止しました" in browser.text
    assert "休職のため" in browser.text
    browser.get(f"{base}/resume")
    browser.submit()
    assert "再開しました" in browser.text
    browser.get(f"{base}/email")
    browser.submit({"email": NEW})
    assert "確認のメールを送ります" in browser.text
    assert "メールアドレスの変更を確認中です" in browser.text
    browser.submit(action="/email/withdraw")
    assert "取りやめました" in browser.text
    for words in ("利用の再開", "利用の停止", "役割の変更", "ユーザの登録内容の変更"):
        assert words in browser.text, words
    browser.get(f"{base}/remove")
    browser.submit()
    assert (browser.path, "外しました" in browser.text) == ("/users/", True)
    assert browser.get(base).status_code == 404
    assert affiliations(person.id)[0].ended_at is not None


def test_a_stale_page_keeps_what_was_typed_and_shows_what_changed(make: Factory) -> None:
    at = company(make)
    person = at.person(name="佐藤 次郎")
    first, second = at.browser(), at.browser(at.person(Role.ADMINISTRATOR))
    first.get(f"/users/{person.id}/edit")
    second.get(f"/users/{person.id}/edit")
    first.submit({"title": "電力部"})
    second.submit({"name": "佐藤 三郎", "title": "総務部"})
    assert "ほかの方がこのユーザの登録を変更しました" in second.text
    assert "電力部" in second.text
    assert 'value="佐藤 三郎"' in second.text
    second.submit()
    assert user(person.id).title == "総務部"


def test_removing_twice_answers_as_the_first_time(make: Factory) -> None:
    at = company(make)
    person = at.person()
    browser = at.browser()
    browser.get(f"/users/{person.id}/remove")
    (form,) = browser.forms()
    body = {name: values[0] for name, values in form["fields"].items()}
    answers = [browser.client.post(f"/users/{person.id}/remove", data=body) for _ in range(2)]
    assert [answer.headers.get("Location") for answer in answers] == ["/users/", "/users/"]


def test_giving_up_from_the_page_and_pressed_twice(make: Factory) -> None:
    at = company(make)
    browser = at.browser()
    browser.get("/users/give-up")
    browser.submit({"role": "VIEWER"})
    assert "ほかに利用中の管理者がいない" in browser.text
    at.person(Role.ADMINISTRATOR)
    browser.get("/users/give-up")
    (form,) = browser.forms()
    body = {name: values[0] for name, values in form["fields"].items()} | {"role": "VIEWER"}
    answers = [browser.client.post("/users/give-up", data=body) for _ in range(2)]
    assert [answer.headers.get("Location") for answer in answers] == ["/users/", "/users/"]
    assert browser.get("/users/give-up").status_code == 404


def test_the_invitation_once_more_from_the_page(make: Factory) -> None:
    at = company(make)
    new = invite(at).user_id
    browser = at.browser()
    browser.get(f"/users/{new}")
    browser.submit(action="/invitation")
    assert "いま送っています" in browser.text


def test_the_review_sheet_lists_everybody(make: Factory) -> None:
    at = company(make)
    at.person(Role.VIEWER, name="佐藤 次郎", last_signed_in_at=NOW)
    page = at.browser().get("/users/review").get_data(as_text=True)
    for words in ("佐藤 次郎", "2026年11月23日", "点検した方", "3.3(3.4.1)"):
        assert words in page
    assert at.browser(at.person(Role.VIEWER)).get("/users/review").status_code == 403


def test_a_contractor_with_the_scope_manages_users_but_no_administrator(make: Factory) -> None:
    at = company(make)
    person, actor = contractor_of(at, Procedure.USERS)
    from occto.extensions import db
    from occto.models import Mandate

    mandate = db.session.get(Mandate, actor.mandate_id)
    browser = make.signed_in(person, mandate=mandate)
    browser.get("/users/invite")
    browser.submit(FORM | {"role": "VIEWER"})
    assert browser.path == "/users/"
    assert browser.get(f"/users/{at.boss.id}").status_code == 200
    assert "利用を停止する" not in browser.text
    before = everything()
    for act, body in (("stop", {"reason": "x"}), ("remove", {}), ("role", {"role": "VIEWER"})):
        browser.get(f"/users/{at.boss.id}/{act}")
        answer = browser.post(f"/users/{at.boss.id}/{act}", {"form_id": act, "version": at.seen(at.boss), **body})
        assert answer.status_code == 403, act
    assert everything() == before


def test_who_is_stopped_everywhere_is_told_where_to_ask(make: Factory) -> None:
    at = company(make)
    person = at.person()
    run(standing.stop, at.member.id, person.id, reason="休職", seen_version=None, actor=at.actor, now=NOW)
    browser = make.signed_in(person)
    browser.get("/home")
    assert browser.path == "/login/company"
    assert "いま使える会社がありません" in browser.text
    assert browser.get("/account").status_code == 200


def test_the_trail_is_read_page_by_page(make: Factory) -> None:
    at = company(make)
    person = at.person()
    for no in range(35):
        run(
            record.change_record,
            at.member.id,
            person.id,
            values={"title": f"第{no}課"},
            seen_version=None,
            actor=at.actor,
            now=NOW,
        )
    browser = at.browser()
    browser.get(f"/users/{person.id}")
    assert browser.text.count("ユーザの登録内容の変更") == 30
    (before,) = re.findall(r"before=(\d+)", browser.text)
    browser.get(f"/users/{person.id}?before={before}")
    assert browser.text.count("ユーザの登録内容の変更") == 5
    assert "さらに前の記録" not in browser.text


def test_the_trail_names_who_did_what_and_hides_other_companies(make: Factory) -> None:
    at, other = company(make, name="管理 一郎"), company(make, name="他社の 管理者")
    shared = at.person()
    run(
        addresses.request_change,
        at.member.id,
        shared.id,
        email=NEW,
        seen_version=None,
        actor=at.actor,
        now=NOW,
    )
    invite(other, shared.email)
    page = at.browser().get(f"/users/{shared.id}").get_data(as_text=True)
    assert "管理 一郎さん" in page
    assert "他社の 管理者" not in page
    assert "会社への所属" not in page
    there = other.browser().get(f"/users/{shared.id}").get_data(as_text=True)
    assert "会社への所属" in there
    assert "メールアドレスの変更の受付" not in there
    assert NEW not in there
