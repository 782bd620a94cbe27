"""結果 for staff: by group and channel, by name for whoever may see it, 認可・承認, and what leaves the office."""

import zipfile
from datetime import timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from openpyxl import load_workbook
from pypdf import PdfReader
from sqlalchemy import select, update

from occto import kit
from occto.domain.assembly import AssemblyState
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import (
    AccessEvent,
    AgendaItem,
    Assembly,
    AssemblyResult,
    AuditDetail,
    AuditEvent,
    ConsentRecord,
    KitHash,
)
from occto.models.triggers import create_triggers, drop_triggers
from occto.services import resolutions
from occto.unit_of_work import run, unit_of_work
from occto.worker import note_kits
from tests.admin.office import staff, unchanged
from tests.admin.test_minutes import docx_of
from tests.assembling import HELD, assembly
from tests.clients import Browser
from tests.factories import Factory
from tests.freezing import moved
from tests.kit.kits import recomputed
from tests.observing import everything
from tests.resulting import fixed
from tests.results_scene import Ended, ended
from tests.test_statement_counts import counted

DOORS = ("", "nominal/", "export-pdf/", "export-xlsx/", "export-kit/")


@pytest.fixture
def scene(make: Factory) -> Ended:
    return ended(make)


def url(scene: Ended, door: str = "") -> str:
    return f"/admin/results/{door}?id={scene.held.id}"


def exported() -> list[tuple[str, dict[str, Any]]]:
    """What the trail says of exports: subject and payload."""
    db.session.rollback()
    events = db.session.scalars(
        select(AuditEvent).where(AuditEvent.tag == "list.exported").order_by(AuditEvent.id)
    ).all()
    return [(one.subject, db.session.get_one(AuditDetail, one.id).payload) for one in events]


def part(text: str, no: int) -> str:
    return text.split(f'id="item-{no}"', 1)[1].split('id="item-', 1)[0]


def test_the_page_breaks_the_votes_down(scene: Ended, make: Factory) -> None:
    text = staff(make).get(url(scene)).text
    first = part(text, 1)
    for words in (
        "修正可決（認可待ち）",
        '<th scope="row">送配電</th><td class="num">6票　<span class="muted nb">2社</span></td>',
        '<th scope="row">発電</th><td class="num">0票　<span class="muted nb">0社</span></td><td class="num">3票',
        '<th scope="row">会場</th><td class="num">5票　<span class="muted nb">2社</span></td>',
        '<th scope="row">議長一任</th>',
    ):
        assert words in first, words
    assert "浜風でんき株式会社（電気事業法 28条の39）" in part(text, 2)
    assert "記名" in text


def test_the_votes_of_an_item_add_up_in_both_tables(scene: Ended) -> None:
    from occto.queries.results import breakdowns, results_of

    db.session.rollback()
    parts = breakdowns(db.session(), scene.held.id)
    for one in results_of(db.session(), scene.held.id):
        if one.decision is None or not one.decision.present:
            continue
        for table in (parts[one.item.id].groups, parts[one.item.id].channels):
            assert sum(cell.votes for cell in table.values()) == one.decision.present
        assert sum(cell.heads for cell in parts[one.item.id].channels.values()) == sum(one.heads.values())


def test_an_operator_sees_figures_and_no_names(scene: Ended, make: Factory) -> None:
    browser = staff(make, Role.OPERATOR)
    text = browser.get(url(scene)).text
    assert "会員ごとの賛否は、見ることのできる担当の方だけに表示します。" in text
    assert "export-kit" not in text
    assert "高砂送電株式会社" not in text
    for door in ("nominal/", "export-kit/"):
        assert browser.get(url(scene, door)).status_code == 403
    book = load_workbook(BytesIO(browser.get(url(scene, "export-xlsx/")).data))
    assert book.sheetnames == ["議案ごとの結果", "定足数", "グループと行使の方法"]
    every = " ".join(str(cell) for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row)
    assert "高砂送電" not in every


@pytest.mark.parametrize("role", [Role.SYSTEM, Role.RECEPTION])
@pytest.mark.parametrize("door", DOORS)
def test_others_of_the_staff_see_nothing(scene: Ended, make: Factory, role: Role, door: str) -> None:
    assert staff(make, role).get(url(scene, door)).status_code == 403


@pytest.mark.parametrize("door", [*DOORS, "consent/"])
def test_there_is_no_such_assembly(make: Factory, door: str) -> None:
    browser = staff(make)
    for number in ("0", "9" * 30, "x", "", "999999"):
        assert browser.get(f"/admin/results/{door}?id={number}").status_code == 404


