"""Members by any part of any name, by code and by what they are: through the index over pairs of signs."""

import json
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Select,
    String,
    Text,
    and_,
    bindparam,
    case,
    cast,
    column,
    false,
    func,
    literal,
    or_,
    select,
    table,
    union,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from occto.domain.searching import ESCAPE, Wanted, token, wanted
from occto.models import Body, FormerCode, Member, MemberSearch, RosterFact
from occto.models.search import INDEX

HIGHEST_ROSTER_DIGITS = 7
_SQLITE_INDEX = table(INDEX, column("rowid", Integer), column(INDEX, String))
_INDEX = table(INDEX, column("member_id", BigInteger), column("pairs", ARRAY(Text)))


def is_sqlite(session: Session) -> bool:
    """Which of the two engines it is."""
    return session.get_bind().dialect.name == "sqlite"


def _by_text(session: Session, asked: Wanted) -> Select[Any]:
    """Ids of the members whose text contains what is asked for, to be made part of another statement."""
    sqlite = is_sqlite(session)
    pairs = literal(_match(asked), String) if sqlite else literal(asked.pairs, ARRAY(Text))
    return _shaped(sqlite, asked, pairs=pairs, pattern=literal(asked.pattern, String))


def _match(asked: Wanted) -> str:
    return " ".join(f'"{token(pair)}"' for pair in asked.pairs)


def _shaped(sqlite: bool, asked: Wanted, *, pairs: ColumnElement[Any], pattern: ColumnElement[str]) -> Select[Any]:
    like = MemberSearch.text.like(pattern, escape=ESCAPE)
    if not asked.pairs:
        return select(MemberSearch.member_id).where(like)
    if sqlite:
        key: ColumnElement[int] = _SQLITE_INDEX.c.rowid
        matches: ColumnElement[bool] = _SQLITE_INDEX.c[INDEX].op("MATCH")(pairs)
    else:
        key = _INDEX.c.member_id
        matches = _INDEX.c.pairs.op("@>")(cast(pairs, ARRAY(Text)))
    found = select(key.label("member_id")).where(matches)
    return found if asked.exact else found.join(MemberSearch, MemberSearch.member_id == key).where(like)


_PLAIN: dict[tuple[bool, bool, bool], Select[Any]] = {}
"""The statement of each shape of search, built once: building it costs more than running it."""


def first_ids(session: Session, asked: Wanted, *, limit: int) -> list[int]:
    """Up to `limit` ids of members that match, in no order."""
    if asked.number or not (asked.key or asked.marks):
        return list(session.scalars(member_ids(session, asked).limit(limit)))
    sqlite = is_sqlite(session)
    shape = (sqlite, bool(asked.pairs), asked.exact)
    if shape not in _PLAIN:
        pairs = bindparam("search_pairs", type_=String() if sqlite else ARRAY(Text))
        found = _shaped(sqlite, asked, pairs=pairs, pattern=bindparam("search_pattern", type_=String))
        _PLAIN[shape] = found.limit(bindparam("search_limit", type_=Integer))
    given = {"search_pattern": asked.pattern, "search_limit": limit}
    if asked.pairs:
        given["search_pairs"] = _match(asked) if sqlite else asked.pairs
    return list(session.scalars(_PLAIN[shape], given))


def _by_number(number: str) -> list[Select[Any]]:
    """Ids of the member with this operator code (one that it had before, too), corporate number or roster number."""
    found = [
        select(Member.id.label("member_id")).where(Member.operator_code == number),
        select(FormerCode.member_id).where(FormerCode.operator_code == number),
        select(Member.id).join(Body, Body.id == Member.body_id).where(Body.corporate_number == number),
    ]
    if len(number) <= HIGHEST_ROSTER_DIGITS:
        roster = select(RosterFact.member_id).where(
            RosterFact.roster_no == int(number), RosterFact.voided_id.is_(None), RosterFact.ended_on.is_(None)
        )
        found.append(roster)
    return found


def member_ids(session: Session, asked: Wanted) -> Select[Any]:
    """The ids of the members that match, in no order, each once. Nobody where nothing searchable is asked for."""
    if not asked.key and not asked.marks:
        return select(Member.id.label("member_id")).where(false())
    found = _by_text(session, asked)
    if not asked.number:
        return found
    exact = [one if not asked.marks else _also_marked(session, one, asked) for one in _by_number(asked.number)]
    both = union(found, *exact).subquery()
    return select(both.c.member_id)


def _also_marked(session: Session, found: Select[Any], asked: Wanted) -> Select[Any]:
    marked = _by_text(session, Wanted(marks=asked.marks)).subquery()
    numbers = found.subquery()
    return select(numbers.c[0].label("member_id")).join(marked, marked.c.member_id == numbers.c[0])


def matches_while_walking(asked: Wanted) -> ColumnElement[bool]:
    """The same for members met one after the other in the order of a list: right where many match.

    A scalar subquery, because a join would let the planner gather all that match first; and a comparison of numbers,
    because PostgreSQL takes a long LIKE for so rare that it would rather sort the whole table than walk.
    """
    kept = select(MemberSearch.text).where(MemberSearch.member_id == Member.id).correlate(Member).scalar_subquery()
    found = and_(
        *([kept.like(asked.pattern, escape=ESCAPE)] if asked.key else []),
        *(kept.contains(sign) for sign in asked.marks),
    )
    if asked.number:
        found = or_(found, *(Member.id.in_(one) for one in _by_number(asked.number)))
    return case((found, 1), else_=0) > 0


@lru_cache(maxsize=16)
def among(sqlite: bool, key: Any) -> tuple[Any, ColumnElement[bool]]:
    """A table of the row numbers `list_hits` and the condition that joins it: one parameter, however many they are."""
    if sqlite:
        rows = func.json_each(bindparam("list_hits", type_=String)).table_valued(column("value", Integer), name="hits")
    else:
        numbers = cast(bindparam("list_hits", type_=ARRAY(BigInteger)), ARRAY(BigInteger))
        rows = func.unnest(numbers).table_valued("value", name="hits").render_derived()
    return rows, rows.c.value == key


def as_hits(session: Session, ids: list[int]) -> Any:
    """The value of `list_hits` for these row numbers."""
    return json.dumps(ids) if is_sqlite(session) else ids


def members_named(session: Session, term: str) -> Select[Any]:
    """Ids of members by what was typed, for the search of other lists: `X.member_id.in_(members_named(…))`."""
    return member_ids(session, wanted(term))
