"""What a seed does: a list of steps, each drawn on its own, so that any of them can be left out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar
from zlib import crc32

from typing_extensions import override

from tests.simulation import corpus
from tests.simulation.corpus import Name
from tests.simulation.troubles import Kind, Trouble

T = TypeVar("T")

LEAST, MOST = 40, 80
FIRST = 10
"""Of so many steps half hand something in, so that there is something to work on."""
WEIGHTS: dict[str, int] = {
    "hand in": 14,
    "answer": 4,
    "bank": 9,
    "day": 24,
    "relay": 16,
    "deliver": 30,
    "effects": 10,
    "redrive": 3,
    "restart": 3,
    "case": 5,
    "configure": 2,
    "join": 3,
    "erase": 1,
    "rest": 2,
}
"""How often which step comes; `World` says what each does."""
LONG: dict[str, int] = {"day": 70, "hand in": 7, "relay": 25}
LONG_SHARE = 0.25
"""Seeds in which much time passes: cases come to an agency, and debtors are called."""
POINTS = (
    "append.after_commit", "append.before_answer", "append.before_commit", "append.before_head",
    "bank_file.after_booking", "bank_file.after_storing", "calendar.after_mark",
    "calendar.after_page", "calendar.before_mark", "consume.after_commit", "consume.before_store",
    "effect.after_record", "effect.before", "effect.before_record", "keys.after_commit",
    "keys.before_commit", "parking.before_commit", "redrive.before_commit",
    "relay.after_checkpoint", "relay.after_read", "relay.after_send", "upload.after_storing",
)  # fmt: skip
"""The product's own crash points that a step can pass (docs/faults.md)."""
TROUBLED = 0.25
"""Share of steps in which something goes wrong."""
TROUBLES: dict[Kind, int] = {
    "dies": 6,
    "fails": 3,
    "dies at": 6,
    "reaction fails": 3,
    "no printer": 1,
    "cut off": 1,
    "wakes up": 2,
}
STATEMENTS_MAX = 30


@dataclass(frozen=True)
class Step:
    """One thing that happens, with the seed of all that is drawn in it, and what goes wrong."""

    kind: str
    salt: int
    trouble: Trouble | None = None

    @override
    def __str__(self) -> str:
        return f"{self.kind} {self.salt:08x}" + (f", {self.trouble}" if self.trouble else "")


def favourite(draw: Random, options: Iterable[T]) -> T:
    """Return one of the options; it stays the one while others come or go.

    So a step still does what it did when steps before it are left out.
    """
    salt = draw.getrandbits(32)
    return min(options, key=lambda option: crc32(f"{salt} {option}".encode()))


@dataclass(frozen=True)
class Plan:
    """All that a seed does, and with which invoices."""

    seed: int
    names: Sequence[Name]
    steps: Sequence[Step]


def plan(seed: int) -> Plan:
    """Return the plan of a seed; the same seed always has the same."""
    draw = Random(seed)  # noqa: S311 - nothing is secret
    names = sorted(draw.sample(corpus.NAMES, draw.randint(3, 8)))
    weights = WEIGHTS | (LONG if draw.random() < LONG_SHARE else {})
    chosen = draw.choices(list(weights), list(weights.values()), k=draw.randint(LEAST, MOST))
    chosen[:FIRST] = ["hand in" if draw.random() < 0.5 else kind for kind in chosen[:FIRST]]
    steps = [Step(kind, draw.getrandbits(32), _trouble(draw)) for kind in chosen]
    return Plan(seed, names, steps)


def _trouble(draw: Random) -> Trouble | None:
    if draw.random() >= TROUBLED:
        return None
    (kind,) = draw.choices(list(TROUBLES), list(TROUBLES.values()))
    match kind:
        case "dies at":
            return Trouble(kind, point=draw.choice(POINTS))
        case "dies" | "fails":
            return Trouble(kind, int(STATEMENTS_MAX * draw.random() ** 2))
        case _:
            return Trouble(kind, draw.randrange(4))
