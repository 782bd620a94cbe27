"""職員の入力: paper, corrections and successions from the page to the register, and what is refused with nothing lost."""

from datetime import date
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from occto.domain.changes import ChangeState, Part
from occto.domain.codes import Channel, MemberState
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import ChangeDraft, ChangeRequest, LicenceHeld, Member, ProfileFact
from occto.services.changes import approval
from occto.unit_of_work import run
from tests.changing import SOON, approved, drafted, renamed, submitted
from tests.clients import Browser
from tests.factories import NOW, Factory, corporate_number
from tests.observing import everything
from tests.registering import fact_id, facts_of, licence_id, relations_on_record

MOVING = frozenset({"access_events", "access_subjects"})
S = ChangeState


def _staff(make: Factory, *roles: Role) -> Browser:
    return make.signed_in(make.staff(*(roles or (Role.OPERATOR,)), name="高橋 直樹"))


def _unchanged(before: dict[str, list[str]]) -> bool:
    after = everything()
    return all(after[table] == rows for table, rows in before.items() if table not in MOVING)


def _send(browser: Browser, values: dict[str, Any] | None = None) -> TestResponse:
    """Send the form of the page itself: the one that is taken once, not the searches beside it."""
    own = [place for place, form in enumerate(browser.forms()) if "form_id" in form["fields"]]
    return browser.submit(values, form=own[-1])


def _request() -> ChangeRequest:
    db.session.expunge_all()
    db.session.rollback()
    return db.session.scalars(select(ChangeRequest).order_by(ChangeRequest.id.desc()).limit(1)).one()


def _begin(browser: Browser, member_id: int, kind: str, values: dict[str, Any]) -> int:
    assert browser.get(f"/admin/entries/new/?kind={kind}&member={member_id}").status_code == 200
    answer = _send(browser, values)
    assert answer.status_code == 200, browser.text
    assert browser.path == "/admin/entries/details/"
    return _request().id


def _office(browser: Browser, member_id: int, kind: str) -> int:
    return _begin(browser, member_id, kind, {"occurred_on": "2026-11-20", "reason": "登記の写しと異なるため"})


def _paper(browser: Browser, member_id: int, *parts: str) -> int:
    values = {
        "received_on": "令和8年11月20日",
        "received_time": "１４：３０",
        "parts": list(parts),
        "occurred_on": "2026-11-01",
    }
    return _begin(browser, member_id, "paper", values)


def _open(browser: Browser, path: str) -> None:
    assert browser.get(f"/admin/entries/{path}").status_code == 200, path


def _attach(browser: Browser, number: int, kind: str, items: list[str]) -> None:
    _open(browser, f"files/?id={number}")
    fields = browser.forms()[-1]["fields"]
    data: dict[str, Any] = {
        "csrf_token": fields["csrf_token"][0],
        "form_id": fields["form_id"][0],
        "id": number,
        "kind": kind,
        "items": items,
        "file": (BytesIO(b"%PDF-1.7\n1 0 obj\n%%EOF"), "書面.pdf"),
    }
    browser.response = browser.client.post("/admin/entries/files/", data=data, follow_redirects=True)
    assert browser.response.status_code == 200, browser.text


def _submit(browser: Browser, number: int) -> None:
    _open(browser, f"check/?id={number}")
    assert _send(browser).status_code == 200, browser.text
    assert browser.path == "/admin/changes/details/", browser.text


def _approve(make: Factory, number: int) -> None:
    version = _request().version
    approver = make.actor(make.staff(Role.APPROVER), Role.APPROVER)
    run(approval.approve, number, seen_version=version, actor=approver, now=NOW)


