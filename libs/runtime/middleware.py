"""Around every request: its id and trace, limits of size and time, headers, log line, metric.

Pure ASGI: FastAPI's decorator for middleware halves the throughput (event-log section 3).
"""

import asyncio
import re
from collections.abc import Callable
from time import perf_counter
from typing import Any

import structlog
from opentelemetry.trace import SpanKind
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from libs.runtime import trace
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
_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")


class Around:
    """The outermost layer of a service's HTTP interface."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        service: str,
        body_bytes_max: int,
        body_seconds_max: float,
        secure: bool,
        stopping: Callable[[], bool],
    ) -> None:
        self._app = app
        self._service = service
        self._bytes_max = body_bytes_max
        self._seconds_max = body_seconds_max
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
        status = 500

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
                await self._limited(scope, receive, answer)
            finally:
                self._record(scope, status, perf_counter() - begun)

    async def _limited(self, scope: Scope, receive: Receive, send: Send) -> None:
        problem = self._head_problem(scope)
        if problem is not None:
            await response(problem)(scope, receive, send)
            return
        taken = 0
        started = False
        until = asyncio.get_running_loop().time() + self._seconds_max

        async def limited() -> Message:
            nonlocal taken
            try:
                async with asyncio.timeout_at(None if started else until):
                    message = await receive()
            except TimeoutError:
                raise Problem(408, "too_slow", "The request's body took too long.") from None
            if message["type"] == "http.request":
                taken += len(message.get("body", b""))
                if taken > self._bytes_max:
                    raise _too_large(self._bytes_max)
            return message

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, limited, watched)
        except Problem as refused:
            if started:
                raise
            await response(refused)(scope, receive, send)

    def _head_problem(self, scope: Scope) -> Problem | None:
        names = [name for name, _ in scope["headers"]]
        size = sum(len(name) + len(value) for name, value in scope["headers"])
        if len(names) > HEADERS_MAX or size > HEADER_BYTES_MAX:
            return Problem(
                431, "headers_too_large", "The request has too many or too long headers."
            )
        for once in (b"host", b"content-length", b"authorization"):
            if names.count(once) > 1:
                return Problem(400, "bad_request", "A header that may stand once stands twice.")
        if b"content-length" in names and b"transfer-encoding" in names:
            return Problem(
                400, "bad_request", "Content-Length and Transfer-Encoding exclude another."
            )
        if b"\x00" in scope.get("raw_path", b"") or "\x00" in scope["path"]:
            return Problem(422, "invalid", "A path must not hold the character U+0000.")
        for name, value in scope["headers"]:
            if name == b"content-length" and value.isdigit() and int(value) > self._bytes_max:
                return _too_large(self._bytes_max)
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


def _too_large(limit: int) -> Problem:
    return Problem(413, "too_large", f"A request may hold {limit} bytes.", bytes_max=limit)
