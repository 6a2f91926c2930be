"""What events mean for the gateway's read tables, on a real database."""

import json
from datetime import date
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection, select

from libs.events import (
    PUBLIC,
    BankCreditBooked,
    InvoiceCancelled,
    InvoiceSettled,
    PaymentReceived,
    PaymentReversed,
    SubjectErased,
    SubmissionAccepted,
    SubmissionRejected,
)
from libs.events.handed import Finding, Medical
from libs.events.values import (
    CreditId,
    DocumentId,
    InvoiceId,
    Party,
    Patient,
    Private,
    SubjectId,
    SubmissionId,
)
from libs.runtime.service import heard
from services.gateway import checks
from services.gateway.api.reasons import RULES
from services.gateway.projections import (
    folded,
    invoices,
    payments,
    people,
    project_timeline,
    submissions,
    timeline,
)
from services.gateway.registration import erasure_request
from tests.unit.gateway.facts import (
    ANNA,
    CASE,
    DAY,
    DEBTOR,
    FACTS,
    INVOICE,
    OPENED,
    PATIENT,
    PRACTICE,
    hear,
    issued,
    only,
)

LATER = date(2026, 5, 4)
HERE: dict[str, Any] = {"practice_id": PRACTICE, "invoice_id": INVOICE}


def paid(rappen: int, still_open: int, credit: str = "c1") -> PaymentReceived:
    return PaymentReceived(
        **HERE,
        credit_id=CreditId(credit),
        amount_rappen=rappen,
        open_rappen=still_open,
        booked_on=LATER,
        value_on=LATER,
    )


def reversed_(rappen: int, still_open: int, credit: str = "c1") -> PaymentReversed:
    return PaymentReversed(
        **HERE,
        credit_id=CreditId(credit),
        amount_rappen=rappen,
        open_rappen=still_open,
        booked_on=LATER,
    )


def test_the_timeline_hears_every_public_event_and_knows_its_rules() -> None:
    assert set(heard(project_timeline)) == set(PUBLIC.values())
    assert set(RULES) == set(PUBLIC)


def test_an_issued_invoice_is_open(db: Connection) -> None:
    hear(db, issued())
    row = only(db, invoices)
    assert (row.amount_rappen, row.open_rappen, row.paid_rappen, row.end) == (10_000,) * 2 + (
        0,
        None,
    )
    assert (row.number, row.request_id, row.due_on) == ("26-000431", "R-1", date(2026, 4, 1))


def test_payments_add_up_though_pages_come_twice(db: Connection) -> None:
    hear(db, issued(), paid(4_000, 6_000), paid(5_700, 300, "c2"))
    assert only(db, invoices).paid_rappen == 9_700
    hear(db, InvoiceSettled(**HERE, end="SETTLED_SMALL", waived_rappen=300, on=LATER), first=4)
    row = only(db, invoices)
    assert (row.open_rappen, row.paid_rappen, row.waived_rappen) == (0, 9_700, 300)
    assert (row.end, row.ended_on) == ("SETTLED_SMALL", LATER)
    assert sum(one.amount_rappen for one in db.execute(select(payments))) == 9_700
    assert checks.sums(db)["failed"] == []


def test_a_payment_taken_back_opens_the_invoice_again(db: Connection) -> None:
    settled = InvoiceSettled(**HERE, end="PAID", on=LATER)
    hear(db, issued(), paid(10_000, 0), settled, reversed_(10_000, 10_000))
    row = only(db, invoices)
    assert (row.end, row.ended_on, row.open_rappen, row.paid_rappen) == (None, None, 10_000, 0)
    assert {one.kind for one in db.execute(select(payments))} == {"received", "reversed"}
    assert checks.sums(db)["failed"] == []


def test_a_cancelled_invoice_stays_cancelled_when_its_payment_is_taken_back(db: Connection) -> None:
    gone = InvoiceCancelled(
        **HERE,
        submission_id=SubmissionId("s2"),
        waived_rappen=6_000,
        paid_rappen=4_000,
        on=LATER,
    )
    hear(db, issued(), paid(4_000, 6_000), gone, reversed_(4_000, 0))
    assert (only(db, invoices).end, only(db, invoices).open_rappen) == ("CANCELLED", 0)


def test_a_sum_that_does_not_fit_its_payments_is_found(db: Connection) -> None:
    hear(db, issued())
    db.execute(invoices.update().values(open_rappen=9_000))
    found = checks.sums(db)["failed"]
    assert found == [f"what is paid differs from the payments of {INVOICE}"]


def test_an_end_that_does_not_fit_its_sum_is_found(db: Connection) -> None:
    hear(db, issued())
    db.execute(invoices.update().values(end="PAID"))
    assert checks.sums(db)["failed"] == [f"end and open sum contradict each other in {INVOICE}"]


def test_rows_without_their_origin_are_found(db: Connection) -> None:
    hear(db, issued(), OPENED)
    assert checks.names(db)["failed"] == [f"no accepted submission behind invoice {INVOICE}"]
    db.execute(invoices.delete())
    assert checks.names(db)["failed"] == [f"no invoice behind case {INVOICE}"]


