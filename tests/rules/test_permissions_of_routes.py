"""Every route declares its permission, takes typed ids, and no GET writes: walked over the URL map, admin included."""

import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import Engine, event, update
from werkzeug.routing import Rule
from werkzeug.routing.converters import IntegerConverter, PathConverter, UnicodeConverter

from occto import clock
from occto.access import UndeclaredRoute, close
from occto.domain.codes import LinkPurpose
from occto.domain.joining import ApplicationState
from occto.domain.permissions import DESK, MEMBER_ROLES, STAFF_ROLES, Permission, Role, permissions_of
from occto.extensions import db
from occto.models import Desk, SessionRow
from occto.unit_of_work import unit_of_work
from tests.answers import Case, in_state, mint_link
from tests.clients import Browser
from tests.conftest import make_app
from tests.factories import NOW, Factory
from tests.observing import everything, row_counts
from tests.receiving import door

pytestmark = pytest.mark.wide

WORDS = {"token", "code", "section", "part", "licence", "export_type", "filename"}
"""Parameters that are words: secrets of mailed links, codes of certificates, keys of fixed lists, and names of static files."""
WRITTEN_ON_GET = frozenset({"access_events", "access_subjects", "sessions", "board_counts"})
"""The access log, the session's own clock and the stored count of a live board are the only things a GET may write."""
WRITTEN_BY_EXPORTS = frozenset({"audit_events", "audit_details"})
"""An export is an event: it stands in the trail before the first row leaves."""
WRITING = re.compile(r"\s*(insert\s+into|update|delete\s+from)\s+(?P<table>\w+)", re.IGNORECASE)
HALF = permissions_of(()) | {Permission.HALF_SIGNED_IN}


def _rules(app: Flask) -> Iterator[Rule]:
    return app.url_map.iter_rules()


def test_every_route_declares_a_permission(app: Flask) -> None:
    declared = app.extensions["permissions"]
    assert set(declared) == set(app.view_functions)
    assert {rule.endpoint for rule in _rules(app)} <= set(declared)
    assert all(isinstance(permission, Permission) for permission in declared.values())


def test_the_pages_of_the_demo_declare_theirs(fresh_url: str) -> None:
    shown = {rule.endpoint for rule in _rules(make_app(fresh_url, DEMO=True))}
    plain = {rule.endpoint for rule in _rules(make_app(fresh_url))}
    assert {endpoint.split(".")[0] for endpoint in shown - plain} == {"dev"}


def test_an_undeclared_route_stops_the_start(fresh_url: str) -> None:
    app = make_app(fresh_url)
    app.view_functions["forgotten"] = lambda: ""
    with pytest.raises(UndeclaredRoute):
        close(app)


def test_ids_are_numbers(app: Flask) -> None:
    for rule in _rules(app):
        for name, converter in rule._converters.items():
            if isinstance(converter, UnicodeConverter | PathConverter):
                assert name in WORDS, f"{rule.rule}: {name} takes any text"
            else:
                assert isinstance(converter, IntegerConverter), rule.rule
                assert not converter.signed, rule.rule


def test_secrets_stand_in_no_address_behind_a_session(app: Flask) -> None:
    for rule in _rules(app):
        if "token" in rule.arguments:
            assert app.extensions["permissions"][rule.endpoint] is Permission.PUBLIC


def test_only_get_and_post(app: Flask) -> None:
    for rule in _rules(app):
        assert (rule.methods or set()) <= {"GET", "HEAD", "OPTIONS", "POST"}, rule.rule


def test_what_changes_wants_a_token(app: Flask) -> None:
    """A POST without the token of its page is refused before any view runs, whoever sends it."""
    before = row_counts()
    for rule in _rules(app):
        if "POST" in (rule.methods or set()):
            with app.app_context():
                url = _address(rule, dict.fromkeys(rule.arguments, 1))
            answer = app.test_client().post(url)
            assert answer.status_code == 400, f"{rule.rule}: {answer.status_code}"
    assert row_counts() == before


def _address(rule: Rule, values: dict[str, object]) -> str:
    """The path of a rule with these values."""
    given = {name: values.get(name, 1) for name in rule.arguments}
    built = rule.build({name: value if name in _numbers(rule) else str(value) for name, value in given.items()})
    assert built is not None, rule.rule
    return built[1]


