"""Reads for 届出: the family of a company as of a day, what a 届出 moves, and which are on record."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast

from sqlalchemy import ColumnElement, Select, or_, select
from sqlalchemy.orm import Session, aliased

from occto.domain.assembly_settings import AssemblySettings, read_settings
from occto.domain.codes import Channel, ElectionState
from occto.domain.elections import EVERY_GROUP, Family, Signed, consent_missing, family_under, root_of, unconsented
from occto.domain.votes import Election, Group
from occto.models import Assembly, Body, HolderElection, Member, User
from occto.queries.allocation import Calculation, Filed, calculate_with, divide, elections_of, sanctioned_on
from occto.queries.register.known import newest_change
from occto.queries.roll import roll_as_of


@dataclass(frozen=True, slots=True)
class FamilyOnRecord:
    """The family of a member as of a day. Nodes are row numbers of bodies; nothing of any other company is in it."""

    day: date
    own: int
    family: Family[int]
    names: Mapping[int, str]
    member_ids: Mapping[int, int]
    unequal: frozenset[Group] = frozenset()
    """Groups that this assembly does not divide equally: one of so many shares says nothing there."""

    def member_of(self, node: int) -> int:
        return self.member_ids[node]


@dataclass(frozen=True, slots=True)
class Move:
    """Who holds the share of a family in a group without and with a 届出; one of so many shares, which are `equal` or not."""

    group: Group
    before: str
    after: str
    units: int
    equal: bool = True


@dataclass(frozen=True, slots=True)
class ElectionLine:
    """A 届出 as pages show it. `assembly` is None for a standing one."""

    id: int
    assembly: Assembly | None
    group: Group | None
    root: str
    holder: str
    filed_by: str
    filed_by_id: int
    holder_id: int
    channel: Channel
    received_at: datetime
    document_id: int | None
    state: ElectionState
    countersigned_by: str | None
    countersigned_at: datetime | None
    settled_by: str | None
    settled_at: datetime | None
    withdrawn_at: datetime | None
    reason: str | None
    version: int


@dataclass(frozen=True, slots=True)
class Seen:
    """A 届出 as a company of its family sees it; `waits`: it is this company's consent that it waits for."""

    line: ElectionLine
    moves: list[Move]
    waits: bool


def division(
    session: Session, assembly: Assembly | None, *, today: date, also: int | None = None, without: int | None = None
) -> Calculation:
    """The votes of an assembly, or for standing 届出 those of today; with or without one 届出."""
    return _divisions(session, assembly, today=today, wanted=[(also, without)])[0]


def _divisions(
    session: Session, assembly: Assembly | None, *, today: date, wanted: Iterable[tuple[int | None, int | None]]
) -> list[Calculation]:
    """Several divisions on facts that are read once; `wanted`: (also, without)."""
    day = assembly.record_on if assembly is not None else today
    number = newest_change(session)
    record, sanctioned = roll_as_of(session, day, known=number), sanctioned_on(session, day, number)
    assembly_id = assembly.id if assembly is not None else None
    found = []
    for also, without in wanted:
        filed: tuple[Filed, ...] = elections_of(session, assembly_id, also=also)
        found.append(
            divide(
                assembly_id or 0,
                record,
                known=number,
                sanctioned=sanctioned,
                filed=tuple(one for one in filed if one.id != without),
                relations=(),
                settings=AssemblySettings(),
            )
        )
    return found


def family_of(
    session: Session, member_id: int, assembly: Assembly | None, *, today: date, without: int | None = None
) -> FamilyOnRecord | None:
    """The family of a member as the votes lie on the record date (standing: today); None where it is not on the roll."""
    calculation = division(session, assembly, today=today, without=without)
    own = session.scalar(select(Member.body_id).where(Member.id == member_id))
    if own is None or own not in calculation.record.member_ids:
        return None
    family = family_under(calculation.allocation, root_of(calculation.record.roll.parent_of, own))
    concerned = family.companies | {own, family.root}
    names, member_ids = calculation.record.names, calculation.record.member_ids
    return FamilyOnRecord(
        day=calculation.day,
        own=own,
        family=family,
        names={node: names[node] for node in concerned},
        member_ids={node: member_ids[node] for node in concerned if node in member_ids},
        unequal=_unequal(assembly),
    )


