"""Lists that are pasted into a field `lines` or sent as a file `file`, whatever program wrote it."""

from flask import request
from werkzeug.datastructures import MultiDict

from occto.forms.office import MOST_SIGNS

_ENCODINGS = ("utf-8-sig", "cp932", "utf-16")


def sent_with_file() -> tuple[MultiDict[str, str], str]:
    """What was sent, the lines of the file below those typed; and a sentence where the file could not be read."""
    sent = MultiDict(request.form)
    file = request.files.get("file")
    if file is None or not file.filename:
        return sent, ""
    text = _decoded(file.stream.read(4 * MOST_SIGNS + 1))
    if text is None:
        return sent, (
            "ファイルの文字を読み取れませんでした。CSV（UTF-8 か Shift_JIS）で保存して、もう一度選んでください。"
        )
    sent["lines"] = "\n".join(filter(None, [sent.get("lines", "").strip("\r\n"), text]))
    return sent, ""


def _decoded(content: bytes) -> str | None:
    if len(content) > 4 * MOST_SIGNS or b"\0\0" in content or content.startswith(b"PK"):
        return None
    for encoding in _ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None