def test_a_change_on_paper_is_keyed_in_and_approved_by_another(make: Factory) -> None:
    member = make.member(name="高砂電力株式会社")
    browser = _staff(make)
    browser.get("/admin/entries/?q=高砂")
    assert f"kind=paper&amp;member={member.id}" in browser.text
    member_id = member.id
    number = _paper(browser, member_id, "company", "outline")
    row = _request()
    assert row.channel is Channel.PAPER
    assert row.received_at is not None
    assert row.received_at.isoformat() == "2026-11-20T05:30:00+00:00"
    _open(browser, f"part/?id={number}&part=company")
    assert "高砂電力株式会社" in browser.text
    _send(browser, {"name": "高砂グリーン電力株式会社", "effective_on": "2026年12月3日", "member_id": "999"})
    _open(browser, f"part/?id={number}&part=outline")
    _send(browser, {"capital": "150,000,000", "effective_on": "2026年12月3日"})
    _open(browser, f"check/?id={number}")
    assert "書面の写し（スキャン）を添付してください。" in browser.text
    _attach(browser, number, "PAPER_SCAN", [])
    _attach(browser, number, "REGISTRY", ["name", "capital"])
    _submit(browser, number)
    assert "承認者の承認を待っています。" in browser.text
    assert _request().state is S.SUBMITTED
    _approve(make, number)
    db.session.rollback()
    names = db.session.scalars(
        select(ProfileFact.value).where(ProfileFact.item == "name", ProfileFact.effective_on == SOON)
    ).all()
    assert names == ["高砂グリーン電力株式会社"]


def test_licences_and_relations_on_paper(make: Factory) -> None:
    member, parent = make.member(), make.member()
    held, number_of_parent = licence_id(member, "GEN"), corporate_number(int(parent.operator_code))
    browser = _staff(make)
    number = _paper(browser, member.id, "licences", "relations")
    _open(browser, f"row/?id={number}&part=licences&act=ADD")
    _send(browser, {"category": "RETAIL", "number": "A0999", "effective_on": "2026-11-10"})
    assert "小売電気事業者の追加" in browser.text
    _open(browser, f"row/?id={number}&part=licences&act=END")
    _send(browser, {"licence_id": str(held), "ended_on": "2026-12-10", "end_reason": "CLOSURE_NOTIFICATION"})
    assert "発電事業者の終了" in browser.text
    _open(browser, f"row/?id={number}&part=relations&act=ADD")
    row = {
        "relation": "PARENT",
        "name": "親電力株式会社",
        "corporate_number": number_of_parent,
        "is_member": "YES",
        "controlling": "YES",
        "basis": "MAJORITY",
        "acquired_on": "2026-11-05",
    }
    _send(browser, row)
    assert "親電力株式会社" in browser.text
    _attach(browser, number, "PAPER_SCAN", [])
    _attach(browser, number, "METI_ACT", _keys(number))
    _submit(browser, number)
    _approve(make, number)
    assert len(relations_on_record()) == 1
    db.session.rollback()
    assert set(
        db.session.scalars(select(LicenceHeld.category).where(LicenceHeld.member_id == _request().member_id))
    ) == {
        "GEN",
        "RETAIL",
    }


def _keys(number: int) -> list[str]:
    from occto.domain.changes import evidence_key
    from occto.services.changes import submission

    db.session.rollback()
    request = db.session.get(ChangeRequest, number)
    assert request is not None
    return [evidence_key(item) for item in submission.prepare(db.session(), request).items]


def test_a_row_is_taken_out_again(make: Factory) -> None:
    browser = _staff(make)
    number = _paper(browser, make.member().id, "licences")
    _open(browser, f"row/?id={number}&part=licences&act=ADD")
    _send(browser, {"category": "RETAIL", "number": "A0999", "effective_on": "2026-11-10"})
    browser.submit(action="/remove-row/")
    db.session.rollback()
    draft = db.session.get(ChangeDraft, (number, Part.LICENCES.value))
    assert draft is not None
    assert draft.answers is None


def test_a_correction_keeps_the_wrong_row_voided(make: Factory) -> None:
    member = make.member(name="誤記電力株式会社", since=date(2020, 4, 1))
    wrong = fact_id(member, "name", date(2020, 4, 1))
    browser = _staff(make)
    number = _office(browser, member.id, "correction")
    _open(browser, f"part/?id={number}&part=corrections")
    assert "誤記電力株式会社" in browser.text
    _open(browser, f"correct/?id={number}&kind=fact&target={wrong}")
    _send(browser, {"act": "CORRECT", "value": "正しい電力株式会社", "effective_on": "2020-04-01"})
    assert "商号の訂正" in browser.text
    _submit(browser, number)
    _approve(make, number)
    assert facts_of(member, "name") == [(date(2020, 4, 1), "正しい電力株式会社")]
    kept = db.session.get(ProfileFact, wrong)
    assert kept is not None
    assert (kept.value, kept.voided_id is not None) == ("誤記電力株式会社", True)


