"""Pages of the portal and reads over REST at 10,000 and 100,000 invoices of one practice.

Embedded, each is asked for as a browser and a program ask, by HTTP without a socket, so that login,
queries and rendering count; the time is core time, as nothing there waits but for a core. On
PostgreSQL the queries of the pages are timed by themselves, by the clock. Each figure is the best
of several turns. `python -m bench queries` goes on to a million.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import httpx

from bench.grown import Grown, analyse, fill, samples
from bench.measure import Figure
from bench.reading import DAY
from bench.servers import on_postgres
from bench.world import join, running
from libs.events.values import PracticeId, PracticeKind
from libs.runtime import migrate
from libs.runtime.clock import MovableClock
from libs.runtime.engines import open_engine
from libs.runtime.settings import Settings
from libs.runtime.store import Store
from libs.runtime.system import System, open_vault, parts_of
from services.gateway import registration
from services.gateway.app import build as gateway
from services.gateway.portal import figures as sums
from services.gateway.portal import queries
from services.simulator.practices import Wish, practice

COUNTS = (10_000, 100_000)
MORE = (*COUNTS, 1_000_000)
TURNS = 7
AT_MOST_MS = 100
"""Architecture section 9: a page at 100,000 invoices of a practice."""


def places(grown: Grown) -> Mapping[str, str]:
    """Return what is asked for, by what it shows."""
    person = samples(grown.today)[7].patient.party
    one = grown.invoice_id(grown.count // 2)
    lists = {f"list, {state}": f"/invoices?state={state}" for state in queries.STATES}
    return {
        "start": "/",
        **lists,
        "list, of insurers": "/invoices?payer=insurer",
        "search, a family name": f"/invoices?q={person.name}",
        "search, a whole name": f"/invoices?q={person.name}+{person.given_name}",
        "search, three letters": f"/invoices?q={person.name[:3]}",
        "search, a number": f"/invoices?q=26-{grown.count - 5:07d}",
        "search, a sum": "/invoices?q=250.00",
        "search, open ones of a name": f"/invoices?state=open&q={person.name}",
        "one invoice": f"/invoices/{one}",
        "submissions": "/submissions",
        "account": "/account",
        "account, a whole month": f"/account?month={grown.today - timedelta(days=1):%Y-%m}",
        "REST, list": "/v1/invoices?limit=50",
        "REST, list of 200": "/v1/invoices?limit=200",
        "REST, overdue": "/v1/invoices?state=overdue",
        "REST, paid": "/v1/invoices?state=paid",
        "REST, a name": f"/v1/invoices?q={person.name}",
        "REST, one": f"/v1/invoices/{one}",
        "REST, its timeline": f"/v1/invoices/{one}/timeline",
        "REST, account": "/v1/account",
        "REST, statement": "/v1/account/statement?from=2026-05-01&to=2026-05-31&limit=200",
    }


@asynccontextmanager
async def somebody(system: System, member: PracticeId) -> AsyncIterator[httpx.AsyncClient]:
    """Give a client that has both a session of the portal and a program's token."""
    door = system.hosts["gateway"]
    user, password = registration.new_user(
        login="bench", name="Bench", role="practice_admin", practice_ids=[member]
    )
    program, secret = registration.new_client(practice_id=member, name="bench")
    await door.handle(user)
    await door.handle(program)
    transport = httpx.ASGITransport(system.apps["gateway"])
    async with httpx.AsyncClient(
        transport=transport, base_url="http://quittance.example", timeout=60
    ) as client:
        grant = {"grant_type": "client_credentials", "client_id": program.client_id}
        token = await client.post("/v1/oauth/token", data=grant | {"client_secret": secret})
        await client.post("/login", data={"login": user.login, "password": password})
        client.headers["Authorization"] = f"Bearer {token.json()['access_token']}"
        yield client


