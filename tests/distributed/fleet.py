"""Two instances of each service, which may be killed, frozen and woken up again."""

import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx
from typing_extensions import override

from tests.distributed.processes import SERVICES, Shape
from tests.engines import free_port

PLAIN = ("-m", "tests.chaos.serve")
"""Serves with letters that cost nothing to print."""


class Fleet(Shape):
    """The distributed shape with two instances of services: `ingest` and `ingest.2`.

    Second instances ask second instances, as if each stood on a machine of its own.
    """

    def __init__(
        self, folder: Path, database: str, bootstrap: str, seconds: Sequence[str], *, plain: bool
    ) -> None:
        """Services named in `seconds` run twice; with `plain`, letters are not really printed."""
        super().__init__(folder, database, bootstrap)
        self._plain = plain
        self.ports |= {f"{name}.2": free_port() for name in seconds}
        self.names = tuple(self.ports)
        self.frozen: set[str] = set()

    @property
    def doors(self) -> list[int]:
        """Return the ports of the gateway's instances."""
        return [port for name, port in self.ports.items() if name.startswith("gateway")]

    @override
    def environment(self, name: str = "gateway") -> Mapping[str, str]:
        """Return all that a process is told."""
        peers = {one: self.ports[one] for one in SERVICES}
        if name.endswith(".2"):
            peers |= {one: self.ports.get(f"{one}.2", port) for one, port in peers.items()}
        told = ",".join(f"{one}=http://127.0.0.1:{port}" for one, port in peers.items())
        quiet = {"QUITTANCE_LOG_LEVEL": "warning", "QUITTANCE_PEERS": told}
        return {**super().environment(name), **quiet}

    @override
    def program(self, service: str, days_ahead: int) -> Sequence[str]:
        return [*PLAIN, service] if self._plain else super().program(service, days_ahead)

    def ready(self, name: str) -> bool:
        """Say whether an instance answers that it is ready."""
        try:
            url = f"http://127.0.0.1:{self.ports[name]}/health/ready"
            return httpx.get(url, timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def running(self, name: str) -> bool:
        return name in self._processes

    def freeze(self, name: str) -> None:
        """Stop a process where it stands, its connections open (F9)."""
        os.kill(self._processes[name][0].pid, signal.SIGSTOP)
        self.frozen.add(name)

    def wake(self, name: str) -> None:
        self.frozen.discard(name)
        os.kill(self._processes[name][0].pid, signal.SIGCONT)

    @override
    def kill(self, name: str) -> None:
        self.frozen.discard(name)
        super().kill(name)
