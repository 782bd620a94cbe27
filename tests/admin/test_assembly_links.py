"""The pages of one assembly as staff see them: whatever they lead to is there, in every state."""

import re
from urllib.parse import urljoin

import pytest

from occto.admin.assembly_menu import MENU
from occto.domain.assembly import AssemblyState
from occto.domain.permissions import Role
from occto.models import Assembly
from tests import assembling
from tests.admin.office import staff
from tests.clients import Browser
from tests.factories import Factory
from tests.models.rows import add
from tests.registering import entering

S = AssemblyState
STATES = (S.PREPARING, S.COUNTING, S.FROZEN, S.NOTIFIED, S.REPLIES_OPEN, S.REPLIES_CLOSED, S.POSTPONED)
_MAIN = re.compile(r"<main.*</main>", re.DOTALL)
_MENU = re.compile(r'<nav class="places".*?</nav>', re.DOTALL)


def _led_to(browser: Browser, path: str, *, within: re.Pattern[str] = _MAIN) -> set[str]:
    found = within.search(browser.get(path).text)
    assert found is not None, path
    hrefs = re.findall(r'href="([^"#]+)"', found[0])
    return {urljoin(path, href.replace("&amp;", "&")) for href in hrefs if not href.startswith("mailto:")}


def _with_a_late_fact(make: Factory, state: S) -> Assembly:
    member = make.member(licences=("GEN",))
    held = assembling.assembly(make, state)
    with entering() as change:
        known = change.change.id
    add("late_facts", assembly_id=held.id, member_id=member.id, register_change_id=known)
    return held


@pytest.mark.parametrize("state", STATES)
def test_every_link_of_an_assembly_leads_somewhere(make: Factory, state: S) -> None:
    held = _with_a_late_fact(make, state)
    browser = staff(make, Role.APPROVER)
    parts = _led_to(browser, f"/admin/assemblies/details/?id={held.id}", within=_MENU)
    tabs = set[str]().union(*(_led_to(browser, part, within=_MENU) for part in parts))
    assert len(tabs) == sum(len(pages) for pages in MENU.values())
    every = set[str]().union(*(_led_to(browser, tab) for tab in tabs))
    assert {path: status for path in sorted(every) if (status := browser.get(path).status_code) != 200} == {}


def test_conditions_are_cleared_without_leaving_the_assembly(make: Factory) -> None:
    held = _with_a_late_fact(make, S.FROZEN)
    browser = staff(make, Role.APPROVER)
    path = f"/admin/convocations/?id={held.id}"
    browser.get(path)
    assert "条件を消す" not in browser.text
    browser.get(path + "&state=BOUNCED")
    assert f'<a href="?id={held.id}">条件を消す</a>' in browser.text
