"""The reply of the other side, by hand: one function that reads, checks, writes and says where to go on.

It keeps what the real one promises: who asks by the session on the server and may reply, a token in the form, the form's
id once (a second press gets the first answer), the deadline, the roll and the licence, the agenda with conflicts and
blanks, every version kept under one row that is locked, a choice an item, the persons who come, a digest with salt and a
receipt code, an event whose payload is hashed, the copies queued with all that they show, the draft removed. Proxies are
left out.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from flask import Response, abort, jsonify, redirect, request, session
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from benchmarks.bare import KEY, SQLITE, app, document, engine, instant, stamp, viewer_of

JST = timezone(timedelta(hours=9))
ATTENDANCE = {
    "ATTEND": "出席する",
    "ELECTRONIC": "欠席し、事前に議決権を行使する",
    "CHAIR": "欠席し、議長に一任する",
    "ABSENT": "欠席し、議決権を行使しない",
}
WITH_CHOICES = ("ATTEND", "ELECTRONIC")
CHOICES = {"YES": "賛成", "NO": "反対", "ABSTAIN": "棄権"}
SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LOCKED = "" if SQLITE else " FOR KEY SHARE"
ASSEMBLY = text(
    "SELECT id, kind, fiscal_year, no, state, held_at, place, reply_until, settings FROM assemblies "  # noqa: S608 - constants
    f"WHERE id = :assembly{LOCKED}"
)
ROLL = text("""
    SELECT m.name, m.votes, EXISTS (SELECT 1 FROM licences h JOIN licence_facts f ON f.licence_id = h.id
      WHERE h.member_id = m.member_id AND f.voided_id IS NULL AND (f.ended_on IS NULL OR f.ended_on > :day)) AS licensed
    FROM snapshot_members m JOIN snapshots s ON s.id = m.snapshot_id
    WHERE s.assembly_id = :assembly AND s.state = 'FROZEN' AND m.member_id = :member
""")
AGENDA = text("""
    SELECT i.id, i.no, i.title, i.kind, c.member_id AS conflict FROM agenda_items i
    LEFT JOIN agenda_conflicts c ON c.item_id = i.id AND c.member_id = :member
    WHERE i.assembly_id = :assembly AND i.withdrawn_at IS NULL AND i.notified_at IS NOT NULL ORDER BY i.no
""")
FOUND = """
    SELECT s.reply_id, s.version, r.received_at,
      (SELECT max(x.no) FROM replies x WHERE x.assembly_id = s.assembly_id AND x.member_id = s.member_id) AS no
    FROM standing_replies s JOIN replies r ON r.id = s.reply_id WHERE s.assembly_id = :assembly AND s.member_id = :member
"""
STANDING, STANDING_LOCKED = text(FOUND), text(FOUND if SQLITE else FOUND + " FOR UPDATE OF s")
SERVED = "EXISTS (SELECT 1 FROM contracts_of_use c WHERE c.member_id = :member AND c.ended_at IS NULL)"
ADDRESSES = text(f"""
    SELECT 'user' AS what, u.email AS address, CAST(NULL AS DATE) AS since FROM users u WHERE u.id = :user
    UNION ALL SELECT p.item, CAST(p.value AS TEXT), p.effective_on FROM profile_facts p
      WHERE p.member_id = :member AND p.voided_id IS NULL AND p.effective_on <= :day AND {SERVED}
      AND p.item IN ('assembly_contact_email', 'member_contact_email')
    UNION ALL SELECT 'administrator', u.email, NULL FROM users u JOIN affiliations a ON a.user_id = u.id
      WHERE a.member_id = :member AND a.role = 'ADMINISTRATOR' AND a.ended_at IS NULL AND a.stopped_at IS NULL
      AND u.state IN ('ACTIVE', 'INVITED') AND {SERVED}
""")  # noqa: S608 - constants
EARLIER = text("SELECT result_url FROM form_submissions WHERE form_id = :form AND viewer_key = :who")
FORM = text(
    "INSERT INTO form_submissions (form_id, viewer_key, endpoint, result_url, at) VALUES (:form, :who, 'reply', :url, :now)"
)
REPLY = text("""
    INSERT INTO replies (assembly_id, member_id, no, number, receipt_code, salt, digest, channel, attendance, received_at,
      entered_at, entered_by_id, opinion)
    VALUES (:assembly, :member, :no, :number, :code, :salt, :digest, 'ELECTRONIC', :attendance, :now, :now, :user, :opinion)
    RETURNING id
