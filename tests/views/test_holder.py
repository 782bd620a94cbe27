"""届出 and 異議 as members see them: their own family alone, a check page, consent, withdrawal, objections."""

from typing import Any

import pytest
from sqlalchemy import select

from occto.domain.assembly import AssemblyState
from occto.domain.codes import ElectionState
from occto.domain.permissions import Role
from occto.domain.votes import Group
from occto.extensions import db
from occto.models import HolderElection, Member, VoteObjection
from tests.assembling import assembly
from tests.clients import Browser
from tests.electing import family, file_election, one, speaking
from tests.factories import NOW, Factory
from tests.registering import read


@pytest.fixture(autouse=True)
def _at_now(monkeypatch: pytest.MonkeyPatch) -> None:
    from occto import clock

    monkeypatch.setattr(clock, "now", lambda: NOW)


def person(make: Factory, member: Member, role: Role = Role.ASSEMBLY) -> Browser:
    user = make.user()
    make.affiliate(user, member, role)
    return make.signed_in(user, member=member)


def crafted(browser: Browser, path: str, values: dict[str, str]) -> int:
    """A POST that no page offers, with the token of the present page (signing out has one)."""
    token = browser.text.split('name="csrf_token" value="', 1)[1].split('"', 1)[0]
    return browser.post(path, {"csrf_token": token, **values}).status_code


def filed() -> list[HolderElection]:
    return [row[0] for row in read(select(HolderElection).order_by(HolderElection.id))]


def test_a_member_files_over_a_check_page_and_the_parent_consents(make: Factory) -> None:
    parent, child, _young = family(make)
    make.member(name="無関係電力株式会社", licences=("RETAIL", "GEN"))
    held = assembly(make, AssemblyState.COUNTING)
    files, consents = person(make, child), person(make, parent, Role.ADMINISTRATOR)
    files.get(f"/assemblies/{held.id}/holder")
    assert "親法人 汐見電力株式会社" in files.text or "汐見電力株式会社" in files.text
    assert "無関係電力" not in files.text
    files.get(f"/assemblies/{held.id}/holder/new")
    assert "無関係電力" not in files.text
    assert files.submit({}).status_code == 422
    files.submit({"group": "R", "holder": str(child.id)})
    assert "汐見電力株式会社 が行使します" in files.text
    assert filed() == []
    files.submit({"confirmed": "y"})
    assert "届出を受け付けました" in files.text
    assert "確認中です" in files.text
    (election,) = filed()
    assert "この届出に同意する" not in files.text
    consents.get(f"/assemblies/{held.id}/holder")
    assert f"/assemblies/holder/filings/{election.id}" in consents.text
    consents.get(f"/assemblies/holder/filings/{election.id}")
    consents.submit(action="/countersign")
    assert "届出は有効になりました" in consents.text
    assert one(election.id).state is ElectionState.EFFECTIVE
    files.get(f"/assemblies/holder/filings/{election.id}")
    files.submit(action="/withdraw")
    assert "届出を取り下げました" in files.text
    assert one(election.id).state is ElectionState.WITHDRAWN


def test_typing_stays_when_going_back_from_the_check_page(make: Factory) -> None:
    parent, child, _young = family(make)
    held = assembly(make, AssemblyState.COUNTING)
    files = person(make, parent)
    files.get(f"/assemblies/{held.id}/holder/new")
    files.submit({"group": "*", "holder": str(child.id)})
    assert "すぐに有効になります" in files.text
    files.submit({"again": "y"})
    assert "内容を確認する" in files.text
    assert files.forms()[0]["fields"]["holder"] == [str(child.id)]
    assert filed() == []


def test_a_standing_one_and_a_second_press(make: Factory) -> None:
    parent, child, _young = family(make)
    files = person(make, parent)
    files.get("/assemblies/holder/new")
    files.submit({"group": "R", "holder": str(child.id)})
    form = files.forms()[0]
    values = {name: held[0] for name, held in form["fields"].items()} | {"confirmed": "y"}
    for _ in range(2):
        files.post("/assemblies/holder/new", values)
    (election,) = filed()
    assert (election.assembly_id, election.vote_group) == (None, "R")
    files.get("/assemblies/holder")
    assert "これからのすべての総会" in files.text
    assert files.text.count(f"/assemblies/holder/filings/{election.id}") == 1


