"""Reminder letters: the model that dunning fills, and the PDF made from it.

    letter = Reminder(stage=Stage.FIRST_REMINDER, language="de", ...)
    printed = reminder_pdf(letter)      # printed.pdf: bytes, printed.pages: int

`reminder_pdf` computes for about 20 ms: call it through `asyncio.to_thread`. It is safe in threads,
reads no clock and no settings, and gives the same bytes for the same model.
"""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from libs.events.values import Language, Party, Stage
from libs.paper.letters import Creditor, Printed

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
    """Return the letter with its slip. Raises `ValueError` where no valid slip can be printed."""
    raise NotImplementedError(model)
