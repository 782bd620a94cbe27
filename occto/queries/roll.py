"""The roll of voters as of a day, and what a change request would move in it."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import Session, aliased

from occto.domain.changes import RELATION
from occto.domain.codes import ChangeAct, Licence
from occto.domain.errors import NotFound
from occto.domain.impact import (
    CAPITAL,
    MEMBER_ON,
    Impact,
    Item,
    ItemFact,
    Own,
    OwnLicence,
    OwnRelation,
    impact,
    roll_with,
    with_items,
)
from occto.domain.votes import Allocation, Finding, Roll, Voter, allocate
from occto.models import Body, ControlFact, LicenceFact, LicenceHeld, Member, ProfileFact, RosterFact
from occto.queries.register.known import stands, with_known


@dataclass(frozen=True, slots=True)
class RollOnRecord:
    """The roll of a day; nodes are row numbers of bodies. `names` are those of today.

    `findings` are what staff have to complete, whether it decided or not: capital_missing, roster_missing (voters),
    parent_by_name (bodies whose controlling parent is known by name only), two_parents (the company, and the one of them
    that is passed over: the later entered counts).
    """

    day: date
    roll: Roll[int]
    names: Mapping[int, str]
    member_ids: Mapping[int, int]
    findings: tuple[Finding[int], ...]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a request would move, with the names of all companies concerned. `findings`: as of the roll that would be."""

    impact: Impact[int]
    names: Mapping[int, str]
    findings: tuple[Finding[int], ...]


def roll_as_of(session: Session, day: date, *, known: int | None = None) -> RollOnRecord:
    """The roll at the end of `day`, now or as known at a numbered change: members since that day at the latest, with a
    licence in force. Four statements, whatever the number of members.
    """
    values = with_known({"day": day}, known)
    items = _items(session, values, known=known is not None)
    rosters = _rosters(session, values, known=known is not None)
    licences: dict[int, set[Licence]] = {}
    members: dict[int, tuple[int, str]] = {}
    for body_id, member_id, name, category in session.execute(_licences(known=known is not None), values):
        licences.setdefault(body_id, set()).add(category)
        members[body_id] = (member_id, name)
    kinds: dict[frozenset[Licence], frozenset[Licence]] = {}  # few kinds, many members
    voters = []
    for body_id, (member_id, _name) in members.items():
        began = items[MEMBER_ON].get(member_id)
        if began is not None and began <= day.isoformat():
            held = frozenset(licences[body_id])
            voters.append(
                Voter(body_id, rosters.get(member_id), items[CAPITAL].get(member_id), kinds.setdefault(held, held))
            )
    names = {body_id: name for body_id, (_member_id, name) in members.items()}
    parents: dict[int, int] = {}
    named_only, second = [], []
    for child, child_name, parent, parent_name in session.execute(_relations(known=known is not None), values):
        names[child] = child_name
        if parent is None:
            named_only.append(child)
        else:
            if parents.get(child, parent) != parent:
                second.append(Finding("two_parents", (child, parents[child])))
            parents[child], names[parent] = parent, parent_name
    findings = (
        Finding("capital_missing", tuple(sorted(voter.node for voter in voters if voter.capital is None))),
        Finding("roster_missing", tuple(sorted(voter.node for voter in voters if voter.roster_no is None))),
        Finding("parent_by_name", tuple(named_only)),
        *second,
    )
    return RollOnRecord(
        day=day,
        roll=Roll(voters, parents),
        names=names,
        member_ids={body_id: member_id for body_id, (member_id, _name) in members.items()},
        findings=tuple(finding for finding in findings if finding.nodes),
    )


def preview(session: Session, member_id: int, items: Iterable[Any], *, day: date, known: int | None = None) -> Preview:
    """What the items of a request (objects or dicts with item, act, target_id, new, effective_on) of this member would
    move on `day`. NotFound where there is no such member.

    Succession is not calculated here: it is entered by staff, who see the roll before and after.
    """
    return preview_of(session, roll_as_of(session, day, known=known), member_id, items, known=known)


def _plainly(record: RollOnRecord) -> Allocation[int]:
    return allocate(record.roll)


def preview_of(
    session: Session,
    record: RollOnRecord,
    member_id: int,
    items: Iterable[Any],
    *,
    known: int | None = None,
    division: Callable[[RollOnRecord], Allocation[int]] = _plainly,
) -> Preview:
    """`preview` on a roll that was read before; `division` divides the votes of a roll, as it is and as it would be."""
    asked = [_item(item) for item in items]
    own = _own(session, record, member_id, known=known)
    bodies, names = _bodies(session, asked)
    changed = with_items(own, asked, bodies)
    roll, findings = roll_with(record.roll, changed, record.day)
    would_be = replace(
        record,
        roll=roll,
        names={**record.names, **names, **changed.names},
        member_ids={**record.member_ids, own.node: member_id},
    )
    now = division(would_be)
    return Preview(
        impact=impact(division(record), now),
        names=would_be.names,
        findings=(*findings, *now.errors, *now.warnings),
    )


