"""受付票 on the staff screens: the list of one assembly, its doors, seats and sheets, and who may."""

from io import BytesIO
from typing import Any
from urllib.parse import urlencode

import pytest
from pypdf import PdfReader
from sqlalchemy import select

from occto import vault
from occto.domain.permissions import Role
from occto.domain.replies import Answer, Person
from occto.domain.tickets import Revocation, TicketKind, shown_number
from occto.extensions import db
from occto.models import AdmissionTicket, AuditEvent
from occto.services.tickets import issuing
from occto.unit_of_work import run
from tests.admin.office import committing_only_in_units_of_work, send, staff, unchanged
from tests.clients import Browser
from tests.factories import NOW, Factory
from tests.observing import everything
from tests.replies_scene import SATO, A, Scene, scene

FUJI = Person("総務部", "藤本 悠", None)
ONE, TWO, THREE = shown_number(1001), shown_number(1002), shown_number(1003)
GUEST = {"kind": "GUEST", "name": "来賓 花子", "title": "学識経験者", "email": "guest@b.example.jp", "seat": "R-1"}


@pytest.fixture
def here(make: Factory) -> Scene:
    found = scene(make)
    found.take(answer=Answer(A.ATTEND, attendees=(SATO, FUJI)))
    run(issuing.keep_tickets, found.held.id, sign=vault.derived, now=NOW)
    return found


@pytest.fixture
def office(here: Scene) -> Browser:
    return staff(here.make, Role.OPERATOR)


def _rows() -> list[AdmissionTicket]:
    db.session.rollback()
    db.session.expunge_all()
    return list(db.session.scalars(select(AdmissionTicket).order_by(AdmissionTicket.number)))


def _list(here: Scene, **more: Any) -> str:
    words = "".join(f"&{key}={value}" for key, value in more.items())
    return f"/admin/tickets/?id={here.held.id}{words}"


def _at(here: Scene, door: str, ticket: AdmissionTicket) -> str:
    return f"/admin/tickets/{door}/?id={ticket.id}&assembly={here.held.id}"


class TestList:
    def test_it_stands_among_the_pages_of_the_assembly(self, here: Scene, office: Browser) -> None:
        office.get(f"/admin/reception/assembly/?id={here.held.id}")
        assert f"/admin/tickets/?id={here.held.id}" in office.text
        office.get(_list(here))
        for words in (ONE, TWO, "佐藤 美咲", "藤本 悠", here.member.current_name, "議決権を行使する方", "傍聴の方"):
            assert words in office.text

    @pytest.mark.parametrize("term", [ONE, "1001", "佐藤", "10019"])
    def test_found(self, here: Scene, office: Browser, term: str) -> None:
        office.get(_list(here, q=term))
        assert "佐藤 美咲" in office.text
        assert "藤本 悠" not in office.text

    def test_found_by_the_company(self, here: Scene, office: Browser) -> None:
        office.get(_list(here, q=here.member.operator_code))
        assert "佐藤 美咲" in office.text
        office.get(_list(here, q="どこにもない会社"))
        assert "佐藤 美咲" not in office.text

    @pytest.mark.parametrize("term", ["9" * 60, "%00", "'", "1001-8"])
    def test_hostile_terms(self, here: Scene, office: Browser, term: str) -> None:
        assert office.client.get(_list(here, q=term)).status_code in {200, 400}

    def test_narrowed(self, here: Scene, office: Browser) -> None:
        office.get(_list(here, kind="GUEST"))
        assert "佐藤 美咲" not in office.text
        for state, found in (("GOOD", True), ("REVOKED", False), ("COME", False)):
            office.get(_list(here, state=state))
            assert ("佐藤 美咲" in office.text) is found, state

    def test_of_this_assembly_alone(self, office: Browser, make: Factory) -> None:
        other = scene(make)
        office.get(_list(other))
        assert "佐藤 美咲" not in office.text
        ticket = _rows()[0]
        for door in ("details", "change", "reissue", "withdraw", "again", "paper"):
            path = f"/admin/tickets/{door}/?id={ticket.id}&assembly={other.held.id}"
            assert office.client.get(path).status_code == 404, door
        assert office.client.get("/admin/tickets/?id=99999999999999999999").status_code == 404
        assert office.client.get("/admin/tickets/").status_code == 404

    def test_taken_away_as_a_list(self, here: Scene, office: Browser) -> None:
        answer = office.client.get(f"/admin/tickets/export-csv/?id={here.held.id}&state=GOOD")
        lines = answer.data.decode("utf-8-sig").splitlines()
        assert answer.status_code == 200
        assert [one for one in lines if ONE in one and "佐藤 美咲" in one]
        assert office.client.get(f"/admin/tickets/export-xlsx/?id={here.held.id}").status_code == 200

    def test_who_may_not(self, here: Scene) -> None:
        browser = staff(here.make, Role.SYSTEM)
        for path in (_list(here), f"/admin/tickets/guest/?assembly={here.held.id}", _at(here, "details", _rows()[0])):
            assert browser.client.get(path).status_code == 403


