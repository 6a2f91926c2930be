"""The QR symbol of a slip as one vector picture, with the Swiss cross over its middle.

Source: QR-bill guideline 2.3, chapter 6; payments 1.4.
"""

import re

import zint

MODULES_MAX = 117
"""Version 25."""
SIZE_MM = 46
SQUARE = 100
"""What zint calls a DataMatrix that may not be a rectangle."""
_DARK = re.compile("1+")
_CROSS_MM = 7.0
_RIM_MM = 0.25
_BAR_MM = 7 / 6
_SPAN_MM = _BAR_MM * 10 / 3
"""Arms are one sixth longer than wide, as in the arms of the Confederation."""


def matrix(payload: str) -> list[int]:
    """Return the rows of the symbol: bit x of row y is the module (x, y).

    Error level M, UTF-8 bytes as they are: no ECI designator, because banks expect none, and the
    smallest version that fits.
    """
    symbol = zint.Symbol()
    symbol.symbology = zint.Symbology.QRCODE
    symbol.option_1 = 2  # error level M
    symbol.input_mode = zint.InputMode.DATA  # type: ignore[attr-defined]  # its stub forgets it
    symbol.encode(payload.encode())
    assert symbol.rows <= MODULES_MAX, "a bill of at most 997 bytes fits version 25"
    return _rows_of(symbol)


def data_matrix_svg(text: str, size_mm: int) -> str:
    """Return a DataMatrix as a square picture without its quiet zone."""
    symbol = zint.Symbol()
    symbol.symbology = zint.Symbology.DATAMATRIX
    symbol.option_3 = SQUARE
    symbol.encode(text)
    rows = _rows_of(symbol)
    path = "".join(_runs(y, row) for y, row in enumerate(rows))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{size_mm}mm" height="{size_mm}mm" '
        f'viewBox="0 0 {len(rows)} {len(rows)}"><path d="{path}"/></svg>'
    )


def _rows_of(symbol: zint.Symbol) -> list[int]:
    modules = symbol.encoded_data
    assert modules.shape is not None, "zint hands over rows of bytes"
    data, stride = modules.tobytes(), modules.shape[1]
    return [
        int.from_bytes(data[y * stride : (y + 1) * stride], "little") for y in range(symbol.rows)
    ]


def symbol_svg(payload: str) -> str:
    """Return the symbol of exactly 46 x 46 mm, without its quiet zone.

    Dark modules of a row are merged into runs and all runs are one path: half as many rectangles,
    and no hair lines between them.
    """
    rows = matrix(payload)
    size = len(rows)
    path = "".join(_runs(y, row) for y, row in enumerate(rows))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{SIZE_MM}mm" height="{SIZE_MM}mm" '
        f'viewBox="0 0 {size} {size}"><path d="{path}"/>'
        f'<g transform="translate({size / 2:g} {size / 2:g}) scale({size / SIZE_MM:.6f})">'
        f"{_square(_CROSS_MM, '#fff')}{_square(_CROSS_MM - 2 * _RIM_MM, '#000')}"
        f"{_bar(_SPAN_MM, _BAR_MM)}{_bar(_BAR_MM, _SPAN_MM)}</g></svg>"
    )


def _runs(y: int, row: int) -> str:
    modules = bin(row)[:1:-1]
    runs = [found.span() for found in _DARK.finditer(modules)]
    return "".join(f"M{x} {y}h{end - x}v1h-{end - x}z" for x, end in runs)


def _square(side: float, colour: str) -> str:
    return _rectangle(side, side, colour)


def _bar(width: float, height: float) -> str:
    return _rectangle(width, height, "#fff")


def _rectangle(width: float, height: float, colour: str) -> str:
    return (
        f'<rect x="{-width / 2:.4f}" y="{-height / 2:.4f}" width="{width:.4f}" '
        f'height="{height:.4f}" fill="{colour}"/>'
    )
