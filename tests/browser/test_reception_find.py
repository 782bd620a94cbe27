"""Looking for somebody in the roster of a desk without a connection: by words, by number, and beside a reader."""

from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from occto.domain.text import search_key
from occto.domain.tickets import shown_number
from occto.extensions import db
from occto.models import AdmissionTicket, CheckIn, Member
from occto.unit_of_work import unit_of_work
from tests.browser.conftest import Site
from tests.browser.desks import door_now, pair, read_with, says

pytestmark = pytest.mark.browser

NAMES = (
    "株式会社 髙橋でんき",
    "ﾀｶﾊｼ",
    "たかはし",
    "（株）渡邊・Energy",
    "A B",
    "山田　花子",
    "ゔゝ",
    "㈱",
    "国立研究開発法人 新",
    "Foo Co., Ltd.",
    "",
)


def test_somebody_is_found_by_company_and_name_without_a_connection(site: Site, person: Any) -> None:
    """By the rules of the search on line, as far as the roster goes; what was found is queued like a scan."""
    with site.app.app_context():
        scene = door_now(site.app)
        with unit_of_work() as session:
            session.get_one(Member, scene.voter.id).current_name = "株式会社　髙橋でんき"
        ticket, _other = scene.ticket(name="渡邊　さくら"), scene.ticket(scene.other, name="藤本 悠")
        shown = shown_number(ticket.number)
        device = person("finding")
        pair(scene, device)
        device.go(scene.url)
    page, find = device.page, device.page.locator("#find")
    expect(page.locator("#offline-says")).to_contain_text("名簿の控え 2名")
    page.wait_for_function("caches.open('desk').then((cache) => cache.keys()).then((keys) => keys.length >= 6)")
    expect(find).to_be_hidden()
    folded = page.evaluate(
        "async (names) => { const { fold } = await window.deskStore.load('roster');"
        " const folds = window.deskFind.folder(fold); return names.map(folds); }",
        list(NAMES),
    )
    assert folded == [search_key(name) for name in NAMES]
    device.context.set_offline(True)
    page.reload()
    expect(find).to_be_visible(timeout=20_000)
    device.complaints.clear()
    for term, count in (
        ("高橋デンキ", 1),
        ("ﾃﾞﾝｷ", 1),
        ("渡辺さ", 1),
        ("ふじもと", 0),
        ("悠", 1),
        (shown, 1),
        ("  ", 0),
    ):
        page.locator("#find-term").fill(term)
        page.locator("#find-form button").click()
        expect(page.locator("#find-list li")).to_have_count(count)
    page.locator("#find-term").fill("ふじもと")
    page.locator("#find-form button").click()
    expect(page.locator("#find-says")).to_contain_text("名簿の控えには見つかりません")
    page.locator("#find-term").fill("髙橋")
    page.locator("#find-form button").click()
    device.look("finding")
    page.locator("#find-list button").click()
    says(page, "受付完了")
    expect(page.locator("#find-list li")).to_have_count(0)
    expect(page.locator("#waiting")).to_have_text("送信待ち 1件")
    device.complaints.clear()
    device.context.set_offline(False)
    expect(page.locator("#waiting")).to_have_text("送信待ち 0件", timeout=20_000)
    expect(find).to_be_hidden()
    with site.app.app_context():
        assert db.session.scalar(select(AdmissionTicket.name).join(CheckIn)) == "渡邊　さくら"


def test_what_is_typed_in_the_search_is_looked_for_and_a_reader_is_read_there_too(site: Site, person: Any) -> None:
    """A number with Enter lists its person and checks nobody in; after a search left alone the reader goes on working."""
    with site.app.app_context():
        scene = door_now(site.app)
        ticket, other = scene.ticket(), scene.ticket(scene.other, name="藤本 悠")
        first, second, shown = scene.token(ticket), scene.token(other), shown_number(ticket.number)
        device = person("typing")
        pair(scene, device)
        device.go(scene.url)
    page, found = device.page, device.page.locator("#find-list li")
    expect(page.locator("#offline-says")).to_contain_text("名簿の控え 2名")
    page.wait_for_function("caches.open('desk').then((cache) => cache.keys()).then((keys) => keys.length >= 6)")
    device.context.set_offline(True)
    page.reload()
    expect(page.locator("#find")).to_be_visible(timeout=20_000)
    device.complaints.clear()
    page.locator("#find-term").click()
    read_with(page, shown)
    expect(found).to_have_count(1)
    says(page, "どうぞ")
    expect(page.locator("#waiting")).to_have_text("送信待ち 0件")
    read_with(page, first)
    says(page, "受付完了")
    expect(page.locator("#waiting")).to_have_text("送信待ち 1件")
    expect(found).to_have_count(0)
    expect(page.locator("#find-term")).to_have_value("")
    page.locator("#find-term").click()
    page.keyboard.type("12")
    page.locator("#code").click()
    for code in [*(f"Key{key}" if key.isalpha() else f"Digit{key}" for key in second), "Enter"]:
        page.locator("#code").dispatch_event("keydown", {"code": code, "bubbles": True})  # an IME keeps the text
    says(page, "受付完了")
    expect(page.locator("#outcome")).to_contain_text("藤本 悠")
    expect(page.locator("#waiting")).to_have_text("送信待ち 2件")
    device.complaints.clear()
