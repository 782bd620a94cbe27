"""Staff screens of 届出, objections, sanctions and replies keyed in: the doors do what they say, and no more."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import select

from occto.domain.assembly import AssemblyState
from occto.domain.assembly_settings import AssemblySettings, BlankChoice
from occto.domain.codes import ElectionState
from occto.domain.permissions import Role
from occto.domain.replies import LEFT_OPEN, Attendance, ReplyChannel
from occto.domain.votes import Group
from occto.extensions import db
from occto.models import (
    Attachment,
    Ballot,
    HolderElection,
    Member,
    OutboxMail,
    Proposal,
    Reply,
    SanctionFact,
    StandingReply,
    VoteObjection,
)
from occto.services import objections
from occto.unit_of_work import run
from tests.admin.office import staff
from tests.assembling import assembly, item
from tests.clients import Browser
from tests.electing import SCAN, family, file_election, speaking
from tests.factories import NOW, Factory
from tests.registering import read

TODAY = "2026年11月23日"


@pytest.fixture(autouse=True)
def _at_now(monkeypatch: pytest.MonkeyPatch) -> None:
    from occto import clock

    monkeypatch.setattr(clock, "now", lambda: NOW)


def scan(name: str = "書面.pdf") -> tuple[BytesIO, str]:
    return BytesIO(SCAN.content), name


def rows(model: Any) -> list[Any]:
    return [row[0] for row in read(select(model).order_by(model.id))]


def confirm(make: Factory) -> Browser:
    """A second person confirms the newest proposal on its page."""
    second, number = staff(make), rows(Proposal)[-1].id
    second.get(f"/admin/proposals/details/?id={number}")
    second.submit(action="/confirm/")
    assert second.response is not None
    assert "確認しました" in second.text
    return second


def test_a_paper_is_entered_and_confirmed_by_another(make: Factory) -> None:
    parent, child, _young = family(make)
    held, first = assembly(make, AssemblyState.COUNTING), staff(make, Role.OPERATOR)
    first.get("/admin/elections/")
    assert "書面の届出を入力する（2026年度" in first.text
    first.get(f"/admin/elections/enter/?assembly={held.id}&q=汐見電力")
    assert f"member={parent.id}" in first.text
    first.get(f"/admin/elections/enter/?assembly={held.id}&member={parent.id}")
    values = {"group": "R", "holder": str(child.id), "received_on": TODAY, "received_time": "9:00"}
    assert first.submit(values, action="/enter/").status_code == 422  # the scan is missing
    assert rows(HolderElection) == []
    first.submit(values | {"file": scan()}, action="/enter/")
    assert "要確認" in first.text
    second = confirm(make)
    (found,) = rows(HolderElection)
    assert found.state is ElectionState.EFFECTIVE
    second.get(f"/admin/elections/details/?id={found.id}")
    assert "有効" in second.text
    sent = second.get(f"/admin/elections/file/?id={found.document_id}")
    assert sent.data == SCAN.content
    assert second.get("/admin/elections/?state=EFFECTIVE&vote_group=R&q=汐見でんき").status_code == 200
    assert "汐見でんき株式会社" in second.text


def test_an_election_is_settled_and_stands_in_the_worklist(make: Factory) -> None:
    _parent, child, _young = family(make)
    held, first = assembly(make, AssemblyState.COUNTING), staff(make, Role.OPERATOR)
    number = file_election(speaking(make, child), child, held.id, Group.R)
    first.get("/admin/?tab=rights")
    assert f"/admin/elections/details/?id={number}" in first.text
    first.get(f"/admin/elections/settle/?id={number}")
    assert first.submit({"outcome": "WITHDRAWN", "reason": "申し出"}, action="/settle/").status_code == 409
    assert "書面の写しを選んでください" in first.text
    first.submit({"outcome": "REFUSED", "reason": "親法人が同意しない"}, action="/settle/")
    assert "二人目の確認を待っています" in first.text
    confirm(make)
    assert rows(HolderElection)[0].state is ElectionState.REFUSED


def test_an_objection_is_answered(make: Factory) -> None:
    held, first = assembly(make, AssemblyState.COUNTING), staff(make, Role.OPERATOR)
    speaks = speaking(make, make.member(), Role.ADMINISTRATOR)
    number = run(objections.object_to_votes, held.id, body="<b>違います</b>", actor=speaks, now=NOW)
    first.get("/admin/?tab=rights")
    assert f"/admin/objections/details/?id={number}" in first.text
    first.get("/admin/objections/?state=waiting")
    assert "&lt;b&gt;違います" in first.text
    first.get(f"/admin/objections/answer/?id={number}")
    assert first.submit({"answer": ""}, action="/answer/").status_code == 422
    first.submit({"answer": "訂正しました。"}, action="/answer/")
    assert "訂正しました。" in first.text
    assert rows(VoteObjection)[0].answer == "訂正しました。"
    assert first.get("/admin/objections/?state=waiting").status_code == 200
    assert "違います" not in first.text


def test_a_sanction_is_proposed_confirmed_shown_and_ended(make: Factory) -> None:
    member, first = make.member(), staff(make, Role.OPERATOR)
    first.get(f"/admin/sanctions/propose/?member={member.id}")
    values = {
        "scope": "VOTES",
        "decided_by": "理事会",
        "decided_on": "2026-10-01",
        "ground": "定款第9条 会費の未納",
        "effective_on": "2026-10-15",
        "last_on": "2026-12-31",
        "reason": "決定のとおり",
    }
    assert first.submit(values, action="/propose/").status_code == 422
    first.submit(values | {"file": scan()}, action="/propose/")
    assert "定款第9条 会費の未納" in first.text
    assert rows(SanctionFact) == []
    second = confirm(make)
    (fact,) = rows(SanctionFact)
    assert str(fact.ended_on) == "2027-01-01"
    second.get(f"/admin/members/details/?id={member.id}")
    assert "2026年10月15日から 2026年12月31日まで" in second.text
    assert second.get(f"/admin/sanctions/file/?id={fact.document_id}").data == SCAN.content
    user = make.user()
    make.affiliate(user, member)
    own = make.signed_in(user, member=member)
    own.get("/member")
    assert "定款第9条 会費の未納" in own.text
    first.get(f"/admin/sanctions/end/?id={fact.id}")
    first.submit({"act": "END", "last_on": "2026-11-30", "reason": "解除の決定"}, action="/end/")
    confirm(make)
    assert [str(one.ended_on) for one in rows(SanctionFact)] == ["2027-01-01", "2026-12-01"]
    assert rows(SanctionFact)[0].voided_id is not None


def test_a_paper_reply_is_keyed_in_and_the_next_member_is_a_search_away(make: Factory) -> None:
    member, other = make.member(name="風電力株式会社"), make.member(name="波電力株式会社")
    held = assembly(make)
    first_item = item(held)
    first = staff(make, Role.OPERATOR)
    first.get("/admin/replies/")
    assert f"/admin/replies/enter/?assembly={held.id}" in first.text
    first.get(f"/admin/replies/enter/?assembly={held.id}&q=電力")
    assert "風電力株式会社" in first.text
    assert "波電力株式会社" in first.text
    first.get(f"/admin/replies/enter/?assembly={held.id}&q={member.operator_code}")
    assert "回答を入力する" in first.text  # one member alone: its form opens
    values = {
        "channel": "PAPER",
        "received_on": TODAY,
        "received_time": "9:30",
        "attendance": "ELECTRONIC",
        f"item_{first_item.id}": "YES",
    }
    assert first.submit(values, action="/enter/").status_code == 422
    assert rows(Reply) == []
    first.submit(values | {"file": scan()}, action="/enter/")
    assert "風電力株式会社 の回答を入力しました。回答番号は" in first.text
    assert 'name="q"' in first.text
    (reply,) = rows(Reply)
    assert (reply.channel, reply.attendance) == (ReplyChannel.PAPER, Attendance.ELECTRONIC)
    assert db.session.get_one(Attachment, reply.document_id).assembly_id == held.id
    first.get(f"/admin/replies/details/?id={reply.id}")
    assert "賛成" in first.text  # whoever keyed it in
    for secret in (reply.salt, reply.receipt_code, reply.digest):
        assert secret not in first.text
    someone = staff(make, Role.OPERATOR)
    someone.get(f"/admin/replies/details/?id={reply.id}")
    assert "賛成" not in someone.text
    assert "権限のある方だけ" in someone.text
    assert someone.get(f"/admin/replies/file/?id={reply.document_id}").status_code == 403
    approver = staff(make)
    approver.get(f"/admin/replies/details/?id={reply.id}")
    assert "賛成" in approver.text
    assert approver.get(f"/admin/replies/file/?id={reply.document_id}").data == SCAN.content
    assert approver.get(f"/admin/replies/?assembly={held.id}&state=standing&channel=PAPER").status_code == 200
    assert reply.number in approver.text
    assert approver.get(f"/admin/replies/of/?id={held.id}").status_code == 200
    assert f'<a href="/admin/reply_board/?id={held.id}"' in approver.text
    early = assembly(make, AssemblyState.COUNTING)
    approver.get(f"/admin/replies/of/?id={early.id}")
    assert "議決権がまだ確定していない" in approver.text
    assert other.current_name not in approver.text


def _key_in(browser: Browser, held: Any, member: Member, **values: Any) -> int:
    browser.get(f"/admin/replies/enter/?assembly={held.id}&member={member.id}")
    usual = {"channel": "STAFF", "received_on": TODAY, "received_time": "11:00", "reason": "電話で受けた"}
    return browser.submit(usual | values, action="/enter/").status_code


def test_an_item_that_the_paper_leaves_open_is_entered_as_that(make: Factory) -> None:
    member = make.member()
    make.affiliate(make.user(), member)
    held, first = assembly(make), staff(make, Role.OPERATOR)
    one, other = (item(held, no, notified_at=NOW - timedelta(days=7)) for no in (1, 2))
    votes = {"attendance": "ELECTRONIC", f"item_{one.id}": "NO"}
    assert _key_in(first, held, member, **votes) == 409
    assert "賛成・反対・棄権のどれかをお選びください" in first.text
    assert rows(Reply) == []
    assert _key_in(first, held, member, **votes, **{f"item_{other.id}": "LEFT_OPEN"}) == 200
    (reply,) = rows(Reply)
    assert [tuple(row) for row in read(select(Ballot.item_id, Ballot.choice))] == [(one.id, "NO")]
    (copy,) = read(select(OutboxMail.params).where(OutboxMail.template == "assemblies/replied"))
    assert [words for _title, words in copy[0]["choices"]] == ["反対", LEFT_OPEN]
    first.get(f"/admin/replies/details/?id={reply.id}")
    assert LEFT_OPEN in first.text


def test_what_was_notified_later_was_not_left_open(make: Factory) -> None:
    member, user = make.member(), make.user()
    make.affiliate(user, member)
    held, first = assembly(make), staff(make, Role.OPERATOR)
    one = item(held, 1, notified_at=NOW - timedelta(days=7))
    assert _key_in(first, held, member, **{"attendance": "ELECTRONIC", f"item_{one.id}": "NO"}) == 200
    item(held, 2, notified_at=NOW + timedelta(hours=1))
    (reply,) = rows(Reply)
    assert LEFT_OPEN not in first.get(f"/admin/replies/details/?id={reply.id}").text
    theirs = make.signed_in(user, member=member)
    for path in (f"/assemblies/{held.id}", f"/assemblies/{held.id}/replies/1", f"/assemblies/{held.id}/replies"):
        assert LEFT_OPEN not in theirs.get(path).text


def test_where_blanks_abstain_there_is_nothing_to_leave_open(make: Factory) -> None:
    member, first = make.member(), staff(make, Role.OPERATOR)
    held = assembly(make, settings=AssemblySettings(blank_choice=BlankChoice.ABSTAIN))
    one = item(held)
    first.get(f"/admin/replies/enter/?assembly={held.id}&member={member.id}")
    assert "LEFT_OPEN" not in first.text
    assert _key_in(first, held, member, **{"attendance": "ELECTRONIC", f"item_{one.id}": "LEFT_OPEN"}) == 422
    assert rows(Reply) == []


def test_mandates_and_their_withdrawal(make: Factory) -> None:
    member, other = make.member(), make.member()
    held, first = assembly(make), staff(make, Role.OPERATOR)
    proxy = {"attendance": "PROXY", "proxy_kind": "MEMBER"}
    assert _key_in(first, held, member, **proxy, proxy_member="99999") == 422
    assert "この事業者コードの会員が見つかりません" in first.text
    assert _key_in(first, held, member, **proxy, proxy_member=member.operator_code) == 409
    assert _key_in(first, held, member, **proxy, proxy_member=other.operator_code) == 200
    assert _key_in(first, held, member, attendance="CHAIR", received_time="11:10") == 200
    own = {"attendance": "PROXY", "proxy_kind": "PERSON", "proxy_name": "汐見 次郎"}
    assert _key_in(first, held, member, **own, received_time="11:20") == 200
    assert _key_in(first, held, member, attendance="WITHDRAWN", received_time="11:30") == 200
    assert _key_in(first, held, member, attendance="WITHDRAWN", received_time="11:40") == 409
    found = rows(Reply)
    assert [one.attendance for one in found] == ["PROXY", "CHAIR", "PROXY", "WITHDRAWN"]
    assert found[0].proxy_member_id == other.id
    assert found[2].proxy_name == "汐見 次郎"
    standing = read(select(StandingReply.reply_id))
    assert [one[0] for one in standing] == [found[3].id]  # one mandate a meeting


def test_what_was_received_earlier_is_kept_and_does_not_count(make: Factory) -> None:
    member, held, first = make.member(), assembly(make), staff(make, Role.OPERATOR)
    assert _key_in(first, held, member, attendance="ABSENT") == 200
    assert _key_in(first, held, member, attendance="CHAIR", received_time="10:59") == 200
    assert "そちらが有効のままです" in first.text
    found = rows(Reply)
    assert read(select(StandingReply.reply_id))[0][0] == found[0].id
    first.get(f"/admin/replies/details/?id={found[1].id}")
    assert "第1版（有効）" in first.text


def test_what_staff_may_not_key_in(make: Factory) -> None:
    member = make.member()
    stranger = make.member(since=NOW.date())
    held, early = assembly(make), assembly(make, AssemblyState.COUNTING)
    first = staff(make, Role.OPERATOR)
    assert first.get(f"/admin/replies/enter/?assembly={early.id}").status_code == 404
    assert first.get("/admin/replies/enter/?assembly=999999999999999999999").status_code == 404
    assert first.get(f"/admin/replies/enter/?assembly={held.id}&member={stranger.id}").status_code == 404
    assert _key_in(first, held, member, attendance="ABSENT", reason="") == 409
    assert _key_in(first, held, member, attendance="ABSENT", received_time="12:01") == 409  # after now
    assert _key_in(first, held, member, attendance="ABSENT", received_on="2026-11-01") == 409
    assert _key_in(first, held, member, attendance="SOMETHING") == 422
    assert _key_in(first, held, member, attendance="ABSENT", proxy_name="あ" * 100_000) == 422
    assert rows(Reply) == []
    system = staff(make, Role.SYSTEM)
    assert system.get(f"/admin/replies/enter/?assembly={held.id}").status_code == 403
    assert system.get("/admin/replies/").status_code == 403


@pytest.mark.parametrize("screen", ["elections", "objections", "sanctions", "replies"])
def test_hostile_addresses_are_no_faults(make: Factory, screen: str) -> None:
    first = staff(make, Role.OPERATOR)
    for query in ("?q=%00", f"?q={'あ' * 5000}", "?assembly=x&state=x&record=x", "?after=99999999999999999999"):
        assert first.get(f"/admin/{screen}/{query}").status_code in (200, 400)
    for number in ("0", "-1", "99999999999999999999", "x", ""):
        assert first.get(f"/admin/{screen}/details/?id={number}").status_code == 404
    if screen != "objections":
        assert first.get(f"/admin/{screen}/file/?id=99999999999999999999").status_code == 404
