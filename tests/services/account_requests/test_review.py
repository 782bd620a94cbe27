"""審査: matching, the call-back to a number on record, objections, and the end without effect; a test a refusal."""

from typing import Any

import pytest
from sqlalchemy import select

from occto.access import token_hash
from occto.domain.account_requests import AccountRequestKind, AccountRequestState
from occto.domain.codes import MemberState, UserState
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import Decision, Member, User
from occto.queries.account_requests_staff import ways_on_record
from occto.services.account_requests import review
from occto.unit_of_work import run, unit_of_work
from tests import requesting
from tests.changing import TODAY
from tests.factories import NOW, Factory
from tests.observing import refused
from tests.requesting import (
    NEW,
    ON_RECORD,
    Scene,
    by_member,
    called,
    from_public,
    lost,
    mails,
    matched,
    object_link,
    on_paper,
    scene,
)

K, S = AccountRequestKind, AccountRequestState


def match_user(found: Scene, email: str, **changes: Any) -> None:
    run(review.match_user, found.number, **({"email": email, "actor": found.caller, **found.seen} | changes))


def objected(found: Scene, email: str | None = None) -> str:
    token = object_link(found, email or found.old.email)
    run(review.object_to, token_hash(token), words="そのような申請はしていません。", actor=requesting.STRANGER, now=NOW)
    return token


def test_matching_tells_the_people_on_record_once(make: Factory) -> None:
    found = matched(from_public(make))
    row = found.row
    assert (row.state, row.member_id, row.replaces_user_id) == (S.MATCHED, found.member.id, found.old.id)
    told = {address for template, address in mails(found) if template == "account/request_told"}
    assert told == {found.old.email, f"desk{found.member.id}@company.example.jp"}
    before = mails(found)
    matched(found, replaces_user_id=None)
    assert mails(found) == before
    assert found.row.replaces_user_id is None


def test_matching_anew_forgets_the_call(make: Factory) -> None:
    found = matched(called(matched(from_public(make))))
    row = found.row
    assert (row.state, row.called_by_id, row.called_at, row.called_number) == (S.MATCHED, None, None, None)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"operator_code": "99999"}, "member_unknown"),
        ({"replaces_user_id": 10**6}, "replaced_unknown"),
        ({"replaced_role": Role.ADMINISTRATOR}, "role_unknown"),
        ({"seen_version": 99}, "stale"),
    ],
)
def test_a_match_is_refused(make: Factory, changes: dict[str, Any], code: str) -> None:
    found = from_public(make)
    with refused(code):
        matched(found, **changes)


def test_a_member_that_left_is_not_matched(make: Factory) -> None:
    found = from_public(make)
    with unit_of_work() as session:
        member = session.get(Member, found.member.id)
        assert member is not None
        member.current_state = MemberState.LEFT
    with refused("not_a_member"):
        matched(found)


def test_what_a_signed_in_administrator_filed_stays_with_its_member(make: Factory) -> None:
    found, other = by_member(make), scene(make)
    with refused("member_fixed"):
        matched(found, operator_code=other.member.operator_code, replaces_user_id=None)
    with refused("wrong_kind"):
        match_user(found, found.old.email)
    recovery = lost(make, on=scene(make))
    with refused("wrong_kind"):
        matched(recovery)
    with refused("user_fixed"):
        match_user(recovery, other.old.email)


def test_a_lost_factor_is_matched_by_the_address_on_record(make: Factory) -> None:
    found = scene(make)
    from_public(make, K.SECOND_FACTOR, on=found, email=found.old.email)
    assert found.row.user_id is None
    stopped, without = make.user(state=UserState.STOPPED).email, make.user(totp=False).email
    with refused("user_unknown", field="email"):
        match_user(found, "nobody@x.example.jp")
    with refused("user_stopped"):
        match_user(found, stopped)
    with refused("no_factor"):
        match_user(found, without)
    match_user(found, found.old.email.upper())
    assert found.row.user_id == found.old.id
    assert ("account/request_told", found.old.email) in mails(found)


def test_numbers_come_from_the_record_and_never_from_the_request(make: Factory) -> None:
    found = by_member(make)
    ways = ways_on_record(db.session(), found.row, today=TODAY)
    assert [(way.key, way.number) for way in ways] == [
        (f"member_contact:{found.member.id}", ON_RECORD),
        (f"user:{found.old.id}", "03-3333-4444"),
    ]
    assert NEW.phone not in {way.number for way in ways}


def test_the_person_named_is_not_called_to_confirm_themselves(make: Factory) -> None:
    """Somebody who is 管理者 there under the address that the request names confirms nothing."""
    found = scene(make)
    named = make.user(email=NEW.email, phone=NEW.phone)
    make.affiliate(named, found.member)
    matched(from_public(make, on=found))
    keys = {way.key for way in ways_on_record(db.session(), found.row, today=TODAY)}
    assert f"user:{named.id}" not in keys


def test_without_any_number_a_company_is_asked_by_post_and_staff_in_person(make: Factory) -> None:
    found = scene(make, contact=False)
    with unit_of_work() as session:
        old = session.get(User, found.old.id)
        assert old is not None
        old.phone = None
    by_member(make, on=found)
    assert [way.key for way in ways_on_record(db.session(), found.row, today=TODAY)] == ["post"]
    staff = lost(make, make.staff(Role.APPROVER), on=scene(make))
    assert [way.key for way in ways_on_record(db.session(), staff.row, today=TODAY)] == ["in_person"]


