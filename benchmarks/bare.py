"""The other side of the ratio: the same pages by hand with Flask and SQLAlchemy Core, one function each, no house.

It keeps the promises that cost something: synchronous=FULL, the session on the server, a token in every form, a nonce in
the policy, the access log of the staff list written before the page leaves. Around the part that each page is about it
sends the very bytes of the real page (BENCH_FRAMES), and fills up to the same length.
"""

import csv
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

from flask import Flask, Response, abort, request, session
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
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")


def _stamp(moment: datetime) -> Any:
    """An instant as the database keeps it."""
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds") if SQLITE else moment


def _instant(value: Any) -> datetime:
    return datetime.fromisoformat(value).replace(tzinfo=UTC) if isinstance(value, str) else value


def _document(value: Any) -> Any:
    """A JSON value: SQLite gives text, or the number itself; PostgreSQL's driver has decoded it."""
    return json.loads(value) if SQLITE and isinstance(value, str) else value


def _day(value: Any) -> str:
    day = date.fromisoformat(value) if isinstance(value, str) else value
    return f"{day.year}年{day.month}月{day.day}日" if day else ""


def _answer(name: str, inner: str = "") -> Response:
    """The page `name`: its frame around `inner`, filled up to the length of the real one."""
    head, real, tail = FRAMES[name]
    raw = session.get("csrf") or session.setdefault("csrf", secrets.token_hex(20))
    token = f"{raw}.{hmac.new(KEY, raw.encode(), hashlib.sha1).hexdigest()}".ljust(91, "0")[:91]
    nonce = secrets.token_urlsafe(16)
    body = (head + inner + tail).replace(TOKEN, token).replace(NONCE, nonce)
    body += " " * max(0, len(real.encode()) - len(inner.encode()))
    answer = Response(body)
    answer.headers["Content-Security-Policy"] = f"default-src 'none'; script-src 'self' 'nonce-{nonce}'"
    answer.headers["Cache-Control"] = "no-store"
    return answer


VIEWER = text("""
    SELECT s.id, s.user_id, s.member_id, s.application_id, s.seen_at, s.second_factor_at, u.kind, u.name, u.state,
      u.totp_secret_enc IS NOT NULL AS has_totp, a.role, m.current_name,
      (SELECT min(r.role) FROM staff_roles r WHERE r.user_id = s.user_id) AS staff_role,
      (SELECT count(*) FROM affiliations l WHERE l.user_id = s.user_id AND l.ended_at IS NULL) AS companies,
      EXISTS (SELECT 1 FROM licences h JOIN licence_facts f ON f.licence_id = h.id
        WHERE h.member_id = s.member_id AND f.voided_id IS NULL AND (f.ended_on IS NULL OR f.ended_on > :today))
        AS licensed,
      EXISTS (SELECT 1 FROM contracts_of_use c WHERE c.member_id = s.member_id AND c.ended_at IS NULL) AS under_contract
    FROM sessions s LEFT JOIN users u ON u.id = s.user_id LEFT JOIN members m ON m.id = s.member_id
    LEFT JOIN affiliations a ON a.user_id = s.user_id AND a.member_id = s.member_id AND a.ended_at IS NULL
    WHERE s.token_hash = :hash AND s.ended_at IS NULL AND s.ends_at > :now
""")


def _viewer(connection: Connection) -> Row[Any]:
    """Who is asking, by the session on the server; 403 for nobody."""
    now = datetime.now(UTC)
    hashed = hashlib.sha256(session.get("sid", "").encode()).hexdigest()
    given = {"hash": hashed, "now": _stamp(now), "today": str(now.date()) if SQLITE else now.date()}
    row = connection.execute(VIEWER, given).one_or_none()
    if row is None or _instant(row.seen_at) + timedelta(hours=1) < now:
        abort(403)
    return row


@app.get("/login")
def login() -> Response:
    return _answer("login")


HOME = text("""
    SELECT m.current_name, m.operator_code, m.current_state, m.current_member_on, r.roster_no, c.source_kind
    FROM members m LEFT JOIN roster_facts r ON r.member_id = m.id AND r.voided_id IS NULL AND r.ended_on IS NULL
    LEFT JOIN register_changes c ON c.id = r.entered_id WHERE m.id = :member
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
<h1>{{ head.current_name }}</h1><dl>
<dt>本店所在地<dd>〒{{ p.postal_code }}<br>{{ p.prefecture }}{{ p.address }}
<dt>代表者<dd>{{ p.representative_title }} {{ p.representative_name }}
<dt>法人番号<dd>{{ p.corporate_number }}
<dt>資本金又は出資の額<dd>{{ capital }} 円
{% if p.member_contact_name %}<dt>会員担当<dd>{{ p.member_contact_department }} {{ p.member_contact_name }}{% endif %}
</dl><dl><dt>状態<dd>{{ words[head.current_state] }}<dt>加入日<dd>{{ member_on }}
<dt>区分<dd>{% for one in licences %}{{ words[one.category] }} {{ one.number or "" }}<br>{% endfor %}
<dt>事業者コード<dd>{{ head.operator_code }}<dt>名簿番号<dd>{{ head.roster_no }}</dl>
""")


