"""The register as of a day: the members of that day in the order of the roster, a page or all of them.

One statement reads a page by seeking behind a roster number; names of parents that are members come in a second one.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Integer, Select, String, bindparam, cast, exists, func, or_, select
from sqlalchemy.orm import Session

from occto.domain.codes import Licence
from occto.models import Body, ControlFact, FormerCode, LicenceFact, LicenceHeld, Member, ProfileFact, RosterFact
from occto.queries.register.known import KNOWN, stands, with_known

TOGETHER = 1000
COUNTED = 1000
"""Counting stops here, as in the other lists."""


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """A member of that day; `parent`: its controlling parent then, as it was called then."""

    member_id: int
    roster_no: int
    operator_code: str
    name: str
    licences: tuple[Licence, ...]
    capital: int | None
    parent: str
    member_on: date | None


def _on_day(item: str, *, known: bool, member: Any = Member.id, of: Any = Member) -> Any:
    return (
        select(ProfileFact.value)
        .where(
            ProfileFact.member_id == member,
            ProfileFact.item == item,
            ProfileFact.effective_on <= bindparam("day"),
            stands(ProfileFact, known=known),
        )
        .order_by(ProfileFact.effective_on.desc())
        .limit(1)
        .correlate(of)
        .scalar_subquery()
    )


def _code_on_day(*, known: bool) -> Any:
    """The operator code by which the member of that day was known then."""
    later = FormerCode.until_on > bindparam("day")
    if known:
        later |= FormerCode.entered_id > bindparam(KNOWN)
    former = (
        select(FormerCode.operator_code)
        .where(FormerCode.member_id == Member.id, later)
        .order_by(FormerCode.until_on)
        .limit(1)
        .correlate(Member)
        .scalar_subquery()
    )
    return func.coalesce(former, Member.operator_code)


def _in_force(fact: Any) -> Any:
    day: Any = bindparam("day")
    return (fact.effective_on <= day) & or_(fact.ended_on.is_(None), fact.ended_on > day)


def _conditions(*, known: bool) -> list[Any]:
    """On the roster, with a licence, and a member already: the act of the ministry may lie before the membership."""
    licensed = (
        exists()
        .where(
            LicenceHeld.member_id == RosterFact.member_id,
            LicenceFact.licence_id == LicenceHeld.id,
            stands(LicenceFact, known=known),
            _in_force(LicenceFact),
        )
        .correlate(RosterFact)
    )
    since = _on_day("member_on", known=known, member=RosterFact.member_id, of=RosterFact)
    begun = cast(since, String) <= bindparam("day_as_json")
    return [stands(RosterFact, known=known), _in_force(RosterFact), licensed, begun]


def _rows(*, known: bool) -> Select[Any]:
    held = (
        select(func.aggregate_strings(cast(LicenceHeld.category, String), ","))
        .join(LicenceFact, LicenceFact.licence_id == LicenceHeld.id)
        .where(LicenceHeld.member_id == Member.id, stands(LicenceFact, known=known), _in_force(LicenceFact))
        .correlate(Member)
        .scalar_subquery()
    )

    def parent(column: Any) -> Any:
        return (
            select(column)
            .where(
                ControlFact.child_body_id == Member.body_id,
                ControlFact.controlling,
                stands(ControlFact, known=known),
                _in_force(ControlFact),
            )
            .limit(1)
            .correlate(Member)
            .scalar_subquery()
        )

    return (
        select(
            RosterFact.member_id,
            RosterFact.roster_no,
            _code_on_day(known=known).label("operator_code"),
            _on_day("name", known=known).label("name"),
            held.label("licences"),
            _on_day("capital", known=known).label("capital"),
            parent(ControlFact.parent_body_id).label("parent_body_id"),
            parent(ControlFact.parent_name).label("parent_name"),
            _on_day("member_on", known=known).label("member_on"),
        )
        .select_from(RosterFact)
        .join(Member, Member.id == RosterFact.member_id)
        .where(*_conditions(known=known))
    )


def _page(*, known: bool, backwards: bool) -> Select[Any]:
    number: Any = bindparam("place")
    few = select(RosterFact.id).where(*_conditions(known=known)).limit(COUNTED).correlate(None).subquery()
    total = select(func.count()).select_from(few).scalar_subquery()
    query = _rows(known=known).add_columns(total.label("total")).limit(bindparam("size", type_=Integer))
    if backwards:
        return query.where(RosterFact.roster_no < number).order_by(RosterFact.roster_no.desc())
    return query.where(RosterFact.roster_no > number).order_by(RosterFact.roster_no)


_PAGES = {
    (known, backwards): _page(known=known, backwards=backwards)
    for known in (False, True)
    for backwards in (False, True)
}
_ALL = {known: _rows(known=known).order_by(RosterFact.roster_no) for known in (False, True)}
_PARENTS = {
    known: select(
        Body.id,
        Body.name,
        select(ProfileFact.value)
        .join(Member, Member.id == ProfileFact.member_id)
        .where(
            Member.body_id == Body.id,
            ProfileFact.item == "name",
            ProfileFact.effective_on <= bindparam("day"),
            stands(ProfileFact, known=known),
        )
        .order_by(ProfileFact.effective_on.desc())
        .limit(1)
        .correlate(Body)
        .scalar_subquery()
        .label("name_then"),
    ).where(Body.id.in_(bindparam("bodies", expanding=True)))
    for known in (False, True)
}


def register_page(
    session: Session,
    day: date,
    *,
    known: int | None = None,
    after: int | None = None,
    before: int | None = None,
    size: int = 50,
) -> tuple[list[RegisterRow], int | None, int | None, int]:
    """Rows behind the roster number `after` or before `before`, the numbers to go on from, and how many there are
    (counted up to COUNTED).
    """
    backwards = after is None and before is not None
    values = _asked(day, known) | {"place": before if backwards else after or 0, "size": size + 1}
    found = session.execute(_PAGES[known is not None, backwards], values).all()
    total = found[0].total if found else 0
    more, found = len(found) > size, found[:size]
    rows = _dressed(session, found[::-1] if backwards else found, day=day, known=known)
    forth, back = (True, more) if backwards else (more, after is not None)
    last, first = (rows[-1].roster_no, rows[0].roster_no) if rows else (0, 0)
    return rows, last if rows and forth else None, first if rows and back else None, total


_MEMBERS = {known: select(RosterFact.member_id).where(*_conditions(known=known)) for known in (False, True)}


def register_members(session: Session, day: date, *, known: int | None = None) -> list[int]:
    """The row numbers of all members of that day."""
    return list(session.scalars(_MEMBERS[known is not None], _asked(day, known)))


def register_batches(session: Session, day: date, *, known: int | None = None) -> Iterator[list[RegisterRow]]:
    """The whole register as of `day`, in batches, in the order of the roster."""
    result = session.execute(_ALL[known is not None], _asked(day, known), execution_options={"yield_per": TOGETHER})
    for batch in result.partitions():
        yield _dressed(session, batch, day=day, known=known)


def _asked(day: date, known: int | None) -> dict[str, Any]:
    return with_known({"day": day, "day_as_json": json.dumps(day.isoformat())}, known)


def _dressed(session: Session, found: Sequence[Any], *, day: date, known: int | None) -> list[RegisterRow]:
    bodies = sorted({row.parent_body_id for row in found if row.parent_body_id is not None})
    names: dict[int, str] = {}
    if bodies:
        asked = with_known({"day": day, "bodies": bodies}, known)
        names = {row.id: row.name_then or row.name for row in session.execute(_PARENTS[known is not None], asked)}
    return [
        RegisterRow(
            member_id=row.member_id,
            roster_no=row.roster_no,
            operator_code=row.operator_code,
            name=row.name or "",
            licences=_in_order(row.licences or ""),
            capital=row.capital,
            parent=names.get(row.parent_body_id, "") or row.parent_name or "",
            member_on=date.fromisoformat(row.member_on) if row.member_on else None,
        )
        for row in found
    ]


def _in_order(codes: str) -> tuple[Licence, ...]:
    held = set(codes.split(","))
    return tuple(licence for licence in Licence if licence.value in held)
