"""Refusals as RFC 9457 problem documents; no endpoint builds an error body of its own (P21)."""

import errno
import inspect
import json
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from starlette.exceptions import HTTPException
from typing_extensions import override

from libs.events import Refused
from libs.runtime import trace
from libs.runtime.host import Overloaded
from libs.runtime.store import Conflict
from libs.runtime.trouble import Stopped

CODES = {
    400: "bad_request",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid",
}
RETRY_SECONDS = "2"
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}
"""A disk that is full or takes nothing more (F32)."""
FULL_SECONDS = "30"
"""Somebody has to make room first."""
EVERYWHERE = "/{path:path}"
"""The route that answers whatever no other one does; it says nothing about methods."""


class Problem(Exception):
    """An answer that says what is wrong and what to do; further members go into the document."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = members


MEDIA_TYPE = "application/problem+json"


def document(problem: Problem, request_id: str) -> bytes:
    """Return a problem as it is written."""
    body = {
        "type": f"urn:quittance:problem:{problem.code}",
        "title": problem.code.replace("_", " "),
        "status": problem.status,
        "code": problem.code,
        "detail": problem.detail,
        "request_id": request_id,
    } | problem.members
    return json.dumps(body, ensure_ascii=False, allow_nan=False).encode()


def response(problem: Problem) -> Response:
    """Return a problem as its HTTP answer."""
    return Response(
        document(problem, trace.correlation()),
        status_code=problem.status,
        headers=problem.headers,
        media_type=MEDIA_TYPE,
    )


def install(app: FastAPI) -> None:
    """Map exceptions to problems: the one table of the program."""

    async def problem(_: Request, error: Any) -> Response:
        return response(error)

    async def refused(_: Request, error: Any) -> Response:
        status = getattr(error, "status", 409)
        return response(Problem(status, code_of(type(error)), sentence_of(error)))

    async def invalid(_: Request, error: Any) -> Response:
        return response(_invalid(error))

    async def http(request: Request, error: Any) -> Response:
        if isinstance(error.__cause__, Problem):  # FastAPI wraps what a body's reader raises
            return response(error.__cause__)
        if error.status_code == 405:  # noqa: PLR2004 - Starlette names the first route's methods
            return response(nothing_here(request))
        code = CODES.get(error.status_code, "error")
        return response(Problem(error.status_code, code, str(error.detail), error.headers))

    async def busy(_: Request, __: Any) -> Response:
        detail = "Too much is being worked on; send the request again in a moment."
        return response(Problem(503, "busy", detail, {"Retry-After": RETRY_SECONDS}))

    app.add_exception_handler(Problem, problem)
    app.add_exception_handler(Refused, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)

    async def full(_: Request, error: Any) -> Response:
        if error.errno not in FULL:
            raise error
        detail = "Nothing can be stored at the moment, and nothing was; send it again later."
        return response(Problem(503, "storage_full", detail, {"Retry-After": FULL_SECONDS}))

    app.add_exception_handler(OSError, full)
    passing = OperationalError, InternalError, InterfaceError, PoolTimeoutError
    for kind in (Overloaded, Stopped, Conflict, *passing):
        app.add_exception_handler(kind, busy)


def nothing_here(request: Request) -> Problem:
    """Return the answer to a method that an address does not know: 405 with Allow, else 404."""
    path = request.scope["path"]
    found = {
        method
        for route in routes(request.app.router)
        if route.path != EVERYWHERE and route.path_regex.match(path)
        for method in route.methods or ()
    }
    if not found:
        return Problem(404, "not_found", "There is nothing at this address.")
    allowed = ", ".join(sorted(found))
    return Problem(405, "method_not_allowed", f"Allowed here: {allowed}.", {"Allow": allowed})


def routes(router: Any) -> Iterator[APIRoute]:
    """Yield all routes of a router and of those that it includes."""
    for route in router.routes:
        inner = getattr(route, "original_router", None)
        if isinstance(inner, APIRouter):
            yield from routes(inner)
        elif isinstance(route, APIRoute):
            yield route


def code_of(kind: type) -> str:
    """Return the stable code of a refusal: its class name in snake case."""
    name = kind.__name__
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


def sentence_of(error: Exception) -> str:
    """Return what a refusal tells its user: the docstring of its class."""
    return inspect.getdoc(type(error)) or "This is not possible now."


def _invalid(error: RequestValidationError) -> Problem:
    """Say where and why, never what was sent: the input may be a patient's."""
    found = [
        {"path": "/".join(str(part) for part in one["loc"]), "rule": one["type"]}
        for one in error.errors()[:50]
    ]
    broken = any(one["rule"] == "json_invalid" for one in found)
    if broken:
        return Problem(400, "json_malformed", "The body is not valid JSON.", errors=found)
    return Problem(422, "invalid", "Some fields are not as they must be.", errors=found)


class _JsonRequest(Request):
    @override
    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            self._json = strict_json(await self.body())
        return self._json


class StrictRoute(APIRoute):
    """JSON bodies may hold no doubled key, NaN, infinity or lone surrogate (B35, B36)."""

    @override
    def get_route_handler(self) -> Any:
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            answer: Response = await inner(_JsonRequest(request.scope, request.receive))
            return answer

        return handle


def strict_json(body: bytes) -> Any:
    """Return a JSON text's value; raises a 400 or 415 problem for what is no JSON."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise Problem(400, "json_malformed", "The body is not UTF-8.") from None
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_constant)
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode("utf-8")
    except Problem:
        raise
    except (ValueError, RecursionError):
        raise Problem(400, "json_malformed", "The body is not valid JSON.") from None
    if "\\u0000" in text:
        raise Problem(422, "invalid", "A text must not hold the character U+0000.")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise Problem(400, "json_duplicate_key", "An object names a key twice.")
    return value


def _constant(_: str) -> None:
    raise Problem(400, "json_malformed", "JSON knows no NaN and no infinity.")
