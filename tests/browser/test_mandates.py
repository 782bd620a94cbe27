"""受託者 in a real browser: started, accepted, five companies for one person, filing for two members and not outside."""

from datetime import date, timedelta
from typing import Any

import pytest
from playwright.sync_api import expect

from occto import clock
from occto.domain.codes import Procedure, UserKind
from occto.domain.dates import today_jst
from occto.domain.permissions import Role
from occto.models import Member, User
from tests.browser.conftest import DESKTOP, PHONE, Person, Site
from tests.browser.test_joining import MakePerson, sign_in
from tests.factories import PASSWORD, Factory, corporate_number

pytestmark = [pytest.mark.browser]

PERSON = "hanako@minato.example.jp"
P = Procedure


def _today() -> date:
    return today_jst(clock.now())


def _administrator(make: Factory, name: str, email: str) -> tuple[Member, User]:
    member, user = make.member(name=name), make.user(email=email, name="青木 葵")
    make.affiliate(user, member)
    make.consent(user)
    return member, user


def _as(person: MakePerson, site: Site, make: Factory, name: str, user: User, **where: Any) -> Person:
    """A browser with an open session."""
    cookie = make.signed_in(user, **where).client.get_cookie("session")
    assert cookie is not None
    made = person(name)
    made.context.add_cookies([{"name": "session", "value": cookie.value, "url": site.url}])
    return made


def _refused(somebody: Person, path: str, what: str) -> None:
    """A page that is not for this person: 403 in words."""
    somebody.go(path)
    assert "権限" in somebody.page.inner_text("main") or "ご利用いただけません" in somebody.page.inner_text("main")
    somebody.complaints = [words for words in somebody.complaints if "Failed to load resource" not in words]
    somebody.look(what)


def _choose(somebody: Person, company: str) -> None:
    """Take a company in the chooser."""
    row = somebody.page.locator("li", has_text=company)
    with somebody.page.expect_navigation():
        row.get_by_role("button").first.click()


def test_a_mandate_from_its_start_to_its_end(site: Site, person: MakePerson) -> None:
    with site.app.app_context():
        make = Factory(site.app)
        member, user = _administrator(make, "髙砂グリーン電力株式会社", "desk@takasago.example.jp")
        administrator = _as(person, site, make, "administrator", user, member=member)
    administrator.go("/mandates/")
    administrator.look("mandates-none")
    administrator.follow("委託を始める")
    administrator.press("内容を確認する")
    administrator.look("mandate-form-errors")
    administrator.fill(
        {
            "contractor_name": "みなと電力サポート株式会社",
            "corporate_number": corporate_number(987654),
            "last_on": (_today() + timedelta(days=364)).isoformat(),
            "persons": f"湊 さやか, {PERSON}",
        }
    )
    for procedure in ("VIEW", "CHANGES"):
        administrator.choose("procedures", procedure)
    administrator.page.locator("input[name='affirmed']").check()
    administrator.look("mandate-form")
    administrator.press("内容を確認する")
    administrator.look("mandate-check")
    administrator.press("この内容で委託を始める")
    administrator.look("mandate-begun")
    invited = site.postbox.wait_for(PERSON, "ユーザIDのお知らせ")
    link = next(word for word in invited.split() if "/password/" in word)
    contractor = person("contractor")
    contractor.page.goto(link)
    contractor.fill({"password": PASSWORD, "again": PASSWORD})
    contractor.press("このパスワードに決める")
    sign_in(contractor, PERSON, password=PASSWORD, secret=None)
    contractor.page.wait_for_url("**/home")
    contractor.look("served-home")
    contractor.go("/mandates/")
    contractor.look("served-list")
    contractor.open("main h3 a")
    contractor.page.wait_for_load_state()
    contractor.look("served-mandate")
    administrator.follow("内容を変える")
    administrator.look("mandate-change")
    administrator.page.go_back()
    administrator.follow("委託を終了する")
    administrator.look("mandate-end")
    administrator.fill({"reason": "契約の終了"})
    administrator.press("委託を終了する")
    administrator.look("mandate-ended")
    contractor.go("/home")
    assert "/login" in contractor.page.url
    site.postbox.wait_for(PERSON, "委託が終了しました")
    administrator.go("/mandates/")
    administrator.look("mandates-past")


def test_a_proposal_is_answered(site: Site, person: MakePerson) -> None:
    with site.app.app_context():
        make = Factory(site.app)
        member, user = _administrator(make, "髙砂グリーン電力株式会社", "desk@takasago.example.jp")
        proposer = make.user(kind=UserKind.CONTRACTOR, email=PERSON, name="湊 さやか", totp=False)
        make.contractor(proposer, name="みなと電力サポート株式会社")
        make.consent(proposer)
        administrator = _as(person, site, make, "administrator", user, member=member)
        contractor = _as(person, site, make, "contractor", proposer)
        code = member.operator_code
    contractor.go("/arrive")
    contractor.look("nothing-to-choose")
    contractor.follow("受託している委託を見る")
    contractor.look("served-none")
    contractor.follow("会員に委託を提案する")
    contractor.look("propose")
    last_on = (_today() + timedelta(days=200)).isoformat()
    contractor.fill({"member_key": code, "last_on": last_on, "persons": f"湊 さやか, {PERSON}"})
    contractor.choose("procedures", "USERS")
    contractor.press("内容を確認する")
    contractor.look("propose-check")
    contractor.press("この内容で提案する")
    contractor.look("proposed")
    site.postbox.wait_for("desk@takasago.example.jp", "提案が届きました")
    administrator.go("/mandates/")
    administrator.look("mandates-proposed")
    administrator.follow("みなと電力サポート株式会社")
    administrator.look("proposal")
    administrator.follow("承認する")
    administrator.look("accept")
    administrator.page.locator("input[name='affirmed']").check()
    administrator.press("承認する")
    administrator.look("accepted")
    contractor.go("/login/company")
    _choose(contractor, "髙砂グリーン電力株式会社")
    contractor.look("home-of-users-alone")
    assert "本店所在地" not in contractor.page.inner_text("main")
    _refused(contractor, "/member", "record-refused")


