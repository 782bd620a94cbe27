"""The terms of use: the text against the client's own, the tree, and the codes of the clauses."""

import re
from pathlib import Path

import pytest

from occto.domain import terms
from occto.domain.terms import (
    Clause,
    Document,
    Group,
    Items,
    NumberedClause,
    Paragraph,
    Section,
    Table,
    TermsFormatError,
)

SEED = Path(__file__).parents[1] / "data" / "terms_seed.txt"
HEAD = "= 規約\n# 1. 章\n## 1.1. 節\n"


@pytest.fixture(scope="module")
def document() -> Document:
    return terms.parse(terms.shipped_text(terms.FIRST_VERSION))


def section(document: Document, code: str) -> Section:
    return next(s for c in document.chapters for s in c.sections if s.code == code)


def without_space(text: str) -> str:
    return re.sub(r"\s", "", text)


def halved(line: str) -> str:
    """A heading whose every character was printed twice, once; any other line as it is."""
    packed = without_space(line)
    return packed[::2] if len(packed) > 1 and packed[::2] == packed[1::2] else packed


def seed_words() -> str:
    """The client's text with nothing mended but what the PDF extraction damaged, each damage by name."""
    text = SEED.read_text(encoding="utf-8")
    page_header = "会員情報管理システム利用規約 \n\n \n\n 3 \n"
    assert text.count(page_header) == 1
    text = text.replace(page_header, "")
    words = "".join(halved(line) for line in text.splitlines())
    # the one cell that a page break cuts: the examples beside it are printed between its halves
    examples = "ファイヤウォールの設置ウィルス対策ソフトの導入と更新ログの取得・保管・管理"
    examples += "バックアップの取得監視データ消去専用ツールの利用"
    rest_of_cell = words[words.index("動の中断を防止する") : words.index("アクセス制御情報への")]
    assert words.count(examples + rest_of_cell) == 1
    return words.replace(examples + rest_of_cell, rest_of_cell + examples)


def printed(document: Document) -> str:
    """The words of the tree in the order in which a reader meets them."""
    words: list[str] = []
    for chapter in document.chapters:
        words += [chapter.number, chapter.title]
        for part in chapter.sections:
            words += [part.number, part.title]
            for block in part.blocks:
                words += printed_block(block)
    return without_space("".join(words))


def printed_block(block: terms.Block) -> list[str]:
    match block:
        case Paragraph():
            return [block.text]
        case Items():
            return [word for item in block.items for word in (item.mark, item.text)]
        case NumberedClause():
            return [block.number, block.text, *(word for item in block.items for word in (item.mark, item.text))]
        case Group():
            return [block.number, block.title]
        case Table():
            return [*block.columns, *(line for row in block.rows for cell in row for line in cell.lines)]


def test_the_text_is_the_clients_character_by_character(document: Document) -> None:
    assert printed(document) == without_space(seed_words())


def test_slips_of_the_original_stay_as_printed(document: Document) -> None:
    assert "クリックした時点、で成立する" in document.text_of("2.1.2")
    assert document.text_of("2.3.2").endswith("責任を負うものとする、")
    assert section(document, "1.3").blocks[0].number == "1.3.１"
    assert section(document, "3.1").blocks[0].number == "3.2.1"
    assert "「加入仮申請画面の「URL」を通知する。" in document.canonical


def test_no_space_is_left_between_two_japanese_letters(document: Document) -> None:
    japanese = "[\u3041-\u30ff\u4e00-\u9fff]"
    found = [line for line in document.canonical.splitlines() if re.search(f"{japanese} {japanese}", line[2:])]
    # what stands: a table row (the ministry and its agency, as printed) and the quoted numbers of sections
    assert [line for line in found if "経済産業省 資源エネルギー庁" not in line] == []


def test_five_chapters_and_their_sections(document: Document) -> None:
    assert document.title == "会員情報管理システム利用規約"
    assert [(c.code, c.title, len(c.sections)) for c in document.chapters] == [
        ("1", "本利用規約の目的等", 3),
        ("2", "本システムの利用", 9),
        ("3", "セキュリティ対策", 4),
        ("4", "情報の取扱い", 2),
        ("5", "その他", 6),
    ]


