"""Staff print the 加入証跡 of a member on paper; who printed whose stands in the access log."""

import io
import re

import pytest
from pypdf import PdfReader
from sqlalchemy import select, update

from occto.domain.certificates import grouped
from occto.domain.permissions import Role
from occto.models import AccessEvent, AccessSubject, ContractOfUse, Member
from occto.unit_of_work import unit_of_work
from tests.admin.counting import statements
from tests.certifying import code_of, end_licence, new_key
from tests.factories import NOW, Factory
from tests.registering import read


def _paper_member(make: Factory) -> Member:
    member = make.member(name="紙の電力株式会社")
    with unit_of_work() as session:
        session.execute(
            update(ContractOfUse)
            .where(ContractOfUse.member_id == member.id)
            .values(ended_at=NOW, end_clause="2.7.2", end_reason="書面を希望")
        )
    return member


def _seen() -> list[tuple[str, list[int]]]:
    rows = read(select(AccessEvent.screen, AccessEvent.subject_ids).order_by(AccessEvent.id))
    return [(row.screen, list(row.subject_ids)) for row in rows]


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.APPROVER])
def test_the_certificate_of_a_paper_member_is_printed_and_noted(make: Factory, role: Role) -> None:
    new_key()
    member = _paper_member(make)
    staff = make.staff(role)
    browser = make.signed_in(staff)
    browser.get(f"/admin/members/details/?id={member.id}")
    assert grouped(code_of(member)) in browser.text
    assert f'href="/admin/members/certificate/?id={member.id}"' in browser.text
    answer = browser.get(f"/admin/members/certificate/?id={member.id}")
    assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
    text = re.sub(r"\s", "", "".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.data)).pages))
    assert "紙の電力株式会社" in text
    assert grouped(code_of(member)) in text
    assert _seen()[-1] == ("members.certificate", [member.id])
    (noted,) = read(
        select(AccessEvent.actor_id, AccessSubject.subject_kind, AccessSubject.subject_id)
        .join(AccessSubject, AccessSubject.event_id == AccessEvent.id)
        .where(AccessEvent.screen == "members.certificate")
    )
    assert tuple(noted) == (staff.id, "MEMBER", member.id)


@pytest.mark.parametrize("role", [Role.SYSTEM, Role.RECEPTION])
def test_others_of_the_staff_do_not_print(make: Factory, role: Role) -> None:
    member = _paper_member(make)
    browser = make.signed_in(make.staff(role))
    assert browser.get(f"/admin/members/certificate/?id={member.id}", follow=False).status_code == 403
    assert _seen() == []


@pytest.mark.parametrize("id", ["", "0", "x", "999999", "9" * 40, "1,2", "%00"])
def test_a_member_that_is_none_is_not_found(make: Factory, id: str) -> None:
    make.member()
    browser = make.signed_in(make.staff(Role.OPERATOR))
    assert browser.get(f"/admin/members/certificate/?id={id}").status_code in {400, 404}
    assert _seen() == []


def test_who_left_gets_no_paper(make: Factory) -> None:
    member = make.member()
    end_licence(member, "GEN", NOW.date())
    browser = make.signed_in(make.staff(Role.OPERATOR))
    browser.get(f"/admin/members/details/?id={member.id}")
    assert grouped(code_of(member)) in browser.text
    assert "/admin/members/certificate/" not in browser.text
    before = _seen()
    answer = browser.get(f"/admin/members/certificate/?id={member.id}", follow=False)
    assert (answer.status_code, answer.mimetype) == (303, "text/html")
    assert _seen() == before
    browser.get(answer.headers["Location"])
    assert "会員でなくなったため、加入証跡は無効です" in browser.text


def test_few_statements(make: Factory) -> None:
    new_key()
    member = make.member(licences=("GEN", "RETAIL", "AGG"))
    browser = make.signed_in(make.staff(Role.OPERATOR))
    with statements() as seen:
        assert browser.get(f"/admin/members/certificate/?id={member.id}").status_code == 200
    assert len(seen) <= 8, seen
