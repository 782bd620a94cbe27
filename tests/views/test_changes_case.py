"""One request on the pages of its member: where it stands, letters, withdrawal, and what crafted input does."""

from typing import Any

import pytest
from sqlalchemy import select

from occto.domain.changes import ChangeState, Part
from occto.domain.codes import Audience, Channel
from occto.extensions import db
from occto.models import ChangeDraft, ChangeItem, ChangeRequest, Remark
from occto.services.changes import review
from occto.unit_of_work import run
from tests import changing
from tests.factories import Factory
from tests.test_statement_counts import counted
from tests.views.test_changes import count, member_of_page, opened


def test_a_returned_request_says_what_to_mend_where(make: Factory) -> None:
    request = changing.submitted(make, changing.renamed())
    remarks = {("name", ""): "登記のとおりに直してください。"}
    run(review.give_back, request.id, reason="一か所です。", remarks=remarks, **request.seen())
    browser, base = opened(request)
    browser.get("/changes/")
    assert "1項目の修正をお願いしています。" in browser.text
    browser.get(base)
    assert "1項目の修正をお願いします" in browser.text
    assert "登記のとおりに直してください。" in browser.text
    assert f'href="{base}/parts/company">直す' in browser.text
    browser.get(f"{base}/tasks")
    assert "要修正" in browser.text
    browser.get(f"{base}/parts/company")
    assert "<b>商号</b>：登記のとおりに直してください。" in browser.text
    browser.submit({"name": "青空電力ホールディングス株式会社"})
    browser.get(f"{base}/check")
    browser.submit()
    assert "第2版" in browser.text
    browser.get(base)
    assert "登記のとおりに直してください。" not in browser.text


def test_what_staff_write_for_staff_is_not_shown(make: Factory) -> None:
    request = changing.submitted(make, changing.renamed())
    run(
        review.write_remark,
        request.id,
        body="内部の話です",
        audience=Audience.STAFF,
        actor=request.first,
        now=request.at,
    )
    run(
        review.write_remark,
        request.id,
        body="お待ちください",
        audience=Audience.PARTY,
        actor=request.first,
        now=request.at,
    )
    browser, base = opened(request)
    browser.get(base)
    assert "お待ちください" in browser.text
    assert "内部の話です" not in browser.text
    assert request.operator.email not in browser.text


def test_a_letter_is_sent_once_and_an_empty_one_not(make: Factory) -> None:
    request = changing.submitted(make, changing.renamed())
    browser, base = opened(request)
    browser.get(base)
    page = browser.response
    browser.submit({"body": "よろしくお願いします。"}, action="/letters")
    browser.response = page
    browser.submit({"body": "よろしくお願いします。"}, action="/letters")
    assert count(Remark) == 1
    browser.submit({"body": " "}, action="/letters")
    assert count(Remark) == 1
    assert "当機関への連絡を入力してください。" in browser.text


@pytest.mark.parametrize("state", [ChangeState.APPROVED, ChangeState.WITHDRAWN])
def test_a_decided_request_takes_nothing_more(make: Factory, state: ChangeState) -> None:
    request = changing.in_state(make, state)
    browser, base = opened(request)
    browser.get(base)
    assert "取り下げる</a>" not in browser.text
    assert "連絡を送る" not in browser.text
    for page in ("tasks", "start", "parts/company", "files", "withdraw"):
        browser.get(f"{base}/{page}")
        assert browser.path == base, page
    before = count(Remark)
    browser.get("/changes/new")
    browser.post(f"{base}/letters", {"body": "まだあります", "form_id": "x"}, follow=True)
    assert "手続きは終わっているため" in browser.text
    assert count(Remark) == before


def test_withdrawing_asks_first_and_says_what_stays(make: Factory) -> None:
    answers = {
        Part.OUTLINE: {"effective_on": changing.TODAY.isoformat(), "url": "https://x.example.jp/", "capital": 99}
    }
    request = changing.submitted(make, answers)
    browser, base = opened(request)
    browser.get(f"{base}/withdraw")
    assert "ウェブサイトは、すでに登録に反映しているため" in browser.text
    browser.submit({"reason": "出し直します"})
    assert browser.path == "/changes/"
    assert request.state is ChangeState.WITHDRAWN
    browser.get(base)
    assert "この申請は取り下げられました" in browser.text
    assert "出し直します" in browser.text


