"""Plays seeds on all cores; tells how the first that fail are seen again, and in few steps."""

import argparse
import multiprocessing
import sys
from collections import Counter
from time import monotonic

from tests.simulation.many import play_all

SHOWN_MAX = 3


def main() -> int:
    """Play the seeds that were asked for; 1 if one failed."""
    parser = argparse.ArgumentParser(prog="make simulate", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1_000, help="how many")
    parser.add_argument("--from", type=int, default=1, dest="first", help="the first of them")
    parser.add_argument("--processes", type=int, default=multiprocessing.cpu_count())
    parser.add_argument("--fingerprints", action="store_true", help="print the hash of each log")
    asked = parser.parse_args()
    begun, steps, core_seconds, failures = monotonic(), 0, 0.0, 0
    facts: Counter[str] = Counter()
    for part in play_all(asked.first, asked.seeds, asked.processes):
        steps, core_seconds = steps + part.steps, core_seconds + part.core_seconds
        facts += part.facts
        for told in part.failures:
            failures += 1
            if failures <= SHOWN_MAX:
                say(told)
        if asked.fingerprints:
            for seed, fingerprint in zip(part.seeds, part.fingerprints, strict=True):
                say(f"{seed} {fingerprint}")
    say(", ".join(f"{kind} {count}" for kind, count in sorted(facts.items())))
    say(
        f"{asked.seeds} seeds of {steps / asked.seeds:.0f} steps, {failures} failed,"
        f" {monotonic() - begun:.0f} s, {core_seconds / asked.seeds:.3f} core seconds each"
    )
    return 1 if failures else 0


def say(line: str) -> None:
    """Print a line at once: a nightly run is read while it goes on."""
    print(line, flush=True)  # noqa: T201 - a command prints


if __name__ == "__main__":
    sys.exit(main())
