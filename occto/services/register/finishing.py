"""What follows from every change of the register, whatever it came from."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from occto.domain.assembly import CLOSED
from occto.domain.canonical import canonical
from occto.domain.changes import item_touches_votes
from occto.domain.codes import SanctionScope
from occto.domain.dates import today_jst
from occto.models import (
    REAL,
    Assembly,
    ControlFact,
    LateFact,
    LicenceFact,
    LicenceHeld,
    Member,
    ProfileFact,
    RegisterChange,
    RosterFact,
    SanctionFact,
)
from occto.services.register.turning import bring_up_to_date


class Trace(NamedTuple):
    """A fact that a change entered or voided: whose it is, what it says, and on which days (begin ≤ day < end)."""

    member_id: int
    says: tuple[Any, ...]
    begin: date
    end: date | None
    voided: bool

    def holds(self, day: date) -> bool:
        return self.begin <= day < (self.end or date.max)


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


def _traces(session: Session, change_id: int) -> Iterator[Trace]:
    """The facts that decide over votes which the change entered or voided."""

    def by_change(fact: Any) -> Any:
        return or_(fact.entered_id == change_id, fact.voided_id == change_id)

    for profile in session.scalars(select(ProfileFact).where(by_change(ProfileFact))):
        if item_touches_votes(profile.item):
            says = (profile.item, canonical(profile.value))
            yield Trace(profile.member_id, says, profile.effective_on, None, profile.voided_id == change_id)
    licences = select(LicenceFact, LicenceHeld.member_id).join(LicenceHeld, LicenceHeld.id == LicenceFact.licence_id)
    for fact, member_id in session.execute(licences.where(by_change(LicenceFact))):
        yield Trace(
            member_id, ("licence", fact.licence_id), fact.effective_on, fact.ended_on, fact.voided_id == change_id
        )
    for row in session.scalars(select(RosterFact).where(by_change(RosterFact))):
        yield Trace(
            row.member_id, ("roster", row.roster_no), row.effective_on, row.ended_on, row.voided_id == change_id
        )
    sanctions = select(SanctionFact).where(by_change(SanctionFact), SanctionFact.scope == SanctionScope.VOTES)
    for sanction in session.scalars(sanctions):
        voided = sanction.voided_id == change_id
        yield Trace(sanction.member_id, ("sanction",), sanction.effective_on, sanction.ended_on, voided)
    sides = or_(Member.body_id == ControlFact.child_body_id, Member.body_id == ControlFact.parent_body_id)
    relations = (
        select(ControlFact, Member.id).join(Member, sides).where(by_change(ControlFact), ControlFact.controlling)
    )
    for control, member_id in session.execute(relations):
        who = ("relation", control.child_body_id, control.parent_body_id, control.parent_name)
        yield Trace(member_id, who, control.effective_on, control.ended_on, control.voided_id == change_id)


def first_difference(traces: Iterable[Trace]) -> date | None:
    """The first day on which the register reads differently for the facts of one member; None where on none.

    What was voided is held against what was entered, statement by statement: a corrected METI number changes nothing.
    """
    by_statement = defaultdict(list)
    for trace in traces:
        by_statement[trace.says].append(trace)
    return min(filter(None, map(_first_day_apart, by_statement.values())), default=None)


def _first_day_apart(traces: list[Trace]) -> date | None:
    days = sorted({trace.begin for trace in traces} | {trace.end for trace in traces if trace.end})
    for day in days:
        before = any(trace.voided and trace.holds(day) for trace in traces)
        after = any(not trace.voided and trace.holds(day) for trace in traces)
        if before is not after:
            return day
    return None


def _note_late_facts(session: Session, change: RegisterChange, traces: list[Trace], *, now: datetime) -> None:
    """基準日後判明: what counts on or before the record date of an open assembly, but is known only after that day."""
    open_ones = session.execute(
        select(Assembly.id, Assembly.record_on).where(
            REAL, Assembly.state.not_in(CLOSED), Assembly.record_on < today_jst(now)
        )
    ).all()
    if not open_ones:
        return
    for member_id in sorted({trace.member_id for trace in traces}):
        first = first_difference(trace for trace in traces if trace.member_id == member_id)
        session.add_all(
            LateFact(assembly_id=assembly.id, register_change_id=change.id, member_id=member_id, noted_at=now)
            for assembly in open_ones
            if first is not None and first <= assembly.record_on
        )
    session.flush()
