"""The pages of an assembly in two levels: where one is, what comes later, and what somebody may see."""

import re

import pytest

from occto.admin.assembly_menu import MENU, STEPS
from occto.domain.assembly import ASSEMBLY, AssemblyState, has_reached
from occto.domain.permissions import Permission, Role
from tests import assembling
from tests.admin.office import staff
from tests.clients import Browser
from tests.factories import Factory

S = AssemblyState
_LINK = re.compile(r'<a href="([^"]+)"( aria-current="(?:page|true)")?[^>]*>([^<]+)(?:<small>(.*?)</small>)?</a>')


def levels(browser: Browser, path: str) -> list[list[tuple[str, bool, str]]]:
    """The levels of the menu on a page: words, whether it is open, from when on there is something to do."""
    text = browser.get(path).get_data(as_text=True)
    menu = text.partition('class="places"')[2].partition("</nav>")[0]
    return [
        [
            (words, bool(current), re.sub("<[^>]+>", "", small).strip("（）"))
            for _url, current, words, small in _LINK.findall(part)
        ]
        for part in menu.split("<ul")[1:]
    ]


def test_the_overview_stands_alone_and_what_comes_later_is_said(make: Factory) -> None:
    held = assembling.assembly(make, S.COUNTING)
    (parts,) = levels(staff(make, Role.APPROVER), f"/admin/assemblies/details/?id={held.id}")
    assert parts == [
        ("概要", True, ""),
        ("準備", False, ""),
        ("議決権", False, ""),
        ("招集・回答", False, "これから"),
        ("当日", False, "これから"),
        ("結果", False, "これから"),
    ]


def test_a_page_stands_under_its_part(make: Factory) -> None:
    held = assembling.assembly(make, S.NOTIFIED)
    parts, pages = levels(staff(make, Role.APPROVER), f"/admin/reply_board/?id={held.id}")
    assert [words for words, current, _later in parts if current] == ["招集・回答"]
    assert pages == [
        ("招集通知", False, ""),
        ("回答の状況", True, "回答受付から"),
        ("回答の一覧", False, "回答受付から"),
    ]


def test_a_part_leads_to_its_first_page_with_something_to_do(make: Factory) -> None:
    held = assembling.assembly(make, S.NOTIFIED)
    text = staff(make, Role.APPROVER).get(f"/admin/assemblies/details/?id={held.id}").get_data(as_text=True)
    assert re.search(rf'<a href="/admin/reception/assembly/\?id={held.id}"[^>]*>当日', text)


def test_whoever_has_one_part_alone_sees_its_pages_and_no_parts(make: Factory) -> None:
    held = assembling.assembly(make, S.HALL_OPEN)
    (pages,) = levels(staff(make, Role.RECEPTION), f"/admin/reception/assembly/?id={held.id}")
    assert [words for words, _current, _later in pages] == ["受付票", "受付", "停電パック"]


@pytest.mark.parametrize("state", S)
def test_no_page_with_an_open_step_is_said_to_be_for_later(state: S) -> None:
    """The page of a step is the one that its door names, else those of the same screen."""
    pages = [page for part in MENU.values() for page in part]
    for step in ASSEMBLY.open_steps(state, Permission):
        door = STEPS.get(step.name, "")
        screen = door.partition(".")[0]
        named = [page for page in pages if page.endpoint == door]
        for page in named or [page for page in pages if page.endpoint.partition(".")[0] == screen]:
            assert has_reached(state, page.since), (step.name, page.words)


@pytest.mark.parametrize(
    ("state", "place", "reached"),
    [
        (S.PREPARING, S.PREPARING, True),
        (S.PREPARING, S.COUNTING, False),
        (S.FINISHED, S.VOTING, True),
        (S.VOTING, S.RESULT_FIXED, False),
        (S.POSTPONED, S.VOTING, True),
        (S.CANCELLED, S.FROZEN, True),
    ],
)
def test_how_far_an_assembly_has_come(state: S, place: S, reached: bool) -> None:
    assert has_reached(state, place) is reached
