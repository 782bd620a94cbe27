"""Drawings made on the server: bars and columns as SVG. Every figure in one stands in a table beside it.

Coordinates are whole units of the drawing; colours and patterns come from classes of app.css.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

WIDTH, LEFT, RIGHT = 1400, 250, 1180
SPAN = RIGHT - LEFT
DIGIT, _MARGIN = 14, 16
_ON = {"c1": "in", "c2": "in mid", "c3": "in dark", "hatch": "in dark", "dots": "in dark"}
_PATTERNS = ("hatch", "dots")


@dataclass(frozen=True, slots=True)
class Shape:
    """An element of the drawing: rect, path or text, with its attributes."""

    tag: str
    attributes: dict[str, Any]
    words: str = ""


@dataclass(slots=True)
class Chart:
    """A drawing: `name` is unique on its page, `title` and `says` are read out in its place."""

    name: str
    title: str
    says: str
    height: int = 0
    shapes: list[Shape] = field(default_factory=list)

    def rect(self, style: str, x: int, y: int, width: int, height: int) -> None:
        place = {"x": x, "y": y, "width": width, "height": height}
        look = {"class": "seg", "fill": f"url(#{self.name}-{style})"} if style in _PATTERNS else {"class": style}
        self.shapes.append(Shape("rect", look | place))

    def text(self, style: str, x: int, y: int, words: str) -> None:
        self.shapes.append(Shape("text", ({"class": style} if style else {}) | {"x": x, "y": y}, words))

    def path(self, style: str, line: str) -> None:
        self.shapes.append(Shape("path", {"class": style, "d": line}))

    def bar(self, y: int, height: int, parts: Sequence[tuple[str, int]], whole: int) -> None:
        """A bar out of `whole`: (style, number) one after the other, the number written in where it finds room."""
        self.rect("ground", LEFT, y, SPAN, height)
        before = 0
        for style, number in parts:
            begin, end = (LEFT + SPAN * edge // max(1, whole) for edge in (before, before + number))
            before += number
            if not number:
                continue
            self.rect(style if style in _PATTERNS else f"seg {style}", begin, y, max(2, end - begin), height)
            self._number(style, begin, end, y + height // 2, f"{number:,}")

    def _number(self, style: str, begin: int, end: int, middle: int, words: str) -> None:
        room = DIGIT * len(words) + _MARGIN
        if end - begin < room:
            return
        centre = (begin + end) // 2
        if style in _PATTERNS:
            self.shapes.append(
                Shape(
                    "rect",
                    {"class": "c4", "x": centre - room // 2, "y": middle - 15, "width": room, "height": 30, "rx": 4},
                )
            )
        self.text(_ON[style], centre, middle + 8, words)

    def limit(self, y: int, height: int, at: int, whole: int, words: str) -> None:
        """A mark across a bar, with its words above."""
        x = LEFT + SPAN * at // max(1, whole)
        self.path("case", f"M{x} {y}v{height}")
        self.path("limit", f"M{x} {y - 14}v{height + 28}")
        self.text("limit-t c", x, y - 26, words)

    def legend(self, y: int, words: Iterable[tuple[str, str]]) -> None:
        x = LEFT
        for style, label in words:
            self.rect(style if style in (*_PATTERNS, "ground") else f"seg {style}", x, y, 34, 26)
            self.text("", x + 46, y + 21, label)
            x += 46 + 22 * len(label) + 44


def per_cent(part: int, whole: int) -> str:
    """A part of a whole to one decimal, cut off, so that 49.97 % is never shown as half."""
    if not whole:
        return "–"
    tenths = 1000 * part // whole
    return f"{tenths // 10}.{tenths % 10} %"
