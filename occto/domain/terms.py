"""The terms of use (利用規約): their text as a tree, each clause under the code of `domain/clauses.py`.

A version is a file of one line per thing (`occto/data/terms/<number>.txt`), copied into the database on publication:

    = title                 the document
    # 1. title              a chapter
    ## 1.1. title           a section
    - 1.3.1 text            a numbered clause, its number as printed
    * ① text                an item (号) of the clause before it, or of the section when no clause stands before it
    + （１） text            a group heading inside a section
    ! a | b | c             the head of a table; its rows follow
    | a | b | c             a row; `^` is the cell above going on, `¶` starts a new line inside a cell
    any other line          a paragraph

Numbers, widths and punctuation are kept as printed, slips included; only the codes made from them are regular.
"""

import hashlib
import re
import unicodedata
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from occto.domain.clauses import MARKS, anchor
from occto.domain.clauses import Clause as Clause

FIRST_VERSION = 1
_TEXTS = Path(__file__).parents[1] / "data" / "terms"


class TermsFormatError(ValueError):
    """A line of a terms file that the format does not know; the message names the line, counted from 1."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text of a section."""

    text: str
    kind: str = "paragraph"


@dataclass(frozen=True, slots=True)
class Item:
    """One 号: its mark as printed and its text."""

    code: str
    mark: str
    text: str

    @property
    def anchor(self) -> str:
        """The HTML id of the item."""
        return anchor(self.code)


@dataclass(frozen=True, slots=True)
class Items:
    """The 号 that stand directly in a section."""

    items: tuple[Item, ...]
    kind: str = "items"


@dataclass(frozen=True, slots=True)
class NumberedClause:
    """A clause with its printed number, its text and its 号."""

    code: str
    number: str
    text: str
    items: tuple[Item, ...]
    kind: str = "clause"

    @property
    def anchor(self) -> str:
        """The HTML id of the clause."""
        return anchor(self.code)


@dataclass(frozen=True, slots=True)
class Group:
    """A heading inside a section, such as （１） 会員情報管理."""

    code: str
    number: str
    title: str
    kind: str = "group"

    @property
    def anchor(self) -> str:
        """The HTML id of the heading."""
        return anchor(self.code)


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table: its lines, and the number of rows it covers."""

    lines: tuple[str, ...]
    rows: int = 1


@dataclass(frozen=True, slots=True)
class Table:
    """A table: titles of the columns, and rows that leave out cells covered from above."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    kind: str = "table"


Block = Paragraph | Items | NumberedClause | Group | Table


@dataclass(frozen=True, slots=True)
class Section:
    """A section (1.1.) and what stands in it, in order."""

    code: str
    number: str
    title: str
    blocks: tuple[Block, ...]

    @property
    def anchor(self) -> str:
        """The HTML id of the section."""
        return anchor(self.code)


@dataclass(frozen=True, slots=True)
class Chapter:
    """A chapter (1.) and its sections."""

    code: str
    number: str
    title: str
    sections: tuple[Section, ...]

    @property
    def anchor(self) -> str:
        """The HTML id of the chapter."""
        return anchor(self.code)


@dataclass(frozen=True, slots=True)
class Document:
    """The whole text of one version, as a tree, with its canonical text and that text's SHA-256 in hexadecimal."""

    title: str
    chapters: tuple[Chapter, ...]
    canonical: str
    sha256: str
    _texts: dict[str, str] = field(repr=False, compare=False)

    @property
    def codes(self) -> tuple[str, ...]:
        """Every code that has an anchor, in the order of the text."""
        return tuple(self._texts)

    def text_of(self, code: str) -> str:
        """The words of a clause or item, or the title of a section; KeyError when the version lacks the code."""
        return self._texts[code]


def canonical_text(source: str) -> str:
    """The form that is hashed and compared: NFC, LF, lines stripped, no empty line, one LF at the end."""
    lines = (line.strip() for line in unicodedata.normalize("NFC", source).splitlines())
    return "\n".join(line for line in lines if line) + "\n"


@cache
def shipped_text(number: int) -> str:
    """The source text of a version that comes with the software; FileNotFoundError for any other number."""
    return (_TEXTS / f"{number}.txt").read_text(encoding="utf-8")


def parse(source: str) -> Document:
    """The tree of a terms text; TermsFormatError for a line that cannot stand where it stands."""
    canonical = canonical_text(source)
    reader = _Reader()
    for number, line in enumerate(canonical.splitlines(), start=1):
        try:
            reader.take(line)
        except TermsFormatError as error:
            raise TermsFormatError(f"line {number}: {error}") from None
    if not reader.title:
        raise TermsFormatError("line 1: no title")
    return Document(
        title=reader.title,
        chapters=reader.finished_chapters(),
        canonical=canonical,
        sha256=hashlib.sha256(canonical.encode()).hexdigest(),
        _texts=reader.texts,
    )


