"""Changes of the record in a real browser: from the member's form over the review to what is on record."""

from datetime import date, timedelta

import pytest
from playwright.sync_api import expect

from occto import clock
from occto.domain.dates import format_date, start_of_day, today_jst
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import Body, Member
from tests.browser.conftest import Person, Site
from tests.browser.test_joining import PDF, MakePerson, sign_in
from tests.factories import Factory

pytestmark = [pytest.mark.browser]

CONTACT = "sato@shiosai.example.jp"
OPERATOR, APPROVER = "operator@office.example.jp", "approver@office.example.jp"


class Office:
    """A member with its administrator, an operator and an approver, each at a browser of their own."""

    def __init__(self, site: Site, person: MakePerson, **member: object) -> None:
        self.site = site
        self.today = today_jst(clock.now())
        with site.app.app_context():
            self.make = Factory(site.app)
            self.member_id = self.make.member(name="汐騒電力株式会社", **member).id  # type: ignore[arg-type]
            user = self.make.user(email=CONTACT, name="佐藤 美咲")
            found = db.session.get(Member, self.member_id)
            assert found is not None
            self.make.affiliate(user, found)
            self.make.staff(Role.OPERATOR, email=OPERATOR, name="高橋 直樹")
            self.make.staff(Role.APPROVER, email=APPROVER, name="小林 恵")
            db.session.remove()
        self.member, self.operator, self.approver = person("member"), person("operator"), person("approver")
        sign_in(self.member, CONTACT)
        sign_in(self.operator, OPERATOR)
        sign_in(self.approver, APPROVER)

    def start(self, *parts: str, occurred_on: date | None = None) -> None:
        """Begin a request about these parts."""
        self.member.go("/changes/")
        self.member.look("list-empty")
        self.member.follow("新しく申請する")
        for part in parts:
            self.member.choose("parts", part)
        self.member.fill({"occurred_on": (occurred_on or self.today - timedelta(days=1)).isoformat()})
        self.member.look("new")
        self.member.press("次へ進む")

    def attach(self, *items: str) -> None:
        """Add a document that proves the items with these titles."""
        self.member.page.locator("[name='file']").set_input_files(
            {"name": "証明書.pdf", "mimeType": "application/pdf", "buffer": PDF}
        )
        self.member.page.locator("[name='kind']").select_option("REGISTRY")
        for title in items:
            self.member.page.get_by_label(title).check()
        self.member.press("追加する")

    def submit(self) -> str:
        """Check and submit; returns the number."""
        self.member.look("check")
        self.member.press("この内容で提出する")
        self.member.look("submitted")
        number = self.member.page.locator("main .code").first.inner_text()
        assert number.startswith("C-")
        self.site.postbox.wait_for(CONTACT, "受け付け")
        return number

    def open(self, staff: Person, number: str) -> None:
        """Find the request by its number in the list of the staff."""
        staff.go(f"/admin/changes/?q={number}")
        staff.look("staff-list")
        staff.page.locator("main table tbody a").first.click()
        staff.page.wait_for_load_state()
        assert number in staff.page.inner_text("main")


def test_a_name_is_returned_corrected_and_approved_for_a_day_to_come(site: Site, person: MakePerson) -> None:
    office = Office(site, person)
    member, operator, approver = office.member, office.operator, office.approver
    day = office.today + timedelta(days=40)
    office.start("company")
    member.look("tasks")
    member.follow("商号・法人番号・本店所在地")
    member.fill({"effective_on": day.isoformat(), "name": ""})
    member.press("保存して次へ")
    expect(member.page.locator(".error-summary")).to_be_focused()
    member.look("part-errors")
    member.fill({"name": "株式会社 汐騒エナジー"})
    member.press("保存して次へ")
    member.look("files-empty")
    office.attach("商号")
    member.look("files")
    member.go(member.page.url.replace("/files", "/check"))
    text = member.page.inner_text("main")
    assert "汐騒電力株式会社" in text
    assert "株式会社 汐騒エナジー" in text
    number = office.submit()

    operator.look("worklist")
    office.open(operator, number)
    operator.look("review")
    operator.press("審査を始める")
    operator.page.locator("[name='verdict_name'][value='REMARK']").check()
    operator.page.locator("[name='words_name']").fill(
        "登記事項証明書では「株式会社汐騒エナジー」です。空白を除いてください。"
    )
    operator.press("項目の確認を保存する")
    operator.look("review-marked")
    operator.follow("差し戻す")
    assert "空白を除いてください" in operator.page.locator("[name='remark_name']").input_value()
    operator.look("return")
    operator.fill({"reason": "1項目の修正をお願いします。"})
    operator.press("差し戻す")
    mail = site.postbox.wait_for(CONTACT, "修正")
    assert number in mail

    member.go("/home")
    member.look("home-returned")
    member.follow("商号の変更")
    assert "空白を除いてください" in member.page.inner_text("main")
    member.look("returned")
    member.follow("直して再申請する")
    member.follow("商号・法人番号・本店所在地")
    member.fill({"name": "株式会社汐騒エナジー"})
    member.press("保存して次へ")
    member.go(member.page.url.replace("/files", "/check"))
    member.press("この内容で提出する")

    office.open(approver, number)
    approver.look("second-revision")
    approver.follow("承認する")
    approver.look("approve")
    approver.press("承認する")
    approver.look("approved")
    site.postbox.wait_for(CONTACT, "承認")

    member.go("/member")
    member.look("record")
    text = member.page.inner_text("main")
    assert "株式会社汐騒エナジー" in text
    assert f"{format_date(day)}から" in text
    assert "汐騒電力株式会社" in text
    member.go("/changes/")
    member.look("list")
    assert "承認済" in member.page.inner_text("main")


