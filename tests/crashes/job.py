"""The main job, driven by clients that send again until they are answered; and what must be then.

Nothing lost: whatever was answered is there. Nothing doubled: it is there once.
"""

import asyncio
import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Select, func, select

from libs.events.values import DocumentId
from libs.runtime.clock import Clock
from libs.runtime.documents import Documents
from libs.runtime.engines import connect
from libs.runtime.settings import Settings
from libs.runtime.system import open_vault
from libs.runtime.tables import EVENTS
from services.command.proving import prove
from services.ingest.job_intake import CHUNK_ITEMS
from services.simulator.camt054 import Receipt, camt054
from services.simulator.practices import Practice
from services.simulator.request import message
from tests.archives import zipped
from tests.crashes.mortal import Mortal
from tests.distributed.driving import TODAY, Partner, bills
from tests.distributed.processes import SERVICES, NeverCame
from tests.receiver import beside

OF_AN_INVOICE = (
    "SubmissionAccepted", "InvoiceIssued", "InvoiceDispatched", "CaseOpened", "ClaimTransmitted",
)  # fmt: skip
OF_A_PAYMENT = ("PaymentReceived", "InvoiceSettled", "DunningStopped", "MemberCredited")
BILLS_MIN, BILLS_MAX = 3, 12
PACKED = 2
"""Invoices of an archive."""
STRANGERS = 210
"""Receipts of one file that name no invoice: more than are booked together, so it has a middle."""
NAMES = ("document", "form", "content", "file")
"""Fields of events that name a kept document."""


