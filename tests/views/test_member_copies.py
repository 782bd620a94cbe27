"""会員情報: copies of the record, and what is told of an ended licence."""

from datetime import date, timedelta
from io import BytesIO
from typing import Any

from openpyxl import load_workbook
from pypdf import PdfReader

from occto import clock
from occto.domain.changes import ChangeState
from occto.domain.codes import ChangeAct, ChangeSource, Licence
from occto.domain.dates import today_jst
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import (
    ChangeItem,
    ChangeRequest,
    ChangeRevision,
    Member,
    User,
)
from occto.queries import register as reads
from occto.services import register
from occto.unit_of_work import unit_of_work
from tests.clients import Browser
from tests.factories import NOW, Factory
from tests.observing import row_counts

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


def test_the_copy_as_excel_holds_everything_as_text(make: Factory) -> None:
    browser, member, _user = _member(make, name="=1+1株式会社")
    _set(member, "name", "𠮷野髙﨑電力株式会社", _today() + timedelta(days=10))
    _request(member)
    answer = browser.get("/member/export.xlsx")
    assert answer.status_code == 200
    book = load_workbook(BytesIO(answer.data))
    assert book.sheetnames == ["登録内容", "これからの変更", "これまでの変更", "申請"]
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert all(cell.data_type in ("s", "n") for cell in cells)
    texts = {str(cell.value) for cell in cells}
    assert {"=1+1株式会社", "𠮷野髙﨑電力株式会社", "C-2026-00007"} <= texts


def test_the_copy_as_pdf(make: Factory) -> None:
    browser, member, _user = _member(make)
    answer = browser.get("/member/export.pdf")
    text = "\n".join(page.extract_text() for page in PdfReader(BytesIO(answer.data)).pages)
    assert "登録内容の写し" in text
    assert member.current_name in text
    assert "1 / " in text


def test_copies_write_nothing(make: Factory) -> None:
    browser, _member_row, _user = _member(make)
    before = row_counts()
    for path in PAGES:
        assert browser.get(path).status_code == 200, path
    assert row_counts() == before


def test_a_licence_ended_is_told_in_words(make: Factory) -> None:
    browser, member, _user = _member(make, licences=("GEN", "RETAIL"))
    held = next(h for h in reads.licences_as_of(db.session(), member.id, _today()) if h.category is Licence.GEN)
    on = _today() + timedelta(days=30)
    with unit_of_work() as session:
        change = register.begin_change(
            session, source_kind=ChangeSource.DEMO, source_id=None, actor_id=None, second_actor_id=None, now=NOW
        )
        register.end_licence(
            session, change, member_id=member.id, licence_id=held.licence_id, ended_on=on, reason="CLOSURE_NOTIFICATION"
        )
        register.finish_change(session, change, now=NOW)
    page = browser.get("/member").get_data(as_text=True)
    assert "発電事業者の終了" in page
    assert "発電事業者が終わります" in page
