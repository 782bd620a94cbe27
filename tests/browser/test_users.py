"""ユーザ管理 in a real browser: the 管理者 invites, the invited person signs in first and looks after the own account."""

from collections.abc import Callable
from urllib.parse import urlsplit

import pyotp
import pytest

from occto import clock
from occto.domain.permissions import Role
from tests.browser.conftest import Person, Site
from tests.browser.test_joining import link_in
from tests.factories import TOTP_SECRET, Factory

pytestmark = [pytest.mark.browser]
MakePerson = Callable[[str], Person]

NEW, MOVED = "takahashi@takasago.example.jp", "misaki.takahashi@takasago.example.jp"
FIRST, SECOND = "copper-birds-over-hill", "seven-quiet-herons-row"
LINES = """氏名\tフリガナ\t所属・役職\tメールアドレス\t電話番号\t役割
髙橋 美咲\tたかはし\t総務部 課長\ttakahashi2@takasago.example.jp\t03-0000-0000\t申請担当
総務部\t\t\tsoumu@takasago.example.jp\t\t閲覧
鈴木 一\t\t\tsuzuki@takasago.example.jp\t\t管理者
"""


@pytest.fixture
def boss(site: Site, person: MakePerson) -> Person:
    """The 管理者 of a member that has a second 管理者 and a stopped user."""
    with site.app.app_context():
        make = Factory(site.app)
        member = make.member(name="髙砂グリーン電力株式会社")
        first = make.user(name="佐藤 美咲", kana="サトウ ミサキ", email="sato@takasago.example.jp", title="総務部 部長")
        second = make.user(name="田中 健", kana="タナカ ケン", email="tanaka@takasago.example.jp")
        third = make.user(name="中村 恵", kana="ナカムラ メグミ", email="info@takasago.example.jp", totp=False)
        for user, role in ((first, Role.ADMINISTRATOR), (second, Role.ADMINISTRATOR), (third, Role.VIEWER)):
            make.affiliate(user, member, role)
            make.consent(user)
        made = person("管理者")
        made.take_session(make.signed_in(first, member=member))
    return made


def test_an_invited_user_signs_in_first_and_looks_after_the_account(
    site: Site, person: MakePerson, boss: Person
) -> None:
    boss.go("/home")
    boss.follow("ユーザ")
    boss.look("users")
    boss.follow("ユーザを招待する")
    boss.look("invite")
    boss.press("招待メールを送る")
    boss.look("invite-errors")
    boss.fill({"name": "髙橋 美咲", "kana": "たかはし みさき", "title": "電力部", "email": NEW})
    boss.choose("role", "APPLICATIONS")
    boss.press("招待メールを送る")
    assert "招待メールを送ります" in boss.page.inner_text(".flashes")
    mail = site.postbox.wait_for(NEW, "ユーザIDのお知らせ")
    assert "役割　申請担当" in mail
    boss.go("/users/")
    boss.until("招待メール送信済み")
    boss.look("users-invited")
    boss.follow("髙橋 美咲")
    boss.look("invited-user")

    new = person("ユーザ")
    new.go(link_in(mail, "/password/"))
    new.look("set-password")
    new.fill({"password": FIRST, "again": FIRST})
    new.press("このパスワードに決める")
    new.fill({"email": NEW, "password": FIRST})
    new.press("サインイン")
    assert "髙砂グリーン電力" in new.heading()
    new.look("home")
    boss.go("/users/")
    boss.follow("髙橋 美咲")
    assert "利用規約への同意" in boss.page.inner_text("main"), "the first sign-in is the consent"
    boss.look("user")

    account(new)
    move(site, new)
    boss.go("/users/")
    assert MOVED in boss.page.inner_text("main")


