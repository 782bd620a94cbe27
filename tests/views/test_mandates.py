"""受託者 on the pages: started, proposed, answered, changed and ended; whose act it was; how much it costs to look."""

from datetime import date, timedelta
from typing import Any

import pytest

from occto import clock
from occto.access import token_hash
from occto.domain.changes import Part
from occto.domain.codes import LinkPurpose, MandateState, Procedure
from occto.domain.dates import today_jst
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import Consent, Mandate, OutboxMail
from occto.queries.viewer import load_viewer
from occto.services import links
from occto.unit_of_work import unit_of_work
from tests import changing
from tests.clients import Browser
from tests.factories import PASSWORD, Factory, corporate_number
from tests.mandating import Party, Servant, mails, party, person, propose, servant, start, state, terms
from tests.observing import everything
from tests.test_statement_counts import counted

P = Procedure


def _today() -> date:
    return today_jst(clock.now())


def _values(**changes: Any) -> dict[str, Any]:
    values = {
        "contractor_name": "みなと受託株式会社",
        "corporate_number": corporate_number(987654),
        "procedures": ["VIEW", "CHANGES"],
        "starts_on": _today().isoformat(),
        "last_on": (_today() + timedelta(days=364)).isoformat(),
        "persons": "受川 花子　hanako@contractor.example.jp\n受川 太郎,taro@contractor.example.jp",
        "affirmed": "y",
    }
    return values | changes


def _opened(own: Party) -> Browser:
    return own.make.signed_in(own.user, member=own.member)


def _newest() -> Mandate:
    db.session.rollback()
    found = db.session.query(Mandate).order_by(Mandate.id.desc()).first()
    assert found is not None
    db.session.expunge_all()
    return found


def test_a_mandate_is_started_over_a_check_page(make: Factory) -> None:
    own = party(make)
    browser = _opened(own)
    browser.get("/mandates/")
    assert "いま、操作を任せている受託者はありません" in browser.text
    browser.get("/mandates/new")
    before = everything()
    browser.submit(_values())
    assert everything() == before
    for words in ("まだ何も変わっていません", "受川 花子 様", "変更申請：", "義務を遵守させます"):
        assert words in browser.text
    browser.submit({"again": "y"})
    assert "hanako@contractor.example.jp" in browser.text
    browser.submit({})
    browser.submit({"confirmed": "y"})
    assert browser.path == f"/mandates/{_newest().id}"
    assert "委託を始めました" in browser.text
    assert _newest().ends_on == _today() + timedelta(days=365)
    assert mails("mandates/invited") == ["hanako@contractor.example.jp", "taro@contractor.example.jp"]
    browser.get("/mandates/")
    assert "みなと受託株式会社" in browser.text
    browser.get("/member")
    assert "閲覧、変更申請" in browser.text


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"affirmed": ""}, "チェックを入れてください"),
        ({"procedures": []}, "1つ以上選んでください"),
        ({"persons": "受川 花子"}, "1行目"),
        ({"persons": "受川 花子 hanako@"}, "受川 花子 様"),
        ({"corporate_number": "1234567890123"}, "法人番号"),
        ({"last_on": "2020-01-01", "starts_on": "2019-01-01"}, "今日か、それより後"),
        ({"last_on": ""}, "最後の日を入力"),
        ({"procedures": ["EVERYTHING"]}, "もう一度選んでください"),
    ],
)
def test_what_was_typed_stays_where_it_is_refused(make: Factory, changes: dict[str, Any], words: str) -> None:
    browser = _opened(party(make))
    browser.get("/mandates/new")
    before = everything()
    browser.submit(_values() | changes)
    assert words in browser.text
    assert "みなと受託株式会社" in browser.text
    assert everything() == before


def test_a_refusal_of_the_verb_stands_beside_its_field(make: Factory) -> None:
    own, staff = party(make), make.staff(Role.OPERATOR, email="staff@occto.example.jp")
    browser = _opened(own)
    browser.get("/mandates/new")
    browser.submit(_values(persons=f"人 {staff.email}"))
    browser.submit({"confirmed": "y"})
    assert "受託者の方のアドレスとしては使えません" in browser.text
    assert 'id="persons-e"' in browser.text


