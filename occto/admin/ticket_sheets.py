"""Sheets of 受付票 for the hall and the post, as PDF: each is noted before it leaves."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from flask import abort, current_app, request
from flask_admin import expose
from sqlalchemy.orm import Session

from occto import clock, notice_letters, ticket_paper, ticket_sheets
from occto.access import actor, permit
from occto.admin.exports import attached
from occto.domain.assembly import title_of
from occto.domain.dates import today_jst
from occto.domain.errors import Refusal
from occto.domain.permissions import Permission
from occto.extensions import db
from occto.models import Assembly
from occto.queries.notice_letters import addresses_of
from occto.queries.tickets_shown import ShownTicket, tickets_by_kana
from occto.services import audit
from occto.unit_of_work import run


class Sheet(NamedTuple):
    """A kind of sheet: its name, and how it is made of the good tickets of an assembly."""

    title: str
    make: Callable[[Assembly, Sequence[ShownTicket], datetime], bytes]


def _plates(held: Assembly, found: Sequence[ShownTicket], now: datetime) -> bytes:
    return ticket_sheets.name_plates(found, assembly=title_of(held), telephone=_telephone(), now=now)


def _cards(held: Assembly, found: Sequence[ShownTicket], now: datetime) -> bytes:
    return ticket_sheets.seat_cards(found, assembly=title_of(held), telephone=_telephone(), now=now)


def _labels(held: Assembly, found: Sequence[ShownTicket], now: datetime) -> bytes:
    return _addressed(held, found, now)


def _labels_of_unreached(held: Assembly, found: Sequence[ShownTicket], now: datetime) -> bytes:
    return _addressed(held, [one for one in found if not one.email], now)


def _addressed(held: Assembly, found: Sequence[ShownTicket], now: datetime) -> bytes:
    """A label for each member, whatever the number of its people."""
    members = {one.member_id for one in found if one.member_id is not None}
    letters = addresses_of(db.session(), held.id, members, today=today_jst(now))
    if not letters:
        raise _nothing()
    rehearsal = held.rehearsal_of_id is not None
    return notice_letters.labels(letters, telephone=_telephone(), now=now, rehearsal=rehearsal)


def _telephone() -> str:
    return str(current_app.config["CONTACT_PHONE"])


def _nothing() -> Refusal:
    return Refusal("no_tickets", "印刷する受付票がありません。受付票の一覧をお確かめください。")


SHEETS: Mapping[str, Sheet] = {
    "plates": Sheet("名札", _plates),
    "cards": Sheet("席札", _cards),
    "labels": Sheet("封筒ラベル（来場する方のいる会員）", _labels),
    "labels_unreached": Sheet("封筒ラベル（メールアドレスのない方がいる会員）", _labels_of_unreached),
}


class SheetDoors:
    """The door of all sheets."""

    assembly: Callable[[], Assembly]
    row_asked: Callable[[], Any]

    @expose("/sheet/")
    @permit(Permission.TICKET_PREPARE)
    def sheet(self) -> Any:
        """One kind of sheet for the good tickets of the assembly."""
        held, now = self.assembly(), clock.now()
        kind = SHEETS.get(request.args.get("kind", ""))
        if kind is None:
            abort(404)
        found = tickets_by_kana(db.session(), held.id)
        if not found:
            raise _nothing()
        content = kind.make(held, found, now)
        run(_note, held.id, [one.id for one in found], words=kind.title, now=now)
        return attached(iter([content]), name=f"{kind.title.partition('（')[0]}.pdf", media_type="application/pdf")

    @expose("/paper/")
    @permit(Permission.TICKET_PREPARE)
    def paper(self) -> Any:
        """The A4 page of one ticket, for whoever no mail reaches. 404 for one that lets nobody in."""
        row, now = self.row_asked(), clock.now()
        brought = ticket_paper.on_record(db.session(), row.id)
        made = ticket_paper.paper(*brought, now=now) if brought is not None else None
        if made is None or made.qr is None:
            abort(404)
        content = ticket_paper.as_pdf(made, telephone=_telephone(), now=now)
        run(_note, row.assembly_id, [row.id], words=ticket_paper.TITLE, now=now)
        return attached(iter([content]), name=f"{made.file_name}.pdf", media_type="application/pdf")


def _note(session: Session, assembly_id: int, ticket_ids: list[int], *, words: str, now: datetime) -> None:
    audit.record_access(
        session,
        screen="tickets.sheet",
        subject_kind="TICKET",
        subject_ids=ticket_ids,
        details=False,
        actor=actor(),
        now=now,
    )
    detail = {"assembly_id": assembly_id, "count": len(ticket_ids), "format": words}
    audit.record(session, "ticket.sheets", subject=f"ASSEMBLY:{assembly_id}", actor=actor(), now=now, detail=detail)
