"""200 uploads a second for five minutes, then ten times that, against a server of its own process.

`python -m bench load` runs it whole, `python -m bench.load --seconds 20` shorter. What is accepted
under overload must be stored, and afterwards the server must be as quick as before.
"""

import argparse
import asyncio
import itertools
import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import uvloop

from bench.measure import Figure
from bench.open_loop import BUSY, CUT, TAKEN, Connections, Outcome, offer
from bench.processes import memory
from libs.runtime.clock import Clock
from libs.runtime.log import configure
from services.simulator.request import message
from tests.browser.served import join, some_invoices, some_practice
from tests.distributed.processes import GUARD, eventually
from tests.engines import ROOT, Guarded, environment, free_port
from tests.system import cooperative

RATE = 200
SECONDS = 300
OVERLOAD = 10
OVERLOAD_SECONDS = 60
RECOVERY_SECONDS = 10
PRACTICES = 40
KINDS = 5
"""Different messages of a practice; each sent one has a number of its own."""


@dataclass(frozen=True)
class Sender:
    """A practice's program: its token and its messages."""

    token: str
    messages: list[tuple[bytes, bytes]]
    """What stands before and behind a message's number."""


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """A whole run."""

    steady: Outcome
    over: Outcome
    after: Outcome
    memory_mb: tuple[float, float, float]
    """At the beginning, after the steady part, at the end."""
    lost: int
    """Receipts whose message is not stored as accepted."""

    @property
    def recovered_after(self) -> int:
        """Return the seconds after which every request was taken in half a second."""
        return max((second + 1 for second in self.after.by_second), default=0)


async def _inhabited(folder: Path) -> list[tuple[str, str, list[tuple[bytes, bytes]]]]:
    """Let practices join; return each one's access and messages."""
    on = Clock().today()
    found = []
    async with cooperative(folder, on) as made:
        for number in range(PRACTICES):
            of = some_practice(number + 1)
            member = await join(made, of)
            parted = []
            for one in some_invoices(of, KINDS, on):
                named = f'request_id="{one.request_id}"'.encode()
                before, mark, behind = message(one).partition(named)
                assert mark, "a message names its number"
                parted.append((before + b'request_id="', b'"' + behind))
            found.append((member.client_id, member.secret, parted))
    return found


@contextmanager
def serving(folder: Path, **settings: str) -> Iterator[tuple[int, int]]:
    """Run the embedded system as operators do; yield its port and process."""
    port = free_port()
    told = {
        "PATH": environment("PATH") or "",
        "QUITTANCE_DATA": str(folder),
        "QUITTANCE_DEMO": "0",
        "QUITTANCE_PORT": str(port),
        "QUITTANCE_LOG_LEVEL": "warning",
    } | {f"QUITTANCE_{name.upper()}": value for name, value in settings.items()}
    with (folder / "server.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "services", "serve"], cwd=ROOT, env=told, stdout=log, stderr=log
        )
    guard = Guarded(GUARD, str(process.pid))
    try:
        url = f"http://127.0.0.1:{port}/health/ready"
        eventually(lambda: httpx.get(url, timeout=5).status_code == 200)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(120)
        guard.close(b"ended\n")


def _senders(port: int, known: list[tuple[str, str, list[tuple[bytes, bytes]]]]) -> list[Sender]:
    senders = []
    for client_id, secret, messages in known:
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
        url = f"http://127.0.0.1:{port}/v1/oauth/token"
        answer = httpx.post(url, data=form, timeout=60)
        senders.append(Sender(answer.json()["access_token"], messages))
    return senders


