"""What was typeset is read back from the PDF."""

import io
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageFont
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject

from occto.glyphs import coverage
from occto.pdf import (
    FONTS,
    AcceptanceSlip,
    ApplicationCopy,
    Issuer,
    PdfError,
    Section,
    _fonts,
    acceptance_slip,
    application_copy,
    render,
)

pytestmark = pytest.mark.wide

ISSUER = Issuer(telephone="03-0000-0000")
NOW = datetime(2026, 11, 25, 2, 0, tzinfo=UTC)
MARKUP = '# $x^2$ *a* _b_ [c] <d> @e \\ // /* */ `f` ~ -- "g" = + - 1. #include "h" #panic() \\u{41} &amp; {{i}}'
HOSTILE = {
    "markup": MARKUP,
    "unbalanced": "]]) } */ $ ` \" ' #{",
    "json": '"}, {"x": "\\u0041',
    "names": "𠮷野 髙橋 山﨑 葛󠄀城",
    "long Japanese": "電" * 5000,
    "long word": "x" * 1500,
    "long address": "https://a.example/" + "q=1&" * 400,
    "many lines": "行\n" * 300 + "終",
    "right to left": "\u202eabc\u202c",
}


def slip(**changes: Any) -> AcceptanceSlip:
    values: dict[str, Any] = {
        "number": "202600410072",
        "submitted_at": datetime(2026, 11, 23, 1, 5, tzinfo=UTC),
        "accepted_at": datetime(2026, 11, 24, 15, 30, tzinfo=UTC),
        "company_name": "汐見でんき株式会社",
        "corporate_number": "1990001004172",
        "head_office": "神奈川県横浜市中区海岸通二丁目5番",
        "representative": "代表取締役社長 𠮷田 髙﨑子",
        "licences": ["小売電気事業者", "発電事業者"],
        "main_due": date(2027, 11, 23),
    }
    return values | changes  # type: ignore[return-value]


def copy(*sections: Section, **changes: Any) -> ApplicationCopy:
    values: dict[str, Any] = {
        "title": "加入仮申請の控え",
        "number": "2041-7",
        "state": "審査待ち",
        "submitted_at": datetime(2026, 11, 23, 1, 5, tzinfo=UTC),
        "sections": sections or [{"title": "会社", "rows": [("商号", "汐見でんき株式会社"), ("英文商号", None)]}],
    }
    return values | changes  # type: ignore[return-value]


def slip_pdf(**changes: Any) -> bytes:
    return acceptance_slip(slip(**changes), issuer=ISSUER, created_at=NOW)


def copy_pdf(*sections: Section, **changes: Any) -> bytes:
    return application_copy(copy(*sections, **changes), issuer=ISSUER, created_at=NOW)


def reader(pdf: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(pdf))


def pages(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in reader(pdf).pages]


def squeezed(text: str) -> str:
    return re.sub(r"[\s\u202a-\u202e]", "", text)


def printed(pdf: bytes) -> str:
    """The text of the bodies, without the head and foot of the pages, the repeated table heads and any blank."""
    bodies = [page.partition("\n")[2].rpartition("\nお問い合わせ")[0] for page in pages(pdf)]
    return squeezed("".join(bodies)).replace("項目内容", "")


def elements(pdf: bytes) -> Counter[str]:
    """How often each kind of structure element occurs."""

    def walk(node: Any) -> Iterator[str]:
        node = node.get_object()
        if isinstance(node, ArrayObject):
            for child in node:
                yield from walk(child)
        elif isinstance(node, DictionaryObject):
            if "/S" in node:
                yield str(node["/S"])
            if "/K" in node:
                yield from walk(node.raw_get("/K"))

    root = reader(pdf).trailer["/Root"]["/StructTreeRoot"]  # type: ignore[index]
    return Counter(walk(root))


BOTH = pytest.mark.parametrize("make", [slip_pdf, copy_pdf], ids=["slip", "copy"])


def test_slip_says_what_was_received_and_what_to_do_next() -> None:
    (page,) = pages(slip_pdf())
    text = squeezed(page)
    for expected in (
        "汐見でんき株式会社御中",
        "加入仮申請受付票",
        "受付番号202600410072",
        "提出日2026年11月23日（月）10:05",
        "受付日2026年11月25日（水）00:30",  # half past midnight in Japan, still the 24th in UTC
        "電気事業法第28条の11第2項",
        "法人番号1990001004172",
        "本店所在地神奈川県横浜市中区海岸通二丁目5番",
        "代表者代表取締役社長𠮷田髙﨑子",
        "電気事業者の区分小売電気事業者発電事業者",
        "2027年11月23日（火）までに",
        "電力広域的運営推進機関総務部総務グループ",
        "電話03-0000-0000",
        "1/1",
    ):
        assert expected in text


