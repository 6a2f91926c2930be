"""A thread that takes whatever has queued meanwhile as its next batch, and answers it in one go.

Writer, reader and document store work like this: under load many callers share one transaction,
one sync, one waking of the event loop, and nobody waits for more than the batch before.
"""

import asyncio
import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

from libs.runtime.trouble import Stopped


@dataclass(slots=True)
class Job:
    """One caller's task, and what became of it."""

    task: Any
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    result: Any = None
    error: BaseException | None = None


class Worker:
    """One thread, started by the first task.

    `work` gives each job of a batch its result or its error and raises nothing.
    """

    def __init__(self, name: str, work: Callable[[Sequence[Job]], None], batch_max: int) -> None:
        self._work = work
        self._most = batch_max
        self._queue: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._gate = threading.Lock()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def stop(self) -> None:
        """Finish what has queued, then end."""
        with self._gate:
            self._stopped = True
            self._queue.put(None)
            begun = self._thread.ident is not None
        if begun:
            self._thread.join()

    @property
    def waiting(self) -> int:
        """How many tasks have queued."""
        return self._queue.qsize()

    def submit(self, task: Any) -> asyncio.Future[Any]:
        """Queue a task; the future holds its result. Raises Stopped after `stop`."""
        loop = asyncio.get_running_loop()
        job = Job(task, loop.create_future(), loop)
        with self._gate:
            if self._stopped:
                raise Stopped
            self._queue.put(job)
            if self._thread.ident is None:
                self._thread.start()
        return job.future

    def _run(self) -> None:
        while (first := self._queue.get()) is not None:
            jobs, last = [first], False
            while len(jobs) < self._most and not last:
                try:
                    job = self._queue.get_nowait()
                except queue.Empty:
                    break
                if job is None:
                    last = True
                else:
                    jobs.append(job)
            try:
                self._work(jobs)
            except Exception as error:  # noqa: BLE001 - a bug, told to all rather than to nobody
                for one in jobs:
                    one.error = one.error or error
            for loop, same in groupby(jobs, attrgetter("loop")):
                loop.call_soon_threadsafe(_settle, list(same))
            if last:
                return


def _settle(jobs: Sequence[Job]) -> None:
    for job in jobs:
        if job.future.done():  # nobody waits any more
            continue
        if job.error is not None:
            job.future.set_exception(job.error)
        else:
            job.future.set_result(job.result)
