"""What a desk sends after a time without a connection, and what else is thrown at its addresses."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from occto import clock
from occto.domain.tickets import hash_of
from occto.extensions import db
from occto.models import CheckIn, Desk, Scan
from occto.services.reception import supervising
from occto.unit_of_work import run
from tests.factories import Factory
from tests.observing import everything
from tests.receiving import ARRIVAL, Device, Door, counts, door, scan_id


@pytest.fixture
def at_door(make: Factory, monkeypatch: pytest.MonkeyPatch) -> Door:
    monkeypatch.setattr(clock, "now", lambda: ARRIVAL)
    return door(make)


class TestOffline:
    def _sent(self, code: str, **changes: Any) -> dict[str, Any]:
        at = (ARRIVAL - timedelta(minutes=9)).isoformat()
        return {"scan_id": scan_id(), "code": code, "device_at": at} | changes

    def test_the_roster_is_hashes_and_what_is_said_at_the_door(self, at_door: Door) -> None:
        ticket = at_door.ticket(seat="C-12")
        at_door.ticket(at_door.other, revoked_at=ARRIVAL, revoked_for="WITHDRAWN")
        roster = Device(at_door).browser.get(f"{at_door.url}/roster").get_json()
        name = at_door.voter.current_name
        assert roster["tickets"] == [[hash_of(at_door.token(ticket)), ticket.number, name, "佐藤 美咲", "C-12", True]]

    def test_merged_with_the_time_of_the_device(self, at_door: Door) -> None:
        device, ticket = Device(at_door), at_door.ticket()
        sent = {"scans": [self._sent(at_door.token(ticket))]}
        for _ in range(2):  # the answer was lost, and all is sent again
            answer = device.send("merge", sent).get_json()["answers"][0]
            assert (answer["outcome"], answer["clash"]) == ("ADMITTED", False)
        assert counts(db.session())[:2] == (1, 1)
        assert db.session.scalar(select(CheckIn.entered_at)) == ARRIVAL - timedelta(minutes=9)
        assert db.session.scalar(select(Scan.offline)) is True

    def test_a_clash_is_listed(self, at_door: Door) -> None:
        device, ticket = Device(at_door), at_door.ticket()
        at_door.show(ticket, desk=at_door.another_desk("受付 2番"))
        answer = device.send("merge", {"scans": [self._sent(at_door.token(ticket))]}).get_json()["answers"][0]
        assert (answer["outcome"], answer["clash"]) == ("ALREADY", True)
        state = device.browser.get(f"{at_door.url}/state").get_json()
        assert [(one["name"], one["outcome"]) for one in state["clashes"]] == [("佐藤 美咲", "受付済み")]
        assert (state["present"], state["here"], state["expected"]) == (1, 0, 1)

    def _merged(self, device: Device, *scans: dict[str, Any]) -> list[tuple[str, bool]]:
        answers = device.send("merge", {"scans": list(scans)}).get_json()["answers"]
        return [(one["outcome"], one["clash"]) for one in answers]

    def _listed(self, device: Device) -> list[str]:
        state = device.browser.get(f"{device.scene.url}/state").get_json()
        return [one["outcome"] for one in state["clashes"]]

    def test_who_came_back_is_sent_too(self, at_door: Door) -> None:
        device, ticket = Device(at_door), at_door.ticket()
        entered = at_door.show(ticket, now=ARRIVAL - timedelta(minutes=20)).entered
        assert entered is not None
        run(supervising.leave, entered.id, actor=at_door.supervisor, now=ARRIVAL - timedelta(minutes=15))
        assert self._merged(device, self._sent(at_door.token(ticket))) == [("ADMITTED", False)]
        assert counts(db.session())[0] == 2

    @pytest.mark.parametrize("first", ["here", "elsewhere"])
    def test_what_the_desk_knew_to_be_in_is_no_clash(self, at_door: Door, first: str) -> None:
        device, ticket = Device(at_door), at_door.ticket()
        elsewhere = at_door.another_desk("受付 2番")
        long_ago = ARRIVAL - timedelta(minutes=30)
        at_door.show(ticket, now=long_ago, desk=at_door.desk if first == "here" else elsewhere)
        at_door.show(ticket, now=long_ago + timedelta(minutes=1))
        assert self._merged(device, self._sent(at_door.token(ticket))) == [("ALREADY", False)]
        assert self._listed(device) == []

    def test_a_second_reading_adds_no_second_clash(self, at_door: Door) -> None:
        device, ticket = Device(at_door), at_door.ticket()
        at_door.show(ticket, desk=at_door.another_desk("受付 2番"), now=ARRIVAL - timedelta(minutes=30))
        first = self._sent(at_door.token(ticket))
        second = self._sent(at_door.token(ticket), device_at=(ARRIVAL - timedelta(minutes=5)).isoformat())
        assert self._merged(device, first, second) == [("ALREADY", True), ("ALREADY", False)]
        assert self._listed(device) == ["受付済み"]

    def test_a_late_message_brings_nobody_back(self, at_door: Door) -> None:
        device, ticket = Device(at_door), at_door.ticket()
        entered = at_door.show(ticket, now=ARRIVAL - timedelta(minutes=20)).entered
        assert entered is not None
        run(supervising.leave, entered.id, actor=at_door.supervisor, now=ARRIVAL - timedelta(minutes=1))
        assert self._merged(device, self._sent(at_door.token(ticket))) == [("ALREADY", True)]
        assert self._listed(device) == ["受付済み"]  # the supervisor knows which came first
        assert counts(db.session())[0] == 1

    @pytest.mark.parametrize("stored", ["ADMITTED", "ALREADY", "VOTER_PRESENT"])
    def test_a_lost_answer_comes_to_light(self, at_door: Door, stored: str) -> None:
        """The desk timed out and admitted alone at the same second, under an id of its own."""
        device, ticket = Device(at_door), at_door.ticket()
        if stored != "ADMITTED":
            first = ticket if stored == "ALREADY" else at_door.ticket(name="別の方")
            at_door.show(first, desk=at_door.another_desk("受付 2番"))
        sent = self._sent(at_door.token(ticket))
        assert device.scan(at_door.token(ticket), device_at=sent["device_at"])["outcome"] == stored
        outcome = "ALREADY" if stored == "ADMITTED" else stored
        assert self._merged(device, sent) == [(outcome, stored != "ADMITTED")]
        assert len(self._listed(device)) == (stored != "ADMITTED")
        page = at_door.make.signed_in(at_door.chief).get(f"/admin/reception/assembly/?id={at_door.held.id}").text
        assert ("一致しなかったもの" in page) == (stored != "ADMITTED")

    @pytest.mark.parametrize("code", ["x" * 1001, "12\x0034/", "\ud800", ""])
    def test_one_that_cannot_be_read_is_one_clash(self, at_door: Door, code: str) -> None:
        device, ticket = Device(at_door), at_door.ticket()
        sent = [self._sent(code), self._sent(at_door.token(ticket))]
        assert self._merged(device, *sent) == [("UNKNOWN", True), ("ADMITTED", False)]
        assert self._listed(device) == ["受付できません（不明）"]

    def test_one_that_is_refused_holds_up_no_other(self, at_door: Door) -> None:
        device = Device(at_door)
        first, second = at_door.ticket(), at_door.ticket(at_door.other)
        used = scan_id()
        device.scan(at_door.token(first), scan_id=used)
        sent = [
            self._sent(at_door.token(second), scan_id=used),
            self._sent(at_door.token(second)),
        ]
        answers = device.send("merge", {"scans": sent}).get_json()["answers"]
        assert [one["outcome"] for one in answers] == ["scan_id_used", "ADMITTED"]


class TestContact:
    """What the script of a desk says of itself with every look at the figures."""

    def _look(self, device: Device, waiting: str | None) -> tuple[datetime | None, int | None]:
        headers = {"X-Desk-Waiting": waiting} if waiting is not None else {}
        answer = device.browser.client.get(f"{device.scene.url}/state", headers=headers)
        assert answer.status_code == 200
        db.session.rollback()
        row = db.session.get_one(Desk, device.scene.desk.id)
        return row.contact_at, row.waiting

    def test_kept_when_it_is_news(self, at_door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
        device = Device(at_door)
        assert self._look(device, "3") == (ARRIVAL, 3)
        for seconds, waiting, kept in ((29, "3", 0), (30, "3", 30), (31, "0", 31)):
            monkeypatch.setattr(clock, "now", lambda seconds=seconds: ARRIVAL + timedelta(seconds=seconds))
            assert self._look(device, waiting) == (ARRIVAL + timedelta(seconds=kept), int(waiting))

    @pytest.mark.parametrize("said", [None, "", "x", "-1", "1.5", "1" * 7, "３", "²"])
    def test_anything_else_is_not_kept(self, at_door: Door, said: str | None) -> None:
        before = (at_door.desk.contact_at, 0)
        assert self._look(Device(at_door), said and said.encode().decode("latin-1")) == before


LONG = "x" * 100_000
GOOD = {"scan_id": "good-scan-1", "code": "1"}
HOSTILE: tuple[Any, ...] = (
    "",
    "{",
    "[]",
    "null",
    "[" * 100_000,
    {},
    {"scan_id": "good-scan-1"},
    GOOD | {"scan_id": 5},
    GOOD | {"scan_id": "short"},
    GOOD | {"scan_id": "受付受付受付受付"},
    GOOD | {"scan_id": LONG},
    GOOD | {"scan_id": "good\x00scan"},
    GOOD | {"code": LONG},
    GOOD | {"code": ""},
    GOOD | {"code": "12\x0034"},
    GOOD | {"code": "\ud800"},
    GOOD | {"code": ["1"]},
    GOOD | {"ticket_id": 1},
    {"scan_id": "good-scan-1", "ticket_id": 10**40},
    {"scan_id": "good-scan-1", "ticket_id": -1},
    {"scan_id": "good-scan-1", "ticket_id": True},
    {"scan_id": "good-scan-1", "ticket_id": 1.5},
    GOOD | {"device_at": "yesterday"},
    GOOD | {"device_at": "2026-12-18T10:00:00"},
    GOOD | {"device_at": "0001-01-01T00:00:00+14:00"},
    GOOD | {"device_at": "9999-12-31T23:59:59-14:00"},
    GOOD | {"device_at": 5},
    GOOD | {"more": 1},
)


class TestHostile:
    @pytest.mark.parametrize("number", range(len(HOSTILE)))
    def test_what_is_no_scan_is_refused_in_words(self, at_door: Door, number: int) -> None:
        device = Device(at_door)
        before = everything()
        body = HOSTILE[number]
        batch = {"scans": [body]} if isinstance(body, dict) else body
        for path, sent in (("check-in", body), ("merge", batch), ("merge", {"scans": body})):
            answer = device.send(path, sent)
            assert answer.status_code == 400, (path, answer.get_data(as_text=True))
            assert "。" in answer.get_json()["message"]
        assert everything() == before

    def test_batches_have_a_size(self, at_door: Door) -> None:
        device = Device(at_door)
        scans = [GOOD | {"scan_id": f"good-scan-{no}", "device_at": ARRIVAL.isoformat()} for no in range(51)]
        assert device.send("merge", {"scans": scans}).status_code == 400
        assert device.send("merge", {"scans": [GOOD]}).status_code == 400  # offline, and when is not said

    @pytest.mark.parametrize(
        "values", [{"code": LONG}, {"code": b"\x00"}, {"code": b"\xed\xa0\x80"}, {"ticket": "x"}, {"code": ""}]
    )
    def test_forms_are_refused_in_words(self, at_door: Door, values: dict[str, Any]) -> None:
        device = at_door.browser()
        device.get(at_door.url)
        assert device.submit(values | {"scan_id": "\x00"}).status_code in {200, 400}
        assert counts(db.session())[0] == 0

    def test_addresses(self, at_door: Door) -> None:
        device = at_door.browser()
        for path in (
            "?scan=" + LONG[:5000],
            "?scan=%ff%fe%fd%fc%fb%fa%f9%f8",
            "/search?q=%ff",
            "/search?q=%25_" + LONG[:9000],
        ):
            assert device.get(at_door.url + path).status_code == 200

    def test_a_token_is_needed(self, at_door: Door) -> None:
        device = Device(at_door)
        device.token = "no token"
        assert device.send("check-in", GOOD).status_code == 400
        assert counts(db.session()) == (0, 0, 0)
