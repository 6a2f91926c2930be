"""Remembers what a value means, because messages repeat their days, numbers and codes. Pure."""

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from typing_extensions import override

K = TypeVar("K", str, tuple[str, ...])
V = TypeVar("V")

ENTRIES_MAX: Final = 4_096
CHARACTERS_MAX: Final = 64
"""Of a value. What is longer is computed each time, so that a message cannot fill the memory."""
ROW_CHARACTERS_MAX: Final = 1_000
"""The same of a row of names or values."""


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
        if isinstance(key, str):
            short = len(key) <= CHARACTERS_MAX
        else:
            short = sum(map(len, key)) <= ROW_CHARACTERS_MAX
        if short and self._keep(made):
            if len(self) >= ENTRIES_MAX:
                self.clear()
            self[key] = made
        return made


class Computed(Remembered[K, V]):
    """The like, but nothing is kept."""

    @override
    def __missing__(self, key: K) -> V:
        return self._make(key)
