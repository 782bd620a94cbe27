"""採決 and 出席の状況 in tests: the seats of an assembly read row by row in Python, and small assemblies made at random."""

import random
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from occto.domain.actor import Actor
from occto.domain.assembly import AssemblyState
from occto.domain.assembly_settings import AssemblySettings, BlankChoice, NoShow
from occto.domain.hall import Seat, Sheet, in_hall
from occto.domain.reception import CheckInEnd
from occto.domain.replies import Attendance, ProxyKind, ReplyChannel
from occto.domain.resolutions import VoteChannel
from occto.domain.tally import Choice
from occto.domain.tickets import TicketKind
from occto.extensions import db
from occto.models import (
    AdmissionTicket,
    AgendaItem,
    Assembly,
    Ballot,
    CheckIn,
    DecisionVote,
    FloorVote,
    ItemDecision,
    LicenceHeld,
    Member,
    Reply,
    SnapshotMember,
    StandingReply,
    VoteSheet,
)
from occto.queries.hall_board import hall_of_item
from occto.queries.item_votes import shown_of, tally_of_item
from occto.queries.snapshots import frozen_of
from occto.queries.void_votes import left_since
from occto.services import resolutions
from occto.unit_of_work import run, unit_of_work
from tests.assembling import HELD, controls, item
from tests.factories import Factory
from tests.queries.test_void_votes import ends
from tests.receiving import ARRIVAL, Door, desk
from tests.replying import reply

LICENCES = (("GEN",), ("GTD",), ("RETAIL",), ("GEN", "RETAIL"), ("RSPTD", "SPTD"))


def seats_of(held: Assembly, *, day: date, as_at: datetime | None = None) -> list[Seat]:
    """Every member on the frozen roll as a seat, each read by itself: no statement of the boards is used."""
    session = db.session()
    frozen = frozen_of(session, held.id)
    assert frozen is not None
    gone = left_since(session, session.get_one(Assembly, held.id), day=day)
    roll = session.scalars(
        select(SnapshotMember).where(SnapshotMember.snapshot_id == frozen.id).order_by(SnapshotMember.member_id)
    )
    return [_seat(held, one, left=one.member_id in gone, as_at=as_at) for one in roll]


def _seat(held: Assembly, one: SnapshotMember, *, left: bool, as_at: datetime | None) -> Seat:
    session = db.session()
    standing = session.get(StandingReply, (held.id, one.member_id))
    given = session.get_one(Reply, standing.reply_id) if standing is not None else None
    inside = [
        entry
        for entry in session.scalars(select(CheckIn).where(CheckIn.member_id == one.member_id).order_by(CheckIn.id))
        if entry.assembly_id == held.id and in_hall(entry.entered_at, entry.ended_at, entry.ending, as_at=as_at)
    ]
    voters = [entry for entry in inside if entry.voting]
    voter = voters[-1] if voters else None
    aside = session.get(CheckIn, standing.set_aside_by_check_in_id or 0) if standing is not None else None
    ballots = session.scalars(select(Ballot).where(Ballot.reply_id == (given.id if given else 0)))
    return Seat(
        member_id=one.member_id,
        votes=one.votes,
        attendance=given.attendance if given is not None else None,
        channel=given.channel if given is not None else ReplyChannel.ELECTRONIC,
        proxy_member_id=given.proxy_member_id if given is not None else None,
        ballots={ballot.item_id: ballot.choice for ballot in ballots},
        set_aside=aside is not None and (as_at is None or aside.entered_at <= as_at),
        voter=session.get_one(AdmissionTicket, voter.ticket_id).kind if voter is not None else None,
        observers=len(inside) - len(voters),
        left=left,
    )


def sheet_of(item_id: int) -> Sheet:
    """What is recorded for an item."""
    row = db.session.get(VoteSheet, item_id)
    votes = db.session.scalars(select(FloorVote).where(FloorVote.item_id == item_id))
    return Sheet(
        item_id,
        row.floor_choice if row is not None else None,
        row.chair_cast if row is not None else None,
        {vote.member_id: vote.choice for vote in votes},
    )


def record(item_id: int, entered_by_id: int, *, now: datetime = ARRIVAL, **values: Any) -> None:
    """A sheet as a row."""
    with unit_of_work() as session:
        session.add(VoteSheet(item_id=item_id, updated_at=now, updated_by_id=entered_by_id, **values))


def enter(
    door: Door, ticket: AdmissionTicket, *, ending: CheckInEnd | None = None, at: datetime = ARRIVAL, minutes: int = 0
) -> CheckIn:
    """Somebody in the hall as a row, the reply of the member set aside where the person votes."""
    with unit_of_work() as session:
        made = CheckIn(
            assembly_id=door.held.id,
            ticket_id=ticket.id,
            member_id=ticket.member_id,
            voting=ticket.voting,
            desk_id=door.desk.id,
            entered_at=at,
        )
        if ending is not None:
            made.ending, made.ended_at = ending, at + timedelta(minutes=minutes)
            made.ended_by_id, made.reason = door.chief.id, "誤り"
        session.add(made)
        session.flush()
        standing = session.get(StandingReply, (door.held.id, ticket.member_id or 0))
        sets_aside = ticket.voting and ending is not CheckInEnd.UNDONE
        if standing is not None and sets_aside and standing.set_aside_by_check_in_id is None:
            standing.set_aside_by_check_in_id = made.id
    return made


