"""The door on the day: an assembly whose hall is open, tickets as rows, desks, and scans. What tests of 受付 stand on."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import func, select
from werkzeug.test import TestResponse

from occto.domain.actor import Actor
from occto.domain.assembly import AssemblyState
from occto.domain.permissions import DESK, Role
from occto.domain.reception import DeskProfile, ScanWay
from occto.domain.tickets import TicketKind, hash_of, read_code
from occto.models import AdmissionTicket, Assembly, CheckIn, Desk, Member, Scan, StandingReply, User
from occto.services.reception.checking_in import Answer, Attempt, check_in
from occto.services.tickets.issuing import ticket_token
from occto.unit_of_work import run, unit_of_work
from tests import assembling
from tests.assembling import HELD
from tests.clients import Browser
from tests.factories import NOW, Factory

ARRIVAL = HELD - timedelta(minutes=30)
"""Half an hour before the assembly begins."""
_scans = count(1)


def sign(purpose: str, text: str) -> bytes:
    """A signature for tests that need no application."""
    return hashlib.sha256(f"{purpose}:{text}".encode()).digest()


def scan_id() -> str:
    """The id of a scan that nobody has made yet."""
    return f"test-scan-{next(_scans):08d}"


@dataclass
class Door:
    """An assembly whose hall is open, a desk, the supervisor; `voter` holds votes, and so does `other`."""

    make: Factory
    held: Assembly
    voter: Member
    other: Member
    chief: User
    desk: Desk
    _numbers: Callable[[], int] = field(default_factory=lambda: count(2041).__next__)

    @property
    def supervisor(self) -> Actor:
        return self.make.actor(self.chief, Role.RECEPTION)

    @property
    def volunteer(self) -> Actor:
        """A desk acts as nobody: what it does is stamped with the desk."""
        return Actor(request_id="test", address="192.0.2.7", permissions=DESK)

    def ticket(self, member: Member | None = None, *, voting: bool = True, **changes: Any) -> AdmissionTicket:
        """A good ticket of a person of the member (`voter` unless told otherwise)."""
        number = self._numbers()
        values: dict[str, Any] = {
            "assembly_id": self.held.id,
            "member_id": (member or self.voter).id,
            "kind": TicketKind.WALK_IN,
            "number": number,
            "issue_no": 1,
            "name": "佐藤 美咲",
            "title": "経営企画部 部長",
            "voting": voting,
            "issued_at": NOW,
        } | changes
        token = ticket_token(sign, values["assembly_id"], values["number"], values["issue_no"])
        made = AdmissionTicket(
            **values, token_hash=hash_of(token), link_hash=hashlib.sha256(f"link {token}".encode()).hexdigest()
        )
        with unit_of_work() as session:
            session.add(made)
        return made

    def token(self, ticket: AdmissionTicket) -> str:
        return ticket_token(sign, ticket.assembly_id, ticket.number, ticket.issue_no)

    def scan(self, code: str, *, desk: Desk | None = None, now: datetime = ARRIVAL, **changes: Any) -> Answer:
        """What a desk is answered for a code."""
        read = read_code(code)
        way = ScanWay.NUMBER if read.number is not None else ScanWay.QR
        attempt = Attempt(**{"scan_id": scan_id(), "way": way, "read": read} | changes)
        desk = desk or self.desk
        return run(
            check_in,
            self.held.id,
            attempt,
            desk_id=desk.id,
            desk_name=desk.name,
            actor=self.volunteer,
            now=now,
        )

    def show(self, ticket: AdmissionTicket, **changes: Any) -> Answer:
        """What a desk is answered for the QR code of a ticket."""
        return self.scan(self.token(ticket), **changes)

    def browser(self, desk: Desk | None = None) -> Browser:
        """The device that is this desk."""
        device = Browser(self.make.app)
        with device.client.session_transaction() as cookie:
            cookie["desk"] = f"key of {(desk or self.desk).name}"
        return device

    @property
    def url(self) -> str:
        return f"/reception/{self.held.id}"

    def another_desk(self, name: str, profile: DeskProfile = DeskProfile.STANDARD) -> Desk:
        return desk(self.held, self.chief, name, profile)


def desk(held: Assembly, chief: User, name: str = "受付 1番", profile: DeskProfile = DeskProfile.STANDARD) -> Desk:
    """A paired desk; its key is «key of <name>»."""
    made = Desk(
        assembly_id=held.id,
        name=name,
        profile=profile,
        contact="鈴木 一郎（内線 0000）",
        key_hash=hashlib.sha256(f"key of {name}".encode()).hexdigest(),
        made_at=NOW,
        made_by_id=chief.id,
        paired_at=ARRIVAL - timedelta(hours=2),
        contact_at=HELD,
        waiting=0,
    )
    with unit_of_work() as session:
        session.add(made)
    return made


def door(
    make: Factory, state: AssemblyState = AssemblyState.HALL_OPEN, *, desk_name: str = "受付 1番", **changes: Any
) -> Door:
    """The door of an assembly with two members that hold votes."""
    voter, other = make.member(), make.member()
    held = assembling.assembly(make, state, **changes)
    chief = make.staff(Role.RECEPTION)
    return Door(make, held, voter, other, chief, desk(held, chief, desk_name))


class Device:
    """A paired device with its page open, as its script sends."""

    def __init__(self, scene: Door, desk: Desk | None = None) -> None:
        self.scene, self.browser = scene, scene.browser(desk)
        page = self.browser.get(scene.url).get_data(as_text=True)
        self.token = page.partition('data-token="')[2].partition('"')[0]

    def send(self, path: str, body: Any, **more: Any) -> TestResponse:
        data = body if isinstance(body, str | bytes) else json.dumps(body)
        return self.browser.client.post(
            f"{self.scene.url}/{path}",
            data=data,
            content_type="application/json",
            headers={"X-CSRFToken": self.token, "Accept": "application/json"},
            **more,
        )

    def scan(self, code: str, **changes: Any) -> dict[str, Any]:
        answer = self.send("check-in", {"scan_id": scan_id(), "code": code} | changes)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.get_json()


def counts(session: Any) -> tuple[int, int, int]:
    """Rows of check-ins, of scans, and of replies that were set aside."""
    aside = select(func.count()).select_from(StandingReply).where(StandingReply.set_aside_by_check_in_id.is_not(None))
    return (
        session.scalar(select(func.count()).select_from(CheckIn)),
        session.scalar(select(func.count()).select_from(Scan)),
        session.scalar(aside),
    )
