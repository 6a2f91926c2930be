"""A line to the gateway: HTTP with nothing between it and the socket, so that it costs little.

A client that needs as much of the machine as the system under test would measure itself.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import NamedTuple

ANSWER_SECONDS = 45.0
LIMIT = 1 << 22


class NoAnswer(Exception):
    """The request was sent, or not, and nobody knows what became of it."""


class Answer(NamedTuple):
    """What came back."""

    status: int
    retry_after: float
    body: bytes


class Line:
    """One connection at a time, kept open; after trouble the next door is tried."""

    def __init__(self, doors: Sequence[int], first: int) -> None:
        self._doors = doors
        self._door = first
        self._open: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, head: str, body: bytes = b"", *, vanish: bool = False) -> Answer:
        """Send a request line with headers, and a body; with `vanish`, hang up before the answer.

        Raises NoAnswer.
        """
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await self._ask(head, body, vanish=vanish)
        except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError) as error:
            self.next_door()
            raise NoAnswer(type(error).__name__) from error

    def next_door(self) -> None:
        """Go to another instance, as what balances the load in front of them does."""
        self.hang_up()
        self._door += 1

    def hang_up(self) -> None:
        """Break the connection, whatever is under way."""
        held, self._open = self._open, None
        if held is not None:
            held[1].transport.abort()

    async def _ask(self, head: str, body: bytes, *, vanish: bool) -> Answer:
        if self._open is None:
            port = self._doors[self._door % len(self._doors)]
            self._open = await asyncio.open_connection("127.0.0.1", port, limit=LIMIT)
        reader, writer = self._open
        length = f"Content-Length: {len(body)}\r\n\r\n"
        writer.write(f"{head}Host: quittance\r\n{length}".encode() + body)
        await writer.drain()
        if vanish:
            raise ConnectionAbortedError
        answer = await reader.readuntil(b"\r\n\r\n")
        status, *lines = answer.decode("latin-1").split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines if ": " in line)
        content = await reader.readexactly(int(headers.get("content-length", "0")))
        if headers.get("connection") == "close":
            self.hang_up()
        wait = 0.0
        with contextlib.suppress(ValueError):
            wait = float(headers.get("retry-after", "0"))
        return Answer(int(status.split(" ", 2)[1]), wait, content)
