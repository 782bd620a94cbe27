"""職員 and ユーザ: stop and resume, accounts of the staff, and the pages of a member as its users see them."""

from typing import Any

import pytest
from sqlalchemy import func, select

from occto.domain.codes import UserState
from occto.domain.permissions import STAFF_ROLES, Role
from occto.extensions import db
from occto.models import AccessSubject, AuditEvent, Member, OutboxMail, SessionRow, StaffRole, User
from tests.admin.office import contract, in_days, send, staff, unchanged
from tests.clients import Browser
from tests.factories import Factory
from tests.observing import everything


def _user(user: User) -> User:
    db.session.rollback()
    found = db.session.get(User, user.id)
    assert found is not None
    return found


def test_an_operator_stops_and_resumes_an_id(make: Factory) -> None:
    user, browser = make.user(name="宮本 さくら"), staff(make, Role.OPERATOR)
    browser.get(f"/admin/users/details/?id={user.id}")
    assert "ユーザIDを停止する" in browser.text
    browser.get(f"/admin/users/stop/?id={user.id}")
    assert "議決権" in browser.text
    before = everything()
    assert send(browser, "/stop/", {"ground": ""}) == 422
    assert unchanged(before)
    send(browser, "/stop/", {"ground": "IDの使い回しが判明したため。"})
    assert browser.path == "/admin/users/details/"
    assert "ユーザIDを停止しました。" in browser.text
    assert _user(user).state is UserState.STOPPED
    browser.get(f"/admin/users/resume/?id={user.id}")
    send(browser, "/resume/", {"reason": "確認が済んだ。"})
    assert _user(user).state is UserState.ACTIVE
    browser.get("/admin/users/?factor=SET")
    assert "宮本 さくら" in browser.text
    browser.get("/admin/users/?factor=NONE")
    assert "宮本 さくら" not in browser.text


def test_a_stale_page_stops_nobody(make: Factory) -> None:
    user, browser, other = make.user(), staff(make, Role.OPERATOR), staff(make, Role.OPERATOR)
    for one in (browser, other):
        one.get(f"/admin/users/stop/?id={user.id}")
    send(browser, "/stop/", {"ground": "事由"})
    assert send(other, "/stop/", {"ground": "別の事由"}) == 409
    assert "別の事由</textarea>" in other.text
    assert db.session.scalar(select(func.count()).where(AuditEvent.tag == "user.id_stopped")) == 1


@pytest.mark.parametrize("door", ["stop", "resume"])
def test_staff_are_stopped_by_system_administrators_alone(make: Factory, door: str) -> None:
    colleague, user = make.staff(Role.OPERATOR), make.user()
    for role in (Role.OPERATOR, Role.APPROVER, Role.RECEPTION):
        browser = staff(make, role)
        shut = 403 if role is Role.RECEPTION else 404
        assert browser.get(f"/admin/users/{door}/?id={colleague.id}").status_code == shut, role
        assert browser.get(f"/admin/staff_accounts/{door}/?id={colleague.id}").status_code == shut, role
    browser = staff(make, Role.SYSTEM)
    assert browser.get(f"/admin/users/{door}/?id={user.id}").status_code == 404
    assert browser.get(f"/admin/staff_accounts/{door}/?id={colleague.id}").status_code == 200
    assert browser.get(f"/admin/staff_accounts/{door}/?id={user.id}").status_code == 404


def test_members_find_no_door_to_ids(make: Factory) -> None:
    member, user, other = make.member(), make.user(), make.user()
    make.affiliate(user, member)
    browser = make.signed_in(user, member=member)
    browser.get("/home")
    for path in ("users/stop/", "users/resume/", "staff_accounts/stop/", "staff_accounts/new/", "members/view-as/"):
        assert browser.get(f"/admin/{path}?id={other.id}").status_code == 403
        assert browser.post(f"/admin/{path}", {"id": other.id, "ground": "x", "version": 1}).status_code in (400, 403)
    assert _user(other).state is UserState.ACTIVE


def test_a_system_administrator_registers_staff_and_changes_roles(make: Factory) -> None:
    browser = staff(make, Role.SYSTEM)
    browser.get("/admin/staff_accounts/new/")
    assert send(browser, "/new/", {"email": "shinnin@occto.example.jp", "name": "新任 太郎", "roles": []}) == 422
    send(browser, "/new/", {"roles": ["OPERATOR", "APPROVER"]})
    assert "職員を登録しました。" in browser.text
    made = db.session.scalars(select(User).where(User.email_key == "shinnin@occto.example.jp")).one()
    assert made.state is UserState.INVITED
    browser.get("/admin/staff_accounts/")
    assert "審査担当・承認者" in browser.text
    browser.get(f"/admin/staff_accounts/edit/?id={made.id}")
    assert send(browser, "/edit/", {"roles": ["ADMINISTRATOR"]}) == 422
    send(browser, "/edit/", {"roles": ["RECEPTION"], "state": "ACTIVE", "password_hash": "x"})
    db.session.rollback()
    assert db.session.scalars(select(StaffRole.role).where(StaffRole.user_id == made.id)).all() == [Role.RECEPTION]
    assert _user(made).password_hash is None
    assert browser.get("/admin/staff_accounts/delete/?id=1").status_code in (404, 405)


