"""利用契約, 名簿番号 and 総会 from the page to the database: entry, check page, act; refusals beside their fields."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from occto import clock, unit_of_work
from occto.domain.assembly import AssemblyState
from occto.domain.codes import ProposalState
from occto.domain.dates import today_jst
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import Assembly, ContractOfUse, Member, RosterFact, RosterProposal
from occto.services import assemblies
from occto.unit_of_work import run
from tests.admin.counting import statements
from tests.clients import Browser
from tests.factories import Factory
from tests.observing import everything

MOVING = frozenset({"access_events", "access_subjects"})


def _staff(make: Factory, role: Role = Role.APPROVER) -> Browser:
    return make.signed_in(make.staff(role, name="小林 恵"))


def _unchanged(before: dict[str, list[str]]) -> bool:
    after = everything()
    return all(after[table] == rows for table, rows in before.items() if table not in MOVING)


@contextmanager
def _committing_only_in_units_of_work() -> Iterator[None]:
    """A commit from anywhere but occto/unit_of_work.py fails."""
    import traceback

    def guard(_session: Session) -> None:
        frames = traceback.extract_stack()
        assert any(frame.filename == unit_of_work.__file__ for frame in frames), "a commit outside a unit of work"

    event.listen(Session, "before_commit", guard)
    try:
        yield
    finally:
        event.remove(Session, "before_commit", guard)


def _contract(member: Member) -> ContractOfUse:
    db.session.rollback()
    query = select(ContractOfUse).where(ContractOfUse.member_id == member.id).order_by(ContractOfUse.id.desc())
    found = db.session.scalars(query).first()
    assert found is not None
    return found


def _send(browser: Browser, action: str, values: dict[str, Any] | None = None, **more: Any) -> int:
    return browser.submit(values, action=action, **more).status_code


# --- 利用契約


def test_a_contract_is_ended_after_a_look_at_what_follows(make: Factory) -> None:
    member, user = make.member(), make.user()
    make.affiliate(user, member)
    browser = _staff(make)
    browser.get(f"/admin/contracts/?q={member.operator_code}")
    assert "契約中" in browser.text
    browser.get(f"/admin/contracts/details/?id={_contract(member).id}")
    browser.get(f"/admin/contracts/end/?id={_contract(member).id}")
    today = today_jst(clock.now())
    before = everything()
    assert _send(browser, "/end/", {"applied_on": today.isoformat(), "words": "担当者の退職"}) == 200
    assert "まだ何も記録していません" in browser.text
    assert "議決権、加入証跡は変わりません" in browser.text
    assert _unchanged(before)
    assert _send(browser, "/end/", {"again": "y"}) == 200
    assert "担当者の退職</textarea>" in browser.text
    _send(browser, "/end/")
    _send(browser, "/end/", {"confirmed": "y"})
    assert browser.path == "/admin/contracts/details/"
    assert "利用契約を終了しました。" in browser.text
    assert "紙対応" in browser.text
    assert _contract(member).end_reason == "担当者の退職"
    browser.get("/admin/contracts/?state=PAPER")
    assert member.current_name in browser.text
    browser.get("/admin/contracts/?state=LIVE")
    assert member.current_name not in browser.text


def test_a_contract_is_terminated_only_from_its_second_page(make: Factory) -> None:
    member = make.member()
    number = _contract(member).id
    browser = _staff(make)
    browser.get(f"/admin/contracts/terminate/?id={number}")
    before = everything()
    assert _send(browser, "/terminate/", {"clause": "2.7.1", "ground": "事実"}) == 422
    assert "事実</textarea>" in browser.text
    values = {"clause": "2.7.2②", "ground": "2.5⑤の行為", "reason": "警告後も続いた"}
    assert _send(browser, "/terminate/", values) == 200
    assert _unchanged(before)
    _send(browser, "/terminate/", {"confirmed": "y"})
    assert "お知らせを郵送してください" in browser.text
    assert _contract(member).end_clause == "2.7.2②"
    assert "利用規約 2.7.2②" in browser.text


def test_an_ended_contract_is_said_to_be_ended(make: Factory) -> None:
    member = make.member()
    number = _contract(member).id
    browser, other = _staff(make), _staff(make)
    values = {"applied_on": today_jst(clock.now()).isoformat()}
    for one in (browser, other):
        one.get(f"/admin/contracts/end/?id={number}")
        _send(one, "/end/", values)
    _send(browser, "/end/", {"confirmed": "y"})
    assert _send(other, "/end/", {"confirmed": "y"}) == 409
    assert "この利用契約は、すでに終了しています" in other.text


def test_a_contract_is_formed_on_paper_by_an_operator(make: Factory) -> None:
    member = make.member()
    approver, operator = _staff(make), _staff(make, Role.OPERATOR)
    approver.get(f"/admin/contracts/end/?id={_contract(member).id}")
    today = today_jst(clock.now()).isoformat()
    _send(approver, "/end/", {"applied_on": today})
    _send(approver, "/end/", {"confirmed": "y"})
    operator.get(f"/admin/contracts/details/?id={_contract(member).id}")
    assert f"/admin/contracts/form/?member={member.id}" in operator.text
    assert "/admin/contracts/end/" not in operator.text
    operator.get(f"/admin/contracts/form/?member={member.id}")
    _send(operator, "/form/", {"formed_on": today})
    assert "第1版（この日に効力のある版）" in operator.text
    _send(operator, "/form/", {"confirmed": "y"})
    assert _contract(member).ended_at is None
    assert operator.path == "/admin/contracts/details/"
    assert "書面" in operator.text


def test_operators_end_no_contract(make: Factory) -> None:
    number = _contract(make.member()).id
    browser = _staff(make, Role.OPERATOR)
    for door in ("end", "terminate"):
        assert browser.get(f"/admin/contracts/{door}/?id={number}").status_code == 403


# --- 名簿番号


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
    first, second = _staff(make), _staff(make)
    first.get("/admin/roster/propose/")
    assert _send(first, "/propose/", {"lines": lines, "reason": "理事会の決定"}) == 200
    assert "議決権の集約（規則2）" in first.text
    assert one.current_name in first.text
    _send(first, "/propose/", {"confirmed": "y"})
    proposal = db.session.scalars(select(RosterProposal)).one()
    assert "あなたが作った変更案です" in first.text
    assert "/admin/roster/apply/" not in first.text
    second.get(f"/admin/roster/details/?id={proposal.id}")
    _send(second, "/apply/")
    assert "反映しました" in second.text
    assert (_roster_no(two), _roster_no(one)) == before
    first.submit(action="/drop/")
    assert "反映されたか、取りやめになりました" in first.text


def test_each_line_is_named_with_what_to_do_and_nothing_is_lost(make: Factory) -> None:
    one, two = make.member(), make.member()
    browser = _staff(make, Role.OPERATOR)
    browser.get("/admin/roster/propose/")
    before = everything()
    lines = f"99999,5\n{one.operator_code},{_roster_no(two)}\n{one.operator_code},あ"
    assert _send(browser, "/propose/", {"lines": lines, "reason": "理事会の決定"}) == 422
    assert "事業者コード 99999 の会員が見つかりません" in browser.text
    assert "3行を直してください" in browser.text
    assert f"{one.operator_code},あ</textarea>" in browser.text
    assert "理事会の決定</textarea>" in browser.text
    assert _unchanged(before)
    _send(browser, "/propose/", {"lines": f"{one.operator_code},{_roster_no(one)}"})
    assert "いまの名簿番号と違う行がありません" in browser.text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
def test_a_file_is_put_below_what_was_typed(make: Factory, encoding: str) -> None:
    one, two = make.member(), make.member()
    browser = _staff(make, Role.OPERATOR)
    browser.get("/admin/roster/propose/")
    content = f"事業者コード,商号,新しい名簿番号\r\n{two.operator_code},会社,902\r\n".encode(encoding)
    answer = browser.submit({"file": (BytesIO(content), "番号.csv"), "reason": "整理", "lines": ""}, action="/propose/")
    assert answer.status_code == 200
    assert two.current_name in browser.text
    _send(browser, "/propose/", {"confirmed": "y"})
    proposal = db.session.scalars(select(RosterProposal)).one()
    assert proposal.rows == [[two.id, _roster_no(two), 902]]
    assert one.current_name not in browser.text


@pytest.mark.parametrize("content", [b"PK\x03\x04\x00", b"\xff\xfe\xff\x00\x00\xd8", b"\x00\x00\x00\x00"])
def test_what_is_no_text_is_refused_beside_the_file(make: Factory, content: bytes) -> None:
    member = make.member()
    browser = _staff(make, Role.OPERATOR)
    browser.get("/admin/roster/propose/")
    lines = f"{member.operator_code},900"
    values = {"file": (BytesIO(content), "x.xlsx"), "reason": "整理", "lines": lines}
    assert browser.submit(values, action="/propose/").status_code == 422
    assert 'id="file-e"' in browser.text
    assert lines in browser.text


def test_a_list_is_dropped(make: Factory) -> None:
    member = make.member()
    browser = _staff(make, Role.OPERATOR)
    browser.get("/admin/roster/propose/")
    _send(browser, "/propose/", {"lines": f"{member.operator_code} 900", "reason": "整理"})
    _send(browser, "/propose/", {"confirmed": "y"})
    _send(browser, "/drop/")
    assert "取りやめました" in browser.text
    db.session.rollback()
    assert db.session.scalars(select(RosterProposal)).one().state is ProposalState.DROPPED


# --- 総会


def _in_days(days: int) -> date:
    return today_jst(clock.now()) + timedelta(days=days)


def _assembly_values(**changes: Any) -> dict[str, Any]:
    held_on = _in_days(60).isoformat()
    return {"kind": "ORDINARY", "no": "1", "held_on": held_on, "held_time": "13時半", "place": "東京"} | changes


def _assembly() -> Assembly:
    db.session.rollback()
    return db.session.scalars(select(Assembly)).one()


def test_an_assembly_is_registered_through_its_verb(make: Factory) -> None:
    browser = _staff(make, Role.OPERATOR)
    with _committing_only_in_units_of_work():
        browser.get("/admin/assemblies/new/")
        before = everything()
        assert _send(browser, "/new/", _assembly_values()) == 200
        assert "の終わりの登録で、議決権を数えます。" in browser.text
        assert _unchanged(before)
        _send(browser, "/new/", {"confirmed": "y", "state": "FINISHED", "record_on": "2000-01-01", "version": "9"})
    row = _assembly()
    assert (row.state, row.version) == (AssemblyState.PREPARING, 1)
    assert row.record_on == _in_days(30)
    assert browser.path == "/admin/assemblies/details/"
    assert "総会を登録しました。" in browser.text
    browser.get("/admin/assemblies/")
    assert "通常総会" in browser.text


def test_sent_twice_it_is_registered_once(make: Factory) -> None:
    browser = _staff(make, Role.OPERATOR)
    browser.get("/admin/assemblies/new/")
    _send(browser, "/new/", _assembly_values())
    form = next(one for one in browser.forms() if one["action"].endswith("/new/"))
    data = {**form["fields"], "confirmed": "y"}
    answers = [browser.client.post("/admin/assemblies/new/", data=data) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].location == answers[1].location
    _assembly()


def test_a_refusal_stands_beside_its_field_and_nothing_is_lost(make: Factory) -> None:
    browser = _staff(make, Role.OPERATOR)
    for expected in (200, 409):
        browser.get("/admin/assemblies/new/")
        _send(browser, "/new/", _assembly_values(place="大阪市北区"))
        assert _send(browser, "/new/", {"confirmed": "y"}) == expected
    assert 'id="no-e"' in browser.text
    assert 'value="大阪市北区"' in browser.text
    browser.get("/admin/assemblies/new/")
    assert _send(browser, "/new/", _assembly_values(held_time="25時", no="〇")) == 422
    assert 'value="25時"' in browser.text


def test_what_changed_in_between_is_told(make: Factory) -> None:
    browser, other = _staff(make, Role.OPERATOR), make.staff(Role.OPERATOR)
    browser.get("/admin/assemblies/new/")
    _send(browser, "/new/", _assembly_values())
    _send(browser, "/new/", {"confirmed": "y"})
    row = _assembly()
    browser.get(f"/admin/assemblies/edit/?id={row.id}")
    assert 'value="13:30"' in browser.text
    run(
        assemblies.update_assembly,
        row.id,
        seen_version=1,
        kind="ORDINARY",
        no=1,
        held_on=_in_days(61),
        held_time=row.held_at.time(),
        place="名古屋",
        actor=make.actor(other, Role.OPERATOR),
        now=clock.now(),
    )
    _send(browser, "/edit/", {"place": "大阪"})
    assert _send(browser, "/edit/", {"confirmed": "y"}) == 409
    assert "画面を開いたあとに内容が変わりました" in browser.text
    assert 'value="大阪"' in browser.text
    with _committing_only_in_units_of_work():
        _send(browser, "/edit/")
        _send(browser, "/edit/", {"confirmed": "y"})
    assert (_assembly().place, _assembly().version) == ("大阪", 3)


def test_an_assembly_is_cancelled_with_a_reason(make: Factory) -> None:
    browser = _staff(make, Role.OPERATOR)
    browser.get("/admin/assemblies/new/")
    _send(browser, "/new/", _assembly_values())
    _send(browser, "/new/", {"confirmed": "y"})
    number = _assembly().id
    browser.get(f"/admin/assemblies/finish/?id={number}")
    assert _send(browser, "/finish/") == 409
    assert "開催の日時より前には、完了にできません" in browser.text
    browser.get(f"/admin/assemblies/cancel/?id={number}")
    assert _send(browser, "/cancel/") == 422
    _send(browser, "/cancel/", {"reason": "会場の都合"})
    assert _assembly().state is AssemblyState.CANCELLED
    assert "/admin/assemblies/edit/" not in browser.text


def test_nothing_is_deleted_and_what_is_not_there_is_not_found(make: Factory) -> None:
    browser = _staff(make)
    browser.get("/admin/assemblies/new/")
    assert browser.post("/admin/assemblies/delete/", {"id": "1"}).status_code == 404
    for address in ("edit", "finish", "cancel", "details"):
        for row in ("", "0", "1,2", "9" * 30, "x"):
            assert browser.get(f"/admin/assemblies/{address}/?id={row}").status_code == 404
    for address in ("contracts/end", "contracts/terminate", "contracts/form", "roster/details"):
        assert browser.get(f"/admin/{address}/?id=9&member=9").status_code == 404


@pytest.mark.parametrize("role", [Role.SYSTEM, Role.RECEPTION])
def test_others_write_nothing(make: Factory, role: Role) -> None:
    browser = _staff(make, role)
    for address in ("assemblies/new", "assemblies/edit", "roster/propose", "contracts/form", "contracts/end"):
        assert browser.get(f"/admin/{address}/").status_code == 403


def test_lists_take_five_statements(make: Factory) -> None:
    browser = _staff(make)
    for _ in range(3):
        make.member()
    for screen in ("contracts", "roster", "assemblies"):
        with statements() as seen:
            browser.get(f"/admin/{screen}/")
        assert len(seen) <= 5, re.findall(r"FROM \w+", " ".join(seen))


def test_the_members_page_says_where_it_stands(make: Factory) -> None:
    member, browser = make.member(), _staff(make)
    address = f"/admin/members/details/?id={member.id}"
    browser.get(address)
    number = _contract(member).id
    assert f'<a href="/admin/contracts/details/?id={number}">契約中</a>' in browser.text
    browser.get(f"/admin/contracts/end/?id={number}")
    _send(browser, "/end/", {"applied_on": today_jst(clock.now()).isoformat()})
    _send(browser, "/end/", {"confirmed": "y"})
    browser.get(address)
    assert f'<a href="/admin/contracts/details/?id={number}">紙対応</a>' in browser.text


@pytest.mark.parametrize("screen", ["contracts", "roster", "assemblies"])
def test_what_is_listed_is_exported(make: Factory, screen: str) -> None:
    member, browser = make.member(), _staff(make)
    browser.get("/admin/roster/propose/")
    _send(browser, "/propose/", {"lines": f"{member.operator_code} 900", "reason": "整理"})
    _send(browser, "/propose/", {"confirmed": "y"})
    browser.get("/admin/assemblies/new/")
    _send(browser, "/new/", _assembly_values())
    _send(browser, "/new/", {"confirmed": "y"})
    words = {"contracts": member.current_name, "roster": "整理", "assemblies": "通常総会"}
    answer = browser.get(f"/admin/{screen}/export-csv/")
    assert answer.status_code == 200
    assert words[screen] in answer.get_data().decode("utf-8-sig")
