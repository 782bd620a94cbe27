"""二人目の確認 as staff see it: what waits, what it will do, and the two buttons."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from occto.domain.assembly import AssemblyState
from occto.domain.codes import ProposalState
from occto.domain.permissions import Role
from occto.domain.proposals import ProposalKind
from occto.extensions import db
from occto.models import Proposal
from occto.services import proposals
from occto.unit_of_work import run
from tests import assembling
from tests.admin.office import send
from tests.factories import NOW, Factory


def _proposed(make: Factory, **changes: Any) -> tuple[int, Any]:
    held, first = assembling.assembly(make, AssemblyState.COUNTING), make.staff(Role.APPROVER, name="一条 薫")
    about = {"election_id": 0, "outcome": "EFFECTIVE", "version": 1}
    values: dict[str, Any] = {"subject_key": f"ASSEMBLY:{held.id}", "assembly_id": held.id, "values": about}

    def verb(session: Session) -> int:
        actor = make.actor(first, Role.APPROVER)
        given = values | changes
        return proposals.propose(
            session, ProposalKind.ELECTION, **given, reason="届出書の確認", actor=actor, now=NOW
        ).id

    return run(verb), first


def test_it_stands_in_the_list_and_in_the_work_of_others(make: Factory) -> None:
    number, first = _proposed(make)
    for user, sees in ((first, False), (make.staff(Role.APPROVER), True)):
        browser = make.signed_in(user)
        browser.get("/admin/?tab=second")
        assert (f"proposals/details/?id={number}" in browser.text) is sees
    browser.get("/admin/proposals/")
    assert "届出の要確認の決定" in browser.text
    assert "一条 薫" in browser.text
    browser.get("/admin/proposals/?state=DROPPED")
    assert "一条 薫" not in browser.text


@pytest.mark.parametrize(("role", "may"), [(Role.APPROVER, True), (Role.OPERATOR, False)])
def test_the_page_says_what_will_happen(make: Factory, role: Role, may: bool) -> None:
    number, _first = _proposed(make)
    browser = make.signed_in(make.staff(role))
    browser.get(f"/admin/proposals/details/?id={number}")
    assert "要確認の届出の扱いが決まります" in browser.text
    assert "届出書の確認" in browser.text
    assert ("確認して行う" in browser.text) is may
    assert browser.text.index("届出書の確認") < browser.text.index("依頼を取りやめる"), "first what, then the decision"
    assert "依頼を取りやめる" in browser.text


def test_who_proposed_cannot_confirm_but_drop(make: Factory) -> None:
    number, first = _proposed(make)
    browser = make.signed_in(first)
    browser.get(f"/admin/proposals/details/?id={number}")
    assert "あなたが依頼したものです" in browser.text
    assert "確認して行う" not in browser.text
    send(browser, "/drop/")
    assert "依頼を取りやめました" in browser.text
    db.session.rollback()
    assert db.session.scalars(select(Proposal)).one().state is ProposalState.DROPPED


def test_a_crafted_confirmation_of_ones_own_is_refused(make: Factory) -> None:
    number, first = _proposed(make)
    browser = make.signed_in(first)
    browser.get(f"/admin/proposals/details/?id={number}")
    values = {"id": number, "version": 1, "form_id": "crafted"}
    assert browser.post("/admin/proposals/confirm/", values).status_code == 409
    assert "別の方が確認してください" in browser.text


@pytest.mark.parametrize("number", ["", "x", "0", "99", str(2**63), "1%00"])
def test_what_is_not_there_is_not_found(make: Factory, number: str) -> None:
    browser = make.signed_in(make.staff(Role.APPROVER))
    assert browser.get(f"/admin/proposals/details/?id={number}").status_code == 404
