"""The rules of what is sent: the invoice with its form, and the insured's copy, each once. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from libs.events import InvoiceDispatched, PatientCopySent
from libs.events.values import DocumentId, InvoiceId, PracticeId
from services.invoicing.decider.state import InvoiceEvent, Issued


@dataclass(frozen=True, kw_only=True)
class RecordDispatch:
    """The invoice was made and handed over, with its reimbursement form if it has one."""

    practice_id: PracticeId
    invoice_id: InvoiceId
    document: DocumentId
    pages: int
    form: DocumentId | None = None
    form_pages: int = 0
    on: date


@dataclass(frozen=True, kw_only=True)
class RecordCopy:
    """The insured's copy was made and handed over."""

    practice_id: PracticeId
    invoice_id: InvoiceId
    document: DocumentId
    pages: int
    on: date


def dispatch(state: Issued, command: RecordDispatch) -> Sequence[InvoiceEvent]:
    """Hand the document over, once; one that was cancelled meanwhile stays in the house."""
    if state.dispatched or state.end == "CANCELLED":
        return []
    return [
        InvoiceDispatched(
            practice_id=command.practice_id,
            invoice_id=command.invoice_id,
            document=command.document,
            pages=command.pages,
            form=command.form,
            form_pages=command.form_pages,
            on=command.on,
        )
    ]


def send_copy(state: Issued, command: RecordCopy) -> Sequence[InvoiceEvent]:
    """Hand the insured's copy over, once. Source: BR-5, BR-6."""
    if state.copied or state.end == "CANCELLED":
        return []
    return [
        PatientCopySent(
            practice_id=command.practice_id,
            invoice_id=command.invoice_id,
            document=command.document,
            pages=command.pages,
            on=command.on,
        )
    ]
