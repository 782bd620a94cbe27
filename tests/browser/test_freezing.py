"""The votes of an assembly are frozen by two persons, and frozen again for a fact that was known too late."""

import pytest

from occto.domain.assembly import AssemblyState
from occto.domain.permissions import Role
from tests import assembling, changing
from tests.browser.conftest import Site
from tests.browser.test_joining import MakePerson
from tests.browser.test_office import as_staff
from tests.factories import Factory
from tests.freezing import BEFORE, moved, sanction

pytestmark = [pytest.mark.browser]


def test_votes_are_frozen_and_frozen_again(site: Site, person: MakePerson) -> None:
    with site.app.app_context():
        make = Factory(site.app)
        parent = make.member(name="東都エネルギーホールディングス株式会社", licences=("GTD", "RETAIL", "GEN"))
        child, late = (
            make.member(name="東都小売電気株式会社", licences=("RETAIL",)),
            make.member(name="南風発電株式会社"),
        )
        for number in range(6):
            make.member(name=f"地域電力{number + 1}株式会社", licences=("RETAIL", "GEN"))
        assembling.controls(parent, child)
        user = make.user(email="soukai@tohto.example.jp")
        make.affiliate(user, parent)
        make.change_request(answers=changing.capital(7, on=BEFORE), occurred_on=BEFORE)
        held = assembling.assembly(make, AssemblyState.COUNTING)
        first, second = as_staff(person, make, "小林 恵", Role.OPERATOR), as_staff(person, make, "高橋 直樹")
    first.go(f"/admin/freezing/?id={held.id}")
    first.look("freezing-open")
    first.follow("確認済にする")
    first.press("確認済にする")
    first.look_at_refusal("freezing-mark-error")
    first.page.locator("[name='keys']").first.check()
    first.fill({"reason": "会社に電話で確かめ、基準日より後の増資と分かったため"})
    first.press("確認済にする")
    first.look("freezing-ready")
    first.follow("確定を依頼する")
    first.fill({"reason": "基準日の集計のとおり"})
    first.look("freezing-propose")
    first.press("内容を確認する")
    first.look("freezing-propose-check")
    first.press("確定を依頼する")
    first.look("freezing-proposed")
    second.go("/admin/?tab=second")
    second.follow("議決権の確定")
    second.look("freezing-confirm")
    second.press("確認して行う")
    assert "依頼の内容を行いました" in second.page.locator(".flashes").inner_text()
    second.go("/admin/proposals/")
    second.look("proposals")
    with site.app.app_context():
        moved(held.id, AssemblyState.REPLIES_OPEN)
        sanction(late)
    first.go(f"/admin/freezing/?id={held.id}")
    first.look("freezing-late")
    first.follow("取扱いを決める")
    first.choose("outcome", "REFREEZE")
    first.fill({"reason": "理事会の決定が、確定のあとに届いたため"})
    first.look("freezing-late-form")
    first.press("内容を確認する")
    first.look("freezing-late-check")
    first.press("確認を依頼する")
    second.go("/admin/?tab=second")
    second.follow("議決権の再確定")
    second.look("freezing-again")
    second.press("確認して行う")
    text = site.postbox.wait_for("soukai@tohto.example.jp", "議決権が変わりました")
    assert "理事会の決定が、確定のあとに届いたため" in text
    first.go(f"/admin/freezing/?id={held.id}")
    first.look("freezing-frozen-again")
