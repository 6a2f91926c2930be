"""Shapes whose processes kill themselves at named points, and are started again by who waits."""

import ast
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from signal import SIGKILL
from typing import Any

from typing_extensions import override

from libs.runtime.crash import SAYS
from libs.runtime.settings import Settings
from tests.distributed.processes import Shape, eventually
from tests.distributed.serve_ahead import EVERYTHING
from tests.engines import ROOT

BEGAN_AGAIN = object()


def points() -> list[tuple[str, str]]:
    """Return every point in the program with the file in which it stands, by its syntax tree."""
    found = []
    for path in sorted(p for folder in ("libs", "services") for p in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "crash.point":
                name = node.args[0]
                assert isinstance(name, ast.Constant), f"{path}: a point's name is a literal"
                found.append((str(name.value), str(path.relative_to(ROOT))))
    return found


def bare(point: str) -> str:
    """Return a point's name, without service and number."""
    return point.partition(":")[0].partition("@")[0]


class Mortal(Shape):
    """Services as processes, some of which have points to die at, one after the other."""

    def __init__(self, folder: Path, database: str, bootstrap: str) -> None:
        super().__init__(folder, database, bootstrap)
        self.to_die: dict[str, deque[str]] = defaultdict(deque)
        """By process: the points at which it dies, the next one in its next life."""
        self.ahead: dict[str, int] = {}
        """By process: by how many days its clock is ahead."""
        self._armed = ""

    @override
    def environment(self, name: str = "gateway") -> Mapping[str, str]:
        told = {**super().environment(name), "QUITTANCE_WEBHOOK_NETWORKS": "127.0.0.0/8"}
        if self._armed:
            told = {**told, "CRASHPOINT": self._armed, "CRASHPOINT_DATA": str(self.folder)}
        return told

    @property
    def settings(self) -> Settings:
        """Return the settings of its processes."""
        prefix = "QUITTANCE_"
        told = {n.removeprefix(prefix).lower(): v for n, v in self.environment().items()}
        known = {name: told[name] for name in Settings.model_fields if name in told}
        return Settings.model_validate(known)

    @override
    def begin(self, name: str, days_ahead: int = 0) -> None:
        """Start a process that dies at the next of its points."""
        with self._arm(self.to_die[name][0] if self.to_die[name] else ""):
            super().begin(name, days_ahead or self.ahead.get(name, 0))

    @override
    def wait_until_ready(self, name: str) -> None:
        if not self.to_die[name]:  # else it may be dead before anybody asks
            super().wait_until_ready(name)

    def again(self, name: str, *to_die: str, days_ahead: int = 0) -> None:
        """Start a process anew with points to die at, its clock so many days ahead from now on."""
        if name in self._processes:
            self.stop(name)
        self.to_die[name].extend(to_die)
        self.ahead[name] = days_ahead or self.ahead.get(name, 0)
        self.begin(name)

    def attend(self) -> object:
        """Start again what died, if it died where it was told to; say whether anything did."""
        dead = self.died()
        for name, code in dead.items():
            point = self.to_die[name].popleft() if self.to_die[name] else "nowhere"
            said = [line for line in self.log(name).splitlines() if line.startswith(SAYS)][-1:]
            assert (code, said) == (-SIGKILL, [f"{SAYS} {bare(point)}"]), self.log(name)
            self.kill(name)
            self.begin(name)
        return BEGAN_AGAIN if dead else None

    def until(self, what: Callable[[], Any]) -> Any:
        """Return the first true answer, starting again meanwhile whatever dies."""
        while (found := eventually(lambda: self.attend() or what())) is BEGAN_AGAIN:
            pass
        return found

    def until_dead(self) -> None:
        """Wait until every process died at all of its points, and was started once more."""
        self.until(lambda: not any(self.to_die.values()))

    def dies_of(self, point: str, *arguments: str) -> None:
        """Run `quittance` until it dies at a point."""
        with self._arm(point):
            done = self.run(*arguments)
        assert done.returncode == -SIGKILL, done.stdout + done.stderr
        assert done.stderr.splitlines()[-1] == f"{SAYS} {bare(point)}"

    @contextmanager
    def _arm(self, point: str) -> Iterator[None]:
        self._armed = point
        try:
            yield
        finally:
            self._armed = ""


class Alone(Mortal):
    """All services in one process on SQLite. It is named after the door, by which all come in."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, "", "")

    @override
    def environment(self, name: str = "gateway") -> Mapping[str, str]:
        told = super().environment(name)
        ours = {n: v for n, v in told.items() if n not in {"QUITTANCE_DATABASE", "QUITTANCE_KAFKA"}}
        return {**ours, "QUITTANCE_DEMO": "0"}

    @override
    def program(self, service: str, days_ahead: int) -> Sequence[str]:
        if days_ahead:
            return super().program(EVERYTHING, days_ahead)
        return ["-m", "services", "serve"]
