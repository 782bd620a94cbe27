"""The table of a division by hand as it is typed: a line a member, its operator code and its share of the group."""

import re
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import NamedTuple

from occto.domain.errors import Refusal
from occto.domain.text import half_width

MOST_LINES = 2000
_SHARE = re.compile(r"(?P<part>[0-9]{1,7})(?:/(?P<whole>[0-9]{1,7})|\.(?P<places>[0-9]{1,6}))?(?P<percent> ?%)?")
_BETWEEN = re.compile(r"[\t,、 ]+")


class ShareLine(NamedTuple):
    """A line: its number in the text, the code in it, the share as a fraction."""

    line: int
    code: str
    share: Fraction


def read_codes(text: str | None, *, field: str) -> list[str]:
    """Operator codes, one or several a line. Refusals (at `field`): too_many_lines."""
    cells = [cell for line in _lines(text, field=field) for cell in _BETWEEN.split(line[1]) if cell]
    return list(dict.fromkeys(cells))


def read_shares(text: str | None, *, field: str) -> list[ShareLine]:
    """The lines of a table: 1/3, 0.25 or 12.5 % after the code. Refusals (at `field`): too_many_lines, share_unreadable,
    share_doubled.
    """
    found: dict[str, ShareLine] = {}
    for number, line in _lines(text, field=field):
        code, _blank, written = line.partition(" ")
        match = _SHARE.fullmatch(written.strip())
        if match is None or not int(match["whole"] or 1):
            raise Refusal(
                "share_unreadable",
                f"{number}行目を読み取れません。「01234,1/3」のように、事業者コードと割合をカンマで区切って入力してください。",
                field=field,
            )
        if code in found:
            raise Refusal(
                "share_doubled",
                f"{number}行目の事業者コード {code[:20]} が、2回以上あります。1行だけにしてください。",
                field=field,
            )
        found[code] = ShareLine(number, code, _share(match))
    return list(found.values())


def _share(match: re.Match[str]) -> Fraction:
    places = match["places"] or ""
    value = Fraction(int(match["part"] + places), 10 ** len(places)) / int(match["whole"] or 1)
    return value / 100 if match["percent"] else value


def _lines(text: str | None, *, field: str) -> list[tuple[int, str]]:
    """The lines with something in them, in half width, code and share parted by one blank."""
    lines = [
        (number, _BETWEEN.sub(" ", half_width(line).replace("、", ","), count=1).strip())
        for number, line in enumerate((text or "").splitlines(), 1)
        if line.strip()
    ]
    if len(lines) > MOST_LINES:
        raise Refusal("too_many_lines", f"一度に入れられるのは {MOST_LINES:,}行までです。", field=field)
    return lines


def in_shares(lines: Iterable[ShareLine], members: Mapping[str, int], *, field: str) -> dict[int, tuple[int, int]]:
    """The table by member. `members`: who has a code. Refusal code_unknown (at `field`)."""
    found = {}
    for one in lines:
        if one.code not in members:
            raise unknown(one.code, field=field)
        found[members[one.code]] = (one.share.numerator, one.share.denominator)
    return found


def unknown(code: str, *, field: str) -> Refusal:
    """The refusal of a code that no member has."""
    return Refusal(
        "code_unknown", f"事業者コード {code[:20]} の会員が見つかりません。先頭の 0 も入力してください。", field=field
    )
