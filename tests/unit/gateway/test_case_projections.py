"""What the read tables show of reminding and of the member's money."""

from datetime import date
from typing import Any

from msgspec import structs
from sqlalchemy import Connection

from libs.events import (
    AdvanceCredited,
    CallRecorded,
    ClaimChargedBack,
    ClaimClosed,
    ClaimTransmitted,
    CollectionRequested,
    DunningResumed,
    DunningStopped,
    HoldLifted,
    HoldPlaced,
    MemberCredited,
    MemberDebited,
    PartPaid,
    ReminderEscalated,
)
from libs.events.values import CreditId, Hold, Ownership, Stage
from services.gateway.projections import cases, claims
from tests.unit.gateway.facts import DAY, INVOICE, OPENED, PRACTICE, hear, only

LATER = date(2026, 5, 4)
HERE: dict[str, Any] = {"practice_id": PRACTICE, "invoice_id": INVOICE}


def test_a_case_shows_its_last_step_and_the_next(db: Connection) -> None:
    hear(db, OPENED)
    row = only(db, cases)
    assert (row.stage, row.next_stage, row.next_on) == (None, "first_reminder", LATER)
    escalated = ReminderEscalated(
        **HERE,
        stage=Stage.FIRST_REMINDER,
        on=LATER,
        waited_days=50,
        counted_from=DAY,
        open_rappen=10_000,
        next_stage=Stage.RPLUS_WRITTEN,
        next_on=date(2026, 6, 3),
    )
    hear(db, escalated, first=2)
    row = only(db, cases)
    assert (row.stage, row.stage_on) == ("first_reminder", LATER)
    assert (row.next_stage, row.next_on) == ("rplus_written", date(2026, 6, 3))


def test_a_hold_has_an_owner_and_a_review(db: Connection) -> None:
    held = HoldPlaced(**HERE, reason=Hold.DISPUTE, by="u", on=DAY, review_on=LATER)
    hear(db, OPENED, held)
    row = only(db, cases)
    assert (row.hold, row.hold_by, row.hold_on, row.hold_review_on) == ("dispute", "u", DAY, LATER)
    lifted = HoldLifted(**HERE, reason=Hold.DISPUTE, by="u", on=LATER, next_on=date(2026, 6, 9))
    hear(db, lifted, first=3)
    row = only(db, cases)
    assert (row.hold, row.hold_review_on, row.next_on) == (None, None, date(2026, 6, 9))


def test_a_case_is_held_as_long_as_one_hold_stands(db: Connection) -> None:
    first = HoldPlaced(**HERE, reason=Hold.DISPUTE, by="u", on=DAY, review_on=LATER)
    second = HoldPlaced(**HERE, reason=Hold.PRACTICE_PAUSE, by="u", on=DAY, review_on=LATER)
    lifted = HoldLifted(
        **HERE,
        reason=Hold.PRACTICE_PAUSE,
        by="u",
        on=LATER,
        next_on=LATER,
        still=Hold.DISPUTE,
        still_review_on=LATER,
    )
    hear(db, OPENED, first, second, lifted)
    assert (only(db, cases).hold, only(db, cases).hold_review_on) == ("dispute", LATER)


def test_a_case_ends_and_may_go_on(db: Connection) -> None:
    hear(db, OPENED, DunningStopped(**HERE, end="PAID", on=LATER))
    assert (only(db, cases).ended, only(db, cases).next_on) == ("PAID", None)
    resumed = DunningResumed(
        **HERE, open_rappen=10_000, next_stage=Stage.RPLUS_CALL, next_on=LATER, on=LATER
    )
    hear(db, resumed, first=3)
    assert (only(db, cases).ended, only(db, cases).next_stage) == (None, "rplus_call")
    called = CallRecorded(
        **HERE, attempt=1, outcome="REFUSES", by="u", on=LATER, next_stage=None, next_on=None
    )
    hear(db, called, first=4)
    assert only(db, cases).next_stage is None
    requested = CollectionRequested(
        **HERE, open_rappen=10_000, agency="Inkasso", secrecy_basis="CONSENT", on=LATER
    )
    hear(db, requested, first=5)
    assert only(db, cases).ended == "COLLECTION"


