"""取込み on the staff screens: who may, what a page shows, every sentence of a workbook that cannot be taken, four eyes."""

import zipfile
from io import BytesIO
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import func, select

from occto.domain.files import MAX_FILE_BYTES
from occto.domain.importing import ImportState, RowOutcome
from occto.domain.permissions import Role
from occto.domain.text import InputError
from occto.extensions import db
from occto.models import AccessEvent, AuditEvent, ImportBatch, Member
from occto.workbooks.guard import check_workbook
from tests.admin.counting import statements
from tests.admin.office import unchanged
from tests.clients import Browser
from tests.factories import Factory
from tests.importing import L, Loading, M, batch, book, company, licence, outcomes, whole, work
from tests.observing import everything

XLSX = "初期登録.xlsx"


@pytest.fixture
def loading(make: Factory) -> Loading:
    return Loading(make)


@pytest.fixture
def operator(loading: Loading) -> Browser:
    return loading.make.signed_in(loading.operator)


@pytest.fixture
def approver(loading: Loading) -> Browser:
    return loading.make.signed_in(loading.approver)


def _send(browser: Browser, content: bytes, *, note: str = "会員管理簿", name: str = XLSX) -> int:
    browser.get("/admin/imports/upload/")
    return browser.submit({"file": (BytesIO(content), name), "note": note}, action="/upload/").status_code


def test_from_the_file_to_the_register(operator: Browser, approver: Browser) -> None:
    assert _send(operator, book(whole(1, 2))) == 200
    assert operator.path == "/admin/imports/details/"
    assert "読み込み中" in operator.text
    work()
    number = db.session.scalars(select(ImportBatch.id)).one()
    operator.get(f"/admin/imports/details/?id={number}")
    assert "承認者の反映を待っています" in operator.text
    assert "release" not in operator.text
    approver.get("/admin/imports/")
    assert "待ち" in approver.text
    approver.get(f"/admin/imports/details/?id={number}")
    approver.get(f"/admin/imports/rows/?id={number}&sheet=MEMBERS&outcome=NEW")
    assert "髙橋 𠮷雄" in approver.text
    approver.get(f"/admin/imports/release/?id={number}")
    approver.submit(action="/release/")
    assert "反映する行" in approver.text
    assert db.session.scalar(select(func.count()).select_from(Member)) == 0
    approver.submit({"confirmed": "y"}, action="/release/")
    assert "反映を始めました" in approver.text
    work()
    assert batch(number).state is ImportState.DONE
    approver.get("/admin/members/?q=取込電力")
    assert "取込電力2株式会社" in approver.text
    seen = db.session.scalars(select(AccessEvent.screen).where(AccessEvent.subject_kind == "IMPORT")).all()
    assert "imports.rows" in seen


def test_the_file_of_faults_comes_back_mended(loading: Loading, operator: Browser, approver: Browser) -> None:
    rows = whole(1, 2)
    rows[M][1]["corporate_number"] = "1234567890123"
    number = loading.check(rows)
    operator.get(f"/admin/imports/details/?id={number}")
    assert "直す行を保存する" in operator.text
    operator.get(f"/admin/imports/faults/?id={number}")
    assert operator.response is not None
    faults = load_workbook(BytesIO(operator.response.data))
    assert faults.sheetnames == ["会員", "区分", "ユーザ"]
    page = faults["会員"]
    assert page.max_row == 2
    assert page.cell(1, page.max_column).value == "エラー"
    assert "検査数字" in page.cell(2, page.max_column).value
    assert page["A2"].value == "00002"
    approver.get(f"/admin/imports/release/?id={number}")
    assert approver.submit({"valid_only": ""}, action="/release/").status_code == 422
    assert approver.submit({"valid_only": "WAIT", "confirmed": "y"}, action="/release/").status_code == 409
    assert "誤りのある行があります" in approver.text
    approver.submit({"valid_only": "VALID", "confirmed": "y"}, action="/release/")
    work()
    assert {outcome for _s, _r, outcome in outcomes(number)} == {RowOutcome.DONE, RowOutcome.FAULTY}
    assert db.session.scalars(select(Member.operator_code)).all() == ["00001"]
    page["E2"] = company(2)["corporate_number"]
    mended = BytesIO()
    faults.save(mended)
    again = loading.enter(mended.getvalue())
    assert {outcome for _s, _r, outcome in outcomes(again)} == {RowOutcome.DONE}
    assert set(db.session.scalars(select(Member.operator_code))) == {"00001", "00002"}


def _zip(**parts: bytes) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name.replace("__", "/").replace("_xml", ".xml").replace("_bin", ".bin"), content)
    return file.getvalue()


