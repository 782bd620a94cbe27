"""出席の状況 as its viewers see it: figures of the rule, no names, nothing written, 304, and only whoever may."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from occto import clock
from occto.domain.assembly import AssemblyState
from occto.domain.permissions import Role
from occto.domain.replies import Attendance
from occto.domain.tally import Choice
from occto.extensions import db
from occto.models import Assembly, AuditEvent, BoardCount, Member
from occto.unit_of_work import unit_of_work
from tests.admin.office import staff
from tests.assembling import assembly, item
from tests.clients import Browser
from tests.deciding import random_hall, seats_of
from tests.factories import Factory
from tests.observing import everything
from tests.receiving import ARRIVAL, Door, door
from tests.replying import reply
from tests.test_statement_counts import counted

A, C = Attendance, Choice


@pytest.fixture(autouse=True)
def every_look_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test waits for a count to grow old."""
    monkeypatch.setattr("occto.services.board.FRESH", timedelta(0))


def path(held: Assembly, more: str = "") -> str:
    return f"/reception/{held.id}/board{more}"


def scene(make: Factory) -> Door:
    found = door(make)
    one = item(found.held, 1, title="予算の件")
    item(found.held, 2, title="取り下げた件", withdrawn_at=found.held.held_at, withdrawn_reason="撤回")
    reply(make, found.held, found.other, choices={one: C.YES})
    return found


def test_the_big_screen_shows_quorum_groups_and_who_is_here(make: Factory) -> None:
    found = scene(make)
    browser = staff(make)
    text = browser.get(path(found.held)).text
    for words in ("定足数を満たしています", "<b>1社</b> 出席 ≧ <b>1社</b> 必要", "会場にいる方 <b>0名</b>"):
        assert words in text, words
    found.show(found.ticket())
    text = browser.get(path(found.held)).text
    assert "議決権を行使する方 1名" in text
    assert "議長の画面" in text
    assert text.count('<svg class="chart"') == 2
    assert "最新の状況にする" in text


def test_the_chairs_view_says_what_is_missing(make: Factory) -> None:
    found = scene(make)
    browser = staff(make)
    found.show(found.ticket())
    assert "会場の賛否の記録" not in browser.get(path(found.held, "?view=chair")).text, (
        "nothing is recorded before 採決"
    )
    with unit_of_work() as session:
        session.get_one(Assembly, found.held.id).state = AssemblyState.VOTING
    text = browser.get(path(found.held, "?view=chair")).text
    for words in ("予算の件", "未採決", "会場の賛否の記録", "取下げ", "まだ採決していない議案が 1件あります（第1号）"):
        assert words in text, words
    assert "予算の件" not in browser.get(path(found.held)).text


def test_too_few_are_said_in_words(make: Factory) -> None:
    found = door(make)
    text = staff(make).get(path(found.held)).text
    assert "定足数に足りません" in text
    assert "あと <b>1社</b>" in text


def test_figures_only_and_no_names(make: Factory) -> None:
    found = scene(make)
    found.show(found.ticket())
    names = set(db.session.scalars(select(Member.current_name).order_by(Member.id)))
    browser = staff(make)
    for more in ("", "?view=chair", "/counts"):
        text = browser.get(path(found.held, more)).text
        assert not [name for name in (*names, "佐藤 美咲", "受付 1番") if name in text]


@pytest.mark.parametrize("seed", [2, 7])
def test_the_json_is_a_recount_from_rows(make: Factory, seed: int) -> None:
    """The figures that the screens show are those of the pure rule, over rows read one by one."""
    from occto import clock
    from occto.domain.assembly_settings import read_settings
    from occto.domain.dates import today_jst
    from occto.domain.hall import exercises, present

    found, _items = random_hall(make, seed)
    settings = read_settings(found.held.settings)
    seats = seats_of(found.held, day=today_jst(clock.now()))
    shown: dict[str, Any] = staff(make).get(path(found.held, "/counts")).json
    expected = present(seats, no_show=settings.no_show)
    assert {one["basis"]: one["present"] for one in shown["quorum"]} == expected
    for name, figures in shown["all"].items():
        if name in ("NOT_YET", "LEFT", "WHOLE"):
            continue
        acting = [seat for seat in seats if exercises(seat, no_show=settings.no_show) == name]
        assert figures["votes"] == sum(seat.votes for seat in acting)


