"""What a request would move in an assembly: with 届出, sanctions and policies, as the votes themselves are divided."""

from datetime import date
from fractions import Fraction

from occto.domain.assembly import AssemblyState
from occto.domain.assembly_settings import AssemblySettings, VotePolicy
from occto.domain.changes import ItemChange
from occto.domain.codes import ChangeAct
from occto.domain.votes import Group
from occto.extensions import db
from occto.models import Assembly, Member
from occto.queries.roll import Preview
from occto.queries.vote_impact import impact_on_assembly, impact_on_day
from occto.vote_words import impact_in_words
from tests.assembling import RECORD_ON, assembly, controls
from tests.electing import file_election, speaking
from tests.factories import Factory
from tests.freezing import sanction

COUNTING = AssemblyState.COUNTING


def _capital(yen: int) -> ItemChange:
    return ItemChange("capital", ChangeAct.SET, date(2026, 11, 1), yen, 1)


def _moved(found: Preview) -> list[tuple[str, Group, Fraction, Fraction]]:
    return [(found.names[line.node], line.group, line.before, line.after) for line in found.impact.moved]


def _sisters(make: Factory) -> tuple[Member, Member]:
    """Two children of a company outside 発電: the larger capital holds their share."""
    outside = make.member(licences=("GTD",))
    first, second = make.member(name="姉会社", capital=9), make.member(name="妹会社", capital=5)
    for child in (first, second):
        controls(outside, child)
    return first, second


def _on(held: Assembly, member: Member, *items: ItemChange) -> Preview:
    db.session.rollback()
    return impact_on_assembly(db.session(), db.session.get_one(Assembly, held.id), member.id, items)


def test_without_anything_else_the_larger_capital_takes_the_share(make: Factory) -> None:
    _first, second = _sisters(make)
    held = assembly(make, COUNTING)
    assert _moved(_on(held, second, _capital(10))) == [
        ("姉会社", Group.G, Fraction(1), Fraction(0)),
        ("妹会社", Group.G, Fraction(0), Fraction(1)),
    ]


def test_a_family_that_has_filed_keeps_its_holder(make: Factory) -> None:
    first, second = _sisters(make)
    held = assembly(make, COUNTING)
    file_election(speaking(make, first), first, held.id, Group.G)
    assert _on(held, second, _capital(10)).impact.nothing
    other = impact_on_day(db.session(), RECORD_ON, second.id, [_capital(10)])
    assert not other.impact.nothing  # it was filed for that assembly alone


def test_a_standing_one_counts_for_every_day(make: Factory) -> None:
    first, second = _sisters(make)
    file_election(speaking(make, first), first, None, None)
    assert impact_on_day(db.session(), RECORD_ON, second.id, [_capital(10)]).impact.nothing


def test_a_company_under_a_sanction_moves_nothing(make: Factory) -> None:
    _first, second = _sisters(make)
    sanction(second)
    held = assembly(make, COUNTING)
    assert _on(held, second, _capital(10)).impact.nothing


def test_a_frozen_assembly_keeps_the_elections_of_its_freeze(make: Factory) -> None:
    first, second = _sisters(make)
    held = assembly(make, AssemblyState.FROZEN)
    file_election(speaking(make, first), first, None, None)
    assert not _on(held, second, _capital(10)).impact.nothing
    assert impact_on_day(db.session(), RECORD_ON, second.id, [_capital(10)]).impact.nothing


def test_shares_of_a_table_are_kept(make: Factory) -> None:
    first, second = make.member(name="一"), make.member(name="二")
    settings = AssemblySettings(
        policies={Group.G: VotePolicy.MANUAL}, shares={Group.G: {first.id: (2, 3), second.id: (1, 3)}}
    )
    held = assembly(make, COUNTING, settings=settings)
    found = _on(held, first, _capital(10))
    assert found.impact.nothing
    assert "policy_undivided" not in {one.code for one in found.findings}


def test_what_the_table_cannot_divide_is_compared_equally_and_said(make: Factory) -> None:
    first = make.member(name="一")
    new = make.member(name="二", licences=("RETAIL",))
    held = assembly(
        make,
        COUNTING,
        settings=AssemblySettings(policies={Group.G: VotePolicy.MANUAL}, shares={Group.G: {first.id: (1, 1)}}),
    )
    licence = {"category": "GEN", "act": "NOTIFICATION", "number": None, "effective_on": "2026-11-01"}
    add = ItemChange("licence", ChangeAct.ADD, date(2026, 11, 1), licence, target_key="GEN")
    found = _on(held, new, add)
    assert ("二", Group.G, Fraction(0), Fraction(1, 2)) in _moved(found)
    assert any("等しく分けるもの" in words for words in impact_in_words(found).remarks)
