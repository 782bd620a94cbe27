"""What follows from every change of the register, whatever it came from."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from occto.domain.assembly import CLOSED
from occto.domain.changes import item_touches_votes
from occto.domain.dates import today_jst
from occto.models import (
    Assembly,
    ControlFact,
    LateFact,
    LicenceFact,
    LicenceHeld,
    Member,
    ProfileFact,
    RegisterChange,
    RosterFact,
)
from occto.services.register.turning import bring_up_to_date


class _Trace(NamedTuple):
    """A fact that a change entered or voided: whose it is, what identifies it, and when it holds."""

    member_id: int
    identity: tuple[Any, ...]
    begin: date
    end: date | None
    voided: bool


def finish_change(session: Session, change: RegisterChange, *, now: datetime) -> list[int]:
    """Rebuild the copies of all members that the change touched, end memberships, note what an open assembly missed.

    Returns the row numbers of the members. Every verb that began a change calls this once, at its end.
    """
    session.flush()
    traces = list(_traces(session, change.id))
    touched = sorted({trace.member_id for trace in traces} | set(_of_items_without_votes(session, change.id)))
    bring_up_to_date(session, touched, now=now)
    _note_late_facts(session, change, traces, now=now)
    return touched


def _of_items_without_votes(session: Session, change_id: int) -> Iterable[int]:
    return session.scalars(
        select(ProfileFact.member_id)
        .where(or_(ProfileFact.entered_id == change_id, ProfileFact.voided_id == change_id))
        .distinct()
    )


def _traces(session: Session, change_id: int) -> Iterator[_Trace]:
    """The facts that decide over votes which the change entered or voided."""

    def by_change(fact: Any) -> Any:
        return or_(fact.entered_id == change_id, fact.voided_id == change_id)

    for profile in session.scalars(select(ProfileFact).where(by_change(ProfileFact))):
        if item_touches_votes(profile.item):
            identity = (profile.item, profile.effective_on)
            yield _Trace(profile.member_id, identity, profile.effective_on, None, profile.voided_id == change_id)
    licences = select(LicenceFact, LicenceHeld.member_id).join(LicenceHeld, LicenceHeld.id == LicenceFact.licence_id)
    for fact, member_id in session.execute(licences.where(by_change(LicenceFact))):
        yield _Trace(
            member_id, ("licence", fact.licence_id), fact.effective_on, fact.ended_on, fact.voided_id == change_id
        )
    for row in session.scalars(select(RosterFact).where(by_change(RosterFact))):
        yield _Trace(
            row.member_id, ("roster", row.roster_no), row.effective_on, row.ended_on, row.voided_id == change_id
        )
    sides = or_(Member.body_id == ControlFact.child_body_id, Member.body_id == ControlFact.parent_body_id)
    relations = select(ControlFact, Member.id).join(Member, sides).where(by_change(ControlFact))
    for control, member_id in session.execute(relations):
        who = ("relation", control.relation_no, control.parent_body_id, control.controlling)
        yield _Trace(member_id, who, control.effective_on, control.ended_on, control.voided_id == change_id)


def first_difference(traces: Iterable[_Trace]) -> date | None:
    """The first day on which the register reads differently for the facts of one member; None where on none."""
    found: list[date] = []
    by_identity: dict[tuple[Any, ...], list[_Trace]] = {}
    for trace in traces:
        by_identity.setdefault(trace.identity, []).append(trace)
    for same in by_identity.values():
        begins = {(trace.begin, trace.voided) for trace in same}
        if {begin for begin, voided in begins if voided} == {begin for begin, voided in begins if not voided}:
            ends = {trace.end for trace in same}
            found += [end for end in ends if end is not None] if len(ends) > 1 else []
        else:
            found += [trace.begin for trace in same]
    return min(found, default=None)


def _note_late_facts(session: Session, change: RegisterChange, traces: list[_Trace], *, now: datetime) -> None:
    """基準日後判明: what counts on or before the record date of an open assembly, but is known only after that day."""
    open_ones = session.execute(
        select(Assembly.id, Assembly.record_on).where(
            Assembly.state.not_in(CLOSED), Assembly.record_on < today_jst(now)
        )
    ).all()
    if not open_ones:
        return
    for member_id in {trace.member_id for trace in traces}:
        first = first_difference(trace for trace in traces if trace.member_id == member_id)
        session.add_all(
            LateFact(assembly_id=assembly.id, register_change_id=change.id, member_id=member_id, noted_at=now)
            for assembly in open_ones
            if first is not None and first <= assembly.record_on
        )
    session.flush()
