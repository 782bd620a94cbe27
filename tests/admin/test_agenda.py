"""議案 through the screens: added, changed, moved, withdrawn, members without a vote found by search."""

from io import BytesIO

import pytest
from pypdf import PdfReader
from sqlalchemy import select, update

from occto.domain.agenda import ItemKind
from occto.domain.assembly import AssemblyState
from occto.domain.permissions import Role
from occto.domain.tally import Resolution
from occto.extensions import db
from occto.models import Affiliation, AgendaConflict, AgendaItem
from occto.unit_of_work import unit_of_work
from tests.admin.office import send, staff, unchanged
from tests.assembling import assembly, item
from tests.factories import NOW, Factory
from tests.observing import everything

S = AssemblyState


def _titles() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(AgendaItem.title).order_by(AgendaItem.no)))


def test_an_item_is_added_changed_moved_and_withdrawn(make: Factory) -> None:
    browser = staff(make, Role.OPERATOR)
    held = assembly(make, S.PREPARING)
    browser.get(f"/admin/agenda/?id={held.id}")
    browser.get(f"/admin/agenda/new/?assembly={held.id}")
    assert send(browser, "/new/", {"kind": "ARTICLES"}) == 422
    assert send(browser, "/new/", {"title": "定款の変更の件", "majority": "ORDINARY"}) == 409
    assert 'id="rule_reason-e"' in browser.text
    assert 'value="定款の変更の件"' in browser.text
    send(browser, "/new/", {"majority": "NONE_CHOSEN"})
    assert "議案を追加しました。" in browser.text
    browser.get(f"/admin/agenda/new/?assembly={held.id}")
    send(browser, "/new/", {"kind": "REPORT", "title": "事業報告の件"})
    db.session.rollback()
    first, second = db.session.scalars(select(AgendaItem).order_by(AgendaItem.no)).all()
    assert (first.majority, second.majority, first.assembly_id) == (Resolution.SPECIAL, None, held.id)
    numbers = (first.id, second.id)
    browser.get(f"/admin/agenda/edit/?id={numbers[0]}")
    send(browser, "/edit/", {"title": "定款の一部変更の件"})
    assert "定款の一部変更の件" in browser.text
    browser.get(f"/admin/agenda/?id={held.id}")
    send(browser, "/move/", {"id": numbers[1], "up": "y", "version": "1"})
    assert _titles() == ["事業報告の件", "定款の一部変更の件"]
    assert "議案の順番を変えました。" in browser.text
    browser.get(f"/admin/agenda/withdraw/?id={numbers[1]}")
    assert send(browser, "/withdraw/") == 422
    send(browser, "/withdraw/", {"reason": "次の総会で報告するため"})
    assert "次の総会で報告するため" in browser.text
    assert _titles() == ["定款の一部変更の件", "事業報告の件"]


def test_two_change_the_same_item(make: Factory) -> None:
    browser, other = staff(make, Role.OPERATOR), staff(make, Role.OPERATOR)
    first = item(assembly(make, S.COUNTING), 1)
    for one in (browser, other):
        one.get(f"/admin/agenda/edit/?id={first.id}")
    send(other, "/edit/", {"title": "先に変えた件"})
    assert send(browser, "/edit/", {"title": "後から変えた件"}) == 409
    assert "画面を開いたあとに内容が変わりました" in browser.text
    assert _titles() == ["先に変えた件"]


def test_what_members_know_is_not_changed(make: Factory) -> None:
    browser = staff(make, Role.OPERATOR)
    held = assembly(make, S.REPLIES_OPEN)
    first = item(held, 1)
    browser.get(f"/admin/agenda/details/?id={first.id}")
    assert "議案を変更する" not in browser.text
    assert "議案を取り下げる" in browser.text
    browser.get(f"/admin/agenda/edit/?id={first.id}")
    before = everything()
    assert send(browser, "/edit/", {"title": "変えた件"}) == 409
    assert "招集通知に載せた議案は変えられません" in browser.text
    assert unchanged(before)
    browser.get(f"/admin/agenda/?id={held.id}")
    assert "上へ" not in browser.text


def test_members_without_a_vote_are_found_and_named(make: Factory) -> None:
    browser = staff(make, Role.OPERATOR)
    member = make.member(name="髙砂グリーン電力株式会社")
    make.member(name="潮見電力株式会社")
    first = item(assembly(make, S.NOTIFIED), 1)
    browser.get(f"/admin/agenda/details/?id={first.id}&q=高砂")
    assert "潮見電力" not in browser.text
    send(browser, "/add-conflict/", {})
    assert "議決権のない会員として登録しました" in browser.text
    db.session.rollback()
    assert db.session.get(AgendaConflict, (first.id, member.id)) is not None
    browser.get(f"/admin/agenda/details/?id={first.id}&q=高砂")
    assert "にあてはまる会員は、ほかにありません。" in browser.text
    send(browser, "/remove-conflict/", {})
    db.session.rollback()
    assert db.session.query(AgendaConflict).count() == 0


