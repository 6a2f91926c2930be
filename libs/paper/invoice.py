"""Invoice, reimbursement form and patient copy of one invoice: three documents from one value.

All are made from the same lines and the same total (BR-9); which of them exist for an invoice is
for invoicing to decide (BR-4). They compute for some 20 ms each: call them on their own thread.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from libs.events.handed import Diagnosis, Facts, Medical, ServiceLine
from libs.events.values import Language, Party, Patient, Payer
from libs.paper import figures
from libs.paper.characters import foreign, normalised
from libs.paper.letters import Creditor, Printed
from libs.paper.qr_bill import MESSAGE_MAX
from libs.paper.sheet import bill_of, full_name, sheet, slip
from libs.paper.typesetter import typeset
from libs.paper.words import words


@dataclass(frozen=True, kw_only=True)
class Invoice:
    """What an invoice prints."""

    language: Language
    creditor: Creditor
    practice: Party
    """On whose behalf the cooperative invoices; `addition` names the person."""
    practice_phone: str = ""
    vat_number: str = ""
    debtor: Party
    patient: Patient
    payer: Payer
    number: str
    reference: str
    facts: Facts
    medical: Medical
    open_rappen: int
    rounding_rappen: int
    issued_on: date
    due_on: date
    finished: bool = False
    """What was done stands on pages of the practice's own."""


def invoice_pdf(invoice: Invoice) -> Printed:
    """Return the invoice to whoever owes it, with its slip unless nothing is left to pay."""
    insurer = invoice.payer is Payer.INSURER
    texts = words(invoice.language)
    amount, by = figures.amount(invoice.open_rappen), figures.day(invoice.due_on)
    title = "invoice_to_insurer" if insurer else "invoice"
    please = texts["please_pay_insurer" if insurer else "please_pay"].format(amount=amount, day=by)
    model = _model(invoice, invoice.debtor, detailed=insurer) | {
        "title": f"{texts[title]} {invoice.number}",
        "grand": [f"{texts['due']} CHF", amount],
        "paragraphs": [
            *([texts["services_before"]] if invoice.finished else []),
            please if invoice.open_rappen else texts["nothing_to_pay"],
        ],
    }
    if invoice.open_rappen:
        model["slip"] = slip(
            bill_of(
                invoice.creditor,
                invoice.debtor,
                invoice.open_rappen,
                invoice.reference,
                message_on_slip(invoice.language, invoice.number, invoice.practice),
            )
        )
    return typeset("invoice", model, invoice.issued_on)


def form_pdf(invoice: Invoice) -> Printed:
    """Return the reimbursement form that the insured sends to the insurer (BR-9): no slip."""
    texts = words(invoice.language)
    model = _model(invoice, invoice.debtor, detailed=True) | {
        "title": texts["form_title"],
        "grand": [f"{texts['invoice_total']} CHF", figures.amount(invoice.open_rappen)],
        "paragraphs": [texts["form_explained"]],
    }
    return typeset("invoice", model, invoice.issued_on)


def copy_pdf(invoice: Invoice) -> Printed:
    """Return the insured's copy of an invoice to the insurer: marked, and no slip (BR-4)."""
    texts = words(invoice.language)
    insurer = invoice.facts.insurer_name or full_name(invoice.debtor)
    model = _model(invoice, invoice.patient.party, detailed=True) | {
        "title": texts["copy_title"],
        "stamp": texts["copy_mark"],
        "stamp_text": texts["copy_explained"].format(insurer=insurer),
        "grand": [f"{texts['due_by_insurer']} CHF", figures.amount(invoice.open_rappen)],
        "paragraphs": [texts["services_behind"]] if invoice.finished else [],
    }
    return typeset("invoice", model, invoice.issued_on)


def message_on_slip(language: Language, number: str, practice: Party) -> str:
    """Return the slip's message: invoice number and practice, no medical word (payments 1.7)."""
    name = normalised(practice.name)
    if foreign(name):
        return number
    return words(language)["message"].format(number=number, practice=name)[:MESSAGE_MAX].rstrip()


