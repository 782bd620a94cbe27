"""The recount in SQL and the pure rule say the same of small assemblies in which anything may have happened."""

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import select

from occto.domain.assembly_settings import NoShow, QuorumBasis, read_settings
from occto.domain.dates import today_jst
from occto.domain.hall import Seat, attends, exercises, present, stranded, votes_on
from occto.domain.hall_board import HallBoard, read_hall
from occto.domain.reception import CheckInEnd
from occto.domain.resolutions import VoteChannel
from occto.domain.tally import Choice
from occto.extensions import db
from occto.models import AgendaConflict, Assembly, CheckIn, SnapshotUnit, UnitMember
from occto.queries.hall_board import count_hall, hall_of, quorum_now
from occto.queries.item_votes import stranded as mandates_without
from occto.queries.item_votes import tally_of_item, votes_of_item
from occto.unit_of_work import unit_of_work
from tests.assembling import HELD, item
from tests.deciding import enter, random_hall, seats_of, sheet_of
from tests.factories import Factory
from tests.queries.test_void_votes import ends
from tests.receiving import ARRIVAL, door
from tests.replying import reply
from tests.test_statement_counts import counted

DAY = today_jst(HELD)
SEEDS = range(12)
MOMENTS = [None, *(ARRIVAL + timedelta(minutes=minutes) for minutes in (0, 20, 45))]
"""Now, and before, between and after what happens at the door of `random_hall`."""


@pytest.mark.parametrize("as_at", MOMENTS)
@pytest.mark.parametrize("seed", SEEDS)
def test_votes_on_items_are_those_of_the_rule(make: Factory, seed: int, as_at: datetime | None) -> None:
    scene, items = random_hall(make, seed)
    held = db.session.get_one(Assembly, scene.held.id)
    settings = read_settings(held.settings)
    seats = seats_of(held, day=DAY, as_at=as_at)
    now = hall_of(db.session(), held, day=DAY)
    assert now is not None
    hall = replace(now, as_at=as_at)
    there = {one.basis: one.present for one in quorum_now(db.session(), hall).counts}
    assert there == present(seats, no_show=settings.no_show)
    for one in items:
        out = frozenset(
            db.session.scalars(
                select(AgendaConflict.member_id)
                .where(AgendaConflict.item_id == one.id)
                .order_by(AgendaConflict.member_id)
            )
        )
        without = stranded(seats, out=out)
        waiting = mandates_without(db.session(), hall, one.id)
        by_choice = {vote.member_id for vote in votes_of_item(db.session(), hall, one.id)}
        left = {seat.member_id for seat in seats if seat.left}
        for which, mandates in ((False, waiting.away), (True, waiting.left)):
            of = [seat for seat in without if (seat.proxy_member_id in left) is which]
            counted = [seat for seat in of if seat.member_id in by_choice]
            assert mandates == (
                len(of),
                sum(seat.votes for seat in of),
                len(counted),
                sum(seat.votes for seat in counted),
            )
        rule = votes_on(seats, sheet_of(one.id), out=out, blank_choice=settings.blank_choice, no_show=settings.no_show)
        found = votes_of_item(db.session(), hall, one.id)
        expected = [(vote.member_id, vote.channel, vote.choice, vote.votes) for vote in rule]
        assert [tuple(vote) for vote in found] == expected
        sums: Counter[tuple[VoteChannel, Choice | None]] = Counter()
        for vote in rule:
            sums[vote.channel, vote.choice] += vote.votes
        assert {(one.channel, one.choice): one.votes for one in tally_of_item(db.session(), hall, one.id)} == sums


@pytest.mark.parametrize("seed", SEEDS)
def test_the_board_is_a_recount_by_the_rule(make: Factory, seed: int) -> None:
    scene, _items = random_hall(make, seed)
    held = db.session.get_one(Assembly, scene.held.id)
    settings = read_settings(held.settings)
    seats = seats_of(held, day=DAY)
    counts = count_hall(db.session(), held.id, day=DAY)
    assert counts is not None
    board = read_hall(counts, settings)
    expected = present(seats, no_show=settings.no_show)
    assert {count.basis: count.present for count in board.quorum.counts} == expected
    hall = hall_of(db.session(), held, day=DAY)
    assert hall is not None
    assert quorum_now(db.session(), hall) == board.quorum
    for shown in board.items:
        tally = tally_of_item(db.session(), hall, shown.id)
        assert shown.waits_for == {one.channel for one in tally if one.choice is None}
    for one in VoteChannel:
        acting = [seat for seat in seats if seat.votes and exercises(seat, no_show=settings.no_show) is one]
        there = [seat for seat in seats if attends(seat, no_show=settings.no_show) is one]
        found = board.all.by_channel(one)
        assert (found.members, found.holders, found.votes) == (
            len(there),
            len(acting),
            sum(seat.votes for seat in acting),
        )
    _check_groups(board, seats, settings.no_show)


