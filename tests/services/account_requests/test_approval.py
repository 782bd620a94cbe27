"""承認: two persons, the new 管理者, the old one, the lost factor; each refusal leaves everything as it was."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select

from occto import vault
from occto.access import token_hash
from occto.domain.account_requests import AccountRequestKind, AccountRequestState
from occto.domain.actor import Actor
from occto.domain.codes import LinkPurpose, MemberState, UserKind, UserState
from occto.domain.permissions import Role, permissions_of
from occto.extensions import db
from occto.models import (
    Affiliation,
    AuditEvent,
    ContractOfUse,
    Decision,
    Link,
    Member,
    RecoveryCode,
    SessionRow,
    User,
)
from occto.services.account_requests import review
from occto.unit_of_work import run, unit_of_work
from tests import requesting
from tests.answers import mint_link
from tests.factories import NOW, PASSWORD, Factory
from tests.observing import refused
from tests.requesting import (
    NEW,
    Scene,
    approved,
    by_member,
    called,
    from_public,
    lost,
    mails,
    matched,
    object_link,
    on_paper,
    roles_of,
    scene,
)

K, S = AccountRequestKind, AccountRequestState


def ready(make: Factory, kind: K = K.CHANGE, *, on: Scene | None = None, **changes: Any) -> Scene:
    return called(by_member(make, kind, on=on, **changes))


def reset_ready(make: Factory, user: User | None = None, *, on: Scene | None = None) -> Scene:
    found = lost(make, user, on=on)
    return called(found)


def user_row(user_id: int) -> User:
    db.session.expunge_all()
    db.session.rollback()
    found = db.session.get(User, user_id)
    assert found is not None
    return found


def change(user: User, **values: Any) -> None:
    with unit_of_work() as session:
        row = session.get(User, user.id)
        assert row is not None
        for name, value in values.items():
            setattr(row, name, value)


def test_a_change_makes_the_new_one_and_ends_the_old_one_at_that_company_alone(make: Factory) -> None:
    found = scene(make)
    elsewhere = make.member()
    make.affiliate(found.old, elsewhere, Role.VIEWER)
    here, there = make.signed_in(found.old, member=found.member), make.signed_in(found.old, member=elsewhere)
    ready(make, on=found)
    user_id = approved(found)
    user = user_row(user_id)
    assert (user.kind, user.state, user.password_hash) == (UserKind.MEMBER, UserState.INVITED, None)
    assert (user.name, user.kana, user.title, user.email, user.phone) == (
        NEW.name,
        NEW.kana,
        NEW.title,
        NEW.email,
        NEW.phone,
    )
    assert roles_of(found.member) == [(NEW.name, Role.ADMINISTRATOR)]
    assert roles_of(elsewhere) == [("鈴木 一郎", Role.VIEWER)]
    assert (here.get("/home", follow=False).status_code, there.get("/home").status_code) == (303, 200)
    row = found.row
    assert (row.state, row.user_id, row.decided_by_id) == (S.APPROVED, user_id, found.approver.id)
    assert mails(found)[2:] == [
        ("account/invited", NEW.email),
        ("account/administrator_ended", found.old.email),
        ("account/administrator_made", f"desk{found.member.id}@company.example.jp"),
    ]
    stamped = select(AuditEvent.tag, AuditEvent.clause).where(AuditEvent.subject.like("USER:%")).order_by(AuditEvent.id)
    assert [tuple(one) for one in db.session.execute(stamped)] == [
        ("user.created", None),
        ("user.role_ended", "3.1/3.2.2"),
        ("user.affiliated", "3.1/3.2.2"),
    ]
    turns = db.session.execute(select(Decision.step, Decision.actor_id).order_by(Decision.id)).all()
    assert [tuple(one) for one in turns] == [("confirm", found.operator.id), ("approve", found.approver.id)]


def test_the_old_one_keeps_the_lower_role_that_was_asked(make: Factory) -> None:
    found = ready(make, replaced_role=Role.ASSEMBLY)
    approved(found)
    assert sorted(roles_of(found.member)) == sorted([("鈴木 一郎", Role.ASSEMBLY), (NEW.name, Role.ADMINISTRATOR)])


def test_a_further_administrator_leaves_the_old_one(make: Factory) -> None:
    found = ready(make, K.ADMINISTRATOR)
    approved(found)
    assert roles_of(found.member) == [("鈴木 一郎", Role.ADMINISTRATOR), (NEW.name, Role.ADMINISTRATOR)]
    clause = select(AuditEvent.clause).where(AuditEvent.tag == "user.affiliated")
    assert db.session.scalars(clause).one() == "3.1/3.2.1"
    assert ("account/administrator_made", found.old.email) in mails(found)


def test_somebody_who_has_an_id_is_raised_and_keeps_name_and_password(make: Factory) -> None:
    found = scene(make)
    known = make.user(email=NEW.email, name="佐藤 美咲子")
    make.affiliate(known, found.member, Role.VIEWER)
    ready(make, K.ADMINISTRATOR, on=found)
    assert approved(found) == known.id
    user = user_row(known.id)
    assert (user.name, user.state) == ("佐藤 美咲子", UserState.ACTIVE)
    assert vault.verify_password(user.password_hash, PASSWORD)
    held = db.session.execute(
        select(Affiliation.role, Affiliation.ended_at).where(Affiliation.user_id == known.id).order_by(Affiliation.id)
    ).all()
    assert [tuple(one) for one in held] == [(Role.VIEWER, NOW), (Role.ADMINISTRATOR, None)]
    assert ("account/affiliated", NEW.email) in mails(found)


def test_a_stop_by_the_company_does_not_outlive_the_appointment(make: Factory) -> None:
    found = scene(make)
    known = make.user(email=NEW.email)
    make.affiliate(known, found.member, Role.ADMINISTRATOR)
    with unit_of_work() as session:
        held = session.scalars(select(Affiliation).where(Affiliation.user_id == known.id)).one()
        held.stopped_at, held.stop_reason = NOW, "休職"
    matched(from_public(make, K.ADMINISTRATOR, on=found), replaces_user_id=None)
    called(found)
    approved(found)
    live = select(Affiliation).where(Affiliation.user_id == known.id, Affiliation.ended_at.is_(None))
    assert db.session.scalars(live).one().stopped_at is None


def test_nobody_approves_what_they_called_keyed_in_or_filed(make: Factory) -> None:
    found = scene(make)
    found.extra["enterer"] = found.approver
    called(matched(on_paper(make, on=found)))
    both = permissions_of((Role.OPERATOR, Role.APPROVER))
    with refused("second_person"):
        approved(found)
    with refused("second_person"):
        approved(found, actor=replace(found.caller, permissions=both))
    approved(found, actor=make.actor(make.staff(Role.APPROVER), Role.APPROVER))


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.APPROVER])
def test_only_an_approver_approves(make: Factory, role: Role) -> None:
    found = ready(make)
    with refused("not_allowed"):
        approved(found, actor=replace(found.second, permissions=permissions_of((role,))))


def test_nothing_is_approved_before_the_call_or_twice(make: Factory) -> None:
    found = by_member(make)
    with refused("illegal_step"):
        approved(found)
    called(found)
    with refused("stale"):
        approved(found, seen_version=1)
    approved(found)
    with refused("illegal_step"):
        approved(found)


def test_an_objection_is_in_the_way_until_it_is_settled(make: Factory) -> None:
    found = called(matched(from_public(make)))
    seen = found.seen
    token = token_hash(object_link(found, found.old.email))
    run(review.object_to, token, words="していません。", actor=requesting.STRANGER, now=NOW)
    with refused("stale"):
        approved(found, **seen)
    with refused("objected"):
        approved(found)
    run(review.settle, found.number, words="退職した方からと確かめた。", actor=found.caller, **found.seen)
    approved(found)


def test_a_member_that_left_or_has_no_contract_gets_no_administrator(make: Factory) -> None:
    found = ready(make)
    with unit_of_work() as session:
        contract = session.scalars(select(ContractOfUse).where(ContractOfUse.member_id == found.member.id)).one()
        contract.ended_at, contract.end_clause = NOW, "2.7.1"
    with refused("no_contract"):
        approved(found)
    with unit_of_work() as session:
        member = session.get(Member, found.member.id)
        assert member is not None
        member.current_state = MemberState.LEFT
    with refused("not_a_member"):
        approved(found)


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"kind": UserKind.STAFF}, "staff_address"),
        ({"state": UserState.STOPPED}, "user_stopped"),
        ({"state": UserState.CLOSED}, "user_stopped"),
    ],
)
def test_some_people_do_not_become_administrators(make: Factory, values: dict[str, Any], code: str) -> None:
    found = ready(make)
    make.user(email=NEW.email, **values)
    with refused(code):
        approved(found)


def test_who_is_one_already_or_no_more_is_refused(make: Factory) -> None:
    found = ready(make)
    known = make.user(email=NEW.email)
    make.affiliate(known, found.member)
    with refused("already_administrator"):
        approved(found)
    with unit_of_work() as session:
        for held in session.scalars(select(Affiliation).where(Affiliation.member_id == found.member.id)):
            held.ended_at = NOW
    with refused("replaced_gone"):
        approved(found)


def test_a_lost_factor_takes_everything_with_it(make: Factory) -> None:
    found = scene(make)
    browsers = [make.signed_in(found.old, member=found.member), make.signed_in(found.old)]
    with unit_of_work() as session:
        session.add_all(RecoveryCode(user_id=found.old.id, code_hash=f"c{no}") for no in range(3))
    change(found.old, pending_email="thief@x.example.jp")
    links = [
        mint_link(found.old.email, purpose=purpose, now=NOW, user_id=found.old.id)
        for purpose in (LinkPurpose.CONFIRM_EMAIL, LinkPurpose.SET_PASSWORD)
    ]
    reset_ready(make, on=found)
    assert approved(found) == found.old.id
    user = user_row(found.old.id)
    assert (user.state, user.password_hash, user.totp_secret_enc, user.totp_last_step, user.pending_email) == (
        UserState.INVITED,
        None,
        None,
        None,
        None,
    )
    assert db.session.scalars(select(RecoveryCode)).all() == []
    revoked = select(Link.revoked_at).where(Link.token_hash.in_([token_hash(link) for link in links]))
    assert set(db.session.scalars(revoked)) == {NOW}
    assert db.session.scalars(select(SessionRow.ended_at).where(SessionRow.user_id == user.id)).all() == [NOW, NOW]
    assert {browser.get("/home", follow=False).status_code for browser in browsers} == {303}
    assert roles_of(found.member) == [("鈴木 一郎", Role.ADMINISTRATOR)]
    assert mails(found)[1:] == [
        ("account/factor_reset", found.old.email),
        ("account/factor_reset_told", f"desk{found.member.id}@company.example.jp"),
    ]


def test_a_stolen_password_does_not_open_what_was_reset(make: Factory) -> None:
    from tests.clients import Browser

    found = reset_ready(make)
    approved(found)
    thief = Browser(make.app)
    thief.get("/login")
    thief.submit({"email": found.old.email, "password": PASSWORD})
    assert "パスワードが合いません" in thief.text


@pytest.mark.parametrize("state", [UserState.STOPPED, UserState.CLOSED])
def test_a_stopped_person_is_not_recovered(make: Factory, state: UserState) -> None:
    found = reset_ready(make)
    change(found.old, state=state)
    with refused("user_stopped"):
        approved(found)


def test_a_factor_that_is_gone_already_is_not_taken_again(make: Factory) -> None:
    found = reset_ready(make)
    change(found.old, totp_secret_enc=None)
    with refused("no_factor"):
        approved(found)


def test_staff_are_recovered_by_two_system_administrators(make: Factory) -> None:
    found = scene(make)
    owner = make.staff(Role.APPROVER)
    lost(make, owner, on=found)
    first = make.actor(found.system, Role.SYSTEM)
    called(found, way="in_person", actor=first)
    for stamp, code in (
        (found.second, "not_allowed"),
        (first, "second_person"),
        (_as_system(make, owner), "second_person"),
    ):
        with refused(code):
            approved(found, actor=stamp)
    approved(found, actor=make.actor(make.staff(Role.SYSTEM), Role.SYSTEM))
    assert user_row(owner.id).state is UserState.INVITED
    assert mails(found)[1:] == [("account/factor_reset", owner.email)]


def _as_system(make: Factory, user: User) -> Actor:
    return make.actor(user, Role.SYSTEM)


def test_system_administrators_approve_nothing_of_members(make: Factory) -> None:
    found = reset_ready(make)
    with refused("not_allowed"):
        approved(found, actor=make.actor(found.system, Role.SYSTEM))