REFUSED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "中身が空です"),
    "csv": ("事業者コード,商号\n".encode(), "Excel のファイルとして開けませんでした"),
    "pdf": (b"%PDF-1.7 ...", "Excel のファイルとして開けませんでした"),
    "locked": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "パスワードで保護されているか"),
    "other zip": (_zip(word__document_xml=b"<x/>"), "Excel のブックではありません"),
    "macros": (_zip(xl__workbook_xml=b"<x/>", xl__vbaProject_bin=b"x"), "マクロ"),
    "entities": (
        _zip(xl__workbook_xml=b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x/>'),
        "読み込めない書き方",
    ),
    "bomb": (_zip(xl__workbook_xml=b"<x/>", xl__big_xml=b"\0" * (101 * 1024 * 1024)), "大きくなりすぎます"),
    "cut": (book(whole(1))[:3000], "Excel のファイルとして開けませんでした"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_workbook_is_refused_at_once(operator: Browser, kind: str) -> None:
    content, words = REFUSED[kind]
    before = everything()
    assert _send(operator, content) == 422
    assert words in operator.text
    assert unchanged(before)


def test_a_workbook_may_weigh_ten_megabytes() -> None:
    with pytest.raises(InputError, match="10MB 以下"):
        check_workbook(b"PK" + b"\0" * MAX_FILE_BYTES)


def test_without_a_file_or_its_source_nothing_is_kept(operator: Browser) -> None:
    operator.get("/admin/imports/upload/")
    assert operator.submit({"note": "会員管理簿"}, action="/upload/").status_code == 422
    assert "Excel のファイルを選んでください" in operator.text
    assert _send(operator, book(whole(1)), note="") == 422
    assert db.session.scalar(select(func.count()).select_from(ImportBatch)) == 0


def _sheet(title: str, *rows: list[Any], merged: str = "") -> bytes:
    made = Workbook()
    page = made.active
    assert page is not None
    page.title = title
    for row in rows:
        page.append(row)
    if merged:
        page.merge_cells(merged)
    file = BytesIO()
    made.save(file)
    return file.getvalue()


UNREADABLE: dict[str, tuple[bytes, str]] = {
    "strange sheets": (_sheet("一覧", ["事業者コード"]), "どのシートもありません"),
    "strange heading": (
        _sheet("名簿番号", ["事業者コード", "名簿番号", "備考"]),
        "見出し「備考」は、ひな形にありません",
    ),
    "heading twice": (_sheet("名簿番号", ["名簿番号", "名簿番号*"]), "2つあります"),
    "heading missing": (_sheet("名簿番号", ["事業者コード"]), "見出し「名簿番号」がありません"),
    "no rows": (_sheet("名簿番号", ["事業者コード", "名簿番号"], ["※説明", ""]), "行が1つもありません"),
    "merged cells": (_sheet("名簿番号", ["事業者コード", "名簿番号"], ["00001", 1], merged="A2:B2"), "結合されたセル"),
    "no workbook inside": (_zip(xl__workbook_xml=b"<x/>"), "壊れているかもしれません"),
}


@pytest.mark.parametrize("kind", UNREADABLE)
def test_what_cannot_be_read_says_why(loading: Loading, operator: Browser, kind: str) -> None:
    content, words = UNREADABLE[kind]
    number = loading.check(content)
    assert batch(number).state is ImportState.FAILED
    operator.get(f"/admin/imports/details/?id={number}")
    assert words in operator.text


def test_too_many_rows_are_refused_before_they_are_kept(
    loading: Loading, operator: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("occto.workbooks.reading.MOST_ROWS", 2)
    number = loading.check(whole(1, 2, 3))
    assert batch(number).state is ImportState.FAILED
    operator.get(f"/admin/imports/details/?id={number}")
    assert "行が 2 を超えています" in operator.text


def test_a_formula_is_said_at_its_row(loading: Loading, operator: Browser) -> None:
    number = loading.check(_sheet("名簿番号", ["事業者コード", "名簿番号"], ["00001", "=1+1"], [None, 5]))
    assert {outcome for _s, _r, outcome in outcomes(number)} == {RowOutcome.FAULTY}
    operator.get(f"/admin/imports/rows/?id={number}&sheet=ROSTER")
    assert "数式は読み込めません" in operator.text
    assert "どの会員の行かがわかりません" in operator.text


def test_four_eyes_by_crafted_posts(loading: Loading, approver: Browser) -> None:
    both = loading.make.staff(Role.OPERATOR, Role.APPROVER)
    number = loading.upload(whole(1), by=both)
    work()
    version = batch(number).version
    own = loading.make.signed_in(both)
    own.get(f"/admin/imports/details/?id={number}")
    assert "反映は、別の方が行います" in own.text
    crafted = {
        "id": str(number),
        "version": str(version),
        "confirmed": "y",
        "form_id": "crafted",
        "valid_only": "VALID",
    }
    assert own.post("/admin/imports/release/", crafted).status_code == 409
    assert "別の方が反映してください" in own.text
    operator = loading.make.signed_in(loading.operator)
    operator.get("/admin/imports/upload/")
    assert operator.post("/admin/imports/release/", crafted | {"form_id": "b"}).status_code == 403
    assert batch(number).state is ImportState.CHECKED
    assert db.session.scalar(select(func.count()).select_from(Member)) == 0
    approver.get(f"/admin/imports/release/?id={number}")
    approver.submit({"confirmed": "y", "version": str(version - 1)}, action="/release/")
    assert "画面を開いたあとに" in approver.text
    assert batch(number).state is ImportState.CHECKED


def test_an_import_is_dropped(loading: Loading, operator: Browser) -> None:
    number = loading.check(whole(1))
    operator.get(f"/admin/imports/details/?id={number}")
    operator.submit(action="/drop/")
    assert batch(number).state is ImportState.DROPPED
    assert "取りやめ" in operator.text
    with pytest.raises(Exception, match="illegal_step"):
        loading.release(number)


@pytest.mark.parametrize("role", [Role.SYSTEM, Role.RECEPTION])
@pytest.mark.parametrize(
    "path", ["", "upload/", "template/", "export-record/", "faults/", "rows/", "release/", "reconcile/"]
)
def test_who_may_not_see(make: Factory, role: Role, path: str) -> None:
    assert make.signed_in(make.staff(role)).get(f"/admin/imports/{path}?id=1").status_code == 403


@pytest.mark.parametrize(
    "query", ["id=1", "id=1,2", "id=9999999999999999999999", "id=%00", "", "id=1&sheet=X&after=-1"]
)
def test_hostile_addresses(operator: Browser, query: str) -> None:
    for path in ("rows/", "faults/", "details/"):
        assert operator.get(f"/admin/imports/{path}?{query}").status_code in {400, 404}


def test_the_template_and_the_whole_record(loading: Loading, operator: Browser) -> None:
    loading.enter(whole(1, 2))
    operator.get("/admin/imports/template/")
    assert operator.response is not None
    made = load_workbook(BytesIO(operator.response.data))
    assert made.sheetnames == ["説明", "会員", "区分", "資本関係", "ユーザ", "名簿番号", "過去の変更", "記入例"]
    before = everything()
    operator.get("/admin/imports/export-record/")
    record = operator.response.data
    assert unchanged({table: rows for table, rows in before.items() if table not in {"audit_events", "audit_details"}})
    exported = db.session.scalars(select(AuditEvent).where(AuditEvent.tag == "list.exported")).one()
    assert exported.subject == "LIST:会員の全登録"
    number = loading.check(record)
    assert {outcome for _s, _r, outcome in outcomes(number)} == {RowOutcome.SAME}


def test_pages_cost_a_fixed_number_of_statements(loading: Loading, operator: Browser) -> None:
    number = loading.check(whole(*range(1, 4)))
    pages = (
        "/admin/imports/",
        f"/admin/imports/details/?id={number}",
        f"/admin/imports/rows/?id={number}&sheet=MEMBERS",
    )
    costs = {}
    for page in pages:
        with statements() as sent:
            operator.get(page)
        costs[page] = len(sent)
    other = loading.check(whole(*range(10, 40)))
    for page in pages:
        with statements() as sent:
            operator.get(page.replace(f"id={number}", f"id={other}"))
        assert len(sent) == costs[page], page


def test_a_list_is_reconciled_and_nothing_written(loading: Loading, operator: Browser) -> None:
    rows = whole(1, 2, 3)
    rows[L].append(licence(3, category="小売電気事業者"))
    loading.enter(rows)
    listed = _sheet(
        "一覧",
        ["事業者コード", "法人番号", "商号", "区分"],
        ["00001", None, "取込電力1株式会社", "発電"],
        [None, company(3)["corporate_number"], "別の名前株式会社", "発電事業者"],
        ["09999", None, "一覧だけ株式会社", None],
    )
    before = everything()
    operator.get("/admin/imports/reconcile/")
    operator.submit({"file": (BytesIO(listed), "list.xlsx")}, action="/reconcile/")
    for words in (
        "すべて同じ会員は 1社",
        "登録だけにある会員（1件）",
        "一覧だけにある会社（1件）",
        "違いのある会員（2件）",
        "小売電気事業者、発電事業者",
    ):
        assert words in operator.text
    operator.submit({"file": (BytesIO(listed), "list.xlsx"), "save": "y"}, action="/reconcile/")
    assert operator.response is not None
    made = load_workbook(BytesIO(operator.response.data))
    assert made.sheetnames == ["登録だけにある会員", "一覧だけにある会社", "違いのある会員"]
    assert [cell.value for cell in made["登録だけにある会員"][2]][:1] == ["00002"]
    assert unchanged(before)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([["事業者コード", "区分"], ["00001", "水力"]], "2行目：「水力」という区分はありません"),
        ([["事業者コード", "商号"], [None, "名前だけ"]], "事業者コードか法人番号を入力してください"),
        ([["コード"]], "見出し「コード」は、ひな形にありません"),
        ([["事業者コード"], [123]], "先頭の0がなくなっているかもしれません"),
    ],
)
def test_a_list_that_cannot_be_read(operator: Browser, rows: list[list[Any]], words: str) -> None:
    operator.get("/admin/imports/reconcile/")
    assert (
        operator.submit({"file": (BytesIO(_sheet("一覧", *rows)), "list.xlsx")}, action="/reconcile/").status_code
        == 422
    )
    assert words in operator.text
