"""Requests about IDs by people who cannot sign in: the public pages say the same whatever is typed."""

import re
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import func, select, update

from occto import clock
from occto.domain.account_requests import AccountRequestKind, AccountRequestState
from occto.domain.throttle import LINK_PAIR_LIMIT
from occto.extensions import db
from occto.models import AccountRequest, Attachment, FormSubmission, OutboxMail, SessionRow, SignInAttempt
from occto.unit_of_work import unit_of_work
from tests.clients import Browser
from tests.factories import Factory
from tests.observing import row_counts
from tests.requesting import PDF, from_public, lost, matched, object_link, public_link, request_row, scene
from tests.test_statement_counts import counted

K, S = AccountRequestKind, AccountRequestState
ENTRIES = ("/administrators/apply", "/second-factor/lost")
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 20


def pdf(name: str = "届出書.pdf", content: bytes = PDF) -> tuple[BytesIO, str]:
    return BytesIO(content), name


def values(**changes: Any) -> dict[str, Any]:
    return {
        "typed_code": "00001",
        "typed_company": "試験電力1株式会社",
        "typed_old_name": "鈴木 一郎",
        "person_name": "佐藤 美咲",
        "person_kana": "さとう みさき",
        "person_title": "総務部",
        "person_phone": "03-9999-9999",
        "reason": "管理者の退職",
    } | changes


def at_form(make: Factory, kind: K = K.CHANGE, email: str = "sato@company.example.jp") -> tuple[Browser, str]:
    browser = Browser(make.app)
    address = f"/administrators/apply/{public_link(kind, email, now=clock.now())}"
    assert browser.get(address).status_code == 200
    return browser, address


def send(browser: Browser, form_values: dict[str, Any], **files: Any) -> int:
    """Send the form on the page with these files."""
    form = browser.forms()[0]
    data = {name: list(held) for name, held in form["fields"].items()} | form_values | files
    browser.response = browser.client.post(
        form["action"] or browser.path, data=data, content_type="multipart/form-data", follow_redirects=True
    )
    return browser.response.status_code


def plain(page: str) -> str:
    """The page without what differs from one opening to the next."""
    return re.sub(r'(name="(?:csrf_token|form_id)" value="|nonce=")[^"]*|(incident|value=")[^"]*', "", page)


def rows() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(AccountRequest)) or 0


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_way_in_says_the_same_to_everybody(make: Factory, entry: str) -> None:
    found = scene(make)
    answers, sent = [], []
    for email in ("nobody@x.example.jp", found.old.email, found.operator.email):
        browser = Browser(make.app)
        browser.get(entry)
        with counted(make.app) as statements:
            browser.submit({"email": email})
        answers.append((browser.response.status_code if browser.response else 0, browser.path, plain(browser.text)))
        sent.append([" ".join(one.split()) for one in statements])
    assert answers[0] == answers[1] == answers[2]
    assert answers[0][:2] == (200, "/administrators/apply/sent")
    assert sent[0] == sent[1] == sent[2]
    db.session.rollback()
    assert db.session.scalars(select(OutboxMail.template)).all() == ["account/request_link"] * 3


@pytest.mark.parametrize("entry", ENTRIES)
def test_many_links_are_not_mailed_and_the_page_says_the_same(make: Factory, entry: str) -> None:
    pages = []
    for _ in range(LINK_PAIR_LIMIT + 2):
        browser = Browser(make.app)
        browser.get(entry)
        browser.submit({"email": "a@x.example.jp"})
        pages.append(plain(browser.text))
    assert len(set(pages)) == 1
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(OutboxMail)) == LINK_PAIR_LIMIT
    assert db.session.scalar(select(func.count()).select_from(SignInAttempt)) == LINK_PAIR_LIMIT + 2


