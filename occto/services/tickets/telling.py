"""Mails about 受付票: to whoever attends, that it is issued or no longer good; to the member where somebody has no address."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from occto.domain.assembly import title_of
from occto.domain.codes import MailState
from occto.domain.dates import format_instant, today_jst
from occto.domain.tickets import Revocation, shown_number, standing_of
from occto.models import AdmissionTicket, Assembly, Member, OutboxMail
from occto.queries.replies import copy_addresses
from occto.queries.tickets_shown import mails_of
from occto.services import outbox

TICKET, REVOKED, OF_MEMBER = "assemblies/ticket", "assemblies/ticket_revoked", "assemblies/tickets_of_member"


@dataclass(slots=True)
class News:
    """What became of tickets in one transaction; `tell` mails it at the end of it."""

    issued: list[AdmissionTicket] = field(default_factory=list)
    revoked: list[AdmissionTicket] = field(default_factory=list)


def tell(session: Session, assembly: Assembly, news: News, *, now: datetime) -> None:
    """Queue what these people are to know; of a rehearsal nobody is told.

    A ticket that was never sent is not told of as lost either.
    """
    if assembly.rehearsal_of_id is not None:
        return
    unsent = _suppress(session, news.revoked)
    companies = _companies(session, {one.member_id for one in (*news.issued, *news.revoked) if one.member_id})
    earlier = {one.id: one for one in news.revoked}
    shared = _shared(assembly)
    letters = [
        outbox.Letter(
            to=one.email,
            params=shared | _about(one, companies) | {"earlier": _earlier(one, earlier, unsent)},
            member_id=one.member_id,
            dedupe_key=_key(one),
        )
        for one in news.issued
        if one.email
    ]
    outbox.queue_many(session, TICKET, letters, assembly_id=assembly.id, now=now)
    reached = {one.replaces_id: (one.email or "").lower() for one in news.issued if one.replaces_id}
    lost = [
        outbox.Letter(to=one.email, params=shared | _about(one, companies), member_id=one.member_id)
        for one in news.revoked
        if one.email and one.id not in unsent and reached.get(one.id) != one.email.lower()
    ]
    outbox.queue_many(session, REVOKED, lost, assembly_id=assembly.id, now=now)
    _tell_members(session, assembly, news, companies, shared, now=now)


def send_again(session: Session, assembly: Assembly, ticket: AdmissionTicket, *, now: datetime) -> None:
    """Queue the mail of a good ticket once more, to its address."""
    assert ticket.email, "the caller has refused a ticket without an address"
    companies = _companies(session, {ticket.member_id} - {None})
    params = _shared(assembly) | _about(ticket, companies) | {"earlier": None}
    again = f"{_key(ticket)}:{len(mails_of(session, ticket.id)) + 1}"
    letters = [outbox.Letter(to=ticket.email, params=params, member_id=ticket.member_id, dedupe_key=again)]
    outbox.queue_many(session, TICKET, letters, assembly_id=assembly.id, now=now)


def _tell_members(
    session: Session,
    assembly: Assembly,
    news: News,
    companies: dict[int, str],
    shared: dict[str, Any],
    *,
    now: datetime,
) -> None:
    """Tell the member of the tickets that no mail brings to anybody; it changed its reply itself, and knows the others."""
    people: dict[int, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    for one in news.issued:
        if one.member_id is not None and not one.email:
            people[one.member_id][0].append(_in_a_line(one))
    for one in news.revoked:
        if one.member_id is not None and not one.email and one.revoked_for is not Revocation.REPLY_CHANGED:
            people[one.member_id][1].append(_in_a_line(one))
    letters = [
        outbox.Letter(
            to=address,
            params=shared | {"company": companies[member_id], "people": issued, "gone": gone},
            member_id=member_id,
        )
        for member_id, (issued, gone) in sorted(people.items())
        for address in copy_addresses(session, member_id, user_id=None, today=today_jst(now))
    ]
    outbox.queue_many(session, OF_MEMBER, letters, assembly_id=assembly.id, now=now)


def _suppress(session: Session, revoked: Sequence[AdmissionTicket]) -> set[int]:
    """Tickets whose mail waits: it is not sent. One that a worker holds at this moment is looked at again at delivery."""
    keys = {_key(one): one.id for one in revoked if one.email}
    if not keys:
        return set()
    stopped = session.scalars(
        update(OutboxMail)
        .where(OutboxMail.dedupe_key.in_(keys), OutboxMail.state == MailState.PENDING)
        .values(state=MailState.SUPPRESSED)
        .returning(OutboxMail.dedupe_key)
    ).all()
    return {keys[key] for key in stopped if key is not None}


def _key(ticket: AdmissionTicket) -> str:
    return f"ticket:{ticket.id}"


def _earlier(ticket: AdmissionTicket, revoked: dict[int, AdmissionTicket], unsent: Collection[int]) -> str | None:
    """The number of the ticket in whose place this one stands, where the same person was sent that one."""
    before = revoked.get(ticket.replaces_id or 0)
    same = before is not None and (before.email or "").lower() == (ticket.email or "").lower()
    return shown_number(before.number) if before is not None and same and before.id not in unsent else None


def _companies(session: Session, members: Collection[int | None]) -> dict[int, str]:
    rows = session.execute(select(Member.id, Member.current_name).where(Member.id.in_(members))) if members else ()
    return {row.id: row.current_name for row in rows}


def _shared(assembly: Assembly) -> dict[str, Any]:
    return {
        "assembly_id": assembly.id,
        "assembly_title": title_of(assembly),
        "held": format_instant(assembly.held_at),
        "reception": format_instant(assembly.reception_from)[-5:] if assembly.reception_from else None,
        "place": assembly.place,
    }


def _about(ticket: AdmissionTicket, companies: dict[int, str]) -> dict[str, Any]:
    return {
        "ticket_id": ticket.id,
        "ticket_number": shown_number(ticket.number),
        "name": ticket.name,
        "company": companies.get(ticket.member_id or 0),
        "role_words": standing_of(ticket.kind, voting=ticket.voting),
        "seat": ticket.seat,
    }


def _in_a_line(ticket: AdmissionTicket) -> str:
    words = standing_of(ticket.kind, voting=ticket.voting)
    return f"{shown_number(ticket.number)}　{ticket.name} 様（{words}）"
