"""A whole simulated month: no name, number, street, diagnosis, text or secret of it in the clear.

P34, P35, P37. What is searched for is read from the very messages and bank files that went through
the door; where it is searched for: every file and table, all log lines, metrics and spans.
"""

import asyncio
import io
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from lxml import etree
from opentelemetry import trace as opentelemetry
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from typing_extensions import override

from libs.events.values import PracticeKind
from libs.runtime import trace
from services.command import demo
from services.simulator import driver
from services.simulator.partner import Access
from services.simulator.practices import Practice, Wish
from tests import cast, privacy
from tests.system import MONDAY, Cooperative, cooperative

DAYS = 31
MASTER_KEY = b64encode(b"a master key of thirty-two bytes").decode()
WISHES = (
    Wish(kind=PracticeKind.GENERAL_PRACTICE, canton="ZH", version="5.0", rhythm="weekly"),
    Wish(kind=PracticeKind.DENTIST, canton="BE", version="4.5", rhythm="weekly"),
    Wish(kind=PracticeKind.VETERINARY, canton="LU", version="5.0", rhythm="weekly"),
)
PEOPLE = ("patient", "debitor", "guarantor", "insured")
"""Elements of an invoice message that tell of a person."""
TOLD = ("familyname", "givenname", "street", "street_name", "phone", "email")
NUMBERS = ("ssn", "card_id")
FREE = ("remark", "comment")


@dataclass
class Words:
    """What went through the door that nobody else may read."""

    people: set[str] = field(default_factory=set)
    """Names, streets and numbers of patients, debtors and payers."""
    medical: set[str] = field(default_factory=set)
    """Diagnoses, names of services, remarks."""
    public: set[str] = field(default_factory=set)
    """Names and streets of practices and insurers, which are no secret."""

    def read(self, body: bytes) -> None:
        """Note the words of a message or of a bank file."""
        try:
            root = etree.fromstring(body)
        except etree.XMLSyntaxError:
            return
        for element in root.iter("*"):
            name = etree.QName(element).localname
            ours = any(etree.QName(up).localname in PEOPLE for up in element.iterancestors())
            text = (element.text or "").strip()
            if name in TOLD:
                (self.people if ours else self.public).add(text)
            elif name == "companyname":
                self.public.add(text)
            elif name == "Nm":
                self.people.add(text)
            elif name in FREE or name in {"Ustrd", "AddtlTxInf"}:
                self.medical.add(text)
            self._attributes(element, name)

    def _attributes(self, element: Any, name: str) -> None:
        self.people |= {element.get(number) for number in NUMBERS if element.get(number)}
        if name == "diagnosis" and len(element.get("code", "")) > 3:
            self.medical.add(element.get("code"))
        if name.startswith(("service", "record")) and element.get("name"):
            self.medical.add(element.get("name"))
        if element.get("remark"):
            self.medical.add(element.get("remark"))


class Door(httpx.AsyncBaseTransport):
    """The door, and somebody who reads what goes in."""

    def __init__(self, inner: httpx.AsyncClient, words: Words) -> None:
        self._inner = inner
        self._words = words
        self.tokens: set[str] = set()

    @override
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        self._words.read(body)
        path = request.url.raw_path.decode()
        answer = await self._inner.request(
            request.method, path, content=body, headers=request.headers
        )
        if path.endswith("/oauth/token"):
            self.tokens.add(answer.json()["access_token"])
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """Collect what the system logs as in production."""
    with privacy.logged() as lines:
        yield lines


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    """Collect all spans."""
    provider = opentelemetry.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        trace.configure("test")
        provider = opentelemetry.get_tracer_provider()
    assert isinstance(provider, TracerProvider)
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield exporter
    exporter.shutdown()


@dataclass
class Month:
    """A month that was played, before it ends."""

    made: Cooperative
    words: Words
    secrets: set[str]
    counts: Any


