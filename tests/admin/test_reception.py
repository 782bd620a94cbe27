"""受付 for the supervisor: desks with their codes, who is in the hall, and every door with what it refuses."""

import io
import re
from typing import Any

import pytest
from pypdf import PdfReader
from sqlalchemy import func, select

from occto import clock
from occto.domain.assembly import AssemblyState
from occto.domain.permissions import Role
from occto.domain.reception import CheckInEnd
from occto.extensions import db
from occto.models import AdmissionTicket, Assembly, CheckIn, Desk, StandingReply
from occto.services.reception.desks import hear_desk
from occto.unit_of_work import run, unit_of_work
from tests.admin.office import staff
from tests.clients import Browser
from tests.factories import Factory
from tests.receiving import ARRIVAL, Device, Door, door, scan_id
from tests.replying import reply


@pytest.fixture
def at_door(make: Factory, monkeypatch: pytest.MonkeyPatch) -> Door:
    monkeypatch.setattr(clock, "now", lambda: ARRIVAL)
    return door(make)


def _chief(scene: Door) -> Browser:
    return scene.make.signed_in(scene.chief)


def _page(scene: Door, browser: Browser, q: str = "") -> str:
    return browser.get(f"/admin/reception/assembly/?id={scene.held.id}&q={q}").get_data(as_text=True)


def _entries() -> list[tuple[bool, CheckInEnd | None]]:
    db.session.rollback()
    return [(one.voting, one.ending) for one in db.session.scalars(select(CheckIn).order_by(CheckIn.id))]


def test_a_desk_is_made_paired_renewed_and_ended(at_door: Door) -> None:
    chief = _chief(at_door)
    chief.get(f"/admin/reception/desk/?id={at_door.held.id}")
    chief.submit({"name": "受付 3番", "profile": "SCAN_ONLY"}, action="/desk/")
    found = re.search(r'class="pairing">([0-9A-Z-]{9})<', chief.text)
    assert found is not None
    assert 'aria-label="接続のためのQRコード"' in chief.text
    page = chief.path + "?" + chief.response.request.query_string.decode()  # type: ignore[union-attr]
    device = Browser(at_door.make.app)
    device.get("/reception/")
    assert device.submit({"code": found[1]}).request.path == at_door.url
    assert "接続しています" in chief.get(page).get_data(as_text=True)
    assert "接続済み" in _page(at_door, chief)
    number = db.session.scalar(select(Desk.id).where(Desk.name == "受付 3番"))
    chief.get(f"/admin/reception/renew/?id={number}")
    chief.submit({}, action="/renew/")
    renewed = re.search(r'class="pairing">([0-9A-Z-]{9})<', chief.text)
    assert renewed is not None
    assert device.get(at_door.url, follow=False).status_code == 303
    chief.get(f"/admin/reception/end/?id={number}")
    chief.submit({}, action="/end/")
    device.get("/reception/")
    assert device.submit({"code": renewed[1]}).status_code == 422


def test_a_new_code_keeps_a_desk_that_holds_arrivals_on_the_page(at_door: Door) -> None:
    """The code is that of the desk which takes its place; the old one stands as ended, and is named."""
    run(hear_desk, at_door.desk.id, waiting=3, now=ARRIVAL)
    chief = _chief(at_door)
    chief.get(f"/admin/reception/renew/?id={at_door.desk.id}")
    chief.submit({}, action="/renew/")
    code = re.search(r'class="pairing">([0-9A-Z-]{9})<', chief.text)
    assert code is not None
    device = Browser(at_door.make.app)
    device.get("/reception/")
    assert device.submit({"code": code[1]}).request.path == at_door.url
    page = _page(at_door, chief)
    assert "送信待ち 3件" in page.partition('id="unsettled"')[2].partition("</ul>")[0]
    assert page.count('<th scope="row">受付 1番</th>') == 2


