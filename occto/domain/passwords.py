"""Which passwords are refused, and why (NIST SP 800-63B-4, 3.1.1.2): too short, common, or made of names in sight."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from importlib import resources

from occto.domain.text import InputError, has_long_combining_run, storable

MINIMUM_ALONE = 15
"""Characters at least where the password is the only factor."""
MINIMUM_WITH_SECOND_FACTOR = 8
MAXIMUM = 1024

_OWN_WORDS = ("occto", "広域", "電力広域的運営推進機関", "会員情報管理システム")
_SHORTEST_WORD = 3
_SHORTEST_RUN = 3
_ENOUGH_LEFT = 4
_KEYBOARDS = (
    "0123456789",
    "1234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "azertyuiop",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
    "1q2w3e4r5t6y7u8i9o0p",
    "!@#$%^&*()",
    "!\"#$%&'()",
)
_LOOK_ALIKES = str.maketrans("@4831!05$7", "aabeiiosst")
_EDGES = re.compile(r"\A[\W\d_]+|[\W\d_]+\Z")


def normalise_password(password: str) -> str:
    """Return the password as it is hashed and compared: NFKC, whole. Never raises, whatever is typed at sign-in."""
    text = storable(password)
    # Such text is refused by check_password, so it can match no stored hash; normalising it would only take time.
    return text if has_long_combining_run(text) else unicodedata.normalize("NFKC", text)


def check_password(password: str, *, minimum: int, context_words: Iterable[str] = ()) -> None:
    """Raise InputError with the reason when the password may not be used; `minimum` counts characters after NFKC.

    `context_words` are the company's and the person's names and the local part of the mail address.
    """
    if len(password) > MAXIMUM:
        raise InputError(f"パスワードは{MAXIMUM:,}文字以内にしてください。")
    if has_long_combining_run(password) or any(unicodedata.category(sign) in ("Cc", "Cs") for sign in password):
        raise InputError("パスワードに使えない文字が含まれています。キーボードで入力できる文字にしてください。")
    text = normalise_password(password)
    if len(text) < minimum:
        raise InputError(f"パスワードは{minimum}文字以上にしてください（いまは{len(text)}文字です）。")
    folded = text.casefold()
    if _is_repetition(folded):
        raise InputError("同じ文字や並びの繰り返しは推測されやすいため使えません。別のパスワードにしてください。")
    if _left_without_runs(folded) < _ENOUGH_LEFT:
        raise InputError(
            "「12345」や「qwerty」のような文字の並びは推測されやすいため使えません。別のパスワードにしてください。"
        )
    if _is_common(folded):
        raise InputError("よく使われるパスワードに近いため使えません。別のパスワードにしてください。")
    word = _context_word(folded, context_words)
    if word is not None:
        raise InputError(
            f"「{word}」のように、名前や会社名から推測されやすい語が大半を占めています。別のパスワードにしてください。"
        )


def _is_repetition(text: str) -> bool:
    """Tell whether a unit of up to six characters is repeated to the end, or there are at most two different ones."""
    return len(set(text)) <= 2 or any(
        text == (text[:size] * len(text))[: len(text)] for size in range(1, min(6, len(text) // 2) + 1)
    )


def _left_without_runs(text: str) -> int:
    """Return how many characters stand outside runs of three or more along alphabet, figures or keyboard."""
    left, index = 0, 0
    while index < len(text):
        length = max(_run_at(text, index))
        if length >= _SHORTEST_RUN:
            index += length
        else:
            left, index = left + 1, index + 1
    return left


def _run_at(text: str, start: int) -> Iterator[int]:
    end = start
    while end < len(text) and text[end] == text[start]:
        end += 1
    yield end - start
    for row in _rows():
        yield _shared(text, start, row)


def _shared(text: str, start: int, row: str) -> int:
    """Return the length of the longest piece of `row` that the text has at `start`."""
    place = row.find(text[start])
    best = 0
    while place >= 0:
        length = 0
        while start + length < len(text) and row[place + length : place + length + 1] == text[start + length]:
            length += 1
        best, place = max(best, length), row.find(text[start], place + 1)
    return best


@lru_cache(maxsize=1)
def _rows() -> tuple[str, ...]:
    return (*_KEYBOARDS, *(row[::-1] for row in _KEYBOARDS))


def _is_common(text: str) -> bool:
    """Tell whether common words are all there is, with figures and signs around or between and look-alikes folded."""
    words = _common_words()
    return any(stem and _made_of_two(stem, words) for stem in _stems(text))


def _stems(text: str) -> Iterator[str]:
    core = _EDGES.sub("", text)
    for form in (text, text.translate(_LOOK_ALIKES), core, core.translate(_LOOK_ALIKES), re.sub(r"\d+", "", text)):
        yield re.sub(r"[\W_]+", "", form)


def _made_of_two(text: str, words: frozenset[str]) -> bool:
    """Tell whether the text is one common word, one repeated, or two in a row."""
    return text in words or any(
        text[:cut] in words and (text[cut:] in words or text == (text[:cut] * len(text))[: len(text)])
        for cut in range(1, len(text))
    )


@lru_cache(maxsize=1)
def _common_words() -> frozenset[str]:
    lines = resources.files("occto.domain.data").joinpath("common_passwords.txt").read_text("utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def _context_word(text: str, context_words: Iterable[str]) -> str | None:
    """Return a context word found when such words are half of the text or leave fewer than four letters."""
    words = sorted({*_OWN_WORDS, *_folded_words(context_words)}, key=lambda word: (-len(word), word))
    found = next((word for word in words if word in text), None)
    if found is None:
        return None
    rest = text
    for word in words:
        rest = rest.replace(word, " ")
    own = re.sub(r"[\W\d_]", "", rest)
    covered = len(text) - len(rest.replace(" ", ""))
    return found if covered * 2 >= len(text) or len(own) < _ENOUGH_LEFT else None


def _folded_words(context_words: Iterable[str]) -> Iterator[str]:
    for words in context_words:
        folded = normalise_password(words).casefold()
        for word in {folded.replace(" ", ""), *re.split(r"[\s.,\-_+@・]+", folded)}:
            if len(word) >= (_SHORTEST_WORD if word.isascii() else 2):
                yield word
