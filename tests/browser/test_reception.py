"""受付 in a browser: paired from the supervisor's screen, reader and camera, undo."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Playwright, expect
from sqlalchemy import func, select

from occto import clock
from occto.domain.reception import CheckInEnd, DeskProfile
from occto.domain.tickets import shown_number
from occto.extensions import db
from occto.models import CheckIn
from occto.qr import svg_path
from tests.browser.conftest import BROWSERS, Person, Site
from tests.browser.desks import door_now, pair, read_with, says, wide
from tests.replying import reply
from tests.test_qr import RUN

pytestmark = pytest.mark.browser
WIDTH, HEIGHT, SCALE = 640, 480, 10


def test_the_supervisor_makes_a_desk_and_a_reader_admits(site: Site, person: Any) -> None:
    with site.app.app_context():
        scene = door_now(site.app)
        reply(scene.make, scene.held, scene.voter)
        ticket = scene.ticket(seat="C-12", note="車椅子")
        other = scene.ticket(scene.other, name="藤本 悠", voting=False)
        old = scene.ticket(scene.other, name="工藤 誠", revoked_at=clock.now(), revoked_for="REPLY_CHANGED")
        scene.ticket(scene.other, name="大野 真理子", voting=False, replaces_id=old.id, issue_no=2)
        chief_signed = scene.make.signed_in(scene.chief)
        number, first, second, third = scene.held.id, scene.token(ticket), scene.token(other), scene.token(old)
        shown = shown_number(other.number)
    chief, device = person("supervisor"), person("desk")
    chief.take_session(chief_signed)
    chief.go(f"/admin/reception/assembly/?id={number}")
    chief.follow("端末を登録する")
    chief.fill({"name": "受付 3番", "contact": "鈴木（内線 1234）"})
    chief.press("登録して、接続の番号を表示する")
    chief.look("code")
    code = chief.page.locator(".pairing").inner_text()
    device.go(f"/reception/?code={code}")
    device.look("pairing")
    device.press("この端末を受付に使う")
    page = device.page
    expect(page.locator("#link")).to_have_text("通信は正常です")
    device.look("ready")

    read_with(page, first)
    says(page, "受付完了")
    expect(page.locator("#outcome .line b")).to_have_text("佐藤 美咲 様")
    expect(page.locator("#outcome .ask")).to_contain_text("事前の賛否の回答は撤回され")
    expect(page.locator("#code")).to_be_focused()
    expect(page.locator("#code")).to_have_value("")
    expect(page.locator("#n-here")).to_have_text("1")
    device.look("admitted")
    page.get_by_role("link", name="受付を閉じる").focus()
    read_with(page, first)  # the focus is elsewhere: the reader is read all the same
    says(page, "受付済み")
    device.look("already")
    read_with(page, wide(shown))  # IME: full width
    says(page, "受付完了")
    expect(page.locator("#outcome .line b")).to_have_text("藤本 悠 様")
    read_with(page, third)
    says(page, "受付できません")
    expect(page.locator("#outcome .meta")).to_contain_text("新しい番号")
    device.look("revoked")
    page.get_by_role("button", name="練習する").click()
    says(page, "練習")
    device.look("practice")
    read_with(page, second)
    says(page, "受付済み")

    device.follow("商号・氏名で探す")
    device.fill({"q": "大野真理子"})
    device.press("探す")
    device.look("search")
    device.open(".people button")
    says(page, "受付完了")

    chief.go(f"/admin/reception/assembly/?id={number}&q=佐藤")
    chief.look("hall")
    chief.open("a[href*='/undo/']")
    chief.fill({"reason": "人違いのため"})
    chief.look("undo")
    chief.press("受付を取り消す")
    expect(page.locator("#n-present")).to_have_text("2", timeout=20_000)
    with site.app.app_context():
        endings = db.session.scalars(select(CheckIn.ending).where(CheckIn.ending.is_not(None))).all()
        assert endings == [CheckInEnd.UNDONE]
    device.follow("受付を閉じる")
    device.look("close")
    device.press("受付を閉じる")
    assert device.heading() == "受付の端末の接続"
    assert page.evaluate("caches.keys()") == []


def test_the_person_before_is_gone_before_the_next_is_asked_about(site: Site, person: Any) -> None:
    with site.app.app_context():
        scene = door_now(site.app)
        first, second = scene.token(scene.ticket()), scene.token(scene.ticket(scene.other, name="藤本 悠"))
        device = person("desk")
        pair(scene, device)
        device.go(scene.url)
    page = device.page
    read_with(page, first)
    says(page, "受付完了")
    seen: list[str] = []

    def look(route: Any) -> None:
        seen.append(page.locator("#stage").inner_text())
        route.continue_()

    page.route("**/check-in", look)
    read_with(page, second)
    expect(page.locator("#outcome .line b")).to_have_text("藤本 悠 様")
    assert len(seen) == 1
    assert "佐藤" not in seen[0]
    assert "確認中" in seen[0]


def test_an_unattended_desk_says_little_in_large_words(site: Site, person: Any) -> None:
    with site.app.app_context():
        scene = door_now(site.app)
        desk = scene.another_desk("自動受付 1番", DeskProfile.UNATTENDED)
        token = scene.token(scene.ticket(seat="C-12"))
        device = person("unattended")
        pair(scene, device, desk)
        device.go(scene.url)
    read_with(device.page, token)
    says(device.page, "受付完了")
    assert "佐藤" not in device.page.content()
    device.complaints.clear()  # there is no camera here
    device.look("unattended")


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return tmp_path / "eye.y4m"


def _shoot(text: str, path: Path) -> None:
    """A film of a QR code held before the camera."""
    drawn = svg_path(text)
    picture = Image.new("L", (WIDTH, HEIGHT), 200)
    pen = ImageDraw.Draw(picture)
    left, top = (WIDTH - drawn.size * SCALE) // 2, (HEIGHT - drawn.size * SCALE) // 2
    side = drawn.size * SCALE
    pen.rectangle((left, top, left + side, top + side), fill=255)
    for x, y, length, _back in (tuple(map(int, part)) for part in RUN.findall(drawn.d)):
        at = (left + x * SCALE, top + y * SCALE)
        pen.rectangle((*at, at[0] + length * SCALE - 1, at[1] + SCALE - 1), fill=0)
    frame = b"FRAME\n" + picture.tobytes() + b"\x80" * (WIDTH * HEIGHT // 2)
    path.write_bytes(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F10:1 Ip A1:1 C420jpeg\n".encode() + frame * 10)


@pytest.fixture
def with_camera(playwright: Playwright, film: Path) -> Iterator[Any]:
    """A Chromium whose camera sees a film."""
    import os
    import shutil

    opened: list[Browser] = []

    def launch(text: str) -> Browser:
        _shoot(text, film)
        path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
        flags = ["--no-sandbox", "--disable-background-networking", "--use-fake-ui-for-media-stream"]
        flags += ["--use-fake-device-for-media-stream", f"--use-file-for-fake-video-capture={film}"]
        opened.append(playwright.chromium.launch(executable_path=path, args=flags))
        return opened[0]

    yield launch
    for browser in opened:
        browser.close()


def test_the_camera_reads_a_ticket(site: Site, with_camera: Any) -> None:
    with site.app.app_context():
        scene = door_now(site.app)
        token = scene.token(scene.ticket())
        context = with_camera(token).new_context(locale="ja-JP", permissions=["camera"])
        device = Person(site, context, context.new_page(), name="camera")
        pair(scene, device)
        device.go(scene.url)
    device.page.get_by_role("button", name="カメラで読み取る").click()
    says(device.page, "受付完了")
    device.look("camera")
    with site.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(CheckIn)) == 1
    context.close()