def account(new: Person) -> None:
    """Every page of the account but the address."""
    new.page.get_by_role("link", name="髙橋 美咲 さん").first.click()
    new.page.wait_for_url("**/account")
    new.look("account")
    new.follow("登録内容を直す")
    new.look("profile")
    new.fill({"phone": "03-0000-1234"})
    new.press("変更を保存する")
    new.go("/account/password")
    new.look("password")
    new.fill({"current": "wrong", "password": SECOND, "again": SECOND})
    new.press("パスワードを変更する")
    assert new.page.title().startswith("エラー：")
    new.look("password-error")
    new.fill({"current": FIRST, "password": SECOND, "again": SECOND})
    new.press("パスワードを変更する")
    new.follow("設定する")
    new.look("second-factor")
    secret = new.page.locator(".key-text").inner_text().replace(" ", "")
    new.fill({"current": SECOND, "code": pyotp.TOTP(secret).now()})
    new.press("確認して設定する")
    new.look("recovery-codes")
    spare = new.page.locator(".codes li").all_inner_texts()
    new.follow("控えました")
    new.look("account-with-factor")
    new.follow("作り直す")
    new.look("fresh-codes")
    new.fill({"current_code": spare[0]})
    new.press("新しいコードを作る")
    spare = new.page.locator(".codes li").all_inner_texts()
    new.follow("控えました")
    new.follow("認証アプリを替える")
    new.look("replace-factor")
    secret = new.page.locator(".key-text").inner_text().replace(" ", "")
    new.fill({"current_code": spare[1], "code": pyotp.TOTP(secret).now()})
    new.press("確認して設定する")
    new.follow("控えました")
    new.follow("解除する")
    new.look("remove-factor")
    new.go("/account/sessions")
    new.look("sessions")


def move(site: Site, new: Person) -> None:
    """The address moves, by the button behind the new one."""
    new.go("/account/email")
    new.look("address")
    new.fill({"email": MOVED, "current": SECOND})
    new.press("確認のメールを送る")
    new.look("address-pending")
    assert "report-lost-id" in site.postbox.wait_for(NEW, "変更の手続きがありました")
    new.go(link_in(site.postbox.wait_for(MOVED, "メールアドレスの確認"), "/account/email/"))
    new.look("confirm-address")
    new.press("このメールアドレスに変更する")
    assert urlsplit(new.page.url).path == "/account"
    assert MOVED in new.page.inner_text("main")
    assert MOVED in site.postbox.wait_for(NEW, "メールアドレスが変更されました")


def test_the_administrator_looks_after_the_users(site: Site, boss: Person) -> None:
    boss.go("/users/invite/list")
    boss.look("list")
    boss.fill({"text": LINES})
    boss.press("確認の画面へ進む")
    boss.look("list-check")
    boss.press("2名に招待メールを送る")
    boss.look("list-sent")
    assert "役割　閲覧" in site.postbox.wait_for("soumu@takasago.example.jp", "ユーザIDのお知らせ")
    boss.follow("ユーザの点検表")
    boss.look("review")
    boss.go("/users/")
    boss.follow("中村 恵")
    boss.look("details")
    details = boss.page.url.removeprefix(site.url)
    for part in ("role", "email", "edit"):
        boss.go(f"{details}/{part}")
        boss.look(part)
    boss.follow("変更せずに戻る")
    boss.follow("利用を停止する")
    boss.look("stop")
    boss.fill({"reason": "退職のため（2026年11月30日付）"})
    boss.press("利用を停止する")
    boss.look("stopped")
    assert "停止しました" in site.postbox.wait_for("info@takasago.example.jp", "停止しました")
    boss.follow("利用を再開する")
    boss.look("resume")
    boss.press("利用を再開する")
    boss.follow("ユーザから外す")
    boss.look("remove")
    boss.press("ユーザから外す")
    boss.follow("管理者の役割を返上する")
    boss.look("give-up")
    boss.choose("role", "VIEWER")
    boss.press("管理者の役割を返上する")
    assert "返上しました" in boss.page.inner_text(".flashes")
    boss.look("given-up")
    assert "返上" in site.postbox.wait_for("tanaka@takasago.example.jp", "管理者の役割の返上")


def test_a_code_of_the_administrators_own_authenticator(site: Site, boss: Person) -> None:
    """A 管理者 replaces the authenticator with the present one's code and keeps it: it is compulsory."""
    boss.go("/account")
    assert "解除する" not in boss.page.inner_text("main")
    boss.follow("作り直す")
    boss.fill({"current_code": pyotp.TOTP(TOTP_SECRET).at(clock.now())})
    boss.press("新しいコードを作る")
    boss.look("administrators-codes")
