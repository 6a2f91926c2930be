"""Messages of the simulated practices: valid, right to the rappen, the same for the same seed."""

from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import pytest
from lxml import etree

from libs.events.values import PracticeKind, Scheme
from services.simulator.faults import REFUSED, Fault, corrected, spoil
from services.simulator.invoices import Invoice, handed_in, invoice, storno
from services.simulator.kinds import KINDS
from services.simulator.practices import Version, Wish, practice
from services.simulator.request import message
from tests.standards import violations
from tests.unit.simulator.people import ENDED_ON, SENT_ON, some_invoices, some_practice

XSD = {
    "4.4": "invoice/generalInvoiceRequest_440.xsd",
    "4.5": "invoice/generalInvoiceRequest_450.xsd",
    "5.0": "invoice/generalInvoiceRequest_500.xsd",
}
CENT = Decimal("0.01")


@pytest.mark.parametrize("version", XSD)
@pytest.mark.parametrize("seed", [1, 2])
def test_messages_of_every_kind_of_practice_are_valid(version: Version, seed: int) -> None:
    for number, kind in enumerate(KINDS):
        sender = practice(seed, number, Wish(kind=kind, version=version), SENT_ON)
        for index in range(8):
            sent = invoice(seed, sender, (ENDED_ON, index), SENT_ON)
            assert violations(XSD[sender.version], message(sent)) == []


@pytest.mark.parametrize("version", XSD)
def test_stornos_are_valid_and_keep_the_invoice_reference(version: Version) -> None:
    for sent in some_invoices(some_practice(version=version), 8):
        cancelled = storno(sent, date(2026, 4, 20))
        assert violations(XSD[version], message(cancelled)) == []
        assert cancelled.request_timestamp == sent.request_timestamp
        assert cancelled.totals.amount_rappen == -sent.totals.amount_rappen


@pytest.mark.parametrize("kind", KINDS)
def test_sums_follow_the_rules_a1_to_a9(kind: PracticeKind) -> None:
    for sent in some_invoices(some_practice(kind), 12):
        check_sums(etree.fromstring(message(sent)))


def check_sums(root: etree._Element) -> None:
    """Reckon again what the message states, from its text alone (invoice-xml 11)."""
    by_rate: dict[Decimal, Decimal] = {}
    for line in root.iterfind(".//{*}service"):
        assert number(line, "amount") == part(line, "")
        count(by_rate, line)
    for line in root.iterfind(".//{*}service_ex"):
        medical, technical = part(line, "_mt"), part(line, "_tt")
        assert (medical, technical) == (number(line, "amount_mt"), number(line, "amount_tt"))
        assert number(line, "amount") == medical + technical
        count(by_rate, line)
    balance = root.find(".//{*}balance")
    assert balance is not None
    amount = sum(by_rate.values(), Decimal(0))
    assert number(balance, "amount") == amount
    assert number(balance, "amount_due") == (amount * 20).quantize(1, ROUND_HALF_UP) / 20
    rows = {number(row, "vat_rate"): row for row in balance.iterfind(".//{*}vat_rate")}
    assert {rate: number(row, "amount") for rate, row in rows.items()} == by_rate
    for rate, row in rows.items():
        expected = (by_rate[rate] * rate / (100 + rate)).quantize(CENT, ROUND_HALF_UP)
        assert number(row, "vat") == expected


def number(element: etree._Element, name: str) -> Decimal:
    return Decimal(str(element.get(name)))


def part(line: etree._Element, suffix: str) -> Decimal:
    product = number(line, "quantity") * number(line, f"unit{suffix}")
    return (product * number(line, f"unit_factor{suffix}")).quantize(CENT, ROUND_HALF_UP)


def count(by_rate: dict[Decimal, Decimal], line: etree._Element) -> None:
    rate = number(line, "vat_rate")
    by_rate[rate] = by_rate.get(rate, Decimal(0)) + number(line, "amount")


def test_the_same_seed_gives_the_same_bytes_in_any_order() -> None:
    def day(seed: int, indexes: list[int]) -> dict[int, bytes]:
        sender = practice(seed, 3, Wish(kind=PracticeKind.SPECIALIST), SENT_ON)
        return {n: message(invoice(seed, sender, (ENDED_ON, n), SENT_ON)) for n in indexes}

    assert day(1, [0, 1, 2]) == day(1, [2, 0, 1])
    assert day(1, [0]) != day(2, [0])


def test_tardoc_counts_from_2026_on_and_tarmed_before() -> None:
    """BR-30, BR-31: no message mixes the two."""
    sender = some_practice()
    for ended_on in (date(2025, 12, 31), date(2026, 1, 2), date(2026, 1, 9)):
        for sent in some_invoices(sender, 20, ended_on):
            tariffs = {line.tariff for line in sent.lines}
            assert ("007" in tariffs, "001" in tariffs) == (
                ended_on.year == 2026,
                ended_on.year == 2025,
            )
            assert sent.treated_from.year == sent.treated_to.year


def test_private_invoices_name_no_insurer() -> None:
    dentist = some_practice(PracticeKind.DENTIST)
    sent = next(one for one in some_invoices(dentist, 20) if one.scheme is Scheme.PRIVATE)
    assert b"insurance" not in message(sent)
    assert b'type="ORG"' in message(sent)


def test_a_practice_without_a_vat_number_shows_no_vat() -> None:
    """BR-50."""
    for number_ in range(12):
        sender = some_practice(number=number_)
        for sent in some_invoices(sender, 5):
            taxed = any(group.rate for group in sent.totals.vat)
            assert sender.vat_number or not taxed


def test_every_treatment_is_handed_in_once() -> None:
    for rhythm in ("weekly", "monthly", "quarterly"):
        sender = practice(
            1, 5, Wish(kind=PracticeKind.GENERAL_PRACTICE, rhythm=rhythm), date(2026, 1, 1)
        )
        seen: list[str] = []
        for ordinal in range(date(2026, 1, 1).toordinal(), date(2026, 10, 2).toordinal()):
            on = date.fromordinal(ordinal)
            batch = list(handed_in(1, sender, on, share=0.05))
            assert all(one.treated_to < on for one in batch)
            seen += [one.request_id for one in batch]
        assert len(seen) == len(set(seen)) > 10


@pytest.mark.parametrize("what", Fault)
def test_faulty_messages_stay_valid_by_the_schema(what: Fault) -> None:
    """What is wrong with them only the rules can see."""
    for sent in some_invoices(some_practice(), 3):
        assert violations(XSD["5.0"], message(spoil(sent, what))) == []


@pytest.mark.parametrize("what", sorted(REFUSED))
def test_a_refused_invoice_differs_and_its_correction_is_a_new_object(what: Fault) -> None:
    sent: Invoice = some_invoices(some_practice(), 1)[0]
    again = corrected(sent, date(2026, 4, 3))
    assert message(spoil(sent, what)) != message(sent)
    assert again.request_id == sent.request_id
    assert again.request_timestamp > sent.request_timestamp
