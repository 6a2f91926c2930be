"""Pages with codes as forms of 5.0 print them, and what scanners and hands make of pages."""

import base64
import random
import zlib
from collections.abc import Sequence

import zint
from PIL import Image, ImageFilter

PAGE = (1654, 2339)
"""A4 at 200 dots an inch."""
PIECE = 1_264
"""What one program puts into a symbol of version 29 (invoice-xml 14.1)."""


def pieces(message: bytes, size: int = PIECE) -> list[str]:
    """Return a message as its annex holds it: raw DEFLATE in base64, cut."""
    packing = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    text = base64.b64encode(packing.compress(message) + packing.flush()).decode()
    return [text[at : at + size] for at in range(0, len(text), size)]


def symbol(
    text: str, *, matrix: bool = False, append: tuple[int, int] | None = None
) -> Image.Image:
    """Return a symbol, one dot a module."""
    made = zint.Symbol()
    made.symbology = zint.Symbology.DATAMATRIX if matrix else zint.Symbology.QRCODE
    if matrix:
        made.option_3 = 100  # square
    else:
        made.option_1 = 2  # error correction M
    if append is not None:
        made.structapp = zint.StructApp(append[0], append[1], b"17")
    made.encode(text)
    modules = made.encoded_data
    assert modules.shape is not None
    data, stride = modules.tobytes(), modules.shape[1]
    picture = Image.new("L", (made.width, made.rows), 255)
    for y in range(made.rows):
        row = int.from_bytes(data[y * stride : (y + 1) * stride], "little")
        for x in range(made.width):
            if row >> x & 1:
                picture.putpixel((x, y), 0)
    return picture


def mark(guid: str, form: str, number: int, language: str = "de", tiers: str = "G") -> str:
    """Return what the DataMatrix of a page says."""
    return f"FD50{guid.replace('-', '')}{language}{tiers}{form}{number:02d}"


def annex(texts: Sequence[str], code: str = "", *, append: bool = False) -> Image.Image:
    """Return a page with up to six symbols in two columns, and its mark at the top right."""
    page = Image.new("L", PAGE, 255)
    if code:
        drawn = symbol(code, matrix=True)
        page.paste(drawn.resize((drawn.width * 5, drawn.height * 5), 0), (1_450, 90))
    for place, text in enumerate(texts):
        drawn = symbol(text, append=(place + 1, len(texts)) if append else None)
        scaled = drawn.resize((drawn.width * 4, drawn.height * 4), 0)
        page.paste(scaled, (120 + place % 2 * 760, 280 + place // 2 * 680))
    return page


def scanned(page: Image.Image, degrees: int = 0, specks: int = 0, seed: int = 1) -> Image.Image:
    """Return a page as it comes out of a scanner: turned, a little soft, with specks."""
    turned = page.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=255)
    soft = turned.filter(ImageFilter.GaussianBlur(1))
    draw = random.Random(seed)  # noqa: S311 - dirt
    for _ in range(specks):
        at = draw.randrange(soft.width), draw.randrange(soft.height)
        soft.putpixel(at, draw.choice((0, 255)))
    return soft
