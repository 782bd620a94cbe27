"""Double click, resend, back button: one revision, one number, and the same page after each press."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from occto.extensions import db
from tests.answers import filled
from tests.clients import Browser
from tests.drills.observing import numbers_of
from tests.drills.submitting import check_page, press
from tests.factories import Factory

pytestmark = pytest.mark.races
CLICKS = 6


def _form(browser: Browser) -> tuple[str, dict[str, str]]:
    """Where the form of the check page goes, and all that it sends."""
    form = next(form for form in browser.forms() if form["action"].endswith("/submit"))
    return form["action"], {name: values[0] for name, values in form["fields"].items()}


def test_clicks_at_the_same_moment_make_one_submission(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    case = filled(make).id
    browser = check_page(make, case)
    action, values = _form(browser)
    cookie = browser.client.get_cookie("session")
    assert cookie is not None
    db.session.remove()
    ready = Barrier(CLICKS)

    def click(_no: int) -> tuple[int, str]:
        client = FlaskClient(fresh_app, Response)
        client.set_cookie("session", cookie.value)
        ready.wait()
        answer = client.post(action, data=values)
        return answer.status_code, answer.headers.get("Location", "")

    with ThreadPoolExecutor(CLICKS) as pool:
        answers = set(pool.map(click, range(CLICKS)))
    assert answers == {(303, f"/join/applications/{case}/submitted")}
    assert len(numbers_of([case])) == 1


def test_a_resend_and_the_back_button_show_the_first_receipt(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    case = filled(make).id
    browser = check_page(make, case)
    action, values = _form(browser)
    number = press(browser)
    for _ in range(2):
        answer = browser.client.post(action, data=values)  # resend: the very same bytes
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/join/applications/{case}/submitted")
    back = browser.client.post(action, data=values | {"form_id": "a-page-opened-before"}, follow_redirects=True)
    assert number in back.get_data(as_text=True)
    assert numbers_of([case]) == {case: number}
