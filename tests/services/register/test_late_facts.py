"""基準日後判明: which changes of the register an open assembly has to be told of."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from occto.domain.assembly import CLOSED, AssemblyState
from occto.domain.codes import EndReason, Licence
from occto.models import LicenceHeld, Member
from occto.services import register
from occto.services.register.finishing import Trace, first_difference
from tests.changing import relation_row
from tests.factories import Factory, corporate_number
from tests.registering import Entering, assembly, entering, fact_id, late, licence_id, number_of

SINCE = date(2020, 4, 1)
RECORD = date(2026, 11, 10)
AFTER = RECORD + timedelta(days=1)
Act = Callable[[Entering, Member], Any]


def _late(make: Factory, act: Act, *, member: Member | None = None, **of_assembly: Any) -> bool:
    """Whether an assembly with the record date RECORD is told of what `act` enters for the member."""
    member = member or make.member(capital=10)
    held = assembly(**({"record_on": RECORD} | of_assembly))
    with entering() as entry:
        act(entry, member)
    found = late()
    assert set(found) <= {(held.id, member.id)}
    return bool(found)


def _capital(yen: int, on: date) -> Act:
    return lambda entry, member: register.set_item(
        *entry.into, member_id=member.id, item="capital", value=yen, effective_on=on
    )


def _licence(category: Licence, on: date) -> Act:
    return lambda entry, member: register.add_licence(
        *entry.into, member_id=member.id, category=category, number="X", effective_on=on
    )


def _end(on: date) -> Act:
    return lambda entry, member: register.end_licence(
        *entry.into,
        member_id=member.id,
        licence_id=_licence_in(entry, member),
        ended_on=on,
        reason=EndReason.REVOCATION,
    )


def _licence_in(entry: Entering, member: Member) -> int:
    found = entry.session.scalar(select(LicenceHeld.id).where(LicenceHeld.member_id == member.id))
    assert found is not None
    return found


def _corrected(**changes: Any) -> Act:
    values = {"number": "A0001", "effective_on": SINCE, "ended_on": None, "end_reason": None} | changes
    return lambda entry, member: register.correct_licence(
        *entry.into, member_id=member.id, licence_id=_licence_in(entry, member), values=values
    )


def _number(on: date) -> Act:
    return lambda entry, member: register.renumber(*entry.into, numbers={member.id: 999}, effective_on=on)


def _parent(on: date, **row: Any) -> Act:
    def enter(entry: Entering, member: Member) -> None:
        own = entry.session.get(Member, member.id)
        assert own is not None
        register.enter_relation(*entry.into, own, row=relation_row(corporate_number(900), **row), default_on=on)

    return enter


def _address(entry: Entering, member: Member) -> None:
    register.set_item(*entry.into, member_id=member.id, item="address", value="新宿区1番", effective_on=SINCE)


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (_licence(Licence.RETAIL, RECORD), True),
        (_licence(Licence.RETAIL, AFTER), False),
        (_end(RECORD), True),
        (_end(AFTER), False),
        (_capital(20, RECORD), True),
        (_capital(20, SINCE), True),
        (_capital(20, AFTER), False),
        (_corrected(effective_on=date(2020, 5, 1)), True),
        (_corrected(ended_on=RECORD, end_reason=EndReason.REVOCATION), True),
        (_corrected(ended_on=AFTER, end_reason=EndReason.REVOCATION), False),
        (_corrected(number="A9999"), False),
        (_number(RECORD), True),
        (_number(AFTER), False),
        (_parent(RECORD), True),
        (_parent(AFTER), False),
        (_parent(SINCE, controlling=False), False),
        (_address, False),
    ],
    ids=[
        "a late METI act",
        "an act after the record date",
        "an end on the record date",
        "an end the day after",
        "capital",
        "capital of the first day",
        "capital after",
        "a licence that began later",
        "a licence that had ended",
        "a licence that ended the day after",
        "only the METI number",
        "roster number",
        "roster number after",
        "a parent",
        "a parent after",
        "a mere holding",
        "an item without votes",
    ],
)
def test_what_an_open_assembly_is_told_of(make: Factory, act: Act, told: bool) -> None:
    assert _late(make, act) is told


def test_another_value_for_the_same_day_is_told(make: Factory) -> None:
    member = make.member(capital=10)
    fact = fact_id(member, "capital", SINCE)

    def correct(entry: Entering, member: Member) -> None:
        register.correct_item(*entry.into, member_id=member.id, fact_id=fact, value=20, effective_on=SINCE)

    assert _late(make, correct, member=member)


def test_a_voided_fact_is_told(make: Factory) -> None:
    member = make.member(licences=("GEN", "RETAIL"))
    licence = licence_id(member, "RETAIL")
    assert _late(
        make,
        lambda entry, member: register.void_licence(*entry.into, member_id=member.id, licence_id=licence),
        member=member,
    )


def test_both_companies_of_a_relation_are_told_of(make: Factory) -> None:
    child, parent = make.member(), make.member()
    number = number_of(parent)
    held = assembly(RECORD)
    with entering() as entry:
        own = entry.session.get(Member, child.id)
        assert own is not None
        register.enter_relation(*entry.into, own, row=relation_row(number), default_on=RECORD)
    assert sorted(late()) == [(held.id, child.id), (held.id, parent.id)]


@pytest.mark.parametrize("state", AssemblyState)
def test_only_an_open_assembly_is_told(make: Factory, state: AssemblyState) -> None:
    assert _late(make, _capital(20, RECORD), state=state) is (state not in CLOSED)


@pytest.mark.parametrize("record_on", [date(2026, 11, 23), date(2026, 11, 24), date(2027, 6, 1)])
def test_an_assembly_whose_record_date_is_not_over_is_not_told(make: Factory, record_on: date) -> None:
    assert not _late(make, _capital(20, SINCE), record_on=record_on)


def test_each_open_assembly_is_told_once_of_a_change(make: Factory) -> None:
    member = make.member(capital=10)
    first, second = assembly(RECORD), assembly(date(2026, 6, 1))
    with entering() as entry:
        _capital(20, RECORD)(entry, member)
        _licence(Licence.RETAIL, date(2026, 5, 1))(entry, member)
    assert sorted(late()) == [(first.id, member.id), (second.id, member.id)]


def _trace(begin: date, end: date | None = None, *, voided: bool = False, says: str = "a") -> Trace:
    return Trace(1, (says,), begin, end, voided)


@pytest.mark.parametrize(
    ("traces", "first"),
    [
        ([], None),
        ([_trace(RECORD)], RECORD),
        ([_trace(RECORD, voided=True), _trace(RECORD)], None),
        ([_trace(SINCE, voided=True), _trace(SINCE, RECORD)], RECORD),
        ([_trace(SINCE, voided=True), _trace(SINCE, RECORD), _trace(RECORD)], None),
        ([_trace(SINCE, RECORD, voided=True), _trace(SINCE, AFTER)], RECORD),
        ([_trace(SINCE, voided=True), _trace(SINCE, says="b")], SINCE),
        ([_trace(RECORD, voided=True), _trace(AFTER)], RECORD),
    ],
)
def test_the_first_day_that_reads_differently(traces: list[Trace], first: date | None) -> None:
    assert first_difference(traces) == first
