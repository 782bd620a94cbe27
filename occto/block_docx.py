"""A paper of blocks as DOCX, to go on writing in a word processor: A4, Japanese typefaces, the content of the PDF."""

import re
import zipfile
from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

from occto.block_paper import Block, BlockPaper, Facts, Heading, Lines, Signers, Sub, Table, Words
from occto.domain.assembly import names_rehearsal

if TYPE_CHECKING:
    from docx.document import Document

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
LATIN, JAPANESE = "Times New Roman", "游明朝"
_STAMP = (1980, 1, 1, 0, 0, 0)


def as_docx(paper: BlockPaper, *, created_at: datetime) -> bytes:
    """The paper as DOCX; the same paper at the same time gives the same bytes."""
    from docx import Document  # imported on first use, as every maker of papers

    document = Document()
    _set_up(document, paper, created_at)
    if names_rehearsal(paper.subtitle):
        _mark_rehearsal(document)
    document.add_paragraph(paper.subtitle, style="Subtitle")
    document.add_paragraph(paper.title, style="Title")
    for block in paper.blocks:
        _DRAWN[type(block)](document, block)
    return _without_times(document)


def _set_up(document: "Document", paper: BlockPaper, created_at: datetime) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Mm, Pt, RGBColor

    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(25)
    section.top_margin, section.bottom_margin = Mm(30), Mm(25)
    sizes = {"Normal": 10.5, "Title": 20, "Subtitle": 12, "Heading 1": 13, "Heading 2": 11}
    for name, size in sizes.items():
        style: Any = document.styles[name]
        style.font.size, style.font.name, style.font.italic = Pt(size), LATIN, False
        style.font.color.rgb = RGBColor(0, 0, 0)
        _typeface(style.element.get_or_add_rPr())
    for name in ("Title", "Subtitle"):
        centred: Any = document.styles[name]
        centred.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _page_numbers(section)
    core = document.core_properties
    core.title, core.author, core.language = f"{paper.subtitle} {paper.title}", "電力広域的運営推進機関", "ja-JP"
    core.created = core.modified = created_at.replace(tzinfo=None)
    core.last_modified_by, core.comments, core.revision = "", "", 1


def _mark_rehearsal(document: "Document") -> None:
    """In the head of every page: this counts for nothing."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt

    line = document.sections[0].header.paragraphs[0]
    line.alignment = WD_ALIGN_PARAGRAPH.CENTER
    run = line.add_run("■■■　リハーサル（本番の書類ではありません）　■■■")
    run.bold, run.font.size = True, Pt(14)


def _typeface(properties: Any) -> None:
    """Japanese signs in a Japanese typeface, and the language of the text told, so that lines break as Japanese does."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    fonts = properties.get_or_add_rFonts()
    for name, face in (("ascii", LATIN), ("hAnsi", LATIN), ("eastAsia", JAPANESE)):
        fonts.set(qn(f"w:{name}"), face)
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    for earlier in properties.findall(qn("w:lang")):
        properties.remove(earlier)
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "ja-JP")
    language.set(qn("w:eastAsia"), "ja-JP")
    properties.append(language)


def _page_numbers(section: Any) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    line = section.footer.paragraphs[0]
    line.alignment = WD_ALIGN_PARAGRAPH.CENTER
    field = OxmlElement("w:fldSimple")
    field.set(qn("w:instr"), "PAGE")
    line._p.append(field)  # noqa: SLF001 - python-docx has no words for fields


def _plain(text: str) -> str:
    """The text without what no document may hold."""
    return _NOT_IN_XML.sub("", text)


def _words(document: "Document", block: Words) -> None:
    for line in block.text.splitlines():
        if line.strip():
            document.add_paragraph(_plain(line.strip()))


def _facts(document: "Document", block: Facts) -> None:
    _grid(document, [list(row) for row in block.rows], widths=(45, 115))


def _table(document: "Document", block: Table) -> None:
    _grid(document, [list(block.heads), *(list(row) for row in block.rows)], numbers=tuple(block.numbers), head=True)


def _grid(
    document: "Document",
    rows: list[list[str]],
    *,
    numbers: tuple[int, ...] = (),
    widths: tuple[int, ...] = (),
    head: bool = False,
) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Mm

    table = document.add_table(rows=len(rows), cols=len(rows[0]) if rows else 1, style="Table Grid")
    for column, width in zip(table.columns, widths, strict=False):
        column.width = Mm(width)  # some readers go by the columns, others by the cells
    for number, row in enumerate(rows):
        for place, (cell, text) in enumerate(zip(table.rows[number].cells, row, strict=True)):
            if widths:
                cell.width = Mm(widths[place])
            first, *more = _plain(text).split("\n")
            cell.paragraphs[0].add_run(first)
            for line in more:
                cell.add_paragraph(line)
            for line in cell.paragraphs:
                line.paragraph_format.space_after = 0
                if place in numbers:
                    line.alignment = WD_ALIGN_PARAGRAPH.RIGHT
                if head and number == 0:
                    for run in line.runs:
                        run.bold = True
        if head and number == 0:
            repeated = OxmlElement("w:tblHeader")
            repeated.set(qn("w:val"), "true")
            table.rows[0]._tr.get_or_add_trPr().append(repeated)  # noqa: SLF001 - the head repeats on every page
    document.add_paragraph()


def _signers(document: "Document", block: Signers) -> None:
    from docx.shared import Mm

    for name in block.names:
        line = document.add_paragraph()
        line.paragraph_format.space_before = Mm(8)
        line.paragraph_format.tab_stops.add_tab_stop(Mm(150))
        line.add_run(f"{_plain(name)}\t印")


def _lines(document: "Document", block: Lines) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    for text in block.lines:
        document.add_paragraph(text).alignment = WD_ALIGN_PARAGRAPH.RIGHT


def _heading(document: "Document", block: Heading) -> None:
    document.add_heading(_plain(block.text), level=1)


def _sub(document: "Document", block: Sub) -> None:
    document.add_heading(_plain(block.text), level=2)


_DRAWN: dict[type[Block], Callable[[Any, Any], None]] = {
    Heading: _heading,
    Sub: _sub,
    Words: _words,
    Facts: _facts,
    Table: _table,
    Signers: _signers,
    Lines: _lines,
}


def _without_times(document: "Document") -> bytes:
    """The package with the times of its entries taken out: they would tell one copy from the next."""
    drawn, plain = BytesIO(), BytesIO()
    document.save(drawn)
    with zipfile.ZipFile(drawn) as source, zipfile.ZipFile(plain, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            bare = zipfile.ZipInfo(entry.filename, date_time=_STAMP)
            bare.compress_type, bare.external_attr = zipfile.ZIP_DEFLATED, 0o100644 << 16
            target.writestr(bare, source.read(entry.filename))
    return plain.getvalue()
