"""Remembers what a value means, because messages repeat their days, numbers and codes. Pure."""

from collections.abc import Callable
from typing import Final, Generic, TypeVar

K = TypeVar("K", str, tuple[str, ...])
V = TypeVar("V")

ENTRIES_MAX: Final = 4_096
LENGTH_MAX: Final = 64
"""Of a key. What is longer is computed each time, so that a message cannot fill the memory."""


class Remembered(dict[K, V], Generic[K, V]):
    """A table that computes what it lacks, and begins anew when it is full.

    Looking something up in it is a step of the interpreter's own, not a call of Python code, and
    may be done for a whole column by `map`.
    """

    def __init__(
        self, make: Callable[[K], V], keep: Callable[[V], bool] = lambda _made: True
    ) -> None:
        super().__init__()
        self._make: Callable[[K], V] = make
        self._keep: Callable[[V], bool] = keep

    def __missing__(self, key: K) -> V:
        made = self._make(key)
        if len(key) <= LENGTH_MAX and self._keep(made):
            if len(self) >= ENTRIES_MAX:
                self.clear()
            self[key] = made
        return made
