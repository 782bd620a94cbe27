"""受付 at the hall: pairing, the desk's page and its JSON, what each profile may do, and what is thrown at it."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from occto import clock, desk_codes
from occto.domain.assembly import AssemblyState
from occto.domain.permissions import Role
from occto.domain.reception import DeskProfile, ScanOutcome
from occto.domain.tickets import PRACTICE_TOKEN, shown_number
from occto.extensions import db
from occto.models import Desk, Scan, SessionRow
from occto.services.reception import desks
from occto.unit_of_work import run
from tests.clients import Browser
from tests.factories import Factory
from tests.observing import everything
from tests.receiving import ARRIVAL, Device, Door, counts, door, scan_id
from tests.replying import reply

MOVING = ("sign_in_attempts", "access_events", "access_subjects")


@pytest.fixture
def at_door(make: Factory, monkeypatch: pytest.MonkeyPatch) -> Door:
    monkeypatch.setattr(clock, "now", lambda: ARRIVAL)
    return door(make)


@pytest.fixture
def set_clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    return lambda moment: monkeypatch.setattr(clock, "now", lambda: moment)


def _code(scene: Door, **changes: Any) -> str:
    """A desk that waits, and the code on the supervisor's screen."""
    now = clock.now()
    values: dict[str, Any] = {
        "name": "受付 9番",
        "profile": DeskProfile.STANDARD,
        "contact": "鈴木（内線 1）",
    } | changes
    code = desk_codes.code_of(scene.held.id, values["name"], now + desks.CODE_LASTS)
    hashed = desk_codes.hash_of(code)
    run(desks.make_desk, scene.held.id, **values, code_hash=hashed, actor=scene.supervisor, now=now)
    return code


class TestPairing:
    def test_a_code_makes_the_device_a_desk(self, at_door: Door) -> None:
        code = _code(at_door)
        device = Browser(at_door.make.app)
        device.get(f"/reception/?code={desk_codes.grouped(code)}")
        assert db.session.scalar(select(Desk.paired_at).where(Desk.name == "受付 9番")) is None  # a GET pairs nothing
        answer = device.submit({})
        assert answer.request.path == at_door.url
        assert "受付 9番" in device.text
        assert device.get("/reception/", follow=False).status_code == 303

    def test_a_code_is_read_however_it_is_typed(self, at_door: Door) -> None:
        code = desk_codes.grouped(_code(at_door))
        wide = "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in code.lower())
        device = Browser(at_door.make.app)
        device.get("/reception/")
        assert device.submit({"code": f" {wide} "}).request.path == at_door.url

    def test_wrong_used_and_over_are_answered_alike(self, at_door: Door, set_clock: Callable[[datetime], None]) -> None:
        used, over = _code(at_door), _code(at_door, name="受付 8番")
        first = Browser(at_door.make.app)
        first.get("/reception/")
        first.submit({"code": used})
        set_clock(ARRIVAL + desks.CODE_LASTS)
        pages = []
        for typed in ("ZZZZ-ZZZZ", used, over):
            device = Browser(at_door.make.app)
            device.get("/reception/")
            assert device.submit({"code": typed}).status_code == 422
            pages.append(device.text.partition("<h1>")[2].partition("<input")[0])
        assert len(set(pages)) == 1
        assert db.session.scalar(select(func.count()).where(Desk.paired_at.is_not(None))) == 2

    def test_guessing_is_slowed_by_address(self, at_door: Door) -> None:
        code = _code(at_door)
        device = Browser(at_door.make.app)
        for _ in range(10):
            device.get("/reception/")
            assert device.submit({"code": "ZZZZZZZZ"}).status_code == 422
        device.get("/reception/")
        assert device.submit({"code": code}).status_code == 429
        elsewhere = Browser(at_door.make.app, address="198.51.100.9")
        elsewhere.get("/reception/")
        assert elsewhere.submit({"code": code}).request.path == at_door.url

    def test_a_sign_in_ends_where_a_desk_begins(self, at_door: Door) -> None:
        device = at_door.make.signed_in(at_door.chief)
        device.get("/reception/")
        assert at_door.chief.name in device.text
        device.submit({"code": _code(at_door)})
        assert device.get("/admin/", follow=False).status_code == 403
        assert db.session.scalars(select(SessionRow.ended_at)).all().count(None) == 0
        with device.client.session_transaction() as cookie:
            assert "sid" not in cookie

    def test_a_desk_ends_where_a_sign_in_begins(self, at_door: Door) -> None:
        from tests.factories import PASSWORD

        user = at_door.make.user(totp=False)
        device = at_door.browser()
        device.get("/login")
        device.submit({"email": user.email, "password": PASSWORD})
        assert device.get(at_door.url, follow=False).status_code == 403
        with device.client.session_transaction() as cookie:
            assert "desk" not in cookie

    @pytest.mark.parametrize("typed", ["", " ", "x" * 100_000, "\x00", "\ud800", "７QK2", "%"])
    def test_what_is_no_code_is_refused(self, at_door: Door, typed: str) -> None:
        device = Browser(at_door.make.app)
        device.get("/reception/")
        sent = typed.encode("utf-8", "surrogatepass")
        assert device.submit({"code": sent}).status_code == 422
        assert device.get("/reception/?code=" + "x" * 5000).status_code == 200


