"""Small real documents of the demo: PDF of one page that say what they would prove, the same bytes for the same words."""

from collections.abc import Iterable

from occto.domain.codes import AttachmentKind

FILE_NAMES = {
    AttachmentKind.REGISTRY: "履歴事項全部証明書.pdf",
    AttachmentKind.METI_ACT: "経済産業省の通知.pdf",
    AttachmentKind.CAPITAL_CHART: "資本関係図.pdf",
    AttachmentKind.SHARE_REGISTER: "株主名簿.pdf",
    AttachmentKind.MANDATE_LETTER: "委任状.pdf",
    AttachmentKind.PAPER_SCAN: "変更届出書.pdf",
    AttachmentKind.OFFICE_DECISION: "決裁書.pdf",
    AttachmentKind.OTHER: "その他の書類.pdf",
}
_FONT = (
    b"<</Type/Font/Subtype/Type0/BaseFont/HeiseiMin-W3/Encoding/UniJIS-UTF16-H/DescendantFonts[<</Type/Font"
    b"/Subtype/CIDFontType0/BaseFont/HeiseiMin-W3/CIDSystemInfo<</Registry(Adobe)/Ordering(Japan1)/Supplement 2>>"
    b"/DW 1000/FontDescriptor<</Type/FontDescriptor/FontName/HeiseiMin-W3/Flags 6/FontBBox[-123 -257 1001 910]"
    b"/ItalicAngle 0/Ascent 709/Descent -241/CapHeight 709/StemV 69>>>>]>>"
)
"""A font that every reader of PDF brings along; nothing is embedded."""


def document(lines: Iterable[str]) -> bytes:
    """A page with these lines."""
    shown = b" ".join(b"<%s> Tj T*" % line.encode("utf-16-be").hex().encode() for line in lines)
    text = b"BT /F 14 Tf 28 TL 72 760 Td %s ET" % shown
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F 5 0 R>>>>/Contents 4 0 R>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(text), text),
        _FONT,
    )
    written, places = b"%PDF-1.5\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(written))
        written += b"%d 0 obj%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    end = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, len(written))
    return written + b"xref\n0 %d\n0000000000 65535 f \n" % size + table + end


def of_company(kind: AttachmentKind, name: str) -> bytes:
    """A document of this kind about the company `name`."""
    return document((FILE_NAMES[kind].removesuffix(".pdf"), name, "これはデモのための見本です。"))
