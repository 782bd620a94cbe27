"""議決権の確定 as staff do it: from the check list to the second person, and what is known too late."""

import pytest
from sqlalchemy import func, select

from occto.domain.assembly import AssemblyState
from occto.domain.codes import LateOutcome, SnapshotState
from occto.domain.joining import ApplicationState
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import LateFact, OutboxMail, Proposal, Snapshot
from tests import answers, assembling, changing
from tests.admin.office import send, staff, unchanged
from tests.clients import Browser
from tests.factories import Factory
from tests.freezing import BEFORE, Scene, capital, moved, on_paper, sanction, scene
from tests.observing import everything

CONFIRMED = {"confirmed": "y"}


def shown(browser: Browser, now: Scene) -> str:
    assert browser.get(f"/admin/freezing/?id={now.held}").status_code == 200
    return browser.text


def confirm(now: Scene) -> None:
    """Another approver confirms the newest proposal."""
    db.session.rollback()
    number = db.session.scalar(select(func.max(Proposal.id)))
    other = staff(now.make)
    other.get(f"/admin/proposals/details/?id={number}")
    assert send(other, "/confirm/") == 200
    assert "依頼の内容を行いました" in other.text


def test_from_the_check_list_to_the_freeze(make: Factory) -> None:
    make.member(name="北風発電株式会社")
    request = make.change_request(answers=changing.capital(7, on=BEFORE), occurred_on=BEFORE)
    case = answers.in_state(make, ApplicationState.ACCEPTED)
    now = scene(make)
    browser = staff(make)
    page = shown(browser, now)
    assert "あと2件" in page
    assert f"change_requests/details/?id={request.id}" in page or f"changes/details/?id={request.id}" in page
    assert f"applications/details/?id={case.id}" in page
    assert "確定を依頼する" not in page
    browser.get(f"/admin/freezing/mark/?id={now.held}")
    send(browser, "/mark/", {"keys": now.keys(), "reason": "電話で確かめたため"})
    page = shown(browser, now)
    assert page.count("確認済：電話で確かめたため") == 2
    browser.get(f"/admin/freezing/propose/?id={now.held}")
    send(browser, "/propose/", {"reason": "基準日の集計のとおり"})
    assert "議決権の総数" in browser.text
    assert "確認済として、そのままにするもの" in browser.text
    send(browser, "/propose/", CONFIRMED)
    assert "二人目の方に確認を依頼しました" in browser.text
    assert "二人目の方の確認を待っています" in shown(browser, now)
    confirm(now)
    assert now.row.state is AssemblyState.FROZEN
    page = shown(browser, now)
    assert "確定した議決権" in page
    assert now.frozen().sha256 in page


def test_the_second_person_is_told_what_has_changed_since(make: Factory) -> None:
    one, two = make.member(), make.member()
    now = scene(make)
    number = now.propose()
    assembling.controls(one, two)
    browser = staff(make)
    browser.get(f"/admin/proposals/details/?id={number}")
    assert "依頼したときと違っています" in browser.text
    assert "議決権の変わるところ" in browser.text
    assert send(browser, "/confirm/") == 409
    assert "もう一度依頼してください" in browser.text


def test_what_changed_between_the_check_page_and_the_button_is_not_asked_for(make: Factory) -> None:
    one, two = make.member(), make.member()
    now = scene(make)
    browser = staff(make)
    browser.get(f"/admin/freezing/propose/?id={now.held}")
    send(browser, "/propose/", {"reason": "確定"})
    assembling.controls(one, two)
    assert send(browser, "/propose/", CONFIRMED) == 409
    assert "画面を開いたあとに議決権が変わりました" in browser.text


def test_a_draft_is_kept(make: Factory) -> None:
    make.member()
    now = scene(make)
    browser = staff(make)
    browser.get(f"/admin/freezing/draft/?id={now.held}")
    send(browser, "/draft/", {"reason": "はじめ"})
    assert "集計を残しました" in browser.text
    assert "集計（案）" in browser.text
    assert "はじめ" in browser.text


def test_an_error_of_the_calculation_is_shown_and_stands_in_the_way(make: Factory) -> None:
    one, two = make.member(name="輪一電力株式会社"), make.member()
    assembling.controls(one, two)
    assembling.controls(two, one)
    now = scene(make)
    browser = staff(make)
    page = shown(browser, now)
    assert "親子の関係が輪になっている" in page
    assert "輪一電力株式会社" in page
    assert "確認済にする</a>" not in page
    browser.get(f"/admin/freezing/propose/?id={now.held}")
    send(browser, "/propose/", {"reason": "確定"})
    assert send(browser, "/propose/", CONFIRMED) == 409


