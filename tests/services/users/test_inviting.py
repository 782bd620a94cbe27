"""Inviting: roles that a company may give, one address is one person, and what is refused."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from occto.domain.codes import LinkPurpose, MailState, Procedure, UserState
from occto.domain.permissions import GRANTED_BY_MEMBER, Role
from occto.domain.users import RESEND_AFTER, Standing
from occto.extensions import db
from occto.models import Link, OutboxMail, User
from occto.services import links, outbox
from occto.services.users import inviting
from occto.unit_of_work import run, unit_of_work
from tests.factories import NOW, Factory
from tests.managing import (
    affiliations,
    company,
    contractor_of,
    here,
    invite,
    mails,
    office,
    standing_of,
    tags,
    user,
)
from tests.observing import refused
from tests.racing import at_once

NEW = "new@company.example.jp"


@pytest.mark.parametrize("role", GRANTED_BY_MEMBER)
def test_a_new_person_is_invited_with_a_role(make: Factory, role: Role) -> None:
    at = company(make)
    found = invite(at, role=role, title="総務部")
    assert not found.affiliated
    new = user(found.user_id)
    assert (new.state, new.email, new.title, new.password_hash) == (UserState.INVITED, NEW, "総務部", None)
    assert [(one.member_id, one.role) for one in affiliations(new.id)] == [(at.member.id, role)]
    assert mails(NEW) == ["users/invited"]
    assert tags()[-2:] == ["user.created", "user.affiliated"]


@pytest.mark.parametrize("role", [role for role in Role if role not in GRANTED_BY_MEMBER])
def test_no_other_role_is_given(make: Factory, role: Role) -> None:
    at = company(make)
    for actor in (at.actor, office(make)):
        with refused("role_not_granted"):
            invite(at, role=role, actor=actor)


def test_whoever_does_not_manage_users_invites_nobody(make: Factory) -> None:
    at = company(make)
    colleague = make.actor(at.person(Role.APPLICATIONS), Role.APPLICATIONS, member=at.member)
    _person, changing = contractor_of(at, Procedure.VIEW, Procedure.CHANGES)
    for actor in (colleague, company(make).actor, changing):
        with refused("not_allowed"):
            invite(at, actor=actor)


def test_the_office_invites_with_its_own_permission(make: Factory) -> None:
    at = company(make)
    assert mails(user(invite(at, actor=office(make)).user_id).email) == ["users/invited"]


def test_an_address_known_elsewhere_is_affiliated_and_keeps_its_name(make: Factory) -> None:
    at, other = company(make), company(make)
    known = other.person(Role.VIEWER, name="鈴木 次郎", title="他社の部長", phone="03-0000-1111")
    found = invite(at, known.email.upper(), name="別の名前", title="総務部")
    assert found == inviting.Invited(known.id, affiliated=True)
    assert user(known.id).name == "鈴木 次郎"
    assert {one.member_id for one in affiliations(known.id)} == {at.member.id, other.member.id}
    assert mails(known.email) == ["users/affiliated"]
    shown = here(at, known)
    assert (shown.title, shown.phone, shown.elsewhere) == ("", "", True)


def test_somebody_invited_elsewhere_gets_a_link_of_this_invitation_too(make: Factory) -> None:
    at, other = company(make), company(make)
    first = invite(other)
    assert invite(at).user_id == first.user_id
    assert mails(NEW) == ["users/invited", "users/invited"]
    assert standing_of(at, user(first.user_id)) is Standing.WAITING


def test_who_is_here_already_is_said(make: Factory) -> None:
    at = company(make)
    known = at.person()
    with refused("already_here", field="email"):
        invite(at, known.email)


@pytest.mark.parametrize("state", [UserState.STOPPED, UserState.CLOSED])
def test_a_stopped_id_and_the_staff_are_refused_in_the_same_words(make: Factory, state: UserState) -> None:
    at = company(make)
    sentences = set()
    for email in (make.staff(Role.OPERATOR).email, make.user(state=state).email):
        with refused("address_refused", field="email"):
            invite(at, email)
        sentences.add(inviting.address_refused().sentence)
    assert len(sentences) == 1


def test_a_contractor_invites_for_the_member_and_the_member_is_told(make: Factory) -> None:
    at = company(make)
    _person, actor = contractor_of(at)
    invite(at, actor=actor)
    assert mails(at.boss.email) == ["users/by_contractor"]


def test_a_contractor_cannot_make_its_own_people_users_of_the_member(make: Factory) -> None:
    at = company(make)
    person, actor = contractor_of(at)
    with refused("contractor_person", field="email"):
        invite(at, person.email, actor=actor)
    assert invite(at, person.email).affiliated, "the 管理者 of the member may"


def test_a_person_removed_is_invited_anew(make: Factory) -> None:
    at = company(make)
    known = at.person()
    with unit_of_work() as session:
        session.execute(update(User).where(User.id == known.id).values(name="前の名前"))
    for one in affiliations(known.id):
        with unit_of_work() as session:
            row = session.merge(one)
            row.ended_at = NOW
    assert invite(at, known.email).affiliated
    assert [one.ended_at is None for one in affiliations(known.id)] == [False, True]


def test_of_many_the_good_are_sent_and_the_others_refused(make: Factory) -> None:
    at = company(make)
    known = at.person()
    people = [
        inviting.NewUser("a@company.example.jp", "一", Role.VIEWER),
        inviting.NewUser(known.email, "二", Role.VIEWER),
        inviting.NewUser("A@company.example.jp", "三", Role.VIEWER),
        inviting.NewUser("b@company.example.jp", "四", Role.ADMINISTRATOR),
        inviting.NewUser("c@company.example.jp", "五", Role.ASSEMBLY),
    ]
    found = run(inviting.invite_all, at.member.id, people, actor=at.actor, now=NOW)
    assert [getattr(result, "code", "sent") for _person, result in found] == [
        "sent",
        "already_here",
        "already_here",
        "role_not_granted",
        "sent",
    ]
    assert mails("b@company.example.jp") == []
    assert mails("c@company.example.jp") == ["users/invited"]


def _again(at: object, user_id: int, *, seen: str | None = None, now: object = NOW, actor: object = None) -> None:
    run(
        inviting.invite_again,
        at.member.id,  # type: ignore[attr-defined]
        user_id,
        seen_version=seen,
        actor=actor or at.actor,  # type: ignore[attr-defined]
        now=now,
    )


def _sent(user_id: int, *, state: MailState = MailState.SENT) -> None:
    with unit_of_work() as session:
        values = {"state": state, "sent_at": NOW if state is MailState.SENT else None}
        session.execute(update(OutboxMail).where(OutboxMail.user_id == user_id).values(values))


def test_an_invitation_is_sent_again_after_a_while(make: Factory) -> None:
    at = company(make)
    new = invite(at).user_id
    with refused("mail_waiting"):
        _again(at, new)
    _sent(new)
    with refused("sent_just_now"):
        _again(at, new, now=NOW + RESEND_AFTER - timedelta(seconds=1))
    with refused("stale"):
        _again(at, new, seen="other", now=NOW + RESEND_AFTER)
    _again(at, new, seen=at.seen(user(new)), now=NOW + RESEND_AFTER)
    assert mails(NEW) == ["users/invited"] * 2


def test_an_undelivered_invitation_is_sent_again_at_once(make: Factory) -> None:
    at = company(make)
    new = invite(at).user_id
    _sent(new, state=MailState.BOUNCED)
    assert standing_of(at, user(new)) is Standing.UNDELIVERED
    _again(at, new)
    assert standing_of(at, user(new)) is Standing.WAITING


def test_who_has_a_password_is_not_invited_again(make: Factory) -> None:
    at = company(make)
    person, stranger = at.person(), company(make).person()
    with refused("not_invited"):
        _again(at, person.id)
    with refused("not_found"):
        _again(at, stranger.id)


def test_the_state_of_an_invitation_follows_its_mail_and_link(make: Factory) -> None:
    at = company(make)
    new = invite(at).user_id
    assert standing_of(at, user(new)) is Standing.WAITING
    mail = db.session.scalars(select(OutboxMail).where(OutboxMail.user_id == new)).one()
    _sent(new)
    with unit_of_work() as session:
        held = outbox.leased(session, mail.id)
        links.mint(session, held, purpose=LinkPurpose.SET_PASSWORD, token_hash="h", hours=168, now=NOW)
    assert standing_of(at, user(new)) is Standing.SENT
    with unit_of_work() as session:
        session.execute(update(Link).values(expires_at=NOW))
    assert standing_of(at, user(new)) is Standing.EXPIRED
    with unit_of_work() as session:
        session.execute(update(User).where(User.id == new).values(state=UserState.ACTIVE, password_hash="x"))
    assert standing_of(at, user(new)) is Standing.ACTIVE


@pytest.mark.races
def test_two_companies_invite_one_address_at_once(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    both = [company(make), company(make)]
    ids = [(at.member.id, at.actor) for at in both]

    def act(member_id: int, actor: object) -> object:
        person = inviting.NewUser(NEW, "髙橋 美咲", Role.VIEWER)
        return run(inviting.invite, member_id, person, actor=actor, now=NOW)  # type: ignore[arg-type]

    found = at_once(fresh_app, [lambda m=m, a=a: act(m, a) for m, a in ids])
    assert sorted(one.affiliated for one in found) == [False, True]
    assert len({one.user_id for one in found}) == 1
    assert {one.member_id for one in affiliations(found[0].user_id)} == {at.member.id for at in both}


@pytest.mark.races
def test_one_company_invites_one_address_twice_at_once(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    at = company(make)
    member_id, actor = at.member.id, at.actor

    def act() -> object:
        person = inviting.NewUser(NEW, "髙橋 美咲", Role.VIEWER)
        return run(inviting.invite, member_id, person, actor=actor, now=NOW).affiliated

    assert sorted(map(str, at_once(fresh_app, [act, act]))) == ["False", "already_here"]
