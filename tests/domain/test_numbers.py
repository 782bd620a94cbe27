"""Codes, money, shares, postal codes and telephone numbers as people type them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stdnum.jp import cn

from occto.domain.numbers import (
    MAX_YEN,
    corporate_number_check_digit,
    format_acceptance_number,
    format_ratio_bp,
    parse_acceptance_number,
    parse_corporate_number,
    parse_operator_code,
    parse_phone,
    parse_postal_code,
    parse_ratio_bp,
    parse_yen,
)
from occto.domain.text import InputError

ANY_TEXT = st.one_of(
    st.lists(st.integers(0, 0x10FFFF)).map(lambda codes: "".join(map(chr, codes))),
    st.text(st.sampled_from("0123456789０１９,，.-ー－〒円億万千百十一二%％()J T¥\0\ud800")),
)
BASES = st.integers(0, 10**12 - 1).map(lambda number: f"{number:012d}")


@pytest.mark.parametrize(
    "typed",
    [
        "7000012050002",
        "7-0000-1205-0002",
        "７００００１２０５０００２",
        " 7000 0120 50002　",
        "７０００ー０１２０５０００２",
    ],
)
def test_a_corporate_number_is_read_in_any_width(typed: str) -> None:
    assert parse_corporate_number(typed) == "7000012050002"


def test_a_corporate_number_that_does_not_add_up_is_refused() -> None:
    with pytest.raises(InputError, match="法人番号の先頭の検査数字が合いません。13桁をもう一度ご確認ください。"):
        parse_corporate_number("6000012050002")
    with pytest.raises(InputError, match="いまは12桁です"):
        parse_corporate_number("700001205000")
    for typed in ("T7000012050002", "", "٧000012050002", "9" * 100_000):
        with pytest.raises(InputError, match="13桁の数字だけ"):
            parse_corporate_number(typed)


def test_only_twelve_base_digits_have_a_check_digit() -> None:
    with pytest.raises(ValueError, match="12 base digits"):
        corporate_number_check_digit("123")


@given(BASES)
def test_check_digits_agree_with_an_independent_library(base: str) -> None:
    number = f"{corporate_number_check_digit(base)}{base}"
    assert cn.is_valid(number)
    assert parse_corporate_number(number) == number


@given(BASES, st.integers(0, 12), st.integers(1, 9))
def test_a_wrong_digit_is_caught_save_0_for_9(base: str, place: int, shift: int) -> None:
    number = f"{corporate_number_check_digit(base)}{base}"
    digit = (int(number[place]) + shift) % 10
    wrong = f"{number[:place]}{digit}{number[place + 1 :]}"
    if place and {number[place], str(digit)} == {"0", "9"}:
        # The rule of the ministry reckons modulo 9 and cannot tell these two apart.
        assert parse_corporate_number(wrong) == wrong
    else:
        with pytest.raises(InputError):
            parse_corporate_number(wrong)


def test_operator_codes_keep_leading_zeros() -> None:
    assert parse_operator_code(" ００１２３ ") == "00123"
    for typed in ("123", "123456", "A0123", "", "0" * 1000):
        with pytest.raises(InputError, match="5桁の数字"):
            parse_operator_code(typed)
    assert parse_operator_code("ａ12", pattern=r"[A-Z][0-9]{2}") == "A12"
    with pytest.raises(InputError, match="事業者コードの形が合いません"):
        parse_operator_code("12", pattern=r"[A-Z][0-9]{2}")


@pytest.mark.parametrize(
    ("typed", "yen"),
    [
        ("150000000", 150_000_000),
        ("150,000,000", 150_000_000),
        ("１５０，０００，０００円", 150_000_000),
        ("¥1,000", 1000),
        ("￥ 1000 円也", 1000),
        ("0", 0),
        ("00010", 10),
        (str(MAX_YEN), MAX_YEN),
    ],
)
def test_yen_are_read_as_whole_numbers(typed: str, yen: int) -> None:
    assert parse_yen(typed) == yen


@pytest.mark.parametrize(
    ("typed", "figure"),
    [
        ("1億5千万", "150,000,000"),
        ("10万", "100,000"),
        ("3,000万円", "30,000,000"),
        ("１億円", "100,000,000"),
        ("1.5億円", "150,000,000"),
        ("15百万円", "15,000,000"),
        ("一億二千三百万", "123,000,000"),
        ("百万円", "1,000,000"),
        ("2兆5,000億", "2,500,000,000,000"),
    ],
)
def test_amounts_in_words_are_refused_with_the_figure_they_mean(typed: str, figure: str) -> None:
    with pytest.raises(InputError) as refusal:
        parse_yen(typed)
    assert str(refusal.value) == (
        f"「{typed}」を読み取れませんでした。{figure} のように円の単位の数字で入力してください。"
    )


@pytest.mark.parametrize(
    "typed",
    ["約1億", "1,00,000", "1.5", "-5", "１0ドル", "億", "1万1億", "1億2億", "99999999兆", "0.00001万", "", "9" * 5000],
)
def test_amounts_that_cannot_be_told_are_refused_with_an_example(typed: str) -> None:
    with pytest.raises(InputError, match="150,000,000 のように円の単位の数字で入力してください"):
        parse_yen(typed)


def test_yen_keep_their_bounds() -> None:
    with pytest.raises(InputError, match="1円以上"):
        parse_yen("0", minimum=1)
    with pytest.raises(InputError, match="999,999,999,999,999円以下"):
        parse_yen(str(MAX_YEN + 1))


@given(st.integers(0, MAX_YEN))
def test_yen_written_with_commas_are_read_back(amount: int) -> None:
    assert parse_yen(f"{amount:,}円") == amount


@pytest.mark.parametrize(
    ("typed", "points"),
    [
        ("33.34", 3334),
        ("33.34%", 3334),
        ("３３．３４％", 3334),
        ("50", 5000),
        ("0", 0),
        ("100.00", 10_000),
        ("5.5", 550),
        ("1.500", 150),
    ],
)
def test_shares_become_basis_points(typed: str, points: int) -> None:
    assert parse_ratio_bp(typed) == points


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("33.345", "小数第2位まで"),
        ("100.01", "0から100まで"),
        ("-1", "読み取れません"),
        ("1/3", "読み取れません"),
        ("5割", "読み取れません"),
    ],
)
def test_other_shares_are_refused(typed: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        parse_ratio_bp(typed)


@given(st.integers(0, 10_000))
def test_shares_are_read_back(points: int) -> None:
    assert parse_ratio_bp(format_ratio_bp(points)) == points


def test_shares_are_written_without_needless_zeros() -> None:
    assert [format_ratio_bp(points) for points in (3334, 5000, 550, 7, 10_000, 0)] == [
        "33.34",
        "50",
        "5.5",
        "0.07",
        "100",
        "0",
    ]


@pytest.mark.parametrize("typed", ["676-0078", "6760078", "〒676-0078", "〒６７６ー００７８", " 676 0078 "])
def test_postal_codes_are_read(typed: str) -> None:
    assert parse_postal_code(typed) == "676-0078"


@pytest.mark.parametrize("typed", ["676", "67600789", "abc", "", "676-007a"])
def test_other_postal_codes_are_refused(typed: str) -> None:
    with pytest.raises(InputError, match="7桁の数字"):
        parse_postal_code(typed)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("03-0000-0000", "03-0000-0000"),
        ("０３ー００００ー００００", "03-0000-0000"),
        ("03(0000)0000", "03-0000-0000"),
        ("090 0000 0000", "090-0000-0000"),
        ("0300000000", "0300000000"),
    ],
)
def test_telephone_numbers_keep_their_hyphens(typed: str, number: str) -> None:
    assert parse_phone(typed) == number


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("03-0000-000", "いまは9桁です"),
        ("090-0000-00000", "いまは12桁です"),
        ("3-0000-0000", "0から始まる"),
        ("", "0から始まる"),
        ("+81-3-0000-0000", "数字とハイフン"),
        ("03-0000-0000 内線12", "数字とハイフン"),
        ("0" * 5000, "数字とハイフン"),
    ],
)
def test_other_telephone_numbers_are_refused(typed: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        parse_phone(typed)


@given(st.integers(1000, 9999), st.integers(1, 99_999), st.booleans())
def test_acceptance_numbers_are_read_back(year: int, serial: int, wide: bool) -> None:
    number = format_acceptance_number(year, serial)
    assert number.startswith(f"J-{year}-{serial:05d}-")
    assert parse_acceptance_number(number) == number
    bare = number.replace("-", "").lower()
    assert parse_acceptance_number(bare[1:]) == number
    typed = "".join(chr(ord(sign) + 0xFEE0) for sign in number) if wide else f" {bare} "
    assert parse_acceptance_number(typed) == number


@given(st.integers(1000, 9999), st.integers(1, 99_999), st.integers(0, 9), st.integers(1, 9))
def test_acceptance_numbers_catch_every_wrong_digit(year: int, serial: int, place: int, shift: int) -> None:
    digits = format_acceptance_number(year, serial).replace("-", "")[1:]
    wrong = f"{digits[:place]}{(int(digits[place]) + shift) % 10}{digits[place + 1 :]}"
    with pytest.raises(InputError, match="受付番号の数字が合いません"):
        parse_acceptance_number(wrong)


@given(st.integers(1000, 9999), st.integers(1, 99_999), st.integers(0, 8))
def test_acceptance_numbers_catch_every_transposition(year: int, serial: int, place: int) -> None:
    digits = format_acceptance_number(year, serial).replace("-", "")[1:]
    swapped = digits[:place] + digits[place + 1] + digits[place] + digits[place + 2 :]
    if swapped != digits:
        with pytest.raises(InputError, match="受付番号の数字が合いません"):
            parse_acceptance_number(swapped)


def test_the_example_in_the_refusal_is_a_valid_number() -> None:
    assert format_acceptance_number(2026, 311) == "J-2026-00311-2"
    with pytest.raises(InputError, match="J-2026-00311-2 のように"):
        parse_acceptance_number("J-2026")


@pytest.mark.parametrize(("year", "serial"), [(2026, 0), (2026, 100_000), (26, 1)])
def test_impossible_acceptance_numbers_are_a_fault(year: int, serial: int) -> None:
    with pytest.raises(ValueError, match="no acceptance number"):
        format_acceptance_number(year, serial)


@settings(max_examples=400)
@given(ANY_TEXT)
def test_any_text_is_read_or_refused_with_a_sentence(typed: str) -> None:
    for parse in (
        parse_corporate_number,
        parse_operator_code,
        parse_yen,
        parse_ratio_bp,
        parse_postal_code,
        parse_phone,
        parse_acceptance_number,
    ):
        try:
            value = parse(typed)
        except InputError as refusal:
            value = refusal
        if isinstance(value, InputError):
            assert str(value).encode()
            assert str(value).endswith(("。", "例：33.34"))
        elif isinstance(value, str):
            assert parse(value) == value
