"""取下げ by staff in place of a member that can no longer enter: the door, who sees it, and what it refuses."""

from sqlalchemy import select

from occto.domain.changes import ChangeState
from occto.domain.codes import Channel
from occto.domain.permissions import Role
from occto.models import ContractOfUse
from occto.services import contracts
from occto.unit_of_work import run
from tests.changing import TODAY, Request, renamed, submitted
from tests.clients import Browser
from tests.factories import NOW, Factory
from tests.observing import everything
from tests.registering import read

MOVING = frozenset({"access_events", "access_subjects"})
S = ChangeState


def _on_paper(make: Factory, change: Request) -> None:
    contract = read(select(ContractOfUse.id).where(ContractOfUse.member_id == change.member.id))[0][0]
    approver = make.actor(make.staff(Role.APPROVER), Role.APPROVER)
    run(contracts.end_on_application, contract, applied_on=TODAY, words=None, actor=approver, now=NOW)


def _page(browser: Browser, change: Request) -> str:
    assert browser.get(f"/admin/changes/details/?id={change.id}").status_code == 200
    return browser.text


def test_the_door_stands_only_where_the_member_cannot_enter(make: Factory) -> None:
    change = submitted(make, renamed())
    browser = make.signed_in(change.operator)
    assert "/admin/changes/withdraw/" not in _page(browser, change)
    _on_paper(make, change)
    assert "/admin/changes/withdraw/" in _page(browser, change)
    browser.get(f"/admin/changes/withdraw/?id={change.id}&version={change.version}")
    browser.submit({"reason": ""}, action="/withdraw/")
    assert change.state is S.SUBMITTED
    browser.submit({"reason": "11月20日に電話で申し出"}, action="/withdraw/")
    assert "取り下げました。" in browser.text
    assert "11月20日に電話で申し出" in browser.text
    assert change.state is S.WITHDRAWN
    assert "/admin/changes/withdraw/" not in _page(browser, change)


def test_a_crafted_post_withdraws_nothing_of_a_member_that_can(make: Factory) -> None:
    change, keyed = submitted(make, renamed()), submitted(make, renamed(), channel=Channel.PAPER)
    browser = make.signed_in(change.operator)
    _page(browser, change)
    before = everything()
    values = {"id": change.id, "version": change.version, "reason": "申し出", "form_id": "withdrawn"}
    assert browser.post("/admin/changes/withdraw/", values).status_code == 409
    assert "取下げをお願いしてください。" in browser.text
    after = everything()
    assert all(after[table] == rows for table, rows in before.items() if table not in MOVING)
    assert "/admin/changes/withdraw/" not in _page(browser, keyed)


def test_a_stale_page_withdraws_nothing(make: Factory) -> None:
    change = submitted(make, renamed())
    _on_paper(make, change)
    browser = make.signed_in(change.operator)
    browser.get(f"/admin/changes/withdraw/?id={change.id}&version={change.version + 1}")
    answer = browser.submit({"reason": "申し出"}, action="/withdraw/")
    assert answer.status_code == 409
    assert "申し出" in browser.text
    assert change.state is S.SUBMITTED
