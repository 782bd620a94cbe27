"""加入証跡: the code on a certificate, and on which days the membership behind it stands.

Only the loss of membership voids a certificate (電気事業法 28条の12); a contract of use that ended, a sanction or a stop
never does, and none of them is asked for here.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: without I, L, O and U."""
LENGTH: Final = 12
RANDOM_BITS: Final = 5 * (LENGTH - 1)
LONGEST_TYPED: Final = 60
"""Longer texts are no code however they are read."""

_VALUES = {sign: value for value, sign in enumerate(ALPHABET)}
_LOOK_ALIKE = str.maketrans("OIL", "011")
_GROUP = 4
_FIELD = 0b100101  # x⁵ + x² + 1: the field of 32 elements in which the check character is reckoned


def code_of(number: int) -> str:
    """The code that a number below 2**55 (RANDOM_BITS) stands for, its check character last. Raises ValueError."""
    if not 0 <= number < 1 << RANDOM_BITS:
        raise ValueError("a code holds 55 bits")
    first = "".join(ALPHABET[number >> 5 * place & 31] for place in reversed(range(LENGTH - 1)))
    return first + check_character(first)


def check_character(first: str) -> str:
    """The last character of the code that begins with these eleven.

    Each place has a weight of its own in the field of 32 elements: one wrong character, or any two that changed places,
    never go unnoticed.
    """
    total = 0
    for sign in first:
        total = _doubled(total ^ _VALUES[sign])
    return ALPHABET[total]


def _doubled(value: int) -> int:
    return value << 1 ^ (_FIELD if value & 16 else 0)


def read_code(typed: str) -> str | None:
    """The code as people type it: any width and case, O for 0, I and L for 1, hyphens and spaces anywhere.

    None where it is no code, or where the check character shows that something was mistyped.
    """
    if len(typed) > LONGEST_TYPED:
        return None
    wide = unicodedata.normalize("NFKC", typed).upper().translate(_LOOK_ALIKE)
    code = "".join(
        sign for sign in wide if not sign.isspace() and unicodedata.category(sign) != "Pd" and sign not in "ー−"
    )
    if len(code) != LENGTH or any(sign not in _VALUES for sign in code):
        return None
    return code if check_character(code[:-1]) == code[-1] else None


def grouped(code: str) -> str:
    """The code as it is printed: K7QM-4T9X-2BZ8."""
    return "-".join(code[start : start + _GROUP] for start in range(0, len(code), _GROUP))


class CertificateState(StrEnum):
    """What a certificate is worth on a day."""

    VALID = "VALID"
    NOT_YET = "NOT_YET"
    VOID = "VOID"


@dataclass(frozen=True, slots=True)
class Standing:
    """`since`: first day of the membership asked about, or of the one to come. `void_from`: first day without it."""

    state: CertificateState
    since: date | None
    void_from: date | None


Period = tuple[date, date | None]
"""From a day on, up to the day before another; None: no end is on record."""


def memberships(joined: Iterable[date], licences: Iterable[Period]) -> list[Period]:
    """The periods of membership in the order of time: with a licence in force (電気事業法 28条の11, 12).

    `joined` are the days of joining, one for each membership: none begins before its own, whenever its licences do.
    """
    days = sorted(joined)
    if not days:
        return []
    found: list[Period] = []
    for begin, end in sorted(licences, key=lambda period: period[0]):
        last_end = found[-1][1] if found else None
        if found and (last_end is None or begin <= last_end):
            found[-1] = (found[-1][0], None if last_end is None or end is None else max(last_end, end))
            continue
        own = next(
            (day for day in days if last_end is None or day >= last_end), begin
        )  # none: it begins with its licence
        if end is None or end > own:
            found.append((max(begin, own), end))
    return found


def standing(periods: Sequence[Period], day: date) -> Standing:
    """What a certificate over these memberships, in the order of time, is worth on `day`."""
    past = [period for period in periods if period[0] <= day]
    if not past:
        return Standing(CertificateState.NOT_YET, periods[0][0] if periods else None, None)
    begin, end = past[-1]
    if end is None or day < end:
        return Standing(CertificateState.VALID, begin, end)
    return Standing(CertificateState.VOID, begin, end)
