"""Holding the reminders of an invoice, and letting them go on: said first, then done."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from libs.events.values import Hold
from libs.runtime.web import Problem
from services.gateway import sessions
from services.gateway.portal import formats
from services.gateway.portal.forms import Short
from services.gateway.portal.frame import ActsOnCases, Page, Visit
from services.gateway.portal.invoice_page import InvoiceIn, found
from services.gateway.portal.states import (
    HOLD_DAYS,
    HOLD_DAYS_MAX,
    InvoiceRow,
    may_hold,
    may_lift,
)

router = APIRouter(route_class=Page, include_in_schema=False)

CONFLICT = 409


@dataclass(frozen=True)
class Chosen:
    """What the form holds: as proposed, or as typed."""

    reason: str
    review_on: str


@router.get("/invoices/{invoice_id}/hold")
async def hold_form(visit: ActsOnCases, invoice_id: InvoiceIn) -> Response:
    """Say what a hold will do, and ask why and until when."""
    proposed = visit.today + timedelta(days=HOLD_DAYS)
    row = await found(visit, invoice_id)
    return await hold_page(visit, row, Chosen(Hold.PRACTICE_PAUSE, proposed.isoformat()))


async def hold_page(
    visit: Visit, row: InvoiceRow, chosen: Chosen, error: str = "", status: int = 200
) -> Response:
    """Return the form; what was typed stays in it."""
    if not may_hold(row) and not error:
        return RedirectResponse(f"/invoices/{row.invoice_id}", 303)
    longest = max(HOLD_DAYS_MAX.values())
    return await visit.page(
        "hold.html",
        "invoices",
        status,
        row=row,
        error=error,
        chosen=chosen,
        reasons=list(HOLD_DAYS_MAX.items()),
        first=visit.today + timedelta(days=1),
        last=visit.today + timedelta(days=longest),
        will=hold_will(visit, row),
    )


def hold_will(visit: Visit, row: InvoiceRow) -> Sequence[str]:
    """Return what a hold does, line by line."""
    t = visit.t
    lines = ["hold.will.none", "hold.will.pay", "hold.will.undo"]
    said = [t(line) for line in lines]
    if row.next_stage and row.next_on:
        stage, day = t(f"stage.{row.next_stage}"), formats.day(row.next_on)
        said.insert(0, t("hold.will.stop", stage=stage, day=day))
    return said


def review_day(chosen: Chosen, today: date) -> date | None:
    """Return the review day, None if the reason or the day cannot be taken."""
    try:
        reason, on = Hold(chosen.reason), date.fromisoformat(chosen.review_on)
    except ValueError:
        return None
    longest = HOLD_DAYS_MAX.get(reason)
    return on if longest and 0 < (on - today).days <= longest else None


@router.post("/invoices/{invoice_id}/hold")
async def hold(
    request: Request, visit: ActsOnCases, invoice_id: InvoiceIn, sent: Short
) -> Response:
    """Hold the reminders of an invoice."""
    sessions.check_form(request, visit.session, sent.text("csrf"))
    row = await found(visit, invoice_id)
    chosen = Chosen(sent.text("reason"), sent.text("review_on"))
    reason, review_on = chosen.reason, chosen.review_on
    if review_day(chosen, visit.today) is None:
        return await hold_page(visit, row, chosen, bad_day(visit, reason), 422)
    body = {"reason": reason, "review_on": review_on, "by": visit.session.user_id}
    answer = await visit.ask("dunning", "POST", f"/cases/{invoice_id}/holds", json=body)
    if not answer.is_success:
        return await hold_page(visit, row, chosen, refusal(visit, answer.json()), CONFLICT)
    return RedirectResponse(f"/invoices/{invoice_id}?done=hold", 303)


def bad_day(visit: Visit, reason: str) -> str:
    """Return what to choose instead, for the reason that was chosen."""
    known = reason in HOLD_DAYS_MAX
    longest = HOLD_DAYS_MAX[Hold(reason)] if known else max(HOLD_DAYS_MAX.values())
    first, last = visit.today + timedelta(days=1), visit.today + timedelta(days=longest)
    return visit.t("hold.bad_day", first=formats.day(first), last=formats.day(last))


def refusal(visit: Visit, problem: dict[str, str]) -> str:
    """Return why the hold was refused, in the reader's language."""
    key = f"hold.refused.{problem.get('code', '')}"
    return visit.t(key if key in visit.t else "hold.refused")


@router.get("/invoices/{invoice_id}/lift")
async def lift_form(visit: ActsOnCases, invoice_id: InvoiceIn) -> Response:
    """Say what lifting a hold will do."""
    row = await found(visit, invoice_id)
    if not may_lift(row):
        return RedirectResponse(f"/invoices/{invoice_id}", 303)
    return await visit.page("lift.html", "invoices", row=row, error="", will=lift_will(visit, row))


def lift_will(visit: Visit, row: InvoiceRow) -> Sequence[str]:
    """Return what lifting a hold does, line by line."""
    t = visit.t
    earliest = visit.today + timedelta(days=30 if row.hold == Hold.DISPUTE else 10)
    day = formats.day(max(earliest, row.next_on or earliest))
    said = [t("lift.will.wait", day=day), t("lift.will.again")]
    if row.next_stage:
        said.insert(0, t("lift.will.resume", stage=t(f"stage.{row.next_stage}")))
    return said


@router.post("/invoices/{invoice_id}/lift")
async def lift(
    request: Request, visit: ActsOnCases, invoice_id: InvoiceIn, sent: Short
) -> Response:
    """Let the reminders of an invoice go on."""
    sessions.check_form(request, visit.session, sent.text("csrf"))
    row = await found(visit, invoice_id)
    params = {"by": visit.session.user_id}
    answer = await visit.ask("dunning", "DELETE", f"/cases/{invoice_id}/holds", params=params)
    if not answer.is_success:
        raise Problem(409, "refused", "The hold cannot be lifted.", invoice=row.number)
    return RedirectResponse(f"/invoices/{invoice_id}?done=lift", 303)
