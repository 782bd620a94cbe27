"""The roll as of a day from the register, and the preview against what the register says once the change is entered."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from sqlalchemy import event

from occto.domain.changes import ItemChange
from occto.domain.codes import ChangeAct, EndReason, Licence
from occto.domain.errors import NotFound
from occto.domain.impact import Rest, impact
from occto.domain.votes import Finding, Group, Reason, allocate
from occto.extensions import db
from occto.models import Member
from occto.queries.roll import Preview, preview, roll_as_of
from occto.services import register
from occto.services.changes.applying import enter
from tests.factories import Factory, corporate_number
from tests.registering import entering, licence_id, newest_change

SINCE, DAY = date(2020, 4, 1), date(2026, 11, 23)
A = ChangeAct


def _row(name: str, number: str | None, **changes: Any) -> dict[str, Any]:
    row = {"relation": "PARENT", "name": name, "corporate_number": number, "controlling": True, "basis": "MAJORITY"}
    return row | {"holding": "DIRECT", "ratio_bp": 5500, "acquired_on": None, "ended_on": None} | changes


def _number(member: Member) -> str:
    return corporate_number(int(member.operator_code))


def _relate(member: Member, *rows: dict[str, Any], on: date = SINCE) -> None:
    with entering() as entry:
        register.enter_relations(*entry.into, member, rows=rows, default_on=on)


@contextmanager
def _counted() -> Iterator[list[str]]:
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def _previewed(member: Member, *items: ItemChange, day: date = DAY) -> Preview:
    """The preview, which must say what the register says once the items are entered."""
    asked = list(items)
    before = allocate(roll_as_of(db.session(), day).roll)
    found = preview(db.session(), member.id, asked, day=day)
    known = newest_change()
    with entering() as entry:
        enter(*entry.into, member_id=member.id, items=asked)
    entered = impact(before, allocate(roll_as_of(db.session(), day).roll))
    assert found.impact.rest == entered.rest
    assert [line[:4] for line in found.impact.moved] == [line[:4] for line in entered.moved]
    assert impact(before, allocate(roll_as_of(db.session(), day, known=known).roll)).nothing
    return found


def _lines(found: Preview) -> list[tuple[str, Fraction, Fraction]]:
    return [(found.names[line.node], line.before, line.after) for line in found.impact.moved]


def test_the_roll_has_members_with_a_licence_in_force_on_the_day(make: Factory) -> None:
    member = make.member(since=SINCE, capital=5, licences=("GEN", "RETAIL"))
    make.member(since=DAY + timedelta(days=1))
    record = roll_as_of(db.session(), DAY)
    assert [(voter.roster_no, voter.capital, voter.licences) for voter in record.roll.voters] == [
        (1, 5, frozenset({Licence.GEN, Licence.RETAIL}))
    ]
    assert record.names == {member.body_id: member.current_name}
    assert record.member_ids == {member.body_id: member.id}
    assert not roll_as_of(db.session(), SINCE - timedelta(days=1)).roll.voters
    assert len(roll_as_of(db.session(), DAY + timedelta(days=1)).roll.voters) == 2


def test_facts_are_half_open_on_the_roll(make: Factory) -> None:
    parent, child = make.member(name="親", since=SINCE), make.member(name="子", since=SINCE)
    _relate(child, _row("親", _number(parent), ended_on=DAY.isoformat()))
    held = licence_id(parent, "GEN")
    with entering() as entry:
        register.end_licence(
            *entry.into,
            member_id=parent.id,
            licence_id=held,
            ended_on=DAY,
            reason=EndReason.CLOSURE_NOTIFICATION,
        )
    eve, day = (roll_as_of(db.session(), on).roll for on in (DAY - timedelta(days=1), DAY))
    assert (len(eve.voters), dict(eve.parent_of)) == (2, {child.body_id: parent.body_id})
    assert (len(day.voters), dict(day.parent_of)) == (1, {})


def test_the_roll_reads_as_it_was_known(make: Factory) -> None:
    member = make.member(since=SINCE, capital=5)
    known = newest_change()
    with entering() as entry:
        register.set_item(*entry.into, member_id=member.id, item="capital", value=9, effective_on=SINCE)
    assert [voter.capital for voter in roll_as_of(db.session(), DAY).roll.voters] == [9]
    assert [voter.capital for voter in roll_as_of(db.session(), DAY, known=known).roll.voters] == [5]
    assert not roll_as_of(db.session(), DAY, known=0).roll.voters


def test_a_parent_by_name_only_is_listed_and_makes_no_edge(make: Factory) -> None:
    member = make.member(since=SINCE)
    _relate(member, _row("Overseas Holdings", None))
    record = roll_as_of(db.session(), DAY)
    assert not record.roll.parent_of
    assert Finding("parent_by_name", (member.body_id,)) in record.findings


def test_missing_capital_is_listed(make: Factory) -> None:
    member = make.member(since=SINCE)
    with entering() as entry:
        register.set_item(*entry.into, member_id=member.id, item="capital", value=None, effective_on=DAY)
    assert Finding("capital_missing", (member.body_id,)) in roll_as_of(db.session(), DAY).findings


def test_a_mere_holding_is_no_parent(make: Factory) -> None:
    member, other = make.member(since=SINCE), make.member(since=SINCE)
    _relate(member, _row("出資", _number(other), controlling=False))
    assert not roll_as_of(db.session(), DAY).roll.parent_of


def test_few_statements_whatever_the_number_of_members(make: Factory) -> None:
    members = [make.member(since=SINCE) for _ in range(5)]
    _relate(members[1], _row("親", _number(members[0])))
    with _counted() as sent:
        roll_as_of(db.session(), DAY)
    assert len(sent) <= 6, sent
    add = ItemChange("relation", A.ADD, DAY, _row("親", _number(members[0])), target_key="new:1")
    with _counted() as sent:
        preview(db.session(), members[2].id, [add], day=DAY)
    assert len(sent) <= 12, sent


def test_a_parent_added(make: Factory) -> None:
    parent, child = make.member(name="親会社", since=SINCE), make.member(name="子会社", since=SINCE)
    for _ in range(3):
        make.member(since=SINCE)
    found = _previewed(child, ItemChange("relation", A.ADD, DAY, _row("親会社", _number(parent)), target_key="new:1"))
    fifth, fourth = Fraction(1, 5), Fraction(1, 4)
    assert _lines(found) == [("親会社", fifth, fourth), ("子会社", fifth, Fraction(0))]
    assert found.impact.rest == [Rest(Group.G, 3, fifth, fourth)]


def test_a_parent_that_comes_later_moves_nothing_yet(make: Factory) -> None:
    parent, child = make.member(since=SINCE), make.member(since=SINCE)
    later = DAY + timedelta(days=1)
    item = ItemChange("relation", A.ADD, later, _row("親", _number(parent)), target_key="new:1")
    assert _previewed(child, item).impact.nothing


def test_a_parent_outside_brings_two_together(make: Factory) -> None:
    first = make.member(name="一", since=SINCE, capital=5)
    second = make.member(name="二", since=SINCE, capital=9)
    holding = corporate_number(777)
    _relate(first, _row("持株会社", holding))
    found = _previewed(second, ItemChange("relation", A.ADD, DAY, _row("持株会社", holding), target_key="new:1"))
    assert _lines(found) == [("一", Fraction(1, 2), Fraction(0)), ("二", Fraction(1, 2), Fraction(1))]
    assert {line.unit_after.reason for line in found.impact.moved if line.unit_after} == {Reason.CAPITAL}


def test_a_parent_not_on_record_moves_nothing_by_itself(make: Factory) -> None:
    member = make.member(since=SINCE)
    item = ItemChange("relation", A.ADD, DAY, _row("新しい親", corporate_number(778)), target_key="new:1")
    assert _previewed(member, item).impact.nothing


def test_a_licence_ended_and_one_added(make: Factory) -> None:
    member = make.member(name="当社", since=SINCE, licences=("GEN", "RETAIL"))
    make.member(since=SINCE)
    held = licence_id(member, "GEN")
    end = ItemChange(
        "licence",
        A.END,
        DAY,
        {"ended_on": DAY.isoformat(), "end_reason": "CLOSURE_NOTIFICATION"},
        target_key=f"licence:{held}",
        target_id=held,
    )
    new = {
        "category": "GTD",
        "act": "PERMISSION",
        "number": None,
        "effective_on": DAY.isoformat(),
        "attachment_id": None,
    }
    found = _previewed(member, end, ItemChange("licence", A.ADD, DAY, new, target_key="GTD"))
    assert _lines(found) == [("当社", Fraction(0), Fraction(1)), ("当社", Fraction(1, 2), Fraction(0))]
    assert [line.group for line in found.impact.moved] == [Group.N, Group.G]
    assert found.impact.rest == [Rest(Group.G, 1, Fraction(1, 2), Fraction(1))]


def test_capital_raised_over_a_rivals(make: Factory) -> None:
    holding = corporate_number(779)
    mine = make.member(name="当社", since=SINCE, capital=5)
    rival = make.member(name="姉妹会社", since=SINCE, capital=9)
    for member in (mine, rival):
        _relate(member, _row("持株会社", holding))
    found = _previewed(mine, ItemChange("capital", A.SET, DAY, 10, 5))
    assert _lines(found) == [("当社", Fraction(0), Fraction(1)), ("姉妹会社", Fraction(1), Fraction(0))]
    assert not found.impact.rest


def test_items_as_json_read_alike(make: Factory) -> None:
    member = make.member(since=SINCE)
    item = {
        "item": "capital",
        "act": "SET",
        "target_key": "",
        "target_id": None,
        "new": 9,
        "effective_on": "2026-11-23",
    }
    assert preview(db.session(), member.id, [item], day=DAY).impact.nothing


def test_nobody_is_not_found(make: Factory) -> None:
    with pytest.raises(NotFound):
        preview(db.session(), 999, [], day=DAY)
