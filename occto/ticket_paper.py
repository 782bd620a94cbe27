"""受付票 as people hold it: what stands on it in words, its QR code, the A4 page, and the link that is mailed with it."""

import hmac
from dataclasses import dataclass
from datetime import datetime

from flask import current_app
from sqlalchemy.orm import Session

from occto import pdf, vault
from occto.access import token_hash
from occto.domain.assembly import CLOSED, AssemblyState, names_rehearsal, title_of
from occto.domain.dates import end_of_day_exclusive, format_instant, today_jst
from occto.domain.tickets import standing_of
from occto.qr import QrPath, as_svg, svg_path
from occto.queries.replies import Meeting, meeting
from occto.queries.tickets_shown import ShownTicket, ticket_of_row
from occto.services.tickets.issuing import ticket_secret, ticket_token

TITLE = "受付票"
AT_THE_DOOR = "受付でこの受付票をご提示ください。読み取れないときは番号をお伝えください。"
_STOPPED = frozenset({AssemblyState.POSTPONED, AssemblyState.CANCELLED})


@dataclass(frozen=True, slots=True)
class Paper:
    """A ticket as it is shown. `qr` None: it lets nobody in, and `why_not` says why."""

    ticket: ShownTicket
    assembly: str
    number: str
    name: str
    company: str
    standing: str
    rows: tuple[tuple[str, str], ...]
    qr: QrPath | None
    why_not: str
    until: datetime
    file_name: str


def paper(ticket: ShownTicket, held: Meeting, *, now: datetime) -> Paper:
    """The ticket as it is good for now."""
    why_not = _why_not(ticket, held, now=now)
    token = ticket_token(vault.derived, ticket.assembly_id, ticket.number, ticket.issue_no)
    return Paper(
        ticket=ticket,
        assembly=title_of(held),
        number=ticket.shown,
        name=ticket.name,
        company=ticket.company or ticket.title,
        standing=standing_of(ticket.kind, voting=ticket.voting),
        rows=_rows(ticket, held),
        qr=None if why_not else svg_path(token),
        why_not=why_not,
        until=good_until(held),
        file_name=f"{TITLE}_{ticket.shown}",
    )


def good_until(held: Meeting) -> datetime:
    """The end of the day of the assembly in Japan, half-open: until then ticket and link are shown."""
    return end_of_day_exclusive(today_jst(held.held_at))


def _why_not(ticket: ShownTicket, held: Meeting, *, now: datetime) -> str:
    if not ticket.good:
        return "この受付票は失効しました。この番号では受付できません。"
    if held.state in _STOPPED:
        words = "延期" if held.state is AssemblyState.POSTPONED else "中止"
        return f"この総会は{words}になりました。この受付票はお使いいただけません。"
    if held.state in CLOSED or now >= good_until(held):
        return "この総会は終わりました。この受付票はお使いいただけません。"
    return ""


def _rows(ticket: ShownTicket, held: Meeting) -> tuple[tuple[str, str], ...]:
    doors = f"\n受付 {format_instant(held.reception_from)[-5:]}から" if held.reception_from else ""
    seat = (("席", ticket.seat),) if ticket.seat else ()
    return (
        ("日時", format_instant(held.held_at) + doors),
        ("場所", held.place or "決まり次第、お知らせします"),
        *seat,
        ("お願い", AT_THE_DOOR),
    )


def as_pdf(made: Paper, *, telephone: str, now: datetime) -> bytes:
    """The ticket for A4. Only for one that is good: ValueError otherwise."""
    if made.qr is None:
        raise ValueError("a ticket that lets nobody in is not printed")
    values = {
        "title": TITLE,
        "assembly": made.assembly,
        "number": made.number,
        "name": made.name,
        "company": made.company,
        "person_title": "" if made.ticket.company is None else made.ticket.title,
        "standing": made.standing,
        "rows": made.rows,
        "qr": as_svg(made.qr),
    }
    title = f"{TITLE} {made.number}"
    issuer, rehearsal = pdf.Issuer(telephone=telephone), names_rehearsal(made.assembly)
    return pdf.render("ticket", values, title=title, issuer=issuer, created_at=now, rehearsal=rehearsal)


def link_of(ticket: ShownTicket, path: str) -> str:
    """The address that is mailed: made of BASE_URL, whatever host a request named. It holds the secret of the link."""
    secret = ticket_secret(vault.derived, ticket.assembly_id, ticket.number, ticket.issue_no)
    filled = path.format(assembly_id=ticket.assembly_id, number=ticket.shown, token=secret)
    return f"{current_app.config['BASE_URL']}{filled}"


def on_record(session: Session, ticket_id: int) -> tuple[ShownTicket, Meeting] | None:
    """The ticket of this row with its assembly, as it stands now."""
    found = ticket_of_row(session, ticket_id)
    held = meeting(session, found.assembly_id) if found is not None else None
    return (found, held) if found is not None and held is not None else None


def opens(ticket: ShownTicket, token: str) -> bool:
    """Whether `token` is the secret of the link of this ticket."""
    return hmac.compare_digest(token_hash(token), ticket.link_hash)