def test_pressed_twice_it_is_one_mandate(make: Factory) -> None:
    browser = _opened(party(make))
    browser.get("/mandates/new")
    browser.submit(_values())
    form = browser.forms()[0]
    data = {name: list(held) for name, held in form["fields"].items()} | {"confirmed": "y"}
    first = browser.client.post("/mandates/new", data=data)
    second = browser.client.post("/mandates/new", data=data)
    assert first.location == second.location
    assert db.session.query(Mandate).count() == 1


def test_a_contractor_proposes_and_the_administrator_accepts(make: Factory) -> None:
    own, other = party(make), servant(make)
    theirs, ours = make.signed_in(other.user), _opened(own)
    theirs.get("/mandates/", follow=True)
    assert theirs.path == "/mandates/served"
    theirs.get("/mandates/served/propose")
    named = f"{other.user.name} {other.user.email}"
    sent = _values(member_key=own.member.operator_code, persons=named)
    theirs.submit({key: sent[key] for key in ("member_key", "procedures", "starts_on", "last_on", "persons")})
    assert own.member.current_name in theirs.text
    for secret in (own.user.email, "鈴木 一郎"):
        assert secret not in theirs.text
    theirs.submit({"confirmed": "y"})
    assert "委託を提案しました" in theirs.text
    proposal = _newest().id
    assert theirs.get("/home", follow=False).status_code == 303
    ours.get("/mandates/")
    assert "承認を待っている提案" in ours.text
    ours.get(f"/mandates/{proposal}")
    assert other.user.email in ours.text
    ours.get(f"/mandates/{proposal}/accept")
    ours.submit({})
    assert "チェックを入れてください" in ours.text
    ours.submit({"affirmed": "y"})
    assert "委託を承認しました" in ours.text
    assert state(proposal) is MandateState.ACTIVE
    theirs.get("/login/company")
    theirs.submit({"company": f"{own.member.id}.{proposal}"})
    assert theirs.path == "/home"
    assert "として操作しています" in theirs.text
    assert f"受託者 {other.contractor.name} の方が" in theirs.text


def test_a_proposal_to_nobody_says_so(make: Factory) -> None:
    theirs = make.signed_in(servant(make).user)
    theirs.get("/mandates/served/propose")
    sent = _values(member_key="99999")
    theirs.submit({key: sent[key] for key in ("member_key", "procedures", "starts_on", "last_on", "persons")})
    assert "見つかりません" in theirs.text


def test_a_proposal_is_declined_with_a_reason_and_another_withdrawn(make: Factory) -> None:
    own, other = party(make), servant(make)
    ours, theirs = _opened(own), make.signed_in(other.user)
    first = propose(other, own)
    ours.get(f"/mandates/{first}/decline")
    ours.submit({"reason": "自社で行います"})
    assert "提案を断りました" in ours.text
    theirs.get(f"/mandates/served/{first}")
    assert "自社で行います" in theirs.text
    second = propose(other, own)
    theirs.get(f"/mandates/served/{second}/withdraw")
    theirs.submit()
    assert "提案を取り下げました" in theirs.text
    assert state(second) is MandateState.DECLINED
    for number, step in ((first, "accept"), (second, "accept"), (first, "end"), (second, "change")):
        assert ours.get(f"/mandates/{number}/{step}").status_code == 404
    assert theirs.get(f"/mandates/served/{second}/withdraw").status_code == 404


def test_a_mandate_is_changed_and_ended(make: Factory) -> None:
    own = party(make)
    mandate_id = start(own, terms(P.VIEW))
    browser = _opened(own)
    browser.get(f"/mandates/{mandate_id}/change")
    browser.submit({"procedures": ["VIEW", "USERS"]})
    browser.submit({"confirmed": "y"})
    assert "チェックを入れてください" in browser.text
    browser.submit({"affirmed": "y"})
    browser.submit({"confirmed": "y"})
    assert "委託の内容を変えました" in browser.text
    assert "ユーザ管理" in browser.text
    browser.get(f"/mandates/{mandate_id}/end")
    assert "すぐに操作できなくなります" in browser.text
    browser.submit({"reason": "契約の終了"})
    assert "委託を終了しました" in browser.text
    assert "契約の終了" in browser.text
    assert state(mandate_id) is MandateState.ENDED


