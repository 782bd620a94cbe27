import struct
from pathlib import Path

import pytest

from occto.glyphs import GETA, coverage, printable
from occto.pdf import FONTS

COVERED = coverage(FONTS / "NotoSansJP-Regular.ttf")


def test_both_weights_cover_the_same_characters() -> None:
    assert coverage(FONTS / "NotoSansJP-Bold.ttf") == COVERED
    assert len(COVERED) == 16_732


@pytest.mark.parametrize(
    "text", ["𠮷野家", "髙橋", "山﨑", "①㈱Ⅳ", "ｼｵﾐ", "か\u3099", "葛\U000e0100城", "#$*_[]<>@\\", ""]
)
def test_names_are_printed_as_they_are_written(text: str) -> None:
    assert printable(text, covered=COVERED) == (text, [])


@pytest.mark.parametrize("char", ["😀", "한", "\ue000", "\x00", "\x1b", "\ud800", "\ufffe", "\U0010ffff"])
def test_a_character_without_a_glyph_becomes_a_geta(char: str) -> None:
    assert printable(f"前{char}後", covered=COVERED) == (f"前{GETA}後", [char])


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\u2028", "\u2029", "\x85", "\v", "\f"])
def test_every_line_end_is_one_newline(end: str) -> None:
    assert printable(f"一{end}二", covered=COVERED) == ("一\n二", [])


def test_other_blanks_are_spaces() -> None:
    assert printable("a\tb\u2007c\u202fd", covered=COVERED) == ("a b c d", [])


@pytest.mark.parametrize("mark", ["\u202e", "\u202a", "\u2066", "\u2069", "\u200b", "\u200d", "\ufeff", "\u061c"])
def test_marks_of_direction_and_joining_are_left_out(mark: str) -> None:
    assert printable(f"A{mark}B", covered=COVERED) == ("AB", [])


def test_a_font_without_a_full_map_is_refused(tmp_path: Path) -> None:
    def font(tag: bytes, table: bytes) -> Path:
        file = tmp_path / f"{tag.decode()}.ttf"
        file.write_bytes(struct.pack(">4sHHHH", b"\0\1\0\0", 1, 0, 0, 0) + struct.pack(">4sIII", tag, 0, 28, 0) + table)
        return file

    with pytest.raises(ValueError, match="no table cmap"):
        coverage(font(b"glyf", b""))
    with pytest.raises(ValueError, match="no cmap of format 12"):
        coverage(font(b"cmap", struct.pack(">HHHHIH", 0, 1, 3, 1, 12, 4)))