@dataclass
class Job:
    """What clients handed in, and what has to come of it."""

    shape: Mortal
    practice: Practice
    software: Partner
    bank: Partner
    wanted: Counter[str] = field(default_factory=Counter)
    receipts: set[str] = field(default_factory=set)
    paid: str = ""
    """Id of the invoice that the bank's file pays."""

    def hand_in_until_dead(self) -> None:
        """Hand messages in, one after the other, until every process died at all of its points.

        Each is sent again until it is answered, and all of it done before the next.
        """
        for number, one in enumerate(bills(self.practice, BILLS_MAX)):
            if number >= BILLS_MIN and not any(self.shape.to_die.values()):
                break
            answer = self.software.hand_in("/v1/submissions", message(one), self.shape.until)
            self.receipts.add(answer.json()["submission_id"])
            self.wanted.update(OF_AN_INVOICE)
            self.come_true()
        assert not any(self.shape.to_die.values()), f"nobody comes to {dict(self.shape.to_die)}"
        assert len(self.receipts) == self.wanted["SubmissionAccepted"]

    def pay(self, item: dict[str, Any]) -> None:
        """Hand in the bank's file with money for an invoice, and some that nobody knows."""
        self.paid = item["invoice_id"]
        known = Receipt(
            bank_reference="known",
            amount_rappen=item["open_rappen"],
            reference=item["reference"],
        )
        unknown = [
            Receipt(bank_reference=f"unknown-{number}", amount_rappen=100 + number)
            for number in range(STRANGERS)
        ]
        file = camt054(1, TODAY, self.shape.settings.creditor_iban, [known, *unknown])
        answer = self.bank.hand_in("/v1/bank-files", file, self.shape.until)
        assert answer.json()["credits"]["count"] == 1 + STRANGERS
        again = self.bank.hand_in("/v1/bank-files", file, self.shape.until)
        assert again.json()["credits"] == answer.json()["credits"]
        self.wanted.update(OF_A_PAYMENT)
        self.wanted["BankCreditBooked"] += 1 + STRANGERS
        self.wanted["CreditUnmatched"] += STRANGERS
        self.wanted["BankFileImported"] += 1
        self.come_true()

    def hand_in_archive(self) -> None:
        """Hand an archive in until it is answered, and see that it is worked off by itself.

        Two of its messages become invoices; the others are as many as it takes for two chunks.
        """
        good = [message(one) for one in bills(self.practice, BILLS_MAX + PACKED)[BILLS_MAX:]]
        bad = [f"<nothing number='{number}'/>".encode() for number in range(CHUNK_ITEMS)]
        archive = zipped([good[0], *bad, *good[1:]])
        path, kind = "/v1/submission-jobs", "application/zip"
        answer = self.software.hand_in(path, archive, self.shape.until, kind)
        self.shape.until_dead()
        wanted = {"JobReceived": 1, "JobAdvanced": 2, "JobFinished": 1}
        self.wanted.update(dict.fromkeys(OF_AN_INVOICE, PACKED) | wanted)
        self.wanted["SubmissionRejected"] += CHUNK_ITEMS
        self.come_true()
        found = self.software.get(answer.headers["location"])
        assert (found["state"], found["accepted"], found["rejected"]) == (
            "finished",
            PACKED,
            CHUNK_ITEMS,
        )
        assert found["repeated"] == 0, "what a chunk took before it died was taken for a repeat"
        transit = self.shape.settings.data / "documents" / "transit"
        self.shape.until(lambda: not [one for one in transit.iterdir() if not one.suffix])

    def due_in(self) -> int:
        """Return in how many days the first reminder of what is unpaid is due."""
        item = next(one for one in self.issued() if one["open_rappen"])
        told = self.software.get(f"/v1/invoices/{item['invoice_id']}/timeline")
        return (date.fromisoformat(told["next"]["on"]) - TODAY).days + 1

    @property
    def unpaid(self) -> int:
        """Return how many invoices nobody paid: so many letters are due."""
        return self.wanted["InvoiceIssued"] - self.wanted["InvoiceSettled"]

    def tell(self, door: str, leader: Partner, point: str) -> None:
        """Have a refusal said to a webhook, and the door die when that was sent and not noted."""
        leader.token = self.software.token = ""  # by now the clock may be days ahead
        account = {"Quittance-Account": str(self.practice.account_no)}
        with beside() as (url, ids):
            hook = {"url": url, "types": ["SubmissionRejected"]}
            headers = {**account, "Idempotency-Key": "crash"}

            def added() -> bool:
                """Add the webhook, once however often it is asked for."""
                answer = leader.ask("POST", "/v1/webhooks", json=hook, headers=headers)
                return answer.status_code == 201

            self.shape.until(added)
            self.shape.again(door, point)
            refused = {"content": b"<nothing/>", "headers": {"Content-Type": "application/xml"}}

            def handed_in() -> bool:
                """Hand in what cannot be used."""
                answer = self.software.ask("POST", "/v1/submissions", **refused)
                return answer.status_code == 422

            self.shape.until(handed_in)
            self.wanted["SubmissionRejected"] += 1
            self.shape.until_dead()
            self.shape.until(lambda: len(ids) == 2)
            assert ids == [ids[0]] * 2, "sent again under its id, so that it can be known"

    def payer(self) -> str:
        """Return the id of a person whose invoice is paid."""
        wanted = select(EVENTS.c.data).where(
            EVENTS.c.type == "InvoiceIssued", EVENTS.c.stream == f"invoice-{self.paid}"
        )
        ((data,),) = [row for log in ask_all(self.shape.settings, wanted) for row in log]
        subject: str = json.loads(bytes(data))["debtor"]["subject"]
        return subject

    def issued(self) -> list[dict[str, Any]]:
        """Return the practice's invoices as its software sees them."""
        items: list[dict[str, Any]] = self.shape.until(
            lambda: self.software.get("/v1/invoices?limit=200")["items"]
        )
        return items

    def come_true(self) -> None:
        """Wait until all that has to come is there; whatever is there too often never goes."""

        def there() -> bool:
            """See everything once."""
            found = happened(self.shape.settings)
            doubled = {kind: found[kind] for kind in self.wanted if found[kind] > self.wanted[kind]}
            assert not doubled, f"{doubled}, wanted {self.wanted}"
            return all(found[kind] == many for kind, many in self.wanted.items())

        self.shape.until(there)

    def proven(self, *known: str) -> None:
        """Wait until all holds but what is known, and see that every document is there, once."""
        found: dict[str, Any] = {}

        def holds() -> bool:
            """See what `quittance verify` sees end well: what is on its way is worked off."""
            found.update(prove(self.shape.settings))
            unknown = [one for one in found["failed"] if not one.startswith(known)]
            return not unknown and len(found["failed"]) == len(known)

        try:
            self.shape.until(holds)
        except NeverCame:
            raise AssertionError(found["failed"]) from None
        asyncio.run(documents_are_whole(self.shape.settings))


def happened(settings: Settings) -> Counter[str]:
    """Count all events by type, those of the private ones too."""
    counted = select(EVENTS.c.type, func.count()).group_by(EVENTS.c.type)
    return Counter(dict(found for log in ask_all(settings, counted) for found in log))


def ask_all(settings: Settings, question: Select[Any]) -> list[list[Any]]:
    """Return what each service's log answers."""
    found = []
    for name in SERVICES:
        engine = connect(settings, name)
        with engine.connect().execution_options(reading=True) as db:
            found.append([tuple(row) for row in db.execute(question)])
        engine.dispose()
    return found


async def documents_are_whole(settings: Settings) -> None:
    """Assert that each document that an event names can be read, and that there are no others."""
    named = {
        DocumentId(value)
        for log in ask_all(settings, select(EVENTS.c.data))
        for (data,) in log
        for name, value in json.loads(bytes(data)).items()
        if name in NAMES and isinstance(value, str) and value
    }
    folder = settings.data / "documents"
    kept = {path.parent.name + path.name for path in folder.glob("??/*") if not path.suffix}
    assert named == kept
    vault = open_vault(settings, Clock())
    documents = Documents(folder, vault)
    lost = [name for name in named if await documents.get(name) is None]
    vault.close()
    assert not lost
