"""Whose data it is: names each person and each case of a practice, so that it can be forgotten."""

from libs.events.values import CreditId, InvoiceId, Kind, Party, Patient, PracticeId, SubjectId
from libs.runtime.vault import Vault
from services.ingest.message.laws import AHV_UNKNOWN
from services.ingest.message.lexical import ean_ok
from services.ingest.message.parties import same_person
from services.ingest.message.xml_invoice import Invoice


def case(vault: Vault, invoice_id: InvoiceId) -> SubjectId:
    """Return the subject of what was done and why, whoever hands it in.

    A message that came in under a wrong account first is the same bytes, kept once: it goes with
    the case as well.
    """
    return vault.pseudonym("case", invoice_id)


def patient(vault: Vault, practice_id: PracticeId, who: Patient) -> SubjectId:
    """Return the subject of a patient: by AHV number where it is one, else by name and birth."""
    if who.ahv.startswith("756") and who.ahv != AHV_UNKNOWN and ean_ok(who.ahv):
        return vault.pseudonym("person", practice_id, "ahv", who.ahv)
    born = who.born_on.isoformat() if who.born_on is not None else ""
    names = who.party.name.casefold(), who.party.given_name.casefold()
    return vault.pseudonym("person", practice_id, "name", *names, born)


def debtor(vault: Vault, practice_id: PracticeId, who: Party, treated: Patient) -> SubjectId:
    """Return the subject of a debtor; the patient's where they are one person."""
    if who.company:
        return vault.pseudonym("company", practice_id, who.name.casefold())
    if same_person(who, treated.party):
        return patient(vault, practice_id, treated)
    names = who.name.casefold(), who.given_name.casefold()
    return vault.pseudonym("person", practice_id, "debtor", *names, who.address.zip)


def likeness(vault: Vault, practice_id: PracticeId, invoice: Invoice) -> str:
    """Return the fingerprint of what an invoice is about: patient, days, lines and sum.

    Equal for one treatment that is invoiced twice, whatever its number; without the key nobody can
    tell of whom it is. Empty for what makes no claim of its own, a copy or a test.
    """
    facts = invoice.facts
    if facts.kind is not Kind.INVOICE or facts.test:
        return ""
    lines = sorted(
        f"{line.tariff}|{line.code}|{line.on}|{line.session}|{line.quantity.normalize()}"
        f"|{line.amount_rappen}|{line.side}"
        for line in invoice.medical.lines
    )
    who = patient(vault, practice_id, invoice.patient)
    days = f"{facts.treated_from}", f"{facts.treated_to}"
    parts = "likeness", practice_id, facts.biller_gln, who, *days, str(facts.amount_rappen)
    return vault.pseudonym(*parts, *lines)


def payer(vault: Vault, practice_id: PracticeId, credit_id: CreditId) -> SubjectId:
    """Return the subject of what the bank says of a payer, one for each receipt.

    An insurer pays for many and people share names: whoever is forgotten takes along what was said
    of the payments on their invoices, and nobody else's.
    """
    return vault.pseudonym("payer", practice_id, credit_id)
