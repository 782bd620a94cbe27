"""What the script of a desk asks for, in JSON: one scan, many after a time without a connection, the figures, the roster."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import Response, jsonify, request

from occto import clock
from occto.access import permit
from occto.domain.errors import Refusal
from occto.domain.permissions import Permission
from occto.domain.reception import DeskProfile
from occto.domain.text import search_rules
from occto.extensions import db
from occto.queries import desks as reads
from occto.queries.reception import DeskSeen
from occto.services.reception.checking_in import Attempt
from occto.services.reception.desks import HEARD, hear_desk
from occto.unit_of_work import run
from occto.views.reception.blueprint import desk_at, pages
from occto.views.reception.desk import Typed, admit, clashes_at, picked, recent_at, shown_at, typed_code

BATCH = 50
WAITING, WAITING_DIGITS = "X-Desk-Waiting", 6
LARGEST = 256 * 1024
"""Bytes of a request; fifty scans with the longest codes stay below."""
_SCAN_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_KEYS = frozenset({"scan_id", "code", "ticket_id", "device_at"})
NOT_UNDERSTOOD = "受付の内容を読み取れませんでした。画面を開き直して、もう一度読み取ってください。"


class Wrong(Exception):  # noqa: N818 - it is an answer
    """What was sent is no scan; the sentence says what to do."""


def _wrong(sentence: str) -> Response:
    answer = jsonify(error="not_understood", message=sentence)
    answer.status_code = 400
    return answer


def _sent() -> Mapping[str, Any]:
    """The object that was sent. Raises Wrong for anything else."""
    if (request.content_length or 0) > LARGEST:
        raise Wrong("送られた内容が大きすぎます。画面を開き直して、もう一度読み取ってください。")
    try:
        sent = request.get_json(silent=True)
    except (RecursionError, ValueError):
        sent = None
    if not isinstance(sent, dict):
        raise Wrong(NOT_UNDERSTOOD)
    return sent


@dataclass(frozen=True, slots=True)
class Sent:
    """One scan as it was sent."""

    scan_id: str
    typed: Typed
    device_at: datetime | None

    def attempt(self, *, offline: bool = False) -> Attempt:
        return Attempt(
            self.scan_id,
            self.typed.way,
            read=self.typed.read,
            ticket_id=self.typed.ticket_id,
            device_at=self.device_at,
            offline=offline,
        )


def _scan(sent: Any, desk: DeskSeen, *, merging: bool = False) -> Sent:
    """One scan. Raises Wrong where its fields are missing, of another kind or more than a scan has.

    `merging`: a code that cannot be read stands for no ticket and is kept as such: it holds up no other, and is a clash.
    """
    if not isinstance(sent, dict) or not set(sent) <= _KEYS:
        raise Wrong(NOT_UNDERSTOOD)
    scan_id, code, ticket = sent.get("scan_id"), sent.get("code"), sent.get("ticket_id")
    if not isinstance(scan_id, str) or _SCAN_ID.fullmatch(scan_id) is None:
        raise Wrong(NOT_UNDERSTOOD)
    if (code is None) == (ticket is None):
        raise Wrong(NOT_UNDERSTOOD)
    if ticket is not None:
        if isinstance(ticket, bool) or not isinstance(ticket, int):
            raise Wrong(NOT_UNDERSTOOD)
        typed = picked(ticket, desk)
    elif isinstance(code, str):
        typed = typed_code(code, desk)
    else:
        raise Wrong(NOT_UNDERSTOOD)
    if typed.wrong and not merging:
        raise Wrong(typed.wrong)
    return Sent(scan_id, typed, _instant(sent.get("device_at")))


def _instant(sent: Any) -> datetime | None:
    if sent is None:
        return None
    if not isinstance(sent, str) or len(sent) > 40 or not sent.isascii():
        raise Wrong(NOT_UNDERSTOOD)
    try:
        at = datetime.fromisoformat(sent)
        if at.tzinfo is None or not 2000 <= at.year <= 2999:
            raise Wrong(NOT_UNDERSTOOD)
        return at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Wrong(NOT_UNDERSTOOD) from error


@pages.post("/<int:assembly>/check-in")
@permit(Permission.RECEPTION_DESK)
def check_in(assembly: int) -> Response:
    """One scan. A refusal of the reception is an outcome like any other: 200."""
    desk = desk_at(assembly)
    try:
        scan = _scan(_sent(), desk)
        answer = admit(desk, scan.attempt())
    except Wrong as wrong:
        return _wrong(str(wrong))
    except Refusal as refusal:
        return _refused(refusal)
    return jsonify(shown_at(desk, answer).as_json())


def _refused(refusal: Refusal) -> Response:
    answer = jsonify(error=refusal.code, message=refusal.sentence)
    answer.status_code = 409
    return answer


@pages.post("/<int:assembly>/merge")
@permit(Permission.RECEPTION_DESK)
def merge(assembly: int) -> Response:
    """What a desk admitted while it was cut off, oldest first, each judged as if it came now with the time of the device.

    The same scans may come any number of times. `clash` tells those that the desk had admitted and that cannot stand.
    """
    desk = desk_at(assembly)
    try:
        scans = _scans(_sent().get("scans"), desk)
    except Wrong as wrong:
        return _wrong(str(wrong))
    answers = [_merged(desk, scan) for scan in scans]
    clashes = reads.clashing(db.session(), [scan.scan_id for scan in scans])
    return jsonify(answers=[{"clash": one["scan_id"] in clashes} | one for one in answers])


def _scans(sent: Any, desk: DeskSeen) -> list[Sent]:
    """A batch, each with its time. Raises Wrong."""
    if not isinstance(sent, list) or len(sent) > BATCH:
        raise Wrong(f"一度に送れるのは{BATCH}件までです。画面を開き直してください。")
    scans = [_scan(one, desk, merging=True) for one in sent]
    if any(one.device_at is None for one in scans):
        raise Wrong(NOT_UNDERSTOOD)
    return scans


def _merged(desk: DeskSeen, scan: Sent) -> dict[str, Any]:
    try:
        answer = admit(desk, scan.attempt(offline=True))
    except Refusal as refusal:
        return {"scan_id": scan.scan_id, "clash": True, "outcome": refusal.code, "message": refusal.sentence}
    return shown_at(desk, answer).as_json()


@pages.get("/<int:assembly>/state")
@permit(Permission.RECEPTION_DESK)
def state(assembly: int) -> Response:
    """The figures beside the desk, the last scans and the clashes: asked again and again, so three short statements.

    The script says in the header WAITING how many arrivals it still holds; that is kept when it is news.
    """
    desk = desk_at(assembly)
    _hear(desk)
    numbers = reads.counts(db.session(), assembly, desk.id)
    return jsonify(
        present=numbers.present,
        here=numbers.here,
        expected=numbers.expected,
        recent=recent_at(desk),
        clashes=clashes_at(desk),
    )


def _hear(desk: DeskSeen) -> None:
    """A header, because no page of somebody else can make a browser send one: whoever says it is the script."""
    said = request.headers.get(WAITING, "")
    if not 0 < len(said) <= WAITING_DIGITS or not said.isascii() or not said.isdigit():
        return
    now, waiting = clock.now(), int(said)
    if desk.contact_at is None or waiting != desk.waiting or now - desk.contact_at >= HEARD:
        run(hear_desk, desk.id, waiting=waiting, now=now)


@pages.get("/<int:assembly>/roster")
@permit(Permission.RECEPTION_DESK)
def roster(assembly: int) -> Response:
    """What the desk keeps encrypted for a time without a connection; an unattended one gets nothing of any person."""
    desk = desk_at(assembly)
    alone = desk.profile is DeskProfile.UNATTENDED
    tickets = [
        [
            row.token_hash,
            row.number,
            "" if alone else row.company or "",
            "" if alone else row.name,
            row.seat,
            row.voting,
        ]
        for row in reads.roster(db.session(), assembly)
    ]
    made_at = clock.now().isoformat(timespec="seconds")
    return jsonify(assembly=assembly, made_at=made_at, tickets=tickets, fold=search_rules())
