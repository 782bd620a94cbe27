"""Files are known by their content; their names are only shown."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from occto.domain.files import (
    MAX_FILE_BYTES,
    MAX_NAME_LENGTH,
    MAX_PARTY_BYTES,
    FileKind,
    check_party_total,
    check_upload,
    display_name,
    has_pdf_end,
    sniff,
)
from occto.domain.text import InputError

PDF, PNG, JPEG = b"%PDF-1.7\n", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"\xff\xd8\xff\xe0\0\x10JFIF"
END = b"startxref\n9\n%%EOF\n"
ANY_TEXT = st.lists(st.integers(0, 0x10FFFF)).map(lambda codes: "".join(map(chr, codes)))


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (PDF, FileKind.PDF),
        (PNG, FileKind.PNG),
        (JPEG, FileKind.JPEG),
        (b"<html><script>", None),
        (b"PK\x03\x04", None),
        (b"MZ %PDF-1.7", None),
        (b"", None),
    ],
)
def test_the_first_bytes_tell(head: bytes, kind: FileKind | None) -> None:
    assert sniff(head) is kind


def test_good_files_pass_with_their_type_and_name() -> None:
    assert check_upload("登記.pdf", size=100, head=PDF, tail=END) == ("application/pdf", "登記.pdf")
    assert check_upload("印影.PNG", size=100, head=PNG, tail=b"IEND") == ("image/png", "印影.PNG")
    assert check_upload("写真.jpeg", size=MAX_FILE_BYTES, head=JPEG, tail=b"") == ("image/jpeg", "写真.jpeg")


@pytest.mark.parametrize(
    ("size", "head", "tail", "sentence"),
    [
        (0, b"", b"", "「a.pdf」は中身が空です。"),
        (MAX_FILE_BYTES + 1, PDF, END, "10.1MBあります。1つのファイルは10MB以下"),
        (100, b"MZ", b"", "PDF、PNG、JPEG のいずれか"),
        (100, PDF, b"cut off", "途中で切れている"),
    ],
)
def test_other_files_are_refused(size: int, head: bytes, tail: bytes, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        check_upload("a.pdf", size=size, head=head, tail=tail)


def test_the_end_mark_is_looked_for_in_the_last_kilobyte() -> None:
    assert has_pdf_end(b"%%EOF" + b"\n" * 1000)
    assert not has_pdf_end(b"%%EOF" + b"\n" * 1024)


def test_all_files_of_a_party_have_a_limit() -> None:
    check_party_total(MAX_PARTY_BYTES - 5, adding=5)
    with pytest.raises(InputError, match="合計は50MBまで"):
        check_party_total(MAX_PARTY_BYTES - 5, adding=6)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("scan.jpg", "scan.pdf"),
        ("定款 第3.1版", "定款 第3.1版.pdf"),
        ("evil.exe", "evil.exe.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ("C:\\書類\\登記.PDF", "登記.PDF"),
        ("invoice\u202efdp.exe", "invoicefdp.exe.pdf"),
        ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie_ x.pdf"),
        ("ハ\u309aスホ\u309aート.pdf", "パスポート.pdf"),
        ("", "添付ファイル.pdf"),
        (".pdf", "pdf.pdf"),
        ("...", "添付ファイル.pdf"),
    ],
)
def test_names_are_cleaned_and_get_the_right_extension(name: str, shown: str) -> None:
    assert display_name(name, kind=FileKind.PDF) == shown


def test_long_names_keep_their_extension() -> None:
    shown = display_name("長" * 500 + ".pdf", kind=FileKind.PDF)
    assert len(shown) == MAX_NAME_LENGTH
    assert shown.endswith("長.pdf")


@settings(max_examples=300)
@given(ANY_TEXT, st.sampled_from(list(FileKind)))
def test_any_name_can_be_shown(name: str, kind: FileKind) -> None:
    shown = display_name(name, kind=kind)
    shown.encode()
    assert 0 < len(shown) <= MAX_NAME_LENGTH
    assert shown.rpartition(".")[2].lower() in kind.extensions
    assert not set(shown) & set('/\\\0\r\n"')
    assert display_name(shown, kind=kind) == shown
