"""Who is present, and whose vote counts: every row of the rule, and what holds whatever happens at the door."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from occto.domain.assembly_settings import BlankChoice, NoShow, QuorumBasis
from occto.domain.hall import Seat, Sheet, Vote, attends, exercises, in_hall, present, vote_of, votes_on
from occto.domain.reception import CheckInEnd
from occto.domain.replies import Attendance, ReplyChannel
from occto.domain.resolutions import VoteChannel
from occto.domain.tally import Choice
from occto.domain.tickets import TicketKind

A, C, V = Attendance, Choice, VoteChannel
ITEM = 7
COUNT, DROP = NoShow.COUNT, NoShow.DROP
SHEET = Sheet(ITEM, floor_choice=C.NO, chair_cast=C.ABSTAIN)


def cast(
    seat: Seat,
    sheet: Sheet = SHEET,
    *,
    proxy_here: bool = False,
    blank: BlankChoice = BlankChoice.NOT_ALLOWED,
    no_show: NoShow = COUNT,
) -> tuple[VoteChannel, Choice | None] | None:
    found = vote_of(seat, sheet, proxy_here=proxy_here, blank_choice=blank, no_show=no_show)
    return (found.channel, found.choice) if found is not None else None


YES = {ITEM: C.YES}


@pytest.mark.parametrize(
    ("seat", "expected", "quorum"),
    [
        (Seat(1, 2), None, None),
        (Seat(1, 2, A.ELECTRONIC, ballots=YES), (V.ELECTRONIC, C.YES), V.ELECTRONIC),
        (Seat(1, 2, A.ELECTRONIC, ReplyChannel.PAPER, ballots=YES), (V.PAPER, C.YES), V.PAPER),
        (Seat(1, 2, A.ELECTRONIC, ReplyChannel.STAFF, ballots=YES), (V.PAPER, C.YES), V.PAPER),
        (Seat(1, 2, A.ELECTRONIC), None, V.ELECTRONIC),
        (Seat(1, 2, A.CHAIR), (V.CHAIR, C.ABSTAIN), V.CHAIR),
        (Seat(1, 2, A.PROXY), None, V.PROXY),
        (Seat(1, 2, A.PROXY, ballots=YES), (V.ELECTRONIC, C.YES), V.PROXY),
        (Seat(1, 2, A.PROXY, proxy_member_id=5, ballots=YES), (V.ELECTRONIC, C.YES), V.PROXY),
        (Seat(1, 2, A.ATTEND), None, None),
        (Seat(1, 2, A.ATTEND, ballots=YES), (V.ELECTRONIC, C.YES), V.ELECTRONIC),
        (Seat(1, 2, A.ATTEND, ballots={8: C.YES}), None, V.ELECTRONIC),
        (Seat(1, 2, A.ABSENT), None, None),
        (Seat(1, 2, A.WITHDRAWN), None, None),
        (Seat(1, 2, A.ELECTRONIC, ballots=YES, set_aside=True), None, None),
        (Seat(1, 2, A.ELECTRONIC, ballots=YES, set_aside=True, voter=TicketKind.ATTENDEE), (V.FLOOR, C.NO), V.FLOOR),
        (Seat(1, 2, A.PROXY, set_aside=True, voter=TicketKind.PROXY), (V.PROXY, C.NO), V.PROXY),
        (Seat(1, 2, voter=TicketKind.WALK_IN), (V.FLOOR, C.NO), V.FLOOR),
        (Seat(1, 2, A.ELECTRONIC, ballots=YES, observers=1), (V.ELECTRONIC, C.YES), V.ELECTRONIC),
        (Seat(1, 2, A.ELECTRONIC, ballots=YES, left=True), None, None),
        (Seat(1, 2, voter=TicketKind.WALK_IN, left=True), None, None),
    ],
)
def test_every_row_of_the_rule(
    seat: Seat, expected: tuple[VoteChannel, Choice] | None, quorum: VoteChannel | None
) -> None:
    assert cast(seat) == expected
    assert exercises(seat, no_show=COUNT) is quorum


def test_choices_of_who_did_not_come_count_only_where_the_settings_say_so() -> None:
    for attendance in (A.ATTEND, A.PROXY):
        assert cast(Seat(1, 2, attendance, ballots=YES), no_show=DROP) is None
    assert exercises(Seat(1, 2, A.ATTEND, ballots=YES), no_show=DROP) is None
    assert exercises(Seat(1, 2, A.PROXY, ballots=YES), no_show=DROP) is V.PROXY, "a mandate is present by itself"


def test_an_item_left_blank_is_an_abstention_where_the_settings_say_so() -> None:
    blank = Seat(1, 2, A.ELECTRONIC, ballots={8: C.YES})
    assert cast(blank, blank=BlankChoice.ABSTAIN) == (V.ELECTRONIC, C.ABSTAIN)
    assert cast(replace(blank, attendance=A.ATTEND), blank=BlankChoice.ABSTAIN) is None


def test_a_mandate_follows_the_giver_then_its_holder_then_the_hall() -> None:
    giver = Seat(1, 2, A.PROXY, proxy_member_id=5, ballots=YES)
    assert cast(giver, proxy_here=True) == (V.PROXY, C.NO)
    assert cast(giver, replace(SHEET, floor_votes={5: C.ABSTAIN}), proxy_here=True) == (V.PROXY, C.ABSTAIN)
    assert cast(giver, replace(SHEET, floor_votes={5: C.ABSTAIN, 1: C.YES}), proxy_here=True) == (V.PROXY, C.YES)


@pytest.mark.parametrize(
    ("holder", "found"),
    [
        (Seat(5, 0, observers=1), (V.PROXY, C.NO)),
        (Seat(5, 2, A.ELECTRONIC, ballots=YES, observers=1), (V.PROXY, C.NO)),
        (Seat(5, 2, voter=TicketKind.ATTENDEE), (V.PROXY, C.NO)),
        (Seat(5, 2, A.ELECTRONIC, ballots=YES), (V.ELECTRONIC, C.YES)),
        (Seat(5, 2, voter=TicketKind.ATTENDEE, left=True), (V.ELECTRONIC, C.YES)),
    ],
)
def test_a_mandate_is_used_by_anybody_of_its_holder_in_the_hall(
    holder: Seat, found: tuple[VoteChannel, Choice]
) -> None:
    giver = Seat(1, 2, A.PROXY, proxy_member_id=5, ballots=YES)
    votes = votes_on(
        [giver, holder], SHEET, out=frozenset(), blank_choice=BlankChoice.NOT_ALLOWED, no_show=NoShow.COUNT
    )
    assert (votes[0].channel, votes[0].choice) == found


def test_what_is_still_to_be_declared_has_no_choice() -> None:
    empty = Sheet(ITEM)
    assert cast(Seat(1, 2, voter=TicketKind.ATTENDEE), empty) == (V.FLOOR, None)
    assert cast(Seat(1, 2, A.CHAIR), empty) == (V.CHAIR, None)
    assert cast(Seat(1, 2, A.PROXY, proxy_member_id=5), empty, proxy_here=True) == (V.PROXY, None)
    assert cast(Seat(1, 2, voter=TicketKind.ATTENDEE), replace(empty, floor_votes={1: C.YES})) == (V.FLOOR, C.YES)


def test_a_listener_makes_the_member_present_and_not_its_votes() -> None:
    seats = [Seat(1, 2, A.ABSENT, observers=2), Seat(2, 0, observers=1), Seat(3, 4, A.CHAIR)]
    assert attends(seats[0], no_show=COUNT) is V.FLOOR
    assert present(seats, no_show=COUNT) == {
        QuorumBasis.ALL_MEMBERS: 3,
        QuorumBasis.DEEMED_MEMBERS: 1,
        QuorumBasis.VOTES: 4,
    }


@pytest.mark.parametrize(
    ("ended", "ending", "now", "then"),
    [
        (None, None, True, [False, True, True, True]),
        (3, CheckInEnd.LEFT, False, [False, True, True, False]),
        (3, CheckInEnd.CHANGED, False, [False, True, True, False]),
        (3, CheckInEnd.UNDONE, False, [False, False, False, False]),
    ],
)
def test_who_was_in_the_hall_at_a_moment(
    ended: int | None, ending: CheckInEnd | None, now: bool, then: list[bool]
) -> None:
    began = datetime(2026, 12, 18, 10, tzinfo=UTC)
    instants = [began + timedelta(minutes=minutes) for minutes in range(4)]
    until = instants[ended] if ended is not None else None
    assert in_hall(instants[1], until, ending, as_at=None) is now
    assert [in_hall(instants[1], until, ending, as_at=one) for one in instants] == then


_ids = count(1)
seats = st.builds(
    Seat,
    member_id=st.builds(lambda: next(_ids)),
    votes=st.integers(0, 9),
    attendance=st.none() | st.sampled_from(Attendance),
    channel=st.sampled_from(ReplyChannel),
    proxy_member_id=st.none() | st.integers(1, 6),
    ballots=st.dictionaries(st.just(ITEM), st.sampled_from(Choice)),
    set_aside=st.booleans(),
    voter=st.none() | st.sampled_from([TicketKind.ATTENDEE, TicketKind.PROXY]),
    observers=st.integers(0, 2),
    left=st.booleans(),
)
rolls = st.lists(seats, max_size=8).map(lambda found: [replace(seat, member_id=n) for n, seat in enumerate(found, 1)])
sheets = st.builds(
    Sheet,
    item_id=st.just(ITEM),
    floor_choice=st.none() | st.sampled_from(Choice),
    chair_cast=st.none() | st.sampled_from(Choice),
    floor_votes=st.dictionaries(st.integers(1, 8), st.sampled_from(Choice)),
)
blanks, no_shows = st.sampled_from(BlankChoice), st.sampled_from(NoShow)


@given(rolls, sheets, blanks, no_shows, st.frozensets(st.integers(1, 8)))
def test_a_member_counts_once_with_its_weight(
    roll: list[Seat], sheet: Sheet, blank: BlankChoice, no_show: NoShow, out: frozenset[int]
) -> None:
    found = votes_on(roll, sheet, out=out, blank_choice=blank, no_show=no_show)
    assert len({vote.member_id for vote in found}) == len(found)
    weights = {seat.member_id: seat.votes for seat in roll}
    assert all(vote.votes == weights[vote.member_id] > 0 and vote.member_id not in out for vote in found)
    assert not any(seat.left and seat.member_id in {vote.member_id for vote in found} for seat in roll)


@given(rolls, no_shows)
def test_the_channels_together_are_those_present(roll: list[Seat], no_show: NoShow) -> None:
    found = present(roll, no_show=no_show)
    by_channel = {
        one: sum(seat.votes for seat in roll if exercises(seat, no_show=no_show) is one) for one in VoteChannel
    }
    members = {one: sum(attends(seat, no_show=no_show) is one for seat in roll) for one in VoteChannel}
    assert sum(by_channel.values()) == found[QuorumBasis.VOTES]
    assert sum(members.values()) == found[QuorumBasis.ALL_MEMBERS] >= found[QuorumBasis.DEEMED_MEMBERS]


@given(rolls, sheets, blanks, no_shows)
def test_whoever_votes_on_an_item_is_in_the_quorum(
    roll: list[Seat], sheet: Sheet, blank: BlankChoice, no_show: NoShow
) -> None:
    found = votes_on(roll, sheet, out=frozenset(), blank_choice=blank, no_show=no_show)
    counted = {seat.member_id for seat in roll if exercises(seat, no_show=no_show) is not None}
    assert {vote.member_id for vote in found} <= counted


@given(seats, sheets, st.sampled_from(Choice))
def test_an_arrival_moves_exactly_the_weight_of_the_member(seat: Seat, sheet: Sheet, ballot: Choice) -> None:
    """An advance vote that is set aside leaves its channel as a whole, and stands on the floor as a whole."""
    before = replace(
        seat,
        votes=seat.votes + 1,
        attendance=A.ELECTRONIC,
        ballots={ITEM: ballot},
        set_aside=False,
        voter=None,
        left=False,
    )
    after = replace(before, set_aside=True, voter=TicketKind.ATTENDEE)

    def votes(one: Seat) -> list[Vote]:
        return votes_on([one], sheet, out=frozenset(), blank_choice=BlankChoice.NOT_ALLOWED, no_show=COUNT)

    (advance,), (floor,) = votes(before), votes(after)
    assert (advance.channel, advance.choice) == (before.sent, ballot)
    assert (floor.channel, floor.votes) == (V.FLOOR, advance.votes)
    assert present([before], no_show=COUNT) == present([after], no_show=COUNT)
