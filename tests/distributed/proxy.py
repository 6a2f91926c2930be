"""A proxy for TCP connections that can cut them: now, or in the middle of a commit (F28)."""

import asyncio
from typing import cast

from typing_extensions import override

COMMIT = b"COMMIT\x00"
"""How a client of PostgreSQL asks for a commit: a simple query, ended by a zero byte."""


class Proxy:
    """Listens on a port of its own and passes everything on to another one."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._server: asyncio.Server | None = None
        self.port = 0
        self.pairs: set[Client] = set()
        self.closed = False
        """While closed, whoever comes is sent away."""
        self.commits_to_cut = 0
        """So many of the next commits reach the server, but not their answers the client."""
        self.commits_cut = 0

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Client(self), "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> int:
        """Break all connections at once; return how many."""
        pairs = list(self.pairs)
        for pair in pairs:
            pair.abort()
        return len(pairs)

    async def open_to_target(self, client: "Client") -> "End":
        loop = asyncio.get_running_loop()
        _, far = await loop.create_connection(lambda: End(client), "127.0.0.1", self._target)
        return far

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self.cut()


class Side(asyncio.Protocol):
    """One end of a connection; what it hears goes to the other, no faster than that one takes."""

    transport: asyncio.Transport | None = None
    other: "Side | None" = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    @override
    def pause_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.pause_reading()

    @override
    def resume_writing(self) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.resume_reading()

    def send(self, data: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self.other is not None and self.other.transport is not None:
            self.other.transport.close()


class Client(Side):
    """The near end: a client that came, and what it said before the far end was there."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._early: list[bytes] = []
        self._opening: asyncio.Task[None] | None = None
        self.doomed = False
        """Its commit is on the way; the answer must not arrive."""

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if self._proxy.closed:
            self.abort()
            return
        self._proxy.pairs.add(self)
        self._opening = asyncio.get_running_loop().create_task(self._open())

    async def _open(self) -> None:
        try:
            self.other = await self._proxy.open_to_target(self)
        except OSError:
            self.abort()
            return
        for data in self._early:
            self.other.send(data)

    @override
    def data_received(self, data: bytes) -> None:
        if self._proxy.commits_to_cut and COMMIT in data:
            self._proxy.commits_to_cut -= 1
            self._proxy.commits_cut += 1
            self.doomed = True
        if self.other is None:
            self._early.append(data)
        else:
            self.other.send(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._proxy.pairs.discard(self)
        super().connection_lost(exc)

    def abort(self) -> None:
        for side in (self, self.other):
            if side is not None and side.transport is not None:
                side.transport.abort()


class End(Side):
    """The far end: the server's side of a pair."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.other = client

    @override
    def data_received(self, data: bytes) -> None:
        if self.client.doomed:  # the server has answered, so what it was asked for is done
            self.client.abort()
            return
        self.client.send(data)
