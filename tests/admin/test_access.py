"""Every endpoint of the staff screens × every role: what the table of permissions says, and nothing else."""

import pytest
from flask import Flask, url_for
from werkzeug.routing import Rule

from occto.domain.codes import UserKind
from occto.domain.permissions import MEMBER_ROLES, STAFF_ROLES, Permission, Role, permissions_of
from tests.answers import main_submitted
from tests.clients import Browser
from tests.factories import Factory

pytestmark = pytest.mark.wide

SWITCHED_OFF = ("create_view", "edit_view", "delete_view", "action_view", "export", "ajax_lookup", "ajax_update")

OPENED = (
    *("assemblies.create_view", "assemblies.edit_view"),
    *("agenda.create_view", "agenda.edit_view"),
    *("staff_accounts.create_view", "staff_accounts.edit_view"),
)
"""Those that a screen opens, with a verb behind each."""


def _rules(app: Flask) -> list[Rule]:
    known = app.extensions["admin_permissions"]
    return [rule for rule in app.url_map.iter_rules() if rule.endpoint in known]


def _address(app: Flask, rule: Rule) -> str:
    with app.test_request_context():
        values = {"export_type": "csv"} if "export_type" in rule.arguments else {}
        return url_for(rule.endpoint, **values) + "?id=1"


def _statuses(app: Flask, browser: Browser) -> dict[str, int]:
    """The answer of every endpoint: by GET where it takes one, else by a POST with a token."""
    browser.get("/admin/")
    if "csrf_token" not in browser.text:
        browser.get("/login")
    token = next((form["fields"]["csrf_token"][0] for form in _forms(browser)), "")
    found = {}
    for rule in _rules(app):
        address = _address(app, rule)
        if "GET" in (rule.methods or set()):
            answer = browser.client.get(address)
        else:
            answer = browser.client.post(address, data={"csrf_token": token, "id": "1"})
        found[rule.endpoint] = answer.status_code
    return found


def _forms(browser: Browser) -> list[dict[str, dict[str, list[str]]]]:
    from tests.clients import _Forms

    parser = _Forms()
    parser.feed(browser.text)
    return [form for form in parser.forms if "csrf_token" in form["fields"]]


def test_every_route_of_every_screen_is_named(app: Flask) -> None:
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules() if rule.rule.startswith("/admin/")}
    assert endpoints - set(app.extensions["admin_permissions"]) == {"admin.static"}
    assert len(endpoints) > 70


@pytest.mark.parametrize("role", STAFF_ROLES)
def test_staff_reach_what_their_role_permits_and_nothing_else(app: Flask, make: Factory, role: Role) -> None:
    main_submitted(make)
    allowed = permissions_of((role,))
    browser = make.signed_in(make.staff(role))
    for endpoint, status in _statuses(app, browser).items():
        permission = app.extensions["admin_permissions"][endpoint]
        if permission not in allowed:
            assert status == 403, endpoint
        elif endpoint.rpartition(".")[2] in SWITCHED_OFF and endpoint not in OPENED:
            assert status == 404, endpoint
        else:
            assert status in {200, 303, 404, 409, 422}, (endpoint, status)


@pytest.mark.parametrize("role", [*MEMBER_ROLES, Role.GUEST])
def test_members_and_guests_reach_nothing(app: Flask, make: Factory, role: Role) -> None:
    user, member = make.user(kind=UserKind.GUEST if role is Role.GUEST else UserKind.MEMBER), make.member()
    make.affiliate(user, member, role)
    assert set(_statuses(app, make.signed_in(user, member=member)).values()) == {403}


def test_an_applicant_reaches_nothing(app: Flask, make: Factory) -> None:
    case = main_submitted(make)
    assert set(_statuses(app, make.signed_in(application_id=case.id)).values()) == {403}


def test_the_public_is_asked_to_sign_in(app: Flask, browser: Browser) -> None:
    assert set(_statuses(app, browser).values()) == {303}


def test_a_staff_session_without_its_second_factor_reaches_nothing(app: Flask, make: Factory) -> None:
    from occto.models import SessionRow
    from occto.unit_of_work import unit_of_work

    browser = make.signed_in(make.staff(Role.OPERATOR))
    with unit_of_work() as session:
        for row in session.query(SessionRow):
            row.second_factor_at = None
    assert set(_statuses(app, browser).values()) == {303}


def test_the_menu_shows_what_the_role_may_see(make: Factory) -> None:
    screens = {
        "加入申請": Permission.APPLICATION_SEE,
        "ユーザ": Permission.USER_SEE,
        "送信メール": Permission.MAIL_SEE,
        "記録": Permission.AUDIT_SEE,
        "設定": Permission.SETTINGS_SEE,
    }
    for role in STAFF_ROLES:
        browser = make.signed_in(make.staff(role))
        browser.get("/admin/")
        menu = browser.text.partition('class="side"')[2].partition("</nav>")[0]
        for words, permission in screens.items():
            assert (words in menu) is (permission in permissions_of((role,))), (role, words)


def test_a_door_refuses_a_post_without_its_token(make: Factory) -> None:
    case = main_submitted(make)
    browser = make.signed_in(make.staff(Role.OPERATOR))
    answer = browser.client.post(
        "/admin/applications/hold/", data={"id": case.id, "version": case.version, "form_id": "x", "reason": "照会中"}
    )
    assert answer.status_code == 400
    assert case.row().held_at is None
