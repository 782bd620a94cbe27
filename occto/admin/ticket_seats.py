"""Seats of many tickets: a list that is pasted or sent as a file, or row by row in the order of the roster."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from flask import request, url_for
from flask_admin import expose
from sqlalchemy.orm import Session

from occto import clock
from occto.access import actor, permit
from occto.admin.base import Table
from occto.admin.pasted import sent_with_file
from occto.admin.sent import sent_form
from occto.admin.verb_view import ONWARD, Door, Preview
from occto.domain.assembly import title_of
from occto.domain.canonical import digest
from occto.domain.errors import Stale
from occto.domain.permissions import Permission
from occto.domain.seating import Checked, Move, Seated, check, read_lines, row_by_row
from occto.domain.tickets import shown_number
from occto.extensions import db
from occto.forms.base import BaseForm
from occto.forms.tickets import VOTERS, RowsForm, SeatsForm
from occto.models import Assembly
from occto.queries.tickets_shown import ShownTicket, tickets_by_roster
from occto.services.tickets import managing

_PREPARE = Permission.TICKET_PREPARE
SHOWN_FAULTS = 50
_HEADS = ("番号", "氏名", "会員", "いまの席", "新しい席")


class SeatDoors:
    """What seats are given through."""

    assembly: Callable[[], Assembly]
    go_through: Callable[..., Any]
    entry: Callable[..., str]
    _template_args: dict[str, Any]

    @expose("/seats/", methods=("GET", "POST"))
    @permit(_PREPARE)
    def seats(self) -> Any:
        """A list of numbers and seats; every line is checked before anything is kept."""
        held = self.assembly()
        sent, unread = sent_with_file() if request.method == "POST" else (None, "")
        form: Any = SeatsForm(sent)
        door = _door(
            held,
            "席を一覧で割り当てる",
            "受付票の番号と席の一覧から、まとめて席を割り当てます。受付票はそのまま使え、席だけが変わります。",
            multipart=True,
        )
        if request.method == "GET" or not form.validate():
            return self._again(door, form, unread)
        found = check(read_lines(form.lines.data), [_seated(one) for one in tickets_by_roster(db.session(), held.id)])
        if unread or found.faults or not found.moves:
            return self._faults(door, form, found, unread)
        return self._give(door, form, held, found.moves)

    @expose("/rows/", methods=("GET", "POST"))
    @permit(_PREPARE)
    def rows(self) -> Any:
        """Seats row by row."""
        held = self.assembly()
        form: Any = RowsForm(sent_form(), data={"who": VOTERS, "in_a_row": 10})
        door = _door(
            held,
            "席を名簿順に割り当てる",
            "会員の名簿の順に、同じ会員の方は隣り合わせて、前の列から席を割り当てます。いまの席は置き換わります。"
            "対象でない方の席は、そのまま残ります。",
        )
        moves: Sequence[Move] = ()
        if request.method == "POST" and form.validate():
            tickets = tickets_by_roster(db.session(), held.id)
            chosen = [one for one in tickets if one.voting or form.who.data != VOTERS]
            moves = row_by_row([_seated(one) for one in chosen], in_a_row=form.in_a_row.data)
            if not moves:
                form.add_error(None, "席の変わる方がいません。受付票の一覧をお確かめください。")
                return self.entry(replace(door, button=ONWARD), form, version=None), 422
        return self._give(door, form, held, moves)

    def _give(self, door: Door, form: BaseForm, held: Assembly, moves: Sequence[Move]) -> Any:
        """The check page, then the act on exactly what stood on it."""
        number, seats = held.id, {move.seated.number: move.seat for move in moves}
        now_on_page, seen = digest(sorted(map(str, seats.items()))), request.form.get("seats_seen", "")[:64]
        door = replace(door, hidden={**door.hidden, "seats_seen": now_on_page})

        def act(session: Session) -> str:
            if seen != now_on_page:
                raise Stale
            managing.give_seats(session, number, seats=seats, actor=actor(), now=clock.now())
            return url_for("tickets.index_view", id=number)

        lines = [_line(move) for move in moves]
        return self.go_through(
            door,
            form,
            act,
            done=f"{len(moves):,}人の席を割り当てました。",
            preview=lambda: Preview((), [Table(f"変わる席（{len(lines):,}人）", _HEADS, lines)]),
        )

    def _faults(self, door: Door, form: BaseForm, found: Checked, unread: str) -> Any:
        if not unread and not found.faults:
            form.add_error("lines", "いまの席と違う行がありません。番号と席をお確かめください。")
        self._template_args["faults"] = found.faults[:SHOWN_FAULTS]
        self._template_args["more_faults"] = max(0, len(found.faults) - SHOWN_FAULTS)
        if found.faults:
            count = len(found.faults)
            form.add_error("lines", f"{count:,}行を直してください。行の番号と直し方は、下の一覧をご覧ください。")
        return self._again(door, form, unread)

    def _again(self, door: Door, form: BaseForm, unread: str) -> Any:
        if unread:
            form.add_error("file", unread)
        status = 200 if request.method == "GET" else 422
        return self.entry(replace(door, button=ONWARD), form, version=None), status


def _door(held: Assembly, title: str, lead: str, *, multipart: bool = False) -> Door:
    return Door(
        title,
        "この席を割り当てる",
        ("受付票の一覧へ戻る", url_for("tickets.index_view", id=held.id)),
        lead=lead,
        caption=title_of(held),
        multipart=multipart,
        hidden={"assembly": held.id},
    )


def _seated(one: ShownTicket) -> Seated:
    return Seated(one.number, one.name, one.company, one.seat)


def _line(move: Move) -> tuple[str, ...]:
    one = move.seated
    return (shown_number(one.number), one.name, one.company or "", one.seat or "なし", move.seat or "なし")
