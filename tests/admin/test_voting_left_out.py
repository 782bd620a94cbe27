"""採決 and what may not be in it: silent desks, mandates whose holder is missing, arrivals that were merged too late."""

from datetime import date, timedelta
from typing import Any

import pytest

from occto import clock
from occto.desk_words import in_seconds
from occto.domain.assembly import AssemblyState
from occto.domain.dates import JST
from occto.domain.reception import ScanOutcome
from occto.domain.replies import Attendance, ProxyKind
from occto.domain.tally import Choice
from occto.domain.tickets import shown_number
from occto.extensions import db
from occto.models import Assembly, Desk
from occto.queries.late_arrivals import late_arrivals
from occto.services.reception import supervising
from occto.services.reception.desks import hear_desk
from occto.unit_of_work import run, unit_of_work
from tests.admin.office import send, staff
from tests.admin.test_voting import decide, decisions, fresh
from tests.assembling import HELD, item
from tests.deciding import record
from tests.factories import Factory
from tests.queries.test_void_votes import ends
from tests.receiving import Door, door
from tests.replying import reply

A, C, S = Attendance, Choice, AssemblyState


@pytest.fixture
def hall(make: Factory) -> Door:
    return door(make, S.VOTING)


def test_desks_that_may_hold_arrivals_are_named_and_ticked(make: Factory, hall: Door, monkeypatch: Any) -> None:
    """On every page where votes are counted or fixed; once the desk was heard, nothing is asked."""
    monkeypatch.setattr(clock, "now", lambda: HELD)
    one = item(hall.held)
    reply(make, hall.held, hall.other, choices={one: C.YES})
    reply(make, hall.held, hall.voter, choices={one: C.YES})
    browser, number = staff(make), hall.held.id
    pages = (f"item/?id={one.id}", f"fix/?id={number}", f"?id={number}")
    assert not any("最後の通信" in browser.get(f"/admin/voting/{page}").text for page in pages)
    with unit_of_work() as session:
        row = session.get_one(Desk, hall.desk.id)
        row.contact_at, row.waiting = HELD - timedelta(minutes=3), 2
    words = f"受付 1番（最後の通信 {in_seconds(HELD - timedelta(minutes=3))}、送信待ち 2件）"
    assert all(words in browser.get(f"/admin/voting/{page}").text for page in pages)
    browser.get(f"/admin/voting/decide/?id={one.id}")
    send(browser, "/decide/")
    assert words in browser.text
    assert send(browser, "/decide/", {"confirmed": "y"}) == 200  # the decision can be corrected
    assert words in make.signed_in(hall.chief).get(f"/admin/reception/assembly/?id={number}").text
    browser.get(f"/admin/voting/fix/?id={number}")
    assert send(browser, "/fix/") == 422
    assert "残りがないことを確かめて印を付けてください" in browser.text
    assert words in browser.text
    assert send(browser, "/fix/", {"desks_checked": [str(hall.desk.id)]}) == 200
    assert words in browser.text
    second = hall.another_desk("受付 2番")
    run(hear_desk, second.id, waiting=1, now=HELD)  # one that nobody has ticked
    assert send(browser, "/fix/", {"confirmed": "y"}) == 409
    assert "受付 2番。端末を通信につないで" in browser.text
    run(hear_desk, second.id, waiting=0, now=HELD)
    assert send(browser, "/fix/", {"desks_checked": [str(hall.desk.id)]}) == 200
    assert send(browser, "/fix/", {"confirmed": "y"}) == 200
    assert fresh(number, Assembly).state is S.RESULT_FIXED


def test_a_tick_for_a_desk_that_was_heard_since_is_no_fault(make: Factory, hall: Door, monkeypatch: Any) -> None:
    monkeypatch.setattr(clock, "now", lambda: HELD)
    one = item(hall.held)
    for member in (hall.other, hall.voter):
        reply(make, hall.held, member, choices={one: C.YES})
    browser, number, second = staff(make), hall.held.id, hall.another_desk("受付 2番")
    decide(browser, one)
    for desk in (hall.desk, second):
        run(hear_desk, desk.id, waiting=1, now=HELD)
    browser.get(f"/admin/voting/fix/?id={number}")
    run(hear_desk, hall.desk.id, waiting=0, now=HELD)
    assert send(browser, "/fix/", {"desks_checked": [str(hall.desk.id), str(second.id)]}) == 200
    run(hear_desk, second.id, waiting=0, now=HELD)
    assert send(browser, "/fix/", {"confirmed": "y"}) == 200
    assert fresh(number, Assembly).state is S.RESULT_FIXED


