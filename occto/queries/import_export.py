"""What is on record, as the rows of the template: an import of them changes nothing."""

import itertools
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.import_known import KnownLicence, KnownMember, KnownRelation, KnownUser
from occto.domain.import_sheets import MEMBERS, PAST_ITEMS
from occto.domain.importing import SheetKind
from occto.models import Member
from occto.queries.import_known import known_members, users_by_address

TOGETHER = 500
Values = dict[str, Any]


def all_member_ids(session: Session) -> list[int]:
    """The row numbers of all members, in order."""
    return list(session.scalars(select(Member.id).order_by(Member.id)))


def rows_on_record(session: Session, sheet: SheetKind, *, member_ids: list[int], today: date) -> Iterator[Values]:
    """The rows of one sheet for these members, read in batches: clean values by key of the column."""
    for start in range(0, len(member_ids), TOGETHER):
        batch = member_ids[start : start + TOGETHER]
        members = list(known_members(session, Member.id.in_(batch), sheets=(sheet,)).values())
        users: dict[str, KnownUser] = {}
        if sheet is SheetKind.USERS:
            users = users_by_address(session, {address for member in members for address in member.roles})
        for member in members:
            for values in _ROWS[sheet](member, users, today):
                yield {"operator_code": member.operator_code, "corporate_number": member.corporate_number} | values


def _member(member: KnownMember, _users: dict[str, KnownUser], today: date) -> Iterator[Values]:
    day = member.shown_on(today)
    items = [
        column.key for column in MEMBERS.columns if column.key in member.facts and column.key != "corporate_number"
    ]
    yield {item: member.value_on(item, day) for item in items} | {
        "member_on": member.member_on.isoformat() if member.member_on > date.min else None,
        "roster_no": member.roster_no,
    }


def _licences(member: KnownMember, _users: dict[str, KnownUser], _today: date) -> Iterator[Values]:
    for held in member.licences:
        yield _dated(held) | {"category": held.category.value, "number": held.number, "end_reason": held.end_reason}


def _dated(held: KnownLicence) -> Values:
    return {
        "effective_on": held.effective_on.isoformat(),
        "ended_on": held.ended_on.isoformat() if held.ended_on else None,
    }


def _relations(member: KnownMember, _users: dict[str, KnownUser], _today: date) -> Iterator[Values]:
    for held in member.relations:
        yield _relation(held)


def _relation(held: KnownRelation) -> Values:
    return {
        "relation": held.relation.value,
        "other_name": held.name,
        "other_number": held.corporate_number,
        "controlling": held.controlling,
        "basis": held.basis,
        "ratio_bp": held.ratio_bp,
        "holding": held.holding,
        "acquired_on": held.effective_on.isoformat(),
        "ended_on": held.ended_on.isoformat() if held.ended_on else None,
    }


def _users(member: KnownMember, users: dict[str, KnownUser], _today: date) -> Iterator[Values]:
    for address, role in member.roles.items():
        user = users[address]
        person = {item: getattr(user, item) for item in ("email", "name", "kana", "title", "phone")}
        yield person | {"role": role.value}


def _roster(member: KnownMember, _users: dict[str, KnownUser], _today: date) -> Iterator[Values]:
    if member.roster_no is not None:
        since = member.roster_since.isoformat() if member.roster_since else None
        yield {"roster_no": member.roster_no, "effective_on": since}


def _past(member: KnownMember, _users: dict[str, KnownUser], today: date) -> Iterator[Values]:
    for item in PAST_ITEMS.values():
        facts = member.facts.get(item.key, [])
        for (_day, before), (day, after) in itertools.pairwise(facts):
            if day <= today:
                yield {"item": item.key, "changed_on": day.isoformat(), "before": before, "after": after}


_ROWS: dict[SheetKind, Callable[[KnownMember, dict[str, KnownUser], date], Iterator[Values]]] = {
    SheetKind.MEMBERS: _member,
    SheetKind.LICENCES: _licences,
    SheetKind.RELATIONS: _relations,
    SheetKind.USERS: _users,
    SheetKind.ROSTER: _roster,
    SheetKind.PAST: _past,
}
