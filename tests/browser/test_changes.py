"""Changes of the record in a real browser: from the member's form over the review to what is on record.

The pages of the review alone are looked at in `test_staff_changes`.
"""

from datetime import date, timedelta

import pytest
from playwright.sync_api import expect

from occto import clock
from occto.domain.dates import format_date, today_jst
from occto.domain.permissions import Role
from occto.extensions import db
from tests.browser.conftest import Person, Site
from tests.browser.test_joining import PDF, MakePerson
from tests.browser.test_office import as_staff
from tests.factories import Factory
from tests.registering import number_of

pytestmark = [pytest.mark.browser]

CONTACT = "sato@shiosai.example.jp"


class Office:
    """A member with its administrator, an operator and an approver, each at a browser of their own."""

    def __init__(self, site: Site, person: MakePerson, *, licences: tuple[str, ...] = ("GEN",)) -> None:
        self.site, self.today = site, today_jst(clock.now())
        with site.app.app_context():
            self.make = Factory(site.app)
            company = self.make.member(name="汐騒電力株式会社", licences=licences)
            user = self.make.user(email=CONTACT, name="佐藤 美咲")
            self.make.affiliate(user, company)
            self.make.consent(user)
            self.member = person("member")
            self.member.take_session(self.make.signed_in(user, member=company))
            self.operator = as_staff(person, self.make, "高橋 直樹", Role.OPERATOR)
            self.approver = as_staff(person, self.make, "小林 恵")
            db.session.remove()

    def start(self, *parts: str, occurred_on: date) -> None:
        """Begin a request about these parts."""
        self.member.go("/changes/")
        self.member.follow("新しく申請する")
        for part in parts:
            self.member.choose("parts", part)
        self.member.fill({"occurred_on": occurred_on.isoformat()})
        self.member.press("次へ進む")

    def attach(self, kind: str, *items: str) -> None:
        """Add a document that proves the items with these titles, and go back to the list."""
        self.member.follow("証明する書類")
        self.member.page.locator("[name='file']").set_input_files(
            {"name": "証明書.pdf", "mimeType": "application/pdf", "buffer": PDF}
        )
        self.member.choose("kind", kind)
        for title in items:
            self.member.page.get_by_label(title).check()
        self.member.press("この書類を添付する")

    def submit(self, *, look: str = "") -> str:
        """Check and submit from the list of parts; returns the number."""
        self.member.follow("内容を確認して提出へ進む")
        if look:
            self.member.look(f"check-{look}")
        self.member.press("この内容で提出する")
        number = self.member.page.locator(".panel .no").inner_text()
        assert number.startswith("C-")
        assert number in self.site.postbox.wait_for(CONTACT, "提出を受け付けました")
        return number

    def open(self, staff: Person, number: str) -> None:
        """Find the request by its number in the list of the staff."""
        staff.go(f"/admin/changes/?q={number}")
        staff.open("main table tbody a")
        staff.page.wait_for_load_state()
        assert number in staff.page.inner_text("main")

    def check(self, number: str) -> None:
        """The operator checks as the first of two; nothing can be approved by the same person."""
        self.open(self.operator, number)
        self.operator.press("審査を始める")
        self.operator.follow("確認済みにして承認へ回す")
        self.operator.press("確認済みにして承認へ回す")
        assert self.operator.page.get_by_role("link", name="承認する").count() == 0, "whoever checked does not approve"

    def approve(self, number: str) -> None:
        """The approver approves; the member is told."""
        self.approver.press("承認する")
        assert "承認しました" in self.approver.page.locator(".flashes").inner_text()
        assert number in self.site.postbox.wait_for(CONTACT, "承認のお知らせ")


def _main(somebody: Person) -> str:
    return somebody.page.inner_text("main")


