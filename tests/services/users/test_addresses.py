"""The ログインID moves by the button behind the new address alone; and what a company may change of a person's record."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from occto import clock
from occto.access import token_hash
from occto.domain.codes import LinkPurpose, MailState, UserState
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import Link, OutboxMail, User
from occto.services.users import addresses, record, standing
from occto.unit_of_work import run, unit_of_work
from tests.answers import mint_link
from tests.factories import NOW, Factory
from tests.managing import (
    Company,
    company,
    contractor_of,
    here,
    invite,
    mails,
    office,
    open_sessions,
    status,
    tags,
    user,
)
from tests.observing import refused
from tests.racing import at_once

NEW = "new.address@company.example.jp"


def ask(at: Company, who: User, email: str = NEW, **values: Any) -> bool:
    given = {"seen_version": None, "actor": at.actor, "now": NOW} | values
    return run(addresses.request_change, at.member.id, who.id, email=email, **given)


def ask_oneself(make: Factory, who: User, email: str = NEW, **values: Any) -> None:
    given = {"verified_hash": user(who.id).password_hash, "actor": make.actor(who), "now": NOW} | values
    run(addresses.request_own_change, email=email, **given)


def confirm(make: Factory, who: User, email: str = NEW, **values: Any) -> int:
    token = mint_link(email, purpose=LinkPurpose.CONFIRM_EMAIL, now=NOW, user_id=who.id)
    given = {"actor": make.actor(make.user()), "now": NOW} | values
    return run(addresses.confirm_change, token_hash(token), **given)


def test_the_company_asks_and_the_person_confirms(make: Factory) -> None:
    at = company(make)
    person = at.person()
    old = person.email
    assert ask(at, person) is True
    assert (user(person.id).email, user(person.id).pending_email) == (old, NEW)
    assert (mails(NEW), mails(old)) == (["account/email_confirm"], ["account/email_change_requested"])
    confirm(make, person)
    moved = user(person.id)
    assert (moved.email, moved.email_key, moved.pending_email) == (NEW, NEW, None)
    assert mails(old)[-1] == "account/email_changed"
    assert tags()[-1] == "email.changed"


def test_a_confirmed_change_ends_all_sessions_but_the_one_that_pressed_the_button(make: Factory) -> None:
    at, other = company(make), company(make)
    person = at.person()
    make.affiliate(person, other.member, Role.VIEWER)
    ask_oneself(make, person)
    pressing, rest = at.browser(person), make.signed_in(person, member=other.member)
    colleague = at.browser()
    token = mint_link(NEW, purpose=LinkPurpose.CONFIRM_EMAIL, now=clock.now(), user_id=person.id)
    pressing.get(f"/account/email/{token}")
    assert open_sessions(person.id) == 2, "opening the link changes nothing"
    pressing.submit()
    assert pressing.path == "/account"
    assert [status(one) for one in (pressing, rest, colleague)] == [200, 303, 200]


def test_pressed_by_nobody_signed_in_all_sessions_end(make: Factory) -> None:
    at = company(make)
    person = at.person()
    ask_oneself(make, person)
    browser = at.browser(person)
    confirm(make, person)
    assert status(browser) == 303


def test_a_link_works_once_and_only_for_the_address_last_asked_for(make: Factory) -> None:
    at = company(make)
    person = at.person()
    ask(at, person, "first@company.example.jp")
    first = mint_link("first@company.example.jp", purpose=LinkPurpose.CONFIRM_EMAIL, now=NOW, user_id=person.id)
    ask(at, person)
    with refused("link_revoked"):
        run(addresses.confirm_change, token_hash(first), actor=at.actor, now=NOW)
    token = mint_link(NEW, purpose=LinkPurpose.CONFIRM_EMAIL, now=NOW, user_id=person.id)
    run(addresses.confirm_change, token_hash(token), actor=at.actor, now=NOW)
    with refused("link_used"):
        run(addresses.confirm_change, token_hash(token), actor=at.actor, now=NOW)


def test_a_link_for_another_purpose_or_past_its_time_is_refused(make: Factory) -> None:
    at = company(make)
    person = at.person()
    ask(at, person)
    token = mint_link(NEW, purpose=LinkPurpose.CONFIRM_EMAIL, now=NOW, user_id=person.id)
    password = mint_link(NEW, purpose=LinkPurpose.SET_PASSWORD, now=NOW, user_id=person.id)
    with refused("link_expired"):
        run(addresses.confirm_change, token_hash(token), actor=at.actor, now=NOW + timedelta(days=30))
    with refused("link_unknown"):
        run(addresses.confirm_change, token_hash(password), actor=at.actor, now=NOW)


def test_a_mail_not_yet_sent_is_not_sent_once_its_change_is_withdrawn(make: Factory) -> None:
    at = company(make)
    person = at.person()
    ask(at, person)
    run(addresses.withdraw_change, at.member.id, person.id, actor=at.actor, now=NOW)
    db.session.rollback()
    states = dict(db.session.execute(select(OutboxMail.template, OutboxMail.state)).all())
    assert states["account/email_confirm"] is MailState.SUPPRESSED
    assert states["account/email_change_requested"] is MailState.PENDING


def test_a_change_withdrawn_cannot_be_confirmed(make: Factory) -> None:
    at = company(make)
    person = at.person()
    ask(at, person)
    token = mint_link(NEW, purpose=LinkPurpose.CONFIRM_EMAIL, now=NOW, user_id=person.id)
    run(addresses.withdraw_change, at.member.id, person.id, actor=at.actor, now=NOW)
    with refused("link_revoked"):
        run(addresses.confirm_change, token_hash(token), actor=at.actor, now=NOW)
    with refused("nothing_pending"):
        run(addresses.withdraw_change, at.member.id, person.id, actor=at.actor, now=NOW)
    late = mint_link(NEW, purpose=LinkPurpose.CONFIRM_EMAIL, now=NOW, user_id=person.id)
    with refused("link_revoked"):
        run(addresses.confirm_change, token_hash(late), actor=at.actor, now=NOW)


def test_an_address_that_is_an_id_is_told_to_its_owner_and_to_nobody_else(make: Factory) -> None:
    at, other = company(make), company(make)
    person, owner = at.person(), other.person()
    ask_oneself(make, person, owner.email)
    assert mails(owner.email) == ["account/email_taken"]
    assert user(person.id).pending_email == owner.email, "the page says the same as ever"
    token = mint_link(owner.email, purpose=LinkPurpose.CONFIRM_EMAIL, now=NOW, user_id=person.id)
    with refused("address_refused"):
        run(addresses.confirm_change, token_hash(token), actor=at.actor, now=NOW)


def test_the_same_address_is_no_change(make: Factory) -> None:
    at = company(make)
    person = at.person()
    with refused("same_address", field="email"):
        ask(at, person, person.email.upper())
    own = make.actor(person)
    with refused("same_address", field="email"):
        run(
            addresses.request_own_change,
            email=person.email,
            verified_hash=person.password_hash or "",
            actor=own,
            now=NOW,
        )


def test_the_password_is_compared_again_under_the_lock(make: Factory) -> None:
    person = company(make).person()
    own = make.actor(person)
    with refused("password_changed", field="current"):
        run(addresses.request_own_change, email=NEW, verified_hash="another", actor=own, now=NOW)


def test_a_stopped_person_confirms_nothing(make: Factory) -> None:
    at = company(make)
    person = at.person()
    ask(at, person)
    with unit_of_work() as session:
        held = session.get(User, person.id)
        assert held is not None
        held.state = UserState.STOPPED
    token = mint_link(NEW, purpose=LinkPurpose.CONFIRM_EMAIL, now=NOW, user_id=person.id)
    with refused("user_stopped"):
        run(addresses.confirm_change, token_hash(token), actor=at.actor, now=NOW)


def test_an_invitation_moves_at_once_and_the_old_link_is_dead(make: Factory) -> None:
    at = company(make)
    new = user(invite(at, "misytped@company.example.jp").user_id)
    old = mint_link(new.email, purpose=LinkPurpose.SET_PASSWORD, now=NOW, user_id=new.id)
    assert ask(at, new) is False
    assert user(new.id).email == NEW
    assert mails("misytped@company.example.jp")[-1] == "users/invitation_moved"
    assert mails(NEW) == ["users/invited"]
    with unit_of_work() as session:
        found = session.scalars(select(Link).where(Link.token_hash == token_hash(old))).one()
        assert found.revoked_at == NOW


def test_an_invitation_does_not_move_to_an_address_in_use(make: Factory) -> None:
    at = company(make)
    new, owner = user(invite(at).user_id), company(make).person()
    with refused("address_refused", field="email"):
        ask(at, new, owner.email)


def test_whom_a_company_may_not_change(make: Factory) -> None:
    at, other = company(make), company(make)
    shared, second = at.person(), at.person(Role.ADMINISTRATOR)
    make.affiliate(shared, other.member, Role.VIEWER)
    contracted = at.person()
    make.contractor(contracted)
    for who in (shared, contracted):
        with refused("elsewhere"):
            ask(at, who)
        with refused("elsewhere"):
            change(at, who)
    with refused("administrator_record"):
        ask(at, second)
    with refused("administrator_record"):
        change(at, second)
    with refused("own_address"):
        ask(at, at.boss)
    assert change(at, at.boss) == ["name"]
    assert change(at, second, actor=office(make)) == ["name"]


def change(at: Company, who: User, **values: Any) -> list[str]:
    given = {"values": {"name": "新しい氏名"}, "seen_version": None, "actor": at.actor, "now": NOW} | values
    return run(record.change_record, at.member.id, who.id, **given)


def test_a_record_is_changed_on_what_was_seen(make: Factory) -> None:
    at = company(make)
    person = at.person()
    seen = at.seen(person)
    assert change(at, person, values={"name": "髙橋 新", "title": "", "phone": "03-1"}, seen_version=seen) == [
        "name",
        "phone",
    ]
    with refused("stale"):
        change(at, person, seen_version=seen)
    assert change(at, person, values={"name": "髙橋 新"}) == []
    with refused("required_missing", field="name"):
        change(at, person, values={"name": ""})
    with refused("not_allowed"):
        change(at, person, values={"email": "x@company.example.jp"})
    assert tags().count("user.updated") == 1


def test_a_contractor_changes_a_record_and_the_member_is_told(make: Factory) -> None:
    at = company(make)
    person, actor = at.person(), contractor_of(at)[1]
    change(at, person, actor=actor)
    ask(at, person, actor=actor)
    assert mails(at.boss.email) == ["users/by_contractor"] * 2
    with refused("administrator_by_contractor"):
        change(at, at.boss, actor=actor)


def test_own_record(make: Factory) -> None:
    person = company(make).person()
    own = make.actor(person)
    run(record.change_own_record, values={"kana": "タカハシ"}, seen_version=1, actor=own, now=NOW)
    with refused("stale"):
        run(record.change_own_record, values={"kana": "サトウ"}, seen_version=1, actor=own, now=NOW)
    assert user(person.id).kana == "タカハシ"


@pytest.mark.races
def test_two_persons_confirm_one_address_at_once(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    at = company(make)
    people = [at.person(), at.person()]
    for person in people:
        ask_oneself(make, person)
    hashes = [
        token_hash(mint_link(NEW, purpose=LinkPurpose.CONFIRM_EMAIL, now=NOW, user_id=person.id)) for person in people
    ]
    actor = at.actor

    def press(hashed: str) -> str:
        return str(run(addresses.confirm_change, hashed, actor=actor, now=NOW))

    found = at_once(fresh_app, [lambda hashed=hashed: press(hashed) for hashed in hashes])
    assert len({"address_refused", "link_revoked"} & set(found)) == 1
    db.session.rollback()
    assert len(db.session.scalars(select(User.id).where(User.email_key == NEW)).all()) == 1


def test_what_is_shown_of_a_person_who_serves_others_too(make: Factory) -> None:
    at, other = company(make), company(make)
    person = at.person(title="総務部", phone="03-0000-0000", last_signed_in_at=NOW)
    assert here(at, person).last_signed_in_at == NOW
    make.affiliate(person, other.member, Role.VIEWER)
    shown = here(at, person)
    assert (shown.title, shown.phone, shown.last_signed_in_at) == ("", "", None)
    run(standing.remove, other.member.id, person.id, seen_version=None, actor=other.actor, now=NOW)
    assert here(at, person).title == "総務部"
