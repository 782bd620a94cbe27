"""Two persons decide at the same moment, on a database of their own."""

import pytest
from flask import Flask
from sqlalchemy import func, select

from occto.access import token_hash
from occto.domain.account_requests import AccountRequestKind, AccountRequestState
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import AccountRequest, Affiliation, OutboxMail, User
from occto.services.account_requests import approval, filing, review
from occto.unit_of_work import run
from tests import requesting
from tests.factories import NOW, Factory
from tests.racing import at_once
from tests.requesting import NEW, called, from_public, lost, matched, object_link, scene

K, S = AccountRequestKind, AccountRequestState
ROUNDS = 4

pytestmark = pytest.mark.races


def _live(member_id: int) -> list[tuple[int, Role]]:
    db.session.rollback()
    query = select(Affiliation.user_id, Affiliation.role).where(
        Affiliation.member_id == member_id, Affiliation.ended_at.is_(None)
    )
    return [(row[0], row[1]) for row in db.session.execute(query)]


def test_two_approvers_and_one_who_declines(fresh_app: Flask) -> None:
    """One decision stands, and its mails go out once."""
    make = Factory(fresh_app)
    for no in range(ROUNDS):
        found = called(matched(from_public(make, email=f"new{no}@company.example.jp")))
        others = [found.second, make.actor(make.staff(Role.APPROVER), Role.APPROVER)]
        seen, number, caller = found.seen, found.number, found.caller
        db.session.remove()
        outcomes = at_once(
            fresh_app,
            [
                *[lambda a=a, n=number, s=seen: run(approval.approve, n, actor=a, **s) for a in others],  # type: ignore[misc]
                lambda n=number, s=seen, c=caller: run(review.decline, n, reason="確認できない", actor=c, **s),  # type: ignore[misc]
            ],
        )
        assert outcomes.count("stale") == 2, outcomes
        approved = found.row.state is S.APPROVED
        assert len(_live(found.member.id)) == 1
        assert (_live(found.member.id)[0][0] == found.old.id) is not approved
        sent = select(func.count()).where(
            OutboxMail.account_request_id == number, OutboxMail.template == "account/invited"
        )
        assert db.session.scalar(sent) == int(approved)


def test_one_new_person_for_two_companies_at_once(fresh_app: Flask) -> None:
    """Two requests name the same new address: one user is made, both affiliations stand."""
    make = Factory(fresh_app)
    for no in range(ROUNDS):
        email = f"both{no}@company.example.jp"
        pair = [called(matched(from_public(make, email=email))) for _ in range(2)]
        acts = [(one.number, one.second, one.seen) for one in pair]
        db.session.remove()
        outcomes = at_once(
            fresh_app,
            [lambda n=n, a=a, s=s: run(approval.approve, n, actor=a, **s) for n, a, s in acts],  # type: ignore[misc]
        )
        assert outcomes[0] == outcomes[1]
        assert isinstance(outcomes[0], int)
        db.session.rollback()
        assert db.session.scalar(select(func.count()).where(User.email_key == email)) == 1
        assert [_live(one.member.id) for one in pair] == [[(outcomes[0], Role.ADMINISTRATOR)]] * 2


def test_an_objection_while_an_approver_presses_the_button(fresh_app: Flask) -> None:
    """Either the objection came first and the page is stale, or the request had ended and the objector is told to call."""
    make = Factory(fresh_app)
    for no in range(ROUNDS):
        found = called(matched(from_public(make, email=f"o{no}@company.example.jp")))
        token = token_hash(object_link(found, found.old.email))
        seen, number, second = found.seen, found.number, found.second
        db.session.remove()
        approved, objected = at_once(
            fresh_app,
            [
                lambda n=number, s=seen, a=second: run(approval.approve, n, actor=a, **s),  # type: ignore[misc]
                lambda t=token: run(  # type: ignore[misc]
                    review.object_to, t, words="していません。", actor=requesting.STRANGER, now=NOW
                ),
            ],
        )
        if found.row.state is S.APPROVED:
            assert objected == "request_closed"
        else:
            assert (approved, objected) == ("stale", found.row.number)


def test_a_link_pressed_twice_and_a_loss_told_twice_file_once(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    for no in range(ROUNDS):
        found = scene(make)
        hashed = token_hash(requesting.public_link(K.CHANGE, f"twice{no}@company.example.jp"))
        owner = requesting.half(found.old)
        db.session.remove()
        outcomes = at_once(
            fresh_app,
            [
                *[lambda h=hashed: run(filing.file_from_link, h, **requesting.typed()) for _ in range(2)],  # type: ignore[misc]
                *[
                    lambda o=owner: run(filing.file_lost_factor, reason="故障", phone=None, actor=o, now=NOW)  # type: ignore[misc]
                    for _ in range(2)
                ],
            ],
        )
        assert "link_used" in outcomes[:2]
        assert "already_asked" in outcomes[2:]
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(AccountRequest)) == 2 * ROUNDS
    numbers = db.session.scalars(select(AccountRequest.number).order_by(AccountRequest.number)).all()
    assert numbers == [f"A-2026-{no:05d}" for no in range(1, 2 * ROUNDS + 1)]


def test_two_record_the_call_for_a_lost_factor(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    for _ in range(ROUNDS):
        found = lost(make)
        callers = [found.caller, make.actor(make.staff(Role.OPERATOR), Role.OPERATOR)]
        seen, number, way = found.seen, found.number, f"member_contact:{found.member.id}"
        db.session.remove()
        outcomes = at_once(
            fresh_app,
            [
                lambda a=a, n=number, s=seen, w=way: run(review.confirm, n, way=w, words="本人", actor=a, **s)  # type: ignore[misc]
                for a in callers
            ],
        )
        assert sorted(map(str, outcomes)) == ["None", "stale"]
        assert NEW.name != found.row.person_name
