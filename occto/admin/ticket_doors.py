"""Doors of one 受付票: guests registered and changed, seat and note, issued anew, taken off, mailed once more."""

from collections.abc import Callable
from typing import Any

from flask import request, url_for
from flask_admin import expose
from sqlalchemy.orm import Session

from occto import clock, vault
from occto.access import actor, permit
from occto.admin.sent import sent_form, sent_version
from occto.admin.verb_view import Door
from occto.domain.assembly import title_of
from occto.domain.permissions import Permission
from occto.domain.tickets import WITHOUT_MEMBER, TicketKind, shown_number
from occto.forms.base import BaseForm
from occto.forms.staff import ReasonForm
from occto.forms.tickets import GuestForm, PlaceForm
from occto.models import AdmissionTicket, Assembly
from occto.services.tickets import guests, managing
from occto.services.tickets.guests import Guest

_PREPARE = Permission.TICKET_PREPARE


class TicketDoors:
    """What a ticket is written through."""

    assembly: Callable[[], Assembly]
    row_asked: Callable[[], Any]
    get_one: Callable[[Any], Any]
    go_through: Callable[..., Any]
    heading: Callable[[Any], str]

    @expose("/guest/", methods=("GET", "POST"))
    @permit(_PREPARE)
    def guest(self) -> Any:
        """傍聴の方・職員を登録する."""
        held = self.assembly()
        number = held.id
        form: Any = GuestForm(sent_form(), data={"kind": TicketKind.GUEST.value})

        def act(session: Session) -> str:
            made = guests.register_guest(
                session, number, _guest(form), sign=vault.derived, actor=actor(), now=clock.now()
            )
            return url_for("tickets.details_view", id=made, assembly=number)

        door = Door(
            "傍聴の方を登録する",
            "登録して受付票を発行する",
            ("受付票の一覧へ戻る", url_for("tickets.index_view", id=number)),
            lead="会員でない傍聴の方と、経済産業大臣が指名する職員に、議決権のない受付票を発行します。",
            caption=title_of(held),
            hidden={"assembly": number},
        )
        return self.go_through(door, form, act, done="登録し、受付票を発行しました。")

    @expose("/change/", methods=("GET", "POST"))
    @permit(_PREPARE)
    def change(self) -> Any:
        """What is on record of a guest; of anybody else seat and note."""
        row = self.row_asked()
        is_guest = row.kind in WITHOUT_MEMBER
        number, assembly_id, version = row.id, row.assembly_id, sent_version(row.version)
        on_record = {key: getattr(row, key) for key in ("kind", "name", "title", "email", "seat", "note")}
        form: Any = (GuestForm if is_guest else PlaceForm)(sent_form(), data=on_record)

        def act(session: Session) -> str:
            acting: dict[str, Any] = {"seen_version": version, "actor": actor(), "now": clock.now()}
            if is_guest:
                good = guests.change_guest(session, number, _guest(form), sign=vault.derived, **acting)
                return url_for("tickets.details_view", id=good, assembly=assembly_id)
            managing.place(session, number, seat=form.seat.data, note=form.note.data, **acting)
            return url_for("tickets.details_view", id=number, assembly=assembly_id)

        lead = (
            "種類・氏名・所属・メールアドレスを変えると、いまの受付票は失効し、新しい受付票を発行します。"
            if is_guest
            else "席と備考を変えても、受付票はそのまま使えます。氏名などは、会員の回答に従います。"
        )
        title = "登録を変更する" if is_guest else "席・備考を変更する"
        return self._through(row, form, act, title=title, lead=lead, done="変更しました。", version=version)

    @expose("/reissue/", methods=("GET", "POST"))
    @permit(_PREPARE)
    def reissue(self) -> Any:
        """再発行."""
        row, form = self.row_asked(), ReasonForm(sent_form())
        number, assembly_id, version = row.id, row.assembly_id, sent_version(row.version)

        def act(session: Session) -> str:
            good = managing.reissue(
                session,
                number,
                reason=form.reason.data,
                seen_version=version,
                sign=vault.derived,
                actor=actor(),
                now=clock.now(),
            )
            return url_for("tickets.details_view", id=good, assembly=assembly_id)

        lead = "いまの受付票（QRコード・番号・リンク）は使えなくなり、同じ方に新しい受付票を発行します。メールアドレスがあれば、お送りします。"
        return self._through(
            row,
            form,
            act,
            title="再発行する",
            lead=lead,
            done="新しい受付票を発行しました。",
            version=version,
            danger=True,
        )

    @expose("/withdraw/", methods=("GET", "POST"))
    @permit(_PREPARE)
    def withdraw(self) -> Any:
        """失効."""
        row, form = self.row_asked(), ReasonForm(sent_form())
        number, assembly_id, version = row.id, row.assembly_id, sent_version(row.version)

        def act(session: Session) -> str:
            managing.withdraw(
                session, number, reason=form.reason.data, seen_version=version, actor=actor(), now=clock.now()
            )
            return url_for("tickets.details_view", id=number, assembly=assembly_id)

        lead = "この受付票を使えなくし、ご本人（メールアドレスがないときは会員）にお知らせします。元に戻すことはできません。"
        if row.kind not in WITHOUT_MEMBER:
            lead += "会員の回答は変わりません。会員が回答し直すと、受付票をもう一度発行します。"
        return self._through(
            row, form, act, title="失効させる", lead=lead, done="失効させました。", version=version, danger=True
        )

    @expose("/again/", methods=("GET", "POST"))
    @permit(_PREPARE)
    def again(self) -> Any:
        """The mail once more."""
        row = self.row_asked()
        number, assembly_id = row.id, row.assembly_id

        def act(session: Session) -> str:
            managing.send_again(session, number, actor=actor(), now=clock.now())
            return url_for("tickets.details_view", id=number, assembly=assembly_id)

        lead = f"{row.email} に、受付票（PDF とリンク）をもう一度お送りします。" if row.email else ""
        return self._through(
            row, BaseForm(request.form), act, title="メールをもう一度送る", lead=lead, done="送信の列に入れました。"
        )

    def _through(
        self,
        row: AdmissionTicket,
        form: BaseForm,
        act: Callable[[Session], str],
        *,
        title: str,
        lead: str,
        done: str,
        version: int | None = None,
        danger: bool = False,
    ) -> Any:
        number, assembly_id = row.id, row.assembly_id
        door = Door(
            title,
            title,
            ("受付票の画面へ戻る", url_for("tickets.details_view", id=number, assembly=assembly_id)),
            lead=lead,
            caption=f"受付票 {shown_number(row.number)}　{row.name} 様",
            danger=danger,
            hidden={"id": number, "assembly": assembly_id},
        )
        return self.go_through(
            door, form, act, done=done, version=version, now_version=lambda: self.get_one(number).version
        )


def _guest(form: Any) -> Guest:
    return Guest(
        kind=TicketKind(form.kind.data),
        name=form.name.data,
        title=form.title.data,
        email=form.email.data,
        seat=form.seat.data,
        note=form.note.data,
    )
