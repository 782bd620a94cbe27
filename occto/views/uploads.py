"""The file of a form: read once, its kind told by its content and never by its name."""

from typing import NamedTuple

from flask import request

from occto.domain.errors import Refusal
from occto.domain.files import MAX_FILE_BYTES, PDF_TAIL_BYTES, check_upload
from occto.domain.text import InputError

LIMIT_MB = MAX_FILE_BYTES // (1024 * 1024)
_HEAD = 16


class Upload(NamedTuple):
    """A file that was taken: the name for people, the media type by content, and the bytes."""

    name: str
    media_type: str
    content: bytes


def uploaded(field: str = "file") -> Upload | None:
    """The file that was chosen in this input of the form; None where none was. Refusal bad_file."""
    file = request.files.get(field)
    if file is None or not file.filename:
        return None
    content = file.stream.read(MAX_FILE_BYTES + 1)
    try:
        media_type, name = check_upload(
            file.filename, size=len(content), head=content[:_HEAD], tail=content[-PDF_TAIL_BYTES:]
        )
    except InputError as error:
        raise Refusal("bad_file", str(error), field=field) from error
    return Upload(name, media_type, content)


def file_chosen() -> bool:
    """Whether a file was chosen at all."""
    file = request.files.get("file")
    return file is not None and bool(file.filename)
