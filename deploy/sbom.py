"""Prints what the image is made of as a CycloneDX 1.6 bill of materials (P38).

`sbom.py requirements.lock pyproject.toml` takes the packages that the services need, versions,
hashes and who needs whom from the lock alone, so the same lock gives the same bytes.
"""

# ruff: noqa: INP001 - a script, run by its path; the image has no package of this name
import json
import re
import sys
import tomllib
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

sys.path.insert(0, str(Path(__file__).parent))
from runtime_lock import RUNTIME, blocks, needed

PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(?P<version>[^\s;\\]+)")
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def purl(name: str, version: str) -> str:
    """Return the package's address in the form that all such bills use."""
    return f"pkg:pypi/{name}@{version}"


def components(lock: str) -> dict[str, dict[str, Any]]:
    """Return every package that the services need, by name."""
    found = {}
    for block in re.split(r"(?m)^(?=[A-Za-z0-9])", needed(lock, {RUNTIME})):
        pin = PIN.match(block)
        if pin is None:
            continue
        name, version = pin["name"], pin["version"]
        found[name] = {
            "type": "library",
            "bom-ref": purl(name, version),
            "name": name,
            "version": version,
            "purl": purl(name, version),
            # A lock names every file of a release; which one is installed depends on the machine.
            "externalReferences": [
                {
                    "type": "distribution",
                    "url": purl(name, version),
                    "hashes": [
                        {"alg": "SHA-256", "content": one} for one in sorted(HASH.findall(block))
                    ],
                }
            ],
        }
    return found


def bill(lock: str, project: str) -> dict[str, Any]:
    """Return the bill of materials."""
    about = tomllib.loads(project)["project"]
    root = f"{about['name']}@{about['version']}"
    parts = components(lock)
    asked = {name: who for name, (_, who) in blocks(lock).items() if name in parts}

    def needs(who: str) -> list[str]:
        return sorted(parts[name]["bom-ref"] for name, by in asked.items() if who in by)

    graph = [{"ref": root, "dependsOn": needs(RUNTIME)}]
    graph += [{"ref": part["bom-ref"], "dependsOn": needs(name)} for name, part in parts.items()]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid5(NAMESPACE_URL, root + lock)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": about["name"],
                "version": about["version"],
            }
        },
        "components": [parts[name] for name in sorted(parts)],
        "dependencies": sorted(graph, key=lambda one: str(one["ref"])),
    }


if __name__ == "__main__":
    made = bill(*(Path(path).read_text("utf-8") for path in sys.argv[1:3]))
    sys.stdout.write(json.dumps(made, indent=2) + "\n")
