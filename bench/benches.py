"""Which benches there are: every module of this package that has a function `figures`.

One that has `asked_figures` alone runs only when it is named.
"""

import ast
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from bench.measure import Figure

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Bench:
    """One module of figures."""

    name: str
    title: str
    asked: bool
    """Whether it was named, not only run as one of all: one with `asked_figures` goes farther."""

    def figures(self) -> Iterator[Figure]:
        module = import_module(f"bench.{self.name}")
        further = getattr(module, FURTHER, None) if self.asked else None
        measured: Iterator[Figure] = (further or module.figures)()
        return measured


def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _measuring(*functions: str) -> Sequence[str]:
    """Return the modules that have one of these functions."""

    def measures(module: ast.Module) -> bool:
        return any(isinstance(it, ast.FunctionDef) and it.name in functions for it in module.body)

    return tuple(sorted(path.stem for path in FOLDER.glob("*.py") if measures(_parsed(path))))


FURTHER = "asked_figures"
ALL = _measuring("figures")
"""What runs when nothing is named."""
NAMES: Sequence[str] = _measuring("figures", FURTHER)


def title(name: str) -> str:
    """Return the first line of a bench's docstring."""
    return (ast.get_docstring(_parsed(FOLDER / f"{name}.py")) or name).splitlines()[0]


def benches(names: Iterable[str]) -> Iterator[Bench]:
    """Yield the benches of these names, or all."""
    chosen = tuple(names)
    for name in chosen or ALL:
        yield Bench(name, title(name), asked=bool(chosen))
