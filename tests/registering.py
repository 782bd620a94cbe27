"""Writing into the register as the verbs of changes do, and reading it back whole: what tests of the register stand on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.assembly import AssemblyKind, AssemblyState
from occto.domain.codes import ChangeSource
from occto.domain.dates import start_of_day
from occto.extensions import db
from occto.models import (
    Assembly,
    Body,
    ControlFact,
    LateFact,
    LicenceFact,
    LicenceHeld,
    Member,
    ProfileFact,
    RegisterChange,
    RegisterHead,
    RosterFact,
)
from occto.services import register
from occto.unit_of_work import unit_of_work
from tests.factories import NOW


@dataclass(frozen=True, slots=True)
class Entering:
    """A change of the register that is being entered."""

    session: Session
    change: RegisterChange

    @property
    def into(self) -> tuple[Session, RegisterChange]:
        return self.session, self.change


@contextmanager
def entering(*, now: datetime = NOW) -> Iterator[Entering]:
    """A numbered change; what the block enters is finished and committed at its end."""
    with unit_of_work() as session:
        change = register.begin_change(
            session, source_kind=ChangeSource.DEMO, source_id=None, actor_id=None, second_actor_id=None, now=now
        )
        yield Entering(session, change)
        register.finish_change(session, change, now=now)


def newest_change() -> int:
    """The number of the newest change of the register."""
    found = read(select(RegisterHead.last_change_id))[0][0]
    assert isinstance(found, int)
    return found


def read(statement: Any) -> list[Any]:
    """The rows of a statement, in a transaction of its own; what the test holds stays as it was loaded."""
    db.session.expunge_all()  # before the rollback, which would empty it
    db.session.rollback()
    rows = list(db.session.execute(statement).all())
    db.session.expunge_all()
    db.session.rollback()
    return rows


def licences_of(member: Member) -> list[tuple[str, date, date | None]]:
    """The licences that stand: category, first day, first day without."""
    rows = read(
        select(LicenceHeld.category, LicenceFact.effective_on, LicenceFact.ended_on)
        .join(LicenceFact, LicenceFact.licence_id == LicenceHeld.id)
        .where(LicenceHeld.member_id == member.id, LicenceFact.voided_id.is_(None))
        .order_by(LicenceHeld.id)
    )
    return [(row.category.value, row.effective_on, row.ended_on) for row in rows]


def licence_id(member: Member, category: str) -> int:
    """The row number of the newest licence of a category."""
    rows = read(
        select(LicenceHeld.id)
        .where(LicenceHeld.member_id == member.id, LicenceHeld.category == category)
        .order_by(LicenceHeld.id.desc())
    )
    return int(rows[0].id)


def facts_of(member: Member, item: str) -> list[tuple[date, Any]]:
    """The facts of an item that stand, by day."""
    rows = read(
        select(ProfileFact.effective_on, ProfileFact.value)
        .where(ProfileFact.member_id == member.id, ProfileFact.item == item, ProfileFact.voided_id.is_(None))
        .order_by(ProfileFact.effective_on)
    )
    return [(row.effective_on, row.value) for row in rows]


def fact_id(member: Member, item: str, on: date) -> int:
    """The row number of the fact of an item that stands from that day on."""
    rows = read(
        select(ProfileFact.id).where(
            ProfileFact.member_id == member.id,
            ProfileFact.item == item,
            ProfileFact.effective_on == on,
            ProfileFact.voided_id.is_(None),
        )
    )
    return int(rows[0].id)


def relations_on_record() -> list[tuple[int, int, int | str | None, date, date | None]]:
    """The relations that stand: number, child body, parent body or name, first day, first day without."""
    rows = read(select(ControlFact).where(ControlFact.voided_id.is_(None)).order_by(ControlFact.relation_no))
    return [
        (
            fact.relation_no,
            fact.child_body_id,
            fact.parent_body_id or fact.parent_name,
            fact.effective_on,
            fact.ended_on,
        )
        for (fact,) in rows
    ]


def number_of(member: Member) -> str:
    """The corporate number by which the control graph knows the member."""
    number = read(select(Body.corporate_number).where(Body.id == member.body_id))[0][0]
    assert isinstance(number, str)
    return number


def roster_on(day: date) -> dict[int, list[int]]:
    """Who has each roster number on a day, by row number of the member."""
    found: dict[int, list[int]] = {}
    for row in read(select(RosterFact).where(RosterFact.voided_id.is_(None), RosterFact.effective_on <= day)):
        fact = row[0]
        if fact.ended_on is None or fact.ended_on > day:
            found.setdefault(fact.roster_no, []).append(fact.member_id)
    return found


def assembly(
    record_on: date, *, state: AssemblyState = AssemblyState.FROZEN, kind: AssemblyKind = AssemblyKind.ORDINARY
) -> Assembly:
    """An assembly whose record date is `record_on`."""
    with unit_of_work() as session:
        last = session.scalars(select(Assembly.no).order_by(Assembly.no.desc())).first() or 0
        made = Assembly(
            kind=kind,
            fiscal_year=2026,
            no=last + 1,
            held_at=start_of_day(record_on),
            record_on=record_on,
            state=state,
            closing_reason="会場が使えなくなったため" if state is AssemblyState.POSTPONED else None,
        )
        session.add(made)
    return made


def late() -> list[tuple[int, int]]:
    """What is flagged as 基準日後判明: assembly and member."""
    rows = read(select(LateFact.assembly_id, LateFact.member_id).order_by(LateFact.id))
    return [(row.assembly_id, row.member_id) for row in rows]