def uploads(senders: list[Sender]) -> Iterator[bytes]:
    """Yield requests of all senders by turns, no two with the same message."""
    for number in itertools.count():
        sender = senders[number % len(senders)]
        before, behind = sender.messages[number // len(senders) % len(sender.messages)]
        body = before + f"L-{number}".encode() + behind
        head = (
            "POST /v1/submissions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/xml\r\n"
            f"Authorization: Bearer {sender.token}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        yield head.encode() + body


def stored(folder: Path) -> set[str]:
    """Return the ids of all messages that are kept as accepted."""
    with closing(sqlite3.connect(folder / "ingest.db")) as db:
        rows = db.execute("select submission_id from submissions where state = 'accepted'")
        return {row[0] for row in rows}


async def _loaded(
    port: int, pid: int, senders: list[Sender], rate: float, parts: tuple[float, float]
) -> tuple[list[Outcome], list[float]]:
    connections, requests = Connections("127.0.0.1", port), uploads(senders)
    held = [memory(pid)]
    steady = await offer(connections, requests, rate, parts[0])
    held.append(memory(pid))
    over = await offer(connections, requests, rate * OVERLOAD, parts[1])
    after = await offer(connections, requests, rate / 10, RECOVERY_SECONDS)
    held.append(memory(pid))
    connections.close()
    return [steady, over, after], held


def run(folder: Path, rate: float, seconds: float, over_seconds: float, **settings: str) -> Loaded:
    """Load a server on this folder: steadily, ten times too much, and a little afterwards."""
    known = asyncio.run(_inhabited(folder))
    with serving(folder, **settings) as (port, pid):
        senders = _senders(port, known)
        parts = seconds, over_seconds
        outcomes, held = uvloop.run(_loaded(port, pid, senders, rate, parts))
    receipts = {
        str(json.loads(body)["submission_id"]) for outcome in outcomes for body in outcome.taken
    }
    steady, over, after = outcomes
    return Loaded(
        steady=steady,
        over=over,
        after=after,
        memory_mb=(held[0], held[1], held[2]),
        lost=len(receipts - stored(folder)),
    )


def asked_figures(
    seconds: float = SECONDS, over_seconds: float = OVERLOAD_SECONDS
) -> Iterator[Figure]:
    configure("error")
    with TemporaryDirectory() as folder:
        found = run(Path(folder), RATE, seconds, over_seconds)
    taken = sum(len(found.steady.waits.get(status, ())) for status in TAKEN)
    what = f"{RATE} uploads/s for {seconds:g} s"
    yield Figure(what=f"{what}: taken", ours=taken / seconds, at_least=RATE)
    yield Figure(what=f"{what}: receipt, p50", ours=found.steady.milliseconds(0.5), unit="ms")
    slow = found.steady.milliseconds(0.99)
    yield Figure(what=f"{what}: receipt, p99", ours=slow, unit="ms", at_most=500)
    what = f"{RATE * OVERLOAD} uploads/s for {over_seconds:g} s"
    over = sum(len(found.over.waits.get(status, ())) for status in TAKEN)
    yield Figure(what=f"{what}: taken", ours=over / over_seconds)
    yield Figure(what=f"{what}: p99 of those", ours=found.over.milliseconds(0.99), unit="ms")
    refused = sum(len(found.over.waits.get(status, ())) for status in BUSY)
    yield Figure(what=f"{what}: told to wait", ours=refused / over_seconds)
    others = sum(count for status, count in found.over.counts.items() if status not in TAKEN + BUSY)
    yield Figure(what=f"{what}: any other answer, or none", ours=others, unit="of all", at_most=0)
    cut = found.over.counts.get(CUT, 0)
    yield Figure(what=f"{what}: connections cut", ours=cut, unit="of all", at_most=0)
    yield Figure(what="accepted and not stored", ours=found.lost, unit="of all", at_most=0)
    yield Figure(
        what="as quick as before after",
        ours=found.recovered_after,
        unit="s",
        at_most=RECOVERY_SECONDS - 1,
    )
    for when, held in zip(
        ("at first", "after the load", "at the end"), found.memory_mb, strict=True
    ):
        yield Figure(what=f"memory {when}", ours=held, unit="MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--over-seconds", type=float, default=OVERLOAD_SECONDS)
    given = parser.parse_args()
    for figure in asked_figures(given.seconds, given.over_seconds):
        print(figure.line(), flush=True)
