"""The staff pages of the other side: the list of members with its orders and its search, one member, the export."""

import csv
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, abort, request
from sqlalchemy import Connection, Row, text

from benchmarks.bare import (
    FRAME_OF,
    LICENCES,
    PROFILE,
    SQLITE,
    WORDS,
    answer,
    app,
    day,
    document,
    engine,
    instant,
    stamp,
    templates,
    viewer_of,
)

JST = ZoneInfo("Asia/Tokyo")
COLUMNS = "m.id, operator_code, current_name, current_licences, current_state, current_member_on"
KEYS = {"": "kana_key, m.id", "code": "operator_code, m.id", "new": "m.id DESC"}
FIRST_PAGE = {
    order: text(f"SELECT {COLUMNS} FROM members m ORDER BY {keys} LIMIT 51")  # noqa: S608 - constants
    for order, keys in KEYS.items()
}
BEHIND = {
    "": "(kana_key, m.id) > ((SELECT kana_key FROM members WHERE id = :after), :after)",
    "code": "(operator_code, m.id) > ((SELECT operator_code FROM members WHERE id = :after), :after)",
    "new": "m.id < :after",
}
NEXT_PAGE = {
    order: text(f"SELECT {COLUMNS} FROM members m WHERE {BEHIND[order]} ORDER BY {keys} LIMIT 51")  # noqa: S608 - constants
    for order, keys in KEYS.items()
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
           (SELECT count(*) FROM change_requests WHERE state IN ('SUBMITTED', 'IN_REVIEW') AND held_at IS NULL),
           (SELECT count(*) FROM outbox WHERE state IN ('FAILED', 'BOUNCED')),
           (SELECT count(*) FROM account_requests a WHERE a.state IN ('SUBMITTED', 'MATCHED', 'CONFIRMED')
            AND NOT EXISTS (SELECT 1 FROM users u WHERE u.id = a.user_id AND u.kind = 'STAFF')),
           (SELECT count(*) FROM account_requests a WHERE a.state IN ('SUBMITTED', 'MATCHED', 'CONFIRMED')
            AND EXISTS (SELECT 1 FROM users u WHERE u.id = a.user_id AND u.kind = 'STAFF')),
           (SELECT count(*) FROM imports WHERE state = 'CHECKED')
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
    viewer = viewer_of(connection)
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
        cases, changes, mails, accounts, factors, imports = connection.execute(WAITING).one()
        inner = ROWS.render(
            rows=found,
            words=WORDS,
            day=day,
            total=total,
            cases=cases + changes + accounts,
            mails=mails + factors + imports,
        )
        connection.rollback()
        ids = json.dumps([row.id for row in found])
        connection.execute(SEEN, {"at": stamp(datetime.now(UTC)), "actor": viewer.user_id, "ids": ids})
        connection.commit()
    return answer(FRAME_OF[request.full_path.removesuffix("?")], inner)


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
        connection.execute(SEEN, {"at": stamp(datetime.now(UTC)), "actor": viewer.user_id, "ids": ids})
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
        day(member_on),
        number,
        roster_no,
        "オンライン" if online else "紙対応",
    ]


DANGEROUS = frozenset("=+-@\t\r\n")