def _numbers(rule: Rule) -> set[str]:
    return {name for name, kind in rule._converters.items() if isinstance(kind, IntegerConverter)}


Visitor = Callable[[Factory, Case], tuple[Browser, frozenset[Permission]]]


def _anonymous(make: Factory, case: Case) -> tuple[Browser, frozenset[Permission]]:
    return Browser(make.app), permissions_of(())


def _applicant(make: Factory, case: Case) -> tuple[Browser, frozenset[Permission]]:
    return make.signed_in(application_id=case.id), permissions_of((Role.APPLICANT,))


def _half(make: Factory, case: Case) -> tuple[Browser, frozenset[Permission]]:
    user = make.staff(Role.OPERATOR)
    browser = make.signed_in(user)
    with unit_of_work() as session:
        session.execute(update(SessionRow).where(SessionRow.user_id == user.id).values(second_factor_at=None))
    return browser, HALF


def _member(role: Role) -> Visitor:
    def enter(make: Factory, case: Case) -> tuple[Browser, frozenset[Permission]]:
        user, member = make.user(), make.member()
        make.affiliate(user, member, role)
        return make.signed_in(user, member=member), permissions_of((role,))

    return enter


def _staff(role: Role) -> Visitor:
    return lambda make, _case: (make.signed_in(make.staff(role)), permissions_of((role,)))


def _desk(make: Factory, _case: Case) -> tuple[Browser, frozenset[Permission]]:
    scene = door(make)
    with unit_of_work() as session:
        session.get_one(Desk, scene.desk.id).paired_at = clock.now()
    return scene.browser(), DESK


VISITORS: dict[str, Visitor] = {
    "desk": _desk,
    "anonymous": _anonymous,
    "applicant": _applicant,
    "half signed in": _half,
    **{role.value: _member(role) for role in MEMBER_ROLES},
    **{role.value: _staff(role) for role in STAFF_ROLES},
}


@pytest.fixture
def writes() -> Iterator[list[str]]:
    """The writing statements sent to the database, those that a GET may send left aside."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        found = WRITING.match(statement)
        if found and found["table"] not in WRITTEN_ON_GET:
            sent.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield sent
    event.remove(Engine, "before_cursor_execute", note)


@pytest.mark.parametrize("who", VISITORS)
def test_no_get_writes_and_no_door_stands_open(make: Factory, writes: list[str], who: str) -> None:
    case = in_state(make, ApplicationState.MAIN_RETURNED)
    browser, may = VISITORS[who](make, case)
    tokens = {
        "join.open_link": mint_link("a@x.example.jp", purpose=LinkPurpose.APPLY, now=NOW),
        "auth.set_password": mint_link("a@x.example.jp", purpose=LinkPurpose.SET_PASSWORD, now=NOW),
    }
    known: dict[str, object] = {
        "application_id": case.id,
        "section": "company",
        "licence": "GEN",
        "export_type": "csv",
        "filename": "css/absent.css",
    }
    whole = _kept()
    needed = make.app.extensions["permissions"]
    assert writes, "the making of the case was seen"
    writes.clear()
    for rule in sorted(_rules(make.app), key=lambda rule: rule.rule):
        if "GET" not in (rule.methods or set()):
            continue
        url = _address(rule, known | {"token": tokens.get(rule.endpoint, "unknown-token")})
        status = browser.get(f"{url}?id={case.id}", follow=False).status_code
        assert status < 500 or rule.endpoint == "health.readyz", f"{url}: {status}"
        if needed[rule.endpoint] not in may:
            assert status in {302, 303, 403, 404}, f"{url} lets {who} in: {status}"
        if ".export_" in rule.endpoint:
            writes[:] = [sent for sent in writes if _table(sent) not in WRITTEN_BY_EXPORTS]
        assert not writes, f"{url} writes: {writes}"
    assert _kept() == whole


def _table(statement: str) -> str:
    found = WRITING.match(statement)
    return found["table"] if found else ""


def _kept() -> dict[str, list[str]]:
    """Every row of every table that a GET may not touch."""
    db.session.rollback()
    return {name: rows for name, rows in everything().items() if name not in WRITTEN_ON_GET | WRITTEN_BY_EXPORTS}
