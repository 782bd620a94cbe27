import pytest

from occto.domain.control import MAX_DEPTH, check_new_parent
from occto.domain.errors import Refusal


def _code(parents: dict[int, int], *, child: int, parent: int) -> str | None:
    try:
        check_new_parent(parents, child=child, parent=parent)
    except Refusal as refusal:
        return refusal.code
    return None


@pytest.mark.parametrize(
    ("parents", "child", "parent", "code"),
    [
        ({}, 1, 2, None),
        ({1: 2}, 1, 2, None),
        ({2: 3}, 1, 2, None),
        ({3: 1}, 1, 2, None),
        ({1: 3}, 2, 3, None),
        ({}, 1, 1, "self_parent"),
        ({1: 3}, 1, 2, "two_parents"),
        ({2: 1}, 1, 2, "control_cycle"),
        ({2: 3, 3: 4, 4: 1}, 1, 2, "control_cycle"),
    ],
)
def test_one_parent_and_no_ring(parents: dict[int, int], child: int, parent: int, code: str | None) -> None:
    assert _code(parents, child=child, parent=parent) == code


def test_a_ring_that_stands_already_does_not_hang() -> None:
    assert _code({2: 3, 3: 2}, child=1, parent=2) is None


def test_a_long_line_is_followed_to_its_end() -> None:
    line = {number: number + 1 for number in range(1, MAX_DEPTH)}
    assert _code(line, child=MAX_DEPTH, parent=1) == "control_cycle"