class _Reader:
    """Takes the lines in order and closes each thing when the next one begins."""

    def __init__(self) -> None:
        self.title = ""
        self.texts: dict[str, str] = {}
        self._chapters: list[Chapter] = []
        self._chapter: tuple[str, str, str] | None = None
        self._sections: list[Section] = []
        self._section: tuple[str, str, str] | None = None
        self._blocks: list[Block] = []
        self._clause: tuple[str, str, str] | None = None
        self._items: list[Item] = []
        self._columns: tuple[str, ...] = ()
        self._rows: list[list[str]] = []

    def take(self, line: str) -> None:
        """Read one canonical line."""
        mark, _, rest = line.partition(" ")
        verbs = {
            "=": self._take_title,
            "#": self._take_chapter,
            "##": self._take_section,
            "-": self._take_clause,
            "*": self._take_item,
            "+": self._take_group,
            "!": self._take_columns,
            "|": self._take_row,
        }
        if mark in verbs:
            verbs[mark](rest)
        else:
            self._need_section()
            self._close_block()
            self._blocks.append(Paragraph(line))

    def finished_chapters(self) -> tuple[Chapter, ...]:
        """Everything read, closed."""
        self._close_chapter()
        return tuple(self._chapters)

    def _take_title(self, rest: str) -> None:
        if self.title:
            raise TermsFormatError("a second title")
        self.title = rest

    def _take_chapter(self, rest: str) -> None:
        self._close_chapter()
        number, title = _numbered(rest)
        self._chapter = (self._add(_regular(number), title), number, title)

    def _take_section(self, rest: str) -> None:
        if self._chapter is None:
            raise TermsFormatError("a section outside a chapter")
        self._close_section()
        number, title = _numbered(rest)
        self._section = (self._add(_regular(number), title), number, title)

    def _take_clause(self, rest: str) -> None:
        section = self._need_section()
        self._close_block()
        number, text = _numbered(rest)
        regular = _regular(number)
        code = regular if regular.startswith(section + ".") else f"{section}/{regular}"
        self._clause = (self._add(code, text), number, text)

    def _take_item(self, rest: str) -> None:
        section = self._need_section()
        mark, text = _numbered(rest)
        if len(mark) != 1 or mark not in MARKS:
            raise TermsFormatError(f"unknown mark of an item: {mark}")
        if self._columns:
            self._close_block()
        parent = self._clause[0] if self._clause else section
        self._items.append(Item(self._add(parent + mark, text), mark, text))

    def _take_group(self, rest: str) -> None:
        section = self._need_section()
        self._close_block()
        number, title = _numbered(rest)
        code = self._add(section + unicodedata.normalize("NFKC", number), title)
        self._blocks.append(Group(code, number, title))

    def _take_columns(self, rest: str) -> None:
        self._need_section()
        self._close_block()
        self._columns = tuple(_cells(rest))

    def _take_row(self, rest: str) -> None:
        cells = _cells(rest)
        if not self._columns or len(cells) != len(self._columns):
            raise TermsFormatError("a row that fits no table")
        if not self._rows and "^" in cells:
            raise TermsFormatError("a first row cannot continue a cell")
        self._rows.append(cells)

    def _need_section(self) -> str:
        if self._section is None:
            raise TermsFormatError("text outside a section")
        return self._section[0]

    def _add(self, code: str, text: str) -> str:
        if code in self.texts:
            raise TermsFormatError(f"the code {code} appears twice")
        self.texts[code] = text
        return code

    def _close_block(self) -> None:
        if self._clause is not None:
            self._blocks.append(NumberedClause(*self._clause, items=tuple(self._items)))
        elif self._items:
            self._blocks.append(Items(tuple(self._items)))
        if self._columns:
            self._blocks.append(Table(self._columns, _merged(self._rows)))
        self._clause, self._items, self._columns, self._rows = None, [], (), []

    def _close_section(self) -> None:
        self._close_block()
        if self._section is not None:
            self._sections.append(Section(*self._section, blocks=tuple(self._blocks)))
        self._section, self._blocks = None, []

    def _close_chapter(self) -> None:
        self._close_section()
        if self._chapter is not None:
            self._chapters.append(Chapter(*self._chapter, sections=tuple(self._sections)))
        self._chapter, self._sections = None, []


def _numbered(rest: str) -> tuple[str, str]:
    number, _, text = rest.partition(" ")
    if not number or not text:
        raise TermsFormatError(f"a number and words are needed: {rest}")
    return number, text.strip()


def _regular(number: str) -> str:
    regular = unicodedata.normalize("NFKC", number).rstrip(".")
    if not re.fullmatch(r"\d+(\.\d+)*", regular):
        raise TermsFormatError(f"not a number of a clause: {number}")
    return regular


def _cells(rest: str) -> list[str]:
    return [cell.strip() for cell in rest.split("|")]


def _merged(rows: list[list[str]]) -> tuple[tuple[Cell, ...], ...]:
    merged = []
    for at, row in enumerate(rows):
        cells = []
        for column, text in enumerate(row):
            if text == "^":
                continue
            covered = 1
            while at + covered < len(rows) and rows[at + covered][column] == "^":
                covered += 1
            cells.append(Cell(tuple(text.split("¶")), covered))
        merged.append(tuple(cells))
    return tuple(merged)
