"""Where core time goes: a sampler of this process's threads, by part of the system.

Every few milliseconds it asks the system how much core time each thread has used since it last
looked, and books it on the part that the thread is in: the innermost frame that a rule names. So a
thread that only waits counts for nothing, and one that waits for the interpreter's lock neither.
Shares are right to some hundredths: a thread is only seen between two instructions of Python.
"""

import sys
import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from operator import itemgetter
from types import FrameType

EVERY_SECONDS = 0.004
SWITCH_SECONDS = 0.0002
"""While it samples, a thread gives way so soon: else one is mostly seen where it waits."""
REST = "event loop and rest"

RULES: Sequence[tuple[str, str]] = (
    ("libs.runtime.store:read", "relay and feeds: reading logs"),
    ("libs.runtime.store:envelope", "relay and feeds: reading logs"),
    ("libs.runtime.store:tails", "decide: rules, loading streams, encoding"),
    ("libs.runtime.store:known", "decide: rules, loading streams, encoding"),
    ("libs.runtime.store:move", "consume: positions, decoding, reactions"),
    ("libs.runtime.store:position", "consume: positions, decoding, reactions"),
    ("libs.runtime.store", "append: log, commit"),
    ("libs.runtime.writer", "append: log, commit"),
    ("libs.runtime.batch", "decide: rules, loading streams, encoding"),
    ("libs.runtime.vault", "seal: keys, encryption"),
    ("libs.runtime.documents", "documents: bytes as received"),
    ("libs.runtime.outbox", "relay and feeds: reading logs"),
    ("libs.runtime.relay", "relay and feeds: reading logs"),
    ("libs.runtime.records", "relay and feeds: reading logs"),
    ("libs.runtime.feed", "relay and feeds: reading logs"),
    ("libs.runtime.kafka", "Kafka: sending and hearing"),
    ("aiokafka", "Kafka: sending and hearing"),
    ("libs.runtime.hearing", "consume: positions, decoding, reactions"),
    ("libs.runtime.pages", "consume: positions, decoding, reactions"),
    ("libs.runtime.rows", "project: read tables"),
    ("services.ingest.message.arithmetic", "checks: sums and plausibility"),
    ("services.ingest.message.plausibility", "checks: sums and plausibility"),
    ("services.ingest.findings", "checks: sums and plausibility"),
    ("services.ingest.api", "HTTP"),
    ("services.ingest.intake", "HTTP"),
    ("services.ingest.decider", "decide: rules, loading streams, encoding"),
    ("services.ingest.projections", "project: read tables"),
    ("services.ingest", "XML: parse, grammar, canonical form"),
    ("services.gateway.api", "HTTP"),
    ("services.gateway.door", "HTTP"),
    ("services.gateway.auth", "HTTP"),
    ("services.gateway.access", "HTTP"),
    ("starlette", "HTTP"),
    ("fastapi", "HTTP"),
    ("uvicorn", "HTTP"),
    ("httpx", "HTTP"),
    ("httpcore", "HTTP"),
    ("libs.runtime.web", "HTTP"),
    ("libs.runtime.middleware", "HTTP"),
    ("libs.runtime.http_protocol", "HTTP"),
    ("libs.runtime.admission", "HTTP"),
)
ENDINGS: Mapping[str, str] = {
    "projections": "project: read tables",
    "consumers": "consume: positions, decoding, reactions",
    "configuration": "consume: positions, decoding, reactions",
}
"""Parts of the other services' modules; all else in a service is its rules."""
RULE = "decide: rules, loading streams, encoding"


@cache
def part_of(module: str, function: str) -> str | None:
    """Return the part that a frame says it is in, None if it says nothing."""
    for name, part in RULES:
        where, _, which = name.partition(":")
        if which:
            if module == where and function.strip("_").startswith(which):
                return part
        elif module == where or module.startswith(f"{where}."):
            return part
    if module.startswith("services.") and not module.startswith("services.command"):
        ending = module.rpartition(".")[2]
        return next((part for end, part in ENDINGS.items() if ending.endswith(end)), RULE)
    return None


def part(frame: FrameType | None) -> str:
    """Return the part of the innermost frame that a rule names."""
    while frame is not None:
        found = part_of(frame.f_globals.get("__name__", ""), frame.f_code.co_name)
        if found is not None:
            return found
        frame = frame.f_back
    return REST


class Sampler:
    """Books core seconds on parts while it runs."""

    def __init__(self) -> None:
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self._used: dict[int, float] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)

    def start(self) -> None:
        """Begin; what a process does besides is slowed a little, so costs are taken without."""
        self._switch = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_SECONDS)
        self._look()
        self.seconds.clear()
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        self._thread.join()
        sys.setswitchinterval(self._switch)

    def shares(self) -> Mapping[str, float]:
        """Return the parts' shares of the whole, the largest first."""
        whole = sum(self.seconds.values())
        most = sorted(self.seconds.items(), key=itemgetter(1), reverse=True)
        return {name: seconds / whole for name, seconds in most}

    def _run(self) -> None:
        while not self._ended.wait(EVERY_SECONDS):
            self._look()

    def _look(self) -> None:
        for thread, frame in sys._current_frames().items():  # noqa: SLF001 - the only way to see
            if thread == self._thread.ident:
                continue
            used = time.clock_gettime(time.pthread_getcpuclockid(thread))
            spent = used - self._used.get(thread, 0.0)
            self._used[thread] = used
            if spent > 0:
                self.seconds[part(frame)] += spent
