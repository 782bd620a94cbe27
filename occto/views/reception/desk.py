"""The desk's page: scan, outcome, counts, the last ones; the list to search. Whole without a script."""

import secrets
from dataclasses import dataclass
from typing import Any

from flask import abort, flash, render_template, request
from werkzeug.wrappers import Response as BaseResponse

from occto import clock, desk_words
from occto.access import actor, end_session_cookie, permit
from occto.domain.assembly import title_of
from occto.domain.errors import Refusal
from occto.domain.numbers import clamped_id
from occto.domain.permissions import Permission
from occto.domain.reception import OUTCOME_LABELS, DeskProfile, ScanOutcome, ScanWay
from occto.domain.text import storable
from occto.domain.tickets import LONGEST_READ, NOTHING, PRACTICE_TOKEN, Read, read_code, shown_number, standing_of
from occto.extensions import db
from occto.queries import desks as reads
from occto.queries.reception import DeskSeen
from occto.services.reception.checking_in import Answer, Attempt, answered, check_in
from occto.services.reception.desks import close_desk, note_practice
from occto.unit_of_work import run
from occto.views.reception.blueprint import desk_at, pages
from occto.views.tools import see_other

TERM_LIMIT = 100
NO_NUMBERS = "番号では受け付けられません。QRコードを読み取るか、受付責任者をお呼びください。"
TOO_LONG = "入力が長すぎます。受付票のQRコードか、番号（2041-7 のような数字）だけを入力してください。"


@dataclass(frozen=True, slots=True)
class Typed:
    """What a desk sent of one person: a code, or somebody picked from the list. `wrong`: the sentence where it is neither."""

    read: Read = NOTHING
    ticket_id: int | None = None
    wrong: str = ""

    @property
    def way(self) -> ScanWay:
        if self.ticket_id is not None:
            return ScanWay.LIST
        return ScanWay.NUMBER if self.read.number is not None else ScanWay.QR


def typed_code(text: str, desk: DeskSeen) -> Typed:
    """A code as it was read or typed. An unattended desk takes tokens alone: anybody can guess a number."""
    typed = _typed(text)
    if desk.profile is DeskProfile.UNATTENDED and typed.read.number is not None:
        return Typed(wrong=NO_NUMBERS)
    return typed


def _typed(text: str) -> Typed:
    if len(text) > LONGEST_READ:
        return Typed(wrong=TOO_LONG)
    if not text.strip():
        return Typed(wrong="QRコードを読み取るか、受付票の番号を入力してください。")
    if text != storable(text):
        return Typed(wrong="使えない文字が含まれています。もう一度読み取ってください。")
    return Typed(read_code(text))


def picked(text: str | int, desk: DeskSeen) -> Typed:
    """Somebody picked from the list, which a standard desk alone has."""
    number = clamped_id(str(text))
    if desk.profile is not DeskProfile.STANDARD:
        abort(403)
    return Typed(ticket_id=number) if number is not None else Typed(wrong="名簿からもう一度お選びください。")


def admit(desk: DeskSeen, attempt: Attempt) -> Answer:
    """Judge a scan of this desk in a unit of work of its own; of the code for practice only that it was read is kept, once."""
    if attempt.read.practice:
        if desk.practised_at is None:
            run(note_practice, desk.id, now=clock.now())
        return Answer(attempt.scan_id, ScanOutcome.PRACTICE)
    return run(
        check_in,
        desk.assembly_id,
        attempt,
        desk_id=desk.id,
        desk_name=desk.name,
        actor=actor(),
        now=clock.now(),
        at_lock=clock.now,
    )


def shown_at(desk: DeskSeen, answer: Answer) -> desk_words.Shown:
    """The answer in the words of this desk."""
    return desk_words.shown(answer, profile=desk.profile, contact=desk.contact, now=clock.now())


def recent_at(desk: DeskSeen) -> list[dict[str, str]]:
    """The last scans of this desk; of an unattended one without any person."""
    open_to_it = desk.profile is not DeskProfile.UNATTENDED
    rows = reads.recent(db.session(), desk.assembly_id, desk_id=desk.id) if open_to_it else ()
    return [_line(row) for row in rows]


def clashes_at(desk: DeskSeen) -> list[dict[str, str]]:
    """What this desk had admitted while it was cut off, and could not stand."""
    open_to_it = desk.profile is not DeskProfile.UNATTENDED
    rows = reads.clashes(db.session(), desk.assembly_id, desk_id=desk.id) if open_to_it else ()
    return [_line(row) for row in rows]


def _line(row: Any) -> dict[str, str]:
    return {
        "at": desk_words.in_seconds(row.device_at if row.offline else row.received_at),
        "name": row.name or "",
        "company": row.company or "",
        "number": shown_number(row.number) if row.number is not None else "",
        "outcome": OUTCOME_LABELS[row.outcome],
    }


