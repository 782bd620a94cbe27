"""A process whose host lies far from Japan: submits at the instants given. `python -m tests.drills.clock_of_host URL ID=INSTANT …`

Prints for each: the zone of the host, the year in the number, and the day on the receipt.
"""

import re
import sys
import time
from datetime import datetime

from occto import clock
from tests.conftest import make_app
from tests.drills.submitting import check_page, press
from tests.factories import Factory


def main() -> None:
    """Submit each application at its instant."""
    url, *pairs = sys.argv[1:]
    app = make_app(url)
    make = Factory(app)
    with app.app_context():
        for pair in pairs:
            case, _, at = pair.partition("=")
            instant = datetime.fromisoformat(at)
            clock.now = lambda instant=instant: instant  # type: ignore[misc]
            browser = check_page(make, int(case))
            number = press(browser)
            day = re.search(r"\d{4}年\d{1,2}月\d{1,2}日", browser.text)
            assert day, browser.text
            print(time.tzname[0], number, day[0])  # noqa: T201 - read by the test


if __name__ == "__main__":
    main()
