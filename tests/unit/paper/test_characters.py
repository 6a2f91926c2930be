"""Letters that documents can show: those that our fonts have; others become question marks."""

import struct
from pathlib import Path

import pytest

import libs.paper
from libs.paper.characters import PRINTED, printable, unprinted

FONTS = sorted((Path(libs.paper.__file__).parent / "fonts").glob("*.ttf"))


def letters_in(font: Path) -> set[str]:
    """Return what a font has glyphs for, by its own table of characters (OpenType, cmap 4)."""
    data = font.read_bytes()
    (count,) = struct.unpack(">H", data[4:6])
    offsets = {
        data[at : at + 4]: struct.unpack(">L", data[at + 8 : at + 12])[0]
        for at in range(12, 12 + 16 * count, 16)
    }
    cmap = offsets[b"cmap"]
    (tables,) = struct.unpack(">H", data[cmap + 2 : cmap + 4])
    found: set[str] = set()
    for at in range(cmap + 4, cmap + 4 + 8 * tables, 8):
        start = cmap + struct.unpack(">L", data[at + 4 : at + 8])[0]
        form, segments = *struct.unpack(">H", data[start : start + 2]), 0
        if form == 4:
            segments = struct.unpack(">H", data[start + 6 : start + 8])[0] // 2
            ends = struct.unpack(f">{segments}H", data[start + 14 : start + 14 + 2 * segments])
            begin = start + 16 + 2 * segments
            begins = struct.unpack(f">{segments}H", data[begin : begin + 2 * segments])
            for first, last in zip(begins, ends, strict=True):
                found |= set(map(chr, range(first, last + 1)))
    return found


@pytest.mark.parametrize("font", FONTS, ids=lambda font: font.stem)
def test_our_fonts_have_what_we_say_that_they_print(font: Path) -> None:
    assert set("Aéčș€\u2013\u2019\u03b1Ж") <= PRINTED
    assert letters_in(font) >= PRINTED


def test_letters_of_other_scripts_become_question_marks_and_nothing_else_changes() -> None:
    assert printable({"name": "Ελένη 李", "rows": [["Иван", 7, None]], "d": ("é",)}) == {
        "name": "Ελένη ?",
        "rows": [["Иван", 7, None]],
        "d": ["é"],
    }
    assert [unprinted(name) for name in ("Muster", "Zoë Łącki", "Иван", "李", "🙂")] == [
        False, False, False, True, True,
    ]  # fmt: skip
