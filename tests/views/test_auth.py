"""Signing in as a person sees it: what pages say, when they warn, and that junk is answered in words."""

import re
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from occto import clock, vault
from occto.domain.codes import LinkPurpose
from occto.domain.permissions import Role
from occto.models import SessionRow, User
from occto.unit_of_work import unit_of_work
from tests import answers
from tests.clients import Browser
from tests.factories import PASSWORD, TOTP_SECRET, Factory


def signed_up(make: Factory, *, totp: bool = True) -> User:
    """The administrator of a member."""
    user = make.user(totp=totp)
    make.affiliate(user, make.member())
    return user


def enter(browser: Browser, email: str, password: str = PASSWORD) -> None:
    """Open the sign-in page and send it."""
    browser.get("/login")
    browser.submit({"email": email, "password": password})


def span(page: str) -> timedelta:
    """How long the page says that the session still lasts."""
    ends, now = (
        datetime.fromisoformat(re.findall(rf'{name}="([^"]+)"', page)[0]) for name in ("data-idle-ends", "data-now")
    )
    return ends - now


def test_a_wrong_password_keeps_the_address_and_never_the_password(browser: Browser, make: Factory) -> None:
    user = signed_up(make)
    enter(browser, user.email, "not-my-password-at-all")
    assert re.search(r"<title>\s*エラー：", browser.text)
    assert user.email in browser.text
    assert "not-my-password-at-all" not in browser.text


def test_an_unknown_address_is_told_the_same(browser: Browser, make: Factory) -> None:
    known = signed_up(make).email
    told = []
    for email in (known, "nobody@example.jp"):
        enter(browser, email, "not-my-password-at-all")
        told.append(re.findall(r'class="error".*?</p>', browser.text, re.S))
    assert told[0] == told[1]
    assert told[0]


def test_the_recovery_codes_come_when_the_sign_in_is_complete(browser: Browser, make: Factory) -> None:
    user = signed_up(make, totp=False)
    enter(browser, user.email)
    assert browser.path == "/login/second-factor/set-up"
    assert "サインインの途中です" in browser.text
    secret = re.findall(r'class="key-text"[^>]*>([^<]+)<', browser.text)[0].replace(" ", "").strip()
    browser.submit({"code": vault.totp_now(secret, now=clock.now())})
    assert "リカバリーコードの控え" in browser.text
    assert "サインインの途中です" not in browser.text
    assert "ログアウト" in browser.text
    browser.submit()
    assert browser.path == "/home"


def test_a_code_in_full_width_is_read(browser: Browser, make: Factory) -> None:
    user = signed_up(make)
    enter(browser, user.email)
    code = vault.totp_now(TOTP_SECRET, now=clock.now())
    wide = "".join(chr(ord(figure) + 0xFEE0) for figure in code)
    browser.submit({"code": f"{wide[:3]}　{wide[3:]}"})
    assert browser.path == "/home"


def test_a_page_says_when_the_session_ends(make: Factory) -> None:
    user, member = make.user(), make.member()
    make.affiliate(user, member)
    browser = make.signed_in(user, member=member)
    browser.get("/home")
    assert timedelta(minutes=119) < span(browser.text) <= timedelta(hours=2)


def test_using_a_page_prolongs_the_session_and_the_page_says_the_new_end(make: Factory) -> None:
    case = answers.start(make)
    browser = make.signed_in(application_id=case.id)
    with unit_of_work() as session:
        session.execute(update(SessionRow).values(seen_at=clock.now() - timedelta(minutes=100)))
    browser.get(f"/join/applications/{case.id}/tasks")
    assert timedelta(minutes=119) < span(browser.text) <= timedelta(hours=2)


def test_nobody_signed_in_is_warned_of_nothing(browser: Browser) -> None:
    browser.get("/login")
    assert "data-idle-ends" not in browser.text


@pytest.mark.parametrize("token", ["x", "x" * 5000, "%00", "%ED%A0%80"])
def test_a_junk_link_for_the_password_is_explained(browser: Browser, token: str) -> None:
    assert browser.get(f"/password/{token}").status_code in {400, 404, 410}
    assert re.search("[ぁ-ん]", browser.text)


def test_a_new_password_says_what_is_wrong_beside_its_field(browser: Browser, make: Factory) -> None:
    user = signed_up(make)
    token = answers.mint_link(user.email, purpose=LinkPurpose.SET_PASSWORD, now=clock.now(), user_id=user.id)
    browser.get(f"/password/{token}")
    browser.submit({"password": "short", "again": "short"})
    assert 'href="#password"' in browser.text
    browser.submit({"password": PASSWORD, "again": "something else"})
    assert 'href="#again"' in browser.text
    browser.submit({"password": f"new-{PASSWORD}", "again": f"new-{PASSWORD}"})
    assert browser.path == "/login"
    assert browser.get(f"/password/{token}").status_code == 410


@pytest.mark.parametrize("value", ["\x00", "x" * 100_000, "💥@example.jp", "\u202e", "a@" + "b" * 5000])
@pytest.mark.parametrize("page", ["/login", "/password/forgot", "/join/"])
def test_hostile_addresses_are_answered_with_the_page(browser: Browser, page: str, value: str) -> None:
    browser.get(page)
    answer = browser.submit({"email": value, "password": value})
    assert answer.status_code == 200
    assert re.search(r"<title>\s*エラー：", browser.text)


def test_a_company_that_is_not_ones_own_cannot_be_chosen(make: Factory) -> None:
    user, other = make.user(), make.member()
    make.affiliate(user, make.member(), Role.ADMINISTRATOR)
    browser = make.signed_in(user)
    browser.get("/login/company")
    assert browser.post("/login/company", {"company": other.id}).status_code == 404
    for junk in ("9" * 50, "-1", "x", ""):
        browser.get("/login/company")
        assert browser.post("/login/company", {"company": junk}).status_code in {303, 404}