@app.get("/home")
def home() -> Response:
    today = datetime.now(UTC).date()
    with engine.connect() as connection:
        given = {"member": _viewer(connection).member_id, "day": str(today) if SQLITE else today}
        head = connection.execute(HOME, {"member": given["member"]}).one()
        licences = connection.execute(LICENCES, given).all()
        rows = connection.execute(PROFILE, given)
        profile = {row.item: _document(row.value) for row in rows}
    capital, member_on = f"{profile['capital']:,}", _day(head.current_member_on)
    inner = HOME_PAGE.render(head=head, p=profile, licences=licences, words=WORDS, capital=capital, member_on=member_on)
    return _answer("home", inner)


COLUMNS = "m.id, operator_code, current_name, current_licences, current_state, current_member_on"
KEYS = {"": "kana_key", "code": "operator_code"}
FIRST_PAGE = {
    order: text(f"SELECT {COLUMNS} FROM members m ORDER BY {key}, m.id LIMIT 51")  # noqa: S608 - constants
    for order, key in KEYS.items()
}
NEXT_PAGE = {
    order: text(f"""
    SELECT {COLUMNS} FROM members m WHERE ({key}, m.id) > ((SELECT {key} FROM members WHERE id = :after), :after)
    ORDER BY {key}, m.id LIMIT 51
""")  # noqa: S608 - constants
    for order, key in KEYS.items()
}
MATCHING = text(
    "SELECT rowid FROM member_bigrams WHERE member_bigrams MATCH :pairs LIMIT 1001"
    if SQLITE
    else "SELECT member_id FROM member_bigrams WHERE pairs @> CAST(:pairs AS text[]) LIMIT 1001"
)
MATCHING_LONG = text(
    """SELECT s.member_id FROM member_bigrams b JOIN member_search s ON s.member_id = b.rowid
    WHERE b.member_bigrams MATCH :pairs AND s.text LIKE :pattern LIMIT 1001"""
    if SQLITE
    else """SELECT s.member_id FROM member_bigrams b JOIN member_search s ON s.member_id = b.member_id
    WHERE b.pairs @> CAST(:pairs AS text[]) AND s.text LIKE :pattern LIMIT 1001"""
)
HITS = "json_each(:ids) h ON h.value = m.id" if SQLITE else "unnest(CAST(:ids AS bigint[])) h (value) ON h.value = m.id"
OF_HITS = text(f"SELECT {COLUMNS} FROM members m JOIN {HITS} ORDER BY kana_key, m.id LIMIT 51")  # noqa: S608 - constants
OF_MANY = text(f"""
    SELECT {COLUMNS} FROM members m
    WHERE CASE WHEN (SELECT text FROM member_search s WHERE s.member_id = m.id) LIKE :pattern THEN 1 ELSE 0 END > 0
    ORDER BY kana_key, m.id LIMIT 51
""")  # noqa: S608 - constants
COUNT = text("SELECT count(*) FROM (SELECT id FROM members LIMIT 1000) AS few")
WAITING = text("""
    SELECT (SELECT count(*) FROM applications
            WHERE state IN ('SUBMITTED', 'IN_REVIEW', 'MAIN_IN_REVIEW') AND held_at IS NULL),
           (SELECT count(*) FROM outbox WHERE state IN ('FAILED', 'BOUNCED'))
""")
SEEN = text(
    """
    INSERT INTO access_events (at, actor_id, screen, subject_kind, subject_ids)
    VALUES (:at, :actor, 'members.index_view', 'MEMBER', :ids)
"""
    if SQLITE
    else """
    INSERT INTO access_events (at, actor_id, screen, subject_kind, subject_ids)
    VALUES (:at, :actor, 'members.index_view', 'MEMBER', CAST(:ids AS jsonb))
"""
)
ROWS = templates.from_string("""
{% for row in rows %}
<tr><td><a href="details/?id={{ row.id }}">{{ row.operator_code }}</a><td>{{ row.current_name }}
<td>{% for code in row.current_licences.split(",") %}{{ words[code] }}{% if not loop.last %}、{% endif %}{% endfor %}
<td><span class="tag">{{ words[row.current_state] }}</span><td>{{ day(row.current_member_on) }}
{% endfor %}
<tr><td>{{ total }}<td>{{ cases }}<td>{{ mails }}
""")


