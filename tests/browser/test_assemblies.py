"""An assembly prepared by the office in a real browser: registered, agenda, document, rules, its page, postponed."""

from datetime import timedelta

import pytest

from occto import clock
from occto.domain.agenda import ItemKind
from occto.domain.assembly import AssemblyState, record_date
from occto.domain.dates import JST, today_jst
from occto.domain.permissions import Role
from tests.assembling import assembly, item
from tests.browser.conftest import Site
from tests.browser.test_joining import MakePerson
from tests.browser.test_office import as_staff
from tests.factories import Factory

pytestmark = [pytest.mark.browser]


def test_an_assembly_is_prepared(site: Site, person: MakePerson) -> None:
    with site.app.app_context():
        make = Factory(site.app)
        make.member(name="髙砂グリーン電力株式会社")
        office = as_staff(person, make, "小林 恵", Role.OPERATOR)
        day = today_jst(clock.now()) + timedelta(days=60)
    office.go("/admin/assemblies/new/")
    office.choose("kind", "EXTRAORDINARY")
    office.fill({"no": "1", "held_on": day.isoformat(), "held_time": "14時", "reception_time": "13時15分"})
    office.look("assembly-new")
    office.press("内容を確認する")
    office.look("assembly-new-check")
    office.press("総会を登録する")
    assert "総会を登録しました。" in office.page.locator(".flashes").inner_text()
    office.look("assembly-preparing")
    office.follow("議案を登録する")
    office.look("agenda-empty")
    office.follow("議案を追加する")
    office.choose("kind", "ARTICLES")
    office.fill({"title": "定款の一部変更の件", "summary": "招集通知を電子メールで送れるようにします。"})
    office.choose("majority", "ORDINARY")
    office.press("議案を追加する")
    office.look_at_refusal("agenda-refused")
    office.fill({"rule_reason": "定款 第30条ただし書による。"})
    office.press("議案を追加する")
    office.follow("議案を追加する")
    office.choose("kind", "REPORT")
    office.fill({"title": "事業報告の件"})
    office.press("議案を追加する")
    office.open("button:has-text('上へ')")
    office.look("agenda")
    office.follow("定款の一部変更の件")
    office.page.locator("#q").fill("高砂")
    with office.page.expect_navigation():
        office.page.get_by_role("button", name="探す", exact=True).last.click()
    office.look("agenda-item")
    office.open("main .list button")
    assert "髙砂グリーン電力株式会社" in office.page.locator("main .list").inner_text()
    office.follow("資料")
    office.page.set_input_files("#file", {"name": "x.pdf", "mimeType": "application/pdf", "buffer": b"%PDF-1.4\n%%EOF"})
    office.fill({"title": "招集通知・議案書"})
    office.press("登録する")
    office.look("documents")
    office.follow("定足数・回答の決まり")
    office.look("rules")
    office.follow("定足数・回答の決まりを変更する")
    office.choose("quorum_basis", "ALL_MEMBERS")
    office.press("定足数・回答の決まりを変更する")
    office.look_at_refusal("rules-refused")
    office.fill({"quorum_source": "定款 第25条"})
    office.press("定足数・回答の決まりを変更する")
    office.follow("概要")
    office.look("assembly-prepared")


def test_an_assembly_is_postponed_and_held_anew(site: Site, person: MakePerson) -> None:
    with site.app.app_context():
        make = Factory(site.app)
        member, user = make.member(name="髙砂グリーン電力株式会社"), make.user(email="desk@takasago.example.jp")
        make.affiliate(user, member)
        make.member(name="紙の電力株式会社")
        today = today_jst(clock.now())
        held_at = clock.now().astimezone(JST).replace(hour=14, minute=0) + timedelta(days=18)
        held = assembly(
            make,
            AssemblyState.REPLIES_OPEN,
            held_at=held_at,
            reply_until=held_at - timedelta(hours=21),
            record_on=record_date(held_at.date(), days=30),
        )
        item(held, 1, kind=ItemKind.BUDGET, title="予算の件")
        office = as_staff(person, make, "小林 恵")
        number = held.id
    office.go(f"/admin/assemblies/details/?id={number}")
    office.look("assembly-open")
    office.follow("延期する")
    office.look("postpone")
    office.fill({"reason": "台風のため、会場が使えなくなりました。"})
    office.press("延期する")
    office.look("postponed")
    text = site.postbox.wait_for("desk@takasago.example.jp", "延期")
    assert "台風のため、会場が使えなくなりました。" in text
    office.follow("日を改めて登録する")
    office.fill({"held_on": (today + timedelta(days=70)).isoformat(), "held_time": "14:00"})
    office.look("follow")
    office.press("内容を確認する")
    office.look("follow-check")
    office.press("日を改めて登録する")
    assert "日を改めた総会を登録しました。" in office.page.locator(".flashes").inner_text()
