"""受付票 of an assembly: who has one, in which state; guests, seats and the sheets for the tables of the hall."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from flask import g, request
from markupsafe import Markup
from sqlalchemy import ColumnElement, or_, select

from occto.admin.assembly_menu import about, assembly_asked, pages_of
from occto.admin.base import Facet, Facts, Order, StaffView, Table, clamped_id, link
from occto.admin.exports import Exported, instant
from occto.admin.lists import Asked
from occto.admin.ticket_doors import TicketDoors
from occto.admin.ticket_seats import SeatDoors
from occto.admin.ticket_sheets import SHEETS, SheetDoors
from occto.admin.verb_view import Doors
from occto.domain.assembly import CLOSED, title_of
from occto.domain.dates import format_instant
from occto.domain.permissions import Permission
from occto.domain.tickets import WITHOUT_MEMBER, TicketKind, read_code, shown_number, standing_of
from occto.extensions import db
from occto.labels import choices, label
from occto.models import AdmissionTicket, Assembly, Member, User
from occto.queries.reception import present_with, successor_of
from occto.queries.search import members_named
from occto.queries.tickets_shown import any_good, has_come, mails_of

GOOD, REVOKED, COME = "GOOD", "REVOKED", "COME"
_STATES = {GOOD: "有効", REVOKED: "失効", COME: "来場"}


def _number(_view: Any, _context: Any, row: Any, _name: str) -> Markup:
    return Markup("<span class=nb>{}</span>").format(shown_number(row.number))


def _state(_view: Any, _context: Any, row: Any, _name: str) -> str:
    return _STATES[REVOKED] if row.revoked_at is not None else _STATES[COME] if row.come else _STATES[GOOD]


def _standing(_view: Any, _context: Any, row: Any, _name: str) -> str:
    return standing_of(TicketKind(row.kind), voting=row.voting)


def _condition(value: str) -> ColumnElement[bool]:
    known: dict[str, ColumnElement[bool]] = {
        GOOD: AdmissionTicket.revoked_at.is_(None),
        REVOKED: AdmissionTicket.revoked_at.is_not(None),
        COME: has_come(),
    }
    return known[value]


class TicketsView(TicketDoors, SeatDoors, SheetDoors, Doors, StaffView):
    """The tickets of the assembly that `id` names; in details and doors `id` is the ticket, and `assembly` names it."""

    see = Permission.TICKET_PREPARE
    title, under = "受付票", "assemblies"
    subject_kind, personal = "TICKET", True
    list_template, details_template = "admin/tickets.html", "admin/ticket.html"
    search_hint = "番号、氏名、会員の商号、フリガナ、事業者コード"
    column_list = ("number", "name", "company", "standing", "seat", "state", "issued_at")
    column_labels: ClassVar[dict[str, str]] = {
        "number": "番号",
        "name": "氏名",
        "company": "会員",
        "standing": "資格",
        "seat": "席",
        "state": "状態",
        "issued_at": "発行",
    }
    reads = ("number", "name", "title", "kind", "voting", "seat", "issued_at", "revoked_at")
    column_formatters = {"number": _number, "state": _state, "standing": _standing}
    orders = {
        "number": Order("番号順", AdmissionTicket.number),
        "new": Order("発行の新しい順", AdmissionTicket.id, descending=True),
    }
    tagged = ("state",)
    extras: ClassVar[dict[str, Any]] = {
        "company": select(Member.current_name)
        .where(Member.id == AdmissionTicket.member_id)
        .correlate(AdmissionTicket)
        .scalar_subquery(),
        "come": has_come(),
    }
    facets = {
        "kind": Facet("種類", AdmissionTicket.kind, choices(TicketKind)),
        "state": Facet("状態", None, list(_STATES.items()), condition=_condition),
    }
    export_columns = (
        Exported("番号", AdmissionTicket.number, shown_number),
        Exported("氏名", AdmissionTicket.name, width=24),
        Exported("所属・役職", AdmissionTicket.title, width=30),
        Exported("会員", extras["company"], width=40),
        Exported("種類", AdmissionTicket.kind, dict(choices(TicketKind)), width=24),
        Exported("議決権を行使する方", AdmissionTicket.voting, lambda voting: "はい" if voting else "いいえ"),
        Exported("席", AdmissionTicket.seat),
        Exported("備考", AdmissionTicket.note, width=30),
        Exported("メールアドレス", AdmissionTicket.email, width=30),
        Exported("発行", AdmissionTicket.issued_at, instant, width=20),
        Exported("失効", AdmissionTicket.revoked_at, instant, width=20),
    )

    def assembly(self) -> Assembly:
        """The assembly of this request; 404 where there is none."""
        found = g.get("ticketed")
        if found is None:
            key = "assembly" if "assembly" in request.values else "id"
            found = assembly_asked(key)
            g.ticketed = found
        return found

    def asked(self) -> Asked:
        found = super().asked()
        return replace(found, chosen={"id": str(self.assembly().id), **found.chosen})

    def in_words(self, asked: Asked) -> str:
        words = super().in_words(_without_assembly(asked))
        return "、".join(filter(None, (f"総会：{title_of(self.assembly())}", words)))

    def conditions(self, asked: Asked) -> list[ColumnElement[bool]]:
        return super().conditions(_without_assembly(asked))

    def scope(self) -> list[ColumnElement[bool]]:
        """The tickets of one assembly."""
        return [AdmissionTicket.assembly_id == self.assembly().id]

    def search(self, term: str) -> ColumnElement[bool]:
        number = read_code(term).number or clamped_id(term)
        return or_(
            AdmissionTicket.member_id.in_(members_named(db.session(), term)),
            AdmissionTicket.name.contains(term, autoescape=True),
            AdmissionTicket.number == (number if number is not None and number < 2**31 else 0),
        )

    def details_also(self) -> dict[str, int]:
        return {"assembly": self.assembly().id}

    def index_page(self) -> dict[str, Any]:
        """What the list shows besides its rows."""
        held = self.assembly()
        return {
            "assembly": held,
            "heading": title_of(held),
            "pages": pages_of(held),
            "open": held.state not in CLOSED,
            "sheets": [(key, sheet.title) for key, sheet in SHEETS.items()] if any_good(db.session(), held.id) else [],
        }

    def render(self, template: str, **kwargs: Any) -> str:
        if template == self.list_template:
            kwargs |= self.index_page()
        return super().render(template, **kwargs)

    def get_one(self, id: Any) -> Any:
        """The row; the page is about its assembly."""
        found = super().get_one(id)
        if found is not None:
            about(db.session.get_one(Assembly, found.assembly_id))
        return found

    def heading(self, row: AdmissionTicket) -> str:
        return f"受付票 {shown_number(row.number)}　{row.name} 様"

    def details_page(self, row: AdmissionTicket) -> str:
        held = self.assembly()
        open_, good = held.state not in CLOSED, row.revoked_at is None
        page: str = self.render(
            self.details_template,
            row=row,
            heading=self.heading(row),
            facts=self._facts(row),
            parts_below=self.below(row),
            assembly=held,
            may=open_ and good,
            guest=row.kind in WITHOUT_MEMBER,
        )
        return page

    def _facts(self, row: AdmissionTicket) -> list[tuple[str, Any]]:
        session = db.session()
        member = session.get(Member, row.member_id) if row.member_id is not None else None
        issuer = session.get(User, row.issued_by_id) if row.issued_by_id is not None else None
        facts: list[tuple[str, Any]] = [
            ("状態", self._in_words(row)),
            ("種類", label(row.kind)),
            ("資格", standing_of(row.kind, voting=row.voting)),
            ("所属・役職", row.title),
            ("メールアドレス", row.email or "なし"),
            ("席", row.seat or ""),
            ("備考", row.note or ""),
            ("発行", f"{format_instant(row.issued_at)}　{issuer.name if issuer else 'システム（回答による）'}"),
        ]
        if member is not None:
            words = link(member.current_name, "members.details_view", member.id, Permission.MEMBER_SEE)
            facts.insert(1, ("会員", words))
        if row.replaces_id is not None:
            before = session.get_one(AdmissionTicket, row.replaces_id)
            facts.append(("置き換えた受付票", self._other(before)))
        if row.revoked_at is not None:
            facts.append(("失効", f"{format_instant(row.revoked_at)}　{label(row.revoked_for)}"))
            later = successor_of(session, row.id)
            if later is not None:
                facts.append(("いま有効な受付票", f"{shown_number(later.number)}　{later.name} 様"))
        return facts

    def _in_words(self, row: AdmissionTicket) -> str:
        if row.revoked_at is not None:
            return _STATES[REVOKED]
        entered = present_with(db.session(), row.id)
        return f"{_STATES[COME]}（{format_instant(entered.entered_at)}）" if entered else _STATES[GOOD]

    def _other(self, ticket: AdmissionTicket) -> Any:
        return f"{shown_number(ticket.number)}　{ticket.name} 様"

    def below(self, row: AdmissionTicket) -> Sequence[Facts | Table]:
        lines = [
            (
                format_instant(one.queued_at),
                link(one.to_address, "mails.details_view", one.id, Permission.MAIL_SEE),
                label(one.state),
                format_instant(one.sent_at) if one.sent_at else "",
            )
            for one in mails_of(db.session(), row.id)
        ]
        return [Table("受付票のメール", ("登録", "宛先", "状態", "送信"), lines, "送ったメールはありません。")]


def _without_assembly(asked: Asked) -> Asked:
    chosen: Mapping[str, str] = {key: value for key, value in asked.chosen.items() if key != "id"}
    return replace(asked, chosen=chosen)
