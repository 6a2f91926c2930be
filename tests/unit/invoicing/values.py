"""What the tests of invoicing have in common: an ordinary message, and what follows from it."""

from datetime import date
from decimal import Decimal
from typing import Any

from libs.events import InvoiceIssued, PaymentReceived, SubmissionAccepted
from libs.events.handed import Facts, Medical, ServiceLine
from libs.events.values import (
    Address,
    CreditId,
    DocumentId,
    InvoiceId,
    Kind,
    Law,
    Party,
    Patient,
    Payer,
    PracticeId,
    PracticeKind,
    Private,
    Scheme,
    SubjectId,
    SubmissionId,
)
from services.invoicing.configuration import holidays_of
from services.invoicing.decider.invoice import Biller, IssueInvoice
from services.invoicing.decider.money import RecordPayment, ReversePayment

PRACTICE = PracticeId("practice-1")
INVOICE = InvoiceId("invoice-1")
SUBMISSION = SubmissionId("submission-1")
DAY = date(2026, 1, 5)
REFERENCE = "010040112000000026100001004"
BILLER = Party(
    name="Praxis Lindenhof", addition="Dr. med. A. Beispiel", company=True,
    address=Address(street="Gasse", house_no="4", zip="8001", city="Zürich"),
)  # fmt: skip
PATIENT = Party(
    name="Muster", given_name="Anna",
    address=Address(street="Weg", house_no="7", zip="8002", city="Zürich"),
)  # fmt: skip
INSURER = Party(
    name="Muster Kasse", company=True, address=Address(po_box="Postfach", zip="8081", city="Zürich")
)
LINE = ServiceLine(
    record_id=1, tariff="007", code="AA.00.0010", name="Konsultation", on=DAY,
    quantity=Decimal(1), amount_rappen=27334,
)  # fmt: skip


def facts(**changes: Any) -> Facts:
    usual: dict[str, Any] = {
        "kind": Kind.INVOICE, "request_id": "R-1", "request_on": DAY,
        "request_timestamp": 1767571200, "version": "5.0", "language": "de",
        "biller_gln": "7601000000002", "scheme": Scheme.TG, "law": Law.KVG, "canton": "ZH",
        "treated_from": DAY, "treated_to": DAY, "amount_rappen": 27334, "due_rappen": 27335,
    }  # fmt: skip
    return Facts(**(usual | changes))


def private(value: Any, subject: str = "person-1") -> Private[Any]:
    return Private(subject=SubjectId(subject), value=value)


def accepted(**changes: Any) -> SubmissionAccepted:
    """Return what ingest says; `facts` takes the fields of the message."""
    message: dict[str, Any] = changes.pop("facts", {})
    payer = INSURER if message.get("scheme") is Scheme.TP else PATIENT
    usual: dict[str, Any] = {
        "practice_id": PRACTICE, "submission_id": SUBMISSION, "invoice_id": INVOICE,
        "content": DocumentId("0" * 64), "facts": facts(**message), "debtor": private(payer),
        "patient": private(Patient(party=PATIENT, ahv="7561234567897")),
        "medical": private(Medical(lines=(LINE,)), "case-1"),
    }  # fmt: skip
    return SubmissionAccepted(**(usual | changes))


def issue(**changes: Any) -> IssueInvoice:
    message: dict[str, Any] = changes.pop("facts", {})
    usual: dict[str, Any] = {
        "practice_id": PRACTICE, "invoice_id": INVOICE, "submission_id": SUBMISSION,
        "number": "26-100001", "reference": REFERENCE, "issued_on": DAY, "terms": None,
        "biller": Biller(party=BILLER, kind=PracticeKind.GENERAL_PRACTICE),
        "holidays": holidays_of("ZH", 2026), "facts": facts(**message),
        "debtor": private(PATIENT), "patient": private(Patient(party=PATIENT)),
        "medical": private(Medical(lines=(LINE,)), "case-1"),
    }  # fmt: skip
    return IssueInvoice(**(usual | changes))


def issued(open_rappen: int = 10_000) -> InvoiceIssued:
    return InvoiceIssued(
        practice_id=PRACTICE, invoice_id=INVOICE, submission_id=SUBMISSION, number="26-100001",
        reference=REFERENCE, payer=Payer.PATIENT, language="de", facts=facts(),
        open_rappen=open_rappen, rounding_rappen=0, issued_on=DAY, due_on=date(2026, 2, 4),
        debtor=private(PATIENT), patient=private(Patient(party=PATIENT)),
        medical=private(Medical(lines=(LINE,)), "case-1"),
    )  # fmt: skip


def pay(amount_rappen: int, credit: str = "credit-1", charges: int = 0) -> RecordPayment:
    return RecordPayment(
        practice_id=PRACTICE, invoice_id=INVOICE, credit_id=CreditId(credit),
        amount_rappen=amount_rappen, charges_rappen=charges, booked_on=DAY, value_on=DAY,
    )  # fmt: skip


def received(
    served: int, left: int, surplus: int = 0, credit: str = "credit-1", charges: int = 0
) -> PaymentReceived:
    return PaymentReceived(
        practice_id=PRACTICE, invoice_id=INVOICE, credit_id=CreditId(credit), amount_rappen=served,
        surplus_rappen=surplus, charges_rappen=charges, open_rappen=left, booked_on=DAY,
        value_on=DAY,
    )  # fmt: skip


def take_back(amount_rappen: int, reversal: str = "reversal-1") -> ReversePayment:
    return ReversePayment(
        practice_id=PRACTICE, invoice_id=INVOICE, reversal_id=CreditId(reversal),
        original_reference=REFERENCE, amount_rappen=amount_rappen, booked_on=DAY, value_on=DAY,
    )  # fmt: skip
