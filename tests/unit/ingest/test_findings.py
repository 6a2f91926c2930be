"""The catalogue: every code that the code uses is said in four languages."""

import re
from pathlib import Path
from string import Formatter

import pytest

import services.ingest
from libs.events.handed import Finding
from libs.events.values import LANGUAGES
from services.ingest import findings
from services.ingest.findings import CATALOGUE

FOLDER = Path(services.ingest.__file__).parent

ASSIGNED = re.compile(r'(?:error|warning|by_severity|_Stop|broken|finding)\(\s*"(\w+)"')


def used_codes() -> set[str]:
    """Return the strings of the sources that are codes: what a report is called with."""
    found: set[str] = set()
    for file in FOLDER.glob("*.py"):
        found |= set(ASSIGNED.findall(file.read_text(encoding="utf-8")))
    return found


def test_every_code_used_is_in_the_catalogue() -> None:
    used = used_codes()
    assert len(used) > 50
    assert used <= CATALOGUE.keys()


def test_no_entry_of_the_catalogue_is_dead() -> None:
    sources = "".join(file.read_text(encoding="utf-8") for file in FOLDER.rglob("*.py"))
    dead = {code for code in CATALOGUE if f'"{code}"' not in sources}
    assert dead == set()


@pytest.mark.parametrize("code", CATALOGUE)
def test_an_entry_says_the_same_in_four_languages(code: str) -> None:
    entry = CATALOGUE[code]
    assert entry.status in {400, 403, 409, 413, 415, 422}
    assert entry.problem in CATALOGUE
    for texts in (entry.message, entry.remedy):
        assert set(texts) == set(LANGUAGES)
        assert len(set(texts.values())) == len(LANGUAGES)
        assert all(text.endswith(".") and len(text) > 15 for text in texts.values())
    places = {
        language: {name for _, name, _, _ in Formatter().parse(text) if name}
        for language, text in entry.message.items()
    }
    assert len({frozenset(names) for names in places.values()}) == 1


def test_a_sentence_names_its_amounts() -> None:
    finding = Finding(
        code="total_mismatch", severity="error", params={"stated": "1.00", "expected": "2.00"}
    )
    assert findings.message(finding, "de") == (
        "Der Gesamtbetrag 1.00 ist nicht die Summe der Leistungen 2.00."
    )
    assert findings.remedy(finding, "en").endswith("send it again.")


def test_an_older_finding_without_a_value_can_still_be_said() -> None:
    assert "?" in findings.message(Finding(code="due_mismatch", severity="error"), "fr")
