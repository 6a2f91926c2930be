"""The distributed shape for tests: services as processes of their own, started by the command line.

Real Kafka, real PostgreSQL, HTTP over the network. Every process ends with the test run.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx

from libs.runtime.kafka import Cluster
from libs.runtime.kafka.replace import delete_topics
from libs.runtime.records import topic_of
from tests.engines import ROOT, Guarded, environment, free_port

SERVICES = ("ingest", "invoicing", "dunning", "factoring", "gateway")
PATIENCE = 120
"""Seconds until a test gives up waiting for what must come."""
GUARD = 'read -r answer; [ "$answer" = ended ] || kill -KILL "$1"'
"""Shell: kill a process when standard input ends, unless it says that the process has ended."""
AHEAD = Path(__file__).parent / "serve_ahead.py"


class Unavailable(Exception):
    """A service answered that it cannot answer now."""


class NeverCame(AssertionError):
    """What a test waited for did not happen in time."""


def eventually(what: Callable[[], Any]) -> Any:
    """Return the first true answer; ask again while the services are at work or not there."""
    end, last = monotonic() + PATIENCE, ""
    while monotonic() < end:
        try:
            if found := what():
                return found
        except (httpx.TransportError, Unavailable) as error:
            last = repr(error)
        sleep(0.1)
    asked = getattr(what, "func", what)
    raise NeverCame(f"{asked.__doc__ or asked.__qualname__} {last}")


def forget_topics(bootstrap: str) -> None:
    """Remove what an earlier cooperative said on a broker: a service takes only its own topic."""
    names = [topic_of(name) for name in SERVICES]
    asyncio.run(delete_topics(Cluster(bootstrap=bootstrap), names))


class Shape:
    """Five services that may be started, stopped and killed one by one."""

    def __init__(self, folder: Path, database: str, bootstrap: str) -> None:
        self.folder = folder
        self.bootstrap = bootstrap
        self.ports = {name: free_port() for name in SERVICES}
        self._database = database
        self._processes: dict[str, tuple[subprocess.Popen[bytes], Guarded]] = {}

    @property
    def door(self) -> str:
        return f"http://127.0.0.1:{self.ports['gateway']}"

    def environment(self, name: str = "gateway") -> Mapping[str, str]:
        """Return all that a process is told; nothing of the test's own surroundings."""
        peers = ",".join(f"{peer}=http://127.0.0.1:{port}" for peer, port in self.ports.items())
        return {
            "PATH": environment("PATH") or "",
            "QUITTANCE_DATA": str(self.folder),
            "QUITTANCE_PORT": str(self.ports[name]),
            "QUITTANCE_DATABASE": self._database,
            "QUITTANCE_KAFKA": self.bootstrap,
            "QUITTANCE_PEERS": peers,
        }

    def database(self, name: str) -> str:
        """Return the URL of a service's database."""
        return self._database.format(service=name)

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run `quittance` to its end, however it ends."""
        return subprocess.run(
            [sys.executable, "-m", "services", *arguments],
            cwd=ROOT,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def command(self, *arguments: str) -> str:
        """Run `quittance` and return what it printed; it must end well."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def said(self, *arguments: str) -> dict[str, Any]:
        """Run `quittance` and return the JSON that it printed."""
        found: dict[str, Any] = json.loads(self.command(*arguments))
        return found

    def start(self, *names: str, days_ahead: int = 0) -> None:
        """Start services as their containers do, and wait until they are ready.

        `ingest.2` is a further instance of ingest.
        """
        for name in names:
            self.begin(name, days_ahead)
        for name in names:
            self.wait_until_ready(name)

    def begin(self, name: str, days_ahead: int = 0) -> None:
        """Start a service and wait for nothing."""
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *self.program(name.partition(".")[0], days_ahead)],
                cwd=ROOT,
                env=self.environment(name),
                stdout=log,
                stderr=log,
            )
        self._processes[name] = process, Guarded(GUARD, str(process.pid))

    def program(self, service: str, days_ahead: int) -> Sequence[str]:
        """Return what Python is given to run a service."""
        if days_ahead:
            return [str(AHEAD), service, str(days_ahead)]
        return ["-m", "services", "serve", service]

    def wait_until_ready(self, name: str) -> None:
        process = self._processes[name][0]

        def ready() -> bool:
            assert process.poll() is None, self.log(name)
            url = f"http://127.0.0.1:{self.ports[name]}/health/ready"
            return httpx.get(url, timeout=5).status_code == 200

        eventually(ready)

    def kill(self, name: str) -> None:
        """End a process as a failing machine does: it gets to finish nothing."""
        process, guard = self._processes.pop(name)
        process.kill()
        process.wait()
        guard.close(b"ended\n")

    def stop(self, name: str) -> None:
        """End a process as an operator does; it must end well (P40)."""
        process, guard = self._processes.pop(name)
        process.terminate()
        code = process.wait(PATIENCE)
        guard.close(b"ended\n")
        assert code == 0, self.log(name)

    def close(self) -> None:
        for name in list(self._processes):
            self.kill(name)

    def died(self) -> dict[str, int]:
        """Return the exit codes of processes that ended without being told to."""
        codes = {name: process.poll() for name, (process, _) in self._processes.items()}
        return {name: code for name, code in codes.items() if code is not None}

    def log(self, name: str) -> str:
        """Return the end of what a process wrote."""
        return (self.folder / f"{name}.log").read_text("utf-8")[-4000:]

    def topic(self, service: str) -> list[dict[str, Any]]:
        """Return a topic as kcat reads it: key, payload, headers."""
        done = subprocess.run(
            ["kcat", "-b", self.bootstrap, "-C", "-t", f"billing.{service}", "-e", "-q", "-J"],
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE,
        )
        return [json.loads(line) for line in done.stdout.splitlines()]

    def said_on(self, service: str) -> list[tuple[str, str]]:
        """Return type and id of all that lies on a topic, as often as it lies there."""
        return [
            (header(row["headers"], "ce_type"), header(row["headers"], "ce_id"))
            for row in self.topic(service)
        ]


def header(headers: Sequence[str], name: str) -> str:
    """Return a header of a record as kcat lists them: name, value, name, value."""
    return str(headers[list(headers[::2]).index(name) * 2 + 1])
