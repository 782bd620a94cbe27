"""Answers in words, and what differs between two sets of them."""

import pytest

from occto.answers import changes
from occto.domain.joining import Stage


def differing(
    old: dict[str, object], new: dict[str, object], *, section: str = "outline"
) -> list[tuple[str, str, str]]:
    found = changes({section: old}, {section: new}, stage=Stage.PROVISIONAL)
    return [(change.title, change.old, change.new) for change in found]


def test_differences_come_in_the_order_of_declaration() -> None:
    old = {"capital": 1, "representative_name": "旧", "url": "", "representative_kana": "カナ"}
    new = {
        "representative_name": "新",
        "capital": 2,
        "url": None,
        "representative_kana": "カナ",
        "fiscal_month": 3,
        "unknown": 1,
    }
    assert differing(old, new) == [
        ("代表者 氏名", "旧", "新"),
        ("資本金又は出資の額", "1 円", "2 円"),
        ("決算月", "", "3月"),
    ]
    assert differing(new, new) == []


@pytest.mark.parametrize("empty", [None, "", []])
def test_nothing_is_not_a_capital_of_0_yen(empty: object) -> None:
    named = {"representative_name": "同じ"}
    assert differing(named | {"capital": empty}, named | {"capital": 0}) == [("資本金又は出資の額", "", "0 円")]
    assert differing(named | {"capital": empty}, named) == []
