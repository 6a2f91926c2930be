"""The rules of an invoice: issue, cancel, note, send."""

from datetime import date

from libs.events import (
    InvoiceCancelled,
    InvoiceDispatched,
    InvoiceIssued,
    InvoiceSettled,
    PatientCopySent,
)
from libs.events.terms import Terms
from libs.events.values import DocumentId, Kind, Payer, Scheme, SubmissionId
from services.invoicing.app import INVOICE as AGGREGATE
from services.invoicing.decider.invoice import CancelInvoice, NoteRequest, UnknownInvoice
from services.invoicing.decider.post import RecordCopy, RecordDispatch
from services.invoicing.decider.state import RequestNoted
from tests.scenario import Scenario
from tests.unit.invoicing.values import (
    DAY,
    INVOICE,
    PRACTICE,
    SUBMISSION,
    issue,
    issued,
    pay,
    received,
    take_back,
)

invoice = Scenario(AGGREGATE)
STORNO = SubmissionId("storno-1")
DOCUMENT = DocumentId("d" * 64)

cancel = CancelInvoice(
    practice_id=PRACTICE, invoice_id=INVOICE, submission_id=STORNO, on=date(2026, 1, 9)
)
dispatch = RecordDispatch(
    practice_id=PRACTICE, invoice_id=INVOICE, document=DOCUMENT, pages=2, on=DAY
)
send_copy = RecordCopy(practice_id=PRACTICE, invoice_id=INVOICE, document=DOCUMENT, pages=1, on=DAY)
dispatched = InvoiceDispatched(
    practice_id=PRACTICE, invoice_id=INVOICE, document=DOCUMENT, pages=2, on=DAY
)
copied = PatientCopySent(
    practice_id=PRACTICE, invoice_id=INVOICE, document=DOCUMENT, pages=1, on=DAY
)


def cancelled(waived: int, paid: int, on: date = date(2026, 1, 9)) -> InvoiceCancelled:
    return InvoiceCancelled(
        practice_id=PRACTICE, invoice_id=INVOICE, submission_id=STORNO, waived_rappen=waived,
        paid_rappen=paid, on=on,
    )  # fmt: skip


def noted(kind: Kind, *, known: bool) -> RequestNoted:
    return RequestNoted(
        practice_id=PRACTICE, invoice_id=INVOICE, submission_id=STORNO, kind=kind, known=known,
        on=date(2026, 1, 9),
    )  # fmt: skip


def first(outcome: tuple[object, ...]) -> InvoiceIssued:
    event = outcome[0]
    assert isinstance(event, InvoiceIssued)
    return event


def test_an_accepted_message_becomes_an_invoice_over_the_rounded_amount_t7() -> None:
    event = first(invoice.when(issue()).decided())
    assert (event.open_rappen, event.rounding_rappen) == (27335, 1)
    assert (event.payer, event.language, event.number) == (Payer.PATIENT, "de", "26-100001")
    assert event.due_on == date(2026, 2, 4)
    assert event.biller is not None


def test_the_insurer_is_asked_in_tiers_payant_and_the_amount_rounded_alike_t7() -> None:
    event = first(invoice.when(issue(facts={"scheme": Scheme.TP})).decided())
    assert (event.payer, event.open_rappen, event.rounding_rappen) == (Payer.INSURER, 27335, 1)


def test_in_tiers_soldant_the_insurer_is_asked_first_br_18() -> None:
    assert first(invoice.when(issue(facts={"scheme": Scheme.TS})).decided()).payer is Payer.INSURER


def test_what_was_prepaid_is_not_asked_for() -> None:
    message = {"prepaid_rappen": 10_000, "reminder_rappen": 500}
    event = first(invoice.when(issue(facts=message)).decided())
    assert (event.open_rappen, event.rounding_rappen) == (17835, 1)


def test_an_invoice_that_was_prepaid_in_full_is_settled_at_once() -> None:
    event, settled = invoice.when(issue(facts={"prepaid_rappen": 27334})).decided()
    assert first((event,)).open_rappen == 0
    assert settled == InvoiceSettled(practice_id=PRACTICE, invoice_id=INVOICE, end="PAID", on=DAY)


def test_the_practices_terms_decide_the_due_day_br_29() -> None:
    terms = Terms(patient_days=60, insurer_days=30)
    assert first(invoice.when(issue(terms=terms)).decided()).due_on == date(2026, 3, 6)


def test_a_message_heard_twice_is_one_invoice() -> None:
    invoice.given(issued()).when(issue()).then_nothing()
    invoice.given(issued(), cancelled(10_000, 0)).when(issue()).then_nothing()


def test_a_storno_cancels_the_invoice_once_br_45() -> None:
    after = invoice.given(issued()).when(cancel).then(cancelled(10_000, 0))
    after.when(cancel).then_nothing()


def test_what_was_paid_on_a_cancelled_invoice_is_credit_of_the_debtor() -> None:
    paid = invoice.given(issued(), received(4_000, 6_000))
    after = paid.when(cancel).then(cancelled(6_000, 4_000))
    after.when(pay(500, "credit-2")).then(received(0, 0, 500, "credit-2"))


def test_a_storno_that_comes_first_cancels_the_invoice_when_it_comes() -> None:
    early = invoice.when(cancel).then(noted(Kind.STORNO, known=False))
    early.when(cancel).then_nothing()
    event, ended = early.when(issue()).decided()
    assert ended == cancelled(first((event,)).open_rappen, 0, on=DAY)


def test_copies_and_reminders_are_noted_and_make_no_second_invoice() -> None:
    for kind in (Kind.COPY, Kind.REMINDER, Kind.REFUND):
        ask = NoteRequest(
            practice_id=PRACTICE, invoice_id=INVOICE, submission_id=STORNO, kind=kind,
            on=date(2026, 1, 9),
        )  # fmt: skip
        after = invoice.given(issued()).when(ask).then(noted(kind, known=True))
        after.when(ask).then_nothing()
        late = invoice.when(ask).then(noted(kind, known=False))
        assert len(late.when(issue()).decided()) == 1


def test_an_invoice_is_handed_over_once() -> None:
    invoice.given(issued()).when(dispatch).then(dispatched).when(dispatch).then_nothing()


def test_an_invoice_cancelled_before_its_letter_left_stays_in_the_house() -> None:
    invoice.given(issued(), cancelled(10_000, 0)).when(dispatch).then_nothing()
    invoice.given(issued(), cancelled(10_000, 0)).when(send_copy).then_nothing()


def test_the_insureds_copy_is_sent_once_br_5() -> None:
    invoice.given(issued()).when(send_copy).then(copied).when(send_copy).then_nothing()


def test_nothing_happens_to_an_invoice_that_does_not_exist() -> None:
    for command in (dispatch, send_copy, pay(100), take_back(100)):
        invoice.when(command).then_refused(UnknownInvoice)


def test_the_submission_is_named_on_the_invoice() -> None:
    assert first(invoice.when(issue()).decided()).submission_id == SUBMISSION