def _model(invoice: Invoice, recipient: Party, *, detailed: bool) -> dict[str, Any]:
    texts = words(invoice.language)
    shows_vat = any(group.rate for group in invoice.facts.vat)
    return sheet(invoice.language, invoice.creditor, invoice.practice, recipient) | {
        "subtitle": _subtitle(invoice),
        "running": f"{texts['invoice']} {invoice.number}",
        "facts": _head_facts(invoice, texts),
        "details": _details(invoice, texts) if detailed else [],
        "detailed": detailed,
        "shows_vat": shows_vat,
        "lines": [
            _line(line, detailed=detailed, shows_vat=shows_vat) for line in invoice.medical.lines
        ],
        "totals": _totals(invoice, texts),
        "vat_notes": _vat_notes(invoice, texts),
        "stamp": "",
        "stamp_text": "",
    }


def _subtitle(invoice: Invoice) -> str:
    facts, party = invoice.facts, invoice.patient.party
    first, last = figures.day(facts.treated_from), figures.day(facts.treated_to)
    period = first if first == last else f"{first} \u2013 {last}"
    return f"{words(invoice.language)['treatment']} {period} · {full_name(party)}"


def _head_facts(invoice: Invoice, texts: Mapping[str, str]) -> list[tuple[str, str]]:
    facts = invoice.facts
    return _named(
        (texts["number"], invoice.number),
        (texts["invoiced_on"], figures.day(invoice.issued_on)),
        (texts["pay_by"], figures.day(invoice.due_on)),
        (texts["practice_number"], facts.request_id),
        (texts["phone"], invoice.practice_phone),
        ("GLN / ZSR", " / ".join(filter(None, (facts.biller_gln, figures.zsr(facts.biller_zsr))))),
        (texts["vat_number"], invoice.vat_number),
    )


def _details(invoice: Invoice, texts: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return what an insurer needs to find person and case (BR-15)."""
    facts, medical, patient = invoice.facts, invoice.medical, invoice.patient
    return _named(
        (texts["patient"], full_name(patient.party)),
        (texts["born_on"], figures.day(patient.born_on) if patient.born_on else ""),
        (texts["ahv"], figures.ahv(patient.ahv)),
        (texts["insured_id"], medical.insured_id),
        (texts["card_id"], medical.card_id),
        (texts["case_id"], medical.case_id),
        (texts["case_on"], figures.day(medical.case_on) if medical.case_on else ""),
        (texts["insurer"], facts.insurer_name),
        (texts["law"], texts[f"law_{facts.law}"]),
        (texts["scheme"], texts[f"scheme_{facts.scheme}"]),
        (texts["canton"], facts.canton),
        (texts["diagnosis"], ", ".join(_diagnosis(each) for each in medical.diagnoses)),
        (texts["remark"], medical.remark),
    )


def _diagnosis(diagnosis: Diagnosis) -> str:
    return " ".join(filter(None, (diagnosis.code, diagnosis.text)))


def _line(line: ServiceLine, *, detailed: bool, shows_vat: bool) -> list[str]:
    points = [_pair(line.points_mt, line.points_tt), _pair(line.value_mt, line.value_tt, line)]
    return [
        figures.day(line.on),
        line.tariff,
        line.code,
        line.name,
        figures.plain(line.quantity),
        *(points if detailed else []),
        *([figures.plain(line.vat_rate)] if shows_vat else []),
        figures.amount(line.amount_rappen),
    ]


def _pair(medical: Decimal, technical: Decimal, line: ServiceLine | None = None) -> str:
    """Return the figure of the medical part and, where the line has one, of the technical part."""
    if not (line.points_tt if line else technical) or (line and medical == technical):
        return figures.plain(medical)
    return f"{figures.plain(medical)} / {figures.plain(technical)}"


def _totals(invoice: Invoice, texts: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the way from the sum of the lines to what is asked for (BR-43)."""
    facts = invoice.facts
    rows = [
        (texts["surcharge"], facts.reminder_rappen),
        (texts["prepaid"], -facts.prepaid_rappen),
        (texts["rounding"], invoice.rounding_rappen),
    ]
    shown = [(label, figures.amount(rappen)) for label, rappen in rows if rappen]
    return [(texts["total"], figures.amount(facts.amount_rappen)), *shown]


def _vat_notes(invoice: Invoice, texts: Mapping[str, str]) -> list[str]:
    return [
        texts["vat_contained"].format(
            rate=figures.plain(group.rate), amount=figures.amount(group.amount_rappen)
        )
        + f": {figures.amount(group.vat_rappen)}"
        for group in invoice.facts.vat
        if group.rate and group.amount_rappen
    ]


def _named(*rows: tuple[str, str]) -> list[tuple[str, str]]:
    return [row for row in rows if row[1]]
