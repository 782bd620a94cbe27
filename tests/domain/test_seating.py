"""席: lists read line by line, faults named, seats row by row."""

import pytest

from occto.domain.seating import Line, Move, Seated, check, read_lines, row_by_row
from occto.domain.tickets import shown_number

SATO, FUJI, YAMA = (
    Seated(1001, "佐藤", "甲", None),
    Seated(1002, "藤本", "甲", "A-1"),
    Seated(1003, "山本", None, "B-1"),
)
ONE, TWO, THREE = (shown_number(one.number) for one in (SATO, FUJI, YAMA))


def test_lines_in_any_form() -> None:
    text = f'\ufeff番号\t席\n{ONE}\tA-1\n\n１００２－４，Ｂ－２\n{THREE} C 3\n"{THREE}","D,4"\n{ONE}'
    assert read_lines(text) == [
        Line(2, ONE, "A-1"),
        Line(4, "1002-4", "B-2"),
        Line(5, THREE, "C 3"),
        Line(6, THREE, "D,4"),
        Line(7, ONE, ""),
    ]


def test_what_changes() -> None:
    found = check([Line(1, TWO, "A-2"), Line(2, ONE, "A-1"), Line(3, THREE, "B-1")], [SATO, FUJI, YAMA])
    assert found.faults == ()
    assert found.moves == (Move(SATO, "A-1"), Move(FUJI, "A-2"))


def test_an_empty_seat_takes_it_away() -> None:
    assert check([Line(1, TWO, "")], [FUJI]).moves == (Move(FUJI, None),)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([Line(1, "1001-8", "A-1")], "番号として読み取れません"),
        ([Line(1, "あ" * 9000, "A-1")], "番号として読み取れません"),
        ([Line(1, shown_number(9999), "A-1")], "有効な受付票がありません"),
        ([Line(1, ONE, "C-1"), Line(2, ONE, "C-2")], "2回以上あります"),
        ([Line(1, ONE, "C-1"), Line(2, TWO, "C-1")], "席 C-1 が2回以上"),
        ([Line(1, ONE, "B-1")], "一覧にない"),
        ([Line(1, ONE, "x" * 21)], "20文字以内"),
    ],
)
def test_faults(lines: list[Line], words: str) -> None:
    found = check(lines, [SATO, FUJI, YAMA])
    assert words in found.faults[0][1]
    assert len(found.moves) < len(lines)


def test_too_many_lines() -> None:
    assert "5,000 行まで" in check([Line(1, ONE, "A-1")] * 5001, [SATO]).faults[0][1]


def test_row_by_row() -> None:
    seated = [Seated(number, "人", None, None) for number in range(60)]
    seats = [move.seat for move in row_by_row(seated, in_a_row=2)]
    assert seats[:3] == ["A-1", "A-2", "B-1"]
    assert (seats[51], seats[52], seats[-1]) == ("Z-2", "AA-1", "AD-2")
    assert row_by_row([FUJI], in_a_row=9) == []