async def embedded(count: int) -> Sequence[Figure]:
    """Time everything on a system whose tables have so many invoices."""
    async with running(DAY) as system:
        wish = Wish(kind=PracticeKind.SPECIALIST, canton="ZH", version="5.0")
        grown = Grown(await join(system, practice(1, 1, wish, DAY)), count, DAY)
        hosts = [system.hosts[name] for name in ("gateway", "factoring")]
        fill(grown.events(), *((host.store, host.service) for host in hosts))
        async with somebody(system, grown.practice) as client:
            return [
                figure(f"{count:,}, {what}", await timed(client, path), count)
                for what, path in places(grown).items()
            ]


async def timed(client: httpx.AsyncClient, path: str) -> Sequence[float]:
    """Return the milliseconds of some requests, after one to warm up."""
    taken = []
    for _ in range(TURNS + 1):
        begun = process_time()
        answer = await client.get(path)
        taken.append((process_time() - begun) * 1_000)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
    return taken[1:]


def figure(what: str, taken: Sequence[float], count: int) -> Figure:
    wanted = AT_MOST_MS if count <= COUNTS[-1] else None
    return Figure(what=what, ours=min(taken), unit="ms", at_most=wanted)


def pages(grown: Grown) -> Mapping[str, Sequence[tuple[Callable[..., Any], tuple[Any, ...]]]]:
    """Return the gateway's queries of each page."""
    today, name = grown.today, samples(grown.today)[7].patient.party.name
    since = datetime.combine(today, time(), UTC) - timedelta(days=14)
    chips = [(queries.counts, (today,)), (sums.stuck, (today,))]
    one = grown.invoice_id(grown.count // 2)

    def listed(**wish: str) -> Sequence[tuple[Callable[..., Any], tuple[Any, ...]]]:
        return [(queries.invoice_page, (queries.Filter(**wish), today, None)), *chips]

    return {
        "start": [
            (sums.open_sums, (today,)),
            (sums.paid_by_day, (today,)),
            (sums.ever_handed_in, ()),
            (sums.rejected_since, (since,)),
            (sums.case_tasks, (today,)),
            (sums.stuck, (today,)),
        ],
        **{f"list, {state}": listed(state=state) for state in queries.STATES},
        "search, a family name": listed(q=name),
        "search, three letters": listed(q=name[:3]),
        "search, a sum": listed(q="250.00"),
        "search, open ones of a name": listed(q=name, state="open"),
        "one invoice": [(queries.invoice, (one,)), (queries.events_of, (one,))],
        "submissions": [(sums.submission_page, ("all", None)), (sums.submission_counts, ())],
    }


def distributed(count: int) -> Iterator[Figure]:
    """Time the pages' queries on PostgreSQL."""
    with on_postgres() as create:
        engine = open_engine(create("gateway"))
        migrate.upgrade("gateway", engine)
        store = Store("gateway", engine)
        grown = Grown(registration.practice_id_of(1), count, DAY)
        with TemporaryDirectory() as folder:
            settings, clock = Settings(data=Path(folder), demo=False), MovableClock()
            parts = parts_of(settings, clock, open_vault(settings, clock))
            fill(grown.events(), (store, gateway(parts)))
        analyse(store)
        for what, asked in pages(grown).items():
            taken = []
            for _ in range(TURNS + 1):
                begun = perf_counter()
                for function, given in asked:
                    with store.reading() as db:
                        function(db, grown.practice, *given)
                taken.append((perf_counter() - begun) * 1_000)
            yield figure(f"PostgreSQL, {count:,}, {what}", taken[1:], count)
        engine.dispose()


def at(counts: Sequence[int]) -> Iterator[Figure]:
    for count in counts:
        yield from asyncio.run(embedded(count))
    for count in counts:
        yield from distributed(count)


def figures() -> Iterator[Figure]:
    return at(COUNTS)


def asked_figures() -> Iterator[Figure]:
    return at(MORE)