def test_a_second_licence_is_added_and_the_first_ends(site: Site, person: MakePerson) -> None:
    office = Office(site, person, licences=("GEN",))
    member, operator, approver = office.member, office.operator, office.approver
    begun, ends = office.today - timedelta(days=3), office.today + timedelta(days=30)
    office.start("licences", occurred_on=begun)
    member.follow("電気事業者の区分の追加・終了")
    member.look("licences")
    member.follow("区分を追加する")
    member.page.locator("[name='category']").select_option("RETAIL")
    member.fill({"number": "A0999", "effective_on": begun.isoformat()})
    member.page.locator("[name='file']").set_input_files(
        {"name": "登録通知.pdf", "mimeType": "application/pdf", "buffer": PDF}
    )
    member.look("licence-add")
    member.press("保存する")
    member.look("licences-added")
    member.follow("終了を申請")
    member.fill({"ended_on": ends.isoformat()})
    member.choose("end_reason", "CLOSURE_NOTIFICATION")
    member.look("licence-end")
    member.press("保存する")
    member.look("licences-both")
    member.go(member.page.url.replace("/licences", "/files"))
    office.attach("発電事業者の終了")
    member.go(member.page.url.replace("/files", "/check"))
    number = office.submit()

    office.open(operator, number)
    operator.follow("確認済みにして承認へ回す")
    operator.look("check")
    operator.press("確認済みにして承認へ回す")
    assert operator.page.get_by_role("link", name="承認する").count() == 0, "whoever checked does not approve"
    office.open(approver, number)
    approver.look("review-licences")
    approver.follow("承認する")
    approver.look("approve-licences")
    approver.press("承認する")
    site.postbox.wait_for(CONTACT, "承認")

    member.go("/member")
    member.look("record-licences")
    text = member.page.inner_text("main")
    assert "小売電気事業者" in text
    assert "A0999" in text
    assert format_date(ends) in text
    operator.go(f"/admin/register/?on={ends.isoformat()}")
    operator.look("register-as-of")
    assert "小売" in operator.page.inner_text("main")


def test_a_parent_moves_votes_before_an_open_assembly(site: Site, person: MakePerson) -> None:
    office = Office(site, person, licences=("RETAIL",))
    member, operator, approver = office.member, office.operator, office.approver
    with site.app.app_context():
        parent = office.make.member(name="大海電力株式会社", licences=("RETAIL", "GEN"))
        for name in ("北浜電力株式会社", "南浜電力株式会社"):
            office.make.member(name=name, licences=("RETAIL",))
        number_of_parent = db.session.get(Body, db.session.get(Member, parent.id).body_id).corporate_number  # type: ignore[union-attr]
        db.session.remove()
    held = office.today + timedelta(days=60)
    operator.go("/admin/assemblies/")
    operator.follow("総会を登録する")
    operator.look("assembly-new")
    operator.choose("kind", "EXTRAORDINARY")
    operator.fill({"held_on": held.isoformat(), "held_time": "10:00", "place": "東都会館"})
    operator.press("確認へ進む")
    operator.look("assembly-check")
    operator.press("登録する")
    operator.look("assembly")

    office.start("relations")
    member.follow("資本関係（親法人・子法人）")
    member.follow("会社を追加する")
    member.choose("relation", "PARENT")
    member.fill({"name": "大海電力株式会社", "corporate_number": number_of_parent or "", "ratio_bp": "60"})
    member.choose("is_member", "YES")
    member.choose("controlling", "YES")
    member.choose("basis", "MAJORITY")
    member.fill({"acquired_on": (office.today - timedelta(days=2)).isoformat()})
    member.look("relation")
    member.press("保存する")
    member.look("relations")
    member.go(member.page.url.split("/relations")[0] + "/files")
    office.attach("親法人等の追加")
    member.go(member.page.url.replace("/files", "/check"))
    text = member.page.inner_text("main")
    assert "1 / 4" in text
    assert "1 / 3" in text
    assert "大海電力株式会社" in text
    number = office.submit()

    office.open(operator, number)
    operator.look("review-relation")
    assert "1 / 3" in operator.page.inner_text("main")
    operator.follow("確認済みにして承認へ回す")
    operator.press("確認済みにして承認へ回す")
    office.open(approver, number)
    approver.follow("承認する")
    approver.look("approve-relation")
    assert "1 / 3" in approver.page.inner_text("main")
    approver.press("承認する")
    site.postbox.wait_for(CONTACT, "承認")
    member.go("/member")
    assert "大海電力株式会社" in member.page.inner_text("main")
    assert start_of_day(held) > clock.now()
