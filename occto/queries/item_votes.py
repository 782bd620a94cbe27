"""採決: the votes of everybody present for one item, and their sums by channel: `domain/hall.vote_of` in SQL."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    Select,
    String,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from occto.domain.assembly_settings import BlankChoice, NoShow
from occto.domain.replies import Attendance
from occto.domain.resolutions import VoteChannel, shown_digest
from occto.domain.tally import Choice
from occto.models import (
    AgendaConflict,
    AgendaItem,
    Ballot,
    FloorVote,
    ItemDecision,
    Reply,
    SnapshotMember,
    StandingReply,
    VoteSheet,
)
from occto.queries.at_hall import VOTER, Hall, at_hall, code_of, listening, seats, sent, set_aside
from occto.queries.recounting import total, whole_tables

_OWN, _HOLDERS = aliased(FloorVote, name="own_vote"), aliased(FloorVote, name="holders_vote")
_CONFLICT = aliased(AgendaConflict, name="conflict")


class Cast(NamedTuple):
    """A sum of votes on an item: through which channel, which choice (None: still to be recorded or declared)."""

    channel: VoteChannel
    choice: Choice | None
    members: int
    votes: int


class Mandates(NamedTuple):
    """Members whose mandate is not used, and their votes.

    `counted`, `counted_votes`: those of them whose choice beside the mandate counts for the item all the same.
    """

    members: int = 0
    votes: int = 0
    counted: int = 0
    counted_votes: int = 0


class Stranded(NamedTuple):
    """Mandates that are not used: nobody of the member that holds them is in the hall, or it has left and cannot use them."""

    away: Mandates = Mandates()
    left: Mandates = Mandates()


class OneVote(NamedTuple):
    """The vote of a holder present for the item."""

    member_id: int
    channel: VoteChannel
    choice: Choice | None
    votes: int


ON_THE_FLOOR = (VoteChannel.FLOOR, VoteChannel.PROXY)
"""Channels whose votes are given at the hall: by all as one, or by each member by itself."""


def rows_of_item(hall: Hall, item_id: int, *, given_at_hall: bool = False) -> Any:
    """A row for each holder present for the item: its member, channel, choice and votes.

    `given_at_hall`: those alone whose choice is given there, by themselves, by a mandate or by the chair.
    """
    query, _by = _rows(hall, item_id)
    if given_at_hall:
        mandates = (Attendance.CHAIR, Attendance.PROXY)
        query = query.where(or_(VOTER.id.is_not(None), Reply.attendance.in_(mandates)))
    rows = query.subquery("cast")
    return select(rows).where(rows.c.channel.is_not(None)).subquery("votes_cast")


def _rows(hall: Hall, item_id: int) -> tuple[Select[Any], ColumnElement[bool]]:
    """A row for each holder that may vote on the item, present or not (channel NULL); and whether its mandate is used."""
    holder = listening(hall, "mandate_holder")
    by_mandate = _by_mandate(hall, func.coalesce(holder.c.persons, 0) > 0)
    channel, choice = _channel(hall, by_mandate), _choice(hall, by_mandate)
    query: Select[Any] = select(
        SnapshotMember.member_id.label("member_id"),
        channel.label("channel"),
        choice.label("choice"),
        SnapshotMember.votes.label("votes"),
    )
    member_id = SnapshotMember.member_id
    query = (
        seats(query, hall)
        .outerjoin(Ballot, and_(Ballot.reply_id == StandingReply.reply_id, Ballot.item_id == item_id))
        .outerjoin(VoteSheet, VoteSheet.item_id == literal(item_id))
        .outerjoin(_OWN, and_(_OWN.item_id == item_id, _OWN.member_id == member_id))
        .outerjoin(holder, holder.c.member_id == Reply.proxy_member_id)
        .outerjoin(_HOLDERS, and_(_HOLDERS.item_id == item_id, _HOLDERS.member_id == Reply.proxy_member_id))
        .outerjoin(_CONFLICT, and_(_CONFLICT.item_id == item_id, _CONFLICT.member_id == member_id))
        .where(SnapshotMember.votes > 0, _CONFLICT.member_id.is_(None))
    )
    if hall.gone:
        query = query.where(member_id.not_in(hall.gone))
    return query, by_mandate


def stranded(session: Session, hall: Hall, item_id: int) -> Stranded:
    """`hall.stranded` in SQL: how many mandates for the item are not used, by why."""
    query, by_mandate = _rows(hall, item_id)
    left = Reply.proxy_member_id.in_(hall.gone) if hall.gone else false()
    rows = (
        query.add_columns(case((left, 1), else_=0).label("left"))
        .where(
            VOTER.id.is_(None),
            ~set_aside(hall),
            Reply.attendance == Attendance.PROXY,
            Reply.proxy_member_id.is_not(None),
            ~by_mandate,
        )
        .subquery("stranded")
    )
    counts = rows.c.channel.is_not(None)
    with whole_tables(session):
        found = session.execute(
            select(
                rows.c.left,
                cast(func.count(), BigInteger),
                total(rows.c.votes),
                cast(func.count().filter(counts), BigInteger),
                total(case((counts, rows.c.votes), else_=0)),
            ).group_by(rows.c.left)
        ).all()
    of = {bool(row[0]): Mandates(*(number or 0 for number in row[1:])) for row in found}
    return Stranded(away=of.get(False, Mandates()), left=of.get(True, Mandates()))


def _by_mandate(hall: Hall, here: ColumnElement[bool]) -> ColumnElement[bool]:
    """A mandate to a member of which somebody is in the hall. One that is no member any more cannot use it."""
    held = and_(Reply.attendance == Attendance.PROXY, here)
    return and_(held, Reply.proxy_member_id.not_in(hall.gone)) if hall.gone else held


def _advance(hall: Hall) -> ColumnElement[bool]:
    """Ballots that count in advance: those of an electronic vote, and of others who did not come, where that is the rule."""
    counts = [Attendance.ELECTRONIC]
    if hall.settings.no_show is NoShow.COUNT:
        counts += [Attendance.ATTEND, Attendance.PROXY]
    return and_(Reply.attendance.in_(counts), Ballot.choice.is_not(None))


def _blank(hall: Hall) -> ColumnElement[bool]:
    abstains = hall.settings.blank_choice is BlankChoice.ABSTAIN
    return and_(Reply.attendance == Attendance.ELECTRONIC, literal(int(abstains)) == 1)


def _channel(hall: Hall, by_mandate: ColumnElement[bool]) -> ColumnElement[Any]:
    return case(
        (VOTER.id.is_not(None), at_hall()),
        (set_aside(hall), null()),
        (Reply.attendance == Attendance.CHAIR, code_of(VoteChannel.CHAIR)),
        (by_mandate, code_of(VoteChannel.PROXY)),
        (_advance(hall), sent()),
        (_blank(hall), sent()),
        else_=null(),
    )


def _choice(hall: Hall, by_mandate: ColumnElement[bool]) -> ColumnElement[Any]:
    own, holders, floor, chair, ballot = (
        cast(column, String)
        for column in (_OWN.choice, _HOLDERS.choice, VoteSheet.floor_choice, VoteSheet.chair_cast, Ballot.choice)
    )
    return case(
        (VOTER.id.is_not(None), func.coalesce(own, floor)),
        (Reply.attendance == Attendance.CHAIR, chair),
        (by_mandate, func.coalesce(own, holders, floor)),
        (_advance(hall), ballot),
        (_blank(hall), literal(Choice.ABSTAIN.value, String)),
        else_=null(),
    )


def votes_of_item(session: Session, hall: Hall, item_id: int) -> list[OneVote]:
    """Every vote on the item, by row number of the member."""
    found = rows_of_item(hall, item_id)
    with whole_tables(session):
        rows = session.execute(select(found).order_by(found.c.member_id)).all()
    return [OneVote(row.member_id, VoteChannel(row.channel), _read(row.choice), row.votes) for row in rows]


def undeclared(session: Session, hall: Hall, item_ids: Sequence[int]) -> dict[int, set[VoteChannel]]:
    """Item → the channels in which somebody's choice is still to be recorded or declared. One statement."""
    parts = []
    for item_id in item_ids:
        found = rows_of_item(hall, item_id, given_at_hall=True)
        open_ones = select(literal(item_id, BigInteger).label("item_id"), found.c.channel)
        parts.append(open_ones.where(found.c.choice.is_(None)).distinct())
    left: dict[int, set[VoteChannel]] = {item_id: set() for item_id in item_ids}
    if parts:
        with whole_tables(session):
            for item_id, channel in session.execute(union_all(*parts)):
                left[item_id].add(VoteChannel(channel))
    return left


