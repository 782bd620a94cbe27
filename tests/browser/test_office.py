"""The office's own records in a real browser: contract, roster, assembly, and the worklist by keyboard."""

from datetime import timedelta

import pytest

from occto import clock
from occto.domain.dates import today_jst
from occto.domain.permissions import Role
from occto.models import ContractOfUse
from occto.unit_of_work import unit_of_work
from tests.answers import submitted
from tests.browser.conftest import Person, Site
from tests.browser.test_joining import MakePerson
from tests.factories import Factory

pytestmark = [pytest.mark.browser]


def as_staff(person: MakePerson, make: Factory, name: str, role: Role = Role.APPROVER) -> Person:
    """A browser with the open session of a member of the staff."""
    made = person(name)
    made.take_session(make.signed_in(make.staff(role, name=name)))
    return made


def test_a_contract_is_ended_and_formed_anew_on_paper(site: Site, person: MakePerson) -> None:
    with site.app.app_context():
        make = Factory(site.app)
        member, user = make.member(name="髙砂グリーン電力株式会社"), make.user(email="desk@takasago.example.jp")
        make.affiliate(user, member)
        make.consent(user)
        office = as_staff(person, make, "小林 恵")
        with unit_of_work() as session:
            number = session.query(ContractOfUse.id).filter_by(member_id=member.id).scalar()
        today = today_jst(clock.now()).isoformat()
    office.go("/admin/contracts/")
    office.look("contracts")
    office.follow("髙砂グリーン電力株式会社")
    office.look("contract")
    office.follow("契約を解除する")
    office.press("内容を確認する")
    office.look_at_refusal("terminate-error")
    office.choose("clause", "2.7.2②")
    office.fill({"ground": "2026年11月、利用規約 2.5⑤に当たる行為があった。", "reason": "警告のあとも続いた。"})
    office.look("terminate")
    office.press("内容を確認する")
    office.look("terminate-check")
    office.press("入力に戻って直す")
    assert office.page.locator("[name='ground']").input_value().startswith("2026年11月")
    office.go(f"/admin/contracts/end/?id={number}")
    office.fill({"applied_on": today, "words": "担当者の退職のため"})
    office.press("内容を確認する")
    office.look("end-check")
    office.press("契約を終了する")
    assert "利用契約を終了しました" in office.page.locator(".flashes").inner_text()
    office.look("ended")
    text = site.postbox.wait_for("desk@takasago.example.jp", "終了が完了しました")
    assert "議決権" in text
    office.follow("書面で契約を結ぶ")
    office.fill({"formed_on": today})
    office.look("form")
    office.press("内容を確認する")
    office.look("form-check")
    office.press("契約を記録する")
    office.look("formed")
    assert "第1版" in site.postbox.wait_for("desk@takasago.example.jp", "利用契約を結びました")


def test_roster_numbers_are_changed_as_a_list(site: Site, person: MakePerson) -> None:
    with site.app.app_context():
        make = Factory(site.app)
        members = [make.member() for _ in range(3)]
        codes = [member.operator_code for member in members]
        first = as_staff(person, make, "小林 恵", Role.OPERATOR)
        second = as_staff(person, make, "高橋 直樹")
    first.go("/admin/roster/")
    first.follow("名簿番号を一覧で変える")
    first.look("propose")
    first.fill({"lines": f"99999,1\n{codes[0]},900\n{codes[1]}", "reason": "理事会（11月）の決定による。"})
    first.press("内容を確認する")
    first.look_at_refusal("propose-faults")
    first.fill({"lines": f"{codes[0]},900\n{codes[1]},901"})
    first.press("内容を確認する")
    first.look("propose-check")
    first.press("承認を依頼する")
    first.look("proposal")
    second.go("/admin/?tab=second")
    second.look("second")
    second.follow("名簿番号の変更案")
    second.look("apply")
    second.press("承認して名簿番号を反映する")
    second.look("applied")
    second.go("/admin/roster/")
    second.look("roster")


def test_an_assembly_is_registered_and_cancelled(site: Site, person: MakePerson) -> None:
    with site.app.app_context():
        make = Factory(site.app)
        office = as_staff(person, make, "小林 恵")
        held_on = (today_jst(clock.now()) + timedelta(days=20)).isoformat()
    office.go("/admin/assemblies/")
    office.look("none")
    office.follow("総会を登録する")
    office.press("内容を確認する")
    office.look_at_refusal("new-error")
    office.choose("kind", "ORDINARY")
    office.fill({"no": "1", "held_on": held_on, "held_time": "13:30", "place": "東京都千代田区"})
    office.press("内容を確認する")
    office.look("new-check")
    office.press("総会を登録する")
    office.look("assembly")
    office.follow("内容を変更する")
    office.look("edit")
    office.go("/admin/assemblies/")
    office.look("assemblies")
    office.open("main table tbody a")
    office.follow("中止する")
    office.look("cancel")
    office.fill({"reason": "会場の都合による。"})
    office.press("中止する")
    office.look("cancelled")


def test_the_worklist_by_keyboard(site: Site, person: MakePerson) -> None:
    with site.app.app_context():
        make = Factory(site.app)
        cases = [submitted(make, at=clock.now() - timedelta(days=days)) for days in (9, 7, 5)]
        office = as_staff(person, make, "小林 恵", Role.OPERATOR)
    office.go("/admin/")
    office.look("worklist")
    page, listed = office.page, office.page.locator("[data-queue]")
    page.keyboard.press("j")
    assert page.locator("tr.here").count() == 0
    listed.focus()
    for key in ("j", "j", "j", "k"):
        page.keyboard.press(key)
    assert page.locator("tr.here a").get_attribute("href") == f"/admin/applications/details/?id={cases[1].id}"
    office.look("worklist-here")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.url.endswith(f"details/?id={cases[1].id}")
    office.go("/admin/")
    listed.focus()
    with page.expect_navigation():
        page.keyboard.press("n")
    assert page.url.endswith(f"details/?id={cases[0].id}")
    office.go("/admin/")
    page.get_by_role("button", name="キー操作を使わない").click()
    office.go("/admin/")
    listed.focus()
    page.keyboard.press("j")
    assert page.locator("tr.here").count() == 0
    page.get_by_role("button", name="キー操作を使う").click()
    listed.focus()
    page.keyboard.press("j")
    assert page.locator("tr.here").count() == 1
