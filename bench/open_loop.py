"""Requests at a given rate, whatever the answers do: what many senders are to a server.

A wait counts from the moment at which a request was due, not from when it could be sent, so that a
server that stands still shows in every request of that time.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import NamedTuple, TypeAlias

TAKEN = (200, 202)
BUSY = (429, 503)
CUT = 0
"""Stands for a status where the connection ended before an answer."""
CONNECTIONS_MAX = 1_500

Pair: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Outcome:
    """What became of all requests of one run."""

    waits: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Seconds until the answer, by status."""
    taken: list[bytes] = field(default_factory=list)
    """Bodies of the answers that said yes."""
    without_retry_after: int = 0
    by_second: Counter[int] = field(default_factory=Counter)
    """How many were refused, or took longer than half a second, by the second they were due."""

    @property
    def counts(self) -> dict[int, int]:
        """Return how often each status came."""
        return {status: len(waits) for status, waits in sorted(self.waits.items())}

    def milliseconds(self, part: float) -> float:
        """Return how long that part of those that were taken waited at most."""
        waits = sorted(wait for status in TAKEN for wait in self.waits.get(status, ()))
        return waits[int(part * (len(waits) - 1))] * 1_000 if waits else 0.0


class Connections:
    """Connections that are kept open and used again."""

    def __init__(self, host: str, port: int) -> None:
        self._address = host, port
        self._free: list[Pair] = []
        self._room = asyncio.Semaphore(CONNECTIONS_MAX)

    async def ask(self, request: bytes) -> Answer:
        """Send a request and return its answer."""
        async with self._room:
            while self._free:  # the server may have closed what was idle: then it is sent anew
                answer = await self._over(self._free.pop(), request)
                if answer.status != CUT:
                    return answer
            try:
                pair = await asyncio.open_connection(*self._address)
            except OSError:
                return Answer(CUT, {}, b"")
            return await self._over(pair, request)

    async def _over(self, pair: Pair, request: bytes) -> Answer:
        reader, writer = pair
        try:
            writer.write(request)
            answer = await _read(reader)
        except (OSError, asyncio.IncompleteReadError):
            writer.close()
            return Answer(CUT, {}, b"")
        if answer.headers.get("connection") == "close":
            writer.close()
        else:
            self._free.append(pair)
        return answer

    def close(self) -> None:
        """Let all go."""
        for _, writer in self._free:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Answer(int(head[0].split(" ")[1]), headers, body)


async def offer(
    connections: Connections, requests: Iterator[bytes], rate: float, seconds: float
) -> Outcome:
    """Send so many a second for so long; return when the last is answered."""
    outcome, running = Outcome(), set()
    begun = perf_counter()

    async def one(request: bytes, due: float) -> None:
        answer = await connections.ask(request)
        wait = perf_counter() - due
        outcome.waits[answer.status].append(wait)
        if answer.status in TAKEN:
            outcome.taken.append(answer.body)
        elif answer.status in BUSY and "retry-after" not in answer.headers:
            outcome.without_retry_after += 1
        if answer.status not in TAKEN or wait > 0.5:
            outcome.by_second[int(due - begun)] += 1

    for number in range(int(rate * seconds)):
        due = begun + number / rate
        if (ahead := due - perf_counter()) > 0:
            await asyncio.sleep(ahead)
        task = asyncio.create_task(one(next(requests), due))
        running.add(task)
        task.add_done_callback(running.discard)
    await asyncio.gather(*running)
    return outcome