def floor_votes_of(session: Session, hall: Hall, item_id: int, member_ids: Sequence[int]) -> list[OneVote]:
    """Those of the members that vote on the item at the hall, themselves or by a mandate."""
    found = rows_of_item(hall, item_id, given_at_hall=True)
    at_hall = found.c.channel.in_([one.value for one in ON_THE_FLOOR])
    query = select(found).where(at_hall, found.c.member_id.in_(member_ids)).order_by(found.c.member_id)
    with whole_tables(session):
        rows = session.execute(query).all()
    return [OneVote(row.member_id, VoteChannel(row.channel), _read(row.choice), row.votes) for row in rows]


def summed(votes: Sequence[OneVote]) -> list[Cast]:
    """The same sums as `tally_of_item`, from the votes themselves."""
    sums: dict[tuple[VoteChannel, Choice | None], tuple[int, int]] = {}
    for vote in votes:
        members, weight = sums.get((vote.channel, vote.choice), (0, 0))
        sums[vote.channel, vote.choice] = members + 1, weight + vote.votes
    return [Cast(*key, *found) for key, found in sums.items()]


def shown_of(session: Session, item: AgendaItem, sums: Sequence[Cast]) -> str:
    """What a screen shows of an item before it is decided, as one digest: any change of it makes another one."""
    sheet = session.scalar(select(VoteSheet.version).where(VoteSheet.item_id == item.id)) or 0
    no = session.scalar(select(func.max(ItemDecision.no)).where(ItemDecision.item_id == item.id)) or 0
    return shown_digest(sums, versions=(item.version, sheet, no))


def tally_of_item(session: Session, hall: Hall, item_id: int) -> list[Cast]:
    """The votes on the item as they stand, by channel and choice."""
    found = rows_of_item(hall, item_id)
    with whole_tables(session):
        rows: Sequence[Row[Any]] = session.execute(
            select(
                found.c.channel,
                found.c.choice,
                cast(func.count(), BigInteger).label("members"),
                total(found.c.votes).label("votes"),
            ).group_by(found.c.channel, found.c.choice)
        ).all()
    sums = [Cast(VoteChannel(row.channel), _read(row.choice), row.members, row.votes) for row in rows]
    order = list(VoteChannel)
    return sorted(sums, key=lambda one: (order.index(one.channel), one.choice or ""))


def _read(choice: str | None) -> Choice | None:
    return Choice(choice) if choice is not None else None
