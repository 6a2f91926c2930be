"""Somebody else's server: takes webhooks, remembers them, and answers as it is told to."""

import asyncio
import base64
import hashlib
import hmac
import json
import ssl
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from typing_extensions import override

HANG = 0
"""Told to answer so, it never answers."""
ENDLESS = -1
"""Told to answer so, its answer never ends."""


@dataclass(frozen=True)
class Got:
    """A message as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def told(self) -> Any:
        return json.loads(self.body)

    def signed_with(self, *secrets: str) -> list[bool]:
        """Say of each secret whether it signed the message, as Standard Webhooks says."""
        given = {one.removeprefix("v1,") for one in self.headers["webhook-signature"].split()}
        content = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode()
        found = []
        for secret in secrets:
            key = base64.b64decode(secret.removeprefix("whsec_"))
            made = hmac.new(key, content + self.body, hashlib.sha256).digest()
            found.append(base64.b64encode(made).decode() in given)
        return found


@dataclass
class Receiver:
    """What came in, and what the next ones are answered with; at the end 204 to all."""

    port: int = 0
    got: list[Got] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    always: int = 204
    come: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def ids(self) -> Sequence[str]:
        return [one.headers["webhook-id"] for one in self.got]

    async def until(self, count: int, seconds: int = 60) -> None:
        """Wait until so many messages have come."""
        async with asyncio.timeout(seconds):
            while len(self.got) < count:
                self.come.clear()
                await self.come.wait()

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            lines = [line.split(": ", 1) for line in head[1:] if line]
            headers = {name.lower(): value for name, value in lines}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.got.append(Got(head[0].split()[1], headers, body))
            self.come.set()
            await self.answer(self.answers.pop(0) if self.answers else self.always, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def answer(self, status: int, writer: asyncio.StreamWriter) -> None:
        if status == HANG:
            await asyncio.Event().wait()
        more = b"Location: http://127.0.0.1:9/\r\n" if 300 <= status < 400 else b""
        line = f"HTTP/1.1 {max(status, 200)} x\r\nConnection: close\r\n".encode()
        if status != ENDLESS:
            writer.write(line + more + b"\r\n")
            await writer.drain()
            return
        writer.write(line + b"\r\n")
        while True:
            writer.write(b"x" * 10_000)
            await writer.drain()


@asynccontextmanager
async def receiver(tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """Listen on a port of its own as long as the block lasts, with a certificate if given one."""
    made = Receiver()
    tasks: set[asyncio.Task[None]] = set()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(made.take(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(take, "127.0.0.1", 0, ssl=tls)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextmanager
def beside() -> Iterator[tuple[str, list[str]]]:
    """Listen in a thread; give the address and the ids of the messages that come."""
    ids: list[str] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            ids.append(self.headers["webhook-id"])
            self.send_response(204)
            self.end_headers()

        @override
        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/hook", ids
        finally:
            server.shutdown()
            thread.join()
