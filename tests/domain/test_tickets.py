"""Tokens and numbers of 受付票: what was read or typed, whatever the reader and the keyboard did to it."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from occto.domain.tickets import NOTHING, PRACTICE_TOKEN, TOKEN_LENGTH, hash_of, read_code, shown_number, token_of

KEY = hashlib.sha256(b"key").digest()
TOKEN = token_of(KEY)


def test_a_token_is_the_first_130_bits_in_signs_that_every_reader_types() -> None:
    assert len(TOKEN) == TOKEN_LENGTH
    assert TOKEN.upper() == TOKEN
    assert not set(TOKEN) & set("ILOU")
    assert token_of(KEY[:17]) == TOKEN
    other = bytes([KEY[0] ^ 0x80]) + KEY[1:]
    assert token_of(other) != TOKEN


@pytest.mark.parametrize(
    "typed",
    [
        TOKEN,
        TOKEN.lower(),
        f"  {TOKEN}\r\n",
        f"https://example.jp/t/{TOKEN}",
        f"//{TOKEN}",
        "".join(chr(ord(sign) + 0xFEE0) for sign in TOKEN),
        "-".join(TOKEN[at : at + 4] for at in range(0, TOKEN_LENGTH, 4)),
        TOKEN.replace("0", "O").replace("1", "l"),
    ],
)
def test_a_token_is_read_however_it_arrives(typed: str) -> None:
    assert read_code(typed).token_hash == hash_of(TOKEN)


@pytest.mark.parametrize("typed", ["2041-7", "２０４１－７", "2041 7", "20417", " 2041ー7 "])
def test_a_number_with_its_check_digit(typed: str) -> None:
    assert read_code(typed.replace("7", shown_number(2041)[-1]).replace("７", shown_number(2041)[-1])).number == 2041


@given(st.integers(1001, 999_999), st.integers(1, 9))
def test_a_wrong_check_digit_is_no_number(number: int, step: int) -> None:
    digits = shown_number(number).replace("-", "")
    assert read_code(digits).number == number
    assert read_code(f"{digits[:-1]}{(int(digits[-1]) + step) % 10}").number is None


@given(st.text(max_size=200))
def test_any_text_is_a_token_a_number_or_nothing(text: str) -> None:
    found = read_code(text)
    assert found == NOTHING or (found.token_hash is None) is not (found.number is None)


@pytest.mark.parametrize("typed", ["", "x" * 100_000, TOKEN + "0", TOKEN[:-1], "123", "\0", "\ud800"])
def test_anything_else_is_nothing(typed: str) -> None:
    assert read_code(typed) == NOTHING


def test_the_practice_code_is_known_as_such() -> None:
    assert read_code(PRACTICE_TOKEN).practice
    assert not read_code(TOKEN).practice
