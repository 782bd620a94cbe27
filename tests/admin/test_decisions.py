"""Each door once from the page to the database; what it refuses, with nothing lost; nothing else can be set by a POST."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from occto import clock
from occto.domain.codes import Audience, Channel
from occto.domain.joining import ApplicationState
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import Application, Decision, FormSubmission, OutboxMail, Remark
from occto.services.joining import review
from occto.unit_of_work import run
from tests.answers import Case, accepted, checked, in_state, main_submitted, submitted
from tests.clients import Browser
from tests.factories import Factory
from tests.observing import everything

S = ApplicationState
MOVING = frozenset({"access_events", "access_subjects"})


def _staff(make: Factory, *roles: Role) -> Browser:
    return make.signed_in(make.staff(*(roles or (Role.OPERATOR,)), name="小林 恵"))


def _case_page(browser: Browser, case: Case) -> None:
    browser.get(f"/admin/applications/details/?id={case.id}")


def _open(browser: Browser, case: Case, door: str) -> None:
    assert browser.get(f"/admin/applications/{door}/?id={case.id}&version={case.version}").status_code == 200


def _templates(case: Case) -> set[str]:
    db.session.rollback()
    return set(db.session.scalars(select(OutboxMail.template).where(OutboxMail.application_id == case.id)))


def _last(case: Case) -> Decision:
    db.session.rollback()
    found = db.session.scalar(
        select(Decision).where(Decision.subject_id == case.id).order_by(Decision.id.desc()).limit(1)
    )
    assert found is not None
    return found


def _unchanged(before: dict[str, list[str]]) -> bool:
    after = everything()
    return {key: rows for key, rows in after.items() if key not in MOVING} == {
        key: rows for key, rows in before.items() if key not in MOVING
    }


def test_take_then_accept_from_the_case_page(make: Factory) -> None:
    case, following = submitted(make), submitted(make)
    browser = _staff(make)
    _case_page(browser, case)
    browser.submit(action="/take/")
    assert browser.path == "/admin/applications/details/"
    assert "担当者として記録しました" in browser.text
    assert case.state is S.IN_REVIEW
    browser.submit(action="/accept/")
    assert case.state is S.ACCEPTED
    assert f"details/?id={following.id}" in browser.text
    assert "join/accepted" in _templates(case)


def test_return_with_comments_a_canned_reason_and_words(make: Factory) -> None:
    case = submitted(make)
    browser = _staff(make)
    _open(browser, case, "return")
    browser.submit(
        {
            "canned": ["documents"],
            "reason": "委任状もお願いします。",
            "remark_company": "番地を登記のとおりに。",
            "state": "APPROVED",
        },
        action="/return/",
    )
    assert case.state is S.RETURNED
    reason = _last(case).reason or ""
    assert reason.startswith("添付書類が足りません。")
    assert reason.endswith("委任状もお願いします。")
    remark = db.session.scalars(select(Remark)).one()
    assert (remark.item, remark.body, remark.audience) == ("company", "番地を登記のとおりに。", Audience.PARTY)


def test_a_return_without_a_reason_keeps_the_comments(make: Factory) -> None:
    case = submitted(make)
    browser = _staff(make)
    _open(browser, case, "return")
    before = everything()
    answer = browser.submit({"remark_company": "番地を登記のとおりに。"}, action="/return/")
    assert answer.status_code == 422
    assert "差し戻す理由を選ぶか、入力してください。" in browser.text
    assert "番地を登記のとおりに。" in browser.text
    assert _unchanged(before)


def test_hold_and_resume(make: Factory) -> None:
    case = submitted(make)
    browser = _staff(make)
    _open(browser, case, "hold")
    browser.submit({"reason": "METI に照会中です。"}, action="/hold/")
    assert case.row().hold_reason == "METI に照会中です。"
    assert "METI に照会中です。" in browser.text
    assert 'action="/admin/applications/accept/"' not in browser.text
    browser.submit(action="/resume/")
    assert case.row().held_at is None


def test_operator_code_is_recorded_or_refused_beside_its_field(make: Factory) -> None:
    case, member = accepted(make), make.member()
    browser = _staff(make)
    _open(browser, case, "operator-code")
    answer = browser.submit({"operator_code": member.operator_code}, action="/operator-code/")
    assert answer.status_code == 409
    assert 'id="operator_code-e"' in browser.text
    assert "すでに使われています" in browser.text
    assert f'value="{member.operator_code}"' in browser.text
    browser.submit({"operator_code": "０９８７６"}, action="/operator-code/")
    assert case.row().operator_code == "09876"
    assert "join/operator_code" in _templates(case)


def test_check_then_approval_by_another_person(make: Factory) -> None:
    case = main_submitted(make)
    first = make.signed_in(make.staff(Role.APPROVER, name="一人目"))
    _case_page(first, case)
    assert "一人目の確認が済むと" in first.text
    _open(first, case, "check")
    first.submit(action="/check/")
    assert "別の方が承認すると" in first.text
    assert "あなたが確認した申請です" in first.text
    assert "/admin/applications/approve/" not in first.text
    second = make.signed_in(make.staff(Role.APPROVER, name="二人目"))
    second.get("/admin/?tab=second")
    assert f"details/?id={case.id}" in second.text
    _open(second, case, "approve")
    assert "髙橋 﨑子" in second.text
    second.submit(action="/approve/")
    assert case.state is S.APPROVED
    assert "承認しました" in second.text


def test_the_checker_cannot_approve_by_a_crafted_post(make: Factory) -> None:
    case = main_submitted(make)
    browser = make.signed_in(make.staff(Role.APPROVER))
    _open(browser, case, "check")
    browser.submit(action="/check/")
    token = browser.forms()[-1]["fields"]["csrf_token"][0]
    values = {"id": case.id, "version": case.version, "form_id": "crafted", "csrf_token": token}
    browser.client.post("/admin/applications/approve/", data=values)
    assert case.state is S.MAIN_IN_REVIEW
    _case_page(browser, case)
    assert "別の方が承認してください" in browser.text


def test_a_late_joiner_needs_a_reason_for_its_day(make: Factory) -> None:
    late = main_submitted(make, act_on=(clock.now() - timedelta(days=900)).date())
    browser = _staff(make)
    browser.get("/admin/?tab=late")
    assert f"details/?id={late.id}" in browser.text
    _open(browser, late, "check")
    answer = browser.submit(action="/check/")
    assert answer.status_code == 409
    assert 'id="member_on_reason-e"' in browser.text
    browser.submit({"member_on_reason": "提出の日とした。"}, action="/check/")
    assert late.row().member_on_reason == "提出の日とした。"


def test_not_qualified_only_after_meti_was_asked(make: Factory) -> None:
    case = submitted(make)
    browser = _staff(make, Role.APPROVER)
    _open(browser, case, "not-qualified")
    answer = browser.submit({"reason": "届出が行われなかった。"}, action="/not-qualified/")
    assert answer.status_code == 422
    assert "届出が行われなかった。" in browser.text
    assert case.state is S.SUBMITTED
    browser.submit({"no_act_confirmed": "y"}, action="/not-qualified/")
    assert case.state is S.NOT_QUALIFIED


def test_extend_then_lapse_and_carry_to_main(make: Factory) -> None:
    old = clock.now() - timedelta(days=400)
    case, other = accepted(make, at=old), accepted(make, at=old)
    browser = _staff(make, Role.APPROVER)
    browser.get("/admin/?tab=lapse")
    assert f"details/?id={case.id}" in browser.text
    _open(browser, case, "extend")
    answer = browser.submit({"until": "2020-01-01", "reason": "手続きが進んでいる。"}, action="/extend/")
    assert answer.status_code == 409
    assert 'id="until-e"' in browser.text
    until = (clock.now() + timedelta(days=60)).date()
    browser.submit({"until": until.isoformat()}, action="/extend/")
    assert case.row().lapse_on == until
    _open(browser, other, "carry-to-main")
    browser.submit({"reason": "登録が済んでいる。"}, action="/carry-to-main/")
    assert other.state is S.MAIN_DRAFT
    third = accepted(make, at=old)
    _open(browser, third, "lapse")
    browser.submit({"reason": "1年の経過", "no_act_confirmed": "y"}, action="/lapse/")
    assert third.state is S.LAPSED


@pytest.mark.parametrize(("audience", "told"), [("PARTY", True), ("STAFF", False)])
def test_a_remark_reaches_whom_it_is_for(make: Factory, audience: str, told: bool) -> None:
    case = submitted(make)
    browser = _staff(make)
    _case_page(browser, case)
    browser.submit({"body": "資料を確かめました。", "audience": audience}, action="/remark/")
    assert "資料を確かめました。" in browser.text
    assert ("join/letter" in _templates(case)) is told


def test_what_was_decided_in_between_is_told_and_what_was_typed_stays(make: Factory) -> None:
    case = submitted(make)
    browser = _staff(make)
    _open(browser, case, "return")
    run(review.take, case.id, seen_version=case.version, actor=case.first, now=clock.now())
    answer = browser.submit({"reason": "書類が足りません。"}, action="/return/")
    assert answer.status_code == 409
    assert "画面を開いたあとに内容が変わりました" in browser.text
    assert "書類が足りません。" in browser.text
    assert case.state is S.IN_REVIEW
    browser.submit(action="/return/")
    assert case.state is S.RETURNED


def test_a_button_pressed_too_late_says_so_on_the_case_page(make: Factory) -> None:
    case = submitted(make)
    browser = _staff(make)
    _case_page(browser, case)
    run(review.accept, case.id, seen_version=case.version, actor=case.first, now=clock.now())
    browser.submit(action="/accept/")
    assert "ほかの方がこの申請を処理しました" in browser.text


def test_the_same_form_sent_twice_decides_once(make: Factory) -> None:
    case = submitted(make)
    browser = _staff(make)
    _open(browser, case, "hold")
    form = next(one for one in browser.forms() if one["action"].endswith("/hold/"))
    data: dict[str, Any] = {**form["fields"], "reason": "照会中"}
    answers = [browser.client.post("/admin/applications/hold/", data=data) for _ in range(2)]
    assert {(answer.status_code, answer.location) for answer in answers} == {
        (303, f"/admin/applications/details/?id={case.id}")
    }
    db.session.rollback()
    assert len(db.session.scalars(select(Decision).where(Decision.step == "hold")).all()) == 1
    assert len(db.session.scalars(select(FormSubmission)).all()) == 1


def test_extra_fields_set_nothing(make: Factory) -> None:
    case = accepted(make)
    browser = _staff(make)
    _open(browser, case, "operator-code")
    browser.submit(
        {
            "operator_code": "09876",
            "state": "APPROVED",
            "member_id": "1",
            "decided_by_id": "1",
            "lapse_on": "2099-01-01",
        },
        action="/operator-code/",
    )
    row = case.row()
    assert (row.state, row.member_id, row.decided_by_id) == (S.ACCEPTED, None, None)
    assert row.lapse_on is not None
    assert row.lapse_on.year < 2099


CRAFTED: tuple[dict[str, str], ...] = (
    {},
    {"id": "1,2"},
    {"id": "9" * 30},
    {"id": "case", "version": "x"},
    {"id": "case", "version": "9" * 30},
)


@pytest.mark.parametrize(
    "door", ["return", "hold", "operator-code", "check", "approve", "not-qualified", "lapse", "extend", "remark"]
)
def test_crafted_posts_are_refused_in_words(make: Factory, door: str) -> None:
    case = submitted(make)
    browser = _staff(make, Role.OPERATOR, Role.APPROVER)
    browser.get("/admin/applications/new-paper/")
    token = browser.forms()[-1]["fields"]["csrf_token"][0]
    before = everything()
    for values in CRAFTED:
        data = {"reason": "x", "body": "x", "form_id": "f", "csrf_token": token, **values}
        if values.get("id") == "case":
            data["id"] = str(case.id)
        answer = browser.client.post(f"/admin/applications/{door}/", data=data)
        assert answer.status_code in {303, 404, 409, 422}, values
    assert _unchanged(before)


def test_a_paper_application_begins_on_the_applicants_pages(make: Factory) -> None:
    browser = _staff(make)
    browser.get("/admin/applications/new-paper/")
    assert browser.submit({"email": "だれか"}, form=-1).status_code == 422
    assert "だれか" in browser.text
    browser.submit({"email": ""}, form=-1, follow=False)
    db.session.rollback()
    row = db.session.scalars(select(Application)).one()
    assert (row.channel, row.state, row.email) == (Channel.PAPER, S.DRAFT, None)
    assert browser.response is not None
    assert browser.response.location == f"/join/applications/{row.id}"


def test_whoever_keyed_a_case_in_is_told_why_not_to_approve(make: Factory) -> None:
    case = checked(make)
    approver = make.staff(Role.APPROVER)
    from occto.unit_of_work import unit_of_work

    with unit_of_work() as session:
        row = session.get(Application, case.id)
        assert row is not None
        row.channel, row.entered_by_id = Channel.PAPER, approver.id
    browser = make.signed_in(approver)
    _case_page(browser, case)
    assert "あなたが書面から入力した申請です" in browser.text


@pytest.mark.parametrize("state", list(S))
def test_the_page_of_a_case_opens_in_every_state(make: Factory, state: ApplicationState) -> None:
    case = in_state(make, state)
    for role in (Role.OPERATOR, Role.APPROVER):
        answer = _staff(make, role).get(f"/admin/applications/details/?id={case.id}")
        assert answer.status_code == (404 if state is S.REMOVED else 200)
