"""What becomes of an invoice that its practice finished: its pages stay as they are (BR-27, BR-28).

To the debtor goes the practice's document and one more page, the payment part. The insured's copy
begins with a page that says what it is, and every page of the practice's is marked (BR-4, BR-5);
the reimbursement form is the document marked as one, without a payment part (BR-9).
"""

from dataclasses import replace

import msgspec

from libs.paper.invoice import Invoice, copy_pdf, invoice_pdf
from libs.paper.joining import Join
from libs.paper.typesetter import typeset
from libs.paper.words import words


def invoice_parts(invoice: Invoice, document: bytes) -> Join:
    """Return the document with its payment part behind; alone where nothing is left to pay."""
    behind = invoice_pdf(_without_lines(invoice)).pdf if invoice.open_rappen else b""
    return Join(document=document, behind=behind)


def form_parts(invoice: Invoice, document: bytes) -> Join:
    """Return the document marked as the form that the insured sends to the insurer."""
    return Join(document=document, over=_mark(invoice, "form_title"))


def copy_parts(invoice: Invoice, document: bytes) -> Join:
    """Return the insured's copy: a page to the insured before, and no page without the mark."""
    before = copy_pdf(_without_lines(invoice)).pdf
    return Join(document=document, before=before, over=_mark(invoice, "copy_mark"))


def _without_lines(invoice: Invoice) -> Invoice:
    """Return what we print of it: sums and days; what was done stands on the practice's pages."""
    medical = msgspec.structs.replace(invoice.medical, lines=(), diagnoses=(), remark="")
    return replace(invoice, medical=medical, finished=True)


def _mark(invoice: Invoice, key: str) -> bytes:
    texts = words(invoice.language)
    model = {"w": texts, "lang": invoice.language, "mark": texts[key], "number": invoice.number}
    return typeset("mark", model, invoice.issued_on).pdf
