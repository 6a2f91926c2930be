"""What is heard becomes a command; what concerns nobody becomes none."""

from datetime import date
from decimal import Decimal

from libs.events import (
    InvoiceCancelled,
    InvoiceIssued,
    InvoiceSettled,
    PaymentReceived,
    PaymentReversed,
)
from libs.events.handed import Facts, Medical, ServiceLine
from libs.events.terms import Reminding
from libs.events.values import (
    CreditId,
    Kind,
    Law,
    Party,
    Patient,
    Payer,
    Private,
    Scheme,
    SubjectId,
    SubmissionId,
)
from services.dunning import consumers
from services.dunning.consumers import Known
from services.dunning.decider import OpenCase
from services.dunning.ladder import Policies, Policy
from services.dunning.money import RecordPayment, RecordReversal, StopDunning
from tests.unit.dunning.cases import CALENDAR, DUE, IDS, INVOICE, ISSUED, PRACTICE

SLOW = Policy(reminding=Reminding(wait_days=(90, 30, 10, 10, 25)), version=1)
FAST = Policy(reminding=Reminding(wait_days=(40, 30, 10, 10, 25)), version=2)
LATER = date(2026, 1, 6)
SUBJECT = SubjectId("ab" * 16)


def issued(*, test: bool = False, payer: Payer = Payer.PATIENT) -> InvoiceIssued:
    line = ServiceLine(
        record_id=1,
        tariff="001",
        code="00.0010",
        name="consultation",
        on=date(2025, 12, 20),
        quantity=Decimal(1),
        amount_rappen=480_00,
    )
    party = Party(name="Muster", given_name="Mia")
    return InvoiceIssued(
        **IDS,
        submission_id=SubmissionId("submission-1"),
        number="1000001",
        reference="210000000003139471430009017",
        payer=payer,
        language="de",
        facts=Facts(
            kind=Kind.INVOICE,
            request_id="r-1",
            request_on=ISSUED,
            request_timestamp=1767571200,
            version="4.5",
            language="de",
            test=test,
            biller_gln="7601000000002",
            scheme=Scheme.TG,
            law=Law.KVG,
            canton="ZH",
            treated_from=date(2025, 12, 20),
            treated_to=date(2025, 12, 20),
            amount_rappen=480_00,
            due_rappen=480_00,
        ),
        open_rappen=480_00,
        rounding_rappen=0,
        issued_on=ISSUED,
        due_on=DUE,
        debtor=Private(subject=SUBJECT, value=party),
        patient=Private(subject=SUBJECT, value=Patient(party=party)),
        medical=Private(subject=SUBJECT, value=Medical(lines=(line,))),
    )


def known(**dated: Policy) -> Known:
    """Return what the lookup finds: policies by the day from which they hold."""
    policies = [
        (date.fromisoformat(day[1:].replace("_", "-")), policy) for day, policy in dated.items()
    ]
    return Known(policies=Policies({PRACTICE: policies}), calendar=CALENDAR)


def test_a_new_invoice_opens_a_case_by_the_wishes_of_its_day() -> None:
    """BR-159: what takes effect tomorrow does not count for an invoice of today."""
    assert consumers.open_case(issued(), known(_2026_01_01=SLOW, _2026_01_06=FAST)) == OpenCase(
        **IDS,
        payer=Payer.PATIENT,
        canton="ZH",
        open_rappen=480_00,
        issued_on=ISSUED,
        due_on=DUE,
        policy=SLOW,
        calendar=CALENDAR,
    )


def test_a_practice_that_never_said_anything_has_the_defaults() -> None:
    command = consumers.open_case(issued(), known(_2026_01_06=FAST))
    assert command is not None
    assert command.policy == Policy()


def test_the_insurer_is_the_debtor_where_it_pays() -> None:
    command = consumers.open_case(issued(payer=Payer.INSURER), known())
    assert command is not None
    assert command.payer is Payer.INSURER


def test_a_test_invoice_opens_no_case() -> None:
    """B30."""
    assert consumers.open_case(issued(test=True), known()) is None


def test_money_that_came_is_recorded_with_what_is_left() -> None:
    event = PaymentReceived(
        **IDS,
        credit_id=CreditId("c-1"),
        amount_rappen=100_00,
        open_rappen=380_00,
        booked_on=LATER,
        value_on=LATER,
    )
    assert consumers.record_payment(
        event, known(_2026_01_01=SLOW, _2026_01_06=FAST)
    ) == RecordPayment(
        **IDS,
        credit_id=CreditId("c-1"),
        open_rappen=380_00,
        booked_on=LATER,
        policy=FAST,
        calendar=CALENDAR,
    )


def test_money_taken_back_is_recorded_with_what_is_open_again() -> None:
    event = PaymentReversed(
        **IDS,
        credit_id=CreditId("c-1"),
        amount_rappen=100_00,
        open_rappen=480_00,
        booked_on=LATER,
    )
    assert consumers.record_reversal(event, known(_2026_01_01=SLOW)) == RecordReversal(
        **IDS,
        credit_id=CreditId("c-1"),
        open_rappen=480_00,
        booked_on=LATER,
        policy=SLOW,
        calendar=CALENDAR,
    )


def test_settlement_and_cancellation_stop_a_case() -> None:
    settled = InvoiceSettled(**IDS, end="SETTLED_SMALL", waived_rappen=4_80, on=LATER)
    assert consumers.stop_settled(settled) == StopDunning(**IDS, end="SETTLED_SMALL", on=LATER)
    cancelled = InvoiceCancelled(
        practice_id=PRACTICE,
        invoice_id=INVOICE,
        submission_id=SubmissionId("submission-2"),
        waived_rappen=480_00,
        paid_rappen=0,
        on=LATER,
    )
    assert consumers.stop_cancelled(cancelled) == StopDunning(**IDS, end="CANCELLED", on=LATER)
