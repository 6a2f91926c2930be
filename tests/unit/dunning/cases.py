"""Words for tests of dunning: a case of which only what matters is said."""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from libs.days.holidays_ch import calendar_around
from libs.events import CaseOpened, CollectionRequested, Event, Refused, ReminderEscalated
from libs.events.terms import Reminding
from libs.events.values import CreditId, Hold, InvoiceId, Payer, PracticeId, Stage
from libs.runtime.service import Decider
from services.dunning import decider
from services.dunning.calls import RecordCall
from services.dunning.decider import EscalateCase, OpenCase
from services.dunning.holds import LiftHold, PlaceHold
from services.dunning.ladder import Policy
from services.dunning.money import RecordPayment, RecordReversal
from tests.scenario import Scenario

PRACTICE = PracticeId("1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed")
INVOICE = InvoiceId("9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d")
IDS: Mapping[str, Any] = {"practice_id": PRACTICE, "invoice_id": INVOICE}

ISSUED = date(2026, 1, 5)
DUE = date(2026, 2, 4)
CALENDAR = calendar_around(ISSUED)

RPLUS = Policy(reminding=Reminding(collection_agency="InkassoMed", secrecy_basis="CONSENT"))
PLAIN = Policy(
    reminding=Reminding(rappel_plus=False, collection_agency="InkassoMed", secrecy_basis="CONSENT")
)
NO_BASIS = Policy(reminding=Reminding(collection_agency="InkassoMed"))

CASE: Decider[Any, Any, Any] = Decider(
    name="case",
    initial=decider.INITIAL,
    decide=decider.decide,
    evolve=decider.evolve,
    key=lambda command: command.invoice_id,
)
case = Scenario(CASE)


def open_case(
    *,
    payer: Payer = Payer.PATIENT,
    canton: str = "ZH",
    open_rappen: int = 480_00,
    issued_on: date = ISSUED,
    due_on: date = DUE,
    policy: Policy = RPLUS,
) -> OpenCase:
    return OpenCase(
        **IDS,
        payer=payer,
        canton=canton,
        open_rappen=open_rappen,
        issued_on=issued_on,
        due_on=due_on,
        policy=policy,
        calendar=CALENDAR,
    )


def opened(**said: Any) -> CaseOpened:
    """Return what opening says; the rule for it has tests of its own."""
    (event,) = case.when(open_case(**said)).decided()
    assert isinstance(event, CaseOpened)
    return event


def escalate(on: date, policy: Policy = RPLUS) -> EscalateCase:
    return EscalateCase(**IDS, today=on, policy=policy, calendar=CALENDAR)


def pay(open_rappen: int, on: date, credit: str = "credit-1") -> RecordPayment:
    return RecordPayment(
        **IDS,
        credit_id=CreditId(credit),
        open_rappen=open_rappen,
        booked_on=on,
        policy=RPLUS,
        calendar=CALENDAR,
    )


def take_back(open_rappen: int, on: date) -> RecordReversal:
    return RecordReversal(
        **IDS,
        credit_id=CreditId("reversal-1"),
        open_rappen=open_rappen,
        booked_on=on,
        policy=RPLUS,
        calendar=CALENDAR,
    )


def hold(reason: Hold, on: date, review_on: date | None = None) -> PlaceHold:
    return PlaceHold(
        **IDS,
        reason=reason,
        by="user-1",
        today=on,
        review_on=review_on or on + timedelta(days=5),
    )


def lift(reason: Hold | None, on: date) -> LiftHold:
    return LiftHold(**IDS, reason=reason, by="user-1", today=on, calendar=CALENDAR)


def call(outcome: Any, on: date, promised_on: date | None = None) -> RecordCall:
    return RecordCall(
        **IDS,
        outcome=outcome,
        promised_on=promised_on,
        by="user-1",
        on=on,
        today=on,
        calendar=CALENDAR,
    )


def after(scenario: Scenario, *commands: Any) -> Scenario:
    """Return the scenario after commands that were all taken."""
    for command in commands:
        scenario = scenario.given(*scenario.when(command).decided())
    return scenario


def days(first: date, last: date) -> Iterator[date]:
    for count in range((last - first).days + 1):
        yield first + timedelta(days=count)


def walk(scenario: Scenario, until: date, policy: Policy = RPLUS, first: date = ISSUED) -> Scenario:
    """Ask every day, as the calendar does, until nothing more is to come or the day is reached."""
    for day in days(first, until):
        try:
            new: tuple[Event, ...] = scenario.when(escalate(day, policy)).decided()
        except Refused:
            continue
        scenario = scenario.given(*new)
    return scenario


def steps(scenario: Scenario) -> list[tuple[Stage, date]]:
    """Return the steps that were taken, and when."""
    return [
        (event.stage, event.on)
        if isinstance(event, ReminderEscalated)
        else (Stage.COLLECTION, event.on)
        for event in scenario.events
        if isinstance(event, ReminderEscalated | CollectionRequested)
    ]
