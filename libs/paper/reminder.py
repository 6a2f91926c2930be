"""Reminder letters: the model that dunning fills, and the PDF made from it.

    letter = Reminder(stage=Stage.FIRST_REMINDER, language="de", ...)
    printed = reminder_pdf(letter)      # printed.pdf: bytes, printed.pages: int

`reminder_pdf` computes for about 20 ms: call it through `asyncio.to_thread`. It is safe in threads,
reads no clock and no settings, and gives the same bytes for the same model.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import NamedTuple

from libs.events.values import Language, Party, Stage
from libs.paper import figures
from libs.paper.invoice import message_on_slip
from libs.paper.letters import Creditor, Printed
from libs.paper.sheet import bill_of, sheet, slip
from libs.paper.typesetter import typeset
from libs.paper.words import words

LETTERS: frozenset[Stage] = frozenset(
    {
        Stage.FIRST_REMINDER,
        Stage.SECOND_REMINDER,
        Stage.THIRD_REMINDER,
        Stage.RPLUS_WRITTEN,
        Stage.FORMAL_NOTICE,
        Stage.INSURER_FIRST,
        Stage.INSURER_SECOND,
    }
)
"""Steps of a ladder that are a letter; the others are calls, queries or a hand-over."""


_TO_INSURERS = frozenset({Stage.INSURER_FIRST, Stage.INSURER_SECOND})
_AMOUNTS = ("invoiced", "paid", "open")


class Instalment(NamedTuple):
    """One part of a proposed arrangement (BR-75)."""

    amount_rappen: int
    due_on: date


@dataclass(frozen=True, kw_only=True)
class Reminder:
    """All that a reminder says (BR-130). It names no service and no diagnosis, by construction."""

    stage: Stage
    """One of `LETTERS`."""
    language: Language
    debtor: Party
    creditor: Creditor
    practice: Party
    """On whose behalf the cooperative writes."""
    practice_phone: str = ""
    number: str
    """Invoice number as printed on the invoice."""
    reference: str
    """QR reference of the invoice, 27 digits; the slip repeats it."""
    invoiced_on: date
    amount_rappen: int
    """What the invoice asked for."""
    paid_rappen: int
    """What has been received of it."""
    open_rappen: int
    """What is still asked for; the slip's amount."""
    written_on: date
    """Date of the letter; also the fixed time stamp inside the PDF."""
    pay_by: date
    """The new term."""
    next_on: date | None = None
    """Formal notice: the day from which the consequence is drawn; None: the day after `pay_by`."""
    agency: str = ""
    """Formal notice: who takes over then; empty: the letter says "a collection agency"."""
    proposal: tuple[Instalment, ...] = ()
    """From the written Rappel+ reminder on: the arrangement that is offered; empty: none."""

    def __post_init__(self) -> None:
        assert self.stage in LETTERS, f"{self.stage} is not a letter"
        assert self.open_rappen > 0, "nothing is open: nothing is reminded"


def reminder_pdf(model: Reminder) -> Printed:
    """Return the letter with its slip. Raises `InvalidBill` where no valid slip can be printed."""
    texts = words(model.language)
    bill = bill_of(
        model.creditor,
        model.debtor,
        model.open_rappen,
        model.reference,
        message_on_slip(model.language, model.number, model.practice),
    )
    document = sheet(model.language, model.creditor, model.practice, model.debtor) | {
        "title": texts[f"{model.stage}_title"],
        "subtitle": "",
        "running": f"{texts['invoice']} {model.number}",
        "facts": _facts(model, texts),
        "opening": texts[f"{model.stage}_text"].format(
            amount=figures.amount(model.open_rappen), day=figures.day(model.pay_by)
        ),
        "claim_labels": [texts[f"column_{name}"] for name in ("invoice", "of", *_AMOUNTS)],
        "claim": _claim(model),
        "proposal_title": texts["proposal_title"].format(count=len(model.proposal)),
        "proposal_text": texts["proposal_text"],
        "proposal": _proposal(model, texts),
        "paragraphs": _paragraphs(model, texts),
        "slip": slip(bill),
    }
    return typeset("reminder", document, model.written_on)


def _facts(model: Reminder, texts: Mapping[str, str]) -> list[tuple[str, str]]:
    rows = [
        (texts["letter_date"], figures.day(model.written_on)),
        (texts["number"], model.number),
        (texts["pay_by"], figures.day(model.pay_by)),
        (texts["phone"], model.practice_phone),
    ]
    return [row for row in rows if row[1]]


def _claim(model: Reminder) -> list[str]:
    amounts = (model.amount_rappen, model.paid_rappen, model.open_rappen)
    return [model.number, figures.day(model.invoiced_on), *map(figures.amount, amounts)]


def _proposal(model: Reminder, texts: Mapping[str, str]) -> list[tuple[str, str]]:
    return [
        (
            texts["proposal_due"].format(position=position, day=figures.day(part.due_on)),
            f"CHF {figures.amount(part.amount_rappen)}",
        )
        for position, part in enumerate(model.proposal, start=1)
    ]


def _paragraphs(model: Reminder, texts: Mapping[str, str]) -> list[str]:
    """Return what follows the sums; the formal notice names date and consequence (BR-130)."""
    if model.stage in _TO_INSURERS:
        return [texts["same_reference"]]
    closing = [texts["same_reference"], f"{texts['already_paid']} {texts['no_deferral']}"]
    if model.stage is not Stage.FORMAL_NOTICE:
        return closing
    agency = (
        texts["consequence_agency"].format(agency=model.agency)
        if model.agency
        else texts["consequence_some_agency"]
    )
    on = model.next_on or model.pay_by + timedelta(days=1)
    return [texts["consequence"].format(day=figures.day(on), agency=agency), *closing]
