"""A desk without a connection: cut off and merged, in trouble, taken away, without https, a day later."""

import time
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import func, select

from occto import clock
from occto.domain.tickets import PRACTICE_TOKEN, shown_number
from occto.extensions import db
from occto.models import AdmissionTicket, CheckIn, Desk, Scan
from occto.services.reception import supervising
from occto.services.reception.desks import end_desk
from occto.unit_of_work import run
from tests.browser.conftest import Site
from tests.browser.desks import door_now, pair, read_with, says
from tests.receiving import door

pytestmark = pytest.mark.browser


def test_cut_off_for_a_while_and_merged(site: Site, person: Any) -> None:
    with site.app.app_context():
        scene = door_now(site.app)
        one, two = scene.ticket(seat="A-1"), scene.ticket(scene.other, name="藤本 悠")
        first, second, number = scene.token(one), scene.token(two), shown_number(one.number)
        elsewhere = scene.another_desk("受付 2番")
        device = person("offline")
        pair(scene, device)
        device.go(scene.url)
    page = device.page
    expect(page.locator("#offline-says")).to_contain_text("名簿の控え 2名")
    page.wait_for_function("caches.open('desk').then((cache) => cache.keys()).then((keys) => keys.length >= 5)")
    assert "佐藤" not in page.evaluate(
        "caches.open('desk').then((c) => c.match(document.body.dataset.page)).then((a) => a.text())"
    )
    assert page.evaluate(STORED) == {"extractable": False, "plain": False}
    device.context.set_offline(True)
    read_with(page, first)
    says(page, "受付完了")
    expect(page.locator("#link")).to_contain_text("通信がありません")
    expect(page.locator("#waiting")).to_have_text("送信待ち 1件")
    device.complaints.clear()  # the browser tells of the requests that failed
    device.look("cut-off")
    read_with(page, number)
    says(page, "受付済み")
    page.reload()  # the installed page opens without a connection
    expect(page.locator("#waiting")).to_have_text("送信待ち 2件")
    read_with(page, second)
    says(page, "受付完了")
    read_with(page, PRACTICE_TOKEN)
    says(page, "練習")
    with site.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(CheckIn)) == 0
        scene.scan(second, desk=elsewhere, now=clock.now())
    device.context.set_offline(False)
    expect(page.locator("#waiting")).to_have_text("送信待ち 0件", timeout=20_000)
    expect(page.locator("#link")).to_have_text("通信は正常です")
    expect(page.locator("#clashes")).to_contain_text("藤本 悠")
    device.complaints.clear()
    device.look("merged")
    with site.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(CheckIn)) == 2
        outcomes = db.session.execute(select(Scan.outcome, Scan.offline).order_by(Scan.received_at, Scan.scan_id)).all()
        assert sorted((str(outcome), offline) for outcome, offline in outcomes) == [
            ("ADMITTED", False),
            ("ADMITTED", True),
            ("ALREADY", True),
            ("ALREADY", True),
        ]


def test_who_left_and_comes_back_while_the_desk_is_cut_off_is_in_again(site: Site, person: Any) -> None:
    with site.app.app_context():
        scene = door_now(site.app)
        token = scene.token(scene.ticket())
        device = person("back")
        pair(scene, device)
        device.go(scene.url)
    page = device.page
    expect(page.locator("#offline-says")).to_contain_text("名簿の控え 1名")
    read_with(page, token)
    says(page, "受付完了")
    device.context.set_offline(True)
    with site.app.app_context():
        entry = db.session.scalars(select(CheckIn.id)).one()
        run(supervising.leave, entry, actor=scene.supervisor, now=clock.now())
    read_with(page, token)
    says(page, "受付済み")
    expect(page.locator("#waiting")).to_have_text("送信待ち 1件")
    device.complaints.clear()
    device.context.set_offline(False)
    expect(page.locator("#waiting")).to_have_text("送信待ち 0件", timeout=20_000)
    expect(page.locator("#clashes")).to_be_hidden()
    with site.app.app_context():
        assert db.session.scalar(select(func.count()).where(CheckIn.ended_at.is_(None))) == 1


