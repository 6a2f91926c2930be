"""A service without threads: what it queues is done when the loop comes round, always alike.

The loop's time is its own: where nothing is ready, it jumps to what comes next, so that waiting
costs nothing. What would wait for ever is an error at once.
"""

import asyncio
import selectors
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from typing_extensions import override

from libs.runtime.host import Host
from libs.runtime.worker import Job, Worker


class Crash(BaseException):
    """The process ends here, which nothing in it can handle; what was not committed is gone."""


class Stuck(Exception):
    """Something waits for what will never come."""


class Jumping(selectors.DefaultSelector):
    """Never waits: the time that a wait would have taken has passed at once."""

    now = 0.0

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if found or timeout == 0:
            return found
        if timeout is None:
            raise Stuck("nothing is ready and nothing will be")
        self.now += timeout
        return []


class StillLoop(asyncio.SelectorEventLoop):
    """Runs what is ready in order, in time that jumps; executors work on its own thread."""

    def __init__(self) -> None:
        self.jumping = Jumping()
        super().__init__(self.jumping)
        self.set_default_executor(Inline())

    @override
    def time(self) -> float:
        return self.jumping.now

    def end_all(self) -> None:
        """Cancel what a dead process left behind, so that it does no more."""
        left = asyncio.all_tasks(self)
        for task in left:
            task.cancel()
        if left:
            self.run_until_complete(asyncio.gather(*left, return_exceptions=True))


class Inline(ThreadPoolExecutor):
    """Does its work at once, on the caller's thread."""

    def __init__(self) -> None:
        super().__init__(1)

    @override
    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - whoever waits gets it
            future.set_exception(error)
        return future


class StillWorker(Worker):
    """A worker without its thread: what queues until the loop comes round is one batch."""

    def __init__(self, work: Callable[[Sequence[Job]], None]) -> None:
        super().__init__("still", work, 0)
        self._jobs: list[Job] = []

    @override
    def submit(self, task: Any) -> asyncio.Future[Any]:
        loop = asyncio.get_running_loop()
        job = Job(task, loop.create_future(), loop)
        if not self._jobs:
            loop.call_soon(self._take)
        self._jobs.append(job)
        return job.future

    def _take(self) -> None:
        jobs, self._jobs = self._jobs, []
        try:
            self._work(jobs)
        except Crash as crash:
            for job in jobs:
                job.error = crash
        for job in jobs:
            if job.future.done():
                continue
            if job.error is not None:
                job.future.set_exception(job.error)
            else:
                job.future.set_result(job.result)


def still(host: Host) -> Host:
    """Return the host with workers that have no threads."""
    host.writer.worker = StillWorker(host.writer.settle)
    host.reader.worker = StillWorker(host.reader.settle)
    return host
