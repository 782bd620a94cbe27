"""Exports: what is filtered, all of it, with every letter intact; noted before it leaves; never a formula."""

import csv
import re
from io import BytesIO, StringIO
from urllib.parse import quote, unquote

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import AccessEvent, AuditDetail, AuditEvent, Member
from tests.answers import submitted
from tests.clients import Browser
from tests.factories import Factory

NAMES = ("𠮷野家電力株式会社", "髙砂グリーン電力株式会社", "=1+1", "普通の電力,株式会社")


@pytest.fixture
def staff(make: Factory) -> Browser:
    for name in NAMES:
        make.member(name=name)
    return make.signed_in(make.staff(Role.OPERATOR))


def _csv(browser: Browser, query: str = "", *, name: str = "members") -> list[list[str]]:
    answer = browser.get(f"/admin/{name}/export-csv/?{query}")
    assert answer.status_code == 200
    assert answer.data.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(StringIO(answer.data.decode("utf-8-sig"))))


def test_csv_holds_every_row_in_the_order_of_the_list(staff: Browser) -> None:
    heads, *rows = _csv(staff, "order=new")
    assert heads[:3] == ["事業者コード", "商号", "フリガナ"]
    assert [row[1] for row in rows] == ["普通の電力,株式会社", "'=1+1", NAMES[1], NAMES[0]]
    assert rows[0][3:6] == ["発電事業者", "会員", "2020年4月1日"]
    assert rows[0][7:] == ["4", "オンライン"]
    answer = staff.response
    assert answer is not None
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    file_name = unquote(answer.headers["Content-Disposition"].partition("UTF-8''")[2])
    assert re.fullmatch(r"会員_\d{4}-\d\d-\d\d\.csv", file_name)


@pytest.mark.parametrize("name", ["members", "users", "register"])
def test_what_is_streamed_outlives_the_request(staff: Browser, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Batches behind the first are read after the request's own session has ended."""
    whole = _csv(staff, name=name)
    monkeypatch.setattr("occto.admin.exports.TOGETHER", 1)
    monkeypatch.setattr("occto.queries.register.roster_page.TOGETHER", 1)
    assert _csv(staff, name=name) == whole
    assert len(whole) >= (2 if name == "users" else 1 + len(NAMES))


def test_excel_keeps_text_as_text(staff: Browser) -> None:
    answer = staff.get("/admin/members/export-xlsx/?order=code")
    book = load_workbook(BytesIO(answer.data), read_only=False)
    page = book.active
    assert page is not None
    assert page.freeze_panes == "A2"
    cells = [[cell.value for cell in row] for row in page.iter_rows()]
    assert [row[1] for row in cells] == ["商号", *NAMES]
    assert cells[1][0] == "00001"
    assert page["B4"].data_type == "s"
    assert cells[3][7] == 3


def test_exports_follow_search_and_facets(make: Factory, staff: Browser) -> None:
    assert [row[1] for row in _csv(staff, "q=" + quote("高砂"))[1:]] == [NAMES[1]]
    assert _csv(staff, "state=LEFT")[1:] == []
    assert len(_csv(staff, "state=MEMBER&licence=GEN&channel=ONLINE&prefecture=" + quote("東京都"))) == 5
    assert len(_csv(staff, "state=NOBODY&order=password&q=%25")) == 1


@pytest.mark.parametrize("name", ["applications", "members", "users", "mails", "records", "terms_versions"])
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_every_list_can_be_taken_away(make: Factory, name: str, kind: str) -> None:
    submitted(make)
    make.affiliate(make.user(), make.member())
    browser = make.signed_in(make.staff(Role.OPERATOR))
    browser.get(f"/admin/{name}/")
    assert f"export-{kind}/" in browser.text
    answer = browser.get(f"/admin/{name}/export-{kind}/")
    assert answer.status_code == 200
    assert len(answer.data) > 50
    for query in ("q=%25_%5C%27", "q=" + quote("あ" * 5000), "after=1,2&before=x&order=1&state=X", "q=" + "9" * 90):
        assert browser.get(f"/admin/{name}/export-{kind}/?{query}").status_code == 200


def test_what_leaves_is_noted_with_its_rows(staff: Browser) -> None:
    _csv(staff, "q=" + quote("電力") + "&state=MEMBER")
    db.session.rollback()
    seen = db.session.scalars(select(AccessEvent).order_by(AccessEvent.id.desc())).first()
    ids = sorted(db.session.scalars(select(Member.id).where(Member.current_name.contains("電力"))))
    assert seen is not None
    assert (seen.screen, seen.search_key) == ("members.export_csv", "探すことば：電力、状態：会員")
    assert seen.subject_ids == [[ids[0], ids[1]], [ids[2], ids[2]]]
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.tag == "list.exported")).one()
    detail = db.session.get(AuditDetail, event.id)
    assert detail is not None
    assert detail.payload is not None
    assert event.subject == "LIST:会員"
    assert (detail.payload["format"], detail.payload["count"]) == ("csv", 3)


@pytest.mark.parametrize("role", [Role.SYSTEM, Role.RECEPTION])
def test_who_may_look_may_not_take_away(make: Factory, role: Role) -> None:
    browser = make.signed_in(make.staff(role))
    for kind in ("csv", "xlsx"):
        for name in ("users", "members", "terms_versions"):
            assert browser.get(f"/admin/{name}/export-{kind}/").status_code == 403
    browser.get("/admin/terms_versions/")
    assert "export-" not in browser.text


def test_only_the_rows_that_were_noted_leave(staff: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("occto.admin.exports.ranges", lambda ids: [[number, number] for number in list(ids)[:2]])
    assert len(_csv(staff)) == 3
