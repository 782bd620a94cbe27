"""A real Chromium against a real server, with the worker running and mail going through a real SMTP server."""

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright
from werkzeug.serving import BaseWSGIServer, make_server

from occto import create_app
from occto.delivery import deliver_due
from occto.extensions import db
from occto.loading import work_imports
from occto.unit_of_work import Busy
from occto.worker import seal_all, work_jobs
from tests.clients import Browser as SignedIn
from tests.conftest import settings

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
AXE = Path(__file__).parent / "vendor" / "axe.min.js"
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 780}
WAIT = 0.1  # seconds between two rounds of the worker


class Postbox:
    """A mail server that keeps what it takes, in the order of arrival."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []
        self.arrived = threading.Condition()

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        mail = message_from_bytes(envelope.content, policy=policy.default)
        with self.arrived:
            self.mails.append(mail)  # type: ignore[arg-type]
            self.arrived.notify_all()
        return "250 OK"

    def wait_for(self, to: str, words: str, *, seconds: float = 20) -> str:
        """The text of the newest mail to `to` whose subject holds `words`; waits until it has come."""

        def found() -> str | None:
            for mail in reversed(self.mails):
                if mail["To"] == to and words in str(mail["Subject"]):
                    text = mail.get_body(("plain",))
                    return str(text.get_content()) if text is not None else ""
            return None

        with self.arrived:
            self.arrived.wait_for(lambda: found() is not None, timeout=seconds)
            text = found()
        assert text is not None, f"no mail to {to} about {words}: {[(m['To'], m['Subject']) for m in self.mails]}"
        return text


@dataclass
class Site:
    """A running system: its address, its application, its postbox."""

    url: str
    app: Flask
    postbox: Postbox


@pytest.fixture
def site(fresh_url: str) -> Iterator[Site]:
    """The whole system on a database of its own: server threads, a worker thread, a mail server."""
    postbox = Postbox()
    smtp = Controller(postbox, hostname="127.0.0.1", port=_free_port())
    smtp.start()
    app_settings = settings(
        fresh_url,
        MAIL_SERVER="127.0.0.1",
        MAIL_PORT=smtp.port,
        MAIL_SENDER="no-reply@members.example.jp",
    )
    app = create_app(app_settings)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    app.config["BASE_URL"] = f"http://127.0.0.1:{server.port}"
    stop = threading.Event()
    threads = [threading.Thread(target=server.serve_forever), threading.Thread(target=_work, args=(app, stop))]
    for thread in threads:
        thread.start()
    yield Site(app.config["BASE_URL"], app, postbox)
    stop.set()
    _shut(server)
    for thread in threads:
        thread.join()
    smtp.stop()
    with app.app_context():
        db.engine.dispose()


def _free_port() -> int:
    """A port that nobody holds now; aiosmtpd cannot choose one by itself."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _shut(server: BaseWSGIServer) -> None:
    server.shutdown()
    server.server_close()


def _work(app: Flask, stop: threading.Event) -> None:
    """The rounds of the worker. Like it, they outlive a database that somebody writes to for long (loading the demo)."""
    while not stop.wait(WAIT):
        with app.app_context():
            try:
                deliver_due()
                seal_all()
                work_jobs()
                work_imports()
            except Busy:
                continue
            finally:
                db.session.remove()


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    """Debian's Chromium. Where there is none the test fails: `make test` leaves these tests out and says so."""
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    assert path, "chromium is not installed (Debian: apt-get install chromium)"
    browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-background-networking"])
    yield browser
    browser.close()


@dataclass
class Person:
    """Somebody at a browser of their own. Every page passed is checked for access, width and silence of the console."""

    site: Site
    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)
    shots: int = 0
    name: str = "person"

    def take_session(self, signed: SignedIn) -> None:
        """Go on with a session that was opened without this browser."""
        cookie = signed.client.get_cookie("session")
        assert cookie is not None
        self.context.add_cookies([{"name": "session", "value": cookie.value, "url": self.site.url}])

    def go(self, path: str) -> None:
        self.page.goto(self.site.url + path)

    def press(self, words: str) -> None:
        """Press the button with these words and wait for the page that follows."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=words, exact=True).first.click()

    def follow(self, words: str) -> None:
        """Follow the first link with these words."""
        with self.page.expect_navigation():
            self.page.get_by_role("link", name=words).first.click()

    def open(self, selector: str) -> None:
        """Follow the first link, or press the first button, that the selector finds; wait for the page that follows."""
        with self.page.expect_navigation():
            self.page.locator(selector).first.click()

    def fill(self, values: dict[str, str]) -> None:
        """Type into the fields of the page by their name."""
        for name, value in values.items():
            self.page.locator(f"[name='{name}']").fill(value)

    def choose(self, name: str, value: str) -> None:
        self.page.locator(f"input[name='{name}'][value='{value}']").check()

    def until(self, words: str, *, where: str = "main", seconds: float = 30) -> None:
        """Look again until the worker has come so far that the first such place of the page says this."""
        end = time.monotonic() + seconds
        while words not in self.page.locator(where).first.inner_text():
            assert time.monotonic() < end, self.page.locator("main").inner_text()
            self.page.wait_for_timeout(150)
            self.page.reload()

    def heading(self) -> str:
        return self.page.locator("h1").inner_text()

    def look(self, what: str) -> None:
        """Check the page as it stands, at both widths: axe finds nothing, nothing scrolls sideways."""
        for width, size in (("1280", DESKTOP), ("360", PHONE)):
            self.page.set_viewport_size(size)
            self._shoot(f"{what}-{width}")
            wide = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert wide <= 0, f"{what} scrolls {wide} px sideways at {width}"
            self._axe(what, width)
        self.page.set_viewport_size(DESKTOP)
        assert not self.complaints, f"{what}: {self.complaints}"

    def look_at_refusal(self, what: str) -> None:
        """Check a page that was answered with 4xx, of which the browser's console tells."""
        self.complaints = [words for words in self.complaints if "Failed to load resource" not in words]
        self.look(what)

    def _axe(self, what: str, width: str) -> None:
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        short = [
            f"{violation['id']}: {[node['target'] for node in violation['nodes']][:3]}"
            for violation in found["violations"]
        ]
        assert not short, f"{what} at {width}: {short}"

    def _shoot(self, name: str) -> None:
        """Keep a picture where SCREENSHOTS names a folder."""
        folder = os.environ.get("SCREENSHOTS")
        if folder:
            self.shots += 1
            path = Path(folder) / f"{self.name}-{self.shots:02d}-{name}.png"
            self.page.screenshot(path=path, full_page=True)


@pytest.fixture
def person(site: Site, chromium: Browser) -> Iterator[Any]:
    """Makes people: `person("applicant")` has a browser of their own."""
    people: list[Person] = []

    def make(name: str) -> Person:
        context = chromium.new_context(locale="ja-JP", timezone_id="Asia/Tokyo", viewport=DESKTOP)  # type: ignore[arg-type]
        context.set_default_timeout(15_000)
        page = context.new_page()
        made = Person(site, context, page, name=name)
        page.on(
            "console",
            lambda message: made.complaints.append(message.text) if message.type in {"error", "warning"} else None,
        )
        page.on("pageerror", lambda error: made.complaints.append(str(error)))
        people.append(made)
        return made

    yield make
    for each in people:
        each.context.close()
