"""Acts on one member or one register at the same moment: one outcome, the other told, nothing lost."""

from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from occto.domain.changes import ChangeState, Part
from occto.domain.codes import Channel, MemberState
from occto.extensions import db
from occto.models import AuditEvent, ChangeRequest, ContractOfUse, Member, OutboxMail, ProfileFact, RegisterChange
from occto.services import rebuild
from occto.services.changes import approval, immediate, submission
from occto.unit_of_work import run
from tests.changing import (
    TODAY,
    approve,
    capital,
    checked,
    filled,
    licence_ended,
    licences,
    prepare,
    renamed,
    rows,
    submitted,
)
from tests.factories import NOW, Factory
from tests.racing import at_once
from tests.registering import fact_id, facts_of, licence_id, newest_change, read

SINCE = date(2020, 4, 1)
ROUNDS = 4

pytestmark = pytest.mark.races


def test_two_users_ask_for_the_same_item(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    for _ in range(ROUNDS):
        member = make.member()
        both = [filled(make, renamed(name), member=member) for name in ("甲株式会社", "乙株式会社")]
        acts = [_submitting(request) for request in both]
        db.session.remove()
        outcomes = at_once(fresh_app, acts)
        assert sorted(outcome == "already_asked" for outcome in outcomes) == [False, True]
        states = [request.state for request in both]
        assert sorted(states) == [ChangeState.DRAFT, ChangeState.SUBMITTED]
    numbers = [row.number for row in read(select(ChangeRequest.number).order_by(ChangeRequest.number)) if row.number]
    assert numbers == [f"C-2026-{no:05d}" for no in range(1, ROUNDS + 1)]


def _submitting(request: Any) -> Any:
    seen, actor = prepare(request).digest, request.filer
    return lambda: run(submission.submit, request.id, seen_digest=seen, actor=actor, now=NOW)


def test_approvals_of_many_members_number_the_register_without_gaps(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    requests = [checked(make, capital(5 + no)) for no in range(8)]
    refused_one = submitted(make, capital(99))
    seen = {request.id: request.seen(request.second) for request in (*requests, refused_one)}
    before = newest_change()
    db.session.remove()
    outcomes = at_once(
        fresh_app,
        [
            lambda request=request: run(approval.approve, request.id, **seen[request.id])  # type: ignore[misc]
            for request in (*requests, refused_one)
        ],
    )
    assert outcomes.pop() == "not_checked"
    assert sorted(outcomes) == list(range(before + 1, before + 9))
    assert read(select(func.count()).select_from(RegisterChange)) == [(before + 8,)]


def test_an_item_is_changed_at_once_while_the_office_corrects_it(fresh_app: Flask) -> None:
    """Either the correction stands first and the page is stale, or the change does and the correction conflicts."""
    make = Factory(fresh_app)
    for _ in range(ROUNDS):
        member = make.member()
        user = make.user()
        make.affiliate(user, member)
        wrong = {"kind": "fact", "fact_id": fact_id(member, "kana", SINCE), "act": "CORRECT", "value": "テイセイ"}
        correction = submitted(make, rows(Part.CORRECTIONS, wrong), member=member, channel=Channel.STAFF)
        given, known = correction.seen(correction.second), newest_change()
        actor = filled(make, renamed(), member=member, person=user).filer
        db.session.remove()
        corrected, changed = at_once(
            fresh_app,
            [
                lambda c=correction, g=given: run(approval.approve, c.id, **g),  # type: ignore[misc]
                lambda m=member.id, k=known, a=actor: run(  # type: ignore[misc]
                    immediate.change_at_once, m, values={"kana": "アオゾラ"}, seen_change=k, actor=a, now=NOW
                ),
            ],
        )
        found = facts_of(member, "kana")
        if corrected == "conflict":
            assert changed == ["kana"]
            assert found == [(SINCE, "シケンデンリョク"), (TODAY, "アオゾラ")]
        else:
            assert changed == "stale"
            assert found == [(SINCE, "テイセイ")]


def test_the_member_withdraws_while_staff_approve(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    for _ in range(ROUNDS):
        request = submitted(make, renamed())
        given, actor = request.seen(request.second), request.filer
        db.session.remove()
        approved, withdrawn = at_once(
            fresh_app,
            [
                lambda r=request, g=given: run(approval.approve, r.id, **g),  # type: ignore[misc]
                lambda r=request, a=actor: run(submission.withdraw, r.id, actor=a, now=NOW),  # type: ignore[misc]
            ],
        )
        entered = len(facts_of(request.member, "name")) - 1
        if request.state is ChangeState.APPROVED:
            assert (withdrawn, entered) == ("illegal_step", 1)
        else:
            assert (request.state, approved, entered) == (ChangeState.WITHDRAWN, "stale", 0)


def test_a_membership_ends_once_while_the_daily_work_runs(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    for no in range(1, ROUNDS + 1):
        member = make.member()
        request = checked(make, licences(licence_ended(licence_id(member, "GEN"), on=TODAY)), member=member)
        given = request.seen(request.second)
        db.session.remove()
        outcomes = at_once(
            fresh_app,
            [
                lambda r=request, g=given: run(approval.approve, r.id, **g),  # type: ignore[misc]
                *[lambda: run(rebuild.rebuild_batch, after=0, limit=100, now=NOW)] * 3,
            ],
        )
        assert isinstance(outcomes[0], int)
        assert read(select(Member.current_state).where(Member.id == member.id)) == [(MemberState.LEFT,)]
        assert read(select(func.count()).where(AuditEvent.tag == "member.ended")) == [(no,)]
        mails = read(
            select(func.count()).where(OutboxMail.template == "member/ended", OutboxMail.member_id == member.id)
        )
        assert mails == [(1,)]
        assert read(select(func.count()).where(ContractOfUse.ended_at.is_not(None))) == [(no,)]


def test_two_requests_of_one_member_are_approved_at_once(fresh_app: Flask) -> None:
    """Different items: both stand, one change after the other."""
    make = Factory(fresh_app)
    for _ in range(ROUNDS):
        member = make.member()
        both = [submitted(make, renamed(), member=member), checked(make, capital(5), member=member)]
        given = [request.seen(request.second) for request in both]
        before = newest_change()
        db.session.remove()
        outcomes = at_once(
            fresh_app,
            [
                lambda r=request, g=seen: run(approval.approve, r.id, **g)  # type: ignore[misc]
                for request, seen in zip(both, given, strict=True)
            ],
        )
        assert sorted(outcomes) == [before + 1, before + 2]
        changed = select(func.count()).where(ProfileFact.member_id == member.id, ProfileFact.entered_id > before)
        assert read(changed) == [(2,)]


def test_one_after_the_other_nothing_is_left_for_a_race(fresh_app: Flask) -> None:
    """The same on a database of its own without threads: the second approval finds the page stale."""
    request = submitted(Factory(fresh_app), renamed())
    seen = request.seen(request.second)
    approve(request)
    assert at_once(fresh_app, [lambda: run(approval.approve, request.id, **seen)]) == ["stale"]