def test_before_anything_is_decided_there_is_nothing_to_take(make: Factory) -> None:
    held = assembly(make, AssemblyState.VOTING)
    browser = staff(make)
    assert "まだ採決の記録がありません。" in browser.get(f"/admin/results/?id={held.id}").text
    for door in ("export-pdf/", "export-xlsx/", "export-kit/"):
        assert browser.get(f"/admin/results/{door}?id={held.id}").status_code == 404


def test_votes_by_name_are_searched_and_the_look_is_noted(scene: Ended, make: Factory) -> None:
    browser = staff(make)
    text = browser.get(url(scene, "nominal/")).text
    assert "議決権を行使する会員 6社。" in text
    assert text.index("汐見電力株式会社") < text.index("高砂送電株式会社")
    assert "議決権なし" in text
    text = browser.get(url(scene, "nominal/") + "&q=高砂").text
    assert "高砂送電株式会社" in text
    assert "浦中配電株式会社" not in text
    assert "当てはまる会員はありません。" in browser.get(url(scene, "nominal/") + "&q=%00%ed%a0%80" + "x" * 300).text
    assert browser.get(url(scene, "nominal/") + "&page=" + "9" * 40).status_code == 200
    db.session.rollback()
    seen = db.session.scalars(select(AccessEvent).where(AccessEvent.screen == "results.nominal")).all()
    assert scene.members["grid"].id in {number for one in seen for number in one.subject_ids}


def test_the_workbook_has_every_vote_by_name(scene: Ended, make: Factory) -> None:
    browser = staff(make)
    book = load_workbook(BytesIO(browser.get(url(scene, "export-xlsx/")).data))
    rows = list(book["会員ごとの賛否"].iter_rows(values_only=True))
    by_name = {row[1]: row for row in rows[1:]}
    assert by_name["浦中配電株式会社"][6:11] == (4, "賛成", "電子", "賛成", "電子")
    assert by_name["浜風でんき株式会社"][9] == "議決権なし"
    assert by_name["高砂送電株式会社"][11] == "出席なし"
    parts = list(book["グループと行使の方法"].iter_rows(values_only=True))
    assert ("第1号議案", "2027年度 事業計画及び予算の件", "送配電グループ", 6, 0, 0, 2, 0, 0) in parts
    subject, detail = exported()[-1]
    assert (subject, detail["format"], detail["count"]) == ("LIST:結果", "xlsx", 8)
    assert "賛否（第8号議案）" in detail["fields"]


def test_the_pdf_is_noted(scene: Ended, make: Factory) -> None:
    content = staff(make, Role.OPERATOR).get(url(scene, "export-pdf/")).data
    said = "".join(PdfReader(BytesIO(content)).pages[0].extract_text().split())
    assert "議決の結果" in said
    assert exported()[-1][1]["format"] == "pdf"


def test_until_the_hash_is_noted_the_kit_is_in_preparation(scene: Ended, make: Factory) -> None:
    browser = staff(make)
    text = browser.get(url(scene)).text
    assert "準備中です。SHA-256 を記録してから" in text
    assert "export-kit" not in text
    before = everything()
    answer = browser.get(url(scene, "export-kit/"))
    assert (answer.status_code, "再計算キットは準備中です。" in answer.text) == (409, True)
    assert unchanged(before)


def test_the_kit_is_taken_noted_and_recomputed(scene: Ended, make: Factory, tmp_path: Path) -> None:
    assert (note_kits(), note_kits()) == (1, 0)
    browser = staff(make)
    shown = browser.get(url(scene)).text
    content = browser.get(url(scene, "export-kit/")).data
    with zipfile.ZipFile(BytesIO(content)) as archive:
        archive.extractall(tmp_path)
    known = sha256((tmp_path / "SHA256SUMS").read_bytes()).hexdigest()
    assert known in shown
    assert recomputed(tmp_path, "--hash", known)[0] == 0
    subject, detail = exported()[-1]
    assert (subject, detail["count"]) == ("LIST:再計算キット", 8)
    assert known in detail["conditions"]


def test_a_kit_that_is_not_what_was_noted_is_kept_in(scene: Ended, make: Factory) -> None:
    """A title in the database was changed behind the system's back: no other hash would tell."""
    note_kits()
    browser = staff(make)
    noted = one_hash()
    with unit_of_work() as session:
        session.get_one(AgendaItem, scene.items[3].id).title = "会費を倍にする件"
    answer = browser.get(url(scene, "export-kit/"))
    assert answer.status_code == 409
    assert "いま作ったキットの SHA-256 が、結果を確定したあとに記録した値と違います。" in answer.text
    assert answer.mimetype == "text/html"
    assert not exported()
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.tag == "kit.differs")).one()
    detail = db.session.get_one(AuditDetail, event.id).payload
    assert (event.subject, detail["no"], detail["sha256"]) == (f"ASSEMBLY:{scene.held.id}", 1, noted)
    assert detail["drawn"] != noted
    text = browser.get(url(scene)).text
    assert "記録した値と違うキットができたため、お渡しを止めました。" in text
    assert noted in text
    assert "取り出そうとしたキットのハッシュ値" in staff(make).get(f"/admin/records/details/?id={event.id}").text


