"""What debtors do with an invoice once they know what it asks for (BR-223 to BR-226)."""

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta

import pytest

from libs.events.values import Payer, Stage
from services.simulator.agenda import WEEKEND, Agenda, Issued, Look, working
from services.simulator.behaviour import Intent, Slip
from services.simulator.camt054 import Receipt
from services.simulator.identifiers import qr_reference
from services.simulator.response import Answer
from tests.unit.simulator.people import some_invoices, some_practice

ISSUED_ON = date(2026, 4, 1)
FRIDAY = date(2026, 5, 1)
OPEN = 10_000


def issued(payer: Payer = Payer.PATIENT) -> Issued:
    return Issued(
        invoice_id="1",
        number="26-000001",
        reference=qr_reference("1" * 26),
        payer=payer,
        issued_on=ISSUED_ON,
        open_rappen=OPEN,
        sent=some_invoices(some_practice(), 1)[0],
    )


def planned(intent: Intent, stage: str | None = None, open_rappen: int = OPEN) -> Agenda:
    """Return what a debtor with this intent has planned after one look on a Friday."""
    agenda = Agenda(seed=1)
    agenda.decide(FRIDAY, Look(issued=issued(), intent=intent), stage, open_rappen)
    return agenda


def receipts(agenda: Agenda) -> list[Receipt]:
    return [receipt for day in sorted(agenda.receipts) for receipt in agenda.receipts[day]]


PAYS = Intent(days=0, amount_rappen=OPEN)
WAITS = Intent(days=4, after=Stage.FIRST_REMINDER, amount_rappen=OPEN)


def test_a_debtor_pays_what_is_open_with_the_reference_of_the_invoice() -> None:
    (receipt,) = receipts(planned(PAYS))
    assert (receipt.amount_rappen, receipt.reference) == (OPEN, issued().reference)


def test_nothing_is_paid_on_an_invoice_that_is_settled_or_cancelled() -> None:
    agenda = planned(PAYS, open_rappen=0)
    assert receipts(agenda) == []
    assert not agenda.looks


def test_the_difference_a_payer_makes_stays_when_less_is_open() -> None:
    """BR-226: whoever pays 5.00 too much does so after a part payment, too."""
    (receipt,) = receipts(planned(replace(PAYS, amount_rappen=OPEN + 500), open_rappen=4_000))
    assert receipt.amount_rappen == 4_500


def test_who_waits_for_a_reminder_looks_again_until_it_came_and_then_pays() -> None:
    agenda = planned(WAITS)
    assert receipts(agenda) == []
    (day,) = agenda.looks
    (look,) = agenda.due(day)
    agenda.decide(day, look, "first_reminder", OPEN)
    (later,) = agenda.looks
    assert later == working(day + timedelta(days=4))
    agenda.decide(later, agenda.due(later)[0], "first_reminder", OPEN)
    assert [one.amount_rappen for one in receipts(agenda)] == [OPEN]


@pytest.mark.parametrize(
    ("stage", "moved"),
    [(None, False), ("first_reminder", False), ("second_reminder", True), ("collection", True)],
)
def test_patience_ends_on_the_plain_ladder_as_well(stage: str | None, *, moved: bool) -> None:
    """BR-123: who would have waited for the written Rappel+ letter pays after the second one."""
    agenda = planned(replace(WAITS, after=Stage.RPLUS_WRITTEN), stage)
    assert any(look.heard for looks in agenda.looks.values() for look in looks) is moved


def test_a_double_payment_names_the_same_reference_twice() -> None:
    first, second = receipts(planned(replace(PAYS, again_after_days=3)))
    assert (first.reference, first.amount_rappen) == (second.reference, second.amount_rappen)
    assert first.bank_reference != second.bank_reference


def test_who_pays_a_part_pays_the_rest_later() -> None:
    agenda = planned(replace(PAYS, amount_rappen=OPEN // 2))
    (day,) = agenda.looks
    agenda.decide(day, agenda.due(day)[0], None, OPEN // 2)
    assert [one.amount_rappen for one in receipts(agenda)] == [OPEN // 2, OPEN // 2]


def test_a_payment_that_the_bank_takes_back_is_paid_once_more() -> None:
    agenda = planned(replace(PAYS, taken_back=True))
    paid, back = receipts(agenda)
    assert (back.reversal, back.reference) == (True, paid.reference)
    (day,) = agenda.looks
    agenda.decide(day, agenda.due(day)[0], None, OPEN)
    assert sum(-one.amount_rappen if one.reversal else one.amount_rappen
               for one in receipts(agenda)) == OPEN  # fmt: skip


def test_who_forgets_the_slip_writes_the_invoice_number() -> None:
    (receipt,) = receipts(planned(replace(PAYS, slip=Slip.MISSING)))
    assert receipt.reference == ""
    assert "26-000001" in receipt.text


def test_the_bank_works_on_weekdays_and_each_insurer_pays_on_its_day() -> None:
    saturday = FRIDAY + timedelta(days=1)
    assert working(FRIDAY) == FRIDAY
    assert working(saturday) == FRIDAY + timedelta(days=3)
    agenda = Agenda(seed=1)
    for number in range(40):
        one = issued(Payer.INSURER)
        sent = replace(one.sent, request_id=f"R{number}")
        agenda.take(replace(one, sent=sent))
    assert len({day.weekday() for day in agenda.looks}) == 1


def test_br225_an_insurer_answers_before_it_pays_and_rejects_about_four_in_a_hundred() -> None:
    agenda = Agenda(seed=1)
    for number in range(2_000):
        one = issued(Payer.INSURER)
        agenda.take(replace(one, sent=replace(one.sent, request_id=f"R{number}")))
    said: dict[str, list[Answer]] = defaultdict(list)
    for day in sorted(agenda.said):
        for entry in agenda.said[day]:
            assert day.weekday() < WEEKEND
            said[entry.issued.sent.request_id].append(entry.answer)
    pays = {look.issued.sent.request_id for looks in agenda.looks.values() for look in looks}
    assert len(said) == 2_000
    assert {name for name, told in said.items() if told[-1] is Answer.ACCEPTED} == pays
    rejected = [told for told in said.values() if told[0] is Answer.REJECTED]
    assert 0.02 <= len(rejected) / len(said) <= 0.06


def test_a_contested_invoice_is_paid_after_the_answer_only() -> None:
    """BR-83: reminders rest in between."""
    agenda = Agenda(seed=1)
    for number in range(400):
        one = issued()
        agenda.take(replace(one, sent=replace(one.sent, request_id=f"R{number}")))
    contested = [entry for entries in agenda.holds.values() for entry in entries]
    assert 1 <= len(contested) <= 15
    for entry in contested:
        (pays,) = [
            day
            for day, looks in agenda.looks.items()
            for look in looks
            if look.issued.sent.request_id == entry.issued.sent.request_id
        ]
        assert pays > entry.answered_on > ISSUED_ON
