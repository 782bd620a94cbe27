"""The notice to every member: how long its one transaction holds the database, and how fast its mails go out.

`.venv/bin/python -m benchmarks.notice [--database sqlite] [--members 20000] [--seconds 30]`

The demo's members are called to an assembly whose votes are frozen; mails go to a server on 127.0.0.1 that takes them all.
"""

import argparse
import socket
import sys
import time
from typing import Any

from aiosmtpd.controller import Controller
from flask import Flask
from sqlalchemy import func, select

from benchmarks.prepare import app_of, ground
from benchmarks.replying import Meeting, open_assembly
from benchmarks.servers import machine
from occto import clock
from occto.delivery import deliver_due
from occto.domain.actor import Actor
from occto.domain.assembly import AssemblyState
from occto.domain.convocation import NoticeKind
from occto.domain.notice_texts import BODIES, SUBJECTS
from occto.domain.permissions import Role, permissions_of
from occto.extensions import db
from occto.models import AgendaItem, Assembly, Convocation, OutboxMail, StaffRole
from occto.queries.convocation import progress
from occto.services.convocation import sending, writing
from occto.unit_of_work import run, unit_of_work

AT_ONCE = 50
"""Mails that the worker takes up at once."""


class _Taking:
    """A receiving server that takes everything."""

    async def handle_DATA(self, *_given: Any) -> str:  # noqa: N802 - aiosmtpd's name
        return "250 OK"


def _frozen(meeting: Meeting) -> Any:
    """An assembly whose votes are frozen and of which nobody has been told."""
    opened = open_assembly(meeting, voters=1)

    def add(app: Flask) -> None:
        opened(app)
        with unit_of_work() as session:
            session.get_one(Assembly, meeting.assembly_id).state = AssemblyState.FROZEN
            for item in session.scalars(select(AgendaItem).where(AgendaItem.assembly_id == meeting.assembly_id)):
                item.notified_at = None

    return add


def _approver() -> Actor:
    number = db.session.scalar(select(StaffRole.user_id).where(StaffRole.role == Role.APPROVER).limit(1))
    return Actor(user_id=number, request_id="bench", address="127.0.0.1", permissions=permissions_of((Role.APPROVER,)))


def _send(assembly_id: int) -> tuple[float, float, Any]:
    """Seconds on the clock and on the processor of the transaction that sends the notice, and what was sent."""
    by, now, kind = _approver(), clock.now(), NoticeKind.NOTICE
    number = run(
        writing.create_notice, assembly_id, kind=kind, subject=SUBJECTS[kind], body=BODIES[kind], actor=by, now=now
    )
    version = db.session.get_one(Assembly, assembly_id).version
    begun, worked = time.perf_counter(), time.process_time()
    sent = run(
        sending.send_notice,
        number,
        open_replies=True,
        seen_version=1,
        seen_assembly=version,
        actor=by,
        now=clock.now(),
    )
    return time.perf_counter() - begun, time.process_time() - worked, sent


def _deliver(seconds: float) -> tuple[int, float]:
    """Mails taken by the server within so many seconds, and how long that took."""
    begun, taken = time.perf_counter(), 0
    while time.perf_counter() - begun < seconds and (portion := deliver_due(limit=AT_ONCE)):
        taken += portion
    return taken, time.perf_counter() - begun


def _count(model: Any, *where: Any) -> int:
    return db.session.scalar(select(func.count()).select_from(model).where(*where)) or 0


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def measure(kind: str, *, members: int, seconds: float) -> list[str]:
    """The lines of the report; AssertionError where a member or a mail is missing."""
    meeting = Meeting()
    server = Controller(_Taking(), hostname="127.0.0.1", port=_free_port())
    server.start()
    try:
        with ground(kind, members, also=_frozen(meeting)) as held:
            mail = {"MAIL_SERVER": "127.0.0.1", "MAIL_PORT": str(server.port), "MAIL_SENDER": "bench@occto.example.jp"}
            app = app_of(held.ours, held.environment | mail)
            with app.app_context():
                waiting = _count(OutboxMail)
                clocked, worked, sent = _send(meeting.assembly_id)
                assert _count(Convocation, Convocation.assembly_id == meeting.assembly_id) == sent.members
                assert _count(OutboxMail) - waiting == sent.mails
                taken, took = _deliver(seconds)
                begun = time.perf_counter()
                assembly = db.session.get_one(Assembly, meeting.assembly_id)
                seen = progress(db.session(), assembly, now=clock.now())
                looked = (time.perf_counter() - begun) * 1000
                db.session.remove()
                db.engine.dispose()
    finally:
        server.stop()
    shown = ", ".join(f"{state} {number:,}" for state, number in seen.states.items() if number)
    queued = f"{sent.members:,} members, {sent.mails:,} mails and {sent.letters:,} letters queued in one transaction"
    return [
        f"{queued}: {clocked:.1f} s, {worked:.1f} s of it on a processor",
        f"{taken:,} mails handed over in {took:.0f} s: {taken / took:.0f} a second",
        f"the progress that staff see, read in {looked:.0f} ms: {shown}",
    ]


def main() -> None:
    """Run and print."""
    options = argparse.ArgumentParser(description="the notice to every member")
    options.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    options.add_argument("--members", type=int, default=20_000)
    options.add_argument("--seconds", type=float, default=30)
    given = options.parse_args()
    lines = measure(given.database, members=given.members, seconds=given.seconds)
    sys.stdout.write("\n".join([f"{given.database}, {machine()}", "", *lines, ""]))


if __name__ == "__main__":
    main()
