"""Chance with a name: every entity draws from a generator of its own."""

from collections.abc import Mapping
from hashlib import blake2b
from math import exp
from random import Random
from typing import TypeVar

T = TypeVar("T")


def chance(seed: int, *name: object) -> Random:
    """Return the generator of one named entity; what others draw does not move it."""
    key = "\x1f".join(map(str, (seed, *name))).encode()
    digest = blake2b(key, digest_size=16).digest()
    return Random(int.from_bytes(digest))  # noqa: S311  # a simulation must repeat, not be secret


def poisson(draw: Random, mean: float) -> int:
    """Return how often a rare thing happens; by multiplication, which is quick for small means."""
    limit, product, count = exp(-mean), draw.random(), 0
    while product > limit:
        product *= draw.random()
        count += 1
    return count


def pick(draw: Random, weights: Mapping[T, float]) -> T:
    """Return one key, each as likely as its weight says."""
    return draw.choices(list(weights), list(weights.values()))[0]