def test_a_part_payment_moves_the_next_step_that_is_shown(db: Connection) -> None:
    """BR-127: what is shown is what the reminding will do."""
    later = date(2026, 6, 9)
    part = PartPaid(
        **HERE,
        credit_id=CreditId("c"),
        open_rappen=5_000,
        on=LATER,
        next_stage=Stage.SECOND_REMINDER,
        next_on=later,
        wait_restarted=True,
    )
    hear(db, OPENED, part)
    assert (only(db, cases).next_stage, only(db, cases).next_on) == ("second_reminder", later)
    hear(db, structs.replace(part, next_stage=None), first=3)
    assert only(db, cases).next_stage == "second_reminder"


def test_a_letter_that_came_back_is_the_next_step_again(db: Connection) -> None:
    """BR-131."""
    lifted: dict[str, Any] = {"reason": Hold.ADDRESS_SEARCH, "by": "u", "on": LATER}
    escalated = ReminderEscalated(
        **HERE,
        stage=Stage.FIRST_REMINDER,
        on=LATER,
        waited_days=50,
        counted_from=DAY,
        open_rappen=10_000,
        next_stage=Stage.RPLUS_WRITTEN,
        next_on=date(2026, 6, 3),
    )
    resent = HoldLifted(**HERE, **lifted, next_on=LATER, resend=Stage.FIRST_REMINDER)
    hear(db, OPENED, escalated, resent)
    assert (only(db, cases).next_stage, only(db, cases).next_on) == ("first_reminder", LATER)


def test_a_claim_at_the_agency_stays_there_when_its_money_is_taken_back(db: Connection) -> None:
    resumed: dict[str, Any] = {"open_rappen": 10_000, "next_stage": None, "next_on": None}
    hear(
        db,
        OPENED,
        CollectionRequested(
            **HERE, open_rappen=10_000, agency="Inkasso", secrecy_basis="CONSENT", on=LATER
        ),
        DunningStopped(**HERE, end="PAID", on=LATER),
        DunningResumed(**HERE, **resumed, stage=Stage.COLLECTION, on=LATER),
    )
    assert only(db, cases).ended == "COLLECTION"


def test_a_claim_shows_what_its_member_has_had(db: Connection) -> None:
    hear(
        db,
        ClaimTransmitted(
            **HERE,
            ownership=Ownership.ADVANCED_RECOURSE,
            amount_rappen=10_000,
            on=DAY,
            postings=(),
        ),
        AdvanceCredited(**HERE, amount_rappen=8_000, on=DAY, postings=()),
    )
    assert only(db, claims).advanced_rappen == 8_000
    credit: dict[str, Any] = {"credit_id": CreditId("c"), "on": LATER, "postings": ()}
    hear(
        db,
        MemberCredited(
            **HERE,
            **credit,
            amount_rappen=4_000,
            repaid_rappen=4_000,
            credited_rappen=4_000,
            advanced_rappen=4_000,
            value_on=LATER,
        ),
        first=3,
    )
    assert (only(db, claims).advanced_rappen, only(db, claims).credited_rappen) == (4_000, 4_000)
    assert only(db, claims).ownership == Ownership.ADVANCED_RECOURSE
    repaid: dict[str, Any] = {"amount_rappen": 4_000, "repaid_rappen": 4_000, "value_on": LATER}
    hear(db, MemberCredited(**HERE, **credit, **repaid, credited_rappen=8_000), first=4)
    assert (only(db, claims).ownership, only(db, claims).advanced_rappen) == ("mandated", 0)
    hear(db, MemberDebited(**HERE, **credit, amount_rappen=8_000, credited_rappen=0), first=4)
    hear(db, ClaimChargedBack(**HERE, amount_rappen=1, reason="x", on=LATER, postings=()), first=5)
    assert (only(db, claims).advanced_rappen, only(db, claims).credited_rappen) == (0, 0)
    assert only(db, claims).ownership == Ownership.MANDATED


def test_a_cancelled_claim_gives_back_what_its_member_had(db: Connection) -> None:
    owned = ClaimTransmitted(
        **HERE, ownership=Ownership.MANDATED, amount_rappen=10_000, on=DAY, postings=()
    )
    hear(db, owned)
    db.execute(claims.update().values(credited_rappen=4_000))
    closed: dict[str, Any] = {"amount_rappen": 6_000, "reason": "cancelled", "on": LATER}
    hear(db, ClaimClosed(**HERE, **closed, postings=()), first=2)
    assert only(db, claims).credited_rappen == 4_000
    hear(db, ClaimClosed(**HERE, **closed, refundable_rappen=4_000, postings=()), first=3)
    assert only(db, claims).credited_rappen == 0
