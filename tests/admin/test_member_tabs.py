"""The member's page: each tab shows its own, reads only its own, and is noted as itself."""

import pytest
from sqlalchemy import select, update

from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import AccessEvent, ContractOfUse, Member
from occto.unit_of_work import unit_of_work
from tests.admin.counting import statements
from tests.answers import approved
from tests.factories import NOW, Factory

TABS = {
    "register": ("電気事業者の区分", "資本関係", "会員担当 氏名", "ユーザ"),
    "requests": ("変更申請", "加入申請", "J-2026-"),
    "agreements": ("本システム利用契約", "同意ボタン", "反社会的勢力でないことの表明", "オンライン"),
    "mails": ("最近の送信メール", "【加入仮申請】"),
    "events": ("最近の記録", "加入の承認"),
}


@pytest.mark.parametrize("tab", TABS)
def test_each_tab_shows_its_own_in_few_statements(make: Factory, tab: str) -> None:
    member_id = approved(make).row().member_id
    staff = make.staff(Role.OPERATOR)
    browser = make.signed_in(staff)
    browser.get("/admin/")
    with statements() as seen:
        answer = browser.get(f"/admin/members/details/?id={member_id}&tab={tab}")
    assert answer.status_code == 200
    assert len(seen) <= 13, seen
    for words in TABS[tab]:
        assert words in browser.text, words
    current = browser.text.partition('class="tabs"')[2].partition("</nav>")[0]
    assert current.count("aria-current") == 1
    assert current.count("<a ") == 5
    db.session.rollback()
    event = db.session.scalars(select(AccessEvent).order_by(AccessEvent.id.desc())).first()
    assert event is not None
    assert (event.screen, event.subject_ids) == (f"members.details_view?{tab}", [member_id])


@pytest.mark.parametrize("tab", ["", "nothing", "%27", "あ" * 500])
def test_a_tab_that_is_none_shows_the_register(make: Factory, tab: str) -> None:
    member = make.member()
    browser = make.signed_in(make.staff(Role.OPERATOR))
    assert browser.get(f"/admin/members/details/?id={member.id}&tab={tab}").status_code == 200
    assert "電気事業者の区分" in browser.text


def test_reception_sees_no_mails_nor_events(make: Factory) -> None:
    member = make.member()
    browser = make.signed_in(make.staff(Role.RECEPTION))
    for tab in ("mails", "events", "requests"):
        browser.get(f"/admin/members/details/?id={member.id}&tab={tab}")
        assert "電気事業者の区分" in browser.text
        assert f"tab={tab}" not in browser.text


def test_a_member_without_a_contract_is_on_paper(make: Factory) -> None:
    member = make.member(name="紙の電力株式会社")
    other = make.member(name="線の電力株式会社")
    with unit_of_work() as session:
        session.execute(
            update(ContractOfUse)
            .where(ContractOfUse.member_id == member.id)
            .values(ended_at=NOW, end_clause="2.7.2", end_reason="書面を希望")
        )
    browser = make.signed_in(make.staff(Role.OPERATOR))
    browser.get(f"/admin/members/details/?id={member.id}&tab=agreements")
    assert "紙対応" in browser.text
    browser.get("/admin/members/?channel=PAPER")
    assert "紙の電力" in browser.text
    assert other.current_name not in browser.text
    assert db.session.get(Member, other.id) is not None