def test_a_stale_form_is_told_so(make: Factory) -> None:
    own = party(make)
    mandate_id = start(own, terms(P.VIEW, P.USERS))
    first, second = _opened(own), _opened(own)
    for browser in (first, second):
        browser.get(f"/mandates/{mandate_id}/change")
        browser.submit({"procedures": ["VIEW"]})
    first.submit({"confirmed": "y"})
    second.submit({"confirmed": "y"})
    assert "内容が変わりました" in second.text


def test_who_may_not_manage_sees_no_buttons(make: Factory) -> None:
    own, other = party(make), servant(make)
    started, proposed = start(own), propose(other, own)
    user = make.user()
    make.affiliate(user, own.member, Role.VIEWER)
    browser = make.signed_in(user, member=own.member)
    for page in ("/mandates/", f"/mandates/{started}", f"/mandates/{proposed}"):
        assert browser.get(page).status_code == 200
        for words in ("委託を始める</a>", ">承認する<", ">断る<", ">内容を変える<", ">委託を終了する<"):
            assert words not in browser.text, (page, words)
    assert "管理者の方が行えます" in browser.text


def test_a_contractors_person_sees_only_what_names_it(make: Factory) -> None:
    """Whoever is named by one member does not learn whom else the contractor serves, or by whom."""
    one, two, other = party(make), party(make), servant(make)
    held = make.mandate(one.member, other.contractor, other.user)
    secret = start(two, contractor_name=other.contractor.name, corporate_number=other.contractor.corporate_number)
    browser = make.signed_in(other.user, mandate=held)
    browser.get("/mandates/served")
    assert one.member.current_name in browser.text
    assert two.member.current_name not in browser.text
    assert "受川 花子" not in browser.text
    assert browser.get(f"/mandates/served/{secret}").status_code == 404
    assert browser.get(f"/mandates/{held.id}", follow=False).status_code == 303


def test_an_invited_person_signs_in_for_the_first_time(make: Factory) -> None:
    own = party(make)
    start(own, now=clock.now(), given=terms(starts_on=_today(), ends_on=_today() + timedelta(days=30)))
    user = person("hanako@contractor.example.jp")
    assert user is not None
    mail = db.session.query(OutboxMail).filter_by(template="mandates/invited").one()
    assert mail.user_id == user.id
    number = mail.id
    with unit_of_work() as session:
        held = session.get(OutboxMail, number)
        assert held is not None
        links.mint(
            session,
            held,
            purpose=LinkPurpose.SET_PASSWORD,
            token_hash=token_hash("t" * 32),
            hours=72,
            now=clock.now(),
        )
    browser = Browser(make.app)
    browser.get(f"/password/{'t' * 32}")
    browser.submit({"password": PASSWORD, "again": PASSWORD})
    browser.get("/login")
    browser.submit({"email": "hanako@contractor.example.jp", "password": PASSWORD})
    assert browser.path == "/home"
    assert own.member.current_name in browser.text
    db.session.rollback()
    assert db.session.query(Consent).filter_by(user_id=user.id, kind="DEEMED").count() == 1


def _filing(make: Factory) -> tuple[Party, Servant, Mandate]:
    own, other = party(make), servant(make)
    return own, other, make.mandate(own.member, other.contractor, other.user, procedures=(P.CHANGES,))


def test_what_was_done_under_a_mandate_names_contractor_and_person(make: Factory) -> None:
    own, other, held = _filing(make)
    stamp = f"受託者 {other.contractor.name} {other.user.name}様"
    theirs, ours = make.signed_in(other.user, mandate=held), _opened(own)
    theirs.get("/member/edit/others")
    theirs.submit({"fiscal_month": "9"})
    assert "変更しました" in theirs.text
    theirs.get("/member/confirm")
    theirs.submit()
    for page in ("/member", "/member/history", "/changes/"):
        ours.get(page)
        assert stamp in ours.text, page
    staff = make.signed_in(make.staff(Role.OPERATOR))
    for page in ("/admin/records/", f"/admin/members/details/?id={own.member.id}&tab=events"):
        staff.get(page)
        assert stamp in staff.text, page


