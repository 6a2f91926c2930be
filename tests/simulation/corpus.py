"""What comes in: the messages of three small practices, made once and used by every seed."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache
from typing import Literal, TypeAlias, get_args

from msgspec import structs
from typing_extensions import override

from libs.events.terms import Contract, Reminding, Terms
from libs.events.values import Kind, PracticeId, PracticeKind
from services.gateway import registration
from services.simulator.faults import Fault, corrected, spoil
from services.simulator.invoices import Invoice, invoice, storno
from services.simulator.practices import Practice, Wish, practice
from services.simulator.request import message
from services.simulator.response import Answer, response

FIRST = date(2026, 1, 5)
PRACTICES = 3
"""The third joins when a seed says so."""
MEMBERS = 2
EACH = 12
"""Invoices of each practice; a seed plays with some of them."""
_WISHES = (
    Wish(kind=PracticeKind.GENERAL_PRACTICE, canton="ZH", version="5.0"),
    Wish(kind=PracticeKind.DENTIST, canton="GE", version="4.5"),
    Wish(kind=PracticeKind.MIDWIFE, canton="TI", version="5.0"),
)
_TO_AGENCY = Reminding(
    rappel_plus=False,
    wait_days=(10,) * 4,
    collection_agency="Inkasso Muster AG",
    secrecy_basis="CONSENT",
)
_WITH_CALL = structs.replace(_TO_AGENCY, rappel_plus=True, wait_days=(10,) * 5)
_WITHOUT_AGENCY = Reminding(rappel_plus=True, wait_days=(10,) * 5)
_SETTINGS = (
    (Terms(patient_days=20), _WITH_CALL, Contract(product="PER_INVOICE", limit_rappen=500_000)),
    (Terms(), _TO_AGENCY, Contract()),
    (Terms(), _WITHOUT_AGENCY, Contract(product="PER_INVOICE", limit_rappen=90_000)),
)
"""With the shortest waits, so that cases go far in the days that a seed has."""

Variant: TypeAlias = Literal["right", "storno", "copy", "wrong sum", "corrected", "other bytes"]
VARIANTS: tuple[Variant, ...] = get_args(Variant)


@dataclass(frozen=True, order=True)
class Name:
    """One invoice of a practice, in all that is ever sent about it."""

    practice: int
    index: int

    @override
    def __str__(self) -> str:
        return f"{self.practice}/{self.index}"


NAMES = tuple(Name(number, index) for number in range(PRACTICES) for index in range(EACH))


@cache
def practices() -> tuple[Practice, ...]:
    """Return the three practices, with settings that lead to every way of reminding and paying."""
    return tuple(
        replace(practice(1, number + 1, wish, FIRST), settings=settings)
        for number, (wish, settings) in enumerate(zip(_WISHES, _SETTINGS, strict=True))
    )


def practice_id(number: int) -> PracticeId:
    """Return the id under which a practice is registered."""
    return registration.practice_id_of(practices()[number].account_no)


@cache
def messages() -> Mapping[tuple[Name, Variant], bytes]:
    """Return every message: of each invoice the right one and all that may be sent about it."""
    return {
        (name, variant): data
        for name in NAMES
        for variant, data in _variants(_invoice(name)).items()
    }


@cache
def answers() -> Mapping[tuple[Name, Answer], bytes]:
    """Return all that insurers may answer to an invoice."""
    on = FIRST + timedelta(days=9)
    return {
        (name, answer): response(_invoice(name), answer, on) for name in NAMES for answer in Answer
    }


def _invoice(name: Name) -> Invoice:
    ended_on = FIRST - timedelta(days=5 + 3 * name.index)
    return invoice(1, practices()[name.practice], (ended_on, name.index), FIRST)


def _variants(right: Invoice) -> Mapping[Variant, bytes]:
    others: Mapping[Variant, Invoice] = {
        "right": right,
        "storno": storno(right, FIRST),
        "copy": replace(right, kind=Kind.COPY),
        "wrong sum": spoil(right, Fault.WRONG_SUM),
        "corrected": corrected(right, FIRST),
        "other bytes": replace(right, remark="Sent again by hand."),
    }
    return {variant: message(one) for variant, one in others.items()}
