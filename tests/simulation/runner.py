"""Plays seeds, and makes what a failing one did as short as it can be."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import structlog

from tests import logging_config
from tests.simulation.machine import Machine, Snapshot, Wiring
from tests.simulation.steps import Plan, Step, plan
from tests.simulation.troubles import on_stage
from tests.simulation.world import Failure, World, start

RUNS_MAX = 600
"""So often a failing plan is played at most while it is made shorter."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a plan came to."""

    plan: Plan
    failure: Failure | None
    story: Sequence[str]
    facts: Counter[str]
    """How often each kind of fact was recorded, and what went wrong."""
    fingerprint: str


class Runner:
    """A machine with its start; plays any number of plans, one after the other."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.start: Snapshot = start(machine)

    def play(self, chosen: Plan) -> Outcome:
        """Play one plan from the start."""
        world = World(self.machine, self.start, chosen)
        failure = world.play()
        return Outcome(
            plan=chosen,
            failure=failure,
            story=world.story,
            facts=world.watch.facts + world.troubles,
            fingerprint=world.watch.fingerprint(),
        )

    def first_failing(self, seeds: Sequence[int]) -> Outcome | None:
        """Return what became of the first seed that fails, None if none does."""
        played = (self.play(plan(seed)) for seed in seeds)
        return next((outcome for outcome in played if outcome.failure), None)

    def shrunk(self, failed: Outcome) -> Outcome:
        """Leave out steps, and troubles of steps, as long as the plan still fails.

        First all behind the failure, then large parts, then smaller ones, in the manner of delta
        debugging; what fails may fail differently, as long as it fails.
        """
        assert failed.failure is not None
        best = failed
        steps = list(failed.plan.steps[: failed.failure.at + 1])
        size, runs = len(steps), 0
        while size and runs < RUNS_MAX:
            shorter = None
            for fewer in _without(best.plan.steps if best is not failed else steps, size):
                runs += 1
                outcome = self.play(replace(failed.plan, steps=fewer))
                if outcome.failure is not None:
                    shorter = outcome
                    break
            if shorter is None:
                size //= 2
            else:
                best = shorter
        return self._calmed(best)

    def _calmed(self, failed: Outcome) -> Outcome:
        """Take the trouble from every step that fails without it too."""
        best = failed
        for number, step in enumerate(failed.plan.steps):
            if step.trouble is None:
                continue
            calm = list(best.plan.steps)
            calm[number] = replace(step, trouble=None)
            outcome = self.play(replace(best.plan, steps=calm))
            if outcome.failure is not None:
                best = outcome
        return best


def _without(steps: Sequence[Step], size: int) -> Iterator[Sequence[Step]]:
    for begin in range(0, len(steps), size):
        fewer = [*steps[:begin], *steps[begin + size :]]
        if len(fewer) < len(steps):
            yield fewer


@contextmanager
def runner(wiring: Wiring | None = None) -> Iterator[Runner]:
    """Return a runner on a machine of its own; nothing is logged meanwhile."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    logging_config.forgotten()
    machine = Machine(wiring)
    try:
        with on_stage(machine.fuse):
            yield Runner(machine)
    finally:
        machine.close()
        structlog.configure(**before)
        logging_config.forgotten()


def told(failed: Outcome, shortest: Outcome) -> str:
    """Return what a person needs to see the failure again and to understand it."""
    assert failed.failure is not None
    assert shortest.failure is not None
    seed, count = failed.plan.seed, len(failed.plan.steps)
    lines = [
        f"seed {seed} fails at step {failed.failure.at} of {count}: {failed.failure.what}",
        f"again: make simulate seeds=1 from={seed}",
        f"shortest list of steps that fails, {len(shortest.plan.steps)}:",
        *(f"  {line}" for line in shortest.story),
        f"  then: {shortest.failure.what}",
    ]
    return "\n".join(lines)