def test_a_rejected_message_keeps_its_findings(db: Connection) -> None:
    found = (
        Finding(code="total_mismatch", severity="error", line=7),
        Finding(code="ahv_check_digit", severity="warning"),
    )
    hear(
        db,
        SubmissionRejected(
            practice_id=PRACTICE,
            submission_id=SubmissionId("s"),
            content=DocumentId("d"),
            findings=found,
        ),
    )
    row = only(db, submissions)
    assert (row.state, row.invoice_id, row.errors, row.warnings) == ("rejected", None, 1, 1)
    assert json.loads(row.findings)[0]["line"] == 7


def test_nothing_of_a_person_gets_into_the_timeline(db: Connection) -> None:
    hear(db, issued())
    row = only(db, timeline)
    assert (row.invoice_id, row.type, row.on) == (INVOICE, "InvoiceIssued", DAY)
    assert json.loads(row.data)["number"] == "26-000431"
    assert not {"patient", "debtor", "medical"} & set(json.loads(row.data))
    assert "rcher" not in row.data


def test_names_are_found_without_accents_and_case(db: Connection) -> None:
    hear(db, issued())
    row = only(db, people)
    assert (row.name, row.given_name, row.born_year) == ("Zürcher-Müller", "Änna", 1980)
    assert (row.folded_name, row.folded_given_name) == (folded("ZURCHER-MULLER"), folded("anna"))


def test_a_debtor_who_is_not_the_patient_is_known_too(db: Connection) -> None:
    hear(db, issued(debtor=Private(subject=DEBTOR, value=Party(name="Helvetica AG", company=True))))
    assert {row.subject for row in db.execute(select(people))} == {PATIENT, DEBTOR}


def test_a_forgotten_person_leaves_no_name_and_none_comes_back(db: Connection) -> None:
    hear(db, issued())
    hear(db, SubjectErased(practice_id=PRACTICE, subject=PATIENT, on=LATER))
    assert db.execute(select(people)).all() == []
    gone: Any = Private(subject=PATIENT, erased=True)
    hear(db, issued(debtor=gone, patient=gone, medical=gone))
    assert db.execute(select(people)).all() == []
    assert ANNA.name not in str(list(db.execute(select(timeline))))


def test_an_erasure_is_asked_with_what_stands_against_it_br_115(db: Connection) -> None:
    assert erasure_request(db, PATIENT, LATER, "dpo") is None
    hear(db, issued(), OPENED)
    asked = erasure_request(db, PATIENT, LATER, "dpo")
    assert asked is not None
    assert (asked.open_invoices, asked.kept_until) == (1, date(2036, 12, 31))
    hear(db, paid(10_000, 0), InvoiceSettled(**HERE, end="PAID", on=LATER), first=3)
    asked = erasure_request(db, PATIENT, LATER, "dpo", "order 7")
    assert asked is not None
    assert (asked.open_invoices, asked.order) == (0, "order 7")


def _booked(credit: str, payer: SubjectId | None) -> BankCreditBooked:
    return BankCreditBooked(
        practice_id=PRACTICE,
        credit_id=CreditId(credit),
        account="CH44",
        amount_rappen=10_000,
        booked_on=LATER,
        value_on=LATER,
        bank_reference="B1",
        payer=Private(subject=payer, sealed=b"sealed") if payer else None,
    )


def _accepted(case: SubjectId, *, test: bool = False) -> SubmissionAccepted:
    return SubmissionAccepted(
        practice_id=PRACTICE,
        submission_id=SubmissionId(case),
        invoice_id=InvoiceId(case),
        content=DocumentId("d"),
        facts=replace(FACTS, test=test),
        debtor=Private[Party](subject=DEBTOR, sealed=b"sealed"),
        patient=Private[Patient](subject=PATIENT, sealed=b"sealed"),
        medical=Private[Medical](subject=case, sealed=b"sealed"),
    )


def _behind(db: Connection, subject: SubjectId) -> set[SubjectId]:
    asked = erasure_request(db, subject, LATER, "dpo", "order 7")
    assert asked is not None
    return set(asked.cases)


def test_with_a_person_go_their_cases_and_what_the_bank_said_of_their_payments(
    db: Connection,
) -> None:
    of_debtor: Any = Private(subject=DEBTOR, value=Party(name="Zürcher", given_name="Max"))
    own_case, bank, other_bank = map(SubjectId, ("case-2", "bank-1", "bank-2"))
    own: Any = Private(subject=own_case, value=Medical(lines=()))
    hear(
        db,
        issued(debtor=of_debtor),
        issued(invoice_id=InvoiceId("2"), submission_id=SubmissionId("2"), medical=own),
        _booked("c1", bank),
        _booked("c2", other_bank),
        _booked("c3", None),
        paid(4_000, 6_000, "c1"),
        paid(6_000, 0, "c3"),
    )
    assert _behind(db, PATIENT) == {CASE, own_case, bank}
    assert _behind(db, DEBTOR) == {CASE, bank}


def test_messages_that_made_no_invoice_are_of_a_person_too(db: Connection) -> None:
    of_test = SubjectId("case of a test")
    hear(db, _accepted(of_test, test=True))
    assert _behind(db, PATIENT) == _behind(db, DEBTOR) == {of_test}
    asked = erasure_request(db, PATIENT, LATER, "dpo")
    assert asked is not None
    assert (asked.practice_id, asked.open_invoices, asked.kept_until) == (PRACTICE, 0, None)


def test_who_was_forgotten_can_be_asked_for_again(db: Connection) -> None:
    gone: Any = Private(subject=PATIENT, erased=True)
    hear(db, issued(debtor=gone, patient=gone))
    assert _behind(db, PATIENT) == {CASE}