def _unequal(assembly: Assembly | None) -> frozenset[Group]:
    return frozenset(read_settings(assembly.settings).policies) if assembly is not None else frozenset()


def moves(session: Session, election: HolderElection, assembly: Assembly | None, *, today: date) -> list[Move]:
    """What a 届出 moves, group by group: without it and with it, all others counting as they do."""
    before, after = _divisions(session, assembly, today=today, wanted=[(None, election.id), (election.id, None)])
    holder = session.scalar(select(Member.body_id).where(Member.id == election.holder_member_id))
    old, new = (family_under(each.allocation, election.root_body_id) for each in (before, after))
    group = group_of(election)
    names, unequal = before.record.names, _unequal(assembly)
    return [
        Move(each, names[unit.holder], names[new.units[each].holder], old.shares[each], each not in unequal)
        for each, unit in old.concerned(group).items()
        if holder in unit.members
    ]


def group_of(election: HolderElection) -> Group | None:
    """The group that a 届出 is for; None for all."""
    return None if election.vote_group == EVERY_GROUP else Group(election.vote_group)


def of_member(session: Session, member_id: int) -> list[ElectionLine]:
    """The 届出 that a member filed or that name it as holder, newest first; no other family's."""
    own = or_(HolderElection.filed_by_member_id == member_id, HolderElection.holder_member_id == member_id)
    return _lines(session, _selected().where(own))


def asking_for(session: Session, family: FamilyOnRecord, assembly_id: int | None) -> list[ElectionLine]:
    """The 届出 of a family that are 要確認 or 有効, for an assembly or standing ones, newest first."""
    scope: ColumnElement[bool] = HolderElection.assembly_id.is_(None)
    if assembly_id is not None:
        scope = or_(scope, HolderElection.assembly_id == assembly_id)
    return _lines(
        session,
        _selected().where(
            scope,
            HolderElection.root_body_id == family.family.root,
            HolderElection.state.in_((ElectionState.EFFECTIVE, ElectionState.UNSETTLED)),
        ),
    )


def line_of(session: Session, election_id: int) -> ElectionLine | None:
    """One 届出; whoever shows it asks first who may see it."""
    return next(iter(_lines(session, _selected().where(HolderElection.id == election_id))), None)


def seen_by(session: Session, election_id: int, *, member_id: int, today: date) -> Seen | None:
    """A 届出 for a member of the family, or that it filed or holds by; None for any other member's."""
    row = session.get(HolderElection, election_id) if 0 < election_id < 2**63 else None
    line = line_of(session, election_id) if row is not None else None
    if row is None or line is None:
        return None
    found = family_of(session, member_id, line.assembly, today=today, without=election_id)
    inside = found is not None and found.family.root == row.root_body_id
    if not inside and member_id not in (line.filed_by_id, line.holder_id):
        return None
    waits = inside and found is not None and _waits_for(found, row)
    return Seen(line, moves(session, row, line.assembly, today=today), waits)


def _waits_for(found: FamilyOnRecord, row: HolderElection) -> bool:
    signed = frozenset(node for node, number in found.member_ids.items() if number == row.filed_by_member_id)
    holder = next((node for node, number in found.member_ids.items() if number == row.holder_member_id), 0)
    missing = consent_missing(found.family, group=group_of(row), holder=holder, signed=signed)
    return row.state is ElectionState.UNSETTLED and missing == {found.own}


def unsettled(session: Session, assembly_id: int) -> list[ElectionLine]:
    """The 届出 still 要確認 that could move votes of an assembly: what stands in the check list of the freeze."""
    scope = or_(HolderElection.assembly_id == assembly_id, HolderElection.assembly_id.is_(None))
    return _lines(session, _selected().where(HolderElection.state == ElectionState.UNSETTLED, scope))


