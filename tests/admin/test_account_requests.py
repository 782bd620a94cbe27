"""管理者の申請 on the screens of the office: what is shown, who may go through which door, refusals, hostile input."""

import re
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import select

from occto.domain.account_requests import AccountRequestKind, AccountRequestState
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import AccessSubject, AccountRequest, Attachment, OutboxMail, User
from tests.admin.counting import statements
from tests.admin.office import unchanged
from tests.clients import Browser
from tests.factories import Factory
from tests.observing import everything
from tests.requesting import (
    NEW,
    ON_RECORD,
    PDF,
    Scene,
    by_member,
    called,
    from_public,
    lost,
    matched,
    on_paper,
    request_row,
    roles_of,
    scene,
)

K, S = AccountRequestKind, AccountRequestState
BASE, STAFF = "/admin/account_requests", "/admin/staff_factors"
DOORS = ("match", "call", "settle", "approve", "decline")


def at_desk(found: Scene) -> Browser:
    return found.make.signed_in(found.operator)


def at_second(found: Scene) -> Browser:
    return found.make.signed_in(found.approver)


def go(browser: Browser, found: Scene, door: str = "", *, base: str = BASE) -> int:
    """Open the page of the request or of one of its doors."""
    path = f"{base}/{door}/?id={found.number}" if door else f"{base}/details/?id={found.number}"
    return browser.get(path).status_code


def send(browser: Browser, door: str, values: dict[str, Any] | None = None) -> int:
    return browser.submit(values, action=f"/{door}/").status_code


def test_from_the_public_page_to_a_new_administrator(make: Factory) -> None:
    found = from_public(make)
    desk, second = at_desk(found), at_second(found)
    desk.get("/admin/?tab=accounts")
    assert f"{BASE}/details/?id={found.number}" in desk.text
    desk.get(f"{BASE}/?q=A-2026-00001")
    assert "佐藤 美咲" in desk.text
    go(desk, found)
    assert "一致" in desk.text
    assert ON_RECORD not in desk.text  # nobody has said yet whose request it is
    go(desk, found, "match")
    assert send(desk, "match", {"replaces_user_id": str(found.old.id)}) == 200
    assert "特定しました" in desk.text
    assert ON_RECORD in desk.text
    go(desk, found, "call")
    assert ON_RECORD in desk.text
    assert NEW.phone not in desk.text
    assert send(desk, "call", {"way": f"member_contact:{found.member.id}", "words": "田中様。申請のとおり。"}) == 200
    assert f"{BASE}/approve/" not in desk.text
    assert "承認者の承認を待っています" in desk.text
    second.get("/admin/?tab=second")
    assert f"{BASE}/details/?id={found.number}" in second.text
    go(second, found)
    assert "田中様。申請のとおり。" in second.text
    go(second, found, "approve")
    assert "鈴木 一郎 さんは役割がなくなり" in second.text
    assert send(second, "approve") == 200
    assert "承認しました" in second.text
    assert roles_of(found.member) == [(NEW.name, Role.ADMINISTRATOR)]
    go(second, found)
    assert "/approve/" not in second.text


def test_a_number_of_the_request_is_shown_as_such_and_never_at_the_call(make: Factory) -> None:
    found = matched(from_public(make))
    desk = at_desk(found)
    go(desk, found)
    assert "確認の電話には使いません" in desk.text
    for door in DOORS:
        go(desk, found, door)
        assert NEW.phone not in desk.text


def test_a_number_that_is_not_on_record_cannot_be_called(make: Factory) -> None:
    found = by_member(make)
    desk = at_desk(found)
    go(desk, found, "call")
    before = everything()
    for way in ("03-9999-9999", "post", "", "member_contact:999"):
        assert send(desk, "call", {"way": way, "words": "x"}) == 422
    assert unchanged(before)


def test_the_choice_of_the_old_administrator_follows_the_code(make: Factory) -> None:
    found, other = from_public(make), scene(make)
    desk = at_desk(found)
    go(desk, found, "match")
    assert f'value="{found.old.id}" selected' in desk.text  # named in the request
    assert send(desk, "match", {"operator_code": other.member.operator_code}) == 422
    assert f'value="{other.old.id}"' in desk.text
    assert send(desk, "match", {"replaces_user_id": str(other.old.id)}) == 200
    assert request_row(found.number).member_id == other.member.id


def test_an_unknown_code_is_said_beside_its_field(make: Factory) -> None:
    found = from_public(make, K.ADMINISTRATOR)
    desk = at_desk(found)
    go(desk, found, "match")
    before = everything()
    assert send(desk, "match", {"operator_code": "99999", "replaces_user_id": ""}) == 409
    assert 'href="#operator_code"' in desk.text
    assert send(desk, "match", {"operator_code": "\x00", "replaces_user_id": ""}) == 422
    assert unchanged(before)


