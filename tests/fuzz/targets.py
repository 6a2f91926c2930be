"""What is fuzzed: readers of bytes from outside. A target raises where one does what it must not.

None may raise, whatever the bytes; both ways into an invoice message give one tree and one verdict;
nothing that a finding holds was written by the sender.
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from libs.events.handed import Finding
from libs.events.values import Variant
from libs.records import FinishedInvoice, ServiceRecord
from libs.runtime.web import Problem
from services.gateway.api.examples import example
from services.gateway.api.packing import Packing
from services.ingest.archive import Archive, opened, unpacked
from services.ingest.bank import camt054
from services.ingest.bodies import records
from services.ingest.bodies.record_parts import parts_of
from services.ingest.findings import Unreadable
from services.ingest.message import attachments, xml_invoice
from services.ingest.message.xml_invoice import Invoice
from services.ingest.record_intake import judge
from services.ingest.responses import insurer_answer
from tests.archives import Bytes, form, gzipped, zipped
from tests.unit.ingest.bodies import PRACTICE, line, people, record
from tests.unit.ingest.camt_samples import QR_IBAN, File, Ntry, Tx
from tests.unit.ingest.lists import all_lists
from tests.unit.ingest.samples import TODAY, message_44, message_45, message_50, with_attachment
from tests.unit.ingest.test_plain import agrees

LISTS = all_lists()
MESSAGE_MAX = 20_000
"""Of an archive's messages; small, so that what grows beyond it is found soon."""
CANARY = "Kanarienvogel"
"""Stands in seeds as a name; no finding may hold it."""


@dataclass(frozen=True)
class Target:
    """A reader, and what it begins with."""

    try_: Callable[[bytes], None]
    seeds: Sequence[bytes]


def invoice(data: bytes) -> None:
    agrees(data)
    found = xml_invoice.parse(data, TODAY)
    assert found == xml_invoice.exactly(data, TODAY), "two ways, two verdicts"
    findings = found.warnings if isinstance(found, Invoice) else found.findings
    assert CANARY not in repr(findings)


def answer(data: bytes) -> None:
    found = insurer_answer.parse(data)
    if isinstance(found, Unreadable):
        assert CANARY not in repr(found)


def document(data: bytes) -> None:
    attachments.is_active(data)
    attachments.type_of(data)
    encoded = base64.b64encode(data).decode()
    xml_invoice.parse(with_attachment(message_50(), "a.pdf", "application/pdf", encoded), TODAY)


def body(data: bytes) -> None:
    for model in (ServiceRecord, FinishedInvoice):
        found = records.read(data, model)
        if isinstance(found, Unreadable):
            assert CANARY not in repr(found)
        elif isinstance(found, ServiceRecord):
            for part in parts_of(found):
                judged, _ = judge(part, PRACTICE, LISTS, Variant.SUITE, TODAY)
                findings = judged.findings if isinstance(judged, Unreadable) else judged.warnings
                assert CANARY not in repr(findings)


def bank_file(data: bytes) -> None:
    camt054.parse(data, frozenset((QR_IBAN,)))


def _messages() -> list[bytes]:
    texts = (message_44(), message_45(), message_50())
    return [text.replace("Zünd", CANARY).encode() for text in texts]


def _bank_file() -> bytes:
    details = (Tx(amount="12.50", bank_reference="B1", reference="21" + "0" * 25),)
    return File(account=QR_IBAN, entries=(Ntry(amount="12.50", details=details),)).bytes()


def _bodies() -> list[bytes]:
    """Return a body without lines, and one with a line of every shape."""
    lines = [
        line("007", "AA.00.0010", side="left"), line("312", "7301"), line("532", "10101", "12.5"),
        line("222", "4.5620", points="160", point_value="1.2"), line("999", "NET"),
        line("999", "NETFREE", price_rappen=12345, factor="0.5"), line("402", "7680000001011"),
    ]  # fmt: skip
    return [
        json.dumps(one, default=date.isoformat).replace("Z\\u00fcnd", CANARY).encode()
        for one in (people(), record(*lines, law="ORG", scheme="PRIVATE"))
    ]


def _pack(data: bytes) -> tuple[bytes, int]:
    """Return the archive that a form's body becomes, or the status of its refusal."""
    reader = Packing(b"grenze", 1_000_000)
    try:
        reader.feed(data)
        reader.finish()
        return reader.taken(), 0
    except Problem as refused:
        return b"", refused.status
    finally:
        reader.close()


def form_body(data: bytes) -> None:
    archive, status = _pack(data)
    assert status in {0, 400, 413, 422}
    if not status:
        archived(archive)


def archived(data: bytes) -> None:
    file = Bytes(data)
    found = opened(file)
    for entry in found.entries if isinstance(found, Archive) else ():
        taken = unpacked(file, entry, MESSAGE_MAX)
        assert isinstance(taken, Finding) or len(taken) <= MESSAGE_MAX


TARGETS: Mapping[str, Target] = {
    "invoice": Target(invoice, _messages()),
    "answer": Target(answer, [example("answer.xml").replace("Zünd", CANARY).encode()]),
    "document": Target(document, [b"%PDF-1.7\n<</Type/ObjStm>>stream\n", b"\x89PNG\r\n\x1a\n"]),
    "body": Target(body, _bodies()),
    "archive": Target(archived, [zipped([b"<a/>" * 50, b"<b/>"]), gzipped(b"<a/>" * 50)]),
    "form": Target(form_body, [form(("a.xml", b"<a/>"), ("b.zip", zipped([b"<b/>"])))[0]]),
    "bank_file": Target(bank_file, [_bank_file()]),
}
