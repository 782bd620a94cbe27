"""Issue, revoke and reissue 受付票. Tickets follow the replies that stand: a person who stays the same keeps its ticket."""

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from occto.domain.actor import SYSTEM, Actor
from occto.domain.tickets import Revocation, TicketKind, hash_of, key_text, token_of
from occto.models import AdmissionTicket, Assembly
from occto.queries import tickets as reads
from occto.queries.tickets import Wanted
from occto.services import audit
from occto.services.tickets.telling import News, tell

Sign = Callable[[str, str], bytes]
"""`vault.derived`: bytes that belong to a text for a purpose, under the key of the house."""
TOKEN_PURPOSE, LINK_PURPOSE = "ticket", "ticket-link"
BATCH = 200


@dataclass(frozen=True, slots=True)
class Person:
    """Whom a ticket is for."""

    kind: TicketKind
    name: str
    title: str
    email: str | None = None
    voting: bool = False
    member_id: int | None = None
    reply_id: int | None = None
    attendee_id: int | None = None
    seat: str | None = None
    note: str | None = None


def ticket_token(sign: Sign, assembly_id: int, number: int, issue_no: int) -> str:
    """The token in the QR code of a ticket, the same whenever it is drawn."""
    return token_of(sign(TOKEN_PURPOSE, key_text(assembly_id, number, issue_no)))


def ticket_secret(sign: Sign, assembly_id: int, number: int, issue_no: int) -> str:
    """The secret of the link that is mailed with a ticket: 192 bits, safe in an address."""
    return base64.urlsafe_b64encode(sign(LINK_PURPOSE, key_text(assembly_id, number, issue_no))[:24]).decode()


def keep_tickets(session: Session, assembly_id: int, *, sign: Sign, now: datetime) -> int:
    """Bring the tickets of the next members up to date with the replies that stand; return of how many members.

    Whoever is in the hall already is left to the supervisor. Nothing happens twice, however often it is asked.
    """
    assembly = hold(session, assembly_id)
    if assembly is None or assembly.state not in reads.ISSUING:
        return 0
    members = reads.outdated(session, assembly_id, limit=BATCH)
    if not members:
        return 0
    wanted = reads.wanted(session, assembly_id, members)
    held = reads.tickets_of_replies(session, assembly_id, members)
    news = News()
    for member_id in members:
        _follow(session, assembly, wanted.get(member_id, []), held.get(member_id, []), news, sign=sign, now=now)
    session.flush()
    tell(session, assembly, news, now=now)
    return len(members)


def hold(session: Session, assembly_id: int) -> Assembly | None:
    """The assembly under the lock that tickets are issued under: replies pass it, check-ins wait for it."""
    return session.get(Assembly, assembly_id, with_for_update={"key_share": True}, populate_existing=True)


def _follow(
    session: Session,
    assembly: Assembly,
    wanted: Sequence[Wanted],
    held: Sequence[AdmissionTicket],
    news: News,
    *,
    sign: Sign,
    now: datetime,
) -> None:
    """Keep the tickets of those who stay as they are; revoke the others, and let new ones take their places in order."""
    kept: dict[Wanted, AdmissionTicket] = {}
    free = list(held)
    for one in wanted:
        ticket = next((ticket for ticket in free if _same(ticket, one)), None)
        if ticket is not None:
            kept[one] = ticket
            free.remove(ticket)
    for same, ticket in kept.items():
        ticket.reply_id, ticket.attendee_id = same.reply_id, same.attendee_id
    for ticket in free:
        revoke(session, ticket, why=Revocation.REPLY_CHANGED, actor=SYSTEM, now=now)
        news.revoked.append(ticket)
    session.flush()  # before others take the attendees
    replaced = iter(free)
    for one in (person for person in wanted if person not in kept):
        person = Person(
            one.kind,
            one.name,
            one.title,
            one.email,
            one.voting,
            member_id=one.member_id,
            reply_id=one.reply_id,
            attendee_id=one.attendee_id,
        )
        before = next(replaced, None)
        news.issued.append(issue(session, assembly.id, person, replaces=before, sign=sign, actor=SYSTEM, now=now))


def _same(ticket: AdmissionTicket, person: Wanted) -> bool:
    return (ticket.kind, ticket.name, ticket.title, ticket.email, ticket.voting) == (
        person.kind,
        person.name,
        person.title,
        person.email,
        person.voting,
    )


def issue(
    session: Session,
    assembly_id: int,
    person: Person,
    *,
    replaces: AdmissionTicket | None = None,
    sign: Sign,
    actor: Actor,
    now: datetime,
) -> AdmissionTicket:
    """A ticket with the next number; the caller holds the assembly (`hold`). A seat stays with the place of the person."""
    if replaces is not None and person.seat is None:
        person = replace(person, seat=replaces.seat)
    number = reads.next_number(session, assembly_id)
    issue_no = replaces.issue_no + 1 if replaces is not None else 1
    secret = ticket_secret(sign, assembly_id, number, issue_no)
    ticket = AdmissionTicket(
        assembly_id=assembly_id,
        member_id=person.member_id,
        kind=person.kind,
        reply_id=person.reply_id,
        attendee_id=person.attendee_id,
        number=number,
        issue_no=issue_no,
        token_hash=hash_of(ticket_token(sign, assembly_id, number, issue_no)),
        link_hash=hashlib.sha256(secret.encode()).hexdigest(),
        name=person.name,
        title=person.title,
        email=person.email,
        voting=person.voting,
        seat=person.seat,
        note=person.note,
        issued_at=now,
        issued_by_id=actor.user_id,
        replaces_id=replaces.id if replaces is not None else None,
    )
    session.add(ticket)
    session.flush()
    audit.record(
        session,
        "ticket.issued",
        subject=f"TICKET:{ticket.id}",
        actor=actor,
        now=now,
        detail={
            "assembly_id": assembly_id,
            "member_id": person.member_id,
            "number": number,
            "kind": person.kind,
            "voting": person.voting,
            "name": person.name,
            "replaces": ticket.replaces_id,
        },
    )
    return ticket


def revoke(
    session: Session,
    ticket: AdmissionTicket,
    *,
    why: Revocation,
    reason: str | None = None,
    actor: Actor,
    now: datetime,
) -> None:
    """The ticket is good no more; whoever shows it is told which one took its place."""
    ticket.revoked_at, ticket.revoked_for = now, why
    ticket.version += 1
    audit.record(
        session,
        "ticket.revoked",
        subject=f"TICKET:{ticket.id}",
        actor=actor,
        now=now,
        detail={
            "assembly_id": ticket.assembly_id,
            "member_id": ticket.member_id,
            "number": ticket.number,
            "name": ticket.name,
            "why": why,
            "reason": reason,
        },
    )
