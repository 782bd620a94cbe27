"""審査 of change requests and the office's entries in a real browser, each page at both widths."""

from datetime import date, timedelta
from typing import Any

import pytest

from occto import clock
from occto.domain.codes import Channel
from occto.domain.dates import today_jst
from occto.domain.permissions import Role
from occto.extensions import db
from tests.browser.conftest import Person, Site
from tests.browser.test_joining import MakePerson
from tests.browser.test_office import as_staff
from tests.changing import (
    add_file,
    capital,
    give_back,
    relation_added,
    relations,
    renamed,
    save,
    send,
    submitted,
)
from tests.factories import Factory, corporate_number
from tests.registering import assembly

pytestmark = [pytest.mark.browser]


def _returned_once(make: Factory, *, today: date) -> tuple[int, str]:
    """A request about name, capital and a parent, in its second revision; its row number, and the parent's name."""
    parent = make.member(name="大和川電力株式会社", licences=("RETAIL",))
    member = make.member(name="北浜エネルギー販売株式会社", licences=("RETAIL",))
    number, soon = corporate_number(int(parent.operator_code)), today + timedelta(days=10)
    asked: dict[Any, Any] = {
        **renamed("北浜エネルギー株式会社", on=soon, kana="キタハマエネルギー"),
        **capital(150_000_000, on=soon),
        **relations(relation_added(number, on=today, name="大和川電力株式会社", is_member="YES")),
    }
    change = submitted(make, asked, member=member, at=clock.now(), occurred_on=today - timedelta(days=32))
    give_back(change, reason="資本金の証明書を添えてください。")
    save(change, capital(160_000_000, on=soon))
    add_file(change, "capital")
    send(change)
    return change.id, "大和川電力株式会社"


def test_a_request_is_reviewed_returned_and_approved(site: Site, person: MakePerson) -> None:
    today = today_jst(clock.now())
    with site.app.app_context():
        make = Factory(site.app)
        number, parent = _returned_once(make, today=today)
        assembly(today + timedelta(days=20))
        operator = as_staff(person, make, "高橋 直樹", Role.OPERATOR)
        approver = as_staff(person, make, "小林 恵")
        db.session.remove()
    operator.go("/admin/changes/")
    operator.look("changes")
    operator.go(f"/admin/changes/details/?id={number}")
    operator.look("change")
    text = operator.page.inner_text("main")
    assert "届出まで 32日かかっています" in text
    assert parent in text
    operator.choose("verdict_name", "FINE")
    operator.choose("verdict_capital", "REMARK")
    operator.press("確認を記録する")
    operator.look_at_refusal("marks-error")
    operator.page.locator("[name='words_capital']").fill("登記の写しを添えてください。")
    operator.press("記録して差戻しの確認へ進む")
    operator.look("return")
    operator.go(f"/admin/changes/details/?id={number}")
    operator.look("marked")
    for door in ("hold", "split", "remark", "check"):
        operator.go(f"/admin/changes/{door}/?id={number}")
        operator.look(door)
    operator.press("確認済みにして承認へ回す")
    operator.look("checked")
    approver.go(f"/admin/changes/details/?id={number}")
    approver.look("second-person")
    approver.follow("承認する")
    approver.look("approve")
    approver.press("承認する")
    approver.look("approved")


def _start(operator: Person, kind: str, member: int, values: dict[str, str]) -> None:
    operator.go(f"/admin/entries/new/?kind={kind}&member={member}")
    operator.look(f"new-{kind}")
    operator.fill(values)


def test_the_office_enters_paper_a_correction_and_a_succession(site: Site, person: MakePerson) -> None:
    today = today_jst(clock.now())
    day = today.isoformat()
    with site.app.app_context():
        make = Factory(site.app)
        member = make.member(name="大崎町バイオマス発電合同会社", licences=("GEN", "AGG")).id
        make.member(name="大崎電力ホールディングス株式会社", licences=("RETAIL",))
        submitted(make, renamed(), channel=Channel.PAPER)
        operator = as_staff(person, make, "高橋 直樹", Role.OPERATOR)
        db.session.remove()
    operator.go("/admin/entries/?q=大崎")
    operator.look("entries")
    before = (today - timedelta(days=1)).isoformat()  # at any hour of the day half past nine of yesterday is over
    _start(operator, "paper", member, {"received_on": before, "received_time": "9:30", "occurred_on": before})
    for part in ("company", "licences", "relations"):
        operator.choose("parts", part)
    operator.press("入力を始める")
    operator.look("paper")
    number = operator.page.url.split("id=")[1]
    for path in ("part/?part=company&", "part/?part=licences&", "row/?part=licences&act=ADD&", "files/?", "check/?"):
        operator.go(f"/admin/entries/{path}id={number}")
        operator.look(path.split("/")[0])
    operator.go(f"/admin/entries/row/?part=relations&act=ADD&id={number}")
    operator.look("relation")
    _start(operator, "correction", member, {"occurred_on": day, "reason": "登記の写しと異なるため"})
    operator.press("入力を始める")
    operator.look("correction")
    operator.follow("登録の訂正・取消し")
    operator.look("standing")
    operator.page.locator("main table tbody tr").first.get_by_role("link").click()
    operator.look("correct")
    operator.choose("act", "CORRECT")
    operator.fill({"value": "大崎バイオマス発電合同会社"})
    operator.press("この内容で加える")
    operator.look("corrected")
    operator.go(f"/admin/entries/check/?id={int(number) + 1}")
    operator.look("check-correction")
    operator.press("この内容で提出する")
    operator.look("submitted")
    _start(operator, "succession", member, {"occurred_on": day, "reason": "吸収合併のため"})
    operator.press("入力を始める")
    operator.follow("合併・承継")
    operator.look("succession")
    operator.page.locator("main [name='q']").fill("ホールディングス")
    operator.open("main button:has-text('探す')")
    operator.look("successors")