def test_a_refused_desk_stays_typed(at_door: Door) -> None:
    chief = _chief(at_door)
    for values, status in (
        ({"name": "受付 1番", "profile": "STANDARD"}, 409),  # the name of another
        ({"name": "", "profile": "STANDARD"}, 422),
        ({"name": "受付 2番", "profile": "STANDARD", "contact": ""}, 422),
        ({"name": "受付 2番", "profile": "KING"}, 422),
        ({"name": "x" * 100_000, "profile": "STANDARD"}, 422),
    ):
        chief.get(f"/admin/reception/desk/?id={at_door.held.id}")
        assert chief.submit(values, action="/desk/").status_code == status
    assert db.session.scalar(select(func.count()).select_from(Desk)) == 1


def test_who_is_in_the_hall_is_found(at_door: Door) -> None:
    at_door.show(at_door.ticket(seat="C-12"))
    at_door.ticket(at_door.other, name="藤本 悠")
    chief = _chief(at_door)
    page = _page(at_door, chief)
    assert "佐藤 美咲" in page
    assert "<h3>受付票があり" not in page
    page = _page(at_door, chief, "藤本")
    assert "<h3>受付票があり" in page
    assert "別の方と交代" in page
    assert "佐藤 美咲" not in page.partition("<h2>受付の端末</h2>")[0]


def test_exit_undo_and_another_role(at_door: Door) -> None:
    reply(at_door.make, at_door.held, at_door.voter)
    at_door.show(at_door.ticket())
    chief = _chief(at_door)

    def entry() -> int:
        return db.session.scalars(select(CheckIn.id).where(CheckIn.ended_at.is_(None))).one()

    chief.get(f"/admin/reception/role/?id={entry()}")
    assert chief.submit({"reason": ""}, action="/role/").status_code == 422
    chief.submit({"reason": "傍聴を希望"}, action="/role/")
    assert _entries() == [(True, CheckInEnd.CHANGED), (False, None)]
    assert db.session.scalar(select(StandingReply.set_aside_by_check_in_id)) is None
    chief.get(f"/admin/reception/undo/?id={entry()}")
    chief.submit({"reason": "人違い"}, action="/undo/")
    assert _entries()[-1] == (False, CheckInEnd.UNDONE)
    at_door.show(db.session.scalars(select(AdmissionTicket)).one())
    chief.get(f"/admin/reception/leave/?id={entry()}")
    chief.submit({}, action="/leave/")
    assert _entries()[-1] == (True, CheckInEnd.LEFT)
    assert "退出を記録しました" in chief.text


def test_a_walk_in_a_guest_and_a_substitute(at_door: Door) -> None:
    reply(at_door.make, at_door.held, at_door.voter)
    chief, number = _chief(at_door), at_door.held.id
    chief.get(f"/admin/reception/walk-in/?id={number}&q={at_door.voter.operator_code}")
    assert f"/admin/reception/walk-in/?member={at_door.voter.id}&amp;id={number}" in chief.text
    chief.get(f"/admin/reception/walk-in/?member={at_door.voter.id}&id={number}")
    chief.submit({"name": "高田 亮", "role": "VOTING", "reason": "名刺で確かめた"}, action="/walk-in/")
    assert "事前の賛否の回答は撤回され" in chief.text
    chief.get(f"/admin/reception/walk-in/?member={at_door.voter.id}&id={number}")
    again = chief.submit({"name": "別の方", "role": "VOTING", "reason": "名刺で確かめた"}, action="/walk-in/")
    assert again.status_code == 409
    chief.get(f"/admin/reception/guest/?id={number}")
    chief.submit({"kind": "OFFICIAL", "name": "来賓 太郎", "reason": "辞令で確かめた"}, action="/guest/")
    ticket = at_door.ticket(at_door.other, number=9001)
    chief.get(f"/admin/reception/substitute/?id={ticket.id}")
    chief.submit({"name": "森 一", "reason": "名刺で確かめた"}, action="/substitute/")
    assert "交代して受け付けました" in chief.text
    assert _entries() == [(True, None), (False, None), (True, None)]


