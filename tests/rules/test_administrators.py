"""Nobody but OCCTO makes an administrator (利用規約 3.1/3.2.1): every POST of the map, with bodies crafted for it, by everybody else."""

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from occto.domain.codes import Procedure
from occto.domain.permissions import GRANTED_BY_MEMBER, MEMBER_ROLES, TABLE, Permission, Role, permissions_of_mandate
from occto.extensions import db
from occto.models import Affiliation, SessionRow, StaffRole
from occto.unit_of_work import unit_of_work
from tests.answers import main_submitted
from tests.clients import Browser
from tests.factories import Factory
from tests.requesting import Scene, by_member, called, from_public, lost, matched
from tests.test_hostile import real_addresses

pytestmark = pytest.mark.wide

ROOT = Path(__file__).parents[2] / "occto"
MAKERS = {
    "services/account_requests/approval.py": "the second person approves what a call confirmed",
    "services/joining/approval.py": "the second person approves a main application",
}
"""The files that give the role, each with its reason."""


def _scene(make: Factory) -> Scene:
    """A member with requests in every open state, so that whatever a POST decides would be seen."""
    found = called(by_member(make))
    matched(from_public(make, on=found, email="other@company.example.jp"))
    lost(make, on=found)
    return found


def _with_role(role: Role) -> Callable[[Factory, Scene], Browser]:
    def enter(make: Factory, found: Scene) -> Browser:
        if role is Role.ADMINISTRATOR:
            return make.signed_in(found.old, member=found.member)
        user = make.user()
        make.affiliate(user, found.member, role)
        return make.signed_in(user, member=found.member)

    return enter


def _contractor(make: Factory, found: Scene) -> Browser:
    person = make.user()
    mandate = make.mandate(found.member, make.contractor(person), person, procedures=tuple(Procedure))
    return make.signed_in(person, mandate=mandate)


def _half(make: Factory, found: Scene) -> Browser:
    browser = make.signed_in(found.approver)
    with unit_of_work() as session:
        session.execute(update(SessionRow).where(SessionRow.user_id == found.approver.id).values(second_factor_at=None))
    return browser


def _applicant(make: Factory, _found: Scene) -> Browser:
    return make.signed_in(application_id=main_submitted(make).id)


VISITORS: dict[str, Callable[[Factory, Scene], Browser]] = {
    "anonymous": lambda make, _found: Browser(make.app),
    "applicant": _applicant,
    "half signed in": _half,
    "contractor": _contractor,
    **{role.value: _with_role(role) for role in MEMBER_ROLES},
}


def _administrators() -> list[Any]:
    db.session.rollback()
    query = select(Affiliation.user_id, Affiliation.member_id).where(
        Affiliation.role == Role.ADMINISTRATOR, Affiliation.ended_at.is_(None)
    )
    staff = select(StaffRole.user_id, StaffRole.role)
    return sorted(map(str, [*db.session.execute(query), *db.session.execute(staff)]))


def _bodies(found: Scene) -> list[dict[str, Any]]:
    user = str(found.old.id)
    person = {
        "name": "佐藤 美咲",
        "person_name": "佐藤 美咲",
        "kana": "サトウ",
        "person_kana": "サトウ",
        "title": "総務部",
        "person_title": "総務部",
        "email": "grab@company.example.jp",
        "person_email": "grab@company.example.jp",
        "phone": "03-1111-2222",
        "person_phone": "03-1111-2222",
        "lines": "佐藤 美咲\tgrab@company.example.jp\t管理者",
        "reason": "x",
        "words": "x",
        "way": f"member_contact:{found.member.id}",
    }
    grab = {
        "role": "ADMINISTRATOR",
        "roles": ["ADMINISTRATOR", "VIEWER"],
        "replaced_role": "ADMINISTRATOR",
        "kind": "ADMINISTRATOR",
        "state": "APPROVED",
        "id": str(found.number),
        "user_id": user,
        "member_id": str(found.member.id),
        "company": f"{found.member.id}.",
        "operator_code": found.member.operator_code,
        "confirmed": "y",
    }
    return [person | grab | {"version": version} for version in ("1", "2", "3")]


@pytest.mark.parametrize("who", VISITORS)
def test_no_crafted_post_makes_an_administrator(make: Factory, who: str) -> None:
    found = _scene(make)
    browser = VISITORS[who](make, found)
    browser.get("/administrators/apply")
    token = browser.forms()[0]["fields"]["csrf_token"][0]
    before = _administrators()
    assert before
    sent = 0
    for rule in make.app.url_map.iter_rules():
        if "POST" not in (rule.methods or ()) or rule.endpoint == "auth.sign_out":
            continue
        for address in dict.fromkeys([*real_addresses(rule, found.number), *real_addresses(rule, found.old.id)]):
            for no, body in enumerate(_bodies(found)):
                data = {"csrf_token": token, "form_id": f"{sent}-{no}", **body}
                answer = browser.client.post(f"{address}?id={found.number}", data=data)
                assert answer.status_code < 500, address
                sent += 1
    assert sent > 50
    assert _administrators() == before


def test_no_table_of_permissions_lets_members_or_contractors_decide() -> None:
    deciding = {
        Permission.ACCOUNT_PROCESS,
        Permission.ACCOUNT_APPROVE,
        Permission.ACCOUNT_ENTER,
        Permission.STAFF_MANAGE,
    }
    for role in (*MEMBER_ROLES, Role.CONTRACTOR, Role.GUEST, Role.APPLICANT, Role.RECEPTION):
        assert not TABLE[role] & deciding, role
    every = permissions_of_mandate(Procedure)
    assert not every & (deciding | {Permission.ADMINISTRATOR_APPLY})
    assert Role.ADMINISTRATOR not in GRANTED_BY_MEMBER
    assert [role for role in Role if Permission.ADMINISTRATOR_APPLY in TABLE[role]] == [Role.ADMINISTRATOR]


def test_the_role_is_given_in_few_places() -> None:
    """`Affiliation(… role=Role.ADMINISTRATOR …)` stands where OCCTO decides, and nowhere else."""
    found = set()
    for path in sorted((ROOT / "services").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Affiliation":
                given = {one.arg: ast.unparse(one.value) for one in node.keywords}
                if given.get("role") == "Role.ADMINISTRATOR":
                    found.add(str(path.relative_to(ROOT)))
    assert found == set(MAKERS)
