"""Effects: the documents that an invoice is sent as (BR-4), made from its event alone."""

import asyncio
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from libs.events import Envelope, InvoiceIssued
from libs.events.values import Payer, Scheme
from libs.paper import finished, joining, letters
from libs.paper.invoice import Invoice, copy_pdf, form_pdf, invoice_pdf
from libs.paper.joining import Join, Joined
from libs.paper.letters import Creditor, Printed
from libs.runtime.apart import Apart
from libs.runtime.service import Effect, Parts
from services.invoicing.decider.post import RecordCopy, RecordDispatch


class Post(NamedTuple):
    """The documents of one invoice."""

    invoice: Printed
    form: Printed | None
    copy: Printed | None


def send(parts: Parts) -> Effect:
    """Return the effect that prints an invoice and hands it over.

    A document is named by what it holds, and the same event gives the same bytes: a second run
    stores nothing new, and the rules record a dispatch once.
    """
    creditor = letters.creditor(parts.settings)
    apart = Apart(joining.MODULE)

    async def on_issued(
        event: InvoiceIssued, _envelope: Envelope
    ) -> list[RecordDispatch | RecordCopy] | None:
        invoice = as_printed(event, creditor)
        if invoice is None:
            return None
        if event.finished is None:
            post = await asyncio.to_thread(print_post, invoice)
        else:
            document = await parts.documents.get(event.finished, event.medical.subject)
            if document is None:  # erased meanwhile
                return None
            post = await post_around(apart, invoice, document)
        return [
            command
            for command in (
                await _dispatched(parts, event, post),
                await _copied(parts, event, post),
            )
            if command is not None
        ]

    return on_issued


def as_printed(event: InvoiceIssued, creditor: Creditor) -> Invoice | None:
    """Return what is printed; None once the debtor, patient or case was erased (BR-114)."""
    debtor, patient, medical = (
        event.debtor.reveal(), event.patient.reveal(), event.medical.reveal(),
    )  # fmt: skip
    if debtor is None or patient is None or medical is None:
        return None
    assert event.biller is not None, "issued by a version that knew no biller"
    return Invoice(
        language=event.language,
        creditor=creditor,
        practice=event.biller,
        practice_phone=event.biller_phone,
        vat_number=event.biller_vat_number,
        debtor=debtor,
        patient=patient,
        payer=event.payer,
        number=event.number,
        reference=event.reference,
        facts=event.facts,
        medical=medical,
        open_rappen=event.open_rappen,
        rounding_rappen=event.rounding_rappen,
        issued_on=event.issued_on,
        due_on=event.due_on,
    )


def print_post(invoice: Invoice) -> Post:
    """Print what the scheme asks for."""
    has_form, has_copy = asked_for(invoice)
    return Post(
        invoice=invoice_pdf(invoice),
        form=form_pdf(invoice) if has_form else None,
        copy=copy_pdf(invoice) if has_copy else None,
    )


def asked_for(invoice: Invoice) -> tuple[bool, bool]:
    """Return whether there is a form, in tiers garant, and a copy, in tiers payant (BR-4)."""
    scheme = invoice.facts.scheme
    return scheme is Scheme.TG, scheme is Scheme.TP and invoice.payer is Payer.INSURER


async def post_around(apart: Apart, invoice: Invoice, document: bytes) -> Post:
    """Make the same of a document that the practice finished: nothing in it is changed (BR-28)."""
    has_form, has_copy = asked_for(invoice)

    async def made(of: Callable[[Invoice, bytes], Join]) -> Printed:
        parts = await asyncio.to_thread(of, invoice, document)
        answer = await apart.work(msgspec.msgpack.encode(parts))
        joined = msgspec.msgpack.decode(answer, type=Joined)
        return Printed(joined.pdf, joined.pages)

    return Post(
        invoice=await made(finished.invoice_parts),
        form=await made(finished.form_parts) if has_form else None,
        copy=await made(finished.copy_parts) if has_copy else None,
    )


async def _dispatched(parts: Parts, event: InvoiceIssued, post: Post) -> RecordDispatch:
    subject = event.medical.subject
    document = await parts.documents.put(post.invoice.pdf, subject)
    form = await parts.documents.put(post.form.pdf, subject) if post.form else None
    return RecordDispatch(
        practice_id=event.practice_id,
        invoice_id=event.invoice_id,
        document=document,
        pages=post.invoice.pages,
        form=form,
        form_pages=post.form.pages if post.form else 0,
        on=parts.clock.today(),
    )


async def _copied(parts: Parts, event: InvoiceIssued, post: Post) -> RecordCopy | None:
    if post.copy is None:
        return None
    return RecordCopy(
        practice_id=event.practice_id,
        invoice_id=event.invoice_id,
        document=await parts.documents.put(post.copy.pdf, event.medical.subject),
        pages=post.copy.pages,
        on=parts.clock.today(),
    )