""")
FIRST = text(
    "INSERT INTO standing_replies (assembly_id, member_id, reply_id, version) VALUES (:assembly, :member, :reply, 1)"
)
LATER = text(
    "UPDATE standing_replies SET reply_id = :reply, version = version + 1 WHERE assembly_id = :assembly AND member_id = :member"
)
BALLOT = text("INSERT INTO ballots (reply_id, item_id, choice) VALUES (:reply, :item, :choice)")
PERSON = text("""
    INSERT INTO attendees (reply_id, no, title, name, email, phone, voting)
    VALUES (:reply, :no, :title, :name, :email, :phone, :voting)
""")
EVENT = text("""
    INSERT INTO audit_events (at, tag, actor_id, member_id, session_id, subject, request_id, detail_hash)
    VALUES (:now, 'reply.taken', :user, :member, :session, :subject, :request, :hash) RETURNING id
""")
DETAIL = text("INSERT INTO audit_details (event_id, salt, payload) VALUES (:event, :salt, :payload)")
MAIL = text("""
    INSERT INTO outbox (template, params, to_address, member_id, assembly_id, state, attempts, queued_at, next_at, message_id)
    VALUES ('assemblies/replied', :params, :to, :member, :assembly, 'PENDING', 0, :now, :now, :message)
""")
DRAFT = text("DELETE FROM reply_drafts WHERE assembly_id = :assembly AND member_id = :member AND user_id = :user")


def _token() -> str:
    return hmac.new(KEY, session["sid"].encode(), hashlib.sha256).hexdigest()


@app.get("/assemblies/<int:assembly_id>/reply")
def form(assembly_id: int) -> Response:
    """What the form holds; not measured."""
    with engine.connect() as connection:
        who = viewer_of(connection)
        given = {"assembly": assembly_id, "member": who.member_id}
        standing = connection.execute(STANDING, given).one_or_none()
        items = connection.execute(AGENDA, given).all()
    version = standing.version if standing else 0
    return jsonify(token=_token(), form=secrets.token_urlsafe(16), version=version, items=[row.id for row in items])


@app.post("/assemblies/<int:assembly_id>/reply")
def reply(assembly_id: int) -> Any:
    """Take the reply. Its number is that of the version seen and one more, so that the form's id leads to it at once."""
    now = datetime.now(UTC)
    if not hmac.compare_digest(request.form.get("csrf_token", ""), _token()):
        abort(400)
    seen = int(request.form["version"])
    url = f"/assemblies/{assembly_id}/replies/{seen + 1}"
    with engine.connect() as connection:
        who = viewer_of(connection)
        if who.state != "ACTIVE" or who.role not in ("ADMINISTRATOR", "ASSEMBLY") or not who.licensed:
            abort(403)
        if not who.under_contract or (who.has_totp and who.second_factor_at is None):
            abort(403)
        given = {
            "assembly": assembly_id,
            "member": who.member_id,
            "user": who.user_id,
            "now": stamp(now),
            "day": str(now.date()) if SQLITE else now.date(),
            "form": request.form["form_id"][:64],
            "who": f"session:{who.id}",
            "session": who.id,
        }
        to = _addresses(connection, given)
        connection.rollback()
        if SQLITE:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            connection.execute(FORM, {**given, "url": url})
        except IntegrityError:
            connection.rollback()
            return redirect(connection.execute(EARLIER, given).scalar_one(), 303)
        _taken(connection, given, to, seen=seen, now=now)
        connection.commit()
    return redirect(url, 303)


def _addresses(connection: Connection, given: Mapping[str, Any]) -> list[str]:
    rows = connection.execute(ADDRESSES, given).all()
    facts = sorted((row for row in rows if row.since is not None), key=lambda row: str(row.since))
    contacts = {row.what: (row.address or "").strip('"') for row in facts}
    contact = contacts.get("assembly_contact_email") or contacts.get("member_contact_email")
    people = [row.address for row in rows if row.since is None]
    return list({address.lower(): address for address in [*people, contact] if address}.values())


def _people(attendance: str, most: int) -> list[dict[str, Any]]:
    if attendance != "ATTEND":
        return []
    names = ("title", "name", "email", "phone")
    rows = [
        {name: request.form.get(f"attendee_{no}_{name}", "").strip() for name in names} for no in range(1, most + 1)
    ]
    found = [
        {**row, "no": no, "voting": request.form.get("voting") == str(no)}
        for no, row in enumerate(rows, 1)
        if any(row.values())
    ]
    if not found or any(not row["title"] or not row["name"] or len(row["name"]) > 80 for row in found):
        abort(422)
    return found


def _spoken(moment: datetime) -> str:
    local = moment.astimezone(JST)
    return f"{local.year}年{local.month}月{local.day}日（{'月火水木金土日'[local.weekday()]}）{local:%H:%M}"


def _code() -> str:
    signs = [byte & 31 for byte in secrets.token_bytes(11)]
    check = sum(place * sign for place, sign in enumerate(signs, 1)) % 31
    return "".join(SIGNS[sign] for sign in [*signs, check])