def test_mandates_whose_holder_is_missing_stand_in_one_line(make: Factory, hall: Door) -> None:
    """How many, what becomes of them by the rule of the assembly, and nothing once somebody of the holder is there."""
    one, browser = item(hall.held), staff(make)
    page, words = f"/admin/voting/item/?id={one.id}", "委任先の会員が会場にいないもの：1社（1票）。"
    mandate = {"proxy_kind": ProxyKind.MEMBER, "proxy_member_id": hall.other.id, "proxy_name": None}
    assert "委任先の会員が" not in browser.get(page).text
    reply(make, hall.held, hall.voter, A.PROXY, **mandate)
    rest = "この議案の票数には数えません。委任先の会員の方が入場すると数えます。定足数には数えます。"
    assert f"{words}{rest}" in browser.get(page).text
    reply(make, hall.held, hall.voter, A.PROXY, choices={one: C.NO}, **mandate)
    rest = "うち 1社（1票）は、委任に添えられた賛否で数えます。定足数には数えます。"
    assert f"{words}{rest}" in browser.get(page).text
    entered = hall.show(hall.ticket(hall.other, voting=False)).entered
    assert entered is not None
    assert "委任先の会員が" not in browser.get(page).text
    run(supervising.leave, entered.id, actor=hall.supervisor, now=HELD)
    record(one.id, hall.chief.id, floor_choice=C.YES)
    assert decide(browser, one) == 200
    assert "はじめに採決したときに、委任先の会員が会場にいなかったもの：1社（1票）。" in browser.get(page).text


def test_a_mandate_to_a_member_that_has_left_waits_for_nobody(make: Factory, hall: Door, monkeypatch: Any) -> None:
    """Whoever comes of it lets nothing count: the line does not promise it."""
    monkeypatch.setattr(clock, "now", lambda: HELD)
    one, browser = item(hall.held), staff(make)
    page, head = f"/admin/voting/item/?id={one.id}", "委任先の会員が、会員でなくなったもの：1社（1票）。"
    mandate = {"proxy_kind": ProxyKind.MEMBER, "proxy_member_id": hall.other.id, "proxy_name": None}
    reply(make, hall.held, hall.voter, A.PROXY, **mandate)
    ends(hall.other, "GEN", date(2026, 12, 1))
    text = browser.get(page).text
    assert f"{head}この議案の票数には数えません。定足数には数えます。" in text
    assert "会場に入ると" not in text
    reply(make, hall.held, hall.voter, A.PROXY, choices={one: C.NO}, **mandate)
    assert f"{head}うち 1社（1票）は、委任に添えられた賛否で数えます。定足数には数えます。" in browser.get(page).text


@pytest.mark.parametrize(("state", "named"), [(S.REPLIES_CLOSED, False), (S.HALL_OPEN, True)])
def test_nobody_is_missed_before_the_doors_open(make: Factory, state: AssemblyState, *, named: bool) -> None:
    hall = door(make, state)
    one = item(hall.held)
    reply(
        make,
        hall.held,
        hall.voter,
        A.PROXY,
        proxy_kind=ProxyKind.MEMBER,
        proxy_member_id=hall.other.id,
        proxy_name=None,
    )
    assert ("委任先の会員が会場にいないもの" in staff(make).get(f"/admin/voting/item/?id={one.id}").text) is named


def test_arrivals_that_came_in_after_the_count_are_named_until_it_is_corrected(
    make: Factory, hall: Door, monkeypatch: Any
) -> None:
    """By the clock of the desk they were there: on the item's page, at the reception, before the result is fixed."""
    monkeypatch.setattr(clock, "now", lambda: HELD)
    one, browser, number = item(hall.held), staff(make), hall.held.id
    reply(make, hall.held, hall.other, choices={one: C.YES})
    record(one.id, hall.chief.id, floor_choice=C.YES)
    assert decide(browser, one) == 200
    before, after = HELD - timedelta(minutes=2), HELD + timedelta(minutes=3)
    hall.show(hall.ticket(), offline=True, device_at=before, now=after)
    hall.show(hall.ticket(hall.other, name="あと から", voting=False), offline=True, device_at=after, now=after)
    monkeypatch.setattr(clock, "now", lambda: after)
    run(hear_desk, hall.desk.id, waiting=0, now=after)
    supervisor = make.signed_in(hall.chief)
    pages = {
        browser: (f"/admin/voting/item/?id={one.id}", f"/admin/reception/assembly/?id={number}"),
        supervisor: (f"/admin/reception/assembly/?id={number}",),
    }

    def named() -> set[bool]:
        found = [who.get(page).text for who, several in pages.items() for page in several]
        for text in found:
            assert "あと から" not in text.partition('id="late"')[2].partition("</section>")[0]
        return {'id="late"' in text and "「採決を訂正する」" in text and "佐藤 美咲" in text for text in found}

    assert named() == {True}
    browser.get(f"/admin/voting/fix/?id={number}")
    send(browser, "/fix/")
    assert "採決の票数と定足数に入っていません：第1号議案。" in browser.text
    assert decide(browser, one, reason="受付の端末から、あとで届いたため") == 200
    assert [(made.yes, made.against) for made in decisions()] == [(1, 0), (2, 0)]
    assert all('id="late"' not in who.get(page).text for who, several in pages.items() for page in several)
    browser.get(f"/admin/voting/fix/?id={number}")
    send(browser, "/fix/")
    assert "第1号議案。入れるときは" not in browser.text