def _search(connection: Connection, term: str) -> tuple[list[Row[Any]], int]:
    """The first page of the members whose names contain a term that is a key already, and their number up to 1,001."""
    pairs = sorted({term[place : place + 2] for place in range(len(term) - 1)})
    given: dict[str, Any] = {"pairs": pairs, "pattern": f"%{term}%"}
    if SQLITE:
        given["pairs"] = " ".join('"' + "z".join(f"{ord(sign):x}" for sign in pair) + '"' for pair in pairs)
    ids = list(connection.execute(MATCHING_LONG if len(term) > 2 else MATCHING, given).scalars())
    if len(ids) > 1000:
        return connection.execute(OF_MANY, given).all()[:50], 1000  # type: ignore[return-value]
    return connection.execute(OF_HITS, {"ids": json.dumps(ids) if SQLITE else ids}).all()[:50], len(ids)  # type: ignore[return-value]


def _staff(connection: Connection) -> Row[Any]:
    viewer = _viewer(connection)
    if viewer.staff_role is None or viewer.second_factor_at is None:
        abort(403)
    return viewer


@app.get("/admin/members/")
def members() -> Response:
    after, term, order = request.args.get("after", type=int), request.args.get("q", ""), request.args.get("order", "")
    with engine.connect() as connection:
        viewer = _staff(connection)
        if term:
            found, total = _search(connection, term)
        else:
            page = NEXT_PAGE[order] if after else FIRST_PAGE[order]
            found = connection.execute(page, {"after": after} if after else {}).all()[:50]
            total = connection.execute(COUNT).scalar_one()
        cases, mails = connection.execute(WAITING).one()
        inner = ROWS.render(rows=found, words=WORDS, day=_day, total=total, cases=cases, mails=mails)
        connection.rollback()
        ids = json.dumps([row.id for row in found])
        connection.execute(SEEN, {"at": _stamp(datetime.now(UTC)), "actor": viewer.user_id, "ids": ids})
        connection.commit()
    return _answer(FRAME_OF[request.full_path.removesuffix("?")], inner)


EXPORT = text("""
    SELECT m.operator_code, m.current_name, m.current_kana, m.current_licences, m.current_state, m.current_member_on,
      (SELECT corporate_number FROM bodies b WHERE b.id = m.body_id),
      (SELECT roster_no FROM roster_facts r WHERE r.member_id = m.id AND r.voided_id IS NULL AND r.ended_on IS NULL),
      EXISTS (SELECT 1 FROM contracts_of_use c WHERE c.member_id = m.id AND c.ended_at IS NULL)
    FROM members m ORDER BY m.kana_key, m.id
""")
RUNS = text(
    "SELECT min(id), max(id) FROM (SELECT id, id - row_number() OVER (ORDER BY id) AS run FROM members) r GROUP BY run"
)
HEADS = ("事業者コード", "商号", "フリガナ", "区分", "状態", "加入日", "法人番号", "名簿番号", "手続き")


@app.get("/admin/members/export-csv/")
def export() -> Response:
    with engine.connect() as connection:
        viewer = _staff(connection)
        ids = json.dumps([list(run) for run in connection.execute(RUNS)])
        connection.rollback()
        connection.execute(SEEN, {"at": _stamp(datetime.now(UTC)), "actor": viewer.user_id, "ids": ids})
        connection.commit()
    return Response(_csv(), content_type="text/csv; charset=utf-8")


def _csv() -> Iterator[bytes]:
    with engine.connect().execution_options(yield_per=1000) as connection:
        buffer = StringIO(newline="")
        write = csv.writer(buffer)
        buffer.write("\ufeff")
        write.writerow(HEADS)
        for rows in connection.execute(EXPORT).partitions():
            write.writerows(map(_line, rows))
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()


def _line(row: Row[Any]) -> list[Any]:
    code, name, kana, licences, state, member_on, number, roster_no, online = row
    words = "、".join([WORDS[one] for one in licences.split(",") if one])
    name, kana = (f"'{one}" if one[:1] in DANGEROUS else one for one in (name, kana))
    return [
        code,
        name,
        kana,
        words,
        WORDS[state],
        _day(member_on),
        number,
        roster_no,
        "オンライン" if online else "紙対応",
    ]


DANGEROUS = frozenset("=+-@\t\r\n")


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
        if _viewer(connection).application_id != application_id:
            abort(404)
        case = connection.execute(CASE, given).one()
        agreed = connection.execute(CONSENT, given).one_or_none() is not None
        rows = connection.execute(DRAFTS, given).all()
    states = {row.section: "入力中" if row.answers is None else "完了" for row in rows}
    if agreed:
        states["terms"] = "完了"
    lines = [(key, WORDS[f"section:{key}"], states.get(key, "未入力")) for key in SECTIONS]
    done = sum(line[2] == "完了" for line in lines)
    return _answer("tasks", TASKS.render(case=case, tasks=lines, done=done))
