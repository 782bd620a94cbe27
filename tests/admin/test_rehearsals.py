"""リハーサル in the browser: begun, marked, moved on, ended; the real assembly shows none of its buttons."""

from io import BytesIO

import pytest
from docx import Document
from pypdf import PdfReader
from sqlalchemy import func, select

from occto.domain.assembly import AssemblyState
from occto.domain.permissions import Role
from occto.domain.tickets import shown_number
from occto.extensions import db
from occto.models import AdmissionTicket, AgendaItem, Assembly, CheckIn, Reply
from occto.services.tickets import issuing
from occto.unit_of_work import run, unit_of_work
from tests.admin.office import send, staff
from tests.assembling import assembly, item
from tests.deciding import enter
from tests.factories import NOW, Factory
from tests.receiving import Door, door, sign

S = AssemblyState
BAND = 'class="rehearsal"'
MARK = "リハーサル（本番では使えません）"


def _copy() -> Assembly:
    db.session.rollback()
    return db.session.scalars(select(Assembly).where(Assembly.rehearsal_of_id.is_not(None))).one()


def test_from_its_beginning_to_its_end(make: Factory) -> None:
    for _ in range(4):
        make.member()
    held = assembly(make, S.REPLIES_CLOSED)
    item(held)
    browser = staff(make, Role.OPERATOR)
    browser.get(f"/admin/assemblies/details/?id={held.id}")
    assert "リハーサルを始める" in browser.text
    assert "架空の来場を進める" not in browser.text
    assert "リハーサルを終える" not in browser.text
    browser.get(f"/admin/assemblies/rehearse/?id={held.id}")
    assert send(browser, "/rehearse/", {"replies": "INVENTED"}) == 200
    copy = _copy()
    assert browser.path == "/admin/assemblies/details/"
    assert "【リハーサル】" in browser.text
    assert "リハーサルを終える" in browser.text
    assert "延期する" not in browser.text
    assert db.session.scalar(select(func.count()).select_from(Reply).where(Reply.assembly_id == copy.id)) == 4
    with unit_of_work() as session:
        session.get_one(Assembly, copy.id).state = S.HALL_OPEN
    run(issuing.keep_tickets, copy.id, sign=sign, now=NOW)
    browser.get(f"/admin/assemblies/arrivals/?id={copy.id}")
    send(browser, "/arrivals/", {"count": "200"})
    db.session.rollback()
    tickets = db.session.scalar(select(func.count()).select_from(CheckIn))
    assert tickets == db.session.scalar(select(func.count()).select_from(AdmissionTicket))
    assert (f"{tickets}名が来場しました。" if tickets else "まだ来場していない方はいません。") in browser.text
    browser.get(f"/admin/assemblies/end-rehearsal/?id={copy.id}")
    send(browser, "/end-rehearsal/", {})
    assert _copy().state is S.CANCELLED
    assert db.session.get_one(Assembly, held.id).state is S.REPLIES_CLOSED


def test_only_who_may_edit_assemblies(make: Factory) -> None:
    make.member()
    held = assembly(make, S.REPLIES_CLOSED)
    browser = staff(make, Role.RECEPTION)
    assert browser.get(f"/admin/assemblies/rehearse/?id={held.id}").status_code == 403
    assert browser.get(f"/admin/assemblies/arrivals/?id={held.id}").status_code == 403
    assert browser.get(f"/admin/assemblies/end-rehearsal/?id={held.id}").status_code == 403


def test_its_replies_stand_in_its_own_list_alone(make: Factory) -> None:
    for _ in range(3):
        make.member()
    held = assembly(make, S.REPLIES_CLOSED)
    item(held)
    browser = staff(make, Role.OPERATOR)
    browser.get(f"/admin/assemblies/rehearse/?id={held.id}")
    send(browser, "/rehearse/", {"replies": "INVENTED"})
    copy = _copy()
    numbers = db.session.scalars(select(Reply.number).where(Reply.assembly_id == copy.id).order_by(Reply.id)).all()
    assert len(numbers) == 3
    browser.get("/admin/replies/")
    assert numbers[0] not in browser.text
    assert "リハーサル" not in browser.text
    browser.get(f"/admin/replies/?assembly={copy.id}")
    assert numbers[0] in browser.text
    assert "【リハーサル】" in browser.text
    browser.get(f"/admin/replies/of/?id={copy.id}")
    assert numbers[0] in browser.text


