"""The way in: links that are used, replaced or gone explain themselves."""

from io import BytesIO
from urllib.parse import unquote

import pytest
from pypdf import PdfReader
from sqlalchemy import func, select

from occto import clock, vault
from occto.access import token_hash
from occto.domain.codes import AttachmentKind, LinkPurpose
from occto.domain.joining import Stage
from occto.extensions import db
from occto.models import Application, OutboxMail
from occto.services import links
from occto.services.joining import drafts, submission
from occto.unit_of_work import run, unit_of_work
from tests import answers
from tests.clients import Browser
from tests.factories import Factory

ADDRESS = "founder@aozora.example.jp"


def apply_link(email: str = ADDRESS) -> str:
    """The address of a fresh link for applying."""
    return "/join/links/" + answers.mint_link(email, purpose=LinkPurpose.APPLY, now=clock.now())


def test_the_first_page_says_what_to_prepare(browser: Browser, make: Factory) -> None:
    browser.get(apply_link())
    assert "ご用意いただくもの" in browser.text
    assert "登記事項証明書" in browser.text


def test_opening_a_link_uses_nothing_up(browser: Browser, make: Factory) -> None:
    link = apply_link()
    for _ in range(3):
        assert browser.get(link).status_code == 200
    browser.submit()
    assert browser.path.startswith("/join/applications/")
    assert browser.get(link).status_code == 410
    assert "申請の画面に戻る" in browser.text
    stranger = Browser(browser.client.application)
    assert stranger.get(link).status_code == 410
    assert "新しいリンクを受け取る" in stranger.text
    assert "申請の画面に戻る" not in stranger.text


def test_a_withdrawn_case_is_not_the_one_chosen_beforehand(browser: Browser, make: Factory) -> None:
    case = answers.start(make, email=ADDRESS, at=clock.now())
    run(submission.withdraw, case.id, actor=case.applicant, now=clock.now())
    browser.get(apply_link())
    assert browser.forms()[0]["fields"]["application"] == ["new"]


def test_an_open_case_is_the_one_chosen_beforehand(browser: Browser, make: Factory) -> None:
    case = answers.start(make, email=ADDRESS, at=clock.now())
    browser.get(apply_link())
    assert browser.forms()[0]["fields"]["application"] == [str(case.id)]


@pytest.mark.parametrize("token", ["x", "x" * 5000, "%00", "%ED%A0%80", "%F0%9F%92%A5"])
@pytest.mark.parametrize("kind", ["links", "confirm"])
def test_a_junk_token_is_explained(browser: Browser, kind: str, token: str) -> None:
    answer = browser.get(f"/join/{kind}/{token}")
    assert answer.status_code in {400, 404, 410}
    assert "このリンクは使えません" in browser.text or "受け取れませんでした" in browser.text


def asked_to_confirm(make: Factory) -> tuple[answers.Case, str]:
    """A contractor's complete entry, and the address of the mailed confirmation."""
    contractor = {
        "entrant": "CONTRACTOR",
        "contractor_name": "行政書士法人さくら",
        "contractor_person": "桜 花",
        "contractor_phone": "03-1111-2222",
    }
    case = answers.filled(make, at=clock.now(), entrant=contractor)
    answers.add_file(case, AttachmentKind.MANDATE_LETTER)
    with unit_of_work() as session:
        drafts.finish_files(session, case.id, actor=case.applicant, now=case.at)
    answers.send(case, Stage.PROVISIONAL)
    return case, f"/join/confirm/{confirmation_token(case.id)}"


def confirmation_token(application_id: int) -> str:
    """The secret of the confirmation as the worker mints it when it delivers the mail that was asked for."""
    token = vault.make_token()
    with unit_of_work() as session:
        mail = session.scalars(select(OutboxMail).where(OutboxMail.template == "join/confirm")).one()
        assert mail.application_id == application_id
        purpose = LinkPurpose.CONFIRM_APPLICATION
        links.mint(session, mail, purpose=purpose, token_hash=token_hash(token), hours=72, now=clock.now())
    return token


def test_the_company_confirms_once_and_is_told_so(browser: Browser, make: Factory) -> None:
    _, link = asked_to_confirm(make)
    assert browser.get(link).status_code == 200
    browser.submit()
    assert "申請を受け付けました" in browser.text
    assert browser.get(link).status_code == 410
    assert "すでに押されています" in browser.text
    assert "新しいリンクをお受け取り" not in browser.text


def test_an_earlier_contact_sees_nothing_any_more(browser: Browser, make: Factory) -> None:
    case, link = asked_to_confirm(make)
    contact = {"member_contact_name": "真 担当", "member_contact_email": "true@aozora.example.jp"}
    answers.save(case, {"contacts": contact})
    answers.send(case, Stage.PROVISIONAL)
    assert browser.get(link).status_code == 410
    assert "青空電力" not in browser.text


def test_the_one_who_waits_for_confirmation_is_not_told_of_a_receipt(make: Factory) -> None:
    case, _ = asked_to_confirm(make)
    browser = make.signed_in(application_id=case.id)
    browser.get(f"/join/applications/{case.id}/submitted")
    assert "会員担当の方の確認待ち" in browser.text
    assert "提出を受け付けました" not in browser.text


def test_a_link_of_another_address_opens_no_foreign_case(browser: Browser, make: Factory) -> None:
    case = answers.start(make)
    token = apply_link("stranger@example.jp")
    browser.get(token)
    browser.submit({"application": str(case.id)})
    assert browser.response is not None
    assert browser.response.status_code == 410
    assert str(case.id) not in browser.path.split("/")


def test_the_copy_is_of_what_was_submitted_or_says_that_it_is_a_draft(make: Factory) -> None:
    case = answers.submitted(make)
    browser = make.signed_in(application_id=case.id)
    names = []
    for edited in (False, True):
        if edited:
            browser.get(f"/join/applications/{case.id}/sections/pledges")
            browser.submit({"no_antisocial_forces": []}, follow=False)
        copy = browser.get(f"/join/applications/{case.id}/copy.pdf")
        names.append(unquote(copy.headers["Content-Disposition"].split("''")[1]))
        text = PdfReader(BytesIO(copy.data)).pages[0].extract_text()
        assert ((case.row().acceptance_number or "") in text) is not edited, "a draft carries no number"
    assert names == ["加入仮申請の控え.pdf", "加入仮申請の下書き.pdf"]


def test_a_choice_that_is_none_starts_nothing(make: Factory) -> None:
    browser = Browser(make.app)
    browser.get(apply_link())
    assert browser.submit({"application": "1 OR 1"}, follow=False).status_code == 404
    assert db.session.scalar(select(func.count()).select_from(Application)) == 0