async def play(folder: Path) -> AsyncIterator[Month]:
    """Play the month through the front door; go on while it is looked at."""
    words = Words()
    book: dict[str, Any] = {"logins": [], "clients": []}
    async with cooperative(folder) as made:
        door = Door(made.door, words)

        async def join(practice: Practice) -> Access:
            return await demo.join(made.system, made.clock, book, practice)

        async def set_day(day: date) -> None:
            await made.system.settle(effects=True)
            made.clock.set_day(day)

        world = driver.World(
            bank=Access(client_id=made.bank_access[0], secret=made.bank_access[1]),
            join=join,
            set_day=set_day,
            tick=made.system.tick,
            rest=made.system.settle,
        )
        plan = driver.Plan(
            first_on=MONDAY, account=cast.ACCOUNT, days=DAYS, wishes=WISHES, share=0.3
        )
        client = httpx.AsyncClient(transport=door, base_url="http://gateway", timeout=60)
        counts = await driver.play(plan, client, world)
        await made.days(MONDAY + timedelta(days=DAYS + 25))  # reminders, too
        await made.system.settle(effects=True)
        secrets = {made.bank_access[1], made.bank_token, *door.tokens}
        secrets |= {one["client_secret"] for one in book["clients"]}
        secrets |= {one["password"] for one in book["logins"]}
        yield Month(made, words, secrets | {MASTER_KEY}, counts)


def test_nothing_of_a_simulated_month_stands_in_the_clear_anywhere(
    tmp_path: Path, logged: io.StringIO, spans: InMemorySpanExporter
) -> None:
    folder = tmp_path / "data"

    folder.mkdir()
    (folder / "master.key").write_text(MASTER_KEY)

    async def scene() -> None:
        async for month in play(folder):
            words = month.words.people | month.words.medical
            private = {word for word in words - month.words.public if len(word) > 3}
            assert month.counts["issued"] > 60
            assert len(private) > 300
            assert len(private) > 0.8 * len(words), "practices share few words with patients"
            search = privacy.Search(private | month.secrets)
            await look(month, folder, search)
            lines = logged.getvalue()
            assert '"event": "request"' in lines
            assert search.found(lines.encode()) == set()
            shown = "\n".join(span.to_json() for span in spans.get_finished_spans())
            assert search.found(shown.encode()) == set()

    asyncio.run(scene())


async def look(month: Month, folder: Path, search: privacy.Search) -> None:
    """Look into every file, every table of the gateway, and what Prometheus would read."""
    files = privacy.contents(folder)
    assert len(files) > 100, "documents and raw messages are files too"
    assert search.found(files.pop("master.key")) == {MASTER_KEY}, "the search finds what is there"
    own = {name: files.pop(name) for name in list(files) if name.startswith("gateway.db")}
    assert clear(search, files) == {}
    found = clear(search, privacy.tables(folder / "gateway.db"))
    assert found.keys() == {"people"}, "what clerks search by"
    assert found["people"] <= month.words.people
    assert not month.secrets & set().union(*clear(search, own).values())
    pages = {
        name: (await month.made.system.call(name).get("/metrics")).content
        for name in month.made.system.hosts
    }
    assert clear(search, pages) == {}


def clear(search: privacy.Search, places: Mapping[str, bytes]) -> dict[str, set[str]]:
    """Return what stands in the clear, by its place."""
    return {name: found for name, data in places.items() if (found := search.found(data))}


@pytest.mark.parametrize(
    "written",
    [
        '{"name":"Zürcherli-Möckli"}',
        '{"name":"Z\\u00fcrcherli-M\\u00f6ckli"}',
        "q=Z%C3%BCrcherli-M%C3%B6ckli&x=1",
        "<familyname>ZÜRCHERLI-MÖCKLI</familyname>",
        "zurcherli-mockli",
        *(b64encode(f"{'x' * n}<Zürcherli-Möckli>".encode()).decode() for n in range(3)),
        "Zürcherli-Möckli".encode().hex(),
    ],
)
def test_the_search_finds_a_name_however_it_is_written(written: str) -> None:
    search = privacy.Search(["Zürcherli-Möckli", "Roth", "Unbeteiligt"])
    assert search.found(f"before {written} behind".encode()) == {"Zürcherli-Möckli"}
    assert search.found("Zürcherli-Möckli".encode("utf-16-le")) == {"Zürcherli-Möckli"}
    assert search.found(b'{"name":"Roth"}') == {"Roth"}
    assert search.found(b"rothenburg, zurcherli") == set()
