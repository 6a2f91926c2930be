"""docs/performance.md: the last printed tables, each with the machine and the day it was taken."""

import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench.benches import NAMES
from bench.measure import HEADINGS, Figure

DOCUMENT = Path(__file__).parent.parent / "docs" / "performance.md"
SECTION = re.compile(r"^## (?P<name>\w+): .*?(?=^## |\Z)", re.DOTALL | re.MULTILINE)
MISSING = re.compile(r"^Not recorded yet: (?P<names>.*)\.\n?", re.MULTILINE)


@dataclass
class Section:
    """One bench's part of the document."""

    name: str
    title: str
    machine: str
    figures: list[Figure] = field(default_factory=list)

    def text(self) -> str:
        """Return it as Markdown."""
        rows = [HEADINGS, ["---"] * len(HEADINGS), *(figure.cells() for figure in self.figures)]
        table = "\n".join(row(cells) for cells in rows)
        return f"## {self.name}: {self.title}\n{self.machine}\n\n{table}\n"


def row(cells: Sequence[str]) -> str:
    """Return a row of a Markdown table."""
    return f"| {' | '.join(cells)} |"


def machine() -> str:
    """Return on what, and beside how much other work, figures are taken."""
    cores, busy = os.cpu_count(), os.getloadavg()[0]
    now = datetime.now(UTC)  # noqa: TID251  # a bench has no injected clock
    engines = f"SQLAlchemy {version('sqlalchemy')}, psycopg {version('psycopg')}"
    return (
        f"{now:%Y-%m-%d}, {cores} cores ({processor()}), load before {busy:.1f},"
        f" Python {platform.python_version()}, {engines}, aiokafka {version('aiokafka')}"
    )


def processor() -> str:
    """Return the processor's name, where the system tells."""
    found = re.search(r"model name\s*: (.*)", _cpuinfo())
    return " ".join(found[1].split()) if found else platform.machine()


def _cpuinfo() -> str:
    path = Path("/proc/cpuinfo")
    return path.read_text(encoding="utf-8") if path.exists() else ""


def write(section: Section) -> None:
    """Put a section in place of the one of that name; sections stand in the benches' order."""
    text = DOCUMENT.read_text(encoding="utf-8")
    start = text.index("\n## ") + 1 if "\n## " in text else len(text)
    head = MISSING.sub("", text[:start]).rstrip()
    sections = {found["name"]: found[0].rstrip() + "\n" for found in SECTION.finditer(text)}
    sections[section.name] = section.text()
    if missing := [name for name in NAMES if name not in sections]:
        head += f"\n\nNot recorded yet: {', '.join(missing)}."
    kept = [sections[name] for name in NAMES if name in sections]
    DOCUMENT.write_text(f"{head}\n\n" + "\n".join(kept), encoding="utf-8")
