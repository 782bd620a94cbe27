"""Pages with inputs: what they claim, what they mark as required, and that nothing typed is lost or answered with a fault."""

import re

import pytest
from sqlalchemy import select

from occto import clock
from occto.domain.joining import Stage
from occto.extensions import db
from occto.models import Application, ApplicationDraft, ApplicationRevision, Remark
from occto.services.joining import drafts, review, submission
from occto.unit_of_work import run, unit_of_work
from tests import answers
from tests.clients import Browser
from tests.factories import Factory

NOT_SAVED = "まだ保存されていません"
SAVED = "入力した内容は保存されています"


def opened(case: answers.Case) -> tuple[Browser, str]:
    """A browser of the applicant, and where the pages of the case begin."""
    return case.make.signed_in(application_id=case.id), f"/join/applications/{case.id}"


def blank(make: Factory) -> tuple[Browser, str, answers.Case]:
    """An agreed case without any answers."""
    case = answers.start(make)
    answers.agree(case)
    return *opened(case), case


def state_words(page: str) -> dict[str, str]:
    """The word of the tag beside each task."""
    rows = re.findall(r"<a href=\"[^\"]*\">([^<]+)</a>.*?<span class=\"tag[^\"]*\">([^<]+)</span>", page, re.S)
    return {title: word.strip() for title, word in rows}


def test_an_unknown_postal_code_claims_nothing_saved(make: Factory) -> None:
    browser, base, case = blank(make)
    browser.get(f"{base}/sections/company")
    browser.submit({"name": "髙砂グリーン電力株式会社", "postal_code": "999-9999", "fill": "1"})
    assert NOT_SAVED in browser.text
    assert SAVED not in browser.text
    assert "髙砂グリーン電力株式会社" in browser.text
    assert db.session.scalar(select(ApplicationDraft).where(ApplicationDraft.application_id == case.id)) is None


def test_a_postal_code_fills_the_address_and_says_so(make: Factory) -> None:
    browser, base, _ = blank(make)
    browser.get(f"{base}/sections/company")
    browser.submit({"postal_code": "１０００００１", "fill": "1"})
    assert 'value="千代田区千代田"' in browser.text
    assert "郵便番号から住所を入れました" in browser.text
    assert not re.search(r"<title>\s*エラー", browser.text)


def test_a_second_window_is_shown_what_the_first_saved(make: Factory) -> None:
    browser, base = opened(answers.filled(make))
    browser.get(f"{base}/sections/company")
    stale = browser.response
    browser.submit({"name": "先に保存した株式会社"})
    browser.response = stale
    browser.submit({"name": "あとから押した株式会社"})
    assert re.search(r"<title>\s*エラー：", browser.text)
    assert "先に保存した株式会社" in browser.text
    assert "あとから押した株式会社" in browser.text
    assert NOT_SAVED in browser.text
    assert SAVED not in browser.text


@pytest.mark.parametrize(("section", "mark"), [("entrant", "委託の場合は必須"), ("contacts", "記入する場合は必須")])
def test_what_is_required_under_a_condition_is_not_called_optional(make: Factory, section: str, mark: str) -> None:
    browser, base, _ = blank(make)
    browser.get(f"{base}/sections/{section}")
    assert mark in browser.text


def test_a_group_says_its_title_once(make: Factory) -> None:
    browser, base, _ = blank(make)
    browser.get(f"{base}/sections/contacts")
    assert ">会員担当 氏名<" not in browser.text
    assert re.search(r'<label for="member_contact_name">氏名<', browser.text)


def test_a_refused_file_is_counted_and_linked(make: Factory) -> None:
    browser, base, _ = blank(make)
    browser.get(f"{base}/files")
    browser.submit()
    assert "2か所の入力を直してください" in browser.text
    assert '<a href="#file">ファイルを選んでください。</a>' in browser.text


def test_a_registration_number_is_kept_in_half_width(make: Factory) -> None:
    case = answers.main_started(make)
    browser, base = opened(case)
    browser.get(f"{base}/acts/GEN")
    browser.submit({"status": "ACT", "number": "Ａ０１２３", "effective_on": "令和2年4月1日"})
    assert "番号 A0123" in browser.text


def test_remarks_end_with_the_return_they_belong_to(make: Factory) -> None:
    case = answers.submitted(make)
    run(
        review.give_back,
        case.id,
        reason="お手数ですが、直してください。",
        remarks={"company": "番地が違います。\n登記のとおりに直してください。"},
        seen_version=case.version,
        actor=case.first,
        now=case.at,
    )
    browser, base = opened(case)
    browser.get(f"{base}/tasks")
    assert state_words(browser.text)["会社の名称と所在地"] == "要修正"
    browser.get(f"{base}/sections/company")
    assert "当機関からのお願い" in browser.text
    answers.save(case, {"company": answers.complete_answers(Stage.PROVISIONAL, serial=case.serial)["company"]})
    move_saved(case)
    browser.get(f"{base}/tasks")
    assert state_words(browser.text)["会社の名称と所在地"] == "完了"
    answers.send(case, Stage.PROVISIONAL)
    run(review.accept, case.id, seen_version=case.version, actor=case.first, now=case.at)
    run(drafts.start_main, case.id, actor=case.applicant, now=case.at)
    browser.get(f"{base}/tasks")
    assert "修正をお願いしている" not in browser.text
    browser.get(f"{base}/sections/company")
    assert "当機関からのお願い" not in browser.text


