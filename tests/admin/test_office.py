"""The office's own screens together: what is not there, who may not, how much a list costs, exports."""

import re

import pytest

from occto.domain.permissions import Role
from tests.admin.counting import statements
from tests.admin.office import (
    assembly_values,
    send,
    staff,
)
from tests.factories import Factory


def test_nothing_is_deleted_and_what_is_not_there_is_not_found(make: Factory) -> None:
    browser = staff(make)
    browser.get("/admin/assemblies/new/")
    assert browser.post("/admin/assemblies/delete/", {"id": "1"}).status_code == 404
    for address in ("edit", "finish", "cancel", "details"):
        for row in ("", "0", "1,2", "9" * 30, "x"):
            assert browser.get(f"/admin/assemblies/{address}/?id={row}").status_code == 404
    for address in ("contracts/end", "contracts/terminate", "contracts/form", "roster/details"):
        assert browser.get(f"/admin/{address}/?id=9&member=9").status_code == 404


@pytest.mark.parametrize("role", [Role.SYSTEM, Role.RECEPTION])
def test_others_write_nothing(make: Factory, role: Role) -> None:
    browser = staff(make, role)
    for address in ("assemblies/new", "assemblies/edit", "roster/propose", "contracts/form", "contracts/end"):
        assert browser.get(f"/admin/{address}/").status_code == 403


def test_lists_take_five_statements(make: Factory) -> None:
    browser = staff(make)
    for _ in range(3):
        make.member()
    for screen in ("contracts", "roster", "assemblies"):
        with statements() as seen:
            browser.get(f"/admin/{screen}/")
        assert len(seen) <= 5, re.findall(r"FROM \w+", " ".join(seen))


@pytest.mark.parametrize("screen", ["contracts", "roster", "assemblies"])
def test_what_is_listed_is_exported(make: Factory, screen: str) -> None:
    member, browser = make.member(), staff(make)
    browser.get("/admin/roster/propose/")
    send(browser, "/propose/", {"lines": f"{member.operator_code} 900", "reason": "整理"})
    send(browser, "/propose/", {"confirmed": "y"})
    browser.get("/admin/assemblies/new/")
    send(browser, "/new/", assembly_values())
    send(browser, "/new/", {"confirmed": "y"})
    words = {"contracts": member.current_name, "roster": "整理", "assemblies": "通常総会"}
    answer = browser.get(f"/admin/{screen}/export-csv/")
    assert answer.status_code == 200
    assert words[screen] in answer.get_data().decode("utf-8-sig")
