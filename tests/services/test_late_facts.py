"""基準日後判明 after the freeze: freeze again, keep, postpone, each by two persons."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from occto.domain.assembly import AssemblyState
from occto.domain.assembly_settings import AssemblySettings
from occto.domain.codes import LateOutcome, SnapshotState
from occto.domain.permissions import Role
from occto.domain.reply_board import read_board
from occto.domain.tally import Choice
from occto.extensions import db
from occto.models import AuditDetail, AuditEvent, Ballot, HolderElection, OutboxMail, StandingReply
from occto.queries.reply_board import count_replies
from occto.queries.snapshots import votes_of
from occto.services import late_facts, proposals
from occto.unit_of_work import run, unit_of_work
from tests import assembling
from tests.factories import NOW, Factory
from tests.freezing import BEFORE, Scene, capital, moved, on_paper, sanction, scene
from tests.observing import refused
from tests.replying import reply

S, Out = AssemblyState, LateOutcome
BEFORE_THE_HALL = (S.FROZEN, S.NOTIFIED, S.REPLIES_OPEN, S.REPLIES_CLOSED)


@pytest.fixture
def frozen(app: Flask, make: Factory) -> Scene:
    """Three members, votes frozen, replies open, and a sanction of the first that is known too late."""
    members = [make.member(name=f"会員{number}電力株式会社") for number in range(3)]
    now = scene(make)
    now.freeze()
    moved(now.held, S.REPLIES_OPEN)
    for member in members:
        person = make.user()
        make.affiliate(person, member, Role.ADMINISTRATOR)
    sanction(members[0])
    return now


def told() -> list[OutboxMail]:
    db.session.rollback()
    return list(db.session.scalars(select(OutboxMail).where(OutboxMail.template == "assemblies/votes_changed")))


def test_a_sanction_that_is_known_too_late_is_noted(frozen: Scene) -> None:
    assert [fact.outcome for fact in frozen.facts()] == [None]


def test_a_sanction_of_other_rights_touches_no_votes(frozen: Scene) -> None:
    member = frozen.make.member(since=NOW.date())
    sanction(member, since=NOW.date())
    assert len(frozen.facts()) == 1


def test_freezing_again_counts_the_fact_and_keeps_the_earlier_freeze(frozen: Scene) -> None:
    first = frozen.frozen()
    frozen.confirm(frozen.refreeze())
    states = [(one.no, one.state, one.total) for one in frozen.snapshots()]
    assert states == [(1, SnapshotState.DRAFT, 3), (2, SnapshotState.SUPERSEDED, 3), (3, SnapshotState.FROZEN, 2)]
    assert frozen.snapshots()[1].sha256 == first.sha256
    (fact,) = frozen.facts()
    assert (fact.outcome, fact.reason, fact.decided_by_id, fact.second_by_id) == (
        Out.REFREEZE,
        "後から分かったため",
        frozen.first.user_id,
        frozen.second.user_id,
    )
    assert (frozen.row.state, frozen.row.version) == (S.REPLIES_OPEN, 3)


def test_whoever_votes_change_is_told(frozen: Scene) -> None:
    frozen.confirm(frozen.refreeze())
    mails = {mail.params["company"]: mail.params for mail in told()}
    assert {name: (one["votes_before"], one["votes_after"]) for name, one in mails.items()} == {
        "会員0電力株式会社": (1, 0),
        "会員1電力株式会社": (1, 1),
        "会員2電力株式会社": (1, 1),
    }
    assert {(one["total_before"], one["total_after"]) for one in mails.values()} == {(3, 2)}
    assert {mail.assembly_id for mail in told()} == {frozen.held}


def test_a_member_on_paper_is_counted_for_a_letter(app: Flask, make: Factory) -> None:
    one, two = make.member(), make.member()
    now = scene(make)
    now.freeze()
    for member in (one, two):
        on_paper(member)
    sanction(one)
    now.confirm(now.refreeze())
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.tag == "assembly.votes_told")).one()
    detail = db.session.get_one(AuditDetail, event.id)
    assert detail.payload == {"members": 2, "told": 0, "by_post": 2}


def test_members_of_other_groups_are_not_told(app: Flask, make: Factory) -> None:
    generating, retailing = make.member(licences=("GEN",)), make.member(licences=("RETAIL",))
    make.member(licences=("GEN",))
    now = scene(make)
    now.freeze()
    for member in (generating, retailing):
        make.affiliate(make.user(), member)
    sanction(generating)
    now.confirm(now.refreeze())
    assert [mail.member_id for mail in told()] == [generating.id]


def test_replies_stay_and_are_weighed_anew(app: Flask, make: Factory) -> None:
    """Two companies of a family and one beside them: the capital that was not known hands the votes over."""
    parent = make.member(licences=("RETAIL",))
    one, two, beside = (make.member(capital=capital) for capital in (9, 5, 1))
    for child in (one, two):
        assembling.controls(parent, child)
    now = scene(make)
    now.freeze()
    moved(now.held, S.REPLIES_OPEN)
    put = assembling.item(now.row)
    for member, choice in ((one, Choice.YES), (two, Choice.NO), (beside, Choice.ABSTAIN)):
        reply(make, now.row, member, choices={put: choice})
    before = replies_of(now)
    assert given(now) == {Choice.YES: (1, 1), Choice.NO: (0, 0), Choice.ABSTAIN: (1, 1)}
    capital(two, 10)
    now.confirm(now.refreeze())
    assert replies_of(now) == before
    assert given(now) == {Choice.YES: (0, 0), Choice.NO: (1, 1), Choice.ABSTAIN: (1, 1)}


def replies_of(of: Scene) -> list[tuple[Any, ...]]:
    """Which reply stands of each member, with its version and its choices."""
    db.session.rollback()
    query = select(StandingReply.member_id, StandingReply.version, Ballot.reply_id, Ballot.item_id, Ballot.choice)
    rows = db.session.execute(query.join(Ballot, Ballot.reply_id == StandingReply.reply_id))
    return sorted(tuple(row) for row in rows)


def given(of: Scene) -> dict[Choice, tuple[int, int]]:
    """Members and votes of each choice on the only item, as the board counts them."""
    db.session.rollback()
    counts = count_replies(db.session(), of.held, day=NOW.date())
    assert counts is not None
    (found,) = read_board(counts, AssemblySettings()).items
    return {choice: (total.members, total.votes) for choice, total in found.advance.items()}


def test_elections_received_after_the_freeze_stay_out(app: Flask, make: Factory) -> None:
    parent, child = make.member(), make.member()
    assembling.controls(parent, child)
    now = scene(make)
    now.freeze()
    with unit_of_work() as session:
        session.add(
            HolderElection(
                vote_group="*",
                root_body_id=parent.body_id,
                holder_member_id=child.id,
                filed_by_member_id=parent.id,
                channel="ONLINE",
                received_at=NOW,
                state="EFFECTIVE",
            )
        )
    capital(parent, 3)
    now.confirm(now.refreeze())
    votes = votes_of(db.session(), now.held, parent.id)
    assert votes is not None
    assert votes.total == 1
    assert told() == []


@pytest.mark.parametrize("state", [S.HALL_OPEN, S.VOTING])
def test_once_the_count_in_the_hall_has_begun_nothing_is_frozen_again(frozen: Scene, state: AssemblyState) -> None:
    number = frozen.refreeze()
    moved(frozen.held, state)
    with refused("illegal_step"):
        frozen.confirm(number)
    run(proposals.drop, number, seen_version=1, actor=frozen.first, now=NOW)
    with refused("illegal_step"):
        frozen.refreeze()
    frozen.confirm(frozen.outcome(Out.KEEP))


@pytest.mark.parametrize("state", BEFORE_THE_HALL)
def test_before_the_count_in_the_hall_it_is(frozen: Scene, state: AssemblyState) -> None:
    moved(frozen.held, state)
    frozen.confirm(frozen.refreeze())
    assert frozen.row.state is state


def test_without_a_late_fact_nothing_is_frozen_again(app: Flask, make: Factory) -> None:
    make.member()
    now = scene(make)
    now.freeze()
    with refused("no_late_facts"):
        now.refreeze()


def test_votes_that_changed_since_are_not_frozen_again(frozen: Scene) -> None:
    with refused("changed_since"):
        frozen.refreeze(seen_digest="0" * 64)
    with refused("stale"):
        frozen.refreeze(seen_version=9)
    number = frozen.refreeze()
    with refused("second_person"):
        frozen.confirm(number, frozen.first)
    sanction(frozen.make.member(), since=BEFORE)
    with refused("changed_since"):
        frozen.confirm(number)


def test_an_error_stands_in_the_way(frozen: Scene) -> None:
    one, two = frozen.make.member(), frozen.make.member()
    number = frozen.refreeze()
    assembling.controls(one, two)
    assembling.controls(two, one)
    with refused("calculation_errors"):
        frozen.confirm(number)


@pytest.mark.parametrize("outcome", [Out.KEEP, Out.POSTPONE])
def test_a_fact_is_left_aside_or_the_assembly_will_be_postponed(frozen: Scene, outcome: LateOutcome) -> None:
    before = frozen.frozen()
    frozen.confirm(frozen.outcome(outcome))
    (fact,) = frozen.facts()
    assert (fact.outcome, fact.reason) == (outcome, "影響が小さいため")
    assert frozen.frozen().sha256 == before.sha256
    assert frozen.row.state is S.REPLIES_OPEN
    assert told() == []


def test_an_outcome_names_open_facts_and_has_a_reason(frozen: Scene) -> None:
    with refused("none_chosen", field="facts"):
        frozen.outcome(Out.KEEP, fact_ids=[])
    with refused("stale"):
        frozen.outcome(Out.KEEP, fact_ids=[99])
    with refused("stale"):
        frozen.outcome(Out.KEEP, seen_version=9)
    with refused("reason_missing", field="reason"):
        frozen.outcome(Out.KEEP, reason="")
    with refused("illegal_step"):
        frozen.outcome(Out.REFREEZE)
    with refused("illegal_step"):
        frozen.outcome(Out.INCLUDED)


def test_only_who_edits_assemblies_proposes(frozen: Scene) -> None:
    digest, frozen.first = frozen.digest(), frozen.make.actor(frozen.make.staff(Role.RECEPTION), Role.RECEPTION)
    with refused("not_allowed"):
        frozen.outcome(Out.KEEP)
    with refused("not_allowed"):
        frozen.refreeze(seen_digest=digest)


def test_before_the_freeze_there_is_nothing_to_decide(app: Flask, make: Factory) -> None:
    member = make.member()
    now = scene(make)
    capital(member, 7)
    with refused("illegal_step"):
        now.outcome(Out.KEEP)
    with refused("illegal_step"):
        now.refreeze()


def test_what_was_settled_meanwhile_is_not_settled_again(frozen: Scene) -> None:
    kept, again = frozen.outcome(Out.KEEP), frozen.refreeze()
    frozen.confirm(again)
    with refused("settled"):
        frozen.confirm(kept)


def test_what_was_kept_is_in_a_later_freeze_and_said_to_be(frozen: Scene) -> None:
    frozen.confirm(frozen.outcome(Out.KEEP))
    capital(frozen.make.member(), 9)
    frozen.confirm(frozen.refreeze())
    assert {fact.outcome for fact in frozen.facts()} == {Out.REFREEZE}


def test_who_is_told_is_who_votes_moved(frozen: Scene) -> None:
    from occto.queries.snapshots import calculated_again, frozen_of, kept_calculation

    with unit_of_work() as session:
        snapshot = frozen_of(session, frozen.held)
        assert snapshot is not None
        same = late_facts.votes_moved(kept_calculation(session, snapshot), kept_calculation(session, snapshot))
        other = late_facts.votes_moved(kept_calculation(session, snapshot), calculated_again(session, snapshot))
    assert same == []
    assert [(one.before, one.after) for one in other] == [(1, 0), (1, 1), (1, 1)]
