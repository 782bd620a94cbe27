"""The check-in of the other side, by hand: one function with the statements that the act needs.

It keeps what the real one promises: the desk by its key, the same scan id the same answer, the ticket with its member,
licence, sanction and advance vote, state and day of the assembly, exactly once by the UNIQUE, the advance vote set aside,
every scan kept, an event whose payload is hashed.
"""

import hashlib
import hmac
import json
import secrets
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from flask import Response, abort, jsonify, request, session
from sqlalchemy import text

from benchmarks.bare import KEY, SQLITE, app, engine, instant, stamp

JST = timezone(timedelta(hours=9))
DESK = text("""
    SELECT d.id, d.name, d.profile, d.assembly_id, d.paired_at, a.state FROM desks d JOIN assemblies a ON a.id = d.assembly_id
    WHERE d.key_hash = :hash AND d.ended_at IS NULL
""")
LOCKED = "" if SQLITE else " FOR SHARE OF a"
FOUND = text(f"""
    SELECT a.state, a.held_at, t.id, t.assembly_id, t.number, t.voting, t.name, t.title, t.seat, t.note, t.member_id,
      t.revoked_at, m.current_name AS company, p.votes, p.sanctioned, r.attendance, x.outcome,
      EXISTS (SELECT 1 FROM licences h JOIN licence_facts f ON f.licence_id = h.id WHERE h.member_id = t.member_id
        AND f.voided_id IS NULL AND (f.ended_on IS NULL OR f.ended_on > :day)) AS licensed,
      EXISTS (SELECT 1 FROM sanction_facts n WHERE n.member_id = t.member_id AND n.scope = 'VOTES' AND n.voided_id IS NULL
        AND n.effective_on <= :day AND (n.ended_on IS NULL OR n.ended_on > :day)) AS stopped,
      EXISTS (SELECT 1 FROM ballots b WHERE b.reply_id = s.reply_id) AS chosen
    FROM assemblies a LEFT JOIN admission_tickets t ON t.token_hash = :token LEFT JOIN members m ON m.id = t.member_id
    LEFT JOIN snapshots z ON z.assembly_id = a.id AND z.state = 'FROZEN'
    LEFT JOIN snapshot_members p ON p.snapshot_id = z.id AND p.member_id = t.member_id
    LEFT JOIN standing_replies s ON s.assembly_id = a.id AND s.member_id = t.member_id LEFT JOIN replies r ON r.id = s.reply_id
    LEFT JOIN scans x ON x.scan_id = :scan WHERE a.id = :assembly{LOCKED}
""")  # noqa: S608 - constants
ENTER = text("""
    INSERT INTO check_ins (assembly_id, ticket_id, member_id, voting, desk_id, entered_at)
    SELECT :assembly, t.id, t.member_id, t.voting, :desk, :now FROM admission_tickets t
    WHERE t.id = :ticket AND t.revoked_at IS NULL ON CONFLICT DO NOTHING RETURNING id
""")
ASIDE = text("""
    UPDATE standing_replies SET set_aside_by_check_in_id = :entry, version = version + 1
    WHERE assembly_id = :assembly AND member_id = :member AND set_aside_by_check_in_id IS NULL RETURNING reply_id
""")
SCAN = text("""
    INSERT INTO scans (scan_id, assembly_id, desk_id, way, ticket_id, received_at, offline, outcome, check_in_id)
    VALUES (:scan, :assembly, :desk, 'QR', :ticket, :now, false, :outcome, :entry)
""")
EVENT = text("""
    INSERT INTO audit_events (at, tag, subject, request_id, detail_hash)
    VALUES (:now, 'reception.checked_in', :subject, :request, :hash) RETURNING id
""")
DETAIL = text("INSERT INTO audit_details (event_id, salt, payload) VALUES (:event, :salt, :payload)")


def _token() -> str:
    return hmac.new(KEY, session["desk"].encode(), hashlib.sha256).hexdigest()


@app.get("/reception/<int:assembly_id>")
def desk(assembly_id: int) -> str:
    """What the page holds; not measured."""
    return f'<input name="csrf_token" value="{_token()}" data-assembly="{assembly_id}">'


@app.post("/reception/<int:assembly_id>/check-in")
def check_in(assembly_id: int) -> Response:
    """Admit."""
    now = datetime.now(UTC)
    if not hmac.compare_digest(request.headers.get("X-CSRFToken", ""), _token()):
        abort(400)
    sent = request.get_json()
    code, scan = str(sent["code"])[:1000].upper().rpartition("/")[2], str(sent["scan_id"])
    if not 8 <= len(scan) <= 64:
        abort(400)
    with engine.connect() as connection:
        at = connection.execute(DESK, {"hash": hashlib.sha256(session["desk"].encode()).hexdigest()}).one_or_none()
        if at is None or at.assembly_id != assembly_id or now > instant(at.paired_at) + timedelta(hours=18):
            abort(403)
        connection.rollback()
        if SQLITE:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        given: dict[str, Any] = {
            "assembly": assembly_id,
            "desk": at.id,
            "scan": scan,
            "token": hashlib.sha256(code.encode()).hexdigest(),
            "now": stamp(now),
            "day": str(now.date()) if SQLITE else now.date(),
        }
        found = connection.execute(FOUND, given).one()
        if found.outcome is not None or found.id is None or found.assembly_id != assembly_id or found.revoked_at:
            abort(409)
        if found.state not in ("HALL_OPEN", "VOTING") or not found.licensed or (found.sanctioned and found.stopped):
            abort(409)
        if instant(found.held_at).astimezone(JST).date() != now.astimezone(JST).date():
            abort(409)
        entry = connection.execute(ENTER, {**given, "ticket": found.id}).scalar_one_or_none()
        if entry is None:
            abort(409)
        back = None
        if found.voting:
            aside = connection.execute(ASIDE, {**given, "member": found.member_id, "entry": entry}).first()
            back = found.attendance if aside is not None and found.chosen else None
        salt, detail = (
            secrets.token_hex(16),
            {
                "assembly_id": assembly_id,
                "ticket_id": found.id,
                "member_id": found.member_id,
                "voting": bool(found.voting),
                "desk_id": at.id,
                "withdrawn": back,
                "offline": False,
            },
        )
        said = json.dumps(detail, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        hashed = hashlib.sha256((salt + said).encode()).hexdigest()
        event = connection.execute(
            EVENT, {**given, "subject": f"CHECK_IN:{entry}", "request": secrets.token_hex(8), "hash": hashed}
        ).scalar_one()
        connection.execute(DETAIL, {"event": event, "salt": salt, "payload": said})
        connection.execute(SCAN, {**given, "ticket": found.id, "outcome": "ADMITTED", "entry": entry})
        connection.commit()
    answer = jsonify(
        outcome="ADMITTED",
        number=found.number,
        name=found.name,
        title=found.title,
        company=found.company,
        votes=found.votes,
        seat=found.seat,
        note=found.note,
        at=now.isoformat(),
        desk=at.name,
        withdrawn=back,
    )
    answer.headers["Cache-Control"] = "no-store"
    return answer