def random_hall(make: Factory, seed: int) -> tuple[Door, list[AgendaItem]]:
    """A small assembly in which anything may have happened: families, every reply, arrivals, exits, mistakes, conflicts."""
    from tests import assembling

    chance = random.Random(seed)
    members = [make.member(licences=chance.choice(LICENCES)) for _ in range(chance.randint(5, 9))]
    for child in members[1:3]:
        controls(members[0], child)
    settings = AssemblySettings(blank_choice=chance.choice(list(BlankChoice)), no_show=chance.choice(list(NoShow)))
    held = assembling.assembly(make, AssemblyState.VOTING, settings=settings)
    chief = make.staff()
    door = Door(make, held, members[0], members[1], chief, desk(held, chief))
    items = [item(held, 1), item(held, 2, conflict=tuple(chance.sample(members, 2)))]
    frozen = frozen_of(db.session(), held.id)
    assert frozen is not None
    votes = {
        one: row.votes for one in members if (row := db.session.get(SnapshotMember, (frozen.id, one.id))) is not None
    }
    for member in members:
        _answered(make, chance, held, member, members, items)
        _arrived(chance, door, member, may_vote=votes[member] > 0)
    if chance.random() < 0.4:
        gone = members[-1]
        for licence in db.session.scalars(select(LicenceHeld).where(LicenceHeld.member_id == gone.id)).all():
            ends(gone, licence.category, date(2026, 12, 1))
    for one in items:
        if chance.random() < 0.8:
            choices = [None, *Choice]
            record(one.id, chief.id, floor_choice=chance.choice(choices), chair_cast=chance.choice(choices))
        with unit_of_work() as session:
            session.add_all(
                FloorVote(
                    item_id=one.id,
                    member_id=member.id,
                    choice=chance.choice(list(Choice)),
                    entered_at=ARRIVAL,
                    entered_by_id=chief.id,
                )
                for member in chance.sample(members, 2)
            )
    return door, items


def _answered(
    make: Factory, chance: random.Random, held: Assembly, member: Member, members: list[Member], items: list[AgendaItem]
) -> None:
    attendance = chance.choice([None, *Attendance, Attendance.ELECTRONIC, Attendance.PROXY])
    if attendance is None:
        return
    chosen = {one: chance.choice(list(Choice)) for one in items if chance.random() < 0.7}
    changes: dict[str, Any] = {"channel": chance.choice(list(ReplyChannel))}
    if attendance is Attendance.PROXY and chance.random() < 0.7:
        holder = chance.choice([one for one in members if one is not member])
        changes |= {"proxy_kind": ProxyKind.MEMBER, "proxy_member_id": holder.id, "proxy_name": None}
    may_choose = attendance in (Attendance.ELECTRONIC, Attendance.ATTEND, Attendance.PROXY)
    reply(make, held, member, attendance, choices=chosen if may_choose else {}, **changes)


def _arrived(chance: random.Random, door: Door, member: Member, *, may_vote: bool) -> None:
    if may_vote and chance.random() < 0.5:
        kinds: dict[str, Any] = {"kind": chance.choice([TicketKind.WALK_IN, TicketKind.SUBSTITUTE])}
        standing = db.session.get(StandingReply, (door.held.id, member.id))
        if standing is not None and chance.random() < 0.4:
            kinds = {"kind": TicketKind.PROXY, "reply_id": standing.reply_id}
        ending = chance.choice([None, None, *CheckInEnd])
        enter(door, door.ticket(member, **kinds), ending=ending, at=_some(chance), minutes=20)
        if ending is not None and chance.random() < 0.4:
            enter(door, door.ticket(member), at=_some(chance))
    if chance.random() < 0.3:
        enter(door, door.ticket(member, voting=False), at=_some(chance))


def _some(chance: random.Random) -> datetime:
    return ARRIVAL + timedelta(minutes=chance.choice([0, 15, 40]))


def shown(one: AgendaItem) -> str:
    """What a screen shows of the item now."""
    db.session.rollback()
    held = db.session.get_one(Assembly, one.assembly_id)
    now = hall_of_item(db.session(), held, one.id, day=HELD.date())
    assert now is not None
    row = db.session.get_one(AgendaItem, one.id)
    return shown_of(db.session(), row, tally_of_item(db.session(), now, one.id))


def sheet(one: AgendaItem, clerk: Actor, floor: Choice | None = None, chair: Choice | None = None) -> None:
    db.session.rollback()
    held = db.session.get(VoteSheet, one.id)
    version = held.version if held is not None else 0
    run(
        resolutions.record_sheet,
        one.id,
        floor_choice=floor,
        chair_cast=chair,
        seen_version=version,
        actor=clerk,
        now=HELD,
    )


def decide(one: AgendaItem, clerk: Actor, **changes: Any) -> ItemDecision:
    values: dict[str, Any] = {"seen": shown(one), "actor": clerk, "now": HELD} | changes
    return db.session.get_one(ItemDecision, run(resolutions.decide_item, one.id, **values))


def votes_in(decision: ItemDecision) -> list[tuple[int, VoteChannel, Choice]]:
    rows = db.session.scalars(
        select(DecisionVote).where(DecisionVote.decision_id == decision.id).order_by(DecisionVote.member_id)
    )
    return [(row.member_id, row.channel, row.choice) for row in rows]
