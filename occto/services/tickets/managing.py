"""受付票 in the hands of the office: issued anew, taken off, given a seat and a note, mailed once more."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.assembly import CLOSED
from occto.domain.errors import NotAllowed, NotFound, Refusal, Stale
from occto.domain.permissions import Permission
from occto.domain.tickets import NOTE_LIMIT, SEAT_LIMIT, Revocation, shown_number
from occto.models import AdmissionTicket, Assembly
from occto.queries.reception import present_with
from occto.services import audit
from occto.services.tickets import telling
from occto.services.tickets.issuing import Person, Sign, hold, issue, revoke
from occto.services.tickets.telling import News, tell

REASON_LIMIT = 500


def reissue(
    session: Session, ticket_id: int, *, reason: str | None, seen_version: int, sign: Sign, actor: Actor, now: datetime
) -> int:
    """再発行: the ticket is lost or seen by others; the same person gets another. Returns the row number of the new one.

    Refusals: not_allowed, not_found, assembly_closed, stale, ticket_revoked, in_the_hall, reason_missing, reason_too_long.
    """
    assembly, ticket = held_ticket(session, ticket_id, seen_version=seen_version, actor=actor)
    words = given_reason(reason)
    require_outside(session, ticket)
    new = replace_ticket(session, ticket, person_of(ticket), reason=words, sign=sign, actor=actor, now=now)
    tell(session, assembly, News([new], [ticket]), now=now)
    return new.id


def withdraw(
    session: Session, ticket_id: int, *, reason: str | None, seen_version: int, actor: Actor, now: datetime
) -> None:
    """失効: the person does not come. A person of a reply gets no other ticket until the member replies anew.

    Refusals: not_allowed, not_found, assembly_closed, stale, ticket_revoked, in_the_hall, reason_missing, reason_too_long.
    """
    assembly, ticket = held_ticket(session, ticket_id, seen_version=seen_version, actor=actor)
    words = given_reason(reason)
    require_outside(session, ticket)
    revoke(session, ticket, why=Revocation.WITHDRAWN, reason=words, actor=actor, now=now)
    session.flush()
    tell(session, assembly, News(revoked=[ticket]), now=now)


def place(
    session: Session,
    ticket_id: int,
    *,
    seat: str | None,
    note: str | None,
    seen_version: int,
    actor: Actor,
    now: datetime,
) -> None:
    """Seat and note for the desk; the ticket stays as it is.

    Refusals: not_allowed, not_found, assembly_closed, stale, ticket_revoked, seat_too_long, note_too_long, seat_taken.
    """
    assembly, ticket = held_ticket(session, ticket_id, seen_version=seen_version, actor=actor)
    seat, note = given_place(seat, note)
    require_free(session, assembly.id, seat, but=ticket.id)
    if (ticket.seat, ticket.note) == (seat, note):
        return
    ticket.seat, ticket.note, ticket.version = seat, note, ticket.version + 1
    detail = {"assembly_id": assembly.id, "number": ticket.number, "seat": seat, "note": note}
    audit.record(session, "ticket.placed", subject=f"TICKET:{ticket.id}", actor=actor, now=now, detail=detail)
    session.flush()


def give_seats(
    session: Session, assembly_id: int, *, seats: Mapping[int, str | None], actor: Actor, now: datetime
) -> int:
    """Seats of many: number of the ticket → seat, None takes it away. Returns how many have changed.

    Refusals: not_allowed, not_found, assembly_closed, nothing_changed, ticket_unknown, seat_too_long, seat_twice,
    seat_taken (a ticket outside the list sits there).
    """
    assembly = held_assembly(session, assembly_id, actor=actor)
    good = {
        one.number: one
        for one in session.scalars(
            select(AdmissionTicket)
            .where(AdmissionTicket.assembly_id == assembly.id, AdmissionTicket.revoked_at.is_(None))
            .order_by(AdmissionTicket.number)
            .with_for_update()
        )
    }
    _require_possible(good, seats)
    changed = {number: seat for number, seat in sorted(seats.items()) if good[number].seat != seat}
    if not changed:
        raise Refusal("nothing_changed", "いまの席と違う行がありません。番号と席をお確かめください。", field="lines")
    for number, seat in changed.items():
        good[number].seat = seat
        good[number].version += 1
    detail = {
        "assembly_id": assembly.id,
        "count": len(changed),
        "seats": [f"{shown_number(number)} {seat or '－'}" for number, seat in changed.items()],
    }
    audit.record(session, "ticket.seats_given", subject=f"ASSEMBLY:{assembly.id}", actor=actor, now=now, detail=detail)
    session.flush()
    return len(changed)


def _require_possible(good: Mapping[int, AdmissionTicket], seats: Mapping[int, str | None]) -> None:
    unknown = [number for number in seats if number not in good]
    if unknown:
        raise Refusal(
            "ticket_unknown",
            f"番号 {shown_number(unknown[0])} の有効な受付票がありません。一覧を確かめて、もう一度入力してください。",
            field="lines",
        )
    given = [seat for seat in seats.values() if seat]
    if any(len(seat) > SEAT_LIMIT for seat in given):
        raise Refusal("seat_too_long", f"席は{SEAT_LIMIT}文字以内で入力してください。", field="lines")
    if len(set(given)) < len(given):
        raise Refusal("seat_twice", "同じ席が2回以上あります。席をお確かめください。", field="lines")
    taken = {one.seat for one in good.values() if one.number not in seats} & set(given)
    if taken:
        raise Refusal("seat_taken", f"席 {min(map(str, taken))} は、一覧にない方の席です。", field="lines")


def send_again(session: Session, ticket_id: int, *, actor: Actor, now: datetime) -> None:
    """The mail with paper and link once more, to the address on the ticket.

    Refusals: not_allowed, not_found, assembly_closed, ticket_revoked, rehearsal, no_address.
    """
    assembly, ticket = held_ticket(session, ticket_id, seen_version=None, actor=actor)
    if assembly.rehearsal_of_id is not None:
        raise Refusal("rehearsal", "リハーサルの受付票は、メールでお送りできません。受付票（PDF）をお使いください。")
    if not ticket.email:
        raise Refusal("no_address", "この方にはメールアドレスがありません。受付票を印刷してお渡しください。")
    telling.send_again(session, assembly, ticket, now=now)
    detail = {"assembly_id": assembly.id, "number": ticket.number, "name": ticket.name}
    audit.record(session, "ticket.sent_again", subject=f"TICKET:{ticket.id}", actor=actor, now=now, detail=detail)
    session.flush()


def held_assembly(session: Session, assembly_id: int, *, actor: Actor) -> Assembly:
    """The assembly under the lock of tickets. Refusals: not_allowed, not_found, assembly_closed."""
    if not actor.can(Permission.TICKET_PREPARE) or actor.user_id is None:
        raise NotAllowed
    assembly = hold(session, assembly_id)
    if assembly is None:
        raise NotFound
    if assembly.state in CLOSED:
        raise Refusal("assembly_closed", "この総会は終わったか開かれないため、受付票は変更できません。")
    return assembly


def held_ticket(
    session: Session, ticket_id: int, *, seen_version: int | None, actor: Actor
) -> tuple[Assembly, AdmissionTicket]:
    """A good ticket under the locks of its assembly and its own; `seen_version` None: whatever was on the screen.

    Refusals: not_allowed, not_found, assembly_closed, stale, ticket_revoked.
    """
    assembly_id = session.scalar(select(AdmissionTicket.assembly_id).where(AdmissionTicket.id == ticket_id))
    assembly = held_assembly(session, assembly_id or 0, actor=actor)
    ticket = session.get(AdmissionTicket, ticket_id, with_for_update=True, populate_existing=True)
    assert ticket is not None, "tickets are never deleted"
    if ticket.revoked_at is not None:
        raise Refusal("ticket_revoked", "この受付票はすでに失効しています。一覧で、いまの受付票をお確かめください。")
    if seen_version is not None and ticket.version != seen_version:
        raise Stale
    return assembly, ticket


def require_outside(session: Session, ticket: AdmissionTicket) -> None:
    """Refusal in_the_hall where the person has come already: changes are the supervisor's then."""
    if present_with(session, ticket.id) is not None:
        raise Refusal(
            "in_the_hall",
            "この方はすでに受付を済ませています。受付責任者の画面で、退出か取消しを記録してから操作してください。",
        )


