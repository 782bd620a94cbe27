"""Requests about IDs in a real browser: a change of 管理者 with the old one gone, and a lost second factor, both by call-back."""

import re

import pyotp
import pytest

from occto.domain.permissions import Role
from occto.models import User
from occto.unit_of_work import unit_of_work
from tests.browser.conftest import Person, Site
from tests.browser.test_joining import NEW_PASSWORD, PDF, MakePerson, link_in
from tests.browser.test_office import as_staff
from tests.factories import PASSWORD, TOTP_SECRET, Factory
from tests.requesting import Scene, lost, on_record, scene

pytestmark = [pytest.mark.browser]

NEW, OLD, DESK = "sato@takasago.example.jp", "suzuki@takasago.example.jp", "desk@takasago.example.jp"


def _company(make: Factory) -> Scene:
    found = scene(make, contact=False)
    on_record(found.member, email=DESK)
    with unit_of_work() as session:
        old = session.get(User, found.old.id)
        assert old is not None
        old.email = old.email_key = OLD
    return found


def _set_up(somebody: Person) -> str:
    """Set the second factor up with the secret on the page; returns it."""
    somebody.look("set-up")
    secret = somebody.page.locator(".key-text").inner_text().replace(" ", "").strip()
    somebody.fill({"code": pyotp.TOTP(secret).now()})
    somebody.press("確認して設定する")
    somebody.look("recovery-codes")
    somebody.press("控えました。次へ進む")
    return secret


def test_an_administrator_is_changed_with_the_old_one_gone(site: Site, person: MakePerson) -> None:
    with site.app.app_context():
        make = Factory(site.app)
        found = _company(make)
        code, company = found.member.operator_code, found.member.current_name
        desk = as_staff(person, make, "小林 恵", Role.OPERATOR)
        second = as_staff(person, make, "高橋 直樹")
    new = person("佐藤 美咲")
    new.go("/login")
    new.look("login")
    new.follow("管理者の退職などで")
    new.look("apply")
    new.fill({"email": NEW})
    new.press("リンクを受け取る")
    new.look("link-sent")
    new.go(link_in(site.postbox.wait_for(NEW, "管理者の申請"), "/administrators/apply/"))
    new.look("form")
    new.press("申請する")
    new.look_at_refusal("form-errors")
    new.fill(
        {
            "typed_code": code,
            "typed_company": company,
            "typed_old_name": "鈴木 一郎",
            "person_name": "佐藤 美咲",
            "person_kana": "さとう みさき",
            "person_title": "総務部 部長",
            "person_phone": "03-9999-9999",
            "reason": "管理者が退職し、サインインできる方がいないため。",
        }
    )
    new.page.locator("[name='file']").set_input_files(
        files=[{"name": "届出書.pdf", "mimeType": "application/pdf", "buffer": PDF}]
    )
    new.press("申請する")
    new.look("received")
    assert "A-20" in site.postbox.wait_for(NEW, "申請を受け付けました")

    desk.go("/admin/?tab=accounts")
    desk.look("worklist")
    desk.follow("A-20")
    desk.look("details-new")
    desk.follow("会員・ユーザを特定する")
    desk.look("match")
    desk.press("会員・ユーザを特定する")
    desk.look("details-matched")
    objected = link_in(site.postbox.wait_for(OLD, "ご確認ください"), "/administrators/object/")
    assert "申請がありました" in site.postbox.wait_for(DESK, "ご確認ください")
    old = person("鈴木 一郎")
    old.go(objected)
    old.look("object")
    old.fill({"words": "在職中に申請を聞いていません。"})
    old.press("異議を知らせる")
    old.look("objected")
    desk.follow("電話での確認を記録する")
    desk.page.locator("input[name='way']").first.check()
    desk.fill({"words": "総務部の田中様。前任は退職し、佐藤様を管理者とする申請は会社のもの。"})
    desk.look("call")
    desk.press("電話での確認を記録する")
    desk.look_at_refusal("call-stale")  # the objection came in between
    desk.press("電話での確認を記録する")
    desk.look("details-objected")
    desk.follow("異議を確かめた結果を記録する")
    desk.look("settle")
    desk.fill({"words": "前任の方に連絡し、退職後の申請と確かめた。"})
    desk.press("異議を確かめた結果を記録する")
    second.go("/admin/?tab=second")
    second.follow("A-20")
    second.look("details-confirmed")
    second.follow("承認する")
    second.look("approve")
    second.press("承認する")
    second.look("details-approved")
    second.go("/admin/account_requests/")
    second.look("list")
    assert "佐藤 美咲" in site.postbox.wait_for(OLD, "管理者の役割が終わりました")

    new.go(link_in(site.postbox.wait_for(NEW, "管理者のユーザID"), "/password/"))
    new.look("password")
    new.fill({"password": NEW_PASSWORD, "again": NEW_PASSWORD})
    new.press("このパスワードに決める")
    new.fill({"email": NEW, "password": NEW_PASSWORD})
    new.press("サインイン")
    _set_up(new)
    assert company in new.heading()
    new.follow("ユーザ")
    new.follow("管理者の追加・変更を申請する")
    new.look("own-requests")
    assert "佐藤 美咲" in new.page.inner_text("main")
    assert "鈴木 一郎" not in new.page.inner_text("main")
    new.follow("新しく申請する")
    new.look("own-new")
    new.choose("kind", "ADMINISTRATOR")
    new.fill(
        {
            "person_name": "山本 翔",
            "person_kana": "ヤマモト ショウ",
            "person_title": "総務部",
            "person_email": "yamamoto@takasago.example.jp",
            "person_phone": "03-1111-3333",
            "reason": "二人で担当するため。",
        }
    )
    new.press("申請する")
    new.look("own-filed")
    new.follow("取り下げる")
    new.look("own-withdraw")
    new.press("取り下げる")
    new.look("own-withdrawn")