@pytest.mark.parametrize(
    ("state", "way"),
    [
        (S.VOTING, "入れるときは、議案の画面の「採決を訂正する」"),
        (S.RESULT_FIXED, "入れるときは、「結果を訂正する」で採決に戻したうえで、議案の画面の「採決を訂正する」"),
        (S.PUBLISHED, "入れるときは、「結果を訂正する」で採決に戻したうえで、議案の画面の「採決を訂正する」"),
        (S.FINISHED, ""),
    ],
)
def test_late_arrivals_are_named_with_the_way_that_the_flow_still_has(
    make: Factory, hall: Door, monkeypatch: Any, state: S, way: str
) -> None:
    monkeypatch.setattr(clock, "now", lambda: HELD)
    one, browser = item(hall.held), staff(make)
    record(one.id, hall.chief.id, floor_choice=C.NO)
    assert decide(browser, one) == 200
    hall.show(hall.ticket(), offline=True, device_at=HELD - timedelta(minutes=2), now=HELD + timedelta(minutes=3))
    with unit_of_work() as session:
        session.get_one(Assembly, hall.held.id).state = state
    for page in (f"reception/assembly/?id={hall.held.id}", f"voting/item/?id={one.id}"):
        late = browser.get(f"/admin/{page}").text.partition('id="late"')[2].partition("</section>")[0]
        assert "佐藤 美咲" in late
        assert ("入れるときは" in late) is bool(way)
        assert (way if "reception" in page else way.replace("議案の画面の", "")) in late


def test_what_was_undone_or_had_left_is_not_late(make: Factory, hall: Door, monkeypatch: Any) -> None:
    monkeypatch.setattr(clock, "now", lambda: HELD)
    one, browser = item(hall.held), staff(make)
    record(one.id, hall.chief.id, floor_choice=C.NO)
    assert decide(browser, one) == 200
    undone = hall.show(
        hall.ticket(), offline=True, device_at=HELD - timedelta(minutes=2), now=HELD + timedelta(minutes=3)
    )
    assert undone.entered is not None
    rows = late_arrivals(db.session(), hall.held.id)
    assert [(row.name, row.voting, row.votes, row.item_no, row.desk) for row in rows] == [
        ("佐藤 美咲", True, 1, 1, "受付 1番")
    ]
    assert late_arrivals(db.session(), hall.held.id, item_id=one.id + 1) == []
    run(supervising.undo, undone.entered.id, reason="人違い", actor=hall.supervisor, now=HELD + timedelta(minutes=4))
    db.session.rollback()
    assert late_arrivals(db.session(), hall.held.id) == []


def test_the_hint_on_a_clash_leads_into_the_count(make: Factory, hall: Door, monkeypatch: Any) -> None:
    """A desk that was cut off read somebody before the vote, another one read the same person on line after it.

    While the later check-in stands, what is entered from paper is 受付済み; the exit first, and a correction counts it.
    """
    monkeypatch.setattr(clock, "now", lambda: HELD)
    one, browser, number = item(hall.held), staff(make), hall.held.id
    reply(make, hall.held, hall.other, choices={one: C.YES})
    record(one.id, hall.chief.id, floor_choice=C.YES)
    assert decide(browser, one) == 200
    ticket, before, after = hall.ticket(), HELD - timedelta(minutes=2), HELD + timedelta(minutes=3)
    entered = hall.show(ticket, desk=hall.another_desk("受付 2番"), now=HELD + timedelta(minutes=2)).entered
    assert entered is not None
    assert hall.show(ticket, offline=True, device_at=before, now=after).outcome is ScanOutcome.ALREADY
    monkeypatch.setattr(clock, "now", lambda: after)
    supervisor = make.signed_in(hall.chief)
    hint = supervisor.get(f"/admin/reception/assembly/?id={number}").text.partition("一致しなかったもの")[2]
    first, link = hint.find("先に退出を記録し"), hint.find(f'href="/admin/blackout/?id={number}"')
    assert 0 < first < link < hint.find("「紙の控えを入力する」")
    supervisor.get(f"/admin/reception/leave/?id={entered.id}")
    assert send(supervisor, "/leave/", {"confirmed": "y"}) == 200
    supervisor.get(f"/admin/blackout/enter/?id={number}")
    send(supervisor, "/enter/", {"lines": f"{shown_number(ticket.number)} {before.astimezone(JST):%H:%M}"})
    assert send(supervisor, "/enter/", {"confirmed": "y"}) == 200
    assert "1名を受け付けました。" in supervisor.text
    db.session.rollback()
    assert [row.name for row in late_arrivals(db.session(), number)] == ["佐藤 美咲"]
    assert decide(browser, one, reason="通信のない間に受け付けていたため") == 200
    assert [(made.yes, made.against) for made in decisions()] == [(1, 0), (2, 0)]
