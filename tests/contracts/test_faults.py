"""The page of faults tells the truth: every fault is shown by tests that exist."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "faults.md"


def _tests() -> set[str]:
    return {
        node.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_every_fault_is_shown_by_tests_that_exist() -> None:
    """Each row of docs/faults.md names at least one, and each that it names is there."""
    lines = PAGE.read_text().splitlines()
    rows = [line.split("|")[1:-1] for line in lines if re.match(r"\| [FB]\d", line)]
    assert rows
    named = {row[0].strip(): re.findall(r"`(test_\w+)`", row[2]) for row in rows}
    assert len(named) == len(rows), "a fault has two rows"
    assert not [fault for fault, tests in named.items() if not tests]
    there = _tests()
    assert not [(fault, one) for fault, tests in named.items() for one in tests if one not in there]
