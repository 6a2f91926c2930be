"""What members and the bank send: honest programs, which repeat what got no answer."""

import asyncio
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date
from itertools import count
from random import Random
from typing import Any, NamedTuple
from urllib.parse import urlencode

from libs.runtime.settings import Settings
from services.simulator.camt054 import Receipt, camt054
from services.simulator.partner import Access
from services.simulator.practices import Practice
from services.simulator.seeds import chance
from tests.chaos.ledger import Ledger
from tests.chaos.line import Answer, Line, NoAnswer
from tests.chaos.messages import Patterns, request_id

PAGE = 200
PAY_AFTER = 60
"""So many messages of a practice were taken, then the bank looks at what it may pay."""
PAID = 0.6
"""Part of the invoices on a page of the list that debtors pay."""
AGAIN = 0.2
"""Part of the bank's files that come twice, or whose receipts come again in the next one."""
VANISH = 0.003
"""Part of the requests whose sender hangs up before the answer."""
WAIT_LEAST = 0.2
AWAY, NEW, SAME = {429, 500, 502, 503, 504}, 202, 200


class Unexpected(AssertionError):
    """An answer that an honest program must not get."""


class Program:
    """One API client with a line of its own; it asks until it is answered."""

    def __init__(self, access: Access, line: Line, draw: Random, seen: Counter[str]) -> None:
        self._access = access
        self._line = line
        self._draw = draw
        self._seen = seen
        self._token = ""

    async def ask(self, method: str, path: str, body: bytes = b"") -> Answer:
        """Return the answer; the same bytes again after 429, 5xx, or no answer at all."""
        tries = 0
        while True:
            tries += 1
            wait = min(WAIT_LEAST * tries, 2.0)
            try:
                answer = await self._once(method, path, body)
            except NoAnswer as error:
                self._seen[f"no answer: {error}"] += 1
            else:
                self._seen[str(answer.status)] += 1
                if answer.status == 401:
                    self._token = ""
                elif answer.status not in AWAY:
                    return answer
                else:
                    self._line.next_door()
                wait = max(wait, answer.retry_after)
            await asyncio.sleep(wait)

    async def _once(self, method: str, path: str, body: bytes) -> Answer:
        if not self._token:
            await self._fetch()
        head = (
            f"{method} {path} HTTP/1.1\r\nAuthorization: Bearer {self._token}\r\n"
            "Content-Type: application/xml\r\n"
        )
        return await self._line.ask(head, body, vanish=self._draw.random() < VANISH)

    async def _fetch(self) -> None:
        form = urlencode(
            {
                "grant_type": "client_credentials",
                "client_id": self._access.client_id,
                "client_secret": self._access.secret,
            }
        )
        head = (
            "POST /v1/oauth/token HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        )
        answer = await self._line.ask(head, form.encode())
        if answer.status == 200:
            self._token = json.loads(answer.body)["access_token"]
        elif answer.status not in AWAY:
            raise Unexpected(f"token: {answer.status} {answer.body[:300]!r}")


class Member(NamedTuple):
    """A practice of the load: who it is, what it sends, how its software gets in."""

    who: Practice
    practice_id: str
    access: Access
    patterns: Patterns
    numbers: Iterator[int]


class Load:
    """Members' programs, several at a time each, and the bank's, until told to stop."""

    def __init__(
        self, doors: Sequence[int], ledger: Ledger, seed: int, on: date, lines: int = 3
    ) -> None:
        self._doors = doors
        self._ledger = ledger
        self._seed = seed
        self._on = on
        self._lines = lines
        self._stopping = asyncio.Event()
        self._payable: asyncio.Queue[Member] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []
        self._made: list[Line] = []
        self._files = count(1)
        self.seen: Counter[str] = Counter()
        """How often which status was answered, or none."""
        self.taken = 0
        self.members: list[Member] = []
        self.pause = 0.0
        """Seconds that each line waits between two messages."""

    def start(
        self, practices: Sequence[Practice], joined: dict[int, tuple[str, Access]], bank: Access
    ) -> None:
        """Begin to send, or go on after a stop."""
        self._stopping.clear()
        self._tasks.clear()
        self.members = self.members or [
            Member(one, *joined[one.number], Patterns(self._seed, one, self._on), count(1))
            for one in practices
        ]
        for member in self.members:
            for _ in range(self._lines):
                self._spawn(self._hand_in(member, self._program(member.access)))
        self._spawn(self._pay(self._program(bank)))

    def _spawn(self, work: Any) -> None:
        self._tasks.append(asyncio.create_task(work))

    def _program(self, access: Access) -> Program:
        line = Line(self._doors, len(self._made))
        self._made.append(line)
        draw = chance(self._seed, "program", len(self._made))
        return Program(access, line, draw, self.seen)

    async def stop(self) -> None:
        """Send nothing new; wait until everything that was sent is answered."""
        self._stopping.set()
        await asyncio.gather(*self._tasks)

    def check(self) -> None:
        """Raise what a program met with that it must not meet."""
        for task in self._tasks:
            if task.done():
                task.result()

    async def abandon(self) -> None:
        """Hang up, whatever is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for line in self._made:
            line.hang_up()

    async def _hand_in(self, member: Member, program: Program) -> None:
        while not self._stopping.is_set():
            await asyncio.sleep(self.pause)
            number = next(member.numbers)
            answer = await program.ask("POST", "/v1/submissions", member.patterns.message(number))
            if answer.status not in {NEW, SAME}:
                raise Unexpected(f"message {number}: {answer.status} {answer.body[:500]!r}")
            submission = json.loads(answer.body)["submission_id"]
            self._ledger.taken(member.practice_id, request_id(number), submission)
            self.taken += 1
            if number % PAY_AFTER == 0:
                self._payable.put_nowait(member)

    async def _pay(self, bank: Program) -> None:
        """Report payments of practices in turn; some files come twice, some receipts again."""
        draw = chance(self._seed, "bank")
        readers: dict[str, Program] = {}
        places: dict[str, str] = {}
        last: list[Receipt] = []
        while (member := await self._next_payable()) is not None:
            number = next(self._files)
            reader = readers.setdefault(member.practice_id, self._program(member.access))
            cursor = places.get(member.practice_id, "")
            items, places[member.practice_id] = await self._open_items(reader, cursor)
            receipts = [
                Receipt(
                    bank_reference=f"CHAOS{number}-{index}",
                    amount_rappen=item["open_rappen"] if draw.random() < 0.9 else 500,
                    reference=item["reference"] if draw.random() < 0.97 else "",
                )
                for index, item in enumerate(items)
                if draw.random() < PAID
            ]
            again = last if draw.random() < AGAIN else []
            if receipts or again:
                await self._report(bank, number, [*receipts, *again], draw)
            last = receipts

    async def _next_payable(self) -> Member | None:
        """Return the practice whose turn it is; None once the load ends."""
        ending = asyncio.ensure_future(self._stopping.wait())
        coming = asyncio.ensure_future(self._payable.get())
        await asyncio.wait({ending, coming}, return_when=asyncio.FIRST_COMPLETED)
        ending.cancel()
        if coming.done():
            return coming.result()
        coming.cancel()
        with suppress(asyncio.CancelledError):
            await coming
        return None

    async def _open_items(self, reader: Program, cursor: str) -> tuple[list[Any], str]:
        query = {"state": "open", "limit": str(PAGE)} | ({"cursor": cursor} if cursor else {})
        answer = await reader.ask("GET", f"/v1/invoices?{urlencode(query)}")
        if answer.status != SAME:
            raise Unexpected(f"list: {answer.status} {answer.body[:500]!r}")
        page = json.loads(answer.body)
        return page["items"], page["next_cursor"] or ""

    async def _report(
        self, bank: Program, number: int, receipts: Sequence[Receipt], draw: Random
    ) -> None:
        body = camt054(number, self._on, Settings().creditor_iban, receipts)
        for _ in range(2 if draw.random() < AGAIN else 1):
            answer = await bank.ask("POST", "/v1/bank-files", body)
            if answer.status != SAME:
                raise Unexpected(f"bank file: {answer.status} {answer.body[:500]!r}")
        self._ledger.credit((one.bank_reference, one.amount_rappen) for one in receipts)
