"""初期登録 in a real browser: a workbook with faults, mended from its file of faults, released by another, invited in a wave."""

import time
from pathlib import Path

import pyotp
import pytest
from openpyxl import load_workbook

from occto.domain.permissions import Role
from tests.browser.conftest import Person, Site
from tests.browser.test_joining import NEW_PASSWORD, MakePerson, link_in
from tests.browser.test_office import as_staff
from tests.factories import Factory
from tests.importing import L, M, R, book, company, licence, whole

pytestmark = [pytest.mark.browser]


def _send(somebody: Person, path: Path, note: str) -> None:
    somebody.go("/admin/imports/upload/")
    somebody.page.locator("[name='file']").set_input_files(path)
    somebody.fill({"note": note})
    somebody.press("取り込んで確認を始める")


def test_existing_members_are_loaded_and_their_administrators_invited(
    site: Site, person: MakePerson, tmp_path: Path
) -> None:
    with site.app.app_context():
        make = Factory(site.app)
        operator = as_staff(person, make, "小林 恵", Role.OPERATOR)
        approver = as_staff(person, make, "高橋 直樹")
    rows = whole(1, 2, 3, 4)
    rows[M][2]["corporate_number"] = "1234567890123"
    rows[L].append(licence(4, category="登録特定送配電事業者"))
    rows[R] = [
        {
            "operator_code": "00002",
            "relation": "親法人等",
            "other_name": "取込電力1株式会社",
            "other_number": company(1)["corporate_number"],
            "controlling": "支配している",
            "basis": "議決権の過半数",
        }
    ]
    source = tmp_path / "会員管理簿.xlsx"
    source.write_bytes(book(rows))

    operator.go("/admin/imports/")
    operator.look("none")
    operator.follow("ファイルを取り込む")
    operator.press("取り込んで確認を始める")
    operator.look_at_refusal("upload-error")
    _send(operator, source, "2026年11月20日現在の会員管理簿")
    operator.until("反映待ち", where="main .tag")
    operator.look("checked")
    operator.open("table a:has-text('会員')")
    operator.look("rows")
    operator.page.go_back()
    with operator.page.expect_download() as saved:
        operator.page.get_by_role("link", name="直す行を保存する").click()
    faults = tmp_path / "faults.xlsx"
    saved.value.save_as(faults)

    approver.go("/admin/imports/")
    approver.look("imports")
    approver.follow("会員管理簿.xlsx")
    approver.look("waiting")
    approver.follow("反映へ進む")
    approver.look("release")
    approver.choose("valid_only", "VALID")
    approver.press("内容を確認する")
    approver.look("release-check")
    approver.press("反映する")
    approver.until("反映済み", where="main .tag")
    approver.look("done")

    mended = load_workbook(faults)
    assert mended["会員"].max_row == 3
    mended["会員"]["E2"] = company(3)["corporate_number"]
    page = mended["区分"]
    for row in range(page.max_row, 1, -1):
        if page.cell(row, 3).value == "登録特定送配電事業者":
            page.delete_rows(row)
    mended.save(faults)
    _send(operator, faults, "直した行")
    operator.until("反映待ち", where="main .tag")
    approver.go("/admin/imports/")
    approver.open("main table tbody a")
    approver.follow("反映へ進む")
    approver.press("内容を確認する")
    approver.press("反映する")
    approver.until("反映済み", where="main .tag")
    approver.go("/admin/members/?q=取込電力")
    for serial in (1, 2, 3, 4):
        assert f"取込電力{serial}株式会社" in approver.page.locator("main").inner_text()

    operator.go("/admin/invitations/")
    operator.look("invitations")
    operator.follow("招待を送る")
    operator.look("wave")
    operator.page.locator("[name='row']").first.check()
    operator.press("選んだ方に送る")
    operator.look("bulk")
    operator.fill({"typed": "1"})
    operator.press("1件に行う")
    operator.until("完了")
    text = site.postbox.wait_for("Admin1@torikomi.example.jp", "管理者のユーザID")
    assert "/password/" in text
    operator.go("/admin/invitations/")
    operator.until("送付", where="main table")
    operator.look("states")
    operator.open("main table tbody a")
    operator.look("invitation")

    listed = tmp_path / "list.xlsx"
    listed.write_bytes(_listed())
    operator.go("/admin/imports/reconcile/")
    operator.page.locator("[name='file']").set_input_files(listed)
    operator.press("照らし合わせる")
    operator.look("reconciled")


def _listed() -> bytes:
    from tests.admin.test_imports import _sheet

    return _sheet(
        "一覧",
        ["事業者コード", "法人番号", "商号", "区分"],
        ["00001", None, "取込電力1株式会社", "発電事業者"],
        ["00002", None, "別の名前株式会社", "発電事業者、小売電気事業者"],
        ["09999", None, "一覧だけ株式会社", None],
    )


def test_an_invited_administrator_signs_in_for_the_first_time(site: Site, person: MakePerson) -> None:
    """The contract of use is formed by the sign-in: the company's pages open."""
    from tests.importing import Loading, work

    with site.app.app_context():
        make = Factory(site.app)
        loading = Loading(make)
        number = loading.upload(whole(1))
        work()
        office = as_staff(person, make, "小林 恵", Role.OPERATOR)
        _until_checked(number)
        loading.release(number)
        work()
    office.go("/admin/invitations/bulk/?act=invite&wave=rest")
    office.fill({"typed": "1"})
    office.press("1件に行う")
    text = site.postbox.wait_for("Admin1@torikomi.example.jp", "管理者のユーザID")
    member = person("佐藤")
    member.go(link_in(text, "/password/"))
    member.fill({"password": NEW_PASSWORD, "again": NEW_PASSWORD})
    member.press("このパスワードに決める")
    member.fill({"email": "admin1@torikomi.example.jp", "password": NEW_PASSWORD})
    member.press("サインイン")
    secret = member.page.locator(".key-text").inner_text().replace(" ", "")
    member.fill({"code": pyotp.TOTP(secret).now()})
    member.press("確認して設定する")
    member.press("控えました。次へ進む")
    assert "取込電力1株式会社" in member.heading()
    member.look("home")
    office.go("/admin/invitations/?state=SET_UP")
    assert "設定済" in office.page.locator("main table").inner_text()


def _until_checked(number: int) -> None:
    from tests.importing import batch

    end = time.monotonic() + 20
    while batch(number).state.value not in {"CHECKED"}:
        assert time.monotonic() < end
        time.sleep(0.1)
