"""出欠・議決権の回答 in a real browser: answered, changed, and two users of a member at once."""

import pytest

from occto.domain.agenda import ItemKind
from occto.domain.permissions import Role
from occto.models import Assembly, Member, User
from tests import assembling
from tests.browser.conftest import Person, Site
from tests.browser.test_joining import MakePerson
from tests.browser.test_mandates import _as
from tests.factories import Factory

pytestmark = [pytest.mark.browser]


def _scene(make: Factory) -> tuple[Member, User, User, Assembly]:
    from datetime import timedelta

    from occto import clock

    parent = make.member(name="汐見電力株式会社", licences=("RETAIL",))
    member = make.member(name="汐見でんき株式会社", licences=("GEN", "RETAIL"))
    assembling.controls(parent, member)
    one, two = make.user(name="佐藤 美咲", title="経営企画部 部長"), make.user(name="鈴木 一郎")
    make.affiliate(one, member)
    make.affiliate(two, member, Role.ASSEMBLY)
    now = clock.now()
    held = assembling.assembly(make, held_at=now + timedelta(days=10), reply_until=now + timedelta(days=9, minutes=5))
    assembling.item(held, 1, kind=ItemKind.BUDGET, title="2027年度 事業計画及び収支予算の件")
    assembling.item(held, 2, kind=ItemKind.ARTICLES, title="定款の一部変更の件")
    assembling.item(held, 3, title="汐見でんき株式会社との契約の件", conflict=(member,))
    return member, one, two, held


def _fill(somebody: Person, *, what: str, refused: bool = False) -> None:
    page = somebody.page
    page.locator("[name=attendance][value=ELECTRONIC]").check()
    for number in (1, 2):
        page.locator("ol.agenda > li").nth(number - 1).get_by_label("賛成").check()
    somebody.look(f"{what}-filled")
    with page.expect_navigation():
        page.get_by_role("button", name="確認へ進む").last.click()
    (somebody.look_at_refusal if refused else somebody.look)(f"{what}-check")


def test_answering_changing_and_two_at_once(site: Site, person: MakePerson) -> None:
    with site.app.app_context():
        make = Factory(site.app)
        member, one, two, held = _scene(make)
        mine = _as(person, site, make, "mine", one, member=member)
        theirs = _as(person, site, make, "theirs", two, member=member)
    mine.go("/home")
    mine.look("assembly-home")
    mine.go("/assemblies/")
    mine.look("assembly-list")
    mine.go(f"/assemblies/{held.id}")
    mine.look("assembly-one")
    for somebody in (mine, theirs):
        somebody.go(f"/assemblies/{held.id}/reply")
    mine.look("assembly-form")
    mine.page.locator("[name=attendance][value=ATTEND]").check()
    mine.page.get_by_role("button", name="もう1名を追加する").click()
    mine.look("assembly-two-people")
    _fill(mine, what="assembly")
    with mine.page.expect_navigation():
        mine.page.get_by_role("button", name="この内容で回答する").click()
    assert "回答を受け付けました" in mine.page.inner_text("h1")
    mine.look("assembly-done")
    _fill(theirs, what="assembly-theirs", refused=True)
    assert "別の回答が受け付けられました" in theirs.page.inner_text("main")
    assert "佐藤 美咲" in theirs.page.inner_text(".error-summary")
    with theirs.page.expect_navigation():
        theirs.page.get_by_role("button", name="確認へ進む").last.click()
    with theirs.page.expect_navigation():
        theirs.page.get_by_role("button", name="この内容で回答する").click()
    theirs.go(f"/assemblies/{held.id}/replies")
    assert "第2版" in theirs.page.inner_text("main")
    theirs.look("assembly-history")
    site.postbox.wait_for(two.email, "総会への回答を受け付けました")
