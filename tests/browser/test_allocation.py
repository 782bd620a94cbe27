"""The division of votes in a real browser: a family over three groups, by group, drawn, by member, compared."""

from datetime import date

import pytest
from sqlalchemy import select

from occto.domain.assembly import AssemblyState
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import Assembly, Body, ControlFact
from tests import assembling
from tests.admin.test_allocation import keep
from tests.browser.conftest import Site
from tests.browser.test_joining import MakePerson
from tests.browser.test_office import as_staff
from tests.factories import Factory
from tests.registering import entering

pytestmark = [pytest.mark.browser]


def _family(make: Factory) -> None:
    """A holding that is no member, over a utility with two generations below it in all three groups."""
    top = make.member(name="汐見電力株式会社", licences=("GTD", "GEN", "RETAIL"), capital=120_000_000_000)
    retail = make.member(name="汐見でんき株式会社", licences=("RETAIL", "GEN"), capital=500_000_000)
    solar = make.member(name="汐見ソーラーパワー北関東第二発電所合同会社", capital=10_000)
    wind = make.member(name="汐見ウインド株式会社", licences=("GEN", "AGG"), capital=300_000_000)
    sister = make.member(name="多島送電株式会社", licences=("TRANS",), capital=90_000_000)
    with entering() as change:
        outside = Body(name="汐見ホールディングス株式会社", corporate_number="9999999999999")
        change.session.add(outside)
        change.session.flush()
        change.session.add(
            ControlFact(
                relation_no=900,
                child_body_id=sister.body_id,
                parent_body_id=outside.id,
                controlling=True,
                ratio_bp=10000,
                effective_on=date(2024, 10, 1),
                entered_id=change.change.id,
            )
        )
        change.session.add(
            ControlFact(
                relation_no=901,
                child_body_id=top.body_id,
                parent_body_id=outside.id,
                controlling=True,
                ratio_bp=10000,
                effective_on=date(2024, 10, 1),
                entered_id=change.change.id,
            )
        )
    assembling.controls(top, retail, since=date(2019, 10, 1))
    assembling.controls(retail, solar, since=date(2022, 4, 1), ratio_bp=5025)
    assembling.controls(top, wind)


def test_staff_read_a_division_from_all_sides(site: Site, person: MakePerson) -> None:
    with site.app.app_context():
        make = Factory(site.app)
        for number in range(60):
            make.member(name=f"第{number}エネルギー株式会社", licences=("GEN",) if number % 3 else ("RETAIL",))
        _family(make)
        held = assembling.assembly(make, AssemblyState.COUNTING)
        keep(held)
        number = held.id
        late = make.member(name="浜風でんき株式会社", licences=("RETAIL",))
        assert late.id
        office = as_staff(person, make, "小林 恵", Role.OPERATOR)
    office.go("/admin/allocation/")
    office.look("allocation-start")
    office.go(f"/admin/allocation/?id={number}")
    office.look("allocation")
    office.follow("資本関係のあるものだけを表示する")
    office.look("allocation-only")
    office.follow("資本関係別")
    office.look("families")
    office.follow("汐見ホールディングス株式会社")
    office.look("family")
    office.follow("会員を探す")
    office.look("members-empty")
    office.page.locator("#member-q").fill("汐見")
    with office.page.expect_navigation():
        office.page.locator("#member-q").press("Enter")
    office.look("members")
    office.follow("汐見ウインド株式会社")
    office.look("member")
    office.follow("確認事項")
    office.look("findings")
    office.go(f"/admin/allocation/compare/?id={number}&of=live")
    office.look("compare")
    assert "浜風でんき株式会社" in office.page.locator("main").inner_text()
    with site.app.app_context():
        assert db.session.scalar(select(Assembly.state).where(Assembly.id == number)) is AssemblyState.COUNTING