def test_who_called_is_told_that_another_must_approve(make: Factory) -> None:
    found = scene(make)
    both = make.staff(Role.OPERATOR, Role.APPROVER)
    found.operator = both
    called(by_member(make, on=found))
    browser = make.signed_in(both)
    go(browser, found)
    assert "別の方の承認を待っています" in browser.text
    go(browser, found, "approve")
    before = everything()
    assert send(browser, "approve") == 409
    assert "別の方が承認してください" in browser.text
    assert unchanged(before)


def test_two_at_one_page_the_second_finds_it_stale_and_keeps_what_was_typed(make: Factory) -> None:
    found = by_member(make)
    first, second = at_desk(found), make.signed_in(make.staff(Role.OPERATOR))
    for one in (first, second):
        go(one, found, "call")
    way = f"member_contact:{found.member.id}"
    assert send(first, "call", {"way": way, "words": "一人目"}) == 200
    assert send(second, "call", {"way": way, "words": "二人目のことば"}) == 409
    assert "画面を開いたあとに内容が変わりました" in second.text
    assert "二人目のことば" in second.text
    assert request_row(found.number).called_words == "一人目"


def test_a_button_pressed_twice_decides_once(make: Factory) -> None:
    found = called(by_member(make))
    browser = at_second(found)
    go(browser, found, "approve")
    page = browser.response
    assert send(browser, "approve") == 200
    browser.response = page
    assert send(browser, "approve") == 200
    db.session.rollback()
    invited = select(OutboxMail.id).where(OutboxMail.template == "account/invited")
    assert len(db.session.scalars(invited).all()) == 1


def test_declining_asks_for_a_reason_and_changes_nothing(make: Factory) -> None:
    found = matched(from_public(make))
    desk = at_desk(found)
    go(desk, found, "decline")
    assert send(desk, "decline", {"reason": ""}) == 422
    assert send(desk, "decline", {"reason": "登録の方に心当たりがない。"}) == 200
    assert request_row(found.number).state is S.DECLINED
    assert roles_of(found.member) == [("鈴木 一郎", Role.ADMINISTRATOR)]


def test_an_objection_is_shown_and_settled(make: Factory) -> None:
    from occto.access import token_hash
    from occto.services.account_requests import review
    from occto.unit_of_work import run
    from tests.factories import NOW
    from tests.requesting import STRANGER, object_link

    found = called(matched(from_public(make)))
    token = token_hash(object_link(found, found.old.email))
    run(review.object_to, token, words="<b>していません</b>", actor=STRANGER, now=NOW)
    second, desk = at_second(found), at_desk(found)
    go(second, found)
    assert "異議が届いています" in second.text
    assert "&lt;b&gt;していません" in second.text
    assert "/approve/" not in second.text
    go(second, found, "approve")
    assert send(second, "approve") == 409
    go(desk, found, "settle")
    assert send(desk, "settle", {"words": "退職した方からと確かめた。"}) == 200
    go(second, found, "approve")
    assert send(second, "approve") == 200


def paper(browser: Browser, values: dict[str, Any], content: bytes | None = PDF) -> int:
    form = browser.forms()[-1]
    data = {name: list(held) for name, held in form["fields"].items()} | values
    if content is not None:
        data["file"] = (BytesIO(content), "届出書.pdf")  # type: ignore[assignment]
    browser.response = browser.client.post(
        form["action"], data=data, content_type="multipart/form-data", follow_redirects=True
    )
    return browser.response.status_code


def paper_values(found: Scene, **changes: Any) -> dict[str, Any]:
    return {
        "received_on": "2026-11-20",
        "received_time": "14:30",
        "kind": "CHANGE",
        "operator_code": found.member.operator_code,
        "typed_old_name": "鈴木 一郎",
        "person_name": NEW.name,
        "person_kana": NEW.kana,
        "person_title": NEW.title,
        "person_email": NEW.email,
        "reason": "管理者の退職",
    } | changes


def test_paper_is_keyed_in_with_its_scan_and_another_approves(make: Factory) -> None:
    found = scene(make)
    desk = at_desk(found)
    desk.get(f"{BASE}/")
    assert f"{BASE}/paper/" in desk.text
    desk.get(f"{BASE}/paper/")
    assert paper(desk, paper_values(found)) == 200
    assert "書面の申請を受け付けました" in desk.text
    row = db.session.scalars(select(AccountRequest)).one()
    assert (row.state, row.entered_by_id, row.member_id) == (S.SUBMITTED, found.operator.id, found.member.id)
    assert row.received_at is not None
    assert row.received_at.isoformat() == "2026-11-20T05:30:00+00:00"
    file = db.session.scalars(select(Attachment)).one()
    answer = desk.get(f"{BASE}/file/?id={file.id}")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.data == PDF


