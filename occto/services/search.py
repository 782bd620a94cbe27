"""Keeping the search of members up to date: a text for each, and the index over it. Both can be rebuilt at any time."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, delete, select, text
from sqlalchemy.orm import Session

from occto.domain.searching import mark, pairs, search_text, token
from occto.models import Body, FormerCode, Member, MemberSearch, ProfileFact
from occto.models.search import INDEX, create_index, drop_index

_NAMES = ("name", "kana", "name_en")
SEARCHED_ITEMS = (*_NAMES, "prefecture")
"""Profile items that the search knows."""
_TOGETHER = 500


def refresh(session: Session, member_ids: Iterable[int], *, today: date) -> int:
    """Bring the search up to date for these members; return how many differed. What is pending is flushed first."""
    session.flush()
    ids = list(dict.fromkeys(member_ids))
    starts = range(0, len(ids), _TOGETHER)
    return sum(_refresh(session, ids[start : start + _TOGETHER], today=today) for start in starts)


def _refresh(session: Session, member_ids: Sequence[int], *, today: date) -> int:
    texts = _texts(session, member_ids, today=today)
    kept = session.execute(
        select(MemberSearch.member_id, MemberSearch.text).where(MemberSearch.member_id.in_(member_ids))
    )
    old = {row.member_id: row.text for row in kept}
    changed = {number: found for number, found in texts.items() if old.get(number) != found}
    if not changed:
        return 0
    connection = session.connection()
    outdated = [number for number in changed if number in old]
    _forget(connection, {number: old[number] for number in outdated})
    if outdated:
        session.execute(delete(MemberSearch).where(MemberSearch.member_id.in_(outdated)))
    connection.execute(
        MemberSearch.__table__.insert(),  # type: ignore[attr-defined]
        [{"member_id": number, "text": found} for number, found in changed.items()],
    )
    _index(connection, changed)
    return len(changed)


def _texts(session: Session, member_ids: Sequence[int], *, today: date) -> dict[int, str]:
    """The text of each member: all names that are on record for any day, and what it is on `today`."""
    facts = session.execute(
        select(ProfileFact.member_id, ProfileFact.item, ProfileFact.value, ProfileFact.effective_on)
        .where(
            ProfileFact.member_id.in_(member_ids),
            ProfileFact.item.in_(SEARCHED_ITEMS),
            ProfileFact.voided_id.is_(None),
        )
        .order_by(ProfileFact.member_id, ProfileFact.effective_on)
    )
    names: dict[int, list[str]] = defaultdict(list)
    places: dict[int, str] = {}
    for member_id, item, value, effective_on in facts:
        if item in _NAMES and value:
            names[member_id].append(value)
        elif item == "prefecture" and (effective_on <= today or member_id not in places):
            places[member_id] = value
    codes: dict[int, list[str]] = defaultdict(list)
    former = select(FormerCode.member_id, FormerCode.operator_code).where(FormerCode.member_id.in_(member_ids))
    for member_id, code in session.execute(former.order_by(FormerCode.operator_code)):
        codes[member_id].append(code)
    members = session.execute(
        select(Member.id, Member.current_name, Member.current_kana, Member.operator_code, Member.current_state)
        .add_columns(Member.current_licences, Body.corporate_number)
        .join(Body, Body.id == Member.body_id)
        .where(Member.id.in_(member_ids))
    )
    return {
        row.id: search_text(
            [row.current_name, row.current_kana, *names[row.id]],
            [row.operator_code, *codes[row.id], row.corporate_number],
            [
                mark("state", row.current_state),
                mark("prefecture", places.get(row.id, "")),
                *(mark("licence", held) for held in row.current_licences.split(",")),
            ],
        )
        for row in members
    }


def _words(found: str) -> str:
    return " ".join(token(pair) for pair in pairs(found))


def _index(connection: Connection, texts: dict[int, str]) -> None:
    if connection.dialect.name == "sqlite":
        statement = f"INSERT INTO {INDEX} (rowid, pairs) VALUES (:id, :words)"  # noqa: S608 - a name of our own
        rows: list[dict[str, Any]] = [{"id": number, "words": _words(found)} for number, found in texts.items()]
    else:
        statement = f"INSERT INTO {INDEX} (member_id, pairs) VALUES (:id, :pairs)"  # noqa: S608 - a name of our own
        rows = [{"id": number, "pairs": sorted(pairs(found))} for number, found in texts.items()]
    connection.execute(text(statement), rows)


def _forget(connection: Connection, texts: dict[int, str]) -> None:
    """Take members out of the index; SQLite's has no content of its own and must be told what stood there."""
    if not texts:
        return
    if connection.dialect.name == "sqlite":
        statement = f"INSERT INTO {INDEX} ({INDEX}, rowid, pairs) VALUES ('delete', :id, :words)"  # noqa: S608 - a name of our own
        connection.execute(text(statement), [{"id": number, "words": _words(old)} for number, old in texts.items()])
    else:
        connection.execute(text(f"DELETE FROM {INDEX} WHERE member_id = ANY(:ids)"), {"ids": list(texts)})  # noqa: S608


def fill_missing(session: Session, *, limit: int, today: date) -> int:
    """Take up to `limit` members in that the search does not know yet, such as those of an earlier release."""
    unknown = (
        select(Member.id)
        .outerjoin(MemberSearch, MemberSearch.member_id == Member.id)
        .where(MemberSearch.member_id.is_(None))
    )
    return refresh(session, session.scalars(unknown.order_by(Member.id).limit(limit)).all(), today=today)


def rebuild_index(session: Session) -> int:
    """Make the index anew from the texts, in one transaction; return how many members it knows."""
    connection = session.connection()
    drop_index(connection)
    create_index(connection)
    seen, after = 0, 0
    batch = select(MemberSearch.member_id, MemberSearch.text).order_by(MemberSearch.member_id).limit(10 * _TOGETHER)
    while rows := session.execute(batch.where(MemberSearch.member_id > after)).all():
        _index(connection, {row.member_id: row.text for row in rows})
        seen, after = seen + len(rows), rows[-1].member_id
    return seen
