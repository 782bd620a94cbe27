"""再加入 over HTTP: staff see that the company was a member before, check, approve, and find it by its old code."""

from datetime import date

from sqlalchemy import select

from occto.domain.codes import EndReason
from occto.domain.joining import ApplicationState
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import Member
from occto.services import register
from tests.answers import Case, main_submitted, submitted
from tests.factories import Factory
from tests.registering import entering, licence_id, number_of

SINCE, LEFT_ON = date(2020, 4, 1), date(2026, 3, 31)


def _left(make: Factory) -> Member:
    member = make.member(name="もどる電力株式会社", since=SINCE)
    held = licence_id(member, "GEN")
    with entering() as at:
        register.end_licence(
            *at.into, member_id=member.id, licence_id=held, ended_on=LEFT_ON, reason=EndReason.CLOSURE_NOTIFICATION
        )
    return member


def _page(case: Case) -> str:
    return f"/admin/applications/details/?id={case.id}"


def test_the_case_page_says_that_the_company_was_a_member_before(make: Factory) -> None:
    member = _left(make)
    case = submitted(make, company={"corporate_number": number_of(member)})
    staff = make.signed_in(make.staff(Role.OPERATOR))
    staff.get(_page(case))
    for words in ("以前の会員期間", "2020年4月1日から2026年3月30日まで", f"事業者コード {member.operator_code}"):
        assert words in staff.text
    applicant = make.signed_in(application_id=case.id)
    applicant.get(f"/join/applications/{case.id}")
    assert "以前の会員期間" not in applicant.text
    assert f"事業者コード {member.operator_code}" not in applicant.text


def test_the_case_page_says_that_the_company_is_a_member(make: Factory) -> None:
    member = make.member(since=SINCE)
    case = submitted(make, company={"corporate_number": number_of(member)})
    staff = make.signed_in(make.staff(Role.OPERATOR))
    staff.get(_page(case))
    assert "いまの会員登録" in staff.text
    assert "以前の会員期間" not in staff.text
    other = submitted(make)
    staff.get(_page(other))
    assert "会員登録" not in staff.text.replace("会員としての登録", "")


def test_a_company_that_left_is_checked_approved_and_found_by_both_codes(make: Factory) -> None:
    member = _left(make)
    old = member.operator_code
    case = main_submitted(make, company={"corporate_number": number_of(member)})
    first, second = make.signed_in(make.staff(Role.OPERATOR)), make.signed_in(make.staff(Role.APPROVER))
    first.get(f"/admin/applications/check/?id={case.id}&version={case.version}")
    assert "以前の会員期間" in first.text
    first.submit(action="/check/")
    second.get(f"/admin/applications/approve/?id={case.id}&version={case.version}")
    assert "以前の会員期間" in second.text
    second.submit(action="/approve/")
    row = case.row()
    assert (row.state, row.member_id) == (ApplicationState.APPROVED, member.id)
    assert row.operator_code not in {None, old}
    for code in (old, row.operator_code):
        second.get(f"/admin/members/?search={code}")
        assert f"details/?id={member.id}" in second.text
    second.get(_page(case))
    assert f"事業者コード {old}" in second.text
    then, now = (f"/admin/register/?day={day}" for day in ("2025-01-01", "2027-01-01"))
    second.get(then)
    assert old in second.text
    assert str(row.operator_code) not in second.text
    second.get(now)
    assert str(row.operator_code) in second.text
    db.session.rollback()
    assert db.session.scalars(select(Member.id)).all() == [member.id]
