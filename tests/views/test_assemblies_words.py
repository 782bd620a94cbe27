"""総会 of members over HTTP: what their pages say next, to whom, and in which order."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from occto.domain.permissions import Role
from tests import assembling
from tests.assemblies_scene import Place, S, somewhere, stood, telling_time
from tests.factories import Factory

CALL = "内容を見て回答する"


@pytest.fixture(autouse=True)
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    return telling_time(monkeypatch)


@pytest.fixture
def here(make: Factory) -> Place:
    return somewhere(make)


def test_the_assembly_that_waits_for_a_reply_stands_first(here: Place) -> None:
    day = timedelta(days=1)
    dates = {"held_at": assembling.HELD - day, "record_on": assembling.RECORD_ON - day, "reply_until": None}
    sooner = assembling.assembly(here.make, S.COUNTING, **dates)
    browser = here.browser()
    links = [f'"{here.url}"', f'"/assemblies/{sooner.id}"']

    def order() -> list[str]:
        browser.get("/assemblies/")
        return sorted(links, key=browser.text.index)

    assert order() == links
    here.answer(browser, here.voted())
    assert order() == links[::-1]


@pytest.mark.parametrize(("role", "asked"), [(Role.ASSEMBLY, True), (Role.VIEWER, False)])
def test_only_who_may_reply_is_asked_to(here: Place, role: Role, *, asked: bool) -> None:
    user = here.make.user()
    here.make.affiliate(user, here.member, role)
    browser = here.browser(user)
    for path in ("/home", "/assemblies/"):
        browser.get(path)
        assert here.url in browser.text
        assert (CALL in browser.text) is asked
        assert ("内容を見る" in browser.text) is not asked


def test_what_the_form_filled_in_by_itself_is_not_called_typed(here: Place) -> None:
    browser = here.browser()
    browser.get(f"{here.url}/reply")
    assert browser.forms()[0]["fields"]["attendee_1_name"] == [here.user.name]
    browser.submit(here.voted())
    assert "選んだ出欠では使わない" not in browser.text
    browser.submit({"again": "y"})
    browser.submit(here.voted() | {"attendee_1_name": "鈴木 一郎"})
    assert "出席する方に入力がありますが、選んだ出欠では使わない" in browser.text


def test_every_fault_of_a_person_is_told_at_once(here: Place) -> None:
    browser = here.browser()
    browser.get(f"{here.url}/reply")
    wrong = {"attendee_1_name": "", "attendee_1_title": "", "attendee_1_email": "abc"}
    browser.submit({"attendance": "ATTEND"} | wrong)
    assert "3か所の入力を直してください" in browser.text
    assert stood(here) is None


@pytest.mark.parametrize(("state", "other_ways"), [(S.NOTIFIED, True), (S.FINISHED, False), (S.CANCELLED, False)])
def test_other_ways_are_named_while_the_day_is_to_come(make: Factory, state: S, *, other_ways: bool) -> None:
    here = somewhere(make, state)
    browser = here.browser()
    browser.get(f"{here.url}/reply")
    assert ("会場へ直接" in browser.text) is other_ways
    assert ("書面での回答は" in browser.text) is other_ways


def test_paper_is_a_way_until_the_deadline(here: Place, at: Callable[[datetime], None]) -> None:
    at(assembling.UNTIL)
    browser = here.browser()
    browser.get(f"{here.url}/reply")
    assert "会場へ直接" in browser.text
    assert "書面での回答は" not in browser.text


def test_a_calendar_entry_is_offered_until_the_day(here: Place, at: Callable[[datetime], None]) -> None:
    before = here.browser()
    before.get(here.url)
    assert "iCal" in before.text
    at(assembling.HELD)
    after = here.browser()
    after.get(here.url)
    assert "貴社の議決権" in after.text
    assert "iCal" not in after.text
