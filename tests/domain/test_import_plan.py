"""Rows of a workbook against the register: every sentence that holds a row back, and what a row would enter."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from occto.domain.codes import Licence, Relation, UserKind, UserState
from occto.domain.import_control import ControlBook, Held
from occto.domain.import_index import Index, key_of
from occto.domain.import_known import Around, KnownLicence, KnownMember, KnownRelation, KnownUser, Row
from occto.domain.import_plan import plan, steps_of, to_enter
from occto.domain.importing import RowOutcome, SheetKind
from occto.domain.permissions import Role

M, L, R, U, N, P = SheetKind
TODAY = date(2026, 11, 23)
NUMBER, OTHER = "7000012050002", "5010001000001"
PROFILE: dict[str, Any] = {
    "name": "見本電力株式会社",
    "kana": "ミホンデンリョク",
    "corporate_number": NUMBER,
    "legal_form": "KK",
    "postal_code": "100-0001",
    "prefecture": "東京都",
    "address": "千代田区千代田1番1号",
    "representative_title": "代表取締役",
    "representative_name": "見本 太郎",
    "representative_kana": "ミホン　タロウ",
    "capital": 1000,
    "member_contact_department": "総務部",
    "member_contact_name": "見本 花子",
    "member_contact_email": "hanako@example.jp",
    "member_contact_phone": "03-0000-0000",
}
NEW = {"operator_code": "01234", **PROFILE, "member_on": "2016-04-01", "roster_no": 12}
GEN = {"operator_code": "01234", "category": "GEN", "effective_on": "2016-04-01"}
KNOWN = KnownMember(
    1,
    1,
    "01234",
    NUMBER,
    "見本電力株式会社",
    left=False,
    member_on=date(2016, 4, 1),
    roster_no=12,
    roster_since=date(2016, 4, 1),
    facts={item: [(date(2016, 4, 1), value)] for item, value in PROFILE.items()},
    licences=[
        KnownLicence(1, Licence.GEN, "A1", date(2016, 4, 1), None, None),
        KnownLicence(2, Licence.RETAIL, None, date(2016, 4, 1), date(2020, 4, 1), "REVOCATION"),
    ],
    relations=[
        KnownRelation(7, Relation.PARENT, "親株式会社", OTHER, True, "MAJORITY", None, 5500, date(2018, 4, 1), None),
        KnownRelation(8, Relation.PARENT, "元親", None, False, None, None, None, date(2017, 4, 1), date(2018, 4, 1)),
    ],
    roles={"a@example.jp": Role.ADMINISTRATOR},
)
USERS = {
    "a@example.jp": KnownUser(1, "a@example.jp", "甲 花", None, None, None, UserKind.MEMBER, UserState.ACTIVE),
    "s@example.jp": KnownUser(2, "s@example.jp", "乙 花", None, None, None, UserKind.STAFF, UserState.ACTIVE),
    "x@example.jp": KnownUser(3, "x@example.jp", "丙 花", None, None, None, UserKind.MEMBER, UserState.STOPPED),
}
AROUND = Around(today=TODAY, numbers_held={12: "01234", 99: "09999"}, users=USERS)


def _rows(*given: tuple[SheetKind, dict[str, Any]]) -> list[Row]:
    filled = {"other_number": None, "controlling": None, "relation": None, "category": None}
    return [Row(sheet, number, filled | values) for number, (sheet, values) in enumerate(given, 2)]


def _said(
    *given: tuple[SheetKind, dict[str, Any]], known: KnownMember | None = KNOWN, around: Around = AROUND
) -> list[Any]:
    found = plan("01234", _rows(*given), known, around)
    return [found[row.place] for row in _rows(*given)]


def _relation(**changes: Any) -> tuple[SheetKind, dict[str, Any]]:
    return R, {"relation": "PARENT", "other_name": "新親株式会社", "other_number": None, "controlling": False} | changes


def _person(**changes: Any) -> tuple[SheetKind, dict[str, Any]]:
    return U, {"email": "n@example.jp", "name": "丁 花", "role": "VIEWER"} | changes


def _past(**changes: Any) -> tuple[SheetKind, dict[str, Any]]:
    return P, {
        "item": "name",
        "changed_on": "2020-04-01",
        "before": "旧見本株式会社",
        "after": "見本電力株式会社",
    } | changes


HELD_BACK: dict[str, tuple[tuple[SheetKind, dict[str, Any]], str]] = {
    "other number": ((M, {"corporate_number": OTHER}), "法人番号は 7000012050002 です"),
    "member date": ((M, {"member_on": "2017-04-01"}), "登録されている加入日と合いません"),
    "roster in members": ((M, {"roster_no": 13}), "「名簿番号」のシートで変えてください"),
    "before membership": ((M, {"url": "https://a.jp/", "effective_on": "2015-01-01"}), "加入日か、それより後"),
    "half a contact": ((M, {"assembly_contact_phone": "03-1"}), "総会担当 氏名も入力してください"),
    "licence: nothing": ((L, {}), "電気事業者の区分を入力してください"),
    "licence: other day": ((L, {**GEN, "effective_on": "2017-04-01"}), "同じ区分が2016年4月1日から"),
    "licence: end without reason": ((L, {**GEN, "ended_on": "2026-01-01"}), "終わる理由も入れてください"),
    "licence: new end without reason": (
        (L, {"category": "AGG", "effective_on": "2017-04-01", "ended_on": "2018-01-01"}),
        "終わる理由も",
    ),
    "licence: ends before it begins": (
        (L, {"category": "AGG", "effective_on": "2017-04-01", "ended_on": "2017-04-01", "end_reason": "REVOCATION"}),
        "より後の日付",
    ),
    "licence: held, ends too early": (
        (L, {**GEN, "ended_on": "2016-04-01", "end_reason": "REVOCATION"}),
        "より後の日付",
    ),
    "licence: other end": (
        (L, {"category": "RETAIL", "effective_on": "2016-04-01", "ended_on": "2021-04-01"}),
        "2020年4月1日に終わると",
    ),
    "licence: RSPTD alone": (
        (L, {"category": "RSPTD", "effective_on": "2017-04-01"}),
        "特定送配電事業者の行とあわせて",
    ),
    "relation: nothing": ((R, {}), "相手の会社を入力してください"),
    "relation: itself": (_relation(other_number=NUMBER), "自社を親法人等"),
    "relation: no basis": (_relation(controlling=True), "支配の根拠を入力してください"),
    "relation: ends before": (_relation(acquired_on="2020-04-01", ended_on="2020-04-01"), "より後の日付"),
    "relation: to come": (_relation(acquired_on="2027-04-01"), "取得日は今日までの日付"),
    "relation: other end": (
        _relation(other_name="元親", acquired_on="2017-04-01", ended_on="2019-04-01"),
        "2018年4月1日に解消と",
    ),
    "relation: held, ends before": (
        _relation(other_number=OTHER, controlling=True, acquired_on="2018-04-01", ended_on="2018-04-01"),
        "より後の日付",
    ),
    "user: nothing": ((U, {}), "メールアドレスを入力してください"),
    "user: other name": (_person(email="A@example.jp"), "1つのアドレスは1人の方だけ"),
    "user: staff": (_person(email="s@example.jp", name="乙 花"), "当機関の職員"),
    "user: stopped": (_person(email="x@example.jp", name="丙 花"), "停止または終了"),
    "roster: nothing": ((N, {}), "名簿番号を入力してください"),
    "roster: before its number": ((N, {"roster_no": 5, "effective_on": "2015-01-01"}), "2016年4月1日に始まっています"),
    "past: nothing": ((P, {}), "項目を入力してください"),
    "past: to come": (_past(changed_on="2027-01-01"), "変更日は今日まで"),
    "past: before membership": (_past(changed_on="2016-04-01"), "加入日（2016年4月1日）より後"),
    "past: no before": (_past(before=None), "変更前の内容を入力してください"),
    "past: no after": (_past(after=None), "変更後の内容を入力してください"),
    "past: other end": (_past(after="どこか株式会社"), "いまの商号と合いません"),
}


@pytest.mark.parametrize("case", HELD_BACK)
def test_a_row_is_held_back_with_its_sentence(case: str) -> None:
    row, words = HELD_BACK[case]
    verdict = _said(row)[0]
    assert verdict.outcome is RowOutcome.FAULTY
    assert any(words in sentence for _title, sentence in verdict.faults), verdict.faults
    assert verdict.steps == ()


NOT_ADMITTED: dict[str, tuple[list[tuple[SheetKind, dict[str, Any]]], str]] = {
    "no name": ([(M, NEW | {"name": None}), (L, GEN)], "新しい会員には商号が要ります"),
    "no licence": ([(M, NEW)], "いまある区分がありません"),
    "only an ended licence": (
        [(M, NEW), (L, {**GEN, "ended_on": "2020-01-01", "end_reason": "REVOCATION"})],
        "いまある区分がありません",
    ),
    "member before the act": ([(M, NEW | {"member_on": "2016-03-31"}), (L, GEN)], "加入日が、最初の登録"),
    "roster number taken": ([(M, NEW | {"roster_no": 99}), (L, GEN)], "事業者コード 09999 の会員の番号"),
    "twice": ([(M, NEW), (M, NEW), (L, GEN)], "同じ会員の行が2つ以上"),
    "only in another sheet": ([(L, GEN)], "この会員は登録されていません"),
    "roster of a new member": ([(M, NEW), (L, GEN), (N, {"roster_no": 3})], "「会員」のシートに入れてください"),
    "same licence twice": ([(M, NEW), (L, GEN), (L, {**GEN, "effective_on": "2018-01-01"})], "期間が重なっています"),
    "same person twice": ([(M, NEW), (L, GEN), _person(), _person()], "同じ方の行が2つ"),
    "past with a gap": (
        [(M, NEW), (L, GEN), _past(changed_on="2018-04-01", after="間"), _past(before="違う")],
        "ひとつ前の変更",
    ),
}


@pytest.mark.parametrize("case", NOT_ADMITTED)
def test_a_new_member_is_held_back_with_its_sentence(case: str) -> None:
    rows, words = NOT_ADMITTED[case]
    found = _said(*rows, known=None)
    assert any(words in sentence for verdict in found for _title, sentence in verdict.faults), found
    assert not to_enter({(M, number): verdict for number, verdict in enumerate(found)})


def test_code_and_number_of_two_members_are_a_conflict() -> None:
    other = KnownMember(2, 2, "05678", OTHER, "別の電力", left=False, member_on=date(2016, 4, 1))
    around = replace(AROUND, by_number={OTHER: other})
    for known in (KNOWN, None):
        verdict = _said((M, NEW | {"corporate_number": OTHER}), (L, GEN), known=known, around=around)[0]
        assert "事業者コード 05678 の別の電力の登録です" in verdict.faults[0][1]


def test_a_member_that_has_left_is_left_alone() -> None:
    left = replace(KNOWN, left=True)
    for row in ((M, {"url": "https://a.jp/"}), _person(), (N, {"roster_no": 5})):
        assert "退会した会員" in _said(row, known=left)[0].faults[0][1]
    assert _said((M, {"name": "見本電力株式会社"}), known=left)[0].outcome is RowOutcome.SAME


SAME: list[tuple[SheetKind, dict[str, Any]]] = [
    (M, NEW),
    (M, {"operator_code": "01234"}),
    (L, GEN),
    (L, {**GEN, "number": "A1"}),
    (L, {"category": "RETAIL", "effective_on": "2016-04-01", "ended_on": "2020-04-01", "end_reason": "REVOCATION"}),
    _relation(other_name="親", other_number=OTHER, controlling=True, ratio_bp=5500),
    _relation(other_name="元親", acquired_on="2017-04-01"),
    _person(email="A@example.jp", name="甲 花", role="ADMINISTRATOR"),
    (N, {"roster_no": 12}),
]


@pytest.mark.parametrize("row", SAME, ids=lambda row: f"{row[0]}-{len(row[1])}")
def test_what_is_on_record_is_the_same(row: tuple[SheetKind, dict[str, Any]]) -> None:
    assert _said(row)[0].outcome is RowOutcome.SAME


CHANGED: dict[str, tuple[tuple[SheetKind, dict[str, Any]], str]] = {
    "item": ((M, {"address": "中央区"}), "set_item"),
    "licence number": ((L, {**GEN, "number": "B2"}), "correct_licence"),
    "licence ends": ((L, {**GEN, "ended_on": "2026-12-01", "end_reason": "REVOCATION"}), "end_licence"),
    "number and end": (
        (L, {**GEN, "number": "B2", "ended_on": "2026-12-01", "end_reason": "REVOCATION"}),
        "correct_licence",
    ),
    "relation ends": (_relation(other_number=OTHER, controlling=True, ended_on="2026-01-01"), "end_relation"),
    "share": (_relation(other_number=OTHER, controlling=True, ratio_bp=6000), "correct_relation"),
    "role": (_person(email="a@example.jp", name="甲 花"), "affiliate"),
}


@pytest.mark.parametrize("case", CHANGED)
def test_what_differs_is_a_change(case: str) -> None:
    row, step = CHANGED[case]
    verdict = _said(row)[0]
    assert (verdict.outcome, [name for name, _values in verdict.steps]) == (RowOutcome.CHANGED, [step])
    assert verdict.diffs


def test_the_past_of_a_member_on_record_goes_under_what_stands() -> None:
    verdict = _said(_past())[0]
    days = [(values["effective_on"], values["value"]) for _name, values in verdict.steps]
    assert days == [(date(2016, 4, 1), "旧見本株式会社"), (date(2020, 4, 1), "見本電力株式会社")]
    held = replace(
        KNOWN,
        facts=KNOWN.facts | {"name": [(date(2016, 4, 1), "旧見本株式会社"), (date(2020, 4, 1), "見本電力株式会社")]},
    )
    assert _said(_past(), known=held)[0].outcome is RowOutcome.SAME
    strange = replace(
        KNOWN,
        facts=KNOWN.facts | {"name": [(date(2016, 4, 1), "旧見本株式会社"), (date(2019, 4, 1), "見本電力株式会社")]},
    )
    assert "2019年4月1日からの別の登録" in _said(_past(), known=strange)[0].faults[0][1]


def test_a_new_member_is_admitted_before_all_else() -> None:
    rows = _rows(_past(), (L, GEN), (M, NEW), _person())
    verdicts = plan("01234", rows, None, AROUND)
    steps = steps_of(verdicts)
    assert to_enter(verdicts)
    assert [name for name, _values in steps] == ["admit", "set_item", "add_licence", "affiliate"]
    assert steps[0][1]["profile"]["name"] == "旧見本株式会社"
    assert "member_on" not in steps[0][1]["profile"]


def test_rings_and_second_parents_are_found_among_all_rows() -> None:
    since = date(2018, 4, 1)
    book = ControlBook([Held("A", "B", since, None)])
    assert book.add(Held("A", "B", date(2020, 1, 1), None)) is None
    assert "別の会社が親法人等" in (book.add(Held("A", "C", since, None)) or "")
    assert book.add(Held("B", "C", since, None)) is None
    assert "輪になります" in (book.add(Held("C", "A", since, None)) or "")
    assert book.add(Held("A", "C", date(2016, 1, 1), since)) is None


def test_what_a_workbook_says_twice() -> None:
    index = Index()
    rows = [
        Row(M, 2, {"operator_code": "00001", "corporate_number": NUMBER, "roster_no": 1}),
        Row(M, 3, {"operator_code": "00002", "corporate_number": NUMBER, "roster_no": 1}),
        Row(U, 2, {"operator_code": "00001", "email": "a@x.jp", "name": "甲"}),
        Row(U, 3, {"operator_code": "00002", "email": "A@x.jp", "name": "乙"}),
        Row(N, 2, {"corporate_number": OTHER, "roster_no": 1}),
        Row(L, 2, {"corporate_number": NUMBER}),
    ]
    for row in rows:
        index.see(row)
    found = index.faults()
    assert set(found) == {(M, 2), (M, 3), (U, 2), (U, 3)}
    assert [title for title, _ in found[M, 2]] == ["法人番号", "名簿番号"]
    assert index.numbers_alone == {NUMBER, OTHER}
    assert index.renamed({OTHER: "00009"}) == {f"N{OTHER}": "00009", f"N{NUMBER}": "00001"}
    assert key_of(Row(L, 9, {})) == ""
