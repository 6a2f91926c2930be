"""What the logs say, folded step by step: who owes what, where money stands, who was reminded.

A second account of the same facts, kept in other words than the product's. Where the two differ, or
where a fact breaks a promise by itself, `Violated` is raised and names it.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Fact: TypeAlias = Mapping[str, Any]


class Violated(Exception):
    """A promise was broken."""


def hold(truth: bool, what: str) -> None:  # noqa: FBT001 - it is the sentence's subject
    """Raise Violated unless it is true."""
    if not truth:
        raise Violated(what)


@dataclass
class Claim:
    """One invoice as invoicing tells it."""

    practice: str
    reference: str
    open: int
    waived: int = 0
    served: Counter[str] = field(default_factory=Counter)
    """By receipt."""
    cancelled: bool = False
    once: set[str] = field(default_factory=set)
    """What may happen once, and did."""


class Invoicing:
    """Every accepted message one invoice; every rappen of the bank in one place (P12)."""

    def __init__(self) -> None:
        self.claims: dict[str, Claim] = {}
        self.submissions: set[str] = set()
        self.numbers: set[str] = set()
        self.placed: Counter[str] = Counter()
        """What of each receipt stands somewhere, charges taken off."""
        self.reversed: Counter[str] = Counter()

    def see(self, kind: str, fact: Fact) -> None:
        """Take a fact in."""
        what: Callable[[Fact], None] | None = getattr(self, f"_{kind}", None)
        if what is not None:
            what(fact)

    def _InvoiceIssued(self, fact: Fact) -> None:  # noqa: N802 - named as the fact is
        invoice, submission = fact["invoice_id"], fact["submission_id"]
        hold(invoice not in self.claims, f"invoice {invoice} was issued twice")
        hold(submission not in self.submissions, f"message {submission} became two invoices")
        hold(fact["reference"] not in self.numbers, f"reference {fact['reference']} given twice")
        self.submissions.add(submission)
        self.numbers.add(fact["reference"])
        self.claims[invoice] = Claim(
            practice=fact["practice_id"], reference=fact["reference"], open=fact["open_rappen"]
        )

    def _once(self, what: str, fact: Fact) -> None:
        claim = self.claims[fact["invoice_id"]]
        hold(what not in claim.once, f"{what} of invoice {fact['invoice_id']} twice")
        hold(not claim.cancelled, f"{what} of the cancelled invoice {fact['invoice_id']}")
        claim.once.add(what)

    def _InvoiceDispatched(self, fact: Fact) -> None:  # noqa: N802
        self._once("dispatch", fact)

    def _PatientCopySent(self, fact: Fact) -> None:  # noqa: N802
        self._once("copy", fact)

    def _PaymentReceived(self, fact: Fact) -> None:  # noqa: N802
        claim, credit = self.claims[fact["invoice_id"]], fact["credit_id"]
        served, surplus = fact["amount_rappen"], fact.get("surplus_rappen", 0)
        hold(credit not in self.placed, f"receipt {credit} was placed twice")
        self.placed[credit] = served + surplus - fact.get("charges_rappen", 0)
        claim.served[credit] = served
        claim.open -= served
        hold(claim.open == fact["open_rappen"] >= 0, f"what is open after receipt {credit}")

    def _CreditUnmatched(self, fact: Fact) -> None:  # noqa: N802
        credit = fact["credit_id"]
        hold(credit not in self.placed, f"receipt {credit} was placed twice")
        self.placed[credit] = fact["amount_rappen"]

    def _PaymentReversed(self, fact: Fact) -> None:  # noqa: N802
        claim, reversal = self.claims[fact["invoice_id"]], fact["reversal_id"]
        served, surplus = fact["amount_rappen"], fact.get("surplus_rappen", 0)
        hold(reversal not in self.reversed, f"reversal {reversal} was placed twice")
        self.reversed[reversal] = served + surplus - fact.get("charges_rappen", 0)
        claim.open += served + (claim.waived if served else 0)
        claim.waived = 0 if served else claim.waived
        hold(claim.open == fact["open_rappen"], f"what is open after reversal {reversal}")

    def _ReversalUnmatched(self, fact: Fact) -> None:  # noqa: N802
        reversal = fact["reversal_id"]
        hold(reversal not in self.reversed, f"reversal {reversal} was placed twice")
        self.reversed[reversal] = fact["amount_rappen"]

    def _InvoiceSettled(self, fact: Fact) -> None:  # noqa: N802
        claim = self.claims[fact["invoice_id"]]
        claim.waived = fact.get("waived_rappen", 0)
        claim.open -= claim.waived
        hold(claim.open == 0, f"invoice {fact['invoice_id']} was settled with {claim.open} open")

    def _InvoiceCancelled(self, fact: Fact) -> None:  # noqa: N802
        claim = self.claims[fact["invoice_id"]]
        hold(not claim.cancelled, f"invoice {fact['invoice_id']} was cancelled twice")
        asked = claim.open + claim.waived
        hold(fact["waived_rappen"] == asked, f"what {fact['invoice_id']} asks no more")
        claim.open, claim.cancelled = 0, True


@dataclass
class Case:
    """The reminding for one invoice."""

    open: int
    ended: bool = False
    holds: set[str] = field(default_factory=set)
    steps: set[tuple[str, int]] = field(default_factory=set)
    letters: set[tuple[str, int]] = field(default_factory=set)


class Dunning:
    """Each step and letter once; none after the end and none under a hold (P17, F37, F38)."""

    def __init__(self) -> None:
        self.cases: dict[str, Case] = {}

    def see(self, kind: str, fact: Fact) -> None:
        """Take a fact in."""
        invoice = fact.get("invoice_id", "")
        if kind == "CaseOpened":
            hold(invoice not in self.cases, f"case {invoice} was opened twice")
            self.cases[invoice] = Case(open=fact["open_rappen"])
            return
        case = self.cases[invoice]
        match kind:
            case "ReminderEscalated":
                self._step(case, invoice, (fact["stage"], fact.get("run", 1)))
            case "CollectionRequested":
                self._step(case, invoice, ("collection", 1))
            case "ReminderDispatched":
                self._letter(case, invoice, (fact["stage"], fact.get("run", 1)))
            case "HoldPlaced":
                case.holds.add(fact["reason"])
            case "HoldLifted":
                case.holds.discard(fact["reason"])
            case "DunningStopped":
                hold(not case.ended, f"case {invoice} ended twice")
                case.ended, case.open = True, 0
            case "DunningResumed":
                hold(case.ended, f"case {invoice} resumed and had not ended")
                case.ended, case.open = False, fact["open_rappen"]
            case "PartPaid" | "PaymentTakenBack":
                case.open = fact["open_rappen"]
            case _:
                pass

    def _step(self, case: Case, invoice: str, step: tuple[str, int]) -> None:
        hold(not case.ended, f"{step} for {invoice} after its end")
        hold(step not in case.steps, f"{step} for {invoice} twice")
        standing = case.holds - ({"secrecy_basis_missing"} if step[0] != "collection" else set())
        hold(not standing, f"{step} for {invoice} under the hold {standing}")
        case.steps.add(step)

    def _letter(self, case: Case, invoice: str, step: tuple[str, int]) -> None:
        hold(step in case.steps, f"a letter for {step} of {invoice}, which was never taken")
        hold(step not in case.letters, f"two letters for {step} of {invoice}")
        hold(not case.ended, f"a letter for {step} of {invoice} after its end")
        case.letters.add(step)


class Factoring:
    """Every entry sums to zero, and no act is booked twice (P11)."""

    def __init__(self) -> None:
        self.balances: Counter[str] = Counter()
        self.held: Counter[str] = Counter()
        self.acts: set[tuple[str, str, str]] = set()

    def see(self, kind: str, fact: Fact) -> None:
        """Take a fact in."""
        postings = fact.get("postings", ())
        hold(sum(one["amount_rappen"] for one in postings) == 0, f"{kind} does not sum to zero")
        invoice = fact.get("invoice_id", "")
        for one in postings:
            self.balances[one["account"]] += one["amount_rappen"]
            if one["account"] == "9100":
                self.held[invoice] += one["amount_rappen"]
                hold(self.held[invoice] >= 0, f"less than nothing is held of {invoice}")
        if kind in {"MemberCredited", "MemberDebited", "ReceiptParked"}:
            self._booked((kind, invoice, fact["credit_id"]))
        elif kind in {"ClaimTransmitted", "AdvanceCredited", "FeeCharged"}:
            self._booked((kind, invoice, ""))

    def _booked(self, act: tuple[str, str, str]) -> None:
        hold(act not in self.acts, f"booked twice: {act}")
        self.acts.add(act)


class Ingest:
    """What came in, once, and never again under the same name (P1, P10)."""

    def __init__(self) -> None:
        self.accepted: dict[str, Fact] = {}
        self.receipts: dict[str, Fact] = {}
        """Of the bank, by credit id."""
        self.reversals: dict[str, Fact] = {}
        self.references: defaultdict[str, set[str]] = defaultdict(set)
        self.answered: dict[str, str] = {}
        """What was said of each answer of an insurer; once recorded, it stays so."""
        self.missed: set[tuple[str, str]] = set()

    def see(self, kind: str, fact: Fact) -> None:
        """Take a fact in."""
        if kind == "SubmissionAccepted":
            submission = fact["submission_id"]
            hold(submission not in self.accepted, f"message {submission} was accepted twice")
            self.accepted[submission] = fact
        elif kind in {"BankCreditBooked", "BankCreditReversed"}:
            kept = self.receipts if kind == "BankCreditBooked" else self.reversals
            credit, reference = fact["credit_id"], fact["bank_reference"]
            hold(credit not in kept, f"{kind} {credit} twice")
            hold(reference not in self.references[kind], f"{kind} {reference} twice")
            self.references[kind].add(reference)
            kept[credit] = fact
        elif kind in {"InsurerAnswered", "AnswerRefused"}:
            answer = fact["answer_id"]
            hold(self.answered.get(answer) != "InsurerAnswered", f"answer {answer} twice")
            self.answered[answer] = kind
        elif kind == "BatchMissing":
            batch = fact["practice_id"], fact["expected_on"]
            hold(batch not in self.missed, f"missed twice: {batch}")
            self.missed.add(batch)
