"""A practice's own sheet: known by its code, in every language, whatever it is told to print."""

from datetime import date

import pytest

from libs.events.values import LANGUAGES, Language
from libs.paper.blank import POSITIONS_MAX, Blank, Position, blank_pdf
from libs.records.sheet_code import SheetCode, read
from tests.pages import codes_on, text_of

ON = date(2026, 1, 5)


def blank(language: Language = "de", *positions: Position) -> Blank:
    return Blank(
        language=language, practice="Praxis Ägeri", account_no=40_112, version=3,
        positions=positions,
    )  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sheet_is_one_page_that_says_whose_it_is_and_which_version(language: Language) -> None:
    position = Position("007", "AA.00.0010", "Konsultation")
    printed = blank_pdf(blank(language, *[position] * (POSITIONS_MAX + 5)), ON)
    assert printed.pages == 1
    [code] = codes_on(printed.pdf)
    assert read(code.text) == SheetCode(40_112, 3)
    said = text_of(printed.pdf)
    assert "Praxis Ägeri" in said
    assert said.count("AA.00.0010") == POSITIONS_MAX


def test_the_same_sheet_of_a_day_is_the_same_bytes() -> None:
    assert blank_pdf(blank(), ON) == blank_pdf(blank(), ON)


def test_b38_b60_strange_letters_and_signs_of_control_do_not_stop_the_printer() -> None:
    names = ("\x00\x14", "漢字", "\ue000", "#set page(fill: red)", "W" * 80, "e\u0301\u200b")
    positions = [Position("007", name[:30], name) for name in names]
    said = text_of(blank_pdf(blank("de", *positions), ON).pdf)
    assert "#set page(fill: red)" in said
    assert "??" in said
