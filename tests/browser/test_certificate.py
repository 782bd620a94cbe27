"""加入証跡 in a real browser: the member's sheet, and a stranger who checks it."""

from datetime import timedelta
from io import BytesIO

import pytest
import zxingcpp
from PIL import Image

from occto import clock
from occto.domain.certificates import grouped
from occto.domain.dates import format_date_era, today_jst
from occto.domain.permissions import Role
from occto.extensions import db
from tests.browser.conftest import Site
from tests.browser.test_joining import MakePerson
from tests.browser.test_pages import become
from tests.certifying import code_of, end_licence, new_key
from tests.factories import Factory

pytestmark = [pytest.mark.browser]


def test_a_certificate_is_shown_saved_and_checked(site: Site, person: MakePerson) -> None:
    today = today_jst(clock.now())
    with site.app.app_context():
        make = Factory(site.app)
        new_key()
        user, member = make.user(name="佐藤 美咲"), make.member(name="汐見でんき株式会社", licences=("RETAIL", "GEN"))
        make.affiliate(user, member)
        left = make.member(name="退いた電力株式会社")
        end_licence(left, "GEN", today - timedelta(days=30))
        coming = make.member(name="これからの電力株式会社", since=today + timedelta(days=30))
        newcomer = make.user()
        make.affiliate(newcomer, coming)
        codes = {each.current_name: code_of(each) for each in (member, left, coming)}
        cookies = [
            make.signed_in(one, member=at).client.get_cookie("session")
            for one, at in ((user, member), (newcomer, coming))
        ]
        office = make.signed_in(make.staff(Role.OPERATOR)).client.get_cookie("session")
        number = member.id
        db.session.remove()
    own, other = cookies
    assert own
    assert other
    assert office
    employee = person("member")
    become(employee, site, own.value)
    employee.go("/home")
    employee.follow("加入証跡")
    assert employee.heading() == "加入証跡"
    _seen_by_a_phone(
        employee.page.locator(".cert .qr").screenshot(), f"{site.url}/certificates/{codes['汐見でんき株式会社']}"
    )
    employee.look("certificate")
    employee.page.get_by_text("署名を表示する").click()
    employee.look("certificate-signature")
    with employee.page.expect_download() as saved:
        employee.page.get_by_role("link", name="PDFで保存する").click()
    assert saved.value.suggested_filename.startswith("加入証跡_")
    become(employee, site, other.value)
    employee.go("/member/certificate")
    employee.look("certificate-to-come")

    stranger = person("stranger")
    stranger.go("/")
    stranger.follow("加入証跡の確認")
    stranger.look("check")
    for name, words in (
        ("汐見でんき株式会社", "有効です"),
        ("退いた電力株式会社", "無効です"),
        ("これからの電力株式会社", "まだ有効ではありません"),
    ):
        stranger.go("/certificates/")
        stranger.fill({"code": grouped(codes[name]).lower()})
        stranger.press("確かめる")
        assert stranger.page.locator(".notice h2").inner_text() == words
        stranger.look(f"check-{words}")
    stranger.fill({"code": codes["汐見でんき株式会社"], "date": format_date_era(today + timedelta(days=90))})
    stranger.press("確かめる")
    assert "有効の見込みです" in stranger.page.inner_text("main")
    stranger.look("check-foreseen")
    for values, look in (({"code": "K7QM-4T9X-2BZZ"}, "unknown"), ({"code": "", "date": "昨日"}, "errors")):
        stranger.go("/certificates/")
        stranger.fill(values)
        stranger.press("確かめる")
        stranger.complaints = [words for words in stranger.complaints if "Failed to load resource" not in words]
        stranger.look(f"check-{look}")

    staff = person("staff")
    become(staff, site, office.value)
    staff.go(f"/admin/members/details/?id={number}")
    staff.look("member-with-certificate")
    with staff.page.expect_download() as printed:
        staff.page.get_by_role("link", name="印刷用のPDF").click()
    assert printed.value.suggested_filename.startswith("加入証跡_")


def _seen_by_a_phone(picture: bytes, expected: str) -> None:
    image = Image.open(BytesIO(picture))
    found = zxingcpp.read_barcodes(image.resize((image.width * 3, image.height * 3)))
    assert [code.text for code in found] == [expected]