def test_the_table_of_functions(document: Document) -> None:
    lead, first, members, second, assembly = section(document, "2.2").blocks
    assert isinstance(lead, Paragraph)
    assert (first.number, first.title, first.code) == ("（１）", "会員情報管理", "2.2(1)")
    assert (second.number, second.title, second.code) == ("（２）", "総会", "2.2(2)")
    assert members.columns == assembly.columns == ("業務名", "機能名", "機能概要")
    assert [(row[0].lines[0], row[0].rows) for row in members.rows if len(row) == 3] == [
        ("加入手続き", 4),
        ("会員情報", 4),
        ("ユーザ管理", 4),
    ]
    assert [len(row) for row in assembly.rows] == [3, 2, 2, 2]
    assert assembly.rows[0][0].rows == 4


def test_the_table_of_security_policies_has_eleven_rows(document: Document) -> None:
    table = section(document, "3.4").blocks[-1]
    assert table.columns == ("情報セキュリティ管理基準", "対策方針", "（参考）対策例")
    assert len(table.rows) == 11
    operations = next(row for row in table.rows if row[0].lines == ("通信及び運用管理",))
    assert [len(cell.lines) for cell in operations] == [1, 9, 6]
    assert all(cell.rows == 1 for row in table.rows for cell in row)


@pytest.mark.parametrize("clause", list(Clause))
def test_every_clause_the_system_acts_on_stands_in_the_text(document: Document, clause: Clause) -> None:
    assert clause.value in document.codes
    assert document.text_of(clause.value)


def test_anchors_are_stable_ascii_and_distinct(document: Document) -> None:
    assert Clause.C2_7_2_4.anchor == "c2-7-2_4"
    assert Clause.C3_3_3_4_2.anchor == "c3-3__3-4-2"
    assert terms.anchor("2.2(1)") == "c2-2_g1"
    anchors = [terms.anchor(code) for code in document.codes]
    assert len(set(anchors)) == len(anchors)
    assert all(re.fullmatch(r"c[0-9a-z_-]+", name) for name in anchors)


def test_the_hash_is_of_the_canonical_text(document: Document) -> None:
    source = terms.shipped_text(terms.FIRST_VERSION)
    assert document.sha256 == "7758c2277f4d2eaf8d1d1a56659257a5cc827af0a213b2113fafecf2950e519e"
    assert terms.parse(source.replace("\n", "  \r\n\r\n")).sha256 == document.sha256
    assert terms.parse(document.canonical) == document
    assert terms.parse(source.replace("いつでも", "随時")).sha256 != document.sha256


def test_an_item_belongs_to_the_clause_before_it_or_to_the_section() -> None:
    tree = terms.parse(HEAD + "文\n* ① 一\n- 1.1.1 条\n* ① 二\n後\n* ② 三\n")
    assert tree.codes == ("1", "1.1", "1.1①", "1.1.1", "1.1.1①", "1.1②")
    assert [block.kind for block in tree.chapters[0].sections[0].blocks] == [
        "paragraph",
        "items",
        "clause",
        "paragraph",
        "items",
    ]


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ("", 1),
        ("= 規約\n= 規約\n", 2),
        ("= 規約\n## 1.1. 節\n", 2),
        ("= 規約\n# 1. 章\n文\n", 3),
        ("= 規約\n# 一 章\n", 2),
        (HEAD + "- 1.1.1\n", 4),
        (HEAD + "* (1) 号\n", 4),
        (HEAD + "* ①② 号\n", 4),
        (HEAD + "| a | b\n", 4),
        (HEAD + "! a | b\n| a\n", 5),
        (HEAD + "! a | b\n| ^ | b\n", 5),
        (HEAD + "- 1.1.1 条\n- 1.1.1 条\n", 5),
    ],
)
def test_a_line_that_cannot_stand_there_is_named(source: str, line: int) -> None:
    with pytest.raises(TermsFormatError, match=f"^line {line}: "):
        terms.parse(source)


def test_a_version_that_does_not_ship_is_not_found() -> None:
    with pytest.raises(FileNotFoundError):
        terms.shipped_text(9999)
