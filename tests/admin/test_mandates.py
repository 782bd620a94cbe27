"""受託者 for staff: who at which contractor can see what, papers keyed in, mandates ended with a reason."""

from datetime import timedelta

from sqlalchemy import select

from occto import clock
from occto.domain.codes import MandateState, Procedure
from occto.domain.dates import today_jst
from occto.domain.mandates import MandateSide
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import AccessSubject, Affiliation, Contractor, Mandate
from occto.unit_of_work import unit_of_work
from tests.admin.office import send, staff, unchanged
from tests.factories import NOW, Factory, corporate_number
from tests.mandating import TODAY, party, person, propose, row, servant, start, state, terms
from tests.observing import everything
from tests.test_statement_counts import counted

P = Procedure


def test_the_list_says_who_serves_whom_with_what(make: Factory) -> None:
    own, other = party(make), servant(make)
    make.mandate(own.member, other.contractor, other.user, procedures=(P.VIEW, P.USERS))
    browser = staff(make, Role.OPERATOR)
    browser.get("/admin/contractors/")
    for words in (other.contractor.name, own.member.current_name, "閲覧、ユーザ管理", "有効"):
        assert words in browser.text
    for asked, seen in (
        ("state=IN_FORCE", True),
        ("state=OVER", False),
        ("state=COMING", False),
        ("state=ENDED", False),
        ("state=PROPOSED", False),
        ("state=DECLINED", False),
        ("procedure=USERS", True),
        ("procedure=CHANGES", False),
        (f"q={other.contractor.name[:4]}", True),
        (f"q={other.contractor.corporate_number}", True),
        (f"q={own.member.operator_code}", True),
        ("q=どこにもない", False),
    ):
        browser.get(f"/admin/contractors/?{asked}")
        assert ("details/?id=" in browser.text) is seen, asked


def test_the_day_decides_what_is_in_force(make: Factory) -> None:
    own, today = party(make), today_jst(clock.now())
    for number, (starts, ends) in enumerate(((0, 1), (1, 9), (-9, 0))):
        other = servant(make, name=f"人{number}")
        make.mandate(
            own.member,
            other.contractor,
            other.user,
            starts_on=today + timedelta(days=starts),
            ends_on=today + timedelta(days=ends),
        )
    browser = staff(make, Role.OPERATOR)
    for value, words in (("IN_FORCE", "有効"), ("COMING", "開始前"), ("OVER", "期間満了")):
        browser.get(f"/admin/contractors/?state={value}")
        assert browser.text.count("details/?id=") == 1
        assert f">{words}</b>" in browser.text or f">{words}<" in browser.text


def test_a_mandate_in_full_and_its_contractor(make: Factory) -> None:
    own, other = party(make), servant(make)
    held = make.mandate(own.member, other.contractor, other.user)
    proposal = propose(servant(make, name="提案 五郎"), own)
    browser = staff(make, Role.OPERATOR)
    browser.get(f"/admin/contractors/details/?id={held.id}")
    for words in (other.user.name, other.user.email, "閲覧：", "まだありません"):
        assert words in browser.text
    browser.get(f"/admin/contractors/details/?id={proposal}")
    assert "承認後に招待" in browser.text
    browser.get(f"/admin/contractors/company/?id={other.contractor.id}")
    for words in (
        other.contractor.name,
        other.contractor.corporate_number or "",
        other.user.email,
        own.member.current_name,
    ):
        assert words in browser.text
    db.session.rollback()
    seen = db.session.scalars(select(AccessSubject.subject_id).where(AccessSubject.subject_kind == "USER")).all()
    assert other.user.id in seen
    for page in ("details/?id=99", "company/?id=99", "company/", "leave/?id=99", "rename/?id=99", "end/?id=99"):
        assert browser.get(f"/admin/contractors/{page}").status_code == 404, page


def test_the_list_takes_few_statements(make: Factory) -> None:
    own = party(make)
    browser = staff(make, Role.OPERATOR)
    found = []
    for many in (1, 9):
        for _ in range(many):
            other = servant(make)
            make.mandate(own.member, other.contractor, other.user)
        browser.get("/admin/contractors/")
        with counted(make.app) as statements:
            browser.get("/admin/contractors/")
        found.append(len(statements))
    assert found[0] == found[1] <= 5


