"""届出 without the consent that a day asks for: which of them decide, and whose consent is missing."""

import pytest

from occto.domain.codes import Licence
from occto.domain.elections import Signed, unconsented
from occto.domain.votes import Election, Group, Roll, Voter, allocate

RETAIL, BOTH = frozenset({Licence.RETAIL}), frozenset({Licence.RETAIL, Licence.GEN})
ROLL = Roll(
    [Voter("a", 1, 30, BOTH), Voter("b", 2, 20, RETAIL), Voter("c", 3, 10, BOTH), Voter("x", 4, 90, BOTH)],
    {"a": "p", "b": "p", "c": "p"},
)
"""Under p, a holds the votes of 小売 and 発電; x stands alone."""


def _filed(number: int, holder: str, *signed: str, group: Group | None = Group.R, settled: bool = False) -> Signed[str]:
    return Signed(number, Election(group, "p", holder), frozenset(signed), settled)


@pytest.mark.parametrize(
    ("filed", "missing"),
    [
        ([], {}),
        ([_filed(1, "b", "a")], {}),
        ([_filed(1, "b", "b")], {1: {"a"}}),
        ([_filed(1, "a", "b")], {}),
        ([_filed(1, "b", "b", settled=True)], {}),
        ([_filed(1, "c", "c", group=None)], {1: {"a"}}),
        ([_filed(1, "b", "b"), _filed(2, "a", "b")], {}),
        ([_filed(1, "b", "a"), _filed(2, "c", "a")], {2: {"b"}}),
        ([_filed(1, "b", "b", group=None), _filed(2, "c", "a", group=Group.G)], {1: {"a"}}),
        ([_filed(1, "x", "x")], {}),
        ([Signed(1, Election(None, "x", "x"), frozenset(), False)], {}),
    ],
)
def test_whose_consent_is_missing(filed: list[Signed[str]], missing: dict[int, set[str]]) -> None:
    assert unconsented(allocate(ROLL), filed) == missing
