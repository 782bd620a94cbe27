"""Every page that a visitor, an applicant, a member or a member of the staff reaches, on demo data, in a real browser."""

import pytest

from occto import clock
from occto.demo.accounts import ACCOUNTS, PASSWORD
from occto.demo.load import SMALLEST, load_demo, make_secrets
from occto.domain.codes import UserKind
from occto.domain.joining import ApplicationState
from occto.extensions import db
from occto.models import Application, DemoMail
from occto.unit_of_work import run
from tests.browser.conftest import Person, Site
from tests.browser.test_joining import MakePerson, sign_in
from tests.factories import Factory

pytestmark = [pytest.mark.browser]

PUBLIC = (
    "/", "/terms", "/privacy", "/environment", "/accessibility", "/help/", "/report-lost-id", "/login", "/password/forgot",
    "/password/sent", "/join/", "/join/sent", "/join/links/junk", "/join/confirm/junk", "/password/junk", "/nothing-here",
    "/certificates/", "/certificates/junk",
)  # fmt: skip


@pytest.fixture
def demo(site: Site) -> Site:
    """The site with a small demo in it."""
    with site.app.app_context():
        run(load_demo, SMALLEST, secrets=make_secrets(), now=clock.now())
        db.session.remove()
    return site


def test_public_pages(site: Site, person: MakePerson) -> None:
    visitor = person("visitor")
    for path in PUBLIC:
        visitor.go(path)
        visitor.complaints = [words for words in visitor.complaints if "Failed to load resource" not in words]
        visitor.look(path.strip("/").replace("/", "-") or "top")


def account(kind: UserKind, who: str) -> tuple[str, str | None]:
    found = next(each for each in ACCOUNTS if each.kind is kind and who in each.who)
    return found.login, found.secret


@pytest.mark.parametrize("who", ["審査担当", "承認者", "システム管理者", "受付"])
def test_staff_pages(demo: Site, person: MakePerson, who: str) -> None:
    """Everything in the menu, the first row of every list, and every tab of the worklist."""
    staff = person(who)
    login, secret = account(UserKind.STAFF, who)
    sign_in(staff, login, password=PASSWORD, secret=secret)
    staff.look("worklist")
    menu = [link.get_attribute("href") for link in staff.page.locator(".side a").all()]
    assert menu
    for address in menu:
        staff.go(address or "/")
        staff.look((address or "").strip("/").replace("/", "-"))
        first = staff.page.locator("main table tbody a")
        if first.count():
            first.first.click()
            staff.page.wait_for_load_state()
            staff.look(f"{(address or '').strip('/').replace('/', '-')}-first")


def test_a_case_in_every_state(demo: Site, person: MakePerson) -> None:
    """The case page of staff and the overview of the applicant, in each state that a case can have."""
    staff = person("states")
    login, secret = account(UserKind.STAFF, "審査担当")
    sign_in(staff, login, password=PASSWORD, secret=secret)
    with demo.app.app_context():
        cases = {
            state: db.session.query(Application.id).filter_by(state=state).limit(1).scalar()
            for state in ApplicationState
        }
        make = Factory(demo.app)
        cookies = {state: cookie_of(make, case_id) for state, case_id in cases.items() if case_id}
        db.session.remove()
    applicant = person("applicant")
    for state, case_id in cases.items():
        if case_id is None or state is ApplicationState.REMOVED:
            continue
        staff.go(f"/admin/applications/details/?id={case_id}")
        staff.look(f"case-{state}")
        become(applicant, demo, cookies[state])
        applicant.go(f"/join/applications/{case_id}")
        applicant.look(f"applicant-{state}")


def cookie_of(make: Factory, application_id: int) -> str:
    """The cookie of an applicant session on this case."""
    cookie = make.signed_in(application_id=application_id).client.get_cookie("session")
    assert cookie is not None
    return cookie.value


def become(person: Person, site: Site, cookie: str) -> None:
    """Put the session cookie of an applicant into the person's browser."""
    person.context.clear_cookies()
    person.context.add_cookies([{"name": "session", "value": cookie, "url": site.url}])


def test_member_pages(demo: Site, person: MakePerson) -> None:
    """Home, the chooser of companies with its banner, and the demo's own pages."""
    member = person("member")
    login, secret = account(UserKind.MEMBER, "複数")
    sign_in(member, login, password=PASSWORD, secret=secret)
    member.look("choose-company")
    member.page.get_by_role("button", name="この会社で進む").first.click()
    member.page.wait_for_url("**/home")
    assert "として操作しています" in member.page.inner_text("body")
    member.look("home-of-several")


def test_no_demo_mail_is_kept_outside_the_demo(site: Site) -> None:
    with site.app.app_context():
        assert db.session.query(DemoMail).count() == 0
        assert site.app.test_client().get("/dev/mailbox").status_code == 404