def test_copy_shows_every_section_in_order() -> None:
    text = printed(
        copy_pdf(
            {"title": "会社", "rows": [("商号", "汐見でんき株式会社"), ("英文商号", None), ("URL", " ")]},
            {"title": "資本関係", "rows": []},
            {"title": "誓約", "rows": [("規約", "同意しました")]},
        )
    )
    assert "受付番号2041-7状態審査待ち提出日2026年11月23日（月）10:05作成日時2026年11月25日（水）11:00" in text
    assert text.endswith(
        "会社商号汐見でんき株式会社英文商号（記載なし）URL（記載なし）資本関係（記載なし）誓約規約同意しました"
    )


def test_copy_of_a_draft_has_neither_number_nor_date() -> None:
    text = squeezed("".join(pages(copy_pdf(number=None, submitted_at=None))))
    assert "受付番号（提出後に決まります）" in text
    assert "提出日（未提出）" in text


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
@pytest.mark.parametrize("field", ["company_name", "head_office"])
def test_slip_prints_hostile_values_literally(field: str, value: str) -> None:
    assert squeezed(value) in printed(slip_pdf(**{field: value}))


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_copy_prints_hostile_values_literally(value: str) -> None:
    text = printed(copy_pdf({"title": "節", "rows": [("項", value), ("次", "値")]}))
    assert text.endswith(f"節項{squeezed(value)}次値")


def test_titles_labels_and_number_are_literal_too() -> None:
    text = printed(copy_pdf({"title": MARKUP, "rows": [(MARKUP, "値")]}, title=MARKUP, state=MARKUP, number="#1*2_3"))
    literal = squeezed(MARKUP)
    assert text.startswith(f"{literal}受付番号#1*2_3状態{literal}")
    assert f"{literal}値" in text


@pytest.mark.parametrize("value", ["", " ", "\u3000"])
def test_slip_prints_empty_values(value: str) -> None:
    text = printed(slip_pdf(head_office=value, representative=value, licences=[]))
    assert "本店所在地（記載なし）代表者（記載なし）電気事業者の区分（記載なし）" in text


@pytest.mark.parametrize("char", list("xW.。（「&=ー々っｱ電"))
def test_a_word_without_a_break_stays_on_the_page(char: str) -> None:
    size = 525 if char in "。（「" else 1050  # typst sets neighbouring marks half width
    typeface = ImageFont.truetype(FONTS / "NotoSansJP-Regular.ttf", size=size)
    column = 124 / 25.4 * 72  # points: A4 less two margins of 22 mm and the terms' 42 mm
    lines = [
        line.removeprefix("項 ")
        for page in pages(copy_pdf({"title": "節", "rows": [("項", char * 2000)]}))
        for line in page.splitlines()
    ]
    lines = [line for line in lines if set(line) == {char}]
    assert sum(map(len, lines)) == 2000
    assert all(typeface.getlength(line) / 100 < column for line in lines)


def test_a_long_section_repeats_its_head_and_counts_the_pages() -> None:
    texts = pages(copy_pdf({"title": "節", "rows": [(f"項{n}", "値") for n in range(100)]}))
    assert len(texts) > 2
    for number, text in enumerate(texts, 1):
        assert squeezed(text).count("項目内容") == 1
        assert squeezed(text).endswith(f"受付番号2041-7{number}/{len(texts)}")


def test_a_short_section_is_not_parted() -> None:
    short: list[Section] = [{"title": f"節{n}", "rows": [("甲", "値"), ("乙", "値"), ("丙", "末")]} for n in range(12)]
    texts = pages(copy_pdf(*short))
    assert len(texts) > 1
    assert all(text.count("節") == text.count("末") for text in texts)


def test_what_the_typeface_lacks_is_marked_and_named() -> None:
    text = printed(slip_pdf(company_name="汐見😀\ue000株式会社", representative="😀\x00\ud800"))
    assert "汐見〓〓株式会社御中" in text
    assert "代表者〓〓〓" in text
    assert text.endswith("〓は、印刷用の書体にない文字の代わりです（U+1F600、U+E000、U+0000、U+D800）。")
    assert "〓" not in printed(slip_pdf())


def test_only_some_of_many_missing_characters_are_named() -> None:
    text = printed(slip_pdf(company_name="".join(chr(0xE000 + n) for n in range(11))))
    assert text.endswith("（U+E000、U+E001、U+E002、U+E003、U+E004、U+E005、U+E006、U+E007、ほか3種）。")


