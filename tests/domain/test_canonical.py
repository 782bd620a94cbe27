from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from occto.domain.canonical import canonical, digest, jsonable
from occto.domain.codes import Licence


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "null"),
        (True, "true"),
        (0, "0"),
        (10**18, "1000000000000000000"),
        ("会員", '"会員"'),
        ({"b": 1, "a": [1, (2, None)]}, '{"a":[1,[2,null]],"b":1}'),
        (Licence.GEN, '"GEN"'),
        (date(2026, 11, 23), '"2026-11-23"'),
        (datetime(2026, 11, 23, 3, 0, tzinfo=UTC), '"2026-11-23T03:00:00+00:00"'),
        ({Licence.GEN: 1}, '{"GEN":1}'),
    ],
)
def test_the_form_of_each_kind(value: Any, expected: str) -> None:
    assert canonical(value) == expected.encode()


def test_equal_values_have_one_form() -> None:
    assert canonical("e\u0301") == canonical("\u00e9")
    assert canonical({"が": 1}) == canonical({"か\u3099": 1})
    noon = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
    assert canonical(noon) == canonical(noon.astimezone(timezone(timedelta(hours=9))))
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})


def test_different_values_have_different_forms() -> None:
    values: list[Any] = [None, False, 0, "", "0", [], {}, [0], [None], {"a": None}, "null", "𠮷", "吉"]
    assert len({canonical(value) for value in values}) == len(values)


@pytest.mark.parametrize(
    "value", [0.5, 1.0, float("nan"), Decimal(1), Fraction(1, 2), b"x", {1, 2}, object(), {"a": {"b": 0.1}}]
)
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="canonical form"):
        canonical(value)


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(TypeError, match="time zone"):
        jsonable(datetime(2026, 11, 23))  # noqa: DTZ001 - what must not pass


def test_a_digest_is_sha_256_of_the_form() -> None:
    assert digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