def test_a_broken_record_holds_up_no_other(site: Site, person: Any) -> None:
    """A clock that was wrong, and a record that nobody can decrypt: both are told to people, and the others are merged."""
    with site.app.app_context():
        scene = door_now(site.app)
        ticket, other = scene.ticket(), scene.ticket(scene.other, name="藤本 悠")
        first, second, shown = scene.token(ticket), scene.token(other), shown_number(ticket.number)
        device = person("broken")
        pair(scene, device)
        device.go(scene.url)
    page = device.page
    expect(page.locator("#offline-says")).to_contain_text("名簿の控え 2名")
    page.wait_for_function("caches.open('desk').then((cache) => cache.keys()).then((keys) => keys.length >= 5)")
    device.context.set_offline(True)
    read_with(page, first)
    says(page, "受付完了")
    page.evaluate(BROKEN)
    read_with(page, second)
    says(page, "受付完了")
    device.complaints.clear()
    device.context.set_offline(False)
    expect(page.locator("#waiting")).to_have_text("送信待ち 0件", timeout=20_000)
    broken = page.locator("#broken")
    expect(broken).to_contain_text("確認が必要な記録")
    expect(broken).to_contain_text("2件")
    expect(broken).to_contain_text(f"{shown}　9:00:00")
    expect(broken).to_contain_text("番号不明　時刻不明")
    expect(page.locator("#link")).to_have_text("通信は正常です")
    device.complaints.clear()
    device.look_at_refusal("broken")
    with site.app.app_context():
        assert db.session.scalars(select(AdmissionTicket.name).join(CheckIn).order_by(CheckIn.id)).all() == ["藤本 悠"]
        assert db.session.scalar(select(Desk.waiting)) == 2, "the office knows that something is left"
    page.goto(f"{site.url}{scene.url}/close")
    page.get_by_role("button", name="受付を閉じる").click()
    expect(page.locator("#unsent")).to_contain_text("確認が必要な記録が 2件")
    device.go(scene.url)
    for left in (1, 0):
        page.locator("#broken button").first.click()
        expect(page.locator("#broken li")).to_have_count(left + 1)
        page.get_by_role("button", name="もう一度押すと消えます").click()
        expect(page.locator("#broken li")).to_have_count(left)
    expect(broken).to_be_hidden()
    page.reload()
    expect(page.locator("#link")).to_have_text("通信は正常です")
    expect(broken).to_be_hidden()


BROKEN = """async () => {
  const store = window.deskStore;
  const [scan] = await store.waiting();
  await store.keep({ ...scan, device_at: '1970-01-01T00:00:00.000Z', at: '9:00:00' });
  const base = await new Promise((resolve) => { const asked = indexedDB.open('desk', 1); asked.onsuccess = () => resolve(asked.result); });
  const kept = base.transaction('kept', 'readwrite').objectStore('kept');
  const garbled = { iv: new Uint8Array(12), data: new Uint8Array(40) };
  await new Promise((resolve) => { kept.put(garbled, 'scan:garbled').onsuccess = resolve; });
}"""


STORED = """async () => {
  const base = await new Promise((resolve) => { const asked = indexedDB.open('desk', 1); asked.onsuccess = () => resolve(asked.result); });
  const store = base.transaction('kept').objectStore('kept');
  const get = (name) => new Promise((resolve) => { const asked = store.get(name); asked.onsuccess = () => resolve(asked.result); });
  const [key, roster] = await Promise.all([get('key'), get('roster')]);
  const text = new TextDecoder().decode(roster.data);
  return { extractable: key.extractable, plain: text.includes('tickets') };
}"""


def test_a_desk_taken_away_forgets_the_roster_and_shows_what_was_never_sent(site: Site, person: Any) -> None:
    with site.app.app_context():
        scene = door_now(site.app)
        ticket = scene.ticket()
        token, shown = scene.token(ticket), shown_number(ticket.number)
        device = person("ended")
        pair(scene, device)
        device.go(scene.url)
    page = device.page
    expect(page.locator("#offline-says")).to_contain_text("名簿の控え 1名")
    device.context.set_offline(True)
    read_with(page, token)
    says(page, "受付完了")
    with site.app.app_context():
        run(end_desk, scene.desk.id, seen_version=1, actor=scene.supervisor, now=clock.now())
    device.context.set_offline(False)
    says(page, "使えません")
    expect(page.locator("#cut-off")).to_contain_text(shown)
    device.look_at_refusal("ended")
    assert page.evaluate("window.deskStore.load('roster')") is None
    assert len(page.evaluate("window.deskStore.waiting()")) == 1
    with site.app.app_context():  # paired anew, with another assembly: it gets nothing of this
        later = door(
            scene.make, desk_name="受付 9番", held_at=clock.now(), reply_until=clock.now() - timedelta(hours=1)
        )
        pair(later, device)
        device.go(later.url)
    expect(page.locator("#link")).to_have_text("通信は正常です")
    expect(page.locator("#waiting")).to_have_text("送信待ち 0件")
    expect(page.locator("#cut-off")).to_contain_text("別の総会の受付")
    expect(page.locator("#cut-off")).to_contain_text(shown)
    with site.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Scan)) == 0


