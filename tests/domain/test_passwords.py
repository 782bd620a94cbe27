"""Passwords are refused for a reason that is told, and long ordinary ones are not."""

import time
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from occto.domain.passwords import (
    MAXIMUM,
    MINIMUM_ALONE,
    MINIMUM_WITH_SECOND_FACTOR,
    check_password,
    normalise_password,
)
from occto.domain.text import InputError

CONTEXT = ["Takasago Green Power Co., Ltd.", "髙砂グリーン電力株式会社", "田中 一郎", "ichiro.tanaka", "a"]
ANY_TEXT = st.lists(st.integers(0, 0x10FFFF)).map(lambda codes: "".join(map(chr, codes)))


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "midori-kaze-7-hon-no-matsu",
        "ひろいうみとあおいそらのなかで",
        "Xk9!vQ2#mm4&zRt8",
        "my tanaka friend walks to the sea",
        "the password of a sleepy walrus",
        "x7Gq" * 3 + "kLw29-pfzt",
        " leading and trailing spaces ",
    ],
)
def test_long_ordinary_passwords_pass(password: str) -> None:
    check_password(password, minimum=MINIMUM_ALONE, context_words=CONTEXT)


def test_shorter_ones_pass_beside_a_second_factor() -> None:
    check_password("Xk9!vQ2#", minimum=MINIMUM_WITH_SECOND_FACTOR)
    with pytest.raises(InputError, match="15文字以上にしてください（いまは8文字です）"):
        check_password("Xk9!vQ2#", minimum=MINIMUM_ALONE)


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("password2026!!!!", "よく使われる"),
        ("P@ssw0rd12345678", "よく使われる"),
        ("iloveyouiloveyou", "よく使われる"),
        ("adminpassword2026", "よく使われる"),
        ("summer-2026-winter", "よく使われる"),
        ("Ｐａｓｓｗｏｒｄ＿２０２６＿１１", "よく使われる"),
        ("パスワード20261123abc", "よく使われる"),
        ("aaaaaaaaaaaaaaaaaa", "繰り返し"),
        ("abababababababab", "繰り返し"),
        ("kx7kx7kx7kx7kx7", "繰り返し"),
        ("123456789012345", "並び"),
        ("987654321098765", "並び"),
        ("zyxwvutsrqponml", "並び"),
        ("qwertyuiopasdfgh", "並び"),
        ("1qaz2wsx3edc4rfv", "並び"),
        ("aaaabbbbccccdddd", "並び"),
        ("occto2026occto2026", "「occto」"),
        ("OCCTO-2026-11-23!", "「occto」"),
        ("occtomidoriocctokz", "「occto」"),
        ("広域機関広域2026広域広域", "「広域」"),
        ("TakasagoGreen2026!!", "「takasago」"),
        ("Tanaka.Ichiro.2026", "「ichiro」"),
        ("髙砂グリーン電力株式会社2026", "「髙砂グリーン電力株式会社」"),
    ],
)
def test_guessable_ones_are_refused_with_the_reason(password: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        check_password(password, minimum=MINIMUM_WITH_SECOND_FACTOR, context_words=CONTEXT)


def test_length_has_a_wide_upper_limit() -> None:
    long = "".join(chr(0x4E00 + index) for index in range(MAXIMUM))
    check_password(long, minimum=MINIMUM_ALONE)
    with pytest.raises(InputError, match="1,024文字以内"):
        check_password(f"{long}x", minimum=MINIMUM_ALONE)


@pytest.mark.parametrize("bad", ["\0", "\ud800", "\x1b", "\n", "e" + "\u0301\u0323" * 20])
def test_what_cannot_be_typed_is_refused(bad: str) -> None:
    with pytest.raises(InputError, match="使えない文字"):
        check_password(f"midori-kaze-7-hon{bad}", minimum=MINIMUM_ALONE)


def test_length_is_counted_after_normalising() -> None:
    check_password("㍿" * 2 + "と海の風", minimum=12)  # ㍿ is four characters after NFKC
    assert normalise_password("ｐａｓｓ㍿") == "pass株式会社"


def test_a_password_that_could_never_be_stored_is_still_normalised_in_no_time() -> None:
    started = time.process_time()
    normalise_password("a" + "\u0301\u0323" * 250_000).encode()
    assert time.process_time() - started < 1


@settings(max_examples=300)
@given(ANY_TEXT, ANY_TEXT)
def test_any_text_passes_or_is_refused_with_a_sentence(password: str, word: str) -> None:
    normalise_password(password).encode()
    sentence = ""
    try:
        check_password(password, minimum=8, context_words=[word])
    except InputError as refusal:
        sentence = str(refusal)
    sentence.encode()
    assert sentence.endswith("。") or (not sentence and len(unicodedata.normalize("NFKC", password)) >= 8)
