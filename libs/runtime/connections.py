"""Connections that cannot be held: limits of time and size where uvicorn has none (B45 to B48).

uvicorn waits for ever for a head, for the rest of a body after its answer, and for a client that
does not read; it takes heads of any size. Here each of these has an end, and what is no HTTP/1.1
is answered once, with a problem document, and closed: after it nobody can say where the next
request begins.
"""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import ClassVar

import httptools
from typing_extensions import override

from libs.runtime.http_protocol import NoUpgradeProtocol
from libs.runtime.ids import new_id
from libs.runtime.metrics import CONNECTIONS
from libs.runtime.middleware import HEADER_BYTES_MAX, HEADERS, HEADERS_MAX, TARGET_BYTES_MAX
from libs.runtime.problems import MEDIA_TYPE, RETRY_SECONDS, Problem, document

HEAD_BYTES_MAX = HEADER_BYTES_MAX + TARGET_BYTES_MAX + 4 * HEADERS_MAX
"""Names, values and target, and the signs between them."""
LINGER_SECONDS = 2.0
LINGER_BYTES_MAX = 1_000_000
"""How long a client may go on sending after a refusal: closed at once, it might never read it."""

NO_HTTP = Problem(400, "bad_request", "This is not HTTP/1.1 as it must be.")
NO_METHOD = Problem(501, "method_unknown", "This method is none of HTTP's.")
TOO_SLOW = Problem(408, "too_slow", "The head of the request took too long.")
TOO_LARGE = Problem(431, "headers_too_large", "The head of the request is too large.")
TOO_MANY = Problem(503, "busy", "Too many connections are open.", {"Retry-After": RETRY_SECONDS})


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What a connection may take."""

    request_seconds_max: float
    idle_seconds_max: float
    connections_max: int


class BoundedProtocol(NoUpgradeProtocol):
    """HTTP/1.1 within limits; `bounded` binds them."""

    limits: ClassVar[Limits]

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
        super().connection_made(transport)
        CONNECTIONS.inc()
        self._head_bytes = self._ignored = 0
        self._in_head = self._in_trailer = self._began = False
        self._receiving = self._ending = False
        self._problem = NO_HTTP
        self.waits_since = self.loop.time()
        self._deadline: asyncio.TimerHandle | None = None
        self._stuck: asyncio.TimerHandle | None = None
        self._give(self.limits.idle_seconds_max)
        if len(self.connections) > self.limits.connections_max:
            self._make_room()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._deadline, self._stuck):
            if timer is not None:
                timer.cancel()
        CONNECTIONS.dec()
        super().connection_lost(exc)

    @override
    def data_received(self, data: bytes) -> None:
        if self._ending:
            self._ignored += len(data)
            if self._ignored > LINGER_BYTES_MAX:
                self.transport.close()
            return
        self._began = False
        super().data_received(data)
        self._look_at(len(data))

    def _look_at(self, size: int) -> None:
        """See that heads and trailers end, and that what is no request keeps nothing open."""
        if self._ending:
            return
        if self._in_head or self._in_trailer:
            # Where it began within these bytes is not known: they count from the next ones on.
            self._head_bytes += 0 if self._began else size
            if self._head_bytes > HEAD_BYTES_MAX or len(self.headers) > 2 * HEADERS_MAX:
                self.refuse(TOO_LARGE)
        elif self._deadline is None and self.is_waiting:
            self._give(self.limits.idle_seconds_max)  # empty lines are no request

    @override
    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = self._receiving = self._began = True
        self._head_bytes = 0
        self._give(self.limits.request_seconds_max)

    @override
    def on_headers_complete(self) -> None:
        if not self._offered():
            self._check_head()
        super().on_headers_complete()
        self._in_head = False

    def on_chunk_header(self) -> None:
        """Bytes follow, or after the last chunk the trailer, which is as long as it likes."""
        self._in_trailer = self._began = True
        self._head_bytes = 0

    @override
    def on_body(self, body: bytes) -> None:
        self._in_trailer = False
        super().on_body(body)

    @override
    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # a trailer is no header: the request has been judged by its head
            super().on_header(name, value)

    @override
    def on_message_complete(self) -> None:
        self._in_trailer = False
        super().on_message_complete()
        if not self._offered():
            self._received()

    @override
    def on_response_complete(self) -> None:
        """Wait for the next request; where the body was never asked for, there is no telling it."""
        self.waits_since = self.loop.time()
        cycle = self.cycle
        super().on_response_complete()
        if cycle.response_complete and cycle.more_body and self.expect_100_continue:
            self._end()

    @override
    def unreadable(self, error: httptools.HttpParserError) -> None:
        unknown = isinstance(error, httptools.HttpParserInvalidMethodError)
        self.refuse(NO_METHOD if unknown else self._problem)

    @override
    def pause_writing(self) -> None:
        super().pause_writing()
        limit = self.limits.request_seconds_max
        self._stuck = self.loop.call_later(limit, self.transport.abort)

    @override
    def resume_writing(self) -> None:
        super().resume_writing()
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def refuse(self, problem: Problem) -> None:
        """Answer what cannot be worked on, once and as the last thing on this connection."""
        cycle = self.cycle
        if self._receiving_body():
            answered = cycle.response_started
            cycle.disconnected = True
            cycle.message_event.set()
            if not answered:
                self.transport.write(_answer(problem))
        elif cycle is not None and not cycle.response_complete:
            cycle.keep_alive = False  # an earlier request gets its answer, then the end
            self._ending = True
            return
        else:
            self.transport.write(_answer(problem))
        self._end()

    def _check_head(self) -> None:
        """Refuse heads that parsers read in different ways (B45, B46)."""
        version = self.parser.get_http_version()
        codings = [value for name, value in self.headers if name == b"transfer-encoding"]
        hosts = [name for name, _ in self.headers].count(b"host")
        if version not in {"1.0", "1.1"}:
            self._problem = Problem(505, "version_unsupported", "Speak HTTP/1.1.")
        elif (hosts != 1 and version == "1.1") or (codings and version == "1.0"):
            self._problem = NO_HTTP
        elif codings and codings[0].strip().lower() != b"chunked":
            detail = "Send the body as it is, or chunked."
            self._problem = Problem(501, "coding_unsupported", detail)
        else:
            return
        raise ValueError(self._problem.code)  # ends the parser's work; `unreadable` answers

    def _receiving_body(self) -> bool:
        return self._receiving and not self._in_head

    def _received(self) -> None:
        self._receiving = False
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give(self, seconds: float) -> None:
        """Let the client have so many seconds for what it does next."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(seconds, self._overdue)

    def _overdue(self) -> None:
        self._deadline = None
        cycle = self.cycle
        if self.flow.read_paused or (cycle is not None and not cycle.response_complete):
            # We are the ones who take time, or the application counts its body's time itself.
            self._give(self.limits.request_seconds_max)
        elif self._in_head:
            self.refuse(TOO_SLOW)
        else:
            self._end()

    def _make_room(self) -> None:
        """Close the connection that has waited longest for a request, else this new one."""
        waiting = (
            one for one in self.connections if isinstance(one, BoundedProtocol) and one.is_waiting
        )
        oldest = min(waiting, key=lambda one: one.waits_since, default=self)
        if oldest is self:
            self.refuse(TOO_MANY)
        else:
            oldest.transport.close()

    @property
    def is_waiting(self) -> bool:
        """Whether nothing is asked on this connection now, or not yet to the end of a head."""
        answered = self.cycle is None or self.cycle.response_complete
        return answered and not self._receiving_body() and not self.transport.is_closing()

    def _end(self) -> None:
        """Say that nothing more comes, let the client read that, then close."""
        self._ending = True
        self._received()
        if self.transport.is_closing():
            return
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._deadline = self.loop.call_later(LINGER_SECONDS, self.transport.close)


def bounded(limits: Limits) -> type[BoundedProtocol]:
    """Return the protocol for `uvicorn.Config(http=...)`, which takes a class."""
    return type("Bounded", (BoundedProtocol,), {"limits": limits})


def _answer(problem: Problem) -> bytes:
    request_id = new_id()
    body = document(problem, request_id)
    headers = [
        *HEADERS,
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"x-request-id", request_id.encode()),
        *((name.lower().encode(), value.encode()) for name, value in problem.headers.items()),
        (b"connection", b"close"),
    ]
    phrase = HTTPStatus(problem.status).phrase
    head = f"HTTP/1.1 {problem.status} {phrase}\r\n".encode()
    return head + b"".join(b"%b: %b\r\n" % header for header in headers) + b"\r\n" + body