def test_the_office_ends_a_mandate_from_its_second_page(make: Factory) -> None:
    own, other = party(make), servant(make)
    held = make.mandate(own.member, other.contractor, other.user)
    person_ = make.signed_in(other.user, mandate=held)
    browser = staff(make, Role.OPERATOR)
    browser.get(f"/admin/contractors/end/?id={held.id}")
    before = everything()
    assert send(browser, "/end/", {"reason": ""}) == 422
    assert send(browser, "/end/", {"reason": "不正な利用の疑い"}) == 200
    assert "まだ何も記録していません" in browser.text
    assert unchanged(before)
    send(browser, "/end/", {"confirmed": "y"})
    assert "委託を終了しました" in browser.text
    assert "3.3/3.4.4" in browser.text
    assert (state(held.id), row(held.id).closed_side) == (MandateState.ENDED, MandateSide.OFFICE)
    assert person_.get("/home", follow=False).status_code == 303
    browser.get(f"/admin/contractors/end/?id={held.id}")
    send(browser, "/end/", {"reason": "もう一度"})
    assert send(browser, "/end/", {"confirmed": "y"}) == 409


def test_the_office_ends_on_paper(make: Factory) -> None:
    own = party(make)
    mandate_id = start(own)
    browser = staff(make, Role.OPERATOR)
    browser.get(f"/admin/contractors/end-paper/?id={mandate_id}")
    send(browser, "/end-paper/", {"received_on": TODAY.isoformat(), "reason": "解約届"})
    send(browser, "/end-paper/", {"confirmed": "y"})
    assert state(mandate_id) is MandateState.ENDED
    assert "書面：解約届" in browser.text


def _paper(**changes: object) -> dict[str, object]:
    today = today_jst(clock.now())
    return {
        "contractor_name": "紙受託株式会社",
        "corporate_number": corporate_number(4444),
        "procedures": ["VIEW"],
        "starts_on": today.isoformat(),
        "last_on": (today + timedelta(days=30)).isoformat(),
        "persons": "紙野 折子 kamino@paper.example.jp",
        "affirmed": "y",
        "received_on": today.isoformat(),
    } | changes


def test_a_paper_is_keyed_in(make: Factory) -> None:
    own = party(make)
    browser = staff(make, Role.OPERATOR)
    browser.get("/admin/contractors/paper/")
    before = everything()
    assert send(browser, "/paper/", _paper(member_key="99999")) == 422
    assert "見つかりません" in browser.text
    assert send(browser, "/paper/", _paper(member_key=own.member.operator_code, last_on="2020-01-01")) == 422
    assert send(browser, "/paper/", _paper(member_key=own.member.operator_code)) == 200
    assert own.member.current_name in browser.text
    assert unchanged(before)
    send(browser, "/paper/", {"confirmed": "y"})
    assert "委託を記録しました" in browser.text
    db.session.rollback()
    found = db.session.scalars(select(Mandate)).one()
    assert (found.state, found.proposed_side) == (MandateState.ACTIVE, MandateSide.OFFICE)
    assert person("kamino@paper.example.jp") is not None


def test_no_paper_stands_in_for_an_administrator_that_is_not_there(make: Factory) -> None:
    own = party(make)
    with unit_of_work() as session:
        session.scalars(select(Affiliation).where(Affiliation.user_id == own.user.id)).one().ended_at = NOW
    browser = staff(make, Role.OPERATOR)
    browser.get("/admin/contractors/paper/")
    send(browser, "/paper/", _paper(member_key=own.member.operator_code))
    assert "管理者がいないため" in browser.text
    assert send(browser, "/paper/", {"confirmed": "y"}) == 409
    assert db.session.query(Mandate).count() == 0


def test_a_contractor_is_renamed_and_a_person_leaves_it(make: Factory) -> None:
    own, other = party(make), servant(make)
    held = make.mandate(own.member, other.contractor, other.user)
    browser, served = staff(make, Role.OPERATOR), make.signed_in(other.user, mandate=held)
    browser.get(f"/admin/contractors/rename/?id={other.contractor.id}")
    send(browser, "/rename/", {"contractor_name": "新受託株式会社", "reason": "登記"})
    assert "訂正しました" in browser.text
    db.session.rollback()
    assert db.session.scalars(select(Contractor.name)).one() == "新受託株式会社"
    there = db.session.scalar(select(Affiliation.id).where(Affiliation.user_id == other.user.id))
    db.session.rollback()
    browser.get(f"/admin/contractors/leave/?id={there}")
    assert other.user.email in browser.text
    send(browser, "/leave/", {"reason": "退職"})
    assert "所属を終えました" in browser.text
    assert served.get("/home", follow=False).status_code == 303
    assert browser.get(f"/admin/contractors/leave/?id={there}").status_code == 404


def test_who_may_only_look_finds_no_door(make: Factory) -> None:
    own = party(make)
    mandate_id = start(own, terms())
    system = staff(make, Role.SYSTEM)
    for page in ("", f"details/?id={mandate_id}", f"end/?id={mandate_id}", f"end-paper/?id={mandate_id}", "paper/"):
        assert system.get(f"/admin/contractors/{page}").status_code == 403, page
