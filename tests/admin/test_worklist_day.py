"""今日の仕事 on the day of an assembly: what is still to be done, from the tasks of the assembly itself."""

import re
from datetime import timedelta
from typing import Any

import pytest

from occto import clock
from occto.domain.assembly import AssemblyState
from occto.domain.permissions import Role
from occto.domain.tickets import PRACTICE_TOKEN
from occto.models import Assembly
from occto.unit_of_work import unit_of_work
from occto.worker import note_kits
from tests import resulting
from tests.admin.counting import statements
from tests.assembling import HELD, item
from tests.clients import Browser
from tests.factories import Factory
from tests.receiving import Device, Door, door

S = AssemblyState


def _at(scene: Door, **values: Any) -> None:
    with unit_of_work() as session:
        row = session.get_one(Assembly, scene.held.id)
        for name, value in values.items():
            setattr(row, name, value)


def _state_of(browser: Browser, words: str) -> str:
    """What stands beside a task of the day on the front page; empty where it is not listed."""
    text = browser.get("/admin/").get_data(as_text=True)
    found = re.search(rf"{words}(?:</a>)?(?:<small>[^<]*</small>)?\s*</span>\s*<span[^>]*>([^<]+)</span>", text)
    return found[1] if found else ""


@pytest.fixture
def scene(make: Factory, monkeypatch: pytest.MonkeyPatch) -> Door:
    monkeypatch.setattr(clock, "now", lambda: HELD)
    return door(make, S.REPLIES_CLOSED)


def test_from_three_days_before_it_until_it_is_finished(
    make: Factory, scene: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = make.signed_in(make.staff(Role.OPERATOR))
    for days, shown in ((4, False), (3, True), (0, True)):
        monkeypatch.setattr(clock, "now", lambda days=days: HELD - timedelta(days=days))
        browser = make.signed_in(make.staff(Role.OPERATOR))
        assert ("総会の当日と結果：" in browser.get("/admin/").text) is shown
    _at(scene, state=S.FINISHED)
    assert "総会の当日と結果：" not in browser.get("/admin/").text


def test_a_rehearsal_is_no_work_of_the_day(make: Factory, scene: Door) -> None:
    copied = make.user() and door(make, S.NOTIFIED, no=9, held_at=HELD + timedelta(days=30), desk_name="受付 9番").held
    _at(scene, rehearsal_of_id=copied.id)
    assert "総会の当日と結果：" not in make.signed_in(make.staff(Role.OPERATOR)).get("/admin/").text


def test_what_is_done_follows_the_records(make: Factory, scene: Door) -> None:
    browser = make.signed_in(make.staff(Role.OPERATOR, Role.APPROVER))
    tried = "練習用のコードで、端末の読み取りを確かめる"
    assert (_state_of(browser, "受付の端末を接続する"), _state_of(browser, tried)) == ("完了", "未了")
    Device(scene).scan(PRACTICE_TOKEN)
    assert _state_of(browser, tried) == "完了"
    assert _state_of(browser, "当日受付を始める") == "未了"
    one = item(scene.held)
    _at(scene, state=S.VOTING)
    assert "<small>残り 1件</small>" in browser.get("/admin/").text
    assert _state_of(browser, "結果を確定する") == "すべての議案を採決してから"
    resulting.decided(make, one, {})
    assert (_state_of(browser, "すべての議案を採決する"), _state_of(browser, "結果を確定する")) == ("完了", "未了")
    resulting.fixed(make, scene.held, fixed_at=HELD)
    kit = "再計算キットを受け取り、保管する"
    assert (_state_of(browser, kit), _state_of(browser, "議事録を書く")) == ("未了", "未了")
    note_kits()
    assert browser.get(f"/admin/results/export-kit/?id={scene.held.id}").status_code == 200
    assert _state_of(browser, kit) == "完了"
    resulting.fixed(
        make, scene.held, fixed_at=HELD + timedelta(hours=1)
    )  # corrected: that was the kit of another result
    assert _state_of(browser, kit) == "未了"


def test_the_supervisor_of_the_reception_sees_it_without_doors_of_others(make: Factory, scene: Door) -> None:
    _at(scene, state=S.HALL_OPEN)
    item(scene.held)
    text = make.signed_in(scene.chief).get("/admin/").text
    assert "すべての議案を採決する" in text
    assert "/admin/voting/" not in text
    assert f"/admin/reception/assembly/?id={scene.held.id}" in text
    assert "いま行っていただく仕事はありません" not in text


def test_an_assembly_near_its_day_takes_four_statements(make: Factory, scene: Door) -> None:
    browser = make.signed_in(make.staff(Role.OPERATOR))
    _at(scene, state=S.FINISHED)
    numbers = []
    for state in (S.FINISHED, S.VOTING):
        _at(scene, state=state)
        with statements() as seen:
            browser.get("/admin/")
        numbers.append(len(seen))
    assert numbers[0] <= 6
    assert numbers[1] <= numbers[0] + 4
