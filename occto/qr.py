"""QR codes as one SVG path: modules drawn as horizontal runs, quiet zone included."""

from itertools import groupby
from typing import Literal, NamedTuple

ErrorLevel = Literal["L", "M", "Q", "H"]


class QrPath(NamedTuple):
    """A drawn code: `size` is the side of the square viewBox in modules, `d` the data of its one `<path>`."""

    size: int
    d: str


def svg_path(text: str, *, border: int = 4, error: ErrorLevel = "M") -> QrPath:
    """Return `text` as a QR code with a quiet zone of `border` modules.

    Raises ValueError when the text is empty or does not fit into a code of this error level, and for a border below 0.
    """
    if not text:
        raise ValueError("a QR code needs a text")
    if border < 0:
        raise ValueError("the quiet zone cannot be negative")
    rows = _matrix(text, border=border, error=error)
    return QrPath(len(rows), "".join(_runs(y, row) for y, row in enumerate(rows)))


def as_svg(code: QrPath) -> str:
    """A drawn code as a picture of its own, black on white: what a PDF takes."""
    side = code.size
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}" width="{side}" height="{side}">'
        f'<rect width="{side}" height="{side}" fill="#fff"/><path d="{code.d}" fill="#000"/></svg>'
    )


def _matrix(text: str, *, border: int, error: ErrorLevel) -> list[list[bool]]:
    import qrcode  # on first use: most requests draw no code
    from qrcode.exceptions import DataOverflowError

    levels = {
        "L": qrcode.constants.ERROR_CORRECT_L,
        "M": qrcode.constants.ERROR_CORRECT_M,
        "Q": qrcode.constants.ERROR_CORRECT_Q,
        "H": qrcode.constants.ERROR_CORRECT_H,
    }
    code = qrcode.QRCode(error_correction=levels[error], border=border)
    code.add_data(text)
    try:
        code.make(fit=True)
    except (DataOverflowError, ValueError) as reason:
        raise ValueError("the text does not fit into a QR code") from reason
    return [[bool(module) for module in row] for row in code.get_matrix()]


def _runs(y: int, row: list[bool]) -> str:
    parts: list[str] = []
    x = 0
    for dark, group in groupby(row):
        length = len(list(group))
        if dark:
            parts.append(f"M{x} {y}h{length}v1h-{length}z")
        x += length
    return "".join(parts)