def test_the_form_answers_the_same_whatever_company_or_person_is_typed(make: Factory) -> None:
    found = scene(make)
    code, name = found.member.operator_code, found.member.current_name
    told, sent = [], []
    cases = [
        ("99999", "知らない会社", "a@x.example.jp"),
        (code, name, "b@x.example.jp"),
        (code, name, found.old.email),
        ("99998", "x", found.operator.email),
    ]
    for typed_code, company, email in cases:
        browser, _address = at_form(make, email=email)
        with counted(make.app) as statements:
            status = send(browser, values(typed_code=typed_code, typed_company=company), file=pdf())
        told.append((status, browser.path, plain(browser.text)))
        sent.append([" ".join(one.split()) for one in statements])
    assert all(one == told[0] for one in told)
    assert told[0][:2] == (200, "/administrators/apply/received")
    assert all(one == sent[0] for one in sent)
    assert rows() == len(cases)


def test_a_form_is_kept_with_what_was_typed(make: Factory) -> None:
    browser, address = at_form(make)
    assert send(browser, values(person_email="evil@x.example.jp", member_id="1", state="APPROVED"), file=pdf()) == 200
    row = db.session.scalars(select(AccountRequest)).one()
    assert (row.person_email, row.person_kana, row.state, row.member_id) == (
        "sato@company.example.jp",
        "サトウ　ミサキ",
        S.SUBMITTED,
        None,
    )
    kept = db.session.scalars(select(Attachment)).one()
    assert (kept.name, kept.media_type, kept.account_request_id) == ("届出書.pdf", "application/pdf", row.id)
    assert browser.get(address).status_code == 410
    assert "すでに使われています" in browser.text


def test_the_same_form_sent_twice_files_once_and_leads_to_the_same_page(make: Factory) -> None:
    browser, address = at_form(make)
    again = Browser(make.app)
    again.get(address)
    form_id = browser.forms()[0]["fields"]["form_id"][0]
    send(browser, values(), file=pdf())
    send(again, values(form_id=form_id), file=pdf())
    assert again.path == "/administrators/apply/received"
    assert rows() == 1


