"""Whether a file can be opened as a workbook at all, before anything of it is unpacked."""

import zipfile
from io import BytesIO

from occto.domain.files import MAX_FILE_BYTES, MIB
from occto.domain.text import InputError

MOST_BYTES = MAX_FILE_BYTES
MOST_UNPACKED = 100 * MIB
MOST_PARTS = 500
_HEAD = 2048
_PIECE = 1 << 16
_OLD_OR_LOCKED = b"\xd0\xcf\x11\xe0"
_AGAIN = "Excel で開いて「Excel ブック（.xlsx）」として保存し直したものを選んでください。"


def check_workbook(content: bytes) -> None:
    """Raise InputError, with a sentence that says what to do, for what is no plain .xlsx of reasonable size."""
    if not content:
        raise InputError("ファイルの中身が空です。内容のあるファイルを選び直してください。")
    if len(content) > MOST_BYTES:
        raise InputError(f"ファイルは {MOST_BYTES // MIB}MB 以下にしてください。会員を分けて、2回に取り込めます。")
    if content.startswith(_OLD_OR_LOCKED):
        raise InputError(
            "パスワードで保護されているか、古い形式（.xls）のファイルです。保護を解いて、「Excel ブック（.xlsx）」として保存し直してください。"
        )
    try:
        with zipfile.ZipFile(BytesIO(content)) as book:
            _check_parts(book)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"Excel のファイルとして開けませんでした。{_AGAIN}") from error


def _check_parts(book: zipfile.ZipFile) -> None:
    parts = book.infolist()
    names = {part.filename for part in parts}
    if "xl/workbook.xml" not in names:
        raise InputError(f"Excel のブックではありません。{_AGAIN}")
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise InputError("ファイルを開くと大きくなりすぎます。使っていないシートや書式を消して、保存し直してください。")
    if any(name.lower().endswith("vbaproject.bin") for name in names):
        raise InputError(
            "マクロの付いたファイルは読み込めません。「Excel ブック（.xlsx）」として保存し直してください。"
        )
    for part in parts:
        if part.filename.endswith((".xml", ".rels")):
            with book.open(part) as opened:
                if b"<!DOCTYPE" in opened.read(_HEAD).upper():
                    raise InputError(f"読み込めない書き方を含むファイルです。{_AGAIN}")


def has_merged_cells(content: bytes, path: str) -> bool:
    """Whether the sheet at `path` of the archive has merged cells."""
    mark, kept = b"<mergeCell ", b""
    with zipfile.ZipFile(BytesIO(content)) as book, book.open(path.lstrip("/")) as sheet:
        while piece := sheet.read(_PIECE):
            if mark in kept + piece:
                return True
            kept = piece[-len(mark) :]
    return False
