"""The door in a browser: an assembly that is held now, a paired device, a reader that types."""

from datetime import timedelta

from flask import Flask
from playwright.sync_api import Page, expect

from occto import clock
from occto.models import Desk
from occto.unit_of_work import unit_of_work
from tests.browser.conftest import Person
from tests.factories import Factory
from tests.receiving import Door, door


def door_now(app: Flask) -> Door:
    """The door of an assembly that is held now."""
    now = clock.now()
    return door(Factory(app), held_at=now, reply_until=now - timedelta(hours=1))


def pair(scene: Door, device: Person, desk: Desk | None = None) -> None:
    """Make the browser this desk, as if its code had been typed."""
    with unit_of_work() as session:
        session.get_one(Desk, (desk or scene.desk).id).paired_at = clock.now()
    cookie = scene.browser(desk).client.get_cookie("session")
    assert cookie is not None
    device.context.add_cookies([{"name": "session", "value": cookie.value, "url": device.site.url}])


def read_with(page: Page, text: str) -> None:
    """What a reader does: it types, wherever one is, and presses Enter."""
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def says(page: Page, words: str) -> None:
    expect(page.locator("#outcome .word")).to_have_text(words, timeout=10_000)


def wide(text: str) -> str:
    return "".join(chr(ord(sign) + 0xFEE0) for sign in text)
