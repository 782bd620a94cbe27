"""The workbook of a form: read once, guarded by content, named for people."""

from typing import NamedTuple

from flask import request
from werkzeug.datastructures import MultiDict

from occto.domain.files import plain_name
from occto.domain.text import InputError, storable
from occto.workbooks.guard import MOST_BYTES, check_workbook


class Sent(NamedTuple):
    """A workbook that can be opened: name to show and bytes."""

    name: str
    content: bytes


def form_sent() -> MultiDict[str, str] | None:
    """What was sent, with the name of the file as the value of its field; None where nothing was."""
    if request.method != "POST":
        return None
    sent = MultiDict(request.form)
    file = request.files.get("file")
    sent["file"] = storable(file.filename or "") if file is not None else ""
    return sent


def workbook_sent() -> tuple[Sent | None, str]:
    """The workbook that was chosen, or a sentence that says what is wrong with it; neither where none was chosen."""
    file = request.files.get("file")
    if file is None or not file.filename:
        return None, ""
    content = file.stream.read(MOST_BYTES + 1)
    try:
        check_workbook(content)
    except InputError as error:
        return None, str(error)
    return Sent(plain_name(file.filename, extension="xlsx"), content), ""
