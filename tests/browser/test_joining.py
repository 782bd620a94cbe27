"""The whole of joining in a real browser: from the first mail to the new administrator's home, staff part included."""

import re
from collections.abc import Callable
from pathlib import Path

import pyotp
import pytest
from playwright.sync_api import expect

from occto import clock
from occto.domain.dates import today_jst
from occto.domain.permissions import Role
from tests.browser.conftest import Person, Site
from tests.factories import PASSWORD, TOTP_SECRET, Factory

pytestmark = [pytest.mark.browser]

APPLICANT = "entry@takasago.example.jp"
ADMINISTRATOR = "sato@takasago.example.jp"
NEW_PASSWORD = "green-kettle-on-a-hill"
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
MakePerson = Callable[[str], Person]


def link_in(text: str, path: str) -> str:
    found = re.search(rf"https?://[^/\s]+({path}\S+)", text)
    assert found, text
    return found[1]


def agree(applicant: Person) -> None:
    """Ask for the link, press its button, agree to the terms."""
    applicant.go("/")
    applicant.look("top")
    applicant.go("/join/")
    applicant.look("join")
    applicant.fill({"email": APPLICANT})
    applicant.press("リンクを受け取る")
    applicant.look("link-sent")
    mail = applicant.site.postbox.wait_for(APPLICANT, "申請用リンク")
    applicant.go(link_in(mail, "/join/links/"))
    applicant.look("open-link")
    applicant.press("申請の画面に進む")
    applicant.look("tasks-empty")
    applicant.follow("利用規約の確認と同意")
    applicant.look("terms")
    applicant.press("本利用規約に同意する")
    assert "同意いただきました" in applicant.page.inner_text("main")


def fill_company(applicant: Person) -> None:
    applicant.follow("会社の名称と所在地")
    applicant.look("company-empty")
    applicant.fill({"name": "髙砂グリーン電力株式会社", "corporate_number": "6000012050002", "postal_code": "676-0078"})
    applicant.press("保存して次へ")
    assert applicant.page.title().startswith("エラー：")
    expect(applicant.page.locator(".error-summary")).to_be_focused()
    applicant.look("company-errors")
    assert applicant.page.locator("[name='name']").input_value() == "髙砂グリーン電力株式会社", (
        "what was typed is still there"
    )
    applicant.page.get_by_role("button", name="住所を入れる").click()
    expect(applicant.page.locator("[name='prefecture']")).to_have_value("兵庫県")
    applicant.fill(
        {
            "kana": "たかさごグリーン",
            "corporate_number": "７０００-０１２０５０００２",
            "address": "高砂市伊保町一丁目2番8号",
        }
    )
    applicant.page.locator("[name='legal_form']").select_option("KK")
    applicant.press("保存して次へ")


def fill_rest(applicant: Person) -> None:
    """Every other section of the provisional application."""
    assert "代表者と資本金" in applicant.heading()
    applicant.fill(
        {
            "representative_title": "代表取締役",
            "representative_name": "𠮷田 健一",
            "representative_kana": "ヨシダ ケンイチ",
            "capital": "１５０，０００，０００",
        }
    )
    applicant.look("outline")
    applicant.press("保存して次へ")
    applicant.choose("licences", "GEN")
    applicant.choose("licences", "RETAIL")
    applicant.fill({"starts_on": "令和9年4月1日"})
    applicant.look("business")
    applicant.press("保存して次へ")
    applicant.look("relations-empty")
    applicant.follow("会社を追加する")
    applicant.choose("relation", "PARENT")
    applicant.fill({"name": "汐見ホールディングス株式会社", "corporate_number": "1000000000014", "ratio_bp": "55.25"})
    applicant.look("relation")
    applicant.press("この会社を保存する")
    assert "先頭の" in applicant.page.inner_text(".error-summary") or "検査" in applicant.page.inner_text(
        ".error-summary"
    )
    applicant.fill({"corporate_number": ""})
    applicant.choose("is_member", "NO")
    applicant.choose("controlling", "YES")
    applicant.choose("basis", "MAJORITY")
    applicant.press("この会社を保存する")
    applicant.look("relations")
    applicant.choose("done", "ALL")
    applicant.press("保存して次へ")
    applicant.fill(
        {
            "member_contact_department": "総務部",
            "member_contact_name": "佐藤 美咲",
            "member_contact_email": "soumu@takasago.example.jp",
            "member_contact_phone": "079-000-0000",
        }
    )
    applicant.look("contacts")
    applicant.press("保存して次へ")
    applicant.fill(
        {
            "administrator_title": "総務部 課長",
            "administrator_name": "佐藤 美咲",
            "administrator_kana": "さとう みさき",
            "administrator_email": ADMINISTRATOR,
            "administrator_phone": "079-000-0001",
        }
    )
    applicant.look("administrator")
    applicant.press("保存して次へ")
    applicant.page.locator("[name='no_antisocial_forces']").check()
    applicant.page.locator("[name='provision_to_state']").check()
    applicant.look("pledges")
    applicant.press("保存して次へ")
    attach(applicant)


