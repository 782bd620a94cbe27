"""Addresses by postal code, offline."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from occto.addresses import Address, address_of
from occto.domain.text import PREFECTURES


@pytest.mark.parametrize(
    ("code", "address"),
    [
        ("100-0001", Address("東京都", "千代田区", "千代田")),
        ("1000001", Address("東京都", "千代田区", "千代田")),
        ("100-0000", Address("東京都", "千代田区", "")),  # 以下に掲載がない場合
        ("676-0078", Address("兵庫県", "高砂市", "伊保")),
        ("004-0000", Address("北海道", "", "")),  # two wards share it
        ("950-0102", Address("新潟県", "", "")),  # two wards have a town of that name
        ("072-0819", Address("北海道", "美唄市", "")),  # two towns share it
        ("029-5503", Address("岩手県", "和賀郡西和賀町", "")),  # a list of lots, no town
        ("409-0142", Address("山梨県", "北都留郡小菅村", "")),  # …の次に番地がくる場合
    ],
)
def test_postal_codes_give_what_they_can(code: str, address: Address) -> None:
    assert address_of(code) == address


def test_a_large_office_has_its_lot() -> None:
    found = address_of("060-8554")
    assert found is not None
    assert found.town == "北四条西4丁目1番地"


@pytest.mark.parametrize("code", ["999-9999", "", "abc", "100-00011", "１００-０００１", "1' or 1=1", "\0"])
def test_other_codes_give_nothing(code: str) -> None:
    assert address_of(code) is None


def test_prefectures_are_spelt_as_in_the_forms() -> None:
    for code in ("060-8554", "100-0001", "676-0078", "900-0001", "600-8001"):
        found = address_of(code)
        assert found is not None
        assert found.prefecture in PREFECTURES


def test_threads_may_ask_at_once() -> None:
    codes = ["100-0001", "676-0078", "060-8554"] * 20
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(address_of, codes)) == [address_of(code) for code in codes]
