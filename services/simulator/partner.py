"""A program of a partner: it speaks REST with a client's secret, as any practice software would."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

TOKEN_PATH = "/v1/oauth/token"  # noqa: S105  # a path
PAGE = 200
TRIES = 5
UNAUTHORISED, TOO_MANY, UNAVAILABLE = 401, 429, 503
OK, ACCEPTED, UNPROCESSABLE = 200, 202, 422
CREATED, CONFLICT = 201, 409
XML = {"Content-Type": "application/xml"}
JSON = {"Content-Type": "application/json"}
PNG = {"Content-Type": "image/png"}


class Unexpected(Exception):
    """The system gave an answer that no well-behaved partner should get."""


@dataclass(frozen=True, kw_only=True)
class Access:
    """What an API client was given when it was added."""

    client_id: str
    secret: str


def accesses(clients: Iterable[Mapping[str, Any]]) -> dict[int, Access]:
    """Return the practices' accesses by account number, out of what `quittance demo access` tells.

    Clients without an account are the cooperative's own.
    """
    return {
        int(client["account"]): Access(
            client_id=client["client_id"], secret=client["client_secret"]
        )
        for client in clients
        if "account" in client
    }


class Partner:
    """One API client; it fetches tokens as they are needed and waits when it is told to."""

    def __init__(self, door: httpx.AsyncClient, access: Access) -> None:
        self._door = door
        self._access = access
        self._token = ""
        self._fetching = asyncio.Lock()

    async def send(self, path: str, body: bytes, *fine: int) -> httpx.Response:
        """Hand in a message or a file; raises Unexpected for an answer not named as fine."""
        answer = await self._ask("POST", path, content=body, headers=XML)
        return _checked(answer, fine)

    async def scan(self, path: str, picture: bytes, *fine: int) -> httpx.Response:
        """Hand in a picture of paper."""
        return _checked(await self._ask("POST", path, content=picture, headers=PNG), fine)

    async def tell(self, path: str, body: Mapping[str, Any], *fine: int) -> httpx.Response:
        """Send a request in JSON."""
        content = json.dumps(body).encode()
        return _checked(await self._ask("POST", path, content=content, headers=JSON), fine)

    async def end(self, path: str, *fine: int) -> httpx.Response:
        """Send a DELETE."""
        return _checked(await self._ask("DELETE", path), fine)

    async def get(self, path: str, **params: str) -> Any:
        """Return one resource."""
        answer = await self._ask("GET", path, params=params)
        return _checked(answer, (OK,)).json()

    async def pages(self, path: str, **params: str) -> AsyncIterator[Any]:
        """Yield the items of a list, page by page."""
        cursor = ""
        while True:
            given = {"cursor": cursor} if cursor else {}
            page = await self.get(path, **params, limit=str(PAGE), **given)
            for item in page["items"]:
                yield item
            cursor = page["next_cursor"] or ""
            if not cursor:
                return

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        for _ in range(TRIES):
            token = self._token
            answer = await self._door.request(
                method,
                path,
                content=content,
                params=params,
                headers={"Authorization": f"Bearer {token}", **(headers or {})},
            )
            if answer.status_code == UNAUTHORISED:
                await self._fetch(token)
            elif answer.status_code in {TOO_MANY, UNAVAILABLE}:
                await asyncio.sleep(float(answer.headers.get("Retry-After", "1")))
            else:
                return answer
        raise Unexpected(f"{method} {path}: no answer in {TRIES} tries")

    async def _fetch(self, stale: str) -> None:
        """Fetch a token, unless another request of this client just did."""
        async with self._fetching:
            if self._token != stale:
                return
            form = {
                "grant_type": "client_credentials",
                "client_id": self._access.client_id,
                "client_secret": self._access.secret,
            }
            answer = _checked(await self._door.post(TOKEN_PATH, data=form), (OK,))
            self._token = str(answer.json()["access_token"])


def _checked(answer: httpx.Response, fine: tuple[int, ...]) -> httpx.Response:
    if answer.status_code not in fine:
        asked = f"{answer.request.method} {answer.request.url.path}"
        raise Unexpected(f"{asked}: {answer.status_code} {answer.text[:500]}")
    return answer
