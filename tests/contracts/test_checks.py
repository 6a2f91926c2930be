"""docs/checks.md names every rule that entry could check, and only codes that there are."""

import re
from pathlib import Path

from services.ingest.findings import CATALOGUE
from tests.contracts.test_inputs import all_names

ROOT = Path(__file__).parents[2]
RULES = range(13, 51)


def told() -> dict[str, tuple[str, list[str], list[str]]]:
    """Return what the table says of each rule: words, codes and tests."""
    found = {}
    for line in (ROOT / "docs" / "checks.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) == 6 and cells[1].startswith("BR-"):
            assert cells[1] not in found, line
            codes, tests = (re.findall(r"`(\w+)`", cell) for cell in cells[3:5])
            found[cells[1]] = cells[2], codes, tests
    return found


def test_every_rule_is_checked_or_has_its_reason() -> None:
    rows, there = told(), all_names()
    assert {f"BR-{number}" for number in RULES} <= rows.keys()
    for rule, (words, codes, tests) in rows.items():
        assert words, rule
        assert tests or not codes, rule
        assert set(codes) <= CATALOGUE.keys(), rule
        assert set(tests) <= there, (rule, set(tests) - there)


def test_every_rule_that_a_code_names_has_its_row() -> None:
    rows = told()
    for code, entry in CATALOGUE.items():
        for rule in re.findall(r"BR-\d+", entry.rule):
            if int(rule[3:]) in RULES:
                assert rows[rule][1], (code, rule)