def test_a_member_opens_no_ticket_of_it(make: Factory) -> None:
    member, user = make.member(), make.user()
    make.affiliate(user, member)
    held = assembly(make, S.REPLIES_CLOSED)
    ticket = door(make).ticket(member, assembly_id=held.id, number=1001)
    browser = make.signed_in(user, member=member)
    path = f"/assemblies/{held.id}/tickets/{shown_number(ticket.number)}"
    assert browser.get(path).status_code == 200
    real = assembly(make)
    with unit_of_work() as session:
        session.get_one(Assembly, held.id).rehearsal_of_id = real.id
    assert browser.get(path).status_code == 404
    assert browser.get(path + ".pdf").status_code == 404


def _paths(scene: Door, one: AgendaItem, ticket: AdmissionTicket, entry: CheckIn) -> list[str]:
    """Every page of the menu, and the doors of the day: of the assembly, an item, a ticket, a desk, somebody who came."""
    held = scene.held.id
    own = ("reception/desk", "reception/walk-in", "reception/guest", "blackout/enter", "tickets/guest", "tickets/seats")
    return [
        *(f"/admin/{path}/?id={held}" for path in (*MENU_PATHS, *own)),
        *(f"/admin/assemblies/{door}/?id={held}" for door in ("postpone", "end-rehearsal", "arrivals", "documents")),
        *(f"/admin/{path}/?id={one.id}" for path in ("voting/item", "agenda/details", "agenda/withdraw")),
        *(f"/admin/tickets/{path}/?id={ticket.id}&assembly={held}" for path in ("details", "change", "reissue")),
        *(f"/admin/reception/{path}/?id={scene.desk.id}" for path in ("end", "renew", "code")),
        *(f"/admin/reception/{path}/?id={entry.id}" for path in ("leave", "undo", "role")),
        f"/admin/reception/substitute/?id={ticket.id}",
        f"/admin/replies/?assembly={held}",
        f"/admin/replies/enter/?assembly={held}",
        f"/admin/allocation/policies/?id={held}",
        f"/reception/{held}/board",
    ]


MENU_PATHS = (
    *("assemblies/details", "agenda", "assemblies/rules", "allocation", "freezing", "convocations", "reply_board"),
    *("replies/of", "tickets", "reception/assembly", "voting", "blackout", "results", "minutes"),
)


@pytest.mark.parametrize("rehearsal", [True, False])
def test_every_page_of_it_is_marked_and_no_other(make: Factory, rehearsal: bool) -> None:
    scene = door(make)
    one, ticket = item(scene.held), scene.ticket()
    entry = enter(scene, scene.ticket(scene.other))
    real = assembly(make)
    if rehearsal:
        with unit_of_work() as session:
            session.get_one(Assembly, scene.held.id).rehearsal_of_id = real.id
    office = staff(make, Role.APPROVER)
    supervisor = staff(make, Role.RECEPTION)
    marked, seen = set(), set()
    for path in _paths(scene, one, ticket, entry):
        for browser in (office, supervisor):
            answer = browser.get(path)
            if answer.status_code == 200:
                seen.add(path)
                marked |= {path} if BAND in answer.get_data(as_text=True) else set()
    assert marked == (seen if rehearsal else set())
    assert len(seen) > 30
    desk = scene.browser().get(scene.url).get_data(as_text=True)
    assert (BAND in desk) is rehearsal


@pytest.mark.parametrize("rehearsal", [True, False])
def test_every_paper_of_it_is_marked(make: Factory, rehearsal: bool) -> None:
    scene = door(make)
    item(scene.held)
    ticket = scene.ticket()
    if rehearsal:
        real = assembly(make)
        with unit_of_work() as session:
            session.get_one(Assembly, scene.held.id).rehearsal_of_id = real.id
    browser, held = staff(make, Role.APPROVER), scene.held.id
    for path in (
        f"tickets/sheet/?id={held}&kind=plates",
        f"tickets/sheet/?id={held}&kind=cards",
        f"tickets/paper/?id={ticket.id}&assembly={held}",
        f"reception/card/?id={held}",
        f"blackout/pack/?id={held}",
        f"minutes/export-pdf/?id={held}",
    ):
        answer = browser.get(f"/admin/{path}")
        assert answer.mimetype == "application/pdf", path
        pages = PdfReader(BytesIO(answer.data)).pages
        assert all((MARK in page.extract_text()) is rehearsal for page in pages), path
    answer = browser.get(f"/admin/minutes/export-docx/?id={held}")
    heads = [one.text for one in Document(BytesIO(answer.data)).sections[0].header.paragraphs]
    assert any("リハーサル" in head for head in heads) is rehearsal
