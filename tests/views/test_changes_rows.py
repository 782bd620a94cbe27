"""区分, 資本関係 and documents of a change request: rows kept as typed, and what each document proves."""

import re
from io import BytesIO
from typing import Any

import pytest

from occto.domain.changes import Part
from occto.domain.codes import AttachmentKind
from occto.extensions import db
from occto.models import Attachment, ChangeDraft
from occto.queries.register import licences_as_of, relations_as_of
from occto.services.changes import drafts as verbs
from occto.unit_of_work import run
from tests import changing
from tests.factories import Factory, corporate_number
from tests.views.test_changes import OLD_DAY, count, draft_of, opened

PDF = b"%PDF-1.7\ncopy\n%%EOF\n"
COMPANY = {
    "relation": "SUBSIDIARY",
    "name": "汐見サービス株式会社",
    "is_member": "NO",
    "controlling": "YES",
    "basis": "MAJORITY",
    "acquired_on": "2026-11-05",
}


def pdf(name: str = "通知の写し.pdf", content: bytes = PDF) -> tuple[BytesIO, str]:
    return BytesIO(content), name


def rows_of(request: changing.Request, part: Part) -> list[dict[str, Any]]:
    answers = draft_of(request, part).answers
    assert answers is not None
    return list(answers["rows"])


def test_a_category_is_added_with_the_copy_of_its_notice(make: Factory) -> None:
    request = changing.drafted(make, [Part.LICENCES], occurred_on=OLD_DAY)
    browser, base = opened(request)
    browser.get(f"{base}/licences/new")
    assert 'value="GEN"' not in browser.text  # held already
    browser.submit({"category": "RETAIL", "number": "Ａ０９９９", "effective_on": "令和8.11.10", "file": pdf()})
    assert browser.path == f"{base}/licences"
    (row,) = rows_of(request, Part.LICENCES)
    assert (row["category"], row["number"], row["effective_on"]) == ("RETAIL", "A0999", "2026-11-10")
    browser.get(f"{base}/check")
    assert "小売電気事業者の追加" in browser.text
    browser.submit()
    assert browser.path == f"{base}/submitted"


def test_a_wrong_category_is_kept_with_its_document(make: Factory) -> None:
    request = changing.drafted(make, [Part.LICENCES], occurred_on=OLD_DAY)
    browser, base = opened(request)
    browser.get(f"{base}/licences/new")
    browser.submit({"category": "RETAIL", "effective_on": "いつか", "file": pdf()})
    assert "入力した内容は保存されています" in browser.text
    assert "通知の写し.pdf" in browser.text
    browser.submit({"effective_on": "2026-11-10"})
    (row,) = rows_of(request, Part.LICENCES)
    assert row["attachment_id"] is not None
    assert count(Attachment) == 1


@pytest.mark.parametrize("content", [b"MZ not a document", b""])
def test_what_is_no_document_is_refused_and_the_rest_kept(make: Factory, content: bytes) -> None:
    request = changing.drafted(make, [Part.LICENCES], occurred_on=OLD_DAY)
    browser, base = opened(request)
    browser.get(f"{base}/licences/new")
    browser.submit({"category": "RETAIL", "effective_on": "2026-11-10", "file": pdf(content=content)})
    assert re.search(r"<title>\s*エラー：", browser.text)
    assert 'value="2026-11-10"' in browser.text
    assert count(Attachment) == 0


def test_taking_a_category_out_takes_its_document_out(make: Factory) -> None:
    request = changing.drafted(make, [Part.LICENCES], occurred_on=OLD_DAY)
    browser, base = opened(request)
    browser.get(f"{base}/licences/new")
    browser.submit({"category": "RETAIL", "effective_on": "2026-11-10", "file": pdf()})
    browser.submit(action="/licences/rows/1/remove")
    assert draft_of(request, Part.LICENCES).answers is None
    browser.get(f"{base}/files")
    assert "まだ添付されていません" in browser.text


def test_the_end_of_the_last_category_is_said_to_end_membership(make: Factory) -> None:
    request = changing.drafted(make, [Part.LICENCES], occurred_on=OLD_DAY)
    browser, base = opened(request)
    (held,) = licences_as_of(db.session(), request.member.id, changing.TODAY)
    browser.get(f"{base}/licences/{held.licence_id}/end")
    assert "これが最後の区分です" in browser.text
    browser.submit({"ended_on": "2026-10-01", "end_reason": "CLOSURE_NOTIFICATION"})
    assert "事由発生日（2026年11月1日）か、それより後の日付を入力してください。" in browser.text
    browser.submit({"ended_on": "2027-04-01"})
    assert "2027年4月1日に会員でなくなり" in browser.text
    browser.get(f"{base}/check")
    assert "2027年4月1日に会員でなくなり" in browser.text
    browser.get(f"{base}/licences")
    browser.submit(action="/remove")
    assert "会員でなくなり" not in browser.text


