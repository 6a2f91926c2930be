"""What goes wrong on purpose, each at a chosen place, for as long as a step lasts.

A process dies before a statement, or at one of the product's own crash points (P3); a statement
fails as a full disk fails; a reaction has a bug for a moment; the typesetter is away; the
connection to the broker breaks.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import wraps
from typing import Any, Literal, TypeAlias

from sqlalchemy import Engine, event
from sqlalchemy.exc import OperationalError
from typing_extensions import override

from libs.paper import typesetter
from libs.paper.letters import Printed
from libs.runtime import crash
from libs.runtime.service import Service
from tests.simulation.still import Crash

Kind: TypeAlias = Literal[
    "dies", "fails", "dies at", "reaction fails", "no printer", "cut off", "wakes up"
]


@dataclass(frozen=True)
class Trouble:
    """One thing that goes wrong: after so many statements, records or letters, or at a point."""

    kind: Kind
    after: int = 0
    point: str = ""

    @override
    def __str__(self) -> str:
        return f"{self.kind} {self.point or self.after}"


class Fuse:
    """Burns down with each statement and each point passed, and then brings the trouble."""

    def __init__(self) -> None:
        self.trouble: Trouble | None = None
        self.left = 0

    @contextmanager
    def armed(self, trouble: Trouble | None) -> Iterator[None]:
        """Bring a trouble once within."""
        self.trouble, self.left = trouble, trouble.after if trouble else 0
        try:
            yield
        finally:
            self.trouble = None

    def watch(self, engine: Engine) -> None:
        """Burn with each statement and commit of a database."""
        event.listen(engine, "before_cursor_execute", self._statement)
        event.listen(engine, "commit", self._statement)

    def _statement(self, *_: Any) -> None:
        if self.trouble is None or self.trouble.kind not in {"dies", "fails"}:
            return
        self.left -= 1
        if self.left < 0:
            dies, self.trouble = self.trouble.kind == "dies", None
            raise Crash if dies else OperationalError("", None, sqlite3.OperationalError("full"))

    def point(self, name: str, _: str = "") -> None:
        """Die at the product's own crash point."""
        if self.trouble is not None and self.trouble.point == name:
            self.trouble = None
            raise Crash

    def reacting(self) -> None:
        """Fail in a reaction, so that its message is parked and later ones of its stream too."""
        if self.trouble is not None and self.trouble.kind == "reaction fails":
            self.left -= 1
            if self.left < 0:
                self.trouble = None
                raise ZeroDivisionError

    def printing(self) -> None:
        """Fail in the place of the typesetter."""
        if self.trouble is not None and self.trouble.kind == "no printer" and self.left >= 0:
            self.left -= 1
            raise RuntimeError("The typesetter is away.")


def failing(service: Service, fuse: Fuse) -> Service:
    """Return the service with reactions that burn the fuse."""

    def burning(react: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(react)
        def reaction(*told: Any) -> Any:
            fuse.reacting()
            return react(*told)

        return reaction

    return replace(
        service,
        reactions={
            kind: (burning(one[0]), one[1]) if isinstance(one, tuple) else burning(one)
            for kind, one in service.reactions.items()
        },
    )


@contextmanager
def on_stage(fuse: Fuse) -> Iterator[None]:
    """Let crash points burn the fuse, and lay out no page meanwhile.

    A document is then its model in bytes: the same model still gives the same document.
    """

    class Model:
        def __init__(self, template: str) -> None:
            self._template = template

        def typeset(self, model: Mapping[str, Any], issued_on: date) -> Printed:
            fuse.printing()
            return Printed(f"{self._template} {issued_on} {json.dumps(model)}".encode(), 1)

    real = typesetter._typesetter, crash.point
    typesetter._typesetter, crash.point = Model, fuse.point  # type: ignore[assignment]
    try:
        yield
    finally:
        typesetter._typesetter, crash.point = real
