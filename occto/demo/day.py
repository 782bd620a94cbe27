"""The assembly of the demo that is held today: its hall open, desks at work, most people there, one item still to decide."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from random import Random

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto import desk_codes, vault
from occto.demo.answers import staff
from occto.demo.results import items_of, put_to_vote
from occto.demo.rows import Scene, member_id
from occto.domain.actor import Actor
from occto.domain.dates import JST, start_of_day, today_jst
from occto.domain.permissions import DESK, Role
from occto.domain.reception import DeskProfile, ScanWay
from occto.domain.tally import Choice
from occto.domain.tickets import TicketKind
from occto.models import AdmissionTicket, Assembly, CheckIn, Member
from occto.services import resolutions
from occto.services.assemblies import moves
from occto.services.reception import admitting, desks, supervising
from occto.services.reception.checking_in import Attempt, check_in

VISITOR = 0
"""The company (by index) whose demo account has its tickets in hand and has not come yet."""
_WHOLE = timedelta(minutes=100)
"""So long has the hall been open, or since midnight where that is later."""
_ARRIVING, _BEGINNING, _DECIDING, _EACH = 0.65, 0.7, 0.8, 0.08
"""Of that time: until when people arrive, when the assembly begins, the first item is decided, and one more."""
_HERE = 0.8
_DECIDED = 2
_CONTACT = "受川 さくら（内線 0000）"
_DESKS = (("受付 1番", DeskProfile.STANDARD), ("受付 2番", DeskProfile.STANDARD), ("自動受付", DeskProfile.UNATTENDED))
_AGAINST = 3
"""So many at the hall vote against the second item."""


@dataclass(frozen=True, slots=True)
class Hours:
    """The day so far: from the opening of the hall to now."""

    opened_at: datetime
    now: datetime

    def at(self, share: float) -> datetime:
        """The instant at which so much of it was over."""
        return self.opened_at + (self.now - self.opened_at) * share

    @property
    def begins(self) -> time:
        """The hour, in Japan, for which the assembly was called: the last half hour before the first vote."""
        local = self.at(_BEGINNING).astimezone(JST)
        return time(local.hour, local.minute // 30 * 30)


def hours(now: datetime) -> Hours:
    """What can have happened by `now`, at whatever hour: all of it on today's date in Japan."""
    return Hours(max(now - _WHOLE, start_of_day(today_jst(now))), now)


def play(session: Session, scene: Scene, row: Assembly, so_far: Hours) -> None:
    """From the opened hall to the last but one item, through the verbs."""
    clerk = staff(scene.entered_by, Role.OPERATOR)
    chief = staff(scene.reception, Role.RECEPTION)
    opened = so_far.opened_at
    moves.open_hall(session, row.id, seen_version=row.version, actor=clerk, now=opened)
    places = [_desk(session, row, name, profile, chief, now=opened) for name, profile in _DESKS]
    dice = Random(f"{scene.seed}/arrivals")  # noqa: S311 - invented data, the same from run to run
    _arrivals(session, row, dice, places, so_far)
    _at_the_door(session, row, chief, now=so_far.at(_BEGINNING))
    resolutions.start_voting(session, row.id, seen_version=row.version, actor=clerk, now=so_far.at(_BEGINNING))
    against = _some_at_the_hall(session, row)
    for number, item in enumerate(items_of(session, row)[:_DECIDED]):
        at = so_far.at(_DECIDING + number * _EACH)
        put_to_vote(session, row, item, floor=Choice.YES, against=against if number else (), actor=clerk, now=at)
    _leave(session, row, chief, now=so_far.at(1))


def _desk(
    session: Session, row: Assembly, name: str, profile: DeskProfile, chief: Actor, *, now: datetime
) -> tuple[int, str, Actor]:
    """A paired desk: its row, its name and who acts there. Nobody knows its key: a visitor pairs a device of its own."""
    code = desk_codes.hash_of(desk_codes.code_of(row.id, name, now + desks.CODE_LASTS))
    desk_id = desks.make_desk(
        session, row.id, name=name, profile=profile, contact=_CONTACT, code_hash=code, actor=chief, now=now
    )
    volunteer = Actor(request_id="demo", address="192.0.2.40", permissions=DESK)
    key = hashlib.sha256(vault.derived("demo-desk", f"{row.id}:{name}")).hexdigest()
    desks.pair_desk(session, code_hash=code, key_hash=key, actor=volunteer, now=now)
    return desk_id, name, volunteer


def _arrivals(
    session: Session, row: Assembly, dice: Random, places: list[tuple[int, str, Actor]], so_far: Hours
) -> None:
    """Most of those with a ticket, in the order of their dice, by the desk that is free."""
    tickets = session.scalars(
        select(AdmissionTicket)
        .where(AdmissionTicket.assembly_id == row.id, AdmissionTicket.member_id.is_distinct_from(member_id(VISITOR)))
        .order_by(AdmissionTicket.number)
    ).all()
    came = dice.sample(tickets, round(len(tickets) * _HERE))
    for place, ticket in enumerate(came):
        desk_id, name, volunteer = places[place % len(places)]
        attempt = Attempt(f"demo-{row.id}-{ticket.number}", ScanWay.QR, ticket_id=ticket.id)
        at = so_far.at(_ARRIVING * (place + 1) / len(came))
        check_in(session, row.id, attempt, desk_id=desk_id, desk_name=name, actor=volunteer, now=at)


def _at_the_door(session: Session, row: Assembly, chief: Actor, *, now: datetime) -> None:
    """A journalist of the trade press has come unannounced and listens."""
    arrival = admitting.Arrival(TicketKind.GUEST, "三田 薫", "電力専門紙 記者")
    admitting.admit_at_door(
        session,
        row.id,
        arrival,
        reason="広報の担当が、傍聴を認めたため",
        scan_id=f"demo-{row.id}-guest",
        sign=vault.derived,
        actor=chief,
        now=now,
    )


def _some_at_the_hall(session: Session, row: Assembly) -> list[str]:
    """The operator codes of a few who vote at the hall."""
    present = (
        select(Member.operator_code)
        .join(CheckIn, CheckIn.member_id == Member.id)
        .where(CheckIn.assembly_id == row.id, CheckIn.voting, CheckIn.ended_at.is_(None))
        .order_by(CheckIn.id)
        .limit(_AGAINST)
    )
    return [code for code in session.scalars(present) if code]


def _leave(session: Session, row: Assembly, chief: Actor, *, now: datetime) -> None:
    """One of those who listen has left since."""
    listening = select(CheckIn.id).where(
        CheckIn.assembly_id == row.id, CheckIn.voting.is_(False), CheckIn.ended_at.is_(None)
    )
    found = session.scalar(listening.order_by(CheckIn.id).limit(1))
    if found is not None:
        supervising.leave(session, found, actor=chief, now=now)
