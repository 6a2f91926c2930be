"""Insurers' answers of 4.4, 4.5 and 5.0: what they say of which invoice (invoice-xml 16)."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.events.values import Kind, PracticeKind
from services.gateway.api.examples import example
from services.ingest.findings import Unreadable
from services.ingest.message.xml_invoice import Invoice
from services.ingest.message.xml_invoice import parse as parse_invoice
from services.ingest.responses.insurer_answer import InsurerMessage, parse
from services.simulator.invoices import invoice
from services.simulator.practices import Version, Wish, practice
from services.simulator.request import message
from services.simulator.response import Answer, response
from tests.standards import standard, violations
from tests.unit.ingest.samples import changed

DAY = date(2026, 6, 1)
EXAMPLE = example("answer.xml")


def answered(version: Version, answer: Answer) -> tuple[Invoice, InsurerMessage]:
    """Return a message of a practice and what its insurer answers to it."""
    sender = practice(1, 1, Wish(kind=PracticeKind.PHYSIO, canton="ZH", version=version), DAY)
    made = (invoice(1, sender, (DAY, number), DAY) for number in range(50))
    sent = next(one for one in made if one.scheme == "TP")
    read = parse_invoice(message(sent), DAY)
    assert isinstance(read, Invoice)
    found = parse(response(sent, answer, DAY))
    assert isinstance(found, InsurerMessage), found
    return read, found


@pytest.mark.parametrize("version", ["4.5", "5.0"])
@pytest.mark.parametrize("answer", list(Answer))
def test_an_answer_finds_the_invoice_by_its_reference(version: Version, answer: Answer) -> None:
    asked, found = answered(version, answer)
    assert found.invoice_id == asked.invoice_id
    assert (found.request_id, found.version) == (asked.facts.request_id, version)
    assert found.insurer_gln == asked.facts.insurer_gln
    assert found.about is Kind.INVOICE
    assert found.answered_at == datetime(2026, 6, 1, 12, tzinfo=UTC)


def test_what_is_decided_is_said_by_the_element() -> None:
    _, rejected = answered("4.5", Answer.REJECTED)
    assert (rejected.decision, rejected.status_out) == ("rejected", "canceled")
    assert (rejected.codes, rejected.reasons) == (("31160",), ("R01",))
    assert rejected.explanation == "31160: Not insured by us"
    _, pending = answered("5.0", Answer.PENDING)
    assert (pending.decision, pending.codes) == ("pending", ("20010",))
    asked, less = answered("5.0", Answer.MODIFIED)
    assert less.decision == "accepted"
    assert less.due_rappen == asked.facts.due_rappen
    assert less.paid_rappen is not None
    assert less.paid_rappen < less.due_rappen


def test_the_documents_example_is_one_of_the_schemas_own() -> None:
    assert violations("invoice/generalInvoiceResponse_450.xsd", EXAMPLE.encode()) == []
    found = parse(EXAMPLE.encode())
    assert isinstance(found, InsurerMessage)
    assert found.records == (1,)
    assert found.explanation == "Nicht versichert\n31160: Bei uns nicht versichert"


@pytest.mark.parametrize(
    ("name", "version", "decision", "codes"),
    [
        ("Cancelation_KV_12345_440.xml", "4.4", "rejected", ("Error-Code",)),
        ("Cancelation_KV_12345_450.xml", "4.5", "rejected", ("Error-Code",)),
        ("generalInvoiceResponse450_TarPSY_esrred.xml", "4.5", "accepted", ()),
    ],
)
def test_the_official_examples_are_read(
    name: str, version: str, decision: str, codes: tuple[str, ...]
) -> None:
    found = parse(standard(f"invoice/examples/{name}").read_bytes())
    assert isinstance(found, InsurerMessage), found
    assert (found.version, found.decision, found.codes) == (version, decision, codes)


def test_an_example_that_is_not_valid_is_refused_with_its_findings() -> None:
    found = parse(standard("invoice/examples/readResp450.xml").read_bytes())
    assert isinstance(found, Unreadable)
    assert all(finding.path for finding in found.findings)


def test_br206_a_number_that_nobody_knows_keeps_itself_and_counts_as_r99() -> None:
    found = parse(changed(EXAMPLE, ('code="31160"', 'code="X-1"')))
    assert isinstance(found, InsurerMessage)
    assert (found.codes, found.reasons) == (("X-1",), ("R99",))
    strange = parse(changed(EXAMPLE, ('code="31160"', 'code="Frau Zünd"')))
    assert isinstance(strange, InsurerMessage)
    assert strange.codes == ()
    assert "Frau Zünd" in strange.explanation


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("i:response", "i:request", "unknown_message_type"),
        ('response_timestamp="1770379200"', "", "xml_schema_invalid"),
        ('request_date="2026-02-01T00:00:00"', 'request_date="2026-02-30T00:00:00"',
         "date_invalid"),
        ("i:rejected", "i:perhaps", "xml_schema_invalid"),
        ('<i:biller ean_party="7601000000125"/>', "", "xml_schema_invalid"),
        ("<i:response ", "<!DOCTYPE a><i:response ", "xml_dtd_forbidden"),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_refused(old: str, new: str, problem: str) -> None:
    found = parse(changed(EXAMPLE, (old, new)))
    assert isinstance(found, Unreadable)
    assert found.problem == problem


@given(st.data())
def test_no_mutation_of_an_answer_raises(data: st.DataObject) -> None:
    text = EXAMPLE
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text)))
        gap = data.draw(st.integers(0, 30))
        text = (
            text[:at]
            + data.draw(st.sampled_from(["", '"', "<", "/>", "0", " ", "é"]))
            + text[at + gap :]
        )
    assert isinstance(parse(text.encode()), InsurerMessage | Unreadable)
