"""会員情報: what is shown, what changes at once, the yearly confirmation, copies, and who may not."""

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from occto import clock
from occto.domain.changes import ChangeState
from occto.domain.codes import ChangeAct, ChangeSource, MandateState, Procedure, UserKind
from occto.domain.dates import format_date, today_jst
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import (
    Affiliation,
    AuditEvent,
    ChangeItem,
    ChangeRequest,
    ChangeRevision,
    Confirmation,
    Contractor,
    Mandate,
    MandatePerson,
    MandateScope,
    Member,
    OutboxMail,
    ProfileFact,
    RegisterChange,
    User,
)
from occto.queries import register as reads
from occto.services import register
from occto.unit_of_work import unit_of_work
from tests.clients import Browser
from tests.factories import NOW, Factory, corporate_number
from tests.observing import row_counts
from tests.test_statement_counts import counted

CONTACT = {
    "member_contact_department": "総務部",
    "member_contact_name": "青木 葵",
    "member_contact_email": "aoki@company.example.jp",
    "member_contact_phone": "03-1234-5678",
}
PAGES = (
    "/member",
    "/member/history",
    "/member/edit/contacts",
    "/member/confirm",
    "/member/export.xlsx",
    "/member/export.pdf",
)


def _today() -> date:
    return today_jst(clock.now())


def _member(make: Factory, role: Role = Role.ADMINISTRATOR, **values: Any) -> tuple[Browser, Member, User]:
    user, member = make.user(name="青木 葵"), make.member(**values)
    make.affiliate(user, member, role)
    return make.signed_in(user, member=member), member, user


def _set(member: Member, item: str, value: object, on: date, **values: Any) -> int:
    """An item set by a register change of its own; its number."""
    asked = {"source_kind": ChangeSource.DEMO, "source_id": None, "actor_id": None, "second_actor_id": None, "now": NOW}
    with unit_of_work() as session:
        change = register.begin_change(session, **(asked | values))  # type: ignore[arg-type]
        register.set_item(session, change, member_id=member.id, item=item, value=value, effective_on=on)
        register.finish_change(session, change, now=NOW)
        return change.id


def _request(member: Member, **values: Any) -> int:
    """A submitted request that asks for another name."""
    with unit_of_work() as session:
        request = ChangeRequest(
            **(
                {
                    "number": "C-2026-00007",
                    "member_id": member.id,
                    "state": ChangeState.SUBMITTED,
                    "title": "商号の変更",
                    "occurred_on": NOW.date(),
                    "created_at": NOW,
                    "saved_at": NOW,
                    "submitted_at": NOW,
                    "waiting_since": NOW,
                }
                | values
            )
        )
        session.add(request)
        session.flush()
        revision = ChangeRevision(
            request_id=request.id, no=1, submitted_at=NOW, occurred_on=NOW.date(), base_change_id=1, files=[]
        )
        session.add(revision)
        session.flush()
        item = {
            "item": "name",
            "act": ChangeAct.SET,
            "old": "旧",
            "new": "新しい商号株式会社",
            "effective_on": NOW.date(),
        }
        session.add(ChangeItem(revision_id=revision.id, **item))
        return request.id


def test_everything_on_record_is_shown(make: Factory) -> None:
    browser, member, _user = _member(make, licences=("GEN", "RETAIL"), capital=123_456_789)
    page = browser.get("/member").get_data(as_text=True)
    for words in (
        member.current_name,
        "発電事業者",
        "小売電気事業者",
        "123,456,789 円",
        "代表取締役",
        member.operator_code,
    ):
        assert words in page, words
    for part in ("会社の名称と所在地", "連絡先", "資本関係", "これまでの変更", "会員としての登録", "番号の見分け方"):
        assert part in page, part


def test_what_is_to_come_and_what_is_asked_for_stand_beside_the_item(make: Factory) -> None:
    browser, member, _user = _member(make)
    on = _today() + timedelta(days=40)
    _set(member, "name", "未来電力株式会社", on)
    request_id = _request(member)
    page = browser.get("/member").get_data(as_text=True)
    assert f"{format_date(on)}から 未来電力株式会社" in page
    assert "変更を申請中" in page
    assert f'href="/changes/{request_id}"' in page