class TestDoors:
    def test_a_guest_is_registered_changed_and_taken_off(self, here: Scene, office: Browser) -> None:
        with committing_only_in_units_of_work():
            office.get(f"/admin/tickets/guest/?assembly={here.held.id}")
            send(office, "/guest/", GUEST)
            assert "受付票を発行しました" in office.text
            guest = _rows()[2]
            assert (guest.kind, guest.name, guest.seat, guest.email) == (
                TicketKind.GUEST,
                "来賓 花子",
                "R-1",
                "guest@b.example.jp",
            )
            office.get(_at(here, "change", guest))
            send(office, "/change/", {"name": "来賓 桜"})
            assert [one.revoked_for for one in _rows()[2:]] == [Revocation.REISSUED, None]
            new = _rows()[3]
            office.get(_at(here, "withdraw", new))
            send(office, "/withdraw/", {"reason": "欠席の連絡があったため"})
            assert "失効させました" in office.text
        assert _rows()[3].revoked_for is Revocation.WITHDRAWN

    def test_what_is_missing_is_said_beside_the_field(self, here: Scene, office: Browser) -> None:
        office.get(f"/admin/tickets/guest/?assembly={here.held.id}")
        before = everything()
        assert send(office, "/guest/", {"kind": "GUEST", "name": "", "title": ""}) == 422
        assert 'id="name-e"' in office.text
        assert send(office, "/guest/", GUEST | {"kind": "ATTENDEE"}) == 422
        assert unchanged(before)

    def test_a_taken_seat(self, here: Scene, office: Browser) -> None:
        office.get(f"/admin/tickets/guest/?assembly={here.held.id}")
        send(office, "/guest/", GUEST)
        office.get(_at(here, "change", _rows()[0]))
        assert send(office, "/change/", {"seat": "R-1"}) == 409
        assert "来賓 花子 様の席です" in office.text
        assert 'id="seat-e"' in office.text

    def test_seat_and_note(self, here: Scene, office: Browser) -> None:
        office.get(_at(here, "change", _rows()[0]))
        assert 'name="name"' not in office.text
        send(office, "/change/", {"seat": "A-1", "note": "車椅子"})
        assert (_rows()[0].seat, _rows()[0].note) == ("A-1", "車椅子")
        office.get(_list(here))
        assert "A-1" in office.text

    def test_issued_anew_with_a_reason(self, here: Scene, office: Browser) -> None:
        old = _rows()[0]
        office.get(_at(here, "reissue", old))
        assert send(office, "/reissue/", {"reason": ""}) == 422
        send(office, "/reissue/", {"reason": "紛失したため"})
        assert "新しい受付票を発行しました" in office.text
        assert ONE in office.text  # what it took the place of
        office.get(_at(here, "details", old))
        assert "失効" in office.text
        assert THREE in office.text
        assert "再発行する" not in office.text
        office.get(_at(here, "reissue", old))
        assert send(office, "/reissue/", {"reason": "もう一度"}) == 409
        assert "すでに失効しています" in office.text

    def test_the_mail_once_more(self, here: Scene, office: Browser) -> None:
        office.get(_at(here, "again", _rows()[0]))
        send(office, "/again/")
        assert "送信の列に入れました" in office.text
        assert office.text.count("m.sato@a.example.jp") >= 3  # the address, and two mails
        office.get(_at(here, "again", _rows()[1]))
        assert send(office, "/again/") == 409
        assert "メールアドレスがありません" in office.text