@pytest.mark.parametrize(
    ("changes", "content", "status", "place"),
    [
        ({"operator_code": "99999"}, PDF, 409, "operator_code"),
        ({"received_on": "2199-01-01"}, PDF, 422, "received_on"),
        ({"typed_old_name": ""}, PDF, 422, "typed_old_name"),
        ({"person_email": "x"}, PDF, 422, "person_email"),
        ({}, None, 409, "file"),
        ({}, b"GIF89a", 409, "file"),
    ],
)
def test_paper_is_refused_beside_its_field(
    make: Factory, changes: dict[str, Any], content: bytes | None, status: int, place: str
) -> None:
    found = scene(make)
    desk = at_desk(found)
    desk.get(f"{BASE}/paper/")
    before = everything()
    assert paper(desk, paper_values(found, **changes), content) == status
    assert f'href="#{place}"' in desk.text
    assert unchanged(before)


def test_what_is_about_the_staff_is_the_system_administrators_alone(make: Factory) -> None:
    found, member_case = scene(make), lost(make)
    owner = make.staff(Role.OPERATOR, name="高橋 直樹")
    lost(make, owner, on=found)
    desk, system = at_desk(found), make.signed_in(found.system)
    assert go(desk, found) == 404
    assert go(desk, found, base=STAFF) == 403
    desk.get(f"{BASE}/")
    assert "高橋 直樹" not in desk.text
    assert system.get(f"{BASE}/").status_code == 403
    assert go(system, member_case, base=STAFF) == 404
    system.get("/admin/")
    assert f"{STAFF}/details/?id={found.number}" in system.text
    assert go(system, found, base=STAFF) == 200
    assert go(system, found, "match", base=STAFF) == 404
    go(system, found, "call", base=STAFF)
    assert send(system, "call", {"way": "in_person", "words": "職員証を確かめた。"}) == 200
    other = make.signed_in(make.staff(Role.SYSTEM))
    go(other, found, "approve", base=STAFF)
    assert send(other, "approve") == 200
    db.session.rollback()
    assert db.session.scalar(select(User.totp_secret_enc).where(User.id == owner.id)) is None


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.APPROVER])
def test_a_lost_factor_of_a_member_goes_through_the_desk(make: Factory, role: Role) -> None:
    found = lost(make)
    browser = make.signed_in(make.staff(role))
    assert go(browser, found) == 200
    assert "03-3333-4444" in browser.text
    assert ON_RECORD in browser.text
    assert ("approve" in browser.text) is False


def test_looking_is_noted_page_by_page(make: Factory) -> None:
    found = by_member(make)
    desk = at_desk(found)
    go(desk, found)
    go(desk, found, "call")
    db.session.rollback()
    seen = select(AccessSubject.subject_id).where(AccessSubject.subject_kind == "ACCOUNT")
    assert list(db.session.scalars(seen)) == [found.number] * 2


def test_a_file_of_something_else_is_not_given_out(make: Factory) -> None:
    found = on_paper(make)
    staff_case = lost(make, make.staff(Role.RECEPTION), on=scene(make))
    desk, system = at_desk(found), make.signed_in(staff_case.system)
    number = db.session.scalars(select(Attachment.id)).one()
    assert system.get(f"{STAFF}/file/?id={number}").status_code == 404
    for junk in ("0", "999", "x", "1,2", "9" * 40):
        assert desk.get(f"{BASE}/file/?id={junk}").status_code == 404


@pytest.mark.parametrize("junk", ["", "0", "x", "1,2", "9" * 40, "%00", "-1"])
def test_junk_ids_are_not_found(make: Factory, junk: str) -> None:
    found = by_member(make)
    desk = at_desk(found)
    for door in (*DOORS, "details"):
        status = desk.get(f"{BASE}/{door}/?id={junk}").status_code
        assert status in {403, 404}, door


def test_extra_fields_and_junk_change_nothing(make: Factory) -> None:
    found = by_member(make)
    desk = at_desk(found)
    go(desk, found, "call")
    extra = {"state": "APPROVED", "called_by_id": "1", "version": "9" * 30, "words": "\ud7ff", "way": "x" * 5000}
    assert send(desk, "call", extra) == 422
    go(desk, found, "decline")
    assert send(desk, "decline", {"reason": "x" * 100_000}) == 422
    assert request_row(found.number).state is S.MATCHED


def test_pages_take_few_statements_however_much_there_is(make: Factory) -> None:
    found = scene(make)
    for no in range(5):
        from_public(make, on=found, email=f"p{no}@company.example.jp")
    matched(found)
    called(found)
    desk = at_desk(found)
    for path, most in ((f"{BASE}/", 5), (f"{BASE}/details/?id={found.number}", 16), ("/admin/?tab=accounts", 5)):
        desk.get(path)
        with statements() as seen:
            assert desk.get(path).status_code == 200
        assert len(seen) <= most, (path, len(seen), seen)


def test_menu_and_tabs_count_what_waits(make: Factory) -> None:
    found = from_public(make)
    desk = at_desk(found)
    desk.get("/admin/")
    assert re.search(r'管理者の申請 <span class="n"><span class="vh">待ち </span>1<', desk.text)
    assert "管理者の申請 1" in desk.text