def test_freezing_again_shows_what_moves_and_who_is_told(make: Factory) -> None:
    first, paper, other = (make.member(name=f"{word}電力株式会社") for word in ("東雲", "紙島", "西原"))
    make.affiliate(make.user(), other)
    on_paper(paper)
    now = scene(make)
    now.freeze()
    moved(now.held, AssemblyState.REPLIES_OPEN)
    sanction(first)
    browser = staff(make)
    page = shown(browser, now)
    assert "取扱いの決まっていない" in page
    assert "権利の停止・制限" in page
    browser.get(f"/admin/freezing/late/?id={now.held}")
    send(browser, "/late/", {"outcome": "REFREEZE", "reason": "理事会の決定が後から届いたため"})
    for words in (
        "東雲電力株式会社",
        "1 / 3",
        "1 / 2",
        "権利の停止・制限により、議決権がなくなるため",
        "紙島電力株式会社",
        "1通",
    ):
        assert words in browser.text, words
    send(browser, "/late/", CONFIRMED)
    confirm(now)
    db.session.rollback()
    states = list(db.session.scalars(select(Snapshot.state).order_by(Snapshot.no)))
    assert states == [SnapshotState.DRAFT, SnapshotState.SUPERSEDED, SnapshotState.FROZEN]
    mail = db.session.scalars(select(OutboxMail).where(OutboxMail.template == "assemblies/votes_changed")).one()
    assert mail.member_id == other.id
    assert "確定し直す前" in shown(browser, now)


@pytest.mark.parametrize("outcome", ["KEEP", "POSTPONE"])
def test_a_late_fact_is_left_aside(make: Factory, outcome: str) -> None:
    member = make.member()
    now = scene(make)
    now.freeze()
    capital(member, 5)
    (fact,) = now.facts()
    browser = staff(make)
    browser.get(f"/admin/freezing/late/?id={now.held}")
    send(browser, "/late/", {"outcome": outcome, "facts": [str(fact.id)], "reason": "議決権は変わらないため"})
    send(browser, "/late/", CONFIRMED)
    assert "まだ何も変わっていません" in browser.text
    confirm(now)
    db.session.rollback()
    assert db.session.scalars(select(LateFact.outcome)).one() is LateOutcome(outcome)
    assert ("延期することに決まっています" in shown(browser, now)) is (outcome == "POSTPONE")


def test_without_a_choice_nothing_is_asked_for(make: Factory) -> None:
    member = make.member()
    now = scene(make)
    now.freeze()
    capital(member, 5)
    browser = staff(make)
    browser.get(f"/admin/freezing/late/?id={now.held}")
    assert send(browser, "/late/", {"reason": "理由"}) == 422
    send(browser, "/late/", {"outcome": "KEEP", "reason": "理由"})
    assert "選ばれていません" in browser.text
    assert send(browser, "/late/", CONFIRMED) == 409


@pytest.mark.parametrize("state", [state for state in AssemblyState if state.value != "POSTPONED"])
def test_every_state_has_a_page(make: Factory, state: AssemblyState) -> None:
    make.member()
    now = scene(make, state)
    browser = staff(make, Role.OPERATOR)
    shown(browser, now)


@pytest.mark.parametrize("page", ["", "mark/", "draft/", "propose/", "late/"])
@pytest.mark.parametrize("number", ["", "x", "0", "99", str(2**63), "1%00", "１"])
def test_what_is_not_there_is_not_found(make: Factory, page: str, number: str) -> None:
    assert staff(make).get(f"/admin/freezing/{page}?id={number}").status_code == 404


def test_before_the_freeze_there_is_no_late_fact_to_decide(make: Factory) -> None:
    now = scene(make)
    assert staff(make).get(f"/admin/freezing/late/?id={now.held}").status_code == 404


def test_who_may_only_see_is_shown_no_buttons(make: Factory) -> None:
    make.member()
    now = scene(make)
    for role, status in ((Role.RECEPTION, 403), (Role.SYSTEM, 403), (Role.OPERATOR, 200)):
        browser = staff(make, role)
        assert browser.get(f"/admin/freezing/?id={now.held}").status_code == status


@pytest.mark.parametrize(
    "values",
    [
        {"keys": ["CHANGE:1:1"], "reason": "理由"},
        {"keys": ["x" * 100_000], "reason": "x" * 100_000},
        {"keys": ["\0"], "reason": "\0"},
        {"outcome": "INCLUDED", "facts": [str(2**63)], "reason": "理由", "digest": "x" * 100_000, "confirmed": "y"},
        {"outcome": "KEEP", "facts": ["-1", "1", "1"], "reason": "理由", "version": "9" * 40, "confirmed": "y"},
    ],
)
def test_crafted_forms_write_nothing(make: Factory, values: dict[str, object]) -> None:
    member = make.member()
    counting, frozen = scene(make), scene(make)
    frozen.freeze()
    capital(member, 5)
    browser = staff(make)
    shown(browser, counting)
    browser.get(f"/admin/freezing/draft/?id={counting.held}")
    before = everything()
    for held in (counting.held, frozen.held):
        for page in ("mark", "propose", "late"):
            sent = {"id": held, "form_id": f"{page}{held}", **values}
            assert browser.post(f"/admin/freezing/{page}/", sent).status_code < 500, page
    assert unchanged(before)