def test_the_call_is_recorded_with_who_when_number_and_words(make: Factory) -> None:
    found = called(by_member(make))
    row = found.row
    assert (row.state, row.called_by_id, row.called_at) == (S.CONFIRMED, found.operator.id, NOW)
    assert (row.called_number, row.called_words) == (ON_RECORD, "田中様（会員担当）。申請のとおりとのこと。")
    decision = db.session.scalars(select(Decision).where(Decision.step == "confirm")).one()
    assert decision.actor_id == found.operator.id
    assert ON_RECORD in (decision.reason or "")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"way": "03-9999-9999"}, "not_on_record"),
        ({"way": "user:1000000"}, "not_on_record"),
        ({"way": "post"}, "not_on_record"),
        ({"words": " "}, "words_missing"),
        ({"words": "言" * 2001}, "words_too_long"),
        ({"seen_version": 0}, "stale"),
    ],
)
def test_a_call_is_refused(make: Factory, changes: dict[str, Any], code: str) -> None:
    found = by_member(make)
    with refused(code):
        called(found, **changes)


def test_nothing_is_confirmed_before_it_is_known_whose_it_is(make: Factory) -> None:
    found = from_public(make)
    with refused("illegal_step"):
        called(found)
    paper = on_paper(make)
    with refused("illegal_step"):
        called(paper)


@pytest.mark.parametrize("role", [Role.SYSTEM, Role.RECEPTION, Role.ADMINISTRATOR, Role.VIEWER])
def test_only_the_desk_reviews(make: Factory, role: Role) -> None:
    found = by_member(make)
    stamp = make.actor(found.system, role)
    with refused("not_allowed"):
        called(found, actor=stamp)
    with refused("not_allowed"):
        matched(found, actor=stamp)
    with refused("not_allowed"):
        run(review.decline, found.number, reason="x", actor=stamp, **found.seen)
    with refused("not_allowed"):
        run(review.settle, found.number, words="x", actor=stamp, **found.seen)


def test_a_member_of_the_staff_is_confirmed_by_a_system_administrator_other_than_themselves(make: Factory) -> None:
    found = scene(make)
    owner = make.staff(Role.SYSTEM)
    lost(make, owner, on=found)
    with refused("not_allowed"):
        called(found, way="in_person")
    with refused("own_request"):
        called(found, way="in_person", actor=make.actor(owner, Role.SYSTEM))
    called(found, way="in_person", actor=make.actor(found.system, Role.SYSTEM))
    assert found.row.called_number == "対面"


def test_an_objection_stands_until_it_is_settled(make: Factory) -> None:
    found = matched(from_public(make))
    version = found.row.version
    token = objected(found)
    row = found.row
    assert (row.objected_at, row.objected_by, row.version) == (NOW, found.old.email, version + 1)
    with refused("link_used"):
        run(review.object_to, token_hash(token), words="x", actor=requesting.STRANGER, now=NOW)
    with refused("words_missing", field="words"):
        run(review.settle, found.number, words="", actor=found.caller, **found.seen)
    run(review.settle, found.number, words="前任者が退職後に送ったものと確かめた。", actor=found.caller, **found.seen)
    assert (found.row.state, found.row.settled_by_id) == (S.MATCHED, found.operator.id)
    with refused("no_objection"):
        run(review.settle, found.number, words="x", actor=found.caller, **found.seen)


def test_a_second_objection_stands_anew(make: Factory) -> None:
    found = matched(from_public(make))
    objected(found)
    run(review.settle, found.number, words="確かめた。", actor=found.caller, **found.seen)
    objected(found, f"desk{found.member.id}@company.example.jp")
    row = found.row
    assert (row.settled_at, row.settled_by_id, row.settled_words) == (None, None, None)


def test_an_objection_says_why_and_comes_in_time(make: Factory) -> None:
    found = matched(from_public(make))
    token = token_hash(object_link(found, found.old.email))
    with refused("words_missing", field="words"):
        run(review.object_to, token, words=" ", actor=requesting.STRANGER, now=NOW)
    run(review.decline, found.number, reason="確認できない", actor=found.caller, **found.seen)
    with refused("request_closed"):
        run(review.object_to, token, words="していません。", actor=requesting.STRANGER, now=NOW)


def test_declining_tells_the_company_why_and_a_stranger_only_that(make: Factory) -> None:
    found = matched(from_public(make))
    with refused("words_missing", field="reason"):
        run(review.decline, found.number, reason="", actor=found.caller, **found.seen)
    run(review.decline, found.number, reason="登録の方に心当たりがない", actor=found.caller, **found.seen)
    row = found.row
    assert (row.state, row.decided_by_id, row.decision_reason) == (
        S.DECLINED,
        found.operator.id,
        "登録の方に心当たりがない",
    )
    from occto.models import OutboxMail

    closed = select(OutboxMail.to_address, OutboxMail.params).where(OutboxMail.template == "account/request_closed")
    told = {address: params["reason"] for address, params in db.session.execute(closed).all()}
    assert told.pop(NEW.email) is None
    assert set(told) == {found.old.email, f"desk{found.member.id}@company.example.jp"}
    assert set(told.values()) == {"登録の方に心当たりがない"}
    with refused("illegal_step"):
        run(review.decline, found.number, reason="x", actor=found.caller, **found.seen)


def test_before_it_was_matched_nobody_on_record_hears_of_its_end(make: Factory) -> None:
    found = from_public(make)
    run(review.decline, found.number, reason="会員が見つからない", actor=found.caller, **found.seen)
    assert mails(found)[1:] == [("account/request_closed", NEW.email)]
