from datetime import timedelta

import pytest
from sqlalchemy import update

from occto import clock
from occto.access import SEEN_EVERY_SECONDS, safe_next, token_hash
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import SessionRow
from occto.unit_of_work import unit_of_work
from tests.clients import Browser
from tests.factories import Factory


@pytest.mark.parametrize(
    "target", ["/home", "/admin/applications/?page=2", "/join/applications/5#files", "/terms?x=https://example.com"]
)
def test_an_address_inside_the_site_is_followed(target: str) -> None:
    assert safe_next(target) == target


@pytest.mark.parametrize(
    "target",
    [
        None,
        "",
        "home",
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/x\\..\\evil",
        "/\tevil",
        "/x\r\nSet-Cookie: a=b",
        "\x00/home",
        "javascript:alert(1)",
        "http:/home",
    ],
)
def test_no_way_out(target: str | None) -> None:
    assert safe_next(target) is None


def test_a_token_is_kept_as_its_hash() -> None:
    assert token_hash("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    ("url", "where"),
    [("/home", "/login?next=/home"), ("/admin/", "/login?next=/admin/"), ("/join/applications/1", "/join/")],
)
def test_the_door_leads_to_where_the_way_in_begins(make: Factory, url: str, where: str) -> None:
    answer = Browser(make.app).get(url, follow=False)
    assert answer.status_code == 303
    assert answer.headers["Location"].replace("%2F", "/") == where


def test_half_a_sign_in_leads_to_the_second_factor(make: Factory) -> None:
    user = make.staff(Role.OPERATOR)
    browser = make.signed_in(user)
    with unit_of_work() as session:
        session.execute(update(SessionRow).values(second_factor_at=None))
    assert browser.get("/admin/", follow=False).headers["Location"] == "/login/second-factor"


def test_a_person_without_a_company_chooses_one_first(make: Factory) -> None:
    browser = make.signed_in(make.user())
    assert browser.get("/home", follow=False).headers["Location"] == "/login/company"


def test_members_find_no_staff_screens_and_staff_no_home(make: Factory) -> None:
    member, user = make.member(), make.user()
    make.affiliate(user, member)
    assert make.signed_in(user, member=member).get("/admin/", follow=False).status_code == 403
    assert make.signed_in(make.staff(Role.SYSTEM)).get("/home", follow=False).status_code == 403


def test_a_made_up_cookie_is_nobody(make: Factory) -> None:
    for value in ("x", "", 5, None, ["a"]):
        browser = Browser(make.app)
        with browser.client.session_transaction() as cookie:
            cookie["sid"] = value
        assert browser.get("/home", follow=False).headers["Location"].startswith("/login")


def _seen(at_seconds_ago: int) -> float:
    """Let the session be seen last so long ago; returns when, in seconds since the epoch."""
    seen = clock.now() - timedelta(seconds=at_seconds_ago)
    with unit_of_work() as session:
        session.execute(update(SessionRow).values(seen_at=seen))
    return seen.timestamp()


def _last_seen() -> float:
    db.session.expunge_all()
    db.session.rollback()
    row = db.session.query(SessionRow).one()
    db.session.rollback()
    return row.seen_at.timestamp()


def test_a_session_is_marked_as_in_use_at_most_once_in_five_minutes(make: Factory) -> None:
    user, member = make.user(), make.member()
    make.affiliate(user, member)
    browser = make.signed_in(user, member=member)
    just_now = _seen(SEEN_EVERY_SECONDS - 60)
    assert browser.get("/home").status_code == 200
    assert _last_seen() == pytest.approx(just_now)
    earlier = _seen(SEEN_EVERY_SECONDS + 60)
    assert browser.get("/home").status_code == 200
    assert _last_seen() > earlier + SEEN_EVERY_SECONDS


def test_the_same_warning_waits_once(browser: Browser) -> None:
    """Forms sent one after another without a sign-in do not fill the cookie up."""
    browser.get("/login")
    token = browser.forms()[0]["fields"]["csrf_token"][0]
    for _ in range(5):
        assert browser.client.post("/member/confirm", data={"csrf_token": token}).status_code == 303
    with browser.client.session_transaction() as cookie:
        assert len(cookie["_flashes"]) == 1
