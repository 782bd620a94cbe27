"""議事録: edited beside what the records say; DOCX and PDF hold one content, and all of it."""

from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from docx import Document
from pypdf import PdfReader
from sqlalchemy import select

from occto import clock, kit
from occto.domain.assembly import AssemblyState
from occto.domain.permissions import Role
from occto.extensions import db
from occto.models import AgendaItem, Assembly, AuditDetail, AuditEvent, Minutes
from occto.queries.kit import kit_facts
from occto.unit_of_work import unit_of_work
from occto.worker import note_kits
from tests.admin.office import staff, unchanged
from tests.assembling import HELD, assembly
from tests.clients import Browser
from tests.factories import Factory
from tests.freezing import moved
from tests.observing import everything
from tests.results_scene import Ended, ended, surrounded


@pytest.fixture(autouse=True)
def after_the_day(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = HELD + timedelta(days=1)
    monkeypatch.setattr(clock, "now", lambda: moment)


@pytest.fixture
def scene(make: Factory) -> Ended:
    found = ended(make)
    surrounded(found)
    return found


def url(scene: Ended, door: str = "") -> str:
    return f"/admin/minutes/{door}?id={scene.held.id}"


def written(scene: Ended, **changes: str) -> dict[str, str]:
    return {
        "chair": "理事長　大山 一郎",
        "officers": "理事長　大山 一郎\n監事　小川 花子",
        "opened_at": "10時",
        "closed_at": "11:35",
        "opening": "議長は、定足数を満たすことを告げ、開会を宣した。",
        f"item_{scene.items[1].id}": "議長は、事務局に説明を求めた。\n質疑のあと、採決した。",
        f"item_{scene.items[7].id}": "事務局が報告した。",
        "closing": "以上をもって議事を終えた。",
        "opinions": "汐見電力から、費用の内訳について質問があった。",
        "signers": "議長　大山 一郎\n議事録署名人　山田 花子",
        "notes": "髙橋 﨑子は欠席した。",
    } | changes


def save(browser: Browser, scene: Ended, **changes: str) -> int:
    browser.get(url(scene))
    return browser.submit(written(scene, **changes), action="/minutes/").status_code


def fields(browser: Browser) -> dict[str, list[str]]:
    """What the form of the minutes holds."""
    found: dict[str, list[str]] = next(form["fields"] for form in browser.forms() if "chair" in form["fields"])
    return found


def docx_of(content: bytes) -> str:
    """Every text of the document in its order, without blanks."""
    document = Document(BytesIO(content))
    texts = []
    for piece in document.iter_inner_content():
        if hasattr(piece, "rows"):
            texts += [cell.text for row in piece.rows for cell in row.cells]
        else:
            texts.append(piece.text)
    return "".join("".join(texts).split())


def pdf_of(content: bytes) -> str:
    """Every text of the document, without blanks, heads and feet of pages."""
    return "".join("".join(page.extract_text().split()) for page in PdfReader(BytesIO(content)).pages)


MUST = (
    "2026年度第",
    "議事録（案）",
    "2026年12月18日（金）",
    "開会10時00分",
    "閉会11時35分",
    "東都会館3階大会議室",
    "理事長大山一郎",
    "監事小川花子",
    "資源エネルギー庁課長補佐霞次郎",
    "会員8社、みなし会員6社、議決権18票",
    "必要数は、全会員8社の半数以上（8÷2=4）。",
    "次の会員には、期限（総会の6日前）までに通知が届いたことを確かめられなかった",
    "浜風でんき株式会社",
    "岬太陽光発電株式会社",
    "議決権の数が変わらないため",
    "第1号議案2027年度事業計画及び予算の件",
    "議長は、事務局に説明を求めた。",
    "修正して議決した内容：第3条を次のとおり改める。",
    "賛成12票×2＞出席18票（過半数）",
    "結果修正可決",
    "認可待ち",
    "浜風でんき株式会社（電気事業法第28条の39）",
    "可否同数のため、議長が可決と決定しました。",
    "この議案は取り下げられた（理由：内容を改めて検討するため）。",
    "報告事項2026年度業務の報告",
    "事務局が報告した。",
    "第2回の記録。理由：集計の誤りを正すため",
    "費用の内訳について質問があった。",
    "再生可能エネルギーの扱いを教えてください。",
    "abab",
    "議事録署名人山田花子",
    "髙橋﨑子は欠席した。",
)


def test_the_minutes_are_written_saved_and_drawn_up(scene: Ended, make: Factory) -> None:
    browser = staff(make)
    text = browser.get(url(scene)).text
    assert "まだ書かれていないこと：開会の時刻、閉会の時刻、出席した役員、署名する方" in text
    assert fields(browser)["place"] == ["東都会館 3階 大会議室"]
    assert fields(browser)["chair"] == ["理事長"]
    assert save(browser, scene) == 200
    assert "議事録を保存しました。" in browser.text
    assert "まだ書かれていないこと" not in browser.text
    assert fields(browser)["opened_at"] == ["10:00"]
    drawn = docx_of(browser.get(url(scene, "export-docx/")).data), pdf_of(browser.get(url(scene, "export-pdf/")).data)
    for said in drawn:
        for words in MUST:
            assert words in said, words
        assert "（未記入）" in said  # items without a word yet say so


def test_the_kit_is_in_preparation_until_its_hash_is_noted(scene: Ended, make: Factory) -> None:
    browser = staff(make)
    assert "再計算キットの SHA-256 は準備中です。" in browser.get(url(scene)).text
    words = "再計算キット（SHA-256）準備中です（結果の確定から1分ほど）。値が載ってから、この案を作り直してください。"
    for door, said in (("export-docx/", docx_of), ("export-pdf/", pdf_of)):
        assert words in said(browser.get(url(scene, door)).data)
    note_kits()
    assert "準備中" not in browser.get(url(scene)).text
    known = kit.hash_of(kit.files_of(kit_facts(db.session(), scene.held.id)))
    for door, said in (("export-docx/", docx_of), ("export-pdf/", pdf_of)):
        assert f"再計算キット（SHA-256）{known}" in said(browser.get(url(scene, door)).data)


def test_docx_and_pdf_hold_the_same_content(scene: Ended, make: Factory) -> None:
    from occto.admin.minutes_words import paper_of
    from occto.queries.minutes import minutes_facts, written_of

    browser = staff(make)
    save(browser, scene)
    drawn = docx_of(browser.get(url(scene, "export-docx/")).data), pdf_of(browser.get(url(scene, "export-pdf/")).data)
    db.session.rollback()
    row = db.session.get_one(Assembly, scene.held.id)
    facts = minutes_facts(db.session(), row, now=clock.now())
    paper = paper_of(facts, written_of(db.session(), row).values, opinions=True)
    for text in paper.texts:
        for line in text.split("\n"):
            plain = "".join(line.split())
            for said in drawn:
                assert plain in said or len(plain) > 60, line


def test_the_same_records_give_the_same_files(scene: Ended, make: Factory) -> None:
    browser = staff(make)
    for door in ("export-docx/", "export-pdf/"):
        assert browser.get(url(scene, door)).data == browser.get(url(scene, door)).data


def test_opinions_are_for_those_who_may_see_replies(scene: Ended, make: Factory) -> None:
    browser = staff(make, Role.OPERATOR)
    save(browser, scene)
    said = docx_of(browser.get(url(scene, "export-docx/")).data)
    assert "再生可能エネルギー" not in said
    assert "賛否を見ることのできる担当の方が作成したときに載ります" in said
    assert "再生可能エネルギー" not in browser.get(url(scene)).text


def test_what_leaves_is_noted(scene: Ended, make: Factory) -> None:
    browser = staff(make)
    browser.get(url(scene, "export-docx/"))
    browser.get(url(scene, "export-pdf/"))
    db.session.rollback()
    events = db.session.scalars(
        select(AuditEvent).where(AuditEvent.tag == "list.exported").order_by(AuditEvent.id)
    ).all()
    assert [one.subject for one in events] == ["LIST:議事録"] * 2
    assert [db.session.get_one(AuditDetail, one.id).payload["format"] for one in events] == ["docx", "pdf"]


def test_nothing_typed_is_lost_where_another_saved_first(scene: Ended, make: Factory) -> None:
    first, second = staff(make), make.signed_in(make.staff(Role.OPERATOR, name="森 健"))
    first.get(url(scene))
    second.get(url(scene))
    assert first.submit(written(scene), action="/minutes/").status_code == 200
    assert second.submit(written(scene, notes="別の方の付記"), action="/minutes/").status_code == 409
    assert fields(second)["notes"] == ["別の方の付記"]
    db.session.rollback()
    assert db.session.get_one(Minutes, scene.held.id).values["notes"] == "髙橋 﨑子は欠席した。"


def test_what_cannot_be_kept_stands_beside_its_field(scene: Ended, make: Factory) -> None:
    browser = staff(make)
    before = everything()
    assert save(browser, scene, closed_at="9:00") == 409
    assert "閉会の時刻が、開会の時刻より後" in browser.text
    assert save(browser, scene, opened_at="25時") == 422
    assert save(browser, scene, notes="あ" * 100_000) == 422
    assert unchanged(before)


@pytest.mark.parametrize("value", ["\x00", "\x0b垂直", "\ufffe\U0001f5f3", "a" * 100_000])
def test_hostile_words_are_answers(scene: Ended, make: Factory, value: str) -> None:
    browser = staff(make)
    assert save(browser, scene, opening=value) < 500
    assert browser.get(url(scene, "export-docx/")).status_code == 200
    assert browser.get(url(scene, "export-pdf/")).status_code == 200


def test_it_is_read_only_before_the_votes_and_for_others(make: Factory) -> None:
    held = assembly(make, AssemblyState.HALL_OPEN)
    browser = staff(make, Role.OPERATOR)
    text = browser.get(f"/admin/minutes/?id={held.id}").text
    assert "いまは議事録を書けません。" in text
    assert not [form for form in browser.forms() if "chair" in form["fields"]]
    moved(held.id, AssemblyState.VOTING)
    browser.get(f"/admin/minutes/?id={held.id}")
    moved(held.id, AssemblyState.HALL_OPEN)
    before = everything()
    assert browser.submit({"notes": "x"}, action="/minutes/").status_code == 403
    assert unchanged(before)
    for role in (Role.SYSTEM, Role.RECEPTION):
        other = make.signed_in(make.staff(role))
        for door in ("", "export-docx/", "export-pdf/"):
            assert other.get(f"/admin/minutes/{door}?id={held.id}").status_code == 403


@pytest.mark.parametrize("number", ["0", "9" * 30, "x", ""])
def test_there_is_no_such_assembly(make: Factory, number: str) -> None:
    browser = staff(make)
    for door in ("", "export-docx/", "export-pdf/"):
        assert browser.get(f"/admin/minutes/{door}?id={number}").status_code == 404


@pytest.mark.parametrize("state", [AssemblyState.VOTING, AssemblyState.RESULT_FIXED, AssemblyState.FINISHED])
def test_it_is_drawn_up_in_every_state_from_the_votes_on(scene: Ended, make: Factory, state: AssemblyState) -> None:
    with unit_of_work() as session:
        session.get_one(Assembly, scene.held.id).state = state
    browser = staff(make)
    assert save(browser, scene) == 200
    said = docx_of(browser.get(url(scene, "export-docx/")).data)
    assert ("再計算キット（SHA-256）訂正中" in said) == (state is AssemblyState.VOTING)


def test_without_a_notice_or_a_result_it_says_so(make: Factory) -> None:
    held = assembly(make, AssemblyState.VOTING)
    said: Any = docx_of(staff(make).get(f"/admin/minutes/export-docx/?id={held.id}").data)
    assert "招集通知の記録はありません。" in said
    assert "結果がまだ確定していないため" in said
    assert "再計算キット（SHA-256）結果を確定すると、ここに載ります。" in said


def test_what_was_said_of_an_item_withdrawn_at_the_hall_stays_and_is_printed(scene: Ended, make: Factory) -> None:
    browser = staff(make)
    said = "質疑ののち、提案者が取り下げを申し出た。"
    name = f"item_{scene.items[1].id}"
    assert save(browser, scene, **{name: said}) == 200
    with unit_of_work() as session:
        one = session.get_one(AgendaItem, scene.items[1].id)
        one.withdrawn_at, one.withdrawn_reason = HELD, "提案者の申し出"
    browser.get(url(scene))
    assert fields(browser)[name] == [said]
    assert browser.submit({"chair": "理事長　大山 二郎"}, action="/minutes/").status_code == 200
    assert fields(browser)[name] == [said]
    for text in (
        docx_of(browser.get(url(scene, "export-docx/")).data),
        pdf_of(browser.get(url(scene, "export-pdf/")).data),
    ):
        assert f"この議案は取り下げられた（理由：提案者の申し出）。{said}" in text
