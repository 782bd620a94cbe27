"""停電パック: what the office needs on paper to hold an assembly without the system; read in whole, in the order of the roster."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from occto.domain.tally import Choice, Resolution
from occto.models import AdmissionTicket, AgendaConflict, AgendaItem, Assembly, CheckIn, StandingReply
from occto.queries.reply_rows import ReplyRow, choices_of, reply_rows
from occto.queries.void_votes import left_since


@dataclass(frozen=True, slots=True)
class PackItem:
    """An item put to the vote, with the members that have no vote on it (電気事業法 28条の39)."""

    id: int
    no: int
    title: str
    resolution: Resolution
    conflicts: frozenset[int]


@dataclass(frozen=True, slots=True)
class PackTicket:
    """A good ticket; `member_id` None: a guest or an official."""

    member_id: int | None
    number: int
    name: str
    voting: bool
    seat: str | None
    inside: bool


@dataclass(frozen=True, slots=True)
class Pack:
    """Members with reply and votes, choices by member and item, tickets by member, items.

    `aside`: members whose advance vote or mandate was set aside by an arrival; `left`: those that are members no more.
    """

    rows: Sequence[ReplyRow]
    choices: Mapping[int, Mapping[int, Choice]]
    tickets: Mapping[int | None, Sequence[PackTicket]]
    items: Sequence[PackItem]
    aside: frozenset[int] = frozenset()
    left: frozenset[int] = frozenset()


def read_pack(session: Session, assembly_id: int, *, day: date) -> Pack:
    """Everything in a few statements, whatever the number of members; choices that count as of `day`."""
    assembly = session.get_one(Assembly, assembly_id)
    tickets: dict[int | None, list[PackTicket]] = defaultdict(list)
    for row in session.execute(
        select(
            AdmissionTicket.member_id,
            AdmissionTicket.number,
            AdmissionTicket.name,
            AdmissionTicket.voting,
            AdmissionTicket.seat,
            CheckIn.id.is_not(None).label("inside"),
        )
        .outerjoin(CheckIn, and_(CheckIn.ticket_id == AdmissionTicket.id, CheckIn.ended_at.is_(None)))
        .where(AdmissionTicket.assembly_id == assembly_id, AdmissionTicket.revoked_at.is_(None))
        .order_by(AdmissionTicket.number)
    ):
        ticket = PackTicket(row.member_id, row.number, row.name, row.voting, row.seat, row.inside)
        tickets[row.member_id].append(ticket)
    return Pack(
        rows=list(reply_rows(session, assembly_id)),
        choices={row.member_id: found for row, found in choices_of(session, assembly_id, day=day)},
        tickets=tickets,
        items=_items(session, assembly_id),
        aside=frozenset(
            session.scalars(
                select(StandingReply.member_id).where(
                    StandingReply.assembly_id == assembly_id, StandingReply.set_aside_by_check_in_id.is_not(None)
                )
            )
        ),
        left=frozenset(left_since(session, assembly, day=day)),
    )


def _items(session: Session, assembly_id: int) -> list[PackItem]:
    put = select(AgendaItem.id, AgendaItem.no, AgendaItem.title, AgendaItem.majority).where(
        AgendaItem.assembly_id == assembly_id,
        AgendaItem.majority.is_not(None),
        AgendaItem.notified_at.is_not(None),
        AgendaItem.withdrawn_at.is_(None),
    )
    rows = session.execute(put.order_by(AgendaItem.no)).all()
    barred: dict[int, set[int]] = defaultdict(set)
    for item_id, member_id in session.execute(
        select(AgendaConflict.item_id, AgendaConflict.member_id).where(
            AgendaConflict.item_id.in_([row.id for row in rows])
        )
    ):
        barred[item_id].add(member_id)
    return [PackItem(row.id, row.no, row.title, row.majority, frozenset(barred[row.id])) for row in rows]
