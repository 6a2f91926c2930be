"""docker-compose.yml run without Docker: its commands as processes, its engines on this machine.

Command, environment, secrets, health check and order come from the file itself. Addresses, ports
and paths of a container become those of this machine by the tables below and by nothing else: a
word in the file that no table knows raises Unknown, so that what is tried here is what is deployed.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from libs.runtime.settings import Settings
from tests.distributed.postgres import RolesServer
from tests.distributed.processes import GUARD, PATIENCE, eventually
from tests.engines import ROOT, Guarded, JavaBroker, environment, free_port
from tests.kafka_tools import KafkaTools

HANDLED = {
    "command", "entrypoint", "environment", "secrets", "healthcheck", "depends_on",
}  # fmt: skip  # what this module does as Docker does
CONTAINER = {
    "image", "build", "read_only", "tmpfs", "cap_drop", "security_opt", "restart", "init",
    "stop_grace_period", "mem_limit", "shm_size", "ports", "profiles", "volumes",
}  # fmt: skip  # what only a container has; tests/unit/deploy reads it
DATABASE = re.compile(r"postgresql://(?P<role>\{service\}|[a-z]+)@postgres/\{service\}")
PLAIN = {"QUITTANCE_BEHIND_PROXY"}
"""Variables that mean the same on any machine."""
SECRETS = "/run/secrets/"
READY = "http://127.0.0.1:8000/health/ready"


class Unknown(AssertionError):
    """The compose file says something that no table of this module translates."""


@dataclass
class Machine:
    """What stands on this machine in the place of containers, networks and volumes."""

    folder: Path
    tools: KafkaTools
    ports: dict[str, int] = field(default_factory=dict)
    bootstrap: str = ""
    postgres: RolesServer | None = None

    def secrets(self, name: str, service: Mapping[str, Any], files: Mapping[str, Any]) -> Path:
        """Lay a service's secrets where its container has them, and no others."""
        folder = self.folder / "run" / name
        folder.mkdir(parents=True, exist_ok=True)
        for given in service.get("secrets", ()):
            told = {"source": given} if isinstance(given, str) else given
            made = self.folder / files[told["source"]]["file"].removeprefix("deploy/")
            (folder / told.get("target", told["source"])).write_bytes(made.read_bytes())
        return folder


