"""Demo companies: the same from run to run, believable, and valid by the rules of the domain."""

from datetime import date

import pytest

from occto.demo.accounts import ACCOUNTS, PASSWORD, accounts_table
from occto.demo.companies import company, operator_code, outsider
from occto.demo.shapes import BLOCK, Company
from occto.domain.codes import Licence
from occto.domain.control import Control, check_new_parent
from occto.domain.numbers import parse_corporate_number, parse_operator_code, parse_phone, parse_postal_code
from occto.domain.passwords import MINIMUM_ALONE, check_password
from occto.domain.profile import ITEMS, profile_items
from occto.domain.text import PREFECTURES, clean_line, to_katakana
from occto.forms.validators import parse_email

TODAY = date(2026, 11, 23)
SEED = 5


@pytest.fixture(scope="module")
def companies() -> list[Company]:
    return [company(SEED, index, today=TODAY) for index in range(6 * BLOCK)]


def test_a_company_depends_on_seed_and_index_alone(companies: list[Company]) -> None:
    assert company(SEED, 77, today=TODAY) == companies[77]
    assert company(SEED + 1, 77, today=TODAY) != companies[77]


def test_every_category_is_there_within_thirty(companies: list[Company]) -> None:
    found = {held.category for each in companies[:30] for held in each.licences_now()}
    assert found == set(Licence)


def test_values_are_as_the_forms_would_leave_them(companies: list[Company]) -> None:
    for each in companies:
        values = each.profile | (each.amendment.values if each.amendment else {})
        assert set(values) <= {item.key for item in profile_items()}
        for key, value in values.items():
            if isinstance(value, str):
                assert clean_line(value, max_length=ITEMS[key].limit) == value.replace("　", "　")
            if key.endswith("kana"):
                assert to_katakana(value) == value
            if key.endswith("_email"):
                assert parse_email(value) == value
            if key.endswith("_phone"):
                assert parse_phone(value) == value
        assert parse_corporate_number(values["corporate_number"]) == values["corporate_number"]
        assert parse_postal_code(values["postal_code"]) == values["postal_code"]
        assert values["prefecture"] in PREFECTURES
        assert {item.key for item in profile_items() if item.required} <= set(values)
        assert all(parse_email(person.email) == person.email for person in each.people)


def test_codes_keep_leading_zeros_and_never_meet() -> None:
    codes = [operator_code(index) for index in range(95_000)]
    assert len(set(codes)) == len(codes)
    assert {len(code) for code in codes} == {5}
    assert any(code.startswith("0") for code in codes[:100])
    assert all(parse_operator_code(code) == code for code in codes[:90_000:97])
    assert max(codes[:90_000]) < "90000"


def test_parents_come_first_and_close_no_ring(companies: list[Company]) -> None:
    parents: dict[int, int] = {}
    for each in companies:
        for tie in each.ties:
            assert tie.parent_index is None or tie.parent_index < each.index
            if tie.controlling and tie.parent_index is not None and tie.ended_on is None:
                above = lambda child: [Control(parents[child], date.min, date.max)] if child in parents else []  # noqa: E731
                check_new_parent(above, child=each.index, parent=tie.parent_index, begin=date.min, end=date.max)
                parents[each.index] = tie.parent_index
    assert parents[parents[2]] == 0, "a chain"
    assert [each for each in companies if any(tie.outsider_no is not None for tie in each.ties)]
    assert [each for each in companies if any(tie.parent_name for tie in each.ties)]
    name, number = outsider(SEED, 0)
    assert name
    assert parse_corporate_number(number) == number


def test_there_is_a_past_and_a_future(companies: list[Company]) -> None:
    held = [licence for each in companies for licence in each.licences_now()]
    assert [licence for licence in held if licence.ended_on and licence.ended_on <= TODAY]
    assert [licence for licence in held if licence.effective_on > TODAY]
    assert [each for each in companies if each.left_on(TODAY)]
    assert sum(each.amendment is not None for each in companies) >= len(companies) // 10
    assert all(licence.effective_on >= each.member_on for each in companies for licence in each.licences_now())


def test_rare_letters_are_in_sight_from_the_start(companies: list[Company]) -> None:
    names = "".join(each.profile["name"] for each in companies[:5])
    assert {"𠮷", "髙", "﨑"} <= set(names)


def test_the_fixed_accounts_belong_to_their_companies(companies: list[Company]) -> None:
    for account in ACCOUNTS:
        if account.company is not None:
            person = next(p for p in companies[account.company].people if p.email == account.login)
            assert person.role is account.role
    assert companies[0].profile["name"] == "汐見電力株式会社"
    assert companies[4].profile["name"] == "浜風エナジー株式会社"
    served = [each.index for each in companies if any(shared.owner_index == 4 for shared in each.shared)]
    assert served == [5, 6, 7, 8]


def test_the_password_would_be_taken_and_is_printed() -> None:
    words = [word for account in ACCOUNTS for word in (account.name, account.login.partition("@")[0])]
    check_password(PASSWORD, minimum=MINIMUM_ALONE, context_words=words)
    table = accounts_table()
    assert PASSWORD in table
    assert all(account.login in table for account in ACCOUNTS)
