"""会場: who is present, and whose vote counts on an item through which channel (業務: `domain` 6). Pure: integers and codes.

One rule for the live board, the quorum and the decision. SQL does the same for whole rolls (`queries/item_votes.py`,
`queries/hall_board.py`); a property test holds the two together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from occto.domain.assembly_settings import BlankChoice, NoShow, QuorumBasis
from occto.domain.dates import today_jst
from occto.domain.reception import CheckInEnd
from occto.domain.replies import Attendance, ReplyChannel
from occto.domain.resolutions import VoteChannel
from occto.domain.tally import Choice
from occto.domain.tickets import TicketKind

MANDATED = frozenset({Attendance.ELECTRONIC, Attendance.PROXY, Attendance.CHAIR})
"""Replies in force that are present by themselves: votes exercised in advance, and mandates."""


def day_of(held_at: datetime, *, now: datetime) -> date:
    """The day by which it is judged who is no member any more: a correction on a later day counts who was one on the day."""
    return min(today_jst(now), today_jst(held_at))


def in_hall(
    entered_at: datetime, ended_at: datetime | None, ending: CheckInEnd | None, *, as_at: datetime | None
) -> bool:
    """Whether a check-in is one of somebody in the hall at `as_at`; None: now. One that was undone never was."""
    if as_at is None:
        return ended_at is None
    return ending is not CheckInEnd.UNDONE and entered_at <= as_at and (ended_at is None or ended_at > as_at)


@dataclass(frozen=True, slots=True)
class Seat:
    """A member on the frozen roll, as it stands at one instant.

    `attendance` is that of the standing reply, None: none; `set_aside`: whoever votes for the member came to the hall.
    `voter`: the kind of the ticket with which somebody votes for it at the hall now; `observers` listen for it there.
    `ballots`: item → choice; `left`: it is no member any more, and void everywhere.
    """

    member_id: int
    votes: int
    attendance: Attendance | None = None
    channel: ReplyChannel = ReplyChannel.ELECTRONIC
    proxy_member_id: int | None = None
    ballots: Mapping[int, Choice] = field(default_factory=dict)
    set_aside: bool = False
    voter: TicketKind | None = None
    observers: int = 0
    left: bool = False

    @property
    def advance(self) -> Attendance | None:
        """The reply that is in force; None where there is none, it was set aside, or somebody votes at the hall."""
        return None if self.set_aside or self.voter is not None else self.attendance

    @property
    def sent(self) -> VoteChannel:
        """Through what its reply came."""
        return VoteChannel.ELECTRONIC if self.channel is ReplyChannel.ELECTRONIC else VoteChannel.PAPER

    @property
    def at_hall(self) -> VoteChannel:
        """Whoever votes at the hall does so for the member itself, or by a mandate."""
        return VoteChannel.PROXY if self.voter is TicketKind.PROXY else VoteChannel.FLOOR


def exercises(seat: Seat, *, no_show: NoShow) -> VoteChannel | None:
    """Through what the member exercises its votes, for the quorum and the board; None: not yet.

    Nobody is counted twice: whoever votes at the hall has left every other channel.
    """
    if seat.left:
        return None
    if seat.voter is not None:
        return seat.at_hall
    match seat.advance:
        case Attendance.ELECTRONIC:
            return seat.sent
        case Attendance.CHAIR:
            return VoteChannel.CHAIR
        case Attendance.PROXY:
            return VoteChannel.PROXY
        case Attendance.ATTEND if seat.ballots and no_show is NoShow.COUNT:
            return seat.sent
    return None


def attends(seat: Seat, *, no_show: NoShow) -> VoteChannel | None:
    """The same for the member as such: one that only listens at the hall is present there too."""
    found = exercises(seat, no_show=no_show)
    if found is None and seat.observers and not seat.left:
        return VoteChannel.FLOOR
    return found


def present(seats: Sequence[Seat], *, no_show: NoShow) -> dict[QuorumBasis, int]:
    """Who is present on the three bases of the quorum; conflict members stay in it."""
    acting = [seat for seat in seats if seat.votes and exercises(seat, no_show=no_show) is not None]
    return {
        QuorumBasis.ALL_MEMBERS: sum(attends(seat, no_show=no_show) is not None for seat in seats),
        QuorumBasis.DEEMED_MEMBERS: len(acting),
        QuorumBasis.VOTES: sum(seat.votes for seat in acting),
    }


@dataclass(frozen=True, slots=True)
class Sheet:
    """採決の記録 of an item: how those at the hall vote as one, who votes otherwise, and what the chair declares."""

    item_id: int
    floor_choice: Choice | None = None
    chair_cast: Choice | None = None
    floor_votes: Mapping[int, Choice] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Vote:
    """The vote of a holder that is present for an item. `choice` None: it is still to be recorded or declared."""

    member_id: int
    channel: VoteChannel
    choice: Choice | None
    votes: int


def vote_of(seat: Seat, sheet: Sheet, *, proxy_here: bool, blank_choice: BlankChoice, no_show: NoShow) -> Vote | None:
    """How a holder votes on the item; None: it is not present for it. Conflict members are out before this is asked.

    `proxy_here`: somebody of the member that holds its mandate is in the hall, be it an observer.
    """
    if seat.left or not seat.votes:
        return None
    own = sheet.floor_votes.get(seat.member_id)
    if seat.voter is not None:
        return Vote(seat.member_id, seat.at_hall, own or sheet.floor_choice, seat.votes)
    ballot = seat.ballots.get(sheet.item_id)
    match seat.advance:
        case Attendance.ELECTRONIC:
            choice = ballot or (Choice.ABSTAIN if blank_choice is BlankChoice.ABSTAIN else None)
        case Attendance.CHAIR:
            return Vote(seat.member_id, VoteChannel.CHAIR, sheet.chair_cast, seat.votes)
        case Attendance.PROXY if proxy_here and seat.proxy_member_id is not None:
            follows = own or sheet.floor_votes.get(seat.proxy_member_id) or sheet.floor_choice
            return Vote(seat.member_id, VoteChannel.PROXY, follows, seat.votes)
        case Attendance.PROXY | Attendance.ATTEND:
            choice = ballot if no_show is NoShow.COUNT else None
        case _:
            choice = None
    return Vote(seat.member_id, seat.sent, choice, seat.votes) if choice is not None else None


def members_here(seats: Sequence[Seat]) -> frozenset[int]:
    """The members of which somebody is in the hall: they act on the mandates that they hold."""
    return frozenset(seat.member_id for seat in seats if not seat.left and (seat.voter is not None or seat.observers))


def stranded(seats: Sequence[Seat], *, out: frozenset[int]) -> list[Seat]:
    """Holders whose mandate is with a member of which nobody is in the hall; `out`: conflict members.

    On the item they count by the choice beside the mandate where that is the rule (`NoShow.COUNT`), else not at all.
    """
    here = members_here(seats)
    return [
        seat
        for seat in seats
        if seat.votes
        and not seat.left
        and seat.member_id not in out
        and seat.advance is Attendance.PROXY
        and seat.proxy_member_id is not None
        and seat.proxy_member_id not in here
    ]


def votes_on(
    seats: Sequence[Seat], sheet: Sheet, *, out: frozenset[int], blank_choice: BlankChoice, no_show: NoShow
) -> list[Vote]:
    """The votes of all holders present for the item, in the order of `seats`; `out`: conflict members."""
    here = members_here(seats)
    found = [
        vote_of(
            seat,
            sheet,
            proxy_here=seat.proxy_member_id in here,
            blank_choice=blank_choice,
            no_show=no_show,
        )
        for seat in seats
        if seat.member_id not in out
    ]
    return [vote for vote in found if vote is not None]
