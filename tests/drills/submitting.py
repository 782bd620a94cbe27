"""A process of its own that submits applications and may be killed: `python -m tests.drills.submitting URL HALT ID …`.

Prints «ready» before the first, and the acceptance number as the applicant's receipt shows it once each is acknowledged.
HALT names the point at which the process kills itself, as a power cut would: the beginning of a statement, COMMIT,
AFTER COMMIT, or «-» for none.
"""

import os
import re
import signal
import sys

from sqlalchemy import event

from occto.extensions import db
from tests.clients import Browser
from tests.conftest import make_app
from tests.factories import Factory


def check_page(make: Factory, application_id: int) -> Browser:
    """The applicant's browser on the check page, one press before submitting."""
    browser = make.signed_in(application_id=application_id)
    browser.get(f"/join/applications/{application_id}/check")
    return browser


def press(browser: Browser) -> str:
    """Submit what the check page shows; returns the acceptance number on the receipt."""
    answer = browser.submit(action="/submit")
    assert answer.status_code == 200, browser.text
    found = re.search(r"J-\d{4}-\d{5}-\d", browser.text)
    assert found, browser.text
    return found[0]


def halt(point: str) -> None:
    """Kill this process when it comes to `point`."""

    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def before(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith(point):
            die()

    if point == "COMMIT":
        event.listen(db.engine, "commit", die)
    elif point == "AFTER COMMIT":
        event.listen(db.session, "after_commit", die)
    else:
        event.listen(db.engine, "before_cursor_execute", before)


def main() -> None:
    """Submit one after the other."""
    url, point, *cases = sys.argv[1:]
    app = make_app(url)
    make = Factory(app)
    with app.app_context():
        pages = [(case, check_page(make, int(case))) for case in cases]
        if point != "-":
            halt(point)
        print("ready", flush=True)  # noqa: T201 - read by the test
        for case, browser in pages:
            print(case, press(browser), flush=True)  # noqa: T201
        sys.stdin.read()  # waits to be killed, should it come this far


if __name__ == "__main__":
    main()
