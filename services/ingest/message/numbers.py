"""Check digits, by what hangs on them (invoice-xml 3, B25), and the sender's own slip. Pure.

An error where we act on the number: the biller's must be those of the account, the insurer's is
where a TP or TS invoice goes. A warning everywhere else: a slip is replaced by our own, an AHV
number is only printed, and public samples are full of invented numbers.
"""

from typing import Final

from libs.events.handed import Facts
from libs.events.values import Scheme
from services.ingest.message.arithmetic import francs
from services.ingest.message.lexical import ean_ok, is_qr_iban, mod10_digit, mod97_ok, reference_ok
from services.ingest.message.parties import PSEUDO_GLNS
from services.ingest.message.report import Report
from services.ingest.message.xml_tree import Node

SLIPS: Final = ("esrQR", "esrQRRed", "esr9", "esrRed", "esr5")
OTHER_PARTIES: Final = ("debitor", "provider", "providers", "referrer", "partners", "employer")


def check(body: Node, tiers: Node, facts: Facts, report: Report) -> None:
    """Report numbers whose check digit is wrong."""
    biller = biller_of(tiers)
    if biller is not None and not ean_ok(facts.biller_gln):
        report.error("gln_check_digit", biller, _gln_name(biller))
    insurance = tiers.child("insurance")
    if insurance is not None and facts.scheme in {Scheme.TP, Scheme.TS}:
        if not ean_ok(facts.insurer_gln):
            report.error("gln_check_digit", insurance, _gln_name(insurance))
        elif facts.insurer_gln in PSEUDO_GLNS:
            report.error("insurer_unknown", insurance, _gln_name(insurance))
    elif insurance is not None:
        _check_gln(insurance, report)
    for name in OTHER_PARTIES:
        party = tiers.child(name)
        if party is not None:
            for node in (party, *party.children):
                _check_gln(node, report)
    for name in ("patient", "insured"):
        person = tiers.child(name)
        if person is not None:
            _check_ahv(person, report)
    slip = body.child(*SLIPS)
    if slip is not None:
        _check_slip(slip, facts, report)


def biller_of(tiers: Node) -> Node | None:
    """Return the element that carries the biller's GLN."""
    return tiers.at("billers", "biller_gln") or tiers.child("biller")


def gln_of(node: Node | None) -> str:
    """Return the GLN of a party, under either name."""
    return "" if node is None else node.get(_gln_name(node))


def _gln_name(node: Node) -> str:
    return "ean_party" if "ean_party" in node.names else "gln"


def _check_gln(node: Node, report: Report) -> None:
    for name in ("gln", "ean_party", "gln_location"):
        given = node.get(name)
        # A wrong form is the grammar's finding; a number that stands for nobody needs none.
        if len(given) == 13 and given not in PSEUDO_GLNS and not ean_ok(given):  # noqa: PLR2004
            report.warning("gln_check_digit", node, name)


def _check_ahv(person: Node, report: Report) -> None:
    given = person.get("ssn")
    if given.startswith("756") and len(given) == 13 and not ean_ok(given):  # noqa: PLR2004
        report.warning("ahv_check_digit", person, "ssn")


def _check_slip(slip: Node, facts: Facts, report: Report) -> None:
    """Compare the slip with itself and with the sum (invoice-xml 6, A10); we print our own."""
    iban, reference = slip.get("iban"), slip.get("reference_number")
    if iban and not mod97_ok(iban):
        report.warning("iban_check_digit", slip, "iban")
    if slip.name == "esr9":
        _check_coding_line(slip, reference.replace(" ", ""), facts, report)
        return
    if reference.startswith("RF"):
        if not mod97_ok(reference.upper()):
            report.warning("reference_check_digit", slip, "reference_number")
    elif len(reference) == 27 and not reference_ok(reference):  # noqa: PLR2004
        report.warning("reference_check_digit", slip, "reference_number")
    if slip.name != "esrRed" and iban and is_qr_iban(iban) != (len(reference) == 27):  # noqa: PLR2004
        report.warning("iban_reference_mismatch", slip, "iban")


def _check_coding_line(slip: Node, reference: str, facts: Facts, report: Report) -> None:
    line = slip.get("coding_line")
    amount, _, rest = line.partition(">")
    if amount[:2] == "01" and len(amount) == 13:  # noqa: PLR2004
        digits = amount[2:12]
        if not amount.isdigit() or mod10_digit(amount[:12]) != amount[12]:
            report.warning("reference_check_digit", slip, "coding_line")
        elif facts.due_rappen > 0 and int(digits) != facts.due_rappen:
            report.warning(
                "slip_amount_differs",
                slip,
                "coding_line",
                stated=francs(int(digits)),
                expected=francs(facts.due_rappen),
            )
    if reference.isdigit() and mod10_digit(reference[:-1]) != reference[-1:]:
        report.warning("reference_check_digit", slip, "reference_number")
    if rest.partition("+")[0].strip().lstrip("0") != reference.lstrip("0"):
        report.warning("slip_reference_differs", slip, "coding_line")
