"""The door: what endpoints and pages of the gateway work with, and how it asks other services."""

from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar

import httpx
from fastapi import Depends, Request, Response
from starlette.requests import ClientDisconnect

from libs.events.values import LANGUAGES, Language
from libs.runtime import trace
from libs.runtime.service import Parts
from libs.runtime.web import Problem
from services.gateway.passwords import Verifier

T = TypeVar("T")

NAME = "gateway"
PASSED_ON = ("content-type", "retry-after", "content-language")
RETRY_SECONDS = "5"


@dataclass(frozen=True)
class Door:
    """Made once by `build`; every request finds it at `request.state.door`."""

    parts: Parts
    passwords: Verifier = field(default_factory=Verifier)

    async def open(self, request: Request) -> None:
        """Let a request in; the first dependency of every route."""
        request.state.door = self

    async def read(self, function: Callable[..., T], *args: Any) -> T:
        """Run a query on the gateway's tables."""
        return await self.parts.read(NAME, function, *args)

    async def write(self, function: Callable[..., T], *args: Any) -> T:
        """Change what the door remembers beside the log: `access.py`."""
        return await self.parts.write(NAME, function, *args)

    async def ask(  # noqa: PLR0913 - what an HTTP request is made of
        self,
        service: str,
        method: str,
        path: str,
        *,
        practice: str,
        language: Language = "de",
        content: bytes | AsyncIterable[bytes] | None = None,
        content_type: str = "",
        json: Any = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """Ask another service on behalf of a practice.

        Raises a 503 problem when it cannot be reached, and a 502 one when it failed; refusals come
        back as they are.
        """
        sent = {
            **(headers or {}),
            "X-Practice-Id": practice,
            "X-Request-Id": trace.correlation(),
            "Accept-Language": language,
        }
        if traceparent := trace.traceparent():
            sent["traceparent"] = traceparent
        if content_type:
            sent["Content-Type"] = content_type
        body = content if isinstance(content, bytes | None) else unbroken(content)
        try:
            answer = await self.parts.call(service).request(
                method, path, content=body, json=json, params=params, headers=sent
            )
        except httpx.TransportError:
            answer = httpx.Response(503)
        if answer.status_code == 503:  # noqa: PLR2004 - it says so itself, or is not there
            wait = answer.headers.get("retry-after", RETRY_SECONDS)
            detail = "This part of the system cannot be reached now; try again in a moment."
            raise Problem(503, "unavailable", detail, {"Retry-After": wait})
        if answer.status_code >= 500:  # noqa: PLR2004
            raise Problem(502, "failed", "This part of the system failed; it was recorded.")
        return answer


async def unbroken(body: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Yield a body that is passed on as it comes; where its client leaves, both sides give it up.

    Raised as it is, the client's leaving would end the other service's request without an answer.
    """
    try:
        async for piece in body:
            yield piece
    except ClientDisconnect:
        raise Problem(400, "broken_off", "The body broke off; send all of it again.") from None


def passed_on(answer: httpx.Response, headers: Mapping[str, str] | None = None) -> Response:
    """Return another service's answer as ours."""
    kept = {name: answer.headers[name] for name in PASSED_ON if name in answer.headers}
    return Response(answer.content, answer.status_code, {**kept, **(headers or {})})


def door_of(request: Request) -> Door:
    """Return the door that a request came in by."""
    door: Door = request.state.door
    return door


def language_of(request: Request) -> Language:
    """Return the first language asked for that we speak (RFC 9110, 12.5.4), German without any."""
    wanted: list[tuple[float, int, str]] = []
    for index, part in enumerate(request.headers.get("accept-language", "").split(",")[:20]):
        tag, _, rest = part.strip().partition(";")
        quality = rest.strip().removeprefix("q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            weight = 0.0
        wanted.append((-weight, index, tag.strip().lower().partition("-")[0]))
    for weight, _, tag in sorted(wanted):
        for language in LANGUAGES:
            if weight < 0 and tag == language:
                return language
    return "de"


# Coroutines, although they wait for nothing: FastAPI would send plain functions to a thread.
async def _in_door(request: Request) -> Door:
    return door_of(request)


async def _spoken(request: Request) -> Language:
    return language_of(request)


InDoor = Annotated[Door, Depends(_in_door)]
Spoken = Annotated[Language, Depends(_spoken)]