def test_a_request_filed_under_a_mandate_says_so_to_member_and_staff(make: Factory) -> None:
    own, other, held = _filing(make)
    filed = changing.drafted(make, [Part.COMPANY], member=own.member, person=own.user)
    changing.save(filed, changing.renamed())
    changing.prove(filed)
    changing.send(filed, actor=other.under(held, P.CHANGES))
    stamp = f"受託者 {other.contractor.name} {other.user.name}様"
    theirs = make.signed_in(other.user, mandate=held)
    theirs.get(f"/changes/{filed.id}")
    theirs.submit({"body": "よろしくお願いします。"}, action="/letters")
    ours = _opened(own)
    ours.get(f"/changes/{filed.id}")
    assert ours.text.count(stamp) >= 3  # who filed it, the step, the letter
    staff = make.signed_in(make.staff(Role.OPERATOR))
    staff.get(f"/admin/changes/details/?id={filed.id}")
    assert staff.text.count(stamp) >= 3


def test_the_viewer_is_one_statement(make: Factory) -> None:
    own, other, held = _filing(make)
    make.mandate(party(make).member, other.contractor, other.user)
    browser = make.signed_in(other.user, mandate=held)
    with browser.client.session_transaction() as cookie:
        token = cookie["sid"]
    with counted(make.app) as statements:
        found = load_viewer(db.session(), token_hash(token), now=clock.now())
    assert len(statements) == 1
    assert (found.mandate_id, found.member_id, found.companies_count) == (held.id, own.member.id, 2)
    assert found.procedures == (P.CHANGES,)
    db.session.rollback()


def test_the_mandates_of_others_are_none_of_ones_own_companies(make: Factory) -> None:
    """Whoever serves one company is asked to choose nothing, however many mandates others have and use."""
    own, other, held = _filing(make)
    theirs, ours = make.signed_in(other.user, mandate=held), _opened(own)
    for browser in (theirs, ours):
        browser.get("/home")
        assert "会社を切り替える" not in browser.text
    stranger = make.user()
    make.affiliate(stranger, own.member, Role.VIEWER)
    with make.signed_in(stranger, member=own.member).client.session_transaction() as cookie:
        token = cookie["sid"]
    assert load_viewer(db.session(), token_hash(token), now=clock.now()).companies_count == 1
    db.session.rollback()


@pytest.mark.parametrize("many", [1, 12])
def test_the_lists_take_as_many_statements_for_many_as_for_one(make: Factory, many: int) -> None:
    own, other = party(make), servant(make)
    for _ in range(many):
        colleague = servant(make)
        make.mandate(own.member, colleague.contractor, colleague.user, procedures=tuple(P))
        make.mandate(party(make).member, other.contractor, other.user)
    ours, theirs = _opened(own), make.signed_in(other.user)
    for browser, page, most in (
        (ours, "/mandates/", 5),
        (theirs, "/mandates/served", 6),
        (theirs, "/login/company", 3),
    ):
        browser.get(page)
        with counted(make.app) as statements:
            assert browser.get(page).status_code == 200
        assert len(statements) <= most, (page, len(statements), statements)


def test_five_companies_one_person(make: Factory) -> None:
    """Roles at two, mandates of three: all in the chooser, one at a time in the session."""
    other = servant(make)
    own = [make.member() for _ in range(2)]
    for member in own:
        make.affiliate(other.user, member, Role.VIEWER)
    served = [party(make) for _ in range(3)]
    held = [make.mandate(one.member, other.contractor, other.user) for one in served]
    browser = make.signed_in(other.user)
    browser.get("/arrive")
    assert browser.path == "/login/company"
    places = [(m.id, "", m.current_name) for m in own]
    places += [(m.member_id, m.id, one.member.current_name) for m, one in zip(held, served, strict=True)]
    for member_id, mandate_id, name in places:
        browser.get("/login/company")
        for _member, _mandate, each in places:
            assert each in browser.text
        browser.submit({"company": f"{member_id}.{mandate_id}"})
        assert browser.path == "/home"
        assert f"<b>{name}</b>" in browser.text
        assert "会社を切り替える" in browser.text
        assert (f"受託者 {other.contractor.name} の方が" in browser.text) is bool(mandate_id)
