"""What a person does with its own ID: password, second factor, recovery codes, sessions."""

from typing import Any

import pytest
from sqlalchemy import select

from occto.domain.actor import Actor
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import RecoveryCode, SessionRow, User
from occto.services import account
from occto.services.account import Proof
from occto.unit_of_work import run, unit_of_work
from tests.clients import Browser
from tests.factories import NOW, Factory
from tests.managing import company, mails, open_sessions, status, tags, user
from tests.observing import refused

HASHES = ["a" * 64, "b" * 64]


def signed_in(make: Factory, who: User) -> tuple[Actor, Browser, Browser]:
    """The stamp of a session of the person, its browser, and another one of the same person."""
    browser, other = make.signed_in(who), make.signed_in(who)
    db.session.rollback()
    ids = db.session.scalars(select(SessionRow.id).where(SessionRow.user_id == who.id).order_by(SessionRow.id)).all()
    return Actor(user_id=who.id, session_id=ids[0], request_id="test"), browser, other


def test_a_new_password_ends_the_other_sessions(make: Factory) -> None:
    person, bystander = company(make).person(), make.user()
    actor, browser, other = signed_in(make, person)
    make.signed_in(bystander)
    ended = run(
        account.change_password,
        verified_hash=person.password_hash or "",
        password_hash="new",
        actor=actor,
        now=NOW,
    )
    assert ended == 1
    assert (status(browser, "/account"), status(other, "/account")) == (200, 303)
    assert open_sessions(bystander.id) == 1
    assert (mails(person.email), user(person.id).password_hash) == (["account/password_changed"], "new")


def test_the_password_is_compared_again_under_the_lock(make: Factory) -> None:
    person = make.user(totp=False)
    actor = signed_in(make, person)[0]
    with refused("password_changed", field="current"):
        run(account.change_password, verified_hash="x", password_hash="new", actor=actor, now=NOW)
    with refused("password_changed", field="current"):
        set_up(person, actor, verified_hash="x")


def set_up(person: User, actor: Actor, **values: Any) -> None:
    given: dict[str, Any] = {"verified_hash": person.password_hash, "secret_enc": "enc", "step": 7}
    run(account.set_up_second_factor, **(given | values), recovery_hashes=HASHES, actor=actor, now=NOW)


def test_a_first_second_factor_leaves_other_sessions_half(make: Factory) -> None:
    person = company(make, totp=False).person(totp=False)
    actor, browser, other = signed_in(make, person)
    with unit_of_work() as session:
        for row in session.scalars(select(SessionRow).where(SessionRow.user_id == person.id)):
            row.second_factor_at = None
    set_up(person, actor)
    assert status(browser, "/account") == 200
    assert other.get("/account", follow=False).headers["Location"] == "/login/second-factor"
    assert mails(person.email) == ["account/second_factor_set"]
    with refused("factor_exists"):
        set_up(person, actor)


def codes_of(person: User) -> list[str]:
    db.session.rollback()
    return sorted(db.session.scalars(select(RecoveryCode.code_hash).where(RecoveryCode.user_id == person.id)))


def replace(actor: Actor, proof: Proof, **values: Any) -> bool:
    given = {"secret_enc": "enc", "step": 99, "recovery_hashes": HASHES} | values
    return run(account.replace_second_factor, proof=proof, **given, actor=actor, now=NOW)


def with_codes(person: User, *codes: str) -> None:
    with unit_of_work() as session:
        session.add_all(RecoveryCode(user_id=person.id, code_hash=code) for code in codes)


@pytest.mark.parametrize("proof", [Proof(5, ""), Proof(None, "old")])
def test_a_second_factor_is_replaced_with_a_code_of_the_present_one(make: Factory, proof: Proof) -> None:
    person = company(make).person()
    with_codes(person, "old", "older")
    actor, browser, other = signed_in(make, person)
    assert replace(actor, proof) is True
    assert (user(person.id).totp_secret_enc, user(person.id).totp_last_step) == ("enc", 99)
    assert codes_of(person) == HASHES
    assert (status(browser, "/account"), status(other, "/account")) == (200, 303)
    assert mails(person.email) == ["account/second_factor_replaced"]


def remove(actor: Actor, proof: Proof) -> bool:
    return run(account.remove_second_factor, proof=proof, actor=actor, now=NOW)


def fresh(actor: Actor, proof: Proof) -> bool:
    return run(account.make_recovery_codes, proof=proof, recovery_hashes=HASHES, actor=actor, now=NOW)


@pytest.mark.parametrize("verb", [replace, remove, fresh])
def test_a_wrong_code_changes_nothing_and_a_used_one_is_refused(make: Factory, verb: Any) -> None:
    person = company(make).person(totp_last_step=5)
    with_codes(person, "old")
    with unit_of_work() as session:
        session.scalars(select(RecoveryCode)).one().used_at = NOW
    actor = signed_in(make, person)[0]
    for wrong in (Proof(None, "unknown"), Proof(None, "old")):
        assert verb(actor, wrong) is False
    assert (codes_of(person), mails(person.email)) == (["old"], [])
    with refused("code_replayed", field="current_code"):
        verb(actor, Proof(5, ""))


@pytest.mark.parametrize("verb", [replace, remove, fresh])
def test_without_a_second_factor_there_is_nothing_to_prove(make: Factory, verb: Any) -> None:
    actor = signed_in(make, make.user(totp=False))[0]
    with refused("no_factor"):
        verb(actor, Proof(5, ""))


def test_another_persons_recovery_code_proves_nothing(make: Factory) -> None:
    person, other = company(make).person(), make.user()
    with_codes(other, "theirs")
    assert fresh(signed_in(make, person)[0], Proof(None, "theirs")) is False


def test_a_second_factor_is_removed_where_no_role_asks_for_it(make: Factory) -> None:
    at = company(make)
    person, everywhere = at.person(), at.person()
    make.affiliate(everywhere, company(make).member, Role.ADMINISTRATOR)
    with_codes(person, "old")
    actor, browser, other = signed_in(make, person)
    assert remove(actor, Proof(5, "")) is True
    assert (user(person.id).totp_secret_enc, codes_of(person)) == (None, [])
    assert (status(browser, "/account"), status(other, "/account")) == (200, 303)
    for compulsory in (at.boss, everywhere, make.staff(Role.OPERATOR)):
        held = signed_in(make, compulsory)[0]
        with refused("factor_compulsory"):
            remove(held, Proof(5, ""))


def test_fresh_codes_void_the_old_ones(make: Factory) -> None:
    person = company(make).person()
    with_codes(person, "old", "older")
    assert fresh(signed_in(make, person)[0], Proof(None, "old")) is True
    assert codes_of(person) == HASHES
    assert mails(person.email) == ["account/recovery_codes_made"]


def test_one_ends_own_sessions_only(make: Factory) -> None:
    person, stranger = make.user(), make.user()
    actor, browser, other = signed_in(make, person)
    theirs, theirs_browser, _ = signed_in(make, stranger)
    with refused("not_found"):
        run(account.end_session, theirs.session_id or 0, actor=actor, now=NOW)
    assert run(account.end_others, actor=actor, now=NOW) == 1
    assert [status(one, "/account") for one in (browser, other, theirs_browser)] == [200, 303, 200]
    assert run(account.end_others, actor=actor, now=NOW) == 0
    assert tags().count("sessions.ended") == 1
    run(account.end_session, actor.session_id or 0, actor=actor, now=NOW)
    assert status(browser, "/account") == 303
