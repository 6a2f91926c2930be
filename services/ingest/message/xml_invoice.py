"""Bytes of a generalInvoiceRequest 4.3, 4.4, 4.5 or 5.0 → one canonical invoice, or all findings.

The levels of invoice-xml 19 in their order: encoding and form, root and version, structure and
values, then rules. Everything of a level is reported; the next one needs the one before. Pure.
"""

from dataclasses import dataclass, replace
from datetime import date
from typing import Final

from libs.events.handed import Facts, Finding, Medical
from libs.events.values import InvoiceId, Party, Patient, SubmissionId
from libs.runtime.ids import derived
from services.ingest.findings import Unreadable, refused
from services.ingest.message import (
    arithmetic,
    attachments,
    grammar,
    numbers,
    plain,
    plausibility,
    versions,
)
from services.ingest.message.lexical import day, money, number
from services.ingest.message.lines import read_lines
from services.ingest.message.reading import (
    Sources,
    debtor_of,
    facts_of,
    kind_of,
    medical_of,
    patient_of,
)
from services.ingest.message.report import Report
from services.ingest.message.xml_tree import Node, Tree, read

__all__ = ["Invoice", "Unreadable", "parse"]


LINES_MAX: Final = 4_000
"""What one invoice may hold, so that its event always fits a record of the broker."""


@dataclass(frozen=True, kw_only=True)
class Invoice:
    """A usable message."""

    submission_id: SubmissionId
    """Made of biller, id and timestamp of the topmost reference, and its kind (P10)."""
    invoice_id: InvoiceId
    """Made of biller, id, date and timestamp of the invoice that the message is about."""
    facts: Facts
    debtor: Party
    patient: Patient
    medical: Medical
    warnings: tuple[Finding, ...]
    inside: tuple[attachments.Inside, ...] = ()
    """The documents that the message holds; `medical` says what they are."""
    likeness: str = ""
    """Fingerprint of its content, once somebody who has the key looked at it."""


def parse(data: bytes, today: date) -> Invoice | Unreadable:
    """Read one message as of a day in Zurich. Raises nothing, whatever the bytes."""
    plain_tree = plain.read(data)
    if plain_tree is not None:
        found = _parse(plain_tree, today)
        if isinstance(found, Invoice) and not found.warnings:
            return found
    return exactly(data, today)


def exactly(data: bytes, today: date) -> Invoice | Unreadable:
    """Read one message with expat, which knows the place of whatever is to be noticed."""
    tree = read(data)
    return refused((tree,)) if isinstance(tree, Finding) else _parse(tree, today)


def _parse(tree: Tree, today: date) -> Invoice | Unreadable:
    report = Report(tree.root)
    version = versions.detect(tree, report)
    if version is None:
        return refused(report.findings())
    grammar.examine(tree.root, grammar.shapes(version), report)
    if report.failed():
        return _readable(tree, version, report)
    sources = Sources.of(tree.root, version)
    if len(sources.services.children) > LINES_MAX:
        report.error("too_many_lines", sources.services, limit=str(LINES_MAX))
        return _readable(tree, version, report)
    balance = arithmetic.read_balance(sources.balance)
    facts = facts_of(sources, balance)
    message = judge(sources, facts, today, report)
    arithmetic.check(message.lines, balance, facts.kind, report)
    inside = attachments.take(sources.body.child("documents"), report)
    if report.failed():
        return _readable(tree, version, report)
    return invoice_of(sources, message, report, inside)


def judge(sources: Sources, facts: Facts, today: date, report: Report) -> plausibility.Message:
    """Apply the rules to a message whose structure is in order, and return it as they saw it."""
    message = plausibility.Message(
        facts=facts,
        debtor=debtor_of(sources, facts.scheme),
        patient=patient_of(sources),
        lines=read_lines(sources.services.children),
        payload=sources.payload,
        body=sources.body,
        tiers=sources.tiers,
        law=sources.law,
        treatment=sources.treatment,
        reference=sources.reference,
    )
    numbers.check(sources.body, sources.tiers, facts, report)
    plausibility.check(message, today, report)
    return message


def invoice_of(
    sources: Sources,
    message: plausibility.Message,
    report: Report,
    inside: tuple[attachments.Inside, ...] = (),
) -> Invoice:
    """Return what a message is of which nothing stands in the way."""
    facts = message.facts
    return Invoice(
        submission_id=submission_id_of(sources.root, sources.payload, facts.biller_gln),
        invoice_id=invoice_id_of(
            facts.biller_gln, facts.request_id, facts.request_on, facts.request_timestamp
        ),
        facts=facts,
        debtor=message.debtor,
        patient=message.patient,
        medical=medical_of(sources, message.lines, attachments.records(inside)),
        warnings=report.findings(),
        inside=inside,
    )


def _readable(tree: Tree, version: str, report: Report) -> Unreadable:
    """Return a refusal with what could be read of the message's identity."""
    payload = tree.root.child("payload")
    reference = payload.child("invoice") if payload is not None else None
    body = payload.child("body") if payload is not None else None
    tiers = body.child(*versions.TIERS) if body is not None else None
    gln = numbers.gln_of(numbers.biller_of(tiers)) if tiers is not None else ""
    balance = body.child("balance") if body is not None else None
    balance = balance or (tiers.child("balance") if tiers is not None else None)
    amount = money(balance.get("amount")) if balance is not None else None
    found = replace(refused(report.findings()), version=version, amount_rappen=amount)
    if payload is None or reference is None:
        return found
    request_id = reference.get("request_id")
    on, timestamp = day(reference.get("request_date")), number(reference.get("request_timestamp"))
    found = replace(found, request_id=request_id if len(request_id) <= 35 else "")  # noqa: PLR2004
    if not gln or not request_id or on is None or timestamp is None:
        return found
    return replace(
        found,
        submission_id=submission_id_of(tree.root, payload, gln),
        invoice_id=invoice_id_of(gln, request_id, on, int(timestamp)),
    )


def submission_id_of(root: Node, payload: Node, biller_gln: str) -> SubmissionId:
    """Return the id of a message by P10. A test does not stand in the way of the real message."""
    topmost = payload.child("reminder") or payload.child("invoice")
    assert topmost is not None, "seen by the caller"
    kind, subtype = kind_of(payload)
    parts = (
        biller_gln,
        topmost.get("request_id"),
        topmost.get("request_timestamp"),
        topmost.name,
        f"{kind}.{subtype}",
    )
    test = ("test",) if root.get("modus") == "test" else ()
    return SubmissionId(derived("submission", *parts, *test))


def invoice_id_of(biller_gln: str, request_id: str, on: date, timestamp: int) -> InvoiceId:
    """Return the id of the invoice that a message is about; copies and stornos share it."""
    return InvoiceId(derived("invoice", biller_gln, request_id, on.isoformat(), str(timestamp)))
