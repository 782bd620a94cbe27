"""受付責任者: people without a ticket of their own: those who come unannounced, and those who come in another's place.

The ticket, and the check-in under the rules of every other, are one act: where it cannot be admitted, nothing was issued.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from occto.domain.actor import Actor
from occto.domain.assembly import title_of
from occto.domain.dates import today_jst
from occto.domain.errors import NotFound, Refusal
from occto.domain.reception import ADMITTING, OUTCOME_LABELS, TAKEN_BACK_LABELS, ScanOutcome, ScanWay
from occto.domain.replies import Attendance
from occto.domain.tickets import NAME_LIMIT, NOTE_LIMIT, TITLE_LIMIT, WITHOUT_MEMBER, Revocation, TicketKind
from occto.models import AdmissionTicket, Assembly
from occto.queries import desks as reads
from occto.queries.assembly_recipients import recipients
from occto.queries.reception import present_with
from occto.services import audit, outbox
from occto.services.outbox import Letter
from occto.services.reception.checking_in import Answer, Attempt, check_in
from occto.services.reception.desks import require_supervisor
from occto.services.reception.required import given_reason, require_no_voter, require_votes
from occto.services.reception.telling import VOTER_ADMITTED, told_of
from occto.services.tickets import issuing
from occto.services.tickets.issuing import Person, Sign

AT_THE_DOOR: Final = frozenset({TicketKind.WALK_IN, TicketKind.GUEST, TicketKind.OFFICIAL})
_WHY_NOT: Final = {
    ScanOutcome.NOT_OPEN: "受付は、総会の当日だけできます。総会の開催日時をお確かめください。",
    ScanOutcome.MEMBER_LEFT: "この会社は、会員の資格がなくなっているため、会員としては受け付けられません。",
    ScanOutcome.SUSPENDED: "この会員は、基準日から議決権が停止されているため、受け付けられません。",
}


@dataclass(frozen=True, slots=True)
class Arrival:
    """Who has come. A WALK_IN belongs to a member and may vote for it; a GUEST and an OFFICIAL belong to none."""

    kind: TicketKind
    name: str
    title: str = ""
    voting: bool = False
    member_id: int | None = None
    note: str | None = None


def admit_at_door(
    session: Session,
    assembly_id: int,
    arrival: Arrival,
    *,
    reason: str | None,
    scan_id: str,
    sign: Sign,
    actor: Actor,
    now: datetime,
    at_lock: Callable[[], datetime] | None = None,
) -> Answer:
    """当日来場: a ticket for somebody who has none, and the check-in, in one act. `at_lock`: as for `check_in`.

    Refusals: not_allowed, not_found, hall_closed, reason_missing, reason_too_long, name_missing, name_too_long,
    title_too_long, note_too_long, kind_wrong, not_on_roll, no_votes, voter_present, not_open, member_left, suspended.
    """
    assembly = _hall(session, assembly_id, actor=actor)
    words = given_reason(reason)
    person = _person(arrival)
    if arrival.kind is TicketKind.WALK_IN:
        _require_on_roll(session, assembly.id, arrival.member_id)
    if arrival.voting:
        require_votes(session, assembly.id, arrival.member_id)
        require_no_voter(session, assembly.id, arrival.member_id)
    ticket = issuing.issue(session, assembly.id, person, sign=sign, actor=actor, now=now)
    return _enter(session, assembly, ticket, reason=words, scan_id=scan_id, actor=actor, now=now, at_lock=at_lock)


def substitute(
    session: Session,
    ticket_id: int,
    *,
    name: str | None,
    title: str | None,
    reason: str | None,
    scan_id: str,
    sign: Sign,
    actor: Actor,
    now: datetime,
    at_lock: Callable[[], datetime] | None = None,
) -> Answer:
    """交代: the ticket of the one who does not come is revoked, and the one who came is admitted in that place.

    `at_lock`: as for `check_in`.     Refusals: not_allowed, not_found, hall_closed, reason_missing, reason_too_long, name_missing, name_too_long,
    title_too_long, ticket_revoked, no_member, present, voter_present, not_open, member_left, suspended.
    """
    require_supervisor(actor)
    known = session.get(AdmissionTicket, ticket_id)
    if known is None:
        raise NotFound
    assembly = _hall(session, known.assembly_id, actor=actor)
    ticket = session.get(AdmissionTicket, ticket_id, with_for_update=True, populate_existing=True)
    assert ticket is not None
    words = given_reason(reason)
    _require_replaceable(session, ticket)
    person = _person(
        Arrival(TicketKind.SUBSTITUTE, name or "", title or "", voting=ticket.voting, member_id=ticket.member_id)
    )
    if ticket.voting:
        require_no_voter(session, assembly.id, ticket.member_id)
    issuing.revoke(session, ticket, why=Revocation.SUBSTITUTED, actor=actor, now=now)
    session.flush()
    new = issuing.issue(session, assembly.id, person, replaces=ticket, sign=sign, actor=actor, now=now)
    return _enter(
        session,
        assembly,
        new,
        instead_of=ticket.name,
        reason=words,
        scan_id=scan_id,
        actor=actor,
        now=now,
        at_lock=at_lock,
    )


def _hall(session: Session, assembly_id: int, *, actor: Actor) -> Assembly:
    """The assembly under the lock that tickets are issued under; desks wait for it."""
    require_supervisor(actor)
    assembly = issuing.hold(session, assembly_id)
    if assembly is None:
        raise NotFound
    if assembly.state not in ADMITTING:
        raise Refusal("hall_closed", "受付の時間ではないため、受け付けられません。総会の状態をお確かめください。")
    return assembly


def _person(arrival: Arrival) -> Person:
    """Refusals: name_missing, name_too_long, title_too_long, note_too_long, kind_wrong."""
    name, title, note = arrival.name.strip(), arrival.title.strip(), (arrival.note or "").strip()
    if not name:
        raise Refusal("name_missing", "来場した方の氏名を入力してください。", field="name")
    for field, words, limit in (("name", name, NAME_LIMIT), ("title", title, TITLE_LIMIT), ("note", note, NOTE_LIMIT)):
        if len(words) > limit:
            raise Refusal(f"{field}_too_long", f"{limit}文字以内で入力してください。", field=field)
    alone = arrival.kind in WITHOUT_MEMBER
    if alone is not (arrival.member_id is None) or (alone and arrival.voting):
        raise Refusal("kind_wrong", "どなたとして受け付けるかを、もう一度お選びください。", field="kind")
    return Person(arrival.kind, name, title, voting=arrival.voting, member_id=arrival.member_id, note=note or None)


def _require_on_roll(session: Session, assembly_id: int, member_id: int | None) -> None:
    if member_id is None or reads.seat_of(session, assembly_id, member_id) is None:
        raise Refusal(
            "not_on_roll",
            "この会社は、この総会の会員名簿に載っていません。会員でない方（傍聴）としてなら受け付けられます。",
        )


def _require_replaceable(session: Session, ticket: AdmissionTicket) -> None:
    if ticket.revoked_at is not None:
        raise Refusal("ticket_revoked", "この受付票は、すでに失効しています。画面を開き直して、お確かめください。")
    if ticket.member_id is None:
        raise Refusal("no_member", "会員の出席者でないため、交代はできません。その方を新しく受け付けてください。")
    if present_with(session, ticket.id) is not None:
        raise Refusal("present", "この方は、会場にいる記録になっています。先に退出を記録してください。")


def _enter(
    session: Session,
    assembly: Assembly,
    ticket: AdmissionTicket,
    *,
    instead_of: str | None = None,
    reason: str,
    scan_id: str,
    actor: Actor,
    now: datetime,
    at_lock: Callable[[], datetime] | None,
) -> Answer:
    """Admit by the rules of every scan; where they say no, the whole act is refused in their words."""
    attempt = Attempt(scan_id, ScanWay.LIST, ticket_id=ticket.id)
    answer = check_in(session, ticket.assembly_id, attempt, desk_id=None, actor=actor, now=now, at_lock=at_lock)
    if answer.outcome is not ScanOutcome.ADMITTED:
        sentence = _WHY_NOT.get(answer.outcome, OUTCOME_LABELS[answer.outcome])
        raise Refusal(answer.outcome.value.lower(), sentence)
    told = 0
    if ticket.voting:
        assert answer.ticket is not None
        assert answer.entered is not None
        told = tell_member(
            session,
            assembly,
            ticket,
            check_in_id=answer.entered.id,
            company=answer.ticket.company,
            withdrawn=answer.withdrawn,
            instead_of=instead_of,
            now=now,
        )
    audit.record(
        session,
        "reception.at_the_hall",
        subject=f"TICKET:{ticket.id}",
        actor=actor,
        now=now,
        detail={
            "assembly_id": ticket.assembly_id,
            "member_id": ticket.member_id,
            "number": ticket.number,
            "kind": ticket.kind,
            "reason": reason,
            "told": told,
        },
    )
    return answer


def tell_member(
    session: Session,
    assembly: Assembly,
    ticket: AdmissionTicket,
    *,
    check_in_id: int,
    company: str | None,
    withdrawn: Attendance | None,
    instead_of: str | None,
    now: datetime,
) -> int:
    """Tell the member who votes for it now, and what that takes back: it has not chosen this person itself.

    How many mails; none in a rehearsal.
    """
    if assembly.rehearsal_of_id is not None or ticket.member_id is None:
        return 0
    params = {
        "assembly_id": assembly.id,
        "assembly_title": title_of(assembly),
        "company": company,
        "voter": ticket.name,
        "title": ticket.title,
        "contact": "、".join(reads.contacts(session, assembly.id)),
        "instead_of": instead_of,
        "at": now,
        "taken_back": TAKEN_BACK_LABELS[withdrawn] if withdrawn is not None else None,
    }
    people = recipients(session, [ticket.member_id], today=today_jst(now)).get(ticket.member_id, [])
    letters = [
        Letter(
            one.email,
            params | {"name": one.name},
            ticket.member_id,
            one.user_id,
            f"{told_of(check_in_id)}{one.email}",
        )
        for one in people
    ]
    outbox.queue_many(session, VOTER_ADMITTED, letters, assembly_id=assembly.id, now=now)
    return len(letters)