@pytest.mark.parametrize("role", [Role.VIEWER, Role.ASSEMBLY])
def test_who_may_only_look_sees_no_door_to_change(make: Factory, role: Role) -> None:
    browser, _member_row, _user = _member(make, role)
    page = browser.get("/member").get_data(as_text=True)
    assert "/member/edit/" not in page
    assert "/member/confirm" not in page
    assert "/changes/new" not in page
    before = row_counts()
    for path in ("/member/edit/contacts", "/member/confirm"):
        assert browser.get(path).status_code == 403
        browser.get("/member")
        token = browser.text.split('name="csrf_token" value="')[1].split('"')[0]
        assert browser.post(path, CONTACT | {"csrf_token": token, "form_id": "a", "seen": "99"}).status_code == 403
    assert row_counts() == before


def test_contacts_change_at_once_and_both_addresses_are_told(make: Factory) -> None:
    browser, member, user = _member(make)
    _set(member, "member_contact_email", "old@company.example.jp", date(2021, 1, 1))
    browser.get("/member/edit/contacts")
    assert browser.submit(CONTACT).status_code == 200
    assert browser.path == "/member"
    assert "連絡先を変更しました" in browser.text
    profile = reads.profile_as_of(db.session(), member.id, _today())
    assert {key: profile[key] for key in CONTACT} == CONTACT
    change = db.session.scalars(select(RegisterChange).order_by(RegisterChange.id.desc())).first()
    assert change is not None
    assert (change.source_kind, change.actor_id) == (ChangeSource.IMMEDIATE, user.id)
    told = set(db.session.scalars(select(OutboxMail.to_address).where(OutboxMail.template == "member/changed")))
    assert told == {"old@company.example.jp", CONTACT["member_contact_email"], user.email}
    assert db.session.scalar(select(func.count()).where(AuditEvent.tag == "member.changed")) == 1


def test_the_same_form_twice_changes_once(make: Factory) -> None:
    browser, _member_row, _user = _member(make)
    browser.get("/member/edit/contacts")
    form = browser.forms()[0]["fields"]
    values = {name: held[0] for name, held in form.items()} | CONTACT
    assert browser.post("/member/edit/contacts", values).status_code == 303
    browser.get("/member/edit/contacts")
    assert browser.post("/member/edit/contacts", values | {"member_contact_name": "別人 一郎"}).status_code == 303
    assert db.session.scalar(select(func.count()).where(RegisterChange.source_kind == ChangeSource.IMMEDIATE)) == 1


def test_nothing_changed_enters_nothing(make: Factory) -> None:
    browser, _member_row, _user = _member(make)
    browser.get("/member/edit/names")
    before = db.session.scalar(select(func.count()).select_from(RegisterChange))
    browser.submit()
    assert "何も変更していません" in browser.text
    assert db.session.scalar(select(func.count()).select_from(RegisterChange)) == before


def test_a_crafted_field_changes_nothing(make: Factory) -> None:
    browser, member, _user = _member(make)
    other = make.member(name="別の会社株式会社")
    browser.get("/member/edit/others")
    crafted = {
        "name": "乗っ取り株式会社",
        "capital": "1",
        "member_id": str(other.id),
        "operator_code": "99999",
        "fiscal_month": "3",
    }
    browser.submit(crafted)
    changed = db.session.scalars(select(ProfileFact).where(ProfileFact.entered_id > 2)).all()
    assert [(fact.member_id, fact.item, fact.value) for fact in changed] == [(member.id, "fiscal_month", 3)]


def test_somebody_else_changed_it_meanwhile(make: Factory) -> None:
    browser, member, _user = _member(make)
    browser.get("/member/edit/names")
    _set(member, "name_en", "Someone Else Inc.", date(2021, 1, 1))
    before = row_counts()
    browser.submit({"name_en": "Mine Inc."})
    assert "ほかの方がこの内容を変更しました" in browser.text
    assert "Someone Else Inc." in browser.text
    assert 'value="Mine Inc."' in browser.text
    assert row_counts() == before
    browser.submit()
    assert reads.profile_as_of(db.session(), member.id, _today())["name_en"] == "Mine Inc."


