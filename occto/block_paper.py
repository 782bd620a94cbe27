"""A paper as blocks: one content from which PDF and DOCX are drawn, so that they agree."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from occto import pdf
from occto.domain.assembly import names_rehearsal


@dataclass(frozen=True, slots=True)
class Heading:
    """A part of the paper."""

    text: str


@dataclass(frozen=True, slots=True)
class Sub:
    """An item of the agenda, or another heading within a part."""

    text: str


@dataclass(frozen=True, slots=True)
class Words:
    """What was said and done; a line break parts paragraphs."""

    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Terms and values; a value may have several lines."""

    rows: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under heads; `numbers`: the places of columns that are set to the right; `name` tells it to a screen reader."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[int] = field(default=())
    name: str = ""


@dataclass(frozen=True, slots=True)
class Signers:
    """A line to sign on for each."""

    names: Sequence[str]


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines at the right end, such as who issues it."""

    lines: Sequence[str]


Block = Heading | Sub | Words | Facts | Table | Signers | Lines


@dataclass(frozen=True, slots=True)
class BlockPaper:
    """The whole of it."""

    title: str
    subtitle: str
    blocks: Sequence[Block]

    @property
    def texts(self) -> list[str]:
        """Every text in its order: what DOCX and PDF must both hold."""
        found: list[str] = [self.title, self.subtitle]
        for block in self.blocks:
            found += _texts(asdict(block))
        return found


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value] if value else []
    if isinstance(value, Mapping):
        return [text for key, each in value.items() if key not in {"numbers", "name"} for text in _texts(each)]
    if isinstance(value, Sequence):
        return [text for each in value for text in _texts(each)]
    return []


def as_pdf(paper: BlockPaper, *, issuer: pdf.Issuer, created_at: datetime) -> bytes:
    """The paper as PDF."""
    values = {
        "title": paper.title,
        "subtitle": paper.subtitle,
        "blocks": [{"kind": type(block).__name__, **asdict(block)} for block in paper.blocks],
    }
    title = f"{paper.subtitle} {paper.title}"
    rehearsal = names_rehearsal(paper.subtitle)
    return pdf.render("block_paper", values, title=title, issuer=issuer, created_at=created_at, rehearsal=rehearsal)
