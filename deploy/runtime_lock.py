"""Prints the part of the lock file that named packages need, hashes and all.

The image holds what runs, not what tests: `runtime_lock.py requirements.lock` follows the comments
in which the lock says who asked for what, from the project's own dependencies on. With names of
packages behind the file it follows from those instead.
"""

# ruff: noqa: INP001 - a script, run by its path while the image is built
import re
import sys
from pathlib import Path

RUNTIME = "quittance (pyproject.toml)"
"""How the lock names the project where it asks for what it needs to run."""


def blocks(lock: str) -> dict[str, tuple[str, set[str]]]:
    """Return each package's lines, and who asked for it."""
    found: dict[str, tuple[str, set[str]]] = {}
    for block in re.split(r"(?m)^(?=[A-Za-z0-9])", lock):
        if block.strip():
            lines = block.splitlines()
            name = lines[0].split("==")[0].split("[")[0]
            asked = [line.strip().lstrip("# ") for line in lines if line.lstrip().startswith("#")]
            wanted = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
            found[name] = (wanted, {who.removeprefix("via ").strip() for who in asked} - {"via"})
    return found


def needed(lock: str, roots: set[str]) -> str:
    """Return the lines of all packages that the roots need; a root that is a package is in it."""
    packages = blocks(lock)
    known = set(roots)
    while True:
        more = {name for name, (_, asked) in packages.items() if asked & known} - known
        if not more:
            return "\n".join(packages[name][0] for name in sorted(known & packages.keys())) + "\n"
        known |= more


if __name__ == "__main__":
    sys.stdout.write(needed(Path(sys.argv[1]).read_text("utf-8"), set(sys.argv[2:]) or {RUNTIME}))
