"""The supervisor's doors at the hall: exit, undo, observer and voter, substitutes, and people without a ticket."""

import secrets
from collections.abc import Callable
from typing import Any

from flask import abort, request, url_for
from flask_admin import expose
from sqlalchemy.orm import Session

from occto import clock, vault
from occto.access import actor, permit
from occto.admin.assembly_menu import about, assembly_asked
from occto.admin.base import clamped_id
from occto.admin.picking import PicksMember, sent
from occto.admin.verb_view import Door
from occto.desk_words import in_seconds, withdrawn_words
from occto.domain.assembly import title_of
from occto.domain.permissions import Permission
from occto.domain.tickets import TicketKind, shown_number, standing_of
from occto.extensions import db
from occto.forms.base import BaseForm
from occto.forms.reception import VOTING, GuestForm, ReasonForm, SubstituteForm, WalkInForm
from occto.models import Assembly
from occto.queries import desks as reads
from occto.services.reception import admitting, supervising

_BOTH = ("GET", "POST")
_SUPERVISE = Permission.RECEPTION_SUPERVISE


def _entry_asked() -> Any:
    number = clamped_id(request.values.get("id"))
    found = reads.entry(db.session(), number) if number is not None else None
    if found is None:
        abort(404)
    return found


class HallDoors(PicksMember):
    """Pages of `reception.ReceptionView`."""

    go_through: Callable[..., Any]

    @expose("/leave/", methods=_BOTH)
    @permit(_SUPERVISE)
    def leave(self) -> Any:
        """退出."""

        def verb(session: Session, number: int, _form: Any) -> None:
            supervising.leave(session, number, actor=actor(), now=clock.now())

        lead = "会場を出たことを記録します。会場で行使する方が退出しても、受付のときに撤回された事前の回答は元に戻りません。"
        return self._entry_door("退出を記録する", lead, BaseForm(request.form), verb, done="退出を記録しました。")

    @expose("/undo/", methods=_BOTH)
    @permit(_SUPERVISE)
    def undo(self) -> Any:
        """取消し."""

        def verb(session: Session, number: int, form: Any) -> None:
            supervising.undo(session, number, reason=form.reason.data, actor=actor(), now=clock.now())

        lead = (
            "人違いなど、受付が誤りだったときに取り消します。この受付で撤回された事前の回答は、元どおり有効になります。"
        )
        form = sent(ReasonForm)
        return self._entry_door("受付を取り消す", lead, form, verb, done="受付を取り消しました。", danger=True)

    @expose("/role/", methods=_BOTH)
    @permit(_SUPERVISE)
    def role(self) -> Any:
        """傍聴 ↔ 行使."""
        voting = not _entry_asked().voting

        def verb(session: Session, number: int, form: Any) -> None:
            supervising.change_role(
                session, number, voting=voting, reason=form.reason.data, actor=actor(), now=clock.now()
            )

        if voting:
            title, lead = (
                "議決権を行使する方に変える",
                "この会員の事前の回答があれば撤回され、会場での議決権行使になります。",
            )
        else:
            title, lead = "傍聴の方に変える", "この方の受付で撤回された事前の回答は、元どおり有効になります。"
        return self._entry_door(title, lead, sent(ReasonForm), verb, done="扱いを変えました。")

    def _entry_door(
        self, title: str, lead: str, form: BaseForm, verb: Callable[..., None], *, done: str, danger: bool = False
    ) -> Any:
        row = _entry_asked()
        number = row.id
        back = url_for("hall.of_assembly", id=row.assembly_id)
        door = Door(
            title,
            title,
            ("受付の画面へ戻る", back),
            lead=lead,
            caption=title_of(about(db.session.get_one(Assembly, row.assembly_id))),
            facts=[
                ("氏名", f"{row.name} 様"),
                ("会員", row.company),
                ("番号", shown_number(row.number)),
                ("扱い", standing_of(row.kind, voting=row.voting)),
                ("受付", f"{in_seconds(row.entered_at)}　{row.desk or '受付責任者'}"),
            ],
            facts_title="受付の記録",
            danger=danger,
            hidden={"id": number},
        )

        def act(session: Session) -> str:
            verb(session, number, form)
            return back

        return self.go_through(door, form, act, done=done)

    @expose("/substitute/", methods=_BOTH)
    @permit(_SUPERVISE)
    def substitute(self) -> Any:
        """交代: somebody else has come in the place of the person on a ticket."""
        number = clamped_id(request.values.get("id"))
        row = reads.ticket(db.session(), number) if number is not None else None
        if row is None:
            abort(404)
        ticket_id, back = row.id, url_for("hall.of_assembly", id=row.assembly_id)
        form: Any = sent(SubstituteForm)
        door = Door(
            "別の方と交代する",
            "交代して受け付ける",
            ("受付の画面へ戻る", back),
            lead="来られなくなった方の受付票を失効させ、来場した方の受付票を作って、そのまま受け付けます。",
            caption=title_of(about(db.session.get_one(Assembly, row.assembly_id))),
            facts=[
                ("来られなくなった方", f"{row.name} 様"),
                ("会員", row.company),
                ("番号", shown_number(row.number)),
                ("扱い", standing_of(row.kind, voting=row.voting)),
            ],
            facts_title="失効する受付票",
            hidden={"id": ticket_id},
        )
        scan_id, told = secrets.token_urlsafe(16), [""]

        def act(session: Session) -> str:
            answer = admitting.substitute(
                session,
                ticket_id,
                name=form.name.data,
                title=form.title.data,
                reason=form.reason.data,
                scan_id=scan_id,
                sign=vault.derived,
                actor=actor(),
                now=clock.now(),
                at_lock=clock.now,
            )
            told[0] = _told(answer)
            return back

        return self.go_through(door, form, act, done=lambda: f"交代して受け付けました。{told[0]}")

    @expose("/walk-in/", methods=_BOTH)
    @permit(_SUPERVISE)
    def walk_in(self) -> Any:
        """当日来場: a person of a member without a ticket; the member is looked for first."""
        held = assembly_asked()
        number, caption = held.id, title_of(held)
        back = ("受付の画面へ戻る", url_for("hall.of_assembly", id=number))
        member = self.member_asked()
        if member is None:
            lead = "来場した方の会員をお探しください。受付票のある方は、端末で受け付けられます。"
            return self.pick("受付票のない方を受け付ける", lead, endpoint="hall.walk_in", back=back, id=number)
        member_id, company = member.id, member.current_name
        votes = reads.seat_of(db.session(), number, member_id)
        form: Any = sent(WalkInForm)
        tickets = reads.substitutable(db.session(), number, member_id)
        door = Door(
            "受付票のない方を受け付ける",
            "受付票を作って受け付ける",
            back,
            lead="受付票を作り、そのまま受け付けます。議決権を行使する方として受け付けると、事前の回答があれば撤回されます。",
            caption=f"{caption}　{company}",
            facts=[
                ("議決権", "名簿に載っていません" if votes is None else f"{votes:,}票" if votes else "なし"),
                ("受付票のある方", [f"{one.name} 様（{shown_number(one.number)}）" for one in tickets]),
            ],
            facts_title="この会員",
            note="受付票のある方に替わって来場したときは、受付の画面でその方を探し、交代を選んでください。",
            hidden={"id": number, "member": member_id},
        )
        scan_id, told = secrets.token_urlsafe(16), [""]

        def act(session: Session) -> str:
            arrival = admitting.Arrival(
                TicketKind.WALK_IN,
                form.name.data,
                form.title.data or "",
                voting=form.role.data == VOTING,
                member_id=member_id,
                note=form.note.data,
            )
            told[0] = _told(_admit(session, number, arrival, form.reason.data, scan_id))
            return back[1]

        return self.go_through(door, form, act, done=lambda: f"受け付けました。{told[0]}")

    @expose("/guest/", methods=_BOTH)
    @permit(_SUPERVISE)
    def guest(self) -> Any:
        """傍聴, or an official named by the minister: nobody of a member."""
        held = assembly_asked()
        number, back = held.id, url_for("hall.of_assembly", id=held.id)
        form: Any = sent(GuestForm)
        door = Door(
            "会員でない方を受け付ける",
            "受付票を作って受け付ける",
            ("受付の画面へ戻る", back),
            lead="傍聴の方、または経済産業大臣が指名する職員の受付票を作り、そのまま受け付けます。",
            caption=title_of(held),
            hidden={"id": number},
        )
        scan_id, told = secrets.token_urlsafe(16), [""]

        def act(session: Session) -> str:
            arrival = admitting.Arrival(
                TicketKind(form.kind.data), form.name.data, form.title.data or "", note=form.note.data
            )
            told[0] = _told(_admit(session, number, arrival, form.reason.data, scan_id))
            return back

        return self.go_through(door, form, act, done=lambda: f"受け付けました。{told[0]}")


def _admit(session: Session, number: int, arrival: admitting.Arrival, reason: str, scan_id: str) -> Any:
    return admitting.admit_at_door(
        session,
        number,
        arrival,
        reason=reason,
        scan_id=scan_id,
        sign=vault.derived,
        actor=actor(),
        now=clock.now(),
        at_lock=clock.now,
    )


def _told(answer: Any) -> str:
    """What the supervisor tells the person."""
    words = withdrawn_words(answer)
    return f"番号は {shown_number(answer.ticket.number)} です。{words}{'ご本人にお伝えください。' if words else ''}"