def test_wrong_input_is_kept_and_said(make: Factory) -> None:
    browser, _member_row, _user = _member(make)
    browser.get("/member/edit/contacts")
    browser.submit(CONTACT | {"member_contact_email": "青木"})
    assert "<title>エラー：" in browser.text.replace("\n", "").replace("  ", "")
    assert 'value="青木"' in browser.text


def test_a_part_that_is_none(make: Factory) -> None:
    browser, _member_row, _user = _member(make)
    assert browser.get("/member/edit/capital").status_code == 404


def test_the_yearly_confirmation(make: Factory) -> None:
    browser, member, user = _member(make, since=_today() - timedelta(days=500))
    assert "登録内容の確認をお願いします" in browser.get("/home").get_data(as_text=True)
    seen = reads.last_change_of(db.session(), member.id)
    browser.get("/member/confirm")
    browser.submit()
    assert "相違がないことを記録しました" in browser.text
    row = db.session.scalars(select(Confirmation)).one()
    assert (row.member_id, row.user_id, row.known_change_id) == (member.id, user.id, seen)
    assert "登録内容の確認をお願いします" not in browser.get("/home").get_data(as_text=True)
    assert "登録内容の確認をお願いします" not in browser.get("/member").get_data(as_text=True)


def test_a_change_since_the_page_was_shown_is_not_confirmed(make: Factory) -> None:
    browser, member, _user = _member(make)
    browser.get("/member/confirm")
    _set(member, "capital", 5, date(2022, 1, 1))
    before = row_counts()
    browser.submit()
    assert "登録の内容が変わりました" in browser.text
    assert row_counts() == before
    _set(make.member(), "capital", 6, date(2022, 1, 1))
    browser.submit()
    assert db.session.scalar(select(func.count()).select_from(Confirmation)) == 1


def test_history_says_who_changed_what_from_when(make: Factory) -> None:
    browser, member, user = _member(make)
    _set(
        member, "url", "https://old.example.jp/", date(2022, 1, 1), source_kind=ChangeSource.IMMEDIATE, actor_id=user.id
    )
    _set(
        member,
        "url",
        "https://new.example.jp/",
        date(2023, 1, 1),
        actor_id=make.staff(Role.OPERATOR, name="職員 太郎").id,
    )
    page = browser.get("/member/history").get_data(as_text=True)
    assert page.index("https://new.example.jp/") < page.index("2022年1月1日から")
    assert "2023年1月1日から" in page
    assert "青木 葵" in page
    assert "職員 太郎" not in page
    assert "会員としての登録" in page


def test_history_is_paged(make: Factory) -> None:
    browser, member, _user = _member(make)
    for year in range(22):
        _set(member, "capital", year + 1, date(2000 + year, 1, 1))
    browser.get("/member")
    assert "これまでの変更をすべて見る" in browser.text
    browser.get("/member/history")
    first = browser.text.count("変更番号")
    link = browser.text.split('href="/member/history?')[1].split('"')[0]
    browser.get(f"/member/history?{link}")
    assert (first, browser.text.count("変更番号")) == (20, 3)
    assert browser.get("/member/history?before=-1").status_code == 200
    assert browser.get(f"/member/history?before={10**30}").status_code == 200


