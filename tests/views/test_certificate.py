"""加入証跡 of the member acted for: what the page says, whose it is, and that nobody gets another's."""

import io
import re
from datetime import timedelta
from typing import Any

import pytest
from pypdf import PdfReader
from sqlalchemy import delete, update

from occto import clock
from occto.domain.certificates import grouped
from occto.domain.codes import Procedure
from occto.domain.dates import format_date, today_jst
from occto.domain.permissions import MEMBER_ROLES, Role
from occto.extensions import db
from occto.models import Certificate, ContractOfUse, Member
from occto.unit_of_work import unit_of_work
from tests.certifying import code_of, codes_on, end_licence, new_key, verified
from tests.clients import Browser
from tests.factories import NOW, Factory
from tests.observing import everything
from tests.registering import entering
from tests.test_statement_counts import counted

PAGES = ("/member/certificate", "/member/certificate.pdf")


def _member(make: Factory, role: Role = Role.ADMINISTRATOR, **values: Any) -> tuple[Browser, Member]:
    user, member = make.user(name="青木 葵"), make.member(**values)
    make.affiliate(user, member, role)
    return make.signed_in(user, member=member), member


def _text(pdf: bytes) -> str:
    return re.sub(r"\s", "", "".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages))


def test_the_page_shows_the_certificate(make: Factory) -> None:
    new_key()
    browser, member = _member(make, name="汐見でんき株式会社", licences=("GEN", "RETAIL"))
    assert browser.get("/member/certificate").status_code == 200
    for words in (
        "汐見でんき株式会社",
        f"{format_date(today_jst(clock.now()))} 発行",
        f"小売電気事業者（A{int(member.operator_code):04d}、2020年4月1日 登録）",
        member.operator_code,
        grouped(code_of(member)),
        "電気事業法第28条の11の規定により",
    ):
        assert words in browser.text
    assert "鈴木" not in browser.text
    assert '<a href="/member/certificate" aria-current="page">加入証跡</a>' in browser.text


def test_both_codes_on_the_page_are_read_back(make: Factory) -> None:
    new_key()
    browser, member = _member(make)
    browser.get("/member/certificate")
    published = browser.client.get("/certificates/keys.json").get_json(force=True)
    address, signature = codes_on(browser.text)
    assert address == f"{make.app.config['BASE_URL']}/certificates/{code_of(member)}"
    assert verified(signature, published)["code"] == code_of(member)
    assert signature in browser.text