def _hashed(salt: str, value: Any) -> str:
    said = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256((salt + said).encode()).hexdigest()


def _taken(connection: Connection, given: Mapping[str, Any], to: list[str], *, seen: int, now: datetime) -> None:
    held = connection.execute(ASSEMBLY, given).one()
    seat = connection.execute(ROLL, given).one()
    if held.state != "REPLIES_OPEN" or instant(held.reply_until) <= now or not seat.votes or not seat.licensed:
        abort(409)
    settings, attendance = document(held.settings), request.form.get("attendance", "")
    opinion = request.form.get("opinion", "").strip()
    if attendance not in ATTENDANCE or len(opinion) > 1000:
        abort(422)
    items = connection.execute(AGENDA, given).all()
    asked = [row for row in items if row.kind != "REPORT"]
    choices = {row.id: request.form.get(f"item_{row.id}", "") for row in asked if attendance in WITH_CHOICES}
    if any(choices.get(row.id) for row in asked if row.conflict is not None):
        abort(422)
    choices = {item: choice for item, choice in choices.items() if choice}
    if attendance == "ELECTRONIC":
        for row in asked:
            if row.conflict is None and row.id not in choices:
                if settings["blank_choice"] != "ABSTAIN":
                    abort(422)
                choices[row.id] = "ABSTAIN"
    if not set(choices.values()) <= set(CHOICES):
        abort(422)
    people = _people(attendance, settings["max_attendees"])
    standing = connection.execute(STANDING_LOCKED, given).one_or_none()
    if (standing.version if standing else 0) != seen:
        abort(409)
    no = standing.no + 1 if standing else 1
    digits = f"{given['assembly']}{given['member']:05d}{no}"
    number = f"{given['assembly']}-{given['member']:05d}-{no}-{sum(map(int, digits)) % 10}"
    salt, code = secrets.token_hex(16), _code()
    said = {
        "assembly": given["assembly"],
        "member": given["member"],
        "no": no,
        "attendance": attendance,
        "attendees": [[one["title"], one["name"], one["email"], one["phone"], one["voting"]] for one in people],
        "choices": sorted(choices.items()),
        "opinion": opinion or None,
    }
    values = {**given, "no": no, "number": number, "salt": salt, "code": code, "digest": _hashed(salt, said)}
    reply_id = connection.execute(REPLY, values | {"attendance": attendance, "opinion": opinion or None}).scalar_one()
    connection.execute(LATER if standing else FIRST, {**given, "reply": reply_id})
    if choices:
        connection.execute(BALLOT, [{"reply": reply_id, "item": item, "choice": one} for item, one in choices.items()])
    if people:
        connection.execute(PERSON, [{**one, "reply": reply_id} for one in people])
    _noted(connection, given, number=number, no=no, attendance=attendance, received=now)
    lines = [[f"第{row.no}号議案　{row.title}", CHOICES[choices[row.id]]] for row in items if row.id in choices]
    kind = "通常総会" if held.kind == "ORDINARY" else "臨時総会"
    shown = {
        "company": seat.name,
        "assembly_id": held.id,
        "assembly_title": f"{held.fiscal_year}年度 第{held.no}回 {kind}",
        "held": _spoken(instant(held.held_at)),
        "place": held.place,
        "until": _spoken(instant(held.reply_until)),
        "number": number,
        "receipt_code_grouped": f"{code[:4]}-{code[4:8]}-{code[8:]}",
        "withdrawn": False,
        "received": _spoken(now),
        "online": True,
        "channel_label": "電子",
        "standing": True,
        "attendance_label": ATTENDANCE[attendance],
        "proxy": None,
        "people": [f"{one['title']}　{one['name']} 様" for one in people],
        "choices": lines,
        "opinion": opinion or None,
    }
    params = json.dumps(shown)
    connection.execute(MAIL, [{**given, "params": params, "to": one, "message": secrets.token_hex(16)} for one in to])
    connection.execute(DRAFT, given)


def _noted(connection: Connection, given: Mapping[str, Any], *, received: datetime, **said: Any) -> None:
    """The event, with a hash over its salted payload; the chain over the events is closed by others later, on both sides."""
    detail = {"member_id": given["member"], "channel": "ELECTRONIC", "standing": True, "reason": None, **said}
    detail["received_at"], salt = received.isoformat(), secrets.token_hex(16)
    event = {"subject": f"ASSEMBLY:{given['assembly']}", "request": secrets.token_hex(8), "hash": _hashed(salt, detail)}
    event_id = connection.execute(EVENT, {**given, **event}).scalar_one()
    connection.execute(DETAIL, {"event": event_id, "salt": salt, "payload": json.dumps(detail)})
