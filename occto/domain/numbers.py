"""Numbers people type: codes with check digits, money, shares, postal codes and telephone numbers."""

import re
from fractions import Fraction

from occto.domain.text import InputError, half_width, half_width_digits, quote

MAX_YEN = 999_999_999_999_999
"""The largest amount taken, in yen: well inside a 64-bit column and above any company's capital."""

OPERATOR_CODE_PATTERN = r"[0-9]{5}"
FULL_SHARE_BP = 10_000
"""100 % in basis points."""

_LONGEST = 60
_SPACES = re.compile(r"\s+")
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+")

# Damm's table of a totally anti-symmetric quasigroup of order 10: every single wrong digit and every
# transposition of neighbours changes the check digit.
_DAMM = (
    (0, 3, 1, 7, 5, 9, 8, 6, 4, 2),
    (7, 0, 9, 2, 1, 5, 4, 8, 6, 3),
    (4, 2, 0, 6, 8, 7, 1, 3, 5, 9),
    (1, 7, 5, 0, 9, 8, 3, 4, 2, 6),
    (6, 1, 2, 3, 0, 4, 5, 9, 7, 8),
    (3, 6, 7, 4, 2, 0, 9, 5, 8, 1),
    (5, 8, 6, 9, 7, 2, 0, 1, 3, 4),
    (8, 9, 4, 5, 3, 6, 2, 0, 1, 7),
    (9, 4, 3, 8, 6, 1, 7, 2, 0, 5),
    (2, 5, 8, 1, 4, 3, 6, 7, 9, 0),
)

_LARGE_UNITS = {"兆": 10**12, "億": 10**8, "万": 10**4, "萬": 10**4}
_SMALL_UNITS = {"千": 1000, "百": 100, "十": 10}
_KANJI_DIGITS = {sign: value for value, sign in enumerate("〇一二三四五六七八九")}
_AMOUNT_TOKEN = re.compile(r"[0-9]+(?:,[0-9]{3})*(?:\.[0-9]+)?|[〇一二三四五六七八九]+|[兆億万萬千百十]")


def corporate_number_check_digit(base: str) -> int:
    """Return the check digit 1..9 of the 12 base digits (法人番号の指定等に関する省令 2条): 9 - (Σ Pn·Qn mod 9)."""
    if not re.fullmatch(r"[0-9]{12}", base):
        raise ValueError("a corporate number has 12 base digits")
    return 9 - sum(int(digit) * (1 + index % 2) for index, digit in enumerate(reversed(base))) % 9


def parse_corporate_number(value: str) -> str:
    """Return the 13 digits of a 法人番号 whose check digit holds; hyphens, spaces and full width are tolerated."""
    digits = _bare_digits(value)
    if not re.fullmatch(r"[0-9]+", digits) or len(digits) > _LONGEST:
        raise InputError("法人番号は、国税庁が指定する13桁の数字だけを入力してください。")
    if len(digits) != 13:
        raise InputError(f"法人番号は13桁の数字で入力してください（いまは{len(digits)}桁です）。")
    if int(digits[0]) != corporate_number_check_digit(digits[1:]):
        raise InputError("法人番号の先頭の検査数字が合いません。13桁をもう一度ご確認ください。")
    return digits


def parse_operator_code(value: str, *, pattern: str = OPERATOR_CODE_PATTERN) -> str:
    """Return a 事業者コード as text with its leading zeros; `pattern` is the setting it must match whole."""
    code = _SPACES.sub("", half_width(value)).upper()
    if len(code) <= _LONGEST and re.fullmatch(pattern, code):
        return code
    if pattern == OPERATOR_CODE_PATTERN:
        raise InputError("事業者コードは5桁の数字で入力してください。先頭の0も省かずに入力してください。")
    raise InputError("事業者コードの形が合いません。当機関からの通知のとおりに入力してください。")


def parse_yen(value: str, *, minimum: int = 0, maximum: int = MAX_YEN) -> int:
    """Return whole yen from digits of any width, with or without commas, ¥ and 円.

    「1億5千万」 is refused with the figure it would mean, so that the person confirms it. Raises InputError.
    """
    typed = _SPACES.sub("", half_width(value).translate({ord("，"): ",", ord("、"): ","}))
    bare = re.sub(r"円也?\Z", "", re.sub(r"\A[¥￥\\]", "", typed[:_LONGEST]))
    if len(typed) > _LONGEST or not _GROUPED.fullmatch(bare):
        example = 150_000_000 if len(typed) > _LONGEST else _amount_in_words(bare) or 150_000_000
        raise InputError(
            f"{quote(value)}を読み取れませんでした。{example:,} のように円の単位の数字で入力してください。"
        )
    amount = int(bare.replace(",", ""))
    if amount < minimum:
        raise InputError(f"{minimum:,}円以上の金額を入力してください。")
    if amount > maximum:
        raise InputError(f"{maximum:,}円以下の金額を入力してください。単位は円です。")
    return amount