def test_a_name_is_returned_corrected_and_approved_for_a_day_to_come(site: Site, person: MakePerson) -> None:
    office = Office(site, person)
    member, operator, approver = office.member, office.operator, office.approver
    day = office.today + timedelta(days=40)
    member.go("/changes/")
    member.look("list-empty")
    member.follow("新しく申請する")
    member.press("次へ進む")
    member.look_at_refusal("new-errors")
    office.start("company", occurred_on=office.today - timedelta(days=1))
    member.look("tasks")
    member.follow("商号・法人番号・本店所在地")
    member.fill({"effective_on": day.isoformat(), "name": ""})
    member.press("保存して次へ")
    expect(member.page.locator(".error-summary")).to_be_focused()
    member.look_at_refusal("part-errors")
    member.fill({"name": "株式会社 汐騒エナジー", "address": "千代田区千代田1番2号"})
    member.press("保存して次へ")
    office.attach("REGISTRY", "商号")
    member.look("files")
    member.follow("一覧へ戻る")
    number = office.submit(look="name")
    member.look("submitted")

    operator.go("/admin/?tab=changes")
    operator.look("worklist")
    _return(office, number)
    _mend(office, number)
    member.go("/changes/")
    assert "審査待ち" in _main(member)

    office.open(approver, number)
    approver.follow("承認する")
    office.approve(number)
    assert format_date(day) in site.postbox.wait_for(CONTACT, "承認のお知らせ")

    member.go("/member")
    member.look("record")
    text = _main(member)
    assert "汐騒電力株式会社" in text, "the name of today"
    assert f"{format_date(day)}から 株式会社汐騒エナジー" in text, "the name to come"
    member.go("/changes/")
    member.look("list")
    text = _main(member)
    assert "承認済" in text
    assert f"{format_date(day)}から有効になります。" in text
    member.follow("商号")
    member.look("request-approved")
    office.operator.go("/admin/changes/?q=" + number)
    assert "承認済" in _main(operator)


def _return(office: Office, number: str) -> None:
    """The office notes a remark on each of the two items and returns the request."""
    operator, member = office.operator, office.member
    office.open(operator, number)
    operator.press("審査を始める")
    for item, words in (("name", "登記のとおり、空白を除いてください。"), ("address", "建物名まで入力してください。")):
        operator.choose(f"verdict_{item}", "REMARK")
        operator.page.locator(f"[name='words_{item}']").fill(words)
    operator.press("記録して差戻しの確認へ進む")
    assert "空白を除いて" in operator.page.locator("[name='remark_name']").input_value()
    assert "建物名" in operator.page.locator("[name='remark_address']").input_value()
    operator.press("差し戻す")
    mail = office.site.postbox.wait_for(CONTACT, "修正のお願い")
    assert number in mail
    assert "2件" in mail
    member.go("/changes/")
    member.look("list-returned")
    assert "2項目の修正をお願いしています。" in _main(member)
    assert "差戻し" in _main(member)


def _mend(office: Office, number: str) -> None:
    """The member finds it on its home, reads the remarks, mends both items and submits again."""
    member = office.member
    member.go("/home")
    member.look("home-returned")
    member.follow("商号")
    member.look("request-returned")
    text = _main(member)
    assert "空白を除いてください" in text
    assert "建物名まで入力してください" in text
    member.follow("直して再申請する")
    member.look("tasks-returned")
    member.follow("商号・法人番号・本店所在地")
    member.look("part-returned")
    member.fill({"name": "株式会社汐騒エナジー", "address": "千代田区千代田1番2号 潮見ビル3階"})
    member.press("保存して一覧へ戻る")
    assert office.submit() == number, "a request keeps its number"


def test_a_second_licence_is_added_and_the_first_ends(site: Site, person: MakePerson) -> None:
    office = Office(site, person, licences=("GEN",))
    member, approver = office.member, office.approver
    begun, ends = office.today - timedelta(days=3), office.today + timedelta(days=30)
    office.start("licences", occurred_on=begun)
    member.follow("電気事業者の区分の追加・終了")
    member.follow("区分を追加する")
    member.choose("category", "RETAIL")
    member.fill({"number": "A0999", "effective_on": begun.isoformat()})
    member.page.locator("[name='file']").set_input_files(
        {"name": "登録通知.pdf", "mimeType": "application/pdf", "buffer": PDF}
    )
    member.look("licence-add")
    member.press("この区分を保存する")
    member.follow("終了を申請")
    member.fill({"ended_on": ends.isoformat()})
    member.choose("end_reason", "CLOSURE_NOTIFICATION")
    member.look("licence-end")
    member.press("終了を申請に加える")
    member.look("licences-both")
    member.follow("一覧へ戻る")
    office.attach("METI_ACT", "発電事業者の終了")
    member.follow("一覧へ戻る")
    number = office.submit(look="licences")

    office.check(number)
    office.open(approver, number)
    approver.look("review-licences")
    approver.follow("承認する")
    office.approve(number)

    member.go("/member")
    text = _main(member)
    assert "小売電気事業者" in text
    assert "A0999" in text
    assert f"{format_date(ends)}に終わる（廃止届出）" in text
    _read_register(office.operator, before=ends - timedelta(days=1), ends=ends)