def test_a_report_asks_for_no_such_members(make: Factory) -> None:
    browser = staff(make, Role.OPERATOR)
    first = item(assembly(make, S.NOTIFIED), 1, kind=ItemKind.REPORT)
    browser.get(f"/admin/agenda/details/?id={first.id}")
    assert "議決しません" in browser.text
    assert "登録する会員を探す" not in browser.text


@pytest.mark.parametrize(
    "address",
    [
        "/admin/agenda/",
        "/admin/agenda/?id=9223372036854775808",
        "/admin/agenda/?id=%00",
        "/admin/agenda/new/?assembly=x",
    ],
)
def test_without_an_assembly_there_is_no_agenda(make: Factory, address: str) -> None:
    assert staff(make, Role.OPERATOR).client.get(address).status_code == 404


def test_a_role_that_may_not_edit_is_shown_no_doors(make: Factory) -> None:
    browser = staff(make, Role.SYSTEM)
    assert browser.client.get("/admin/agenda/?id=1").status_code == 403


def test_members_that_no_mail_reaches_get_a_letter_of_the_withdrawal(make: Factory) -> None:
    browser, paper = staff(make), make.member(name="紙対応電力株式会社")
    make.affiliate(make.user(), make.member())
    held = assembly(make, S.REPLIES_OPEN)
    first, unknown = item(held, 1), item(held, 2, notified_at=None)
    for one in (first, unknown):
        browser.get(f"/admin/agenda/withdraw/?id={one.id}")
        assert ("メールで知らせます" in browser.text) is (one is first)
        send(browser, "/withdraw/", {"reason": "次の総会で議決するため"})
    browser.get(f"/admin/agenda/details/?id={unknown.id}")
    assert paper.current_name not in browser.text
    browser.get(f"/admin/agenda/details/?id={first.id}")
    assert f"{paper.current_name}</a>" in browser.text
    address = f"/admin/agenda/letters/?id={first.id}&kind=letters&part=1"
    assert address.replace("&", "&amp;") in browser.text
    printed = "".join(page.extract_text() for page in PdfReader(BytesIO(browser.client.get(address).data)).pages)
    for words in (paper.current_name, "第1号議案", first.title, "次の総会で議決するため"):
        assert words in printed
    for wrong in ("kind=x", "kind=", f"kind=letters&id={unknown.id}"):
        assert browser.client.get(f"/admin/agenda/letters/?{wrong}&id={first.id}").status_code == 404
    assert browser.client.get(f"{address[:-1]}9223372036854775807").status_code == 409


def test_addresses_leave_only_by_permission(make: Factory) -> None:
    gone = item(assembly(make, S.REPLIES_OPEN), 1, withdrawn_at=NOW, withdrawn_reason="取り下げ")
    for role in (Role.SYSTEM, Role.RECEPTION):
        answer = staff(make, role).client.get(f"/admin/agenda/letters/?id={gone.id}&kind=labels")
        assert answer.status_code == 403


def test_each_withdrawal_has_letters_of_its_own(make: Factory) -> None:
    """Whoever was told of the first by mail may be reached by none when the second follows."""
    browser, gone, user = staff(make), make.member(name="担当退職電力株式会社"), make.user()
    make.affiliate(user, gone)
    make.affiliate(make.user(), make.member())
    held = assembly(make, S.REPLIES_OPEN)
    for one, listed in ((item(held, 1), False), (item(held, 2), True)):
        browser.get(f"/admin/agenda/withdraw/?id={one.id}")
        send(browser, "/withdraw/", {"reason": "再検討のため"})
        assert ("郵送でお知らせいただく会員が 1社あります。" in browser.text) is listed
        browser.get(f"/admin/agenda/details/?id={one.id}")
        assert (gone.current_name in browser.text) is listed
        with unit_of_work() as session:
            session.execute(update(Affiliation).where(Affiliation.user_id == user.id).values(ended_at=NOW))


def test_staff_learn_how_a_member_is_told_of_its_vote(make: Factory) -> None:
    browser, paper, other = staff(make, Role.OPERATOR), make.member(name="紙対応電力"), make.member(name="画面電力")
    make.affiliate(make.user(), other)
    first = item(assembly(make, S.REPLIES_OPEN), 1)
    for one, words in ((paper, "書面か電話でお知らせください"), (other, "メールで知らせます")):
        browser.get(f"/admin/agenda/details/?id={first.id}&q={one.operator_code}")
        send(browser, "/add-conflict/", {})
        assert words in browser.text
