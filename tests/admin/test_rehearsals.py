"""リハーサル in the browser: begun, marked, moved on, ended; the real assembly shows none of its buttons."""

from sqlalchemy import func, select

from occto.domain.assembly import AssemblyState
from occto.domain.permissions import Role
from occto.domain.tickets import shown_number
from occto.extensions import db
from occto.models import AdmissionTicket, Assembly, CheckIn, Reply
from occto.services.tickets import issuing
from occto.unit_of_work import run, unit_of_work
from tests.admin.office import send, staff
from tests.assembling import assembly, item
from tests.factories import NOW, Factory
from tests.receiving import door, sign

S = AssemblyState


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
