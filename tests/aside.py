"""An asynchronous world beside a synchronous test: in a thread of its own, with its own loop."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, TypeVar

T = TypeVar("T")
START_SECONDS = 120


@contextmanager
def aside(
    made: Callable[[], AbstractAsyncContextManager[T]],
    run_loop: Callable[[Coroutine[Any, Any, None]], object] = asyncio.run,
) -> Iterator[T]:
    """Enter a world in a thread and leave it there; what fails in it fails here."""
    ready, done = threading.Event(), threading.Event()
    found: list[T] = []
    failures: list[BaseException] = []

    async def run() -> None:
        async with made() as world:
            found.append(world)
            ready.set()
            await asyncio.to_thread(done.wait)

    def work() -> None:
        try:
            run_loop(run())
        except BaseException as failure:  # noqa: BLE001 - told to the test that waits
            failures.append(failure)
        finally:
            ready.set()

    thread = threading.Thread(target=work, name="aside")
    thread.start()
    try:
        assert ready.wait(START_SECONDS), "the world beside the test did not start"
        if failures:
            raise failures[0]
        yield found[0]
    finally:
        done.set()
        thread.join()
    if failures:
        raise failures[0]
