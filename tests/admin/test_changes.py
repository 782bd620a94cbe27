"""審査 of change requests: each door once from the page to the database, what it refuses, and what the pages say."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from occto.domain.changes import ChangeState, Part
from occto.domain.codes import AttachmentKind, Audience, Channel, Verdict
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import ChangeMark, ChangeRequest, ProfileFact, Remark
from occto.services import register
from occto.services.changes import approval, review
from occto.unit_of_work import run
from tests.changing import (
    SOON,
    Request,
    add_file,
    capital,
    checked,
    drafted,
    give_back,
    hold,
    licence_added,
    licence_ended,
    licences,
    relation_added,
    relations,
    renamed,
    save,
    send,
    submitted,
)
from tests.clients import Browser
from tests.factories import Factory, corporate_number
from tests.observing import everything
from tests.registering import assembly, entering

S = ChangeState
MOVING = frozenset({"access_events", "access_subjects"})
TWO = {**renamed("北浜エネルギー株式会社"), **capital(150_000_000)}


def _staff(make: Factory, *roles: Role) -> Browser:
    return make.signed_in(make.staff(*(roles or (Role.OPERATOR,)), name="高橋 直樹"))


def _as(make: Factory, change: Request, *, second: bool = True) -> Browser:
    return make.signed_in(change.approver if second else change.operator)


def _page(browser: Browser, change: Request, more: str = "") -> None:
    assert browser.get(f"/admin/changes/details/?id={change.id}{more}").status_code == 200


def _open(browser: Browser, change: Request, door: str) -> None:
    assert browser.get(f"/admin/changes/{door}/?id={change.id}&version={change.version}").status_code == 200


def _unchanged(before: dict[str, list[str]]) -> bool:
    after = everything()
    return {key: rows for key, rows in after.items() if key not in MOVING} == {
        key: rows for key, rows in before.items() if key not in MOVING
    }


def test_the_page_shows_the_difference_from_the_live_record(make: Factory) -> None:
    change = submitted(make, TWO)
    browser = _staff(make)
    _page(browser, change)
    page = browser.text
    assert "北浜エネルギー株式会社" in page
    assert "10,000,000 円" in page
    assert "150,000,000 円" in page
    assert "承認・証明書・二人目" in page
    assert page.count("証明書.pdf") >= 3
    assert "議決権の配分は変わりません。" in page
    assert "一人目の確認が済むと、別の方が承認できます。" in page


def test_the_copy_of_a_notice_stands_beside_its_category(make: Factory) -> None:
    """The page of a category names its copy itself, without a choice of items."""
    change = drafted(make, [Part.LICENCES])
    copy = add_file(change, kind=AttachmentKind.METI_ACT)
    save(change, licences(licence_added("RETAIL", attachment_id=copy)))
    send(change)
    browser = _staff(make)
    _page(browser, change)
    assert "この項目を示す書類はありません" not in browser.text
    assert browser.text.count(f"/admin/changes/file/?id={copy}") == 2
    assert "示す項目：小売電気事業者の追加" in browser.text
    member = make.signed_in(change.person, member=change.member)
    assert member.get(f"/changes/{change.id}").status_code == 200
    assert "証明する変更：小売電気事業者の追加" in member.text


def test_take_then_check_then_another_approves_and_the_next_is_one_click_away(make: Factory) -> None:
    change, following = submitted(make, capital(150_000_000)), submitted(make, renamed())
    operator = _as(make, change, second=False)
    _page(operator, change)
    operator.submit(action="/take/")
    assert "担当者として記録しました" in operator.text
    _open(operator, change, "check")
    operator.submit(action="/check/")
    assert change.row().checked_by_id == change.operator.id
    approver = _as(make, change)
    _open(approver, change, "approve")
    assert "150,000,000 円" in approver.text
    assert "議決権への影響" in approver.text
    approver.submit(action="/approve/")
    assert change.state is S.APPROVED
    assert f"/admin/changes/details/?id={following.id}" in approver.text
    entered = db.session.scalars(
        select(ProfileFact.value).where(ProfileFact.item == "capital", ProfileFact.effective_on == SOON)
    ).one()
    assert entered == 150_000_000


def test_marks_are_kept_without_deciding_and_prefill_the_return(make: Factory) -> None:
    change = submitted(make, TWO)
    browser = _staff(make)
    _page(browser, change)
    browser.submit(
        {
            "verdict_name": "FINE",
            "verdict_capital": "REMARK",
            "canned_capital": "certificate",
            "words_capital": "1億円と読めます。",
            "state": "APPROVED",
        },
        action="/marks/",
    )
    assert change.state is S.SUBMITTED
    marks = {mark.item: mark for mark in db.session.scalars(select(ChangeMark))}
    assert (marks["name"].verdict, marks["name"].words) == (Verdict.FINE, None)
    assert (marks["capital"].canned, marks["capital"].words) == ("certificate", "1億円と読めます。")
    assert "指摘 1項目" in browser.text
    _open(browser, change, "return")
    assert "証明する書類の内容と一致しません。" in browser.text
    assert "資本金又は出資の額の内容について、修正をお願いします。" in browser.text
    browser.submit(action="/return/")
    assert change.state is S.RETURNED
    remark = db.session.scalars(select(Remark)).one()
    assert (remark.item, remark.audience) == ("capital", Audience.PARTY)
    assert remark.body.endswith("1億円と読めます。")


def test_marks_lead_to_the_return_in_one_go(make: Factory) -> None:
    change = submitted(make, renamed())
    browser = _staff(make)
    _page(browser, change)
    browser.submit({"verdict_name": "REMARK", "canned_name": "registry", "do": "return"}, action="/marks/")
    assert browser.path == "/admin/changes/return/"
    assert "登記のとおりに入力してください。" in browser.text


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"verdict_capital": "REMARK"}, "指摘の理由を選ぶか"),
        ({"verdict_capital": "REMARK", "canned_capital": "nonsense"}, "もう一度選んでください"),
        ({"verdict_capital": "REMARK", "words_capital": "あ" * 1001}, "1,000文字以内"),
        ({"verdict_capital": "APPROVED"}, "もう一度選んでください"),
    ],
)
def test_a_refused_mark_loses_nothing(make: Factory, typed: dict[str, str], sentence: str) -> None:
    change = submitted(make, TWO)
    browser = _staff(make)
    _page(browser, change)
    before = everything()
    answer = browser.submit({"verdict_name": "REMARK", "words_name": "登記と照らして。"} | typed, action="/marks/")
    assert answer.status_code == 422
    assert sentence in browser.text
    assert "登記と照らして。" in browser.text
    assert _unchanged(before)


def test_marks_on_another_version_are_stale_and_stay_on_the_page(make: Factory) -> None:
    change = submitted(make, renamed())
    browser = _staff(make)
    _page(browser, change)
    send(change)
    before = everything()
    answer = browser.submit({"verdict_name": "REMARK", "words_name": "登記と照らして。"}, action="/marks/")
    assert answer.status_code == 409
    assert "登記と照らして。" in browser.text
    assert _unchanged(before)
    browser.submit(action="/marks/")
    assert db.session.scalars(select(ChangeMark.words)).one() == "登記と照らして。"


def test_a_return_needs_a_reason_and_keeps_what_was_typed(make: Factory) -> None:
    change = submitted(make, renamed())
    browser = _staff(make)
    _open(browser, change, "return")
    before = everything()
    answer = browser.submit({"remark_name": "番地を登記のとおりに。", "reason": ""}, action="/return/")
    assert answer.status_code == 422
    assert "番地を登記のとおりに。" in browser.text
    assert _unchanged(before)


def test_a_stale_door_shows_what_is_on_record_now_and_keeps_the_words(make: Factory) -> None:
    change = submitted(make, renamed())
    browser = _staff(make)
    _open(browser, change, "return")
    hold(change)
    answer = browser.submit({"reason": "登記をお送りください。"}, action="/return/")
    assert answer.status_code == 409
    assert "登記をお送りください。" in browser.text
    assert "保留" in browser.text
    assert change.state is S.SUBMITTED


def test_hold_and_resume(make: Factory) -> None:
    change = submitted(make, renamed())
    browser = _staff(make, Role.APPROVER)
    _open(browser, change, "hold")
    browser.submit({"reason": "登記所に照会中です。"}, action="/hold/")
    assert "登記所に照会中です。" in browser.text
    assert "保留を解除すると" in browser.text
    assert "/admin/changes/approve/" not in browser.text
    browser.submit(action="/resume/")
    assert change.row().held_at is None


def test_split_moves_the_chosen_items(make: Factory) -> None:
    change = submitted(make, TWO)
    browser = _staff(make)
    _open(browser, change, "split")
    browser.submit({"places": ["capital"], "reason": "商号を先に進めるため"}, action="/split/")
    db.session.rollback()
    other = db.session.scalars(select(ChangeRequest).where(ChangeRequest.split_from_id == change.id)).one()
    assert (other.title, change.row().title) == ("資本金又は出資の額の変更", "商号の変更")
    assert f"details/?id={other.id}" in browser.text


@pytest.mark.parametrize(
    ("typed", "status"),
    [({"places": [], "reason": "理由"}, 422), ({"places": ["name", "capital"], "reason": "理由"}, 409)],
)
def test_a_split_of_none_or_all_is_refused(make: Factory, typed: dict[str, Any], status: int) -> None:
    change = submitted(make, TWO)
    browser = _staff(make)
    _open(browser, change, "split")
    before = everything()
    assert browser.submit(typed, action="/split/").status_code == status
    assert "理由" in browser.text
    assert _unchanged(before)


def test_a_letter_to_the_member_and_one_among_staff(make: Factory) -> None:
    change = submitted(make, renamed())
    browser = _staff(make)
    for audience in ("PARTY", "STAFF"):
        _page(browser, change)
        browser.submit({"body": f"{audience} への文", "audience": audience}, action="/remark/")
    assert "職員だけの覚え書き" in browser.text
    assert {one.audience for one in db.session.scalars(select(Remark))} == {Audience.PARTY, Audience.STAFF}


def test_who_checked_reads_why_another_approves(make: Factory) -> None:
    change = submitted(make, capital(150_000_000))
    run(review.check, change.id, **change.seen(change.second))
    browser = _as(make, change)
    _page(browser, change)
    assert "あなたが確認した申請です。" in browser.text
    assert "/admin/changes/approve/" not in browser.text
    browser.get(f"/admin/changes/approve/?id={change.id}&version={change.version}")
    assert "この申請は承認できません" in browser.text
    _page(browser, change)
    before = everything()
    answer = browser.post("/admin/changes/approve/", {"id": change.id, "version": change.version, "form_id": "crafted"})
    assert answer.status_code == 409
    assert _unchanged(before)


@pytest.mark.parametrize("channel", [Channel.PAPER, Channel.STAFF])
def test_who_keyed_it_in_reads_why_another_approves(make: Factory, channel: Channel) -> None:
    change = submitted(make, capital(150_000_000), channel=channel)
    with_role = make.signed_in(change.person)
    _page(with_role, change)
    assert "承認者の承認を待っています。" in with_role.text
    assert "/admin/changes/check/" not in with_role.text
    browser = _as(make, change)
    _open(browser, change, "approve")
    browser.submit(action="/approve/")
    assert change.state is S.APPROVED


def test_a_conflict_is_marked_and_stops_the_approval(make: Factory) -> None:
    change = submitted(make, renamed("先の商号株式会社"))
    member_id = change.row().member_id
    with entering() as entered:
        register.set_item(*entered.into, member_id=member_id, item="name", value="別の商号株式会社", effective_on=SOON)
    browser = _as(make, change)
    _page(browser, change)
    assert "別の商号株式会社" in browser.text
    assert "この項目の登録が変わりました" in browser.text
    assert "申請のあとに登録が変わった項目がある" in browser.text
    assert "/admin/changes/approve/" not in browser.text


def test_immediate_items_stand_as_applied(make: Factory) -> None:
    change = submitted(make, renamed(kana="キタハマエネルギー"))
    browser = _staff(make)
    _page(browser, change)
    assert "登録済み 1項目" in browser.text
    assert "キタハマエネルギー" in browser.text


def test_what_was_approved_for_a_day_to_come_says_so_once(make: Factory) -> None:
    change = submitted(make, renamed(on=date(2099, 4, 1)))
    run(approval.approve, change.id, seen_version=change.version, actor=change.second, now=change.at)
    browser = _staff(make)
    _page(browser, change)
    assert "2099年4月1日から有効" in browser.text
    assert "反映済み" not in browser.text
    assert "これから有効になる登録" not in browser.text, "what the request brought itself stands above"


def test_the_copy_of_a_notice_shows_its_category(make: Factory) -> None:
    change = drafted(make, [Part.LICENCES])
    copy = add_file(change, kind=AttachmentKind.METI_ACT)
    save(change, licences(licence_added("RETAIL", attachment_id=copy)))
    send(change)
    browser = _staff(make)
    _page(browser, change)
    assert "この項目を示す書類はありません" not in browser.text
    assert "示す項目：小売電気事業者の追加" in browser.text


def test_a_notice_that_came_late_says_so(make: Factory) -> None:
    late = submitted(make, renamed(), occurred_on=date(2026, 10, 22))
    soon = submitted(make, renamed())
    browser = _staff(make)
    _page(browser, late)
    assert "届出まで 32日かかっています" in browser.text
    assert "直ちに" in browser.text
    _page(browser, soon)
    assert "かかっています" not in browser.text


def test_the_votes_of_every_open_assembly_and_of_a_chosen_day(make: Factory) -> None:
    parent, child, third = make.member(name="大和川電力株式会社"), make.member(), make.member()
    number = corporate_number(int(parent.operator_code))
    assembly(SOON + timedelta(days=30))
    change = submitted(make, relations(relation_added(number)), member=child)
    assert third is not None
    browser = _staff(make)
    _page(browser, change)
    assert "通常総会" in browser.text
    assert "大和川電力株式会社" in browser.text
    assert "1 / 3" in browser.text
    assert "1 / 2" in browser.text
    _page(browser, change, "&on=2026-11-24")
    assert "2026年11月24日が基準日の総会があるとした場合" in browser.text
    _page(browser, change, "&on=" + "あ" * 300)
    assert 'id="on-e"' in browser.text


def test_the_end_of_the_last_licence_is_said_before_it_is_approved(make: Factory) -> None:
    member = make.member()
    from occto.models import LicenceHeld

    number = db.session.scalars(select(LicenceHeld.id).where(LicenceHeld.member_id == member.id)).one()
    change = checked(make, licences(licence_ended(number)), member=member)
    browser = _as(make, change)
    for door in ("details", "approve"):
        browser.get(f"/admin/changes/{door}/?id={change.id}&version={change.version}")
        assert "会員の資格を失い" in browser.text, door
        assert "利用規約 2.7.1" in browser.text


def test_revisions_are_compared(make: Factory) -> None:
    change = submitted(make, renamed("第一の商号株式会社"))
    for name in ("第二の商号株式会社", "第三の商号株式会社"):
        give_back(change)
        save(change, renamed(name))
        add_file(change, "name", kind=AttachmentKind.OTHER, content=f"%PDF-1.7 {name}".encode())
        send(change)
    browser = _staff(make)
    _page(browser, change)
    assert "第2版との違い" in browser.text
    assert "第二の商号株式会社" in browser.text
    first = browser.text.split("against=")[1].split('"')[0]
    _page(browser, change, f"&against={first}")
    assert "第1版との違い" in browser.text
    assert "第一の商号株式会社" in browser.text
