"""An assembly whose hall is open: members with advance votes, a ticket for each, desks with their keys, and a desk that scans."""

import http.client
import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from flask import Flask
from sqlalchemy import func, insert, select

from benchmarks.replying import Meeting, open_assembly
from occto import clock, vault
from occto.access import token_hash
from occto.domain.assembly import AssemblyState
from occto.domain.dates import end_of_day_exclusive, today_jst
from occto.domain.reception import DeskProfile
from occto.domain.replies import Attendance, ReplyChannel
from occto.domain.tally import Choice
from occto.domain.tickets import FIRST_NUMBER, TicketKind, hash_of
from occto.extensions import db
from occto.models import (
    AdmissionTicket,
    Assembly,
    Ballot,
    Desk,
    Member,
    Reply,
    Snapshot,
    SnapshotMember,
    StaffRole,
    StandingReply,
)
from occto.queries.statistics import look_again
from occto.services.tickets.issuing import ticket_secret, ticket_token
from occto.unit_of_work import unit_of_work

DESKS = 8
TOKEN = re.compile(r'(?:name="csrf_token"[^>]*value|name="csrf-token"[^>]*content|data-csrf)="([^"]+)"')


@dataclass(slots=True)
class Hall:
    """What `open_hall` has made: tokens of tickets in the order of their numbers, cookies of desks and of a viewer."""

    assembly_id: int = 0
    tokens: list[str] = field(default_factory=list)
    desks: list[str] = field(default_factory=list)
    staff: str = ""
    meeting: Meeting = field(default_factory=Meeting)


def open_hall(hall: Hall, *, arrivals: int, items: int = 10, voters: int = 8) -> Callable[[Flask], None]:
    """What adds the assembly to a database; `hall` is filled. Every arrival votes, and three of four have voted in advance."""

    def add(app: Flask) -> None:
        open_assembly(hall.meeting, items=items, voters=voters)(app)
        now, hall.assembly_id, hall.staff = clock.now(), hall.meeting.assembly_id, hall.meeting.staff
        holders = db.session.execute(
            select(SnapshotMember.member_id, Member.current_name)
            .join(Snapshot, Snapshot.id == SnapshotMember.snapshot_id)
            .join(Member, Member.id == SnapshotMember.member_id)
            .where(Snapshot.assembly_id == hall.assembly_id, SnapshotMember.votes > 0)
            .order_by(SnapshotMember.member_id)
            .limit(arrivals)
        ).all()
        keys = [vault.make_token() for _ in range(DESKS)]
        with unit_of_work() as session:
            row = session.get_one(Assembly, hall.assembly_id)
            row.state = AssemblyState.HALL_OPEN
            row.held_at = min(now + timedelta(hours=1), end_of_day_exclusive(today_jst(now)) - timedelta(seconds=1))
            row.reply_until = now
            session.flush()
            _answer(holders, hall.assembly_id, hall.meeting.item_ids)
            session.execute(
                insert(AdmissionTicket), [_ticket(hall, no, one.member_id) for no, one in enumerate(holders)]
            )
            maker = session.scalar(select(func.min(StaffRole.user_id)))
            session.add_all(
                Desk(
                    assembly_id=hall.assembly_id,
                    name=f"受付 {no}番",
                    profile=DeskProfile.STANDARD,
                    contact="計測",
                    key_hash=token_hash(key),
                    made_at=now,
                    made_by_id=maker,
                    paired_at=now,
                )
                for no, key in enumerate(keys, 1)
            )
            look_again(session, AdmissionTicket, Reply, StandingReply, Ballot)
        signer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
        hall.desks = [str(signer.dumps({"desk": key})) for key in keys]

    return add


def _ticket(hall: Hall, place: int, member_id: int) -> dict[str, object]:
    number = FIRST_NUMBER + place
    token = ticket_token(vault.derived, hall.assembly_id, number, 1)
    hall.tokens.append(token)
    return {
        "assembly_id": hall.assembly_id,
        "member_id": member_id,
        "kind": TicketKind.WALK_IN,
        "number": number,
        "issue_no": 1,
        "token_hash": hash_of(token),
        "link_hash": token_hash(ticket_secret(vault.derived, hall.assembly_id, number, 1)),
        "name": f"計測 来場{place}",
        "title": "計測",
        "voting": True,
        "issued_at": clock.now(),
        "version": 1,
    }


def _answer(holders: list[object] | object, assembly_id: int, items: list[int]) -> None:
    """Advance votes of three members of four, as rows."""
    session, now = db.session(), clock.now()
    answered = [one.member_id for place, one in enumerate(holders) if place % 4]  # type: ignore[arg-type,attr-defined]
    session.execute(
        insert(Reply),
        [
            {
                "assembly_id": assembly_id,
                "member_id": member_id,
                "no": 1,
                "number": f"B{assembly_id}-{member_id}",
                "receipt_code": f"B{assembly_id}-{member_id}",
                "salt": secrets.token_hex(16),
                "digest": "0" * 64,
                "channel": ReplyChannel.ELECTRONIC,
                "attendance": Attendance.ELECTRONIC,
                "received_at": now,
                "entered_at": now,
            }
            for member_id in answered
        ],
    )
    numbers = session.execute(select(Reply.id, Reply.member_id).where(Reply.assembly_id == assembly_id)).all()
    session.execute(
        insert(StandingReply),
        [{"assembly_id": assembly_id, "member_id": one.member_id, "reply_id": one.id, "version": 1} for one in numbers],
    )
    session.execute(
        insert(Ballot),
        [{"reply_id": one.id, "item_id": item, "choice": Choice.YES} for one in numbers for item in items],
    )


@dataclass(slots=True)
class Scanner:
    """A desk over one connection that is kept open; `token` guards its posts."""

    connection: http.client.HTTPConnection
    cookie: str
    assembly_id: int
    token: str = ""

    def open(self) -> None:
        """Open the page of the desk, which gives the token."""
        status, page = self._send("GET", f"/reception/{self.assembly_id}", None)
        found = TOKEN.search(page)
        if status != 200 or found is None:
            raise RuntimeError(f"the page of the desk: {status}")
        self.token = found[1]

    def scan(self, code: str, *, scan_id: str | None = None) -> tuple[int, dict[str, object]]:
        """Status and answer of one scan."""
        body = json.dumps({"scan_id": scan_id or secrets.token_hex(12), "code": code})
        status, answer = self._send("POST", f"/reception/{self.assembly_id}/check-in", body)
        return status, json.loads(answer) if answer.startswith("{") else {}

    def _send(self, method: str, path: str, body: str | None) -> tuple[int, str]:
        headers = {"Cookie": f"session={self.cookie}"}
        if body is not None:
            headers |= {"Content-Type": "application/json", "X-CSRFToken": self.token}
        self.connection.request(method, path, body=body, headers=headers)
        answer = self.connection.getresponse()
        page = answer.read().decode()
        for value in answer.headers.get_all("Set-Cookie") or []:
            if value.startswith("session="):
                self.cookie = value.split(";")[0].partition("=")[2]
        return answer.status, page