def _viewing(make: Factory, member: Member, role: Role = Role.OPERATOR) -> Browser:
    browser = staff(make, role)
    browser.get(f"/admin/members/view-as/?id={member.id}")
    send(browser, "/view-as/", {"reason": "お電話でのお問い合わせの確認"})
    return browser


def test_staff_see_what_the_member_sees_and_the_member_is_told(make: Factory) -> None:
    member, user = make.member(name="汐見電力株式会社"), make.user()
    make.affiliate(user, member)
    browser = _viewing(make, member)
    assert browser.path == "/home"
    assert "見るだけで、変更はできません" in browser.text
    assert "表示を終える" in browser.text
    for path in ("/member", "/changes/", "/member/history"):
        assert browser.get(path).status_code == 200, path
        assert "汐見電力株式会社" in browser.text
    assert browser.get("/admin/").status_code == 403
    assert "表示を終える" in browser.text
    mail = db.session.scalars(select(OutboxMail).where(OutboxMail.template == "member/viewed")).one()
    assert (mail.to_address, mail.params["reason"]) == (user.email, "お電話でのお問い合わせの確認")
    seen = db.session.scalar(select(func.count()).where(AccessSubject.subject_id == member.id))
    assert (seen or 0) >= 4
    browser.submit(action="/viewing/end")
    assert browser.path == "/admin/members/details/"
    assert browser.get("/admin/").status_code == 200
    assert browser.get("/home").status_code == 403
    tags = select(AuditEvent.tag).where(AuditEvent.tag.startswith("member.viewing")).order_by(AuditEvent.id)
    assert db.session.scalars(tags).all() == ["member.viewing_begun", "member.viewing_ended"]


def test_whoever_looks_changes_nothing(make: Factory) -> None:
    """Every route that takes a POST, and every page for changing something, is shut while looking."""
    member = make.member()
    browser = _viewing(make, member)
    token = browser.forms()[0]["fields"]["csrf_token"][0] if browser.forms() else ""
    before = everything()
    allowed = {"auth.sign_out", "viewing.end"}
    for rule in make.app.url_map.iter_rules():
        if "POST" not in (rule.methods or set()) or rule.endpoint in allowed:
            continue
        permission = make.app.extensions["permissions"][rule.endpoint]
        if permission in {"public:see", "session:use", "session:finish"}:
            continue
        path = rule.build(dict.fromkeys(rule.arguments, 1))
        assert path is not None, rule
        answer = browser.client.post(path[1], data={"csrf_token": token})
        assert answer.status_code in (403, 404, 405), (rule, answer.status_code)
    assert unchanged({table: rows for table, rows in before.items() if table != "sessions"})


def test_who_may_look_at_a_members_pages(make: Factory) -> None:
    member = make.member()
    for role in STAFF_ROLES:
        status = staff(make, role).get(f"/admin/members/view-as/?id={member.id}").status_code
        assert status == (200 if role in {Role.OPERATOR, Role.APPROVER} else 403), role
    browser = staff(make, Role.OPERATOR)
    browser.get(f"/admin/members/view-as/?id={member.id}")
    assert send(browser, "/view-as/", {"reason": " "}) == 422
    assert browser.get("/admin/members/view-as/?id=99999").status_code == 404
    assert db.session.scalar(select(func.count()).where(SessionRow.view_reason.is_not(None))) == 0


def test_two_sessions_look_apart(make: Factory) -> None:
    """Looking is a matter of one session: the same person's other browser stays at the office."""
    member, person = make.member(), make.staff(Role.OPERATOR)
    one, other = make.signed_in(person), make.signed_in(person)
    one.get(f"/admin/members/view-as/?id={member.id}")
    send(one, "/view-as/", {"reason": "確認"})
    assert one.get("/home").status_code == 200
    assert other.get("/admin/").status_code == 200
    assert other.get("/home").status_code == 403
    values: dict[str, Any] = {"reason": "確認"}
    assert db.session.scalar(select(func.count()).where(SessionRow.view_reason == values["reason"])) == 1


def test_a_contract_that_ends_signs_no_looking_staff_out(make: Factory) -> None:
    """Whoever looks acts for nobody: the member's own sessions end, the office's goes on."""
    member, user = make.member(), make.user()
    make.affiliate(user, member)
    own, looking, other = make.signed_in(user, member=member), _viewing(make, member), staff(make)
    other.get(f"/admin/contracts/end/?id={contract(member).id}")
    send(other, "/end/", {"applied_on": in_days(0).isoformat()})
    send(other, "/end/", {"confirmed": "y"})
    assert own.get("/home", follow=False).status_code == 303
    assert looking.get("/home", follow=False).status_code == 200
    looking.submit(action="/viewing/end")
    assert looking.path == "/admin/members/details/"
