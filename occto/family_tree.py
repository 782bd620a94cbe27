"""The tree of a family as it is drawn: where each company, each line and each mark of a group stands. Pure figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

ROW: Final = 60
BOX_HEIGHT: Final = 46
BOX_WIDTH: Final = 304
INDENT: Final = 28
COLUMN: Final = 104
HEAD: Final = 34
DEEPEST: Final = 8
"""Generations that are drawn further in; those below stand under each other."""
SIGNS: Final = 19
"""Signs of a name that a box holds."""
MOST: Final = 200
"""Companies that are drawn; the table below the drawing has all of them."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a company is in a group: kind holds, held or none, and the words in it."""

    kind: str
    words: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A company to draw: its depth below the ultimate parent, what it is called, its relation to its parent."""

    node: int
    depth: int
    name: str
    relation: str
    member: bool
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A company in its place. `line`: the path from the parent's box to this one, empty for the first."""

    leaf: Leaf
    x: int
    y: int
    short: str
    line: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """What templates/admin/allocation_family.html draws."""

    width: int
    height: int
    rows: tuple[Drawn, ...]
    columns: tuple[int, ...]
    """The middle of each group's column."""
    left: int = 0
    box: tuple[int, int] = (BOX_WIDTH, BOX_HEIGHT)


def drawing(leaves: Sequence[Leaf], *, groups: int) -> Drawing:
    """Place the companies, each below its parent and further in. They come in the order of the tree, parents first."""
    shown = leaves[:MOST]
    deep = max((min(leaf.depth, DEEPEST) for leaf in shown), default=0)
    last: dict[int, tuple[int, int]] = {}
    rows = []
    for number, leaf in enumerate(shown):
        depth = min(leaf.depth, DEEPEST)
        x, y = 1 + depth * INDENT, HEAD + number * ROW
        line = ""
        above = last.get(leaf.depth - 1)
        if above is not None:
            stem = above[0] + INDENT // 2 if above[0] < x else x - INDENT // 2
            line = f"M{stem} {above[1] + BOX_HEIGHT}V{y + BOX_HEIGHT // 2}H{x}"
        last[leaf.depth] = (x, y)
        rows.append(Drawn(leaf, x, y, shortened(leaf.name), line))
    left = 1 + deep * INDENT + BOX_WIDTH + 16
    columns = tuple(left + place * COLUMN + COLUMN // 2 for place in range(groups))
    return Drawing(left + groups * COLUMN, HEAD + len(shown) * ROW, tuple(rows), columns, left)


def shortened(name: str) -> str:
    """A name as far as a box holds it."""
    return name if len(name) <= SIGNS else f"{name[: SIGNS - 1]}…"