class TestReach:
    def test_a_desk_reaches_its_own_assembly_alone(self, at_door: Door) -> None:
        other = door(at_door.make, desk_name="受付 2番")
        device = Device(at_door)
        for path in ("", "/search", "/close", "/state", "/roster", "/board"):
            assert device.browser.get(f"{at_door.url}{path}").status_code == 200
            assert device.browser.get(f"{other.url}{path}").status_code == 404
            assert device.browser.get(f"/reception/{10**30}{path}").status_code == 404
        for path in ("check-in", "merge"):
            sent = device.browser.client.post(f"{other.url}/{path}", json={}, headers={"X-CSRFToken": device.token})
            assert sent.status_code == 404
        for path in ("/home", "/admin/", "/account", "/admin/members/", "/assemblies/"):
            assert device.browser.get(path, follow=False).status_code in {303, 403}

    def test_nobody_else_has_a_desk(self, at_door: Door) -> None:
        assert Browser(at_door.make.app).get(at_door.url, follow=False).headers["Location"] == "/reception/"
        for role in (Role.RECEPTION, Role.APPROVER):
            assert at_door.make.signed_in(at_door.make.staff(role)).get(at_door.url, follow=False).status_code == 403

    def test_a_desk_taken_away_is_told_in_json(self, at_door: Door) -> None:
        device, ticket = Device(at_door), at_door.ticket()
        before = counts(db.session())
        run(desks.end_desk, at_door.desk.id, seen_version=1, actor=at_door.supervisor, now=ARRIVAL)
        answer = device.send("check-in", {"scan_id": scan_id(), "code": at_door.token(ticket)})
        assert (answer.status_code, answer.get_json()["error"]) == (401, "not_paired")
        state = device.browser.client.get(f"{at_door.url}/state", headers={"Accept": "application/json"})
        assert state.status_code == 401
        assert device.browser.get(at_door.url, follow=False).headers["Location"] == "/reception/"
        assert counts(db.session()) == before

    @pytest.mark.parametrize("change", ["closed", "late"])
    def test_a_desk_ends_with_its_day(self, at_door: Door, set_clock: Callable[[datetime], None], change: str) -> None:
        device = Device(at_door)
        if change == "closed":
            from occto.models import Assembly
            from occto.unit_of_work import unit_of_work

            with unit_of_work() as session:
                session.get_one(Assembly, at_door.held.id).state = AssemblyState.RESULT_FIXED
        else:
            set_clock(ARRIVAL + timedelta(hours=16))
        assert device.send("check-in", {"scan_id": scan_id(), "code": "1"}).status_code == 401

    def test_closing_ends_the_desk(self, at_door: Door) -> None:
        device = Device(at_door)
        device.browser.get(f"{at_door.url}/close")
        assert "受付を閉じました" in device.browser.submit({}).get_data(as_text=True)
        assert device.send("check-in", {"scan_id": scan_id(), "code": "1"}).status_code in {400, 401}
        assert db.session.scalar(select(Desk.ended_at)) == ARRIVAL


