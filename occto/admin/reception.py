"""受付 for the supervisor: an assembly's desks, who is in the hall, the last scans, and what did not agree afterwards."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import abort, current_app, request, url_for
from flask_admin import BaseView, expose
from sqlalchemy.orm import Session

from occto import clock, desk_codes
from occto.access import actor, permit, viewer
from occto.admin import access_log
from occto.admin.assembly_menu import about, assembly_asked, pages_of
from occto.admin.base import Screen, clamped_id, search_term
from occto.admin.picking import sent
from occto.admin.reception_doors import HallDoors
from occto.admin.sent import sent_version
from occto.admin.verb_view import Door, Doors
from occto.admin.voting_words import late_words
from occto.desk_card import card_of
from occto.desk_words import in_seconds, unsettled_words
from occto.domain.assembly import title_of
from occto.domain.dates import today_jst
from occto.domain.jobs import ranges
from occto.domain.permissions import Permission
from occto.domain.reception import ADMITTING, BEFORE_THE_DOORS, DeskProfile, ScanOutcome
from occto.domain.tickets import shown_number, standing_of
from occto.extensions import db
from occto.forms.base import BaseForm
from occto.forms.reception import DeskForm
from occto.labels import label
from occto.models import Assembly, Desk
from occto.pdf import MIMETYPE
from occto.qr import svg_path
from occto.queries import desks as reads
from occto.queries.late_arrivals import late_arrivals
from occto.services.reception import desks
from occto.unit_of_work import run
from occto.views.tools import download

_BOTH = ("GET", "POST")
_SUPERVISE = Permission.RECEPTION_SUPERVISE
OUTCOME_TAGS = {ScanOutcome.ADMITTED: "tag-ok", ScanOutcome.ALREADY: "tag-warn", ScanOutcome.PRACTICE: ""}
LAST_SCANS = 20


def desk_asked() -> Desk:
    """The desk in the address or form; 404 where there is none."""
    number = clamped_id(request.values.get("id"))
    found = db.session.get(Desk, number) if number is not None else None
    if found is None:
        abort(404)
    return found


class ReceptionView(HallDoors, Doors, Screen, BaseView):
    """One assembly at a time, named by `id`; without one the assemblies that can have a reception."""

    see = Permission.RECEPTION_SEE

    def __init__(self) -> None:
        super().__init__(name="受付", endpoint="hall", url="reception")

    @expose("/")
    def index(self) -> str:
        """The assemblies whose reception is prepared or open."""
        rows = reads.open_assemblies(db.session(), sorted(BEFORE_THE_DOORS | ADMITTING))
        found = [(row.id, title_of(row), row) for row in rows]
        return self.render("admin/hall_start.html", assemblies=found)

    @expose("/assembly/")
    def of_assembly(self) -> str:
        """The reception of one assembly."""
        row, session = assembly_asked(), db.session()
        number, term, now = row.id, search_term(), clock.now()
        inside = reads.inside(session, number, term)
        waiting = reads.search(session, number, term) if term else ()
        body = self.render(
            "admin/hall.html",
            row=row,
            caption=title_of(row),
            pages=pages_of(row),
            hall=reads.hall(session, number),
            desks=[_desk(one) for one in reads.desks_of(session, number)],
            term=term,
            inside=[_entry(one) for one in inside],
            waiting=[_ticket(one) for one in waiting if not one.inside],
            scans=_scans(reads.recent(session, number, limit=LAST_SCANS)),
            clashes=_scans(reads.clashes(session, number)),
            late=late_words(late_arrivals(session, number), state=row.state),
            unsettled=[unsettled_words(one, now=now) for one in reads.unsettled(session, number, now=now)],
            may=viewer.can(_SUPERVISE),
            open=row.state in ADMITTING,
            ready=row.state in ADMITTING | BEFORE_THE_DOORS,
            most=reads.INSIDE,
        )
        if ids := sorted({one.member_id for one in inside if one.member_id is not None}):
            run(access_log.shown, ranges(ids), term=term)
        return body

    @expose("/card/")
    def card(self) -> Any:
        """The page for volunteers, as PDF."""
        row = assembly_asked()
        now, standing = clock.now(), reads.desks_of(db.session(), row.id)
        contact = next((one.contact for one in standing if one.ended_at is None), "")
        content = card_of(title_of(row), contact or current_app.config["CONTACT_PHONE"], now=now)
        return download(content, name=f"受付の手引き_{today_jst(now).isoformat()}.pdf", media_type=MIMETYPE)

    @expose("/desk/", methods=_BOTH)
    @permit(_SUPERVISE)
    def new_desk(self) -> Any:
        """A desk that waits to be paired."""
        row = assembly_asked()
        number, caption = row.id, title_of(row)
        standing = reads.desks_of(db.session(), number)
        first = {
            "name": f"受付 {len(standing) + 1}番",
            "profile": DeskProfile.STANDARD.value,
            "contact": standing[-1].contact if standing else viewer.name,
        }
        form: Any = sent(DeskForm, first)

        def act(session: Session) -> str:
            now, name = clock.now(), form.name.data
            made = desks.make_desk(
                session,
                number,
                name=name,
                profile=DeskProfile(form.profile.data),
                contact=form.contact.data,
                code_hash=_code_hash(number, name, now),
                actor=actor(),
                now=now,
            )
            return url_for("hall.code", id=made)

        door = Door(
            "受付の端末を登録する",
            "登録して、接続の番号を表示する",
            ("受付の画面へ戻る", url_for("hall.of_assembly", id=number)),
            lead="端末には、職員のサインインは要りません。次の画面の番号を端末で入力すると、受付に使えるようになります。",
            caption=caption,
            hidden={"id": number},
        )
        return self.go_through(door, form, act, done="端末を登録しました。")

    @expose("/code/")
    @permit(_SUPERVISE)
    def code(self) -> str:
        """The code of a desk that waits, to be typed or read from the screen."""
        desk = desk_asked()
        row = about(db.session.get_one(Assembly, desk.assembly_id))
        code = url = qr = None
        if desk.code_until is not None and clock.now() < desk.code_until:
            code = desk_codes.grouped(desk_codes.code_of(desk.assembly_id, desk.name, desk.code_until))
            url = f"{current_app.config['BASE_URL']}{url_for('reception.pair', code=code)}"
            qr = svg_path(url)
        return self.render(
            "admin/desk_code.html",
            desk=desk,
            caption=title_of(row),
            code=code,
            qr=qr,
            place=f"{current_app.config['BASE_URL']}{url_for('reception.pair')}",
            until=in_seconds(desk.code_until) if desk.code_until else "",
        )

    @expose("/renew/", methods=_BOTH)
    @permit(_SUPERVISE)
    def renew(self) -> Any:
        """A new code; the key that the device had opens nothing any more."""
        lead = (
            "新しい接続の番号を表示します。いま接続している端末があるときは、その端末では受け付けられなくなります。"
            "その端末に「送信待ち」が残っているときは、先に通信につなぐか、画面の番号と時刻を控えてください。"
            "残りがあるかもしれないときは、いまの端末を終了した端末として一覧に残し、同じ名前の端末を新しく用意します。"
        )

        def verb(session: Session, desk: Desk, version: int) -> str:
            now = clock.now()
            waits = desks.renew_code(
                session,
                desk.id,
                code_hash=_code_hash(desk.assembly_id, desk.name, now),
                seen_version=version,
                actor=actor(),
                now=now,
            )
            return url_for("hall.code", id=waits)

        return self._desk_door("接続の番号を新しくする", lead, verb, done="新しい番号を表示しました。")

    @expose("/end/", methods=_BOTH)
    @permit(_SUPERVISE)
    def end(self) -> Any:
        """A desk taken away."""
        lead = (
            "この端末では、もう受け付けられなくなります。通信のない間に受け付けて、まだ送っていない分があるときは、"
            "先に端末を通信につないでください。"
        )

        def verb(session: Session, desk: Desk, version: int) -> str:
            desks.end_desk(session, desk.id, seen_version=version, actor=actor(), now=clock.now())
            return url_for("hall.of_assembly", id=desk.assembly_id)

        return self._desk_door("端末の使用を終える", lead, verb, done="端末の使用を終えました。", danger=True)

    def _desk_door(self, title: str, lead: str, verb: Any, *, done: str, danger: bool = False) -> Any:
        desk = desk_asked()
        number, version = desk.id, sent_version(desk.version)
        row = about(db.session.get_one(Assembly, desk.assembly_id))
        door = Door(
            title,
            title,
            ("受付の画面へ戻る", url_for("hall.of_assembly", id=desk.assembly_id)),
            lead=lead,
            caption=f"{title_of(row)}　{desk.name}",
            danger=danger,
            hidden={"id": number},
        )

        def act(session: Session) -> str:
            return str(verb(session, session.get_one(Desk, number), version))

        return self.go_through(
            door,
            BaseForm(request.form),
            act,
            done=done,
            version=version,
            now_version=lambda: db.session.get_one(Desk, number).version,
        )


def _code_hash(assembly_id: int, name: str, now: datetime) -> str:
    return desk_codes.hash_of(desk_codes.code_of(assembly_id, name.strip(), now + desks.CODE_LASTS))


def _desk(row: Any) -> dict[str, Any]:
    now = clock.now()
    if row.ended_at is not None:
        state = ("終了", "")
    elif row.paired_at is not None:
        state = ("接続済み", "tag-ok")
    elif row.code_until is not None and now < row.code_until:
        state = ("接続待ち", "tag-warn")
    else:
        state = ("番号の期限切れ", "tag-bad")
    return {
        "id": row.id,
        "name": row.name,
        "profile": label(row.profile),
        "contact": row.contact,
        "state": state,
        "ended": row.ended_at is not None,
        "waits": state[1] == "tag-warn",
        "last": in_seconds(row.last_at) if row.last_at else "",
        "heard": in_seconds(heard) if (heard := reads.heard_of(row)) else "",
        "waiting": row.waiting,
        "practised": row.practised_at is not None and row.ended_at is None,
    }


def _entry(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "ticket_id": row.ticket_id,
        "number": shown_number(row.number),
        "name": row.name,
        "title": row.title,
        "company": row.company or "",
        "standing": standing_of(row.kind, voting=row.voting),
        "member": row.member_id is not None,
        "voting": row.voting,
        "seat": row.seat or "",
        "at": in_seconds(row.entered_at),
        "desk": row.desk or "受付責任者",
    }


def _ticket(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "number": shown_number(row.number),
        "name": row.name,
        "title": row.title,
        "company": row.company or "",
        "standing": standing_of(row.kind, voting=row.voting),
        "member": row.company is not None,
    }


def _scans(rows: Sequence[Any]) -> list[dict[str, Any]]:
    return [
        {
            "at": in_seconds(row.device_at if row.offline else row.received_at),
            "desk": row.desk or "受付責任者",
            "name": row.name or "",
            "company": row.company or "",
            "number": shown_number(row.number) if row.number is not None else "",
            "outcome": label(row.outcome),
            "kind": OUTCOME_TAGS.get(row.outcome, "tag-bad"),
            "first": in_seconds(row.entered_at) if row.entered_at else "",
            "offline": row.offline,
        }
        for row in rows
    ]