def test_editing_a_submitted_request_says_that_staff_see_the_old_one(make: Factory) -> None:
    request = changing.submitted(make, changing.renamed())
    browser, base = opened(request)
    browser.get(f"{base}/parts/company")
    assert "審査の対象は提出済みの内容（第1版）のまま" in browser.text
    browser.submit({"name": "もう一度株式会社"})
    names = db.session.scalars(select(ChangeItem.new)).all()
    assert names == ["青空電力株式会社"]
    browser.get(f"{base}/check")
    browser.submit()
    assert "第2版" in browser.text


def test_parts_no_longer_chosen_go(make: Factory) -> None:
    request = changing.filled(make, changing.renamed())
    browser, base = opened(request)
    browser.get(f"{base}/start")
    browser.submit({"parts": ["contacts"]})
    assert browser.path == base
    assert "連絡先" in browser.text
    browser.get(f"{base}/parts/company")
    assert browser.response is not None
    assert browser.response.status_code == 404


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"parts": [], "occurred_on": "2026-11-01"}, "変更する内容を一つ以上選んでください。"),
        ({"parts": ["company"], "occurred_on": ""}, "事由発生日を入力してください。"),
        ({"parts": ["company"], "occurred_on": "2199-01-01"}, "事由発生日は今日までの日付を入力してください。"),
        ({"parts": ["corrections"], "occurred_on": "2026-11-01"}, "変更する内容を、もう一度選んでください。"),
    ],
)
def test_a_beginning_that_cannot_be_is_refused_in_words(make: Factory, values: dict[str, Any], words: str) -> None:
    browser, _ = member_of_page(make)
    browser.get("/changes/new")
    browser.submit({**values, "reason": "書きかけの事情"})
    assert words in browser.text
    assert "書きかけの事情" in browser.text
    assert count(ChangeRequest) == 0


def test_extra_fields_change_nothing(make: Factory) -> None:
    other = make.member()
    browser, member = member_of_page(make)
    crafted = {
        "state": "APPROVED",
        "member_id": str(other.id),
        "channel": "STAFF",
        "touches_votes": "0",
        "decided_by_id": "1",
        "number": "C-1999-00001",
    }
    browser.get("/changes/new")
    browser.submit({"parts": ["company"], "occurred_on": "2026-11-01", **crafted})
    base = browser.path
    browser.get(f"{base}/parts/company")
    browser.submit({"name": "新しい商号株式会社", "licences": ["GTD"], "member_on": "2000-01-01", **crafted})
    db.session.rollback()
    row = db.session.scalars(select(ChangeRequest)).one()
    assert (row.state, row.member_id, row.channel) == (ChangeState.DRAFT, member.id, Channel.ONLINE)
    assert (row.number, row.decided_by_id, row.touches_votes) == (None, None, False)
    draft = db.session.get(ChangeDraft, (row.id, "company"))
    assert draft is not None
    assert draft.answers == {"effective_on": "2026-11-01", "name": "新しい商号株式会社"}


def test_pages_take_few_statements(make: Factory) -> None:
    request = changing.submitted(make, changing.renamed())
    for no in range(3):
        answers = changing.site(f"https://new{no}.example.jp/")
        changing.submitted(make, answers, member=request.member, person=request.person)
    browser, base = opened(request)
    limits = {
        "/changes/": 6,
        base: 10,
        f"{base}/tasks": 7,
        f"{base}/parts/company": 7,
        f"{base}/check": 14,
        f"{base}/files": 8,
    }
    for path, limit in limits.items():
        browser.get(path)
        with counted(make.app) as statements:
            assert browser.get(path).status_code == 200
        assert len(statements) <= limit, (path, len(statements), statements)