def _item(given: Any) -> Item:
    values: Mapping[str, Any] = (
        given if isinstance(given, Mapping) else {name: getattr(given, name, None) for name in Item._fields}
    )
    on = values["effective_on"]
    return Item(
        item=values["item"],
        act=ChangeAct(values["act"]),
        target_id=values.get("target_id"),
        new=values["new"],
        effective_on=date.fromisoformat(on) if isinstance(on, str) else on,
    )


def _on_day(fact: Any) -> Any:
    day: Any = bindparam("day")
    return (fact.effective_on <= day) & or_(fact.ended_on.is_(None), fact.ended_on > day)


def _licences(*, known: bool) -> Any:
    return (
        select(Member.body_id, Member.id, Body.name, LicenceHeld.category)
        .join(LicenceHeld, LicenceHeld.member_id == Member.id)
        .join(LicenceFact, LicenceFact.licence_id == LicenceHeld.id)
        .join(Body, Body.id == Member.body_id)
        .where(stands(LicenceFact, known=known), _on_day(LicenceFact))
    )


def _items(session: Session, values: dict[str, Any], *, known: bool) -> dict[str, dict[int, Any]]:
    """Capital and day of membership of every member: the newest value that holds on the day."""
    statement = (
        select(ProfileFact.item, ProfileFact.member_id, ProfileFact.value)
        .where(
            ProfileFact.item.in_((CAPITAL, MEMBER_ON)),
            ProfileFact.effective_on <= bindparam("day"),
            stands(ProfileFact, known=known),
        )
        .order_by(ProfileFact.item, ProfileFact.member_id, ProfileFact.effective_on)
    )
    found: dict[str, dict[int, Any]] = {CAPITAL: {}, MEMBER_ON: {}}
    for item, member_id, value in session.execute(statement, values):
        found[item][member_id] = value
    return found


def _rosters(session: Session, values: dict[str, Any], *, known: bool) -> dict[int, int]:
    statement = select(RosterFact.member_id, RosterFact.roster_no).where(
        stands(RosterFact, known=known), _on_day(RosterFact)
    )
    return {row.member_id: row.roster_no for row in session.execute(statement, values)}


def _relations(*, known: bool) -> Any:
    child, parent = aliased(Body), aliased(Body)
    return (
        select(ControlFact.child_body_id, child.name, ControlFact.parent_body_id, parent.name)
        .join(child, child.id == ControlFact.child_body_id)
        .outerjoin(parent, parent.id == ControlFact.parent_body_id)
        .where(stands(ControlFact, known=known), ControlFact.controlling, _on_day(ControlFact))
        .order_by(ControlFact.id)
    )


def _own(session: Session, record: RollOnRecord, member_id: int, *, known: int | None) -> Own:
    """What is on record of one member, whenever it holds."""
    body_id = session.scalar(select(Member.body_id).where(Member.id == member_id))
    if body_id is None:
        raise NotFound
    read, values = known is not None, with_known({}, known)
    items = session.execute(
        select(ProfileFact.id, ProfileFact.item, ProfileFact.value, ProfileFact.effective_on).where(
            ProfileFact.member_id == member_id,
            ProfileFact.item.in_((CAPITAL, MEMBER_ON)),
            stands(ProfileFact, known=read),
        ),
        values,
    )
    licences = session.execute(
        select(LicenceHeld.id, LicenceHeld.category, LicenceFact.effective_on, LicenceFact.ended_on)
        .join(LicenceFact, LicenceFact.licence_id == LicenceHeld.id)
        .where(LicenceHeld.member_id == member_id, stands(LicenceFact, known=read)),
        values,
    )
    relations = session.execute(
        select(
            ControlFact.relation_no,
            ControlFact.child_body_id,
            ControlFact.parent_body_id,
            ControlFact.effective_on,
            ControlFact.ended_on,
        ).where(
            or_(ControlFact.child_body_id == body_id, ControlFact.parent_body_id == body_id),
            ControlFact.controlling,
            stands(ControlFact, known=read),
        ),
        values,
    )
    roster_no = session.scalar(
        select(RosterFact.roster_no).where(
            RosterFact.member_id == member_id, stands(RosterFact, known=read), _on_day(RosterFact)
        ),
        values | {"day": record.day},
    )
    return Own(
        node=body_id,
        roster_no=roster_no,
        items=[ItemFact(*row) for row in items],
        licences=[OwnLicence(*row) for row in licences],
        relations=[OwnRelation(*row) for row in relations],
    )


def _bodies(session: Session, items: Iterable[Item]) -> tuple[dict[str, int], dict[int, str]]:
    """The companies on record that the relations name by corporate number, and what they are called."""
    rows = [item.new for item in items if item.item == RELATION and item.act is not ChangeAct.END and item.new]
    numbers = {row["corporate_number"] for row in rows if row.get("corporate_number")}
    if not numbers:
        return {}, {}
    found = session.execute(
        select(Body.corporate_number, Body.id, Body.name).where(Body.corporate_number.in_(numbers))
    ).all()
    return {str(row.corporate_number): row.id for row in found}, {row.id: row.name for row in found}
