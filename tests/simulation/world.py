"""One seed's world: carries its steps out, looks after each, and proves everything at the end."""

from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import partial
from random import Random
from traceback import extract_tb
from typing import Any

from sqlalchemy.exc import OperationalError

from libs.runtime.ids import ids_from
from tests.simulation import corpus
from tests.simulation.inside import Inside
from tests.simulation.ledger import Violated
from tests.simulation.machine import NAMES, Machine, Snapshot
from tests.simulation.outside import Outside, join
from tests.simulation.steps import Plan, Step
from tests.simulation.still import Crash
from tests.simulation.watch import Watch, prove

ROUNDS_MAX = 30


@dataclass(frozen=True)
class Failure:
    """What went wrong, at which step; the end has no step."""

    what: str
    at: int


class World:
    """One run of one plan on a machine."""

    def __init__(self, machine: Machine, start: Snapshot, plan: Plan) -> None:
        machine.set_back(start)
        self.machine = machine
        self.plan = plan
        self.watch = Watch(machine.databases)
        self.inside = Inside(machine)
        self.outside = Outside(self.inside, self.watch, plan.names)
        self.story: list[str] = []
        """What each step did, in words."""
        self.troubles: Counter[str] = Counter()
        """How often what went wrong."""
        inside, outside = self.inside, self.outside
        self._does: Mapping[str, Callable[[Random], Coroutine[Any, Any, str]]] = {
            "hand in": outside.hand_in,
            "answer": outside.answer,
            "bank": outside.bank,
            "case": outside.case,
            "configure": outside.configure,
            "join": outside.join,
            "erase": outside.erase,
            "day": inside.day,
            "relay": inside.relay,
            "deliver": inside.deliver,
            "effects": inside.effects,
            "redrive": inside.redrive,
            "restart": inside.restart,
            "rest": self._rest,
        }

    def play(self) -> Failure | None:
        """Carry the plan out; return what went wrong, if anything did."""
        steps = self.plan.steps
        with ids_from(Random(self.plan.seed)):  # noqa: S311 - nothing is secret
            for number, step in enumerate(steps):
                if (what := self._try(partial(self._step, step))) is not None:
                    return Failure(what, number)
            what = self._try(self._end)
        return None if what is None else Failure(what, len(steps))

    def _try(self, work: Callable[[], None]) -> str | None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - whatever it is, the seed has found it
            last = extract_tb(error.__traceback__)[-1]
            return f"{type(error).__name__}: {error} ({last.name}, line {last.lineno})"
        return None

    def _step(self, step: Step) -> None:
        inside, machine = self.inside, self.machine
        inside.trouble, inside.acting = step.trouble, ""
        draw = Random(step.salt)  # noqa: S311
        self.story.append(f"{step}: breaks")
        with machine.fuse.armed(step.trouble):
            try:
                words = machine.run(self._does[step.kind](draw))
            except Crash:
                words = f"{inside.acting} died"
                self.troubles["died"] += 1
                machine.restart(inside.acting)
            except (OperationalError, ConnectionResetError):
                if step.trouble is None:
                    raise
                words = "failed"
                self.troubles["failed"] += 1
        inside.trouble = None
        self.troubles["parked"] += sum(inside.parked(name) for name in NAMES) > 0
        self.story[-1] = f"{step}: {words}"
        self.watch.look()
        self.outside.look()

    async def _rest(self, _: Random) -> str:
        """Let all come to rest; where nothing is parked, all services tell the same."""
        await self._all_heard()
        await self._acknowledged()
        await self._all_heard()
        parked = sum(self.inside.parked(name) for name in NAMES)
        if parked:
            return f"{parked} parked"
        self.watch.look_at_rest()
        return "all agree"

    async def _all_heard(self) -> None:
        for _round in range(ROUNDS_MAX):
            if not await self.inside.rest():
                return
        raise Violated("it never comes to rest")

    async def _acknowledged(self) -> None:
        """Send again what the bank got no answer to."""
        for data, acknowledged in list(self.outside.files.items()):
            if not acknowledged:
                await self.outside.report(data)

    def _end(self) -> None:
        self.machine.run(self._settle())
        self.watch.look_at_rest()
        self.outside.look()
        prove(self.machine)

    async def _settle(self) -> None:
        """Let all be heard and done, and what is parked be tried until it is worked off."""
        await self._acknowledged()
        for _round in range(ROUNDS_MAX):
            await self._all_heard()
            if not await self.inside.redrive_all():
                return


def start(machine: Machine) -> Snapshot:
    """Return where every seed begins: the members are known everywhere, nothing has come in."""
    machine.clock.set_day(corpus.FIRST)
    inside = Inside(machine)

    async def begin() -> None:
        for number in range(corpus.MEMBERS):
            await join(machine.hosts["gateway"], number)
        while await inside.rest():
            pass

    with ids_from(Random(0)):  # noqa: S311
        machine.run(begin())
    return machine.snapshot()
