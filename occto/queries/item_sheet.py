"""The sheet of an item in 採決: the item with its assembly, members that vote otherwise, and who is found at the hall."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from occto.domain.resolutions import VoteChannel
from occto.domain.tally import Choice
from occto.models import FloorVote, Member
from occto.queries.at_hall import Hall
from occto.queries.item_votes import ON_THE_FLOOR, rows_of_item
from occto.queries.recounting import whole_tables
from occto.queries.search import members_named


class AtHall(NamedTuple):
    """A member that votes on the item at the hall. `own`: its own choice, None: as all; `version` is of that, 0: none.

    `channel` None: it has a choice of its own, and is not at the hall any more.
    """

    member_id: int
    code: str | None
    name: str
    votes: int
    channel: VoteChannel | None
    own: Choice | None
    version: int


def exceptions_of(session: Session, hall: Hall, item_id: int, *, limit: int) -> list[AtHall]:
    """The members with a choice of their own, by name; those that are not at the hall any more among them."""
    return _found(session, hall, item_id, FloorVote.member_id.is_not(None), limit=limit, outer=True)


def voters_named(session: Session, hall: Hall, item_id: int, term: str, *, limit: int) -> list[AtHall]:
    """Members that vote on the item at the hall, by what was typed of them."""
    return _found(session, hall, item_id, Member.id.in_(members_named(session, term)), limit=limit, outer=False)


def _found(
    session: Session, hall: Hall, item_id: int, which: ColumnElement[bool], *, limit: int, outer: bool
) -> list[AtHall]:
    cast = rows_of_item(hall, item_id)
    there = (cast.c.member_id == Member.id) & cast.c.channel.in_([one.value for one in ON_THE_FLOOR])
    query = (
        select(
            Member.id,
            Member.operator_code,
            Member.current_name,
            cast.c.votes,
            cast.c.channel,
            FloorVote.choice,
            FloorVote.version,
        )
        .select_from(Member)
        .join(cast, there, isouter=outer)
        .outerjoin(FloorVote, (FloorVote.item_id == item_id) & (FloorVote.member_id == Member.id))
        .where(which)
        .order_by(Member.kana_key, Member.id)
        .limit(limit)
    )
    with whole_tables(session):
        rows: Sequence[Any] = session.execute(query).all()
    return [
        AtHall(
            row.id,
            row.operator_code,
            row.current_name,
            row.votes or 0,
            VoteChannel(row.channel) if row.channel else None,
            row.choice,
            row.version or 0,
        )
        for row in rows
    ]
