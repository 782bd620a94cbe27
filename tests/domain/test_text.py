"""What people type is kept as written, refused with a sentence, or made uniform for kana and searching."""

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from occto.domain.text import (
    PREFECTURES,
    InputError,
    clean_line,
    clean_text,
    half_width,
    half_width_digits,
    quote,
    search_key,
    storable,
    to_katakana,
)

ANY_TEXT = st.lists(st.one_of(st.integers(0, 0x10FFFF), st.sampled_from([0, 0x3000, 0xD800, 0x3099, 0xFF70]))).map(
    lambda codes: "".join(map(chr, codes))
)


@pytest.mark.parametrize(
    "name",
    [
        "髙砂グリーン電力株式会社",
        "𠮷野家",
        "山﨑",
        "㈱しおみ",
        "\ufa19林",
        "\ufa10本",
        "葛\U000e0100城",
        "Ａ．Ｂ",
        "①号",
        "K.K. é",
    ],
)
def test_names_survive_as_written(name: str) -> None:
    assert clean_line(name, max_length=50) == name


def test_decomposed_kana_are_composed_and_edges_trimmed() -> None:
    assert clean_line("　 か\u3099す\t電力\r\n東京　太郎 ", max_length=50) == "がす 電力 東京　太郎"


def test_invisible_formatting_is_dropped() -> None:
    assert clean_line("\ufeff汐\u200b見\u202e電力\u00ad", max_length=50) == "汐見電力"


@pytest.mark.parametrize(
    "bad", ["a\0b", "a\x1bb", "\x9f", chr(0xD800), chr(0xDFFF), "\ufffd", "\ufffe", "\U0001ffff", "\ue000"]
)
def test_what_is_no_text_is_refused(bad: str) -> None:
    for clean in (clean_line, clean_text):
        with pytest.raises(InputError, match=r"入力してください。$"):
            clean(f"電力{bad}", max_length=50)


def test_length_counts_code_points_after_cleaning() -> None:
    assert clean_line("  " + "𠮷" * 5 + "  ", max_length=5) == "𠮷" * 5
    with pytest.raises(InputError, match="5文字以内で入力してください（いまは6文字です）"):
        clean_line("𠮷" * 6, max_length=5)
    with pytest.raises(InputError, match="いまは100,000文字です"):
        clean_line("あ" * 100_000, max_length=50)


def test_endless_combining_marks_are_refused_quickly() -> None:
    hostile = "a" + "\u0300\u0323" * 20_000
    started = time.process_time()
    with pytest.raises(InputError):
        clean_text(hostile, max_length=40_000)
    assert search_key(hostile) == ""
    assert time.process_time() - started < 1


def test_several_lines_keep_their_breaks() -> None:
    assert clean_text("\r\n 一行目 \r\n\r\n二行目\t終\r", max_length=50) == " 一行目\n\n二行目 終"


@pytest.mark.parametrize(
    ("typed", "kana"),
    [
        ("たかさごぐりーんでんりょく", "タカサゴグリーンデンリョク"),
        ("ﾀｶｻｺﾞ ｸﾞﾘｰﾝ", "タカサゴ　グリーン"),
        ("タカサコ゛", "タカサゴ"),
        ("はﾟわー", "パワー"),
        ("コ-ポレ－ション", "コーポレーション"),
        ("ヴァーチャル・ヶ", "ヴァーチャル・ヶ"),
        ("　しおみ　  でんりょく　", "シオミ　デンリョク"),
        ("すゞき", "スヾキ"),
        ("", ""),
    ],
)
def test_readings_become_full_width_katakana(typed: str, kana: str) -> None:
    assert to_katakana(typed) == kana


@pytest.mark.parametrize(
    ("typed", "named"), [("高砂", "高"), ("グリーンA", "A"), ("ショー1", "1"), ("ア゛", "゙"), ("(カ)", "(")]
)
def test_other_than_kana_is_refused_by_name(typed: str, named: str) -> None:
    with pytest.raises(InputError, match="読みをカタカナかひらがなで入力してください") as refusal:
        to_katakana(typed)
    assert named in str(refusal.value) or "�" in str(refusal.value)


@given(st.lists(st.sampled_from([*"ぁあがぱゔんゞァアガパヴンー・ｱｰ 　", "ｶﾞ", "ﾊﾟ", "か゛", "は゜"])))
def test_readings_are_stable(typed: list[str]) -> None:
    once = to_katakana("".join(typed))
    assert to_katakana(once) == once


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("タカサゴ", "たかさご電力"),
        ("高砂ｸﾞﾘｰﾝ", "髙砂グリーン電力株式会社"),
        ("高砂　グリーン", "㈱髙砂グリーン電力"),
        ("山崎", "山﨑発電合同会社"),
        ("吉野", "𠮷野ソーラー"),
        ("takasago green", "TAKASAGO Green Power Co., Ltd."),
        ("グリーンパワー", "グリーン・パワー有限会社"),
        ("（株）汐見", "株式会社汐見"),
    ],
)
def test_search_finds_the_name(query: str, name: str) -> None:
    assert search_key(query)
    assert search_key(query) in search_key(name)


def test_a_legal_form_alone_can_be_searched() -> None:
    assert search_key("株式会社") == "株式会社"


def test_digits_and_every_hyphen_become_half_width() -> None:
    assert half_width_digits(" ０３ー１２３４‐５６−７８ ") == "03-1234-56-78"
    assert half_width("　ＴＡＲＯ＠ｅｘａｍｐｌｅ．ｊｐ　") == "TARO@example.jp"


def test_quotes_are_short_and_printable() -> None:
    assert quote("1億5千万") == "「1億5千万」"
    assert quote("あ" * 31) == "「" + "あ" * 30 + "…」"
    assert quote("a\0\ud800\n") == "「a��」"


def test_there_are_47_prefectures() -> None:
    assert len(set(PREFECTURES)) == 47
    assert PREFECTURES[0] == "北海道"
    assert PREFECTURES[46] == "沖縄県"


@settings(max_examples=300)
@given(ANY_TEXT)
def test_any_text_is_cleaned_or_refused_with_a_sentence(typed: str) -> None:
    for clean in (clean_line, clean_text):
        try:
            outcome: str | InputError = clean(typed, max_length=100)
        except InputError as refusal:
            outcome = refusal
        if isinstance(outcome, InputError):
            assert str(outcome).endswith("。")
            continue
        assert clean(outcome, max_length=100) == outcome
        assert len(outcome) <= 100
        assert not any(unicodedata.category(sign) in ("Cs", "Cf") or sign == "\0" for sign in outcome)
        outcome.encode()


@settings(max_examples=300)
@given(ANY_TEXT)
def test_helpers_take_any_text(typed: str) -> None:
    for result in (search_key(typed), quote(typed), storable(typed)):
        assert "\0" not in result
        result.encode()
    try:
        to_katakana(typed).encode()
    except InputError as refusal:
        str(refusal).encode()