def move_saved(case: answers.Case) -> None:
    """The correction was saved a moment after the return: the clock of the tests stands still."""
    with unit_of_work() as session:
        draft = session.get(ApplicationDraft, (case.id, "company"))
        assert draft is not None
        draft.saved_at = clock.now()


@pytest.mark.parametrize("page", ["tasks", "sections/company", "relations", "relations/0", "files", "acts"])
def test_a_case_that_cannot_be_changed_shows_no_inputs(make: Factory, page: str) -> None:
    case = answers.submitted(make)
    run(submission.withdraw, case.id, actor=case.applicant, now=case.at)
    browser, base = opened(case)
    browser.get(f"{base}/{page}")
    assert browser.path == base
    assert "いまは内容を変更できません" in browser.text


def test_the_answers_of_a_withdrawn_case_offer_no_change(make: Factory) -> None:
    case = answers.submitted(make)
    browser, base = opened(case)
    assert "変更<span" in browser.get(f"{base}/check").get_data(as_text=True)
    run(submission.withdraw, case.id, actor=case.applicant, now=case.at)
    browser, base = opened(case)
    browser.get(f"{base}/check")
    assert "変更<span" not in browser.text
    assert "提出してください" not in browser.text


HOSTILE = [
    "\x00",
    "a\x00b",
    "x" * 100_000,
    "９" * 400,
    "-1",
    "1e999",
    "\r\n\r\n",
    "💥" * 500,
    "\u202e逆",
    "令和99999年1月1日",
]


@pytest.mark.parametrize(
    "section", ["entrant", "company", "outline", "business", "contacts", "administrator", "pledges"]
)
def test_hostile_input_is_answered_with_the_page(make: Factory, section: str) -> None:
    browser, base, _ = blank(make)
    browser.get(f"{base}/sections/{section}")
    fields = set(re.findall(r'name="([a-z_]+)"', browser.text)) - {"csrf_token", "viewport", "fill", "then"}
    token = browser.forms()[0]["fields"]["csrf_token"]
    for value in HOSTILE:
        for held in (value, [value, "もう一つ"]):
            sent = dict.fromkeys(fields, held) | {"csrf_token": token}
            answer = browser.client.post(f"{base}/sections/{section}", data=sent)
            assert answer.status_code in {200, 303}, (value[:10], answer.status_code)
    surrogates = "&".join(f"{name}=%ED%A0%80" for name in fields) + f"&csrf_token={token[0]}"
    form = "application/x-www-form-urlencoded"
    assert browser.client.post(f"{base}/sections/{section}", data=surrogates, content_type=form).status_code in {
        200,
        303,
    }


def test_an_upload_over_the_limit_is_told_the_limit(make: Factory) -> None:
    browser, base, _ = blank(make)
    browser.get(f"{base}/files")
    form = "multipart/form-data; boundary=x"
    answer = browser.client.post(f"{base}/files", data=bytes(40 * 1024 * 1024), content_type=form)
    assert answer.status_code == 413
    assert "（12MB）" in answer.get_data(as_text=True)


def test_an_application_that_is_not_ones_own_is_not_found(make: Factory) -> None:
    other = answers.start(make)
    browser, _, _ = blank(make)
    assert browser.get(f"/join/applications/{other.id}/tasks").status_code == 404
    assert db.session.get(Application, other.id) is not None


def test_going_back_and_submitting_again_makes_no_second_revision(make: Factory) -> None:
    case = answers.filled(make)
    browser, base = opened(case)
    browser.get(f"{base}/check")
    before = browser.response
    browser.submit()
    assert browser.path == f"{base}/submitted"
    browser.response = before
    browser.submit({"form_id": "another-window"})
    assert browser.path == f"{base}/submitted"
    browser.get(f"{base}/check")
    assert "提出した内容から変わっていません" in browser.text
    assert "この内容で提出する" not in browser.text
    assert db.session.scalars(select(ApplicationRevision.no)).all() == [1]


def test_a_correction_can_be_submitted_again(make: Factory) -> None:
    case = answers.submitted(make)
    answers.save(
        case, {"company": answers.complete_answers(Stage.PROVISIONAL, company={"name": "改称株式会社"})["company"]}
    )
    browser, base = opened(case)
    browser.get(f"{base}/check")
    browser.submit()
    assert browser.path == f"{base}/submitted"
    assert db.session.scalars(select(ApplicationRevision.no).order_by(ApplicationRevision.id)).all() == [1, 2]


def test_a_letter_sent_twice_arrives_once(make: Factory) -> None:
    browser, base = opened(answers.submitted(make))
    browser.get(base)
    page = browser.response
    for _ in range(2):
        browser.response = page
        browser.submit({"body": "書類は来週お送りします。"}, action="/letters")
        assert browser.path == base
    assert db.session.scalars(select(Remark.body)).all() == ["書類は来週お送りします。"]
