"""傍聴の方 and 経済産業大臣が指名する職員: registered by the office, with a ticket of their own and no vote."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.errors import Refusal
from occto.domain.tickets import NAME_LIMIT, TITLE_LIMIT, WITHOUT_MEMBER, TicketKind
from occto.services.tickets import managing
from occto.services.tickets.issuing import Person, Sign, issue
from occto.services.tickets.telling import News, tell

ON_CHANGE = "登録内容の変更"
"""The reason on record where another ticket takes the place of a guest's."""


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody who comes and belongs to no member."""

    kind: TicketKind
    name: str | None
    title: str | None
    email: str | None = None
    seat: str | None = None
    note: str | None = None


def register_guest(session: Session, assembly_id: int, guest: Guest, *, sign: Sign, actor: Actor, now: datetime) -> int:
    """Issue a ticket to a guest or an official; returns its row number. It is mailed where there is an address.

    Refusals: not_allowed, not_found, assembly_closed, not_a_guest, name_missing, name_too_long, title_missing,
    title_too_long, seat_too_long, note_too_long, seat_taken.
    """
    assembly = managing.held_assembly(session, assembly_id, actor=actor)
    person = _checked(guest)
    managing.require_free(session, assembly.id, person.seat)
    ticket = issue(session, assembly.id, person, sign=sign, actor=actor, now=now)
    tell(session, assembly, News([ticket]), now=now)
    return ticket.id


def change_guest(
    session: Session,
    ticket_id: int,
    guest: Guest,
    *,
    seen_version: int,
    sign: Sign,
    actor: Actor,
    now: datetime,
) -> int:
    """Change a guest; returns the row number of the ticket that is good then.

    What a ticket says of the person is never changed: another one takes its place and is mailed. Seat and note stay with it.
    Refusals: those of `register_guest`, stale, ticket_revoked, in_the_hall.
    """
    assembly, ticket = managing.held_ticket(session, ticket_id, seen_version=seen_version, actor=actor)
    if ticket.kind not in WITHOUT_MEMBER:
        raise Refusal("not_a_guest", "会員の方の受付票は、会員の回答に従います。回答を改めてください。")
    person = _checked(guest)
    if (ticket.kind, ticket.name, ticket.title, ticket.email) == (person.kind, person.name, person.title, person.email):
        managing.place(
            session, ticket.id, seat=person.seat, note=person.note, seen_version=seen_version, actor=actor, now=now
        )
        return ticket.id
    managing.require_outside(session, ticket)
    managing.require_free(session, assembly.id, person.seat, but=ticket.id)
    new = managing.replace_ticket(session, ticket, person, reason=ON_CHANGE, sign=sign, actor=actor, now=now)
    if person.seat is None:
        new.seat = None  # taken away; a ticket in the place of another keeps its seat otherwise
    tell(session, assembly, News([new], [ticket]), now=now)
    return new.id


def _checked(guest: Guest) -> Person:
    if guest.kind not in WITHOUT_MEMBER:
        raise Refusal("not_a_guest", "傍聴の方か、経済産業大臣が指名する職員を選んでください。", field="kind")
    name, title = (guest.name or "").strip(), (guest.title or "").strip()
    for field, value, words, limit in (
        ("name", name, "氏名", NAME_LIMIT),
        ("title", title, "所属・役職", TITLE_LIMIT),
    ):
        if not value:
            raise Refusal(f"{field}_missing", f"{words}を入力してください。", field=field)
        if len(value) > limit:
            raise Refusal(f"{field}_too_long", f"{words}は{limit}文字以内で入力してください。", field=field)
    seat, note = managing.given_place(guest.seat, guest.note)
    return Person(guest.kind, name, title, email=guest.email or None, seat=seat, note=note)