def _read_register(operator: Person, *, before: date, ends: date) -> None:
    """On the day before both categories are in force, on the day itself the new one alone."""
    operator.go("/admin/register/")
    operator.fill({"day": before.isoformat()})
    operator.press("表示する")
    operator.look("register-before")
    assert format_date(before) in operator.heading()
    row = operator.page.locator("main tbody tr").inner_text()
    assert "小売電気事業者" in row
    assert "発電事業者" in row
    operator.fill({"day": ends.isoformat()})
    operator.press("表示する")
    row = operator.page.locator("main tbody tr").inner_text()
    assert "小売電気事業者" in row
    assert "発電事業者" not in row
    operator.open("main tbody a")
    operator.page.wait_for_load_state()
    operator.look("register-member")


def test_a_parent_moves_votes_before_an_open_assembly(site: Site, person: MakePerson) -> None:
    office = Office(site, person, licences=("RETAIL",))
    member, operator, approver = office.member, office.operator, office.approver
    with site.app.app_context():
        number_of_parent = number_of(office.make.member(name="大海電力株式会社", licences=("RETAIL", "GEN")))
        for name in ("北浜電力株式会社", "南浜電力株式会社"):
            office.make.member(name=name, licences=("RETAIL",))
        db.session.remove()
    _hold_assembly(operator, held_on=office.today + timedelta(days=60))
    office.start("relations", occurred_on=office.today - timedelta(days=2))
    member.follow("資本関係（親法人・子法人）")
    member.follow("親法人・子法人を追加する")
    member.choose("relation", "PARENT")
    member.fill({"name": "大海電力株式会社", "corporate_number": number_of_parent, "ratio_bp": "60"})
    member.choose("is_member", "YES")
    member.choose("controlling", "YES")
    member.choose("basis", "MAJORITY")
    member.fill({"acquired_on": (office.today - timedelta(days=2)).isoformat()})
    member.look("relation")
    member.press("保存する")
    member.look("relations")
    member.follow("一覧へ戻る")
    office.attach("CAPITAL_CHART", "親法人等の追加")
    member.follow("一覧へ戻る")
    member.follow("内容を確認して提出へ進む")
    _read_shares(member)
    member.page.go_back()
    number = office.submit(look="relation")

    office.open(operator, number)
    operator.look("review-relation")
    _read_shares(operator)
    office.check(number)
    office.open(approver, number)
    approver.follow("承認する")
    _read_shares(approver)
    office.approve(number)
    member.go("/member")
    assert "大海電力株式会社" in _main(member)


def _hold_assembly(operator: Person, *, held_on: date) -> None:
    operator.go("/admin/assemblies/")
    operator.follow("総会を登録する")
    operator.choose("kind", "EXTRAORDINARY")
    operator.fill({"no": "1", "held_on": held_on.isoformat(), "held_time": "10:00", "place": "東都会館"})
    operator.press("内容を確認する")
    operator.press("総会を登録する")
    assert "臨時総会" in operator.heading()


def _read_shares(somebody: Person) -> None:
    """Four of the retail group become three: the subsidiary's quarter goes, the parent keeps one of three."""
    rows = somebody.page.locator("table", has_text="小売グループ").first.locator("tbody tr").all_inner_texts()
    found = {name: (before, after) for name, before, after, *_ in (row.split("\t") for row in rows)}
    assert found["汐騒電力株式会社"] == ("1 / 4", "0")
    assert found["大海電力株式会社"] == ("1 / 4", "1 / 3")
    assert found["ほか 2社"] == ("1 / 4", "1 / 3")
