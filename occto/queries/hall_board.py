"""出席の状況: one recount of who is present on the day, by group and channel. Exact: integers summed by the database.

The rule is that of `domain/hall.py`; who has left is taken off, though the totals stay.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    String,
    and_,
    case,
    cast,
    func,
    literal,
    select,
    text,
    union_all,
)
from sqlalchemy import type_coerce as coerced
from sqlalchemy.orm import Session

from occto.domain.agenda import ItemKind
from occto.domain.assembly import AssemblyKind, AssemblyState
from occto.domain.assembly_settings import AssemblySettings, QuorumBasis, read_settings
from occto.domain.hall_board import SPAN_SECONDS
from occto.domain.quorum import Quorum, quorum
from occto.domain.reception import CheckInEnd
from occto.models import (
    AgendaItem,
    Assembly,
    CheckIn,
    ItemDecision,
    SnapshotMember,
    SnapshotUnit,
    UnitMember,
    VoteSheet,
)
from occto.queries.at_hall import Hall, exercises, listening, seats
from occto.queries.item_votes import undeclared
from occto.queries.recounting import GONE, left_by, part, total, whole_tables
from occto.queries.search import is_sqlite
from occto.queries.snapshots import frozen_of
from occto.queries.void_votes import left_since

_PARTS = ("roll", "group", "arrival", "person")


class Meeting(NamedTuple):
    """The assembly of a board, with what judges its counts."""

    id: int
    kind: AssemblyKind
    fiscal_year: int
    no: int
    held_at: datetime
    state: AssemblyState
    settings: dict[str, Any]
    rehearsal_of_id: int | None


def meeting_of(session: Session, assembly_id: int) -> Meeting | None:
    """The assembly with this row number."""
    row = session.execute(
        select(
            Assembly.id,
            Assembly.kind,
            Assembly.fiscal_year,
            Assembly.no,
            Assembly.held_at,
            Assembly.state,
            Assembly.settings,
            Assembly.rehearsal_of_id,
        ).where(Assembly.id == assembly_id)
    ).one_or_none()
    return Meeting(*row) if row is not None else None


def hall_of(session: Session, assembly: Assembly, *, day: date) -> Hall | None:
    """What the statements about this assembly need; None before the freeze. `day`: that of `hall.day_of`."""
    frozen = frozen_of(session, assembly.id)
    if frozen is None:
        return None
    gone = sorted(left_since(session, assembly, day=day))
    return Hall(assembly.id, frozen.id, read_settings(assembly.settings), gone)


def hall_of_item(session: Session, assembly: Assembly, item_id: int, *, day: date) -> Hall | None:
    """The same for one item: who came or left after it was first put to vote changes nothing of it, in a correction too."""
    hall = hall_of(session, assembly, day=day)
    first = select(ItemDecision.decided_at).where(ItemDecision.item_id == item_id, ItemDecision.no == 1)
    return replace(hall, as_at=session.scalar(first)) if hall is not None else None


def count_hall(session: Session, assembly_id: int, *, day: date) -> dict[str, Any] | None:
    """Everything that the board shows, as it stands now, in as many statements whatever the numbers. None before the freeze."""
    assembly = session.get(Assembly, assembly_id)
    hall = hall_of(session, assembly, day=day) if assembly is not None else None
    if assembly is None or hall is None:
        return None
    with whole_tables(session):
        rows = sorted(session.execute(_recount(session, hall)).all(), key=lambda row: row[:5])
    of = {name: [row for row in rows if row.part == name] for name in _PARTS}
    return {
        "roll": [[row.a, int(row.b), row.gone, row.members, row.holders, row.votes] for row in of["roll"]],
        "groups": [[row.a, row.b, int(row.c), row.gone, row.members, row.holders, row.votes] for row in of["group"]],
        "arrivals": sorted([int(row.a), row.members] for row in of["arrival"]),
        "persons": [[row.a, row.members] for row in of["person"]],
        "items": _with_missing(session, hall, items_of(session, assembly_id), assembly.state),
    }


def quorum_now(session: Session, hall: Hall) -> Quorum:
    """The quorum at the moment of the hall, conflict members among those present."""
    with whole_tables(session):
        rows = session.execute(_roll(hall)).all()
    return quorum_of(
        ((row.a, int(row.b), row.gone, row.members, row.holders, row.votes) for row in rows), hall.settings
    )


def quorum_of(cells: Any, settings: AssemblySettings) -> Quorum:
    """The quorum out of the cells of the roll: channel, whether somebody is in the hall, left, members, holders, votes."""
    present, whole = dict.fromkeys(QuorumBasis, 0), dict.fromkeys(QuorumBasis, 0)
    for channel, here, left, members, holders, votes in cells:
        for basis, number in zip(QuorumBasis, (members, holders, votes), strict=True):
            whole[basis] += number
            if not left and (channel or (here and basis is QuorumBasis.ALL_MEMBERS)):
                present[basis] += number
    return quorum(present, whole, settings)


def _recount(session: Session, hall: Hall) -> Any:
    """One statement, so that every figure is of the same moment on PostgreSQL too."""
    return union_all(_roll(hall), _groups(hall), _arrivals(session, hall.assembly_id), _persons(hall.assembly_id))


def _seen(hall: Hall, *columns: Any) -> Any:
    """Each member with its channel, and whether anybody is in the hall for it."""
    here = listening(hall)
    query = select(
        SnapshotMember.member_id.label("member_id"),
        SnapshotMember.votes.label("votes"),
        func.coalesce(exercises(hall), literal("", String)).label("channel"),
        case((here.c.persons > 0, literal("1", String)), else_=literal("0", String)).label("here"),
        left_by(SnapshotMember.member_id, hall.gone).label("gone"),
        *columns,
    )
    return seats(query, hall).outerjoin(here, here.c.member_id == SnapshotMember.member_id)


def _roll(hall: Hall) -> Select[Any]:
    seen = _seen(hall).subquery("seen")
    return (
        part(
            "roll",
            a=seen.c.channel,
            b=seen.c.here,
            gone=seen.c.gone,
            holders=total(case((seen.c.votes > 0, 1), else_=0)),
            votes=total(seen.c.votes),
        )
        .select_from(seen)
        .group_by(seen.c.channel, seen.c.here, seen.c.gone)
    )


def _groups(hall: Hall) -> Select[Any]:
    """Every group by channel: companies, units by their holders, votes."""
    seen = _seen(hall).subquery("seen_by_group")
    return (
        part(
            "group",
            a=coerced(UnitMember.vote_group, String),
            b=seen.c.channel,
            c=seen.c.here,
            gone=seen.c.gone,
            holders=cast(func.count(SnapshotUnit.unit_no), BigInteger),
            votes=total(SnapshotUnit.votes),
        )
        .select_from(UnitMember)
        .join(seen, seen.c.member_id == UnitMember.member_id)
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
        .where(UnitMember.snapshot_id == hall.snapshot_id)
        .group_by(UnitMember.vote_group, seen.c.channel, seen.c.here, *GONE)
    )


def _arrivals(session: Session, assembly_id: int) -> Select[Any]:
    """Persons by the five minutes in which they first came; an arrival that was undone is none."""
    stands = CheckIn.ending.is_(None) | (CheckIn.ending != CheckInEnd.UNDONE)
    first = (
        select(func.min(CheckIn.entered_at).label("entered_at"))
        .where(CheckIn.assembly_id == assembly_id, stands)
        .group_by(CheckIn.ticket_id)
        .subquery("first")
    )
    query = part("arrival", a=cast(_span(session, first.c.entered_at), String), votes=literal(0))
    return query.select_from(first).group_by(text("a"))


def _span(session: Session, instant: Any) -> ColumnElement[int]:
    if is_sqlite(session):
        return cast(func.strftime("%s", instant, type_=String), BigInteger) // SPAN_SECONDS
    return cast(func.floor(func.extract("epoch", instant) / SPAN_SECONDS), BigInteger)


def _persons(assembly_id: int) -> Select[Any]:
    """Who is in the hall now: VOTER, LISTENER of a member, or GUEST."""
    kind = case(
        (CheckIn.voting, literal("VOTER", String)),
        (CheckIn.member_id.is_not(None), literal("LISTENER", String)),
        else_=literal("GUEST", String),
    )
    return (
        part("person", a=kind, votes=literal(0))
        .select_from(CheckIn)
        .where(CheckIn.assembly_id == assembly_id, CheckIn.ended_at.is_(None))
        .group_by(text("a"))
    )


def _with_missing(
    session: Session, hall: Hall, items: list[dict[str, Any]], state: AssemblyState
) -> list[dict[str, Any]]:
    """The items with the channels that hold them up in 採決; nothing is missing where both choices are recorded."""
    asked = [
        one["id"]
        for one in items
        if state is AssemblyState.VOTING
        and not (one["report"] or one["withdrawn"] or one["outcome"] is not None or (one["floor"] and one["chair"]))
    ]
    left = undeclared(session, hall, asked)
    return [one | {"missing": sorted(left.get(one["id"], ()))} for one in items]


def items_of(session: Session, assembly_id: int) -> list[dict[str, Any]]:
    """The agenda in its order, each item with its decision that counts and with what is recorded for 採決. One statement."""
    last = (
        select(ItemDecision.item_id, func.max(ItemDecision.no).label("no"))
        .join(AgendaItem, AgendaItem.id == ItemDecision.item_id)
        .where(AgendaItem.assembly_id == assembly_id)
        .group_by(ItemDecision.item_id)
        .subquery("last")
    )
    rows: Sequence[Any] = session.execute(
        select(
            AgendaItem.id,
            AgendaItem.no,
            AgendaItem.title,
            AgendaItem.kind,
            AgendaItem.majority,
            AgendaItem.notified_at,
            AgendaItem.withdrawn_at,
            VoteSheet.floor_choice,
            VoteSheet.chair_cast,
            ItemDecision.id.label("decision_id"),
            ItemDecision.outcome,
            ItemDecision.chair_choice,
            ItemDecision.amendment,
            ItemDecision.yes,
            ItemDecision.against,
            ItemDecision.abstain,
            ItemDecision.present,
        )
        .outerjoin(VoteSheet, VoteSheet.item_id == AgendaItem.id)
        .outerjoin(last, last.c.item_id == AgendaItem.id)
        .outerjoin(ItemDecision, and_(ItemDecision.item_id == last.c.item_id, ItemDecision.no == last.c.no))
        .where(AgendaItem.assembly_id == assembly_id)
        .order_by(AgendaItem.no)
    ).all()
    return [
        {
            "id": row.id,
            "no": row.no,
            "title": row.title,
            "report": row.kind is ItemKind.REPORT,
            "majority": row.majority,
            "notified": row.notified_at is not None,
            "withdrawn": row.withdrawn_at is not None,
            "floor": row.floor_choice is not None,
            "chair": row.chair_cast is not None,
            "decision_id": row.decision_id,
            "outcome": row.outcome,
            "by_chair": row.chair_choice,
            "amended": bool(row.amendment),
            "votes": [row.yes, row.against, row.abstain, row.present] if row.outcome is not None else None,
        }
        for row in rows
    ]
