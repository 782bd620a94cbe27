"""The drawn path is read back by a real reader."""

import re

import pytest
import zxingcpp
from PIL import Image, ImageDraw

from occto.qr import QrPath, svg_path

RUN = re.compile(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z")
TOKEN = "0123456789ABCDEFGHJKMNPQRS"
SCALE = 4


def drawn(path: QrPath) -> Image.Image:
    image = Image.new("L", (path.size * SCALE, path.size * SCALE), 255)
    pen = ImageDraw.Draw(image)
    for x, y, length, back in (tuple(map(int, run)) for run in RUN.findall(path.d)):
        assert length == back
        pen.rectangle((x * SCALE, y * SCALE, (x + length) * SCALE - 1, (y + 1) * SCALE - 1), fill=0)
    return image


@pytest.mark.parametrize(
    "text", [TOKEN, "https://members.example/certificates/K7QM4T9X2B", "受付票 𠮷野 髙橋 山﨑", "0123456789" * 100]
)
@pytest.mark.parametrize("error", ["L", "M", "Q", "H"])
def test_reader_gets_the_same_text_back(text: str, error: str) -> None:
    found = zxingcpp.read_barcodes(drawn(svg_path(text, error=error)))  # type: ignore[arg-type]
    assert [(code.format, code.text) for code in found] == [(zxingcpp.BarcodeFormat.QRCode, text)]


def test_path_is_made_of_runs_alone() -> None:
    assert RUN.sub("", svg_path(TOKEN).d) == ""


def test_neighbouring_runs_never_touch() -> None:
    ends: dict[int, int] = {}
    for x, y, length, _back in (tuple(map(int, run)) for run in RUN.findall(svg_path(TOKEN).d)):
        assert x > ends.get(y, -1)
        ends[y] = x + length


@pytest.mark.parametrize("border", [0, 4, 10])
def test_quiet_zone_is_inside_the_size_and_white(border: int) -> None:
    path = svg_path(TOKEN, border=border)
    runs = [tuple(map(int, run)) for run in RUN.findall(path.d)]
    assert min(x for x, *_ in runs) == min(y for _, y, *_ in runs) == border
    assert max(x + length for x, _, length, _ in runs) == max(y + 1 for _, y, *_ in runs) == path.size - border
    assert path.size == 25 + 2 * border  # a ticket token fits version 2


def test_token_is_packed_as_alphanumeric() -> None:
    assert svg_path(TOKEN, error="Q").size < svg_path(TOKEN.lower(), error="Q").size


@pytest.mark.parametrize(
    ("text", "border"), [("", 4), (TOKEN, -1), ("あ" * 2000, 4)], ids=["empty", "negative border", "too long"]
)
def test_what_cannot_be_drawn_is_refused(text: str, border: int) -> None:
    with pytest.raises(ValueError, match=r"QR|quiet zone"):
        svg_path(text, border=border)
