"""Limits and problem documents around every request (P20, P21; rows of B12 to B50)."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from pydantic import BaseModel, ConfigDict

from libs.events import Refused
from libs.runtime import problems
from libs.runtime.admission import Admission
from libs.runtime.host import Overloaded
from libs.runtime.middleware import Around, Bounds
from libs.runtime.problems import Problem, StrictRoute, strict_json
from libs.runtime.store import Conflict
from libs.runtime.trouble import Stopped

CANARY = "Musterfrau"


class NotToday(Refused):
    """This cannot be done today; try tomorrow."""


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid")
    amount_rappen: int


def _app(seconds: float = 5.0) -> FastAPI:
    app = FastAPI()
    app.router.route_class = StrictRoute

    @app.post("/bytes")
    async def take(request: Request) -> int:
        return len(await request.body())

    @app.post("/json")
    async def read(body: Body) -> int:
        return body.amount_rappen

    @app.get("/refused")
    async def refused() -> None:
        raise NotToday

    @app.get("/busy")
    async def busy() -> None:
        raise Overloaded

    @app.get("/raced")
    async def raced() -> None:
        raise Conflict

    @app.get("/stopping")
    async def stopping() -> None:
        raise Stopped

    problems.install(app)
    app.add_middleware(
        Around,
        service="test",
        bounds=Bounds(body_bytes_max=1_000, body_seconds_max=seconds),
        admission=Admission(10, 5, 10_000),
        secure=True,
        stopping=lambda: False,
    )
    return app


def ask(method: str, path: str, *, app: FastAPI | None = None, **more: Any) -> httpx.Response:
    """Send one request to the app."""

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app or _app())
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.request(method, path, **more)

    return asyncio.run(send())


async def _pieces(*pieces: bytes, pause: float = 0) -> AsyncIterator[bytes]:
    for piece in pieces:
        await asyncio.sleep(pause)
        yield piece


def test_b12_a_body_is_too_large_by_its_length_and_by_what_comes() -> None:
    for content in (b"x" * 1_001, _pieces(b"x" * 600, b"x" * 600)):
        answer = ask("POST", "/bytes", content=content)
        assert answer.status_code == 413
        assert answer.json()["code"] == "too_large"
    assert ask("POST", "/bytes", content=b"x" * 1_000).json() == 1_000


def test_b48_a_body_that_comes_too_slowly_is_given_up() -> None:
    slow = _pieces(b"a", b"b", pause=0.2)
    answer = ask("POST", "/bytes", app=_app(seconds=0.1), content=slow)
    assert answer.status_code == 408
    assert answer.json()["code"] == "too_slow"


def test_b14_an_encoded_body_is_not_unpacked() -> None:
    answer = ask("POST", "/bytes", content=b"x", headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 415


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ([(f"X-{number}", "1") for number in range(120)], 431),
        ([("X-Long", "x" * 17_000)], 431),
        ([("Host", "one"), ("Host", "two")], 400),
        ([("Authorization", "Bearer a"), ("Authorization", "Bearer b")], 400),
    ],
)
def test_b45_to_b47_heads_that_no_client_of_ours_sends(
    headers: Iterable[tuple[str, str]], status: int
) -> None:
    answer = ask("GET", "/refused", headers=list(headers))
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_b38_a_path_with_a_nul_is_refused() -> None:
    assert ask("GET", "/refused%00").status_code == 422


@pytest.mark.parametrize("given", ["a\r\nb: c", "x" * 10_000, "", "short"])
def test_b50_a_request_id_of_strange_form_is_replaced(given: str) -> None:
    headers = {"X-Request-Id": given} if "\r" not in given else {"X-Request-Id": "a b"}
    answer = ask("GET", "/refused", headers=headers)
    assert answer.headers["x-request-id"] != headers["X-Request-Id"]
    kept = ask("GET", "/refused", headers={"X-Request-Id": "the-callers-own"})
    assert kept.headers["x-request-id"] == kept.json()["request_id"] == "the-callers-own"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"amount_rappen": NaN}', 400, "json_malformed"),
        (b'{"amount_rappen": 1e400}', 400, "json_malformed"),
        (b'{"amount_rappen": "\\ud800"}', 400, "json_malformed"),
        (b"[" * 900, 400, "json_malformed"),
        (b"{", 400, "json_malformed"),
        (b"\xff\xfe{}", 400, "json_malformed"),
        (b'{"amount_rappen": 1, "amount_rappen": 2}', 400, "json_duplicate_key"),
        (b'{"amount_rappen": "\\u0000"}', 422, "invalid"),
        (b'{"amount_rappen": 1, "role": "admin"}', 422, "invalid"),
        (b'{"amount_rappen": "Musterfrau"}', 422, "invalid"),
        (b'{"amount_rappen": 1.5}', 422, "invalid"),
    ],
)
def test_b35_to_b39_json_that_means_nothing_is_refused_without_echo(
    body: bytes, status: int, code: str
) -> None:
    answer = ask("POST", "/json", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert CANARY not in answer.text
    assert "Traceback" not in answer.text


def test_a_deep_document_costs_no_more_than_its_length() -> None:
    with pytest.raises(Problem) as refused:
        strict_json(b"[" * 100_000)
    assert refused.value.code == "json_malformed"


def test_a_refusal_speaks_by_its_docstring_and_overload_says_when_to_come_back() -> None:
    refused = ask("GET", "/refused")
    assert refused.status_code == 409
    assert refused.json()["code"] == "not_today"
    assert refused.json()["detail"] == "This cannot be done today; try tomorrow."
    for path in ("/busy", "/raced", "/stopping"):
        busy = ask("GET", path)
        assert busy.status_code == 503
        assert int(busy.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("TRACE", "/refused", 405), ("GET", "/refused", 409)],
)
def test_every_answer_carries_the_headers_of_p32(method: str, path: str, status: int) -> None:
    answer = ask(method, path)
    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["strict-transport-security"].startswith("max-age=31536000")