def attach(applicant: Person) -> None:
    applicant.page.locator("input[name='kind'][value='REGISTRY']").check()
    applicant.page.locator("[name='file']").set_input_files(
        {"name": "悪い.pdf", "mimeType": "application/pdf", "buffer": b"MZ not a pdf"}
    )
    applicant.press("この書類を添付する")
    assert "PDF、PNG、JPEG" in applicant.page.inner_text(".error-summary")
    applicant.look("files-refused")
    applicant.page.locator("input[name='kind'][value='REGISTRY']").check()
    applicant.page.locator("[name='file']").set_input_files(
        {"name": "履歴事項全部証明書.pdf", "mimeType": "application/pdf", "buffer": PDF}
    )
    applicant.press("この書類を添付する")
    applicant.look("files")
    applicant.press("添付を終えて次へ")
    assert "申請を入力する方" in applicant.heading()
    applicant.choose("entrant", "COMPANY")
    applicant.look("entrant")
    applicant.press("保存して次へ")


def submit(applicant: Person) -> str:
    """The check page and the submission; returns the acceptance number."""
    assert "10項目のうち 10項目が完了" in applicant.page.inner_text("main")
    applicant.look("tasks-done")
    applicant.follow("内容を確認して提出へ進む")
    applicant.look("check")
    applicant.press("この内容で提出する")
    applicant.look("submitted")
    return applicant.page.locator(".panel .no").inner_text()


def sign_in(person: Person, email: str, *, password: str = PASSWORD, secret: str | None = TOTP_SECRET) -> None:
    person.go("/login")
    person.fill({"email": email, "password": password})
    person.press("サインイン")
    if secret:
        person.fill({"code": pyotp.TOTP(secret).now()})
        person.press("確認してサインイン")


def open_case(staff: Person, number: str) -> None:
    staff.go("/admin/applications/?search=" + number)
    staff.open("table a")
    staff.page.wait_for_url("**/details/**")


def test_from_the_first_mail_to_the_administrators_home(site: Site, person: MakePerson, tmp_path: Path) -> None:
    with site.app.app_context():
        make = Factory(site.app)
        make.staff(Role.OPERATOR, email="operator@office.example.jp", name="高橋 直樹")
        make.staff(Role.APPROVER, email="approver@office.example.jp", name="小林 恵")
    applicant, operator, approver = person("applicant"), person("operator"), person("approver")
    agree(applicant)
    fill_company(applicant)
    fill_rest(applicant)
    number = submit(applicant)
    assert number in site.postbox.wait_for(APPLICANT, "提出を受け付けました")

    sign_in(operator, "operator@office.example.jp")
    operator.look("worklist")
    open_case(operator, number)
    operator.look("case")
    operator.press("審査を始める")
    operator.follow("差し戻す")
    operator.look("return")
    operator.page.locator("[name='remark_company']").fill("建物名まで入力してください。")
    operator.page.locator("[name='reason']").fill("1項目の修正をお願いします。")
    operator.press("差し戻す")
    site.postbox.wait_for(APPLICANT, "修正のお願い")

    applicant.go("/join/")
    applicant.fill({"email": APPLICANT})
    applicant.press("リンクを受け取る")
    applicant.go(link_in(site.postbox.wait_for(APPLICANT, "続けるためのリンク"), "/join/links/"))
    applicant.look("open-link-again")
    applicant.press("申請の画面に進む")
    applicant.look("returned")
    applicant.follow("会社の名称と所在地")
    assert "建物名まで入力してください。" in applicant.page.inner_text("main")
    applicant.fill({"address": "高砂市伊保町一丁目2番8号 松風ビル4階"})
    applicant.press("保存して一覧へ戻る")
    applicant.follow("内容を確認して提出へ進む")
    applicant.press("この内容で提出する")

    open_case(operator, number)
    operator.press("受け付ける")
    site.postbox.wait_for(APPLICANT, "受け付けました")
    operator.follow("事業者コードを記録する")
    operator.fill({"operator_code": "04172"})
    operator.press("事業者コードを記録する")
    assert "04172" in site.postbox.wait_for(APPLICANT, "事業者コード")
    operator.look("case-accepted")

    fill_main(applicant, tmp_path)
    open_case(operator, number)
    operator.look("case-main")
    operator.follow("確認済みにして承認へ回す")
    operator.look("check")
    operator.press("確認済みにして承認へ回す")
    operator.look("case-checked")
    assert operator.page.get_by_role("link", name="承認する").count() == 0, "whoever checked does not approve"

    sign_in(approver, "approver@office.example.jp")
    open_case(approver, number)
    approver.follow("承認する")
    approver.look("approve")
    approver.press("承認する")
    approver.look("case-approved")

    first_sign_in(person("administrator"), site)