def one_hash() -> str:
    db.session.rollback()
    return db.session.scalars(select(KitHash)).one().sha256


def test_a_noted_hash_that_was_overwritten_is_found_at_the_door(scene: Ended, make: Factory) -> None:
    note_kits()
    with unit_of_work() as session:
        drop_triggers(session.connection())
        session.execute(update(KitHash).values(sha256="0" * 64))
        create_triggers(session.connection())
    assert staff(make).get(url(scene, "export-kit/")).status_code == 409
    db.session.rollback()
    event = db.session.scalars(select(AuditEvent).where(AuditEvent.tag == "kit.differs")).one()
    noted = db.session.scalars(select(AuditEvent).where(AuditEvent.tag == "kit.noted")).one()
    drawn = db.session.get_one(AuditDetail, event.id).payload["drawn"]
    assert db.session.get_one(AuditDetail, noted.id).payload == {"no": 1, "sha256": drawn}


def test_a_result_corrected_while_its_kit_is_drawn_is_no_alarm(
    scene: Ended, make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    note_kits()
    browser = staff(make)

    def corrected(files: Any, file: Any) -> str:
        known = kit.zipped(files, file)
        moved(scene.held.id, AssemblyState.VOTING)
        return known

    monkeypatch.setattr("occto.admin.results.zipped", corrected)
    answer = browser.get(url(scene, "export-kit/"))
    assert (answer.status_code, "結果の訂正が始まりました。" in answer.text) == (409, True)
    assert not exported()
    assert not db.session.scalars(select(AuditEvent).where(AuditEvent.tag == "kit.differs")).all()


def test_there_is_no_kit_while_the_result_is_corrected(scene: Ended, make: Factory) -> None:
    with unit_of_work() as session:
        session.get_one(Assembly, scene.held.id).state = AssemblyState.VOTING
    browser = staff(make)
    assert "結果を訂正しています。" in browser.get(url(scene)).text
    assert browser.get(url(scene, "export-kit/")).status_code == 404


def test_the_reason_of_a_correction_stands_on_the_page_and_in_the_minutes(scene: Ended, make: Factory) -> None:
    chief = make.staff(Role.APPROVER, name="承山 隆")
    version = db.session.get_one(Assembly, scene.held.id).version
    acting: dict[str, Any] = {"actor": make.actor(chief, Role.APPROVER), "now": HELD + timedelta(days=1)}
    why = "第1号議案の書面の賛否を、1社分読み違えていたため"
    run(resolutions.correct_result, scene.held.id, reason=why, seen_version=version, **acting)
    browser = staff(make)
    assert f"承山 隆が結果の訂正を始めました。理由：{why}" in browser.get(url(scene)).text
    assert f"理由：{why}" in _said(browser, scene)
    fixed(make, scene.held, fixed_at=HELD + timedelta(days=2))
    assert f"理由：{why}" in browser.get(url(scene)).text
    version = db.session.get_one(Assembly, scene.held.id, populate_existing=True).version
    acting["now"] += timedelta(days=2)
    run(resolutions.correct_result, scene.held.id, reason="もう1社分", seen_version=version, **acting)
    fixed(make, scene.held, fixed_at=HELD + timedelta(days=4))
    said = _said(browser, scene)
    told = (f"理由：{why}", "結果を確定し直した（第2回）。", "理由：もう1社分", "結果を確定し直した（第3回）。")
    places = [said.index(words) for words in ("結果の訂正", *told)]
    assert places == sorted(places)


def test_without_a_correction_the_minutes_have_no_such_part(scene: Ended, make: Factory) -> None:
    assert "結果の訂正" not in _said(staff(make), scene)


def _said(browser: Browser, scene: Ended) -> str:
    return docx_of(browser.get(f"/admin/minutes/export-docx/?id={scene.held.id}").data)


def consent(browser: Browser, scene: Ended, no: int = 1, **values: str) -> int:
    browser.get(f"/admin/results/consent/?id={scene.held.id}&item={scene.items[no].id}")
    given = {"outcome": "GRANTED", "decided_on": "2027年1月20日", "document_number": "20261220資第12号"}
    return browser.submit(given | values, action="/consent/").status_code


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    from occto import clock

    moment = HELD + timedelta(days=60)
    monkeypatch.setattr(clock, "now", lambda: moment)


@pytest.mark.usefixtures("later")
def test_the_minister_s_answer_is_recorded_and_corrected(scene: Ended, make: Factory) -> None:
    browser = staff(make, Role.OPERATOR)
    assert consent(browser, scene) == 200
    assert "認可を記録しました。" in browser.text
    assert "修正可決（認可済）" in part(browser.text, 1)
    assert "認可を訂正する" in part(browser.text, 1)
    assert consent(browser, scene, outcome="REFUSED", note_words="通知を取り違えたため") == 200
    assert "修正可決（不認可）" in part(browser.text, 1)
    db.session.rollback()
    assert db.session.scalars(select(ConsentRecord.no).order_by(ConsentRecord.no)).all() == [1, 2]


@pytest.mark.usefixtures("later")
def test_what_is_refused_stands_beside_its_field_and_writes_nothing(scene: Ended, make: Factory) -> None:
    browser = staff(make, Role.OPERATOR)
    before = everything()
    assert consent(browser, scene, decided_on="2026年12月17日") == 409
    assert "総会の日より前です" in browser.text
    assert consent(browser, scene, decided_on="2027年12月17日") == 422
    assert consent(browser, scene, outcome="MAYBE") == 422
    assert consent(browser, scene, 4) == 409
    assert "可決された議案だけに" in browser.text
    assert unchanged(before)


@pytest.mark.usefixtures("later")
def test_another_s_record_is_seen_before_one_s_own(scene: Ended, make: Factory) -> None:
    first, second = staff(make, Role.OPERATOR), make.signed_in(make.staff(Role.OPERATOR, name="森 健"))
    address = f"/admin/results/consent/?id={scene.held.id}&item={scene.items[1].id}"
    first.get(address)
    second.get(address)
    given = {"outcome": "GRANTED", "decided_on": "2027年1月20日"}
    assert first.submit(given, action="/consent/").status_code == 200
    assert second.submit(given | {"outcome": "REFUSED"}, action="/consent/").status_code == 409
    assert "第1回の記録" in second.text
    db.session.rollback()
    assert len(db.session.scalars(select(ConsentRecord)).all()) == 1


@pytest.mark.usefixtures("later")
def test_what_awaits_the_minister_is_work_until_it_is_recorded(scene: Ended, make: Factory) -> None:
    browser = staff(make, Role.OPERATOR)
    text = browser.get("/admin/?tab=consents").text
    titles = ("2027年度 事業計画及び予算の件", "定款の一部変更の件", "2025年度 決算の件")
    assert [title for title in titles if title in text] == list(titles)
    assert "監事 山田 太郎 選任の件" not in text
    assert f"/admin/results/?id={scene.held.id}" in text
    consent(browser, scene)
    text = browser.get("/admin/?tab=consents").text
    assert titles[0] not in text
    assert titles[1] in text
    moved(scene.held.id, AssemblyState.VOTING)
    assert titles[1] not in browser.get("/admin/?tab=consents").text


def test_an_item_that_needs_no_consent_has_no_door(scene: Ended, make: Factory) -> None:
    browser = staff(make)
    for item in (scene.items[3].id, 999_999, "x"):
        assert browser.get(f"/admin/results/consent/?id={scene.held.id}&item={item}").status_code == 404
    assert "認可を記録する" in part(browser.get(url(scene)).text, 1)
    assert "記録する" not in part(browser.text, 4)


def test_the_page_asks_the_database_a_fixed_number_of_times(app: Flask, scene: Ended, make: Factory) -> None:
    browser = staff(make)
    browser.get(url(scene))
    with counted(app) as statements:
        browser.get(url(scene))
    assert len(statements) <= 23, statements


def test_papers_say_that_the_result_is_being_corrected(scene: Ended, make: Factory) -> None:
    with unit_of_work() as session:
        session.get_one(Assembly, scene.held.id).state = AssemblyState.VOTING
    browser = staff(make)
    content = browser.get(url(scene, "export-pdf/")).data
    said = "".join("".join(page.extract_text().split()) for page in PdfReader(BytesIO(content)).pages)
    assert "結果の確定訂正中" in said
    assert "定足数を" not in said
    assert "公表" not in said
    page = browser.get(url(scene)).text
    assert "結果を訂正しています。" in page
    assert 'id="quorum"' not in page
    book = load_workbook(BytesIO(browser.get(url(scene, "export-xlsx/")).data))
    assert [row[0].value for row in book["定足数"].iter_rows(min_row=2)] == ["結果を訂正中です"]
    content = browser.get(f"/admin/minutes/export-pdf/?id={scene.held.id}").data
    said = "".join("".join(page.extract_text().split()) for page in PdfReader(BytesIO(content)).pages)
    assert "結果（SHA-256）訂正中" in said
    assert "結果を訂正中です。確定し直すまで" in said
    db.session.rollback()
    assert db.session.query(AssemblyResult).filter_by(assembly_id=scene.held.id).one().sha256 not in said
