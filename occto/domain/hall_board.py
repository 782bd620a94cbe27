"""出席の状況: what the counts of the day say, by group and channel, with the quorum (業務: `domain` 6, Quorum)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from typing import Any

from occto.domain.assembly_settings import AssemblySettings, QuorumBasis
from occto.domain.outcomes import WITHDRAWN, outcome_in_words
from occto.domain.quorum import Quorum, quorum
from occto.domain.reply_board import Sum
from occto.domain.resolutions import VoteChannel
from occto.domain.tally import Outcome, Resolution
from occto.domain.votes import Group

SPAN_SECONDS = 300
"""Arrivals are counted by five minutes."""
SHOWN = 24
"""So many spans are drawn: two hours."""
PERSONS = ("VOTER", "LISTENER", "GUEST")
"""Who is in the hall: votes for a member, listens for one, or belongs to none."""


@dataclass(frozen=True, slots=True)
class HallCell:
    """Members of one kind. `channel`: through what they exercise their votes, None: not yet; `here`: somebody is in the hall."""

    channel: VoteChannel | None
    here: bool
    left: bool
    sum: Sum

    @property
    def shown_in(self) -> VoteChannel | None:
        """Where the member itself stands: one that only listens is at the hall."""
        return self.channel or (VoteChannel.FLOOR if self.here else None)


@dataclass(frozen=True, slots=True)
class HallPart:
    """All members, or those of one group. Each stands in one cell, so that the channels together are those present."""

    cells: tuple[HallCell, ...]

    def by_channel(self, channel: VoteChannel | None) -> Sum:
        """Members, holders and votes of a channel; None: those not present yet."""
        members = self._total(lambda cell: cell.shown_in is channel)
        acting = self._total(lambda cell: cell.channel is channel)
        return Sum(members.members, acting.holders, acting.votes)

    @property
    def present(self) -> Sum:
        return reduce(Sum.__add__, (self.by_channel(one) for one in VoteChannel), Sum())

    @property
    def left(self) -> Sum:
        """Those that are no members any more: void, and still in the totals."""
        return reduce(Sum.__add__, (cell.sum for cell in self.cells if cell.left), Sum())

    @property
    def whole(self) -> Sum:
        return reduce(Sum.__add__, (cell.sum for cell in self.cells), Sum())

    def _total(self, which: Callable[[HallCell], bool]) -> Sum:
        return reduce(Sum.__add__, (cell.sum for cell in self.cells if not cell.left and which(cell)), Sum())


@dataclass(frozen=True, slots=True)
class Arrivals:
    """How many persons came in the five minutes from `at` on."""

    at: datetime
    persons: int


@dataclass(frozen=True, slots=True)
class BoardItem:
    """An item of the agenda as it stands in 採決. `waits_for`: channels whose choices are not recorded."""

    id: int
    no: int
    title: str
    report: bool
    majority: Resolution | None
    notified: bool
    withdrawn: bool
    outcome: Outcome | None
    by_chair: bool
    amended: bool
    votes: tuple[int, int, int, int] | None
    waits_for: frozenset[VoteChannel]

    @property
    def missing(self) -> list[str]:
        """What is still to be recorded before it can be decided, in words."""
        found = [] if self.notified or not self.open else ["招集通知に載っていないため、議決できません"]
        if VoteChannel.CHAIR in self.waits_for:
            found.append("議長一任の賛否の宣言")
        if self.waits_for - {VoteChannel.CHAIR}:
            found.append("会場の賛否の記録")
        return found

    @property
    def words(self) -> str:
        """What became of it: 修正可決, 取下げ, 未採決."""
        return WITHDRAWN if self.withdrawn else outcome_in_words(self.outcome, amended=self.amended)

    @property
    def open(self) -> bool:
        """Put to vote, and not decided yet."""
        return not self.report and not self.withdrawn and self.outcome is None


@dataclass(frozen=True, slots=True)
class HallBoard:
    """出席の状況 as counted."""

    all: HallPart
    groups: Mapping[Group, HallPart]
    arrivals: Sequence[Arrivals]
    persons: Mapping[str, int]
    items: Sequence[BoardItem]
    quorum: Quorum

    @property
    def in_hall(self) -> int:
        return sum(self.persons.values())

    @property
    def undecided(self) -> list[BoardItem]:
        return [one for one in self.items if one.open]


def read_hall(counts: Mapping[str, Any], settings: AssemblySettings) -> HallBoard:
    """What stored counts say; `settings` are those of the assembly."""
    everything = HallPart(tuple(_cell(row) for row in counts["roll"]))
    groups = {group: HallPart(tuple(_cell(row[1:]) for row in counts["groups"] if row[0] == group)) for group in Group}
    persons = dict.fromkeys(PERSONS, 0) | dict(counts["persons"])
    return HallBoard(
        all=everything,
        groups=groups,
        arrivals=_arrivals(counts["arrivals"]),
        persons=persons,
        items=[_item(one) for one in counts["items"]],
        quorum=quorum(_bases(everything.present), _bases(everything.whole), settings),
    )


def _cell(row: Sequence[Any]) -> HallCell:
    channel, here, left, members, holders, votes = row
    return HallCell(VoteChannel(channel) if channel else None, bool(here), bool(left), Sum(members, holders, votes))


def _bases(found: Sum) -> dict[QuorumBasis, int]:
    return {
        QuorumBasis.ALL_MEMBERS: found.members,
        QuorumBasis.DEEMED_MEMBERS: found.holders,
        QuorumBasis.VOTES: found.votes,
    }


def _arrivals(rows: Sequence[Sequence[int]]) -> list[Arrivals]:
    """One span after the other without gaps, from the first of the last SHOWN on."""
    found = {row[0]: row[1] for row in rows}
    if not found:
        return []
    last = max(found)
    first = max(min(found), last - SHOWN + 1)
    return [
        Arrivals(datetime.fromtimestamp(span * SPAN_SECONDS, UTC), found.get(span, 0))
        for span in range(first, last + 1)
    ]


def _item(one: Mapping[str, Any]) -> BoardItem:
    return BoardItem(
        id=one["id"],
        no=one["no"],
        title=one["title"],
        report=one["report"],
        majority=Resolution(one["majority"]) if one["majority"] else None,
        notified=one["notified"],
        withdrawn=one["withdrawn"],
        outcome=Outcome(one["outcome"]) if one["outcome"] else None,
        by_chair=one["by_chair"] is not None,
        amended=one["amended"],
        votes=tuple(one["votes"]) if one["votes"] else None,
        waits_for=frozenset(map(VoteChannel, one["missing"])),
    )