def test_a_fact_to_come_is_revoked(make: Factory) -> None:
    member = make.member()
    approved(make, renamed("来月電力株式会社"), member=member)
    coming = fact_id(member, "name", SOON)
    browser = _staff(make)
    number = _office(browser, member.id, "correction")
    _open(browser, f"part/?id={number}&part=corrections")
    assert "これから" in browser.text
    _open(browser, f"correct/?id={number}&kind=fact&target={coming}")
    _send(browser, {"act": "VOID", "value": "", "effective_on": ""})
    assert "商号の取消し" in browser.text
    _submit(browser, number)
    _approve(make, number)
    assert len(facts_of(member, "name")) == 1


def test_a_licence_is_corrected(make: Factory) -> None:
    member = make.member()
    target = licence_id(member, "GEN")
    browser = _staff(make)
    number = _office(browser, member.id, "correction")
    _open(browser, f"correct/?id={number}&kind=licence&target={target}")
    _send(browser, {"act": "CORRECT", "number": "G0777", "effective_on": "2020-03-31"})
    assert "G0777" in browser.text
    _open(browser, f"correct/?id={number}&kind=licence&target={target}")
    _send(browser, {"act": "CORRECT", "number": "G0888", "effective_on": "2020-03-31"})
    assert "G0888" in browser.text
    assert browser.text.count("発電事業者の訂正") >= 1
    assert "G0777" not in browser.text
    _submit(browser, number)


@pytest.mark.parametrize("kind", ["fact", "licence", "relation", "nonsense"])
def test_what_is_anothers_cannot_be_corrected(make: Factory, kind: str) -> None:
    member, other = make.member(), make.member()
    theirs = {
        "fact": fact_id(other, "name", date(2020, 4, 1)),
        "licence": licence_id(other, "GEN"),
        "relation": 1,
        "nonsense": 1,
    }[kind]
    browser = _staff(make)
    number = _office(browser, member.id, "correction")
    before = everything()
    assert browser.get(f"/admin/entries/correct/?id={number}&kind={kind}&target={theirs}").status_code == 404
    _open(browser, f"files/?id={number}")
    answer = browser.post("/admin/entries/correct/", {"id": number, "kind": kind, "target": theirs, "form_id": "x"})
    assert answer.status_code == 404
    assert _unchanged(before)


def test_a_succession_from_the_search_to_the_register(make: Factory) -> None:
    gone, successor = (
        make.member(licences=("GEN", "RETAIL")),
        make.member(name="引き継ぐ電力株式会社", licences=("AGG",)),
    )
    gone_id, new_id = gone.id, successor.id
    licences = [licence_id(gone, "GEN"), licence_id(gone, "RETAIL")]
    browser = _staff(make)
    number = _office(browser, gone_id, "succession")
    _open(browser, f"succession/?id={number}")
    assert "承継では移らないもの" in browser.text
    assert "名簿番号は移りません。" in browser.text
    _open(browser, f"succession/?id={number}&q=引き継ぐ")
    values = {
        "successor_id": str(new_id),
        "licences": [str(one) for one in licences],
        "effective_on": "2026-11-21",
        "consent_on": "2026-11-20",
    }
    _send(browser, values)
    assert "合併・承継" in browser.text
    _open(browser, f"check/?id={number}")
    assert "当機関の決裁文書" in browser.text
    _attach(browser, number, "OFFICE_DECISION", [])
    _submit(browser, number)
    assert "会員の資格を失い" in browser.text
    assert "引き継ぐ電力株式会社" in browser.text
    _approve(make, number)
    db.session.expunge_all()
    db.session.rollback()
    old, new = db.session.get(Member, gone_id), db.session.get(Member, new_id)
    assert old is not None
    assert new is not None
    assert (old.current_state, old.succeeded_by_id) == (MemberState.LEFT, new_id)
    assert new.current_licences == "RETAIL,GEN,AGG"


