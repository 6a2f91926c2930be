"""The catalogue: every code that the code uses is said in four languages."""

import re
from pathlib import Path
from string import Formatter

import pytest

import services.ingest
from libs.events.handed import Finding
from libs.events.values import LANGUAGES
from services.ingest import findings, receipts
from services.ingest.bodies import records
from services.ingest.findings import CATALOGUE

FOLDER = Path(services.ingest.__file__).parent

ASSIGNED = re.compile(r'(?:error|warning|by_severity|_Stop|broken|finding)\(\s*"(\w+)"')


def used_codes() -> set[str]:
    """Return the strings of the sources that are codes: what a report is called with."""
    found: set[str] = set()
    for file in FOLDER.rglob("*.py"):
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


SAYS = {
    r"\.error\(": "error",
    r"\.warning\(": "warning",
    r"by_severity\(": "either",
    r"(?:broken|_Stop|finding)\(": "error",
}
"""How the sources notice something, and the severity that it has then."""


def noticed_as() -> dict[str, set[str]]:
    """Return the severities with which the sources notice each code that they name in place."""
    found: dict[str, set[str]] = {}
    for file in FOLDER.rglob("*.py"):
        source = file.read_text(encoding="utf-8")
        for call, severity in SAYS.items():
            for code in re.findall(call + r'\s*"(\w+)"', source):
                found.setdefault(code, set()).add(severity)
    return found


def test_the_catalogue_says_with_which_severity_a_code_is_noticed() -> None:
    grave = records.GRAVE
    for code, severities in noticed_as().items():
        said = CATALOGUE[code].severity
        expected = severities | {"error"} if code in grave else severities
        assert said == ("either" if len(expected) > 1 else next(iter(expected))), code


def test_every_entry_says_what_it_stops_in_four_languages() -> None:
    told = receipts.catalogue()
    assert told.keys() == CATALOGUE.keys()
    for entry in told.values():
        assert entry["severity"] in {"error", "warning", "either"}
        assert set(entry["stops"]) == set(LANGUAGES)
        assert len(set(entry["stops"].values())) == len(LANGUAGES)


def test_a_remedy_is_a_whole_sentence_that_begins_with_a_capital() -> None:
    for code, entry in CATALOGUE.items():
        for text in (*entry.message.values(), *entry.remedy.values()):
            assert text[0].isupper() or text[0] == "{", (code, text)
            assert "  " not in text, (code, text)


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