class TestSeats:
    def test_a_list_is_checked_and_kept(self, here: Scene, office: Browser) -> None:
        office.get(f"/admin/tickets/seats/?assembly={here.held.id}")
        before = everything()
        assert send(office, "/seats/", {"lines": f"番号\t席\n{ONE}\tA-1\n{TWO}\tA-2"}) == 200
        assert "変わる席（2人）" in office.text
        assert unchanged(before)
        send(office, "/seats/", {"confirmed": "y"})
        assert "2人の席を割り当てました" in office.text
        assert [one.seat for one in _rows()] == ["A-1", "A-2"]

    def test_lines_to_be_put_right(self, here: Scene, office: Browser) -> None:
        office.get(f"/admin/tickets/seats/?assembly={here.held.id}")
        assert send(office, "/seats/", {"lines": f"1001-8 A-1\n{TWO} A-2"}) == 422
        assert "番号として読み取れません" in office.text
        assert send(office, "/seats/", {"lines": "x" * 100_000}) == 422
        assert [one.seat for one in _rows()] == [None, None]

    def test_what_changed_meanwhile_is_shown_again(self, here: Scene, office: Browser) -> None:
        """The check page said A-1 → nothing; a seat given meanwhile by somebody else makes another page of it."""
        office.get(f"/admin/tickets/rows/?assembly={here.held.id}")
        send(office, "/rows/", {"who": "EVERYBODY", "in_a_row": "1"})
        other = staff(here.make, Role.OPERATOR)
        other.get(_at(here, "change", _rows()[0]))
        send(other, "/change/", {"seat": "A-1"})
        assert send(office, "/rows/", {"confirmed": "y"}) == 409
        assert [one.seat for one in _rows()] == ["A-1", None]

    def test_row_by_row(self, here: Scene, office: Browser) -> None:
        office.get(f"/admin/tickets/rows/?assembly={here.held.id}")
        send(office, "/rows/", {"who": "EVERYBODY", "in_a_row": "1"})
        assert "変わる席（2人）" in office.text
        send(office, "/rows/", {"confirmed": "y"})
        assert [one.seat for one in _rows()] == ["A-1", "B-1"]


class TestSheets:
    @pytest.mark.parametrize(
        ("kind", "words"),
        [("plates", "佐藤 美咲"), ("cards", "佐藤 美咲"), ("labels", "様"), ("labels_unreached", "様")],
    )
    def test_printed_and_noted(self, here: Scene, office: Browser, kind: str, words: str) -> None:
        answer = office.client.get(f"/admin/tickets/sheet/?assembly={here.held.id}&kind={kind}")
        reader = PdfReader(BytesIO(answer.data))
        assert len(reader.pages) == 1
        assert words in reader.pages[0].extract_text()
        assert db.session.scalars(select(AuditEvent).where(AuditEvent.tag == "ticket.sheets")).all()

    def test_nothing_to_print(self, office: Browser, make: Factory) -> None:
        empty = scene(make)
        assert office.client.get(f"/admin/tickets/sheet/?assembly={empty.held.id}&kind=plates").status_code == 409
        assert office.client.get(f"/admin/tickets/sheet/?assembly={empty.held.id}&kind=x").status_code == 404

    def test_one_ticket_on_paper(self, here: Scene, office: Browser) -> None:
        answer = office.client.get(_at(here, "paper", _rows()[1]))
        assert "藤本 悠" in PdfReader(BytesIO(answer.data)).pages[0].extract_text()


FORM = "application/x-www-form-urlencoded"
HOSTILE = ("x" * 100_000, "a\0b", "\ud800", "\u202eabc", "'; DROP TABLE", "9" * 400, "")


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: f"{len(text)}")
def test_whatever_is_sent_is_answered(here: Scene, office: Browser, text: str) -> None:
    ticket = _rows()[0].id
    doors: dict[str, dict[str, str]] = {
        f"guest/?assembly={here.held.id}": {"kind": text, "name": text, "title": text, "email": text, "seat": text},
        f"change/?id={ticket}&assembly={here.held.id}": {"seat": text, "note": text, "version": text},
        f"reissue/?id={ticket}&assembly={here.held.id}": {"reason": text, "version": text},
        f"seats/?assembly={here.held.id}": {"lines": text, "seats_seen": text},
        f"rows/?assembly={here.held.id}": {"who": text, "in_a_row": text},
        f"again/?id={ticket}&assembly={here.held.id}": {"id": text, "assembly": text},
    }
    for path, values in doors.items():
        office.get(f"/admin/tickets/{path}")
        form = next(one for one in office.forms() if "/admin/tickets/" in one["action"])
        once = {name: form["fields"][name] for name in ("csrf_token", "form_id")}
        data = {name: [str(value)] * 2 for name, value in (form["fields"] | values).items() if name not in once}
        sent = {name: [one.encode("utf-8", "surrogatepass") for one in both] for name, both in data.items()} | once
        answer = office.client.post(
            f"/admin/tickets/{path.partition('?')[0]}", data=urlencode(sent, doseq=True), content_type=FORM
        )
        assert answer.status_code < 500, (path, answer.status_code)