@dataclass(frozen=True, slots=True)
class Unconsented:
    """A 届出 in force, by row number, and a company that never consented to it though it would hold the votes without it."""

    election_id: int
    version: int
    filed_by: str
    member_id: int
    name: str


def without_consent(session: Session, assembly: Assembly) -> list[Unconsented]:
    """The 届出 that decide on the record date of an assembly without the consent that this day asks for (`domain` 5.2)."""
    filer = aliased(Member)
    rows = session.execute(
        select(HolderElection, Member.body_id, filer.body_id.label("filer_body"), filer.current_name.label("filer"))
        .join(Member, Member.id == HolderElection.holder_member_id)
        .join(filer, filer.id == HolderElection.filed_by_member_id)
        .where(
            HolderElection.state == ElectionState.EFFECTIVE,
            or_(HolderElection.assembly_id == assembly.id, HolderElection.assembly_id.is_(None)),
        )
        .order_by(HolderElection.received_at, HolderElection.id)
    ).all()
    if not rows:
        return []
    usual = AssemblySettings()  # who holds a unit's votes does not depend on how many they are
    plain = calculate_with(
        session, assembly.id, assembly.record_on, known=newest_change(session), filed=(), settings=usual
    )
    node_of = {member_id: node for node, member_id in plain.record.member_ids.items()}
    signed = [
        Signed(
            row.HolderElection.id,
            Election(group_of(row.HolderElection), row.HolderElection.root_body_id, row.body_id),
            frozenset({row.filer_body, node_of.get(row.HolderElection.countersigned_by_id or 0, 0)}),
            row.HolderElection.settled_at is not None,
        )
        for row in rows
    ]
    found = unconsented(plain.allocation, signed)
    names, member_ids = plain.record.names, plain.record.member_ids
    return [
        Unconsented(row.HolderElection.id, row.HolderElection.version, row.filer, member_ids[node], names[node])
        for row in rows
        for node in sorted(found.get(row.HolderElection.id, ()))
    ]


def _selected() -> Select[Any]:
    holder, filer, signer = aliased(Member), aliased(Member), aliased(Member)
    query: Any = (
        select(
            HolderElection,
            Assembly,
            Body.name.label("root"),
            holder.current_name.label("holder"),
            filer.current_name.label("filer"),
            signer.current_name.label("signer"),
            User.name.label("settler"),
        )
        .outerjoin(Assembly, Assembly.id == HolderElection.assembly_id)
        .join(Body, Body.id == HolderElection.root_body_id)
        .join(holder, holder.id == HolderElection.holder_member_id)
        .join(filer, filer.id == HolderElection.filed_by_member_id)
        .outerjoin(signer, signer.id == HolderElection.countersigned_by_id)
        .outerjoin(User, User.id == HolderElection.settled_by_id)
        .order_by(HolderElection.received_at.desc(), HolderElection.id.desc())
    )
    return cast(Select[Any], query)


def _lines(session: Session, query: Select[Any]) -> list[ElectionLine]:
    return [
        ElectionLine(
            id=row.HolderElection.id,
            assembly=row.Assembly,
            group=group_of(row.HolderElection),
            root=row.root,
            holder=row.holder,
            filed_by=row.filer,
            filed_by_id=row.HolderElection.filed_by_member_id,
            holder_id=row.HolderElection.holder_member_id,
            channel=row.HolderElection.channel,
            received_at=row.HolderElection.received_at,
            document_id=row.HolderElection.document_id,
            state=row.HolderElection.state,
            countersigned_by=row.signer,
            countersigned_at=row.HolderElection.countersigned_at,
            settled_by=row.settler,
            settled_at=row.HolderElection.settled_at,
            withdrawn_at=row.HolderElection.withdrawn_at,
            reason=row.HolderElection.reason,
            version=row.HolderElection.version,
        )
        for row in session.execute(query)
    ]
