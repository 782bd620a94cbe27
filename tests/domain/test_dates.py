"""Days and instants: 西暦 and 和暦 in, Japanese out, anniversaries as the Civil Code counts."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from occto.domain.dates import (
    JST,
    add_months,
    add_years,
    end_of_day_exclusive,
    format_date,
    format_date_era,
    format_date_weekday,
    format_instant,
    parse_date,
    start_of_day,
    today_jst,
)
from occto.domain.text import InputError

DAYS = st.dates(date(1873, 1, 1), date(2199, 12, 31))
ANY_TEXT = st.one_of(
    st.lists(st.integers(0, 0x10FFFF)).map(lambda codes: "".join(map(chr, codes))),
    st.text(st.sampled_from("0123456789０２年月日令和平成昭元RHS./- 　\ud800")),
)


@pytest.mark.parametrize(
    "typed",
    [
        "2026-11-23",
        "2026/11/23",
        "2026.11.23",
        "20261123",
        "2026年11月23日",
        "２０２６年１１月２３日",
        "２０２６－１１－２３",
        "2026ー11ー23",
        "令和8年11月23日",
        "令和8.11.23",
        "令和８．１１．２３",
        "R8.11.23",
        "r8/11/23",
        "R08-11-23",
        "㋿8年11月23日",
        "  2026 年 11 月 23 日　",
    ],
)
def test_one_day_in_many_writings(typed: str) -> None:
    assert parse_date(typed) == date(2026, 11, 23)


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("令和元年5月1日", date(2019, 5, 1)),
        ("令和1.5.1", date(2019, 5, 1)),
        ("平成31年4月30日", date(2019, 4, 30)),
        ("平成元年1月8日", date(1989, 1, 8)),
        ("昭和64年1月7日", date(1989, 1, 7)),
        ("昭和元年12月25日", date(1926, 12, 25)),
        ("大正15年12月25日", date(1926, 12, 25)),
        ("大正元年7月30日", date(1912, 7, 30)),
        ("明治45年7月30日", date(1912, 7, 30)),
        ("M6.1.1", date(1873, 1, 1)),
        ("1868-01-01", date(1868, 1, 1)),
        ("2199-12-31", date(2199, 12, 31)),
        ("令和6.2.29", date(2024, 2, 29)),
    ],
)
def test_eras_begin_and_end_on_their_days(typed: str, day: date) -> None:
    assert parse_date(typed) == day


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("令和元年4月30日", "令和は2019年5月1日からです。2019年4月30日でよければ、平成31年4月30日と入力してください。"),
        ("平成31年5月1日", "平成は2019年4月30日までです。2019年5月1日でよければ、令和元年5月1日と入力してください。"),
        ("昭和64年1月8日", "昭和は1989年1月7日までです。1989年1月8日でよければ、平成元年1月8日と入力してください。"),
        ("平成元年1月7日", "平成は1989年1月8日からです。1989年1月7日でよければ、昭和64年1月7日と入力してください。"),
        ("2026-02-29", "2026年2月29日はありません。月と日をご確認ください。"),
        ("令和8年2月30日", "令和8年2月30日はありません。月と日をご確認ください。"),
        ("2026-13-01", "2026年13月1日はありません。"),
        ("令和0年5月1日", "令和0年はありません。"),
        ("26/11/23", "年は西暦4桁か、令和などの元号を付けて入力してください。"),
        ("12026-11-23", "年は西暦4桁か"),
        ("1867-12-31", "1868年から2199年までの日付を入力してください。"),
        ("2200-01-01", "1868年から2199年までの日付を入力してください。"),
        (
            "きのう",
            "「きのう」を日付として読み取れませんでした。2026年11月23日、令和8.11.23 のように入力してください。",
        ),
        ("11月23日", "読み取れませんでした"),
        ("2026-11", "読み取れませんでした"),
        ("", "読み取れませんでした"),
        ("2" * 100_000, "読み取れませんでした"),
    ],
)
def test_other_days_are_refused_with_what_to_do(typed: str, sentence: str) -> None:
    with pytest.raises(InputError) as refusal:
        parse_date(typed)
    assert sentence in str(refusal.value)


@given(DAYS)
def test_days_are_read_back(day: date) -> None:
    for written in (format_date(day), format_date_era(day), day.isoformat(), f"{day:%Y%m%d}"):
        assert parse_date(written) == day


def test_days_are_written_the_japanese_way() -> None:
    assert format_date(date(2026, 1, 2)) == "2026年1月2日"
    assert format_date_weekday(date(2026, 12, 17)) == "2026年12月17日（木）"
    assert format_date_era(date(2019, 5, 1)) == "令和元年5月1日"
    assert format_date_era(date(1870, 1, 1)) == "1870年1月1日"


def test_instants_are_shown_in_japanese_time() -> None:
    assert format_instant(datetime(2026, 12, 17, 8, 0, tzinfo=UTC)) == "2026年12月17日（木）17:00"
    assert format_instant(datetime(2026, 12, 31, 15, 5, tzinfo=UTC)) == "2027年1月1日（金）00:05"
    assert today_jst(datetime(2026, 12, 31, 14, 59, 59, tzinfo=UTC)) == date(2026, 12, 31)
    assert today_jst(datetime(2026, 12, 31, 15, 0, tzinfo=UTC)) == date(2027, 1, 1)


@pytest.mark.parametrize("show", [format_instant, today_jst])
def test_a_naive_time_is_a_fault(show: object) -> None:
    with pytest.raises(ValueError, match="naive"):
        show(datetime(2026, 1, 1))  # type: ignore[operator]  # noqa: DTZ001


@given(DAYS)
def test_a_day_ends_with_its_last_second_in_japan(day: date) -> None:
    end = end_of_day_exclusive(day)
    assert end.tzinfo is UTC
    assert today_jst(end - timedelta(microseconds=1)) == day
    assert today_jst(end) == day + timedelta(days=1)
    assert end - start_of_day(day) == timedelta(days=1)
    assert start_of_day(day).astimezone(JST).hour == 0


def test_anniversaries_follow_the_civil_code() -> None:
    assert add_years(date(2025, 11, 23), 1) == date(2026, 11, 23)
    assert add_years(date(2024, 2, 29), 1) == date(2025, 2, 28)
    assert add_years(date(2024, 2, 29), 4) == date(2028, 2, 29)
    assert add_months(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert add_months(date(2026, 12, 31), 2) == date(2027, 2, 28)
    assert add_months(date(2026, 3, 31), -1) == date(2026, 2, 28)
    assert add_months(date(2026, 1, 15), -13) == date(2024, 12, 15)


@settings(max_examples=400)
@given(ANY_TEXT)
def test_any_text_is_a_day_or_refused_with_a_sentence(typed: str) -> None:
    try:
        assert 1868 <= parse_date(typed).year <= 2199
    except InputError as refusal:
        str(refusal).encode()
