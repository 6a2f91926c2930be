"""Reads pictures: PNG, JPEG and TIFF by what they are, page by page, no more than a page can be."""

import io
import warnings
from typing import Final

from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from services.ingest.scanned.looking import MediaType, Unfit

FORMATS: Final = {"image/png": "PNG", "image/jpeg": "JPEG", "image/tiff": "TIFF"}
SIDE_MIN: Final = 200
"""A page of fewer dots holds no words that anybody could read."""
_BROKEN: Final = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    OSError,
    SyntaxError,
    TypeError,
    UnidentifiedImageError,
    ValueError,
)
"""Pillow says so when a picture is not one, by format."""


def pages_of(
    data: bytes, kind: MediaType, pages_max: int, pixels_max: int
) -> list[Image.Image] | Unfit:
    """Return each page as a grey picture, upright as its camera says, or why it is none (B12).

    The size that a picture states is looked at before anything of it is unpacked.
    """
    Image.MAX_IMAGE_PIXELS = None  # our own limit is looked at first
    warnings.simplefilter("ignore")  # odd tags of scanners, said on a stream that nobody reads
    try:
        with Image.open(io.BytesIO(data), formats=[FORMATS[kind]]) as opened:
            count = getattr(opened, "n_frames", 1)
            if count > pages_max:
                return Unfit(code="document_too_many_pages", params={"limit": str(pages_max)})
            found = []
            for frame in ImageSequence.Iterator(opened):
                width, height = frame.size
                if width * height > pixels_max:
                    limit = str(pixels_max // 1_000_000)
                    return Unfit(code="picture_too_large", params={"limit": limit})
                if min(width, height) < SIDE_MIN:
                    return Unfit(code="picture_too_small", params={"limit": str(SIDE_MIN)})
                found.append(_upright(frame))
            return found or Unfit(code="picture_broken")
    except (Image.DecompressionBombError, MemoryError):
        return Unfit(code="picture_too_large", params={"limit": str(pixels_max // 1_000_000)})
    except _BROKEN:
        return Unfit(code="picture_broken")


def _upright(frame: Image.Image) -> Image.Image:
    """Return a page in grey; what is transparent is paper."""
    turned = ImageOps.exif_transpose(frame) or frame
    if turned.mode in {"LA", "RGBA", "PA"} or "transparency" in turned.info:
        clear = turned.convert("RGBA")
        paper = Image.new("RGBA", clear.size, "white")
        return Image.alpha_composite(paper, clear).convert("L")
    if turned.mode.startswith("I"):  # 16 bits of grey
        return turned.point(lambda value: value / 256).convert("L")
    return turned.convert("L")
