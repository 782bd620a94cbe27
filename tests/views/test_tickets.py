"""受付票 over HTTP: the member's own page and the mailed link, until the end of the day, and never for anybody else."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from occto import vault
from occto.domain.assembly import AssemblyState
from occto.domain.replies import Answer, Attendance, Person
from occto.domain.tickets import shown_number
from occto.extensions import db
from occto.models import AdmissionTicket, Assembly
from occto.services.tickets import issuing
from occto.unit_of_work import run, unit_of_work
from tests.assemblies_scene import telling_time
from tests.assembling import HELD
from tests.certifying import codes_on
from tests.clients import Browser
from tests.factories import NOW, Factory
from tests.replies_scene import SATO, A, S, Scene, scene
from tests.test_statement_counts import counted

FUJI = Person("総務部", "藤本 悠", "fuji@a.example.jp")
MIDNIGHT = datetime.fromisoformat("2026-12-19T00:00:00+09:00")


@pytest.fixture(autouse=True)
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    return telling_time(monkeypatch)


@pytest.fixture
def here(make: Factory) -> Scene:
    found = scene(make, reception_from=HELD - timedelta(minutes=45))
    found.take(answer=Answer(A.ATTEND, attendees=(SATO, FUJI)))
    _keep(found)
    return found


def _keep(of: Scene) -> None:
    run(issuing.keep_tickets, of.held.id, sign=vault.derived, now=NOW)


def _member(of: Scene) -> Browser:
    return of.make.signed_in(of.user, member=of.member)


def _page(of: Scene, number: int = 1001) -> str:
    return f"/assemblies/{of.held.id}/tickets/{shown_number(number)}"


def _link(of: Scene, number: int = 1001, issue_no: int = 1) -> str:
    return f"{_page(of, number)}/{issuing.ticket_secret(vault.derived, of.held.id, number, issue_no)}"


def _status(browser: Browser, path: str) -> int:
    return int(browser.client.get(path).status_code)


class TestOwnPage:
    def test_it_says_all_that_the_door_needs(self, here: Scene) -> None:
        browser = _member(here)
        browser.get(_page(here))
        for words in (
            "佐藤 美咲 様",
            here.member.current_name,
            "議決権を行使する方",
            "2026年12月18日（金）10:00",
            "受付 09:15から",
            "東都会館 3階 大会議室",
            shown_number(1001),
        ):
            assert words in browser.text, words
        assert codes_on(browser.text) == [issuing.ticket_token(vault.derived, here.held.id, 1001, 1)]

    def test_the_number_is_found_however_it_is_typed(self, here: Scene) -> None:
        browser = _member(here)
        for typed in ("10019", "１００１－９", "1001 9"):
            answer = browser.client.get(f"/assemblies/{here.held.id}/tickets/{typed}")
            assert answer.headers.get("Location", "").endswith(_page(here)), (typed, answer.status_code)

    @pytest.mark.parametrize("typed", ["1001", "1001-8", "x", "99999999999999999999", "%00", "1001-9-9", "あ"])
    def test_no_such_number(self, here: Scene, typed: str) -> None:
        assert _status(_member(here), f"/assemblies/{here.held.id}/tickets/{typed}") in {400, 404}

    def test_of_another_member_or_assembly(self, here: Scene, make: Factory) -> None:
        other, user = make.member(), make.user()
        make.affiliate(user, other)
        stranger = make.signed_in(user, member=other)
        for path in (_page(here), f"{_page(here)}.pdf"):
            assert _status(stranger, path) == 404
            assert _status(Browser(make.app), path) == 303
        second = scene(make)
        assert _status(_member(here), _page(second)) == 404
        assert _status(_member(here), f"/assemblies/{2**63}/tickets/{shown_number(1001)}") == 404

    def test_in_few_statements(self, here: Scene) -> None:
        browser = _member(here)
        browser.get(_page(here))
        with counted(here.make.app) as statements:
            assert _status(browser, _page(here)) == 200
        assert [one.split(None, 1)[0] for one in statements] == ["SELECT"] * 3, statements

    def test_a_revoked_one_has_no_code_and_names_the_new_one(self, here: Scene) -> None:
        other = Person("総務部", "代わり 太郎", None, voting=True)
        here.take(answer=Answer(A.ATTEND, attendees=(other, FUJI)), seen_version=1)
        _keep(here)
        browser = _member(here)
        browser.get(_page(here))
        assert codes_on(browser.text) == []
        assert "失効" in browser.text
        assert f'代わり 太郎 様の受付票 <span class="nb">{shown_number(1003)}' in browser.text
        assert _page(here, 1003) in browser.text
        assert _status(browser, f"{_page(here)}.pdf") == 404
        assert "X-Kept-Until" not in browser.client.get(_page(here)).headers

    @pytest.mark.parametrize(
        ("state", "words"),
        [(S.POSTPONED, "延期になりました"), (S.CANCELLED, "中止になりました"), (S.FINISHED, "終わりました")],
    )
    def test_an_assembly_that_is_not_held(self, here: Scene, state: AssemblyState, words: str) -> None:
        with unit_of_work() as session:
            session.execute(
                update(Assembly).where(Assembly.id == here.held.id).values(state=state, closing_reason="会場の都合")
            )
        browser = _member(here)
        browser.get(_page(here))
        assert words in browser.text
        assert codes_on(browser.text) == []

    def test_the_pdf(self, here: Scene) -> None:
        answer = _member(here).client.get(f"{_page(here)}.pdf")
        assert answer.data.startswith(b"%PDF-")
        assert answer.headers["Cache-Control"] == "no-store"


class TestByLink:
    def test_the_same_without_signing_in(self, here: Scene) -> None:
        browser = Browser(here.make.app)
        browser.get(_link(here))
        assert "佐藤 美咲 様" in browser.text
        assert codes_on(browser.text) == [issuing.ticket_token(vault.derived, here.held.id, 1001, 1)]
        assert '<meta name="robots" content="noindex">' in browser.text
        assert '<meta name="referrer" content="no-referrer">' in browser.text
        assert "<form" not in browser.text
        assert _status(browser, f"{_link(here)}.pdf") == 200

    def test_nobody_is_named_on_it_though_signed_in(self, here: Scene) -> None:
        browser = _member(here)
        browser.get(_link(here))
        assert "ログアウト" not in browser.text

    def test_a_wrong_secret(self, here: Scene) -> None:
        browser = Browser(here.make.app)
        right = _link(here).rsplit("/", 1)[1]
        for path in (
            _link(here)[:-1],
            f"{_page(here)}/{right[::-1]}",
            f"{_page(here, 1002)}/{right}",
            f"{_page(here)}/%E3%81%82",
            f"{_page(here)}/{'x' * 5000}",
        ):
            assert _status(browser, path) == 404, path
            assert _status(browser, f"{path}.pdf") == 404, path

    def test_until_midnight_in_japan(self, here: Scene, at: Callable[[datetime], None]) -> None:
        browser = Browser(here.make.app)
        at(MIDNIGHT - timedelta(seconds=1))
        answer = browser.client.get(_link(here))
        assert answer.status_code == 200
        assert answer.headers["X-Kept-Until"] == str(int(MIDNIGHT.timestamp()))
        at(MIDNIGHT)
        browser.get(_link(here))
        assert browser.response is not None
        assert browser.response.status_code == 410
        assert "表示期間が終わりました" in browser.text
        assert _status(browser, f"{_link(here)}.pdf") == 410
        assert _status(browser, _link(here)[:-1]) == 404

    def test_the_number_of_a_successor_is_not_told(self, here: Scene) -> None:
        other = Person("総務部", "代わり 太郎", None, voting=True)
        here.take(answer=Answer(A.ATTEND, attendees=(other, FUJI)), seen_version=1)
        _keep(here)
        browser = Browser(here.make.app)
        browser.get(_link(here))
        assert "失効" in browser.text
        assert codes_on(browser.text) == []
        assert shown_number(1003) not in browser.text

    def test_the_secret_stays_out_of_the_log(self, here: Scene, caplog: Any) -> None:
        with caplog.at_level("INFO", logger="occto.http"):
            Browser(here.make.app).client.get(_link(here))
        assert _link(here).rsplit("/", 1)[1] not in caplog.text
        assert f"{_page(here)}/-" in caplog.text


class TestOnTheAssemblyPage:
    def test_the_tickets_are_listed(self, here: Scene) -> None:
        browser = _member(here)
        browser.get(f"/assemblies/{here.held.id}")
        assert _page(here) in browser.text
        assert "藤本 悠 様" in browser.text

    def test_why_there_are_none(self, make: Factory) -> None:
        here = scene(make)
        browser = _member(here)
        browser.get(f"/assemblies/{here.held.id}")
        assert "回答をいただくと、来場する方の受付票" in browser.text
        here.take(answer=Answer(Attendance.ATTEND, attendees=(SATO,)))
        browser.get(f"/assemblies/{here.held.id}")
        assert "受付票を準備しています" in browser.text

    def test_why_there_are_none_where_nobody_was_named(self, make: Factory) -> None:
        here = scene(make)
        with unit_of_work() as session:
            session.get_one(Assembly, here.held.id).state = AssemblyState.REPLIES_CLOSED
        browser = _member(here)
        browser.get(f"/assemblies/{here.held.id}")
        assert "来場する方についての回答をいただいていないため、受付票はありません" in browser.text


def test_the_worker_is_served_where_the_tickets_lie(make: Factory) -> None:
    answer = Browser(make.app).client.get("/assemblies/ticket-worker.js")
    assert answer.status_code == 200
    assert answer.mimetype == "text/javascript"
    assert answer.headers["Cache-Control"] == "no-cache"
    assert "worker-src 'self'" in answer.headers["Content-Security-Policy"]


def test_nothing_of_a_link_is_kept_but_its_hash(here: Scene) -> None:
    secret = _link(here).rsplit("/", 1)[1]
    db.session.rollback()
    assert all(secret not in str(vars(one)) for one in db.session.query(AdmissionTicket))
