"""Work on what strangers made, in a process of its own that may not take long nor much.

A PDF or a picture can keep its reader busy for ever, fill the memory, or break a library that is
written in C. Whoever reads such things names a module that calls `serve` when it is run; it gets
bytes, answers bytes, sees no variable, key or database of ours, and ends with its share.
"""

import asyncio
import resource
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
AT_ONCE: Final = 2
PATIENCE: Final = 5
"""So many times its share of the processor may a process take by the clock: others work too."""


class Overrun(Exception):
    """The work took more than its share, or broke its process."""


@dataclass(frozen=True, kw_only=True)
class Share:
    """What one piece of work may take."""

    cpu_seconds: int = 4
    memory_bytes: int = 700_000_000
    """Of addresses, which the interpreter and its libraries take some 150 MB of at rest."""


class Apart:
    """Gives work to processes of one module; so many at once, the others wait."""

    def __init__(self, module: str, share: Share | None = None) -> None:
        self._module = module
        self._share = share or Share()
        self._room = asyncio.Semaphore(AT_ONCE)

    async def work(self, task: bytes) -> bytes:
        """Return what the module makes of a task. Raises Overrun."""
        async with self._room:
            return await asyncio.to_thread(self.work_now, task)

    def work_now(self, task: bytes) -> bytes:
        """Do what `work` does, on this thread."""
        share = self._share
        try:
            done = subprocess.run(  # noqa: S603 - our own module, by the interpreter that runs us
                [
                    sys.executable,
                    "-m",
                    self._module,
                    str(share.cpu_seconds),
                    str(share.memory_bytes),
                ],
                input=task,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
                timeout=share.cpu_seconds * PATIENCE,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise Overrun(self._module) from None
        if done.returncode:
            raise Overrun(self._module)
        return done.stdout


def serve(work: Callable[[bytes], bytes]) -> None:
    """Do one task within the share that the arguments name, and end: the child's side."""
    cpu_seconds, memory_bytes = (int(argument) for argument in sys.argv[1:3])
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.stdout.buffer.write(work(sys.stdin.buffer.read()))