def test_nobody_sees_or_touches_another_family(make: Factory) -> None:
    parent, child, _young = family(make)
    held = assembly(make, AssemblyState.COUNTING)
    number = file_election(speaking(make, child), child, held.id, Group.R)
    stranger = person(make, make.member(licences=("RETAIL",)), Role.ADMINISTRATOR)
    stranger.get(f"/assemblies/{held.id}/holder")
    assert "汐見" not in stranger.text
    assert stranger.get(f"/assemblies/holder/filings/{number}").status_code == 404
    for act in ("countersign", "withdraw"):
        stranger.get(f"/assemblies/{held.id}/objection")
        values = {"version": "1", "form_id": f"x{act}"}
        assert crafted(stranger, f"/assemblies/holder/filings/{number}/{act}", values) == 404
    stranger.get(f"/assemblies/{held.id}/objection")
    values = {"group": "R", "holder": str(parent.id), "confirmed": "y", "form_id": "y"}
    assert crafted(stranger, f"/assemblies/{held.id}/holder/new", values) == 422
    assert [one.state for one in filed()] == [ElectionState.UNSETTLED]


@pytest.mark.parametrize("role", [Role.VIEWER, Role.APPLICATIONS])
def test_who_only_reads(make: Factory, role: Role) -> None:
    parent, child, _young = family(make)
    held = assembly(make, AssemblyState.COUNTING)
    number = file_election(speaking(make, child), child, held.id, Group.R)
    reads = person(make, parent, role)
    assert reads.get(f"/assemblies/{held.id}/holder").status_code == 200
    assert "届出をする" not in reads.text
    assert reads.get(f"/assemblies/{held.id}/holder/new").status_code == 403
    reads.get(f"/assemblies/holder/filings/{number}")
    assert "同意する" not in reads.text
    assert reads.get(f"/assemblies/{held.id}/objection").status_code == 200
    reads.get("/member")
    assert crafted(reads, f"/assemblies/{held.id}/objection", {"body": "x", "form_id": "z"}) == 403
    reads.get("/member")
    assert crafted(reads, f"/assemblies/holder/filings/{number}/countersign", {"form_id": "w"}) == 403


def test_after_the_freeze_the_pages_say_so(make: Factory) -> None:
    parent, _child, _young = family(make)
    held = assembly(make, AssemblyState.FROZEN)
    files = person(make, parent)
    files.get(f"/assemblies/{held.id}/holder")
    assert "届出の受付は終わりました" in files.text
    files.get(f"/assemblies/{held.id}/holder/new")
    assert "届出の受付は終わりました" in files.text
    files.get(f"/assemblies/{held.id}/objection")
    assert "お申し出の受付は終わりました" in files.text
    assert crafted(files, f"/assemblies/{held.id}/objection", {"body": "違います", "form_id": "a"}) == 409
    assert read(select(VoteObjection)) == []


def test_an_objection_is_sent_and_shown(make: Factory) -> None:
    held = assembly(make, AssemblyState.COUNTING)
    files = person(make, make.member())
    files.get(f"/assemblies/{held.id}/objection")
    assert files.submit({"body": " "}).status_code == 422
    files.submit({"body": "<i>子法人ではありません</i>"})
    assert "お申し出を受け付けました" in files.text
    assert "&lt;i&gt;子法人ではありません" in files.text
    assert "当機関で確かめています" in files.text


def test_an_assembly_in_preparation_is_not_there(make: Factory) -> None:
    held, files = assembly(make, AssemblyState.PREPARING), person(make, make.member())
    for path in (
        f"/assemblies/{held.id}/holder",
        f"/assemblies/{held.id}/holder/new",
        f"/assemblies/{held.id}/objection",
    ):
        assert files.get(path).status_code == 404


HUGE = str(2**70)


@pytest.mark.parametrize(
    "path",
    [
        f"/assemblies/{HUGE}/holder",
        f"/assemblies/{HUGE}/objection",
        f"/assemblies/holder/filings/{HUGE}",
        "/assemblies/0/holder",
    ],
)
def test_numbers_no_database_holds(make: Factory, path: str) -> None:
    assert person(make, make.member()).get(path).status_code == 404


@pytest.mark.parametrize("values", [{"group": "X"}, {"holder": HUGE}, {"group": ["R", "G"], "holder": "あ" * 100_000}])
def test_hostile_values_are_no_faults(make: Factory, values: dict[str, Any]) -> None:
    parent, child, _young = family(make)
    held, files = assembly(make, AssemblyState.COUNTING), person(make, parent)
    files.get(f"/assemblies/{held.id}/holder/new")
    sent = files.submit({"group": "R", "holder": str(child.id), "confirmed": "y", "form_id": "h"} | values)
    assert sent.status_code == 422
    assert filed() == []
    db.session.rollback()
