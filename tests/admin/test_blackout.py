"""停電パック: what is in it, for whom; and the sheets entered afterwards."""

from datetime import timedelta
from io import BytesIO

import pytest
from pypdf import PdfReader
from sqlalchemy import func, select

from occto import clock
from occto.domain.assembly import AssemblyState
from occto.domain.assembly_settings import AssemblySettings, NoShow
from occto.domain.dates import JST, end_of_day_exclusive, start_of_day, today_jst
from occto.domain.permissions import Role
from occto.domain.replies import Attendance
from occto.domain.tally import Choice
from occto.domain.tickets import TicketKind, shown_number
from occto.extensions import db
from occto.models import AccessEvent, AuditEvent, CheckIn
from tests.admin.office import send, staff
from tests.assembling import item
from tests.factories import Factory
from tests.receiving import Door, door
from tests.replying import reply


@pytest.fixture
def at_door(make: Factory) -> Door:
    now = clock.now()
    held_at = min(now + timedelta(minutes=5), end_of_day_exclusive(today_jst(now)) - timedelta(seconds=1))
    return door(make, held_at=held_at, reply_until=None)


def _pack(scene: Door, role: Role = Role.APPROVER) -> str:
    browser = staff(scene.make, role)
    answer = browser.get(f"/admin/blackout/pack/?id={scene.held.id}")
    assert answer.status_code == 200
    assert answer.mimetype == "application/pdf"
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(answer.data)).pages)


def test_the_pack_has_the_roll_with_votes_replies_choices_and_numbers(at_door: Door) -> None:
    one = item(at_door.held, title="予算の件")
    item(at_door.held, 2, title="関係する件", conflict=(at_door.other,))
    reply(at_door.make, at_door.held, at_door.voter, choices={one: Choice.NO})
    ticket = at_door.ticket(at_door.other, name="藤本 悠", seat="C-12")
    at_door.ticket(kind=TicketKind.OFFICIAL, member_id=None, voting=False, name="役所 次郎")
    text = _pack(at_door)
    for words in (
        at_door.voter.current_name,
        "事前行使",
        "反",
        shown_number(ticket.number),
        "藤本 悠",
        "C-12",
        "役所 次郎",
        "第1号議案　予算の件",
        "第2号議案　関係する件",
        "普通決議",
    ):
        assert words in text, words
    assert f"{at_door.other.current_name}（1票）" in text.replace("\n", "")


def test_that_it_left_is_on_record(at_door: Door) -> None:
    _pack(at_door)
    db.session.rollback()
    assert db.session.scalars(select(AccessEvent.screen).where(AccessEvent.screen == "blackout.pack")).all()
    assert db.session.scalars(select(AuditEvent.tag).where(AuditEvent.tag == "list.exported")).all()


@pytest.mark.parametrize(("role", "status"), [(Role.OPERATOR, 403), (Role.RECEPTION, 403), (Role.SYSTEM, 403)])
def test_choices_are_for_those_who_may_see_them(at_door: Door, role: Role, status: int) -> None:
    browser = staff(at_door.make, role)
    assert browser.get(f"/admin/blackout/pack/?id={at_door.held.id}").status_code == status


def test_before_the_freeze_there_is_nothing_to_print(make: Factory) -> None:
    scene = door(make, AssemblyState.COUNTING)
    assert staff(make).get(f"/admin/blackout/pack/?id={scene.held.id}").status_code == 404
    for odd in ("0", "x", "9" * 30, ""):
        assert staff(make).get(f"/admin/blackout/pack/?id={odd}").status_code == 404


class TestSheets:
    def test_entered_on_a_check_page_and_told_line_by_line(self, at_door: Door) -> None:
        ticket = at_door.ticket()
        now = clock.now()
        at = max(now - timedelta(minutes=2), start_of_day(today_jst(now))).astimezone(JST)
        browser = at_door.make.signed_in(at_door.chief)
        browser.get(f"/admin/blackout/enter/?id={at_door.held.id}")
        wrong = shown_number(9998)
        send(browser, "/enter/", {"lines": f"{shown_number(ticket.number)} {at:%H:%M}\n{wrong} {at:%H:%M}"})
        assert "この総会に受付票がない番号が 1件あります" in browser.text
        assert db.session.scalar(select(func.count()).select_from(CheckIn)) == 0
        send(browser, "/enter/", {"confirmed": "y"})
        assert browser.path == "/admin/blackout/entered/"
        assert "1名を受け付けました。" in browser.text
        assert "受付できません（不明）" in browser.text
        db.session.rollback()
        entry = db.session.scalars(select(CheckIn)).one()
        assert entry.entered_at == at.replace(second=0, microsecond=0)

    def test_a_line_that_cannot_be_read_is_told_and_nothing_is_lost(self, at_door: Door) -> None:
        browser = at_door.make.signed_in(at_door.chief)
        browser.get(f"/admin/blackout/enter/?id={at_door.held.id}")
        assert send(browser, "/enter/", {"lines": "なにか"}) == 422
        assert "1行目を読み取れません。" in browser.text
        assert "なにか" in browser.text

    def test_not_by_others(self, at_door: Door) -> None:
        browser = staff(at_door.make)
        assert browser.get(f"/admin/blackout/enter/?id={at_door.held.id}").status_code == 403
        browser.get(f"/admin/blackout/?id={at_door.held.id}")
        assert "入力できるのは、受付責任者の方です。" in browser.text


def test_printed_during_the_day_nobody_counts_twice(at_door: Door) -> None:
    """Whoever has come votes on the floor: its advance vote is out of the sums, and the row says so."""
    one = item(at_door.held, title="予算の件")
    for member in (at_door.voter, at_door.other):
        reply(at_door.make, at_door.held, member, choices={one: Choice.NO})
    at_door.show(at_door.ticket(name="入場 花子"), now=clock.now())
    text = _pack(at_door)
    assert "撤回（来場）" in text
    assert "［入場済］" in text
    assert "1社" in text.partition("集計　第1号議案")[2]
    assert "2社" not in text.partition("集計　第1号議案")[2]


def test_choices_of_those_who_said_they_come_count_by_the_rule_alone(make: Factory) -> None:
    scene = door(make, settings=AssemblySettings(no_show=NoShow.DROP))
    one = item(scene.held, title="予算の件")
    reply(make, scene.held, scene.voter, Attendance.ATTEND, choices={one: Choice.NO})
    assert "1社" not in _pack(scene).partition("集計　第1号議案")[2]
