"""停電パック: the day on paper, and afterwards what was written down entered quickly."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import Response, abort, current_app, request, url_for
from flask_admin import BaseView, expose
from sqlalchemy.orm import Session

from occto import clock
from occto.access import actor, permit, viewer
from occto.admin import access_log
from occto.admin.assembly_menu import assembly_asked, pages_of
from occto.admin.base import Screen, Table
from occto.admin.exports import attached
from occto.admin.sent import sent_form
from occto.admin.verb_view import Door, Doors, Preview
from occto.blackout_pack import blackout_pack
from occto.domain.assembly import UNFROZEN, title_of
from occto.domain.assembly_settings import read_settings
from occto.domain.dates import JST, today_jst
from occto.domain.errors import Refusal
from occto.domain.jobs import ranges
from occto.domain.paper_entries import Arrival, read_arrivals
from occto.domain.permissions import Permission
from occto.domain.quorum import quorum
from occto.domain.reception import ScanOutcome
from occto.domain.tickets import shown_number
from occto.extensions import db
from occto.forms.blackout import PaperArrivalsForm
from occto.labels import label
from occto.pdf import MIMETYPE
from occto.queries.blackout import read_pack
from occto.queries.paper_entries import PaperLine, entered_lines, tickets_by_number
from occto.queries.replies import meeting
from occto.services.reception.paper import enter_arrivals
from occto.unit_of_work import run

TITLE = "停電パック"
FIELDS = ("名簿番号", "事業者コード", "商号", "議決権", "回答", "賛否", "受付票")
"""Title of page and file."""


class BlackoutView(Screen, Doors, BaseView):
    """The page of an assembly with the pack and the way back."""

    see = Permission.RECEPTION_SEE
    under = "assemblies"

    def __init__(self) -> None:
        super().__init__(name=TITLE, endpoint="blackout", url="blackout")

    @expose("/")
    def index(self) -> str:
        """What the pack holds, and what to do with it."""
        row = assembly_asked()
        return self.render(
            "admin/blackout.html",
            row=row,
            heading=title_of(row),
            pages=pages_of(row),
            frozen=row.state not in UNFROZEN,
            may_print=viewer.can(Permission.REPLY_CHOICES_SEE),
            may_enter=viewer.can(Permission.RECEPTION_SUPERVISE),
        )

    @expose("/pack/")
    @permit(Permission.REPLY_CHOICES_SEE)
    def pack(self) -> Response:
        """The pack as PDF; that it left stands in the access log and in the trail."""
        if not viewer.can(self.see):
            abort(403)
        row, now, session = assembly_asked(), clock.now(), db.session()
        held = meeting(session, row.id)
        assert held is not None
        found = read_pack(session, row.id, day=today_jst(now))
        if not found.rows:
            abort(404)
        whole = {
            "ALL_MEMBERS": len(found.rows),
            "DEEMED_MEMBERS": sum(one.votes > 0 for one in found.rows),
            "VOTES": sum(one.votes for one in found.rows),
        }
        settings = read_settings(row.settings)
        words = quorum(dict.fromkeys(whole, 0), whole, settings)  # type: ignore[arg-type]
        telephone = str(current_app.config["CONTACT_PHONE"])
        content = blackout_pack(found, held, words, telephone=telephone, now=now)
        run(
            access_log.exported,
            ranges(sorted(one.member_id for one in found.rows)),
            subject=f"ASSEMBLY:{row.id}",
            form="pdf",
            conditions=title_of(row),
            fields=FIELDS,
        )
        name = f"{TITLE}_{title_of(row).replace(' ', '_')}.pdf"
        return attached(iter([content]), name=name, media_type=MIMETYPE)

    @expose("/enter/", methods=("GET", "POST"))
    @permit(Permission.RECEPTION_SUPERVISE)
    def enter(self) -> Any:
        """紙の控えを入力する."""
        row = assembly_asked()
        number, day = row.id, today_jst(row.held_at)
        form = PaperArrivalsForm(sent_form(), today=today_jst(clock.now()))
        arrivals: list[Arrival] = []
        if request.method == "POST" and form.validate():
            try:
                arrivals = read_arrivals(form.lines.data, day=day, field="lines")
            except Refusal as refusal:
                form.add_error(refusal.field, refusal.sentence)
        title = "紙の控えを入力する"
        door = Door(
            title,
            title,
            ("停電パックの画面へ戻る", url_for("blackout.index", id=number)),
            lead="復旧したあとに、受付票の番号と来場の時刻をまとめて入力します。すでに受付済みの方は、二重には数えません。",
            caption=title_of(row),
            hidden={"id": number},
        )
        if request.method == "POST" and not arrivals:
            return self.entry(door, form, version=None), 422
        batch = str(request.form.get("form_id", ""))

        def act(session: Session) -> str:
            enter_arrivals(session, number, arrivals, batch=batch, actor=actor(), now=clock.now(), at_lock=clock.now)
            return url_for("blackout.entered", id=number, batch=batch)

        return self.go_through(
            door, form, act, done="紙の控えを入力しました。", preview=lambda: _preview(number, arrivals)
        )

    @expose("/entered/")
    @permit(Permission.RECEPTION_SUPERVISE)
    def entered(self) -> str:
        """What came of every line."""
        row = assembly_asked()
        lines = entered_lines(db.session(), row.id, batch=request.args.get("batch", "")[:60])
        return self.render(
            "admin/blackout_entered.html",
            row=row,
            heading=title_of(row),
            pages=pages_of(row, at="blackout.index"),
            table=Table("結果", ("番号", "氏名", "会員", "時刻", "結果"), [_line(one) for one in lines]),
            good=sum(one.outcome is ScanOutcome.ADMITTED for one in lines),
            others=sum(one.outcome is not ScanOutcome.ADMITTED for one in lines),
        )


def _preview(assembly_id: int, arrivals: Sequence[Arrival]) -> Preview:
    known = tickets_by_number(db.session(), assembly_id, [one.number for one in arrivals])
    rows = [
        (
            shown_number(one.number),
            known[one.number].name if one.number in known else "この総会に、この番号の受付票はありません",
            (known[one.number].company or "") if one.number in known else "",
            _time(one.at),
        )
        for one in arrivals
    ]
    missing = sum(one.number not in known for one in arrivals)
    warning = [f"この総会に受付票がない番号が {missing}件あります。その行は受け付けられません。"] if missing else []
    return Preview(warning, [Table(f"入力する{len(arrivals):,}名", ("番号", "氏名", "会員", "時刻"), rows)])


def _line(one: PaperLine) -> tuple[Any, ...]:
    number = shown_number(one.number) if one.number is not None else ""
    return number, one.name or "", one.company or "", _time(one.at), label(one.outcome)


def _time(at: datetime | None) -> str:
    return f"{at.astimezone(JST):%H:%M}" if at else ""