def test_a_member_is_no_successor_of_itself(make: Factory) -> None:
    member = make.member(name="独り電力株式会社")
    held = licence_id(member, "GEN")
    browser = _staff(make)
    number = _office(browser, member.id, "succession")
    _open(browser, f"succession/?id={number}&q=独り")
    assert "あてはまる会員はありません。" in browser.text
    _open(browser, f"files/?id={number}")
    before = everything()
    crafted = {
        "id": number,
        "successor_id": member.id,
        "licences": [held],
        "effective_on": "2026-11-21",
        "form_id": "x",
    }
    assert browser.post("/admin/entries/succession/", crafted).status_code == 422
    assert _unchanged(before)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"received_time": "25:00"}, "14:30 のように"),
        ({"received_time": ""}, "受け取った時刻"),
        ({"received_on": "2030-01-01"}, "今日までの日付"),
        ({"parts": []}, "一つ以上選んでください"),
        ({"occurred_on": "きのう"}, "読み取れません"),
    ],
)
def test_what_begins_an_entry_is_refused_beside_its_field(make: Factory, values: dict[str, Any], sentence: str) -> None:
    member = make.member()
    browser = _staff(make)
    browser.get(f"/admin/entries/new/?kind=paper&member={member.id}")
    before = everything()
    typed = {"received_on": "2026-11-20", "received_time": "14:30", "parts": ["company"], "occurred_on": "2026-11-01"}
    answer = _send(browser, typed | {"reason": "届いた書面のとおり"} | values)
    assert answer.status_code == 422
    assert sentence in browser.text
    assert "届いた書面のとおり" in browser.text
    assert _unchanged(before)


def test_two_windows_on_one_part_lose_nothing(make: Factory) -> None:
    browser = _staff(make)
    number = _paper(browser, make.member().id, "company")
    other = make.signed_in(make.staff(Role.OPERATOR))
    for one in (browser, other):
        _open(one, f"part/?id={number}&part=company")
    _send(other, {"name": "先の商号株式会社", "effective_on": "2026-12-03"})
    answer = _send(browser, {"name": "後の商号株式会社", "effective_on": "2026-12-03"})
    assert answer.status_code == 409
    assert "後の商号株式会社" in browser.text
    assert _send(browser).status_code == 200
    assert browser.path == "/admin/entries/details/"
    db.session.rollback()
    draft = db.session.get(ChangeDraft, (number, Part.COMPANY.value))
    assert draft is not None
    assert draft.answers is not None
    assert draft.answers["name"] == "後の商号株式会社"


def test_only_what_staff_keyed_in_is_opened_here(make: Factory) -> None:
    theirs = submitted(make, renamed())
    own = drafted(make, [Part.COMPANY], channel=Channel.PAPER)
    browser = _staff(make)
    before = everything()
    for path in ("details", "part", "row", "correct", "succession", "files", "check"):
        for number in (theirs.id, 0, "x", "9" * 30):
            answer = browser.get(f"/admin/entries/{path}/?id={number}&part=company&act=ADD")
            assert answer.status_code == 404, (path, number)
    for query in ("part=licences", "part=files", "part=x", "part=succession"):
        assert browser.get(f"/admin/entries/part/?id={own.id}&{query}").status_code == 404, query
    for query in ("kind=x&member=1", "kind=paper&member=99", "kind=paper", "kind=paper&member=x"):
        assert browser.get(f"/admin/entries/new/?{query}").status_code == 404, query
    for path in ("remove-row", "remove-file", "withdraw", "check", "files"):
        _open(browser, f"files/?id={own.id}")
        answer = browser.post(f"/admin/entries/{path}/", {"id": theirs.id, "part": "company", "form_id": "x"})
        assert answer.status_code == 404, path
    assert _unchanged(before)


def test_an_entry_is_given_up(make: Factory) -> None:
    browser = _staff(make)
    number = _paper(browser, make.member().id, "company")
    browser.submit(action="/withdraw/")
    assert "取り下げました。" in browser.text
    assert _request().state is S.WITHDRAWN
    assert number


@pytest.mark.parametrize("role", [Role.SYSTEM, Role.RECEPTION])
def test_other_staff_enter_nothing(make: Factory, role: Role) -> None:
    browser = _staff(make, role)
    for path in ("", "new/?kind=paper&member=1", "details/?id=1", "check/?id=1"):
        assert browser.get(f"/admin/entries/{path}").status_code == 403, path
