"""Reads for 初期登録: what is on record of many members at once, in the shape that rows are compared with."""

from collections.abc import Collection, Iterable, Iterator
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select, union
from sqlalchemy.orm import Session, aliased

from occto.domain.codes import MemberState, Relation
from occto.domain.import_control import Held
from occto.domain.import_known import Around, KnownLicence, KnownMember, KnownRelation, KnownUser
from occto.domain.importing import SheetKind
from occto.models import (
    Affiliation,
    Body,
    ControlFact,
    LicenceFact,
    LicenceHeld,
    Member,
    ProfileFact,
    RegisterChange,
    RosterFact,
    User,
)

_HELD_ONLY_BY_NAME = "名称のみ:"


def known_members(
    session: Session, condition: ColumnElement[bool], *, sheets: Collection[SheetKind] = tuple(SheetKind)
) -> dict[str, KnownMember]:
    """The members for which `condition` (on Member or its Body) holds, by operator code in the order of their rows.

    `sheets` names those whose rows are to be compared or written: only what they need is read.
    """
    rows = session.execute(
        select(
            Member.id,
            Member.body_id,
            Member.operator_code,
            Member.current_name,
            Member.current_state,
            Member.current_member_on,
            Body.corporate_number,
        )
        .join(Body, Body.id == Member.body_id)
        .where(condition)
        .order_by(Member.id)
    )
    found = {
        row.id: KnownMember(
            member_id=row.id,
            body_id=row.body_id,
            operator_code=row.operator_code,
            corporate_number=row.corporate_number,
            name=row.current_name,
            left=row.current_state is MemberState.LEFT,
            member_on=row.current_member_on or date.min,
        )
        for row in rows
    }
    for take, needed in _PARTS if found else ():
        if not needed.isdisjoint(sheets):
            take(session, found)
    return {member.operator_code: member for member in found.values()}


def _take_facts(session: Session, found: dict[int, KnownMember]) -> None:
    facts = session.execute(
        select(ProfileFact.member_id, ProfileFact.item, ProfileFact.effective_on, ProfileFact.value)
        .where(ProfileFact.member_id.in_(found), ProfileFact.voided_id.is_(None))
        .order_by(ProfileFact.effective_on)
    )
    for fact in facts:
        found[fact.member_id].facts.setdefault(fact.item, []).append((fact.effective_on, fact.value))


def _take_licences(session: Session, found: dict[int, KnownMember]) -> None:
    rows = session.execute(
        select(LicenceHeld.member_id, LicenceHeld.category, LicenceFact)
        .join(LicenceFact, LicenceFact.licence_id == LicenceHeld.id)
        .where(LicenceHeld.member_id.in_(found), LicenceFact.voided_id.is_(None))
        .order_by(LicenceFact.effective_on, LicenceFact.id)
    )
    for member_id, category, fact in rows:
        reason = fact.end_reason.value if fact.end_reason else None
        found[member_id].licences.append(
            KnownLicence(fact.licence_id, category, fact.number, fact.effective_on, fact.ended_on, reason)
        )


def _take_relations(session: Session, found: dict[int, KnownMember]) -> None:
    by_body = {member.body_id: member for member in found.values()}
    child, parent = aliased(Body), aliased(Body)
    rows = session.execute(
        select(ControlFact, child.name, child.corporate_number, parent.name, parent.corporate_number)
        .join(child, child.id == ControlFact.child_body_id)
        .outerjoin(parent, parent.id == ControlFact.parent_body_id)
        .where(
            ControlFact.voided_id.is_(None),
            or_(ControlFact.child_body_id.in_(by_body), ControlFact.parent_body_id.in_(by_body)),
        )
        .order_by(ControlFact.effective_on, ControlFact.id)
    )
    for fact, child_name, child_number, parent_name, parent_number in rows:
        if fact.child_body_id in by_body:
            one = _relation(fact, Relation.PARENT, parent_name or fact.parent_name or "", parent_number)
            by_body[fact.child_body_id].relations.append(one)
        if fact.parent_body_id in by_body:
            one = _relation(fact, Relation.SUBSIDIARY, child_name, child_number)
            by_body[fact.parent_body_id].relations.append(one)


def _relation(fact: ControlFact, relation: Relation, name: str, number: str | None) -> KnownRelation:
    return KnownRelation(
        relation_no=fact.relation_no,
        relation=relation,
        name=name,
        corporate_number=number,
        controlling=fact.controlling,
        basis=fact.basis.value if fact.basis else None,
        holding=fact.holding.value if fact.holding else None,
        ratio_bp=fact.ratio_bp,
        effective_on=fact.effective_on,
        ended_on=fact.ended_on,
    )


def _take_roster_and_roles(session: Session, found: dict[int, KnownMember]) -> None:
    numbers = session.execute(
        select(RosterFact.member_id, RosterFact.roster_no, RosterFact.effective_on).where(
            RosterFact.member_id.in_(found), RosterFact.voided_id.is_(None), RosterFact.ended_on.is_(None)
        )
    )
    for row in numbers:
        found[row.member_id].roster_no, found[row.member_id].roster_since = row.roster_no, row.effective_on
    roles = session.execute(
        select(Affiliation.member_id, User.email_key, Affiliation.role)
        .join(User, User.id == Affiliation.user_id)
        .where(Affiliation.member_id.in_(found), Affiliation.ended_at.is_(None))
    )
    for member_id, email_key, role in roles:
        if member_id is not None:
            found[member_id].roles[email_key] = role