def test_one_person_serves_five_companies(site: Site, person: MakePerson) -> None:
    names = [f"第{number}発電合同会社" for number in range(1, 6)]
    with site.app.app_context():
        make = Factory(site.app)
        user = make.user(kind=UserKind.CONTRACTOR, email=PERSON, name="湊 さやか", totp=False)
        contractor = make.contractor(user, name="みなと電力サポート株式会社")
        for number, name in enumerate(names):
            member = make.member(name=name)
            if number < 2:
                make.affiliate(user, member, Role.APPLICATIONS)
            else:
                make.mandate(member, contractor, user, procedures=(P.VIEW,))
    somebody = person("five")
    sign_in(somebody, PERSON, password=PASSWORD, secret=None)
    somebody.page.wait_for_url("**/login/company")
    somebody.look("chooser")
    for number, name in enumerate(names):
        _choose(somebody, name)
        somebody.page.wait_for_url("**/home")
        for size in (DESKTOP, PHONE):
            somebody.page.set_viewport_size(size)  # type: ignore[arg-type]
            banner = somebody.page.get_by_role("complementary", name="操作中の会社")
            expect(banner).to_be_visible()
            expect(banner).to_contain_text(name)
            if number >= 2:
                expect(banner).to_contain_text("受託者 みなと電力サポート株式会社")
            expect(banner.get_by_role("link", name="会社を切り替える")).to_be_visible()
        somebody.page.set_viewport_size(DESKTOP)  # type: ignore[arg-type]
        somebody.look(f"company-{number + 1}")
        somebody.follow("会社を切り替える")
    other = person("second-browser")
    sign_in(other, PERSON, password=PASSWORD, secret=None)
    _choose(other, names[0])
    somebody.go("/home")
    expect(somebody.page.get_by_role("complementary", name="操作中の会社")).to_contain_text(names[4])


def test_a_contractor_files_for_two_members_and_nothing_outside_its_scope(site: Site, person: MakePerson) -> None:
    names = ("髙砂グリーン電力株式会社", "浜風エナジー株式会社", "見るだけ電力株式会社")
    with site.app.app_context():
        make = Factory(site.app)
        user = make.user(kind=UserKind.CONTRACTOR, email=PERSON, name="湊 さやか", totp=False)
        contractor = make.contractor(user, name="みなと電力サポート株式会社")
        parties = [_administrator(make, name, f"desk{number}@x.example.jp") for number, name in enumerate(names)]
        for number, (member, _user) in enumerate(parties):
            make.mandate(member, contractor, user, procedures=(P.VIEW,) if number == 2 else (P.CHANGES,))
        first_member, first_user = parties[0]
        administrator = _as(person, site, make, "administrator", first_user, member=first_member)
        office = _as(person, site, make, "office", make.staff(Role.OPERATOR, name="高橋 直樹"))
    somebody = person("filer")
    sign_in(somebody, PERSON, password=PASSWORD, secret=None)
    for number, name in enumerate(names[:2]):
        somebody.go("/login/company")
        _choose(somebody, name)
        somebody.go("/changes/new")
        somebody.choose("parts", "outline")
        somebody.fill({"occurred_on": _today().isoformat()})
        somebody.press("次へ進む")
        somebody.open("main a[href*='/parts/outline'], main a[href*='/outline']")
        somebody.fill({"effective_on": _today().isoformat()})
        somebody.page.locator("[name='representative_name']").fill("新代表 花子")
        somebody.page.locator("[name='representative_kana']").fill("シンダイヒョウ ハナコ")
        somebody.look(f"filing-{number + 1}")
        somebody.press("保存して一覧へ戻る")
        somebody.follow("内容を確認して提出へ進む")
        somebody.press("この内容で提出する")
        somebody.look(f"filed-{number + 1}")
    somebody.go("/login/company")
    _choose(somebody, names[2])
    somebody.go("/changes/")
    assert somebody.page.get_by_role("link", name="新しく申請する").count() == 0
    _refused(somebody, "/changes/new", "filing-refused")
    _refused(somebody, "/mandates/new", "mandate-refused")
    stamp = "受託者 みなと電力サポート株式会社 湊 さやか様"
    administrator.go("/changes/")
    administrator.open("main h3 a")
    administrator.page.wait_for_load_state()
    expect(administrator.page.locator("main")).to_contain_text(stamp)
    administrator.look("filed-by-contractor")
    office.go("/admin/changes/")
    office.open("main table tbody a")
    office.page.wait_for_load_state()
    expect(office.page.locator("main")).to_contain_text(stamp)
    office.look("office-request")
    for page in ("", "details/?id=1", "company/?id=1", "end/?id=1", "end-paper/?id=1", "paper/", "rename/?id=1"):
        office.go(f"/admin/contractors/{page}")
        office.look(f"office-{page.partition('/')[0] or 'list'}")