def test_without_an_answer_the_desk_goes_on_alone(site: Site, person: Any) -> None:
    """A server in trouble, then one whose answer is lost: an admission agrees when it is merged, a refusal is a clash."""
    with site.app.app_context():
        scene = door_now(site.app)
        first, second = scene.token(scene.ticket()), scene.token(scene.ticket(scene.other, name="藤本 悠"))
        third = scene.token(scene.ticket(name="工藤 誠"))  # who votes for that member is there
        device = person("trouble")
        pair(scene, device)
        device.go(scene.url)
    page = device.page
    expect(page.locator("#offline-says")).to_contain_text("名簿の控え 3名")
    sent: list[str] = []

    def in_trouble(route: Any) -> None:
        sent.append(route.request.post_data_json["scan_id"])
        route.fulfill(status=503, body="busy")

    page.route("**/state", lambda route: route.abort())
    page.route("**/check-in", in_trouble)
    read_with(page, first)
    says(page, "受付完了")
    expect(page.locator("#outcome")).to_contain_text("通信のない間の受付です")
    assert len(sent) == 3
    assert len(set(sent)) == 1
    page.unroute("**/check-in")
    page.unroute("**/state")
    expect(page.locator("#waiting")).to_have_text("送信待ち 0件", timeout=20_000)

    def lost(route: Any) -> None:
        route.fetch()
        route.abort()

    page.route("**/state", lambda route: route.abort())
    page.route("**/check-in", lost)
    read_with(page, second)
    says(page, "受付完了")
    page.unroute("**/check-in")
    page.unroute("**/state")
    expect(page.locator("#waiting")).to_have_text("送信待ち 0件", timeout=20_000)
    expect(page.locator("#clashes")).to_be_hidden()
    page.route("**/state", lambda route: route.abort())
    page.route("**/check-in", lost)
    read_with(page, third)
    says(page, "受付完了")
    page.unroute("**/check-in")
    page.unroute("**/state")
    expect(page.locator("#clashes")).to_contain_text("工藤 誠", timeout=20_000)
    with site.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(CheckIn)) == 2
        outcomes = db.session.scalars(select(Scan.outcome).where(Scan.offline).order_by(Scan.received_at)).all()
        assert outcomes == ["ADMITTED", "ALREADY", "VOTER_PRESENT"]


def test_a_server_that_does_not_answer_is_waited_for_three_seconds(site: Site, person: Any) -> None:
    with site.app.app_context():
        scene = door_now(site.app)
        token = scene.token(scene.ticket())
        device = person("silent")
        pair(scene, device)
        device.go(scene.url)
    page = device.page
    expect(page.locator("#offline-says")).to_contain_text("名簿の控え 1名")
    page.route("**/check-in", lambda _route: None)
    began = time.monotonic()
    read_with(page, token)
    says(page, "受付完了")
    assert 2.5 < time.monotonic() - began < 6
    expect(page.locator("#waiting")).to_have_text("送信待ち 0件", timeout=20_000)
    page.unroute_all(behavior="ignoreErrors")


def test_without_https_the_desk_only_scans_and_says_why(site: Site, person: Any) -> None:
    with site.app.app_context():
        scene = door_now(site.app)
        token = scene.token(scene.ticket())
        device = person("plain")
        pair(scene, device)
        device.context.add_init_script("Object.defineProperty(window, 'isSecureContext', { value: false })")
        device.go(scene.url)
    page = device.page
    expect(page.locator("#offline-says")).to_contain_text("https で開いていないため")
    expect(page.locator("#camera-switch")).to_be_hidden()
    device.context.set_offline(True)
    read_with(page, token)
    says(page, "受付できません")
    expect(page.locator("#outcome")).to_contain_text("https で開いていないため")
    device.context.set_offline(False)
    expect(page.locator("#link")).to_have_text("通信は正常です", timeout=20_000)
    read_with(page, token)
    says(page, "受付完了")


def test_a_day_after_the_last_contact_nobody_is_kept(site: Site, person: Any) -> None:
    with site.app.app_context():
        scene = door_now(site.app)
        token = scene.token(scene.ticket())
        device = person("old")
        pair(scene, device)
        device.go(scene.url)
    page = device.page
    expect(page.locator("#offline-says")).to_contain_text("名簿の控え 1名")
    page.wait_for_function("caches.open('desk').then((cache) => cache.keys()).then((keys) => keys.length >= 5)")
    device.context.set_offline(True)
    page.evaluate(AGED)
    page.reload()
    expect(page.locator("#offline-says")).to_contain_text("名簿の控えがまだありません")
    read_with(page, token)
    says(page, "受付できません")
    assert page.evaluate("window.deskStore.load('roster')") is None


AGED = """() => new Promise((resolve) => {
  const asked = indexedDB.open('desk', 1);
  asked.onsuccess = () => {
    const store = asked.result.transaction('kept', 'readwrite').objectStore('kept');
    store.put(Date.now() - 25 * 3600 * 1000, 'contact').onsuccess = resolve;
  };
})"""
