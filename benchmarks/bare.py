"""The other side of the ratio: the same pages by hand with Flask and SQLAlchemy Core, one function each, no house.

It keeps the promises that cost something: synchronous=FULL, the session on the server, a token in every form, a nonce in
the policy, the access log of the staff list written before the page leaves. Around the part that each page is about it
sends the very bytes of the real page (BENCH_FRAMES), and fills up to the same length.
"""

import hashlib
import hmac
import json
import os
import secrets
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, session
from jinja2 import Environment
from sqlalchemy import Connection, Row, create_engine, event, text

from benchmarks.bare_marks import NONCE, TOKEN

URL = os.environ["BENCH_DATABASE_URL"]
FRAMES: dict[str, list[str]] = json.loads(Path(os.environ["BENCH_FRAMES"]).read_text(encoding="utf-8"))
FRAME_OF: dict[str, str] = {path: name for name, path in FRAMES.pop("paths")}  # type: ignore[misc]
WORDS: dict[str, str] = json.loads(os.environ["BENCH_WORDS"])
SQLITE = URL.startswith("sqlite")
KEY = os.environ["SECRET_KEY"].encode()

app = Flask(__name__)
app.secret_key = KEY
engine = create_engine(URL, pool_pre_ping=True)
templates = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)


@event.listens_for(engine, "connect")
def _promises(connection: Any, _record: Any) -> None:
    if SQLITE:
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "busy_timeout=10000",
            "foreign_keys=ON",
            "recursive_triggers=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")


def stamp(moment: datetime) -> Any:
    """An instant as the database keeps it."""
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds") if SQLITE else moment


def instant(value: Any) -> datetime:
    return datetime.fromisoformat(value).replace(tzinfo=UTC) if isinstance(value, str) else value


def document(value: Any) -> Any:
    """A JSON value: SQLite gives text, or the number itself; PostgreSQL's driver has decoded it."""
    return json.loads(value) if SQLITE and isinstance(value, str) else value


def day(value: Any) -> str:
    found = date.fromisoformat(value) if isinstance(value, str) else value
    return f"{found.year}年{found.month}月{found.day}日" if found else ""


def answer(name: str, inner: str = "") -> Response:
    """The page `name`: its frame around `inner`, filled up to the length of the real one."""
    head, real, tail = FRAMES[name]
    raw = session.get("csrf") or session.setdefault("csrf", secrets.token_hex(20))
    token = f"{raw}.{hmac.new(KEY, raw.encode(), hashlib.sha1).hexdigest()}".ljust(91, "0")[:91]
    nonce = secrets.token_urlsafe(16)
    body = (head + inner + tail).replace(TOKEN, token).replace(NONCE, nonce)
    body += " " * max(0, len(real.encode()) - len(inner.encode()))
    found = Response(body)
    found.headers["Content-Security-Policy"] = f"default-src 'none'; script-src 'self' 'nonce-{nonce}'"
    found.headers["Cache-Control"] = "no-store"
    return found


VIEWER = text("""
    SELECT s.id, s.user_id, s.member_id, s.application_id, s.seen_at, s.second_factor_at, u.kind, u.name, u.state,
      u.totp_secret_enc IS NOT NULL AS has_totp, a.role, m.current_name,
      (SELECT min(r.role) FROM staff_roles r WHERE r.user_id = s.user_id) AS staff_role,
      (SELECT count(*) FROM affiliations l WHERE l.user_id = s.user_id AND l.ended_at IS NULL AND l.stopped_at IS NULL
        AND l.member_id IS NOT NULL)
        + (SELECT count(*) FROM mandates t WHERE t.state = 'ACTIVE' AND t.starts_on <= :today
          AND (t.ends_on IS NULL OR t.ends_on > :today)
          AND EXISTS (SELECT 1 FROM mandate_persons p WHERE p.mandate_id = t.id AND p.user_id = s.user_id)
          AND EXISTS (SELECT 1 FROM affiliations e WHERE e.user_id = s.user_id AND e.contractor_id = t.contractor_id
            AND e.ended_at IS NULL AND e.stopped_at IS NULL)) AS companies,
      EXISTS (SELECT 1 FROM licences h JOIN licence_facts f ON f.licence_id = h.id
        WHERE h.member_id = s.member_id AND f.voided_id IS NULL AND (f.ended_on IS NULL OR f.ended_on > :today))
        AS licensed,
      EXISTS (SELECT 1 FROM contracts_of_use c WHERE c.member_id = s.member_id AND c.ended_at IS NULL) AS under_contract
    FROM sessions s LEFT JOIN users u ON u.id = s.user_id LEFT JOIN members m ON m.id = s.member_id
    LEFT JOIN affiliations a ON a.user_id = s.user_id AND a.member_id = s.member_id AND a.ended_at IS NULL
      AND a.stopped_at IS NULL
    WHERE s.token_hash = :hash AND s.ended_at IS NULL AND s.ends_at > :now
""")


def viewer_of(connection: Connection) -> Row[Any]:
    """Who is asking, by the session on the server; 403 for nobody."""
    now = datetime.now(UTC)
    hashed = hashlib.sha256(session.get("sid", "").encode()).hexdigest()
    given = {"hash": hashed, "now": stamp(now), "today": str(now.date()) if SQLITE else now.date()}
    row = connection.execute(VIEWER, given).one_or_none()
    if row is None or instant(row.seen_at) + timedelta(hours=1) < now:
        abort(403)
    return row


@app.get("/login")
def login() -> Response:
    return answer("login")


