"""A practice's own sheet to be filled in by hand: its name, its code, its usual positions.

What stands on it is what a clerk needs to key a service record. Filled in and scanned, it is known
by its code.
"""

from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from libs.events.values import Language, Law, Scheme
from libs.paper.characters import normalised
from libs.paper.letters import Printed
from libs.paper.symbol import data_matrix_svg
from libs.paper.typesetter import typeset
from libs.paper.words import words
from libs.records.sheet_code import SheetCode, written

ROWS: Final = 22
POSITIONS_MAX: Final = 16
"""The rows below stay free for what is unusual."""
CODE_MM: Final = 16
LAWS: Final = (Law.KVG, Law.UVG, Law.IVG, Law.MVG, Law.VVG)


class Position(NamedTuple):
    """A position that is printed on it."""

    tariff: str
    code: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Blank:
    """What is printed."""

    language: Language
    practice: str
    account_no: int
    version: int
    positions: tuple[Position, ...] = ()


def blank_pdf(blank: Blank, on: date) -> Printed:
    """Return one page of A4; the same version of a day is the same bytes."""
    texts = words(blank.language)
    code = written(SheetCode(blank.account_no, blank.version))
    rows = [[normalised(text) for text in one] for one in blank.positions[:POSITIONS_MAX]]
    model = {
        "w": texts,
        "lang": blank.language,
        "practice": normalised(blank.practice),
        "account": texts["sheet_account"].format(number=blank.account_no),
        "version": texts["sheet_version"].format(version=blank.version),
        "code": code,
        "symbol": data_matrix_svg(code, CODE_MM),
        "laws": [law.value for law in LAWS],
        "schemes": [texts[f"scheme_{scheme}"] for scheme in Scheme],
        "rows": rows + [["", "", ""]] * (ROWS - len(rows)),
    }
    return typeset("blank", model, on)
