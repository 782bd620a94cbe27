"""管理者の申請 of a signed-in 管理者: whom the pages are for, what they take, and that nothing of others is seen."""

import re
from typing import Any

import pytest
from sqlalchemy import func, select

from occto.domain.account_requests import AccountRequestKind, AccountRequestState
from occto.domain.permissions import MEMBER_ROLES, Role
from occto.extensions import db
from occto.models import AccountRequest, Attachment
from tests.clients import Browser
from tests.factories import Factory
from tests.observing import row_counts
from tests.requesting import by_member, called, from_public, matched, request_row, scene
from tests.test_statement_counts import counted
from tests.views.test_outside import pdf, send

K, S = AccountRequestKind, AccountRequestState


def values(**changes: Any) -> dict[str, Any]:
    return {
        "kind": "ADMINISTRATOR",
        "person_name": "佐藤 美咲",
        "person_kana": "サトウ ミサキ",
        "person_title": "総務部",
        "person_email": "sato@company.example.jp",
        "person_phone": "03-9999-9999",
        "reason": "体制の強化",
    } | changes


def signed_in(make: Factory) -> tuple[Any, Browser]:
    found = scene(make)
    return found, make.signed_in(found.old, member=found.member)


def rows() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(AccountRequest)) or 0


def test_a_change_is_filed_followed_and_taken_back(make: Factory) -> None:
    found, browser = signed_in(make)
    browser.get("/administrators/")
    assert "申請はまだありません" in browser.text
    browser.get("/administrators/new?kind=CHANGE")
    assert send(browser, values(kind="CHANGE", replaces_user_id=str(found.old.id), replaced_role="VIEWER")) == 200
    assert "申請を受け付けました" in browser.text
    assert "A-2026-00001" in browser.text
    assert "鈴木 一郎" in browser.text
    browser.get("/administrators/")
    assert "電話での確認待ち" in browser.text
    row = db.session.scalars(select(AccountRequest)).one()
    assert (row.kind, row.replaces_user_id, row.replaced_role) == (K.CHANGE, found.old.id, Role.VIEWER)
    browser.get(f"/administrators/{row.id}/withdraw")
    browser.submit()
    assert "申請を取り下げました" in browser.text
    assert request_row(row.id).state is S.WITHDRAWN
    browser.get(f"/administrators/{row.id}")
    assert "/withdraw" not in browser.text


def test_a_document_may_come_with_it(make: Factory) -> None:
    _found, browser = signed_in(make)
    browser.get("/administrators/new")
    send(browser, values(), file=pdf("辞令.pdf"))
    assert "辞令.pdf" in browser.text
    assert db.session.scalar(select(func.count()).select_from(Attachment)) == 1


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"kind": ""}, "kind"),
        ({"kind": "SECOND_FACTOR"}, "kind"),
        ({"kind": "CHANGE"}, "replaces_user_id"),
        ({"kind": "CHANGE", "replaces_user_id": "999999"}, "replaces_user_id"),
        ({"replaced_role": "ADMINISTRATOR"}, "replaced_role"),
        ({"person_name": ""}, "person_name"),
        ({"person_email": "x"}, "person_email"),
        ({"person_phone": "1"}, "person_phone"),
        ({"reason": "\x00"}, "reason"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(make: Factory, changes: dict[str, Any], place: str) -> None:
    _found, browser = signed_in(make)
    browser.get("/administrators/new")
    before = row_counts()
    assert send(browser, values(**changes)) == 200
    assert re.search(r"<title>\s*エラー：", browser.text)
    assert f'href="#{place}"' in browser.text
    assert row_counts() == before


def test_refusals_of_the_verb_stand_there_too(make: Factory) -> None:
    found, browser = signed_in(make)
    browser.get("/administrators/new")
    send(browser, values(person_email=found.old.email))
    assert "すでに貴社の管理者です" in browser.text
    assert 'href="#person_email"' in browser.text
    send(browser, values(), file=pdf("x.pdf", b"not a pdf"))
    assert 'href="#file"' in browser.text
    assert rows() == 0


def test_the_same_form_twice_files_once(make: Factory) -> None:
    _found, browser = signed_in(make)
    browser.get("/administrators/new")
    form_id = browser.forms()[0]["fields"]["form_id"][0]
    send(browser, values())
    first = browser.path
    browser.get("/administrators/new")
    send(browser, values(form_id=form_id))
    assert browser.path == first
    assert rows() == 1


def test_requests_of_others_are_not_found(make: Factory) -> None:
    _found, browser = signed_in(make)
    other = by_member(make)
    unmatched = from_public(make)
    browser.get("/administrators/")
    assert "佐藤 美咲" not in browser.text
    for number in (other.number, unmatched.number, 10**6, 2**63):
        assert browser.get(f"/administrators/{number}").status_code == 404
        assert browser.get(f"/administrators/{number}/withdraw").status_code == 404
        browser.get("/administrators/")
        browser.get("/administrators/new")
        assert browser.post(f"/administrators/{number}/withdraw", {"form_id": f"w{number}"}).status_code == 404
    assert request_row(other.number).state is S.MATCHED


def test_what_came_from_outside_is_seen_once_it_is_matched_and_not_taken_back(make: Factory) -> None:
    found = matched(from_public(make))
    browser = make.signed_in(found.old, member=found.member)
    browser.get(f"/administrators/{found.number}")
    assert "サインインせずに提出されたものです" in browser.text
    assert "/withdraw" not in browser.text
    browser.get("/administrators/new")
    assert browser.post(f"/administrators/{found.number}/withdraw", {"form_id": "x"}).status_code == 403
    assert request_row(found.number).state is S.MATCHED


def test_what_was_said_on_the_telephone_stays_with_the_office(make: Factory) -> None:
    found = called(by_member(make), words="田中様、合言葉は青い鳥。")
    browser = make.signed_in(found.old, member=found.member)
    browser.get(f"/administrators/{found.number}")
    assert "登録の連絡先への確認" in browser.text
    assert "青い鳥" not in browser.text


@pytest.mark.parametrize("role", [role for role in MEMBER_ROLES if role is not Role.ADMINISTRATOR])
def test_others_of_the_company_have_no_such_pages(make: Factory, role: Role) -> None:
    found = by_member(make)
    user = make.user()
    make.affiliate(user, found.member, role)
    browser = make.signed_in(user, member=found.member)
    browser.get("/home")
    assert "/administrators/" not in browser.text
    for path in ("", "new", str(found.number), f"{found.number}/withdraw"):
        assert browser.get(f"/administrators/{path}").status_code == 403


def test_pages_take_few_statements_however_many_requests_there_are(make: Factory) -> None:
    found, browser = signed_in(make)
    for no in range(6):
        from dataclasses import replace

        from tests.requesting import NEW

        by_member(make, K.ADMINISTRATOR, on=found, person=replace(NEW, email=f"p{no}@company.example.jp"))
    number = found.number
    for path, most in (("", 3), ("new", 2), (str(number), 4)):
        browser.get(f"/administrators/{path}")
        with counted(make.app) as statements:
            assert browser.get(f"/administrators/{path}").status_code == 200
        assert len(statements) <= most, (path, statements)
