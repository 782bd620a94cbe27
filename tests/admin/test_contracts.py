"""利用契約 from the page to the database: entry, check page, act; membership is not touched."""

from occto import clock
from occto.domain.dates import today_jst
from occto.domain.permissions import Role
from tests.admin.office import contract, send, staff, unchanged
from tests.factories import Factory
from tests.observing import everything


def test_a_contract_is_ended_after_a_look_at_what_follows(make: Factory) -> None:
    member, user = make.member(), make.user()
    make.affiliate(user, member)
    browser = staff(make)
    browser.get(f"/admin/contracts/?q={member.operator_code}")
    assert "契約中" in browser.text
    browser.get(f"/admin/contracts/details/?id={contract(member).id}")
    browser.get(f"/admin/contracts/end/?id={contract(member).id}")
    today = today_jst(clock.now())
    before = everything()
    assert send(browser, "/end/", {"applied_on": today.isoformat(), "words": "担当者の退職"}) == 200
    assert "まだ何も記録していません" in browser.text
    assert "議決権、加入証跡は変わりません" in browser.text
    assert unchanged(before)
    assert send(browser, "/end/", {"again": "y"}) == 200
    assert "担当者の退職</textarea>" in browser.text
    send(browser, "/end/")
    send(browser, "/end/", {"confirmed": "y"})
    assert browser.path == "/admin/contracts/details/"
    assert "利用契約を終了しました。" in browser.text
    assert "紙対応" in browser.text
    assert contract(member).end_reason == "担当者の退職"
    browser.get("/admin/contracts/?state=PAPER")
    assert member.current_name in browser.text
    browser.get("/admin/contracts/?state=LIVE")
    assert member.current_name not in browser.text


def test_a_contract_is_terminated_only_from_its_second_page(make: Factory) -> None:
    member = make.member()
    number = contract(member).id
    browser = staff(make)
    browser.get(f"/admin/contracts/terminate/?id={number}")
    before = everything()
    assert send(browser, "/terminate/", {"clause": "2.7.1", "ground": "事実"}) == 422
    assert "事実</textarea>" in browser.text
    values = {"clause": "2.7.2②", "ground": "2.5⑤の行為", "reason": "警告後も続いた"}
    assert send(browser, "/terminate/", values) == 200
    assert unchanged(before)
    send(browser, "/terminate/", {"confirmed": "y"})
    assert "お知らせを郵送してください" in browser.text
    assert contract(member).end_clause == "2.7.2②"
    assert "利用規約 2.7.2②" in browser.text


def test_an_ended_contract_is_said_to_be_ended(make: Factory) -> None:
    member = make.member()
    number = contract(member).id
    browser, other = staff(make), staff(make)
    values = {"applied_on": today_jst(clock.now()).isoformat()}
    for one in (browser, other):
        one.get(f"/admin/contracts/end/?id={number}")
        send(one, "/end/", values)
    send(browser, "/end/", {"confirmed": "y"})
    assert send(other, "/end/", {"confirmed": "y"}) == 409
    assert "この利用契約は、すでに終了しています" in other.text


def test_a_contract_is_formed_on_paper_by_an_operator(make: Factory) -> None:
    member = make.member()
    approver, operator = staff(make), staff(make, Role.OPERATOR)
    approver.get(f"/admin/contracts/end/?id={contract(member).id}")
    today = today_jst(clock.now()).isoformat()
    send(approver, "/end/", {"applied_on": today})
    send(approver, "/end/", {"confirmed": "y"})
    operator.get(f"/admin/contracts/details/?id={contract(member).id}")
    assert f"/admin/contracts/form/?member={member.id}" in operator.text
    assert "/admin/contracts/end/" not in operator.text
    operator.get(f"/admin/contracts/form/?member={member.id}")
    send(operator, "/form/", {"formed_on": today})
    assert "第1版（この日に効力のある版）" in operator.text
    send(operator, "/form/", {"confirmed": "y"})
    assert contract(member).ended_at is None
    assert operator.path == "/admin/contracts/details/"
    assert "書面" in operator.text


def test_operators_end_no_contract(make: Factory) -> None:
    number = contract(make.member()).id
    browser = staff(make, Role.OPERATOR)
    for door in ("end", "terminate"):
        assert browser.get(f"/admin/contracts/{door}/?id={number}").status_code == 403


def test_the_members_page_says_where_it_stands(make: Factory) -> None:
    member, browser = make.member(), staff(make)
    address = f"/admin/members/details/?id={member.id}"
    browser.get(address)
    number = contract(member).id
    assert f'<a href="/admin/contracts/details/?id={number}">契約中</a>' in browser.text
    browser.get(f"/admin/contracts/end/?id={number}")
    send(browser, "/end/", {"applied_on": today_jst(clock.now()).isoformat()})
    send(browser, "/end/", {"confirmed": "y"})
    browser.get(address)
    assert f'<a href="/admin/contracts/details/?id={number}">紙対応</a>' in browser.text