def test_registered_distribution_alone_is_warned_of(make: Factory) -> None:
    member = make.member(licences=("SPTD", "RSPTD"))
    request = changing.drafted(make, [Part.LICENCES], member=member, occurred_on=OLD_DAY)
    browser, base = opened(request)
    held = {one.category: one for one in licences_as_of(db.session(), member.id, changing.TODAY)}
    sptd = next(one for category, one in held.items() if category == "SPTD")
    browser.get(f"{base}/licences/{sptd.licence_id}/end")
    browser.submit({"ended_on": "2027-04-01", "end_reason": "CLOSURE_NOTIFICATION"})
    assert "区分の組合せをお確かめください" in browser.text


def test_succession_is_no_reason_that_a_member_may_give(make: Factory) -> None:
    request = changing.drafted(make, [Part.LICENCES], occurred_on=OLD_DAY)
    browser, base = opened(request)
    (held,) = licences_as_of(db.session(), request.member.id, changing.TODAY)
    browser.get(f"{base}/licences/{held.licence_id}/end")
    browser.submit({"ended_on": "2027-04-01", "end_reason": "SUCCESSION"})
    assert "終わる理由を、もう一度選んでください。" in browser.text
    assert draft_of(request, Part.LICENCES).answers is None


def test_a_relation_is_added_wrong_first_and_then_right(make: Factory) -> None:
    request = changing.drafted(make, [Part.RELATIONS], occurred_on=OLD_DAY)
    browser, base = opened(request)
    browser.get(f"{base}/relations/new")
    browser.submit({**COMPANY, "ratio_bp": "百"})
    assert 'value="百"' in browser.text
    browser.submit({"ratio_bp": "55.25"})
    (row,) = rows_of(request, Part.RELATIONS)
    assert (row["act"], row["row"]["ratio_bp"], row["row"]["acquired_on"]) == ("ADD", 5525, "2026-11-05")


def test_a_relation_keeps_its_documents_when_another_row_goes(make: Factory) -> None:
    request = changing.drafted(make, [Part.RELATIONS], occurred_on=OLD_DAY)
    browser, base = opened(request)
    for name in ("一つ目株式会社", "二つ目株式会社"):
        browser.get(f"{base}/relations/new")
        browser.submit({**COMPANY, "name": name})
    changing.add_file(request, "relation:new:2", kind=AttachmentKind.CAPITAL_CHART)
    browser.get(f"{base}/relations")
    browser.submit(action="/relations/rows/1/remove")
    browser.get(f"{base}/files")
    assert "二つ目株式会社" in browser.text
    browser.get(f"{base}/check")
    assert "この内容で提出する" in browser.text


def with_relation(make: Factory) -> changing.Request:
    """A member with a parent on record, and a draft about relations."""
    first = changing.approved(
        make, changing.relations(changing.relation_added(corporate_number(700), on=OLD_DAY)), occurred_on=OLD_DAY
    )
    return changing.drafted(make, [Part.RELATIONS], member=first.member, person=first.person)


def test_a_relation_on_record_is_ended_or_changed_not_both(make: Factory) -> None:
    request = with_relation(make)
    browser, base = opened(request)
    (held,) = relations_as_of(db.session(), request.member.id, changing.TODAY)
    browser.get(f"{base}/relations/{held.relation_no}/change")
    browser.submit({"effective_on": "2026-12-01", "controlling": "NO", "ratio_bp": "10"})
    (row,) = rows_of(request, Part.RELATIONS)
    assert (row["act"], row["row"]["controlling"], row["row"]["ratio_bp"]) == ("SET", False, 1000)
    assert row["row"]["name"] == held.name
    browser.get(f"{base}/relations/{held.relation_no}/end")
    browser.submit({"ended_on": "2026-12-01"})
    (row,) = rows_of(request, Part.RELATIONS)
    assert (row["act"], row["relation_no"], row["effective_on"]) == ("END", held.relation_no, "2026-12-01")
    browser.get(f"{base}/check")
    assert "親法人等の解消" in browser.text