def test_the_pdf_is_an_attachment_with_a_name(make: Factory) -> None:
    new_key()
    browser, member = _member(make, name="汐見でんき株式会社")
    answer = browser.get("/member/certificate.pdf")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert "%E5%8A%A0%E5%85%A5%E8%A8%BC%E8%B7%A1" in answer.headers["Content-Disposition"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert grouped(code_of(member)) in _text(answer.data)


@pytest.mark.parametrize("role", MEMBER_ROLES)
def test_every_role_of_the_member_sees_it(make: Factory, role: Role) -> None:
    browser, _of = _member(make, role)
    assert [browser.get(path).status_code for path in PAGES] == [200, 200]


@pytest.mark.parametrize(
    ("procedure", "status"), [(Procedure.VIEW, 200), (Procedure.CHANGES, 200), (Procedure.USERS, 403), (Procedure.ASSEMBLY_REPLY, 403)]
)  # fmt: skip
def test_a_contractor_sees_it_within_its_mandate(make: Factory, procedure: Procedure, status: int) -> None:
    user, member = make.user(), make.member()
    mandate = make.mandate(member, make.contractor(user), user, procedures=(procedure,))
    browser = make.signed_in(user, mandate=mandate)
    assert [browser.get(path, follow=False).status_code for path in PAGES] == [status, status]


def test_strangers_and_staff_have_no_certificate(make: Factory) -> None:
    for path in PAGES:
        assert Browser(make.app).get(path, follow=False).headers["Location"].startswith("/login")
        assert make.signed_in(make.staff(Role.OPERATOR)).get(path, follow=False).status_code == 403


def test_nobody_gets_the_certificate_of_another_member(make: Factory) -> None:
    """Whatever stands in the address: the company is that of the session, and the door of the staff is closed."""
    browser, own = _member(make, name="甲電力株式会社")
    other = make.member(name="乙電力株式会社")
    code = code_of(other)
    queries = (
        "",
        f"?id={other.id}",
        f"?member_id={other.id}",
        f"?member={other.id}&company={other.id}",
        f"?code={code}",
    )
    for path in PAGES:
        for query in queries:
            answer = browser.get(path + query)
            found = _text(answer.data) if path.endswith(".pdf") else browser.text
            assert answer.status_code == 200
            assert own.current_name in found
            assert other.current_name not in found
            assert grouped(code) not in found
    for path in (
        f"/admin/members/certificate/?id={other.id}",
        f"/member/certificate/{other.id}",
        f"/member/certificate/{other.id}.pdf",
        f"/member/{other.id}/certificate.pdf",
    ):
        assert browser.get(path, follow=False).status_code in {403, 404}, path
    for path in (f"/certificates/{code}.pdf", f"/certificates/{code}/certificate.pdf"):
        answer = browser.get(path, follow=False)
        assert answer.status_code == 404
        assert answer.mimetype == "text/html"
        assert other.current_name not in browser.text


def test_a_person_of_two_companies_gets_that_of_the_session(make: Factory) -> None:
    user, first, second = make.user(), make.member(name="甲電力株式会社"), make.member(name="乙電力株式会社")
    make.affiliate(user, first)
    make.affiliate(user, second)
    for member, other in ((first, second), (second, first)):
        browser = make.signed_in(user, member=member)
        browser.get("/member/certificate")
        assert grouped(code_of(member)) in browser.text
        assert grouped(code_of(other)) not in browser.text


def test_looking_makes_neither_key_nor_certificate(make: Factory) -> None:
    browser, _of = _member(make)
    before = everything()
    assert browser.get("/member/certificate").status_code == 200
    assert "署名を準備しています" in browser.text
    assert browser.get("/member/certificate.pdf").status_code == 200
    assert everything() == before


def test_a_member_without_a_certificate_yet_is_told_so(make: Factory) -> None:
    browser, _of = _member(make)
    with unit_of_work() as session:
        session.execute(delete(Certificate))
    assert browser.get("/member/certificate").status_code == 200
    assert "加入証跡を準備しています" in browser.text
    assert browser.get("/member/certificate.pdf").status_code == 409
    assert "加入証跡を準備しています" in browser.text


def test_before_the_day_of_joining_the_page_says_from_when(make: Factory) -> None:
    begins = today_jst(clock.now()) + timedelta(days=9)
    browser, _of = _member(make, since=begins)
    assert browser.get("/member/certificate").status_code == 200
    assert f"加入日の{format_date(begins)}から" in browser.text
    assert codes_on(browser.text) == []
    assert browser.get("/member/certificate.pdf").status_code == 409


def test_who_lost_the_membership_has_no_page(make: Factory) -> None:
    browser, member = _member(make)
    end_licence(member, "GEN", NOW.date())
    with unit_of_work() as session:
        assert session.get_one(Member, member.id).current_state.value == "LEFT"
    for path in PAGES:
        assert browser.get(path, follow=False).status_code in {303, 403}


def test_an_ended_contract_closes_the_page_alone(make: Factory) -> None:
    browser, member = _member(make)
    with unit_of_work() as session:
        session.execute(
            update(ContractOfUse)
            .where(ContractOfUse.member_id == member.id)
            .values(ended_at=NOW, end_clause="2.7.2", end_reason="書面を希望")
        )
    assert browser.get("/member/certificate", follow=False).status_code in {303, 403}
    answer = Browser(make.app).get(f"/certificates/{code_of(member)}")
    assert answer.status_code == 200
    assert "有効です" in answer.get_data(as_text=True)


def test_the_certificate_shows_what_holds_today(make: Factory) -> None:
    from occto.services import register

    browser, member = _member(make, name="前の電力株式会社")
    today = today_jst(clock.now())
    for name, on in (("今の電力株式会社", today), ("次の電力株式会社", today + timedelta(days=1))):
        with entering() as change:
            register.set_item(*change.into, member_id=member.id, item="name", value=name, effective_on=on)
    browser.get("/member/certificate")
    sheet = browser.text.partition("<article")[2].partition("</article>")[0]
    assert "今の電力株式会社" in sheet
    assert "前の電力" not in sheet
    assert "次の電力" not in sheet


@pytest.mark.parametrize("path", PAGES)
def test_few_statements(make: Factory, path: str) -> None:
    new_key()
    browser, _of = _member(make, licences=("GEN", "RETAIL", "AGG"))
    browser.get(path)
    with counted(make.app) as statements:
        assert browser.get(path).status_code == 200
    assert len(statements) <= 5, statements
    db.session.rollback()