class TestScans:
    def test_admitted_and_told_what_was_withdrawn(self, at_door: Door) -> None:
        reply(at_door.make, at_door.held, at_door.voter)
        ticket = at_door.ticket(seat="C-12", note="車椅子")
        told = Device(at_door).scan(at_door.token(ticket))
        assert (told["outcome"], told["kind"], told["word"]) == ("ADMITTED", "ok", "受付完了")
        assert told["who"] == "佐藤 美咲 様"
        assert told["facts"] == [
            ["番号", shown_number(ticket.number)],
            ["議決権", "1票"],
            ["席", "C-12"],
            ["時刻", "9:30:00"],
        ]
        assert told["next"][0] == "事前の賛否の回答は撤回され、会場での議決権行使になります。ご本人にお伝えください。"
        assert told["next"][-1] == "お知らせ：車椅子"

    def test_the_second_time_is_no_admission(self, at_door: Door) -> None:
        device, ticket = Device(at_door), at_door.ticket()
        device.scan(at_door.token(ticket))
        told = Device(at_door, at_door.another_desk("受付 2番")).scan(at_door.token(ticket))
        assert (told["kind"], told["facts"][:2]) == ("seen", [["最初の受付", "9:30:00"], ["場所", "受付 1番"]])
        assert counts(db.session())[0] == 1

    def test_the_same_scan_is_answered_alike(self, at_door: Door) -> None:
        device, ticket, scan = Device(at_door), at_door.ticket(), scan_id()
        first = device.scan(at_door.token(ticket), scan_id=scan)
        assert device.scan(at_door.token(ticket), scan_id=scan) == first
        assert counts(db.session())[:2] == (1, 1)
        other = device.send("check-in", {"scan_id": scan, "code": at_door.token(at_door.ticket(at_door.other))})
        assert (other.status_code, other.get_json()["error"]) == (409, "scan_id_used")

    def test_a_number_typed_wide_is_read(self, at_door: Door) -> None:
        ticket = at_door.ticket()
        number = shown_number(ticket.number)
        wide = "".join(chr(ord(sign) + 0xFEE0) for sign in number)
        assert Device(at_door).scan(wide)["outcome"] == "ADMITTED"
        assert db.session.scalar(select(Scan.way)) == "NUMBER"

    def test_a_revoked_one_names_its_successor(self, at_door: Door) -> None:
        old = at_door.ticket(revoked_at=ARRIVAL, revoked_for="REPLY_CHANGED")
        new = at_door.ticket(replaces_id=old.id, issue_no=2, name="藤本 悠")
        told = Device(at_door).scan(at_door.token(old))
        assert (told["kind"], told["who"]) == ("no", "失効した受付票です")
        assert told["facts"][-1] == ["新しい番号", shown_number(new.number)]
        assert "藤本 悠 様" in told["next"][0]

    def test_practice_writes_nothing_but_that_the_desk_was_tried(self, at_door: Door) -> None:
        device = Device(at_door)
        assert device.scan(PRACTICE_TOKEN)["kind"] == "try"
        db.session.rollback()
        assert db.session.scalar(select(Desk.practised_at)) == ARRIVAL
        assert counts(db.session()) == (0, 0, 0)
        before = everything()
        assert device.scan(PRACTICE_TOKEN)["kind"] == "try"
        device.browser.get(at_door.url)
        page = device.browser.submit({}, form=2)
        assert "練習用のコードです" in page.get_data(as_text=True)
        assert everything() == before

    def test_who_votes_is_there_already(self, at_door: Door) -> None:
        device = Device(at_door)
        device.scan(at_door.token(at_door.ticket()))
        told = device.scan(at_door.token(at_door.ticket(name="別の方")))
        assert (told["outcome"], told["line"]) == ("VOTER_PRESENT", "佐藤 美咲 様（9:30:00、受付 1番）")
        assert "受付責任者 鈴木 一郎（内線 0000）へ" in told["next"][0]


class TestWithoutAScript:
    def test_a_scan_by_form_shows_its_outcome(self, at_door: Door) -> None:
        device, ticket = at_door.browser(), at_door.ticket()
        device.get(at_door.url)
        page = device.submit({"code": at_door.token(ticket)})
        assert page.status_code == 200
        assert "受付完了" in device.text
        assert "佐藤 美咲 様" in device.text
        device.get(page.request.full_path)  # loaded again: the same outcome, no second scan
        assert "受付完了" in device.text
        assert counts(db.session())[:2] == (1, 1)

    def test_the_shell_holds_nobody(self, at_door: Door) -> None:
        device = Device(at_door)
        device.scan(at_door.token(at_door.ticket()))
        assert "佐藤" in device.browser.get(at_door.url).get_data(as_text=True)
        assert "佐藤" not in device.browser.get(f"{at_door.url}?shell=1").get_data(as_text=True)

    def test_the_outcome_of_another_assembly_is_not_shown(self, at_door: Door) -> None:
        other = door(at_door.make, desk_name="受付 2番")
        scan = other.show(other.ticket(name="別の総会の方")).scan_id
        page = at_door.browser().get(f"{at_door.url}?scan={scan}").get_data(as_text=True)
        assert "別の総会の方" not in page
        assert "どうぞ" in page

    @pytest.mark.parametrize("term", ["佐藤美咲", "佐藤 美咲", "試験電力", "シケン", "00001", "2041", "2041-2"])
    def test_the_list_is_searched(self, at_door: Door, term: str) -> None:
        ticket = at_door.ticket()
        device = at_door.browser()
        device.get(f"{at_door.url}/search?q={term}")
        assert ("佐藤 美咲 様" in device.text) == (term != "2041-2" or shown_number(ticket.number) == "2041-2")
        if "佐藤 美咲 様" in device.text:
            page = device.submit({"ticket": str(ticket.id)}, action=at_door.url)
            assert "受付完了" in page.get_data(as_text=True)
            assert db.session.scalar(select(Scan.way)) == "LIST"

    def test_the_list_is_of_this_assembly(self, at_door: Door) -> None:
        other = door(at_door.make, desk_name="受付 2番")
        stranger = other.ticket(name="別の総会の方")
        device = at_door.browser()
        assert "別の総会の方 様" not in device.get(f"{at_door.url}/search?q=別の総会").get_data(as_text=True)
        device.get(at_door.url)
        page = device.submit({"ticket": str(stranger.id)}, action=at_door.url)
        assert "別の総会の受付票です" in page.get_data(as_text=True)
        assert "別の総会の方" not in page.get_data(as_text=True)
        assert counts(db.session())[0] == 0