def parse_ratio_bp(value: str) -> int:
    """Return a share in basis points, 0..10000, from per cent with at most two decimals (33.34 → 3334)."""
    typed = _SPACES.sub("", half_width(value))
    match = re.fullmatch(r"([0-9]{1,5})(?:[.．]([0-9]{1,20}))?[%％]?", typed)
    if match is None:
        raise InputError(f"{quote(value)}を読み取れませんでした。33.34 のように％の数字で入力してください。")
    decimals = (match[2] or "").rstrip("0")
    if len(decimals) > 2:
        raise InputError("割合は小数第2位までで入力してください。例：33.34")
    points = int(match[1]) * 100 + int(decimals.ljust(2, "0"))
    if points > FULL_SHARE_BP:
        raise InputError("割合は0から100までの数字で入力してください。")
    return points


def format_ratio_bp(points: int) -> str:
    """Return basis points as per cent without needless zeros: 3334 → "33.34", 5000 → "50"."""
    whole, rest = divmod(points, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".") if rest else str(whole)


def parse_postal_code(value: str) -> str:
    """Return a postal code as "NNN-NNNN" from seven digits of any width, with or without 〒 and hyphen."""
    digits = _bare_digits(value).removeprefix("〒")
    if not re.fullmatch(r"[0-9]{7}", digits):
        raise InputError("郵便番号は 100-0001 のように7桁の数字で入力してください。")
    return f"{digits[:3]}-{digits[3:]}"


def parse_phone(value: str) -> str:
    """Return a domestic telephone number of 10 or 11 digits in half width, its hyphens kept where they were typed."""
    typed = half_width_digits(value)
    if len(typed) > _LONGEST or not re.fullmatch(r"[0-9()\s\-]*", typed):
        raise InputError("電話番号は 03-1234-5678 のように数字とハイフンで入力してください。")
    number = re.sub(r"[()\s\-]+", "-", typed).strip("-")
    count = sum(sign != "-" for sign in number)
    if not number.startswith("0"):
        raise InputError("電話番号は、0から始まる市外局番から入力してください。")
    if count not in (10, 11):
        raise InputError(f"電話番号は10桁か11桁で入力してください（いまは{count}桁です）。")
    return number


def format_acceptance_number(year: int, serial: int) -> str:
    """Return a 受付番号 such as "J-2026-00311-2"; the last is the Damm digit of the nine digits before it."""
    if not 1000 <= year <= 9999 or not 1 <= serial <= 99_999:
        raise ValueError(f"no acceptance number for year {year}, serial {serial}")
    digits = f"{year:04d}{serial:05d}"
    return f"J-{digits[:4]}-{digits[4:]}-{damm(digits)}"


def parse_acceptance_number(value: str) -> str:
    """Return a 受付番号 in its canonical form; width, case, spaces, hyphens and the J may differ. Raises InputError."""
    digits = _bare_digits(value).upper().removeprefix("J")
    if not re.fullmatch(r"[0-9]{10}", digits):
        raise InputError("受付番号は J-2026-00311-2 のように入力してください。")
    if damm(digits) != 0 or digits[0] == "0" or digits[4:9] == "00000":
        raise InputError("受付番号の数字が合いません。受付票の番号をもう一度ご確認ください。")
    return f"J-{digits[:4]}-{digits[4:9]}-{digits[9]}"


def damm(digits: str) -> int:
    """Return the Damm digit of a row of digits; it is 0 for a number that ends with its own check digit."""
    interim = 0
    for digit in digits:
        interim = _DAMM[interim][int(digit)]
    return interim


def _bare_digits(value: str) -> str:
    return re.sub(r"[\s\-]+", "", half_width_digits(value))


def _amount_in_words(text: str) -> int | None:
    """Return the whole yen that an amount such as 1億5千万 or 1.5億 means, None when it cannot be told."""
    tokens = _AMOUNT_TOKEN.findall(text)
    if not tokens or "".join(tokens) != text:
        return None
    total, section, figure = Fraction(0), Fraction(0), None
    last_large = 10**16
    for token in tokens:
        if token in _LARGE_UNITS:
            unit = _LARGE_UNITS[token]
            section += figure or 0
            if unit >= last_large or not section:
                return None
            total, section, figure, last_large = total + section * unit, Fraction(0), None, unit
        elif token in _SMALL_UNITS:
            section, figure = section + (1 if figure is None else figure) * _SMALL_UNITS[token], None
        elif figure is not None:
            return None
        else:
            figure = _figure(token)
    total += section + (figure or 0)
    return int(total) if total.denominator == 1 and 0 < total <= MAX_YEN else None


def _figure(token: str) -> Fraction:
    if token[0] in _KANJI_DIGITS:
        return Fraction(int("".join(str(_KANJI_DIGITS[sign]) for sign in token)))
    return Fraction(token.replace(",", ""))


HIGHEST_ID = 2**63 - 1
"""The highest row number that a database holds."""


def clamped_id(text: str | None) -> int | None:
    """A row number out of an address; None for anything that is none, such as 1,2 or twenty digits."""
    if text is None or not text.isascii() or not text.isdigit() or len(text) > 19:
        return None
    number = int(text)
    return number if 0 < number <= HIGHEST_ID else None
