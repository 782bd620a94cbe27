"""Four eyes: who may approve what, online, on paper and by the office itself; two at once, one outcome."""

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from occto.domain.changes import ChangeState, Part
from occto.domain.codes import Channel
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import ChangeItem, ChangeRequest, Decision, ProfileFact, RegisterChange
from occto.services.changes import approval, drafts, review, splitting, submission
from occto.unit_of_work import run
from tests.changing import (
    Answers,
    Request,
    capital,
    filled,
    in_state,
    prepare,
    renamed,
    send,
    submitted,
    version_of_part,
)
from tests.factories import NOW, Factory
from tests.observing import refused
from tests.racing import at_once

S = ChangeState
NAME, CAPITAL = renamed(), capital(150_000_000)
THREADS = 8


def _approve(change: Request, *, by: Any = None, seen: int | None = None) -> int:
    version = seen if seen is not None else change.version
    return run(approval.approve, change.id, seen_version=version, actor=by or change.second, now=NOW)


def _check(change: Request, *, by: Any = None) -> None:
    run(review.check, change.id, seen_version=change.version, actor=by or change.first, now=NOW)


def test_what_touches_votes_is_checked_first(make: Factory) -> None:
    change = submitted(make, CAPITAL)
    assert change.row().touches_votes
    with refused("not_checked"):
        _approve(change)
    _check(change)
    assert _approve(change) > 0
    assert (change.row().checked_by_id, change.row().decided_by_id) == (change.operator.id, change.approver.id)


def test_who_checked_does_not_approve(make: Factory) -> None:
    change = submitted(make, CAPITAL)
    _check(change, by=change.second)
    with refused("second_person"):
        _approve(change)


def test_what_touches_no_votes_needs_one_of_the_staff(make: Factory) -> None:
    change = submitted(make, NAME)
    _approve(change)
    assert change.state is S.APPROVED


@pytest.mark.parametrize("channel", [Channel.PAPER, Channel.STAFF])
@pytest.mark.parametrize("values", [NAME, CAPITAL])
def test_who_keyed_it_in_is_the_first_of_the_two(make: Factory, channel: Channel, values: Answers) -> None:
    change = submitted(make, values, channel=channel)
    assert change.row().checked_by_id == change.person.id
    keyed = make.actor(change.person, Role.APPROVER)
    with refused("second_person"):
        _approve(change, by=keyed)
    with refused("second_person"):
        _check(change, by=change.second)
    number = _approve(change)
    entered = db.session.get(RegisterChange, number)
    assert entered is not None
    assert (entered.actor_id, entered.second_actor_id) == (change.person.id, change.approver.id)


@pytest.mark.parametrize("channel", [Channel.PAPER, Channel.STAFF])
def test_who_typed_a_part_does_not_approve_what_another_submitted(make: Factory, channel: Channel) -> None:
    change = filled(make, CAPITAL, channel=channel)
    send(change, actor=change.second)
    assert change.row().checked_by_id == change.approver.id
    with refused("second_person"):
        _approve(change, by=make.actor(change.person, Role.APPROVER))
    with refused("second_person"):
        _approve(change)
    _approve(change, by=make.actor(make.staff(Role.APPROVER), Role.APPROVER))


def test_submitted_again_it_is_checked_by_nobody(make: Factory) -> None:
    change = submitted(make, CAPITAL)
    _check(change)
    send(change)
    assert change.row().checked_by_id is None
    with refused("not_checked"):
        _approve(change)


def test_splitting_keeps_the_first_person_of_what_staff_keyed_in(make: Factory) -> None:
    for channel, first in ((Channel.STAFF, True), (Channel.ONLINE, False)):
        change = submitted(make, {**NAME, **CAPITAL}, channel=channel)
        other = run(
            splitting.split,
            change.id,
            places=[("capital", "")],
            reason="先に進めるため",
            seen_version=change.version,
            actor=change.first,
            now=NOW,
        )
        expected = change.person.id if first else None
        db.session.rollback()
        ids = db.session.scalars(select(ChangeRequest.checked_by_id).where(ChangeRequest.id.in_([change.id, other])))
        assert list(ids) == [expected, expected]


@pytest.mark.parametrize("channel", [Channel.PAPER, Channel.STAFF])
def test_who_typed_a_part_does_not_approve_it_after_a_split_either(make: Factory, channel: Channel) -> None:
    """The second request has no events of its own: whoever typed its values typed them in the first."""
    change = filled(make, {**NAME, **CAPITAL}, channel=channel)
    typist = change.second
    run(
        drafts.save_part,
        change.id,
        Part.OUTLINE,
        typed={},
        answers=capital(160_000_000)[Part.OUTLINE],
        errors=0,
        seen_version=version_of_part(change, Part.OUTLINE),
        actor=make.actor(change.approver, Role.OPERATOR),
        now=NOW,
    )
    send(change)
    given = {"reason": "先に進めるため", "actor": change.first, "now": NOW}
    other = run(splitting.split, change.id, places=[("capital", "")], seen_version=change.version, **given)
    second = replace(change, id=other)
    with refused("second_person"):
        _approve(second, by=typist)
    with refused("second_person"):
        _approve(second, by=make.actor(change.person, Role.APPROVER))
    assert second.state is S.SUBMITTED
    _approve(second, by=make.actor(make.staff(Role.APPROVER), Role.APPROVER))


@pytest.mark.races
def test_many_approve_one_request(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    change = submitted(make, NAME)
    people = [make.actor(make.staff(Role.APPROVER), Role.APPROVER) for _ in range(THREADS)]
    seen, member_id = change.version, change.member.id
    before = db.session.scalar(select(func.count()).select_from(RegisterChange))
    db.session.remove()
    results = at_once(fresh_app, [lambda who=who: _approve(change, by=who, seen=seen) for who in people])
    won = [result for result in results if isinstance(result, int)]
    assert len(won) == 1
    assert sorted(map(str, results))[1:] == ["stale"] * (THREADS - 1)
    assert db.session.scalar(select(func.count()).select_from(RegisterChange)) == (before or 0) + 1
    names = select(func.count()).where(ProfileFact.member_id == member_id, ProfileFact.item == "name")
    assert db.session.scalar(names) == 2
    assert db.session.scalar(select(func.count()).where(Decision.step == "approve")) == 1


@pytest.mark.races
def test_the_member_submits_again_while_staff_approve(fresh_app: Flask) -> None:
    """One outcome, the other told: approved as it stood, or a new revision that nobody has approved."""
    make = Factory(fresh_app)
    for _ in range(6):
        change = in_state(make, S.IN_REVIEW, answers=NAME)
        seen, shown, party, second = change.version, prepare(change).digest, change.filer, change.second
        db.session.remove()
        submitted_again, approved = at_once(
            fresh_app,
            [
                lambda c=change, a=party, d=shown: run(submission.submit, c.id, seen_digest=d, actor=a, now=NOW),
                lambda c=change, a=second, v=seen: run(approval.approve, c.id, seen_version=v, actor=a, now=NOW),
            ],
        )
        row = change.row()
        entered = db.session.scalar(
            select(func.count()).where(ChangeItem.change_id.is_not(None), ChangeItem.item == "name")
        )
        db.session.remove()
        if isinstance(approved, int):
            assert submitted_again == "illegal_step"
            assert (row.state, row.version) == (S.APPROVED, seen + 1)
            assert entered
        else:
            assert (approved, submitted_again) == ("stale", row.number)
            assert (row.state, row.version, row.decided_by_id) == (S.SUBMITTED, seen + 1, None)
