"""The simulated world is shaped like the real one (business-rules section 9)."""

from statistics import mean, median

import pytest

from libs.events.values import PracticeKind, Scheme, Stage
from services.simulator.behaviour import (
    Debt,
    Intent,
    Slip,
    insurer_intent,
    lateness,
    patient_intent,
)
from services.simulator.invoices import Invoice, invoice
from services.simulator.kinds import KINDS
from services.simulator.practices import Wish, mix, practice
from tests.unit.simulator.people import ENDED_ON, SENT_ON, some_invoices, some_practice

MANY = 6_000


def debt(number: int, canton: str = "BE", amount_rappen: int = 20_000) -> Debt:
    return Debt(request_id=str(number), amount_rappen=amount_rappen, canton=canton)


@pytest.fixture(scope="module")
def intents() -> list[Intent]:
    return [patient_intent(1, debt(number)) for number in range(MANY)]


@pytest.mark.parametrize("kind", KINDS)
def test_amounts_and_schemes_of_each_kind(kind: PracticeKind) -> None:
    """BR-221."""
    row, sent = KINDS[kind], some_invoices(some_practice(kind), 500)
    assert median(one.totals.amount_rappen for one in sent) == pytest.approx(
        row.median_rappen, rel=0.2
    )
    assert mean(len(one.lines) for one in sent) == pytest.approx(
        row.lines_least + row.lines_more, rel=0.06
    )
    for scheme, percent in row.schemes.items():
        share = sum(one.scheme is scheme for one in sent) / len(sent)
        assert share == pytest.approx(percent / 100, abs=0.07)


def test_practices_come_in_their_shares() -> None:
    """BR-221."""
    kinds = mix(100)
    assert {kind: kinds.count(kind) for kind in KINDS} == {
        kind: pytest.approx(row.share * 100, abs=1) for kind, row in KINDS.items()
    }


def test_who_pays_in_time_takes_some_25_days_and_at_most_50(intents: list[Intent]) -> None:
    """BR-223."""
    days = [one.days for one in intents if one.after is None and one.days is not None]
    prompt = [day for day in days if day < 35]
    assert mean(prompt) == pytest.approx(25, abs=1.5)
    assert max(days) <= 50
    assert len(prompt) / len(days) == pytest.approx(67 / 80, abs=0.03)


def test_one_in_five_patient_invoices_reaches_the_first_reminder() -> None:
    """BR-223, BR-230: over the practices of BR-221 and the whole country."""
    late: list[float] = []
    for number, kind in enumerate(mix(120)):
        sender = practice(3, number, Wish(kind=kind), SENT_ON)
        for index in range(max(1, round(sender.invoices_a_year / 40))):
            sent = invoice(3, sender, (ENDED_ON, index), SENT_ON)
            if sent.scheme is not Scheme.TP:
                late.append(lateness(debt_of(sent)))
    assert mean(late) == pytest.approx(0.20, abs=0.03)


def debt_of(sent: Invoice) -> Debt:
    return Debt(
        request_id=sent.request_id,
        amount_rappen=sent.totals.due_rappen,
        canton=sent.practice.canton,
        late=sent.practice.traits.late,
    )


def test_border_cantons_pay_late_more_often() -> None:
    """BR-223: 35 to 50 %."""
    assert 0.32 <= lateness(debt(1, "GE")) <= 0.5
    assert lateness(debt(1, "GE", 150_000)) > lateness(debt(1, "GE"))


def test_late_payers_go_up_the_ladder_in_the_shares_of_the_trade(intents: list[Intent]) -> None:
    """BR-223: of 20 that are reminded, 12 pay then; 3 come to collection."""
    late = [one for one in intents if one.after is not None or one.days is None]
    paid = sum(one.after is Stage.FIRST_REMINDER for one in late)
    never = sum(one.days is None for one in late)
    assert paid / len(late) == pytest.approx(0.60, abs=0.05)
    assert never / len(late) == pytest.approx(0.15, abs=0.04)


def test_most_payments_carry_the_right_reference_and_amount(intents: list[Intent]) -> None:
    """BR-226."""
    right = sum(one.slip is Slip.RIGHT for one in intents) / MANY
    assert right == pytest.approx(0.985, abs=0.006)
    exact = sum(one.amount_rappen == 20_000 for one in intents) / MANY
    assert exact == pytest.approx(0.98, abs=0.006)
    assert 0 < sum(one.again_after_days is not None for one in intents) / MANY < 0.012


def test_insurers_pay_after_some_three_weeks() -> None:
    """BR-225, BR-230: mean 20 to 26 days."""
    days = [insurer_intent(1, debt(number)).days for number in range(MANY)]
    paid = [day for day in days if day is not None]
    assert 20 <= mean(paid) <= 26
    assert len(paid) / MANY > 0.99
    assert sum(day <= 40 for day in paid) / len(paid) > 0.93


def test_the_same_payer_means_the_same_in_every_run() -> None:
    assert patient_intent(1, debt(7)) == patient_intent(1, debt(7))
