"""アカウント as everybody sees it: profile, password, second factor, codes, address, sessions."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from occto import clock, vault
from occto.domain.codes import LinkPurpose, Procedure, SignInOutcome
from occto.domain.permissions import Role
from occto.domain.throttle import PAIR_LIMIT
from occto.extensions import db
from occto.models import Mandate, RecoveryCode, SessionRow, SignInAttempt, User
from occto.unit_of_work import unit_of_work
from tests.answers import mint_link
from tests.clients import Browser
from tests.factories import PASSWORD, Factory
from tests.managing import code, company, contractor_of, mails, open_sessions, status, user
from tests.observing import everything
from tests.test_statement_counts import counted

FRESH = "seven-quiet-herons-row"


def own(make: Factory, **changes: object) -> tuple[User, Browser]:
    """An 申請担当 and a browser of that person."""
    at = company(make)
    person = at.person(**changes)
    return person, at.browser(person)


def attempts(outcome: SignInOutcome) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).where(SignInAttempt.outcome == outcome)) or 0


def test_everybody_has_an_account_page(make: Factory) -> None:
    at = company(make)
    contractors, actor = contractor_of(at, Procedure.VIEW)
    mandate = db.session.get(Mandate, actor.mandate_id)
    staff = make.staff(Role.OPERATOR)
    nowhere = make.user()
    for browser in (
        at.browser(),
        make.signed_in(contractors, mandate=mandate),
        make.signed_in(staff),
        make.signed_in(nowhere),
    ):
        for path in ("", "/profile", "/password", "/email", "/second-factor", "/recovery-codes", "/sessions"):
            assert browser.get(f"/account{path}").status_code == 200, path
    browser = Browser(make.app)
    assert browser.get("/account", follow=False).status_code == 303


def test_a_contractors_person_sees_all_companies_served(make: Factory) -> None:
    at, other = company(make), company(make)
    person, actor = contractor_of(at, Procedure.VIEW)
    make.affiliate(person, other.member, Role.VIEWER)
    mandate = db.session.get(Mandate, actor.mandate_id)
    browser = make.signed_in(person, mandate=mandate)
    make.signed_in(person, member=other.member)
    names = [at.member.current_name, other.member.current_name]
    for path in ("/account", "/account/sessions"):
        page = browser.get(path).get_data(as_text=True)
        assert all(name in page for name in names), path
        assert "が受託" in page


@pytest.mark.parametrize(("path", "most"), [("/account", 11), ("/account/sessions", 5), ("/account/profile", 2)])
def test_statements_do_not_grow_with_sessions(make: Factory, path: str, most: int) -> None:
    person, browser = own(make)
    for _ in range(5):
        make.signed_in(person)
    browser.get(path)
    with counted(make.app) as statements:
        assert browser.get(path).status_code == 200
    assert len(statements) <= most, statements


def test_own_profile_and_a_stale_page(make: Factory) -> None:
    person, browser = own(make)
    browser.get("/account/profile")
    browser.submit({"name": ""})
    assert 'href="#name"' in browser.text
    browser.submit({"name": "佐藤 新", "kana": "さとう", "phone": "０３-1234-5678"})
    assert (browser.path, "登録内容を変更しました" in browser.text) == ("/account", True)
    assert (user(person.id).name, user(person.id).kana) == ("佐藤 新", "サトウ")
    browser.get("/account/profile")
    with unit_of_work() as session:
        session.execute(update(User).where(User.id == person.id).values(title="電力部", version=User.version + 1))
    browser.submit({"title": "総務部"})
    assert "電力部" in browser.text
    assert "もう一度操作してください" in browser.text
    browser.submit()
    assert user(person.id).title == "総務部"


def change_password(browser: Browser, current: str = PASSWORD, new: str = FRESH, again: str | None = None) -> None:
    browser.get("/account/password")
    browser.submit({"current": current, "password": new, "again": again or new})


def test_a_new_password_signs_in_and_ends_other_sessions(make: Factory) -> None:
    person, browser = own(make, totp=False)
    other = make.signed_in(person)
    change_password(browser)
    assert "ほかの1件のサインインを終えました" in browser.text
    assert (status(browser, "/account"), status(other, "/account")) == (200, 303)
    assert mails(person.email) == ["account/password_changed"]
    fresh = Browser(make.app)
    fresh.get("/login")
    fresh.submit({"email": person.email, "password": FRESH})
    assert fresh.path == "/home"


@pytest.mark.parametrize("page", ["password", "email"])
def test_pressed_twice_it_is_done_once(make: Factory, page: str) -> None:
    person, browser = own(make)
    browser.get(f"/account/{page}")
    (form,) = browser.forms()
    body = {name: values[0] for name, values in form["fields"].items()}
    body |= {"current": PASSWORD, "password": FRESH, "again": FRESH, "email": "moved@company.example.jp"}
    answers = [browser.client.post(f"/account/{page}", data=body) for _ in range(2)]
    assert [answer.headers.get("Location") for answer in answers] == ["/account"] * 2
    assert attempts(SignInOutcome.BAD_PASSWORD) == 0
    assert len(mails(person.email)) == 1


@pytest.mark.parametrize(
    ("new", "again", "words"),
    [
        ("short", None, "15文字以上"),
        (FRESH, "different-entirely", "2回の入力が合いません"),
        ("password-password", None, "使えません"),
        ("occto-occto-occto-1", None, "使えません"),
        (PASSWORD, None, "いまのパスワードと同じ"),
    ],
)
def test_rules_of_passwords_hold_here_too(make: Factory, new: str, again: str | None, words: str) -> None:
    person, browser = own(make)
    stored = user(person.id).password_hash
    change_password(browser, new=new, again=again)
    assert words in browser.text
    assert re.search(r"<title>\s*エラー：", browser.text)
    assert new not in browser.text.replace("15文字以上", "") or new == "short"
    assert user(person.id).password_hash == stored


def test_a_wrong_password_is_counted_and_in_the_end_not_asked(make: Factory) -> None:
    person, browser = own(make)
    for _ in range(PAIR_LIMIT):
        change_password(browser, current="not-my-password-at-all")
        assert "いまのパスワードが合いません" in browser.text
    assert attempts(SignInOutcome.BAD_PASSWORD) == PAIR_LIMIT
    change_password(browser)
    assert browser.response is not None
    assert browser.response.status_code == 429
    browser.get("/account/email")
    browser.submit({"email": "other@company.example.jp", "current": PASSWORD})
    assert browser.response.status_code == 429
    assert user(person.id).pending_email is None
    sign_in = Browser(make.app)
    sign_in.get("/login")
    assert sign_in.submit({"email": person.email, "password": PASSWORD}).status_code == 429


@pytest.mark.parametrize("path", ["/account/recovery-codes", "/account/second-factor", "/account/second-factor/remove"])
def test_a_wrong_code_is_counted_and_in_the_end_not_asked(make: Factory, path: str) -> None:
    person, browser = own(make)
    for _ in range(PAIR_LIMIT):
        browser.get(path)
        browser.submit({"current_code": "AAAAA-AAAAA"} | new_code(browser))
        assert "確認コードが合いません" in browser.text
    assert attempts(SignInOutcome.BAD_CODE) == PAIR_LIMIT
    browser.get(path)
    before = user(person.id).totp_secret_enc
    assert browser.submit({"current_code": code()} | new_code(browser)).status_code == 429
    assert user(person.id).totp_secret_enc == before


def new_code(browser: Browser) -> dict[str, str]:
    """The code of the authenticator that the page shows, where it shows one."""
    found = re.findall(r'class="key-text"[^>]*>([^<]+)<', browser.text)
    return {"code": vault.totp_now(found[0].replace(" ", "").strip(), now=clock.now())} if found else {}


def test_a_first_second_factor_needs_the_password(make: Factory) -> None:
    person, browser = own(make, totp=False)
    browser.get("/account/second-factor")
    browser.submit({"current": "wrong-password-here"} | new_code(browser))
    assert "いまのパスワードが合いません" in browser.text
    browser.submit({"current": PASSWORD, "code": "000000"})
    assert "端末の時刻" in browser.text
    browser.submit({"current": PASSWORD} | new_code(browser))
    assert len(re.findall(r"<li>[0-9A-Z]{5}-[0-9A-Z]{5}</li>", browser.text)) == 10
    assert status(browser, "/account") == 200
    assert "残り 10個" in browser.text
    assert mails(person.email) == ["account/second_factor_set"]


def test_the_second_factor_is_replaced_and_the_old_code_is_dead(make: Factory) -> None:
    person, browser = own(make)
    old = user(person.id).totp_secret_enc
    browser.get("/account/second-factor")
    browser.submit({"current_code": code()} | new_code(browser))
    assert "リカバリーコードの控え" in browser.text
    assert user(person.id).totp_secret_enc != old
    browser.get("/account/recovery-codes")
    browser.submit({"current_code": code()})
    assert "合いません" in browser.text or "一度使われています" in browser.text


def test_a_recovery_code_makes_fresh_ones_once(make: Factory) -> None:
    person, browser = own(make)
    with unit_of_work() as session:
        session.add(RecoveryCode(user_id=person.id, code_hash=_hash(make)("7QK2M-XW4TA")))
    browser.get("/account/recovery-codes")
    browser.submit({"current_code": "７qk2m xw4ta"})
    assert "リカバリーコードの控え" in browser.text
    browser.get("/account/recovery-codes")
    browser.submit({"current_code": "7QK2M-XW4TA"})
    assert "合いません" in browser.text


def _hash(make: Factory) -> Callable[[str], str]:
    def hashed(text: str) -> str:
        with make.app.app_context():
            return vault.recovery_hash(text)

    return hashed


def test_a_second_factor_that_a_role_asks_for_stays(make: Factory) -> None:
    at = company(make)
    browser = at.browser()
    assert "解除する" not in browser.get("/account").get_data(as_text=True)
    assert browser.get("/account/second-factor/remove", follow=False).status_code == 303
    browser.get("/account/recovery-codes")
    before = everything()
    browser.post("/account/second-factor/remove", {"current_code": code()})
    assert "解除できません" in browser.text
    assert everything() == before


def test_a_second_factor_of_ones_own_choice_is_removed(make: Factory) -> None:
    person, browser = own(make)
    browser.get("/account/second-factor/remove")
    browser.submit({"current_code": code()})
    assert (browser.path, "解除しました" in browser.text) == ("/account", True)
    assert user(person.id).totp_secret_enc is None


def test_the_address_moves_by_the_button_and_not_by_the_link(make: Factory) -> None:
    person, browser = own(make)
    new = "moved@company.example.jp"
    browser.get("/account/email")
    browser.submit({"email": new, "current": PASSWORD})
    assert "確認中です" in browser.text
    token = mint_link(new, purpose=LinkPurpose.CONFIRM_EMAIL, now=clock.now(), user_id=person.id)
    stranger = Browser(make.app)
    before = everything()
    for _ in range(2):
        assert stranger.get(f"/account/email/{token}").status_code == 200
    assert everything() == before
    stranger.submit()
    assert stranger.path == "/login"
    assert user(person.id).email == new
    assert status(browser, "/account") == 303
    assert stranger.get(f"/account/email/{token}").status_code == 410


@pytest.mark.parametrize("token", ["x", "x" * 5000, "%00", "%ED%A0%80"])
def test_a_junk_link_is_explained(browser: Browser, token: str) -> None:
    assert browser.get(f"/account/email/{token}").status_code in {400, 404, 410}
    assert re.search("[ぁ-ん]", browser.text)


def test_a_known_and_an_unknown_address_are_answered_the_same(make: Factory) -> None:
    person, browser = own(make)
    taken = make.user().email
    pages = []
    for email in (taken, "free@company.example.jp"):
        browser.get("/account/email")
        browser.submit({"email": email, "current": PASSWORD})
        pages.append(re.sub(r'nonce="[^"]*"|value="[^"]*"', "", browser.text.replace(email, "ADDRESS")))
    strip = [re.sub(r"data-(?:now|idle-ends)=\"[^\"]*\"", "", page) for page in pages]
    assert strip[0] == strip[1]
    assert user(person.id).pending_email == "free@company.example.jp"


def test_mails_to_one_address_are_limited(make: Factory) -> None:
    _person, browser = own(make)
    answers = []
    for _ in range(6):
        browser.get("/account/email")
        answers.append(browser.submit({"email": "victim@company.example.jp", "current": PASSWORD}).status_code)
    assert answers == [200] * 5 + [429]
    assert mails("victim@company.example.jp") == ["account/email_confirm"] * 5


def test_sessions_are_listed_and_ended(make: Factory) -> None:
    person, browser = own(make)
    first, second, idle = make.signed_in(person), make.signed_in(person), make.signed_in(person)
    db.session.rollback()
    ids = db.session.scalars(select(SessionRow.id).where(SessionRow.user_id == person.id).order_by(SessionRow.id)).all()
    with unit_of_work() as session:
        agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Safari/604.1"
        session.execute(update(SessionRow).where(SessionRow.id == ids[1]).values(agent=agent, address="203.0.113.9"))
        session.execute(
            update(SessionRow).where(SessionRow.id == ids[3]).values(seen_at=clock.now() - timedelta(hours=3))
        )
    browser.get("/account/sessions")
    assert "Safari（iPhone）" in browser.text
    assert "203.0.113.9" in browser.text
    assert browser.text.count(">終える<") == 2, "what has idled out is not open"
    browser.submit(action=f"/sessions/{ids[1]}/end")
    assert (status(first, "/account"), status(second, "/account")) == (303, 200)
    browser.get("/account/sessions")
    browser.post(f"/account/sessions/{ids[1]}/end", {}, follow=True)
    assert "すでに終わっています" in browser.text
    browser.submit(action="/end-others")
    assert [status(one, "/account") for one in (browser, second, idle)] == [200, 303, 303]


def test_the_session_of_another_is_not_found(make: Factory) -> None:
    _person, browser = own(make)
    stranger = make.user()
    make.signed_in(stranger)
    db.session.rollback()
    theirs = db.session.scalars(select(SessionRow.id).where(SessionRow.user_id == stranger.id)).one()
    for number in (theirs, 10**12, 0):
        browser.get("/account/profile")
        assert browser.post(f"/account/sessions/{number}/end", {}).status_code == 404
    assert open_sessions(stranger.id) == 1


def test_the_office_looking_at_a_member_changes_nothing_here(make: Factory) -> None:
    at, staff = company(make), make.staff(Role.OPERATOR)
    browser = make.signed_in(staff, member=at.member)
    with unit_of_work() as session:
        session.execute(update(SessionRow).where(SessionRow.user_id == staff.id).values(view_reason="照会のため"))
    assert status(browser, "/users/") == 200
    assert "招待する" not in browser.text.split("<main")[1]
    assert status(browser, f"/users/{at.boss.id}") == 200
    assert "操作の記録" not in browser.text
    for path in ("profile", "password", "email", "email/withdraw", "second-factor", "recovery-codes"):
        browser.get("/account")
        assert browser.post(f"/account/{path}", {"form_id": path}).status_code == 403, path