def test_the_back_button_admits_nobody_twice(at_door: Door) -> None:
    chief = _chief(at_door)
    chief.get(f"/admin/reception/guest/?id={at_door.held.id}")
    form = chief.forms()[-1]["fields"]
    values = {"kind": "GUEST", "name": "傍聴 花子", "reason": "申し出"}
    for _ in range(2):
        chief.client.post("/admin/reception/guest/", data={name: one[0] for name, one in form.items()} | values)
    assert len(_entries()) == 1


def test_clashes_are_listed(at_door: Door) -> None:
    device, ticket = Device(at_door), at_door.ticket()
    at_door.show(ticket, desk=at_door.another_desk("受付 2番"))
    sent = {"scan_id": scan_id(), "code": at_door.token(ticket), "device_at": ARRIVAL.isoformat()}
    device.send("merge", {"scans": [sent]})
    page = _page(at_door, _chief(at_door))
    assert "通信のない間に受け付け、一致しなかったもの" in page
    assert "受付済み" in page.partition("<h2>会場にいる方</h2>")[0]


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.APPROVER])
def test_the_office_looks_and_does_nothing(at_door: Door, role: Role) -> None:
    answer = at_door.show(at_door.ticket())
    assert answer.entered is not None
    office = staff(at_door.make, role)
    page = _page(at_door, office)
    assert "佐藤 美咲" in page
    assert "取消し" not in page
    entry, number = answer.entered.id, at_door.held.id
    token = re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]
    for path in (
        f"leave/?id={entry}",
        f"undo/?id={entry}",
        f"role/?id={entry}",
        f"desk/?id={number}",
        f"guest/?id={number}",
    ):
        assert office.get(f"/admin/reception/{path}").status_code == 403
        sent = {"id": path.rpartition("=")[2], "csrf_token": token, "form_id": "x" * 20, "reason": "x", "name": "x"}
        assert office.client.post(f"/admin/reception/{path.partition('?')[0]}", data=sent).status_code == 403


@pytest.mark.parametrize("number", ["", "0", "x", "9" * 30, "999999", "%00"])
def test_what_is_not_there(at_door: Door, number: str) -> None:
    chief = _chief(at_door)
    for path in (
        "assembly",
        "card",
        "desk",
        "code",
        "renew",
        "end",
        "leave",
        "undo",
        "role",
        "substitute",
        "walk-in",
        "guest",
    ):
        assert chief.get(f"/admin/reception/{path}/?id={number}").status_code in {400, 404}


def test_the_card_is_one_page(at_door: Door) -> None:
    card = _chief(at_door).get(f"/admin/reception/card/?id={at_door.held.id}")
    assert card.mimetype == "application/pdf"
    pages = PdfReader(io.BytesIO(card.data)).pages
    assert len(pages) == 1
    assert "鈴木 一郎（内線 0000）" in pages[0].extract_text()


def test_the_hall_is_opened_from_a_check_page(make: Factory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: ARRIVAL)
    scene = door(make, AssemblyState.REPLIES_CLOSED)
    scene.ticket()
    office = staff(make, Role.OPERATOR)
    page = office.get(f"/admin/assemblies/details/?id={scene.held.id}").get_data(as_text=True)
    assert "当日受付を始める" in page
    office.get(f"/admin/assemblies/open-hall/?id={scene.held.id}")
    office.submit({}, action="/open-hall/")
    assert "受付票（当日来場）" in office.text
    assert db.session.get_one(Assembly, scene.held.id).state is AssemblyState.REPLIES_CLOSED
    office.submit({"confirmed": "y"}, action="/open-hall/")
    db.session.rollback()
    assert db.session.get_one(Assembly, scene.held.id).state is AssemblyState.HALL_OPEN


def test_the_menu_leads_to_receptions(at_door: Door) -> None:
    chief: Any = _chief(at_door)
    page = chief.get("/admin/reception/").get_data(as_text=True)
    assert f"/admin/reception/assembly/?id={at_door.held.id}" in page
    with unit_of_work() as session:
        session.get_one(Assembly, at_door.held.id).state = AssemblyState.CANCELLED
    assert "いまはありません" in chief.get("/admin/reception/").get_data(as_text=True)
