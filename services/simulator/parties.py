"""Who stands where in a message, whatever its version (invoice-xml 5)."""

from dataclasses import dataclass

from libs.events.values import Address, Law, Party, PracticeKind, Scheme
from services.simulator.invoices import Invoice

PRINT_CENTRE_GLN = "2005555555003"
NO_GLN = "2099999999998"
"""Of people, who have none (invoice-xml 14)."""
INTERMEDIATE_GLN = "7601001304307"
AHV_UNKNOWN = "7569999999991"
_BANK = Party(
    name="Kantonale Musterbank",
    address=Address(street="Bundesplatz", house_no="1", zip="3003", city="Bern"),
    company=True,
)
_REASONS = {Law.UVG: "accident", Law.MVG: "accident", Law.IVG: "birthdefect"}


@dataclass(frozen=True, kw_only=True)
class Cast:
    """The parties of one message."""

    biller: Party
    provider: Party
    insurer: Party
    payer: Party
    debtor: Party
    debtor_gln: str
    receiver_gln: str
    """To whom the message is addressed: insurer in TP, print centre in TG."""
    bank: Party
    ssn: str


def cast(invoice: Invoice) -> Cast:
    practice, insurer = invoice.practice, invoice.insurer
    to_insurer = invoice.scheme is Scheme.TP
    payer = invoice.patient.payer(invoice.treated_from)
    company = Party(name=insurer.name, address=insurer.address, company=True)
    return Cast(
        biller=Party(name=practice.name, address=practice.address, company=True),
        provider=Party(
            name=practice.family_name,
            given_name=practice.given_name,
            title=practice.title,
            address=practice.address,
        ),
        insurer=company,
        payer=payer,
        debtor=company if to_insurer else payer,
        debtor_gln=insurer.gln if to_insurer else NO_GLN,
        receiver_gln=insurer.receiver_gln if to_insurer else PRINT_CENTRE_GLN,
        bank=_BANK,
        ssn=AHV_UNKNOWN if practice.kind is PracticeKind.VETERINARY else invoice.patient.ahv,
    )


def has_insurer(invoice: Invoice) -> bool:
    return invoice.scheme is not Scheme.PRIVATE


def reason(invoice: Invoice) -> str:
    """Return why the patient was treated, as the law of the invoice wants it."""
    if invoice.practice.kind is PracticeKind.MIDWIFE:
        return "maternity"
    return _REASONS.get(invoice.law, "disease")


def place(invoice: Invoice) -> str:
    return "association" if invoice.practice.kind is PracticeKind.HOME_CARE else "practice"


def role_title(invoice: Invoice) -> str:
    """Return the title that the role `other` needs (invoice-xml 4)."""
    titles = {"de": "Tierarztpraxis", "fr": "Cabinet vétérinaire", "it": "Studio veterinario"}
    return titles[invoice.practice.language] if invoice.practice.traits.role == "other" else ""
