"""How often somebody may try: slow for a guesser, and no lock that an outsider can cause.

NIST SP 800-63B-4 3.2.2. Failures are counted by pair of account and network address; an account as a whole is slowed
only for addresses from which it has never signed in, so that its owner is not locked out by a stranger.
"""

import ipaddress
from dataclasses import dataclass
from datetime import timedelta

WINDOW = timedelta(minutes=15)
PAIR_LIMIT, ADDRESS_LIMIT, STRANGER_LIMIT = 10, 100, 30
LINK_WINDOW = timedelta(hours=1)
LINK_PAIR_LIMIT, LINK_ADDRESS_LIMIT = 5, 40
KNOWN_FOR = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Tries:
    """Failures in the window: of this account from this address, of the address, of the account; and whether known."""

    pair: int
    address: int
    account: int
    known_address: bool


def network_of(address: str) -> str:
    """What counts as one network address: of IPv6 the first 64 bits, since whoever has one has 2^64 of them."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    mapped = found.ipv4_mapped
    return str(mapped) if mapped else str(ipaddress.ip_network((found, 64), strict=False).network_address)


def may_try(tries: Tries) -> bool:
    """Whether a sign-in may be tried now."""
    if tries.pair >= PAIR_LIMIT or tries.address >= ADDRESS_LIMIT:
        return False
    return tries.known_address or tries.account < STRANGER_LIMIT


def may_pair(failures: int) -> bool:
    """Whether a device may try a pairing code: `failures` are those of its network address in the window."""
    return failures < PAIR_LIMIT


def may_request_link(*, pair: int, address: int) -> bool:
    """Whether another link may be mailed: `pair` and `address` count the requests of the last hour."""
    return pair < LINK_PAIR_LIMIT and address < LINK_ADDRESS_LIMIT
