"""回答の状況: one recount of the replies that stand, weighed by the frozen votes. Exact: integers summed by the database.

みなし会員 are counted as holders: members with votes. Conflict members (電気事業法 28条の39) and those who have left are
taken off the sums through the few rows that name them, so that a million ballots are walked through once and plainly.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Select,
    String,
    Subquery,
    and_,
    case,
    cast,
    func,
    join,
    select,
    text,
    type_coerce,
    union,
    union_all,
)
from sqlalchemy.orm import Session

from occto.domain.agenda import ItemKind
from occto.domain.replies import Attendance
from occto.domain.tally import Choice
from occto.models import (
    AgendaConflict,
    AgendaItem,
    Assembly,
    Ballot,
    Member,
    Reply,
    SnapshotMember,
    SnapshotUnit,
    StandingReply,
    UnitMember,
)
from occto.queries.recounting import GONE, left_by, part, total, whole_tables, word
from occto.queries.search import is_sqlite
from occto.queries.snapshots import frozen_of
from occto.queries.void_votes import left_since


def count_replies(session: Session, assembly_id: int, *, day: date) -> dict[str, Any] | None:
    """Everything that the board shows, as it stands now, in as many statements whatever the numbers. None before the freeze.

    `day`: whoever has left by then is no longer counted, though the totals stay; never later than the day of the assembly
    (`domain/hall.day_of`), so that what is past stays as it was.
    """
    assembly, frozen = session.get(Assembly, assembly_id), frozen_of(session, assembly_id)
    if assembly is None or frozen is None:
        return None
    gone = list(left_since(session, assembly, day=day))
    items = _items(session, assembly_id)
    with whole_tables(session, in_order=True):
        rows = sorted(session.execute(_recount(session, assembly_id, frozen.id, gone)).all(), key=lambda row: row[:5])
    of = {name: [row for row in rows if row.part == name] for name in _PARTS}
    shown = {str(one["id"]) for one in items}
    return {
        "snapshot": frozen.no,
        "items": items,
        "roll": [[row.b, row.c, row.gone, row.members, row.holders, row.votes] for row in of["roll"]],
        "groups": [[row.a, row.b, row.c, row.gone, row.members, row.holders, row.votes] for row in of["group"]],
        "ballots": [
            [item_id, choice.value, attendance.value, row.members, row.holders, row.votes]
            for row in sorted(of["ballot"], key=lambda row: int(row.a))
            for item_id, choice, attendance in (choice_of(int(row.a)),)
            if row.members and attendance is not None and str(item_id) in shown
        ],
        "conflicts": [
            [int(row.a), row.c, row.gone, row.members, row.holders, row.votes]
            for row in of["conflict"]
            if row.a in shown
        ],
        "days": [[row.a, row.members, row.holders, row.votes] for row in of["day"]],
    }


_PARTS = ("roll", "group", "ballot", "conflict", "day")


def _items(session: Session, assembly_id: int) -> list[dict[str, Any]]:
    rows = session.execute(
        select(AgendaItem.id, AgendaItem.no, AgendaItem.title, AgendaItem.majority)
        .where(
            AgendaItem.assembly_id == assembly_id,
            AgendaItem.kind != ItemKind.REPORT,
            AgendaItem.withdrawn_at.is_(None),
        )
        .order_by(AgendaItem.no)
    )
    return [{"id": row.id, "no": row.no, "title": row.title, "majority": row.majority.value} for row in rows]


def _recount(session: Session, assembly_id: int, snapshot_id: int, gone: Sequence[int]) -> Any:
    """One statement, so that every figure is of the same moment on PostgreSQL too."""
    standing = and_(StandingReply.assembly_id == assembly_id, StandingReply.member_id == SnapshotMember.member_id)
    left = left_by(SnapshotMember.member_id, gone)
    channel, attendance = word(Reply.channel), word(Reply.attendance)
    holds = case((SnapshotMember.votes > 0, 1), else_=0)

    roll = (
        part("roll", b=channel, c=attendance, gone=left, holders=total(holds), votes=total(SnapshotMember.votes))
        .select_from(SnapshotMember)
        .outerjoin(StandingReply, standing)
        .outerjoin(Reply, Reply.id == StandingReply.reply_id)
        .where(SnapshotMember.snapshot_id == snapshot_id)
        .group_by(Reply.channel, Reply.attendance, *GONE)
    )
    return union_all(
        roll,
        _groups(assembly_id, snapshot_id, gone),
        _ballots(session, assembly_id, snapshot_id, gone),
        _conflicts(assembly_id, snapshot_id, gone),
        _days(session, assembly_id, snapshot_id, gone),
    )


def _groups(assembly_id: int, snapshot_id: int, gone: Sequence[int]) -> Select[Any]:
    """Every group by channel and attendance: companies, units by their holders, votes."""
    left = left_by(UnitMember.member_id, gone)
    group, channel, attendance = (
        type_coerce(UnitMember.vote_group, String),
        word(Reply.channel),
        word(Reply.attendance),
    )
    return (
        part(
            "group",
            a=group,
            b=channel,
            c=attendance,
            gone=left,
            holders=cast(func.count(SnapshotUnit.unit_no), BigInteger),
            votes=total(SnapshotUnit.votes),
        )
        .select_from(UnitMember)
        .outerjoin(
            SnapshotUnit,
            and_(
                SnapshotUnit.snapshot_id == UnitMember.snapshot_id,
                SnapshotUnit.vote_group == UnitMember.vote_group,
                SnapshotUnit.unit_no == UnitMember.unit_no,
                SnapshotUnit.holder_id == UnitMember.member_id,
                SnapshotUnit.votes > 0,
            ),
        )
        .outerjoin(
            StandingReply,
            and_(StandingReply.assembly_id == assembly_id, StandingReply.member_id == UnitMember.member_id),
        )
        .outerjoin(Reply, Reply.id == StandingReply.reply_id)
        .where(UnitMember.snapshot_id == snapshot_id)
        .group_by(UnitMember.vote_group, Reply.channel, Reply.attendance, *GONE)
    )


_CHOICES, _ATTENDANCES = tuple(Choice), (Attendance.ELECTRONIC, Attendance.ATTEND, Attendance.PROXY)
_PLACES, _OTHERS = 4, len(_ATTENDANCES)


def _key(item_id: Any, choice: Any, attendance: Any) -> ColumnElement[int]:
    """Item, choice and attendance as one whole number: SQLite sorts a million ballots by it in half the time of three words."""
    place = case({one: place for place, one in enumerate(_CHOICES)}, value=choice)
    way = case({one: place for place, one in enumerate(_ATTENDANCES)}, value=attendance, else_=_OTHERS)
    return (item_id * _PLACES + place) * _PLACES + way


def choice_of(key: int) -> tuple[int, Choice, Attendance | None]:
    """Item, choice and attendance (None: one that carries no choices) out of the key of `tally`."""
    rest, attendance = divmod(key, _PLACES)
    item_id, choice = divmod(rest, _PLACES)
    return item_id, _CHOICES[choice], _ATTENDANCES[attendance] if attendance < _OTHERS else None


def tally(session: Session, assembly_id: int, snapshot_id: int, *, barred: Subquery | None = None) -> Any:
    """Choices of all replies that stand, by `choice_of` the key: members with votes, and their votes.

    `barred`: only those choices that do not count. PostgreSQL groups by the three words faster than by their key.
    """
    key = _key(Ballot.item_id, Ballot.choice, Reply.attendance)
    sums = (cast(func.count(), BigInteger).label("members"), func.sum(SnapshotMember.votes).label("votes"))
    if is_sqlite(session):
        return (
            _choices(assembly_id, snapshot_id, barred).with_only_columns(key.label("key"), *sums).group_by(text("key"))
        )
    words = (Ballot.item_id, Ballot.choice, Reply.attendance)
    found = (
        _choices(assembly_id, snapshot_id, barred).with_only_columns(*words, *sums).group_by(*words).subquery("found")
    )
    return select(
        _key(found.c.item_id, found.c.choice, found.c.attendance).label("key"), found.c.members, found.c.votes
    )


def _choices(assembly_id: int, snapshot_id: int, barred: Subquery | None) -> Select[Any]:
    """One row a choice. The few are joined first and the ballots last: PostgreSQL is told to keep to this order."""
    replies = join(StandingReply, SnapshotMember, SnapshotMember.member_id == StandingReply.member_id).join(
        Reply, Reply.id == StandingReply.reply_id
    )
    given = Ballot.reply_id == StandingReply.reply_id
    if barred is not None:
        replies = replies.join(barred, barred.c.member_id == StandingReply.member_id)
        given = and_(given, Ballot.item_id == barred.c.item_id)
    return (
        select()
        .select_from(replies.join(Ballot, given))
        .where(
            StandingReply.assembly_id == assembly_id,
            SnapshotMember.snapshot_id == snapshot_id,
            SnapshotMember.votes > 0,
        )
    )


def _barred(assembly_id: int, gone: Sequence[int]) -> Subquery:
    """(item, member) whose choice does not count: conflict members for their item, those who left for all of them."""
    items = AgendaItem.assembly_id == assembly_id
    conflicts = select(AgendaConflict.item_id, AgendaConflict.member_id).join(
        AgendaItem, and_(AgendaItem.id == AgendaConflict.item_id, items)
    )
    if not gone:
        return conflicts.subquery("barred")
    absent = select(AgendaItem.id, Member.id).join(Member, Member.id.in_(gone)).where(items)
    return union(conflicts, absent).subquery("barred")


def _ballots(session: Session, assembly_id: int, snapshot_id: int, gone: Sequence[int]) -> Select[Any]:
    """The tally less what does not count."""
    taken = tally(session, assembly_id, snapshot_id, barred=_barred(assembly_id, gone)).subquery("taken")
    net = union_all(
        tally(session, assembly_id, snapshot_id), select(taken.c.key, -taken.c.members, -taken.c.votes)
    ).subquery("net")
    members = total(net.c.members)
    return part(
        "ballot", a=cast(net.c.key, String), members=members, holders=members, votes=total(net.c.votes)
    ).group_by(net.c.key)


def _conflicts(assembly_id: int, snapshot_id: int, gone: Sequence[int]) -> Select[Any]:
    """Members with votes that have none on an item, by their attendance."""
    left = left_by(AgendaConflict.member_id, gone)
    attendance = word(Reply.attendance)
    return (
        part(
            "conflict",
            a=cast(AgendaConflict.item_id, String),
            c=attendance,
            gone=left,
            votes=total(SnapshotMember.votes),
        )
        .select_from(AgendaConflict)
        .join(AgendaItem, and_(AgendaItem.id == AgendaConflict.item_id, AgendaItem.assembly_id == assembly_id))
        .join(
            SnapshotMember,
            and_(
                SnapshotMember.snapshot_id == snapshot_id,
                SnapshotMember.member_id == AgendaConflict.member_id,
                SnapshotMember.votes > 0,
            ),
        )
        .outerjoin(
            StandingReply,
            and_(StandingReply.assembly_id == assembly_id, StandingReply.member_id == AgendaConflict.member_id),
        )
        .outerjoin(Reply, Reply.id == StandingReply.reply_id)
        .group_by(AgendaConflict.item_id, Reply.attendance, *GONE)
    )


def _days(session: Session, assembly_id: int, snapshot_id: int, gone: Sequence[int]) -> Select[Any]:
    """Replies that stand by the day in Japan on which they were received."""
    if is_sqlite(session):
        day: Any = func.date(Reply.received_at, "+9 hours", type_=String)
    else:
        day = cast(cast(func.timezone("Asia/Tokyo", Reply.received_at), Date), String)
    holds = case((SnapshotMember.votes > 0, 1), else_=0)
    query = (
        part("day", a=day, holders=total(holds), votes=total(SnapshotMember.votes))
        .select_from(StandingReply)
        .join(
            SnapshotMember,
            and_(SnapshotMember.snapshot_id == snapshot_id, SnapshotMember.member_id == StandingReply.member_id),
        )
        .join(Reply, Reply.id == StandingReply.reply_id)
        .where(StandingReply.assembly_id == assembly_id, Reply.attendance != Attendance.WITHDRAWN)
        .group_by(text("a"))
    )
    return query.where(StandingReply.member_id.not_in(gone)) if gone else query
