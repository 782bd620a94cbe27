"""Files people hand in: known by their content, never by what they are called."""

import re
from enum import Enum

from occto.domain.text import InputError, compose, has_long_combining_run, quote

MIB = 1024 * 1024
MAX_FILE_BYTES = 10 * MIB
MAX_PARTY_BYTES = 50 * MIB
"""What all files of one application or change request may weigh together."""
MAX_NAME_LENGTH = 120
PDF_TAIL_BYTES = 1024
"""How many of the last bytes `check_upload` wants to see as `tail`."""

_UNNAMED = "添付ファイル"
_FORBIDDEN_IN_NAMES = re.compile(r'[<>:"|?*]')


class FileKind(Enum):
    """A kind of file that is taken: media type, extension given to it, and the extensions it may carry."""

    PDF = ("application/pdf", "pdf", ("pdf",))
    PNG = ("image/png", "png", ("png",))
    JPEG = ("image/jpeg", "jpg", ("jpg", "jpeg", "jpe", "jfif"))

    def __init__(self, media_type: str, extension: str, extensions: tuple[str, ...]) -> None:
        self.media_type = media_type
        self.extension = extension
        self.extensions = extensions


_MAGIC = (
    (b"%PDF-", FileKind.PDF),
    (b"\x89PNG\r\n\x1a\n", FileKind.PNG),
    (b"\xff\xd8\xff", FileKind.JPEG),
)


def sniff(head: bytes) -> FileKind | None:
    """Return the kind that the first bytes (16 suffice) show, None for any other."""
    return next((kind for magic, kind in _MAGIC if head.startswith(magic)), None)


def has_pdf_end(tail: bytes) -> bool:
    """Tell whether the last 1,024 bytes hold the end mark of a PDF, so that it is whole."""
    return b"%%EOF" in tail[-PDF_TAIL_BYTES:]


def check_upload(name: str, *, size: int, head: bytes, tail: bytes) -> tuple[str, str]:
    """Return (media type, name to show) of a file of `size` bytes, by its first and last bytes. Raises InputError.

    A wrong extension is no reason to refuse: the name to show gets the right one. It is never a path.
    """
    shown = quote(_bare_name(name) or _UNNAMED)
    if size <= 0:
        raise InputError(f"{shown}は中身が空です。内容のあるファイルを選び直してください。")
    if size > MAX_FILE_BYTES:
        raise InputError(
            f"{shown}は{_mib(size)}あります。1つのファイルは{_mib(MAX_FILE_BYTES)}以下にして選び直してください。"
        )
    kind = sniff(head)
    if kind is None:
        raise InputError(f"{shown}は受け付けられない種類です。PDF、PNG、JPEG のいずれかで選び直してください。")
    if kind is FileKind.PDF and not has_pdf_end(tail):
        raise InputError(f"{shown}は途中で切れているようです。PDF を保存し直してから選んでください。")
    return kind.media_type, display_name(name, kind=kind)


def check_party_total(stored: int, *, adding: int) -> None:
    """Raise InputError when `stored` bytes of one party and those being added pass 50 MiB."""
    if stored + adding > MAX_PARTY_BYTES:
        raise InputError(
            f"ファイルの合計は{_mib(MAX_PARTY_BYTES)}までです（いまは{_mib(stored)}）。"
            "不要なファイルを削除してから選び直してください。"
        )


def display_name(name: str, *, kind: FileKind) -> str:
    """Return a name of at most 120 code points with an extension of `kind`, without path and invisible signs."""
    bare = _bare_name(name)
    stem, dot, extension = bare.rpartition(".")
    if not dot or extension.lower() not in kind.extensions:
        known = extension.lower() in {known for other in FileKind for known in other.extensions}
        stem, extension = (stem if dot and known else bare), kind.extension
    stem = stem.strip(". ") or _UNNAMED
    return f"{stem[: MAX_NAME_LENGTH - len(extension) - 1].rstrip()}.{extension}"


def plain_name(name: str, *, extension: str) -> str:
    """Return a name of at most 120 code points with this extension, without path and invisible signs."""
    stem = _bare_name(name)
    stem = (stem[: -len(extension) - 1] if stem.lower().endswith(f".{extension}") else stem).strip(". ") or _UNNAMED
    return f"{stem[: MAX_NAME_LENGTH - len(extension) - 1].rstrip()}.{extension}"


def _bare_name(name: str) -> str:
    last = re.split(r"[/\\]", name[-1000:])[-1]
    visible = "".join(sign for sign in last if sign.isprintable() or sign == "　")
    composed = visible if has_long_combining_run(visible) else compose(visible)
    return _FORBIDDEN_IN_NAMES.sub("_", composed).strip(" .　")


def _mib(size: int) -> str:
    # Rounded up, so that a file one byte over the limit does not read as being at it.
    tenths = -(-size * 10 // MIB)
    whole, tenth = divmod(tenths, 10)
    return f"{whole}.{tenth}MB" if tenth else f"{whole}MB"
