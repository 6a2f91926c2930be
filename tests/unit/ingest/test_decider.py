"""Messages are accepted once, files of the bank booked once."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from libs.events import BankCreditBooked, BankCreditReversed, SubmissionAccepted, SubmissionRejected
from libs.events.handed import Finding
from libs.events.values import (
    COOPERATIVE,
    CreditId,
    DocumentId,
    PracticeId,
    Private,
    SubjectId,
    SubmissionId,
)
from services.ingest.app import BANK_FILE, CREDIT, SUBMISSION
from services.ingest.decider.bank import (
    BankFileBegun,
    BankFileImported,
    BankFileRefused,
    BankSum,
    BeginFile,
    BookCredit,
    ImportFile,
    RefuseFile,
    ReverseCredit,
)
from services.ingest.decider.submission import (
    Accepted,
    AcceptSubmission,
    ConflictingDuplicate,
    Rejected,
    RejectSubmission,
)
from services.ingest.message.xml_invoice import Invoice, parse
from tests.scenario import Scenario
from tests.unit.ingest.samples import TODAY, message_50

PRACTICE = PracticeId("practice-1")
AT = datetime(2026, 2, 2, 8, tzinfo=UTC)
CONTENT, OTHER = DocumentId("a" * 64), DocumentId("b" * 64)
WRONG = Finding(code="total_mismatch", severity="error", params={"stated": "1", "expected": "2"})

submission, credit, file = Scenario(SUBMISSION), Scenario(CREDIT), Scenario(BANK_FILE)


def accept(content: DocumentId = CONTENT, *, at: datetime = AT) -> AcceptSubmission:
    read = parse(message_50().encode(), TODAY)
    assert isinstance(read, Invoice)
    person = SubjectId("subject-1")
    return AcceptSubmission(
        practice_id=PRACTICE,
        submission_id=read.submission_id,
        invoice_id=read.invoice_id,
        content=content,
        received_at=at,
        size_bytes=4_000,
        facts=read.facts,
        findings=(),
        debtor=Private(subject=person, value=read.debtor),
        patient=Private(subject=person, value=read.patient),
        medical=Private(subject=SubjectId("case-1"), value=read.medical),
    )


def reject(content: DocumentId = CONTENT, found: Finding = WRONG) -> RejectSubmission:
    return RejectSubmission(
        practice_id=PRACTICE,
        submission_id=SubmissionId("refusal-1"),
        content=content,
        received_at=AT,
        size_bytes=4_000,
        request_id="R-1",
        version="5.0",
        amount_rappen=3_652,
        status=422,
        problem="total_mismatch",
        findings=(found,),
    )


def accepted() -> SubmissionAccepted:
    (event,) = submission.when(accept()).decided()
    assert isinstance(event, SubmissionAccepted)
    return event


def rejected() -> SubmissionRejected:
    (event,) = submission.when(reject()).decided()
    assert isinstance(event, SubmissionRejected)
    return event


def test_a_usable_message_is_accepted_with_all_that_it_says() -> None:
    event = accepted()
    assert (event.facts.request_id, event.received_at, event.size_bytes) == ("R-1", AT, 4_000)
    assert event.debtor.reveal() is not None


def test_b22_the_same_bytes_again_change_nothing_and_keep_their_receipt() -> None:
    again = accept(at=AT + timedelta(days=1))
    kept = submission.given(accepted()).when(again).then_nothing()
    assert isinstance(kept.state, Accepted)
    assert kept.state.received_at == AT


def test_b23_other_bytes_under_the_same_key_are_a_conflict() -> None:
    submission.given(accepted()).when(accept(OTHER)).then_refused(ConflictingDuplicate)
    submission.given(accepted()).when(reject(OTHER)).then_refused(ConflictingDuplicate)


def test_an_accepted_message_stays_accepted_whatever_a_later_verdict_says() -> None:
    submission.given(accepted()).when(reject()).then_nothing()


def test_a_refusal_is_recorded_once_while_the_verdict_is_the_same() -> None:
    kept = submission.given(rejected()).when(reject()).then_nothing()
    assert isinstance(kept.state, Rejected)
    assert (kept.state.status, kept.state.problem) == (422, "total_mismatch")


def test_another_verdict_on_the_same_bytes_is_recorded() -> None:
    other = Finding(code="treatment_in_future", severity="error")
    (event,) = submission.given(rejected()).when(reject(found=other)).decided()
    assert isinstance(event, SubmissionRejected)
    assert event.findings == (other,)


def test_a_refused_message_may_be_accepted_on_another_day() -> None:
    after = submission.given(rejected()).when(accept()).then(accepted())
    assert isinstance(after.state, Accepted)


def test_the_state_names_no_person() -> None:
    state = repr(submission.given(accepted()).state)
    assert not any(word in state for word in ("Zünd", "Rahel", "7561234567897", "Konsultation"))


BOOK = BookCredit(
    practice_id=PRACTICE,
    credit_id=CreditId("credit-1"),
    file=CONTENT,
    account="CH5800791123000889012",
    amount_rappen=10_000,
    charges_rappen=120,
    reference="210000000003139471430009017",
    booked_on=date(2026, 2, 2),
    value_on=date(2026, 2, 3),
    bank_reference="B1",
    payer=Private(subject=SubjectId("payer-1"), value="Rahel Zünd"),
)
REVERSE = ReverseCredit(
    practice_id=PRACTICE,
    credit_id=CreditId("credit-2"),
    file=CONTENT,
    account=BOOK.account,
    amount_rappen=10_000,
    original_reference=BOOK.reference,
    booked_on=BOOK.booked_on,
    value_on=BOOK.value_on,
    bank_reference="B2",
)


def test_a_receipt_is_booked_once_whatever_number_of_files_report_it() -> None:
    (booked,) = credit.when(BOOK).decided()
    assert isinstance(booked, BankCreditBooked)
    assert (booked.amount_rappen, booked.charges_rappen, booked.file) == (10_000, 120, CONTENT)
    credit.given(booked).when(replace(BOOK, file=OTHER)).then_nothing()


def test_a_reversal_is_recorded_once() -> None:
    (reversed_,) = credit.when(REVERSE).decided()
    assert isinstance(reversed_, BankCreditReversed)
    assert reversed_.original_reference == BOOK.reference
    credit.given(reversed_).when(REVERSE).then_nothing()


BEGIN = BeginFile(file=CONTENT, received_at=AT, size_bytes=900)
IMPORT = ImportFile(
    file=CONTENT,
    message_id="M1",
    version="08",
    accounts=(BOOK.account,),
    received_at=AT,
    size_bytes=900,
    credits=BankSum(count=1, amount_rappen=10_000),
    reversals=BankSum(),
    known=BankSum(),
    pending=BankSum(),
    other=BankSum(),
    unidentified=(),
)
REFUSE = RefuseFile(
    file=CONTENT,
    received_at=AT,
    size_bytes=900,
    status=422,
    problem="bank_sum_mismatch",
    findings=(WRONG,),
)


def test_a_file_belongs_to_the_cooperative_and_is_imported_once() -> None:
    (imported,) = file.when(IMPORT).decided()
    assert isinstance(imported, BankFileImported)
    assert imported.practice_id == COOPERATIVE
    later = replace(IMPORT, credits=BankSum(), known=BankSum(count=1, amount_rappen=10_000))
    file.given(imported).when(later).then_nothing()
    file.given(imported).when(REFUSE).then_nothing()


def test_a_file_is_begun_once_and_no_more_when_it_is_imported() -> None:
    (begun,) = file.when(BEGIN).decided()
    assert isinstance(begun, BankFileBegun)
    assert begun.practice_id == COOPERATIVE
    file.given(begun).when(BEGIN).then_nothing()
    (imported,) = file.given(begun).when(IMPORT).decided()
    file.given(begun, imported).when(BEGIN).then_nothing()


def test_a_refused_file_is_recorded_once_and_may_be_imported_later() -> None:
    (refused,) = file.when(REFUSE).decided()
    assert isinstance(refused, BankFileRefused)
    file.given(refused).when(REFUSE).then_nothing()
    (imported,) = file.given(refused).when(IMPORT).decided()
    assert isinstance(imported, BankFileImported)
