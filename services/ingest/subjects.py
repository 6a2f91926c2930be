"""Whose data it is: names each person and each case of a practice, so that it can be forgotten."""

from libs.events.values import CreditId, InvoiceId, Party, Patient, PracticeId, SubjectId
from libs.runtime.vault import Vault
from services.ingest.lexical import ean_ok
from services.ingest.parties import same_person

AHV_UNKNOWN = "7569999999991"
"""What senders write where they do not know the number (invoice-xml 3)."""


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


def payer(vault: Vault, practice_id: PracticeId, credit_id: CreditId) -> SubjectId:
    """Return the subject of what the bank says of a payer, one for each receipt.

    An insurer pays for many and people share names: whoever is forgotten takes along what was said
    of the payments on their invoices, and nobody else's.
    """
    return vault.pseudonym("payer", practice_id, credit_id)
