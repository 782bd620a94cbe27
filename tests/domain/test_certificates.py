from datetime import date, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from occto.domain.certificates import (
    ALPHABET,
    LENGTH,
    RANDOM_BITS,
    CertificateState,
    Standing,
    check_character,
    code_of,
    grouped,
    memberships,
    read_code,
    standing,
)

numbers = st.integers(0, 2**RANDOM_BITS - 1)
DAY = date(2026, 11, 27)


@given(numbers)
def test_a_code_has_twelve_signs_and_reads_back(number: int) -> None:
    code = code_of(number)
    assert len(code) == LENGTH
    assert set(code) <= set(ALPHABET)
    assert read_code(code) == code
    assert int("".join(f"{ALPHABET.index(sign):05b}" for sign in code[:-1]), 2) == number


@pytest.mark.parametrize("number", [-1, 2**RANDOM_BITS])
def test_a_number_that_does_not_fit_is_refused(number: int) -> None:
    with pytest.raises(ValueError, match="55 bits"):
        code_of(number)


def test_codes_do_not_change_from_release_to_release() -> None:
    """They are printed on paper: what was valid stays valid."""
    assert code_of(0) == "000000000000"
    assert code_of(1) == "000000000012"
    assert code_of(0x2B_7A_5C_91_D3_E4_0F) == "AVTBJ8X7S0FP"
    assert code_of(2**RANDOM_BITS - 1) == "ZZZZZZZZZZZK"


@given(numbers, st.integers(0, LENGTH - 1), st.sampled_from(ALPHABET))
def test_one_wrong_sign_never_passes(number: int, place: int, sign: str) -> None:
    code = code_of(number)
    wrong = code[:place] + sign + code[place + 1 :]
    assert (read_code(wrong) == wrong) is (wrong == code)


@given(numbers)
def test_two_signs_that_changed_places_never_pass(number: int) -> None:
    code = code_of(number)
    for left, right in combinations(range(LENGTH), 2):
        signs = list(code)
        signs[left], signs[right] = signs[right], signs[left]
        if signs != list(code):
            assert read_code("".join(signs)) is None


CODE = "10K7QM4T9X2" + check_character("10K7QM4T9X2")


@pytest.mark.parametrize(
    "typed",
    [
        CODE.lower(),
        grouped(CODE),
        f"  {grouped(CODE)}\n",
        grouped(CODE).replace("-", " "),
        grouped(CODE).replace("-", "ー"),
        grouped(CODE).replace("-", "−"),
        grouped(CODE).replace("-", "‐"),
        "".join(chr(ord(sign) + 0xFEE0) for sign in CODE),
        CODE.replace("0", "O"),
        CODE.replace("0", "o").replace("1", "l"),
        CODE.replace("1", "I"),
        "　".join(CODE),
    ],
)
def test_a_code_is_read_as_people_type_it(typed: str) -> None:
    assert "0" in CODE
    assert "1" in CODE
    assert read_code(typed) == CODE


@pytest.mark.parametrize(
    "typed",
    ["", "-", CODE[:-1], CODE + "0", "U" * 12, "電" * 12, "\0" * 12, "\ud800" * 12, "-" * 61, CODE + "́", "' OR 1=1 --"],
)
def test_what_is_no_code_is_none(typed: str) -> None:
    assert read_code(typed) is None


@given(st.text(max_size=80))
def test_no_text_is_a_fault(typed: str) -> None:
    found = read_code(typed)
    assert found is None or read_code(found) == found


def test_codes_are_printed_in_groups() -> None:
    assert grouped("K7QM4T9X2BZ8") == "K7QM-4T9X-2BZ8"


def _day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("member_on", "licences", "expected"),
    [
        (None, [("2020-04-01", None)], []),
        ("2020-04-01", [], []),
        ("2020-04-01", [("2020-04-01", None)], [("2020-04-01", None)]),
        ("2020-06-01", [("2020-04-01", None)], [("2020-06-01", None)]),
        ("2020-06-01", [("2020-04-01", "2020-06-01")], []),
        ("2020-04-01", [("2020-04-01", "2022-04-01"), ("2021-01-01", None)], [("2020-04-01", None)]),
        (
            "2020-04-01",
            [("2020-04-01", "2024-04-01"), ("2021-01-01", "2022-01-01")],
            [("2020-04-01", "2024-04-01")],
        ),
        # one ends on the day on which the next begins: no day without
        ("2020-04-01", [("2020-04-01", "2022-04-01"), ("2022-04-01", None)], [("2020-04-01", None)]),
        (
            "2020-04-01",
            [("2022-05-01", None), ("2020-04-01", "2022-04-01")],
            [("2020-04-01", "2022-04-01"), ("2022-05-01", None)],
        ),
    ],
)
def test_membership_follows_the_licences(
    member_on: str | None, licences: list[tuple[str, str | None]], expected: list[tuple[str, str | None]]
) -> None:
    given_periods = [(_day(begin), _day(end) if end else None) for begin, end in licences]
    found = memberships([_day(member_on)] if member_on else [], given_periods)
    assert found == [(_day(begin), _day(end) if end else None) for begin, end in expected]


def test_a_certificate_is_valid_from_the_first_day_up_to_the_day_before_the_end() -> None:
    begin, end = DAY, DAY + timedelta(days=10)
    periods = [(begin, end)]
    assert standing(periods, begin - timedelta(days=1)) == Standing(CertificateState.NOT_YET, begin, None)
    assert standing(periods, begin) == Standing(CertificateState.VALID, begin, end)
    assert standing(periods, end - timedelta(days=1)) == Standing(CertificateState.VALID, begin, end)
    assert standing(periods, end) == Standing(CertificateState.VOID, begin, end)


def test_who_came_back_is_valid_again() -> None:
    first, second = (DAY, DAY + timedelta(days=5)), (DAY + timedelta(days=9), None)
    assert standing([first, second], DAY + timedelta(days=7)).state is CertificateState.VOID
    assert standing([first, second], DAY + timedelta(days=9)) == Standing(CertificateState.VALID, second[0], None)


def test_without_any_membership_it_is_not_yet_valid() -> None:
    assert standing([], DAY) == Standing(CertificateState.NOT_YET, None, None)