def require_free(session: Session, assembly_id: int, seat: str | None, *, but: int | None = None) -> None:
    """Refusal seat_taken where somebody else has the seat."""
    if seat is None:
        return
    other = session.scalar(
        select(AdmissionTicket)
        .where(
            AdmissionTicket.assembly_id == assembly_id,
            AdmissionTicket.revoked_at.is_(None),
            AdmissionTicket.seat == seat,
            AdmissionTicket.id != (but or 0),
        )
        .order_by(AdmissionTicket.number)
        .limit(1)
    )
    if other is not None:
        words = f"席 {seat} は、{shown_number(other.number)} {other.name} 様の席です。ほかの席を入力してください。"
        raise Refusal("seat_taken", words, field="seat")


def given_place(seat: str | None, note: str | None) -> tuple[str | None, str | None]:
    """Seat and note as they are kept. Refusals: seat_too_long, note_too_long."""
    seat, note = (seat or "").strip() or None, (note or "").strip() or None
    if seat is not None and len(seat) > SEAT_LIMIT:
        raise Refusal("seat_too_long", f"席は{SEAT_LIMIT}文字以内で入力してください。", field="seat")
    if note is not None and len(note) > NOTE_LIMIT:
        raise Refusal("note_too_long", f"備考は{NOTE_LIMIT}文字以内で入力してください。", field="note")
    return seat, note


def given_reason(reason: str | None) -> str:
    """The reason as it is kept. Refusals: reason_missing, reason_too_long."""
    words = (reason or "").strip()
    if not words:
        raise Refusal("reason_missing", "理由を入力してください。記録に残ります。", field="reason")
    if len(words) > REASON_LIMIT:
        raise Refusal("reason_too_long", f"理由は{REASON_LIMIT}文字以内で入力してください。", field="reason")
    return words


def person_of(ticket: AdmissionTicket) -> Person:
    """Whom the ticket is for, to issue another to."""
    return Person(
        kind=ticket.kind,
        name=ticket.name,
        title=ticket.title,
        email=ticket.email,
        voting=ticket.voting,
        member_id=ticket.member_id,
        reply_id=ticket.reply_id,
        attendee_id=ticket.attendee_id,
        seat=ticket.seat,
        note=ticket.note,
    )


def replace_ticket(
    session: Session,
    ticket: AdmissionTicket,
    person: Person,
    *,
    reason: str,
    sign: Sign,
    actor: Actor,
    now: datetime,
) -> AdmissionTicket:
    """Revoke the ticket, and issue `person` another in its place."""
    revoke(session, ticket, why=Revocation.REISSUED, reason=reason, actor=actor, now=now)
    session.flush()  # before another takes the attendee
    return issue(session, ticket.assembly_id, person, replaces=ticket, sign=sign, actor=actor, now=now)
