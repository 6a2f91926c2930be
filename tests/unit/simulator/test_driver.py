"""The driver behaves as partners do; a small desk answers it where the gateway would."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import date
from urllib.parse import parse_qs

import httpx
import pytest
from lxml import etree

from libs.events.values import PracticeKind
from services.simulator.driver import Plan, Progress, World, play
from services.simulator.identifiers import qr_reference
from services.simulator.partner import Access, Partner, Unexpected
from services.simulator.practices import Practice, Wish
from tests.standards import violations

ACCOUNT = "CH4431999123000889012"
TWO = (
    Wish(kind=PracticeKind.GENERAL_PRACTICE, canton="ZH", version="5.0", rhythm="weekly"),
    Wish(kind=PracticeKind.DENTIST, canton="GE", version="4.5", rhythm="weekly"),
)


def access(client_id: str) -> Access:
    return Access(client_id=client_id, secret=client_id)


DECIDED = ("accepted", "rejected")


class Desk:
    """Takes messages, issues what it takes, keeps the bank's files; knows no rule but the sum."""

    def __init__(self) -> None:
        self.today = date(2026, 1, 1)
        self.invoices: dict[str, dict[str, object]] = {}
        self.received: list[tuple[str, bytes]] = []
        self.files: list[bytes] = []
        self.answers: list[bytes] = []
        self.holds: list[tuple[str, str]] = []
        self.tokens: dict[str, str] = {}
        self.reminded_after_days = 50

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/v1/oauth/token":
            return self.give_token(request)
        client = self.tokens.get(request.headers["Authorization"].removeprefix("Bearer "))
        if client is None:
            return httpx.Response(401)
        if path == "/v1/bank-files":
            self.files.append(request.content)
            return httpx.Response(200, json={})
        if path == "/v1/insurer-answers":
            self.answers.append(request.content)
            return httpx.Response(202, json={})
        if path.endswith("/holds"):
            self.holds.append((request.method, path))
            return httpx.Response(201 if request.method == "POST" else 200, json={})
        if path == "/v1/submissions":
            return self.take(client, request.content)
        if path == "/v1/invoices":
            own = [one for one in self.invoices.values() if one["practice"] == client]
            return httpx.Response(200, json={"items": own, "next_cursor": None})
        return httpx.Response(200, json=self.with_stage(path.rpartition("/")[2]))

    def give_token(self, request: httpx.Request) -> httpx.Response:
        form = parse_qs(request.content.decode())
        token = f"token-{len(self.tokens)}"
        self.tokens[token] = form["client_id"][0]
        return httpx.Response(200, json={"access_token": token})

    def take(self, client: str, data: bytes) -> httpx.Response:
        repeated = (client, data) in self.received
        self.received.append((client, data))
        root = etree.fromstring(data)
        lines = sum(
            round(float(one.get("amount", "")) * 100) for one in root.iterfind(".//*[@unit]")
        )
        lines += sum(
            round(float(one.get("amount", "")) * 100) for one in root.iterfind(".//*[@unit_mt]")
        )
        balance, reference = root.find(".//{*}balance"), root.find(".//{*}payload/{*}invoice")
        assert balance is not None
        assert reference is not None
        amount, due = (round(float(balance.get(k, "")) * 100) for k in ("amount", "amount_due"))
        old = any(
            one.get("tariff_type") == "001" and str(one.get("date_begin")) >= "2026"
            for one in root.iterfind(".//*[@unit_mt]")
        )
        if amount != lines or due % 5 or old:
            return httpx.Response(422, json={"code": "refused"})
        if not repeated:
            self.issue(client, str(reference.get("request_id")), due, root)
        return httpx.Response(200 if repeated else 202, json={})

    def issue(self, client: str, request_id: str, due_rappen: int, root: etree._Element) -> None:
        if due_rappen < 0:
            next(one for one in self.invoices.values() if one["request_id"] == request_id)[
                "open_rappen"
            ] = 0
            return
        number = len(self.invoices) + 1
        self.invoices[str(number)] = {
            "practice": client,
            "invoice_id": str(number),
            "number": f"26-{number:06d}",
            "request_id": request_id,
            "reference": qr_reference(f"{number:026d}"),
            "payer": "patient" if root.find(".//{*}tiers_payant") is None else "insurer",
            "issued_on": f"{self.today}",
            "open_rappen": due_rappen,
        }

    def with_stage(self, invoice_id: str) -> dict[str, object]:
        invoice = self.invoices[invoice_id]
        days = (self.today - date.fromisoformat(str(invoice["issued_on"]))).days
        reminded = days >= self.reminded_after_days
        return {**invoice, "stage": "first_reminder" if reminded else None}


async def set_by(desk: Desk, on: date) -> None:
    desk.today = on


async def nothing(*_: object) -> None:
    pass


async def played(plan: Plan, desk: Desk, seen: list[Progress]) -> Counter[str]:
    async def join(practice: Practice) -> Access:
        return access(practice.gln)

    world = World(
        bank=access("bank"),
        join=join,
        set_day=lambda on: set_by(desk, on),
        tick=nothing,
        rest=nothing,
        progress=seen.append,
    )
    transport = httpx.MockTransport(desk)
    async with httpx.AsyncClient(transport=transport, base_url="http://desk") as door:
        return await play(plan, door, world)