def _check_groups(board: HallBoard, seats: list[Seat], no_show: NoShow) -> None:
    by_id = {seat.member_id: seat for seat in seats}
    units = db.session.execute(
        select(SnapshotUnit.vote_group, SnapshotUnit.holder_id, SnapshotUnit.votes).order_by(
            SnapshotUnit.vote_group, SnapshotUnit.unit_no
        )
    ).all()
    of_group = db.session.execute(
        select(UnitMember.vote_group, UnitMember.member_id).order_by(UnitMember.vote_group, UnitMember.member_id)
    ).all()
    for group, part in board.groups.items():
        mine = [by_id[row.member_id] for row in of_group if row.vote_group is group]
        held = [(by_id[row.holder_id], row.votes) for row in units if row.vote_group is group]
        for one in VoteChannel:
            found = part.by_channel(one)
            acting = [votes for seat, votes in held if exercises(seat, no_show=no_show) is one]
            assert found.members == sum(attends(seat, no_show=no_show) is one for seat in mine)
            assert (found.holders, found.votes) == (len(acting), sum(acting))


def test_an_arrival_moves_exactly_the_weight_of_the_member(make: Factory) -> None:
    scene = door(make)
    one = item(scene.held)
    reply(make, scene.held, scene.voter, choices={one: Choice.YES})

    def board() -> HallBoard:
        counts = count_hall(db.session(), scene.held.id, day=DAY)
        assert counts is not None
        return read_hall(counts, read_settings(scene.held.settings))

    before = board()
    scene.show(scene.ticket())
    after = board()
    weight = before.all.by_channel(VoteChannel.ELECTRONIC)
    assert weight.votes == 1
    assert after.all.by_channel(VoteChannel.ELECTRONIC).votes == 0
    assert after.all.by_channel(VoteChannel.FLOOR) == weight
    assert after.quorum == before.quorum


def test_who_has_left_is_void_and_the_totals_stay(make: Factory) -> None:
    scene = door(make)
    reply(make, scene.held, scene.voter)
    ends(scene.voter, "GEN", date(2026, 12, 1))
    counts = count_hall(db.session(), scene.held.id, day=DAY)
    assert counts is not None
    board = read_hall(counts, read_settings(scene.held.settings))
    votes = next(count for count in board.quorum.counts if count.basis is QuorumBasis.VOTES)
    assert (votes.present, votes.whole) == (0, 2)


def test_arrivals_are_counted_by_five_minutes_and_undone_ones_are_none(make: Factory) -> None:
    scene = door(make)
    first = enter(scene, scene.ticket())
    enter(scene, scene.ticket(scene.other), ending=CheckInEnd.UNDONE)
    guest = scene.ticket(kind="GUEST", member_id=None, voting=False)
    with unit_of_work() as session:
        session.add(
            CheckIn(
                assembly_id=scene.held.id,
                ticket_id=guest.id,
                voting=False,
                desk_id=scene.desk.id,
                entered_at=ARRIVAL + timedelta(minutes=5),
            )
        )
    counts = count_hall(db.session(), scene.held.id, day=DAY)
    assert counts is not None
    board = read_hall(counts, read_settings(scene.held.settings))
    assert [(one.at, one.persons) for one in board.arrivals] == [
        (first.entered_at, 1),
        (ARRIVAL + timedelta(minutes=5), 1),
    ]
    assert board.persons == {"VOTER": 1, "LISTENER": 0, "GUEST": 1}


def test_a_recount_takes_as_many_statements_whatever_the_numbers(make: Factory) -> None:
    scene, _items = random_hall(make, 5)
    for _ in range(2):
        db.session.rollback()
        with counted(make.app) as statements:
            count_hall(db.session(), scene.held.id, day=date(2026, 12, 18))
        assert len([one for one in statements if "SET LOCAL" not in one]) <= 7