class TestProfiles:
    @pytest.mark.parametrize("profile", [DeskProfile.SCAN_ONLY, DeskProfile.UNATTENDED])
    def test_without_a_list(self, at_door: Door, profile: DeskProfile) -> None:
        ticket, desk = at_door.ticket(), at_door.another_desk("受付 5番", profile)
        device = Device(at_door, desk)
        assert "商号・氏名で探す" not in device.browser.get(at_door.url).get_data(as_text=True)
        assert device.browser.get(f"{at_door.url}/search?q=佐藤").status_code == 403
        assert device.send("check-in", {"scan_id": scan_id(), "ticket_id": ticket.id}).status_code == 403
        device.browser.get(at_door.url)
        assert device.browser.submit({"ticket": str(ticket.id)}).status_code == 403
        assert counts(db.session()) == (0, 0, 0)
        assert device.scan(at_door.token(ticket))["outcome"] == "ADMITTED"

    def test_an_unattended_one_takes_no_number_and_is_not_closed_there(self, at_door: Door) -> None:
        device = Device(at_door, at_door.another_desk("受付 5番", DeskProfile.UNATTENDED))
        number = shown_number(at_door.ticket().number)
        told = device.send("check-in", {"scan_id": scan_id(), "code": number})
        assert (told.status_code, told.get_json()["message"][:14]) == (400, "番号では受け付けられません。")
        device.browser.get(at_door.url)
        page = device.browser.submit({"code": number})
        assert page.status_code == 400
        assert "番号では受け付けられません。" in device.browser.text
        sent = {"scan_id": scan_id(), "code": number, "device_at": ARRIVAL.isoformat()}
        device.send("merge", {"scans": [sent]})
        assert counts(db.session())[0] == 0
        assert device.browser.get(f"{at_door.url}/close").status_code == 403
        assert device.send("close", {}).status_code == 403
        assert db.session.scalars(select(Desk.ended_at)).all() == [None, None]

    def test_an_unattended_one_shows_no_person(self, at_door: Door) -> None:
        desk = at_door.another_desk("受付 5番", DeskProfile.UNATTENDED)
        device, ticket = Device(at_door, desk), at_door.ticket(seat="C-12", note="車椅子")
        for code in (at_door.token(ticket),) * 2 + (at_door.token(at_door.ticket(name="別の方")),):
            told = json.dumps(device.scan(code), ensure_ascii=False)
            for secret in ("佐藤", "別の方", "車椅子", "試験電力", "部長"):
                assert secret not in told
        for path in ("", "/state", "/roster"):
            text = device.browser.get(f"{at_door.url}{path}").get_data(as_text=True)
            for secret in ("佐藤", "試験電力"):
                assert secret not in text


def test_the_camera_is_allowed_here_alone(at_door: Door) -> None:
    device = at_door.browser()
    answer = device.get(at_door.url)
    assert "camera=(self)" in answer.headers["Permissions-Policy"]
    assert "worker-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert "camera=()" in device.get("/login").headers["Permissions-Policy"]
    assert device.get("/reception/worker.js").mimetype == "text/javascript"
    assert device.get("/reception/manifest.webmanifest").get_json(force=True)["scope"] == "/reception/"


def test_outcomes_have_words() -> None:
    from occto import desk_words

    assert set(desk_words.KINDS) | set(desk_words._WHY) == set(ScanOutcome)
