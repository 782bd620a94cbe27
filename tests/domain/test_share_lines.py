"""The table of a division by hand, read as people type it."""

from fractions import Fraction

import pytest

from occto.domain.errors import Refusal
from occto.domain.share_lines import in_shares, read_codes, read_shares


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("01234,1/3", Fraction(1, 3)),
        ("01234\t0.25", Fraction(1, 4)),
        ("０１２３４、１／３", Fraction(1, 3)),
        ("01234 12.5 %", Fraction(1, 8)),
        ("01234,50％", Fraction(1, 2)),
        ("  01234 , 2/4 ", Fraction(1, 2)),
        ("\n\n01234,0", Fraction(0)),
    ],
)
def test_shares_as_they_are_typed(text: str, share: Fraction) -> None:
    (line,) = read_shares(text, field="shares_G")
    assert (line.code, line.share) == ("01234", share)


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("01234", "share_unreadable", "1行目"),
        ("01234,1/3\n01235,x", "share_unreadable", "2行目"),
        ("01234,1/0", "share_unreadable", "1行目"),
        ("01234,-1/2", "share_unreadable", "1行目"),
        ("01234,1e5", "share_unreadable", "1行目"),
        ("01234,99999999/1", "share_unreadable", "1行目"),
        ("01234,1/2\n\n01234,1/2", "share_doubled", "3行目"),
        ("\n".join(f"{number:05d},1/9" for number in range(2001)), "too_many_lines", "2,000行"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_line(text: str, code: str, line: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_shares(text, field="shares_G")
    assert (caught.value.code, caught.value.field) == (code, "shares_G")
    assert line in caught.value.sentence


def test_nothing_typed_is_an_empty_table() -> None:
    assert read_shares(None, field="shares_G") == []
    assert read_codes("", field="former_gdus") == []


def test_codes_stand_in_lines_or_beside_each_other() -> None:
    assert read_codes("00001\n00002,00003 ００００１", field="former_gdus") == ["00001", "00002", "00003"]


def test_a_code_that_nobody_has_is_refused() -> None:
    lines = read_shares("01234,1/3\n9" + "9" * 90 + ",2/3", field="shares_R")
    assert in_shares(lines[:1], {"01234": 7}, field="shares_R") == {7: (1, 3)}
    with pytest.raises(Refusal) as caught:
        in_shares(lines, {"01234": 7}, field="shares_R")
    assert (caught.value.code, caught.value.field) == ("code_unknown", "shares_R")
    assert len(caught.value.sentence) < 80
