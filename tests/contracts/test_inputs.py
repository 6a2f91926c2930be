"""docs/inputs.md names every row of bad inputs, and only tests that there are."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ROWS = 65
NOT_YET = {56, 57, 58}
"""Rows of what does not exist yet: Idempotency-Key and webhooks."""


def told() -> dict[int, tuple[str, set[str]]]:
    """Return the answer and the tests of each row."""
    found = {}
    for line in (ROOT / "docs" / "inputs.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) == 6 and (row := re.fullmatch(r"B(\d+)", cells[1])):
            assert int(row[1]) not in found, line
            found[int(row[1])] = cells[3], set(re.findall(r"`(test_\w+)`", cells[4]))
    return found


def all_names() -> set[str]:
    """Return the names of all tests."""
    return {
        node.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


def test_every_row_has_an_answer_and_tests_that_there_are() -> None:
    rows, there = told(), all_names()
    assert sorted(rows) == list(range(1, ROWS + 1))
    for number, (answer, named) in rows.items():
        assert answer, number
        assert bool(named) != (number in NOT_YET), number
        assert (answer == "not yet") == (number in NOT_YET), number
        assert named <= there, (number, named - there)


def test_every_attack_named_after_a_row_is_listed_there() -> None:
    rows = told()
    for path in (ROOT / "tests" / "attacks").glob("test_*.py"):
        for name in re.findall(r"^def (test_b\d+_\w+)", path.read_text("utf-8"), re.MULTILINE):
            row = int(re.findall(r"b(\d+)", name)[0])
            listed = set().union(*(named for _, named in rows.values()))
            beside = any(one.startswith(f"test_b{row}_") for one in rows[row][1])
            assert name in listed or beside, name
