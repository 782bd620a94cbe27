"""確定: drafts, the check list, the freeze by a second person, and what may come in between."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from occto import worker
from occto.domain.assembly import AssemblyState
from occto.domain.changes import ChangeState
from occto.domain.codes import LateOutcome, SnapshotState
from occto.domain.joining import ApplicationState
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import AuditEvent, FreezeCheck, Snapshot, SnapshotMember
from occto.queries.snapshots import votes_of
from occto.services import freezing, proposals
from occto.services.proposal_kinds import HANDLERS
from occto.unit_of_work import run, unit_of_work
from tests import answers, assembling, changing
from tests.factories import NOW, Factory
from tests.freezing import BEFORE, Scene, capital, on_paper, sanction, scene
from tests.observing import refused
from tests.racing import at_once
from tests.registering import entering


def mark(of: Scene, *keys: str, reason: str = "影響がないため", **changes: Any) -> None:
    run(freezing.mark_checked, of.held, **({"keys": keys, "reason": reason, "actor": of.first, "now": NOW} | changes))


def test_two_persons_freeze_what_one_has_seen(app: Flask, make: Factory) -> None:
    parent, child, other = (make.member() for _ in range(3))
    assembling.controls(parent, child)
    now = scene(make)
    frozen = now.freeze()
    assert (frozen.state, frozen.total, frozen.reason) == (SnapshotState.FROZEN, 2, "確定します")
    assert (frozen.made_by_id, frozen.second_by_id) == (now.first.user_id, now.second.user_id)
    assert (now.row.state, now.row.version) == (AssemblyState.FROZEN, 2)
    held = {one.id: votes_of(db.session(), now.held, one.id) for one in (parent, child, other)}
    assert {key: votes.total for key, votes in held.items() if votes} == {parent.id: 1, child.id: 0, other.id: 1}
    subject = AuditEvent.subject == f"ASSEMBLY:{now.held}"
    assert "assembly.frozen" in db.session.scalars(select(AuditEvent.tag).where(subject)).all()


def test_what_was_proposed_is_kept_as_a_draft(app: Flask, make: Factory) -> None:
    make.member()
    now = scene(make)
    now.propose()
    draft = now.frozen()
    assert (draft.state, draft.no, draft.second_by_id) == (SnapshotState.DRAFT, 1, None)


def test_a_draft_of_the_same_votes_is_not_kept_twice(app: Flask, make: Factory) -> None:
    make.member()
    now = scene(make)
    run(freezing.keep_draft, now.held, actor=now.first, now=NOW)
    number = now.propose()
    run(proposals.drop, number, seen_version=1, actor=now.first, now=NOW)
    now.propose()
    assert len(now.snapshots()) == 1


def test_sanctioned_members_and_those_on_paper_are_on_the_roll(app: Flask, make: Factory) -> None:
    sanctioned, paper, other = (make.member() for _ in range(3))
    on_paper(paper)
    sanction(sanctioned)
    now = scene(make)
    frozen = now.freeze()
    rows = db.session.execute(
        select(SnapshotMember.member_id, SnapshotMember.sanctioned, SnapshotMember.votes).where(
            SnapshotMember.snapshot_id == frozen.id
        )
    )
    assert {tuple(row) for row in rows} == {(sanctioned.id, True, 0), (paper.id, False, 1), (other.id, False, 1)}


def test_nobody_freezes_alone(app: Flask, make: Factory) -> None:
    make.member()
    now = scene(make)
    number = now.propose()
    with refused("second_person"):
        now.confirm(number, now.first)


@pytest.mark.parametrize("role", [Role.SYSTEM, Role.RECEPTION])
def test_only_who_edits_assemblies_proposes_marks_and_keeps(app: Flask, make: Factory, role: Role) -> None:
    make.member()
    now = scene(make)
    actor, digest = make.actor(make.staff(role), role), now.digest()
    with refused("not_allowed"):
        now.propose(actor=actor, seen_digest=digest)
    with refused("not_allowed"):
        mark(now, "CHANGE:1:1", actor=actor)
    with refused("not_allowed"):
        run(freezing.keep_draft, now.held, actor=actor, now=NOW)


def test_what_is_not_there_is_not_found(app: Flask, make: Factory) -> None:
    now = scene(make)
    with refused("not_found"):
        run(freezing.keep_draft, 99, actor=now.first, now=NOW)


@pytest.mark.parametrize(
    "state", [state for state in AssemblyState if state is not AssemblyState.COUNTING and state.value != "POSTPONED"]
)
def test_votes_are_frozen_while_they_are_counted_and_at_no_other_time(
    app: Flask, make: Factory, state: AssemblyState
) -> None:
    make.member()
    now = scene(make, state)
    with refused("illegal_step"):
        now.propose(seen_digest="0" * 64)
    with refused("illegal_step"):
        run(freezing.keep_draft, now.held, actor=now.first, now=NOW)
    with refused("illegal_step"):
        mark(now, "CHANGE:1:1")


def test_what_is_proposed_is_what_was_on_the_screen(app: Flask, make: Factory) -> None:
    make.member()
    now = scene(make)
    with refused("changed_since"):
        now.propose(seen_digest="0" * 64)
    with refused("stale"):
        now.propose(seen_version=7)
    now.propose()
    with refused("already_proposed"):
        now.propose()


def test_a_reason_is_needed(app: Flask, make: Factory) -> None:
    make.member()
    now = scene(make)
    with refused("reason_missing", field="reason"):
        now.propose(reason=" ")
    with refused("reason_missing", field="reason"):
        mark(now, "CHANGE:1:1", reason="　")


def test_before_the_end_of_the_record_date_nothing_is_frozen(app: Flask, make: Factory) -> None:
    make.member()
    now = scene(make)
    with unit_of_work() as session:
        session.get_one(type(now.row), now.held).record_on = changing.TODAY
    with refused("record_day_ahead"):
        now.propose()


def test_votes_that_changed_since_are_not_frozen(app: Flask, make: Factory) -> None:
    one, two = make.member(), make.member()
    now = scene(make)
    number = now.propose()
    assembling.controls(one, two)
    with refused("changed_since"):
        now.confirm(number)
    run(proposals.drop, number, seen_version=1, actor=now.second, now=NOW)
    assert now.freeze().total == 1


def test_a_change_without_weight_does_not_stand_in_the_way(app: Flask, make: Factory) -> None:
    member = make.member()
    now = scene(make)
    number = now.propose()
    with entering() as change:
        from occto.services import register

        register.set_item(
            *change.into, member_id=member.id, item="url", value="https://a.example.jp/", effective_on=BEFORE
        )
    now.confirm(number)
    assert now.row.state is AssemblyState.FROZEN


def test_facts_known_before_the_freeze_are_settled_by_it(app: Flask, make: Factory) -> None:
    member = make.member()
    now = scene(make)
    capital(member, 5)
    assert [fact.outcome for fact in now.facts()] == [None]
    now.freeze()
    (fact,) = now.facts()
    assert (fact.outcome, fact.reason) == (LateOutcome.INCLUDED, "確定します")
    assert (fact.decided_by_id, fact.second_by_id) == (now.first.user_id, now.second.user_id)


def test_an_error_of_the_calculation_cannot_be_passed_by(app: Flask, make: Factory) -> None:
    one, two = make.member(), make.member()
    assembling.controls(one, two)
    assembling.controls(two, one)
    now = scene(make)
    with refused("calculation_errors"):
        now.propose()
    with refused("stale"):
        mark(now, "ERROR:cycle")


def test_undecided_cases_are_settled_or_marked(app: Flask, make: Factory) -> None:
    make.member()
    request = make.change_request(answers=changing.capital(7, on=BEFORE), occurred_on=BEFORE)
    case = answers.in_state(make, ApplicationState.ACCEPTED)
    now = scene(make)
    keys = now.keys()
    assert len(keys) == 2
    with refused("cases_open"):
        now.propose()
    with refused("none_chosen", field="keys"):
        mark(now)
    with refused("stale"):
        mark(now, *keys, "CHANGE:99:1")
    mark(now, *keys)
    now.freeze()
    marks = db.session.scalars(select(FreezeCheck.case_key).order_by(FreezeCheck.case_key)).all()
    assert [key.rsplit(":", 1)[0] for key in marks] == [f"APPLICATION:{case.id}", f"CHANGE:{request.id}"]


def test_what_is_sent_in_anew_asks_again(app: Flask, make: Factory) -> None:
    request = changing.in_state(make, ChangeState.RETURNED, answers=changing.capital(7, on=BEFORE), occurred_on=BEFORE)
    now = scene(make)
    mark(now, *now.keys())
    assert now.keys() == []
    number = now.propose()
    changing.send(request)
    assert now.keys() == [f"CHANGE:{request.id}:2"]
    with refused("cases_open"):
        now.confirm(number)


def test_a_later_mark_takes_the_place_of_an_earlier_one(app: Flask, make: Factory) -> None:
    make.change_request(answers=changing.capital(7, on=BEFORE), occurred_on=BEFORE)
    now = scene(make)
    (key,) = now.keys()
    mark(now, key)
    mark(now, key, reason="取下げの連絡があった", actor=now.second)
    found = db.session.scalars(select(FreezeCheck)).one()
    assert (found.reason, found.checked_by_id) == ("取下げの連絡があった", now.second.user_id)


def test_a_draft_like_the_last_one_is_refused(app: Flask, make: Factory) -> None:
    make.member()
    now = scene(make)
    run(freezing.keep_draft, now.held, reason="はじめの集計", actor=now.first, now=NOW)
    with refused("no_change"):
        run(freezing.keep_draft, now.held, actor=now.first, now=NOW)


def test_the_daily_work_keeps_a_draft_when_votes_have_changed(app: Flask, make: Factory) -> None:
    member = make.member()
    now = scene(make)
    other = scene(make, AssemblyState.PREPARING)
    worker.run_daily()
    worker.run_daily()
    assert [one.no for one in now.snapshots()] == [1]
    with entering():
        pass  # a number is used up, and nothing changes
    worker.run_daily()
    assert len(now.snapshots()) == 1
    capital(member, 3)
    worker.run_daily()
    assert [(one.no, one.state, one.made_by_id) for one in now.snapshots()] == [
        (1, SnapshotState.DRAFT, None),
        (2, SnapshotState.DRAFT, None),
    ]
    assert other.snapshots() == []


def test_of_two_who_confirm_at_once_one_freezes(fresh_app: Flask) -> None:
    make = Factory(fresh_app)
    make.member()
    now = scene(make)
    number, third = now.propose(), make.actor(make.staff(Role.APPROVER), Role.APPROVER)

    def confirm(actor: Any) -> Any:
        return run(proposals.confirm, number, handlers=HANDLERS, seen_version=1, actor=actor, now=NOW)

    results = at_once(fresh_app, [lambda actor=actor: confirm(actor) for actor in (now.second, third)])
    assert sorted(map(str, results)) == ["None", "stale"]
    assert db.session.scalar(select(func.count()).select_from(Snapshot).where(Snapshot.state == "FROZEN")) == 1


@pytest.mark.parametrize("_round", range(3))
def test_a_freeze_and_a_change_of_the_register_come_one_after_the_other(fresh_app: Flask, _round: int) -> None:
    """Whichever is first: the change is in the frozen votes, or it is noted as known too late, never neither."""
    make = Factory(fresh_app)
    member = make.member()
    now = scene(make)
    number = now.propose()

    def confirm() -> Any:
        return run(proposals.confirm, number, handlers=HANDLERS, seen_version=1, actor=now.second, now=NOW)

    results = at_once(fresh_app, [confirm, lambda: capital(member, 77)])
    if results[0] == "changed_since":
        assert now.row.state is AssemblyState.COUNTING
        return
    assert results == [None, None]
    kept = db.session.scalars(select(SnapshotMember.capital).where(SnapshotMember.snapshot_id == now.frozen().id)).one()
    (fact,) = now.facts()
    assert (kept, fact.outcome) == (10_000_000, None)
