"""House rules as tests: what lives only in review is not a rule yet (style section 6)."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import MetaData

from libs.events import SAID_BY
from libs.runtime import migrate, tables
from libs.runtime.clock import Clock
from libs.runtime.engines import open_engine
from libs.runtime.settings import Settings
from libs.runtime.system import parts_of
from libs.runtime.vault import Vault
from services.command.builds import BUILDS

ROOT = Path(__file__).parents[2]
LINES_MAX = 300
FUNCTION_MAX = 40
CODE = sorted(p for folder in ("libs", "services") for p in (ROOT / folder).rglob("*.py"))
MIGRATIONS = "migrations"
FLOATING = {"simulator", "runtime", "portal", "symbol.py", "door.py"}
"""Chance, seconds, weights of languages, coordinates of charts: nothing of it is money."""


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_no_file_is_longer_than_three_hundred_lines() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for path in CODE
        if (count := len(path.read_text().splitlines())) > LINES_MAX
    }
    assert not long


def test_no_function_is_longer_than_forty_lines() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name} {_length(node)}"
        for path in CODE
        if MIGRATIONS not in path.parts
        for node in _functions(path)
        if _length(node) > FUNCTION_MAX
    ]
    assert not long


def _length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count the lines of a function's body, its docstring and signature aside."""
    body = node.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    return (node.end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_no_float_touches_money() -> None:
    found = []
    for path in CODE:
        if FLOATING & set(path.parts):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            named = isinstance(node, ast.Name) and node.id == "float"
            written = isinstance(node, ast.Constant) and isinstance(node.value, float)
            if named or written:
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}")  # type: ignore[attr-defined]
    assert not found


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    reasons = (ROOT / "docs" / "adr" / "0011-dependencies.md").read_text()
    wanted = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    names = [re.split(r"[\[<>=~]", one)[0] for one in wanted]
    stems = {name.removesuffix("-api").removesuffix("-sdk") for name in names}
    assert not [name for name in sorted(stems) if name not in reasons]


def test_the_lock_names_every_dependency_with_hashes() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    for name in (re.split(r"[\[<>=~]", one)[0] for one in wanted):
        assert re.search(rf"^{name}(\[.*\])?==", lock, re.MULTILINE), name
    assert "--hash=sha256:" in lock
    assert "://" not in "".join(line for line in lock.splitlines() if not line.startswith("#"))


def test_every_setting_is_documented() -> None:
    told = (ROOT / "docs" / "operations.md").read_text()
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert f"QUITTANCE_{name.upper()}" in told, name


@pytest.mark.parametrize("name", sorted(BUILDS))
def test_migrations_make_the_tables_that_the_code_names(name: str, tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'db'}")
    migrate.upgrade(name, engine)
    keys = open_engine("sqlite://")
    service = BUILDS[name](
        parts_of(Settings(data=tmp_path), Clock(), Vault(keys, b"k" * 32, Clock().now))
    )
    wanted = MetaData()
    for metadata in (tables.METADATA, service.tables, service.kept):
        for table in metadata.sorted_tables:
            table.to_metadata(wanted)
    with engine.connect() as db:
        context = MigrationContext.configure(db, opts={"compare_type": True})
        differences = [
            one
            for one in compare_metadata(context, wanted)
            if not (one[0] == "remove_table" and one[1].name == "alembic_version")
        ]
    engine.dispose()
    keys.dispose()
    assert not differences


def test_the_architecture_names_every_public_event_with_its_service() -> None:
    told = (ROOT / "docs" / "architecture.md").read_text()
    rows = {row.split("|")[1].strip(): row for row in told.splitlines() if row.startswith("| ")}
    assert not [name for name, by in SAID_BY.items() if name not in rows[by]]


def test_the_repository_names_no_registry() -> None:
    """Addresses of package registries belong to the machine, not to the project."""
    tracked = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
    ).stdout.split(b"\0")
    hosts = [b"pypi" + b".org", b"pythonhosted" + b".org", b"registry.npm" + b"js.org"]
    hosts += [b"repo.maven" + b".apache", b"repo1" + b".maven", b"deb.debian" + b".org"]
    found = [
        name.decode()
        for name in tracked
        if name
        and (path := ROOT / name.decode()).is_file()
        and any(host in path.read_bytes() for host in hosts)
    ]
    assert not found
