"""A list of roster numbers: how it is read, and what is said of each line."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from occto.domain.roster import Checked, Entry, Known, check, numbers_in, read_entries

DAY = date(2026, 12, 1)


def _known(place: int, number: int | None, since: date = date(2020, 4, 1)) -> Known:
    return Known(place, f"{place:05d}", f"会社{place}", number, since if number else None)


ROSTER = [_known(1, 1), _known(2, 2), _known(3, 3), _known(4, None)]


def _check(text: str, *, day: date = DAY, roster: list[Known] = ROSTER) -> Checked:
    by_code = {one.code: one for one in roster}
    holders = {one.number: one for one in roster if one.number is not None}
    return check(read_entries(text), by_code=by_code, holders=holders, effective_on=day)


@pytest.mark.parametrize(
    "text",
    [
        "00001\t2",
        "00001,2",
        "００００１，２",
        "00001、2",
        "00001 2",
        "\ufeff00001\t2\r\n",
        '"00001","2"',
        "事業者コード,新しい名簿番号\n00001,2",
        "名簿番号,商号,事業者コード\n2,会社1,00001",
        "事業者コード\t商号\t名簿番号\t新しい名簿番号\n00001\t会社1\t1\t2",
    ],
)
def test_a_list_is_read_however_it_was_made(text: str) -> None:
    assert [(entry.code, entry.number) for entry in read_entries(text)] == [("00001", "2")]


def test_lines_keep_their_numbers() -> None:
    assert read_entries("\n00001,2\n\n  \n00002,1") == [Entry(2, "00001", "2"), Entry(5, "00002", "1")]


def test_two_members_change_their_numbers() -> None:
    found = _check("00001,2\n00002,1\n00003,3")
    assert [(move.known.code, move.number) for move in found.moves] == [("00002", 1), ("00001", 2)]
    assert [one.code for one in found.unchanged] == ["00003"]
    assert found.faults == ()


def test_a_member_without_a_number_gets_one() -> None:
    assert [move.number for move in _check("00004,4").moves] == [4]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("00001", 1, "タブかカンマで区切って"),
        (",5", 1, "タブかカンマで区切って"),
        ("\n99999,5", 2, "事業者コード 99999 の会員が見つかりません"),
        ("1,5", 1, "先頭の 0 も"),
        ("00001,五", 1, "1 以上の数字で"),
        ("00001,0", 1, "1 以上の数字で"),
        ("00001,-3", 1, "1 以上の数字で"),
        ("00001,12345678", 1, "1 以上の数字で"),
        ("00001,5\n00001,6", 2, "会社1が2回以上あります"),
        ("00001,5\n00002,5", 2, "名簿番号 5 が2回以上あります"),
        ("00001,3", 1, "名簿番号 3 は、一覧にない会社3の番号です"),
        ("00001,3\n00003,3", 1, "名簿番号 3 が2回以上"),
    ],
)
def test_a_line_that_cannot_be_is_named(text: str, line: int, words: str) -> None:
    faults = _check(text).faults
    assert any(place == line and words in sentence for place, sentence in faults), faults


def test_a_number_does_not_begin_before_the_one_it_replaces() -> None:
    roster = [_known(1, 1, since=date(2027, 4, 1))]
    (fault,) = _check("00001,9", roster=roster).faults
    assert "2027年4月1日に始まっています" in fault[1]
    assert _check("00001,9", roster=roster, day=date(2027, 4, 1)).faults == ()


@given(st.permutations(range(1, 9)))
def test_any_reordering_of_all_is_taken(order: list[int]) -> None:
    roster = [_known(place, place) for place in range(1, 9)]
    text = "\n".join(f"{place:05d}\t{number}" for place, number in enumerate(order, start=1))
    found = _check(text, roster=roster)
    assert found.faults == ()
    assert {move.known.member_id: move.number for move in found.moves} == {
        place: number for place, number in enumerate(order, start=1) if place != number
    }
    assert len(found.moves) + len(found.unchanged) == 8


@given(st.text(max_size=80))
def test_whatever_is_pasted_raises_nothing(text: str) -> None:
    found = _check(text)
    entries = read_entries(text)
    assert len(found.moves) + len(found.unchanged) + len(found.faults) == len(entries)
    assert all(number > 0 for number in numbers_in(entries))