def fill_main(applicant: Person, tmp_path: Path) -> None:
    """The slip, then the main application: code, acts, and what has changed."""
    applicant.go("/join/applications/1")
    applicant.look("accepted")
    applicant.follow("加入仮申請受付票を表示する")
    applicant.look("slip")
    with applicant.page.expect_download() as download:
        applicant.page.get_by_role("link", name="PDF で保存する").click()
    assert Path(download.value.path()).read_bytes().startswith(b"%PDF")
    applicant.follow("申請の状況へ戻る")
    applicant.press("本申請を始める")
    applicant.look("main-tasks")
    applicant.follow("事業者コード")
    applicant.look("code")
    applicant.press("保存して次へ")
    applicant.look("acts-empty")
    applicant.follow("発電事業者")
    applicant.choose("status", "ACT")
    applicant.fill({"number": "G0123", "effective_on": today_jst(clock.now()).isoformat()})
    applicant.page.locator("[name='file']").set_input_files(
        {"name": "届出受理通知.pdf", "mimeType": "application/pdf", "buffer": PDF}
    )
    applicant.look("act")
    applicant.press("保存する")
    applicant.follow("小売電気事業者")
    applicant.choose("status", "PENDING")
    applicant.fill({"applied_on": today_jst(clock.now()).isoformat()})
    applicant.press("保存する")
    applicant.look("acts")
    applicant.go("/join/applications/1/sections/outline")
    applicant.fill({"capital": "200,000,000"})
    applicant.press("保存して一覧へ戻る")
    applicant.follow("内容を確認して提出へ進む")
    assert "150,000,000 円" in applicant.page.inner_text(".diffs"), (
        "the difference to the provisional application is shown"
    )
    applicant.look("main-check")
    applicant.press("この内容で提出する")
    applicant.look("main-submitted")


def first_sign_in(administrator: Person, site: Site) -> None:
    """Set the password, set the second factor up, keep the recovery codes, arrive at home."""
    mail = site.postbox.wait_for(ADMINISTRATOR, "管理者のユーザID")
    administrator.go(link_in(mail, "/password/"))
    administrator.look("set-password")
    administrator.fill({"password": NEW_PASSWORD, "again": NEW_PASSWORD})
    administrator.press("このパスワードに決める")
    administrator.look("login")
    administrator.fill({"email": ADMINISTRATOR, "password": NEW_PASSWORD})
    administrator.press("サインイン")
    administrator.look("set-up-factor")
    secret = administrator.page.locator(".key-text").inner_text().replace(" ", "")
    administrator.fill({"code": pyotp.TOTP(secret).now()})
    administrator.press("確認して設定する")
    administrator.look("recovery-codes")
    administrator.press("控えました。次へ進む")
    assert "髙砂グリーン電力株式会社" in administrator.heading()
    text = administrator.page.inner_text("main")
    assert "04172" in text
    assert "28条の11 第4項" in text
    assert "発電事業者" in text
    assert "小売電気事業者" not in text, "a licence without its act is not on record"
    administrator.look("home")
    administrator.press("ログアウト")
    administrator.go("/home")
    assert administrator.page.url.startswith(site.url + "/login")