def plan(days: int = 120, together: int = 1) -> Plan:
    return Plan(
        first_on=date(2026, 1, 1),
        account=ACCOUNT,
        days=days,
        wishes=TWO,
        share=0.3,
        faults=0.2,
        together=together,
    )


@pytest.fixture(scope="module")
def half_a_year() -> tuple[Desk, Counter[str], list[Progress]]:

    desk, seen = Desk(), list[Progress]()
    return desk, asyncio.run(played(plan(), desk, seen)), seen


Run = tuple[Desk, Counter[str], list[Progress]]


def test_each_day_is_reported(half_a_year: Run) -> None:
    _, counts, seen = half_a_year
    assert [one.day for one in seen] == list(range(1, 121))
    assert seen[-1].counts == counts


def test_refused_messages_come_again_corrected(half_a_year: Run) -> None:
    desk, counts, _ = half_a_year
    assert counts["refused"] > 0
    assert counts["issued"] == len(desk.invoices)
    assert len({str(one["request_id"]) for one in desk.invoices.values()}) == len(desk.invoices)


def test_repeats_and_stornos_are_played(half_a_year: Run) -> None:
    desk, counts, _ = half_a_year
    assert counts["repeated"] > 0
    assert counts["cancelled"] > 0
    assert len(desk.received) == counts["accepted"] + counts["repeated"] + counts["refused"]


def test_every_bank_file_is_valid_and_payments_name_issued_references(half_a_year: Run) -> None:
    desk, counts, _ = half_a_year
    references = {str(one["reference"]) for one in desk.invoices.values()}
    paid: list[str] = []
    for file in desk.files:
        assert violations("iso20022/camt.054.001.08.xsd", file) == []
        paid += [
            str(one.text) for one in etree.fromstring(file).iterfind(".//{*}CdtrRefInf/{*}Ref")
        ]
    assert counts["payments"] > counts["issued"] / 2
    assert set(paid) <= references
    assert len(paid) >= counts["payments"] * 0.95


def test_insurers_answer_what_was_sent_to_them_through_the_cooperative() -> None:
    desk = Desk()
    counts = asyncio.run(played(replace(plan(days=150), share=1.0), desk, []))
    told = Counter[str]()
    for data in desk.answers:
        root = etree.fromstring(data)
        told.update(one for one in DECIDED if root.find(f".//{{*}}{one}") is not None)
    assert told["accepted"] == counts["insurers_accepted"] > 0
    assert told["rejected"] == counts["insurers_rejected"] > 0


def test_contested_invoices_rest_until_the_practice_has_answered() -> None:
    """BR-83, BR-227."""
    desk = Desk()
    counts = asyncio.run(played(replace(plan(days=150), share=0.8), desk, []))
    assert counts["contested"] == sum(method == "POST" for method, _ in desk.holds) > 0
    ended = {path for method, path in desk.holds if method == "DELETE"}
    assert ended
    assert ended <= {path for method, path in desk.holds if method == "POST"}


def test_who_waits_for_a_reminder_does_not_pay_before_it() -> None:

    never, some = Desk(), list[Progress]()
    never.reminded_after_days = 10_000
    without = asyncio.run(played(plan(), never, some))
    with_reminders = asyncio.run(played(plan(), Desk(), some))
    assert without["payments"] < with_reminders["payments"]


def test_the_same_seed_sends_the_same_bytes() -> None:

    first, second = Desk(), Desk()
    asyncio.run(played(plan(days=60), first, []))
    asyncio.run(played(plan(days=60), second, []))
    assert first.received == second.received
    assert first.files == second.files


def test_a_token_that_ended_is_fetched_again() -> None:

    async def ask() -> int:
        desk = Desk()
        transport = httpx.MockTransport(desk)
        async with httpx.AsyncClient(transport=transport, base_url="http://desk") as door:
            partner = Partner(door, access("c"))
            await partner.get("/v1/invoices")
            desk.tokens.clear()
            await partner.get("/v1/invoices")
            return len(desk.tokens)

    assert asyncio.run(ask()) == 1


def test_a_partner_waits_when_the_system_is_busy() -> None:
    """P41: 429 and 503 say when to come back."""
    answers = [
        httpx.Response(429, headers={"Retry-After": "0"}),
        httpx.Response(200, json={"a": 1}),
    ]

    async def ask() -> object:
        transport = httpx.MockTransport(lambda _: answers.pop(0))
        async with httpx.AsyncClient(transport=transport, base_url="http://desk") as door:
            return await Partner(door, access("c")).get("/v1/practice")

    assert asyncio.run(ask()) == {"a": 1}


def test_an_answer_that_is_not_right_stops_the_play() -> None:

    async def ask() -> None:
        transport = httpx.MockTransport(lambda _: httpx.Response(500, text="broken"))
        async with httpx.AsyncClient(transport=transport, base_url="http://desk") as door:
            await Partner(door, access("c")).send("/v1/bank-files", b"", 200)

    with pytest.raises(Unexpected, match="broken"):
        asyncio.run(ask())
