"""Filling in, checking and submitting a change request on the pages of the member."""

import re
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select

from occto.domain.changes import Part
from occto.domain.codes import ChangeSource
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import ChangeDraft, ChangeRevision, Member, ProfileFact
from occto.queries.register import profile_as_of
from occto.services import register
from occto.unit_of_work import unit_of_work
from tests import changing
from tests.changing import Request
from tests.clients import Browser
from tests.factories import Factory
from tests.test_statement_counts import counted

NOT_SAVED = "まだ保存されていません"
OLD_DAY = date(2026, 11, 1)


def opened(request: Request) -> tuple[Browser, str]:
    """A browser of whoever fills the request in, and where its pages begin."""
    return request.make.signed_in(request.person, member=request.member), f"/changes/{request.id}"


def draft_of(request: Request, part: Part) -> ChangeDraft:
    db.session.rollback()
    found = db.session.get(ChangeDraft, (request.id, part.value), populate_existing=True)
    assert found is not None
    return found


def member_of_page(make: Factory, role: Role = Role.ADMINISTRATOR) -> tuple[Browser, Member]:
    user, member = make.user(), make.member()
    make.affiliate(user, member, role)
    return make.signed_in(user, member=member), member


def count(model: type[Any]) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def test_a_request_goes_from_the_first_page_to_the_receipt(make: Factory) -> None:
    browser, _member = member_of_page(make)
    browser.get("/changes/new?part=outline")
    browser.submit({"occurred_on": "令和8年11月1日"})
    assert "代表者・資本金・決算月など" in browser.text
    base = browser.path
    browser.get(f"{base}/parts/outline")
    assert 'value="鈴木 一郎"' in browser.text
    assert 'value="2026年11月1日"' in browser.text or 'value="2026-11-01"' in browser.text
    browser.submit({"representative_name": "髙橋 﨑子", "url": "https://new.example.jp/"})
    assert "内容を確認して提出へ進む" in browser.text
    browser.get(f"{base}/check")
    for words in ("鈴木 一郎", "髙橋 﨑子", "https://new.example.jp/", "ウェブサイトは、すぐに登録に反映します"):
        assert words in browser.text
    assert "資本金又は出資の額" not in browser.text
    browser.submit(form=0)
    assert browser.path.endswith("/submitted")
    assert re.search(r"C-\d{4}-00001", browser.text)
    browser.get(base)
    assert "反映済み" in browser.text
    assert "審査待ち" in browser.text


def test_only_what_was_touched_becomes_an_item(make: Factory) -> None:
    """Somebody else's change of the record in the meantime is not taken back by the fields that were left alone."""
    request = changing.drafted(make, [Part.OUTLINE], occurred_on=OLD_DAY)
    browser, base = opened(request)
    browser.get(f"{base}/parts/outline")
    page = browser.response
    with unit_of_work() as session:
        change = register.begin_change(
            session,
            source_kind=ChangeSource.IMMEDIATE,
            source_id=None,
            actor_id=request.person.id,
            second_actor_id=None,
            now=request.at,
        )
        register.set_item(
            session,
            change,
            member_id=request.member.id,
            item="capital",
            value=77,
            effective_on=OLD_DAY,
        )
        register.finish_change(session, change, now=request.at)
    browser.response = page
    browser.submit({"representative_name": "髙橋 﨑子"})
    answers = draft_of(request, Part.OUTLINE).answers
    assert answers == {"effective_on": "2026-11-01", "representative_name": "髙橋 﨑子"}


def test_a_wrong_input_is_kept_and_said(make: Factory) -> None:
    request = changing.drafted(make, [Part.COMPANY])
    browser, base = opened(request)
    browser.get(f"{base}/parts/company")
    browser.submit({"corporate_number": "123", "name": "㈱髙砂"})
    assert re.search(r"<title>\s*エラー：", browser.text)
    browser.get(f"{base}/parts/company")
    assert 'value="123"' in browser.text
    assert 'value="㈱髙砂"' in browser.text
    assert "いまの登録：" in browser.text
    draft = draft_of(request, Part.COMPANY)
    assert draft.answers is None
    assert draft.errors == 1


def test_a_day_before_the_occurrence_is_refused_at_the_field(make: Factory) -> None:
    request = changing.drafted(make, [Part.COMPANY], occurred_on=OLD_DAY)
    browser, base = opened(request)
    browser.get(f"{base}/parts/company")
    browser.submit({"effective_on": "2026-10-31", "name": "新しい商号株式会社"})
    assert "事由発生日（2026年11月1日）か、それより後の日付を入力してください。" in browser.text
    assert draft_of(request, Part.COMPANY).answers is None


def test_a_second_window_is_shown_what_the_first_saved(make: Factory) -> None:
    request = changing.drafted(make, [Part.COMPANY])
    browser, base = opened(request)
    browser.get(f"{base}/parts/company")
    stale = browser.response
    browser.submit({"name": "先に保存した株式会社"})
    browser.response = stale
    browser.submit({"name": "あとから押した株式会社"})
    assert "先に保存した株式会社" in browser.text
    assert 'value="あとから押した株式会社"' in browser.text
    assert NOT_SAVED in browser.text
    browser.submit()
    assert draft_of(request, Part.COMPANY).answers["name"] == "あとから押した株式会社"  # type: ignore[index]


def test_an_address_is_filled_in_and_nothing_is_saved_by_it(make: Factory) -> None:
    request = changing.drafted(make, [Part.COMPANY])
    browser, base = opened(request)
    browser.get(f"{base}/parts/company")
    browser.submit({"postal_code": "１０００００１", "name": "㈱髙砂", "fill": "1"})
    assert "郵便番号から住所を入れました" in browser.text
    assert 'value="㈱髙砂"' in browser.text
    assert draft_of(request, Part.COMPANY).typed == {}


