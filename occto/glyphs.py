"""Which characters the typeface of the PDF can print, and what stands for those that it cannot."""

import struct
import unicodedata
from functools import lru_cache
from pathlib import Path

GETA = "〓"  # the printer's mark for a character that is not in the case
_SEGMENTED_COVERAGE = 12  # the cmap format that reaches past U+FFFF


@lru_cache(maxsize=4)
def coverage(font: Path) -> frozenset[int]:
    """Return the code points that the TrueType file `font` has a glyph for; ValueError when it has no full map."""
    raw = font.read_bytes()
    start = _table(raw, b"cmap")
    (count,) = struct.unpack_from(">H", raw, start + 2)
    for record in range(count):
        (offset,) = struct.unpack_from(">I", raw, start + 8 + 8 * record)
        if struct.unpack_from(">H", raw, start + offset)[0] == _SEGMENTED_COVERAGE:
            return _segments(raw, start + offset)
    raise ValueError(f"{font.name} has no cmap of format {_SEGMENTED_COVERAGE}")


def _table(raw: bytes, tag: bytes) -> int:
    (count,) = struct.unpack_from(">H", raw, 4)
    for record in range(12, 12 + 16 * count, 16):
        if raw[record : record + 4] == tag:
            return int(struct.unpack_from(">I", raw, record + 8)[0])
    raise ValueError(f"the font has no table {tag.decode()}")


def _segments(raw: bytes, start: int) -> frozenset[int]:
    (count,) = struct.unpack_from(">I", raw, start + 12)
    points: set[int] = set()
    for first, last, _glyph in struct.iter_unpack(">III", raw[start + 16 : start + 16 + 12 * count]):
        points.update(range(first, last + 1))
    return frozenset(points)


def printable(text: str, *, covered: frozenset[int]) -> tuple[str, list[str]]:
    """Return `text` as it can be printed, and the characters replaced by 〓, in order (lone surrogates included).

    Nothing is normalised: 﨑 stays 﨑. Line ends become newlines and other blanks spaces; marks of direction and
    joining have no shape of their own and are left out, so that no entry can turn the order of a printed line.
    """
    missing: list[str] = []
    text = "\n".join(text.replace("\r\n", "\n").splitlines())
    return "".join(_character(char, covered, missing) for char in text), missing


def _character(char: str, covered: frozenset[int], missing: list[str]) -> str:
    if char == "\n" or ord(char) in covered or _is_variation_selector(char):
        return char
    if char.isspace():
        return " "
    if unicodedata.category(char) == "Cf":
        return ""
    missing.append(char)
    return GETA


def _is_variation_selector(char: str) -> bool:
    return "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"