HOME = text("""
    SELECT m.current_name, m.operator_code, m.current_state, m.current_member_on, r.roster_no, c.source_kind,
      (SELECT f.at FROM confirmations f WHERE f.member_id = m.id ORDER BY f.id DESC LIMIT 1) AS confirmed_at,
      q.id, q.number, q.title, q.state, q.held_at
    FROM members m LEFT JOIN roster_facts r ON r.member_id = m.id AND r.voided_id IS NULL AND r.ended_on IS NULL
    LEFT JOIN register_changes c ON c.id = r.entered_id
    LEFT JOIN change_requests q ON q.member_id = m.id AND q.channel <> 'STAFF' AND (
      q.state IN ('SUBMITTED', 'IN_REVIEW', 'RETURNED') OR (q.state = 'DRAFT' AND q.channel = 'ONLINE')
      OR (q.state = 'APPROVED' AND EXISTS (SELECT 1 FROM change_items i JOIN change_revisions v ON v.id = i.revision_id
        WHERE v.request_id = q.id AND i.change_id IS NOT NULL AND i.effective_on > :day)))
    WHERE m.id = :member ORDER BY q.id DESC
""")
LICENCES = text("""
    SELECT h.category, f.number, f.effective_on, f.ended_on FROM licences h JOIN licence_facts f ON f.licence_id = h.id
    WHERE h.member_id = :member AND f.voided_id IS NULL AND (f.ended_on IS NULL OR f.ended_on > :day)
    ORDER BY f.effective_on, f.id
""")
PROFILE = text("""
    SELECT p.item, p.value FROM profile_facts p JOIN
      (SELECT item, max(effective_on) AS newest FROM profile_facts
       WHERE member_id = :member AND voided_id IS NULL AND effective_on <= :day GROUP BY item) n
      ON n.item = p.item AND n.newest = p.effective_on
    WHERE p.member_id = :member AND p.voided_id IS NULL
""")
HOME_PAGE = templates.from_string("""
<h1>{{ head.current_name }}</h1>
{% for one in requests if one.id %}
<li><a href="/changes/{{ one.id }}">{{ one.title }}</a> {{ one.number or "" }} <span class="tag">{{ words[one.state] }}</span>
{% endfor %}
<dl>
<dt>本店所在地<dd>〒{{ p.postal_code }}<br>{{ p.prefecture }}{{ p.address }}
<dt>代表者<dd>{{ p.representative_title }} {{ p.representative_name }}
<dt>法人番号<dd>{{ p.corporate_number }}
<dt>資本金又は出資の額<dd>{{ capital }} 円
{% if p.member_contact_name %}<dt>会員担当<dd>{{ p.member_contact_department }} {{ p.member_contact_name }}{% endif %}
</dl><dl><dt>状態<dd>{{ words[head.current_state] }}<dt>加入日<dd>{{ member_on }}
<dt>区分<dd>{% for one in licences %}{{ words[one.category] }} {{ one.number or "" }}<br>{% endfor %}
<dt>事業者コード<dd>{{ head.operator_code }}<dt>名簿番号<dd>{{ head.roster_no }}<dt>最終確認<dd>{{ confirmed_on }}</dl>
""")


@app.get("/home")
def home() -> Response:
    today = datetime.now(UTC).date()
    with engine.connect() as connection:
        given = {"member": viewer_of(connection).member_id, "day": str(today) if SQLITE else today}
        requests = connection.execute(HOME, given).all()
        licences = connection.execute(LICENCES, given).all()
        rows = connection.execute(PROFILE, given)
        profile = {row.item: document(row.value) for row in rows}
    head, capital = requests[0], f"{profile['capital']:,}"
    inner = HOME_PAGE.render(
        head=head,
        requests=requests,
        p=profile,
        licences=licences,
        words=WORDS,
        capital=capital,
        member_on=day(head.current_member_on),
        confirmed_on=day(instant(head.confirmed_at).date()) if head.confirmed_at else "",
    )
    return answer("home", inner)


CASE = text("SELECT id, state, acceptance_number, operator_code, held_at FROM applications WHERE id = :id")
CONSENT = text("SELECT id FROM consents WHERE application_id = :id ORDER BY id DESC LIMIT 1")
DRAFTS = text("SELECT section, answers, errors, saved_at, version FROM application_drafts WHERE application_id = :id")
TASKS = templates.from_string("""
<h1>仮申請</h1><p>{{ tasks|length }}項目のうち {{ done }}項目が完了しています。</p><ol class="tasks">
{% for key, title, state in tasks %}
<li><span><a href="/join/applications/{{ case.id }}/sections/{{ key }}">{{ title }}</a></span><span class="tag">{{ state }}</span>
{% endfor %}
</ol>{% if case.acceptance_number %}<p>{{ case.acceptance_number }}</p>{% endif %}
""")
SECTIONS = [key.removeprefix("section:") for key in WORDS if key.startswith("section:")]


@app.get("/join/applications/<int:application_id>/tasks")
def tasks(application_id: int) -> Response:
    given = {"id": application_id}
    with engine.connect() as connection:
        if viewer_of(connection).application_id != application_id:
            abort(404)
        case = connection.execute(CASE, given).one()
        agreed = connection.execute(CONSENT, given).one_or_none() is not None
        rows = connection.execute(DRAFTS, given).all()
    states = {row.section: "入力中" if row.answers is None else "完了" for row in rows}
    if agreed:
        states["terms"] = "完了"
    lines = [(key, WORDS[f"section:{key}"], states.get(key, "未入力")) for key in SECTIONS]
    done = sum(line[2] == "完了" for line in lines)
    return answer("tasks", TASKS.render(case=case, tasks=lines, done=done))
