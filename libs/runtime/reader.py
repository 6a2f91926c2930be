"""The one reader of a service: queries that have queued share a snapshot of the read tables."""

from collections import deque
from collections.abc import Sequence

from libs.runtime.store import Store
from libs.runtime.worker import Job, Worker

BATCH_MAX = 100


class Reader:
    """Runs `(function, args)` as `function(connection, *args)` on a thread of its own.

    The snapshot is taken after the last of a batch was asked for, so that everybody reads what
    was committed before they asked.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.worker = Worker(f"reader-{store.service}", self.settle, BATCH_MAX)

    def settle(self, jobs: Sequence[Job]) -> None:
        """Answer all jobs; one that fails spoils the snapshot, and the others get a new one.

        What was read stands, also where the snapshot is lost after the last answer.
        """
        waiting = deque(jobs)
        while waiting:
            opened = False
            try:
                with self.store.reading() as db:
                    opened = True
                    while waiting:
                        function, args = waiting[0].task
                        waiting[0].result = function(db, *args)
                        waiting.popleft()
            except Exception as error:  # noqa: BLE001 - whatever it is, its caller gets it
                for _ in range(min(len(waiting), 1) if opened else len(waiting)):
                    waiting.popleft().error = error
