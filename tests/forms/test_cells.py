"""Cells of a workbook: what people type, as Excel gives it; and back again."""

from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from occto.domain.codes import LegalForm, Licence
from occto.domain.import_sheets import BY_KIND, LICENCES, MEMBERS, PAST, RELATIONS, USERS, Column
from occto.domain.importing import SheetKind
from occto.domain.profile import profile_items
from occto.domain.text import InputError
from occto.forms.cells import Formula, clean, clean_row, in_words, written


def _column(key: str, kind: SheetKind = SheetKind.MEMBERS) -> Column:
    return BY_KIND[kind].column(key)


READ: list[tuple[str, Any, Any]] = [
    ("operator_code", "00123", "00123"),
    ("operator_code", "０１２３４", "01234"),
    ("operator_code", 12345, "12345"),
    ("corporate_number", 7000012050002.0, "7000012050002"),
    ("corporate_number", "7-0000-1205-0002", "7000012050002"),
    ("kana", "ﾐﾎﾝでんりょく", "ミホンデンリョク"),
    ("legal_form", "株式会社", "KK"),
    ("postal_code", 1000001, "100-0001"),
    ("capital", 150_000_000, 150_000_000),
    ("capital", "１５０，０００円", 150_000),
    ("fiscal_month", "３月", 3),
    ("member_on", datetime(2016, 4, 1), "2016-04-01"),  # noqa: DTZ001 - as openpyxl gives days
    ("member_on", "平成28年4月1日", "2016-04-01"),
    ("member_on", "令和元年5月1日", "2019-05-01"),
    ("name", "髙﨑𠮷電力㈱", "髙﨑𠮷電力㈱"),
    ("name", "=SUM(A1)", "=SUM(A1)"),
    ("roster_no", "1,234", 1234),
    ("url", "  ", None),
    ("url", None, None),
]


@pytest.mark.parametrize(("key", "raw", "value"), READ)
def test_a_cell_is_read_as_people_mean_it(key: str, raw: Any, value: Any) -> None:
    assert clean(_column(key), raw) == value


REFUSED: list[tuple[str, Any, str]] = [
    ("operator_code", 123, "先頭の0がなくなっている"),
    ("operator_code", "1234", "5桁"),
    ("corporate_number", "1234567890123", "検査数字"),
    ("name", Formula("=1+1"), "数式は読み込めません"),
    ("name", "あ" * 121, "120文字以内"),
    ("legal_form", "商店", "選べません"),
    ("prefecture", "東京", "都道府県はありません"),
    ("capital", "1億5千万", "150,000,000"),
    ("capital", -1, "読み取れません"),
    ("capital", 1.5, "読み取れません"),
    ("fiscal_month", 13, "1 から 12"),
    ("url", "www.example.jp", "https://"),
    ("member_contact_email", "山田@example.jp", "半角"),
    ("member_contact_phone", 312345678, "0から始まる"),
    ("member_on", 45000, "日付"),
    ("member_on", "2026/13/1", "ありません"),
    ("member_on", True, "日付"),
    ("roster_no", 0, "1 以上"),
    ("kana", "漢字", "フリガナ"),
]


@pytest.mark.parametrize(("key", "raw", "words"), REFUSED)
def test_a_cell_that_cannot_be_taken_says_why(key: str, raw: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        clean(_column(key), raw)


def test_choices_are_words() -> None:
    assert clean(LICENCES.column("category"), " 小売電気事業者 ") == "RETAIL"
    assert clean(USERS.column("role"), "総会回答担当") == "ASSEMBLY"
    assert clean(RELATIONS.column("controlling"), "支配していない") is False
    assert clean(RELATIONS.column("ratio_bp"), 55.25) == 5525
    with pytest.raises(InputError, match="管理者"):
        clean(USERS.column("role"), "社長")


def test_past_values_are_read_as_their_item() -> None:
    answers, faults = clean_row(
        PAST, {"item": "資本金又は出資の額", "changed_on": "R2.4.1", "before": "1,000", "after": 2000}
    )
    assert (answers["item"], answers["before"], answers["after"], faults) == ("capital", 1000, 2000, [])
    _answers, faults = clean_row(PAST, {"item": "商号", "after": Formula("=A1")})
    assert faults[0][0] == "変更後"
    _answers, faults = clean_row(PAST, {"item": "加入日"})
    assert "という項目はありません" in faults[0][1]


def test_every_item_of_the_profile_has_its_column() -> None:
    assert {item.key for item in profile_items()} <= {column.key for column in MEMBERS.columns}


VALUES = st.one_of(
    st.tuples(st.just("capital"), st.integers(0, 10**14)),
    st.tuples(st.just("fiscal_month"), st.integers(1, 12)),
    st.tuples(st.just("member_on"), st.dates(date(1900, 1, 1), date(2199, 12, 31)).map(date.isoformat)),
    st.tuples(st.just("legal_form"), st.sampled_from([form.value for form in LegalForm])),
    st.tuples(st.just("roster_no"), st.integers(1, 9_999_999)),
)


@given(VALUES)
def test_what_is_written_is_read_back(pair: tuple[str, Any]) -> None:
    key, value = pair
    assert clean(_column(key), written(_column(key), value)) == value


@pytest.mark.parametrize("licence", list(Licence))
def test_licences_are_read_back(licence: Licence) -> None:
    column = LICENCES.column("category")
    assert clean(column, written(column, licence.value)) == licence.value


def test_values_in_words() -> None:
    assert in_words(_column("capital"), 1500) == "1,500 円"
    assert in_words(_column("member_on"), "2016-04-01") == "2016年4月1日"
    assert in_words(RELATIONS.column("ratio_bp"), 5525) == "55.25"
    assert in_words(_column("url"), None) == ""
