"""Requests that create something do it once: the header Idempotency-Key (P9, B31 to B34).

An endpoint takes `Once` (a key may be sent) or `OnceOnly` (it must be) and does its work within:
`return await once(wanted, work)`. The work gets the id under which its command is decided.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeAlias

import msgspec
from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel

from libs.events.values import PracticeId, SubjectId
from libs.runtime.ids import derived, new_id
from libs.runtime.web import Problem
from services.gateway import answers
from services.gateway.auth import Practice
from services.gateway.door import Door, InDoor

Work: TypeAlias = Callable[[str], Awaitable[Response]]
"""Command id → answer; raises what refuses it."""

KEY = re.compile(r"[!-~]{1,255}")
REPLAYED = {"Idempotency-Replayed": "true"}
KEPT_HEADERS = ("content-type", "location", "etag", "content-language")

Given = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="A new one for each thing that is wanted, the same when it is sent again.",
        json_schema_extra={"pattern": "^[!-~]{1,255}$"},
        examples=["5b0c1c1e-6f0e-4a57-8d5c-0d5f3b1c7a10"],
    ),
]


class Doing:
    """One request that is to be done once."""

    def __init__(self, door: Door, practice: PracticeId, route: str, key: str | None) -> None:
        self._door = door
        self._practice = practice
        self._route = route
        self._key = key

    async def __call__(self, wanted: BaseModel | bytes, work: Work) -> Response:
        """Do the work, or return the answer that the same request got before.

        Raises a 422 problem where the key came with another body, a 409 one while it is worked on.
        """
        if self._key is None:
            return await work(new_id())
        hashed = answers.key_hash(self._practice, self._route, self._key)
        given = wanted if isinstance(wanted, bytes) else wanted.model_dump_json().encode()
        body_hash = hashlib.sha256(given).hexdigest()
        now = self._door.parts.clock.now()
        before = await self._door.write(answers.claim, hashed, body_hash, now)
        if before.was != "new":
            return self._again(hashed, before)
        try:
            answer = await work(derived("once", hashed))
        except BaseException:
            await self._door.write(answers.let_go, hashed)
            raise
        await self._keep(hashed, answer)
        return answer

    def _again(self, hashed: str, before: answers.Claim) -> Response:
        if before.was == "other_body":
            detail = "This key came with another request before; take a new one for each."
            raise Problem(422, "idempotency_key_reused", detail)
        if before.was == "in_flight":
            detail = "The same request is being worked on; send it again in a moment."
            wait = {"Retry-After": str(min(before.wait_seconds, 5))}
            raise Problem(409, "idempotency_key_in_use", detail, wait)
        opened = self._door.parts.vault.open_bytes(before.sealed, self._subject, hashed)
        assert opened is not None, "the key of kept answers is no person's and is never destroyed"
        kept = msgspec.msgpack.decode(opened, type=answers.Answer)
        return Response(kept.body, before.status, {**kept.headers, **REPLAYED})

    async def _keep(self, hashed: str, answer: Response) -> None:
        """Keep what was done; what another service refused is not: it may be sent again."""
        if answer.status_code >= 300:  # noqa: PLR2004
            await self._door.write(answers.let_go, hashed)
            return
        headers = {name: answer.headers[name] for name in KEPT_HEADERS if name in answer.headers}
        kept = msgspec.msgpack.encode(answers.Answer(headers=headers, body=bytes(answer.body)))
        sealed = self._door.parts.vault.seal_bytes(kept, self._subject, hashed)
        await self._door.write(answers.keep, hashed, answer.status_code, sealed)

    @property
    def _subject(self) -> SubjectId:
        return self._door.parts.vault.pseudonym("answers", self._practice)


async def _once(request: Request, door: InDoor, practice: Practice, key: Given = None) -> Doing:
    """Return a request that is done once if it names a key; a 400 problem for one that is none."""
    if key is not None and not KEY.fullmatch(key):
        detail = "A key has 1 to 255 visible ASCII characters, such as a UUID."
        raise Problem(400, "idempotency_key_invalid", detail)
    return Doing(door, practice, f"{request.method} {request.url.path}", key)


async def _once_only(
    request: Request, door: InDoor, practice: Practice, key: Given = None
) -> Doing:
    """Return a request that is done once; a 400 problem without a key."""
    if key is None:
        detail = "Send a header Idempotency-Key, a new one for each thing that is wanted."
        raise Problem(400, "idempotency_key_required", detail)
    return await _once(request, door, practice, key)


Once = Annotated[Doing, Depends(_once)]
OnceOnly = Annotated[Doing, Depends(_once_only)]
