"""What is remembered of values never grows without bound, and never holds a person's text."""

from services.ingest.message import grammar, remembered
from services.ingest.message.lexical import MONEY
from services.ingest.message.remembered import Remembered


def test_a_full_table_begins_anew() -> None:
    table: Remembered[str, int] = Remembered(len)
    for number in range(remembered.ENTRIES_MAX * 2):
        assert table[str(number)] == len(str(number))
        assert len(table) <= remembered.ENTRIES_MAX


def test_what_is_long_is_computed_and_not_kept() -> None:
    table: Remembered[str, int] = Remembered(len)
    assert table["x" * 100_000] == 100_000
    assert not table
    rows: Remembered[tuple[str, ...], int] = Remembered(len)
    assert rows[("x" * 10_000, "y")] == 2
    assert not rows


def test_a_wrong_amount_stays_wrong() -> None:
    assert MONEY["1.005"] is None
    assert MONEY["1.005"] is None
    assert MONEY["1.00"] == 100


def test_p35_texts_and_numbers_of_persons_are_not_kept() -> None:
    person = grammar.shapes("5.0")
    for name in ("payload", "body", "tiers_garant", "patient"):
        person = person.parts[name].shape
    codes = person.attributes["ssn"].codes
    assert codes["7561234567897"] == ""
    family = person.parts["person"].shape.parts["familyname"].shape.value
    assert family is not None
    assert family.codes["Zünd"] == ""
    assert not codes
    assert not family.codes
