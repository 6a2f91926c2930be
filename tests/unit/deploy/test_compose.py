"""The compose files say what the architecture promises; Docker itself is not needed to see it."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from libs.events import SAID_BY

ROOT = Path(__file__).parents[3]
SERVICES = {"ingest", "invoicing", "dunning", "factoring", "gateway"}


class Loader(yaml.SafeLoader):
    """Reads compose's own tags, which say how an override is merged."""


def _tagged(loader: yaml.SafeLoader, _: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return None


Loader.add_multi_constructor("!", _tagged)


def read(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.load((ROOT / name).read_text("utf-8"), Loader)  # noqa: S506 - safe
    return found


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return read("docker-compose.yml")


def test_there_is_one_container_for_each_service(compose: dict[str, Any]) -> None:
    commands = {
        name: service["command"]
        for name, service in compose["services"].items()
        if "command" in service
    }
    serving = {name: command for name, command in commands.items() if command[0] == "serve"}
    assert serving == {name: ["serve", name] for name in SERVICES}
    assert set(SAID_BY.values()) <= SERVICES


def test_only_the_gateway_can_be_reached_and_only_from_this_machine(
    compose: dict[str, Any],
) -> None:
    published = {n: s["ports"] for n, s in compose["services"].items() if "ports" in s}
    assert published == {"gateway": ["127.0.0.1:8080:8000"]}


def test_everything_that_stays_up_has_a_health_check(compose: dict[str, Any]) -> None:
    staying = {n for n, s in compose["services"].items() if s.get("restart") == "unless-stopped"}
    assert staying == SERVICES | {"postgres", "kafka"}
    assert all("healthcheck" in compose["services"][name] for name in staying)


def test_services_wait_for_databases_and_topics(compose: dict[str, Any]) -> None:
    for name in SERVICES:
        assert compose["services"][name]["depends_on"] == {
            "migrate": {"condition": "service_completed_successfully"},
            "topics": {"condition": "service_completed_successfully"},
        }
    waits = {name: compose["services"][name]["depends_on"] for name in ("migrate", "topics")}
    assert waits == {
        "migrate": {"postgres": {"condition": "service_healthy"}},
        "topics": {"kafka": {"condition": "service_healthy"}},
    }


def test_each_service_has_a_role_and_a_password_of_its_own(compose: dict[str, Any]) -> None:
    """P37: secrets are files; no variable holds one."""
    for name in SERVICES:
        service = compose["services"][name]
        assert service["environment"]["QUITTANCE_DATABASE"].startswith(f"postgresql://{name}@")
        assert service["secrets"][0]["source"] == f"{name}_database_password"
    for service in compose["services"].values():
        for variable, value in service.get("environment", {}).items():
            if "PASSWORD" in variable or "KEY" in variable:
                assert value.startswith("/run/secrets/"), variable


def test_our_containers_are_read_only_and_without_rights(compose: dict[str, Any]) -> None:
    """P38."""
    ours = [s for s in compose["services"].values() if s["image"] == "quittance"]
    assert len(ours) == len(SERVICES) + 3
    for service in ours:
        assert service["read_only"] is True
        assert service["tmpfs"] == ["/tmp"]  # noqa: S108 - a container's own
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert not {"privileged", "user", "cap_add", "entrypoint"} & service.keys()


def test_our_health_checks_need_no_shell(compose: dict[str, Any]) -> None:
    """P38: the image's own Python asks."""
    for name in SERVICES:
        assert compose["services"][name]["healthcheck"]["test"][:3] == ["CMD", "python", "-c"]


def test_every_secret_of_the_trial_is_made_by_the_script(
    compose: dict[str, Any], tmp_path: Path
) -> None:
    script = tmp_path / "secrets.sh"
    script.write_bytes((ROOT / "deploy" / "secrets.sh").read_bytes())
    for _ in range(2):
        subprocess.run(["sh", str(script)], check=True, capture_output=True)
    made = {file.name: file.read_text("ascii") for file in (tmp_path / "secrets").iterdir()}
    assert set(made) == set(compose["secrets"])
    assert len(set(made.values())) == len(made)
    assert {s["file"] for s in compose["secrets"].values()} == {f"deploy/secrets/{n}" for n in made}


def test_production_speaks_tls_at_the_door_and_to_brokers_and_databases() -> None:
    """P36."""
    production = read("deploy/production.yml")
    gateway = production["services"]["gateway"]
    assert gateway["environment"]["QUITTANCE_BEHIND_PROXY"] == "0"
    assert gateway["environment"]["QUITTANCE_TLS_CERTIFICATE"] == "/run/secrets/tls_certificate"
    for name in SERVICES:
        settings = production["services"][name]["environment"]
        assert settings["QUITTANCE_KAFKA_USER"] == name
        assert settings["QUITTANCE_KAFKA_AUTHORITY"] == "/run/secrets/kafka_authority"
        assert "sslmode=verify-full" in settings["QUITTANCE_DATABASE"]
    used = {
        secret if isinstance(secret, str) else secret["source"]
        for service in production["services"].values()
        for secret in service.get("secrets", [])
    }
    assert used == set(production["secrets"])


def test_the_image_holds_what_runs_and_not_what_tests() -> None:
    """P38: one lock file; the image installs the part of it that the services need."""
    printed = subprocess.run(
        [sys.executable, "deploy/runtime_lock.py", "requirements.lock"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    names = {line.split("==")[0].split("[")[0] for line in printed.splitlines() if "==" in line}
    project = (ROOT / "pyproject.toml").read_text("utf-8")
    wanted = project.split("dependencies = [")[1].split("]\n")[0]
    asked = {line.strip(' ",').split(">")[0].split("=")[0] for line in wanted.splitlines()}
    assert {name.split("[")[0] for name in asked if name} <= names
    assert not names & {"pytest", "hypothesis", "mypy", "ruff", "playwright", "testcontainers"}
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    assert all(line in lock for line in printed.splitlines())