@pages.get("/<int:assembly>")
@permit(Permission.RECEPTION_DESK)
def desk_page(assembly: int) -> str:
    """The page; `scan` in the address names the scan whose outcome is shown. `shell`: without any person, to be kept."""
    desk = desk_at(assembly)
    return _page(desk, outcome=_asked_outcome(desk), shell="shell" in request.args)


def _asked_outcome(desk: DeskSeen) -> desk_words.Shown | None:
    scan_id = request.args.get("scan", "")
    if not 8 <= len(scan_id) <= 64 or scan_id != storable(scan_id):
        return None
    if "practice" in request.args:
        return shown_at(desk, Answer(scan_id, ScanOutcome.PRACTICE))
    answer = answered(db.session(), desk.assembly_id, scan_id, now=clock.now())
    return shown_at(desk, answer) if answer is not None else None


def _page(desk: DeskSeen, *, outcome: desk_words.Shown | None = None, error: str = "", shell: bool = False) -> str:
    numbers = reads.counts(db.session(), desk.assembly_id, desk.id)
    return render_template(
        "reception/desk.html",
        desk=desk,
        title=title_of(desk),
        numbers=numbers if not shell else None,
        recent=recent_at(desk) if not shell else [],
        clashes=clashes_at(desk) if not shell else [],
        outcome=outcome if not shell else None,
        error=error,
        errors=bool(error),
        scan_id=secrets.token_urlsafe(16),
        practice=PRACTICE_TOKEN,
        standard=desk.profile is DeskProfile.STANDARD,
        alone=desk.profile is DeskProfile.UNATTENDED,
    )


@pages.post("/<int:assembly>")
@permit(Permission.RECEPTION_DESK)
def scan_form(assembly: int) -> BaseResponse | tuple[str, int]:
    """One scan by form. The page that follows shows its outcome, however often it is loaded."""
    desk = desk_at(assembly)
    scan_id = request.form.get("scan_id", "")
    if not 8 <= len(scan_id) <= 64 or not scan_id.isascii() or not scan_id.replace("-", "").replace("_", "").isalnum():
        scan_id = secrets.token_urlsafe(16)
    typed = (
        picked(request.form["ticket"], desk)
        if "ticket" in request.form
        else typed_code(request.form.get("code", ""), desk)
    )
    if typed.wrong:
        return _page(desk, error=typed.wrong), 400
    try:
        answer = admit(desk, Attempt(scan_id, typed.way, read=typed.read, ticket_id=typed.ticket_id))
    except Refusal as refusal:
        return _page(desk, error=refusal.sentence), 409
    practice = "1" if answer.outcome is ScanOutcome.PRACTICE else None
    return see_other("reception.desk_page", assembly=assembly, scan=scan_id, practice=practice)


@pages.get("/<int:assembly>/search")
@permit(Permission.RECEPTION_DESK)
def search(assembly: int) -> str:
    """Listed attendees of this assembly by company, kana, code, person or number; each can be admitted."""
    desk = desk_at(assembly)
    if desk.profile is not DeskProfile.STANDARD:
        abort(403)
    term = storable(request.args.get("q", "")[:TERM_LIMIT]).strip()
    found = reads.search(db.session(), assembly, term) if term else ()
    rows = [
        {
            "id": row.id,
            "number": shown_number(row.number),
            "name": row.name,
            "title": row.title,
            "company": row.company or "",
            "code": row.code or "",
            "seat": row.seat or "自由席",
            "standing": standing_of(row.kind, voting=row.voting),
            "inside": row.inside,
            "scan_id": secrets.token_urlsafe(16),
        }
        for row in found
    ]
    return render_template(
        "reception/search.html", desk=desk, title=title_of(desk), term=term, rows=rows, more=len(rows) >= reads.FOUND
    )


def _closing(assembly: int) -> DeskSeen:
    """The desk that may be closed here; an unattended one is ended by the supervisor, not by whoever stands before it."""
    desk = desk_at(assembly)
    if desk.profile is DeskProfile.UNATTENDED:
        abort(403)
    return desk


@pages.get("/<int:assembly>/close")
@permit(Permission.RECEPTION_DESK)
def ask_close(assembly: int) -> str:
    """What closing does, with the button."""
    desk = _closing(assembly)
    return render_template("reception/close.html", desk=desk, title=title_of(desk))


@pages.post("/<int:assembly>/close")
@permit(Permission.RECEPTION_DESK)
def close(assembly: int) -> BaseResponse:
    """受付を閉じる: the device is no desk any more."""
    desk = _closing(assembly)
    run(close_desk, desk.id, actor=actor(), now=clock.now())
    end_session_cookie()
    flash("受付を閉じました。この端末では、もう受け付けられません。", "success")
    return see_other("reception.pair", closed="1")
