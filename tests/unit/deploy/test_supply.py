"""What is installed: no version with a known hole, a bill of materials, an image with little in it.

P38. `make audit` asks the public database besides, which not every machine reaches.
"""

import json
import re
import subprocess
import sys
import tomllib
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from tests.engines import ROOT

LOCK = (ROOT / "requirements.lock").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
ADVISORIES: dict[str, dict[str, str]] = tomllib.loads(
    (ROOT / "deploy" / "advisories.toml").read_text("utf-8")
)
LOCKED = dict(re.findall(r"^([a-z0-9-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", LOCK, re.MULTILINE))
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text("utf-8")


def fixed_in(name: str) -> Version:
    """Return the first version of a package that no advisory is about."""
    return max(Version(version) for version in ADVISORIES[name].values())


def affected(locked: dict[str, str]) -> list[str]:
    return sorted(name for name in ADVISORIES if Version(locked[name]) < fixed_in(name))


def test_no_locked_version_is_one_that_an_advisory_is_about() -> None:
    assert set(ADVISORIES) <= set(LOCKED), "an advisory about what is not installed"
    assert affected(LOCKED) == []


def test_an_older_version_would_be_noticed() -> None:
    older = LOCKED | {"lxml": "6.0.2", "starlette": "1.3.0", "pyyaml": "5.3.1"}
    assert affected(older) == ["lxml", "pyyaml", "starlette"]


def test_every_floor_is_at_or_above_the_fix() -> None:
    wanted = PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["dev"]
    low = []
    for text in wanted:
        asked = Requirement(text)
        floors = [s.version for s in asked.specifier if s.operator in {">=", "=="}]
        assert floors, f"{asked.name} has no floor"
        if asked.name in ADVISORIES and Version(max(floors)) < fixed_in(asked.name):
            low.append(asked.name)
        assert Version(LOCKED[asked.name]) in asked.specifier, text
    assert low == []


def test_an_advisory_is_named_as_the_databases_name_it() -> None:
    named = re.compile(r"CVE-\d{4}-\d{4,}|PYSEC-\d{4}-\d+|GHSA(-[a-z0-9]{4}){3}")
    assert [one for each in ADVISORIES.values() for one in each if not named.fullmatch(one)] == []


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "deploy/sbom.py", "requirements.lock", "pyproject.toml"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_bill_lists_what_the_image_installs_with_version_and_hashes(
    bill: dict[str, Any],
) -> None:
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    installed = subprocess.run(
        [sys.executable, "deploy/runtime_lock.py", "requirements.lock"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    pins = dict(re.findall(r"^([a-z0-9-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", installed, re.MULTILINE))
    assert {one["name"]: one["version"] for one in bill["components"]} == pins
    hashes = {
        told["content"]
        for one in bill["components"]
        for reference in one["externalReferences"]
        for told in reference["hashes"]
    }
    assert hashes == set(re.findall(r"sha256:([0-9a-f]{64})", installed))
    for one in bill["components"]:
        assert one["purl"] == f"pkg:pypi/{one['name']}@{one['version']}" == one["bom-ref"]


def test_the_bill_says_who_needs_whom_and_nothing_stands_alone(bill: dict[str, Any]) -> None:
    graph = {one["ref"]: one["dependsOn"] for one in bill["dependencies"]}
    root = bill["metadata"]["component"]["bom-ref"]
    assert set(graph) == {one["bom-ref"] for one in bill["components"]} | {root}
    reached, new = {root}, {root}
    while new:
        new = {each for one in new for each in graph[one]} - reached
        reached |= new
    assert reached == set(graph)
    direct = {Requirement(one).name for one in PROJECT["project"]["dependencies"]}
    assert {ref.split("/")[1].split("@")[0] for ref in graph[root]} == direct


def test_the_same_lock_gives_the_same_bill(bill: dict[str, Any]) -> None:
    again = subprocess.run(
        [sys.executable, "deploy/sbom.py", "requirements.lock", "pyproject.toml"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    assert json.loads(again.stdout) == bill
    assert bill["serialNumber"].startswith("urn:uuid:")


def test_the_image_runs_as_nobody_with_rights_and_without_tools_to_install_more() -> None:
    stage = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.search(r"^USER (\d+):(\d+)$", stage, re.MULTILINE), "by number: no name is looked up"
    assert "USER 0" not in stage
    assert "pip uninstall --yes pip setuptools" in DOCKERFILE
    assert "apt-get" not in stage
    assert "--shell /usr/sbin/nologin" in stage
    for line in re.findall(r"^(?:ENTRYPOINT|CMD) (.+)$", stage, re.MULTILINE):
        assert isinstance(json.loads(line), list), "a list starts no shell"


def test_the_image_is_built_of_pinned_bases_and_hashed_packages_alone() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert bases
    assert all(re.fullmatch(r"python:3\.11-slim-[a-z]+", base) for base in bases)
    installs = re.findall(r"pip install ([^\n\\]+)", DOCKERFILE)
    assert installs
    assert all("--require-hashes" in one or "--no-index" in one for one in installs)


def test_no_secret_comes_into_the_image() -> None:
    """P37: neither as a variable nor as a file; the build sees only what is named."""
    assert not re.findall(r"^(?:ARG|ENV) .*(?:PASSWORD|SECRET|TOKEN|KEY)", DOCKERFILE, re.MULTILINE)
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert ignored[1] == "*", "everything, but for what follows"
    let_in = {line[1:] for line in ignored if line.startswith("!")}
    copied = set()
    for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE):
        copied |= {one.removeprefix("./") for one in line.split()[:-1]}
    assert copied == let_in
    assert not [one for one in let_in if "secret" in one]