def test_a_part_without_a_difference_says_so(make: Factory) -> None:
    request = changing.drafted(make, [Part.COMPANY])
    browser, base = opened(request)
    browser.get(f"{base}/parts/company")
    browser.submit()
    assert "いまの登録と同じ内容です" in browser.text
    assert "変更なし" in browser.text
    browser.get(f"{base}/check")
    assert "いまの登録と異なる内容がありません" in browser.text
    assert "この内容で提出する" not in browser.text


def test_answers_without_anything_typed_are_shown(make: Factory) -> None:
    """After a split the answers alone are there."""
    request = changing.drafted(make, [Part.OUTLINE])
    changing.save(request, {Part.OUTLINE: {"effective_on": "2026-12-03", "capital": 5, "url": None}})
    browser, base = opened(request)
    browser.get(f"{base}/parts/outline")
    assert 'value="5"' in browser.text
    assert "2026年12月3日" in browser.text
    browser.submit()
    assert draft_of(request, Part.OUTLINE).answers["capital"] == 5  # type: ignore[index]


def test_pressing_twice_makes_one_revision(make: Factory) -> None:
    request = changing.filled(make, changing.renamed())
    browser, base = opened(request)
    browser.get(f"{base}/check")
    page = browser.response
    browser.submit()
    browser.response = page
    browser.submit()
    assert browser.path == f"{base}/submitted"
    assert count(ChangeRevision) == 1
    browser.get(f"{base}/check")
    assert "提出した内容から変わっていません" in browser.text
    token = {"seen_digest": "x", "form_id": "another"}
    browser.get(base)
    browser.post(f"{base}/submit", token, follow=True)
    assert browser.path == f"{base}/submitted"
    assert count(ChangeRevision) == 1


def test_what_changed_behind_the_check_page_is_shown_before_it_is_submitted(make: Factory) -> None:
    request = changing.filled(make, changing.renamed())
    browser, base = opened(request)
    browser.get(f"{base}/check")
    changing.save(request, changing.renamed("別の商号株式会社"))
    browser.submit()
    assert "新しい内容をお確かめのうえ、もう一度提出してください。" in browser.text
    assert "別の商号株式会社" in browser.text
    assert count(ChangeRevision) == 0
    browser.submit()
    assert browser.path == f"{base}/submitted"


def test_missing_evidence_leads_to_the_documents(make: Factory) -> None:
    request = changing.drafted(make, [Part.COMPANY])
    changing.save(request, changing.renamed())
    browser, base = opened(request)
    browser.get(f"{base}/check")
    assert f'<a href="{base}/files">「商号」を証明する書類がありません。' in browser.text
    assert "この内容で提出する" not in browser.text


def test_an_unfinished_part_leads_to_its_page(make: Factory) -> None:
    request = changing.drafted(make, [Part.COMPANY, Part.LICENCES])
    browser, base = opened(request)
    browser.get(f"{base}/check")
    assert f'<a href="{base}/parts/company">' in browser.text
    assert f'<a href="{base}/licences">' in browser.text


def test_an_item_asked_for_in_another_request_is_named(make: Factory) -> None:
    first = changing.submitted(make, changing.renamed())
    second = changing.filled(make, changing.renamed("二つ目株式会社"), member=first.member, person=first.person)
    browser, base = opened(second)
    browser.get(f"{base}/check")
    assert "審査中の申請 C-2026-00001 でも変更しようとしています" in browser.text


def test_an_immediate_change_alone_takes_effect_at_once(make: Factory) -> None:
    request = changing.filled(make, changing.site())
    browser, base = opened(request)
    browser.get(f"{base}/check")
    browser.submit()
    assert "変更を反映しました" in browser.text
    profile = profile_as_of(db.session(), request.member.id, changing.TODAY)
    assert profile["url"] == "https://new.example.jp/"


def test_lateness_is_said_in_days(make: Factory) -> None:
    day = changing.TODAY - timedelta(days=30)
    request = changing.filled(make, changing.renamed(), occurred_on=day)
    browser, base = opened(request)
    browser.get(f"{base}/check")
    assert re.search(r"事由発生日から \d+日たっています", browser.text)


def test_the_votes_are_previewed_where_they_are_touched(make: Factory) -> None:
    request = changing.filled(make, changing.capital(7))
    browser, base = opened(request)
    browser.get(f"{base}/check")
    assert "2026年12月3日の時点" in browser.text
    plain = changing.filled(make, changing.site(), member=request.member, person=request.person)
    browser.get(f"/changes/{plain.id}/check")
    assert "議決権の計算に使う項目は、変更しません。" in browser.text


def test_a_part_is_saved_in_few_statements(make: Factory) -> None:
    request = changing.drafted(make, [Part.COMPANY])
    browser, base = opened(request)
    browser.get(f"{base}/parts/company")
    with counted(make.app) as statements:
        browser.submit({"name": "新しい商号株式会社"}, follow=False)
    assert browser.response is not None
    assert browser.response.status_code == 303
    assert len(statements) <= 15, statements


def test_facts_of_the_register_are_not_touched_by_drafts(make: Factory) -> None:
    request = changing.drafted(make, [Part.COMPANY])
    browser, base = opened(request)
    before = count(ProfileFact)
    browser.get(f"{base}/parts/company")
    browser.submit({"name": "新しい商号株式会社"})
    assert count(ProfileFact) == before
