"""名簿番号 as a list, from what is pasted to what a second person applies."""

from io import BytesIO

import pytest
from sqlalchemy import select

from occto.domain.codes import ProposalState
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import Member, RosterFact, RosterProposal
from tests.admin.office import send, staff, unchanged
from tests.factories import Factory
from tests.observing import everything


def _roster_no(member: Member) -> int | None:
    db.session.rollback()
    return db.session.scalar(
        select(RosterFact.roster_no).where(
            RosterFact.member_id == member.id, RosterFact.voided_id.is_(None), RosterFact.ended_on.is_(None)
        )
    )


def test_a_list_is_proposed_by_one_and_applied_by_another(make: Factory) -> None:
    one, two = make.member(), make.member()
    lines = f"{one.operator_code}\t{_roster_no(two)}\n{two.operator_code}\t{_roster_no(one)}"
    before = (_roster_no(one), _roster_no(two))
    first, second = staff(make), staff(make)
    first.get("/admin/roster/propose/")
    assert send(first, "/propose/", {"lines": lines, "reason": "理事会の決定"}) == 200
    assert "議決権の集約（規則2）" in first.text
    assert one.current_name in first.text
    send(first, "/propose/", {"confirmed": "y"})
    proposal = db.session.scalars(select(RosterProposal)).one()
    assert "あなたが作った変更案です" in first.text
    assert "/admin/roster/apply/" not in first.text
    second.get(f"/admin/roster/details/?id={proposal.id}")
    send(second, "/apply/")
    assert "反映しました" in second.text
    assert (_roster_no(two), _roster_no(one)) == before
    first.submit(action="/drop/")
    assert "反映されたか、取りやめになりました" in first.text


def test_each_line_is_named_with_what_to_do_and_nothing_is_lost(make: Factory) -> None:
    one, two = make.member(), make.member()
    browser = staff(make, Role.OPERATOR)
    browser.get("/admin/roster/propose/")
    before = everything()
    lines = f"99999,5\n{one.operator_code},{_roster_no(two)}\n{one.operator_code},あ"
    assert send(browser, "/propose/", {"lines": lines, "reason": "理事会の決定"}) == 422
    assert "事業者コード 99999 の会員が見つかりません" in browser.text
    assert "3行を直してください" in browser.text
    assert f"{one.operator_code},あ</textarea>" in browser.text
    assert "理事会の決定</textarea>" in browser.text
    assert unchanged(before)
    send(browser, "/propose/", {"lines": f"{one.operator_code},{_roster_no(one)}"})
    assert "いまの名簿番号と違う行がありません" in browser.text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
def test_a_file_is_put_below_what_was_typed(make: Factory, encoding: str) -> None:
    one, two = make.member(), make.member()
    browser = staff(make, Role.OPERATOR)
    browser.get("/admin/roster/propose/")
    content = f"事業者コード,商号,新しい名簿番号\r\n{two.operator_code},会社,902\r\n".encode(encoding)
    answer = browser.submit({"file": (BytesIO(content), "番号.csv"), "reason": "整理", "lines": ""}, action="/propose/")
    assert answer.status_code == 200
    assert two.current_name in browser.text
    send(browser, "/propose/", {"confirmed": "y"})
    proposal = db.session.scalars(select(RosterProposal)).one()
    assert proposal.rows == [[two.id, _roster_no(two), 902]]
    assert one.current_name not in browser.text


@pytest.mark.parametrize("content", [b"PK\x03\x04\x00", b"\xff\xfe\xff\x00\x00\xd8", b"\x00\x00\x00\x00"])
def test_what_is_no_text_is_refused_beside_the_file(make: Factory, content: bytes) -> None:
    member = make.member()
    browser = staff(make, Role.OPERATOR)
    browser.get("/admin/roster/propose/")
    lines = f"{member.operator_code},900"
    values = {"file": (BytesIO(content), "x.xlsx"), "reason": "整理", "lines": lines}
    assert browser.submit(values, action="/propose/").status_code == 422
    assert 'id="file-e"' in browser.text
    assert lines in browser.text


def test_a_list_is_dropped(make: Factory) -> None:
    member = make.member()
    browser = staff(make, Role.OPERATOR)
    browser.get("/admin/roster/propose/")
    send(browser, "/propose/", {"lines": f"{member.operator_code} 900", "reason": "整理"})
    send(browser, "/propose/", {"confirmed": "y"})
    send(browser, "/drop/")
    assert "取りやめました" in browser.text
    db.session.rollback()
    assert db.session.scalars(select(RosterProposal)).one().state is ProposalState.DROPPED
