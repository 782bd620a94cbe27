"""回答の状況 before the day: what the counts of an assembly's replies say. Pure; the counts come from queries/reply_board.py."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import reduce
from typing import Any

from occto.domain.assembly_settings import AssemblySettings, BlankChoice, NoShow, QuorumBasis
from occto.domain.quorum import CERTAIN, EXPECTED, Quorum, quorum
from occto.domain.replies import Attendance, ReplyChannel
from occto.domain.tally import Choice, Resolution
from occto.domain.votes import Group

ANSWERS = (Attendance.ELECTRONIC, Attendance.PROXY, Attendance.CHAIR, Attendance.ATTEND, Attendance.ABSENT)
"""What a member that has answered may have said, in the order in which it is shown."""
DAYS_SHOWN = 45
"""Days of the trend; what was received before them stands in one sum."""


@dataclass(frozen=True, slots=True)
class Sum:
    """Members, those of them that hold votes (みなし会員), and their votes."""

    members: int = 0
    holders: int = 0
    votes: int = 0

    def __add__(self, other: "Sum") -> "Sum":
        return Sum(self.members + other.members, self.holders + other.holders, self.votes + other.votes)

    def __sub__(self, other: "Sum") -> "Sum":
        return Sum(self.members - other.members, self.holders - other.holders, self.votes - other.votes)


@dataclass(frozen=True, slots=True)
class Cell:
    """Members alike in channel and attendance (None: no reply stands). `left`: no longer a member, its vote is void."""

    channel: ReplyChannel | None
    attendance: Attendance | None
    left: bool
    sum: Sum

    @property
    def answered(self) -> bool:
        return not self.left and self.attendance not in (None, Attendance.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class Part:
    """A group, or all members: its cells in no order."""

    cells: tuple[Cell, ...]

    def total(self, asked: Callable[[Cell], bool] = lambda _cell: True) -> Sum:
        """The sum over the cells that are asked for."""
        return reduce(Sum.__add__, (cell.sum for cell in self.cells if asked(cell)), Sum())

    @property
    def whole(self) -> Sum:
        return self.total()

    @property
    def answered(self) -> Sum:
        return self.total(lambda cell: cell.answered)

    @property
    def left(self) -> Sum:
        return self.total(lambda cell: cell.left)

    @property
    def unanswered(self) -> Sum:
        return self.whole - self.answered - self.left

    def by_channel(self, channel: ReplyChannel) -> Sum:
        return self.total(lambda cell: cell.answered and cell.channel is channel)

    def by_attendance(self, *attendances: Attendance) -> Sum:
        return self.total(lambda cell: cell.answered and cell.attendance in attendances)


@dataclass(frozen=True, slots=True)
class ItemCount:
    """The choices on one item so far, conflict members (電気事業法 28条の39) and void votes out.

    `advance`: of those who exercise their votes in advance. `attending`: of those who said that they come, or
    somebody for them; these count where nobody checks in. `blank`: exercised in advance, but without a choice on this item.
    """

    id: int
    no: int
    title: str
    resolution: Resolution
    advance: Mapping[Choice, Sum]
    attending: Mapping[Choice, Sum]
    blank: Sum
    conflict: Sum

    @property
    def exercised(self) -> Sum:
        """All choices in advance, blanks left aside."""
        return reduce(Sum.__add__, self.advance.values(), Sum())


@dataclass(frozen=True, slots=True)
class Day:
    """Replies that stand, by the day on which they were received; `so_far` with all before."""

    on: date
    sum: Sum
    so_far: Sum


@dataclass(frozen=True, slots=True)
class Board:
    """回答の状況 as counted: all members on the roll, the groups, the items, the days."""

    all: Part
    groups: Mapping[Group, Part]
    items: Sequence[ItemCount]
    days: Sequence[Day]
    before: Sum
    blank_means: BlankChoice
    no_show_choices_count: bool
    settings: AssemblySettings

    def quorum(self, attendances: Iterable[Attendance]) -> Quorum:
        """The quorum where those present are the ones with these attendances. Conflict members stay in it."""
        return quorum(_bases(self.all.by_attendance(*attendances)), _bases(self.all.whole), self.settings)

    @property
    def certain(self) -> Quorum:
        """確実: by what is exercised or mandated already."""
        return self.quorum(CERTAIN)

    @property
    def expected(self) -> Quorum:
        """見込み: with those who said that they come."""
        return self.quorum(EXPECTED)


def _bases(found: Sum) -> dict[QuorumBasis, int]:
    return {
        QuorumBasis.ALL_MEMBERS: found.members,
        QuorumBasis.DEEMED_MEMBERS: found.holders,
        QuorumBasis.VOTES: found.votes,
    }


def read_board(counts: Mapping[str, Any], settings: AssemblySettings) -> Board:
    """What stored counts say; `settings` are those of the assembly."""
    everything = Part(tuple(_cell(row) for row in counts["roll"]))
    groups = {group: Part(tuple(_cell(row[1:]) for row in counts["groups"] if row[0] == group)) for group in Group}
    days, before = _days(counts["days"])
    return Board(
        all=everything,
        groups=groups,
        items=[_item(one, counts, everything) for one in counts["items"]],
        days=days,
        before=before,
        blank_means=settings.blank_choice,
        no_show_choices_count=settings.no_show is NoShow.COUNT,
        settings=settings,
    )


def _cell(row: Sequence[Any]) -> Cell:
    channel, attendance, left, members, holders, votes = row
    return Cell(
        ReplyChannel(channel) if channel else None,
        Attendance(attendance) if attendance else None,
        bool(left),
        Sum(members, holders, votes),
    )


def _item(one: Mapping[str, Any], counts: Mapping[str, Any], everything: Part) -> ItemCount:
    def choices(attendance: Attendance) -> dict[Choice, Sum]:
        found = {row[1]: row for row in counts["ballots"] if row[0] == one["id"] and row[2] == attendance}
        return {choice: Sum(*found[choice][3:]) if choice in found else Sum() for choice in Choice}

    conflicts = [_cell(["", *row[1:]]) for row in counts["conflicts"] if row[0] == one["id"]]
    advance = choices(Attendance.ELECTRONIC)
    coming, by_proxy = choices(Attendance.ATTEND), choices(Attendance.PROXY)
    could = everything.by_attendance(Attendance.ELECTRONIC)
    barred = Part(tuple(conflicts)).by_attendance(Attendance.ELECTRONIC)
    given = reduce(Sum.__add__, advance.values(), Sum())
    blank = could - barred - given
    return ItemCount(
        id=one["id"],
        no=one["no"],
        title=one["title"],
        resolution=Resolution(one["majority"]),
        advance=advance,
        attending={one: coming[one] + by_proxy[one] for one in Choice},
        blank=Sum(blank.holders, blank.holders, blank.votes),
        conflict=Part(tuple(conflicts)).whole,
    )


def _days(rows: Sequence[Sequence[Any]]) -> tuple[list[Day], Sum]:
    """One day after the other without gaps, the last DAYS_SHOWN of them, and the sum of what came before."""
    found = {date.fromisoformat(row[0]): Sum(*row[1:]) for row in rows}
    if not found:
        return [], Sum()
    last = max(found)
    first = max(min(found), last - timedelta(days=DAYS_SHOWN - 1))
    before = reduce(Sum.__add__, (one for on, one in found.items() if on < first), Sum())
    days, so_far = [], before
    for number in range((last - first).days + 1):
        on = first + timedelta(days=number)
        received = found.get(on, Sum())
        so_far += received
        days.append(Day(on, received, so_far))
    return days, before
