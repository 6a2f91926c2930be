"""Figures: how they are judged and shown, and that the document has a row for each of them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import record
from bench.benches import FOLDER, NAMES, benches
from bench.measure import Figure, alternately, rates

PLACEHOLDER = ".+?"


@pytest.mark.parametrize(
    ("figure", "reached"),
    [
        (Figure(what="a ratio", ours=12, anchor=2, at_least=6), True),
        (Figure(what="a ratio", ours=11, anchor=2, at_least=6), False),
        (Figure(what="a wait", ours=5, unit="ms", at_most=5), True),
        (Figure(what="a wait", ours=5.1, unit="ms", at_most=5), False),
        (Figure(what="nothing lost", ours=0, unit="of 9", at_most=0), True),
        (Figure(what="for information", ours=5), None),
    ],
)
def test_a_figure_says_whether_what_is_wanted_was_reached(
    figure: Figure,
    reached: bool | None,  # noqa: FBT001 - a row of the table above
) -> None:
    assert figure.reached is reached
    assert figure.cells()[-1] == {True: "yes", False: "NO", None: ""}[reached]


def test_a_figure_shows_its_ratio_its_anchor_and_what_is_wanted() -> None:
    figure = Figure(what="append", ours=64_000, anchor=10_000, against="es", at_least=6)
    assert figure.cells() == ("append", "64,000/s", "10,000/s es", "6.40 x", ">= 6 x", "yes")
    alone = Figure(what="memory", ours=88.26, unit="MB", at_most=400)
    assert alone.cells() == ("memory", "88.26 MB", "", "", "<= 400 MB", "yes")
    assert figure.line().split()[:3] == ["append", "64,000/s", "6.40"]


def test_sides_take_turns_and_the_best_of_each_counts() -> None:
    turns: list[str] = []
    seconds = iter([0.0, 9.0, 10.0, 12.0, 20.0, 21.0, 30.0, 39.0, 40.0, 49.0, 50.0, 59.0])

    def side(name: str) -> int:
        turns.append(name)
        return 18

    best = rates(lambda _: side("ours"), lambda _: side("anchor"), clock=lambda: next(seconds))
    assert best == [18.0, 9.0]
    assert turns == ["ours", "anchor"] * 3
    assert len(alternately(10, lambda _: None, lambda _: None)) == 2


def test_recording_one_bench_leaves_the_tables_of_the_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    document = tmp_path / "performance.md"
    document.write_text("# Figures\n\nWhat they are.\n", encoding="utf-8")
    monkeypatch.setattr(record, "DOCUMENT", document)
    first, second = NAMES[:2]

    def written(name: str, ours: float) -> str:
        figure = Figure(what="work", ours=ours)
        record.write(record.Section(name=name, title="Title.", machine="m", figures=[figure]))
        return document.read_text(encoding="utf-8")

    written(second, 1)
    text = written(first, 2)
    assert text.startswith("# Figures\n\nWhat they are.\n\nNot recorded yet: ")
    assert text.index(f"## {first}:") < text.index(f"## {second}:")
    assert f"\nNot recorded yet: {', '.join(NAMES[2:])}.\n" in text
    again = written(first, 3)
    assert again == text.replace("2/s", "3/s")


def test_every_module_with_figures_is_a_bench_and_runs_unasked_unless_it_takes_long() -> None:
    sources = {path.stem: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.py")}
    unasked = {name for name, text in sources.items() if "\ndef figures(" in text}
    asked = {name for name, text in sources.items() if "\ndef asked_figures(" in text}
    assert sorted(unasked | asked) == list(NAMES)
    assert [bench.name for bench in benches([])] == sorted(unasked)


def rows_of(name: str) -> Iterator[str]:
    """Yield what a bench calls its figures, as patterns: what is computed may be anything."""
    module = ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Figure":
            (what,) = (word.value for word in node.keywords if word.arg == "what")
            yield pattern(what)


def pattern(what: ast.expr) -> str:
    match what:
        case ast.Constant(value=str(text)):
            return re.escape(text)
        case ast.JoinedStr(values=parts):
            return "".join(map(pattern, parts))
        case _:
            return PLACEHOLDER


@pytest.mark.parametrize("name", NAMES)
def test_the_document_has_every_row_of_every_bench_or_says_that_it_was_not_recorded(
    name: str,
) -> None:
    text = record.DOCUMENT.read_text(encoding="utf-8")
    sections = {found["name"]: found[0] for found in record.SECTION.finditer(text)}
    said = record.MISSING.search(text)
    missing = said["names"].split(", ") if said else []
    assert (name in sections) is not (name in missing), f"run python -m bench --record {name}"
    rows = [line.split(" | ")[0] for line in sections.get(name, "").splitlines()[3:]]
    for what in rows_of(name):
        found = any(re.fullmatch(rf"\| {what}", row) for row in rows)
        assert found or name in missing, what
