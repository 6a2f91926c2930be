"""POST of an invoice message: read, checked and durable, against bare ASGI and lxml's parse."""

import asyncio
from collections.abc import Iterator
from time import perf_counter
from typing import Any

from lxml import etree

from bench.measure import Figure
from bench.reading import DAY, LINES, messages
from bench.world import join, post_all, running
from libs.events.values import PracticeKind
from services.simulator.practices import Wish, practice

ROUND = 300
XML = {"Content-Type": "application/xml"}


async def bare(scope: Any, receive: Any, send: Any) -> None:
    """Take a body, parse it, answer: what no intake can do without."""
    assert scope["type"] == "http"
    etree.fromstring((await receive())["body"])
    await send({"type": "http.response.start", "status": 202, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})


async def measured() -> tuple[float, float, float]:
    bodies = messages("5.0", 3 * ROUND, LINES)
    member = practice(1, 1, Wish(kind=PracticeKind.SPECIALIST, canton="ZH", version="5.0"), DAY)
    ours = anchor = 0.0
    async with running(DAY) as system:
        headers = XML | {"X-Practice-Id": await join(system, member)}
        for number in range(3):
            part = bodies[number * ROUND : (number + 1) * ROUND]
            begun = perf_counter()
            await post_all(system.apps["ingest"], "/submissions", part, headers, 202)
            ours = max(ours, ROUND / (perf_counter() - begun))
            await system.settle()
            begun = perf_counter()
            await post_all(bare, "/", part, XML, 202)
            anchor = max(anchor, ROUND / (perf_counter() - begun))
    return ours, anchor, sum(map(len, bodies)) / len(bodies) / 1000


def figures() -> Iterator[Figure]:
    ours, anchor, size = asyncio.run(measured())
    yield Figure(
        what=f"POST of a {size:.0f} kB invoice, {ROUND} times, the rest listening",
        ours=ours,
        anchor=anchor,
        against="bare ASGI + lxml",
        at_least=0.45,
    )