def test_a_lost_second_factor_is_recovered_by_call_back(site: Site, person: MakePerson) -> None:
    with site.app.app_context():
        make = Factory(site.app)
        found = _company(make)
        company = found.member.current_name
        desk = as_staff(person, make, "小林 恵", Role.OPERATOR)
        second = as_staff(person, make, "高橋 直樹")
    owner = person("鈴木 一郎")
    owner.go("/second-factor/lost")
    owner.look("lost-outside")
    owner.go("/login")
    owner.fill({"email": OLD, "password": PASSWORD})
    owner.press("サインイン")
    owner.look("second-factor")
    owner.follow("2段階認証の復旧を申請")
    owner.look("lost")
    owner.press("復旧を申請する")
    owner.look_at_refusal("lost-error")
    owner.fill({"reason": "スマートフォンが故障し、リカバリーコードの控えもないため。"})
    owner.press("復旧を申請する")
    owner.look("lost-filed")
    assert "2段階認証" in site.postbox.wait_for(OLD, "ご確認ください")

    desk.go("/admin/?tab=accounts")
    desk.follow("A-20")
    desk.look("recovery")
    desk.follow("電話での確認を記録する")
    desk.look("recovery-call")
    desk.page.locator("input[name='way']").first.check()
    desk.fill({"words": "ご本人。生年月日ではなく、登録の所属と直近の申請の内容で確かめた。"})
    desk.press("電話での確認を記録する")
    second.go("/admin/?tab=second")
    second.follow("A-20")
    second.follow("承認する")
    second.look("recovery-approve")
    second.press("承認する")
    second.look("recovery-approved")
    mail = site.postbox.wait_for(OLD, "2段階認証の復旧とパスワードの設定")
    assert "鈴木 一郎" in site.postbox.wait_for(DESK, "2段階認証を復旧しました")

    owner.go("/login")  # the half session has ended, and the old password with its old factor opens nothing
    owner.fill({"email": OLD, "password": PASSWORD})
    owner.press("サインイン")
    assert "合いません" in owner.page.inner_text("main")
    owner.complaints.clear()
    owner.go(link_in(mail, "/password/"))
    owner.fill({"password": NEW_PASSWORD, "again": NEW_PASSWORD})
    owner.press("このパスワードに決める")
    owner.fill({"email": OLD, "password": NEW_PASSWORD})
    owner.press("サインイン")
    secret = _set_up(owner)
    assert secret != TOTP_SECRET
    assert re.search(re.escape(company), owner.heading())


def test_paper_the_end_of_a_request_and_the_staffs_own(site: Site, person: MakePerson) -> None:
    with site.app.app_context():
        make = Factory(site.app)
        found = _company(make)
        lost(make, make.staff(Role.APPROVER, name="渡辺 悠"), on=found)
        desk = as_staff(person, make, "小林 恵", Role.OPERATOR)
        system = as_staff(person, make, "伊藤 誠", Role.SYSTEM)
        code = found.member.operator_code
    desk.go("/admin/account_requests/")
    desk.follow("書面の申請を入力する")
    desk.look("paper")
    desk.press("この内容で受け付ける")
    desk.look_at_refusal("paper-errors")
    desk.choose("kind", "ADMINISTRATOR")
    desk.fill(
        {
            "received_on": "令和8年11月20日",
            "received_time": "14時半",
            "operator_code": code,
            "person_name": "佐藤 美咲",
            "person_kana": "サトウ ミサキ",
            "person_title": "総務部",
            "person_email": NEW,
            "reason": "書面のとおり。",
        }
    )
    desk.page.locator("[name='file']").set_input_files(
        files=[{"name": "届出書.pdf", "mimeType": "application/pdf", "buffer": PDF}]
    )
    desk.press("この内容で受け付ける")
    desk.look("paper-taken")
    desk.follow("確認できないため終了する")
    desk.look("decline")
    desk.fill({"reason": "登録の連絡先の方に心当たりがない。"})
    desk.press("確認できないため終了する")
    desk.look("declined")
    system.go("/admin/")
    system.look("system-worklist")
    system.follow("A-20")
    system.look("system-request")
    system.follow("電話での確認を記録する")
    system.look("system-call")
    stranger = person("stranger")
    for path in ("/administrators/apply/unknown", "/administrators/object/unknown"):
        stranger.go(path)
        stranger.look_at_refusal(path.strip("/").replace("/", "-"))