def test_answers_of_rows_without_anything_typed_are_shown(make: Factory) -> None:
    """After a split the answers alone are there."""
    request = with_relation(make)
    (held,) = relations_as_of(db.session(), request.member.id, changing.TODAY)
    answers = changing.relations(
        changing.relation_ended(held.relation_no), changing.relation_added(None, relation="SUBSIDIARY", name="子会社")
    )
    changing.save(request, answers)
    browser, base = opened(request)
    browser.get(f"{base}/relations")
    assert "2026年12月3日から資本関係がなくなります" in browser.text
    assert "子会社" in browser.text
    browser.get(f"{base}/relations/{held.relation_no}/end")
    browser.submit()
    assert [row["act"] for row in rows_of(request, Part.RELATIONS)] == ["END", "ADD"]


def test_a_second_window_does_not_overwrite_rows(make: Factory) -> None:
    request = changing.drafted(make, [Part.RELATIONS], occurred_on=OLD_DAY)
    browser, base = opened(request)
    browser.get(f"{base}/relations/new")
    stale = browser.response
    browser.submit({**COMPANY, "name": "先に保存した株式会社"})
    browser.response = stale
    browser.submit({**COMPANY, "name": "あとから押した株式会社"})
    assert "別の画面でこの内容が保存されました" in browser.text
    assert 'value="あとから押した株式会社"' in browser.text
    assert len(rows_of(request, Part.RELATIONS)) == 1
    browser.submit()
    assert len(rows_of(request, Part.RELATIONS)) == 2


def test_a_second_click_attaches_no_second_copy(make: Factory) -> None:
    request = changing.drafted(make, [Part.COMPANY])
    browser, base = opened(request)
    browser.get(f"{base}/files")
    fields = browser.forms()[0]["fields"]
    for _ in range(2):
        sent = {name: held[0] for name, held in fields.items()} | {"kind": "REGISTRY", "file": pdf()}
        assert browser.client.post(f"{base}/files", data=sent).status_code == 303
    assert count(Attachment) == 1


def test_a_document_is_attached_named_anew_and_taken_out(make: Factory) -> None:
    request = changing.drafted(make, [Part.COMPANY])
    changing.save(request, changing.renamed())
    browser, base = opened(request)
    browser.get(f"{base}/files")
    assert "書類が必要な変更" in browser.text
    browser.submit({"kind": "REGISTRY", "items": ["name"], "file": pdf("証明書.pdf")}, form=0)
    assert "証明する変更：商号" in browser.text
    number = re.search(rf"{base}/files/(\d+)/items", browser.text)
    assert number is not None
    browser.get(f"{base}/files/{number[1]}/items")
    browser.submit({"items": []})
    assert "証明する変更は、まだ選ばれていません" in browser.text
    sent = browser.get(f"{base}/files/{number[1]}")
    assert sent.data == PDF
    assert sent.headers["Content-Disposition"].startswith("attachment")
    browser.get(f"{base}/files")
    browser.submit(action="/remove")
    assert "まだ添付されていません" in browser.text


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"kind": "REGISTRY"}, "ファイルを選んでください。"),
        ({"items": ["name"], "kind": "OFFICE_DECISION"}, "書類の種類を、もう一度選んでください。"),
        ({"items": ["capital"], "kind": "REGISTRY"}, "どの変更を証明する書類ですかを、もう一度選んでください。"),
    ],
)
def test_a_document_that_cannot_be_taken_is_refused_in_words(make: Factory, values: dict[str, Any], words: str) -> None:
    request = changing.drafted(make, [Part.COMPANY])
    changing.save(request, changing.renamed())
    browser, base = opened(request)
    browser.get(f"{base}/files")
    browser.submit(values | ({"file": pdf()} if "items" in values else {}), form=0)
    assert words in browser.text
    assert count(Attachment) == 0


def test_the_draft_of_a_colleague_is_saved_over_only_knowingly(make: Factory) -> None:
    request = changing.drafted(make, [Part.RELATIONS], occurred_on=OLD_DAY)
    browser, base = opened(request)
    browser.get(f"{base}/relations/new")
    run(
        verbs.save_part,
        request.id,
        Part.RELATIONS,
        typed={},
        answers=None,
        errors=0,
        seen_version=changing.version_of_part(request, Part.RELATIONS),
        actor=request.filer,
        now=request.at,
    )
    browser.submit(COMPANY)
    draft = db.session.get(ChangeDraft, (request.id, "relations"))
    assert draft is not None
    assert draft.typed == {}
