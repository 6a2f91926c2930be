"""Service records of the simulation: the sample lists make the same prices of them."""

from datetime import timedelta

import pytest

from bench.pricing import biller, sampled
from libs.events.values import PracticeKind, Variant
from libs.records import ServiceRecord
from services.ingest.bodies import records
from services.ingest.bodies.record_parts import whole
from services.ingest.message.xml_invoice import Invoice
from services.ingest.prices.price_lists import Lists
from services.ingest.record_intake import judge
from services.simulator.driver import DEMO
from services.simulator.invoices import handed_in
from services.simulator.practices import Wish, practice
from services.simulator.record import record
from tests.unit.ingest.bodies import sent
from tests.unit.simulator.people import SENT_ON

DAYS = 60
PRICED_ALIKE = (
    PracticeKind.GENERAL_PRACTICE, PracticeKind.PSYCHIATRY, PracticeKind.PHYSIO,
    PracticeKind.MIDWIFE, PracticeKind.HOME_CARE,
)  # fmt: skip


@pytest.fixture(scope="module")
def lists() -> Lists:
    """Return the lists that ship as samples."""
    return sampled()


@pytest.mark.parametrize("kind", PRICED_ALIKE)
def test_br28_what_a_suite_hands_in_is_priced_as_its_practice_would(
    kind: PracticeKind, lists: Lists
) -> None:
    of = practice(3, 5, Wish(kind=kind, canton="ZH", rhythm="weekly", suite=True), SENT_ON)
    seen = 0
    for day in range(DAYS):
        on = SENT_ON + timedelta(days=day)
        for invoice in handed_in(3, of, on, 0.2):
            body = records.read(sent(record(invoice)), ServiceRecord)
            assert isinstance(body, ServiceRecord), body
            found, _ = judge(whole(body), biller(of), lists, Variant.SUITE, on)
            assert isinstance(found, Invoice), found
            assert found.facts.amount_rappen == invoice.totals.amount_rappen
            assert found.facts.due_rappen == invoice.totals.due_rappen
            given = [line.amount_rappen for line in invoice.lines]
            assert [line.amount_rappen for line in found.medical.lines] == given
            seen += 1
    assert seen >= 3


def test_some_practices_of_the_demo_hand_in_services() -> None:
    kinds = {wish.kind for wish in DEMO if wish.suite}
    assert kinds == {PracticeKind.PHYSIO, PracticeKind.MIDWIFE}