def test_another_company_s_change_of_a_shared_relation_names_nobody(make: Factory) -> None:
    browser, member, _user = _member(make, name="親会社株式会社")
    other, stranger = make.member(name="子会社合同会社"), make.user(name="他社 次郎")
    request_id = _request(other, number="C-2026-00099")
    own = reads.profile_as_of(db.session(), member.id, _today())["corporate_number"]
    with unit_of_work() as session:
        change = register.begin_change(
            session,
            source_kind=ChangeSource.CHANGE,
            source_id=request_id,
            actor_id=stranger.id,
            second_actor_id=None,
            now=NOW,
        )
        row = {"relation": "PARENT", "name": "親会社株式会社", "corporate_number": own, "is_member": "YES", "controlling": True,
               "basis": "MAJORITY", "holding": "DIRECT", "ratio_bp": 5500, "acquired_on": "2022-04-01", "ended_on": None}  # fmt: skip
        kept = session.get(Member, other.id)
        assert kept is not None
        register.enter_relation(session, change, kept, row=row, default_on=date(2022, 4, 1))
        register.finish_change(session, change, now=NOW)
    page = browser.get("/member").get_data(as_text=True)
    assert "子会社合同会社" in page
    assert "ほかの会社の届出" in page
    for words in ("C-2026-00099", "他社 次郎", f"/changes/{request_id}"):
        assert words not in page


def test_contractors_that_can_see_it(make: Factory) -> None:
    browser, member, _user = _member(make)
    person = make.user(kind=UserKind.CONTRACTOR, name="受託 三郎")
    today = _today()
    with unit_of_work() as session:
        for name, starts, ends in (("いまの受託者", today, None), ("前の受託者", today - timedelta(days=9), today)):
            contractor = Contractor(name=name, corporate_number=corporate_number(900 + len(name)))
            session.add(contractor)
            session.flush()
            session.add(
                Affiliation(user_id=person.id, contractor_id=contractor.id, role=Role.CONTRACTOR, started_at=NOW)
            )
            mandate = Mandate(
                member_id=member.id,
                contractor_id=contractor.id,
                state=MandateState.ACTIVE,
                starts_on=starts,
                ends_on=ends,
                accepted_at=NOW,
            )
            session.add(mandate)
            session.flush()
            session.add_all(
                MandateScope(mandate_id=mandate.id, procedure=each) for each in (Procedure.CHANGES, Procedure.VIEW)
            )
            session.add(MandatePerson(mandate_id=mandate.id, user_id=person.id))
    page = browser.get("/member").get_data(as_text=True)
    assert "いまの受託者" in page
    assert "受託 三郎" in page
    assert "閲覧、変更申請" in page
    assert "前の受託者" not in page


def test_strangers_and_people_without_a_company_stay_outside(make: Factory) -> None:
    stranger = Browser(make.app)
    lone = make.signed_in(make.user())
    for path in PAGES:
        assert "/login" in stranger.get(path, follow=False).location
        assert lone.get(path, follow=False).status_code == 403


def test_the_page_takes_few_statements_however_long_the_history(make: Factory) -> None:
    browser, member, _user = _member(make)
    browser.get("/member")
    with counted(make.app) as few:
        browser.get("/member")
    for year in range(15):
        _set(member, "capital", year, date(2000 + year, 1, 1))
    browser.get("/member")
    with counted(make.app) as many:
        browser.get("/member")
    assert len(many) == len(few) <= 18, many


def test_home_lists_what_is_under_way(make: Factory) -> None:
    browser, member, _user = _member(make)
    _request(member)
    _request(make.member(), number="C-2026-00008", title="よその申請")
    with counted(make.app) as statements:
        page = browser.get("/home").get_data(as_text=True)
    assert "進行中の変更申請" in page
    assert "C-2026-00007" in page
    assert "よその申請" not in page
    assert len(statements) <= 4, statements


def test_home_does_not_show_a_roster_number_to_come(make: Factory) -> None:
    browser, member, _user = _member(make)
    with unit_of_work() as session:
        change = register.begin_change(
            session, source_kind=ChangeSource.ROSTER, source_id=None, actor_id=None, second_actor_id=None, now=NOW
        )
        register.renumber(session, change, numbers={member.id: 777}, effective_on=_today() + timedelta(days=3))
        register.finish_change(session, change, now=NOW)
    assert "<dd>777</dd>" not in browser.get("/home").get_data(as_text=True)
    page = browser.get("/member").get_data(as_text=True)
    assert "名簿番号：777" in page
