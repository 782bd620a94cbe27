import pytest

from occto.domain.throttle import (
    ADDRESS_LIMIT,
    LINK_ADDRESS_LIMIT,
    LINK_PAIR_LIMIT,
    PAIR_LIMIT,
    STRANGER_LIMIT,
    Tries,
    may_request_link,
    may_try,
    network_of,
)


@pytest.mark.parametrize(
    ("pair", "address", "account", "known", "allowed"),
    [
        (0, 0, 0, False, True),
        (PAIR_LIMIT - 1, PAIR_LIMIT, PAIR_LIMIT, False, True),
        (PAIR_LIMIT, PAIR_LIMIT, PAIR_LIMIT, True, False),
        (0, ADDRESS_LIMIT - 1, 0, True, True),
        (0, ADDRESS_LIMIT, 0, True, False),
        (0, 0, STRANGER_LIMIT - 1, False, True),
        (0, 0, STRANGER_LIMIT, False, False),
        (0, 0, 10**6, True, True),
    ],
)
def test_who_may_try(pair: int, address: int, account: int, known: bool, allowed: bool) -> None:
    assert may_try(Tries(pair=pair, address=address, account=account, known_address=known)) is allowed


@pytest.mark.parametrize(
    ("pair", "address", "allowed"),
    [
        (0, 0, True),
        (LINK_PAIR_LIMIT - 1, LINK_ADDRESS_LIMIT - 1, True),
        (LINK_PAIR_LIMIT, 5, False),
        (0, LINK_ADDRESS_LIMIT, False),
    ],
)
def test_who_may_ask_for_a_link(pair: int, address: int, allowed: bool) -> None:
    assert may_request_link(pair=pair, address=address) is allowed


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::"),
        ("2001:db8:1:3::1", "2001:db8:1:3::"),
        ("fe80::1%eth0", "fe80::"),
        ("", ""),
        ("no address", "no address"),
    ],
)
def test_one_network_counts_once(address: str, network: str) -> None:
    assert network_of(address) == network
