"""What tests of 加入証跡 share: codes read as a phone reads them, signatures taken apart, the register at other days."""

import base64
import json
import re
from datetime import date
from typing import Any

import typst
import zxingcpp
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from PIL import Image, ImageDraw
from pypdf import PageObject
from pypdf.generic import ContentStream
from sqlalchemy import select

from occto import pdf, signing
from occto.domain.actor import SYSTEM
from occto.domain.certificates import LENGTH
from occto.domain.codes import EndReason
from occto.models import Certificate, Member
from occto.services import certificates, register
from occto.unit_of_work import run
from tests.factories import NOW
from tests.registering import entering, licence_id, read

_PATH = re.compile(r'viewBox="0 0 (\d+) \d+"[^>]*>\s*<rect[^>]*>\s*(?:</rect>)?\s*<path d="([^"]+)"')
_RUN = re.compile(r"M(\d+) (\d+)h(\d+)v1h-\d+z")
_SCALE = 4


def codes_on(page: str) -> list[str]:
    """The texts of all QR codes that are drawn on a page, read back from what the page holds."""
    return [_read(int(side), path) for side, path in _PATH.findall(page)]


def _read(side: int, path: str) -> str:
    image = Image.new("L", (side * _SCALE, side * _SCALE), 255)
    pen = ImageDraw.Draw(image)
    for x, y, length in (tuple(map(int, found)) for found in _RUN.findall(path)):
        pen.rectangle((x * _SCALE, y * _SCALE, (x + length) * _SCALE - 1, (y + 1) * _SCALE - 1), fill=0)
    (code,) = zxingcpp.read_barcodes(image)
    return str(code.text)


def rendered(values: Any, *, template: str = "certificate", **kwargs: Any) -> list[Image.Image]:
    """The pages of a paper as pictures of 200 dots an inch, typeset from the same template and values."""
    import io

    compiler = typst.Compiler(
        input=pdf.TEMPLATES / f"{template}.typ", root=pdf.TEMPLATES, font_paths=pdf._fonts(), ignore_system_fonts=True
    )
    made = compiler.compile(
        format="png", ppi=200, sys_inputs={"document": pdf._document(values, title=values["title"], **kwargs)}
    )
    pages = made if isinstance(made, list) else [made]
    return [Image.open(io.BytesIO(page)) for page in pages if page]


def drawings_of(page: PageObject, *, dots: float = 4) -> Image.Image:
    """What a page of a PDF fills, letters left out, at so many dots a point: the codes as the file itself draws them."""
    picture = Image.new("L", tuple(int(side * dots) for side in page.mediabox[2:]), 255)
    pen = ImageDraw.Draw(picture)
    matrix, kept, colour = (dots, 0.0, 0.0, -dots, 0.0, float(picture.height)), [], 0
    shapes: list[list[tuple[float, float]]] = []
    for operands, operator in ContentStream(page.get_contents(), page.pdf).operations:
        values = [float(each) for each in operands if isinstance(each, int | float)]
        match operator:
            case b"q":
                kept.append((matrix, colour))
            case b"Q":
                matrix, colour = kept.pop()
            case b"cm":
                a, b, c, d, e, f = values
                x, y = _moved(matrix, e, f)
                matrix = (*_turned(matrix, a, b), *_turned(matrix, c, d), x, y)
            case b"scn":
                colour = round(255 * values[0])
            case b"m":
                shapes.append([_moved(matrix, *values)])
            case b"l":
                shapes[-1].append(_moved(matrix, *values))
            case b"f" | b"n" | b"S":
                for shape in shapes if operator == b"f" else ():
                    pen.polygon(shape, fill=colour)
                shapes = []
    return picture


_Matrix = tuple[float, float, float, float, float, float]


def _turned(matrix: _Matrix, x: float, y: float) -> tuple[float, float]:
    a, b, c, d, _e, _f = matrix
    return a * x + c * y, b * x + d * y


def _moved(matrix: _Matrix, x: float, y: float) -> tuple[float, float]:
    right, down = _turned(matrix, x, y)
    return right + matrix[4], down + matrix[5]


def code_of(member: Member) -> str:
    """The code of the member's certificate."""
    code = read(select(Certificate.code).where(Certificate.member_id == member.id))[0].code
    assert len(code) == LENGTH
    return str(code)


def new_key() -> None:
    """A new signing key; the one before is retired."""
    run(certificates.enter_signing_key, **signing.make_key().values(), actor=SYSTEM, now=NOW)


def raw(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def verified(signature: str, published: dict[str, Any]) -> dict[str, Any]:
    """The claims of a signature by one of the published keys; InvalidSignature or KeyError otherwise."""
    head, body, seal = signature.split(".")
    keys = {key["kid"]: key["x"] for key in published["keys"]}
    public = Ed25519PublicKey.from_public_bytes(raw(keys[json.loads(raw(head))["kid"]]))
    public.verify(raw(seal), f"{head}.{body}".encode())
    claims = json.loads(raw(body))
    assert isinstance(claims, dict)
    return claims


def end_licence(member: Member, category: str, on: date) -> None:
    """The licence ends: its first day without is `on`."""
    number = licence_id(member, category)
    with entering() as change:
        register.end_licence(
            *change.into, member_id=member.id, licence_id=number, ended_on=on, reason=EndReason.CLOSURE_NOTIFICATION
        )