def test_every_character_of_the_typeface_can_be_typeset() -> None:
    every = "".join(map(chr, sorted(coverage(FONTS / "NotoSansJP-Regular.ttf"))))
    rows = [(every[n : n + 500], every[n : n + 500]) for n in range(0, len(every), 500)]
    # PDF/UA lets no character go unprinted: a gap between map and glyphs would be a PdfError.
    assert len(reader(copy_pdf({"title": "字", "rows": rows})).pages) > 10


@settings(max_examples=60)
@given(text=st.text(st.characters(exclude_categories=()), max_size=60))
def test_no_text_breaks_a_document(text: str) -> None:
    assert slip_pdf(company_name=text, representative=text, licences=[text, text]).startswith(b"%PDF-")


@BOTH
def test_fonts_are_ours_and_embedded(make: Callable[[], bytes]) -> None:
    fonts = [
        font.get_object()
        for page in reader(make()).pages
        for font in page["/Resources"]["/Font"].values()  # type: ignore[index]
    ]
    assert {re.sub(r"^/[A-Z]{6}\+", "", font["/BaseFont"]).removesuffix("-Identity-H") for font in fonts} <= {
        "NotoSansJP-Regular",
        "NotoSansJP-Bold",
    }
    for font in fonts:
        descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"]
        assert "/FontFile2" in descriptor or "/FontFile3" in descriptor
        assert "/ToUnicode" in font


def test_no_font_comes_from_the_system() -> None:
    assert {(font.family, font.weight) for font in _fonts().fonts()} == {("Noto Sans JP", 400), ("Noto Sans JP", 700)}


@BOTH
def test_document_declares_itself_accessible(make: Callable[[], bytes]) -> None:
    root: Any = reader(make()).trailer["/Root"]
    assert root["/Lang"] == "ja-JP"
    assert root["/MarkInfo"]["/Marked"].value is True
    assert root["/ViewerPreferences"]["/DisplayDocTitle"].value is True
    xmp = root["/Metadata"].get_object().get_data().decode()
    assert re.search(r"pdfuaid:part(?:>|=\")1", xmp)


def test_information_names_title_issuer_and_time() -> None:
    for pdf, title in ((slip_pdf(), "加入仮申請受付票 202600410072"), (copy_pdf(), "加入仮申請の控え 2041-7")):
        information = reader(pdf).metadata
        assert information is not None
        assert (information.title, information.author) == (title, "電力広域的運営推進機関")
        assert information.creation_date == NOW


def test_a_draft_is_titled_without_a_number() -> None:
    information = reader(copy_pdf(number=None)).metadata
    assert information is not None
    assert information.title == "加入仮申請の控え"


def test_structure_holds_headings_tables_and_steps() -> None:
    found = elements(slip_pdf())
    assert {tag: found[tag] for tag in ("/H1", "/H2", "/Table", "/TH", "/TR", "/LI")} == {
        "/H1": 1,
        "/H2": 2,
        "/Table": 1,
        "/TH": 2,
        "/TR": 6,
        "/LI": 3,
    }


def test_the_same_document_is_the_same_file() -> None:
    assert slip_pdf() == slip_pdf()
    later = acceptance_slip(slip(), issuer=ISSUER, created_at=NOW + timedelta(seconds=1))
    assert later != slip_pdf()


def test_threads_do_not_mix_documents() -> None:
    names = [f"第{n}電力株式会社" for n in range(24)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda name: slip_pdf(company_name=name), names))
    assert all(f"{name}御中" in printed(pdf) for name, pdf in zip(names, found, strict=True))


@pytest.mark.parametrize("template", ["../pdf/house", "house.typ", "", "nothing", "/etc/passwd", "House"])
def test_an_unknown_template_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match="no PDF template"):
        render(template, {}, title="t", issuer=ISSUER, created_at=NOW)


def test_a_missing_value_is_an_error_with_the_diagnostics() -> None:
    values: dict[str, object] = {key: value for key, value in slip().items() if key != "number"}
    with pytest.raises(PdfError, match=r"acceptance_slip: (?s:.*)number"):
        render("acceptance_slip", values, title="t", issuer=ISSUER, created_at=NOW)


def test_naive_times_and_foreign_kinds_are_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        slip_pdf(accepted_at=datetime(2026, 11, 24, 15, 30))  # noqa: DTZ001 - the naive value is the point
    with pytest.raises(TypeError, match="float"):
        slip_pdf(head_office=1.5)


def test_typst_is_loaded_on_first_use() -> None:
    code = "import sys, occto.pdf, occto.qr; print([name for name in ('typst', 'qrcode') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