MEMBER = text("""
    SELECT m.id, m.operator_code, m.current_name, m.current_state, m.current_member_on, m.body_id, b.corporate_number,
      r.roster_no, c.id AS contract_id, c.ended_at
    FROM members m JOIN bodies b ON b.id = m.body_id
    LEFT JOIN roster_facts r ON r.member_id = m.id AND r.voided_id IS NULL AND r.ended_on IS NULL
    LEFT JOIN contracts_of_use c ON c.member_id = m.id WHERE m.id = :member ORDER BY c.ended_at IS NOT NULL, c.id DESC
""")
PEOPLE = text("""
    SELECT u.id, u.name, u.state, u.last_signed_in_at, a.role, a.ended_at FROM affiliations a JOIN users u ON u.id = a.user_id
    WHERE a.member_id = :member ORDER BY a.ended_at IS NOT NULL, a.id
""")
RELATIONS = text("""
    SELECT f.child_body_id, f.parent_name, f.controlling, f.ratio_bp, f.effective_on, p.name AS above, p.corporate_number AS no_above,
      c.name AS below, c.corporate_number AS no_below
    FROM control_facts f LEFT JOIN bodies p ON p.id = f.parent_body_id JOIN bodies c ON c.id = f.child_body_id
    WHERE (f.child_body_id = :body OR f.parent_body_id = :body) AND f.voided_id IS NULL
      AND (f.ended_on IS NULL OR f.ended_on > :day) ORDER BY f.effective_on, f.id
""")
OPENED = text(
    """
    INSERT INTO access_events (at, actor_id, screen, subject_kind, subject_ids)
    VALUES (:at, :actor, 'members.details_view', 'MEMBER', :ids) RETURNING id
"""
    if SQLITE
    else """
    INSERT INTO access_events (at, actor_id, screen, subject_kind, subject_ids)
    VALUES (:at, :actor, 'members.details_view', 'MEMBER', CAST(:ids AS jsonb)) RETURNING id
"""
)
OPENED_ONE = text("INSERT INTO access_subjects (event_id, subject_kind, subject_id) VALUES (:event, 'MEMBER', :member)")
DETAILS = templates.from_string("""
<h1>{{ m.current_name }}</h1><dl><dt>事業者コード<dd>{{ m.operator_code }}<dt>状態<dd>{{ words[m.current_state] }}
<dt>加入日<dd>{{ day(m.current_member_on) }}<dt>利用契約<dd><a href="/admin/contracts/details/?id={{ m.contract_id }}">契約</a></dl>
<h2>名簿と番号</h2><dl><dt>名簿番号<dd>{{ m.roster_no }}<dt>法人番号<dd>{{ m.corporate_number }}</dl>
<h2>電気事業者の区分</h2><table>{% for one in licences %}
<tr><td>{{ words[one.category] }}<td>{{ one.number or "なし" }}<td>{{ day(one.effective_on) }}<td>{{ day(one.ended_on) }}
{% endfor %}</table><h2>資本関係</h2><table>{% for one in relations %}
<tr><td>{% if one.child_body_id == m.body_id %}親法人等<td>{{ one.above or one.parent_name }}<td>{{ one.no_above or "" }}
{% else %}子法人等<td>{{ one.below }}<td>{{ one.no_below or "" }}{% endif %}
<td>{{ "支配" if one.controlling else "出資だけ" }}<td>{{ one.ratio_bp / 100 if one.ratio_bp is not none else "" }}<td>{{ day(one.effective_on) }}
{% endfor %}</table>
{% for key, value in profile %}<dl><dt>{{ words["item:" ~ key] }}<dd>{{ value }}</dl>{% endfor %}
<h2>ユーザ</h2><table>{% for one in people %}
<tr><td><a href="/admin/users/details/?id={{ one.id }}">{{ one.name }}</a><td>{{ words[one.role] }}
<td>{{ "終了" if one.ended_at else words["user:" ~ one.state] }}<td>{{ signed(one.last_signed_in_at) }}
{% endfor %}</table>{{ waiting }}
""")


def _signed(value: Any) -> str:
    if not value:
        return "まだありません"
    local = instant(value).astimezone(JST)
    return f"{day(local.date())}（{'月火水木金土日'[local.weekday()]}）{local:%H:%M}"


@app.get("/admin/members/details/")
def member() -> Response:
    number, today = request.args.get("id", type=int), datetime.now(UTC).date()
    given: dict[str, Any] = {"member": number, "day": str(today) if SQLITE else today}
    with engine.connect() as connection:
        viewer = _staff(connection)
        found = connection.execute(MEMBER, given).first() or abort(404)
        people = connection.execute(PEOPLE, given).all()
        profile = [(row.item, document(row.value)) for row in connection.execute(PROFILE, given)]
        licences = connection.execute(LICENCES, given).all()
        relations = connection.execute(RELATIONS, given | {"body": found.body_id}).all()
        waiting = sum(connection.execute(WAITING).one())
        inner = DETAILS.render(
            m=found,
            people=people,
            profile=[(key, _shown(key, value)) for key, value in profile],
            licences=licences,
            relations=relations,
            waiting=waiting,
            words=WORDS,
            day=day,
            signed=_signed,
        )
        connection.rollback()
        opened = {"at": stamp(datetime.now(UTC)), "actor": viewer.user_id, "ids": json.dumps([number])}
        event = connection.execute(OPENED, opened).scalar_one()
        connection.execute(OPENED_ONE, {"event": event, "member": number})
        connection.commit()
    return answer("details", inner)


def _shown(key: str, value: Any) -> str:
    if value is None:
        return ""
    if key in {"capital", "capital_reserve"}:
        return f"{value:,} 円"
    if key == "legal_form":
        return WORDS[f"form:{value}"]
    return day(value) if key in {"member_on", "founded_on"} else str(value)