def test_a_poll_is_cheap_and_writes_nothing_where_nothing_changed(
    make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("occto.services.board.FRESH", timedelta(minutes=1))
    found = scene(make)
    browser = staff(make)
    first = browser.client.get(path(found.held, "/counts?unattended=1"))
    etag = {"If-None-Match": first.headers["ETag"]}
    before = everything()
    with counted(make.app) as statements:
        answers = [browser.client.get(path(found.held, "/counts?unattended=1"), headers=etag) for _ in range(50)]
    assert {answer.status_code for answer in answers} == {304}
    assert all(int(answer.headers["X-Count-Age"]) < 60_000 for answer in answers)
    assert len(statements) == 3 * 50, statements[:4]
    assert everything() == before


def test_the_etag_changes_with_counts_settings_and_state(make: Factory) -> None:
    found = scene(make)
    browser = staff(make)
    seen = {browser.client.get(path(found.held, "/counts")).headers["ETag"] for _ in range(2)}
    assert len(seen) == 1
    found.show(found.ticket())
    seen.add(browser.client.get(path(found.held, "/counts")).headers["ETag"])
    with unit_of_work() as session:
        session.get_one(Assembly, found.held.id).state = AssemblyState.VOTING
    seen.add(browser.client.get(path(found.held, "/counts")).headers["ETag"])
    with unit_of_work() as session:
        row = session.get_one(Assembly, found.held.id)
        row.settings = row.settings | {"quorum_basis": "VOTES", "quorum_source": "定款 第25条"}
    seen.add(browser.client.get(path(found.held, "/counts")).headers["ETag"])
    assert len(seen) == 4


def test_only_whoever_may_see_it(make: Factory) -> None:
    found = scene(make)
    assert Browser(make.app).client.get(path(found.held)).status_code == 303
    user, member = make.user(), make.member()
    make.affiliate(user, member)
    assert make.signed_in(user, member=member).client.get(path(found.held)).status_code == 403
    assert staff(make, Role.SYSTEM).client.get(path(found.held)).status_code == 403
    assert staff(make, Role.RECEPTION).client.get(path(found.held)).status_code == 200


def test_a_desk_sees_the_board_of_its_own_assembly_alone(make: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: ARRIVAL)
    at_door = door(make)
    other = assembly(make)
    client = at_door.browser().client
    assert client.get(path(at_door.held)).status_code == 200
    assert client.get(path(at_door.held, "/counts")).status_code == 200
    assert client.get(path(other)).status_code == 404
    assert client.get(path(other, "/counts")).status_code == 404


def test_before_the_freeze_the_page_says_so(make: Factory) -> None:
    held = assembly(make, AssemblyState.COUNTING)
    browser = staff(make)
    assert "議決権がまだ確定していない" in browser.get(path(held)).text
    assert browser.client.get(path(held, "/counts")).status_code == 404
    assert db.session.scalars(select(BoardCount)).all() == []


@pytest.mark.parametrize("number", ["0", "9223372036854775808", "9" * 400])
def test_hostile_numbers_are_not_found(make: Factory, number: str) -> None:
    browser = staff(make)
    for more in ("", "/counts", "?view=%00%ff&view=chair"):
        assert browser.client.get(f"/reception/{number}/board{more}").status_code == 404


def test_hostile_words_in_the_address_change_nothing(make: Factory) -> None:
    found = scene(make)
    browser = staff(make)
    for query in ("view=" + "長" * 100_000, "view=%00", "view=%ed%a0%80", "view=a&view=chair"):
        answer = browser.client.get(path(found.held, f"?{query}"), headers={"If-None-Match": '"\\x00"'})
        assert answer.status_code in (200, 414)
    assert db.session.scalars(select(AuditEvent.id).where(AuditEvent.tag == "board")).all() == []


def test_a_rehearsal_says_so(make: Factory) -> None:
    found = scene(make)
    real = assembly(make)
    with unit_of_work() as session:
        session.execute(update(Assembly).where(Assembly.id == found.held.id).values(rehearsal_of_id=real.id))
    assert "リハーサル" in staff(make).get(path(found.held)).text
