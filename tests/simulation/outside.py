"""Practices, their software and the bank: what they send, and what they were promised for it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any

from libs.days.holidays_ch import calendar_around
from libs.events import Refused
from libs.events.terms import Contract, Deliveries, Reminding, Settings, Terms
from libs.events.values import DocumentId, Hold
from libs.runtime.host import Host
from services.command import demo
from services.dunning.calls import RecordCall
from services.dunning.holds import LiftHold, PlaceHold
from services.gateway import registration
from services.gateway.decider.practice import ConfigurePractice
from services.ingest.answer_intake import AnswerIntake, Sent
from services.ingest.bank_intake import BankIntake, Delivery
from services.ingest.decider.submission import Accepted
from services.ingest.intake import Arrival, Intake
from services.simulator.camt054 import Receipt, camt054
from services.simulator.response import Answer
from tests.simulation import corpus
from tests.simulation.corpus import Name
from tests.simulation.inside import Inside
from tests.simulation.ledger import Claim, hold
from tests.simulation.steps import favourite
from tests.simulation.watch import Watch

XML = "application/xml"
OUTCOMES = (
    "PAYS_NOW", "PROMISE", "ARRANGEMENT", "DISPUTE", "REFUSES", "NO_ANSWER", "WRONG_NUMBER",
)  # fmt: skip
WISHES: Sequence[Settings] = (
    Terms(patient_days=10),
    Terms(patient_days=60, insurer_days=45),
    Reminding(rappel_plus=True),
    Reminding(rappel_plus=False, collection_agency="Zweites Inkasso AG", secrecy_basis="CONSENT"),
    Contract(),
    Contract(product="PER_INVOICE", limit_rappen=1_000_000),
    Deliveries(rhythm="daily", grace_days=0, canton="ZH"),
    Deliveries(rhythm="weekly", weekday=3, canton="GE"),
)


async def join(host: Host, number: int) -> None:
    """Register a practice with its settings; a second time changes nothing."""
    one = corpus.practices()[number]
    today = host.clock.today()
    await host.handle(demo.member_of(one))
    for wish in one.settings:
        await host.handle(_configured(number, wish, today))


def _configured(number: int, wish: Settings, today: Any) -> ConfigurePractice:
    return ConfigurePractice(
        practice_id=corpus.practice_id(number),
        settings=wish,
        valid_from=today,
        today=today,
        by="simulation",
    )


@dataclass
class Outside:
    """Sends things in by seed and remembers every receipt."""

    inside: Inside
    watch: Watch
    names: Sequence[Name]
    taken: dict[Name, str] = field(default_factory=dict)
    """The invoice that each accepted message became, as its receipt says."""
    promised: set[str] = field(default_factory=set)
    """Messages that were acknowledged: none of them may ever be missing (P1)."""
    answered: set[str] = field(default_factory=set)
    """Answers of insurers that were acknowledged, taken or refused: none may ever be missing."""
    receipts: list[Receipt] = field(default_factory=list)
    files: dict[bytes, bool] = field(default_factory=dict)
    """What the bank sent, and whether it was acknowledged; if not, it is sent again."""

    async def hand_in(self, draw: Random) -> str:
        """Hand in one message about an invoice, right or not, again or for the first time."""
        name = draw.choice(self.names)
        (variant,) = draw.choices(corpus.VARIANTS, (12, 2, 1, 1, 1, 1))
        host = self.inside.host("ingest")
        arrival = Arrival(
            practice_id=corpus.practice_id(name.practice),
            data=corpus.messages()[name, variant],
            content_type=XML,
            today=host.clock.today(),
            at=host.clock.now(),
        )
        intake = Intake(self.inside.machine.parts, host.handle, host.read)
        state, repeated = await intake.take(arrival)
        if isinstance(state, Accepted):
            self.promised.add(state.submission_id)
            if variant == "right":
                self.taken[name] = state.invoice_id
        words = type(state).__name__.lower() + (" again" if repeated else "")
        return f"{name} {variant}: {words}"

    async def answer(self, draw: Random) -> str:
        """Let an insurer say what it makes of an invoice, also of one that never came."""
        name, answer = draw.choice(self.names), draw.choice(list(Answer))
        host = self.inside.host("ingest")
        sent = Sent(data=corpus.answers()[name, answer], content_type=XML, at=host.clock.now())
        intake = AnswerIntake(self.inside.machine.parts, host.handle, host.read)
        state, repeated = await intake.take(sent)
        self.answered.add(sent.answer_id)
        words = "recorded" if state.recorded else "refused"
        return f"{name} {answer}: {words}{' again' if repeated else ''}"

    async def bank(self, draw: Random) -> str:
        """Hand in a file of the bank: new receipts and old, reversals, or a whole file again."""
        if self.files and draw.random() < 0.2:
            data = favourite(draw, self.files)
            words = "a file of before"
        else:
            chosen = [self._receipt(draw) for _ in range(draw.randint(1, 4))]
            named = {one.bank_reference: one for one in chosen if one is not None}
            if not named:
                return "nothing to report"
            today = self.inside.machine.clock.today()
            account = self.inside.machine.settings.creditor_iban
            data = camt054(draw.randrange(1, 999_999), today, account, list(named.values()))
            words = ", ".join(map(_said, named.values()))
            self.receipts += [one for one in named.values() if one not in self.receipts]
        self.files.setdefault(data, False)
        await self.report(data)
        return f"bank: {words}"

    async def report(self, data: bytes) -> None:
        """Send a file until it is acknowledged."""
        host = self.inside.host("ingest")
        intake = BankIntake(self.inside.machine.parts, host.handle, host.read)
        file = DocumentId(hashlib.sha256(data).hexdigest())
        await intake.take(Delivery(data=data, content_type=XML, at=host.clock.now(), file=file))
        self.files[data] = True

    def _receipt(self, draw: Random) -> Receipt | None:
        """Return one booking: a payment in some manner, an old one again, or one taken back."""
        number = f"B{draw.getrandbits(40):010x}"
        name, manner = draw.choice(self.names), draw.random()
        old = favourite(draw, self.receipts) if self.receipts else None
        if old is not None and manner < 0.1:
            return old
        if old is not None and manner < 0.25 and old.reference and not old.reversal:
            amount = old.amount_rappen if draw.random() < 0.8 else max(1, old.amount_rappen // 2)
            return Receipt(
                bank_reference=number, amount_rappen=amount, reference=old.reference, reversal=True
            )
        if manner > 0.95:
            return Receipt(bank_reference=number, amount_rappen=12_345, text="ohne Referenz")
        claim = self.claim(name)
        if claim is None:
            return None
        amount = _amount(draw, claim)
        return Receipt(bank_reference=number, amount_rappen=amount, reference=claim.reference)

    def claim(self, name: Name) -> Claim | None:
        """Return what a debtor knows of an invoice; None as long as there is none."""
        return self.watch.invoicing.claims.get(self.taken.get(name, ""))

    async def case(self, draw: Random) -> str:
        """Hold, release or call a debtor, as a practice or a clerk does; rules may refuse."""
        known = [name for name in self.names if self.claim(name)]
        if not known:
            return "no case"
        name = favourite(draw, [name for name in known if self._called(name)] or known)
        host = self.inside.host("dunning")
        command = self._wish(draw, name, host)
        try:
            await host.handle(command)
        except Refused as refused:
            return f"{type(command).__name__} of {name}: {type(refused).__name__}"
        return f"{type(command).__name__} of {name}"

    def _called(self, name: Name) -> bool:
        """Whether it is the debtor's turn to be called."""
        case = self.watch.dunning.cases.get(self.taken[name])
        return case is not None and not case.ended and ("rplus_call", 1) in case.steps

    def _wish(self, draw: Random, name: Name, host: Host) -> PlaceHold | LiftHold | RecordCall:
        today = host.clock.today()
        invoice: Any = {
            "practice_id": corpus.practice_id(name.practice),
            "invoice_id": self.taken[name],
            "by": "clerk",
            "today": today,
        }
        match draw.randrange(3 if self._called(name) else 2):
            case 0:
                review_on = today + timedelta(days=draw.choice((3, 20, 50)))
                reason = draw.choice(list(Hold))
                return PlaceHold(**invoice, reason=reason, review_on=review_on)
            case 1:
                return LiftHold(**invoice, reason=None, calendar=calendar_around(today))
            case _:
                outcome: Any = draw.choice(OUTCOMES)
                promised_on = today + timedelta(days=5) if outcome == "PROMISE" else None
                return RecordCall(
                    **invoice,
                    on=today,
                    outcome=outcome,
                    promised_on=promised_on,
                    calendar=calendar_around(today),
                )

    async def configure(self, draw: Random) -> str:
        """Let a practice want something else from today on."""
        number, wish = draw.randrange(corpus.MEMBERS), draw.choice(WISHES)
        host = self.inside.host("gateway")
        await host.handle(_configured(number, wish, host.clock.today()))
        return f"practice {number} wants {wish}"

    async def join(self, _: Random) -> str:
        """Let one more practice in."""
        await join(self.inside.host("gateway"), corpus.PRACTICES - 1)
        return "the third practice joins"

    async def erase(self, draw: Random) -> str:
        """Forget a debtor by order, if nothing stands against it."""
        host = self.inside.host("gateway")
        known = self.inside.machine.databases["gateway"].execute(
            "SELECT DISTINCT debtor_subject FROM invoices ORDER BY 1"
        )
        subjects = [subject for (subject,) in known.fetchall() if subject]
        if not subjects:
            return "nobody to forget"
        subject, today = favourite(draw, subjects), host.clock.today()
        command = await host.read(
            registration.erasure_request, subject, today, "officer", "order 1"
        )
        if command is None:
            return "nobody to forget"
        try:
            await host.handle(command)
        except Refused as refused:
            return f"forget {subject[:6]}: {type(refused).__name__}"
        return f"forget {subject[:6]}"

    def look(self) -> None:
        """See that whatever was acknowledged is there."""
        lost = self.promised - set(self.watch.ingest.accepted)
        hold(not lost, f"acknowledged and lost: {lost}")
        lost = self.answered - set(self.watch.ingest.answered)
        hold(not lost, f"answers acknowledged and lost: {lost}")


def _amount(draw: Random, claim: Claim) -> int:
    """Return all that is open, a part, nearly all, or too much."""
    asked = claim.open or 10_000
    exact, part, small = asked, max(1, asked // 3), max(1, asked - draw.randint(1, 600))
    over = asked + draw.randint(1, 5_000)
    return draw.choice((exact, exact, exact, part, small, over))


def _said(receipt: Receipt) -> str:
    what = "back " if receipt.reversal else ""
    return f"{what}{receipt.amount_rappen} for {receipt.reference[-8:] or 'nothing'}"
