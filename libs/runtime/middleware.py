"""Around every request: its id and trace, limits of size and time, headers, log line, metric.

Pure ASGI: FastAPI's decorator for middleware halves the throughput (event-log section 3).
"""

import asyncio
import re
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import structlog
from opentelemetry.trace import SpanKind
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from libs.runtime import trace
from libs.runtime.admission import Admission, Seat
from libs.runtime.ids import new_id
from libs.runtime.metrics import REQUESTS
from libs.runtime.problems import Problem, response

log = structlog.get_logger()

HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self';"
    b" connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none';"
    b" object-src 'self'; frame-src 'self'"
)
HEADER_BYTES_MAX = 16_384
HEADERS_MAX = 100
TARGET_BYTES_MAX = 8_000
GONE = 499
"""How logs and metrics call a request whose client left before it was answered."""
CLOSE = {"Connection": "close"}
"""For answers after which nobody can say where the next request begins, or when it comes."""
_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What a request may be."""

    body_bytes_max: int
    body_seconds_max: float
    names: frozenset[bytes] | None = None
    """Hosts that are answered; None: all."""
    first: frozenset[str] = frozenset()
    """Paths that are let in when others have to wait."""
    large: frozenset[str] = frozenset()
    """Paths whose bodies may be larger; they are passed on piece by piece and held by nobody."""
    large_bytes_max: int = 0

    def bytes_max(self, path: str) -> int:
        """Return how many bytes a body may have at a path."""
        return self.large_bytes_max if path in self.large else self.body_bytes_max

    def seconds_max(self, path: str) -> float:
        """Return how long a body may take to come: a larger one as much longer as it is larger."""
        return self.body_seconds_max * max(1.0, self.bytes_max(path) / self.body_bytes_max)


class Around:
    """The outermost layer of a service's HTTP interface."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        service: str,
        bounds: Bounds,
        admission: Admission,
        secure: bool,
        stopping: Callable[[], bool],
    ) -> None:
        self._app = app
        self._service = service
        self._bounds = bounds
        self._admission = admission
        self._secure = secure
        self._stopping = stopping

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        given = headers.get("x-request-id", "")
        request_id = given if _ID.fullmatch(given) else new_id()
        trace.begin(request_id)
        begun = perf_counter()
        status = GONE

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = self._headers(message, request_id)
            await send(message)

        span = trace.tracer().start_as_current_span(
            f"{scope['method']}", context=trace.context_of(headers), kind=SpanKind.SERVER
        )
        with span, structlog.contextvars.bound_contextvars(correlation_id=request_id):
            try:
                await self._admitted(scope, receive, answer)
            except ClientDisconnect:
                status = GONE
            finally:
                self._record(scope, status, perf_counter() - begun)

    async def _admitted(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer at once what must not be worked on; give the rest its place."""
        try:
            seat = self._enter(scope)
        except Problem as refused:
            await response(refused)(scope, receive, send)
            return
        if seat is None:
            await self._limited(scope, receive, send, None)
            return
        scope.setdefault("state", {})["seat"] = seat
        try:
            await self._limited(scope, receive, send, seat)
        finally:
            seat.leave()

    def _enter(self, scope: Scope) -> Seat | None:
        """Return the place of a request, None for one that needs none; raises a problem."""
        problem = self._head_problem(scope)
        if problem is not None:
            raise problem
        path, names = scope["path"], self._bounds.names
        if path.startswith("/health/") or path == "/metrics":
            return None
        headers = dict(scope["headers"])
        if names is not None and host_name(headers.get(b"host", b"")) not in names:
            raise Problem(421, "misdirected", "No such host is served here.")
        shown = headers.get(b"authorization") or headers.get(b"cookie") or b""
        return self._admission.enter(shown.decode("latin-1"), first=path in self._bounds.first)

    async def _limited(self, scope: Scope, receive: Receive, send: Send, seat: Seat | None) -> None:
        """Hand the request on with a body of bounded size and time; a failure is an answer too."""
        bounds, path = self._bounds, scope["path"]
        until = asyncio.get_running_loop().time() + bounds.seconds_max(path)
        kept = path not in bounds.large
        incoming = _Incoming(receive, seat, bounds.bytes_max(path), until, kept=kept)

        async def watched(message: Message) -> None:
            incoming.answered = True
            await send(message)

        try:
            await self._app(scope, incoming.receive, watched)
        except ClientDisconnect:
            raise
        except Problem as refused:
            if incoming.answered:
                raise
            await response(refused)(scope, receive, send)
        except Exception:
            # Nothing may end without an answer of ours (P21); the log says why it failed.
            log.exception("request_failed", service=self._service)
            if incoming.answered:
                raise
            failed = Problem(500, "failed", "This failed on our side; it was recorded.")
            await response(failed)(scope, receive, send)

    def _head_problem(self, scope: Scope) -> Problem | None:
        names = [name for name, _ in scope["headers"]]
        size = sum(len(name) + len(value) for name, value in scope["headers"])
        if len(names) > HEADERS_MAX or size > HEADER_BYTES_MAX:
            return Problem(
                431, "headers_too_large", "The request has too many or too long headers.", CLOSE
            )
        if len(scope.get("raw_path", b"")) + len(scope["query_string"]) > TARGET_BYTES_MAX:
            return Problem(414, "uri_too_long", f"An address may hold {TARGET_BYTES_MAX} bytes.")
        for once in (b"host", b"content-length", b"authorization"):
            if names.count(once) > 1:
                detail = "A header that may stand once stands twice."
                return Problem(400, "bad_request", detail, CLOSE)
        if b"content-length" in names and b"transfer-encoding" in names:
            detail = "Content-Length and Transfer-Encoding exclude another."
            return Problem(400, "bad_request", detail, CLOSE)
        if b"\x00" in scope.get("raw_path", b"") or "\x00" in scope["path"]:
            return Problem(422, "invalid", "A path must not hold the character U+0000.")
        if b"%00" in scope["query_string"]:
            return Problem(422, "invalid", "A query must not hold the character U+0000.")
        limit = self._bounds.bytes_max(scope["path"])
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit() and int(value) > limit:
                return _too_large(limit)
            if name == b"content-encoding" and value.lower() not in (b"", b"identity"):
                detail = "Send the body as it is, without Content-Encoding."
                return Problem(415, "content_encoding_unsupported", detail)
        return None

    def _headers(self, message: Message, request_id: str) -> list[tuple[bytes, bytes]]:
        given = list(message.get("headers", ()))
        names = {name.lower() for name, _ in given}
        extra = [*HEADERS, (b"x-request-id", request_id.encode())]
        extra.append((b"content-security-policy", POLICY))
        extra.append((b"cache-control", b"no-store"))
        if self._secure:
            extra.append((b"strict-transport-security", b"max-age=31536000; includeSubDomains"))
        if self._stopping():
            extra.append((b"connection", b"close"))
        return given + [(name, value) for name, value in extra if name not in names]

    def _record(self, scope: Scope, status: int, seconds: float) -> None:
        route: Any = scope.get("route")
        path = getattr(route, "path", "unknown")
        REQUESTS.labels(self._service, scope["method"], path, status).observe(seconds)
        log.info(
            "request",
            service=self._service,
            method=scope["method"][:10],
            route=path,
            status=status,
            ms=round(seconds * 1000, 1),
        )


class _Incoming:
    """A request's body as it comes: within its time and its size, counted where it is kept."""

    def __init__(
        self, receive: Receive, seat: Seat | None, bytes_max: int, until: float, *, kept: bool
    ) -> None:
        self.answered = False
        self._kept = kept
        self._receive = receive
        self._seat = seat
        self._bytes_max = bytes_max
        self._until = until
        self._taken = 0
        self._whole = False

    async def receive(self) -> Message:
        """Return what comes next; a 408, 413 or 503 problem when it takes too much."""
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(None if self.answered else self._until):
                with self._seat.away() if self._seat else nullcontext():
                    message = await self._receive()
        except TimeoutError:
            detail = "The request's body took too long."
            raise Problem(408, "too_slow", detail, CLOSE) from None
        size = len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        self._taken += size
        if self._taken > self._bytes_max:
            raise _too_large(self._bytes_max)
        if self._seat is not None and self._kept:
            self._seat.take(size)
        return message


def host_name(value: bytes) -> bytes:
    """Return the name in a Host header, without its port."""
    name = value.strip().lower()
    return name.partition(b"]")[0][1:] if name.startswith(b"[") else name.partition(b":")[0]


def _too_large(limit: int) -> Problem:
    return Problem(413, "too_large", f"A request may hold {limit} bytes.", bytes_max=limit)