def image() -> dict[str, Any]:
    """Return what the last stage of the Dockerfile says of how it runs."""
    text = (ROOT / "deploy" / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
    last = text.rpartition("\nFROM ")[2]
    said = dict(re.findall(r"^(ENTRYPOINT|CMD) (.+)$", last, re.MULTILINE))
    (variables,) = re.findall(r"^ENV (.+)$", last, re.MULTILINE)
    return {
        "entrypoint": json.loads(said["ENTRYPOINT"]),
        "environment": dict(one.split("=", 1) for one in variables.split()),
        "volumes": re.findall(r"^VOLUME (\S+)$", last, re.MULTILINE),
    }


class Composed:
    """The services of the compose file, running."""

    def __init__(self, folder: Path) -> None:
        self.file: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))
        self.image = image()
        self.machine = Machine(folder, KafkaTools(folder / "kafka-tools"))
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._guards: list[Guarded] = []
        self._done: set[str] = set()
        self.broker: JavaBroker | None = None

    @property
    def services(self) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = self.file["services"]
        return found

    @property
    def door(self) -> str:
        return f"http://127.0.0.1:{self.machine.ports['gateway']}"

    def up(self) -> None:
        """Start everything as `docker compose up --wait` does: in order, waiting for conditions."""
        script = self.machine.folder / "secrets.sh"
        script.write_bytes((ROOT / "deploy" / "secrets.sh").read_bytes())
        subprocess.run(["sh", str(script)], check=True, capture_output=True)
        for name, service in self.services.items():
            if unknown := service.keys() - HANDLED - CONTAINER:
                raise Unknown(f"{name}: {unknown}")
            if service.get("command", [""])[0] == "serve":
                self.machine.ports[name] = free_port()
        wanted = [name for name, one in self.services.items() if "profiles" not in one]
        for name in self._in_order(wanted):
            self._start(name)
        for name in self.machine.ports:
            self._wait_for(name, "service_healthy")

    def _in_order(self, names: Sequence[str]) -> Iterator[str]:
        """Yield services, each after those that it waits for."""
        seen: set[str] = set()

        def visit(name: str) -> Iterator[str]:
            if name not in seen:
                seen.add(name)
                for other in self.services[name].get("depends_on", {}):
                    yield from visit(other)
                yield name

        for name in names:
            yield from visit(name)

    def _start(self, name: str) -> None:
        service = self.services[name]
        for other, how in service.get("depends_on", {}).items():
            self._wait_for(other, how["condition"])
        if name == "postgres":
            self._start_postgres(service)
        elif name == "kafka":
            self._start_kafka(service)
        elif service["restart"] == "no":
            done = self.run(name)
            assert done.returncode == 0, done.stdout + done.stderr
            self._done.add(name)
        else:
            with self.log(name).open("ab") as log:
                process = subprocess.Popen(
                    self.argv(name), env=self.environment(name), stdout=log, stderr=log
                )
            self.processes[name] = process
            self._guards.append(Guarded(GUARD, str(process.pid)))

    def _wait_for(self, name: str, condition: str) -> None:
        if condition == "service_completed_successfully":
            assert name in self._done, f"{name} has not run"
        elif condition == "service_healthy":
            eventually(lambda: self.healthy(name))
        else:
            raise Unknown(f"condition {condition}")

    def healthy(self, name: str) -> bool:
        """Run a service's own health check."""
        if name in self.processes:
            assert self.processes[name].poll() is None, self.log(name).read_text("utf-8")[-4000:]
        kind, *words = self.services[name]["healthcheck"]["test"]
        argv = [self._checked(name, word) for word in words]
        if kind == "CMD-SHELL":
            argv = ["sh", "-c", *argv]
        elif kind != "CMD":
            raise Unknown(f"health check {kind}")
        done = subprocess.run(argv, capture_output=True, timeout=PATIENCE, check=False)
        return done.returncode == 0

    def _checked(self, name: str, word: str) -> str:
        """Return a word of a health check as it is on this machine."""
        if name in self.machine.ports:
            here = READY.replace(":8000", f":{self.machine.ports[name]}")
            words = {"python": sys.executable, "-c": "-c"}
            if word.count(READY) == 1 and len(re.findall(r"\w+://", word)) == 1:
                return word.replace(READY, here)
        elif name == "postgres":
            assert self.machine.postgres is not None
            words = {one: one for one in ("-q", "-h", "-U", "owner", "-d", "keys")}
            words |= {
                "pg_isready": str(self.machine.postgres.binary("pg_isready")),
                "127.0.0.1": self.machine.postgres.socket,
            }
        else:
            return self.machine.tools.here(word, self.machine.bootstrap)
        if word not in words:
            raise Unknown(f"{name}: {word} in its health check")
        return words[word]

    def argv(self, name: str, *arguments: str) -> list[str]:
        """Return a service's command; with arguments, those in the place of the file's."""
        service = self.services[name]
        (program,) = service.get("entrypoint", self.image["entrypoint"])
        here = Path(sys.executable).parent / program
        return [str(here), *(arguments or service["command"])]

    def environment(self, name: str) -> dict[str, str]:
        """Return all that a service's process is told, and nothing of the test's surroundings."""
        service = self.services[name]
        told = {key: value for key, value in self.image["environment"].items() if key != "PATH"}
        told |= service.get("environment", {})
        secrets = self.machine.secrets(name, service, self.file["secrets"])
        found = {key: self._here(name, secrets, key, value) for key, value in told.items()}
        found["PATH"] = environment("PATH") or ""
        found["QUITTANCE_PEERS"] = self._peers()
        return found

    def _here(self, name: str, secrets: Path, key: str, value: str) -> str:
        """Return the value of a variable as it is on this machine."""
        machine = self.machine
        if value.startswith(SECRETS):
            path = secrets / value.removeprefix(SECRETS)
            if not path.exists():
                raise Unknown(f"{name}: {key} names {value}, and no secret of it lies there")
            return str(path)
        if key in {"QUITTANCE_DATABASE", "QUITTANCE_DATABASE_OWNER"}:
            assert machine.postgres is not None
            if (named := DATABASE.fullmatch(value)) is None:
                raise Unknown(f"{name}: {key}={value}")
            return f"postgresql://{named['role']}@/{{service}}?host={machine.postgres.socket}"
        if key == "QUITTANCE_DATA":
            mounted = f"documents:{value}" in self.services[name].get("volumes", ())
            assert value in self.image["volumes"]
            return str(machine.folder / ("documents" if mounted else f"own-{name}"))
        known = {
            ("QUITTANCE_HOST", "0.0.0.0"): "127.0.0.1",  # noqa: S104 - what is replaced
            ("QUITTANCE_PORT", "8000"): str(machine.ports.get(name, "")),
            ("QUITTANCE_KAFKA", "kafka:9092"): machine.bootstrap,
        }
        if (key, value) in known:
            return known[key, value]
        if key in PLAIN or key.startswith("PYTHON"):
            return value
        raise Unknown(f"{name}: {key}={value}")

    def _peers(self) -> str:
        """Return where services are found that Docker's own names would lead to."""
        assert Settings.model_fields["peers"].default == "http://{service}:8000"
        ports = self.machine.ports.items()
        return ",".join(f"{name}=http://127.0.0.1:{port}" for name, port in ports)

    def _start_postgres(self, service: Mapping[str, Any]) -> None:
        """Start PostgreSQL and run what its image runs on an empty volume."""
        told = dict(service["environment"])
        secrets = self.machine.secrets("postgres", service, self.file["secrets"])
        if told != {"POSTGRES_PASSWORD_FILE": f"{SECRETS}postgres_password"}:
            raise Unknown(f"postgres: {told}")
        mounts = dict(one.split(":")[:2] for one in service["volumes"])
        entry = "/docker-entrypoint-initdb.d/"
        scripts = [here for here, there in mounts.items() if there.startswith(entry)]
        self.machine.postgres = RolesServer(secrets)
        for script in scripts:
            self.machine.postgres.psql(ROOT / script)

    def _start_kafka(self, service: Mapping[str, Any]) -> None:
        """Start Kafka with the properties that its image makes of the variables."""
        told = dict(service["environment"])
        heap = told.pop("KAFKA_HEAP_OPTS")
        volumes = {one.split(":")[1] for one in service["volumes"]}
        here = {
            "PLAINTEXT://:9092,CONTROLLER://:9093": (
                "PLAINTEXT://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}"
            ),
            "PLAINTEXT://kafka:9092": "PLAINTEXT://127.0.0.1:{broker}",
            "1@localhost:9093": "1@127.0.0.1:{controller}",
        } | dict.fromkeys(volumes, "{folder}/log")
        lines = []
        for key, value in told.items():
            if value not in here and re.search(r"[:/@]\S*\d{4}|/", value):
                raise Unknown(f"kafka: {key}={value}")
            name = key.removeprefix("KAFKA_").lower().replace("_", ".")
            lines.append(f"{name}={here.get(value, value)}")
        self.broker = JavaBroker("\n".join(lines) + "\n", heap)
        self.machine.bootstrap = self.broker.address

    def run(self, name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run a service to its end, as `docker compose run --rm` does."""
        done = subprocess.run(
            self.argv(name, *arguments),
            env=self.environment(name),
            capture_output=True,
            text=True,
            timeout=4 * PATIENCE,
            check=False,
        )
        with self.log(name).open("a") as log:
            log.write(done.stderr)
        return done

    def said(self, *arguments: str) -> dict[str, Any]:
        """Run the operators' container and return the JSON that it printed."""
        done = self.run("tools", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def log(self, name: str) -> Path:
        """Return where a service's output lies."""
        return self.machine.folder / f"{name}.log"

    def down(self) -> None:
        """Stop the services as `docker compose down` does; each must end well in its time (P40)."""
        for process in self.processes.values():
            process.terminate()
        for name, process in self.processes.items():
            assert process.wait(PATIENCE) == 0, self.log(name).read_text("utf-8")[-4000:]

    def close(self) -> None:
        """End whatever still runs."""
        for guard in self._guards:
            guard.close()
        for process in self.processes.values():
            process.wait(PATIENCE)
        if self.broker is not None:
            self.broker.close()
        if self.machine.postgres is not None:
            self.machine.postgres.close()


def secrets_of(folder: Path) -> dict[str, str]:
    """Return all secrets that the script made, by file name."""
    return {file.name: file.read_text("ascii") for file in (folder / "secrets").iterdir()}


def told_to(process: "subprocess.Popen[bytes]") -> bytes:
    """Return arguments and environment of a process, as everybody on its machine may see them."""
    place = Path(f"/proc/{process.pid}")
    return (place / "cmdline").read_bytes() + (place / "environ").read_bytes()