@pytest.mark.parametrize(
    ("changes", "files", "place"),
    [
        ({}, {}, "file"),
        ({}, {"file": ("x.pdf", b"MZ\x90\x00 not a pdf")}, "file"),
        ({}, {"file": ("x.pdf", b"")}, "file"),
        ({}, {"file": ("x.pdf", PDF), "file2": ("x.exe.pdf", b"<html>")}, "file2"),
        ({"typed_code": "12"}, {"file": ("x.pdf", PDF)}, "typed_code"),
        ({"person_name": ""}, {"file": ("x.pdf", PDF)}, "person_name"),
        ({"person_phone": "abc"}, {"file": ("x.pdf", PDF)}, "person_phone"),
        ({"reason": "理" * 2001}, {"file": ("x.pdf", PDF)}, "reason"),
        ({"person_name": "\x00"}, {"file": ("x.pdf", PDF)}, "person_name"),
        ({"typed_company": "x" * 100_000}, {"file": ("x.pdf", PDF)}, "typed_company"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(
    make: Factory, changes: dict[str, Any], files: dict[str, tuple[str, bytes]], place: str
) -> None:
    browser, _address = at_form(make)
    before = row_counts()
    sent = {field: pdf(name, content) for field, (name, content) in files.items()}
    assert send(browser, values(**changes), **sent) == 200
    assert re.search(r"<title>\s*エラー：", browser.text)
    assert f'href="#{place}"' in browser.text
    assert row_counts() == before
    if "reason" not in changes:
        assert "管理者の退職" in browser.text  # nothing typed is lost


def test_both_documents_are_kept(make: Factory) -> None:
    browser, _address = at_form(make)
    send(browser, values(), file=pdf(), file2=pdf("社員証.jpg", PNG))
    assert db.session.scalars(select(Attachment.name).order_by(Attachment.id)).all() == ["届出書.pdf", "社員証.png"]


def test_a_lost_factor_is_filed_from_outside(make: Factory) -> None:
    browser, _address = at_form(make, K.SECOND_FACTOR)
    send(browser, {"person_name": "鈴木 一郎", "typed_company": "試験電力", "reason": "端末の故障"})
    assert browser.path == "/administrators/apply/received"
    row = db.session.scalars(select(AccountRequest)).one()
    assert (row.kind, row.state, row.user_id, row.typed_code) == (K.SECOND_FACTOR, S.SUBMITTED, None, "")


@pytest.mark.parametrize("token", ["x", "x" * 5000, "%00", "%ED%A0%80", "sent%2f.."])
@pytest.mark.parametrize("path", ["/administrators/apply", "/administrators/object"])
def test_junk_links_are_explained(browser: Browser, path: str, token: str) -> None:
    assert browser.get(f"{path}/{token}").status_code in {400, 404, 410}
    assert re.search("[ぁ-ん]", browser.text)


def test_opening_a_link_uses_nothing_up(make: Factory) -> None:
    found = matched(from_public(make))
    for address in (
        f"/administrators/apply/{public_link(K.CHANGE, now=clock.now())}",
        f"/administrators/object/{object_link(found, found.old.email, now=clock.now())}",
    ):
        browser = Browser(make.app)
        browser.get(address)
        before = row_counts()
        assert browser.get(address).status_code == 200
        assert row_counts() == before


def test_somebody_on_record_objects_by_the_link(make: Factory) -> None:
    found = matched(from_public(make))
    token = object_link(found, found.old.email, now=clock.now())
    browser = Browser(make.app)
    browser.get(f"/administrators/object/{token}")
    assert "佐藤 美咲" in browser.text
    browser.submit({"words": ""})
    assert 'href="#words"' in browser.text
    browser.submit({"words": "そのような申請はしていません。"})
    assert browser.path == "/administrators/objected"
    assert request_row(found.number).objection == "そのような申請はしていません。"
    assert browser.get(f"/administrators/object/{token}").status_code == 410


def half_browser(make: Factory, user: Any) -> Browser:
    browser = make.signed_in(user)
    with unit_of_work() as session:
        session.execute(update(SessionRow).where(SessionRow.user_id == user.id).values(second_factor_at=None))
    return browser


def test_the_page_of_the_second_factor_leads_to_the_recovery(make: Factory) -> None:
    found = scene(make)
    browser = half_browser(make, found.old)
    browser.get("/login/second-factor")
    assert 'href="/login/second-factor/lost"' in browser.text
    browser.get("/login/second-factor/lost")
    browser.submit({"reason": ""})
    assert 'href="#reason"' in browser.text
    browser.submit({"reason": "端末の故障"})
    assert browser.path == "/login/second-factor/lost"
    assert "A-2026-00001" in browser.text
    assert "form_id" not in browser.text
    assert rows() == 1


def test_a_second_loss_is_told_of_the_first(make: Factory) -> None:
    found = scene(make)
    browser, other = half_browser(make, found.old), half_browser(make, found.old)
    for one in (browser, other):
        one.get("/login/second-factor/lost")
    browser.submit({"reason": "端末の故障"})
    other.submit({"reason": "端末の故障"})
    assert "復旧の申請を受け付けています" in other.text
    assert rows() == 1


def test_whole_and_no_sessions_have_nothing_to_recover(make: Factory, browser: Browser) -> None:
    found = lost(make)
    whole = make.signed_in(found.old, member=found.member)
    assert whole.get("/login/second-factor/lost", follow=False).status_code == 303
    whole.get("/administrators/new")
    assert whole.post("/login/second-factor/lost", {"reason": "x", "form_id": "f"}).status_code == 303
    assert browser.get("/login/second-factor/lost", follow=False).status_code == 303
    assert rows() == 1


def test_sign_in_and_help_name_both_ways(browser: Browser) -> None:
    for page in ("/login", "/help/"):
        browser.get(page)
        for entry in ENTRIES:
            assert f'href="{entry}"' in browser.text, page


def test_pages_for_strangers_ask_the_database_nothing(make: Factory, browser: Browser) -> None:
    with counted(make.app) as statements:
        for path in (
            *ENTRIES,
            "/administrators/apply/sent",
            "/administrators/apply/received",
            "/administrators/objected",
        ):
            assert browser.get(path).status_code == 200
    assert statements == []


def test_the_form_and_the_post_take_few_statements(make: Factory) -> None:
    browser, address = at_form(make)
    with counted(make.app) as statements:
        browser.get(address)
    assert len(statements) <= 2, statements
    with counted(make.app) as statements:
        send(browser, values(), file=pdf())
    assert len(statements) <= 22, statements
    assert db.session.scalar(select(func.count()).select_from(FormSubmission)) == 1
