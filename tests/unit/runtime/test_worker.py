"""Whoever hands a worker a task gets an answer, whatever becomes of the batch."""

import asyncio
from collections.abc import Sequence

import pytest

from libs.runtime.trouble import Stopped
from libs.runtime.worker import Job, Worker


def test_a_batch_that_breaks_the_worker_is_told_to_all_and_the_next_is_worked_on() -> None:
    def work(jobs: Sequence[Job]) -> None:
        for job in jobs:
            if job.task == "bad":
                raise RuntimeError("bad")
            job.result = job.task

    async def scene() -> None:
        worker = Worker("worker", work, 10)
        with pytest.raises(RuntimeError, match="bad"):
            await worker.submit("bad")
        assert await worker.submit("good") == "good"
        await asyncio.to_thread(worker.stop)
        with pytest.raises(Stopped):
            worker.submit("late")

    asyncio.run(scene())


def test_what_has_queued_is_one_batch_and_stopping_finishes_it() -> None:
    batches = []

    def work(jobs: Sequence[Job]) -> None:
        batches.append(len(jobs))

    async def scene() -> None:
        worker = Worker("worker", work, 3)
        waiting = [worker.submit(number) for number in range(20)]
        await asyncio.to_thread(worker.stop)
        await asyncio.gather(*waiting)

    asyncio.run(scene())
    assert sum(batches) == 20
    assert max(batches) <= 3
