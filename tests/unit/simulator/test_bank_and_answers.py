"""What the bank reports and what insurers answer, against the official schemas."""

from datetime import date
from decimal import Decimal

import pytest
from lxml import etree

from libs.events.values import PracticeKind
from services.simulator.camt054 import Receipt, camt054
from services.simulator.response import Answer, response
from tests.standards import violations
from tests.unit.simulator.people import some_invoices, some_practice

ACCOUNT = "CH4431999123000889012"
REFERENCE = "210000000003139471430009017"
PAID = Receipt(bank_reference="B1", amount_rappen=12_345, reference=REFERENCE, payer="A. Muster")
ALSO = Receipt(bank_reference="B2", amount_rappen=655, reference=REFERENCE, payer="B. Muster")
UNKNOWN = Receipt(bank_reference="B3", amount_rappen=500, payer="C. Muster", text="Danke")
TAKEN_BACK = Receipt(bank_reference="B4", amount_rappen=655, reference=REFERENCE, reversal=True)
ALL = (PAID, ALSO, UNKNOWN, TAKEN_BACK)
XSD = {"4.5": "450", "5.0": "500"}


def test_a_bank_file_is_valid() -> None:
    file = camt054(1, date(2026, 3, 2), ACCOUNT, ALL)
    assert violations("iso20022/camt.054.001.08.xsd", file) == []


def test_slips_of_a_day_are_one_entry_whose_details_add_up() -> None:
    root = etree.fromstring(camt054(1, date(2026, 3, 2), ACCOUNT, ALL))
    entries = root.findall(".//{*}Ntry")
    assert [len(entry.findall(".//{*}TxDtls")) for entry in entries] == [2, 1, 1]
    for entry in entries:
        details = [Decimal(one.findtext("{*}Amt") or "") for one in entry.iterfind(".//{*}TxDtls")]
        assert sum(details) == Decimal(entry.findtext("{*}Amt") or "")
        assert entry.findtext(".//{*}NbOfTxs") == str(len(details))


def test_a_reversal_is_a_debit_that_names_the_reference_it_takes_back() -> None:
    root = etree.fromstring(camt054(1, date(2026, 3, 2), ACCOUNT, [TAKEN_BACK]))
    assert root.findtext(".//{*}Ntry/{*}CdtDbtInd") == "DBIT"
    assert root.findtext(".//{*}RvslInd") == "true"
    assert root.findtext(".//{*}CdtrRefInf/{*}Ref") == REFERENCE


@pytest.mark.parametrize("answer", Answer)
@pytest.mark.parametrize("version", ["4.5", "5.0"])
def test_answers_are_valid_and_repeat_the_reference(version: str, answer: Answer) -> None:
    sender = some_practice(PracticeKind.SPECIALIST, "5.0" if version == "5.0" else "4.5")
    for sent in some_invoices(sender, 6):
        data = response(sent, answer, date(2026, 4, 20))
        assert violations(f"invoice/generalInvoiceResponse_{XSD[version]}.xsd", data) == []
        reference = etree.fromstring(data).find(".//{*}payload/{*}invoice")
        assert reference is not None
        assert reference.get("request_id") == sent.request_id
        assert reference.get("request_timestamp") == str(sent.request_timestamp)