_PARTS = (
    (_take_facts, frozenset({SheetKind.MEMBERS, SheetKind.PAST})),
    (_take_licences, frozenset({SheetKind.LICENCES})),
    (_take_relations, frozenset({SheetKind.RELATIONS})),
    (_take_roster_and_roles, frozenset({SheetKind.MEMBERS, SheetKind.ROSTER, SheetKind.USERS})),
)
"""What is read of a member, and the sheets that need it."""


def by_codes(session: Session, codes: Collection[str]) -> dict[str, KnownMember]:
    """The members with these operator codes, by code."""
    return known_members(session, Member.operator_code.in_(codes)) if codes else {}


def around(
    session: Session,
    *,
    today: date,
    numbers: Collection[str],
    roster_numbers: Collection[int],
    addresses: Collection[str],
) -> Around:
    """What a batch of rows is compared with besides its own members."""
    others = session.execute(
        select(Member.id, Member.body_id, Member.operator_code, Member.current_name, Body.corporate_number)
        .join(Body, Body.id == Member.body_id)
        .where(Body.corporate_number.in_(numbers))
    )
    by_number = {
        row.corporate_number: KnownMember(
            row.id,
            row.body_id,
            row.operator_code,
            row.corporate_number,
            row.current_name,
            left=False,
            member_on=date.min,
        )
        for row in others
    }
    held = session.execute(
        select(RosterFact.roster_no, Member.operator_code)
        .join(Member, Member.id == RosterFact.member_id)
        .where(
            RosterFact.roster_no.in_(roster_numbers),
            RosterFact.voided_id.is_(None),
            or_(RosterFact.ended_on.is_(None), RosterFact.ended_on > today),
        )
        .order_by(RosterFact.effective_on)  # of a number about to pass on, whoever has it in the end is kept
    )
    return Around(
        today=today,
        by_number=by_number,
        numbers_held={row.roster_no: row.operator_code for row in held},
        users=users_by_address(session, addresses),
    )


def users_by_address(session: Session, addresses: Collection[str]) -> dict[str, KnownUser]:
    """The persons with these lower-case addresses."""
    users = session.scalars(select(User).where(User.email_key.in_(addresses)))
    return {
        user.email_key: KnownUser(
            user.id, user.email, user.name, user.kana, user.title, user.phone, user.kind, user.state
        )
        for user in users
    }


def codes_of_numbers(session: Session, numbers: Collection[str]) -> dict[str, str]:
    """Corporate number → operator code of the members that have it."""
    rows = session.execute(
        select(Body.corporate_number, Member.operator_code)
        .join(Member, Member.body_id == Body.id)
        .where(Body.corporate_number.in_(numbers))
    )
    return {row.corporate_number: row.operator_code for row in rows if row.corporate_number}


def controls(session: Session) -> Iterator[Held]:
    """Every controlling relation that stands, companies by their corporate number."""
    child, parent = aliased(Body), aliased(Body)
    rows = session.execute(
        select(
            ControlFact.child_body_id,
            ControlFact.parent_body_id,
            ControlFact.parent_name,
            ControlFact.effective_on,
            ControlFact.ended_on,
            child.corporate_number.label("child_number"),
            parent.corporate_number.label("parent_number"),
        )
        .join(child, child.id == ControlFact.child_body_id)
        .outerjoin(parent, parent.id == ControlFact.parent_body_id)
        .where(ControlFact.voided_id.is_(None), ControlFact.controlling)
    )
    for row in rows:
        parent_key = named_only(row.parent_name) if row.parent_name else row.parent_number or f"B{row.parent_body_id}"
        yield Held(row.child_number or f"B{row.child_body_id}", parent_key, row.effective_on, row.ended_on)


def named_only(name: str) -> str:
    """How a company without a corporate number is called in a ControlBook."""
    return f"{_HELD_ONLY_BY_NAME}{name}"


def touched_since(session: Session, member_ids: Iterable[int], *, change_id: int, but_import: int) -> set[int]:
    """Which of these members were touched by a register change after `change_id` that is not of this import."""
    ids = list(member_ids)
    later = select(RegisterChange.id).where(
        RegisterChange.id > change_id,
        or_(RegisterChange.source_kind != "IMPORT", RegisterChange.source_id != but_import),
    )
    if not ids or session.scalar(later.limit(1)) is None:
        return set()
    return set(session.scalars(union(*_touching(ids, later))))


def _touching(ids: list[int], later: Select[Any]) -> Iterator[Select[Any]]:
    for fact, member, query in (
        (ProfileFact, ProfileFact.member_id, select(ProfileFact.member_id)),
        (RosterFact, RosterFact.member_id, select(RosterFact.member_id)),
        (
            LicenceFact,
            LicenceHeld.member_id,
            select(LicenceHeld.member_id).join(LicenceFact, LicenceFact.licence_id == LicenceHeld.id),
        ),
        (
            ControlFact,
            Member.id,
            select(Member.id).join(
                ControlFact,
                or_(ControlFact.child_body_id == Member.body_id, ControlFact.parent_body_id == Member.body_id),
            ),
        ),
    ):
        changed: Any = fact
        yield query.where(member.in_(ids), or_(changed.entered_id.in_(later), changed.voided_id.in_(later)))
