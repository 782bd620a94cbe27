"""基準日後判明: what became known after the record date of an open assembly."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from occto.domain.assembly import CLOSED, AssemblyState
from occto.domain.codes import ChangeSource, Licence
from occto.extensions import db
from occto.models import LateFact, Member
from occto.queries.assemblies import late_facts
from occto.services import register
from occto.unit_of_work import unit_of_work
from tests.assembling import assembly
from tests.factories import NOW, Factory

RECORD_ON = date(2026, 11, 15)


def _open(make: Factory, record_on: date = RECORD_ON) -> int:
    return assembly(make, AssemblyState.COUNTING, record_on=record_on).id


def _licensed(member: Member, since: date, category: Licence = Licence.RETAIL) -> int:
    with unit_of_work() as session:
        change = register.begin_change(
            session, source_kind=ChangeSource.CHANGE, source_id=1, actor_id=None, second_actor_id=None, now=NOW
        )
        register.add_licence(
            session, change, member_id=member.id, category=category, number="A0001", effective_on=since
        )
        register.finish_change(session, change, now=NOW)
        return change.id


def test_a_licence_of_an_old_date_is_noted_at_the_open_assembly(make: Factory) -> None:
    member, assembly_id = make.member(), _open(make)
    change_id = _licensed(member, RECORD_ON)
    db.session.rollback()
    (late,) = late_facts(db.session(), assembly_id)
    assert (late.member_id, late.change_id, late.outcome) == (member.id, change_id, None)
    assert late.about == (("licence", "RETAIL"),)
    assert late.name == member.current_name
    assert late.noted_at == NOW


def test_one_from_after_the_record_date_is_not(make: Factory) -> None:
    member, assembly_id = make.member(), _open(make)
    _licensed(member, RECORD_ON + timedelta(days=1))
    assert late_facts(db.session(), assembly_id) == []


def test_before_the_record_date_is_over_nothing_is_late(make: Factory) -> None:
    member, assembly_id = make.member(), _open(make, date(2026, 11, 24))
    _licensed(member, date(2026, 11, 1))
    assert late_facts(db.session(), assembly_id) == []


@pytest.mark.parametrize("state", sorted(CLOSED))
def test_a_closed_assembly_is_not_touched(make: Factory, state: AssemblyState) -> None:
    member = make.member()
    assembly(make, state, record_on=RECORD_ON)
    _licensed(member, date(2026, 11, 1))
    db.session.rollback()
    assert db.session.scalars(select(LateFact)).all() == []


def test_each_open_assembly_lists_what_changed_of_whom(make: Factory) -> None:
    one, other = make.member(), make.member()
    first, second = _open(make), _open(make, date(2026, 11, 20))
    with unit_of_work() as session:
        change = register.begin_change(
            session, source_kind=ChangeSource.CHANGE, source_id=1, actor_id=None, second_actor_id=None, now=NOW
        )
        register.set_item(
            session, change, member_id=one.id, item="capital", value=20_000_000, effective_on=date(2026, 11, 18)
        )
        register.set_item(
            session, change, member_id=one.id, item="url", value="https://x.example.jp", effective_on=date(2026, 11, 1)
        )
        register.renumber(session, change, numbers={other.id: 700}, effective_on=date(2026, 11, 10))
        register.finish_change(session, change, now=NOW)
    db.session.rollback()
    assert {(late.member_id, kind) for late in late_facts(db.session(), first) for kind, _ in late.about} == {
        (other.id, "roster")
    }
    assert [(late.member_id, late.about) for late in late_facts(db.session(), second)] == [
        (one.id, (("item", "capital"),)),
        (other.id, (("roster", ""),)),
    ]
